//! The notation of managed fields, `FieldsV1` (structured-merge-diff: `fieldpath/serialize-pe.go`).
//!
//! A set of fields is nested objects whose keys are `f:NAME` for a field, `k:{…}` for the element of a keyed list,
//! `v:…` for a member of a set, `i:N` for a position, and `.` for the value itself.

use serde_json::{Map, Value};

use super::path::Segment;

/// A set of fields, and what it names below each of them.
pub(super) type FieldSet = Map<String, Value>;

/// The meaning of one key of a set.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PathElement<'t> {
    /// The field of an object.
    Field(&'t str),
    /// The element of a keyed list that has these keys.
    Keys(Map<String, Value>),
    /// The member of a set.
    Member(Value),
}

impl<'t> PathElement<'t> {
    /// Reads a key; `None` for the value itself, for a position, and for a key that cannot be read.
    pub(super) fn parse(key: &'t str) -> Option<Self> {
        if let Some(name) = key.strip_prefix("f:") {
            Some(Self::Field(name))
        } else if let Some(keys) = key.strip_prefix("k:") {
            serde_json::from_str(keys).ok().map(Self::Keys)
        } else {
            let member = key.strip_prefix("v:")?;
            serde_json::from_str(member).ok().map(Self::Member)
        }
    }
}

/// Whether a set names the value itself, and not only values in it.
pub(super) fn names_itself(set: &FieldSet) -> bool {
    set.contains_key(".")
}

/// The set that a set names below one segment of a path.
pub(super) fn below<'s>(set: &'s FieldSet, segment: &Segment) -> Option<&'s FieldSet> {
    let found = match segment {
        Segment::Key(key) => set.get(&format!("f:{key}")),
        Segment::Index(index) => set.get(&format!("i:{index}")),
        Segment::Match(wanted) => find(set, |element| match element {
            PathElement::Keys(keys) => wanted
                .iter()
                .all(|(name, value)| keys.get(name).unwrap_or(&Value::Null) == value),
            PathElement::Field(_) | PathElement::Member(_) => false,
        }),
        Segment::Member(wanted) => find(set, |element| match element {
            PathElement::Member(member) => member == wanted,
            PathElement::Field(_) | PathElement::Keys(_) => false,
        }),
    };
    found?.as_object()
}

/// The set below the first key that is the one.
fn find(set: &FieldSet, is_it: impl Fn(&PathElement<'_>) -> bool) -> Option<&Value> {
    set.iter()
        .find(|(key, _)| PathElement::parse(key).is_some_and(|element| is_it(&element)))
        .map(|(_, below)| below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_keys_of_a_set() {
        let keys = json!({"containerPort": 80, "protocol": "TCP"});
        let Value::Object(keys) = keys else { unreachable!() };
        for (key, expected) in [
            ("f:spec", Some(PathElement::Field("spec"))),
            ("f:", Some(PathElement::Field(""))),
            (
                "k:{\"containerPort\":80,\"protocol\":\"TCP\"}",
                Some(PathElement::Keys(keys)),
            ),
            ("v:\"a/b\"", Some(PathElement::Member(json!("a/b")))),
            (".", None),
            ("i:3", None),
            ("k:[]", None),
            ("v:", None),
            ("x", None),
        ] {
            assert_eq!(PathElement::parse(key), expected, "{key}");
        }
    }
}
