//! The page of `driftline diagnose`: one release, from its history to the commands that recover it.
//!
//! It is for reading at night: first the problem, then its evidence, then the commands in the order in which to run them.

use std::collections::HashSet;
use std::io::{self, Write};

use anstyle::Style;

use super::line::Line;
use super::safe::Safe;
use super::{TextOptions, TextWriter, closing, fields, next_step, wrap};
use crate::model::{
    Advice, Health, ObjectDetail, ObjectReport, ReleaseDetail, ReleaseReport, Report, RevisionDetail,
};
use crate::report::words::{self, count, minute};
use crate::vocabulary::{FindingCode, ObjectState, Verdict};

/// Writes the page of every release in a report.
pub(in crate::report) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = TextWriter {
        options,
        now: Some(report.started_at),
        out,
    };
    for (position, release) in report.releases.iter().enumerate() {
        if position > 0 {
            writer.blank()?;
        }
        writer.page(release)?;
    }
    for release in report.orphans.iter().flatten() {
        writer.orphaned_release(release)?;
    }
    for error in &report.errors {
        writer.error(error)?;
    }
    for line in closing::notes(report, options) {
        writer.line(&line)?;
    }
    Ok(())
}

/// For how many fields the page says which key keeps them.
const KEYS: usize = 10;

/// How many columns of a field's place are shown.
const PLACE: usize = 160;

/// What stands in place of a command that the sanitiser would change.
pub(in crate::report) const NOT_SHOWN: &str =
    "no command is printed: a CI runner or a terminal would act on a part of it; the JSON report has it";

