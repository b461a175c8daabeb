//! The lines of one object's findings: code, path, before → after, writer and time, and the effect of the next upgrade.
//!
//! Findings that all fit are laid out as a table; where the terminal is too narrow for that, each takes a few
//! lines with labels. Without a known width nothing is ever wrapped, so that `grep` finds whole findings.

use std::io::{self, Write};

use serde_json::Value;

use crate::model::{Actor, Finding, ObjectReport, ReleaseReport};
use crate::report::words::{count, minute};
use crate::vocabulary::{FindingCode, Severity};

use super::TextOptions;
use super::line::Line;
use super::line_diff::{DiffLayout, diff};
use super::safe::{Safe, cut_front};
use super::value::{quoted, show};
use super::{upgrade, wrap};

const INDENT: usize = 4;
/// No column is padded further than this; longer cells push the rest of their own line only.
const PATH_COLUMN: usize = 64;
const VALUE_COLUMN: usize = 48;
/// How much of one value is shown where there is room.
const VALUE_LIMIT: usize = 60;
/// How much of a path, a manager's name and the like is shown at all.
const NAME_LIMIT: usize = 400;
/// What stands in place of values that are hidden, and in texts in place of parts.
const REDACTED: &str = "(redacted)";
/// How every such mark begins: those of keys have a number.
const REDACTED_BEGIN: &str = "(redacted";
/// Labels of the narrow layout. They also keep text from the cluster away from the beginning of a line.
const BY: &str = "by ";
const VALUE: &str = "value  ";

/// One finding, ready for either layout.
struct Row {
    code: FindingCode,
    severity: Severity,
    path: Safe,
    value: Line,
    details: Vec<Remark>,
    block: Vec<Line>,
}

/// One remark on a finding.
struct Remark {
    /// What the narrow layout writes before it.
    label: &'static str,
    /// The remark itself.
    text: Line,
}

impl Remark {
    fn of(text: impl Into<Safe>, options: &TextOptions) -> Self {
        Self {
            label: "",
            text: Line::of(options.palette.dim, text),
        }
    }

    /// A remark with its label.
    fn labelled(&self, options: &TextOptions) -> Line {
        let mut line = Line::default();
        if !self.label.is_empty() {
            line.push(options.palette.dim, self.label);
        }
        line.extend(self.text.clone());
        line
    }
}

/// Writes the lines of all findings of an object.
///
/// The rows are held until the widths of the columns are known. The lines, which are as large again, are made one by one.
pub(super) fn write(
    release: &ReleaseReport,
    object: &ObjectReport,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows: Vec<_> = object
        .findings
        .iter()
        .map(|finding| row(release, finding, options))
        .collect();
    let code_end = INDENT + 2 + column(rows.iter().map(|row| row.code.as_str().len()), usize::MAX);
    let path_end = code_end + 2 + column(rows.iter().map(|row| row.path.width()), PATH_COLUMN);
    let value_end = path_end + 3 + column(rows.iter().map(|row| row.value.width()), VALUE_COLUMN);
    let table_line = |row: &Row| {
        let mut line = row.head(code_end, options);
        line.plain("  ").pad_to(path_end).extend(row.value.clone());
        if !row.details.is_empty() {
            line.plain("   ").pad_to(value_end);
            line.extend(joined(row.details.iter().map(|detail| detail.text.clone())));
        }
        line
    };
    let fits = |width: usize| rows.iter().all(|row| table_line(row).width() <= width);
    let is_table = options.width.is_none_or(fits);
    for row in rows {
        if is_table {
            table_line(&row).write(out)?;
            row.block.iter().try_for_each(|line| line.write(out))?;
        } else {
            let block = row.stacked(code_end, options);
            let mut lines = block.iter().chain(&row.block);
            let margin = Line::indented(code_end);
            lines.try_for_each(|line| wrap::write(line, options.columns(), &margin, out))?;
        }
    }
    Ok(())
}

/// Remarks on one line.
fn joined(details: impl Iterator<Item = Line>) -> Line {
    let mut line = Line::default();
    for remark in details {
        if line.width() > 0 {
            line.plain("   ");
        }
        line.extend(remark);
    }
    line
}

/// The widest cell, up to a limit.
fn column(widths: impl Iterator<Item = usize>, limit: usize) -> usize {
    widths.max().unwrap_or(0).min(limit)
}

