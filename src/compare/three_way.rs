//! The three-way comparison: how each difference came about, by the previous revision, the baseline, the attempted
//! revisions and the live object.
//!
//! The same three inputs that `helm upgrade` merges (Helm: `pkg/kube/client.go`, `createPatch`; its original,
//! modified and current), plus the revisions that failed or are pending above the baseline, because a half-done
//! upgrade is no person's hot-fix.

use std::collections::HashSet;

use serde_json::Value;

use super::asked::is_silent;
use super::diff::{DifferenceKind, is_satisfied_at, is_servers_choice, unsatisfied};
use super::leftovers::{LeftoverScope, leftovers};
use super::likest::likest_element;
use super::list_index::ListIndexes;
use super::lookup::value_at;
use super::path::FieldPath;
use super::room::Room;
use super::shapes::shape_at;
use super::work::Work;
use crate::types::Shape;
use crate::vocabulary::FindingCode;

/// An object, or a value in it, as one revision asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfRevision<T> {
    /// The revision's number.
    pub revision: u64,
    /// The object or value.
    pub object: T,
}

impl<T> OfRevision<T> {
    /// The same revision with another form of the object.
    pub const fn with<U>(&self, object: U) -> OfRevision<U> {
        OfRevision {
            revision: self.revision,
            object,
        }
    }
}

/// The versions of one object, all made comparable by [`crate::manifest::desired`].
#[derive(Debug, Clone, Copy)]
pub struct Versions<'v> {
    /// The previous revision's object; `None` when it did not have the object or is not kept.
    pub previous: Option<OfRevision<&'v Value>>,
    /// The baseline's object.
    pub desired: &'v Value,
    /// The objects of later revisions that failed or are pending, newest first.
    pub attempted: &'v [OfRevision<Value>],
    /// The object that the API server returned.
    pub live: &'v Value,
}

/// One difference between the live object and the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// How it came about.
    pub code: FindingCode,
    /// Where it is.
    pub path: FieldPath,
    /// Where a patch of the live object would write, as an RFC 6901 pointer.
    pub pointer: String,
    /// The previous revision's value there.
    pub previous: Option<Value>,
    /// The baseline's value there.
    pub desired: Option<Value>,
    /// The live value there.
    pub live: Option<Value>,
    /// The revision, other than the baseline, whose value the live object has there.
    pub from_revision: Option<u64>,
}

/// Compares one object, as far as there is work and room for it. The order follows the manifest; the report sorts by
/// path.
///
/// If the work is spent after that, the changes are not all, and not all of them are true.
pub fn three_way(shape: Option<Shape<'_>>, versions: Versions<'_>, work: &Work, room: &Room) -> Vec<Change> {
    let lists = ListIndexes::new(work);
    let previous_at = |path: &FieldPath| {
        let previous = versions.previous;
        previous.map(|previous| previous.with(value_at(previous.object, path, shape, &lists)))
    };
    let mut changes: Vec<Change> = unsatisfied(versions.desired, versions.live, shape, work, room)
        .into_iter()
        .take_while(|_| !work.is_spent())
        .map(|difference| {
            let at = |object| match difference.kind {
                // Its path does not tell which one of them is meant.
                DifferenceKind::OneOfSeveral => likest_element(object, &difference, shape, &lists),
                DifferenceKind::UndeclaredField | DifferenceKind::OtherValue => {
                    value_at(object, &difference.path, shape, &lists)
                }
            };
            let previous = versions
                .previous
                .map(|previous| previous.with(at(previous.object)));
            let (code, from_revision) = match difference.kind {
                DifferenceKind::UndeclaredField => (FindingCode::Pruned, None),
                DifferenceKind::OtherValue | DifferenceKind::OneOfSeveral => outcome(
                    &difference.path,
                    shape_at(shape, &difference.path),
                    previous,
                    difference.desired,
                    versions
                        .attempted
                        .iter()
                        .map(|attempted| attempted.with(at(&attempted.object))),
                    difference.live,
                    work,
                ),
            };
            Change {
                code,
                path: difference.path,
                pointer: difference.pointer,
                previous: previous.and_then(|previous| previous.object).cloned(),
                desired: Some(difference.desired.clone()),
                live: difference.live.cloned(),
                from_revision,
            }
        })
        .collect();
    let attempted = versions
        .attempted
        .iter()
        .map(|attempted| (FindingCode::HalfUpgraded, attempted.with(&attempted.object)));
    let previous = versions
        .previous
        .map(|previous| (FindingCode::Lingering, previous));
    for (code, other) in attempted.chain(previous) {
        let known: HashSet<&FieldPath> = changes.iter().map(|change| &change.path).collect();
        let is_known = |path: &FieldPath| known.contains(path);
        let scope = LeftoverScope { lists: &lists, room };
        for left in leftovers(
            other.object,
            versions.desired,
            versions.live,
            shape,
            scope,
            is_known,
        ) {
            let previous = previous_at(&left.path).and_then(|previous| previous.object);
            changes.push(Change {
                code,
                path: left.path,
                pointer: left.pointer,
                previous: previous.cloned(),
                desired: None,
                live: Some(left.live.clone()),
                from_revision: Some(other.revision),
            });
        }
    }
    changes
}

