//! The matching of elements of two lists.
//!
//! Two kinds of lists have elements that can be matched. A *keyed* list has elements with keys that are unique to the
//! API server (list type `map`, or a patch merge key); their order means nothing, and of several elements with the same
//! keys the last one counts, as in an environment. An *unordered* list is atomic to the API server, which takes its
//! elements for alternatives or sorts them ([`Shape::is_unordered`]): a change in one of them is reported of that
//! element, wherever it went.

use std::collections::HashMap;

use serde_json::Value;

use super::equal::scalars;
use super::path::Segment;
use super::shapes::child;
use crate::types::{ExplicitZero, Shape, is_zero};

/// With more elements than this that do not match at their own position the search would be slow, and position decides.
const MAX_UNMATCHED: usize = 256;

/// The value of a key that an element does not have.
static NULL: Value = Value::Null;

/// The fields that tell an element of a list from the others, with their values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct ElementKeys<'k>(Vec<(&'k str, &'k Value)>);

impl<'k> ElementKeys<'k> {
    /// The keys of an element of a keyed list.
    pub(super) fn of(item: &'k Value, keys: &'k [String], element: Option<Shape<'k>>) -> Self {
        keys.iter()
            .map(|key| (key.as_str(), key_value(item, key, element)))
            .collect()
    }

    /// The element's step in a path.
    pub(super) fn to_segment(&self) -> Segment {
        Segment::Match(
            self.0
                .iter()
                .map(|&(key, value)| (key.to_owned(), value.clone()))
                .collect(),
        )
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'k> FromIterator<(&'k str, &'k Value)> for ElementKeys<'k> {
    fn from_iter<I: IntoIterator<Item = (&'k str, &'k Value)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

/// The value of one key of an element: its own, else the default that the server fills in for nothing and for zeros
/// that Go cannot tell from nothing (`protocol: TCP`), else null.
fn key_value<'k>(item: &'k Value, key: &str, element: Option<Shape<'k>>) -> &'k Value {
    let own = nested(item, key);
    let shape = element.and_then(|shape| child(shape, key));
    let Some((shape, default)) = shape.and_then(|shape| Some((shape, shape.default()?))) else {
        return own.unwrap_or(&NULL);
    };
    own.filter(|value| !is_zero(value) || shape.zero() == ExplicitZero::Kept)
        .unwrap_or(default)
}

/// A field of an object; `resource.name` leads into the object in the field `resource`.
///
/// Merge keys never nest. What people tell the elements of an unordered list by does.
fn nested<'v>(item: &'v Value, key: &str) -> Option<&'v Value> {
    item.get(key)
        .or_else(|| key.split('.').try_fold(item, |value, step| value.get(step)))
        .filter(|value| !value.is_null())
}

/// The position of the element that has these keys; of several the last, which is the one that counts.
pub(super) fn position_of<'k>(
    items: &[Value],
    keys: &(impl Iterator<Item = (&'k String, &'k Value)> + Clone),
    element: Option<Shape<'_>>,
) -> Option<usize> {
    items.iter().rposition(|item| {
        keys.clone()
            .all(|(key, value)| scalars(None, key_value(item, key, element), value))
    })
}

/// The elements of two keyed lists that share their keys, by their positions.
pub(super) struct SameKeys<'k> {
    /// The keys.
    pub(super) keys: ElementKeys<'k>,
    /// The positions in the left list; never empty.
    pub(super) left: Vec<usize>,
    /// The positions in the right list.
    pub(super) right: Vec<usize>,
}

/// Puts the elements of a keyed list together with those of another that have the same keys, in the order in which
/// the keys come in the left list.
pub(super) fn same_keys<'k>(
    left: &'k [Value],
    right: &'k [Value],
    keys: &'k [String],
    element: Option<Shape<'k>>,
) -> Vec<SameKeys<'k>> {
    let mut groups: Vec<SameKeys<'k>> = Vec::with_capacity(left.len());
    let mut group_of: HashMap<ElementKeys<'k>, usize> = HashMap::with_capacity(left.len());
    for (position, item) in left.iter().enumerate() {
        let keys = ElementKeys::of(item, keys, element);
        let group = *group_of.entry(keys).or_insert_with_key(|keys| {
            groups.push(SameKeys {
                keys: keys.clone(),
                left: Vec::new(),
                right: Vec::new(),
            });
            groups.len() - 1
        });
        groups[group].left.push(position);
    }
    for (position, item) in right.iter().enumerate() {
        if let Some(&group) = group_of.get(&ElementKeys::of(item, keys, element)) {
            groups[group].right.push(position);
        }
    }
    groups
}

