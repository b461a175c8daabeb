//! Fields that the API server folds into another one, or keeps equal to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::place::{Place, declared};
use crate::object::Gvk;
use crate::types::{Shape, is_zero};

/// How two fields depend on each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tie {
    /// The second repeats the first, and stands for it where the first is missing.
    Alias,
    /// Each stands for the other where that is missing, in the object itself and not in templates of others.
    Both,
}

/// The pairs, by the fields of the object that has both.
///
/// A Pod's account (`pkg/apis/core/v1/conversion.go`, `Convert_v1_PodSpec_To_core_PodSpec` and back), and what a claim is
/// filled from (`pkg/registry/core/persistentvolumeclaim/strategy.go`, `NormalizeDataSources`).
const TIES: [(&str, &str, Tie); 2] = [
    ("serviceAccountName", "serviceAccount", Tie::Alias),
    ("dataSource", "dataSourceRef", Tie::Both),
];

/// Brings the tied fields of an object into agreement.
pub(super) fn tie(place: &Place<'_>, shape: Shape<'_>, fields: &mut Map<String, Value>) {
    if !shape.is_builtin() {
        return;
    }
    for (first, second, tie) in TIES {
        if declared(shape, first).is_none() || declared(shape, second).is_none() {
            continue;
        }
        if tie == Tie::Both && !matches!(place, Place::Key(Place::Root, "spec")) {
            continue;
        }
        let value_of = |name: &str| fields.get(name).filter(|value| !is_zero(value)).cloned();
        match (value_of(first), value_of(second)) {
            (Some(value), other) => {
                if other.is_none() || tie == Tie::Alias {
                    fields.insert(second.to_owned(), value);
                }
            }
            (None, Some(value)) => {
                // A source in another namespace has no older form.
                if tie == Tie::Alias || value.get("namespace").is_none() {
                    fields.insert(first.to_owned(), value);
                }
            }
            (None, None) => {
                fields.remove(first);
                fields.remove(second);
            }
        }
    }
}

/// Writes a Secret's plain texts into its data (`pkg/apis/core/v1/conversion.go`, `Convert_v1_Secret_To_core_Secret`).
pub(super) fn fold_texts(gvk: &Gvk, object: &mut Value) {
    if gvk.api_version != "v1" || gvk.kind != "Secret" {
        return;
    }
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    let Some(Value::Object(texts)) = fields.remove("stringData") else {
        return;
    };
    let data = fields.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    if let Some(data) = data.as_object_mut() {
        for (key, text) in texts {
            let bytes = text.as_str().unwrap_or_default();
            data.insert(key, Value::from(STANDARD.encode(bytes)));
        }
    }
}
