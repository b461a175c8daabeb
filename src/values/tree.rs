//! Places in trees of values: what is there, and the same tree with something else there.

use serde_json::{Map, Value};

use crate::template::key::{Key, KeyStep};

/// What is at a key; `None` where nothing is.
pub(super) fn get<'v>(values: &'v Value, key: &Key) -> Option<&'v Value> {
    key.steps()
        .into_iter()
        .try_fold(values, |value, step| match step {
            KeyStep::Name(name) => value.get(&**name),
            KeyStep::Index(index) => value.get(index),
        })
}

/// Where the key ends at which a list begins: what has to be given as a whole, because Helm replaces lists.
fn list_start(key: &Key) -> Option<Key> {
    let mut start = Key::root();
    for step in key.steps() {
        match step {
            KeyStep::Name(name) => start = start.name(name),
            KeyStep::Index(_) => return Some(start),
        }
    }
    None
}

/// The key to set and what to set it to, so that no list is on the way: a list on the way is given as a whole, with one
/// element changed.
pub(super) fn without_index(values: &Value, key: &Key, value: Value) -> (Key, Value) {
    let Some(start) = list_start(key) else {
        return (key.clone(), value);
    };
    let mut list = get(values, &start).cloned().unwrap_or(Value::Null);
    let below: Vec<&KeyStep> = key.steps().into_iter().skip(start.steps().len()).collect();
    put(&mut list, &below, value);
    (start, list)
}

/// A tree with nothing but a value at a key without a list on the way.
pub(super) fn tree(key: &Key, value: Value) -> Value {
    let mut tree = Value::Object(Map::new());
    set(&mut tree, key, value);
    tree
}

/// Sets what is at a key. What is on the way and is no map gives way; lists are not made longer than by one element.
pub(super) fn set(values: &mut Value, key: &Key, value: Value) {
    put(values, &key.steps(), value);
}

fn put(mut place: &mut Value, steps: &[&KeyStep], value: Value) {
    for step in steps {
        match step {
            KeyStep::Name(name) => {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                let Value::Object(fields) = place else { return };
                place = fields.entry(&**name).or_insert(Value::Null);
            }
            KeyStep::Index(index) => {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let Value::Array(items) = place else { return };
                if *index == items.len() {
                    items.push(Value::Null);
                }
                let Some(item) = items.get_mut(*index) else { return };
                place = item;
            }
        }
    }
    *place = value;
}

/// All scalars, and empty maps and lists, with their keys; at most so many.
pub(super) fn leaves(values: &Value, most: usize) -> Vec<(Key, &Value)> {
    let mut leaves = Vec::new();
    let mut waiting = vec![(Key::root(), values)];
    while let Some((key, value)) = waiting.pop() {
        if leaves.len() >= most {
            break;
        }
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                waiting.extend(fields.iter().rev().map(|(name, value)| (key.name(name), value)));
            }
            Value::Array(items) if !items.is_empty() => {
                let items = items.iter().enumerate().rev();
                waiting.extend(items.map(|(index, value)| (key.join(KeyStep::Index(index)), value)));
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                leaves.push((key, value));
            }
        }
    }
    leaves
}

/// All maps and lists and scalars with their keys, those above before those below; at most so many.
pub(super) fn nodes(values: &Value, most: usize) -> Vec<(Key, &Value)> {
    let mut nodes = Vec::new();
    let mut waiting = std::collections::VecDeque::from([(Key::root(), values)]);
    while let Some((key, value)) = waiting.pop_front() {
        if nodes.len() >= most {
            break;
        }
        match value {
            Value::Object(fields) => {
                waiting.extend(fields.iter().map(|(name, value)| (key.name(name), value)));
            }
            Value::Array(items) => waiting.extend(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, value)| (key.join(KeyStep::Index(index)), value)),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        nodes.push((key, value));
    }
    nodes
}

/// What `-f` has to say to make one map another: what differs, and null for what goes (Helm: `pkg/cli/values/options.go`,
/// `MergeValues`).
pub(super) fn changes(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else {
        return to.clone();
    };
    let gone = from.keys().filter(|name| !to.contains_key(*name));
    let mut changes: Map<String, Value> = gone.map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in to {
        match from.get(name) {
            Some(former) if former == value => {}
            Some(former) => drop(changes.insert(name.clone(), self::changes(former, value))),
            None => drop(changes.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(changes)
}

/// Values with those of another file over them, as `-f` does it: maps are merged, all else is replaced.
pub(super) fn merge(values: &mut Value, over: &Value) {
    match (values, over) {
        (Value::Object(values), Value::Object(over)) => {
            for (name, over) in over {
                match values.get_mut(name) {
                    Some(value) => merge(value, over),
                    None => drop(values.insert(name.clone(), over.clone())),
                }
            }
        }
        (values, over) => *values = over.clone(),
    }
}

/// The key one step above an element of a list, and the element's place in it.
pub(super) fn list_of(key: &Key) -> Option<(Key, usize)> {
    let mut place = Some(key);
    while let Some(key) = place {
        if let (Some(KeyStep::Index(index)), Some(parent)) = (key.last(), key.parent()) {
            return Some((parent.clone(), *index));
        }
        place = key.parent();
    }
    None
}
