//! Metadata, and the kinds that run nothing.

use super::check;
use crate::types::TypeTable;

#[test]
fn metadata_is_known_everywhere() {
    check(
        TypeTable::builtin(),
        &[
            ("v1 ConfigMap", "apiVersion", "string, dropped"),
            ("v1 ConfigMap", "metadata/name", "string, dropped, defaulted"),
            ("v1 ConfigMap", "metadata/namespace", "string, dropped, defaulted"),
            ("v1 ConfigMap", "metadata/labels", "map, dropped"),
            ("v1 ConfigMap", "metadata/labels/*", "string, kept"),
            (
                "v1 ConfigMap",
                "metadata/creationTimestamp",
                "time, dropped, defaulted",
            ),
            ("v1 ConfigMap", "metadata/finalizers", "list set, dropped"),
            ("v1 ConfigMap", "metadata/ownerReferences", "list by uid, dropped"),
            ("v1 ConfigMap", "metadata/clusterName", "clusterName undeclared"),
            (
                "apps/v1 Deployment",
                "spec/template/metadata/creationTimestamp",
                "time, dropped, defaulted",
            ),
        ],
    );
}

#[test]
fn configuration_and_network() {
    check(
        TypeTable::builtin(),
        &[
            ("v1 ConfigMap", "data", "map, dropped"),
            ("v1 ConfigMap", "data/any.key", "string, kept"),
            ("v1 ConfigMap", "binaryData/*", "bytes, kept"),
            ("v1 ConfigMap", "immutable", "boolean, kept"),
            ("v1 Secret", "data/*", "bytes, kept"),
            ("v1 Secret", "stringData/*", "string, kept"),
            ("v1 Secret", "type", "string, dropped, defaulted \"Opaque\""),
            ("v1 ServiceAccount", "secrets", "list by name, dropped, defaulted"),
            (
                "v1 ServiceAccount",
                "imagePullSecrets",
                "list atomic, dropped, defaulted",
            ),
            (
                "v1 ServiceAccount",
                "automountServiceAccountToken",
                "boolean, kept",
            ),
            ("v1 Service", "spec/clusterIP", "string, dropped, defaulted"),
            ("v1 Service", "spec/ipFamilyPolicy", "string, kept, defaulted"),
            ("v1 Service", "spec/ports", "list by port+protocol, dropped"),
            (
                "v1 Service",
                "spec/ports/*/nodePort",
                "integer, dropped, defaulted",
            ),
            (
                "v1 Service",
                "spec/ports/*/protocol",
                "string, dropped, defaulted \"TCP\"",
            ),
            (
                "v1 Service",
                "spec/ports/*/targetPort",
                "intorstring, dropped, defaulted",
            ),
            ("v1 Service", "spec/selector", "map, dropped, atomic"),
            (
                "v1 Service",
                "spec/type",
                "string, dropped, defaulted \"ClusterIP\"",
            ),
            (
                "v1 Endpoints",
                "subsets",
                "list atomic, dropped, defaulted, unordered",
            ),
            (
                "v1 PersistentVolumeClaim",
                "spec/storageClassName",
                "string, kept, defaulted",
            ),
            (
                "v1 PersistentVolumeClaim",
                "spec/volumeName",
                "string, dropped, defaulted",
            ),
            (
                "v1 PersistentVolumeClaim",
                "spec/resources/requests/storage",
                "quantity, kept",
            ),
            ("v1 ResourceQuota", "spec/hard/pods", "quantity, kept"),
            (
                "v1 Namespace",
                "spec/finalizers",
                "list atomic, dropped, defaulted",
            ),
            (
                "networking.k8s.io/v1 Ingress",
                "spec/ingressClassName",
                "string, kept, defaulted",
            ),
            (
                "networking.k8s.io/v1 Ingress",
                "spec/rules",
                "list atomic, dropped",
            ),
            (
                "networking.k8s.io/v1 Ingress",
                "spec/rules/*/http/paths/*/pathType",
                "string, kept",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/podSelector",
                "object, dropped, atomic",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/policyTypes",
                "list atomic, dropped, defaulted",
            ),
        ],
    );
}

