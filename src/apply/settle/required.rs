//! Fields that an object has to have: what a manifest never leaves out, and a merge may take away.
//!
//! The table was taken from what a real API server refused when each field of many objects was taken away in turn; the
//! rules are the `field.Required` of Kubernetes' `pkg/apis/*/validation/validation.go`. A row is found by fields that are
//! declared beside it, because the table of types knows no names of Go types.

use serde_json::Value;

use super::combinations::Faults;
use super::found::Found;
use super::place::declared;
use crate::object::Gvk;
use crate::types::{Shape, ValueKind, is_zero};

struct Row {
    beside: &'static [&'static str],
    fields: &'static [&'static str],
}

const fn row(beside: &'static [&'static str], fields: &'static [&'static str]) -> Row {
    Row { beside, fields }
}

const TABLE: [Row; 26] = [
    row(
        &["nodeTaintsPolicy"],
        &["topologyKey", "whenUnsatisfiable", "maxSkew"],
    ),
    row(&["targetPort", "nodePort"], &["port"]),
    row(&["terminationMessagePath", "image"], &["name"]),
    row(&["mountPath", "subPath"], &["name", "mountPath"]),
    row(&["localhostProfile"], &["type"]),
    row(&["hostPort", "hostIP"], &["containerPort"]),
    row(&["httpHeaders", "scheme"], &["port"]),
    row(&["value", "valueFrom"], &["name"]),
    row(&["emptyDir", "projected"], &["name"]),
    row(&["secretName", "defaultMode"], &["secretName"]),
    row(&["key", "name", "optional"], &["key", "name"]),
    row(&["apiGroup", "kind", "name", "namespace"], &["kind", "name"]),
    row(&["nonResourceURLs", "resourceNames"], &["verbs"]),
    row(
        &["clientConfig", "sideEffects"],
        &["name", "sideEffects", "admissionReviewVersions"],
    ),
    row(
        &["scope", "operations"],
        &["operations", "resources", "apiVersions", "apiGroups"],
    ),
    row(&["name", "namespace", "path", "port"], &["name", "namespace"]),
    row(
        &["scaleTargetRef", "maxReplicas"],
        &["scaleTargetRef", "maxReplicas"],
    ),
    row(
        &["periodSeconds", "value", "type"],
        &["periodSeconds", "value", "type"],
    ),
    row(&["containerResource", "external"], &["type"]),
    row(&["averageUtilization"], &["type"]),
    row(&["jobTemplate"], &["schedule"]),
    row(&["validationActions"], &["policyName", "validationActions"]),
    row(&["defaultRequest", "maxLimitRequestRatio"], &["type"]),
    row(
        &["groupPriorityMinimum"],
        &["groupPriorityMinimum", "versionPriority", "version"],
    ),
    row(&["validations", "matchConstraints"], &["matchConstraints"]),
    row(&["messageExpression"], &["expression"]),
];

/// Looks for what is missing.
pub(super) fn check(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    look(root, faults);
}

fn look(place: &Found<'_>, faults: &mut Faults<'_>) {
    if !faults.work.affords(1) {
        return;
    }
    match place.value {
        Value::Object(fields) => {
            for field in place.shape.into_iter().flat_map(missing_candidates) {
                if fields.get(field).is_none_or(is_zero) {
                    faults.add(
                        place.path.key(field),
                        "the API server does not take the object without this field",
                    );
                }
            }
            for key in fields.keys() {
                if let Some(inner) = place.field(key) {
                    look(&inner, faults);
                }
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for element in place.elements(faults.work) {
                look(&element, faults);
            }
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The fields that a type has to have.
fn missing_candidates(shape: Shape<'_>) -> impl Iterator<Item = &'static str> {
    // A map declares every key.
    let is_object = shape.value() == ValueKind::Object;
    let rows = TABLE.iter().filter(move |row| {
        is_object && {
            row.beside
                .iter()
                .chain(row.fields)
                .all(|field| declared(shape, field).is_some())
        }
    });
    rows.flat_map(|row| row.fields).copied()
}
