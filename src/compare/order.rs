//! Keyed lists whose order means something, although the API server merges their elements by key.
//!
//! Managed fields and merges see no order in such a list, so nobody is said to have changed it. One table holds what a
//! node or the API server does in order. Elsewhere the order means nothing: volumes are mounted by the depth of their
//! paths, ports, pull secrets and constraints all count at once. What elements a manifest does not name stand
//! between is nobody's order either.

use std::collections::HashMap;

use serde_json::Value;

use super::keyed::steps_of;
use super::path::{FieldPath, Segment};
use super::shapes::shape_at;
use super::trail::Trail;
use super::work::Work;
use crate::types::{Field, ListKind, Shape};

/// What an element does for others in its list.
enum Role<'v> {
    /// It has to keep its place beside all others that give or take the same.
    Gives(&'v str),
    /// It has to keep its place beside those that give this, and not beside others that take it.
    Takes(&'v str),
}

/// A list that is worked off in order.
pub(super) struct Ordered {
    /// The field that holds it.
    field: &'static str,
    /// In which types it does, by those of the elements.
    is_in: fn(Option<Shape<'_>>) -> bool,
    /// What each element does.
    roles: for<'v> fn(&'v Value) -> Vec<Role<'v>>,
}

const ORDERED: [Ordered; 5] = [
    // They run one after another (kubelet: `pkg/kubelet/kuberuntime`, `computeInitContainerActions`).
    Ordered {
        field: "initContainers",
        is_in: |_| true,
        roles: |_| vec![Role::Gives("")],
    },
    // They start in order, and what one runs after its start is waited for (kubelet: `pkg/kubelet/kuberuntime`,
    // `SyncPod` and `startContainer`).
    Ordered {
        field: "containers",
        is_in: is_builtin,
        roles: |container| {
            let hook = container.pointer("/lifecycle/postStart");
            let is_waited_for = hook.is_some_and(|hook| !hook.is_null());
            vec![if is_waited_for {
                Role::Gives("")
            } else {
                Role::Takes("")
            }]
        },
    },
    // `$(NAME)` is resolved by the variables before it, and of one name the last counts (kubelet:
    // `pkg/kubelet/kubelet_pods.go`, `makeEnvironmentVariables`).
    Ordered {
        field: "env",
        is_in: |_| true,
        roles: variable_roles,
    },
    // Their lines are written in order, and a name has the address of the first line with it (kubelet:
    // `pkg/kubelet/kubelet_pods.go`, `hostsEntriesFromHostAliases`).
    Ordered {
        field: "hostAliases",
        is_in: is_builtin,
        roles: |alias| {
            let names = alias.get("hostnames").and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            names.map(Role::Gives).collect()
        },
    },
    // They are called one after another, each with what the one before made; those that only validate are called at
    // once (apiserver: `pkg/admission/plugin/webhook/mutating/dispatcher.go`, `Dispatch`).
    Ordered {
        field: "webhooks",
        is_in: |element| {
            is_builtin(element)
                && element
                    .is_some_and(|element| matches!(element.field("reinvocationPolicy"), Field::Declared(_)))
        },
        roles: |_| vec![Role::Gives("")],
    },
];

fn is_builtin(element: Option<Shape<'_>>) -> bool {
    element.is_some_and(Shape::is_builtin)
}

fn variable_roles(variable: &Value) -> Vec<Role<'_>> {
    let text = |key: &str| variable.get(key).and_then(Value::as_str);
    let taken = text("value").map_or_else(Vec::new, references);
    let taken = taken.into_iter().map(Role::Takes);
    text("name").map(Role::Gives).into_iter().chain(taken).collect()
}

/// The names in `$(NAME)`; `$$` stands for a dollar (Kubernetes: `third_party/forked/golang/expansion/expand.go`,
/// `Expand`).
fn references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        rest = match (after.strip_prefix('$'), after.strip_prefix('(')) {
            (Some(after), _) => after,
            (None, Some(inner)) => match inner.split_once(')') {
                Some((name, after)) => {
                    found.push(name);
                    after
                }
                None => inner,
            },
            (None, None) => after,
        };
    }
    found
}

