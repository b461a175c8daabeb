//! A model of the server: it drops, fills in, respells and reorders fields, and lets others add to them.

use serde_json::{Map, Value, json};

use super::make::{Dice, has, key_of, make, map_value, spellings};
use crate::types::{ExplicitZero, Field, ListKind, Shape, ValueKind, is_zero};

/// The keyed lists in which the order means something, or may.
const IN_ORDER: [&str; 5] = ["containers", "env", "hostAliases", "initContainers", "webhooks"];

/// Whether others have added to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extras {
    Some,
    None,
}

pub(super) struct Server {
    pub(super) dice: Dice,
    pub(super) extras: Extras,
}

impl Server {
    /// The live object.
    pub(super) fn stored(&mut self, shape: Shape<'_>, desired: &Value) -> Value {
        let mut live = self.value(shape, desired);
        live["metadata"]["uid"] = json!("3f0c");
        live["metadata"]["resourceVersion"] = json!("12");
        live["status"] = json!({"observed": true});
        live
    }

    fn value(&mut self, shape: Shape<'_>, desired: &Value) -> Value {
        self.field("", shape, desired)
    }

    fn field(&mut self, name: &str, shape: Shape<'_>, desired: &Value) -> Value {
        match (desired, shape.value()) {
            (Value::Object(fields), ValueKind::Object) => self.object(shape, fields),
            (Value::Object(entries), ValueKind::Map) => self.map(shape, entries),
            (Value::Array(items), ValueKind::List) => self.list(name, shape, items),
            (scalar, kind) => {
                let spellings = spellings(kind);
                let known = spellings.into_iter().find(|(spelling, _)| spelling == scalar);
                known.map_or_else(|| scalar.clone(), |(_, stored)| stored)
            }
        }
    }

    fn object(&mut self, shape: Shape<'_>, desired: &Map<String, Value>) -> Value {
        let mut live = Map::new();
        for (key, value) in desired {
            match shape.field(key) {
                Field::Declared(inner) => {
                    let dropped =
                        value.is_null() || (is_zero(value) && inner.zero() == ExplicitZero::Dropped);
                    if !dropped {
                        live.insert(key.clone(), self.field(key, inner, value));
                    } else if !value.is_null() && !inner.is_server_defaulted() && self.dice.percent(30) {
                        // Not every type omits what is empty.
                        live.insert(key.clone(), value.clone());
                    }
                }
                Field::Undeclared => {}
                Field::Unknown => {
                    live.insert(key.clone(), value.clone());
                }
            }
        }
        for (key, inner) in shape.fields() {
            if live.contains_key(key) {
                continue;
            }
            if inner.is_server_defaulted() && self.dice.percent(70) {
                let filled = inner
                    .default()
                    .cloned()
                    .unwrap_or_else(|| make(&mut self.dice, inner, 1));
                live.insert(key.to_owned(), filled);
            } else if desired.get(key).is_none() && !inner.is_server_defaulted() && self.adds() {
                live.insert(key.to_owned(), make(&mut self.dice, inner, 2));
            }
        }
        live.into()
    }

    fn map(&mut self, shape: Shape<'_>, desired: &Map<String, Value>) -> Value {
        let Some(inner) = map_value(shape) else {
            return desired.clone().into();
        };
        let entries = desired.iter().filter(|(_, value)| !value.is_null());
        let mut live: Map<String, Value> = entries
            .map(|(key, value)| (key.clone(), self.value(inner, value)))
            .collect();
        if self.adds() {
            live.insert("example.com/extra".to_owned(), make(&mut self.dice, inner, 2));
        }
        live.into()
    }

    fn list(&mut self, name: &str, shape: Shape<'_>, desired: &[Value]) -> Value {
        let Some(element) = shape.element() else {
            return desired.into();
        };
        let keys: &[String] = match shape.list() {
            ListKind::Map(keys) => keys,
            ListKind::Set => &[],
            ListKind::Atomic => {
                // Nobody adds to such a list without replacing it.
                let extras = std::mem::replace(&mut self.extras, Extras::None);
                let live = desired.iter().map(|item| self.value(element, item)).collect();
                self.extras = extras;
                return live;
            }
        };
        let mut desired = desired.to_vec();
        if self.dice.percent(50) {
            // Of elements that share their keys the last one counts, and some writes keep no other.
            for at in (0..desired.len()).rev() {
                if has(&desired[at + 1..], &desired[at], keys) {
                    desired.remove(at);
                }
            }
        }
        let mut live: Vec<Value> = desired
            .iter()
            .map(|item| {
                let mut item = self.value(element, item);
                for key in keys {
                    // Keys are always there.
                    let value = key_of(&item, key);
                    if !value.is_null() {
                        item[key] = value;
                    }
                }
                item
            })
            .collect();
        if self.adds() && !desired.is_empty() {
            let mut extra = match element.value() {
                ValueKind::Object => json!({}),
                _ => json!("example.com/extra"),
            };
            for key in keys {
                extra[key] = match element.field(key) {
                    Field::Declared(inner) if inner.value() == ValueKind::Integer => json!(40_000),
                    Field::Declared(_) | Field::Undeclared | Field::Unknown => json!("extra"),
                };
            }
            if !has(&desired, &extra, keys) {
                live.push(extra);
            }
        }
        if !IN_ORDER.contains(&name) {
            self.dice.shuffle(&mut live);
        }
        live.into()
    }

    fn adds(&mut self) -> bool {
        self.extras == Extras::Some && self.dice.percent(10)
    }
}
