package main

import (
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/client-go/kubernetes/scheme"
)

// clusterFacts are what templates see of a cluster in `.Capabilities`.
type clusterFacts struct {
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`
}

// cluster is that of the testbed, with the definitions that most clusters have.
var cluster = clusterFacts{KubeVersion: "v1.36.3", APIVersions: apiVersions()}

// served has the group versions that an API server of this version serves by default.
var served = []string{
	"admissionregistration.k8s.io/v1", "apiextensions.k8s.io/v1", "apiregistration.k8s.io/v1", "apps/v1",
	"authentication.k8s.io/v1", "authorization.k8s.io/v1", "autoscaling/v1", "autoscaling/v2", "batch/v1",
	"certificates.k8s.io/v1", "coordination.k8s.io/v1", "discovery.k8s.io/v1", "events.k8s.io/v1",
	"flowcontrol.apiserver.k8s.io/v1", "networking.k8s.io/v1", "node.k8s.io/v1", "policy/v1",
	"rbac.authorization.k8s.io/v1", "resource.k8s.io/v1", "scheduling.k8s.io/v1", "storage.k8s.io/v1", "v1",
}

// custom has what operators that charts look for define.
var custom = []string{
	"monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor", "monitoring.coreos.com/v1/PodMonitor",
	"monitoring.coreos.com/v1/PrometheusRule", "cert-manager.io/v1", "cert-manager.io/v1/Certificate",
	"cert-manager.io/v1/Issuer", "cert-manager.io/v1/ClusterIssuer",
}

// apiVersions are those that Helm would find by discovery: group versions, and these with each kind.
func apiVersions() []string {
	versions := slices.Concat(served, custom)
	for kind := range scheme.Scheme.AllKnownTypes() {
		version := kind.GroupVersion().String()
		if slices.Contains(served, version) && !strings.HasSuffix(kind.Kind, "List") &&
			!strings.HasSuffix(kind.Kind, "Options") && kind.Kind != "WatchEvent" {
			versions = append(versions, version+"/"+kind.Kind)
		}
	}
	slices.Sort(versions)
	return versions
}

// capabilities are a copy for one render.
func (facts clusterFacts) capabilities() *chartutil.Capabilities {
	version, err := chartutil.ParseKubeVersion(facts.KubeVersion)
	if err != nil {
		panic(err)
	}
	return &chartutil.Capabilities{
		KubeVersion: *version,
		APIVersions: slices.Clone(facts.APIVersions),
		HelmVersion: chartutil.DefaultCapabilities.HelmVersion,
	}
}