impl TextWriter<'_> {
    fn page(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let mut line = Line::default();
        line.plain("release").plain("  ");
        self.name_and_facts(release, &mut line);
        self.line(&line)?;
        self.managed_by(release)?;
        if let Some(managed_by) = &release.managed_by {
            for evidence in &managed_by.evidence {
                let mut line = Line::indented(6);
                line.push(self.options.palette.dim, "- ")
                    .plain(self.options.safe(evidence));
                self.line(&line)?;
            }
        }
        self.blank()?;
        if let Some(detail) = &release.detail {
            self.timeline(release, detail)?;
            self.standing(release, detail)?;
        }
        self.heading("Diagnosis")?;
        if release.health.is_empty() {
            self.line(&self.without_trouble(release))?;
        }
        for health in &release.health {
            self.diagnosis(health)?;
        }
        if !release.health.is_empty() {
            for line in self.drift(release).into_iter().chain(self.unread(release)) {
                self.line(&line)?;
            }
        }
        self.keys(release)?;
        self.advice(&release.health)
    }

    /// The keys of the chart's values that keep what lives, the first ones.
    fn keys(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let options = self.options;
        let findings = release.objects.iter().flat_map(|object| {
            let findings = object.findings.iter();
            findings.filter_map(move |finding| Some((object, finding, fields::to_keep(finding, options)?)))
        });
        let findings: Vec<_> = findings.collect();
        if findings.is_empty() {
            return Ok(());
        }
        self.blank()?;
        self.heading("Values that keep the drift")?;
        for (object, finding, to_keep) in findings.iter().take(KEYS) {
            let mut line = Line::indented(2);
            let place = format!("{} {} {}", object.kind, object.name, finding.path);
            line.plain(self.options.safe(&place).cut_front(PLACE));
            self.line(&line)?;
            let mut line = Line::indented(6);
            line.push(self.options.palette.dim, to_keep.clone());
            self.line(&line)?;
        }
        if findings.len() > KEYS {
            let mut line = Line::indented(2);
            let more = count(findings.len() - KEYS, "more field");
            line.plain("and ").plain(self.options.safe(&more));
            self.line(&line)?;
        }
        let command = words::own_command(&["values"], release);
        if let Ok(command) = command {
            let mut line = Line::indented(2);
            line.plain("As a file for helm upgrade -f: ")
                .whole(Style::new(), self.options.safe(&command.to_string()));
            self.line(&line)?;
        }
        Ok(())
    }

    /// The answer for a release without trouble, and the command for the question that a diagnosis leaves open.
    fn without_trouble(&self, release: &ReleaseReport) -> Line {
        let palette = &self.options.palette;
        let mut line = Line::indented(2);
        let unread = unread_of(release);
        match &unread {
            None => line.push(palette.good, "no trouble found"),
            Some(unread) => line
                .push(palette.warn, IN_WHAT_COULD_BE_READ)
                .plain(", but ")
                .push(palette.warn, self.options.safe(unread)),
        };
        match (drift_of(release), unread) {
            (Some(drift), unread) => line
                .plain(if unread.is_some() { "; " } else { ", but " })
                .push(palette.bad, self.options.safe(&drift))
                .plain(". To see it: "),
            (None, None) if is_in_sync(release) => return self.and_no_drift(line),
            (None, None) => line.plain(". To see whether its objects drifted: "),
            (None, Some(_)) => line.plain(". To see it: "),
        };
        next_step::scan(release, self.options, &mut line);
        line
    }

    fn and_no_drift(&self, mut line: Line) -> Line {
        line.push(self.options.palette.good, ", and no object drifted");
        line
    }

    /// What could not be read of a release in trouble.
    fn unread(&self, release: &ReleaseReport) -> Option<Line> {
        let unread = unread_of(release)?;
        let mut line = Line::indented(2);
        line.push(self.options.palette.warn, "unread")
            .plain("  ")
            .plain(self.options.safe(&unread));
        Some(line)
    }

    /// The drift of a release in trouble, which its diagnosis is not about.
    fn drift(&self, release: &ReleaseReport) -> Option<Line> {
        let drift = drift_of(release)?;
        let mut line = Line::indented(2);
        line.push(self.options.palette.bad, "drift")
            .plain("  ")
            .plain(self.options.safe(&drift))
            .plain(". To see it: ");
        next_step::scan(release, self.options, &mut line);
        Some(line)
    }

    fn heading(&mut self, words: &'static str) -> io::Result<()> {
        self.line(&Line::of(self.options.palette.name, words))
    }

    fn timeline(&mut self, release: &ReleaseReport, detail: &ReleaseDetail) -> io::Result<()> {
        self.heading("History (times are UTC)")?;
        let statuses = detail.revisions.iter().map(|revision| revision.status.len());
        let status_width = statuses.max().unwrap_or(0);
        // Of a record that may not be believed, no object is.
        let mut objects = release.objects.iter();
        let is_compared =
            release.objects.is_empty() || objects.any(|object| object.state != ObjectState::Unknown);
        let mut before: Option<u64> = None;
        for revision in &detail.revisions {
            if let Some(missing) = before.and_then(|before| gap(before, revision.revision)) {
                let mut line = Line::indented(2);
                line.push(self.options.palette.dim, self.options.safe(&missing));
                self.line(&line)?;
            }
            before = Some(revision.revision);
            let is_baseline = release
                .baseline
                .as_ref()
                .is_some_and(|baseline| baseline.revision == revision.revision);
            self.revision(
                revision,
                (is_baseline && is_compared).then_some("compared with the cluster"),
                status_width,
            )?;
        }
        self.blank()
    }

    fn revision(
        &mut self,
        revision: &RevisionDetail,
        mark: Option<&'static str>,
        width: usize,
    ) -> io::Result<()> {
        let palette = &self.options.palette;
        let mut line = Line::indented(2);
        line.plain(self.options.safe(&revision.revision.to_string()))
            .pad_to(8);
        line.plain(self.options.safe(&revision.status)).pad_to(10 + width);
        let moment = |at: Option<_>| at.map_or_else(|| "?".to_owned(), minute);
        line.plain(self.options.safe(&format!(
            "{} – {}",
            moment(revision.created),
            moment(revision.written)
        )));
        if let Some(bytes) = revision.bytes {
            line.push(
                palette.dim,
                self.options.safe(&format!("   {} KiB", bytes.div_ceil(1024))),
            );
        }
        if let Some(chart) = &revision.chart {
            line.push(
                palette.dim,
                self.options.safe(&format!("   {}-{}", chart.name, chart.version)),
            );
        }
        if let Some(mark) = mark {
            line.plain("   ").push(palette.good, mark);
        }
        self.line(&line)?;
        if let Some(description) = &revision.description {
            let mut line = Line::indented(8);
            line.push(palette.dim, "│ ")
                .push(palette.dim, self.options.safe(description));
            self.line(&line)?;
        }
        Ok(())
    }

    fn standing(&mut self, release: &ReleaseReport, detail: &ReleaseDetail) -> io::Result<()> {
        if detail.objects.is_empty() {
            return Ok(());
        }
        self.heading("In the cluster")?;
        for object in &detail.objects {
            let line = self.object_line(release, detail.attempted, object);
            self.line(&line)?;
        }
        self.blank()
    }

    fn object_line(&self, release: &ReleaseReport, attempted: Option<u64>, object: &ObjectDetail) -> Line {
        let palette = &self.options.palette;
        let side = side(release, attempted, object);
        let mut line = Line::indented(2);
        line.plain(self.options.safe(&side)).pad_to(26);
        let name = match &object.namespace {
            Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
            None => format!("{} {}", object.kind, object.name),
        };
        line.push(palette.name, self.options.safe(&name));
        if !object.remarks.is_empty() {
            line.plain(": ")
                .plain(self.options.safe(&object.remarks.join("; ")));
        }
        line
    }

    fn diagnosis(&mut self, health: &Health) -> io::Result<()> {
        self.health(health)?;
        for evidence in &health.evidence {
            let mut line = Line::indented(6);
            line.push(self.options.palette.dim, "- ")
                .plain(self.options.safe(evidence));
            self.line(&line)?;
        }
        Ok(())
    }

    fn advice(&mut self, health: &[Health]) -> io::Result<()> {
        let steps = steps(health);
        if steps.is_empty() {
            return Ok(());
        }
        self.blank()?;
        self.heading("What to do, safest first")?;
        for advice in steps {
            self.step(advice)?;
        }
        Ok(())
    }

    pub(super) fn step(&mut self, advice: &Advice) -> io::Result<()> {
        let palette = &self.options.palette;
        let mut why = Line::indented(2);
        why.push(palette.dim, "# ");
        if advice.destructive {
            why.push(palette.danger, "DESTRUCTIVE").push(palette.dim, ": ");
        }
        why.push(palette.dim, self.options.safe(&advice.why));
        self.comment(&why)?;
        if advice.destructive {
            let mut changes = Line::indented(2);
            changes
                .push(palette.dim, "#   ")
                .push(palette.dim, self.options.safe(&advice.changes));
            self.comment(&changes)?;
        }
        let mut command = Line::indented(2);
        let text = Safe::of(&advice.command, self.options.medium);
        // With escapes in it a command would be another one.
        if text.as_str() == advice.command {
            command.whole(palette.dim, "$ ").whole(Style::new(), text);
        } else {
            command.push(palette.dim, "# ").push(palette.dim, NOT_SHOWN);
        }
        self.comment(&command)
    }

    /// Writes a line among those that people paste into a shell: what is no command stays a comment on every line.
    fn comment(&mut self, line: &Line) -> io::Result<()> {
        let mut margin = Line::indented(2);
        margin.push(self.options.palette.dim, "#     ");
        wrap::write(line, self.options.columns(), &margin, self.out)
    }
}