impl Row {
    fn head(&self, code_end: usize, options: &TextOptions) -> Line {
        let mut line = Line::indented(INDENT);
        line.push(options.palette.finding(self.severity), self.code.as_str())
            .pad_to(code_end);
        line.plain(self.path.clone());
        line
    }

    /// The lines of the narrow layout: the code and the path, the value where it does not fit beside them, the remarks.
    fn stacked(&self, code_end: usize, options: &TextOptions) -> Vec<Line> {
        let mut head = self.head(code_end, options);
        let mut lines = Vec::new();
        if options
            .width
            .is_some_and(|width| head.width() + 2 + self.value.width() <= width)
        {
            head.plain("  ").extend(self.value.clone());
            lines.push(head);
        } else {
            lines.push(head);
            let mut line = Line::indented(code_end);
            line.push(options.palette.dim, VALUE).extend(self.value.clone());
            lines.push(line);
        }
        if !self.details.is_empty() {
            let mut line = Line::indented(code_end);
            line.extend(joined(self.details.iter().map(|detail| detail.labelled(options))));
            lines.push(line);
        }
        lines
    }
}

fn row(release: &ReleaseReport, finding: &Finding, options: &TextOptions) -> Row {
    let medium = options.medium;
    let mut details = Vec::new();
    if finding.severity == Severity::Info {
        details.push(Remark::of("info", options));
    }
    if let Some(by) = finding.ignored_by {
        details.push(Remark::of(Safe::of(&format!("ignored by {by}"), medium), options));
    }
    details.extend(from_revision(release, finding, options).map(|text| Remark::of(text, options)));
    details.extend(finding.actor.as_ref().map(|actor| Remark {
        label: BY,
        ..Remark::of(self::actor(actor, options), options)
    }));
    if finding.shortened {
        details.push(Remark::of("long value, shown in part", options));
    }
    // The API server drops the field at every write, so the next upgrade changes nothing.
    let next = finding
        .next_upgrade
        .filter(|_| finding.code != FindingCode::Pruned);
    details.extend(next.map(|next| {
        let mut text = Line::default();
        upgrade::of_field(next, &options.palette, &mut text);
        Remark { label: "", text }
    }));
    details.extend(finding.confirmed.map(|confirmed| {
        let text = if confirmed {
            "confirmed (server dry run)"
        } else {
            "not drift (server dry run)"
        };
        Remark::of(text, options)
    }));
    let (value, block) = value(finding, options);
    let path = Safe::of(&finding.path, medium);
    Row {
        code: finding.code,
        severity: finding.severity,
        path: Safe::of(&cut_front(path.as_str(), NAME_LIMIT), medium),
        value,
        details,
        block,
    }
}

/// Before → after, and the lines below it when the values have several.
fn value(finding: &Finding, options: &TextOptions) -> (Line, Vec<Line>) {
    let (palette, medium) = (&options.palette, options.medium);
    let mut line = Line::default();
    if finding.redacted && !differs_in_shown_lines(finding) && !differs_in_shown_elements(finding) {
        line.push(palette.dim, REDACTED);
        return (line, Vec::new());
    }
    if finding.omitted {
        line.push(palette.dim, "(too large to show)");
        return (line, Vec::new());
    }
    if let (Some(Value::String(before)), Some(Value::String(after))) = (&finding.desired, &finding.live)
        && (before.lines().count() > 1 || after.lines().count() > 1)
    {
        let indent = INDENT + 4;
        let columns = options
            .width
            .map_or(120, |width| width.saturating_sub(indent + 4).max(24));
        let diff = diff(
            before,
            after,
            &DiffLayout {
                palette,
                medium,
                indent,
                columns,
            },
        );
        let counts = format!("{} removed, {} added", count(diff.removed, "line"), diff.added);
        line.plain(Safe::of(&counts, medium));
        if finding.redacted {
            line.plain(" ").push(palette.dim, "(parts redacted)");
        }
        return (line, diff.block);
    }
    let (before, after) = match (&finding.desired, &finding.live) {
        (None, None) => {
            line.plain(Safe::of(&finding.message, medium).cut(NAME_LIMIT));
            return (line, Vec::new());
        }
        (Some(before), Some(after)) => pair(before, after, options),
        (Some(before), None) => (show(before, medium), Safe::from("(absent)")),
        (None, Some(after)) => (Safe::from("(not set)"), show(after, medium)),
    };
    // Two values must fit beside the labels of the narrow layout.
    let limit = options.width.map_or(VALUE_LIMIT, |width| {
        (width.saturating_sub(30) / 2).clamp(16, VALUE_LIMIT)
    });
    let (before, after) = Safe::shorten(&before, &after, limit);
    line.push(palette.before, before)
        .plain(" → ")
        .push(palette.after, after);
    (line, Vec::new())
}

