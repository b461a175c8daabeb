//! Additions: fields that others than Helm put into an object beside those of the manifest.
//!
//! The comparison of desired with live passes over additions, because the server and its controllers add to everything.
//! Managed fields say who owns each path, which tells the additions of people and other programs from the values that
//! the server filled in.

mod creation;
mod whole;

use serde_json::Value;

pub use self::creation::owns_defaults;
use super::asked::is_silent;
use super::diff::is_servers_choice;
use super::fields_v1::FieldSet;
use super::keyed::ElementKeys;
use super::list_index::ListIndexes;
use super::managed_fields::{Entry, owns_objects_whole};
use super::path::{FieldPath, Segment};
use super::room::Room;
use super::server_rules;
use super::shapes::{child, status_field};
use super::trail::Trail;
use super::work::{Work, text_steps};
use crate::types::{ListKind, Shape, ValueKind};

/// One place that a manager owns and the manifest does not ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Addition<'v> {
    /// Where it is.
    pub path: FieldPath,
    /// The same place in the live object, as an RFC 6901 pointer.
    pub pointer: String,
    /// The value there.
    pub live: &'v Value,
    /// Whether it is a part of a value that the API server knows as a whole only: the manager owns the manifest's
    /// part as well.
    pub in_whole: bool,
}

/// Whether a manager created the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// It created the object, so that it also owns the values that the server filled in then.
    Creator,
    /// It changed an object that others created, and wrote every value that it owns.
    Editor,
}

/// Everything in `live` that the manager of `entry` owns and `desired` leaves unsaid, except for the values that
/// the server would choose by itself.
///
/// A whole list element or structure that the manager made is one addition; every key of a map is one.
///
/// If the work of the lists is spent after that, the additions are not all, and not all of them are true.
pub fn additions<'v>(
    entry: &Entry<'_>,
    provenance: Provenance,
    object: ComparedObject<'v>,
    lists: &ListIndexes<'v>,
    room: &Room,
) -> Vec<Addition<'v>> {
    let ComparedObject { shape, desired, live } = object;
    let mut search = AdditionSearch {
        provenance,
        additions: Vec::new(),
        lists,
        work: lists.work(),
        room,
    };
    let object = LiveValue {
        trail: &Trail::Root,
        shape,
        value: live,
    };
    for (key, owned) in fields_of(entry.fields()) {
        if key == "metadata" {
            search.owned_metadata(object, owned, desired);
        } else if !status_field(shape).is_type_or_state(key) {
            let key = server_rules::stored_under(shape, key);
            search.owned_field(object, key, owned, Some(desired));
        }
    }
    search.additions
}

/// An object as the manifest asks for it and as it lives.
#[derive(Debug, Clone, Copy)]
pub struct ComparedObject<'v> {
    /// The facts of its type, where they are known.
    pub shape: Option<Shape<'v>>,
    /// The baseline's object.
    pub desired: &'v Value,
    /// The object that the API server returned.
    pub live: &'v Value,
}

/// The fields that a set names, and what it names below each of them.
fn fields_of(set: &FieldSet) -> impl Iterator<Item = (&str, &FieldSet)> {
    set.iter().filter_map(|(element, below)| match element {
        Segment::Key(name) => Some((name.as_str(), below)),
        Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => None,
    })
}

/// A value of the live object, and where it is.
#[derive(Clone, Copy)]
struct LiveValue<'v, 'a> {
    trail: &'a Trail<'a>,
    shape: Option<Shape<'a>>,
    value: &'v Value,
}

impl<'v, 'a> LiveValue<'v, 'a> {
    /// An element of this list.
    fn element<'e>(&self, trail: &'e Trail<'e>, value: &'v Value) -> LiveValue<'v, 'e>
    where
        'a: 'e,
    {
        LiveValue {
            trail,
            shape: self.shape.and_then(Shape::element),
            value,
        }
    }

    /// Whether the owner of this value owns every value in it. An empty set at any other list or map owns nothing.
    fn is_atomic(&self) -> bool {
        match self.value {
            Value::Object(_) => self.shape.is_some_and(owns_objects_whole),
            Value::Array(_) => self.shape.is_none_or(|shape| shape.list() == ListKind::Atomic),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }
}

/// A search of the live values that one manager owns for those that are not desired.
struct AdditionSearch<'v, 's> {
    provenance: Provenance,
    additions: Vec<Addition<'v>>,
    lists: &'s ListIndexes<'v>,
    work: &'s Work,
    room: &'s Room,
}

