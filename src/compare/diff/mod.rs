//! Does the live object hold everything that a manifest asks for?
//!
//! A walk of the desired value over the live one. It passes over whatever else the live object holds: the API server
//! and its controllers add defaults, allocations and bookkeeping to everything. The type facts of a place decide what
//! an absent, null or zero value means there (see the rules of `omitempty` in Go's `encoding/json`, and the defaulting
//! functions of the API groups). Quirks of single fields are in [`server_rules`].

mod atomic;
mod merged;

use serde_json::{Map, Value};

use super::asked::is_silent;
use super::equal;
use super::path::{FieldPath, Segment};
use super::room::Room;
use super::server_rules;
use super::shapes::child;
use super::trail::Trail;
use super::work::Work;
use crate::types::{ExplicitZero, Field, ListKind, Shape, ValueKind, is_zero};

/// One place where the live object does not hold what the manifest asks for.
#[derive(Debug)]
pub(super) struct Difference<'v> {
    /// Where it is.
    pub(super) path: FieldPath,
    /// Where in the live object a patch would write; ends in `-` for a list element that is not there.
    pub(super) pointer: String,
    /// The value that the manifest asks for.
    pub(super) desired: &'v Value,
    /// The live value, if there is one.
    pub(super) live: Option<&'v Value>,
    /// In what way the two differ.
    pub(super) kind: DifferenceKind,
}

/// In what way the live object does not hold what the manifest asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DifferenceKind {
    /// It holds another value, or none.
    OtherValue,
    /// It holds another element, or none, in place of one of several with the same keys.
    OneOfSeveral,
    /// Its type has no such field, so that the server drops it.
    UndeclaredField,
}

/// The meaning of fields that a live structure holds beside the desired ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExtraFields {
    /// Nothing: anybody may add fields there.
    Ignored,
    /// A change: nobody can add fields there without replacing what the manifest put there.
    Significant,
}

impl ExtraFields {
    /// Their meaning in an object of this shape.
    ///
    /// They are significant only in built-in kinds, of which all defaults are known: webhooks complete custom resources
    /// in ways that no schema shows.
    fn in_object(self, shape: Option<Shape<'_>>) -> Self {
        if shape.is_some_and(Shape::is_builtin) {
            self
        } else {
            Self::Ignored
        }
    }
}

/// Everything that `desired` asks for and `live` does not hold, in the order of the desired value, as far as there is
/// room.
pub(super) fn unsatisfied<'v>(
    desired: &'v Value,
    live: &'v Value,
    shape: Option<Shape<'_>>,
    work: &Work,
    room: &Room,
) -> Vec<Difference<'v>> {
    let mut comparison = Comparison {
        found: Found::All {
            differences: Vec::new(),
            room,
        },
        work,
    };
    comparison.value(&Trail::Root, shape, desired, Some(live), ExtraFields::Ignored);
    match comparison.found {
        Found::All { differences, .. } => differences,
        Found::Nothing | Found::Something => Vec::new(),
    }
}

/// Whether `live` holds everything that `desired` asks for, apart from fields that the server drops anyway.
pub(crate) fn is_satisfied_by(
    desired: &Value,
    live: Option<&Value>,
    shape: Option<Shape<'_>>,
    work: &Work,
) -> bool {
    holds(&Trail::Root, desired, live, shape, ExtraFields::Ignored, work)
}

/// The same at a place whose name tells whether the order of a list means something.
pub(crate) fn is_satisfied_at(
    path: &FieldPath,
    desired: &Value,
    live: Option<&Value>,
    shape: Option<Shape<'_>>,
    work: &Work,
) -> bool {
    let root = Trail::Root;
    let trail = match path.segments().last() {
        Some(Segment::Key(field)) => Trail::Key(&root, field),
        Some(Segment::Index(_) | Segment::Match(_) | Segment::Member(_)) | None => Trail::Root,
    };
    holds(&trail, desired, live, shape, ExtraFields::Ignored, work)
}

/// The same, if extra fields may be significant.
fn holds(
    trail: &Trail<'_>,
    desired: &Value,
    live: Option<&Value>,
    shape: Option<Shape<'_>>,
    extra: ExtraFields,
    work: &Work,
) -> bool {
    let mut comparison = Comparison {
        found: Found::Nothing,
        work,
    };
    comparison.value(trail, shape, desired, live, extra);
    matches!(comparison.found, Found::Nothing)
}

/// Whether the server writes this very value when nobody asks for one.
pub(super) fn is_servers_choice(shape: Shape<'_>, live: &Value, work: &Work) -> bool {
    if !work.affords(1) {
        return false;
    }
    if shape.is_server_defaulted() {
        // A value without a fixed default is allocated, or depends on other fields.
        return shape
            .default()
            .is_none_or(|default| is_default(shape, live, default, work));
    }
    match live {
        Value::Object(fields) if !fields.is_empty() => fields
            .iter()
            .all(|(key, value)| child(shape, key).is_some_and(|shape| is_servers_choice(shape, value, work))),
        // A zero that is kept was written.
        _ => is_silent(Some(shape), live),
    }
}

