//! Where the elements of long lists are, by their keys or by their values.
//!
//! Every difference is looked up in the other versions of its object, and managed fields name the elements of lists one
//! by one. A search of the list for each of them would take time by the square of its length.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, RandomState};
use std::hash::{BuildHasher as _, Hasher as _};

use serde_json::Value;

use super::equal::{hash_scalar, scalars};
use super::keyed::key_value;
use super::work::{Work, value_steps};
use crate::types::Shape;

/// A list with no more elements than this is searched: that is as fast.
const SEARCHED: usize = 8;

/// By how many sets of keys one list is indexed. Its type has one, and people know the elements by few others; with
/// more of them the list is searched.
const INDEXES: usize = 4;

/// The positions of elements, by hashes of their keys or values.
type Positions = HashMap<u64, Vec<usize>>;

/// The indexes of the lists of some objects, each made when it is first needed.
///
/// A list is known by where it is in memory. It is borrowed for as long as the indexes live, so that nothing else can be
/// there.
#[derive(Debug)]
pub struct ListIndexes<'v> {
    work: &'v Work,
    hasher: RandomState,
    lists: RefCell<HashMap<usize, Indexed<'v>>>,
}

/// The indexes of one list.
#[derive(Debug)]
struct Indexed<'v> {
    items: &'v [Value],
    by_keys: Vec<(Vec<String>, Positions)>,
    by_value: Option<Positions>,
}

impl<'v> ListIndexes<'v> {
    /// No indexes yet. To make and to use them takes from this work.
    pub fn new(work: &'v Work) -> Self {
        Self {
            work,
            hasher: RandomState::new(),
            lists: RefCell::default(),
        }
    }

    /// The work that lookups take from.
    pub(crate) const fn work(&self) -> &'v Work {
        self.work
    }

    /// The position of the element that has these keys; of several the last, which is the one that counts.
    pub(super) fn position_of(
        &self,
        items: &'v [Value],
        keys: &[(String, Value)],
        element: Option<Shape<'_>>,
    ) -> Option<usize> {
        self.nth_from_behind(0, items, keys, element)
    }

    /// Whether several elements have these keys, as far as there is work to tell.
    pub(super) fn is_shared(
        &self,
        items: &'v [Value],
        keys: &[(String, Value)],
        element: Option<Shape<'_>>,
    ) -> bool {
        self.nth_from_behind(1, items, keys, element).is_some()
    }

    /// The position of an element that has these keys, counted from the last of them.
    fn nth_from_behind(
        &self,
        number: usize,
        items: &'v [Value],
        keys: &[(String, Value)],
        element: Option<Shape<'_>>,
    ) -> Option<usize> {
        let has_keys = |position: &usize| {
            keys.iter()
                .all(|(key, value)| scalars(None, key_value(&items[*position], key, element), value))
        };
        let search = || {
            let costs = items.len().saturating_mul(keys.len() + 1);
            self.work
                .affords(costs)
                .then(|| (0..items.len()).rev().filter(has_keys).nth(number))?
        };
        if items.len() <= SEARCHED {
            return search();
        }
        if !self.work.affords(keys_cost(keys)) {
            return None;
        }
        let mut lists = self.lists.borrow_mut();
        let indexed = lists
            .entry(items.as_ptr().addr())
            .or_insert_with(|| Indexed::new(items));
        let is_by = |names: &[String]| names.iter().eq(keys.iter().map(|(key, _)| key));
        let known = indexed.by_keys.iter().position(|(names, _)| is_by(names));
        let at = match known {
            Some(at) => at,
            None if indexed.by_keys.len() < INDEXES => {
                let names: Vec<String> = keys.iter().map(|(key, _)| key.clone()).collect();
                let positions = self.index(indexed.items, |item, hasher| {
                    for name in &names {
                        hash_scalar(key_value(item, name, element), hasher);
                    }
                    names.len()
                })?;
                indexed.by_keys.push((names, positions));
                indexed.by_keys.len() - 1
            }
            None => return search(),
        };
        let mut hasher = self.hasher.build_hasher();
        for (_, value) in keys {
            hash_scalar(value, &mut hasher);
        }
        let found = indexed.by_keys[at].1.get(&hasher.finish())?;
        found
            .iter()
            .rev()
            .copied()
            .filter(|position| self.work.affords(1) && has_keys(position))
            .nth(number)
    }

    /// The position of the first element that is this member.
    pub(super) fn position_of_member(&self, items: &'v [Value], member: &Value) -> Option<usize> {
        let is_it = |position: &usize| scalars(None, &items[*position], member);
        if items.len() <= SEARCHED {
            return self
                .work
                .affords(items.len())
                .then(|| (0..items.len()).find(is_it))?;
        }
        if !self.work.affords_value(member) {
            return None;
        }
        let mut lists = self.lists.borrow_mut();
        let indexed = lists
            .entry(items.as_ptr().addr())
            .or_insert_with(|| Indexed::new(items));
        if indexed.by_value.is_none() {
            indexed.by_value = Some(self.index(indexed.items, |item, hasher| {
                hash_scalar(item, hasher);
                value_steps(item)
            })?);
        }
        let mut hasher = self.hasher.build_hasher();
        hash_scalar(member, &mut hasher);
        let found = indexed.by_value.as_ref()?.get(&hasher.finish())?;
        found
            .iter()
            .copied()
            .find(|position| self.work.affords(1) && is_it(position))
    }

    /// The positions of all elements by their hashes; `hash` also says how many steps it takes.
    fn index(
        &self,
        items: &[Value],
        hash: impl Fn(&Value, &mut DefaultHasher) -> usize,
    ) -> Option<Positions> {
        let mut positions = Positions::with_capacity(items.len());
        for (position, item) in items.iter().enumerate() {
            let mut hasher = self.hasher.build_hasher();
            let steps = hash(item, &mut hasher);
            if !self.work.affords(steps) {
                return None;
            }
            positions.entry(hasher.finish()).or_default().push(position);
        }
        Some(positions)
    }
}

