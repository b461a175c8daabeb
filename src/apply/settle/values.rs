//! Values under keys, and when two stored values are the same.

use serde_json::{Map, Value, json};

/// The value under some keys.
pub(super) fn at<'v>(object: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter()
        .try_fold(object, |value, key| value.get(key))
        .filter(|value| !value.is_null())
}

/// Writes a value under some keys, or takes away what is there.
pub(super) fn put(object: &mut Value, path: &[&str], value: Option<&Value>) {
    let Some((last, outer)) = path.split_last() else {
        return;
    };
    let mut place = object;
    for key in outer {
        let Some(fields) = place.as_object_mut() else {
            return;
        };
        if !fields.get(*key).is_some_and(Value::is_object) {
            if value.is_none() {
                return;
            }
            fields.insert((*key).to_owned(), json!({}));
        }
        let Some(next) = fields.get_mut(*key) else {
            return;
        };
        place = next;
    }
    if let Some(fields) = place.as_object_mut() {
        match value {
            Some(value) => fields.insert((*last).to_owned(), value.clone()),
            None => fields.remove(*last),
        };
    }
}

/// The fields in which two objects differ.
pub(super) fn changed_fields<'v>(
    was: Option<&'v Value>,
    is: Option<&'v Value>,
) -> impl Iterator<Item = &'v str> {
    let (was, is) = (was.and_then(Value::as_object), is.and_then(Value::as_object));
    let new = is.into_iter().flat_map(|fields| fields.keys());
    let new = new.filter(move |name| !was.is_some_and(|was| was.contains_key(name.as_str())));
    let value = |fields: Option<&'v Map<String, Value>>, name: &str| fields?.get(name);
    was.into_iter()
        .flat_map(|fields| fields.keys())
        .chain(new)
        .filter(move |name| !same(value(was, name), value(is, name)))
        .map(String::as_str)
}

/// Whether two stored values are the same, where nothing and an empty list or object are (apimachinery:
/// `third_party/forked/golang/reflect/deep_equal.go`).
pub(super) fn same(was: Option<&Value>, is: Option<&Value>) -> bool {
    let is_empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.values().all(Value::is_null),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => false,
    };
    match (was, is) {
        (Some(Value::Object(was)), Some(Value::Object(is))) => {
            was.iter().all(|(key, value)| same(Some(value), is.get(key)))
                && is
                    .iter()
                    .all(|(key, value)| was.contains_key(key) || same(None, Some(value)))
        }
        (Some(Value::Array(was)), Some(Value::Array(is))) => {
            was.len() == is.len() && was.iter().zip(is).all(|(was, is)| same(Some(was), Some(is)))
        }
        (Some(Value::Number(was)), Some(Value::Number(is))) => was == is || was.as_f64() == is.as_f64(),
        _ => is_empty(was) && is_empty(is) || was == is,
    }
}
