//! The matching of elements of unordered lists: those that are atomic to the API server, which takes their elements for
//! alternatives or sorts them ([`Shape::is_unordered`]).

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use serde_json::Value;

use super::equal::{hash_as_stored, hash_scalar, scalars};
use super::keyed::{ElementKeys, nested, steps_of};
use super::server_rules::is_directive;
use super::work::Work;
use crate::types::{Field, ListKind, Shape, is_zero};

/// With more elements than this that neither their place nor their digest matches, the search for an element that holds
/// them would be slow, and their identity and their order decide.
const MAX_UNMATCHED: usize = 256;

/// For each desired element of an unordered list the position of its counterpart in a live list of the same length,
/// no position twice.
///
/// An element goes with one that `holds` all of it, else with one of the same `identity`, else with what is left,
/// in order.
pub(super) fn match_elements(
    desired: &[Value],
    live: &[Value],
    identity: &[String],
    element: Option<Shape<'_>>,
    work: &Work,
    holds: impl Fn(&Value, &Value) -> bool,
) -> Vec<usize> {
    let mut counterparts: Vec<usize> = (0..desired.len()).collect();
    let unmatched: Vec<usize> = (0..desired.len().min(live.len()))
        .filter(|&position| work.affords(1) && !holds(&desired[position], &live[position]))
        .collect();
    // One element that changed stays where it is.
    if unmatched.len() < 2 {
        return counterparts;
    }
    let mut matching = Matching {
        desired,
        live,
        free: unmatched.iter().copied().collect(),
        unmatched,
        counterparts: &mut counterparts,
        work,
    };
    matching.by_digest(element, &holds);
    matching.by_search(&holds);
    matching.by_identity(identity);
    matching.in_order();
    counterparts
}

/// The elements of two lists that have no counterpart yet, by their positions, in order.
struct Matching<'e> {
    desired: &'e [Value],
    live: &'e [Value],
    unmatched: Vec<usize>,
    free: VecDeque<usize>,
    counterparts: &'e mut [usize],
    work: &'e Work,
}

impl Matching<'_> {
    /// Matches elements of which one holds the other, where they look the same in their canonical form.
    fn by_digest(&mut self, element: Option<Shape<'_>>, holds: &impl Fn(&Value, &Value) -> bool) {
        let (work, digests) = (self.work, Digests(RandomState::new()));
        let digest = |value: &Value| work.affords(steps_of(value)).then(|| digests.of(value, element));
        self.by_hash(digest, holds);
    }

    /// Matches structures that only a comparison shows to hold each other.
    fn by_search(&mut self, holds: &impl Fn(&Value, &Value) -> bool) {
        if self.unmatched.len() > MAX_UNMATCHED {
            return;
        }
        let mut found = HashMap::new();
        let mut free = self.free.clone();
        for &wanted in &self.unmatched {
            let value = &self.desired[wanted];
            // Scalars that are the same have the same digest.
            if !(value.is_object() || value.is_array()) {
                continue;
            }
            let holder = free
                .iter()
                .position(|&position| self.work.affords(1) && holds(value, &self.live[position]));
            if let Some(position) = holder.and_then(|at| free.remove(at)) {
                found.insert(wanted, position);
            }
        }
        self.settle(&found);
    }

    /// Matches elements by the fields that people tell them by.
    fn by_identity(&mut self, identity: &[String]) {
        let (work, hasher) = (self.work, RandomState::new());
        let hash = |value: &Value| {
            let keys: Vec<Option<&Value>> = identity.iter().map(|key| nested(value, key)).collect();
            if keys.iter().all(Option::is_none) || !work.affords(1 + keys.len()) {
                return None;
            }
            let mut state = hasher.build_hasher();
            for key in keys {
                key.is_some().hash(&mut state);
                key.inspect(|key| hash_scalar(key, &mut state));
            }
            Some(state.finish())
        };
        self.by_hash(hash, |desired, live| {
            !shared_identity(identity, desired, live).is_empty()
        });
    }

    /// Matches each element with the first free one of its hash, if they go together. An element without a hash has no
    /// counterpart.
    fn by_hash(
        &mut self,
        hash: impl Fn(&Value) -> Option<u64>,
        go_together: impl Fn(&Value, &Value) -> bool,
    ) {
        let mut free: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for &position in &self.free {
            if let Some(hash) = hash(&self.live[position]) {
                free.entry(hash).or_default().push_back(position);
            }
        }
        let found: HashMap<usize, usize> = self
            .unmatched
            .iter()
            .filter_map(|&wanted| {
                let alike = free.get_mut(&hash(&self.desired[wanted])?)?;
                let first = *alike.front()?;
                go_together(&self.desired[wanted], &self.live[first]).then(|| alike.pop_front())?;
                Some((wanted, first))
            })
            .collect();
        self.settle(&found);
    }

    /// Matches the rest in order.
    fn in_order(&mut self) {
        for (&wanted, &position) in self.unmatched.iter().zip(&self.free) {
            self.counterparts[wanted] = position;
        }
    }

    /// Notes the counterparts that were found.
    fn settle(&mut self, found: &HashMap<usize, usize>) {
        let taken: std::collections::HashSet<usize> = found.values().copied().collect();
        for (&wanted, &position) in found {
            self.counterparts[wanted] = position;
        }
        self.unmatched.retain(|wanted| !found.contains_key(wanted));
        self.free.retain(|position| !taken.contains(position));
    }
}

