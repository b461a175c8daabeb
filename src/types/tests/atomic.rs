//! Structures and maps that managed fields name as a whole.

use serde_json::json;

use super::at;
use crate::types::TypeTable;

/// Structures and maps of which managed fields never name the parts: `x-kubernetes-map-type: atomic`.
#[test]
fn objects_and_maps_that_managed_fields_name_as_a_whole() {
    let is_whole = |table: &TypeTable, kind: &str, path: &str| {
        let (api_version, kind) = kind.split_once(' ').unwrap();
        at(table, api_version, kind, path).unwrap().is_atomic()
    };
    let builtin = TypeTable::builtin();
    for (kind, path) in [
        ("v1 Service", "spec/selector"),
        ("v1 ReplicationController", "spec/selector"),
        ("v1 Pod", "spec/nodeSelector"),
        ("apps/v1 Deployment", "spec/template/spec/nodeSelector"),
        ("apps/v1 Deployment", "spec/selector"),
        ("extensions/v1beta1 Deployment", "spec/selector"),
        ("policy/v1 PodDisruptionBudget", "spec/selector"),
        ("networking.k8s.io/v1 NetworkPolicy", "spec/podSelector"),
        (
            "networking.k8s.io/v1 NetworkPolicy",
            "spec/ingress/*/from/*/podSelector",
        ),
        (
            "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
            "webhooks/*/namespaceSelector",
        ),
        (
            "apps/v1 Deployment",
            "spec/template/spec/containers/*/env/*/valueFrom/secretKeyRef",
        ),
        ("apps/v1 Deployment", "spec/template/spec/imagePullSecrets/*"),
        ("v1 ConfigMap", "metadata/ownerReferences/*"),
        ("rbac.authorization.k8s.io/v1 RoleBinding", "roleRef"),
        ("rbac.authorization.k8s.io/v1 RoleBinding", "subjects/*"),
        (
            "rbac.authorization.k8s.io/v1 ClusterRole",
            "aggregationRule/clusterRoleSelectors/*",
        ),
    ] {
        assert!(is_whole(builtin, kind, path), "{kind} {path}");
    }
    for (kind, path) in [
        ("v1 ConfigMap", "data"),
        ("v1 ConfigMap", "metadata/labels"),
        ("v1 Secret", "data"),
        ("apps/v1 Deployment", "spec/template"),
        ("apps/v1 Deployment", "spec/template/metadata/annotations"),
        ("apps/v1 Deployment", "spec/template/spec/containers/*"),
        (
            "apps/v1 Deployment",
            "spec/template/spec/containers/*/resources/limits",
        ),
    ] {
        assert!(!is_whole(builtin, kind, path), "{kind} {path}");
    }

    let atomic =
        json!({"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "string"}}});
    let document = json!({"components": {"schemas": {
        "Crd": {
            "type": "object",
            "properties": {
                "metadata": {"type": "object"},
                "selector": atomic,
                "selectors": {"type": "array", "items": atomic},
                "labels": {"type": "object", "x-kubernetes-map-type": "atomic",
                    "additionalProperties": {"type": "string"}},
                "granular": {"type": "object", "x-kubernetes-map-type": "granular",
                    "additionalProperties": {"type": "string"}},
            },
            "x-kubernetes-group-version-kind": [{"group": "a", "version": "v1", "kind": "Crd"}],
        },
        "Go": {
            "type": "object",
            "properties": {
                "metadata": {"type": "object"},
                "selector": {"allOf": [{"$ref": "#/components/schemas/Selector"}], "default": {}},
                "selectors": {"type": "array", "items": {"$ref": "#/components/schemas/Selector"}},
            },
            "x-kubernetes-group-version-kind": [{"group": "a", "version": "v1", "kind": "Go"}],
        },
        "Selector": atomic,
    }}});
    let custom = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
    for (kind, path, expected) in [
        ("a/v1 Crd", "selector", true),
        ("a/v1 Crd", "selectors", false),
        ("a/v1 Crd", "selectors/*", true),
        ("a/v1 Crd", "labels", true),
        ("a/v1 Crd", "granular", false),
        ("a/v1 Go", "selector", true),
        ("a/v1 Go", "selectors/*", true),
    ] {
        assert_eq!(is_whole(&custom, kind, path), expected, "{kind} {path}");
    }
}
