//! What somebody else put into an object beside what the manifest asks for.
//!
//! The comparison of desired with live never sees these: the server and its controllers add to everything. Managed
//! fields tell who owns each path, so that what a person or another program added can be told from what the
//! server filled in.

use serde_json::{Map, Value};

use super::diff::{is_satisfied_by, is_servers_choice};
use super::fields_v1::{FieldSet, PathElement, names_itself};
use super::keyed::{ElementKeys, match_elements, position_of};
use super::managed_fields::{Entry, owns_objects_whole};
use super::path::FieldPath;
use super::server_rules;
use super::shapes::child;
use super::trail::Trail;
use crate::manifest::desired::TYPE_AND_STATUS;
use crate::types::{ListKind, Shape, ValueKind};

/// One place that a manager owns and the manifest does not ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Addition<'v> {
    /// Where it is.
    pub path: FieldPath,
    /// The same place in the live object, as an RFC 6901 pointer.
    pub pointer: String,
    /// What is there.
    pub live: &'v Value,
    /// Whether it is a part of a value that the API server knows as a whole only: the manager owns the manifest's
    /// part as well.
    pub in_whole: bool,
}

/// What a manager did to the object as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// It made the object, so that it owns whatever the server filled in on that occasion.
    Creator,
    /// It changed an object that others made: what it owns, it wrote.
    Editor,
}

/// Everything in `live` that the manager of `entry` owns and `desired` leaves unsaid, except for the values that
/// the server would choose by itself.
///
/// A whole list element or structure that the manager made is one addition; maps are told key by key.
pub fn additions<'v>(
    entry: &Entry<'_>,
    provenance: Provenance,
    shape: Option<Shape<'_>>,
    desired: &Value,
    live: &'v Value,
) -> Vec<Addition<'v>> {
    let mut walk = Walk {
        provenance,
        additions: Vec::new(),
    };
    let object = Place {
        trail: &Trail::Root,
        shape,
        live,
    };
    for (key, owned) in fields_of(entry.fields()) {
        if key == "metadata" {
            walk.owned_metadata(object, owned, desired);
        } else if !TYPE_AND_STATUS.contains(&key) {
            walk.owned_field(object, key, owned, Some(desired));
        }
    }
    walk.additions
}

/// The fields that a set names, and what it names below each of them.
fn fields_of(set: &FieldSet) -> impl Iterator<Item = (&str, &FieldSet)> {
    set.iter()
        .filter_map(|(key, below)| match (PathElement::parse(key)?, below) {
            (PathElement::Field(name), Value::Object(below)) => Some((name, below)),
            _ => None,
        })
}

/// A value of the live object, and where it is.
#[derive(Clone, Copy)]
struct Place<'v, 'a> {
    trail: &'a Trail<'a>,
    shape: Option<Shape<'a>>,
    live: &'v Value,
}

impl Place<'_, '_> {
    /// Whether to own this value is to own all that is in it. Of other lists and maps an empty set owns nothing.
    fn is_atomic(&self) -> bool {
        match self.live {
            Value::Object(_) => self.shape.is_some_and(owns_objects_whole),
            Value::Array(_) => self.shape.is_none_or(|shape| shape.list() == ListKind::Atomic),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }
}

/// A walk over the live values that one manager owns, beside the desired ones.
struct Walk<'v> {
    provenance: Provenance,
    additions: Vec<Addition<'v>>,
}

impl<'v> Walk<'v> {
    fn record(&mut self, place: Place<'v, '_>, in_whole: bool) {
        self.additions.push(Addition {
            path: place.trail.path(),
            pointer: place.trail.pointer(),
            live: place.live,
            in_whole,
        });
    }

    /// Looks at the metadata of an object, most of which is the API server's.
    fn owned_metadata(&mut self, object: Place<'v, '_>, owned: &FieldSet, desired: &Value) {
        let Some(live) = object.live.get("metadata") else {
            return;
        };
        let metadata = Place {
            trail: &Trail::Key(object.trail, "metadata"),
            shape: object.shape.and_then(|shape| child(shape, "metadata")),
            live,
        };
        let desired = desired.get("metadata");
        for (key, owned) in fields_of(owned).filter(|(key, _)| server_rules::is_written_metadata(key)) {
            self.owned_field(metadata, key, owned, desired);
        }
    }

    /// Looks at a place that the manager owns, or owns something in.
    fn owned(&mut self, place: Place<'v, '_>, owned: &FieldSet, desired: Option<&Value>) {
        match desired.filter(|value| !value.is_null()) {
            None => self.undesired(place, owned),
            Some(desired) if owned.is_empty() && place.is_atomic() => self.extra_fields(place, desired),
            Some(desired) => self.owned_parts(place, owned, Some(desired)),
        }
    }

    /// Looks at a place of which the manifest says nothing.
    fn undesired(&mut self, place: Place<'v, '_>, owned: &FieldSet) {
        if self.is_servers_choice(place.shape, place.live) {
            return;
        }
        let is_map = place.shape.is_some_and(|shape| shape.value() == ValueKind::Map);
        let is_made_whole = names_itself(owned) && place.live.is_object() && !is_map;
        if owned.is_empty() || is_made_whole {
            self.record(place, false);
        } else {
            self.owned_parts(place, owned, None);
        }
    }

