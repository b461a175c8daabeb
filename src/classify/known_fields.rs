//! Fields of which attribution knows more than their values, with one function for each fact.

use serde_json::Value;

use crate::compare::managed_fields::Live;
use crate::compare::path::{FieldPath, Segment, push_token};
use crate::compare::quantity::Quantity;
use crate::compare::scale::scaled_field;
use crate::compare::three_way::Change;
use crate::object::Gvk;
use crate::types::is_zero;

/// The annotation that `kubectl rollout restart` leaves in a template (kubectl:
/// `pkg/polymorphichelpers/objectrestarter.go`).
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Sizes that programs raise, by kind. The API server never lets them shrink (Kubernetes: `pkg/apis/core/validation`,
/// `ValidatePersistentVolumeClaimUpdate`).
const GROWING_SIZES: &[(&str, &[&str])] = &[(
    "PersistentVolumeClaim",
    &["spec", "resources", "requests", "storage"],
)];

/// Kinds whose versions lose nothing of each other, and the annotations in which one holds what it has no field for
/// (Kubernetes: `pkg/apis/autoscaling/annotations.go`, and `v1/conversion.go`).
const CONVERTED: &[(&str, &str, &str)] = &[(
    "autoscaling",
    "HorizontalPodAutoscaler",
    "autoscaling.alpha.kubernetes.io/",
)];

/// The field that holds the certificate authority of the server behind a webhook or an API (k8s.io/api:
/// `admissionregistration/v1/types.go`, `WebhookClientConfig`).
const CERTIFICATE_AUTHORITY: &str = "caBundle";

/// The replica count of an object: the field that was written through the subresource `scale`. Where none was, it is that
/// of every built-in kind that has the subresource (Kubernetes: `pkg/registry/apps`); of custom resources the path is the
/// definition's own, and most choose the same.
pub(super) fn replica_count(live: &Live<'_>) -> FieldPath {
    scaled_field(live).unwrap_or_else(|| FieldPath::root().key("spec").key("replicas"))
}

/// The value of an object at a path of fields.
pub(super) fn field<'v>(object: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    path.segments()
        .iter()
        .try_fold(object, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => None,
        })
}

/// The RFC 6901 pointer to a path of fields.
pub(super) fn pointer_to(path: &FieldPath) -> String {
    let mut pointer = String::new();
    path.keys().for_each(|key| push_token(&mut pointer, key));
    pointer
}

/// Whether an annotation may hold what the kind has no field for at this version; for the empty name, whether the kind has
/// such annotations.
pub(super) fn holds_other_versions(gvk: &Gvk, annotation: &str) -> bool {
    CONVERTED.iter().any(|(group, kind, prefix)| {
        gvk.group() == *group
            && gvk.kind == *kind
            && (annotation.is_empty() || annotation.starts_with(prefix))
    })
}

/// Whether this is the mark of a restart.
pub(super) fn is_restart(path: &FieldPath) -> bool {
    path.keys().next_back() == Some(RESTARTED_AT) && path.keys().next() == Some("spec")
}

/// Whether the live volume claim requests more storage than the manifest.
pub(super) fn grows_volume_claim(gvk: &Gvk, change: &Change) -> bool {
    let is_size = GROWING_SIZES
        .iter()
        .any(|(kind, path)| gvk.kind == *kind && change.path.keys().eq(path.iter().copied()));
    let size = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(Quantity::parse);
    is_size
        && match (size(&change.desired), size(&change.live)) {
            (Some(desired), Some(live)) => live > desired,
            _ => false,
        }
}

/// Whether a chart's value is only a placeholder: a zero, or a certificate authority that is no certificate.
pub(super) fn is_placeholder(path: &FieldPath, desired: &Value) -> bool {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    match desired {
        Value::String(text) if path.keys().next_back() == Some(CERTIFICATE_AUTHORITY) => STANDARD
            .decode(text.trim())
            .is_ok_and(|bytes| !String::from_utf8_lossy(&bytes).contains("BEGIN CERTIFICATE")),
        other => is_zero(other),
    }
}
