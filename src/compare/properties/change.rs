//! One change to an object that its manifest does not agree with.

use serde_json::{Map, Value};

use super::super::path::{FieldPath, Segment, push_token};
use super::make::{Dice, has, key_of, make, spellings};
use super::server::Extras;
use crate::types::{ExplicitZero, Field, ListKind, Shape, ValueKind, is_zero};

/// What was done, and where.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) path: FieldPath,
    pointer: String,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Replace(Value),
    Remove,
    /// The first two elements trade places.
    Swap,
    Append(Value),
}

impl Change {
    /// Others' additions could bring back what was removed, or dropped as a zero.
    pub(super) fn extras(&self) -> Extras {
        match self.what {
            What::Remove | What::Replace(Value::Bool(false)) => Extras::None,
            What::Replace(_) | What::Swap | What::Append(_) => Extras::Some,
        }
    }

    fn apply(&self, object: &mut Value) {
        match &self.what {
            What::Replace(value) => *object.pointer_mut(&self.pointer).unwrap() = value.clone(),
            What::Append(value) => {
                let list = object.pointer_mut(&self.pointer).unwrap();
                list.as_array_mut().unwrap().push(value.clone());
            }
            What::Swap => object
                .pointer_mut(&self.pointer)
                .unwrap()
                .as_array_mut()
                .unwrap()
                .swap(0, 1),
            What::Remove => {
                let (parent, token) = self.pointer.rsplit_once('/').unwrap();
                match object.pointer_mut(parent).unwrap() {
                    Value::Object(fields) => {
                        fields.remove(&token.replace("~1", "/").replace("~0", "~"));
                    }
                    Value::Array(items) => {
                        items.remove(token.parse().unwrap());
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }
}

/// The object with one change to something that its manifest means; `None` where it means nothing.
pub(super) fn change(dice: &mut Dice, shape: Shape<'_>, object: &Value) -> Option<(Value, Change)> {
    let mut sites = Sites {
        dice,
        found: Vec::new(),
    };
    sites.value(shape, object, &FieldPath::root(), "");
    let at = sites.dice.below(sites.found.len());
    let change = sites.found.into_iter().nth(at)?;
    let mut changed = object.clone();
    change.apply(&mut changed);
    Some((changed, change))
}

/// All that could be changed.
struct Sites<'d> {
    dice: &'d mut Dice,
    found: Vec<Change>,
}

impl Sites<'_> {
    fn site(&mut self, path: &FieldPath, pointer: &str, what: What) {
        self.found.push(Change {
            path: path.clone(),
            pointer: pointer.to_owned(),
            what,
        });
    }

    fn value(&mut self, shape: Shape<'_>, value: &Value, path: &FieldPath, pointer: &str) {
        match (value, shape.value()) {
            (Value::Object(fields), ValueKind::Object | ValueKind::Map) => {
                self.object(shape, fields, path, pointer, &[]);
            }
            (Value::Array(items), ValueKind::List) => self.list(shape, items, path, pointer),
            (Value::Null, _) => {}
            (scalar, kind) => {
                let is_dropped = shape.is_server_defaulted() && shape.zero() == ExplicitZero::Dropped;
                // Where the server takes a zero for nothing it fills in what it likes.
                if let Some(other) = self.other(kind, scalar)
                    && !(is_dropped && (is_zero(scalar) || is_zero(&other)))
                {
                    self.site(path, pointer, What::Replace(other));
                }
            }
        }
    }

    fn object(
        &mut self,
        shape: Shape<'_>,
        fields: &Map<String, Value>,
        path: &FieldPath,
        pointer: &str,
        keys: &[String],
    ) {
        for (key, value) in fields {
            let Field::Declared(inner) = shape.field(key) else {
                continue;
            };
            let (path, pointer) = (path.key(key), with_token(pointer, key));
            let is_refilled = inner.is_server_defaulted()
                || (shape.value() == ValueKind::Map && shape.is_server_defaulted());
            if !keys.contains(key) && !is_refilled && says_something(inner, value) {
                self.site(&path, &pointer, What::Remove);
            }
            self.value(inner, value, &path, &pointer);
        }
    }

    fn list(&mut self, shape: Shape<'_>, items: &[Value], path: &FieldPath, pointer: &str) {
        let Some(element) = shape.element() else { return };
        match shape.list() {
            // Which of several elements with the same keys counts is another matter.
            ListKind::Map(keys) if is_repetitive(items, keys) => {}
            ListKind::Set if is_repetitive(items, &[]) => {}
            ListKind::Map(keys) => {
                for (at, item) in items.iter().enumerate() {
                    let values = keys.iter().map(|key| (key.clone(), key_of(item, key))).collect();
                    let path = path.join(Segment::Match(values));
                    let pointer = format!("{pointer}/{at}");
                    self.site(&path, &pointer, What::Remove);
                    if let Value::Object(fields) = item {
                        let from = self.found.len();
                        self.object(element, fields, &path, &pointer, keys);
                        // An element under another's name is another matter.
                        let known = items.to_vec();
                        self.retain_unique(from, &pointer, item, &known, keys);
                    }
                }
            }
            ListKind::Set => {
                for (at, item) in items.iter().enumerate() {
                    let path = path.join(Segment::Member(item.clone()));
                    self.site(&path, &format!("{pointer}/{at}"), What::Remove);
                }
            }
            ListKind::Atomic => self.atomic(shape, element, items, path, pointer),
        }
    }

    /// Takes back changes of keys to those of another element.
    fn retain_unique(&mut self, from: usize, pointer: &str, item: &Value, known: &[Value], keys: &[String]) {
        let is_unique = |change: &Change| {
            let Some(inside) = change.pointer.strip_prefix(pointer) else {
                return true;
            };
            let mut changed = item.clone();
            let local = Change {
                pointer: inside.to_owned(),
                ..change.clone()
            };
            let touches_key = keys.iter().any(|key| inside == with_token("", key));
            if touches_key {
                local.apply(&mut changed);
            }
            !touches_key || !has(known, &changed, keys)
        };
        let tail = self.found.split_off(from);
        self.found.extend(tail.into_iter().filter(is_unique));
    }

    fn atomic(
        &mut self,
        shape: Shape<'_>,
        element: Shape<'_>,
        items: &[Value],
        path: &FieldPath,
        pointer: &str,
    ) {
        let names: Vec<&str> = path.keys().collect();
        // A toleration that says little is held by any other one that says it too.
        if names == ["spec", "tolerations"] {
            return;
        }
        // Its elements are told apart by what is in them, so that a change may leave one and make another.
        let is_unordered = shape.is_unordered();
        if !is_unordered && (!items.is_empty() || !shape.is_server_defaulted()) {
            let more = make(self.dice, element, 2);
            self.site(path, pointer, What::Append(more));
        }
        if let ([first, second, ..], false) = (items, is_unordered)
            && element.value() != ValueKind::Object
            && first != second
        {
            self.site(path, pointer, What::Swap);
        }
        for (at, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{at}");
            let from = self.found.len();
            // What the server fills in where the list is empty may say as little as an element that says nothing.
            let is_refilled =
                shape.is_server_defaulted() && (is_zero(item) || !says_something(element, item));
            if !is_unordered && !is_refilled {
                self.site(path, &pointer, What::Remove);
            }
            self.value(element, item, &path.join(Segment::Index(at)), &pointer);
            if is_unordered {
                for change in &mut self.found[from..] {
                    change.path = path.clone();
                }
            }
        }
    }

    /// Another value of a type, and none that could pass for an absent one.
    fn other(&mut self, kind: ValueKind, value: &Value) -> Option<Value> {
        let stored = |value: &Value| {
            let known = spellings(kind)
                .into_iter()
                .find(|(spelling, _)| spelling == value);
            known.map_or_else(|| value.clone(), |(_, stored)| stored)
        };
        let own = stored(value);
        let others: Vec<Value> = spellings(kind)
            .into_iter()
            .filter(|(spelling, stored)| *stored != own && !(is_zero(spelling) && kind != ValueKind::Boolean))
            .map(|(spelling, _)| spelling)
            .collect();
        (!others.is_empty()).then(|| self.dice.pick(&others).clone())
    }
}

/// Whether there is anything in a value that no server drops.
fn says_something(shape: Shape<'_>, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(fields) => fields.iter().any(|(key, value)| match shape.field(key) {
            Field::Declared(inner) => says_something(inner, value),
            Field::Unknown => !is_zero(value),
            Field::Undeclared => false,
        }),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            !is_zero(value) || shape.zero() == ExplicitZero::Kept
        }
    }
}

/// Whether elements share their keys.
fn is_repetitive(items: &[Value], keys: &[String]) -> bool {
    (0..items.len()).any(|at| has(&items[at + 1..], &items[at], keys))
}

/// A pointer one token further.
fn with_token(pointer: &str, token: &str) -> String {
    let mut further = pointer.to_owned();
    push_token(&mut further, token);
    further
}
