//! Lookup of one of several elements with the same keys in another version of an object.
//!
//! A path names all of them alike, so that only their values tell which of them one version's is in another.

use serde_json::Value;

use super::diff::{Difference, is_satisfied_by};
use super::keyed::ElementKeys;
use super::list_index::ListIndexes;
use super::lookup::value_at;
use super::path::{FieldPath, Segment};
use super::shapes::shape_at;
use crate::types::Shape;

/// The element of a version that stands for a difference in one of several elements with the same keys: the
/// baseline's, if the version has it, else one that lives, else the one that counts.
pub(super) fn likest_element<'v>(
    object: &'v Value,
    difference: &Difference<'_>,
    shape: Option<Shape<'_>>,
    lists: &ListIndexes<'v>,
) -> Option<&'v Value> {
    let (element_keys, outer) = difference.path.segments().split_last()?;
    let Segment::Match(keys) = element_keys else {
        return None;
    };
    let outer: FieldPath = outer.iter().cloned().collect();
    let items = value_at(object, &outer, shape, lists)?.as_array()?;
    let element = shape_at(shape, &difference.path);
    let work = lists.work();
    let names: Vec<String> = keys.iter().map(|(key, _)| key.clone()).collect();
    let wanted = ElementKeys::of(difference.desired, &names, element);
    let alike = || {
        items
            .iter()
            .filter(|item| work.affords(1) && ElementKeys::of(item, &names, element) == wanted)
    };
    let is = |item: &Value, other: &Value| is_satisfied_by(item, Some(other), element, work);
    alike()
        .find(|item| is(item, difference.desired) && is(difference.desired, item))
        .or_else(|| {
            let live = difference.live?;
            alike().find(|item| is(item, live))
        })
        .or_else(|| alike().last())
}
