//! The other fields that a key moves: which changes are those of the field itself, and what is told of the others.

use serde_json::Value;

use super::placement::is_empty;
use super::source_map::Change;
use super::{Asked, AskedField, Moved};
use crate::compare::path::{FieldPath, Segment};
use crate::template::traced::HOLE;

/// Whether a field is an annotation or a label that sums up what is rendered elsewhere: it follows whatever is changed.
pub(super) fn is_checksum(path: &FieldPath) -> bool {
    let mut keys = path.keys().rev().map(str::to_lowercase);
    let (Some(last), Some(map)) = (keys.next(), keys.next()) else {
        return false;
    };
    let is_sum = ["checksum", "config-hash", "confighash", "sha256", "/hash"]
        .iter()
        .any(|word| last.contains(word));
    is_sum && (map.ends_with("annotations") || map.ends_with("labels"))
}

/// Whether a change is in the object that is asked about.
pub(super) fn is_of(asked: &Asked, change: &Change) -> bool {
    let object = &asked.key;
    change.kind == object.gvk.kind && fits(&change.name, &object.name)
}

/// Whether a change is that of the field: below it, or of what is around it and holds nothing else.
pub(super) fn is_own(asked: &Asked, field: &AskedField, change: &Change) -> bool {
    let path = &field.path;
    if !is_of(asked, change) {
        return false;
    }
    let some = |value: &'_ Option<Value>| value.clone().filter(|value| !is_empty(value));
    let whole = || match (some(&change.before), some(&change.after)) {
        (None, Some(value)) | (Some(value), None) => has_one_part(&value),
        (Some(_), Some(_)) | (None, None) => false,
    };
    may_start_with(&change.path, path) || (may_start_with(path, &change.path) && whole())
}

/// Whether a value has a null where the one before had a scalar, or nothing.
pub(super) fn is_emptied(before: Option<&Value>, after: &Value) -> bool {
    match after {
        Value::Null => !matches!(before, Some(Value::Null | Value::Array(_) | Value::Object(_))),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.any(|(at, item)| is_emptied(before.and_then(|before| before.get(at)), item))
        }
        Value::Object(fields) => {
            let mut fields = fields.iter();
            fields.any(|(key, field)| is_emptied(before.and_then(|before| before.get(key)), field))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether a map or list holds one scalar, map or list on each level.
fn has_one_part(value: &Value) -> bool {
    let mut place = Some(value);
    while let Some(value) = place {
        place = match value {
            Value::Object(fields) if fields.len() == 1 => fields.values().next(),
            Value::Array(items) if items.len() == 1 => items.first(),
            // An element with a name is one part.
            Value::Object(fields) => return fields.is_empty() || fields.contains_key("name"),
            Value::Array(items) => return items.is_empty(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
    }
    true
}

/// Whether a text can be another one, in which holes stand for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(HOLE);
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(start) => rest = rest.get(start + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// Whether a path is another one or lies below it, where names may have holes.
fn may_start_with(path: &FieldPath, start: &FieldPath) -> bool {
    let (path, start) = (path.segments(), start.segments());
    let is_same = |(one, other): (&Segment, &Segment)| match (one, other) {
        (Segment::Match(one), Segment::Match(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|((name, one), (other_name, other))| {
                    name == other_name
                        && match (one.as_str(), other.as_str()) {
                            (Some(one), Some(other)) => fits(one, other) || fits(other, one),
                            _ => one == other,
                        }
                })
        }
        (one, other) => one == other,
    };
    path.len() >= start.len() && path.iter().zip(start).all(is_same)
}

/// What is told of a field that moves: `*` stands for what is not known of its names.
pub(super) fn without_holes(moved: Moved) -> Moved {
    let text = |text: String| text.replace(HOLE, "*");
    Moved {
        kind: text(moved.kind),
        namespace: moved.namespace.filter(|namespace| !namespace.contains(HOLE)),
        name: text(moved.name),
        path: text(moved.path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_and_labels_that_sum_up_others_are_checksums() {
        let pod = "spec template metadata annotations";
        for (keys, expected) in [
            (format!("{pod} checksum/config"), true),
            (format!("{pod} example.com/config-hash"), true),
            (format!("{pod} configSha256"), true),
            ("spec podAnnotations checksum/secret".to_owned(), true),
            ("metadata labels config/hash".to_owned(), true),
            (format!("{pod} prometheus.io/scrape"), false),
            ("data tool.sha256".to_owned(), false),
            ("spec checksum".to_owned(), false),
            (pod.to_owned(), false),
        ] {
            let path: FieldPath = keys.split(' ').map(|key| Segment::Key(key.to_owned())).collect();
            assert_eq!(is_checksum(&path), expected, "{keys}");
        }
    }
}
