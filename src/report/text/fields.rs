//! The lines of one object's findings: code, path, before → after, writer and time, and the effect of the next upgrade.
//!
//! Findings that all fit are laid out as a table; where the terminal is too narrow for that, each takes a few
//! lines with labels. Without a known width nothing is ever wrapped, so that `grep` finds whole findings.

use std::io::{self, Write};

use serde_json::Value;

use crate::model::{Actor, Finding, ObjectReport};
use crate::report::alike::{self, ReleaseGroup};
use crate::report::origin::{Origin, Place};
use crate::report::words::{count, period};
use crate::vocabulary::{FindingCode, NextUpgrade, Severity};

use super::line::Line;
use super::line_diff::{DiffLayout, DiffLimits, LineDiff};
use super::safe::Safe;
use super::value::{quoted, show};
use super::{Extent, TextOptions};

const INDENT: usize = 4;
/// No column is padded further than this; longer cells push the rest of their own line only.
const PATH_COLUMN: usize = 64;
const VALUE_COLUMN: usize = 48;
/// How much of one value is shown on a terminal where there is room.
const VALUE_LIMIT: usize = 60;
/// How many lines of a difference are shown on a terminal.
const DIFF_LINES: usize = 12;
/// How much of a path, a manager's name and the like is shown at all.
const NAME_LIMIT: usize = 400;
/// What stands in place of values that are hidden, and in texts in place of parts.
const REDACTED: &str = "(redacted)";
/// How every such mark begins: those of keys have a number.
const REDACTED_BEGIN: &str = "(redacted";
/// Labels of the narrow layout. They also keep text from the cluster away from the beginning of a line.
const NOTE: &str = "note   ";
const VALUE: &str = "value  ";

/// One finding, ready for either layout.
struct Row<'r> {
    code: FindingCode,
    severity: Severity,
    path: Safe,
    value: Line,
    details: Vec<Safe>,
    /// The texts whose lines are compared below the row.
    texts: Option<(&'r str, &'r str)>,
}

/// Writes the lines of all findings of an object, which hold for the other objects as well.
///
/// The rows are held until the widths of the columns are known. The lines, which are as large again, are made one by one.
pub(super) fn write(
    releases: &ReleaseGroup<'_>,
    objects: &[&ObjectReport],
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(object) = objects.first() else {
        return Ok(());
    };
    let rows: Vec<_> = (0..object.findings.len())
        .map(|at| {
            let findings = objects.iter().filter_map(|object| object.findings.get(at));
            row(
                releases,
                &object.findings[at],
                &findings.collect::<Vec<_>>(),
                options,
            )
        })
        .collect();
    let code_end = INDENT + 2 + column(rows.iter().map(|row| row.code.as_str().len()), usize::MAX);
    let path_end = code_end + 2 + column(rows.iter().map(|row| row.path.width()), PATH_COLUMN);
    let value_end = path_end + 3 + column(rows.iter().map(|row| row.value.width()), VALUE_COLUMN);
    let table_line = |row: &Row| {
        let mut line = row.head(code_end, options);
        line.plain("  ").pad_to(path_end).extend(row.value.clone());
        if !row.details.is_empty() {
            line.plain("   ").pad_to(value_end);
            row.details(&mut line, options);
        }
        line
    };
    let fits = |width: usize| rows.iter().all(|row| table_line(row).width() <= width);
    let is_table = options.width.is_none_or(fits);
    for row in rows {
        if is_table {
            table_line(&row).write(out)?;
        } else {
            let lines = row.stacked(code_end, options);
            lines.iter().try_for_each(|line| line.write(out))?;
        }
        if let Some((before, after)) = row.texts {
            LineDiff::of(before, after).write(&diff_layout(options), out)?;
        }
    }
    Ok(())
}

/// The widest cell, up to a limit.
fn column(widths: impl Iterator<Item = usize>, limit: usize) -> usize {
    widths.max().unwrap_or(0).min(limit)
}

