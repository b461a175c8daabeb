//! What templates print for a value: `%v` of Go's `fmt`.

use super::super::traced::{HOLE, Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::number;

/// Prints a value. Nil alone gives an empty text: Helm takes `<no value>` out of what it renders
/// (`pkg/engine/engine.go`, `render`).
pub(super) fn print(value: &Traced, work: &mut Work) -> Result<Text, Fault> {
    let mut out = Text::default();
    match &value.value {
        Value::Nil => out.push("", &value.origin),
        _ => append(value, &mut out, work)?,
    }
    Ok(out)
}

fn append(value: &Traced, out: &mut Text, work: &mut Work) -> Result<(), Fault> {
    work.bytes(8)?;
    match &value.value {
        Value::Nil => out.push("<nil>", &value.origin),
        Value::Bool(true) => out.push("true", &value.origin),
        Value::Bool(false) => out.push("false", &value.origin),
        Value::Int(number) => out.push(&number.to_string(), &value.origin),
        Value::Float(number) => out.push(&number::general(*number), &value.origin),
        Value::Text(text) => {
            work.bytes(text.as_str().len())?;
            out.append(text);
        }
        Value::List(items) if items.is_empty() => out.push("[]", &value.origin),
        Value::Map(map) if map.entries().is_empty() => out.push("map[]", &value.origin),
        Value::List(items) => {
            work.enter()?;
            out.push_literal("[");
            let result = items.iter().enumerate().try_for_each(|(position, item)| {
                out.push_literal(if position > 0 { " " } else { "" });
                append(item, out, work)
            });
            out.push_literal("]");
            work.leave();
            result?;
        }
        Value::Map(map) => {
            work.enter()?;
            out.push_literal("map[");
            let result = map
                .entries()
                .iter()
                .enumerate()
                .try_for_each(|(position, (name, item))| {
                    work.bytes(name.len())?;
                    out.push_literal(if position > 0 { " " } else { "" });
                    out.push_literal(name);
                    out.push_literal(":");
                    append(item, out, work)
                });
            out.push_literal("]");
            work.leave();
            result?;
        }
        Value::Unknown => out.push(&HOLE.to_string(), &value.origin),
        Value::Native(_) => return Err(Fault::Unsupported("an object of Helm as text".to_owned())),
    }
    Ok(())
}