/// A live value without the fields that another value lacks and that the server writes when nobody asks for them. Elements of
/// lists are those of the other list only where it has as many.
pub(crate) fn without_servers_choices(
    live: &Value,
    other: Option<&Value>,
    shape: Option<Shape<'_>>,
    work: &Work,
) -> Value {
    match (live, other) {
        (Value::Object(live), Some(Value::Object(other))) => {
            let fields = live.iter().filter_map(|(name, live)| {
                let shape = shape.and_then(|shape| child(shape, name));
                let other = other.get(name);
                let is_chosen =
                    other.is_none() && shape.is_some_and(|shape| is_servers_choice(shape, live, work));
                (!is_chosen).then(|| (name.clone(), without_servers_choices(live, other, shape, work)))
            });
            Value::Object(fields.collect())
        }
        (Value::Array(live), Some(Value::Array(other))) if live.len() == other.len() => {
            let element = shape.and_then(Shape::element);
            let pairs = live.iter().zip(other);
            let items = pairs.map(|(live, other)| without_servers_choices(live, Some(other), element, work));
            Value::Array(items.collect())
        }
        (_, _) => live.clone(),
    }
}

/// Whether a value is a default, with what the server fills in there in turn (apiextensions-apiserver:
/// `pkg/apiserver/schema/defaulting/algorithm.go`, `Default`).
fn is_default(shape: Shape<'_>, live: &Value, default: &Value, work: &Work) -> bool {
    if is_satisfied_by(live, Some(default), Some(shape), work) {
        return true;
    }
    let (Value::Object(live), Value::Object(default)) = (live, default) else {
        return false;
    };
    default.keys().all(|key| live.contains_key(key))
        && live.iter().all(|(key, value)| {
            work.affords(1)
                && child(shape, key).is_some_and(|shape| match default.get(key) {
                    Some(default) => is_default(shape, value, default, work),
                    None => is_servers_choice(shape, value, work),
                })
        })
}

/// A list, and those of its elements that are compared.
#[derive(Clone, Copy)]
struct ComparedList<'v> {
    whole: &'v Value,
    items: &'v [Value],
}

/// A walk of a desired value over a live one, and the differences so far.
struct Comparison<'v, 'w> {
    found: Found<'v, 'w>,
    work: &'w Work,
}

/// What a walk has found, by what it is asked for.
enum Found<'v, 'w> {
    /// Every difference is wanted.
    All {
        differences: Vec<Difference<'v>>,
        room: &'w Room,
    },
    /// It only matters whether another value is there, and none was found.
    Nothing,
    /// Another value was found, so that the walk is over.
    Something,
}

