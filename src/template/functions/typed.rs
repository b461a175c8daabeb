//! Arguments of functions, with Go's rules of which value a parameter takes (`text/template`, `validateType`).

use super::super::key::Keys;
use super::super::traced::{Kind, Text, Traced, Value};
use super::super::work::Fault;

/// The arguments, as many as the function has parameters.
pub(super) fn exactly<const N: usize>(args: &[Traced]) -> Result<&[Traced; N], Fault> {
    <&[Traced; N]>::try_from(args)
        .map_err(|_| Fault::Failed(format!("a function has {} arguments instead of {N}", args.len())))
}

/// The text that a parameter of Go's type `string` takes. Nothing else is made one.
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
        | Value::Native(_) => Err(wrong_type("string")),
    }
}

/// The number that a parameter of Go's type `int` takes.
///
/// A number of values is a float there and is refused. A number like `5.0` in a template is taken where it stands as an
/// argument, and is refused where it comes out of a variable: that is not told apart here.
pub(super) fn int(value: &Traced) -> Result<i64, Fault> {
    match &value.value {
        Value::Int(number) => Ok(*number),
        Value::Float(_) if value.origin.kind == Kind::Literal => Err(Fault::Unsupported(
            "a number with a fraction as an integer".to_owned(),
        )),
        Value::Unknown => Err(not_known()),
        Value::Nil
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type("int")),
    }
}

/// All keys that the arguments hang on.
pub(super) fn keys(args: &[Traced]) -> Keys {
    Traced::keys_of(args)
}

fn not_known() -> Fault {
    Fault::Unsupported("a value that is not known".to_owned())
}

fn wrong_type(wanted: &str) -> Fault {
    Fault::Failed(format!("wrong type for value; expected {wanted}"))
}
