//! What functions ask of their arguments, as Go's templates check them before a call (`text/template/exec.go`, `evalCall`
//! and `validateType`).
//!
//! A nil where a map is asked for counts as an empty map. Go takes one that a pipeline made, such as `(.Values.a)`; `.Values.a`
//! alone is refused before a function sees it.

use super::super::key::Keys;
use super::super::traced::{Kind, Map, Text, Traced, Value};
use super::super::work::{Fault, Work};

/// Exactly so many arguments.
pub(super) fn exactly<const N: usize>(args: &[Traced]) -> Result<&[Traced; N], Fault> {
    args.try_into()
        .map_err(|_| Fault::Failed(format!("a function has {} arguments instead of {N}", args.len())))
}

/// So many arguments, and those that may follow.
pub(super) fn at_least<const N: usize>(args: &[Traced]) -> Result<(&[Traced; N], &[Traced]), Fault> {
    args.split_first_chunk::<N>()
        .ok_or_else(|| Fault::Failed(format!("a function has less than {N} arguments")))
}

/// An argument is not of the type that the function takes.
pub(super) fn wrong_type(expected: &str) -> Fault {
    Fault::Failed(format!("a function takes {expected} and is given something else"))
}

/// An argument would have to be known.
pub(super) fn not_known() -> Fault {
    Fault::not_known()
}

/// All keys that the arguments hang on.
pub(super) fn keys(args: &[Traced]) -> Keys {
    Traced::keys_of(args)
}

/// A text: what a parameter of Go's type `string` takes. Nothing else is made one.
pub(super) fn text(value: &Traced) -> Result<&Text, Fault> {
    match &value.value {
        Value::Text(text) => Ok(text),
        Value::Unknown => Err(not_known()),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type("a text")),
    }
}

/// A text that is known as a whole.
pub(super) fn known_text(value: &Traced) -> Result<&str, Fault> {
    let text = text(value)?;
    if text.has_hole() {
        return Err(not_known());
    }
    Ok(text.as_str())
}

/// An integer. A number of values is a float, which Go refuses here; one that stands in the template may be written `2.0`.
pub(super) fn int(value: &Traced) -> Result<i64, Fault> {
    match &value.value {
        Value::Int(value) => Ok(*value),
        Value::Float(number) if value.origin.kind == Kind::Literal && number.fract() == 0.0 => {
            Ok(super::convert::truncated(*number))
        }
        Value::Unknown => Err(not_known()),
        Value::Nil
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type("an integer")),
    }
}

/// A map; `None` for nil.
pub(super) fn map(value: &Traced) -> Result<Option<&Map>, Fault> {
    match &value.value {
        Value::Map(map) => Ok(Some(map)),
        Value::Nil => Ok(None),
        Value::Unknown => Err(not_known()),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Native(_) => Err(wrong_type("a map")),
    }
}

/// A list. The steps of going through it once are spent.
pub(super) fn list<'a>(value: &'a Traced, work: &mut Work) -> Result<&'a [Traced], Fault> {
    match &value.value {
        Value::List(items) => {
            work.steps(items.len())?;
            Ok(items)
        }
        Value::Unknown => Err(not_known()),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type("a list")),
    }
}
