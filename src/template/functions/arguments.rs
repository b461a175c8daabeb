//! What functions ask of their arguments, as Go's templates check them before a call (`text/template/exec.go`, `evalCall`
//! and `validateType`).
//!
//! A nil where a map is asked for counts as an empty map. Go takes one that a pipeline made, such as `(.Values.a)`, and
//! refuses `.Values.a` alone; here both look the same, and charts that were deployed only have the first.

use super::super::traced::{Kind, Map, Traced, Value};
use super::super::work::{Fault, Work};

/// Exactly so many arguments.
pub(super) fn exactly<'a, const N: usize>(
    function: &str,
    args: &'a [Traced],
) -> Result<&'a [Traced; N], Fault> {
    args.try_into().map_err(|_| wrong_count(function))
}

/// So many arguments, and those that may follow.
pub(super) fn at_least<'a, const N: usize>(
    function: &str,
    args: &'a [Traced],
) -> Result<(&'a [Traced; N], &'a [Traced]), Fault> {
    args.split_first_chunk::<N>().ok_or_else(|| wrong_count(function))
}

fn wrong_count(function: &str) -> Fault {
    Fault::Failed(format!("{function} has a wrong number of arguments"))
}

/// An argument is not of the type that the function takes.
pub(super) fn wrong_type(function: &str, expected: &str) -> Fault {
    Fault::Failed(format!("{function} takes {expected}"))
}

/// An argument would have to be known.
pub(super) fn not_known(function: &str) -> Fault {
    Fault::Unsupported(format!("{function} of a value that is not known"))
}

/// A text.
pub(super) fn text<'a>(function: &str, value: &'a Traced) -> Result<&'a str, Fault> {
    match &value.value {
        Value::Text(text) if text.has_hole() => Err(not_known(function)),
        Value::Text(text) => Ok(text.as_str()),
        Value::Unknown => Err(not_known(function)),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type(function, "a text")),
    }
}

/// An integer. A number of values is a float, which Go refuses here; one that stands in the template may be written `2.0`.
pub(super) fn int(function: &str, value: &Traced) -> Result<i64, Fault> {
    match &value.value {
        Value::Int(value) => Ok(*value),
        Value::Float(number) if value.origin.kind == Kind::Literal && number.fract() == 0.0 => {
            Ok(super::convert::truncated(*number))
        }
        Value::Unknown => Err(not_known(function)),
        Value::Nil
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type(function, "an integer")),
    }
}

/// A map; `None` for nil.
pub(super) fn map<'a>(function: &str, value: &'a Traced) -> Result<Option<&'a Map>, Fault> {
    match &value.value {
        Value::Map(map) => Ok(Some(map)),
        Value::Nil => Ok(None),
        Value::Unknown => Err(not_known(function)),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Native(_) => Err(wrong_type(function, "a map")),
    }
}

/// A list. The steps of going through it once are spent.
pub(super) fn list<'a>(function: &str, value: &'a Traced, work: &mut Work) -> Result<&'a [Traced], Fault> {
    match &value.value {
        Value::List(items) => {
            work.steps(items.len())?;
            Ok(items)
        }
        Value::Unknown => Err(not_known(function)),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type(function, "a list")),
    }
}
