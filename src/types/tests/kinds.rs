//! Which kinds and fields the embedded table knows.

use super::at;
use crate::types::{Field, TypeTable};

/// The kinds that charts ship, in the versions that servers serve or old manifests name.
#[test]
fn versions_that_charts_name() {
    let table = TypeTable::builtin();
    for (kind, versions) in [
        (
            "Deployment",
            &["apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"][..],
        ),
        ("StatefulSet", &["apps/v1", "apps/v1beta1", "apps/v1beta2"]),
        ("DaemonSet", &["apps/v1", "apps/v1beta2", "extensions/v1beta1"]),
        ("ReplicaSet", &["apps/v1", "apps/v1beta2", "extensions/v1beta1"]),
        ("Job", &["batch/v1"]),
        ("CronJob", &["batch/v1", "batch/v1beta1"]),
        (
            "Ingress",
            &[
                "networking.k8s.io/v1",
                "networking.k8s.io/v1beta1",
                "extensions/v1beta1",
            ],
        ),
        (
            "IngressClass",
            &["networking.k8s.io/v1", "networking.k8s.io/v1beta1"],
        ),
        ("NetworkPolicy", &["networking.k8s.io/v1", "extensions/v1beta1"]),
        (
            "HorizontalPodAutoscaler",
            &["autoscaling/v1", "autoscaling/v2", "autoscaling/v2beta2"],
        ),
        ("PodDisruptionBudget", &["policy/v1", "policy/v1beta1"]),
        (
            "ClusterRole",
            &[
                "rbac.authorization.k8s.io/v1",
                "rbac.authorization.k8s.io/v1beta1",
            ],
        ),
        (
            "RoleBinding",
            &[
                "rbac.authorization.k8s.io/v1",
                "rbac.authorization.k8s.io/v1beta1",
            ],
        ),
        (
            "ValidatingWebhookConfiguration",
            &[
                "admissionregistration.k8s.io/v1",
                "admissionregistration.k8s.io/v1beta1",
            ],
        ),
        (
            "ValidatingAdmissionPolicy",
            &[
                "admissionregistration.k8s.io/v1",
                "admissionregistration.k8s.io/v1beta1",
            ],
        ),
        (
            "MutatingAdmissionPolicy",
            &["admissionregistration.k8s.io/v1beta1"],
        ),
        (
            "CustomResourceDefinition",
            &["apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"],
        ),
        (
            "APIService",
            &["apiregistration.k8s.io/v1", "apiregistration.k8s.io/v1beta1"],
        ),
        ("StorageClass", &["storage.k8s.io/v1", "storage.k8s.io/v1beta1"]),
        ("CSIDriver", &["storage.k8s.io/v1", "storage.k8s.io/v1beta1"]),
        ("VolumeAttributesClass", &["storage.k8s.io/v1"]),
        (
            "PriorityClass",
            &["scheduling.k8s.io/v1", "scheduling.k8s.io/v1beta1"],
        ),
        ("RuntimeClass", &["node.k8s.io/v1", "node.k8s.io/v1beta1"]),
        (
            "FlowSchema",
            &[
                "flowcontrol.apiserver.k8s.io/v1",
                "flowcontrol.apiserver.k8s.io/v1beta3",
            ],
        ),
        ("PriorityLevelConfiguration", &["flowcontrol.apiserver.k8s.io/v1"]),
        (
            "Lease",
            &["coordination.k8s.io/v1", "coordination.k8s.io/v1beta1"],
        ),
        (
            "EndpointSlice",
            &["discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"],
        ),
        ("DeviceClass", &["resource.k8s.io/v1", "resource.k8s.io/v1beta1"]),
        ("ResourceClaimTemplate", &["resource.k8s.io/v1"]),
        (
            "CertificateSigningRequest",
            &["certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"],
        ),
        ("ClusterTrustBundle", &["certificates.k8s.io/v1beta1"]),
        ("Pod", &["v1"]),
        ("PodTemplate", &["v1"]),
        ("ReplicationController", &["v1"]),
        ("LimitRange", &["v1"]),
        ("ResourceQuota", &["v1"]),
        ("PersistentVolume", &["v1"]),
        ("Namespace", &["v1"]),
        ("Endpoints", &["v1"]),
        ("Node", &["v1"]),
    ] {
        for version in versions {
            assert!(table.kind(version, kind).is_some(), "{version} {kind}");
        }
    }
}

#[test]
fn kinds_that_the_table_does_not_know() {
    let table = TypeTable::builtin();
    for (api_version, kind) in [
        ("apps/v1", "Deploymentt"),
        ("apps/v2", "Deployment"),
        ("", ""),
        ("v1", "List"),
    ] {
        assert!(table.kind(api_version, kind).is_none(), "{api_version} {kind}");
    }
    assert!(table.kinds().count() > 120);
    assert!(table.kinds().is_sorted());
}

#[test]
fn nothing_is_below_a_plain_value() {
    let image = at(TypeTable::builtin(), "v1", "Pod", "spec/containers/*/image").unwrap();
    assert!(matches!(image.field("tag"), Field::Unknown));
    assert!(image.element().is_none());
    let containers = at(TypeTable::builtin(), "v1", "Pod", "spec/containers").unwrap();
    assert!(matches!(containers.field("image"), Field::Unknown));
}

#[test]
fn every_fact_of_the_embedded_table_is_reachable() {
    let table = TypeTable::decode(include_bytes!("../builtin.json.gz")).unwrap();
    for object in &table.types {
        for (name, node) in &object.fields {
            let shape = table.shape(*node);
            assert!(!table.names[*name as usize].is_empty());
            let _ = (shape.list(), shape.default(), shape.element(), shape.field("x"));
        }
        assert!(
            object
                .fields
                .is_sorted_by_key(|(name, _)| &table.names[*name as usize])
        );
    }
    assert!(table.types.len() > 500, "{}", table.types.len());
}