/// How desired elements that share their keys are found in the live list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyedMatch {
    /// No live element has these keys.
    Missing,
    /// The element at this position stands for all of them: of elements with the same keys the last one counts.
    Last(usize),
    /// The server kept several elements with these keys apart (`ports` with one number and two names), and every
    /// desired one is among them.
    AllPresent {
        /// The position of one that was not desired. Managed fields cannot name one of two elements with the same
        /// keys, so that the comparison reports it.
        extra: Option<usize>,
    },
}

/// Finds desired elements that share their keys in the live list. `holds` says whether a live element has everything
/// that a desired one asks for.
pub(super) fn match_keyed(
    group: &SameKeys<'_>,
    desired: &[Value],
    live: &[Value],
    holds: impl Fn(&Value, &Value) -> bool,
) -> KeyedMatch {
    let holds = |left: usize, right: usize| holds(&desired[left], &live[right]);
    match group.right[..] {
        [] => KeyedMatch::Missing,
        [only] => KeyedMatch::Last(only),
        [.., last] => {
            let is_present = |left: &usize| group.right.iter().any(|&right| holds(*left, right));
            if !group.left.iter().all(is_present) {
                return KeyedMatch::Last(last);
            }
            let is_extra = |right: &usize| !group.left.iter().any(|&left| holds(left, *right));
            let extra = if group.right.len() > group.left.len() {
                group.right.iter().copied().rfind(is_extra)
            } else {
                None
            };
            KeyedMatch::AllPresent { extra }
        }
    }
}

/// Whether a desired and a live element go together.
type Criterion<'a> = &'a dyn Fn(&Value, &Value) -> bool;