impl<'v> Indexed<'v> {
    fn new(items: &'v [Value]) -> Self {
        Self {
            items,
            by_keys: Vec::new(),
            by_value: None,
        }
    }
}

/// The steps for hashing the values of keys.
fn keys_cost(keys: &[(String, Value)]) -> usize {
    1 + keys.iter().map(|(_, value)| value_steps(value)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A list long enough to be indexed finds what a search finds.
    #[test]
    fn an_index_finds_what_a_search_finds() {
        let list: Vec<Value> = (0..40)
            .map(|at| json!({"port": at % 10, "name": format!("p{}", at % 20), "at": at}))
            .chain([
                json!({"port": 3.0}),
                json!("text"),
                json!(null),
                json!({"port": null}),
            ])
            .collect();
        let work = Work::of_steps(1_000_000);
        let indexes = ListIndexes::new(&work);
        let keys = |keys: &Value| -> Vec<(String, Value)> {
            keys.as_object().unwrap().clone().into_iter().collect()
        };
        for (wanted, expected) in [
            (json!({"port": 3}), Some(40)),
            (json!({"port": 4}), Some(34)),
            (json!({"port": 4, "name": "p4"}), Some(24)),
            (json!({"port": 4, "name": "p5"}), None),
            (json!({"port": null}), Some(43)),
            (json!({"name": "p1"}), Some(21)),
            (json!({"at": 5}), Some(5)),
            (json!({"a": null}), Some(43)),
            (json!({"b": null}), Some(43)),
        ] {
            assert_eq!(
                indexes.position_of(&list, &keys(&wanted), None),
                expected,
                "{wanted}"
            );
            let few = &list[..SEARCHED];
            let found = indexes.position_of(few, &keys(&wanted), None);
            let by_search = few.iter().rposition(|item| {
                keys(&wanted)
                    .iter()
                    .all(|(key, value)| scalars(None, item.get(key).unwrap_or(&Value::Null), value))
            });
            assert_eq!(found, by_search, "{wanted}");
        }
        assert_eq!(indexes.position_of_member(&list, &json!("text")), Some(41));
        assert_eq!(indexes.position_of_member(&list, &json!("other")), None);
    }

    #[test]
    fn without_work_nothing_is_found() {
        let list: Vec<Value> = (0..40).map(|at| json!({ "port": at })).collect();
        let work = Work::of_steps(10);
        let indexes = ListIndexes::new(&work);
        assert_eq!(
            indexes.position_of(&list, &[("port".into(), json!(3))], None),
            None
        );
        assert!(work.is_spent());
    }
}
