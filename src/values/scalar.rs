//! Scalars as templates print them, and the types that keys want.

use serde_json::Value;

/// A scalar as text: what a template prints for it. Null is nothing.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(match number.as_f64() {
            // `3.0` and `3` are one number.
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            _ => number.to_string(),
        }),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether two values are the same to whoever sets them: `"3"` and `3` are, and so are texts that differ in white space at
/// their ends.
pub(super) fn is_alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| is_alike(value, other)))
        }
        (one, other) => match (text_of(one), text_of(other)) {
            (Some(one), Some(other)) => one.trim() == other.trim(),
            (Some(_) | None, None) | (None, Some(_)) => false,
        },
    }
}

/// Whether a rendered value is the live one, in its type and to the last blank. The API server writes quantities as texts,
/// and takes numbers for them: so it is where `is_quantity`.
pub(super) fn is_same(rendered: &Value, live: &Value, is_quantity: bool) -> bool {
    match (rendered, live) {
        (Value::Array(one), Value::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| is_same(one, other, is_quantity))
        }
        (Value::Object(one), Value::Object(other)) => {
            let mut fields = one.iter();
            one.len() == other.len()
                && fields.all(|(name, value)| {
                    let is_quantity = is_quantity || holds_quantities(name);
                    other
                        .get(name)
                        .is_some_and(|other| is_same(value, other, is_quantity))
                })
        }
        (Value::Number(_), Value::Number(_)) => text_of(rendered) == text_of(live),
        (Value::Number(_), Value::String(_)) => is_quantity && text_of(rendered) == text_of(live),
        (one, other) => one == other,
    }
}

/// Whether a field of this name holds quantities by names (Kubernetes: `core/v1`, `ResourceRequirements`).
pub(super) fn holds_quantities(name: &str) -> bool {
    ["limits", "requests", "capacity", "hard"].contains(&name)
}

/// A text in the type that a key has now: a number where a number is, and so on. Where the key has none, the type that
/// the field itself has.
pub(super) fn cast(text: &str, current: Option<&Value>, field: &Value) -> Value {
    let as_text = || Value::String(text.to_owned());
    match current {
        Some(Value::Bool(_)) => text.parse().map_or_else(|_| as_text(), Value::Bool),
        Some(Value::Number(_)) => number(text).unwrap_or_else(as_text),
        Some(Value::String(current)) if !current.is_empty() => as_text(),
        Some(Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_)) | None => match field {
            Value::Bool(_) => text.parse().map_or_else(|_| as_text(), Value::Bool),
            Value::Number(_) => number(text).unwrap_or_else(as_text),
            Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => as_text(),
        },
    }
}

/// The number that a template prints as this text; `0644` and `2.50` are none.
fn number(text: &str) -> Option<Value> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let number = match text.parse::<i64>() {
        Ok(number) => Value::from(number),
        Err(_) => Value::from(text.parse::<f64>().ok().filter(|_| is_plain)?),
    };
    (text_of(&number)? == text).then_some(number)
}

/// The other types in which the same text can be given, for keys that the type of the field misleads about.
pub(super) fn other_types(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => {
            let truth = text.parse().ok().map(Value::Bool);
            number(text).into_iter().chain(truth).collect()
        }
        Value::Bool(_) | Value::Number(_) => text_of(value).map(Value::String).into_iter().collect(),
        Value::Null | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}