/// The commands that health entries advise, in the order in which to run them.
pub(in crate::report) fn steps(health: &[Health]) -> Vec<&Advice> {
    // Several entries may advise the same command; it is run once.
    let mut known = HashSet::new();
    let advice = health.iter().flat_map(|health| &health.advice);
    let mut steps: Vec<&Advice> = advice
        .filter(|advice| known.insert(advice.command.as_str()))
        .collect();
    // The order within an entry stays; across entries, commands that only read come first.
    steps.sort_by_key(|advice| advice.destructive);
    steps
}

/// Which revision an object is like, where the newest operation did not complete.
pub(in crate::report) fn side(
    release: &ReleaseReport,
    attempted: Option<u64>,
    object: &ObjectDetail,
) -> String {
    let baseline = release.baseline.as_ref().map(|baseline| baseline.revision);
    match (object.side.as_deref(), baseline) {
        (Some("old"), Some(baseline)) => format!("as in revision {baseline}"),
        (Some("old"), None) => "absent".to_owned(),
        (Some("new"), _) => format!("as in revision {}", attempted.unwrap_or(release.latest.revision)),
        (Some(_), Some(_)) => "as in neither revision".to_owned(),
        (Some(_), None) => format!(
            "not as in revision {}",
            attempted.unwrap_or(release.latest.revision)
        ),
        (None, _) => "same in both".to_owned(),
    }
}

/// What is said of a release without trouble, in a line.
pub(super) fn without_trouble(release: &ReleaseReport) -> String {
    match (unread_of(release), drift_of(release)) {
        (None, None) if is_in_sync(release) => "no trouble found, and no object drifted".to_owned(),
        (None, None) => "no trouble found".to_owned(),
        (None, Some(drift)) => format!("no trouble found, but {drift}"),
        (Some(unread), None) => format!("{IN_WHAT_COULD_BE_READ}, but {unread}"),
        (Some(unread), Some(drift)) => format!("{IN_WHAT_COULD_BE_READ}, but {unread}; {drift}"),
    }
}

