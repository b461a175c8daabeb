//! The notation of managed fields, `FieldsV1` (structured-merge-diff: `fieldpath/serialize-pe.go`).
//!
//! A set of fields is nested objects whose keys are `f:NAME` for a field, `k:{…}` for the element of a keyed list,
//! `v:…` for a member of a set, `i:N` for a position, and `.` for the value itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::path::Segment;
use super::work::{Work, text_steps, value_steps};

/// With no more elements than this a set is searched: that is as fast.
const SEARCHED: usize = 8;

/// By how many sets of keys the elements of one list are indexed. Its type has one; with more of them all elements are
/// searched.
const INDEXES: usize = 4;

/// The places of elements, by the hashes of the values of their keys.
type Places = HashMap<u64, Vec<usize>>;

/// A set of fields, and what it names below each of them.
#[derive(Debug, Default)]
pub(crate) struct FieldSet {
    /// Whether it names the value itself, and not only values in it.
    names_itself: bool,
    /// Whether it names anything at all: the value itself or values in it.
    names_any: bool,
    /// What it names below the value, in the order of the keys' text.
    below: Vec<(Segment, FieldSet)>,
    /// The places of fields and positions in `below`, by their names.
    named: HashMap<Segment, usize>,
    /// The places of elements in `below`, by the values of these keys.
    by_keys: RefCell<Vec<(Vec<String>, Places)>>,
}

/// Reads a key as a step; `None` for the value itself, and for a key that cannot be read.
///
/// The keys of an element are in the order of their names, as [`key_of`] needs them.
fn parse(key: &str) -> Option<Segment> {
    let (kind, text) = key.split_once(':')?;
    match kind {
        "f" => Some(Segment::Key(text.to_owned())),
        "i" => text.parse().ok().map(Segment::Index),
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(text).ok()?;
            Some(Segment::Match(keys.into_iter().collect()))
        }
        "v" => serde_json::from_str(text).ok().map(Segment::Member),
        _ => None,
    }
}

impl FieldSet {
    /// Whether the set names the value itself, and not only values in it.
    pub(crate) const fn names_itself(&self) -> bool {
        self.names_itself
    }

    /// Whether it names nothing, not even the value itself.
    pub(super) const fn is_empty(&self) -> bool {
        !self.names_any
    }

    /// What the set names below the value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Segment, &Self)> {
        self.below.iter().map(|(element, below)| (element, below))
    }

    /// The set that this one names below one segment of a path.
    pub(super) fn below(&self, segment: &Segment, work: &Work) -> Option<&Self> {
        if !work.affords(1) {
            return None;
        }
        let costs = match segment {
            Segment::Key(key) => text_steps(key),
            Segment::Index(_) => 0,
            Segment::Member(member) => value_steps(member),
            Segment::Match(wanted) => return self.element(wanted, work),
        };
        if !work.affords(costs) {
            return None;
        }
        self.named.get(segment).map(|&at| &self.below[at].1)
    }

    /// The set below the first element with these keys. A key that an element does not name is null.
    fn element(&self, wanted: &[(String, Value)], work: &Work) -> Option<&Self> {
        let has_keys = |at: &usize| match &self.below[*at].0 {
            Segment::Match(keys) => wanted.iter().all(|(name, value)| key_of(keys, name) == value),
            Segment::Key(_) | Segment::Index(_) | Segment::Member(_) => false,
        };
        let all = self.below.len();
        let search = || {
            let costs = all.saturating_mul(wanted.len() + 1);
            work.affords(costs).then(|| (0..all).find(has_keys))?
        };
        let found = if all <= SEARCHED {
            search()
        } else {
            if !work.affords(wanted.iter().map(|(_, value)| value_steps(value)).sum()) {
                return None;
            }
            let mut indexes = self.by_keys.borrow_mut();
            let is_by = |names: &[String]| names.iter().eq(wanted.iter().map(|(name, _)| name));
            let known = indexes.iter().position(|(names, _)| is_by(names));
            let at = match known {
                Some(at) => Some(at),
                None if indexes.len() < INDEXES => {
                    let names: Vec<String> = wanted.iter().map(|(name, _)| name.clone()).collect();
                    let index = self.index(&names, work)?;
                    indexes.push((names, index));
                    Some(indexes.len() - 1)
                }
                None => None,
            };
            match at {
                Some(at) => {
                    let candidates = indexes[at]
                        .1
                        .get(&hash_of(wanted.iter().map(|(_, value)| value)))?;
                    candidates
                        .iter()
                        .copied()
                        .find(|at| work.affords(1) && has_keys(at))
                }
                None => search(),
            }
        };
        found.map(|at| &self.below[at].1)
    }

    /// The places of all elements, by the values of these keys.
    fn index(&self, names: &[String], work: &Work) -> Option<Places> {
        let mut index = Places::with_capacity(self.below.len());
        for (at, (element, _)) in self.below.iter().enumerate() {
            let Segment::Match(keys) = element else {
                continue;
            };
            let values = || names.iter().map(|name| key_of(keys, name));
            if !work.affords(1 + values().map(value_steps).sum::<usize>()) {
                return None;
            }
            index.entry(hash_of(values())).or_default().push(at);
        }
        Some(index)
    }
}

/// The value of one key of an element; null if it names none.
fn key_of<'k>(keys: &'k [(String, Value)], name: &str) -> &'k Value {
    static NULL: Value = Value::Null;
    let found = keys.binary_search_by(|(key, _)| key.as_str().cmp(name));
    found.map_or(&NULL, |at| &keys[at].1)
}

/// The hash of the values of some keys.
fn hash_of<'k>(values: impl Iterator<Item = &'k Value>) -> u64 {
    static HASHER: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    let mut hasher = HASHER.build_hasher();
    values.for_each(|value| value.hash(&mut hasher));
    hasher.finish()
}

