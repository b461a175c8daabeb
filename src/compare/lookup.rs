//! Finding the same place in another version of an object.
//!
//! A path found while comparing desired with live is looked up in the previous and attempted revisions, whose
//! lists may be ordered differently, so elements are found by their keys.

use std::borrow::Cow;

use serde_json::Value;

use super::equal;
use super::path::{FieldPath, Segment, push_token};
use crate::types::{ExplicitZero, Field, Shape, is_zero};

/// The value at a path, where an object of this shape has one.
pub(crate) fn value_at<'v>(
    object: &'v Value,
    path: &FieldPath,
    shape: Option<Shape<'_>>,
) -> Option<&'v Value> {
    locate(object, path, shape)
        .map(|found| found.value)
        .filter(|value| !value.is_null())
}

/// Where an object of this shape has a value for a path, as an RFC 6901 pointer.
pub(crate) fn pointer_to(object: &Value, path: &FieldPath, shape: Option<Shape<'_>>) -> Option<String> {
    locate(object, path, shape).map(|found| found.pointer)
}

/// A value in an object, and the RFC 6901 pointer that leads to it there.
pub(super) struct Found<'v> {
    pub(super) pointer: String,
    pub(super) value: &'v Value,
}

/// The value at a path; `None` when the object does not have it.
pub(super) fn locate<'v>(root: &'v Value, path: &FieldPath, shape: Option<Shape<'_>>) -> Option<Found<'v>> {
    let mut found = Found {
        pointer: String::new(),
        value: root,
    };
    let mut shape = shape;
    for segment in path.segments() {
        let (token, value) = match segment {
            Segment::Key(key) => (Cow::Borrowed(key.as_str()), found.value.as_object()?.get(key)?),
            Segment::Index(index) => (
                Cow::Owned(index.to_string()),
                found.value.as_array()?.get(*index)?,
            ),
            // The last one, as in the comparison: duplicates of a key override each other in order.
            Segment::Match(keys) => {
                let element = shape.and_then(Shape::element);
                let items = found.value.as_array()?;
                let position = items.iter().rposition(|item| {
                    keys.iter()
                        .all(|(key, value)| equal::scalars(None, &key_value(item, key, element), value))
                })?;
                (Cow::Owned(position.to_string()), &items[position])
            }
            Segment::Member(member) => {
                let items = found.value.as_array()?;
                let position = items.iter().position(|item| equal::scalars(None, item, member))?;
                (Cow::Owned(position.to_string()), &items[position])
            }
        };
        found = Found {
            pointer: push_token(&found.pointer, &token),
            value,
        };
        shape = step(shape, segment);
    }
    Some(found)
}

/// The shape at a path.
pub(crate) fn shape_at<'a>(root: Option<Shape<'a>>, path: &FieldPath) -> Option<Shape<'a>> {
    path.segments().iter().fold(root, step)
}

/// The shape one step further.
pub(crate) fn step<'a>(shape: Option<Shape<'a>>, segment: &Segment) -> Option<Shape<'a>> {
    match segment {
        Segment::Key(key) => child(shape?, key),
        Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => shape?.element(),
    }
}

/// A field of an object; `resource.name` leads into the object in the field `resource`.
///
/// Merge keys never nest. What people tell the elements of an unordered list by does.
pub(super) fn nested<'v>(item: &'v Value, key: &str) -> Option<&'v Value> {
    item.get(key)
        .or_else(|| key.split('.').try_fold(item, |value, step| value.get(step)))
        .filter(|value| !value.is_null())
}

/// The value of one key of a list element: its own, else the default that the server fills in for nothing and for
/// zeros that Go cannot tell from nothing (`protocol: TCP`), else null.
pub(super) fn key_value<'v>(item: &'v Value, key: &str, element: Option<Shape<'_>>) -> Cow<'v, Value> {
    let own = nested(item, key);
    let shape = element.and_then(|shape| child(shape, key));
    let is_meant = |value: &&Value| {
        !is_zero(value)
            || shape.is_none_or(|shape| shape.default().is_none() || shape.zero() == ExplicitZero::Kept)
    };
    match (own.filter(is_meant), shape.and_then(Shape::default)) {
        (Some(value), _) => Cow::Borrowed(value),
        (None, Some(default)) => Cow::Owned(default.clone()),
        (None, None) => Cow::Owned(Value::Null),
    }
}

/// The shape of an object's field, where it is known.
pub(super) fn child<'a>(shape: Shape<'a>, key: &str) -> Option<Shape<'a>> {
    match shape.field(key) {
        Field::Declared(inner) => Some(inner),
        Field::Undeclared | Field::Unknown => None,
    }
}
