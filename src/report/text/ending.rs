//! The end of a report, for a place where the report itself is not read: what went wrong, the worst, and the answer.
//!
//! A job that writes its report to a file fails with nothing but a status. Its log gets these lines.

use std::io::{self, Write};

use super::line::Line;
use super::{TextOptions, TextWriter, closing, groups, overview};
use crate::model::{ReleaseReport, Report};
use crate::report::ReportKind;
use crate::report::urgency;
use crate::report::words::count;

/// How many errors, and how many health entries, are told. The report has all of them.
const MOST: usize = 10;

/// Writes the end of a report.
pub(crate) fn write(
    report: &Report,
    kind: ReportKind,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = TextWriter { options, out };
    for error in report.errors.iter().take(MOST) {
        writer.error(error)?;
    }
    writer.rest(report.errors.len())?;
    match kind {
        ReportKind::Scan => {
            let urgent = urgency::ranked(report);
            let worst = overview::worst(overview::of_groups(&urgent, &groups(report)));
            writer.overview(report, &urgent, &worst)?;
            writer.line(&closing::answer(report, options))
        }
        ReportKind::Diagnosis => {
            for release in &report.releases {
                writer.health_of(release)?;
            }
            Ok(())
        }
        ReportKind::Preview => {
            for release in &report.releases {
                writer.answer_of_preview(release)?;
            }
            Ok(())
        }
    }
}

impl TextWriter<'_> {
    fn health_of(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let palette = &self.options.palette;
        let name = format!("{}/{}", release.namespace, release.name);
        if release.health.is_empty() {
            let mut line = Line::default();
            line.plain("release").plain("  ");
            line.plain(self.options.safe(&format!("{name}: no trouble found")));
            return self.line(&line);
        }
        for health in release.health.iter().take(MOST) {
            let mut line = Line::default();
            line.push(palette.health(health.severity), health.severity.as_str())
                .plain("  ");
            let text = format!("{name}: {}: {}", health.code, health.message);
            line.plain(self.options.safe(&text));
            self.line(&line)?;
        }
        self.rest(release.health.len())
    }

    /// The answer of a preview.
    pub(super) fn answer_of_preview(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let answer = match &release.preview {
            Some(preview) => &preview.message,
            None => "nothing can be told, because its records could not be read",
        };
        let mut line = Line::default();
        line.plain("release").plain("  ");
        line.plain(
            self.options
                .safe(&format!("{}/{}: {answer}", release.namespace, release.name)),
        );
        self.line(&line)
    }

    /// Says how many lines like those above are left out.
    fn rest(&mut self, all: usize) -> io::Result<()> {
        let more = all.saturating_sub(MOST);
        if more == 0 {
            return Ok(());
        }
        let text = format!("note  {} more of this kind in the report", count(more, "line"));
        self.line(&Line::of(self.options.palette.dim, self.options.safe(&text)))
    }
}
