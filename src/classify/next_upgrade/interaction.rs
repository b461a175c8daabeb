//! The effects of one object's differences on each other in the next upgrade.
//!
//! A value that somebody replaced by another one is two differences: one value is missing, and one was added. The
//! upgrade restores the first beside the second or in its place, and the API server may refuse an object with both.

use std::collections::HashMap;

use serde_json::Value;

use super::strategic_merge::{key_value, retains_keys, shape_of};
use crate::classify::attributed::Attributed;
use crate::compare::path::Segment;
use crate::types::Shape;
use crate::vocabulary::{ApplyMethod, NextUpgrade};

/// The effect of restoring a value beside one that somebody added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interaction {
    /// The restored value takes the place of the added one.
    Replaced,
    /// The API server refuses an object with both.
    Refused,
}

/// One of the values directly in the same object or list.
#[derive(Clone, Copy)]
struct Sibling<'a> {
    /// Which of the object's differences it is.
    difference: usize,
    step: &'a Segment,
    value: &'a Value,
}

/// The differences directly in one object or list.
#[derive(Default)]
struct Siblings<'a> {
    /// The values that the upgrade restores.
    restored: Vec<Sibling<'a>>,
    /// The values that are there and that the manifest does not name.
    added: Vec<Sibling<'a>>,
}

/// The predictions that change because of another difference in the same object or list, each with the position of the
/// difference that it is about.
pub(super) fn interactions(
    method: ApplyMethod,
    root: Option<Shape<'_>>,
    attributed: &[Attributed],
) -> Vec<(usize, NextUpgrade)> {
    let mut predictions = Vec::new();
    for (parent, siblings) in siblings_by_parent(attributed) {
        for restored in &siblings.restored {
            let affected = siblings.added.iter().filter_map(|added| {
                Some((
                    added.difference,
                    interaction(method, root, parent, restored, added)?,
                ))
            });
            let (refused, replaced): (Vec<_>, Vec<_>) =
                affected.partition(|(_, interaction)| *interaction == Interaction::Refused);
            if refused.is_empty() {
                predictions.extend(replaced.iter().map(|(added, _)| (*added, NextUpgrade::Revert)));
            } else {
                predictions.push((restored.difference, NextUpgrade::Conflict));
            }
        }
    }
    predictions
}

/// The differences that may affect each other, by the object or list that they are in.
fn siblings_by_parent(attributed: &[Attributed]) -> HashMap<&[Segment], Siblings<'_>> {
    let mut parents: HashMap<&[Segment], Siblings<'_>> = HashMap::new();
    for (difference, found) in attributed.iter().enumerate() {
        let Some((step, parent)) = found.change.path.segments().split_last() else {
            continue;
        };
        let sibling = |value| Sibling {
            difference,
            step,
            value,
        };
        match (&found.change.desired, &found.change.live) {
            (Some(desired), None) if found.next_upgrade == NextUpgrade::Revert => {
                parents.entry(parent).or_default().restored.push(sibling(desired));
            }
            (None, Some(live)) => parents.entry(parent).or_default().added.push(sibling(live)),
            (Some(_) | None, Some(_) | None) => {}
        }
    }
    parents
}

/// The effect of restoring one value beside another that was added to the same object or list; `None` if both can stay.
fn interaction(
    method: ApplyMethod,
    root: Option<Shape<'_>>,
    parent: &[Segment],
    restored: &Sibling<'_>,
    added: &Sibling<'_>,
) -> Option<Interaction> {
    match (restored.step, added.step) {
        (Segment::Key(restored), Segment::Key(added)) => {
            // The patch strategy is that of objects of which one field excludes the others.
            if retains_keys(root, parent) {
                return Some(match method {
                    ApplyMethod::Csa => Interaction::Replaced,
                    ApplyMethod::Ssa => Interaction::Refused,
                });
            }
            exclude_each_other(restored, added).then_some(Interaction::Refused)
        }
        (Segment::Match(restored_keys), Segment::Match(added_keys)) => {
            let merge_key = shape_of(root, parent)?.patch_merge_key()?;
            let is_same = key_value(restored_keys, merge_key)? == key_value(added_keys, merge_key)?;
            // Elements of other keys are one element to a strategic merge that knows them by a part of these.
            if method == ApplyMethod::Csa && is_same {
                return Some(Interaction::Replaced);
            }
            have_one_port_name(merge_key, restored.value, added.value).then_some(Interaction::Refused)
        }
        (
            Segment::Key(_) | Segment::Index(_) | Segment::Match(_) | Segment::Member(_),
            Segment::Key(_) | Segment::Index(_) | Segment::Match(_) | Segment::Member(_),
        ) => None,
    }
}