#[test]
fn policy_access_and_extensions() {
    let crd = "apiextensions.k8s.io/v1 CustomResourceDefinition";
    check(
        TypeTable::builtin(),
        &[
            (
                "autoscaling/v2 HorizontalPodAutoscaler",
                "spec/minReplicas",
                "integer, kept, defaulted 1",
            ),
            (
                "autoscaling/v2 HorizontalPodAutoscaler",
                "spec/metrics",
                "list atomic, dropped, defaulted [{\"resource\":{\"name\":\"cpu\",\"target\":{\"averageUtilization\":80,\
                 \"type\":\"Utilization\"}},\"type\":\"Resource\"}], unordered",
            ),
            (
                "autoscaling/v2 HorizontalPodAutoscaler",
                "spec/metrics/*/resource/target/averageValue",
                "quantity, kept",
            ),
            (
                "autoscaling/v1 HorizontalPodAutoscaler",
                "spec/metrics",
                "metrics undeclared",
            ),
            (
                "policy/v1 PodDisruptionBudget",
                "spec/minAvailable",
                "intorstring, kept",
            ),
            (
                "policy/v1beta1 PodDisruptionBudget",
                "spec/maxUnavailable",
                "intorstring, kept",
            ),
            (
                "rbac.authorization.k8s.io/v1 Role",
                "rules",
                "list atomic, dropped, unordered",
            ),
            (
                "rbac.authorization.k8s.io/v1 Role",
                "rules/*/verbs",
                "list atomic, dropped, unordered",
            ),
            (
                "rbac.authorization.k8s.io/v1 ClusterRole",
                "rules",
                "list atomic, dropped, unordered",
            ),
            (
                "rbac.authorization.k8s.io/v1 RoleBinding",
                "subjects/*/apiGroup",
                "string, dropped, defaulted",
            ),
            (
                "rbac.authorization.k8s.io/v1 RoleBinding",
                "roleRef",
                "object, dropped, atomic",
            ),
            ("scheduling.k8s.io/v1 PriorityClass", "value", "integer, dropped"),
            (
                "storage.k8s.io/v1 StorageClass",
                "allowVolumeExpansion",
                "boolean, kept",
            ),
            (
                "storage.k8s.io/v1 StorageClass",
                "reclaimPolicy",
                "string, kept, defaulted \"Delete\"",
            ),
            (
                "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
                "webhooks",
                "list by name, dropped",
            ),
            (
                "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
                "webhooks/*/clientConfig/caBundle",
                "bytes, dropped, defaulted",
            ),
            (
                "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
                "webhooks/*/rules",
                "list atomic, dropped, unordered",
            ),
            (
                "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
                "webhooks/*/timeoutSeconds",
                "integer, kept, defaulted 10",
            ),
            (
                "apiregistration.k8s.io/v1 APIService",
                "spec/caBundle",
                "bytes, dropped, defaulted",
            ),
            (
                "apiregistration.k8s.io/v1 APIService",
                "spec/service/port",
                "integer, kept, defaulted 443",
            ),
            (
                crd,
                "spec/conversion",
                "object, kept, defaulted {\"strategy\":\"None\"}",
            ),
            (
                crd,
                "spec/conversion/webhook/clientConfig/caBundle",
                "bytes, dropped, defaulted",
            ),
            (crd, "spec/names/listKind", "string, dropped, defaulted"),
            (
                crd,
                "spec/versions/*/schema/openAPIV3Schema/properties/*/items/type",
                "string, dropped",
            ),
            (
                crd,
                "spec/versions/*/schema/openAPIV3Schema/properties/*/default",
                "any, kept",
            ),
            (
                crd,
                "spec/versions/*/schema/openAPIV3Schema/additionalProperties/nullable",
                "boolean, dropped",
            ),
            (
                crd,
                "spec/versions/*/schema/openAPIV3Schema/x-kubernetes-preserve-unknown-fields",
                "boolean, kept",
            ),
        ],
    );
}
