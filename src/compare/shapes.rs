//! Lookup of the type facts at a place inside an object.

use super::path::{FieldPath, Segment};
use crate::manifest::desired::StatusField;
use crate::types::{Field, Shape};

/// The shape at a path below a root's.
pub(crate) fn shape_at<'a>(root: Option<Shape<'a>>, path: &FieldPath) -> Option<Shape<'a>> {
    path.segments().iter().fold(root, step)
}

/// The shape one segment further.
pub(crate) fn step<'a>(shape: Option<Shape<'a>>, segment: &Segment) -> Option<Shape<'a>> {
    match segment {
        Segment::Key(key) => child(shape?, key),
        Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => shape?.element(),
    }
}

/// The shape of an object's field, where it is known.
pub(super) fn child<'a>(shape: Shape<'a>, key: &str) -> Option<Shape<'a>> {
    match shape.field(key) {
        Field::Declared(inner) => Some(inner),
        Field::Undeclared | Field::Unknown => None,
    }
}

/// What the status of an object of this shape is. Where no type is known it is apart, as in nearly all kinds.
pub(crate) fn status_field(root: Option<Shape<'_>>) -> StatusField {
    if root.is_some_and(Shape::status_is_data) {
        StatusField::Data
    } else {
        StatusField::Apart
    }
}
