//! Values to text and back, as Helm's functions print and read them, without losing which key each scalar shows.

mod json;
mod number;
mod order;
mod read;
mod resolve;
mod scalar;
#[cfg(test)]
mod tests;
mod yaml;

use std::rc::Rc;

use read::Language;
use resolve::Dialect;

use super::traced::{Origin, Text, Traced, Value};
use super::work::{Fault, Work};

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonStyle {
    /// In one line, with `<`, `>` and `&` escaped: `toJson`.
    Html,
    /// In one line, with nothing escaped that JSON allows: `toRawJson`.
    Raw,
    /// In many lines, indented by two spaces: `toPrettyJson`.
    Pretty,
}

/// What `toYaml` prints, without the line break at its end (`pkg/engine/funcs.go`, `toYAML`). A value that cannot be
/// printed gives an empty text.
pub(super) fn to_yaml(value: &Traced, work: &mut Work) -> Result<Text, Fault> {
    print_yaml(value, Dialect::Two, work)
}

/// What `toYamlPretty` prints (`toYAMLPretty`): lists are indented, no line is folded, large numbers have an exponent.
pub(super) fn to_yaml_pretty(value: &Traced, work: &mut Work) -> Result<Text, Fault> {
    print_yaml(value, Dialect::Three, work)
}

fn print_yaml(value: &Traced, dialect: Dialect, work: &mut Work) -> Result<Text, Fault> {
    let Some(text) = yaml::print(value, dialect, work)? else {
        return Ok(Text::of("", Origin::derived(value.keys())));
    };
    let end = text.as_str().strip_suffix('\n').unwrap_or(text.as_str()).len();
    Ok(without_last_break(text, end))
}

/// A text up to a position, where a piece keeps its key although the line break after it goes.
fn without_last_break(text: Text, end: usize) -> Text {
    if end == text.as_str().len() {
        return text;
    }
    let mut kept = Text::default();
    let mut left = end;
    for (part, origin) in text.pieces() {
        let len = part.len().min(left);
        if len > 0 || part.is_empty() {
            kept.push(part.get(..len).unwrap_or_default(), origin);
        }
        left -= len;
    }
    kept
}

/// What `toJson`, `toRawJson` or `toPrettyJson` print. A value that cannot be printed gives an empty text.
pub(super) fn to_json(value: &Traced, style: JsonStyle, work: &mut Work) -> Result<Text, Fault> {
    let text = json::print(value, style, work)?;
    Ok(text.unwrap_or_else(|| Text::of("", Origin::derived(value.keys()))))
}

/// What `fromYaml` reads: a map. A text that is none gives one with the field `Error`, whose text is not known.
pub(super) fn from_yaml(text: &Text, work: &mut Work) -> Result<Traced, Fault> {
    map_or_error(text, Language::Yaml, work)
}

/// What `fromYamlArray` reads: a list. A text that is none gives a list of one text, which is not known.
pub(super) fn from_yaml_array(text: &Text, work: &mut Work) -> Result<Traced, Fault> {
    list_or_error(text, Language::Yaml, work)
}

/// What `fromJson` reads: a map.
pub(super) fn from_json(text: &Text, work: &mut Work) -> Result<Traced, Fault> {
    map_or_error(text, Language::Json, work)
}

/// What `fromJsonArray` reads: a list.
pub(super) fn from_json_array(text: &Text, work: &mut Work) -> Result<Traced, Fault> {
    list_or_error(text, Language::Json, work)
}

/// What sprig's `mustFromJson` reads: any value. A text that is no JSON ends the template.
pub(super) fn must_from_json(text: &Text, work: &mut Work) -> Result<Traced, Fault> {
    read::read(text, Language::Json, work)?.ok_or_else(|| Fault::Failed("a text is no JSON".to_owned()))
}

fn map_or_error(text: &Text, language: Language, work: &mut Work) -> Result<Traced, Fault> {
    let origin = Origin::derived(text.keys());
    let entries = match read::read(text, language, work)? {
        Some(read) if matches!(read.value, Value::Map(_)) => return Ok(read),
        Some(Traced {
            value: Value::Nil, ..
        }) => Vec::new(),
        Some(_) | None => vec![("Error".into(), unknown(text))],
    };
    Ok(Traced {
        value: Value::Map(entries.into_iter().collect()),
        origin,
    })
}

fn list_or_error(text: &Text, language: Language, work: &mut Work) -> Result<Traced, Fault> {
    let origin = Origin::derived(text.keys());
    let items = match read::read(text, language, work)? {
        Some(read) if matches!(read.value, Value::List(_)) => return Ok(read),
        Some(Traced {
            value: Value::Nil, ..
        }) => Vec::new(),
        Some(_) | None => vec![unknown(text)],
    };
    Ok(Traced {
        value: Value::List(Rc::new(items)),
        origin,
    })
}

/// The message of an error, which hangs on the text.
fn unknown(text: &Text) -> Traced {
    Traced {
        value: Value::Unknown,
        origin: Origin::hole(text.keys()),
    }
}