/// What is said where not everything could be read.
const IN_WHAT_COULD_BE_READ: &str = "no trouble found in what could be read";

/// How many objects a sentence names.
const NAMED: usize = 3;

/// Whether everything was compared, and nothing drifted.
fn is_in_sync(release: &ReleaseReport) -> bool {
    release.verdict == Verdict::Clean && release.baseline.is_some()
}

/// How many objects of a release could not be read or compared, and which; `None` where all could.
fn unread_of(release: &ReleaseReport) -> Option<String> {
    let unread = release.objects.iter();
    let unread: Vec<&ObjectReport> = unread
        .filter(|object| object.state == ObjectState::Unknown)
        .collect();
    if unread.is_empty() {
        return None;
    }
    let named = unread.iter().take(NAMED);
    let mut named: Vec<String> = named
        .map(|object| format!("{} {}", object.kind, object.name))
        .collect();
    if unread.len() > NAMED {
        named.push(format!("{} more", unread.len() - NAMED));
    }
    Some(format!(
        "{} could not be read ({})",
        count(unread.len(), "object"),
        named.join(", ")
    ))
}

/// How many objects of a release drifted, and in how many places; `None` where none did.
fn drift_of(release: &ReleaseReport) -> Option<String> {
    let mut findings = 0;
    let mut drifted = 0;
    for object in &release.objects {
        let mut counts = object.left_out.clone();
        // What the operation wrote is told by its diagnosis.
        let others = object
            .findings
            .iter()
            .filter(|finding| finding.code != FindingCode::HalfUpgraded);
        others.for_each(|finding| counts.count(finding));
        let is_drifted = match object.state {
            ObjectState::Missing | ObjectState::Foreign => true,
            ObjectState::Drifted
            | ObjectState::InSync
            | ObjectState::Terminating
            | ObjectState::Leftover
            | ObjectState::Unknown
            | ObjectState::Ignored => counts.drift > 0,
        };
        drifted += usize::from(is_drifted);
        findings += counts.drift;
    }
    match (drifted, findings) {
        (0, _) => None,
        (objects, findings) if findings <= objects => Some(format!("{} drifted", count(objects, "object"))),
        (objects, findings) => Some(format!(
            "{} drifted, in {}",
            count(objects, "object"),
            count(findings, "place")
        )),
    }
}

/// The revisions between two others that are no longer kept.
pub(in crate::report) fn gap(before: u64, after: u64) -> Option<String> {
    match after.saturating_sub(before) {
        0 | 1 => None,
        2 => Some(format!("{} is not kept", before + 1)),
        _ => Some(format!("{} to {} are not kept", before + 1, after - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{finding, object, release, report};

    fn page(release: ReleaseReport) -> String {
        let mut out = Vec::new();
        render(&report(vec![release]), &TextOptions::PLAIN, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The page and the line of a log say the same of what was read and what was not.
    #[test]
    fn a_release_without_trouble_is_told_by_what_was_compared() {
        let config = || object("v1", "ConfigMap", "shop", "web");
        let unread = |name| object("apps/v1", "Deployment", "shop", name).in_state(ObjectState::Unknown);
        let drifted = || config().drifted([finding(FindingCode::Changed, "/data/a", None, None)]);
        let of = |verdict, objects: Vec<ObjectReport>| ReleaseReport {
            verdict,
            ..release("shop", "web").with_objects(objects)
        };
        for (release, said) in [
            (
                of(Verdict::Clean, vec![config()]),
                "no trouble found, and no object drifted",
            ),
            (
                of(Verdict::Drifted, vec![drifted()]),
                "no trouble found, but 1 object drifted",
            ),
            (
                of(Verdict::Incomplete, vec![unread("api"), unread("web")]),
                "no trouble found in what could be read, but 2 objects could not be read (Deployment api, Deployment web)",
            ),
            (
                of(Verdict::Drifted, vec![drifted(), unread("web")]),
                "no trouble found in what could be read, but 1 object could not be read (Deployment web); 1 object drifted",
            ),
        ] {
            assert_eq!(without_trouble(&release), said);
            let page = page(release);
            assert!(page.contains(said), "{said}: {page}");
        }
    }
}
