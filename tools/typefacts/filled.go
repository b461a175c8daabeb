package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// knownFill names fields that get a value from somewhere else than a defaulting function.
type knownFill struct {
	types  string // group/version.Type under k8s.io/api; * stands for any version
	fields []string
}

// knownFills is the one list here that is written by hand: what registries, admission plugins, allocators and
// controllers fill in. Only fields that the manifest leaves out, or sets to a zero that says nothing, are affected.
var knownFills = []knownFill{
	// Metadata: k8s.io/apiserver/pkg/registry/rest BeforeCreate and FillObjectMetaSystemFields; the namespace comes
	// from the request, the name from generateName.
	{"meta/v1.ObjectMeta", []string{"creationTimestamp", "generation", "managedFields", "name", "namespace", "resourceVersion", "selfLink", "uid"}},
	{"meta/v1.ObjectMeta", []string{"deletionGracePeriodSeconds", "deletionTimestamp"}},

	// Services: pkg/registry/core/service/storage alloc.go and storage.go (allocate, defaultOnReadService).
	{"core/v1.ServiceSpec", []string{"clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy"}},
	{"core/v1.ServicePort", []string{"nodePort"}},

	// Volumes: admission plugin DefaultStorageClass; the PV controller binds; pkg/registry/core/persistentvolumeclaim
	// NormalizeDataSources mirrors dataSource and dataSourceRef.
	{"core/v1.PersistentVolumeClaimSpec", []string{"dataSource", "dataSourceRef", "storageClassName", "volumeName"}},
	{"core/v1.PersistentVolumeSpec", []string{"claimRef", "nodeAffinity"}},
	{"core/v1.ObjectReference", []string{"apiVersion", "kind", "name", "namespace", "resourceVersion", "uid"}},

	// Pods: admission plugins ServiceAccount, Priority, DefaultTolerationSeconds, RuntimeClass, LimitRanger,
	// ExtendedResourceToleration, PodNodeSelector; the scheduler; SetDefaults_Pod sets host ports under hostNetwork.
	{"core/v1.PodSpec", []string{"imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy", "priority", "priorityClassName", "tolerations", "volumes"}},
	{"core/v1.Container", []string{"volumeMounts"}},
	{"core/v1.ContainerPort", []string{"hostPort"}},
	{"core/v1.ResourceRequirements", []string{"limits", "requests"}},
	// SetDefaults_LimitRangeItem copies between the maps of a container's limits.
	{"core/v1.LimitRangeItem", []string{"default", "defaultRequest"}},

	// Old clusters list token Secrets; OpenShift lists pull Secrets.
	{"core/v1.ServiceAccount", []string{"imagePullSecrets", "secrets"}},
	{"core/v1.NamespaceSpec", []string{"finalizers"}},
	{"core/v1.NodeSpec", []string{"podCIDR", "podCIDRs", "providerID", "taints"}},

	// SetDefaults_ReplicationController and the v1beta1 workloads take the selector from the template's labels.
	{"core/v1.ReplicationControllerSpec", []string{"selector"}},
	{"apps/v1beta1.DeploymentSpec", []string{"selector"}},
	{"apps/v1beta1.StatefulSetSpec", []string{"selector"}},
	{"extensions/v1beta1.DeploymentSpec", []string{"selector"}},
	{"extensions/v1beta1.DaemonSetSpec", []string{"selector", "templateGeneration"}},
	{"extensions/v1beta1.ReplicaSetSpec", []string{"selector"}},

	// Jobs: pkg/registry/batch/job generateSelector, which labels the template as well.
	{"batch/v1.JobSpec", []string{"selector"}},

	// SetDefaults_Subject and SetDefaults_*Binding by kind; the clusterrole-aggregation controller.
	{"rbac/*.Subject", []string{"apiGroup"}},
	{"rbac/v1alpha1.Subject", []string{"apiVersion"}},
	{"rbac/*.RoleRef", []string{"apiGroup"}},
	{"rbac/*.ClusterRole", []string{"rules"}},

	// Admission plugin DefaultIngressClass.
	{"networking/*.IngressSpec", []string{"ingressClassName"}},
	{"extensions/v1beta1.IngressSpec", []string{"ingressClassName"}},

	// Certificate authorities are injected by whoever issues them (cert-manager's cainjector and others).
	{"admissionregistration/*.WebhookClientConfig", []string{"caBundle"}},
	{"apiextensions/*.WebhookClientConfig", []string{"caBundle"}},
	{"apiregistration/*.APIServiceSpec", []string{"caBundle"}},

	// CRDs: SetDefaults_CustomResourceDefinitionSpec and the conversion to v1.
	{"apiextensions/*.CustomResourceDefinitionSpec", []string{"conversion", "preserveUnknownFields"}},
	{"apiextensions/*.CustomResourceDefinitionNames", []string{"listKind", "singular"}},

	// The API server stamps who asks: pkg/registry/certificates/certificates PrepareForCreate.
	{"certificates/*.CertificateSigningRequestSpec", []string{"extra", "groups", "uid", "username"}},

	// Leader election and the endpoint controllers write these objects as long as they live.
	{"coordination/*.LeaseSpec", []string{"acquireTime", "holderIdentity", "leaseDurationSeconds", "leaseTransitions", "renewTime"}},
	{"core/v1.Endpoints", []string{"subsets"}},
	{"discovery/*.EndpointSlice", []string{"endpoints", "ports"}},
}

// markKnown applies the list. An entry that matches nothing is an error: the types have changed.
func markKnown(facts *allFacts) error {
	for _, known := range knownFills {
		for _, name := range known.fields {
			found := false
			for _, t := range facts.types {
				if matches, _ := path.Match(known.types, shortName(t)); !matches {
					continue
				}
				at := slices.IndexFunc(t.fields, func(f fact) bool { return f.name == name })
				if at >= 0 {
					t.fields[at].filled = true
					found = true
				}
			}
			if !found {
				return fmt.Errorf("filled.go: no field %s in a type %s", name, known.types)
			}
		}
	}
	return nil
}

// shortName is a type's group, version and name: core/v1.PodSpec.
func shortName(t typeFacts) string {
	dir, version := path.Split(t.goType.PkgPath())
	return path.Base(strings.TrimSuffix(dir, "/")) + "/" + version + "." + t.goType.Name()
}