impl<'v> Comparison<'v, '_> {
    /// Notes a difference.
    fn record(
        &mut self,
        trail: &Trail<'_>,
        desired: &'v Value,
        live: Option<&'v Value>,
        kind: DifferenceKind,
    ) {
        match &mut self.found {
            Found::All { differences, room } => {
                differences.extend(room.place(trail).map(|(path, pointer)| Difference {
                    path,
                    pointer,
                    desired,
                    live,
                    kind,
                }));
            }
            Found::Nothing => match kind {
                DifferenceKind::OtherValue | DifferenceKind::OneOfSeveral => self.found = Found::Something,
                DifferenceKind::UndeclaredField => {}
            },
            Found::Something => {}
        }
    }

    /// Whether the walk goes on to a value, which takes work.
    fn goes_on(&self, value: &Value) -> bool {
        !matches!(self.found, Found::Something) && self.work.affords_value(value)
    }

    /// Compares the values at one place; `extra` says what fields beside the desired ones mean there.
    fn value(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: &'v Value,
        live: Option<&'v Value>,
        extra: ExtraFields,
    ) {
        if !self.goes_on(desired) {
            return;
        }
        let live = live.filter(|value| !value.is_null());
        match (desired, live) {
            (Value::Null, _) => {}
            (Value::Object(fields), Some(found @ Value::Object(live_fields))) => {
                let extra = extra.in_object(shape);
                if extra == ExtraFields::Significant && holds_more(shape, fields, live_fields, self.work) {
                    self.record(trail, desired, Some(found), DifferenceKind::OtherValue);
                } else {
                    self.object(trail, shape, fields, live_fields, extra);
                }
            }
            (Value::Array(items), Some(found @ Value::Array(live_items))) => {
                let desired = ComparedList {
                    whole: desired,
                    items,
                };
                let live = ComparedList {
                    whole: found,
                    items: server_rules::without_appended(trail, shape, live_items, items.len()),
                };
                self.list(trail, shape, desired, live, extra);
            }
            (_, None) => {
                if leaves_a_trace(shape, desired) {
                    self.record(trail, desired, None, DifferenceKind::OtherValue);
                }
            }
            (_, Some(live)) => {
                let is_same = || {
                    equal::scalars(shape, desired, live)
                        || server_rules::is_respelled(trail, shape, desired, live)
                };
                if !is_left_to_the_server(shape, desired) && !is_same() {
                    self.record(trail, desired, Some(live), DifferenceKind::OtherValue);
                }
            }
        }
    }

    /// Compares objects and maps, field by field of the desired one.
    fn object(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: &'v Map<String, Value>,
        live: &'v Map<String, Value>,
        extra: ExtraFields,
    ) {
        for (key, value) in desired {
            if server_rules::is_directive(key) || server_rules::is_overruled(shape, desired, key) {
                continue;
            }
            let trail = Trail::Key(trail, key);
            let found = live.get(key);
            match shape.map_or(Field::Unknown, |shape| shape.field(key)) {
                Field::Declared(inner) => self.value(&trail, Some(inner), value, found, extra),
                Field::Undeclared if found.is_none() => {
                    if !value.is_null() {
                        self.record(&trail, value, None, DifferenceKind::UndeclaredField);
                    }
                }
                Field::Undeclared | Field::Unknown => {
                    self.value(&trail, None, value, found, ExtraFields::Ignored);
                }
            }
        }
    }

    /// Compares lists, by the kind of the list.
    fn list(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: ComparedList<'v>,
        live: ComparedList<'v>,
        extra: ExtraFields,
    ) {
        let extra = extra.in_object(shape);
        if desired.items.is_empty() {
            // Anybody may add to an empty list that is merged, unless it is in one that is owned as a whole; an empty
            // atomic list is compared as a whole.
            if !live.items.is_empty() && shape.is_some_and(|shape| is_meant_empty(shape, extra)) {
                self.record(trail, desired.whole, Some(live.whole), DifferenceKind::OtherValue);
            }
            return;
        }
        match shape.map_or(ListKind::Atomic, Shape::list) {
            ListKind::Map(keys) if desired.items.iter().all(Value::is_object) => {
                self.keyed(trail, shape, keys, desired, live, extra);
            }
            ListKind::Set => self.set(trail, desired, live, extra),
            ListKind::Map(_) | ListKind::Atomic => self.atomic(trail, shape, desired, live),
        }
    }
}

/// Whether a structure in an atomic list holds fields that neither the manifest nor the server put there.
fn holds_more(
    shape: Option<Shape<'_>>,
    desired: &Map<String, Value>,
    live: &Map<String, Value>,
    work: &Work,
) -> bool {
    let Some(shape) = shape else { return false };
    // The server completes some maps key by key: the requests of a LimitRange from its limits.
    if shape.value() == ValueKind::Map && shape.is_server_defaulted() {
        return false;
    }
    live.iter()
        .filter(|_| work.affords(1))
        .filter(|(key, _)| {
            let desired = desired.get(*key);
            // The fields in an object that says nothing are looked at one by one.
            desired.is_none_or(|desired| {
                desired.is_null() || !desired.is_object() && is_left_to_the_server(child(shape, key), desired)
            })
        })
        .filter(|(key, _)| !server_rules::describes_embedded_object(shape, live, key))
        .any(|(key, live)| child(shape, key).is_some_and(|inner| !is_servers_choice(inner, live, work)))
}

/// Whether an empty list in a manifest asks for no elements: nobody can add one without replacing the list, and the
/// server does not fill it in.
fn is_meant_empty(shape: Shape<'_>, extra: ExtraFields) -> bool {
    shape.value() == ValueKind::List
        && (shape.list() == ListKind::Atomic || extra == ExtraFields::Significant)
        && !shape.is_server_defaulted()
}

/// Whether the manifest's value asks for nothing, and the server then fills in a value of its own.
fn is_left_to_the_server(shape: Option<Shape<'_>>, desired: &Value) -> bool {
    shape.is_some_and(Shape::is_server_defaulted) && is_silent(shape, desired)
}

/// Whether the manifest's value would leave a trace in the live object.
fn leaves_a_trace(shape: Option<Shape<'_>>, desired: &Value) -> bool {
    let is_kept = shape.map_or(ExplicitZero::Kept, Shape::zero) == ExplicitZero::Kept;
    match desired {
        Value::Null => false,
        Value::Object(fields) => {
            is_kept
                || fields.iter().any(|(key, value)| {
                    match shape.map_or(Field::Unknown, |shape| shape.field(key)) {
                        Field::Declared(inner) => leaves_a_trace(Some(inner), value),
                        Field::Unknown => leaves_a_trace(None, value),
                        Field::Undeclared => false,
                    }
                })
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            is_kept || !is_zero(desired)
        }
    }
}

#[cfg(test)]
mod tests;
