//! What has to stand at a key of a certain name for a field to be added.

use serde_json::{Map, Value};

use super::tree;
use crate::compare::path::{FieldPath, Segment};

/// How many names above a field are looked at.
const MAX_UP: usize = 5;

/// A field seen from one of the names on its way: its own name, or that of a map or list around it.
pub(super) struct Placement<'p> {
    /// The name.
    pub(super) name: &'p str,
    /// The way from there to the field.
    below: &'p [Segment],
}

/// The ways to look at a field, from its own name upwards.
pub(super) fn placements(path: &FieldPath) -> Vec<Placement<'_>> {
    let segments = path.segments();
    let mut found = Vec::new();
    for at in (0..segments.len()).rev().take(MAX_UP) {
        if let (Some(Segment::Key(name)), Some(below)) = (segments.get(at), segments.get(at + 1..)) {
            found.push(Placement { name, below });
        }
    }
    found
}

impl Placement<'_> {
    /// What has to stand at a key of this name, with what stands there now, for the live value to come out. More than one
    /// where a chart may read the key in more than one form.
    pub(super) fn values(&self, current: &Value, live: &Value) -> Vec<Value> {
        match self.below {
            [] => match (current, live) {
                (Value::Object(fields), Value::Object(_)) if !fields.is_empty() => {
                    vec![tree::changes(current, live)]
                }
                _ if is_empty(current) || !live.is_object() => vec![live.clone()],
                _ => Vec::new(),
            },
            // One element of a list, which a chart keeps as a list or by name.
            [Segment::Match(_) | Segment::Index(_) | Segment::Member(_)] => element(current, live),
            below => {
                if !is_empty(current) && !current.is_object() {
                    return Vec::new();
                }
                let mut value = live.clone();
                for segment in below.iter().rev() {
                    let Segment::Key(name) = segment else {
                        return Vec::new();
                    };
                    value = Value::Object(Map::from_iter([(name.clone(), value)]));
                }
                vec![value]
            }
        }
    }
}

/// An element added to a list, or to a map of names.
fn element(current: &Value, live: &Value) -> Vec<Value> {
    let list = || Value::Array(vec![live.clone()]);
    match current {
        Value::Array(items) => vec![with_element(items, live)],
        Value::Object(fields) if fields.is_empty() => {
            named_elements(live).into_iter().chain([list()]).collect()
        }
        Value::Object(_) => named_elements(live),
        Value::Null => std::iter::once(list()).chain(named_elements(live)).collect(),
        Value::String(text) if text.is_empty() => vec![list()],
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// A list with one more element.
pub(super) fn with_element(items: &[Value], element: &Value) -> Value {
    let mut items = items.to_vec();
    items.push(element.clone());
    Value::Array(items)
}

/// An element as an entry of a map: `{name: A, value: x}` is `A: x`, and `--level=7` is `level: 7`.
fn named_elements(element: &Value) -> Vec<Value> {
    let entry = |name: &str, value: Value| Value::Object(Map::from_iter([(name.to_owned(), value)]));
    if let Value::String(text) = element {
        let Some(flag) = text.strip_prefix("--").or_else(|| text.strip_prefix('-')) else {
            return Vec::new();
        };
        return match flag.split_once('=') {
            Some((name, value)) => vec![entry(name, Value::from(value))],
            None => vec![entry(flag, Value::from("")), entry(flag, Value::Bool(true))],
        };
    }
    let Some(name) = element.get("name").and_then(Value::as_str) else {
        return Vec::new();
    };
    match (element.get("value"), element.get("valueFrom")) {
        (Some(value), _) => vec![entry(name, value.clone())],
        (None, Some(source)) => {
            let whole = Value::Object(Map::from_iter([("valueFrom".to_owned(), source.clone())]));
            vec![entry(name, whole)]
        }
        (None, None) => Vec::new(),
    }
}

/// Whether nothing is there that a template would render.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
