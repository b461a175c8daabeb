//! Values as Go has them after it read JSON: what apimachinery's merge compares, and how.
//!
//! Go keeps whole numbers and others apart by type, finds list elements by comparing two values of any type, and sorts
//! them by the text that it would print.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::failure::Failure;
use crate::compare::work::Work;

/// An object of JSON.
pub(super) type Object = Map<String, Value>;

/// The dynamic type of a value, on which the merge decides before it looks at the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GoType {
    Nil,
    Bool,
    Int,
    Float,
    String,
    Map,
    List,
}

/// The type of a decoded value.
pub(super) fn go_type(value: &Value) -> GoType {
    match value {
        Value::Null => GoType::Nil,
        Value::Bool(_) => GoType::Bool,
        Value::Number(number) if number.is_i64() => GoType::Int,
        Value::Number(_) => GoType::Float,
        Value::String(_) => GoType::String,
        Value::Array(_) => GoType::List,
        Value::Object(_) => GoType::Map,
    }
}

/// A copy of a value with its numbers as Go has them.
///
/// Helm writes each object as JSON once more before it compares, in which `1.0` is `1`; what does not fit into 64 bits
/// with a sign is a float (apimachinery: `pkg/util/json`, `Unmarshal`).
pub(super) fn decoded(value: &Value, work: &Work) -> Result<Value, Failure> {
    if !work.affords_value(value) {
        return Err(Failure::spent());
    }
    Ok(match value {
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
        Value::Number(number) => Value::Number(decoded_number(number)),
        Value::Array(items) => {
            let items = items.iter().map(|item| decoded(item, work));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, field)| Ok((name.clone(), decoded(field, work)?)));
            Value::Object(fields.collect::<Result<_, Failure>>()?)
        }
    })
}

fn decoded_number(number: &Number) -> Number {
    if number.is_i64() {
        return number.clone();
    }
    let float = number.as_f64().unwrap_or_default();
    whole(float)
        .map(Number::from)
        .or_else(|| Number::from_f64(float))
        .unwrap_or_else(|| number.clone())
}

/// The object with its numbers as a reader has them that knows floats only, as that of JSON merge patches.
pub(super) fn as_floats(fields: Object) -> Object {
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name, value_as_floats(value)))
        .collect()
}

fn value_as_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().unwrap_or_default();
            Value::Number(whole(float).map_or(number, Number::from))
        }
        Value::Array(items) => items.into_iter().map(value_as_floats).collect(),
        Value::Object(fields) => Value::Object(as_floats(fields)),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// The whole number that a float is, if it is one of 64 bits with a sign.
#[expect(clippy::cast_possible_truncation, reason = "the limits are checked before")]
pub(crate) fn whole(float: f64) -> Option<i64> {
    /// The first number beyond 64 bits with a sign.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (float.fract() == 0.0 && (-LIMIT..LIMIT).contains(&float)).then_some(float as i64)
}

/// A value as Go finds it in a list: equal ones are the same there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Identity<'v> {
    Nil,
    Bool(bool),
    Int(i64),
    /// The bits of the number.
    Float(u64),
    Text(&'v str),
}

/// The identity of a decoded value.
///
/// Go panics where it compares two maps or two lists in this way, and takes Helm with it.
pub(super) fn identity(value: &Value) -> Result<Identity<'_>, Failure> {
    match value {
        Value::Null => Ok(Identity::Nil),
        Value::Bool(truth) => Ok(Identity::Bool(*truth)),
        Value::Number(number) => Ok(number.as_i64().map_or_else(
            || Identity::Float(number.as_f64().unwrap_or_default().to_bits()),
            Identity::Int,
        )),
        Value::String(text) => Ok(Identity::Text(text)),
        Value::Array(_) | Value::Object(_) => Err(Failure::refused(
            "Helm fails at a list of which an element has an object or a list for its key",
        )),
    }
}

/// The text that Go prints for a value (`fmt.Sprintf("%v")`).
pub(super) fn printed(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "<nil>".into(),
        Value::Bool(truth) => truth.to_string().into(),
        Value::Number(number) => number.as_i64().map_or_else(
            || printed_float(number.as_f64().unwrap_or_default()).into(),
            |number| number.to_string().into(),
        ),
        Value::String(text) => text.into(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(printed).collect();
            format!("[{}]", items.join(" ")).into()
        }
        Value::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, field)| format!("{name}:{}", printed(field)))
                .collect();
            format!("map[{}]", fields.join(" ")).into()
        }
    }
}

/// The shortest digits, with an exponent of at least two digits from 21 digits or four zeros on.
fn printed_float(float: f64) -> String {
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..21).contains(&exponent) {
        return float.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_those_that_helm_writes_again() {
        use GoType::{Float, Int, Map};
        let work = Work::of_steps(1000);
        let decoded = decoded(&json!([1, 1.0, 1.5, -0.0, 1e20, u64::MAX, {"a": 2.0}]), &work).unwrap();
        let types: Vec<_> = decoded.as_array().unwrap().iter().map(go_type).collect();
        assert_eq!(types, [Int, Int, Float, Int, Float, Float, Map]);
        assert_eq!(decoded[6]["a"], json!(2));
    }

    #[test]
    fn texts_are_those_of_go() {
        for (value, text) in [
            (json!(null), "<nil>"),
            (json!(-3), "-3"),
            (json!(0.5), "0.5"),
            (json!(1e21), "1e+21"),
            (json!(0.00001), "1e-05"),
            (json!({"b": [1, true], "a": "x"}), "map[a:x b:[1 true]]"),
        ] {
            assert_eq!(printed(&value), text);
        }
    }
}
