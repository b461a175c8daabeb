//! The places at which two objects differ.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What the API server has and what was said, by the place; `is_same` tells of two values that differ in their spelling.
pub(crate) fn differences(
    server: &Value,
    own: &Value,
    is_same: &impl Fn(&Value, &Value) -> bool,
) -> BTreeMap<String, (Value, Value)> {
    let mut found = BTreeMap::new();
    collect("", server, own, is_same, &mut found);
    found
}

fn collect(
    path: &str,
    server: &Value,
    own: &Value,
    is_same: &impl Fn(&Value, &Value) -> bool,
    found: &mut BTreeMap<String, (Value, Value)>,
) {
    match (server, own) {
        (Value::Object(server), Value::Object(own)) => {
            for key in server.keys().chain(own.keys()) {
                let value = |fields: &Map<String, Value>| fields.get(key).cloned().unwrap_or_default();
                collect(
                    &format!("{path}/{key}"),
                    &value(server),
                    &value(own),
                    is_same,
                    found,
                );
            }
        }
        (Value::Array(server), Value::Array(own)) if server.len() == own.len() => {
            for (index, (server, own)) in server.iter().zip(own).enumerate() {
                collect(&format!("{path}/{index}"), server, own, is_same, found);
            }
        }
        _ if server == own || is_same(server, own) => {}
        _ => {
            found.insert(path.to_owned(), (server.clone(), own.clone()));
        }
    }
}
