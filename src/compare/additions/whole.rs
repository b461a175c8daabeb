//! Additions inside of a value that a manager owns as a whole: managed fields do not open it.

use std::collections::HashSet;

use serde_json::Value;

use super::{AdditionSearch, LiveValue, asked};
use crate::compare::diff::is_satisfied_by;
use crate::compare::keyed::{same_keys, steps_of};
use crate::compare::pairing::match_elements;
use crate::compare::server_rules;
use crate::compare::shapes::child;
use crate::compare::trail::Trail;
use crate::types::{ListKind, Shape};

impl<'v> AdditionSearch<'v, '_> {
    /// Looks at a value that the manager owns as a whole, and of which the manifest asks for a part.
    ///
    /// The comparison reports values that differ and lists of another length; this reports the fields beside them.
    pub(super) fn extra_fields(&mut self, live: LiveValue<'v, '_>, desired: &Value) {
        if !self.work.affords(1) {
            return;
        }
        match (live.value, desired) {
            (Value::Object(fields), Value::Object(desired)) => {
                for (key, value) in fields {
                    let field = LiveValue {
                        trail: &Trail::Key(live.trail, key),
                        shape: live.shape.and_then(|shape| child(shape, key)),
                        value,
                    };
                    let is_servers_field = || {
                        self.is_servers_choice(field.shape, value)
                            || live.shape.is_some_and(|shape| {
                                server_rules::describes_embedded_object(shape, fields, key)
                            })
                    };
                    match asked(field.shape, desired.get(key)) {
                        Some(desired) => self.extra_fields(field, desired),
                        None if is_servers_field() => {}
                        None => self.add(field, true),
                    }
                }
            }
            (Value::Array(items), Value::Array(desired)) => self.extra_elements(live, items, desired),
            _ => {}
        }
    }

    /// Looks at a list in such a value.
    fn extra_elements(&mut self, live: LiveValue<'v, '_>, items: &'v [Value], desired: &[Value]) {
        let (element, work) = (live.shape.and_then(Shape::element), self.work);
        match live.shape.map_or(ListKind::Atomic, Shape::list) {
            ListKind::Set => {
                let known: HashSet<&Value> = desired.iter().collect();
                if !work.affords(items.iter().chain(desired).map(steps_of).sum()) {
                    return;
                }
                for (index, member) in items.iter().enumerate().filter(|(_, item)| !known.contains(item)) {
                    let trail = Trail::Member(live.trail, member, Some(index));
                    self.add(live.element(&trail, member), true);
                }
            }
            ListKind::Map(keys) if items.iter().chain(desired).all(Value::is_object) => {
                for group in same_keys(items, desired, keys, element, work) {
                    let places = group.left.iter().enumerate();
                    for (place, &index) in places {
                        let trail = Trail::Match(live.trail, &group.keys, Some(index));
                        // Of several elements with the same keys the comparison reports those that differ.
                        match group.right.get(place).or(group.right.last()) {
                            Some(&wanted) => {
                                self.extra_fields(live.element(&trail, &items[index]), &desired[wanted]);
                            }
                            None => self.add(live.element(&trail, &items[index]), true),
                        }
                    }
                }
            }
            // The comparison reports lists of another length.
            ListKind::Map(_) | ListKind::Atomic if items.len() != desired.len() => {}
            ListKind::Map(_) | ListKind::Atomic => {
                let positions = match live.shape.filter(|shape| shape.is_unordered()) {
                    Some(list) => {
                        match_elements(desired, items, list.identity(), element, work, |desired, live| {
                            is_satisfied_by(desired, Some(live), element, work)
                        })
                    }
                    None => (0..items.len()).collect(),
                };
                for (index, desired) in positions.into_iter().zip(desired) {
                    let trail = Trail::Index(live.trail, index);
                    self.extra_fields(live.element(&trail, &items[index]), desired);
                }
            }
        }
    }
}
