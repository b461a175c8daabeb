//! Lookup of the same place in another version of an object.
//!
//! A path found while comparing desired with live is looked up in the previous and attempted revisions, whose
//! lists may be ordered differently, so elements are found by their keys.

use serde_json::Value;

use super::list_index::ListIndexes;
use super::path::{FieldPath, Segment, push_token};
use super::shapes::step;
use super::work::text_steps;
use crate::types::Shape;

/// The value at a path, where an object of this shape has one.
pub(crate) fn value_at<'v>(
    object: &'v Value,
    path: &FieldPath,
    shape: Option<Shape<'_>>,
    lists: &ListIndexes<'v>,
) -> Option<&'v Value> {
    let mut places = places(object, path.segments(), shape, lists);
    let last = places.by_ref().last().map_or(object, |place| place.value);
    (places.is_complete() && !last.is_null()).then_some(last)
}

/// Whether the path leads to several places of an object, because elements share their keys.
pub(crate) fn is_ambiguous<'v>(
    object: &'v Value,
    path: &FieldPath,
    shape: Option<Shape<'_>>,
    lists: &ListIndexes<'v>,
) -> bool {
    let mut places = places(object, path.segments(), shape, lists);
    loop {
        if let (Some(Segment::Match(keys)), Some(items)) = (places.left.first(), places.value.as_array()) {
            let element = places.shape.and_then(Shape::element);
            if lists.is_shared(items, keys, element) {
                return true;
            }
        }
        if places.next().is_none() {
            return false;
        }
    }
}

/// Where an object of this shape has a value for a path, as an RFC 6901 pointer.
pub(crate) fn pointer_to<'v>(
    object: &'v Value,
    path: &FieldPath,
    shape: Option<Shape<'_>>,
    lists: &ListIndexes<'v>,
) -> Option<String> {
    locate(object, path, shape, lists).map(|found| found.pointer)
}

/// A value in an object, and the RFC 6901 pointer that leads to it there.
pub(super) struct Located<'v> {
    pub(super) pointer: String,
    pub(super) value: &'v Value,
}

/// The value at a path; `None` when the object does not have it.
pub(super) fn locate<'v>(
    root: &'v Value,
    path: &FieldPath,
    shape: Option<Shape<'_>>,
    lists: &ListIndexes<'v>,
) -> Option<Located<'v>> {
    let mut found = Located {
        pointer: String::new(),
        value: root,
    };
    let mut places = places(root, path.segments(), shape, lists);
    for place in places.by_ref() {
        match place.token {
            Token::Key(key) => push_token(&mut found.pointer, key),
            Token::Position(position) => push_token(&mut found.pointer, &position.to_string()),
        }
        found.value = place.value;
    }
    places.is_complete().then_some(found)
}

/// A step of the way to a path in one object.
struct Place<'v, 'p> {
    token: Token<'p>,
    value: &'v Value,
}

/// A step of a pointer.
enum Token<'p> {
    Key(&'p str),
    Position(usize),
}

/// The steps to a path, as far as the object has them.
struct Places<'v, 'p, 's, 'l> {
    value: &'v Value,
    left: &'p [Segment],
    shape: Option<Shape<'s>>,
    lists: &'l ListIndexes<'v>,
}

fn places<'v, 'p, 's, 'l>(
    root: &'v Value,
    path: &'p [Segment],
    shape: Option<Shape<'s>>,
    lists: &'l ListIndexes<'v>,
) -> Places<'v, 'p, 's, 'l> {
    Places {
        value: root,
        left: path,
        shape,
        lists,
    }
}

impl Places<'_, '_, '_, '_> {
    /// Whether the object has every step.
    const fn is_complete(&self) -> bool {
        self.left.is_empty()
    }
}

impl<'v, 'p> Iterator for Places<'v, 'p, '_, '_> {
    type Item = Place<'v, 'p>;

    fn next(&mut self) -> Option<Self::Item> {
        let (segment, left) = self.left.split_first()?;
        let element = || self.shape.and_then(Shape::element);
        let (token, value) = match segment {
            Segment::Key(key) => {
                if !self.lists.work().affords(1 + text_steps(key)) {
                    return None;
                }
                (Token::Key(key), self.value.as_object()?.get(key)?)
            }
            Segment::Index(index) => (Token::Position(*index), self.value.as_array()?.get(*index)?),
            Segment::Match(keys) => {
                let items = self.value.as_array()?;
                let position = self.lists.position_of(items, keys, element())?;
                (Token::Position(position), items.get(position)?)
            }
            Segment::Member(member) => {
                let items = self.value.as_array()?;
                let position = self.lists.position_of_member(items, member)?;
                (Token::Position(position), items.get(position)?)
            }
        };
        self.value = value;
        self.left = left;
        self.shape = step(self.shape, segment);
        Some(Place { token, value })
    }
}
