//! Leftovers: fields that another revision set, the baseline does not, and the live object still holds.
//!
//! A value that the server would fill in by itself proves nothing: Helm may well have removed it.

use serde_json::{Map, Value};

use super::asked::is_silent;
use super::diff::{is_satisfied_by, is_servers_choice};
use super::keyed::{members_without, same_keys};
use super::list_index::ListIndexes;
use super::lookup::locate;
use super::path::FieldPath;
use super::room::Room;
use super::server_rules::is_directive;
use super::shapes::{child, shape_at, step};
use super::trail::Trail;
use super::work::Work;
use crate::types::{ListKind, Shape, ValueKind};

/// One field that the live object holds and only another revision set.
pub(super) struct Leftover<'v> {
    /// Where it is.
    pub(super) path: FieldPath,
    /// The same place in the live object, as an RFC 6901 pointer.
    pub(super) pointer: String,
    /// The live value.
    pub(super) live: &'v Value,
}

/// Where the elements of the lists of the live object are, and the room for what is found.
#[derive(Clone, Copy)]
pub(super) struct LeftoverScope<'v, 'r> {
    pub(super) lists: &'r ListIndexes<'v>,
    pub(super) room: &'r Room,
}

/// Every field that `other` set, `desired` does not, and `live` still holds, in the order of the other revision, except
/// for the paths that are known already.
pub(super) fn leftovers<'v>(
    other: &Value,
    desired: &Value,
    live: &'v Value,
    shape: Option<Shape<'_>>,
    scope: LeftoverScope<'v, '_>,
    is_known: impl Fn(&FieldPath) -> bool,
) -> Vec<Leftover<'v>> {
    let mut unset = Unset {
        places: Vec::new(),
        work: scope.lists.work(),
        room: Room::default(),
    };
    // Revisions are mostly alike.
    if other != desired {
        unset.value(&Trail::Root, shape, other, desired);
    }
    scope.room.leave_out(unset.room.left_out());
    let mut search = LeftoverSearch {
        object: live,
        shape,
        scope,
        is_known,
        found: Vec::new(),
    };
    for (path, value) in unset.places {
        search.look_at(path, value);
    }
    search.found
}

/// The search for leftovers in a live object.
struct LeftoverSearch<'v, 's, K> {
    object: &'v Value,
    shape: Option<Shape<'s>>,
    scope: LeftoverScope<'v, 's>,
    is_known: K,
    found: Vec<Leftover<'v>>,
}

impl<K: Fn(&FieldPath) -> bool> LeftoverSearch<'_, '_, K> {
    /// Looks for a value that another revision set at a path.
    fn look_at(&mut self, path: FieldPath, set: &Value) {
        let work = self.scope.lists.work();
        if !work.affords(1) || (self.is_known)(&path) {
            return;
        }
        let located = locate(self.object, &path, self.shape, self.scope.lists);
        let Some(located) = located.filter(|located| !located.value.is_null()) else {
            return;
        };
        let live = located.value;
        let shape = shape_at(self.shape, &path);
        let is_servers = || shape.is_some_and(|shape| is_servers_choice(shape, live, work));
        if !is_satisfied_by(set, Some(live), shape, work) || !is_key_of_map(self.shape, &path) && is_servers()
        {
            return;
        }
        match (set, live) {
            // The object also holds other writers' fields: only this revision's are left over.
            (Value::Object(set), Value::Object(fields)) if holds_more(shape, fields, set, work) => {
                for (key, value) in set {
                    self.look_at(path.key(key), value);
                }
            }
            _ => {
                if self.scope.room.take(path.size() + located.pointer.len()) {
                    self.found.push(Leftover {
                        path,
                        pointer: located.pointer,
                        live,
                    });
                }
            }
        }
    }
}

/// Whether a place is a key of a map, and not a field that the type declares: the server fills in none for being empty.
fn is_key_of_map(object: Option<Shape<'_>>, path: &FieldPath) -> bool {
    let around = path.segments().split_last().map(|(_, around)| around);
    let around = around.unwrap_or_default().iter().fold(object, step);
    around.is_some_and(|shape| shape.value() == ValueKind::Map)
}

/// Whether the live object holds fields that neither the revision nor the server put there.
fn holds_more(
    shape: Option<Shape<'_>>,
    live: &Map<String, Value>,
    set: &Map<String, Value>,
    work: &Work,
) -> bool {
    live.iter().filter(|_| work.affords(1)).any(|(key, live)| {
        let shape = shape.and_then(|shape| child(shape, key));
        match (set.get(key), live) {
            (None, _) => !shape.is_some_and(|shape| is_servers_choice(shape, live, work)),
            (Some(Value::Object(set)), Value::Object(live)) => holds_more(shape, live, set, work),
            (Some(_), _) => false,
        }
    })
}

/// The outermost places that one revision sets and another does not, with what the first one sets there.
struct Unset<'v, 'w> {
    places: Vec<(FieldPath, &'v Value)>,
    work: &'w Work,
    room: Room,
}

impl<'v> Unset<'v, '_> {
    /// Looks for such places in the values at one place.
    fn value(&mut self, trail: &Trail<'_>, shape: Option<Shape<'_>>, set: &'v Value, desired: &Value) {
        if !self.work.affords_value(set) {
            return;
        }
        match (set, desired) {
            (Value::Object(set), Value::Object(desired)) => self.object(trail, shape, set, desired),
            (Value::Array(set), Value::Array(desired)) => {
                let element = shape.and_then(Shape::element);
                match shape.map_or(ListKind::Atomic, Shape::list) {
                    ListKind::Map(keys) if set.iter().chain(desired).all(Value::is_object) => {
                        self.keyed(trail, element, keys, set, desired);
                    }
                    ListKind::Set => {
                        for item in members_without(set, desired, self.work) {
                            self.add(&Trail::Member(trail, item, None), item);
                        }
                    }
                    ListKind::Map(_) | ListKind::Atomic => {}
                }
            }
            _ => {}
        }
    }

    /// Looks for such places in objects and maps.
    fn object(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        set: &'v Map<String, Value>,
        desired: &Map<String, Value>,
    ) {
        for (key, value) in set {
            let inner = shape.and_then(|shape| child(shape, key));
            if is_directive(key) || is_silent(inner, value) {
                continue;
            }
            let trail = Trail::Key(trail, key);
            match desired.get(key).filter(|value| !value.is_null()) {
                None => self.add(&trail, value),
                Some(desired) => {
                    self.value(&trail, inner, value, desired);
                }
            }
        }
    }

    /// Looks for such places in keyed lists. Of elements that share their keys the last one counts, on either side.
    fn keyed(
        &mut self,
        trail: &Trail<'_>,
        element: Option<Shape<'_>>,
        keys: &[String],
        set: &'v [Value],
        desired: &[Value],
    ) {
        for group in same_keys(set, desired, keys, element, self.work) {
            let Some(item) = group.left.last().map(|&position| &set[position]) else {
                continue;
            };
            let trail = Trail::Match(trail, &group.keys, None);
            match group.right.last() {
                None => self.add(&trail, item),
                Some(&position) => self.value(&trail, element, item, &desired[position]),
            }
        }
    }

    /// Notes such a place.
    fn add(&mut self, trail: &Trail<'_>, set: &'v Value) {
        if let Some((path, _)) = self.room.place(trail) {
            self.places.push((path, set));
        }
    }
}
