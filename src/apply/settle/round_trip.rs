//! The way of a merged object through the API server's types: what it loses there, how it is spelled, and what is filled in.
//!
//! The API server reads the merged object into the types of its kind, which drops undeclared fields and zeros, calls their
//! defaulting functions, and writes it again (apiserver: `pkg/endpoints/handlers/patch.go`, `applyPatchToObject`;
//! custom resources: apiextensions-apiserver, `pkg/apiserver/schema/pruning` and `defaulting`). The live object went the same
//! way before. So a default is expected where the merge took something away or put something new, and a field that a live
//! object lacks is not filled in because of a change elsewhere in it.

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};

use super::super::Doubt;
use super::defaults::{self, Fill};
use super::mirrors;
use super::place::{Place, partners};
use super::spelling::{self, Spelling};
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::types::{ExplicitZero, Field, Shape, ValueKind, is_zero};

/// The walk over one merged object.
pub(super) struct RoundTrip<'w> {
    work: &'w Work,
    doubts: RefCell<Vec<Doubt>>,
    /// How many fields were put in.
    filled: Cell<usize>,
}

/// How many fields are put into one object: a few bytes of a manifest become an object of hundreds that way, and what the
/// manifest says is all that was weighed. Honest objects of a thousand containers get fewer.
const MAX_FILLED: usize = 20_000;

impl<'w> RoundTrip<'w> {
    pub(super) fn new(work: &'w Work) -> Self {
        Self {
            work,
            doubts: RefCell::default(),
            filled: Cell::default(),
        }
    }

    /// The places that cannot be told.
    pub(super) fn into_doubts(self) -> Vec<Doubt> {
        self.doubts.into_inner()
    }

    fn doubt(&self, place: &Place<'_>, reason: &'static str) {
        self.doubts.borrow_mut().push(Doubt {
            path: place.path(),
            reason: reason.into(),
        });
    }

    /// Whether one more field, or the doubt in its place, may be put in; else nothing of the object is certain.
    fn has_room(&self) -> bool {
        let filled = self.filled.get() + 1;
        self.filled.set(filled);
        if filled == MAX_FILLED {
            self.doubts.borrow_mut().push(Doubt {
                path: FieldPath::root(),
                reason: "the API server fills in more fields than are foretold".into(),
            });
        }
        filled < MAX_FILLED
    }

    /// Brings a value into the form that the API server gives it.
    pub(super) fn value(&self, place: &Place<'_>, shape: Shape<'_>, value: &mut Value, live: Option<&Value>) {
        if !self.work.affords_value(value) {
            return;
        }
        match (shape.value(), &mut *value) {
            (ValueKind::Object, Value::Object(fields)) => {
                self.object(place, shape, fields, live.and_then(Value::as_object));
            }
            (ValueKind::Map, Value::Object(entries)) => {
                self.map(place, shape, entries, live.and_then(Value::as_object));
            }
            (ValueKind::List, Value::Array(items)) => {
                self.list(place, shape, items, live.and_then(Value::as_array));
            }
            (ValueKind::Any | ValueKind::Object | ValueKind::Map | ValueKind::List, _) => {}
            (kind, scalar) if shape.is_builtin() && !scalar.is_null() && live != Some(&*scalar) => {
                match spelling::of(kind, scalar) {
                    Spelling::Same => {}
                    Spelling::Other(text) => *value = text,
                    Spelling::Unknown => {
                        self.doubt(place, "the API server may spell the value in another way");
                    }
                }
            }
            _ => {}
        }
    }

    fn object(
        &self,
        place: &Place<'_>,
        shape: Shape<'_>,
        fields: &mut Map<String, Value>,
        live: Option<&Map<String, Value>>,
    ) {
        fields.retain(|key, value| match shape.field(key) {
            Field::Declared(inner) => !value.is_null() || inner.is_nullable(),
            Field::Undeclared => false,
            Field::Unknown => true,
        });
        for (key, value) in fields.iter_mut() {
            if let Field::Declared(inner) = shape.field(key) {
                let live = live.and_then(|live| live.get(key));
                self.value(&Place::Key(place, key), inner, value, live);
            }
        }
        // An object that is no pointer in Go is written even where it is empty.
        fields.retain(|key, value| match shape.field(key) {
            Field::Declared(inner) => {
                let is_dropped = inner.zero() == ExplicitZero::Dropped && is_zero(value);
                let is_struct = inner.value() == ValueKind::Object;
                let was = live.map(|live| live.get(key));
                // Some types write their zeros, which only a live object tells.
                !is_dropped || is_struct && was != Some(None) || was.flatten().is_some_and(|was| was == value)
            }
            Field::Undeclared | Field::Unknown => true,
        });
        // What metadata gets is the server's own business, and a matter of the whole object.
        if !place.is_metadata() && !shape_is_metadata(shape) {
            mirrors::tie(place, shape, fields);
            self.fill(place, shape, fields, live);
        }
    }