    /// Looks at the parts of a value that the manager owns.
    fn owned_parts(&mut self, place: Place<'v, '_>, owned: &FieldSet, desired: Option<&Value>) {
        for (key, owned) in owned {
            let Value::Object(owned) = owned else { continue };
            match PathElement::parse(key) {
                Some(PathElement::Field(key)) => self.owned_field(place, key, owned, desired),
                Some(PathElement::Keys(keys)) => self.owned_element(place, &keys, owned, desired),
                Some(PathElement::Member(member)) => self.owned_member(place, &member, desired),
                None => {}
            }
        }
    }

    fn owned_field(&mut self, place: Place<'v, '_>, key: &str, owned: &FieldSet, desired: Option<&Value>) {
        let Some(fields) = place.live.as_object() else {
            return;
        };
        let Some(live) = fields.get(key) else { return };
        if server_rules::is_derived_default(place.shape, fields, key)
            || server_rules::is_mirror(place.shape, fields, key)
        {
            return;
        }
        let field = Place {
            trail: &Trail::Key(place.trail, key),
            shape: place.shape.and_then(|shape| child(shape, key)),
            live,
        };
        self.owned(field, owned, desired.and_then(|desired| desired.get(key)));
    }

    fn owned_element(
        &mut self,
        place: Place<'v, '_>,
        keys: &Map<String, Value>,
        owned: &FieldSet,
        desired: Option<&Value>,
    ) {
        let shape = place.shape.and_then(Shape::element);
        let find = |list: &Value| position_of(list.as_array()?, keys.iter(), shape);
        let Some(index) = find(place.live) else { return };
        let keys = in_type_order(place.shape, keys);
        let element = Place {
            trail: &Trail::Match(place.trail, &keys, Some(index)),
            shape,
            live: &place.live[index],
        };
        let desired = desired.and_then(|desired| desired.get(find(desired)?));
        self.owned(element, owned, desired);
    }

    fn owned_member(&mut self, place: Place<'v, '_>, member: &Value, desired: Option<&Value>) {
        let find = |list: &Value| list.as_array()?.iter().position(|item| item == member);
        if let Some(index) = find(place.live)
            && desired.and_then(find).is_none()
        {
            let member = Place {
                trail: &Trail::Member(place.trail, member, Some(index)),
                shape: place.shape.and_then(Shape::element),
                live: &place.live[index],
            };
            self.record(member, false);
        }
    }

    /// Looks at a whole value that the manager owns, and of which the manifest asks for a part.
    ///
    /// Values that differ and lists of another length are the comparison's; left are the fields beside.
    fn extra_fields(&mut self, place: Place<'v, '_>, desired: &Value) {
        match (place.live, desired) {
            (Value::Object(live), Value::Object(desired)) => {
                for (key, value) in live {
                    let field = Place {
                        trail: &Trail::Key(place.trail, key),
                        shape: place.shape.and_then(|shape| child(shape, key)),
                        live: value,
                    };
                    let is_servers = || {
                        self.is_servers_choice(field.shape, value)
                            || place.shape.is_some_and(|shape| {
                                server_rules::describes_embedded_object(shape, live, key)
                            })
                    };
                    match desired.get(key).filter(|value| !value.is_null()) {
                        Some(desired) => self.extra_fields(field, desired),
                        None if is_servers() => {}
                        None => self.record(field, true),
                    }
                }
            }
            (Value::Array(live), Value::Array(desired)) if live.len() == desired.len() => {
                let shape = place.shape.and_then(Shape::element);
                let positions = match place.shape.filter(|shape| shape.is_unordered()) {
                    Some(list) => match_elements(desired, live, list.identity(), |desired, live| {
                        is_satisfied_by(desired, Some(live), shape)
                    }),
                    None => (0..live.len()).collect(),
                };
                for (index, desired) in positions.into_iter().zip(desired) {
                    let element = Place {
                        trail: &Trail::Index(place.trail, index),
                        shape,
                        live: &live[index],
                    };
                    self.extra_fields(element, desired);
                }
            }
            _ => {}
        }
    }

    /// Whether the value would be the same if nobody had written it.
    ///
    /// A default that depends on other fields can only be told from a value that somebody chose where the writer
    /// made the object.
    fn is_servers_choice(&self, shape: Option<Shape<'_>>, live: &Value) -> bool {
        match (shape, live) {
            (Some(shape), live) if shape.is_server_defaulted() => {
                (shape.default().is_some() || self.provenance == Provenance::Creator)
                    && is_servers_choice(shape, live)
            }
            (_, Value::Object(fields)) => fields
                .iter()
                .all(|(key, value)| self.is_servers_choice(shape.and_then(|shape| child(shape, key)), value)),
            (_, Value::Array(items)) => items.is_empty(),
            // A zero that is there was written: `automountServiceAccountToken: false`, a label without a value.
            (_, Value::Bool(_) | Value::Number(_) | Value::String(_)) => false,
            (_, Value::Null) => true,
        }
    }
}

/// The keys of an element in the order in which the type of its list names them, as everywhere else in a report.
fn in_type_order<'k>(list: Option<Shape<'_>>, keys: &'k Map<String, Value>) -> ElementKeys<'k> {
    let names = match list.map(Shape::list) {
        Some(ListKind::Map(names)) => names,
        Some(ListKind::Set | ListKind::Atomic) | None => &[],
    };
    let named = names.iter().filter_map(|name| keys.get_key_value(name));
    let others = keys.iter().filter(|(name, _)| !names.contains(name));
    named
        .chain(others)
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}

#[cfg(test)]
mod tests;
