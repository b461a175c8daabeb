//! What earlier scans say about a report: what is still so, in a line a release, and what is resolved.

use std::io;

use chrono::{DateTime, Utc};

use super::line::Line;
use super::{Extent, TextOptions, TextWriter};
use crate::model::{ReleaseReport, Report, Resolved, Tracked};
use crate::report::urgency::Urgent;
use crate::report::words::{count, ended, lasting, present};
use crate::vocabulary::{ChangeStatus, ObjectState};

/// How many resolved entries a terminal shows.
const RESOLVED: usize = 20;

/// What earlier scans say of one thing, in a few words; `None` where nothing is remembered.
pub(in crate::report) fn remark(tracked: &Tracked, now: Option<DateTime<Utc>>) -> Option<String> {
    let status = match tracked.status? {
        ChangeStatus::New => "new".to_owned(),
        ChangeStatus::Changed => "changed".to_owned(),
        ChangeStatus::Ongoing => match tracked.since.zip(now) {
            Some((since, now)) => format!("known, {}", lasting(since.time, now)),
            None => "known".to_owned(),
        },
    };
    Some(if tracked.flapping {
        format!("{status}, keeps coming and going")
    } else {
        status
    })
}

/// Whether earlier scans knew everything that is wrong with a release.
pub(in crate::report) fn is_known(release: &ReleaseReport) -> bool {
    release.tracked.is_ongoing()
        && !release
            .objects
            .iter()
            .any(|object| object.state == ObjectState::Unknown)
}

/// What is new and what is resolved, counted; empty without memory.
pub(in crate::report) fn counts(report: &Report) -> Option<String> {
    let changes = report.summary.changes.as_ref()?;
    let counts = present(&[
        (changes.new, "new"),
        (changes.changed, "changed"),
        (changes.ongoing, "known"),
        (changes.resolved, "resolved"),
        (changes.flapping, "coming and going"),
    ]);
    (!counts.is_empty()).then(|| counts.join(", "))
}

impl TextWriter<'_> {
    /// A line for each release of which earlier scans knew everything.
    pub(super) fn known(&mut self, report: &Report, releases: &[&ReleaseReport]) -> io::Result<()> {
        if releases.is_empty() {
            return Ok(());
        }
        let palette = &self.options.palette;
        let mut line = Line::default();
        line.push(palette.name, "still so")
            .plain(": ")
            .plain(self.options.safe(&format!(
                "{} as before; --all tells all of it",
                count(releases.len(), "release")
            )));
        self.line(&line)?;
        for release in releases {
            let line = known_line(release, report, self.options);
            self.line(&line)?;
        }
        self.blank()
    }

    /// A line for each thing that is resolved.
    pub(super) fn resolved(&mut self, report: &Report) -> io::Result<()> {
        if report.resolved.is_empty() {
            return Ok(());
        }
        let shown = match self.options.extent {
            Extent::Short => RESOLVED,
            Extent::Lists | Extent::Whole => usize::MAX,
        };
        for resolved in report.resolved.iter().take(shown) {
            let line = resolved_line(resolved, self.options);
            self.line(&line)?;
        }
        let left_out = report.resolved.len().saturating_sub(shown);
        if left_out > 0 {
            let mut line = Line::default();
            line.push(self.options.palette.good, "resolved").plain("  ");
            line.plain(
                self.options
                    .safe(&format!("{} (--full lists them)", count(left_out, "more entry"))),
            );
            self.line(&line)?;
        }
        self.blank()
    }
}

/// A release of which earlier scans knew everything.
pub(in crate::report) fn known_line(release: &ReleaseReport, report: &Report, options: &TextOptions) -> Line {
    let palette = &options.palette;
    let mut line = Line::default();
    line.push(palette.dim, "- ")
        .push(palette.name, options.safe(&release.full_name()));
    if let Some(urgent) = Urgent::of(release) {
        line.plain("  ")
            .plain(super::overview::trouble(&urgent, None, options));
    }
    if let Some(remark) = remark(&release.tracked, Some(report.started_at)) {
        line.plain("  ").push(palette.dim, options.safe(&remark));
    }
    line
}

pub(in crate::report) fn resolved_line(resolved: &Resolved, options: &TextOptions) -> Line {
    let palette = &options.palette;
    let mut line = Line::default();
    line.push(palette.good, "resolved").plain("  ");
    line.push(palette.name, options.safe(&resolved.full_name()));
    let object = resolved.object.as_ref().map(|object| match &object.namespace {
        Some(namespace) if *namespace != resolved.namespace => {
            format!(" {} {namespace}/{}", object.kind, object.name)
        }
        Some(_) | None => format!(" {} {}", object.kind, object.name),
    });
    let path = resolved.path.as_ref().map(|path| format!(" {path}"));
    let what = format!(
        "  {}{}{}: {}",
        resolved.code,
        object.unwrap_or_default(),
        path.unwrap_or_default(),
        ended(resolved)
    );
    line.plain(options.safe(&what));
    let lasted = format!("   known {}", lasting(resolved.first_seen, resolved.resolved_at));
    line.push(palette.dim, options.safe(&lasted));
    line
}