impl<'de> Deserialize<'de> for FieldSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let MaybeSet(set) = deserializer.deserialize_any(SetVisitor)?;
        set.ok_or_else(|| serde::de::Error::custom("a set of fields is an object"))
    }
}

/// A value where a set of fields is expected; anything else than an object names nothing.
struct MaybeSet(Option<FieldSet>);

impl<'de> Deserialize<'de> for MaybeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SetVisitor)
    }
}

struct SetVisitor;

impl<'de> Visitor<'de> for SetVisitor {
    type Value = MaybeSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MaybeSet, A::Error> {
        let mut set = FieldSet::default();
        let mut below: Vec<(String, FieldSet)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            set.names_any = true;
            if key == "." {
                set.names_itself = true;
                map.next_value::<IgnoredAny>()?;
            } else if let MaybeSet(Some(inner)) = map.next_value()? {
                below.push((key, inner));
            }
        }
        below.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, inner) in below {
            let Some(element) = parse(&key) else {
                continue;
            };
            match &element {
                Segment::Match(_) => {}
                Segment::Key(_) | Segment::Index(_) | Segment::Member(_) => {
                    set.named.insert(element.clone(), set.below.len());
                }
            }
            set.below.push((element, inner));
        }
        Ok(MaybeSet(Some(set)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<MaybeSet, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(MaybeSet(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<MaybeSet, E> {
        Ok(MaybeSet(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<MaybeSet, E> {
        Ok(MaybeSet(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<MaybeSet, E> {
        Ok(MaybeSet(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<MaybeSet, E> {
        Ok(MaybeSet(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<MaybeSet, E> {
        Ok(MaybeSet(None))
    }

    fn visit_unit<E>(self) -> Result<MaybeSet, E> {
        Ok(MaybeSet(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_keys_of_a_set() {
        let keys = vec![
            ("containerPort".to_owned(), json!(80)),
            ("protocol".to_owned(), json!("TCP")),
        ];
        for (key, expected) in [
            ("f:spec", Some(Segment::Key("spec".to_owned()))),
            ("f:", Some(Segment::Key(String::new()))),
            ("f:a:b", Some(Segment::Key("a:b".to_owned()))),
            (
                "k:{\"protocol\":\"TCP\",\"containerPort\":80}",
                Some(Segment::Match(keys)),
            ),
            ("v:\"a/b\"", Some(Segment::Member(json!("a/b")))),
            ("i:3", Some(Segment::Index(3))),
            (".", None),
            ("i:x", None),
            ("k:[]", None),
            ("v:", None),
            ("x", None),
        ] {
            assert_eq!(parse(key), expected, "{key}");
        }
    }

    #[test]
    fn sets_name_themselves_and_what_is_below_them() {
        let set: FieldSet =
            serde_json::from_value(json!({".": {}, "f:b": {}, "f:a": {"f:c": {}}, "f:d": 1})).unwrap();
        assert!(set.names_itself() && !set.is_empty());
        let fields: Vec<_> = set
            .iter()
            .map(|(element, below)| (element.clone(), below.is_empty()))
            .collect();
        let field = |name: &str| Segment::Key(name.to_owned());
        assert_eq!(fields, [(field("a"), false), (field("b"), true)]);
        let only: FieldSet = serde_json::from_value(json!({".": {}})).unwrap();
        assert!(!only.is_empty() && only.iter().next().is_none());
        let unread: FieldSet = serde_json::from_value(json!({"f:d": 1})).unwrap();
        assert!(!unread.is_empty(), "it names something that cannot be read");
        for other in [json!([]), json!("a"), json!(null), json!(1)] {
            assert!(serde_json::from_value::<FieldSet>(other).is_err());
        }
    }

    /// Elements are found among many as among few, by all of their keys or by some.
    #[test]
    fn elements_are_found_by_their_keys() {
        for count in [4, 40] {
            let set: Map<String, Value> = (0..count)
                .map(|port| {
                    (
                        format!("k:{{\"port\":{port},\"protocol\":\"TCP\"}}"),
                        json!({"f:name": {}}),
                    )
                })
                .collect();
            let set: FieldSet = serde_json::from_value(Value::Object(set)).unwrap();
            let work = Work::of_steps(10_000);
            let finds = |keys: &[(&str, Value)]| {
                let keys = keys
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), value.clone()))
                    .collect();
                set.below(&Segment::Match(keys), &work).is_some()
            };
            assert!(finds(&[("port", json!(3)), ("protocol", json!("TCP"))]));
            assert!(finds(&[("port", json!(3))]) && finds(&[("port", json!(3)), ("host", json!(null))]));
            assert!(!finds(&[("port", json!(3)), ("protocol", json!("UDP"))]));
            assert!(!finds(&[("port", json!(77))]));
            for name in 0..10 {
                assert!(
                    !finds(&[(&format!("other{name}"), json!(3))]),
                    "beyond the number of indexes"
                );
            }
        }
    }

    /// Every difference in a list is looked up in the managed fields of every manager.
    #[test]
    fn the_work_of_lookups_grows_with_their_number() {
        let steps = |count: usize| {
            let set: Map<String, Value> = (0..count)
                .map(|at| (format!("k:{{\"name\":\"{at}\"}}"), json!({})))
                .collect();
            let set: FieldSet = serde_json::from_value(Value::Object(set)).unwrap();
            let work = Work::of_steps(u64::MAX);
            for at in 0..count {
                let keys = vec![("name".to_owned(), json!(at.to_string()))];
                assert!(set.below(&Segment::Match(keys), &work).is_some());
            }
            work.taken()
        };
        assert!(steps(4_000) * 2 <= steps(2_000) * 5);
    }
}