impl Row<'_> {
    fn head(&self, code_end: usize, options: &TextOptions) -> Line {
        let mut line = Line::indented(INDENT);
        line.push(options.palette.finding(self.severity), self.code.as_str())
            .pad_to(code_end);
        let room = options
            .width
            .map_or(NAME_LIMIT, |width| width.saturating_sub(code_end).max(24));
        line.plain(self.path.cut_front(room));
        line
    }

    fn details(&self, line: &mut Line, options: &TextOptions) {
        for (at, detail) in self.details.iter().enumerate() {
            if at > 0 {
                line.plain("   ");
            }
            line.push(options.palette.dim, detail.clone());
        }
    }

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
        let mut note = Line::default();
        self.details(&mut note, options);
        let room = options
            .width
            .unwrap_or(usize::MAX)
            .saturating_sub(code_end + NOTE.len());
        let notes = if note.width() <= room {
            vec![note]
        } else {
            self.details
                .iter()
                .map(|detail| Line::of(options.palette.dim, detail.cut(room.max(24))))
                .collect()
        };
        for note in notes.into_iter().filter(|note| note.width() > 0) {
            let mut line = Line::indented(code_end);
            line.push(options.palette.dim, NOTE).extend(note);
            lines.push(line);
        }
        lines
    }
}

/// The row of a finding, which stands for all of these.
fn row<'r>(
    releases: &ReleaseGroup<'_>,
    finding: &'r Finding,
    findings: &[&Finding],
    options: &TextOptions,
) -> Row<'r> {
    let medium = options.medium;
    let mut details = Vec::new();
    if finding.severity == Severity::Info {
        details.push(Safe::from("info"));
    }
    if let Some(by) = finding.ignored_by {
        details.push(Safe::of(&format!("ignored by {by}"), medium));
    }
    details.extend(origin(releases, finding, options));
    let actor = finding.actor.as_ref();
    details.extend(actor.map(|actor| self::actor(actor, findings, options)));
    if findings.len() > 1 && alike::is_unproven(finding) {
        details.push(Safe::from(alike::UNPROVEN));
    }
    if finding.shortened {
        details.push(Safe::from("long value, shown in part"));
    }
    // The API server drops the field at every write, so the next upgrade changes nothing.
    let next = finding
        .next_upgrade
        .filter(|_| finding.code != FindingCode::Pruned);
    details.extend(next.map(|next| Safe::from(next_upgrade(next))));
    details.extend(finding.confirmed.map(|confirmed| {
        Safe::from(if confirmed {
            "confirmed (server dry run)"
        } else {
            "not drift (server dry run)"
        })
    }));
    let texts = texts(finding);
    Row {
        code: finding.code,
        severity: finding.severity,
        path: Safe::of(&finding.path, medium).cut_front(NAME_LIMIT),
        value: value(finding, texts, options),
        details,
        texts,
    }
}

/// The values of a finding, if they are texts whose lines are compared.
fn texts(finding: &Finding) -> Option<(&str, &str)> {
    let (before, after) = (
        lines_of(finding.desired.as_ref())?,
        lines_of(finding.live.as_ref())?,
    );
    let has_lines = before.lines().count() > 1 || after.lines().count() > 1;
    let is_shown = !finding.omitted && (!finding.redacted || differs_in_shown_lines(finding));
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

/// How the lines of two texts are laid out below their row.
fn diff_layout(options: &TextOptions) -> DiffLayout<'_> {
    let indent = INDENT + 4;
    DiffLayout {
        palette: &options.palette,
        medium: options.medium,
        indent,
        limits: (options.extent < Extent::Whole).then(|| DiffLimits {
            columns: options
                .width
                .map_or(120, |width| width.saturating_sub(indent + 4).max(24)),
            lines: DIFF_LINES,
        }),
    }
}

