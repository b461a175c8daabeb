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
mod palette;
mod safe;
mod value;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};

use self::line::Line;
pub use self::palette::Palette;
use self::safe::Safe;
use super::sanitize::Medium;
use super::words::minute;
use crate::model::{Health, ObjectReport, ReleaseReport, Report, ReportError};
use crate::vocabulary::{NextUpgrade, ObjectState, Stopped, Verdict};

/// From how many objects on those that are unknown for the same reason share a line, and those that drifted in the
/// same way share their findings.
const GROUPED: usize = 4;

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

    fn objects(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let shared = shared_reasons(release);
        let grouped =
            |object: &ObjectReport| unknown_key(object).is_some_and(|key| shared.contains_key(&key));
        let states = release.objects.iter().map(|object| object.state.as_str().len());
        let name_at = 2 + states.max().unwrap_or(0) + 2;
        let shown: Vec<(&ObjectReport, Vec<Line>)> = release
            .objects
            .iter()
            .filter(|object| !grouped(object))
            .map(|object| (object, fields::lines(release, object, self.options)))
            .collect();
        let alike = alike(&shown);
        for (object, findings) in shown.iter().filter(|(_, lines)| !alike.contains_key(&lines[..])) {
            self.object(release, object, name_at)?;
            findings.iter().try_for_each(|line| self.line(line))?;
        }
        self.alike(release, &shown, &alike, name_at)?;
        for ((kind, reason), count) in &shared {
            let mut line = self.state(ObjectState::Unknown, name_at);
            line.push(
                self.options.palette.name,
                self.options.safe(&format!("{count} × {kind}")),
            );
            line.plain(": ").plain(self.options.safe(reason));
            self.line(&line)?;
        }
        Ok(())
    }

    fn object(&mut self, release: &ReleaseReport, object: &ObjectReport, name_at: usize) -> io::Result<()> {
        let mut line = self.state(object.state, name_at);
        line.push(
            self.options.palette.name,
            self.options.safe(&title(release, object)),
        );
        if let Some(reason) = &object.reason {
            line.plain(": ").plain(self.options.safe(reason));
        }
        if object.state != ObjectState::InSync {
            self.template(object, &mut line);
        }
        if let Some(next) = object.next_upgrade {
            line.plain("   ")
                .push(self.options.palette.dim, object_next_upgrade(next));
        }
        self.line(&line)
    }

    /// The findings that many objects share, in the order of the first of each, and then which objects those are.
    fn alike(
        &mut self,
        release: &ReleaseReport,
        shown: &[(&ObjectReport, Vec<Line>)],
        alike: &HashMap<&[Line], usize>,
        name_at: usize,
    ) -> io::Result<()> {
        let mut shown_already = HashSet::new();
        for (_, findings) in shown {
            let Some(count) = alike
                .get(&findings[..])
                .filter(|_| shown_already.insert(findings))
            else {
                continue;
            };
            let mut line = self.state(ObjectState::Drifted, name_at);
            line.push(
                self.options.palette.name,
                self.options.safe(&format!("{count} objects in the same way")),
            );
            self.line(&line)?;
            findings.iter().try_for_each(|line| self.line(line))?;
            for (object, _) in shown.iter().filter(|(_, lines)| lines == findings) {
                let mut line = Line::indented(4);
                line.push(self.options.palette.dim, "in").plain("  ");
                line.plain(self.options.safe(&title(release, object)));
                self.template(object, &mut line);
                self.line(&line)?;
            }
        }
        Ok(())
    }

    fn template(&self, object: &ObjectReport, line: &mut Line) {
        if let Some(template) = &object.template {
            line.plain("   ").push(
                self.options.palette.dim,
                self.options.safe(&format!("({template})")),
            );
        }
    }

    fn state(&self, state: ObjectState, name_at: usize) -> Line {
        let mut line = Line::indented(2);
        line.push(self.options.palette.state(state), state.as_str())
            .pad_to(name_at);
        line
    }
}

/// The effect of the next upgrade on a whole object, in words. Helm reverts nothing of an object as such but its absence,
/// also where an ignore rule covers that.
const fn object_next_upgrade(next: NextUpgrade) -> &'static str {
    match next {
        NextUpgrade::Revert => "next upgrade: recreates",
        NextUpgrade::Keep | NextUpgrade::Conflict => fields::next_upgrade(next),
    }
}

/// The findings, as they are shown, that many drifted objects share, and how many those are. A label that an upgrade
/// changes everywhere must not bury what differs in one place.
fn alike<'a>(shown: &'a [(&ObjectReport, Vec<Line>)]) -> HashMap<&'a [Line], usize> {
    let mut alike = HashMap::new();
    for (object, lines) in shown {
        if object.state == ObjectState::Drifted && object.reason.is_none() && !lines.is_empty() {
            *alike.entry(&lines[..]).or_insert(0) += 1;
        }
    }
    alike.retain(|_, count| *count >= GROUPED);
    alike
}

/// Kind and reason of an object that could not be read; `None` for all others.
fn unknown_key(object: &ObjectReport) -> Option<(&str, &str)> {
    (object.state == ObjectState::Unknown && object.findings.is_empty())
        .then_some((object.kind.as_str(), object.reason.as_deref()?))
}

/// The kinds and reasons that many unknown objects share. One forbidden kind must not bury the drift of others.
fn shared_reasons(release: &ReleaseReport) -> BTreeMap<(&str, &str), usize> {
    let mut shared = BTreeMap::new();
    for key in release.objects.iter().filter_map(unknown_key) {
        *shared.entry(key).or_insert(0) += 1;
    }
    shared.retain(|_, count| *count >= GROUPED);
    shared
}

/// The object's kind, namespace and name; its group too where that is not one of Kubernetes's own, or where the
/// release has two kinds of one name. `kubectl get KIND.GROUP` takes it in this form.
fn title(release: &ReleaseReport, object: &ObjectReport) -> String {
    let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    let foreign = group.contains('.') && !group.ends_with(".k8s.io");
    let ambiguous = release
        .objects
        .iter()
        .any(|other| other.kind == object.kind && other.api_version != object.api_version);
    let mut title = object.kind.clone();
    if foreign || (ambiguous && !group.is_empty()) {
        title = format!("{title}.{group}");
    }
    match &object.namespace {
        Some(namespace) => format!("{title} {namespace}/{}", object.name),
        None => format!("{title} {}", object.name),
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