    /// Puts in what the server fills in.
    fn fill(
        &self,
        place: &Place<'_>,
        shape: Shape<'_>,
        fields: &mut Map<String, Value>,
        live: Option<&Map<String, Value>>,
    ) {
        for (name, inner) in shape.fields() {
            if !self.work.affords(1) {
                return;
            }
            if fields.contains_key(name) {
                continue;
            }
            let was = live
                .and_then(|live| live.get(name))
                .filter(|value| !value.is_null());
            let is_struct = inner.value() == ValueKind::Object && inner.zero() == ExplicitZero::Dropped;
            if is_struct && shape.is_builtin() {
                self.fill_struct(place, (name, inner), fields, (was, live.is_none()));
                continue;
            }
            let here = Place::Key(place, name);
            let fill = defaults::of(&here, shape, inner, fields);
            // The server that left the field out of the live object does so again, unless what decides it is another.
            let is_settled = |live: &Map<String, Value>| {
                was.is_none() && shape.is_builtin() && defaults::of(&here, shape, inner, live) == fill
            };
            if live.is_some_and(is_settled) {
                continue;
            }
            match fill {
                Fill::With(_) | Fill::Unknown(_) if !self.has_room() => return,
                Fill::With(mut value) => {
                    self.value(&here, inner, &mut value, None);
                    fields.insert(name.to_owned(), value);
                }
                Fill::Nothing => {}
                // Of a new object most of this stays empty; what is there now was put there by somebody.
                Fill::Unknown(reason) => self.doubt(&here, reason),
            }
        }
    }

    /// Puts in an object that is no pointer in Go: it is always there, with what its own fields get.
    fn fill_struct(
        &self,
        place: &Place<'_>,
        (name, shape): (&str, Shape<'_>),
        fields: &mut Map<String, Value>,
        (was, is_new): (Option<&Value>, bool),
    ) {
        if was.is_none() && !is_new {
            return;
        }
        let mut value = Value::Object(Map::new());
        self.value(&Place::Key(place, name), shape, &mut value, was);
        if was.is_some() || !is_zero(&value) {
            fields.insert(name.to_owned(), value);
        }
    }

    fn map(
        &self,
        place: &Place<'_>,
        shape: Shape<'_>,
        entries: &mut Map<String, Value>,
        live: Option<&Map<String, Value>>,
    ) {
        for (key, value) in entries.iter_mut() {
            let live = live.and_then(|live| live.get(key));
            let Field::Declared(inner) = shape.field(key) else {
                continue;
            };
            let is_text = matches!(inner.value(), ValueKind::String | ValueKind::Bytes);
            if value.is_null() && is_text && shape.is_builtin() {
                // Go reads nothing as the empty text, and keeps the key.
                *value = Value::from("");
            }
            self.value(&Place::Key(place, key), inner, value, live);
        }
    }

    fn list(&self, place: &Place<'_>, shape: Shape<'_>, items: &mut [Value], live: Option<&Vec<Value>>) {
        let Some(element) = shape.element() else {
            return;
        };
        let live = live.map_or(&[][..], Vec::as_slice);
        if !items.iter().all(|item| self.work.affords_value(item)) {
            return;
        }
        let partners = partners(shape, items, live, self.work);
        for (index, (item, partner)) in items.iter_mut().zip(partners).enumerate() {
            let live = partner.and_then(|position| live.get(position));
            // The element as it is now names the place; only its keys count, which stay as they are.
            let named = name_of(item);
            self.value(
                &Place::Element(place, Some(shape), index, &named),
                element,
                item,
                live,
            );
        }
    }
}

/// As much of an element as names it: its own plain fields, or itself.
fn name_of(item: &Value) -> Value {
    match item {
        Value::Object(fields) => {
            let plain = fields
                .iter()
                .filter(|(_, value)| !value.is_object() && !value.is_array());
            Value::Object(plain.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        Value::Array(_) => Value::Null,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => item.clone(),
    }
}

/// Whether the type is that of metadata, which pod templates and claim templates have too.
fn shape_is_metadata(shape: Shape<'_>) -> bool {
    ["creationTimestamp", "generateName", "managedFields"]
        .iter()
        .all(|name| matches!(shape.field(name), Field::Declared(_)) && shape.value() == ValueKind::Object)
}
