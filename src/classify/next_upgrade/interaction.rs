//! The effects of one object's differences on each other in the next upgrade.
//!
//! A value that somebody replaced by another one is two differences: one value is missing, and one was added. The
//! upgrade restores the first beside the second or in its place, and the API server may refuse an object with both.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::strategic_merge::{key_value, retains_keys, shape_of};
use crate::classify::attributed::Attributed;
use crate::compare::path::Segment;
use crate::types::Shape;
use crate::vocabulary::{ApplyMethod, NextUpgrade};

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
/// difference that it is about. No difference has two of them.
pub(super) fn interactions(
    method: ApplyMethod,
    root: Option<Shape<'_>>,
    attributed: &[Attributed],
) -> Vec<(usize, NextUpgrade)> {
    siblings_by_parent(attributed)
        .into_iter()
        .filter(|(_, siblings)| !siblings.restored.is_empty() && !siblings.added.is_empty())
        .flat_map(|(parent, siblings)| {
            let mut predictions = of_fields(method, root, parent, &siblings);
            predictions.extend(of_elements(method, root, parent, &siblings));
            predictions
        })
        .collect()
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

/// The predictions for the fields of one object, of which some are restored and some were added.
fn of_fields(
    method: ApplyMethod,
    root: Option<Shape<'_>>,
    parent: &[Segment],
    siblings: &Siblings<'_>,
) -> Vec<(usize, NextUpgrade)> {
    let key = |sibling: &Sibling<'_>| match sibling.step {
        Segment::Key(key) => Some((sibling.difference, alternative(key))),
        Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => None,
    };
    let restored: Vec<(usize, Option<usize>)> = siblings.restored.iter().filter_map(key).collect();
    let added: Vec<(usize, Option<usize>)> = siblings.added.iter().filter_map(key).collect();
    if restored.is_empty() || added.is_empty() {
        return Vec::new();
    }
    // The patch strategy is that of objects of which one field excludes the others.
    if retains_keys(root, parent) {
        let (affected, prediction) = match method {
            ApplyMethod::Csa => (added, NextUpgrade::Revert),
            ApplyMethod::Ssa => (restored, NextUpgrade::Conflict),
        };
        return affected
            .into_iter()
            .map(|(difference, _)| (difference, prediction))
            .collect();
    }
    let excluded: HashSet<usize> = added.iter().filter_map(|(_, fields)| *fields).collect();
    let is_refused = |fields: Option<usize>| fields.is_some_and(|fields| excluded.contains(&fields));
    restored
        .into_iter()
        .filter(|(_, fields)| is_refused(*fields))
        .map(|(difference, _)| (difference, NextUpgrade::Conflict))
        .collect()
}

/// The predictions for the elements of one keyed list, of which some are restored and some were added.
///
/// Elements of other keys are one element to a strategic merge that knows them by a part of these: the restored one
/// replaces those that were added, unless the API server refuses it beside another one.
fn of_elements(
    method: ApplyMethod,
    root: Option<Shape<'_>>,
    parent: &[Segment],
    siblings: &Siblings<'_>,
) -> Vec<(usize, NextUpgrade)> {
    let Some(merge_key) = shape_of(root, parent).and_then(Shape::patch_merge_key) else {
        return Vec::new();
    };
    let mut of_value: HashMap<&Value, Vec<usize>> = HashMap::new();
    let mut of_name: HashMap<&Value, usize> = HashMap::new();
    let mut of_both: HashMap<(&Value, &Value), usize> = HashMap::new();
    let added = siblings.added.iter();
    for added in added.filter_map(|added| Element::of(added, merge_key)) {
        of_value
            .entry(added.merge_value)
            .or_default()
            .push(added.difference);
        if let Some(name) = added.port_name {
            *of_name.entry(name).or_default() += 1;
            *of_both.entry((name, added.merge_value)).or_default() += 1;
        }
    }
    let mut predictions = Vec::new();
    let restored = siblings.restored.iter();
    for restored in restored.filter_map(|restored| Element::of(restored, merge_key)) {
        let refusing = restored.port_name.map_or(0, |name| {
            let of_name = of_name.get(name).copied().unwrap_or(0);
            let replaced = of_both.get(&(name, restored.merge_value)).copied().unwrap_or(0);
            match method {
                ApplyMethod::Csa => of_name - replaced,
                ApplyMethod::Ssa => of_name,
            }
        });
        if refusing > 0 {
            predictions.push((restored.difference, NextUpgrade::Conflict));
        } else if method == ApplyMethod::Csa {
            // Another restored element may replace the same ones: they are predicted once.
            let replaced = of_value.remove(restored.merge_value).unwrap_or_default();
            predictions.extend(replaced.into_iter().map(|added| (added, NextUpgrade::Revert)));
        }
    }
    predictions
}

/// An element of a keyed list.
struct Element<'a> {
    difference: usize,
    merge_value: &'a Value,
    /// The name that only one port may have; `None` where names exclude nothing.
    port_name: Option<&'a Value>,
}

impl<'a> Element<'a> {
    /// The element that a difference is; `None` if it is none, or has no merge key.
    fn of(sibling: &Sibling<'a>, merge_key: &str) -> Option<Self> {
        match sibling.step {
            Segment::Match(keys) => Some(Self {
                difference: sibling.difference,
                merge_value: key_value(keys, merge_key)?,
                port_name: port_name(merge_key, sibling.value),
            }),
            Segment::Key(_) | Segment::Index(_) | Segment::Member(_) => None,
        }
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

/// The fields of which an object has one, that this field is among. Each field is among at most one.
fn alternative(field: &str) -> Option<usize> {
    ALTERNATIVES.iter().position(|fields| fields.contains(&field))
}

/// The name of a port that only one port may have: the ports of a container have distinct names where they have any, and
/// of a Service's several ports each has one (Kubernetes: `pkg/apis/core/validation`, `validateContainerPorts` and
/// `ValidateService`).
///
/// `None` where names exclude nothing.
fn port_name<'v>(merge_key: &str, port: &'v Value) -> Option<&'v Value> {
    static NO_NAME: Value = Value::Null;
    let name = port.get("name");
    match merge_key {
        "port" => Some(name.unwrap_or(&NO_NAME)),
        "containerPort" => name,
        _ => None,
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
