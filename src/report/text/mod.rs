//! The report as text for people.
//!
//! Quiet when clean: one line with the counts. Otherwise the worst releases in a line each, where the report is longer than
//! a screen; then a block per release that needs attention, with its health in a line each, its objects, their fields.
//! The answer comes last, where a terminal stands when the output ends.
//!
//! Every line begins with a word or a mark of driftline's own: a verdict, a state, a code, a gutter. That makes
//! the output easy to search, every such word can be given to `driftline explain`, and no text from a cluster ever
//! stands where a CI runner looks for commands.

pub(in crate::report) mod change;
pub(in crate::report) mod changes;
pub(in crate::report) mod closing;
pub(super) mod diagnosis;
pub(crate) mod ending;
pub(in crate::report) mod fields;
pub(in crate::report) mod line;
pub(in crate::report) mod line_diff;
mod next_step;
pub(in crate::report) mod objects;
pub(in crate::report) mod orphans;
pub(in crate::report) mod overview;
mod palette;
pub(super) mod preview;
mod preview_field;
pub(super) mod release;
pub(super) mod rights;
pub(in crate::report) mod safe;
mod shorten;
pub(in crate::report) mod upgrade;
pub(in crate::report) mod value;
pub(super) mod wide;
mod wrap;

use std::io::{self, Write};

use self::line::Line;
pub use self::palette::Palette;
use self::safe::Safe;
use super::alike::{self, ReleaseGroup, Said};
use super::sanitize::Medium;
use super::summary::FailOn;
use super::urgency;
use super::words::{count, minute, verdict};
use chrono::{DateTime, Utc};

use crate::model::{Health, ReleaseReport, Report, ReportError};
use crate::vocabulary::{Stopped, Verdict};

/// How many columns of a name or a sentence are shown. The longest legal names fit; a hostile one does not flood.
const SENTENCE: usize = 1_000;

/// How many members of a group a short list names.
const NAMED: usize = 5;

/// How much is shown of what is long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Values and lists are shortened to what a person reads on a terminal.
    Short,
    /// Lists are whole, and values are shortened.
    Lists,
    /// Nothing is shortened.
    Whole,
}

/// Helm's status of a revision that another one followed.
const SUPERSEDED: &str = "superseded";

/// How much further than a line the rest of it is indented where it does not fit.
const HANG: usize = 4;

/// How the text is rendered.
#[derive(Debug, Clone, Copy)]
pub struct TextOptions {
    /// The colours.
    pub palette: Palette,
    /// Who reads the output.
    pub medium: Medium,
    /// The terminal's columns; `None` when it is not a terminal, and nothing is laid out for a width.
    pub width: Option<usize>,
    /// What makes the command fail: the answer says so where that is more than drift.
    pub fail_on: FailOn,
    /// How much is shown of long values and lists.
    pub extent: Extent,
    /// How much is printed of what was found.
    pub detail: Detail,
}

/// How much a report prints of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every object and every field.
    Full,
    /// The same of what is new; what earlier scans knew in a line a release.
    News,
    /// The counts, and a line for each release that is not in order.
    Summary,
}

impl Detail {
    /// What `--all` and `--summary` ask for.
    pub const fn asked(all: bool, summary: bool) -> Self {
        match (summary, all) {
            (true, _) => Self::Summary,
            (false, true) => Self::Full,
            (false, false) => Self::News,
        }
    }
}

impl Extent {
    /// What `--full` and `--all` ask for.
    pub const fn asked(full: bool, all: bool) -> Self {
        match (full, all) {
            (true, _) => Self::Whole,
            (false, true) => Self::Lists,
            (false, false) => Self::Short,
        }
    }
}

impl TextOptions {
    /// No colours, no width and nothing shortened: what a file or a pipe gets.
    pub const PLAIN: Self = Self {
        palette: Palette::PLAIN,
        medium: Medium::Terminal,
        width: None,
        fail_on: FailOn::DRIFT,
        extent: Extent::Whole,
        detail: Detail::Full,
    };

    /// The columns that lines are wrapped to. In the log of a CI runner no line is: what follows the first line of a
    /// sentence could begin with a command to the runner.
    fn columns(&self) -> Option<usize> {
        match self.medium {
            Medium::Terminal => self.width,
            Medium::CiLog => None,
        }
    }