/// For each desired element of an unordered list the position of its counterpart in a live list of the same length,
/// no position twice.
///
/// An element goes with one that `holds` all of it, else with one of the same `identity`, else with what is left,
/// in order.
pub(super) fn match_elements(
    desired: &[Value],
    live: &[Value],
    identity: &[String],
    holds: impl Fn(&Value, &Value) -> bool,
) -> Vec<usize> {
    let mut unmatched: Vec<usize> = (0..desired.len().min(live.len()))
        .filter(|&position| !holds(&desired[position], &live[position]))
        .collect();
    let mut counterparts: Vec<usize> = (0..desired.len()).collect();
    if unmatched.len() > MAX_UNMATCHED {
        return counterparts;
    }
    let mut free = unmatched.clone();
    let are_same = |desired: &Value, live: &Value| !shared_identity(identity, desired, live).is_empty();
    let criteria: [Criterion<'_>; 3] = [&holds, &are_same, &|_, _| true];
    for go_together in criteria {
        unmatched.retain(|&element| {
            let counterpart = free
                .iter()
                .position(|&position| go_together(&desired[element], &live[position]));
            if let Some(at) = counterpart {
                counterparts[element] = free.remove(at);
            }
            counterpart.is_none()
        });
    }
    counterparts
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

    /// The shape of a container's `ports`.
    fn ports() -> Shape<'static> {
        let steps = ["spec", "containers", "*", "ports"];
        steps.into_iter().fold(
            TypeTable::builtin().kind("v1", "Pod").unwrap(),
            |shape, step| match step {
                "*" => shape.element().unwrap(),
                key => child(shape, key).unwrap(),
            },
        )
    }

    #[test]
    fn keys_have_the_default_that_the_server_fills_in() {
        let keys = ["containerPort".to_owned(), "protocol".to_owned()];
        for (protocol, expected) in [
            (json!("UDP"), "UDP"),
            (json!("TCP"), "TCP"),
            (json!(""), "TCP"),
            (Value::Null, "TCP"),
        ] {
            let port = json!({"containerPort": 80, "protocol": protocol});
            let found = ElementKeys::of(&port, &keys, ports().element()).to_segment();
            let expected = vec![
                ("containerPort".to_owned(), json!(80)),
                ("protocol".to_owned(), json!(expected)),
            ];
            assert_eq!(found, Segment::Match(expected), "{port}");
        }
        // Where no type is known there is no default, and an empty text is a value.
        let port = json!({"protocol": ""});
        assert_eq!(
            ElementKeys::of(&port, &keys, None).to_segment(),
            Segment::Match(vec![
                ("containerPort".to_owned(), Value::Null),
                ("protocol".to_owned(), json!("")),
            ])
        );
    }

    /// Desired and live elements of one key → how they match. Equal texts hold each other.
    #[test]
    fn elements_that_share_their_keys_are_matched_by_their_values() {
        use KeyedMatch::{AllPresent, Last, Missing};
        let element = |value: &&str| json!({"name": "A", "value": value});
        let keys = ["name".to_owned()];
        for (desired, live, expected) in [
            (&["1"][..], &[][..], Missing),
            (&["1"], &["1"], Last(0)),
            (&["1"], &["2"], Last(0)),
            (&["1", "2"], &["1"], Last(0)),
            (&["1"], &["2", "3"], Last(1)),
            (&["1", "2"], &["1", "3"], Last(1)),
            (&["1", "2"], &["2", "1"], AllPresent { extra: None }),
            (&["1"], &["1", "1"], AllPresent { extra: None }),
            (&["1"], &["1", "2"], AllPresent { extra: Some(1) }),
            (&["1"], &["2", "3", "1"], AllPresent { extra: Some(1) }),
            // As many as were desired: none of them is one too many.
            (&["1", "1"], &["1", "2"], AllPresent { extra: None }),
        ] {
            let desired: Vec<Value> = desired.iter().map(element).collect();
            let live: Vec<Value> = live.iter().map(element).collect();
            let groups = same_keys(&desired, &live, &keys, None);
            assert_eq!(groups.len(), 1);
            let found = match_keyed(&groups[0], &desired, &live, |desired, live| desired == live);
            assert_eq!(found, expected, "{desired:?} {live:?}");
        }
    }

    #[test]
    fn elements_of_two_lists_are_put_together_by_their_keys() {
        let left = json!([{"a": 1}, {"a": 2}, {"b": 1}, {"a": 1, "c": 3}]);
        let right = json!([{"a": 4}, {"a": 2}, {"a": 1}, {"a": 2}]);
        let keys = ["a".to_owned()];
        let found: Vec<(String, Vec<usize>, Vec<usize>)> =
            same_keys(items(&left), items(&right), &keys, None)
                .into_iter()
                .map(|same| (same.keys.0[0].1.to_string(), same.left, same.right))
                .collect();
        assert_eq!(
            found,
            [
                ("1".to_owned(), vec![0, 3], vec![2]),
                ("2".to_owned(), vec![1], vec![1, 3]),
                ("null".to_owned(), vec![2], vec![]),
            ]
        );
    }

    #[test]
    fn the_last_element_with_the_keys_is_found() {
        let list =
            json!([{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}, {"containerPort": 81}]);
        let position = |keys: Value| {
            let keys = keys.as_object().unwrap();
            position_of(items(&list), &keys.iter(), ports().element())
        };
        assert_eq!(position(json!({"containerPort": 80, "protocol": "TCP"})), Some(1));
        assert_eq!(position(json!({"containerPort": 80, "protocol": "UDP"})), None);
        assert_eq!(position(json!({"containerPort": 81, "protocol": "TCP"})), Some(2));
    }

    #[test]
    fn equal_elements_go_together_then_those_of_one_name_then_the_rest() {
        let counterparts = |desired: &Value, live: &Value| {
            match_elements(
                items(desired),
                items(live),
                &["of.name".to_owned()],
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
}
