//! The places of a pattern in an object: `spec/containers/*/env/*` are all variables of all containers.

use serde_json::Value;

use super::place::{declared, segment};
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::types::Shape;

/// A value and where it is.
#[derive(Clone)]
pub(super) struct Found<'v> {
    pub(super) path: FieldPath,
    pub(super) value: &'v Value,
    pub(super) shape: Option<Shape<'v>>,
}

impl<'v> Found<'v> {
    /// The object itself.
    pub(super) fn root(value: &'v Value, shape: Option<Shape<'v>>) -> Self {
        Self {
            path: FieldPath::root(),
            value,
            shape,
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, field: &str) -> Option<&'v Value> {
        self.value.get(field).filter(|value| !value.is_null())
    }

    /// The text of a field.
    pub(super) fn text(&self, field: &str) -> Option<&'v str> {
        self.get(field)?.as_str()
    }

    /// The field as a place of its own.
    pub(super) fn field(&self, field: &str) -> Option<Self> {
        Some(Self {
            path: self.path.key(field),
            value: self.get(field)?,
            shape: self.shape.and_then(|shape| declared(shape, field)),
        })
    }

    /// The places of a pattern below this one. A star stands for each element of a list.
    pub(super) fn all(&self, pattern: &[&str], work: &Work) -> Vec<Self> {
        let mut places = vec![self.clone()];
        for step in pattern {
            let mut further = Vec::new();
            for place in places {
                if !work.affords(1) {
                    return Vec::new();
                }
                if *step == "*" {
                    further.extend(place.elements(work));
                } else {
                    further.extend(place.field(step));
                }
            }
            places = further;
        }
        places
    }

    /// The elements of a list.
    pub(super) fn elements(&self, work: &Work) -> Vec<Self> {
        let items = self.value.as_array().map_or(&[][..], Vec::as_slice);
        if !work.affords(items.len()) {
            return Vec::new();
        }
        let element = self.shape.and_then(Shape::element);
        let found = items.iter().enumerate().map(|(index, value)| Self {
            path: self.path.join(segment(self.shape, index, value)),
            value,
            shape: element,
        });
        found.collect()
    }
}
