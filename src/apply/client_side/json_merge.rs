//! JSON merge patches, which Helm sends for kinds whose Go type it does not know: from the old to the new manifest,
//! blind to what lives (json-patch v4: `merge.go`).

use serde_json::Value;

use super::decoded::Object;
use super::failure::Failure;
use crate::compare::work::Work;

/// The patch that makes the new manifest's object of the old one's (`CreateMergePatch`).
pub(super) fn created(old: &Object, new: &Object, work: &Work) -> Result<Object, Failure> {
    let mut patch = Object::new();
    for (name, new) in new {
        if !work.affords_value(new) {
            return Err(Failure::spent());
        }
        match (old.get(name), new) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let inner = created(old, new, work).map_err(|failure| failure.below(name))?;
                if !inner.is_empty() {
                    patch.insert(name.clone(), Value::Object(inner));
                }
            }
            (Some(old), new) if is_same(old, new) => {}
            (Some(_) | None, new) => {
                patch.insert(name.clone(), new.clone());
            }
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    Ok(patch)
}

/// Whether two values are the same to the patch, which reads every number as a float.
fn is_same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => old.as_f64() == new.as_f64(),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(old, new))
        }
        (Value::Object(old), Value::Object(new)) => {
            old.len() == new.len()
                && new
                    .iter()
                    .all(|(name, new)| old.get(name).is_some_and(|old| is_same(old, new)))
        }
        (old, new) => old == new,
    }
}

/// What the API server makes of a live object by this patch (`MergePatch`).
pub(super) fn applied(live: &mut Object, patch: Object) {
    for (name, patch) in patch {
        if patch.is_null() {
            live.remove(&name);
            continue;
        }
        match (live.get_mut(&name), patch) {
            (Some(Value::Object(live)), Value::Object(patch)) => applied(live, patch),
            // A list takes the place of an object as it is.
            (Some(Value::Object(_)), patch) => {
                live.insert(name, patch);
            }
            (Some(_) | None, mut patch) => {
                discard_nulls(&mut patch);
                live.insert(name, patch);
            }
        }
    }
}

/// Drops the fields that are null, in objects in lists too.
pub(super) fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
