//! The matching of elements of two lists.
//!
//! Two kinds of lists have elements that can be matched. A *keyed* list has elements with keys that are unique to the
//! API server (list type `map`, or a patch merge key); their order mostly means nothing (`order`), and several elements
//! may have the same keys (`one_key`). An *unordered* list is atomic to the API server, which takes its elements for
//! alternatives or sorts them ([`Shape::is_unordered`]): a change in one of them is reported of that element, wherever
//! it went.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::path::Segment;
use super::shapes::child;
use super::work::{Work, value_steps};
use crate::types::{ExplicitZero, ListKind, Shape, is_zero};

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
pub(super) fn key_value<'k>(item: &'k Value, key: &str, element: Option<Shape<'k>>) -> &'k Value {
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
pub(super) fn nested<'v>(item: &'v Value, key: &str) -> Option<&'v Value> {
    item.get(key)
        .or_else(|| key.split('.').try_fold(item, |value, step| value.get(step)))
        .filter(|value| !value.is_null())
}

/// The fields that tell the elements of most lists apart.
const USUAL_KEYS: [&str; 4] = ["name", "mountPath", "containerPort", "port"];

/// An element that two lists have, or one of them: its step in a path, and what it is in each.
type Pair<'v> = (Segment, Option<&'v Value>, Option<&'v Value>);

/// The elements of two lists, by their keys: those of the type of the list, where it has some; else the first of the usual
/// ones that all elements of both lists have, each with another value. `None` where nothing tells them apart.
pub(crate) fn elements_by_keys<'v>(
    one: &'v [Value],
    other: &'v [Value],
    shape: Option<Shape<'_>>,
) -> Option<Vec<Pair<'v>>> {
    let element = shape.and_then(Shape::element);
    let of_type = match shape.map(Shape::list) {
        Some(ListKind::Map(keys)) => pairs(one, other, keys, element),
        Some(ListKind::Set | ListKind::Atomic) | None => None,
    };
    of_type.or_else(|| {
        let mut usual = USUAL_KEYS.iter();
        usual.find_map(|key| pairs(one, other, &[(*key).to_owned()], element))
    })
}

/// The elements of two lists by these keys; `None` where the keys do not tell those of a list apart.
fn pairs<'v>(
    one: &'v [Value],
    other: &'v [Value],
    keys: &[String],
    element: Option<Shape<'_>>,
) -> Option<Vec<Pair<'v>>> {
    let (one, other) = (by_keys(one, keys, element)?, by_keys(other, keys, element)?);
    let here = one
        .iter()
        .map(|(keys, before)| (keys.to_segment(), Some(*before), other.get(keys).copied()));
    let new = other.iter().filter(|(keys, _)| !one.contains_key(keys));
    let new = new.map(|(keys, after)| (keys.to_segment(), None, Some(*after)));
    Some(here.chain(new).collect())
}

/// The elements of a list by their keys; `None` where two have the same, or one has none.
fn by_keys<'k, 'v: 'k>(
    items: &'v [Value],
    keys: &'k [String],
    element: Option<Shape<'k>>,
) -> Option<HashMap<ElementKeys<'k>, &'v Value>> {
    let mut found = HashMap::with_capacity(items.len());
    for item in items {
        let keys = ElementKeys::of(item, keys, element);
        let has_none = keys.0.iter().all(|(_, value)| value.is_null());
        if has_none || found.insert(keys, item).is_some() {
            return None;
        }
    }
    Some(found)
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
    work: &Work,
) -> Vec<SameKeys<'k>> {
    let costs = |item: &Value| {
        let values = keys.iter().map(|key| key_value(item, key, element));
        1 + values.map(value_steps).sum::<usize>()
    };
    let mut groups: Vec<SameKeys<'k>> = Vec::with_capacity(left.len());
    let mut group_of: HashMap<ElementKeys<'k>, usize> = HashMap::with_capacity(left.len());
    for (position, item) in left.iter().enumerate() {
        if !work.affords(costs(item)) {
            return groups;
        }
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
        if !work.affords(costs(item)) {
            return groups;
        }
        if let Some(&group) = group_of.get(&ElementKeys::of(item, keys, element)) {
            groups[group].right.push(position);
        }
    }
    groups
}

/// The members of a set that another one does not have; none without the work for it.
pub(super) fn members_without<'v>(set: &'v [Value], other: &[Value], work: &Work) -> Vec<&'v Value> {
    let costs = set.iter().chain(other).map(steps_of).sum();
    if !work.affords(costs) {
        return Vec::new();
    }
    let others: HashSet<&Value> = other.iter().collect();
    set.iter().filter(|member| !others.contains(member)).collect()
}

/// The steps for looking at a whole value.
pub(super) fn steps_of(value: &Value) -> usize {
    let inside: usize = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => items.iter().map(steps_of).sum(),
        Value::Object(fields) => fields.values().map(steps_of).sum(),
    };
    value_steps(value) + inside
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

    #[test]
    fn elements_of_two_lists_are_put_together_by_their_keys() {
        let left = json!([{"a": 1}, {"a": 2}, {"b": 1}, {"a": 1, "c": 3}]);
        let right = json!([{"a": 4}, {"a": 2}, {"a": 1}, {"a": 2}]);
        let keys = ["a".to_owned()];
        let found: Vec<(String, Vec<usize>, Vec<usize>)> =
            same_keys(items(&left), items(&right), &keys, None, &Work::of_steps(10_000))
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
}