/// Digests of values in a canonical form, in which most values that hold each other are equal: without what the server
/// drops or fills in, and without the order of lists in which it means nothing.
///
/// A digest proposes a counterpart and decides nothing: the comparison has the last word.
struct Digests(RandomState);

impl Digests {
    /// The digest of a value.
    fn of(&self, value: &Value, shape: Option<Shape<'_>>) -> u64 {
        let mut hasher = self.0.build_hasher();
        match value {
            Value::Object(fields) => {
                let digests = fields
                    .iter()
                    .filter(|(key, value)| !value.is_null() && !is_directive(key))
                    .filter_map(|(key, value)| {
                        let inner = match shape.map_or(Field::Unknown, |shape| shape.field(key)) {
                            Field::Declared(inner) => Some(inner),
                            Field::Unknown => None,
                            Field::Undeclared => return None,
                        };
                        let is_default = inner
                            .and_then(Shape::default)
                            .is_some_and(|default| default == value);
                        (!is_default && !is_zero(value))
                            .then(|| self.0.hash_one((key, self.of(value, inner))))
                    });
                digests.fold(0, u64::wrapping_add).hash(&mut hasher);
            }
            Value::Array(items) => {
                let element = shape.and_then(Shape::element);
                let digests = items.iter().map(|item| self.of(item, element));
                let is_in_order =
                    shape.is_none_or(|shape| shape.list() == ListKind::Atomic && !shape.is_unordered());
                if is_in_order {
                    digests.for_each(|digest| digest.hash(&mut hasher));
                } else {
                    digests.fold(0, u64::wrapping_add).hash(&mut hasher);
                }
            }
            scalar => hash_as_stored(shape, scalar, &mut hasher),
        }
        hasher.finish()
    }
}

