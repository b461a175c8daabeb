//! Values to text and back, as Helm's functions print and read them, without losing which key each scalar shows.

use std::rc::Rc;

use super::traced::{Text, Traced, Value};
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

/// What `toYaml` prints, without the line break at its end.
pub(super) fn to_yaml(value: &Traced, _work: &mut Work) -> Result<Text, Fault> {
    Ok(Text::hole(value.origin.clone()))
}

/// What `toYamlPretty` prints: as `toYaml`, with lists indented.
pub(super) fn to_yaml_pretty(value: &Traced, work: &mut Work) -> Result<Text, Fault> {
    to_yaml(value, work)
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
