//! Values to text and back, as Helm's functions print and read them, without losing which key each scalar shows.

mod number;
mod order;
mod resolve;
mod scalar;
mod yaml;

use std::rc::Rc;

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

/// JSON.
pub(super) fn to_json(value: &Traced, _style: JsonStyle, _work: &mut Work) -> Result<Text, Fault> {
    Ok(Text::hole(value.origin.clone()))
}

/// What a template prints for a value.
pub(super) fn printed(value: &Traced, _work: &mut Work) -> Result<Text, Fault> {
    match &value.value {
        Value::Text(text) => Ok(Rc::unwrap_or_clone(Rc::clone(text))),
        _ => Ok(Text::hole(value.origin.clone())),
    }
}

/// What `fromYaml` reads: a map.
pub(super) fn from_yaml(text: &Text, _work: &mut Work) -> Result<Traced, Fault> {
    Ok(Traced::unknown(&[Traced::text(text.clone())]))
}

/// What `fromYamlArray` reads: a list.
pub(super) fn from_yaml_array(text: &Text, work: &mut Work) -> Result<Traced, Fault> {
    from_yaml(text, work)
}

/// What `fromJson` reads: a map.
pub(super) fn from_json(text: &Text, work: &mut Work) -> Result<Traced, Fault> {
    from_yaml(text, work)
}

/// What `fromJsonArray` reads: a list.
pub(super) fn from_json_array(text: &Text, work: &mut Work) -> Result<Traced, Fault> {
    from_yaml(text, work)
}