    /// Names and sentences from the cluster, safe and of bearable length.
    pub(in crate::report) fn safe(&self, text: &str) -> Safe {
        Safe::of(text, self.medium).cut(SENTENCE)
    }
}

/// Writes a report as text.
pub(super) fn render(report: &Report, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let urgent = urgency::ranked(report);
    let now = Some(report.started_at);
    let mut writer = TextWriter { options, now, out };
    match options.detail {
        Detail::Full | Detail::News => {
            let (known, news) = report
                .releases
                .iter()
                .filter(|release| is_shown(release))
                .partition(|release| options.detail == Detail::News && changes::is_known(release));
            let known: Vec<&ReleaseReport> = known;
            let mut news: Vec<&ReleaseReport> = news;
            if options.detail == Detail::News {
                news.sort_by_key(|release| release.tracked.is_ongoing());
            }
            let groups = alike::releases(news, Said::Everything);
            let entries = overview::of_groups(&urgent, &groups);
            if overview::is_needed(&entries, |out| TextWriter { options, now, out }.releases(&groups)) {
                writer.overview(report, &urgent, &overview::worst(entries))?;
            }
            writer.releases(&groups)?;
            writer.known(report, &known)?;
        }
        Detail::Summary => writer.overview(report, &urgent, &overview::of_releases(&urgent))?,
    }
    writer.resolved(report)?;
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
            .plain(stopped_words(stopped));
        writer.line(&line)?;
    }
    if !report.errors.is_empty() || report.stopped.is_some() {
        writer.blank()?;
    }
    if options.detail != Detail::Summary {
        for line in closing::remarks(report, options) {
            writer.line(&line)?;
        }
    }
    writer.line(&closing::answer(report, options))
}

/// What it means for a reader that a scan ended before everything was read.
pub(in crate::report) const fn stopped_words(stopped: Stopped) -> &'static str {
    match stopped {
        Stopped::Deadline => {
            "the deadline passed before everything was read; releases not listed may have drifted"
        }
        Stopped::Signal => "asked to stop before everything was read; releases not listed may have drifted",
    }
}

/// The releases of which there is anything to show, those together of which the same is to be said.
fn groups(report: &Report) -> Vec<ReleaseGroup<'_>> {
    let shown = report.releases.iter().filter(|release| is_shown(release));
    alike::releases(shown, Said::Everything)
}

/// Whether there is anything to show of a release. Objects in sync are in a report only with `--all`.
fn is_shown(release: &ReleaseReport) -> bool {
    release.verdict != Verdict::Clean || !release.health.is_empty() || !release.objects.is_empty()
}

/// Writes text line by line.
pub(in crate::report) struct TextWriter<'a> {
    pub(in crate::report) options: &'a TextOptions,
    /// When the scan of the report began: what is said to last lasts until then.
    pub(in crate::report) now: Option<DateTime<Utc>>,
    pub(in crate::report) out: &'a mut dyn Write,
}