/// All changes, for tests of other things than limits.
#[cfg(test)]
pub(crate) fn all_changes(shape: Option<Shape<'_>>, versions: Versions<'_>) -> Vec<Change> {
    three_way(shape, versions, &Work::of_steps(u64::MAX), &Room::default())
}

/// The table of three-way outcomes for a place that the baseline sets and the live object does not hold, with the
/// revision whose value the live object has instead.
fn outcome<'v>(
    path: &FieldPath,
    shape: Option<Shape<'_>>,
    previous: Option<OfRevision<Option<&'v Value>>>,
    desired: &'v Value,
    mut attempted: impl Iterator<Item = OfRevision<Option<&'v Value>>>,
    live: Option<&'v Value>,
    work: &Work,
) -> (FindingCode, Option<u64>) {
    let is_live = |value: Option<&Value>| match (value, live) {
        (None, None) => true,
        (Some(value), Some(live)) => is_satisfied_at(path, value, Some(live), shape, work),
        (Some(value), None) => is_silent(shape, value),
        (None, Some(_)) => false,
    };
    let is_desired = |value: Option<&Value>| {
        value.is_some_and(|value| {
            is_satisfied_at(path, value, Some(desired), shape, work)
                && is_satisfied_at(path, desired, Some(value), shape, work)
        })
    };
    let lives = |of: &OfRevision<Option<&Value>>| !is_desired(of.object) && is_live(of.object);
    // Where a later revision no longer sets a field, the server fills in what it chooses.
    let is_left_to_server = |of: &OfRevision<Option<&Value>>| {
        of.object.is_none()
            && live
                .zip(shape)
                .is_some_and(|(live, shape)| is_servers_choice(shape, live, work))
    };
    if let Some(attempted) = attempted.find(|of| lives(of) || is_left_to_server(of)) {
        return (FindingCode::HalfUpgraded, Some(attempted.revision));
    }
    match previous.filter(lives) {
        Some(previous) => (FindingCode::NotApplied, Some(previous.revision)),
        None if live.is_none() => (FindingCode::Removed, None),
        None => (FindingCode::Changed, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

    const fn of<T>(revision: u64, object: T) -> OfRevision<T> {
        OfRevision { revision, object }
    }

    fn changes(versions: Versions<'_>) -> Vec<Change> {
        all_changes(TypeTable::builtin().kind("apps/v1", "Deployment"), versions)
    }

    /// An order is of the revision that had it.
    #[test]
    fn an_order_that_an_upgrade_never_reached_is_not_applied() {
        let init = |names: [&str; 2]| json!({"spec": {"template": {"spec": {"initContainers": names.map(|name| json!({"name": name}))}}}});
        let (previous, desired) = (init(["a", "b"]), init(["b", "a"]));
        for (previous, code) in [
            (&previous, FindingCode::NotApplied),
            (&desired, FindingCode::Changed),
        ] {
            let found = changes(Versions {
                desired: &desired,
                previous: Some(of(1, previous)),
                attempted: &[],
                live: &init(["a", "b"]),
            });
            let codes: Vec<_> = found.iter().map(|change| change.code).collect();
            assert_eq!(codes, [code]);
        }
    }

    fn deployment(versions: Versions<'_>) -> Vec<(FindingCode, String)> {
        changes(versions)
            .into_iter()
            .map(|change| (change.code, change.path.to_string()))
            .collect()
    }

    fn with_image(image: &str) -> Value {
        json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}})
    }

    const IMAGE: &str = "/spec/template/spec/containers[name=app]/image";

    /// Each row of the three-way table: revision 6, revision 7, revisions 9 and 8, live → code and the revision whose
    /// value lives.
    #[test]
    fn the_table() {
        use FindingCode::{Changed, HalfUpgraded, NotApplied};
        type Row = (
            Option<&'static str>,
            &'static str,
            &'static [&'static str],
            &'static str,
            Option<(FindingCode, Option<u64>)>,
        );
        let rows: [Row; 10] = [
            (Some("a"), "b", &[], "b", None),
            (None, "b", &[], "x", Some((Changed, None))),
            (Some("b"), "b", &[], "x", Some((Changed, None))),
            (Some("a"), "b", &[], "a", Some((NotApplied, Some(6)))),
            (Some("a"), "b", &[], "x", Some((Changed, None))),
            (Some("b"), "b", &["c"], "c", Some((HalfUpgraded, Some(9)))),
            (Some("a"), "b", &["c", "a"], "a", Some((HalfUpgraded, Some(8)))),
            (Some("b"), "b", &["c", "c"], "c", Some((HalfUpgraded, Some(9)))),
            (Some("b"), "b", &["c"], "x", Some((Changed, None))),
            (Some("b"), "b", &["b"], "x", Some((Changed, None))),
        ];
        for (previous, desired, attempted, live, code) in rows {
            let previous = previous.map(with_image);
            let (desired, live) = (with_image(desired), with_image(live));
            let attempted: Vec<_> = [9, 8]
                .into_iter()
                .zip(attempted)
                .map(|(revision, image)| of(revision, with_image(image)))
                .collect();
            let found: Vec<_> = changes(Versions {
                previous: previous.as_ref().map(|previous| of(6, previous)),
                desired: &desired,
                attempted: &attempted,
                live: &live,
            })
            .into_iter()
            .map(|change| (change.path.to_string(), (change.code, change.from_revision)))
            .collect();
            let expected: Vec<_> = code.into_iter().map(|code| (IMAGE.to_owned(), code)).collect();
            assert_eq!(found, expected, "{previous:?} {desired} {attempted:?} {live}");
        }
    }

    #[test]
    fn a_field_that_the_live_object_lacks() {
        let desired = json!({"metadata": {"labels": {"a": "1"}}});
        let (empty, live) = (
            json!({"metadata": {}}),
            json!({"metadata": {"labels": {"b": "2"}}}),
        );
        let path = "/metadata/labels/a".to_owned();
        for (previous, code) in [
            (None, FindingCode::Removed),
            (Some(&desired), FindingCode::Removed),
            (Some(&empty), FindingCode::NotApplied),
        ] {
            let versions = Versions {
                previous: previous.map(|previous| of(6, previous)),
                desired: &desired,
                attempted: &[],
                live: &live,
            };
            assert_eq!(deployment(versions), [(code, path.clone())]);
        }
        let versions = Versions {
            previous: Some(of(6, &desired)),
            desired: &desired,
            attempted: &[of(8, empty)],
            live: &live,
        };
        assert_eq!(deployment(versions), [(FindingCode::HalfUpgraded, path)]);
    }

    /// Regression: an empty text that the baseline no longer sets was taken for nothing.
    #[test]
    fn a_zero_that_is_kept_lingers() {
        let config = |data: Value| json!({"data": data});
        let (previous, desired) = (config(json!({"a": "1", "flag": ""})), config(json!({"a": "1"})));
        let found = all_changes(
            TypeTable::builtin().kind("v1", "ConfigMap"),
            Versions {
                previous: Some(of(6, &previous)),
                desired: &desired,
                attempted: &[],
                live: &previous,
            },
        );
        let found: Vec<_> = found.iter().map(|change| change.path.to_string()).collect();
        assert_eq!(found, ["/data/flag"]);
    }

    #[test]
    fn elements_that_share_their_key_linger_only_where_the_last_one_does() {
        let with_ports = |ports: Value| json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "a", "ports": ports}]}}}});
        let (http, metrics) = (
            json!({"containerPort": 80, "name": "http", "hostPort": 80}),
            json!({"containerPort": 80, "name": "metrics"}),
        );
        let desired = with_ports(json!([http, metrics]));
        let found = deployment(Versions {
            previous: Some(of(6, &desired)),
            desired: &desired,
            attempted: &[],
            live: &with_ports(json!([metrics, http])),
        });
        assert_eq!(found, []);
    }

    #[test]
    fn what_the_baseline_no_longer_sets_lingers_unless_the_server_would_choose_it() {
        let previous = json!({
            "metadata": {"labels": {"old": "x"}},
            "spec": {"replicas": 1, "revisionHistoryLimit": 3, "template": {"spec": {"containers": [
                {"name": "app", "image": "a"}, {"name": "sidecar", "image": "s"}]}}},
        });
        let desired = with_image("a");
        let live = json!({
            "metadata": {"labels": {"old": "x", "other": "y"}},
            "spec": {"replicas": 1, "revisionHistoryLimit": 3, "template": {"spec": {"containers": [
                {"name": "sidecar", "image": "s", "terminationMessagePath": "/dev/termination-log"},
                {"name": "app", "image": "a"}]}}},
        });
        let mut found = deployment(Versions {
            previous: Some(of(6, &previous)),
            desired: &desired,
            attempted: &[],
            live: &live,
        });
        found.sort_by(|left, right| left.1.cmp(&right.1));
        assert_eq!(
            found,
            [
                (FindingCode::Lingering, "/metadata/labels/old".to_owned()),
                (FindingCode::Lingering, "/spec/revisionHistoryLimit".to_owned()),
                (
                    FindingCode::Lingering,
                    "/spec/template/spec/containers[name=sidecar]".to_owned()
                ),
            ],
            "replicas 1 is the default, so Helm may have removed it"
        );
    }
}