/// Fields of which an object has one (Kubernetes: `pkg/apis/core/validation` and `pkg/apis/policy/validation`).
const ALTERNATIVES: &[&[&str]] = &[
    &["value", "valueFrom"],
    &[
        "configMapKeyRef",
        "fieldRef",
        "fileKeyRef",
        "resourceFieldRef",
        "secretKeyRef",
    ],
    &["exec", "grpc", "httpGet", "sleep", "tcpSocket"],
    &["maxUnavailable", "minAvailable"],
];

/// Whether the API server refuses an object that has both fields.
fn exclude_each_other(one: &str, other: &str) -> bool {
    ALTERNATIVES
        .iter()
        .any(|fields| fields.contains(&one) && fields.contains(&other))
}

/// Whether two ports have a name that only one may have: the ports of a container have distinct names where they have
/// any, and of a Service's several ports each has one (Kubernetes: `pkg/apis/core/validation`,
/// `validateContainerPorts` and `ValidateService`).
fn have_one_port_name(merge_key: &str, one: &Value, other: &Value) -> bool {
    let (one, other) = (one.get("name"), other.get("name"));
    match merge_key {
        "port" => one == other,
        "containerPort" => one.is_some() && one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::path::FieldPath;
    use crate::compare::three_way::Change;
    use crate::types::TypeTable;
    use crate::vocabulary::FindingCode;
    use serde_json::json;

    fn difference(path: FieldPath, desired: Option<Value>, live: Option<Value>) -> Attributed {
        let next_upgrade = if desired.is_some() {
            NextUpgrade::Revert
        } else {
            NextUpgrade::Keep
        };
        Attributed {
            change: Change {
                code: FindingCode::Changed,
                path,
                pointer: String::new(),
                previous: None,
                from_revision: None,
                desired,
                live,
            },
            severity: None,
            actor: None,
            next_upgrade,
            about: None,
        }
    }

    /// Spread constraints are known by topology and by what happens when they cannot be met, to a strategic merge by
    /// the topology alone; they have no names.
    #[test]
    fn elements_of_one_merge_key_are_one_to_a_strategic_merge() {
        let shape = TypeTable::builtin().kind("v1", "Pod");
        let constraint = |topology: &str, unsatisfiable: &str| {
            let (topology, unsatisfiable) = (json!(topology), json!(unsatisfiable));
            let path = FieldPath::root()
                .key("spec")
                .key("topologySpreadConstraints")
                .join(Segment::Match(vec![
                    ("topologyKey".into(), topology.clone()),
                    ("whenUnsatisfiable".into(), unsatisfiable.clone()),
                ]));
            (
                path,
                json!({"topologyKey": topology, "whenUnsatisfiable": unsatisfiable}),
            )
        };
        let (removed, desired) = constraint("zone", "DoNotSchedule");
        for (topology, method, expected) in [
            ("zone", ApplyMethod::Csa, vec![(1, NextUpgrade::Revert)]),
            ("zone", ApplyMethod::Ssa, vec![]),
            ("host", ApplyMethod::Csa, vec![]),
            ("host", ApplyMethod::Ssa, vec![]),
        ] {
            let (added, live) = constraint(topology, "ScheduleAnyway");
            let attributed = [
                difference(removed.clone(), Some(desired.clone()), None),
                difference(added, None, Some(live)),
            ];
            assert_eq!(
                interactions(method, shape, &attributed),
                expected,
                "{topology} {method}"
            );
        }
    }

    /// A port that the server refuses replaces no other, in whatever order the differences come.
    #[test]
    fn a_refused_port_takes_no_other_away() {
        let shape = TypeTable::builtin().kind("v1", "Service");
        let port = |port: u16, protocol: &str| {
            FieldPath::root()
                .key("spec")
                .key("ports")
                .join(Segment::Match(vec![
                    ("port".into(), json!(port)),
                    ("protocol".into(), json!(protocol)),
                ]))
        };
        let removed = difference(port(80, "TCP"), Some(json!({"name": "http", "port": 80})), None);
        let same_name = difference(port(81, "TCP"), None, Some(json!({"name": "http", "port": 81})));
        let same_number = difference(port(80, "UDP"), None, Some(json!({"name": "other", "port": 80})));
        let conflict = |at: usize| vec![(at, NextUpgrade::Conflict)];
        for (differences, expected) in [
            (
                [removed.clone(), same_name.clone(), same_number.clone()],
                conflict(0),
            ),
            ([same_number.clone(), removed.clone(), same_name], conflict(1)),
            (
                [same_number.clone(), removed, same_number],
                vec![(0, NextUpgrade::Revert), (2, NextUpgrade::Revert)],
            ),
        ] {
            assert_eq!(interactions(ApplyMethod::Csa, shape, &differences), expected);
        }
    }
}