impl TextWriter<'_> {
    /// Writes a line. What does not fit into the terminal's columns is indented a little further than the line.
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let margin = Line::indented(line.indentation() + HANG);
        wrap::write(line, self.options.columns(), &margin, self.out)
    }

    fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    fn releases(&mut self, groups: &[ReleaseGroup<'_>]) -> io::Result<()> {
        for group in groups {
            self.group(group)?;
            self.blank()?;
        }
        Ok(())
    }

    /// A release, or several of which the same is to be said: that is said of the first, and then which releases it is about.
    fn group(&mut self, group: &ReleaseGroup<'_>) -> io::Result<()> {
        let palette = &self.options.palette;
        let release = group.first;
        let mut line = Line::default();
        line.push(palette.verdict(release), verdict(release)).plain("  ");
        if group.len() == 1 {
            self.name_and_facts(release, &mut line);
        } else {
            let heading = format!("{} in the same way", count(group.len(), "release"));
            line.push(palette.name, self.options.safe(&heading));
            if let Some(chart) = chart(release) {
                line.plain("   ").push(palette.dim, self.options.safe(&chart));
            }
        }
        self.line(&line)?;
        self.managed_by(release)?;
        for health in &release.health {
            self.health(health)?;
        }
        if release.health.iter().any(|health| !health.advice.is_empty()) {
            let mut line = Line::indented(6);
            line.push(palette.dim, "next step: ");
            next_step::diagnose(release, self.options, &mut line);
            self.line(&line)?;
        }
        if let Some(line) = upgrade::refused_until(release, self.options) {
            self.line(&line)?;
        }
        self.objects(group)?;
        self.members(group)
    }

    /// The releases of a group.
    fn members(&mut self, group: &ReleaseGroup<'_>) -> io::Result<()> {
        if group.len() == 1 {
            return Ok(());
        }
        let excerpt = group.excerpt(self.named());
        for release in excerpt.named {
            let mut line = self.member(2);
            line.plain(self.options.safe(&release.full_name()));
            line.plain("   ")
                .push(self.options.palette.dim, self.options.safe(&revisions(release)));
            self.line(&line)?;
        }
        self.more(2, excerpt.left_out, "release")
    }

    /// How many members of a group are named.
    fn named(&self) -> usize {
        match self.options.extent {
            Extent::Short => NAMED,
            Extent::Lists | Extent::Whole => usize::MAX,
        }
    }

    /// The beginning of a line that names a member of a group.
    fn member(&self, indent: usize) -> Line {
        let mut line = Line::indented(indent);
        line.push(self.options.palette.dim, "in").plain("  ");
        line
    }

    /// The line for the members of a group that are not named.
    fn more(&mut self, indent: usize, left_out: usize, noun: &str) -> io::Result<()> {
        if left_out == 0 {
            return Ok(());
        }
        let mut line = self.member(indent);
        line.plain(self.options.safe(&count(left_out, &format!("more {noun}"))));
        line.push(self.options.palette.dim, "   (--full lists them)");
        self.line(&line)
    }

    fn name_and_facts(&self, release: &ReleaseReport, line: &mut Line) {
        let palette = &self.options.palette;
        let name = release.full_name();
        line.push(palette.name, self.options.safe(&name));
        line.plain("   ")
            .push(palette.dim, self.options.safe(&facts(release)));
    }

    /// The program that claims to manage a release, and what that means for drift.
    fn managed_by(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let Some(managed_by) = &release.managed_by else {
            return Ok(());
        };
        let palette = &self.options.palette;
        let mut line = Line::indented(2);
        line.push(palette.warn, "managed by").plain("  ");
        line.plain(self.options.safe(managed_by.tool.as_str()));
        if let Some(name) = &managed_by.name {
            line.plain(", ").plain(self.options.safe(name));
        }
        // What it follows confirms the marks.
        let is_claimed = managed_by.drift_correction.is_none();
        let from = if is_claimed { " (claimed): " } else { ": " };
        line.push(palette.dim, from)
            .push(palette.dim, self.options.safe(&managed_by.meaning));
        self.line(&line)
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
        if let Some(remark) = changes::remark(&health.tracked, self.now) {
            line.plain("   ").push(palette.dim, self.options.safe(&remark));
        }
        self.line(&line)
    }
}

/// The chart, the revisions and the storage of a release, where they are not as usual.
pub(in crate::report) fn facts(release: &ReleaseReport) -> String {
    let facts: Vec<_> = chart(release).into_iter().chain([revisions(release)]).collect();
    facts.join(", ")
}

/// The name and version of a release's chart.
fn chart(release: &ReleaseReport) -> Option<String> {
    let chart = release.chart.as_ref()?;
    Some(format!("{}-{}", chart.name, chart.version))
}

/// The revisions and the storage of a release, where they are not as usual.
fn revisions(release: &ReleaseReport) -> String {
    let mut facts = Vec::new();
    let baseline = release.baseline.as_ref();
    match baseline {
        Some(revision) => facts.push(match revision.deployed_at {
            Some(at) => format!("revision {} deployed {}", revision.revision, minute(at)),
            None => format!("revision {} deployed", revision.revision),
        }),
        // Something superseded the newest record, and is gone.
        None if release.latest.status == SUPERSEDED => {
            facts.push("no deployed revision (records deleted?)".to_owned());
        }
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
