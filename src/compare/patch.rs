//! The differences of one object as an RFC 6902 patch of the live object.
//!
//! The operations are made from the changes rather than by comparing whole documents: they touch only the drifted
//! paths, and leave the order of everything else in the live object alone.

use std::cmp::Reverse;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::Value;

use super::three_way::Change;
use crate::vocabulary::FindingCode;

/// A patch that turns the live object into the desired one at the paths of these changes.
///
/// Fields that the server drops are left out: no patch brings them back.
pub fn patch_of<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Patch {
    let (mut writes, mut removals) = (Vec::new(), Vec::new());
    for change in changes
        .into_iter()
        .filter(|change| change.code != FindingCode::Pruned)
    {
        let Ok(path) = PointerBuf::parse(change.pointer.as_str()) else {
            continue;
        };
        match (&change.desired, &change.live) {
            (Some(desired), Some(_)) => writes.push(PatchOperation::Replace(ReplaceOperation {
                path,
                value: without_nulls(desired),
            })),
            (Some(desired), None) => {
                writes.push(PatchOperation::Add(AddOperation {
                    path,
                    value: without_nulls(desired),
                }));
            }
            (None, _) => removals.push(path),
        }
    }
    // From the end of each list to its beginning, and from the inside out, so that no pointer goes stale.
    removals.sort_by_cached_key(|pointer| Reverse(order(pointer)));
    writes.extend(
        removals
            .into_iter()
            .map(|path| PatchOperation::Remove(RemoveOperation { path })),
    );
    Patch(writes)
}

/// Pointer tokens in document order: list positions as numbers.
fn order(pointer: &PointerBuf) -> Vec<(usize, String)> {
    pointer
        .tokens()
        .map(|token| {
            let token = token.decoded().into_owned();
            (token.parse().unwrap_or(0), token)
        })
        .collect()
}

/// Nulls in a manifest ask for nothing, so they are not written either.
pub(crate) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::three_way::{OfRevision, Versions, all_changes};
    use crate::types::TypeTable;
    use serde_json::json;

    #[test]
    fn the_patched_live_object_has_no_difference_left() {
        let previous = json!({
            "metadata": {"finalizers": ["a", "b", "c"]},
            "spec": {"template": {"spec": {"containers": [
                {"name": "one", "image": "1"}, {"name": "two", "image": "2"}, {"name": "app", "image": "a"}]}}},
        });
        let desired = json!({
            "metadata": {"labels": {"a/b": "1", "c": "2"}, "finalizers": ["b"]},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [
                {"name": "app", "image": "a", "args": ["x", "y"], "env": [{"name": "A", "value": "1"}],
                 "resources": {"limits": {"cpu": "1", "memory": null}}},
                {"name": "new", "image": "n"}]}}},
        });
        let live = json!({
            "metadata": {"labels": {"c": "3"}, "finalizers": ["a", "b", "c"]},
            "spec": {"replicas": 5, "template": {"spec": {"containers": [
                {"name": "one", "image": "1"}, {"name": "two", "image": "2"},
                {"name": "app", "image": "z", "args": ["x"]}]}}},
        });
        let shape = TypeTable::builtin().kind("apps/v1", "Deployment");
        let compare = |live: &Value| {
            all_changes(
                shape,
                Versions {
                    previous: Some(OfRevision {
                        revision: 1,
                        object: &previous,
                    }),
                    desired: &desired,
                    attempted: &[],
                    live,
                },
            )
        };
        let changes = compare(&live);
        assert_eq!(changes.len(), 12, "{changes:#?}");
        let mut patched = live.clone();
        json_patch::patch(&mut patched, &patch_of(&changes)).unwrap();
        assert_eq!(compare(&patched), [], "{patched:#}");
    }
}
