//! How two values are shown, those of a finding and those of a preview: before → after, or the lines that differ.

use serde_json::Value;

use crate::model::Finding;
use crate::report::sanitize::Medium;
use crate::report::words::count;

use super::line::Line;
use super::line_diff::LineDiff;
use super::safe::Safe;
use super::value::{quoted, show};
use super::{Extent, TextOptions};

/// How much of one value is shown on a terminal where there is room.
pub(super) const VALUE_LIMIT: usize = 60;
/// How much of a message is shown in place of values.
const MESSAGE_LIMIT: usize = 400;
/// What stands in place of values that are hidden, and in texts in place of parts.
pub(super) const REDACTED: &str = "(redacted)";
/// How every such mark begins: those of keys have a number.
const REDACTED_BEGIN: &str = "(redacted";

/// Two values, and how much of them may be shown.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Values<'a> {
    /// The value before; `None` where there was none.
    pub(in crate::report) before: Option<&'a Value>,
    /// The value after.
    pub(in crate::report) after: Option<&'a Value>,
    /// Whether parts of them are hidden.
    pub(super) redacted: bool,
    /// Whether they are left out for their size.
    pub(super) omitted: bool,
    /// What stands in their place where there are none.
    pub(super) message: &'a str,
}

impl<'a> Values<'a> {
    /// The deployed and the live value.
    pub(in crate::report) fn of(finding: &'a Finding) -> Self {
        Self {
            before: finding.desired.as_ref(),
            after: finding.live.as_ref(),
            redacted: finding.redacted,
            omitted: finding.omitted,
            message: &finding.message,
        }
    }
}

/// The values, if they are texts whose lines are compared.
pub(in crate::report) fn texts(values: Values<'_>) -> Option<(&str, &str)> {
    let (before, after) = (lines_of(values.before)?, lines_of(values.after)?);
    let has_lines = before.lines().count() > 1 || after.lines().count() > 1;
    let is_shown = !values.omitted && (!values.redacted || differs_in_shown_lines(values));
    (has_lines && is_shown).then_some((before, after))
}

/// A value that may have lines. One that is absent has none.
fn lines_of(value: Option<&Value>) -> Option<&str> {
    match value {
        None => Some(""),
        Some(Value::String(text)) => Some(text),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => None,
    }
}

/// Before → after, or how many lines differ.
pub(super) fn value(values: Values<'_>, texts: Option<(&str, &str)>, options: &TextOptions) -> Line {
    let (palette, medium) = (&options.palette, options.medium);
    let mut line = Line::default();
    if let Some(instead) = hidden(values) {
        line.push(palette.dim, instead);
        return line;
    }
    if let (Some((before, after)), Some(_), Some(_)) = (texts, values.before, values.after) {
        let diff = LineDiff::of(before, after);
        let counts = format!(
            "{} removed, {} added",
            count(diff.removed(), "line"),
            diff.added()
        );
        line.plain(Safe::of(&counts, medium));
        if values.redacted {
            line.plain(" ").push(palette.dim, "(parts redacted)");
        }
        return line;
    }
    let Some((before, after)) = sides(values, medium) else {
        line.plain(Safe::of(values.message, medium).cut(MESSAGE_LIMIT));
        return line;
    };
    let (before, after) = match options.extent {
        // Two values must fit beside the labels of the narrow layout.
        Extent::Short | Extent::Lists => {
            let limit = options.width.map_or(VALUE_LIMIT, |width| {
                (width.saturating_sub(30) / 2).clamp(16, VALUE_LIMIT)
            });
            // A short one leaves its room to the other.
            let shorter = before.width().min(after.width()).min(limit);
            Safe::shorten(&before, &after, 2 * limit - shorter)
        }
        Extent::Whole => (before, after),
    };
    line.push(palette.before, before)
        .plain(" → ")
        .push(palette.after, after);
    line
}

/// What stands in place of values that are not shown at all; `None` where they are shown.
pub(in crate::report) fn hidden(values: Values<'_>) -> Option<&'static str> {
    if values.redacted && !differs_in_shown_lines(values) && !differs_in_shown_elements(values) {
        Some(REDACTED)
    } else {
        values.omitted.then_some("(too large to show)")
    }
}

/// Both values on one line each, also one that is not there; `None` where there is neither.
pub(in crate::report) fn sides(values: Values<'_>, medium: Medium) -> Option<(Safe, Safe)> {
    match (values.before, values.after) {
        (None, None) => None,
        (Some(before), Some(after)) => Some(pair(before, after, medium)),
        (Some(before), None) => Some((show(before, medium), Safe::from("(absent)"))),
        (None, Some(after)) => Some((Safe::from("(not set)"), show(after, medium))),
    }
}

/// Whether values with hidden parts are texts of several lines that differ in lines that are shown. A
/// value without a mark in it may have been left by mistake.
fn differs_in_shown_lines(values: Values<'_>) -> bool {
    match (values.before, values.after) {
        (Some(Value::String(before)), Some(Value::String(after))) => {
            before != after
                && [before, after].iter().all(|text| text.lines().count() > 1)
                && [before, after].iter().any(|text| text.contains(REDACTED))
        }
        (Some(_) | None, Some(_) | None) => false,
    }
}

/// Whether values with hidden parts are lists or maps that differ in what is shown of them. A list of
/// arguments with a password in it is as readable as it is in JSON.
fn differs_in_shown_elements(values: Values<'_>) -> bool {
    let versions = [values.before, values.after];
    let is_shown = |value: &Value| matches!(value, Value::Array(_) | Value::Object(_));
    values.before != values.after
        && versions.iter().all(|version| version.is_none_or(is_shown))
        && versions.iter().any(|version| version.is_some_and(holds_mark))
}

/// Whether a part of a list or a map is hidden. A value without a mark in it may have been left by mistake.
fn holds_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(REDACTED_BEGIN),
        Value::Array(items) => items.iter().any(holds_mark),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, inner)| key.starts_with(REDACTED_BEGIN) || holds_mark(inner)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Two single-line values, both quoted when they would look alike otherwise.
fn pair(before: &Value, after: &Value, medium: Medium) -> (Safe, Safe) {
    let shown = (show(before, medium), show(after, medium));
    match (before, after) {
        (Value::String(a), Value::String(b)) if shown.0 == shown.1 => (quoted(a, medium), quoted(b, medium)),
        _ => shown,
    }
}
