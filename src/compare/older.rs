//! What revisions before the previous one left behind.
//!
//! Helm removes a field in the one upgrade that drops it from the manifest (Helm: `pkg/kube/client.go`, `createPatch`,
//! compares with the revision before only). What that upgrade could not remove stays for all revisions to come, and no
//! later one knows of it.

use serde_json::Value;

use super::leftovers::{LeftoverScope, leftovers};
use super::list_index::ListIndexes;
use super::path_tree::PathTree;
use super::room::Room;
use super::three_way::{Change, OfRevision, Versions};
use super::work::Work;
use crate::types::Shape;
use crate::vocabulary::FindingCode;

/// Every field that an older revision set, no revision after it asks for, and the live object still holds; but for the
/// places of which a change is known. The revisions come newest first.
///
/// If the work is spent after that, the changes are not all, and not all of them are true.
pub fn left_by_older(
    shape: Option<Shape<'_>>,
    older: &[OfRevision<Value>],
    versions: &Versions<'_>,
    known: &[Change],
    work: &Work,
    room: &Room,
) -> Vec<Change> {
    let lists = ListIndexes::new(work);
    let mut places: PathTree = known.iter().map(|change| &change.path).collect();
    let mut changes = Vec::new();
    for revision in older {
        if work.is_spent() {
            break;
        }
        let scope = LeftoverScope { lists: &lists, room };
        let is_known = |path: &_| places.is_around(path);
        let left = leftovers(
            &revision.object,
            versions.desired,
            versions.live,
            shape,
            scope,
            is_known,
        );
        for left in left {
            if places.overlaps(&left.path) {
                continue;
            }
            places.insert(&left.path);
            changes.push(Change {
                code: FindingCode::Lingering,
                path: left.path,
                pointer: left.pointer,
                previous: None,
                desired: None,
                live: Some(left.live.clone()),
                from_revision: Some(revision.revision),
            });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

    fn left(older: &[(u64, Value)], desired: &Value, live: &Value) -> Vec<(String, Option<u64>)> {
        let older: Vec<OfRevision<Value>> = older
            .iter()
            .map(|(revision, object)| OfRevision {
                revision: *revision,
                object: object.clone(),
            })
            .collect();
        let versions = Versions {
            previous: None,
            desired,
            attempted: &[],
            live,
        };
        let shape = TypeTable::builtin().kind("v1", "Secret");
        let work = Work::of_steps(10_000);
        left_by_older(shape, &older, &versions, &[], &work, &Room::default())
            .into_iter()
            .map(|change| (change.path.to_string(), change.from_revision))
            .collect()
    }

    #[test]
    fn the_newest_revision_that_had_a_value_left_it() {
        let data = |data: Value| json!({ "data": data });
        let older = [
            (4, data(json!({"a": "MQ=="}))),
            (3, data(json!({"a": "MQ==", "b": "Mg=="}))),
        ];
        let desired = data(json!({"kept": "MA=="}));
        let live = data(json!({"a": "MQ==", "b": "Mg==", "c": "Mw==", "kept": "MA=="}));
        assert_eq!(
            left(&older, &desired, &live),
            [("/data/a".to_owned(), Some(4)), ("/data/b".to_owned(), Some(3))]
        );
    }

    /// Another value is not what the revision put there, and what the manifest asks for again is not left over.
    #[test]
    fn what_has_another_value_or_is_asked_for_again_is_not_left_over() {
        let older = [(1, json!({"data": {"a": "MQ==", "b": "Mg=="}}))];
        let desired = json!({"data": {"b": "Mg=="}});
        let live = json!({"data": {"a": "OQ==", "b": "Mg=="}});
        assert_eq!(left(&older, &desired, &live), []);
    }

    /// Nothing in `data` is a default, so that an empty value is one that somebody put there.
    #[test]
    fn an_empty_value_of_a_map_is_left_over_as_any_other() {
        let older = [(1, json!({"data": {"a": ""}}))];
        let (desired, live) = (
            json!({"data": {"b": "Mg=="}}),
            json!({"data": {"a": "", "b": "Mg=="}}),
        );
        assert_eq!(left(&older, &desired, &live), [("/data/a".to_owned(), Some(1))]);
    }
}
