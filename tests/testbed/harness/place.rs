//! The value at a report's path in an object, read again after a write: a pointer would name another element as soon as
//! a list has other members.

use serde_json::Value;

/// One step of a path.
#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
    /// An element by its keys; a member of a set has a value and no key.
    Element(Vec<(String, String)>),
}

/// The value at a path as reports write it.
pub(crate) fn at<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    all(object, path).first().copied()
}

/// The values at a path: elements that share their keys have one path.
pub(super) fn all<'v>(object: &'v Value, path: &str) -> Vec<&'v Value> {
    steps(path).iter().fold(vec![object], |values, step| {
        let below = values.into_iter().flat_map(|value| match step {
            Step::Key(key) => value.get(key).into_iter().collect::<Vec<&Value>>(),
            Step::Index(index) => value.get(index).into_iter().collect(),
            Step::Element(keys) => {
                let items = value.as_array().into_iter().flatten();
                items.filter(|item| is_element(item, keys)).collect()
            }
        });
        below.collect()
    })
}

/// Takes the values at a path out of an object.
pub(crate) fn remove(object: &mut Value, path: &str) {
    let steps = steps(path);
    if let Some((last, above)) = steps.split_last() {
        remove_below(object, above, last);
    }
}

fn remove_below(value: &mut Value, above: &[Step], last: &Step) {
    let Some((step, above)) = above.split_first() else {
        match (last, value) {
            (Step::Key(key), Value::Object(fields)) => {
                fields.remove(key);
            }
            (Step::Index(index), Value::Array(items)) if *index < items.len() => {
                items.remove(*index);
            }
            (Step::Element(keys), Value::Array(items)) => items.retain(|item| !is_element(item, keys)),
            (Step::Key(_) | Step::Index(_) | Step::Element(_), _) => {}
        }
        return;
    };
    match (step, value) {
        (Step::Key(key), Value::Object(fields)) => {
            if let Some(value) = fields.get_mut(key) {
                remove_below(value, above, last);
            }
        }
        (Step::Index(index), Value::Array(items)) => {
            if let Some(value) = items.get_mut(*index) {
                remove_below(value, above, last);
            }
        }
        (Step::Element(keys), Value::Array(items)) => {
            let elements = items.iter_mut().filter(|item| is_element(item, keys));
            elements.for_each(|item| remove_below(item, above, last));
        }
        (Step::Key(_) | Step::Index(_) | Step::Element(_), _) => {}
    }
}

fn is_element(element: &Value, keys: &[(String, String)]) -> bool {
    keys.iter().all(|(key, wanted)| match key.as_str() {
        "" => text(element) == *wanted,
        // A key may lie deeper in the element.
        key => text(key.split('.').fold(element, |value, key| &value[key])) == *wanted,
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('/') {
            let end = after.find(['/', '[']).unwrap_or(after.len());
            // The path of the object itself is a slash alone.
            if end > 0 {
                steps.push(Step::Key(after[..end].to_owned()));
            }
            rest = &after[end..];
            continue;
        }
        let inside = rest
            .strip_prefix('[')
            .unwrap_or_else(|| panic!("{path} is no path"));
        let end = closing(inside).unwrap_or_else(|| panic!("{path} has no end"));
        steps.push(bracketed(&inside[..end]));
        rest = &inside[end + 1..];
    }
    steps
}

fn bracketed(inside: &str) -> Step {
    if let Ok(Value::String(key)) = serde_json::from_str(inside) {
        return Step::Key(key);
    }
    if let Ok(index) = inside.parse() {
        return Step::Index(index);
    }
    let mut keys = Vec::new();
    let mut rest = inside;
    loop {
        let (key, after) = rest
            .split_once('=')
            .unwrap_or_else(|| panic!("[{inside}] names no element"));
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let (value, end) = match values.next() {
            Some(Ok(value)) if after.starts_with(['"', '{', '[']) => (text(&value), values.byte_offset()),
            Some(_) | None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].to_owned(), end)
            }
        };
        keys.push((key.to_owned(), value));
        match after[end..].strip_prefix(',') {
            Some(next) => rest = next,
            None => return Step::Element(keys),
        }
    }
}

/// Where the bracket that is open ends.
fn closing(inside: &str) -> Option<usize> {
    let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
    for (position, character) in inside.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted && depth == 0 => return Some(position),
            ']' if !is_quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

#[test]
fn a_path_finds_its_value_in_any_order() {
    let object = serde_json::json!({
        "metadata": {"labels": {"a.b/c": "label"}},
        "ports": [{"port": 53, "protocol": "UDP", "name": "x"}, {"port": 53, "protocol": "TCP", "name": "y"}],
        "set": ["a", "b c"], "plain": [1, 2], "owners": [{"uid": "a=b", "kind": "K"}],
    });
    for (path, value) in [
        (r#"/metadata/labels["a.b/c"]"#, "label"),
        ("/ports[port=53,protocol=TCP]/name", "y"),
        (r#"/set[="b c"]"#, "b c"),
        (r#"/owners[uid="a=b"]/kind"#, "K"),
    ] {
        assert_eq!(at(&object, path), Some(&Value::from(value)), "{path}");
    }
    assert_eq!(at(&object, "/plain[1]"), Some(&Value::from(2)));
    assert_eq!(at(&object, "/set[=c]"), None);
    assert_eq!(at(&object, "/"), Some(&object));
}

#[test]
fn what_is_at_a_path_is_taken_out() {
    let mut object = serde_json::json!({
        "data": {"a": 1, "b": 2}, "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP", "name": "y"}],
    });
    for path in [
        "/data/a",
        "/ports[port=53,protocol=UDP]",
        "/ports[port=53,protocol=TCP]/name",
        "/none/here",
    ] {
        remove(&mut object, path);
    }
    assert_eq!(
        object,
        serde_json::json!({"data": {"b": 2}, "ports": [{"port": 53, "protocol": "TCP"}]})
    );
}
