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
	scope  scope // inPods: only in Pods themselves, not in templates of Pods
}

// knownFills is the one list here that is written by hand: what registries, admission plugins, allocators and
// controllers fill in. Only fields that the manifest leaves out, or sets to a zero that says nothing, are affected.
var knownFills = []knownFill{
	// Metadata: k8s.io/apiserver/pkg/registry/rest BeforeCreate and FillObjectMetaSystemFields; the namespace comes
	// from the request, the name from generateName.
	{"meta/v1.ObjectMeta", []string{"creationTimestamp", "generation", "managedFields", "name", "namespace", "resourceVersion", "selfLink", "uid"}, anywhere},
	{"meta/v1.ObjectMeta", []string{"deletionGracePeriodSeconds", "deletionTimestamp"}, anywhere},

	// Services: pkg/registry/core/service/storage alloc.go and storage.go (allocate, defaultOnReadService).
	{"core/v1.ServiceSpec", []string{"clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy"}, anywhere},
	{"core/v1.ServicePort", []string{"nodePort"}, anywhere},

	// Volumes: admission plugin DefaultStorageClass; the PV controller binds; pkg/registry/core/persistentvolumeclaim
	// NormalizeDataSources mirrors dataSource and dataSourceRef.
	{"core/v1.PersistentVolumeClaimSpec", []string{"dataSource", "dataSourceRef", "storageClassName", "volumeName"}, anywhere},
	{"core/v1.PersistentVolumeSpec", []string{"claimRef", "nodeAffinity"}, anywhere},
	{"core/v1.ObjectReference", []string{"apiVersion", "kind", "name", "namespace", "resourceVersion", "uid"}, anywhere},

	// Pods, and nothing but Pods: admission plugins ServiceAccount, Priority, DefaultTolerationSeconds, RuntimeClass,
	// LimitRanger, ExtendedResourceToleration, PodNodeSelector; the scheduler; SetDefaults_Pod sets host ports under
	// hostNetwork (before 1.28 SetDefaults_PodSpec did so in templates too).
	{"core/v1.PodSpec", []string{"imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy", "priority", "priorityClassName", "tolerations", "volumes"}, inPods},
	{"core/v1.Container", []string{"volumeMounts"}, inPods},
	{"core/v1.ContainerPort", []string{"hostPort"}, inPods},
	{"core/v1.ResourceRequirements", []string{"limits", "requests"}, inPods},
	// SetDefaults_LimitRangeItem copies between the maps of a container's limits.
	{"core/v1.LimitRangeItem", []string{"default", "defaultRequest"}, anywhere},

	// Old clusters list token Secrets; OpenShift lists pull Secrets.
	{"core/v1.ServiceAccount", []string{"imagePullSecrets", "secrets"}, anywhere},
	{"core/v1.NamespaceSpec", []string{"finalizers"}, anywhere},
	{"core/v1.NodeSpec", []string{"podCIDR", "podCIDRs", "providerID", "taints"}, anywhere},

	// SetDefaults_ReplicationController and the v1beta1 workloads take the selector from the template's labels.
	{"core/v1.ReplicationControllerSpec", []string{"selector"}, anywhere},
	{"apps/v1beta1.DeploymentSpec", []string{"selector"}, anywhere},
	{"apps/v1beta1.StatefulSetSpec", []string{"selector"}, anywhere},
	{"extensions/v1beta1.DeploymentSpec", []string{"selector"}, anywhere},
	{"extensions/v1beta1.DaemonSetSpec", []string{"selector", "templateGeneration"}, anywhere},
	{"extensions/v1beta1.ReplicaSetSpec", []string{"selector"}, anywhere},

	// Jobs: pkg/registry/batch/job generateSelector, which labels the template as well.
	{"batch/v1.JobSpec", []string{"selector"}, anywhere},

	// SetDefaults_Subject and SetDefaults_*Binding by kind.
	{"rbac/*.Subject", []string{"apiGroup"}, anywhere},
	{"rbac/v1alpha1.Subject", []string{"apiVersion"}, anywhere},
	{"rbac/*.RoleRef", []string{"apiGroup"}, anywhere},

	// Admission plugin DefaultIngressClass.
	{"networking/*.IngressSpec", []string{"ingressClassName"}, anywhere},
	{"extensions/v1beta1.IngressSpec", []string{"ingressClassName"}, anywhere},

	// Certificate authorities are injected by whoever issues them (cert-manager's cainjector and others).
	{"admissionregistration/*.WebhookClientConfig", []string{"caBundle"}, anywhere},
	{"apiextensions/*.WebhookClientConfig", []string{"caBundle"}, anywhere},
	{"apiregistration/*.APIServiceSpec", []string{"caBundle"}, anywhere},

	// CRDs: SetDefaults_CustomResourceDefinitionSpec and the conversion to v1.
	{"apiextensions/*.CustomResourceDefinitionSpec", []string{"conversion", "preserveUnknownFields"}, anywhere},
	{"apiextensions/*.CustomResourceDefinitionNames", []string{"listKind", "singular"}, anywhere},

	// The API server stamps who asks: pkg/registry/certificates/certificates PrepareForCreate.
	{"certificates/*.CertificateSigningRequestSpec", []string{"extra", "groups", "uid", "username"}, anywhere},

	// Leader election and the endpoint controllers write these objects as long as they live.
	{"coordination/*.LeaseSpec", []string{"acquireTime", "holderIdentity", "leaseDurationSeconds", "leaseTransitions", "renewTime"}, anywhere},
	{"core/v1.Endpoints", []string{"subsets"}, anywhere},
	{"discovery/*.EndpointSlice", []string{"endpoints", "ports"}, anywhere},
}

// markKnown applies the list. An entry that matches nothing is an error: the types have changed.
func markKnown(facts *allFacts) error {
	for _, known := range knownFills {
		for _, name := range known.fields {
			found := false
			for _, t := range facts.types {
				if matches, _ := path.Match(known.types, shortName(t)); !matches || t.scope < known.scope {
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