impl Ordered {
    /// What is worked off in order at a place, by the shape of the elements of the list there.
    pub(super) fn at(trail: &Trail<'_>, element: Option<Shape<'_>>) -> Option<&'static Self> {
        match trail {
            Trail::Key(_, field) => Self::of_field(field, element),
            Trail::Root | Trail::Index(..) | Trail::Match(..) | Trail::Member(..) => None,
        }
    }

    fn of_field(field: &str, element: Option<Shape<'_>>) -> Option<&'static Self> {
        let mut lists = ORDERED.iter();
        lists.find(|list| list.field == field && (list.is_in)(element))
    }

    /// Whether elements stand in another order than the manifest's, where that means something.
    ///
    /// The pairs are the positions in both lists of the elements that both have.
    pub(super) fn is_turned(&self, desired: &[Value], mut pairs: Vec<(usize, usize)>, work: &Work) -> bool {
        pairs.sort_unstable();
        if pairs.is_sorted_by_key(|&(_, live)| live) {
            return false;
        }
        let mut givers: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
        let mut takers = Vec::new();
        for &(position, live) in &pairs {
            let value = &desired[position];
            if !work.affords(steps_of(value)) {
                return false;
            }
            for role in (self.roles)(value) {
                match role {
                    Role::Gives(what) => givers.entry(what).or_default().push((position, live)),
                    Role::Takes(what) => takers.push((what, position, live)),
                }
            }
        }
        let is_in_order = |givers: &Vec<(usize, usize)>| givers.is_sorted_by_key(|&(_, live)| live);
        if !givers.values().all(is_in_order) {
            return true;
        }
        takers.into_iter().any(|(what, position, live)| {
            let givers = givers.get(what).map_or(&[][..], Vec::as_slice);
            let next = givers.partition_point(|&(giver, _)| giver < position);
            let before = next.checked_sub(1).map(|before| &givers[before]);
            let after = givers[next..].iter().find(|&&(giver, _)| giver != position);
            let is_passed = |&(giver, at): &(usize, usize)| (giver < position) != (at < live);
            before.into_iter().chain(after).any(is_passed)
        })
    }
}

/// Whether a difference at a path is about the order of a keyed list. Of such a list as a whole nothing else is told.
pub(crate) fn is_about_order(path: &FieldPath, root: Option<Shape<'_>>) -> bool {
    let (Some(Segment::Key(field)), Some(shape)) = (path.segments().last(), shape_at(root, path)) else {
        return false;
    };
    matches!(shape.list(), ListKind::Map(_)) && Ordered::of_field(field, shape.element()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_to_variables() {
        for (text, names) in [
            ("", &[][..]),
            ("a$", &[]),
            ("$(A)", &["A"]),
            ("x$(A)$(B)y", &["A", "B"]),
            ("$$(A)", &[]),
            ("$$$(A)", &["A"]),
            ("$(A", &[]),
            ("$A $(B)", &["B"]),
        ] {
            assert_eq!(references(text), names, "{text}");
        }
    }

    fn turned(field: &str, desired: &Value, live_order: &[usize]) -> bool {
        let element = crate::types::TypeTable::builtin().kind("v1", "Pod");
        let pairs = live_order
            .iter()
            .enumerate()
            .map(|(live, &desired)| (desired, live));
        let list = Trail::Key(&Trail::Root, field);
        let items = desired.as_array().unwrap();
        Ordered::at(&list, element)
            .is_some_and(|list| list.is_turned(items, pairs.collect(), &Work::of_steps(10_000)))
    }

    /// Each row: the list, its elements, their order in the live object, and whether that means something.
    #[test]
    fn the_order_of_a_list_means_what_its_elements_do() {
        let plain = json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]);
        let hook = json!([{"name": "a"}, {"name": "b", "lifecycle": {"postStart": {"exec": {}}}}, {"name": "c"}, {"name": "d"}]);
        let env = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"},
            {"name": "C", "value": "$(A)"}, {"name": "D", "value": "$(A)"}, {"name": "E", "value": "$(E) $(X)"}]);
        let twice = json!([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]);
        let hosts = json!([{"ip": "1", "hostnames": ["x"]}, {"ip": "2", "hostnames": ["y", "x"]},
            {"ip": "3", "hostnames": ["z"]}]);
        for (field, list, order, means) in [
            ("initContainers", &plain, &[0, 1, 2][..], false),
            ("initContainers", &plain, &[1, 0, 2], true),
            // Somebody's removal leaves the others in order.
            ("initContainers", &plain, &[0, 2], false),
            ("volumes", &plain, &[2, 1, 0], false),
            ("containers", &plain, &[2, 1, 0], false),
            ("containers", &hook, &[0, 1, 3, 2], false),
            ("containers", &hook, &[1, 0, 2, 3], true),
            ("containers", &hook, &[0, 2, 1, 3], true),
            ("env", &env, &[1, 0, 2, 3, 4], false),
            ("env", &env, &[0, 3, 2, 1, 4], false),
            ("env", &env, &[4, 0, 1, 2, 3], false),
            ("env", &env, &[2, 0, 1, 3, 4], true),
            ("env", &twice, &[1, 0], true),
            ("hostAliases", &hosts, &[0, 2, 1], false),
            ("hostAliases", &hosts, &[1, 0, 2], true),
        ] {
            assert_eq!(turned(field, list, order), means, "{field} {order:?}");
        }
    }
}