/// Whether the values of a finding with hidden parts are texts of several lines that differ in lines that are shown. A
/// value without a mark in it may have been left by mistake.
fn differs_in_shown_lines(finding: &Finding) -> bool {
    match (&finding.desired, &finding.live) {
        (Some(Value::String(before)), Some(Value::String(after))) => {
            before != after
                && [before, after].iter().all(|text| text.lines().count() > 1)
                && [before, after].iter().any(|text| text.contains(REDACTED))
        }
        (Some(_) | None, Some(_) | None) => false,
    }
}

/// Whether the values of a finding with hidden parts are lists or maps that differ in what is shown of them. A list of
/// arguments with a password in it is as readable as it is in JSON.
fn differs_in_shown_elements(finding: &Finding) -> bool {
    let versions = [&finding.desired, &finding.live];
    let is_shown = |value: &Value| matches!(value, Value::Array(_) | Value::Object(_));
    finding.desired != finding.live
        && versions
            .iter()
            .all(|version| version.as_ref().is_none_or(is_shown))
        && versions
            .iter()
            .any(|version| version.as_ref().is_some_and(holds_mark))
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
fn pair(before: &Value, after: &Value, options: &TextOptions) -> (Safe, Safe) {
    let shown = (show(before, options.medium), show(after, options.medium));
    match (before, after) {
        (Value::String(a), Value::String(b)) if shown.0 == shown.1 => {
            (quoted(a, options.medium), quoted(b, options.medium))
        }
        _ => shown,
    }
}

/// The revision that the live value comes from, for the codes that say it is not the baseline's.
fn from_revision(release: &ReleaseReport, finding: &Finding, options: &TextOptions) -> Option<Safe> {
    let text = match finding.code {
        FindingCode::NotApplied | FindingCode::Undone | FindingCode::Lingering => {
            format!("as in revision {}", finding.from_revision?)
        }
        FindingCode::Changed if finding.redacted || finding.previous == finding.desired => return None,
        FindingCode::Changed => {
            let value = show(finding.previous.as_ref()?, options.medium);
            // Cut where it differs from the baseline's.
            let beside = finding
                .desired
                .as_ref()
                .map(|desired| show(desired, options.medium));
            let beside = beside.unwrap_or_else(|| Safe::from(""));
            let (value, _) = Safe::shorten(&value, &beside, VALUE_LIMIT / 2);
            let baseline = release.baseline.as_ref()?.revision;
            format!("also changed by revision {baseline}, from {}", value.as_str())
        }
        FindingCode::HalfUpgraded => {
            let revision = finding.from_revision?;
            if revision == release.latest.revision {
                format!("as in revision {revision} ({})", release.latest.status)
            } else {
                format!("as in revision {revision}")
            }
        }
        FindingCode::Removed
        | FindingCode::Pruned
        | FindingCode::Added
        | FindingCode::Overwritten
        | FindingCode::MutatedAtAdmission
        | FindingCode::Autoscaled
        | FindingCode::Restarted
        | FindingCode::Resized
        | FindingCode::ControllerOwned
        | FindingCode::AlsoWritten => return None,
    };
    Some(Safe::of(&text, options.medium))
}

fn actor(actor: &Actor, options: &TextOptions) -> Safe {
    let mut text = actor.manager.clone();
    if let Some(subresource) = &actor.subresource {
        text = format!("{text} via {subresource}");
    }
    let mut text = Safe::of(&text, options.medium)
        .cut(VALUE_LIMIT)
        .as_str()
        .to_owned();
    if let Some(time) = actor.time {
        text = format!("{text}, {}", minute(time));
    }
    Safe::of(&format!("{text} (claimed)"), options.medium)
}