impl<'v> AdditionSearch<'v, '_> {
    /// Notes an addition, or a part of a whole that is owned.
    fn add(&mut self, value: LiveValue<'v, '_>, in_whole: bool) {
        let place = self.room.place(value.trail);
        self.additions.extend(place.map(|(path, pointer)| Addition {
            path,
            pointer,
            live: value.value,
            in_whole,
        }));
    }

    /// Looks at the metadata of an object, most of which is the API server's.
    fn owned_metadata(&mut self, object: LiveValue<'v, '_>, owned: &FieldSet, desired: &'v Value) {
        let Some(value) = object.value.get("metadata") else {
            return;
        };
        let metadata = LiveValue {
            trail: &Trail::Key(object.trail, "metadata"),
            shape: object.shape.and_then(|shape| child(shape, "metadata")),
            value,
        };
        let desired = desired.get("metadata");
        for (key, owned) in fields_of(owned).filter(|(key, _)| server_rules::is_written_metadata(key)) {
            self.owned_field(metadata, key, owned, desired);
        }
    }

    /// Looks at a value that the manager owns, or owns something in.
    fn owned(&mut self, live: LiveValue<'v, '_>, owned: &FieldSet, desired: Option<&'v Value>) {
        if !self.work.affords(1) {
            return;
        }
        match asked(live.shape, desired) {
            None => self.undesired(live, owned),
            Some(desired) if owned.is_empty() && live.is_atomic() => self.extra_fields(live, desired),
            Some(desired) => self.owned_parts(live, owned, Some(desired)),
        }
    }

    /// Looks at a value that the manifest does not have.
    fn undesired(&mut self, live: LiveValue<'v, '_>, owned: &FieldSet) {
        if self.is_servers_choice(live.shape, live.value) {
            return;
        }
        let is_map = live.shape.is_some_and(|shape| shape.value() == ValueKind::Map);
        let is_made_whole = owned.names_itself() && live.value.is_object() && !is_map;
        if owned.is_empty() && live.is_atomic() || is_made_whole {
            self.add(live, false);
        } else {
            self.owned_parts(live, owned, None);
        }
    }

    /// Looks at the parts of a value that the manager owns.
    fn owned_parts(&mut self, live: LiveValue<'v, '_>, owned: &FieldSet, desired: Option<&'v Value>) {
        for (element, owned) in owned.iter() {
            match element {
                Segment::Key(key) => self.owned_field(live, key, owned, desired),
                Segment::Match(keys) => self.owned_element(live, keys, owned, desired),
                Segment::Member(member) => self.owned_member(live, member, desired),
                Segment::Index(_) => {}
            }
        }
    }

    /// Looks at a field that the manager owns, or owns something in.
    fn owned_field(
        &mut self,
        live: LiveValue<'v, '_>,
        key: &str,
        owned: &FieldSet,
        desired: Option<&'v Value>,
    ) {
        let Some(fields) = live.value.as_object() else {
            return;
        };
        if !self.work.affords(1 + text_steps(key)) {
            return;
        }
        let Some(value) = fields.get(key) else { return };
        if server_rules::is_derived_default(live.shape, fields, key)
            || server_rules::is_mirror(live.shape, fields, key)
        {
            return;
        }
        let field = LiveValue {
            trail: &Trail::Key(live.trail, key),
            shape: live.shape.and_then(|shape| child(shape, key)),
            value,
        };
        self.owned(field, owned, desired.and_then(|desired| desired.get(key)));
    }

    /// Looks at the element of a keyed list.
    fn owned_element(
        &mut self,
        live: LiveValue<'v, '_>,
        keys: &[(String, Value)],
        owned: &FieldSet,
        desired: Option<&'v Value>,
    ) {
        let shape = live.shape.and_then(Shape::element);
        let find = |list: &'v Value| self.lists.position_of(list.as_array()?, keys, shape);
        let Some(index) = find(live.value) else { return };
        let keys = in_type_order(live.shape, keys);
        let element = LiveValue {
            trail: &Trail::Match(live.trail, &keys, Some(index)),
            shape,
            value: &live.value[index],
        };
        let desired = desired.and_then(|desired| desired.get(find(desired)?));
        self.owned(element, owned, desired);
    }

    /// Looks at the member of a set.
    fn owned_member(&mut self, live: LiveValue<'v, '_>, member: &Value, desired: Option<&'v Value>) {
        let find = |list: &'v Value| self.lists.position_of_member(list.as_array()?, member);
        if let Some(index) = find(live.value)
            && desired.and_then(find).is_none()
        {
            let member = LiveValue {
                trail: &Trail::Member(live.trail, member, Some(index)),
                shape: live.shape.and_then(Shape::element),
                value: &live.value[index],
            };
            self.add(member, false);
        }
    }

    /// Whether the value would be the same if nobody had written it.
    ///
    /// A value without a fixed default counts as the server's choice only if the manager created the object: an editor
    /// may have chosen it.
    fn is_servers_choice(&self, shape: Option<Shape<'_>>, live: &Value) -> bool {
        if !self.work.affords(1) {
            return false;
        }
        match (shape, live) {
            (Some(shape), live) if shape.is_server_defaulted() => {
                (shape.default().is_some() || self.provenance == Provenance::Creator)
                    && is_servers_choice(shape, live, self.work)
            }
            (shape, live) if is_silent(shape, live) => true,
            (_, Value::Object(fields)) => fields
                .iter()
                .all(|(key, value)| self.is_servers_choice(shape.and_then(|shape| child(shape, key)), value)),
            (_, Value::Array(items)) => items.is_empty(),
            // Any other zero that is there was written: `automountServiceAccountToken: false`, a label without a value.
            (_, Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Null) => false,
        }
    }
}

/// What a manifest asks for at a place; an object that says nothing may still hold fields that do.
fn asked<'d>(shape: Option<Shape<'_>>, desired: Option<&'d Value>) -> Option<&'d Value> {
    desired.filter(|value| value.is_object() || !is_silent(shape, value))
}

/// The keys of an element in the order in which the type of its list names them, as everywhere else in a report.
fn in_type_order<'k>(list: Option<Shape<'_>>, keys: &'k [(String, Value)]) -> ElementKeys<'k> {
    let names = match list.map(Shape::list) {
        Some(ListKind::Map(names)) => names,
        Some(ListKind::Set | ListKind::Atomic) | None => &[],
    };
    let key = |name: &String| keys.iter().find(|(key, _)| key == name);
    let others = keys.iter().filter(|(name, _)| !names.contains(name));
    names
        .iter()
        .filter_map(key)
        .chain(others)
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}

#[cfg(test)]
mod tests;