/// The fields that show that two elements of an unordered list are the same one; empty when nothing shows it.
pub(super) fn shared_identity<'k>(
    identity: &'k [String],
    desired: &'k Value,
    live: &Value,
) -> ElementKeys<'k> {
    let shared: Option<Vec<Option<(&str, &Value)>>> = identity
        .iter()
        .map(|key| match (nested(desired, key), nested(live, key)) {
            (None, None) => Some(None),
            (Some(desired), Some(live)) if scalars(None, desired, live) => {
                Some(Some((key.as_str(), desired)))
            }
            _ => None,
        })
        .collect();
    shared.unwrap_or_default().into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

    fn items(list: &Value) -> &[Value] {
        list.as_array().unwrap()
    }

    #[test]
    fn equal_elements_go_together_then_those_of_one_name_then_the_rest() {
        let counterparts = |desired: &Value, live: &Value| {
            match_elements(
                items(desired),
                items(live),
                &["of.name".to_owned()],
                None,
                &Work::of_steps(100_000),
                |desired, live| desired == live,
            )
        };
        let item = |name: &str, value: u8| json!({"of": {"name": name}, "value": value});
        let desired = json!([item("a", 1), item("b", 1), item("c", 1), item("d", 1)]);
        for (live, expected) in [
            (desired.clone(), [0, 1, 2, 3]),
            (
                json!([item("d", 1), item("c", 1), item("b", 1), item("a", 1)]),
                [3, 2, 1, 0],
            ),
            (
                json!([item("b", 2), item("a", 1), item("x", 1), item("c", 2)]),
                [1, 0, 3, 2],
            ),
        ] {
            assert_eq!(counterparts(&desired, &live), expected, "{live}");
        }
        assert_eq!(
            counterparts(&json!(["a", "a", "b"]), &json!(["b", "a", "a"])),
            [2, 1, 0]
        );
    }

    /// The steps of matching rules that came back in the opposite order, all of them changed.
    fn steps(count: usize, change: &str) -> u64 {
        let rules = |change: &str| -> Vec<Value> {
            (0..count)
                .map(|at| json!({"resources": [format!("r{at}{change}")], "verbs": ["get", "list"]}))
                .collect()
        };
        let desired = rules("");
        let mut live = rules(change);
        live.reverse();
        let work = Work::of_steps(u64::MAX);
        let shape = TypeTable::builtin()
            .kind("rbac.authorization.k8s.io/v1", "Role")
            .unwrap();
        let Field::Declared(list) = shape.field("rules") else {
            panic!()
        };
        let element = list.element();
        match_elements(
            &desired,
            &live,
            list.identity(),
            element,
            &work,
            |desired, live| work.affords(4) && desired == live,
        );
        work.taken()
    }

    #[test]
    fn the_work_grows_with_the_elements_and_not_with_their_square() {
        for change in ["", "x"] {
            for count in [400, 800, 1_600] {
                let (once, twice) = (steps(count, change), steps(2 * count, change));
                assert!(twice * 2 <= once * 5, "{count} {change}: {once}, {twice}");
            }
        }
    }

    /// Scalars that are the same have the same digest, however they are spelled.
    #[test]
    fn a_digest_knows_a_value_in_any_spelling() {
        let digests = Digests(RandomState::new());
        let pod = TypeTable::builtin().kind("v1", "Pod").unwrap();
        let steps = ["spec", "containers", "*"];
        let container = steps
            .into_iter()
            .fold(pod, |shape, step| match (step, shape.field(step)) {
                ("*", _) => shape.element().unwrap(),
                (_, Field::Declared(inner)) => inner,
                (step, other) => panic!("{step}: {other:?}"),
            });
        let same = |left: Value, right: Value| {
            digests.of(&left, Some(container)) == digests.of(&right, Some(container))
        };
        let limits = |cpu: Value| json!({"resources": {"limits": {"cpu": cpu}}});
        assert!(same(limits(json!("1000m")), limits(json!(1))));
        assert!(!same(limits(json!("1000m")), limits(json!(2))));
        assert!(same(
            json!({"image": "a", "tty": false}),
            json!({"image": "a", "command": null})
        ));
        assert!(same(
            json!({"env": [{"name": "A"}, {"name": "B"}]}),
            json!({"env": [{"name": "B"}, {"name": "A"}]})
        ));
        assert!(!same(json!({"args": ["a", "b"]}), json!({"args": ["b", "a"]})));
        let ports = |port: Value| json!({"ports": [port]});
        assert!(same(
            ports(json!({"containerPort": 80})),
            ports(json!({"containerPort": 80, "protocol": "TCP"}))
        ));
    }
}
