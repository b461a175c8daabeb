//! What the tests of functions share: arguments, and results with their origins made visible.

use super::super::key::Key;
use super::super::traced::{Kind, Origin, Text, Traced, Tree, Value};
use super::super::work::{Fault, Work};

/// A text that stands in the template.
pub(super) fn text(text: &str) -> Traced {
    Traced::text(Text::literal(text))
}

/// An integer that stands in the template.
pub(super) fn int(number: i64) -> Traced {
    Traced::literal(Value::Int(number))
}

/// The value of a key.
#[allow(clippy::needless_pass_by_value)] // `json!` makes values, and tests read better without `&`.
pub(super) fn keyed(key: &str, value: serde_json::Value) -> Traced {
    Traced::of_values(&value, &Key::root().name(key), &Tree::default())
}

/// Texts one after another.
pub(super) fn joined(parts: &[Traced]) -> Traced {
    let mut joined = Text::default();
    for part in parts {
        match &part.value {
            Value::Text(text) => joined.append(text),
            _ => joined.append(&Text::hole(part.origin.clone())),
        }
    }
    Traced::text(joined)
}

/// What nobody knows, hanging on a key.
pub(super) fn unknown(key: &str) -> Traced {
    Traced::unknown(&[keyed(key, serde_json::Value::Null)])
}

/// What a call gives: the text with `<key=…>` around what shows a key, `<~…>` around what was made of values, and `<?…>`
/// around holes.
pub(super) fn shown(name: &str, args: &[Traced]) -> String {
    match super::call(name, args, &mut Work::default()) {
        Ok(value) => show(&value),
        Err(Fault::Failed(_)) => "failed".to_owned(),
        Err(fault) => fault.to_string(),
    }
}

fn show(value: &Traced) -> String {
    match &value.value {
        Value::Text(text) => text
            .pieces()
            .map(|(piece, origin)| marked(piece, origin))
            .collect(),
        Value::Unknown => "unknown".to_owned(),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries = map.entries();
            let entries = entries
                .iter()
                .map(|(name, value)| format!("{name}: {}", show(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Bool(truth) => marked(&truth.to_string(), &value.origin),
        Value::Int(number) => marked(&number.to_string(), &value.origin),
        Value::Float(number) => marked(&number.to_string(), &value.origin),
        Value::Nil => "nil".to_owned(),
        Value::Native(_) => "native".to_owned(),
    }
}

fn marked(text: &str, origin: &Origin) -> String {
    match (&origin.key, origin.kind) {
        (Some(key), _) => format!("<{key}={text}>"),
        (None, Kind::Literal) => text.to_owned(),
        (None, Kind::Hole) => format!("<?{text}>"),
        (None, Kind::Value | Kind::Default | Kind::Derived | Kind::Alternative) => format!("<~{text}>"),
    }
}
