//! What a manifest's value asks for at its place.
//!
//! The API server decodes a manifest into Go types, in which a null, and the zero of a field that is no pointer, are the
//! same as nothing (Go: `encoding/json`, `omitempty`). Such a value asks for nothing, whatever the server or a webhook
//! then fills in: what lives there is judged as where the manifest is silent, by its writer.

use serde_json::Value;

use super::fields_v1::FieldSet;
use super::keyed::ElementKeys;
use super::managed_fields::{Entry, is_atomic_at, owns_objects_whole};
use super::path::{FieldPath, Segment};
use super::quantity::Quantity;
use super::shapes::{child, step};
use super::work::Work;
use crate::types::{ExplicitZero, ListKind, Shape, ValueKind, is_zero};

/// Whether a manifest's value asks for nothing at a place of this shape. A quantity that is no pointer is written as `"0"`
/// (apimachinery: `pkg/api/resource/quantity.go`, `MarshalJSON`).
pub(crate) fn is_silent(shape: Option<Shape<'_>>, desired: &Value) -> bool {
    if desired.is_null() {
        return true;
    }
    shape.is_some_and(|shape| {
        let is_zero_quantity = || {
            shape.value() == ValueKind::Quantity
                && Quantity::from_value(desired).is_some_and(|quantity| quantity.nanos() == 0)
        };
        shape.zero() == ExplicitZero::Dropped && (is_zero(desired) || is_zero_quantity())
    })
}

/// Whether the manager still owns something that a manifest asks for at a path where nothing lives.
///
/// What somebody removes is taken from the sets of all managers, but for the nulls in it: they never lived, so that
/// their removal is none (structured-merge-diff: `merge/update.go`, `Update`, and `typed/tofieldset.go`). A set that
/// names no more than these tells of a removal. One that names the value tells of a server that dropped it.
pub(crate) fn still_owns(
    entry: &Entry<'_>,
    path: &FieldPath,
    desired: &Value,
    shape: Option<Shape<'_>>,
    work: &Work,
) -> bool {
    let mut node = entry.fields();
    let mut shape = shape;
    if node.is_empty() {
        return false;
    }
    for segment in path.segments() {
        if node.is_empty() {
            return is_atomic_at(shape, segment);
        }
        match node.below(segment, work) {
            Some(next) => node = next,
            None => return false,
        }
        shape = step(shape, segment);
    }
    match path.segments().last() {
        // The element of a keyed list is its own member of the set.
        Some(Segment::Match(_)) => node.names_itself() || node.is_empty(),
        Some(Segment::Key(_) | Segment::Index(_) | Segment::Member(_)) | None => {
            names_asked(node, shape, desired, work)
        }
    }
}

/// Whether a set names something that the manifest's value asks for.
fn names_asked(node: &FieldSet, shape: Option<Shape<'_>>, desired: &Value, work: &Work) -> bool {
    if !work.affords_value(desired) || desired.is_null() {
        return false;
    }
    match desired {
        Value::Object(fields) if !fields.is_empty() => {
            if node.is_empty() {
                return shape.is_some_and(owns_objects_whole);
            }
            fields.iter().any(|(key, value)| {
                let below = node.below(&Segment::Key(key.clone()), work);
                let shape = shape.and_then(|shape| child(shape, key));
                below.is_some_and(|below| names_asked(below, shape, value, work))
            })
        }
        Value::Array(items) if !items.is_empty() => {
            let element = shape.and_then(Shape::element);
            let names = |segment: Segment| node.below(&segment, work).is_some();
            match shape.map_or(ListKind::Atomic, Shape::list) {
                ListKind::Atomic => true,
                ListKind::Set => items.iter().any(|item| names(Segment::Member(item.clone()))),
                ListKind::Map(keys) => items.iter().any(|item| {
                    let keys = ElementKeys::of(item, keys, element).to_segment();
                    node.below(&keys, work)
                        .is_some_and(|below| below.names_itself() || below.is_empty())
                }),
            }
        }
        Value::Null => false,
        Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}
