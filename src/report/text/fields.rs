//! The lines of one object's findings: code, path, before → after, writer and time, and the effect of the next upgrade.
//!
//! Findings that all fit are laid out as a table; where the terminal is too narrow for that, each takes a few
//! lines with labels. Without a known width nothing is ever wrapped, so that `grep` finds whole findings.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::model::{Actor, Finding, ObjectReport};
use crate::report::alike::{self, ReleaseGroup};
use crate::report::origin::{Origin, Place};
use crate::report::words::{self, period};
use crate::vocabulary::{FindingCode, Severity};

use super::change::{VALUE_LIMIT, Values, texts, value};
use super::line::Line;
use super::line_diff::{DiffLayout, DiffLimits, LineDiff};
use super::safe::Safe;
use super::value::show;
use super::{Extent, TextOptions, changes, upgrade, wrap};

const INDENT: usize = 4;
/// No column is padded further than this; longer cells push the rest of their own line only.
const PATH_COLUMN: usize = 64;
const VALUE_COLUMN: usize = 48;
/// How many lines of a difference are shown on a terminal.
const DIFF_LINES: usize = 12;
/// How much of a path, a manager's name and the like is shown at all.
const NAME_LIMIT: usize = 400;
/// Labels of the narrow layout. They also keep text from the cluster away from the beginning of a line.
const BY: &str = "by ";
const VALUE: &str = "value  ";

/// One finding, ready for either layout.
pub(in crate::report) struct Row<'r> {
    pub(in crate::report) code: FindingCode,
    severity: Severity,
    pub(in crate::report) path: Safe,
    pub(in crate::report) value: Line,
    pub(in crate::report) details: Vec<Remark>,
    /// The key of the chart's values that keeps what lives.
    pub(in crate::report) to_keep: Option<Safe>,
    /// The texts whose lines are compared below the row.
    pub(in crate::report) texts: Option<(&'r str, &'r str)>,
}

/// One remark on a finding.
pub(in crate::report) struct Remark {
    /// What the narrow layout writes before it.
    label: &'static str,
    /// The remark itself.
    pub(in crate::report) text: Line,
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

/// Writes the lines of all findings of an object, which hold for the other objects as well.
///
/// The rows are held until the widths of the columns are known. The lines, which are as large again, are made one by one.
pub(super) fn write(
    releases: &ReleaseGroup<'_>,
    objects: &[&ObjectReport],
    options: &TextOptions,
    now: Option<DateTime<Utc>>,
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
                now,
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
            line.extend(joined(row.details.iter().map(|detail| detail.text.clone())));
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
            let margin = Line::indented(code_end);
            let mut lines = lines.iter();
            lines.try_for_each(|line| wrap::write(line, options.columns(), &margin, out))?;
        }
        if let Some(to_keep) = row.to_keep {
            let mut line = Line::indented(INDENT + 4);
            line.push(options.palette.dim, to_keep);
            wrap::write(&line, options.columns(), &Line::indented(INDENT + 6), out)?;
        }
        if let Some((before, after)) = row.texts {
            LineDiff::of(before, after).write(&diff_layout(options), out)?;
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

impl Row<'_> {
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

/// The row of a finding, which stands for all of these.
pub(in crate::report) fn row<'r>(
    releases: &ReleaseGroup<'_>,
    finding: &'r Finding,
    findings: &[&Finding],
    options: &TextOptions,
    now: Option<DateTime<Utc>>,
) -> Row<'r> {
    let medium = options.medium;
    let mut details = Vec::new();
    details.extend(
        changes::remark(&finding.tracked, now).map(|text| Remark::of(Safe::of(&text, medium), options)),
    );
    if finding.severity == Severity::Info {
        details.push(Remark::of("info", options));
    }
    if let Some(by) = finding.ignored_by {
        details.push(Remark::of(Safe::of(&format!("ignored by {by}"), medium), options));
    }
    details.extend(origin(releases, finding, options).map(|text| Remark::of(text, options)));
    details.extend(finding.actor.as_ref().map(|actor| Remark {
        label: BY,
        ..Remark::of(self::actor(actor, findings, options), options)
    }));
    if findings.len() > 1 && alike::is_unproven(finding) {
        details.push(Remark::of(alike::UNPROVEN, options));
    }
    if finding.shortened {
        details.push(Remark::of("long value, shown in part", options));
    }
    // The API server drops the field at every write, so the next upgrade changes nothing.
    let next = upgrade::of_field(finding, options);
    details.extend(
        next.filter(|_| finding.code != FindingCode::Pruned)
            .map(|text| Remark { label: "", text }),
    );
    details.extend(finding.confirmed.map(|confirmed| {
        let text = if confirmed {
            "confirmed (server dry run)"
        } else {
            "not drift (server dry run)"
        };
        Remark::of(text, options)
    }));
    let values = Values::of(finding);
    let texts = texts(values);
    Row {
        code: finding.code,
        severity: finding.severity,
        path: Safe::of(&finding.path, medium).cut_front(NAME_LIMIT),
        value: value(values, texts, options),
        details,
        to_keep: to_keep(finding, options),
        texts,
    }
}

/// Which key of the chart's values keeps what lives in a field.
pub(in crate::report) fn to_keep(finding: &Finding, options: &TextOptions) -> Option<Safe> {
    let kept_by = finding.kept_by.as_deref()?;
    let value = match (&kept_by.value, options.extent) {
        (None, _) => Safe::from(HIDDEN_VALUE),
        (Some(value), Extent::Short | Extent::Lists) => show(value, options.medium).cut(VALUE_LIMIT),
        (Some(value), Extent::Whole) => show(value, options.medium),
    };
    let key = Safe::of(&kept_by.key.to_string(), options.medium).cut_front(NAME_LIMIT);
    // Helm replaces lists: with this key alone, nothing else of the list would be left.
    let within = if kept_by.key.is_in_list() {
        "in the whole list, which driftline values prints; "
    } else {
        ""
    };
    let text = format!(
        "to keep it: {}={} ({within}{})",
        key.as_str(),
        value.as_str(),
        words::certainty(kept_by)
    );
    Some(Safe::of(&text, options.medium))
}

/// What stands in place of a value that is hidden where a person has to set it.
pub(in crate::report) const HIDDEN_VALUE: &str = "<hidden>";

/// How the lines of two texts are laid out below their row.
pub(super) fn diff_layout(options: &TextOptions) -> DiffLayout<'_> {
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

/// What another revision has to do with a difference. Several releases have no revision number in common.
pub(in crate::report) fn origin(
    releases: &ReleaseGroup<'_>,
    finding: &Finding,
    options: &TextOptions,
) -> Option<Safe> {
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
pub(in crate::report) fn actor(actor: &Actor, findings: &[&Finding], options: &TextOptions) -> Safe {
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