/// Before → after, or how many lines differ.
fn value(finding: &Finding, texts: Option<(&str, &str)>, options: &TextOptions) -> Line {
    let (palette, medium) = (&options.palette, options.medium);
    let mut line = Line::default();
    if finding.redacted && !differs_in_shown_lines(finding) && !differs_in_shown_elements(finding) {
        line.push(palette.dim, REDACTED);
        return line;
    }
    if finding.omitted {
        line.push(palette.dim, "(too large to show)");
        return line;
    }
    if let (Some((before, after)), Some(_), Some(_)) = (texts, &finding.desired, &finding.live) {
        let diff = LineDiff::of(before, after);
        let counts = format!(
            "{} removed, {} added",
            count(diff.removed(), "line"),
            diff.added()
        );
        line.plain(Safe::of(&counts, medium));
        if finding.redacted {
            line.plain(" ").push(palette.dim, "(parts redacted)");
        }
        return line;
    }
    let (before, after) = match (&finding.desired, &finding.live) {
        (None, None) => {
            line.plain(Safe::of(&finding.message, medium).cut(NAME_LIMIT));
            return line;
        }
        (Some(before), Some(after)) => pair(before, after, options),
        (Some(before), None) => (show(before, medium), Safe::from("(absent)")),
        (None, Some(after)) => (Safe::from("(not set)"), show(after, medium)),
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

/// What another revision has to do with a difference. Several releases have no revision number in common.
fn origin(releases: &ReleaseGroup<'_>, finding: &Finding, options: &TextOptions) -> Option<Safe> {
    let several = releases.len() > 1;
    let text = match Origin::of(releases.first, finding)? {
        Origin::AsIn {
            place: Place::Previous,
            ..
        } if several => "as in the previous revision".to_owned(),
        Origin::AsIn {
            place: Place::Newest(status),
            ..
        } if several => format!("as in the newest revision ({status})"),
        Origin::AsIn {
            place: Place::Newest(status),
            revision,
        } => format!("as in revision {revision} ({status})"),
        Origin::AsIn {
            place: Place::Previous | Place::Other(_),
            revision,
        } => format!("as in revision {revision}"),
        Origin::AlsoChanged { by, from } => {
            let from = previous(from, finding, options);
            if several {
                format!("also changed by the deployed revision, from {}", from.as_str())
            } else {
                format!("also changed by revision {by}, from {}", from.as_str())
            }
        }
    };
    Some(Safe::of(&text, options.medium))
}

/// The previous revision's value, cut where it differs from the baseline's.
fn previous(value: &Value, finding: &Finding, options: &TextOptions) -> Safe {
    let value = show(value, options.medium);
    match options.extent {
        Extent::Short | Extent::Lists => {
            let beside = finding.desired.as_ref();
            let beside = beside.map_or(Safe::from(""), |desired| show(desired, options.medium));
            // It stands behind a few words.
            let limit = options.width.map_or(usize::MAX, |width| width / 4);
            Safe::shorten(&value, &beside, limit.clamp(12, VALUE_LIMIT / 2)).0
        }
        Extent::Whole => value,
    }
}

/// The writer of a finding, and when the findings that it stands for were written.
fn actor(actor: &Actor, findings: &[&Finding], options: &TextOptions) -> Safe {
    let mut text = actor.manager.clone();
    if let Some(subresource) = &actor.subresource {
        text = format!("{text} via {subresource}");
    }
    let mut text = Safe::of(&text, options.medium)
        .cut(VALUE_LIMIT)
        .as_str()
        .to_owned();
    if let Some((first, last)) = alike::written(findings.iter().copied()) {
        text = format!("{text}, {}", period(first, last));
    }
    Safe::of(&format!("{text} (claimed)"), options.medium)
}

/// The effect of the next upgrade, in words.
pub(super) const fn next_upgrade(next: NextUpgrade) -> &'static str {
    match next {
        NextUpgrade::Revert => "next upgrade: reverts",
        NextUpgrade::Keep => "next upgrade: keeps",
        NextUpgrade::Conflict => "next upgrade: fails (conflict)",
    }
}
