//! Lists that the API server knows as one value.
//!
//! Their elements are compared in order, unless the order means nothing. If both lists have the same number of
//! structures, these are compared one by one, so that a finding names the field. Nobody can add to a structure in such
//! a list without replacing the list, so an extra field that the server does not fill in is a change of the innermost
//! structure that holds it.

use serde_json::Value;

use super::{ComparedList, Comparison, DifferenceKind, ExtraFields, holds};
use crate::compare::equal;
use crate::compare::pairing::{match_elements, shared_identity};
use crate::compare::trail::Trail;
use crate::types::Shape;

impl<'v> Comparison<'v, '_> {
    /// Compares two such lists.
    pub(super) fn atomic(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: ComparedList<'v>,
        live: ComparedList<'v>,
    ) {
        if desired.items.len() != live.items.len() {
            self.record(trail, desired.whole, Some(live.whole), DifferenceKind::OtherValue);
            return;
        }
        let element = shape.and_then(Shape::element);
        let work = self.work;
        let is_held = |desired: &Value, live: &Value| {
            if is_structure(desired) {
                holds(
                    &Trail::Root,
                    desired,
                    Some(live),
                    element,
                    ExtraFields::Significant,
                    work,
                )
            } else if !work.affords_value(desired) {
                false
            } else {
                // No element is optional, not even a zero.
                desired == live || equal::scalars(element, desired, live)
            }
        };
        let unordered = shape.filter(|shape| shape.is_unordered());
        let identity = unordered.map_or(&[][..], Shape::identity);
        let positions: Vec<usize> = match unordered {
            Some(_) => match_elements(desired.items, live.items, identity, element, work, is_held),
            None => (0..live.items.len()).collect(),
        };
        let mut pairs = desired.items.iter().zip(&positions);
        if !desired.items.iter().all(is_structure) {
            if !pairs.all(|(desired, &position)| is_held(desired, &live.items[position])) {
                self.record(trail, desired.whole, Some(live.whole), DifferenceKind::OtherValue);
            }
            return;
        }
        for (desired, &position) in pairs {
            let found = &live.items[position];
            let keys = shared_identity(identity, desired, found);
            let trail = if keys.is_empty() {
                Trail::Index(trail, position)
            } else {
                Trail::Match(trail, &keys, Some(position))
            };
            self.value(&trail, element, desired, Some(found), ExtraFields::Significant);
        }
    }
}

/// Whether a difference inside the element can be named by its own path.
fn is_structure(item: &Value) -> bool {
    item.is_object() || item.is_array()
}
