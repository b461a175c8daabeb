//! Lookup of the same place in another version of an object.
//!
//! A path found while comparing desired with live is looked up in the previous and attempted revisions, whose
//! lists may be ordered differently, so elements are found by their keys.

use std::borrow::Cow;

use serde_json::Value;

use super::equal;
use super::keyed;
use super::path::{FieldPath, Segment, push_token};
use super::shapes::step;
use crate::types::Shape;

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
pub(super) struct Located<'v> {
    pub(super) pointer: String,
    pub(super) value: &'v Value,
}

/// The value at a path; `None` when the object does not have it.
pub(super) fn locate<'v>(root: &'v Value, path: &FieldPath, shape: Option<Shape<'_>>) -> Option<Located<'v>> {
    let mut found = Located {
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
            Segment::Match(keys) => {
                let items = found.value.as_array()?;
                let keys = keys.iter().map(|(key, value)| (key, value));
                let position = keyed::position_of(items, &keys, shape.and_then(Shape::element))?;
                (Cow::Owned(position.to_string()), &items[position])
            }
            Segment::Member(member) => {
                let items = found.value.as_array()?;
                let position = items.iter().position(|item| equal::scalars(None, item, member))?;
                (Cow::Owned(position.to_string()), &items[position])
            }
        };
        found = Located {
            pointer: push_token(&found.pointer, &token),
            value,
        };
        shape = step(shape, segment);
    }
    Some(found)
}
