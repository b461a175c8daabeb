//! The report as text for people.
//!
//! Quiet when clean: one line with the counts. Otherwise a block per release that needs attention,
//! then its health in a line each, its objects, their fields. The answer comes last, where a terminal stands
//! when the output ends.
//!
//! Every line begins with a word or a mark of driftline's own: a verdict, a state, a code, a gutter. That makes
//! the output easy to search, every such word can be given to `driftline explain`, and no text from a cluster ever
//! stands where a CI runner looks for commands.

mod closing;
pub(super) mod diagnosis;
mod fields;
mod line;
mod line_diff;
mod next_step;
mod objects;
mod orphans;
mod palette;
pub(super) mod rights;
mod safe;
mod value;

use std::io::{self, Write};

use self::line::Line;
pub use self::palette::Palette;
use self::safe::Safe;
use super::sanitize::Medium;
use super::words::minute;
use crate::model::{Health, ReleaseReport, Report, ReportError};
use crate::vocabulary::{Stopped, Verdict};

/// How many columns of a name or a sentence are shown. The longest legal names fit; a hostile one does not flood.
const SENTENCE: usize = 1_000;

/// How the text is rendered.
#[derive(Debug, Clone, Copy)]
pub struct TextOptions {
    /// The colours.
    pub palette: Palette,
    /// Who reads the output.
    pub medium: Medium,
    /// The terminal's columns; `None` when it is not a terminal, and nothing is laid out for a width.
    pub width: Option<usize>,
}

impl TextOptions {
    /// No colours and no width: what a file or a pipe gets.
    pub const PLAIN: Self = Self {
        palette: Palette::PLAIN,
        medium: Medium::Terminal,
        width: None,
    };

    /// Names and sentences from the cluster, safe and of bearable length.
    fn safe(&self, text: &str) -> Safe {
        Safe::of(text, self.medium).cut(SENTENCE)
    }
}

/// Writes a report as text.
pub(super) fn render(report: &Report, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = TextWriter { options, out };
    for release in report.releases.iter().filter(|release| is_shown(release)) {
        writer.release(release)?;
        writer.blank()?;
    }
    for release in report.orphans.iter().flatten() {
        writer.orphaned_release(release)?;
        writer.blank()?;
    }
    for error in &report.errors {
        writer.error(error)?;
    }
    if let Some(stopped) = report.stopped {
        let mut line = Line::default();
        line.push(options.palette.warn, "stopped")
            .plain("  ")
            .plain(match stopped {
                Stopped::Deadline => {
                    "the deadline passed before everything was read; releases not listed may have drifted"
                }
                Stopped::Signal => {
                    "asked to stop before everything was read; releases not listed may have drifted"
                }
            });
        writer.line(&line)?;
    }
    if !report.errors.is_empty() || report.stopped.is_some() {
        writer.blank()?;
    }
    for line in closing::lines(report, options) {
        writer.line(&line)?;
    }
    Ok(())
}

/// Whether there is anything to show of a release. Objects in sync are in a report only with `--all`.
fn is_shown(release: &ReleaseReport) -> bool {
    release.verdict != Verdict::Clean || !release.health.is_empty() || !release.objects.is_empty()
}

/// Writes text line by line.
struct TextWriter<'a> {
    options: &'a TextOptions,
    out: &'a mut dyn Write,
}

impl TextWriter<'_> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        line.write(self.out)
    }

    fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    fn release(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let palette = &self.options.palette;
        let mut line = Line::default();
        line.push(palette.verdict(release.verdict), release.verdict.as_str())
            .plain("  ");
        self.name_and_facts(release, &mut line);
        self.line(&line)?;
        for health in &release.health {
            self.health(health)?;
        }
        if release.health.iter().any(|health| !health.advice.is_empty()) {
            let mut line = Line::indented(6);
            line.push(palette.dim, "next step: ");
            line.plain(next_step::diagnose(release, self.options));
            self.line(&line)?;
        }
        self.objects(release)
    }

    fn name_and_facts(&self, release: &ReleaseReport, line: &mut Line) {
        let palette = &self.options.palette;
        let name = format!("{}/{}", release.namespace, release.name);
        line.push(palette.name, self.options.safe(&name));
        line.plain("   ")
            .push(palette.dim, self.options.safe(&facts(release)));
    }

    fn error(&mut self, error: &ReportError) -> io::Result<()> {
        let mut line = Line::default();
        line.push(self.options.palette.warn, "error").plain("  ");
        let message = format!("{}: {}", error.scope, error.message);
        line.plain(self.options.safe(&message));
        self.line(&line)
    }

    fn health(&mut self, health: &Health) -> io::Result<()> {
        let palette = &self.options.palette;
        let style = palette.health(health.severity);
        let mut line = Line::indented(2);
        line.push(style, health.severity.as_str())
            .plain("  ")
            .push(style, health.code.as_str());
        line.plain(": ").plain(self.options.safe(&health.message));
        self.line(&line)
    }
}

/// The chart, the revisions and the storage of a release, where they are not as usual.
fn facts(release: &ReleaseReport) -> String {
    let mut facts = Vec::new();
    if let Some(chart) = &release.chart {
        facts.push(format!("{}-{}", chart.name, chart.version));
    }
    let baseline = release.baseline.as_ref();
    match baseline {
        Some(revision) => facts.push(match revision.deployed_at {
            Some(at) => format!("revision {} deployed {}", revision.revision, minute(at)),
            None => format!("revision {} deployed", revision.revision),
        }),
        None => facts.push("no deployed revision".to_owned()),
    }
    if baseline.is_none_or(|revision| revision.revision != release.latest.revision) {
        facts.push(format!(
            "newest revision {} {}",
            release.latest.revision, release.latest.status
        ));
    }
    if release.storage.namespace != release.namespace || release.storage.driver != "secret" {
        facts.push(format!(
            "stored as {} in {}",
            release.storage.driver, release.storage.namespace
        ));
    }
    facts.join(", ")
}
