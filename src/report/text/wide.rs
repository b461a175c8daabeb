//! One line for each release, as `kubectl get -o wide` has it: a header, columns in line, and nothing but the table.
//!
//! Cells are parted by three blanks and no line is wrapped, as kubectl does it (`tabwriterPadding` and `GetNewTabWriter` in
//! k8s.io/cli-runtime `pkg/printers/tabwriter.go`), so that a line stays one for `grep` and `sort`. Text from a cluster stands
//! at the beginning of a line here, as in no other text: see [`Safe::at_line_start`].

use std::io::{self, Write};

use super::line::Line;
use super::overview::{of_operation, trouble};
use super::safe::Safe;
use super::upgrade::of_release;
use super::{SENTENCE, TextOptions};
use crate::model::{ReleaseReport, Report};
use crate::report::urgency::Urgent;
use crate::report::words::{minute, verdict};
use crate::vocabulary::HealthCode;

/// The headers. Writers are claimed, and times are UTC.
const HEADERS: [&str; 9] = [
    "NAMESPACE",
    "RELEASE",
    "CHART",
    "REVISION",
    "VERDICT",
    "WORST FINDING",
    "WHO",
    "SINCE",
    "NEXT UPGRADE",
];
/// How many blanks part two cells.
const GAP: usize = 3;
/// What stands in an empty cell: kubectl's word for it.
const NONE: &str = "<none>";

/// Writes the table of all releases of a report.
pub(in crate::report) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    if report.releases.is_empty() {
        return Ok(());
    }
    let mut widths = HEADERS.map(str::len);
    // The cells are made twice: a report can have more releases than their cells fit into memory beside it.
    for release in &report.releases {
        for (width, cell) in widths.iter_mut().zip(cells(release, options)) {
            *width = (*width).max(cell.width());
        }
    }
    row(HEADERS.map(Safe::from), &widths, out)?;
    for release in &report.releases {
        row(cells(release, options), &widths, out)?;
    }
    Ok(())
}

fn row(cells: [Safe; 9], widths: &[usize; 9], out: &mut dyn Write) -> io::Result<()> {
    let mut line = Line::default();
    let mut column = 0;
    for (cell, width) in cells.into_iter().zip(widths) {
        line.pad_to(column).plain(cell);
        column += width + GAP;
    }
    line.write(out)
}

/// Whether a cell would look empty, and the next one would begin the line.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn cells(release: &ReleaseReport, options: &TextOptions) -> [Safe; 9] {
    let text = |text: Option<String>| {
        let text = text.filter(|text| !is_blank(text));
        text.map_or(Safe::from(NONE), |text| options.safe(&text))
    };
    let urgent = Urgent::of(release);
    let urgent = urgent.as_ref();
    let chart = release.chart.as_ref();
    [
        match release.namespace.as_str() {
            namespace if is_blank(namespace) => Safe::from(NONE),
            namespace => Safe::at_line_start(namespace, options.medium).cut(SENTENCE),
        },
        text(Some(release.name.clone())),
        text(chart.map(|chart| format!("{}-{}", chart.name, chart.version))),
        text(
            release
                .baseline
                .as_ref()
                .map(|revision| revision.revision.to_string()),
        ),
        Safe::from(verdict(release)),
        urgent.map_or_else(
            || running(release, options),
            |urgent| trouble(urgent, None, options),
        ),
        text(urgent.and_then(Urgent::who).map(str::to_owned)),
        text(urgent.and_then(Urgent::since).map(minute)),
        Safe::from(of_release(release, urgent.map(|urgent| urgent.worst)).unwrap_or(NONE)),
    ]
}

/// The operation that is running on a release with which nothing else is the matter.
fn running(release: &ReleaseReport, options: &TextOptions) -> Safe {
    let mut health = release.health.iter();
    match health.find(|entry| entry.code == HealthCode::InProgress) {
        Some(entry) => options.safe(&of_operation(entry, &release.latest)),
        None => Safe::from(NONE),
    }
}
