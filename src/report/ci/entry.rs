//! What CI systems show one by one: each finding, each object in a state that somebody has to look at, each health entry.

use std::collections::HashMap;

use super::location::{Location, Locations};
use super::rule::Rule;
use super::severity::Level;
use crate::model::{
    Finding, Fingerprint, Health, IgnoredBy, ObjectReport, ReleaseReport, Report, ReportError, Tracked,
};
use crate::report::sanitize::{Medium, sanitize};
use crate::report::text::overview::{title, trouble};
use crate::report::text::{self, TextOptions};
use crate::report::urgency::{self, Urgent, Weight};
use crate::report::words::{count, field_effect, object_effect, verdict};
use crate::vocabulary::{ChangeStatus, ObjectState};

/// How many characters of a sentence are shown. What is cut off ends in `…`.
pub(super) const SENTENCE: usize = 1_000;

/// What an entry is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'r> {
    /// The release as a whole.
    Health(&'r Health),
    /// A whole object.
    Object(&'r ObjectReport),
    /// A field of an object.
    Finding(&'r ObjectReport, &'r Finding),
}

/// One thing that a report tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'r> {
    /// The release.
    pub(super) release: &'r ReleaseReport,
    /// What it is about.
    pub(super) subject: Subject<'r>,
    /// How much it matters.
    pub(super) level: Level,
    /// Its identity from run to run, which no other entry of the report has.
    pub(super) fingerprint: Fingerprint,
}

/// Every entry of a report, the worst first, and within equals in the order of the report.
pub(super) fn entries(report: &Report) -> Vec<Entry<'_>> {
    let mut seen: HashMap<Fingerprint, usize> = HashMap::new();
    let mut entries: Vec<(Level, Weight, Entry<'_>)> = Vec::new();
    for release in &report.releases {
        for (subject, level, weight) in subjects(release) {
            let own = fingerprint(report, release, subject);
            let before = seen.entry(own).or_default();
            *before += 1;
            // A release can have several entries with one code on its health.
            let fingerprint = match *before {
                1 => own,
                number => Fingerprint::of(["again", &own.to_string(), &number.to_string()]),
            };
            let entry = Entry {
                release,
                subject,
                level,
                fingerprint,
            };
            entries.push((level, weight, entry));
        }
    }
    entries.sort_by_key(|(level, weight, _)| (*level, *weight));
    entries.into_iter().map(|(_, _, entry)| entry).collect()
}

fn fingerprint(report: &Report, release: &ReleaseReport, subject: Subject<'_>) -> Fingerprint {
    match subject {
        Subject::Health(health) => Fingerprint::health(report, release, health),
        Subject::Object(object) => Fingerprint::object(report, release, object),
        Subject::Finding(object, finding) => Fingerprint::finding(report, release, object, finding),
    }
}

/// What a release has to tell, with how much it matters.
fn subjects(release: &ReleaseReport) -> impl Iterator<Item = (Subject<'_>, Level, Weight)> {
    let health = release.health.iter().map(|entry| {
        let level = Level::of_health(entry);
        let weight = if level == Level::Error {
            Weight::Critical
        } else {
            Weight::Warning
        };
        (Subject::Health(entry), level, weight)
    });
    let objects = release.objects.iter().flat_map(|object| {
        let level = Level::of_state(object.state).filter(|_| is_told_as_a_whole(object));
        let whole = level.map(|level| (Subject::Object(object), level, urgency::of_object(object)));
        let findings = object.findings.iter().map(move |finding| {
            let level = Level::of_finding(finding);
            (
                Subject::Finding(object, finding),
                level,
                urgency::of_finding(finding),
            )
        });
        whole.into_iter().chain(findings)
    });
    health.chain(objects)
}

/// Whether the state of an object says more than its findings do.
fn is_told_as_a_whole(object: &ObjectReport) -> bool {
    match object.state {
        ObjectState::Missing
        | ObjectState::Terminating
        | ObjectState::Foreign
        | ObjectState::Leftover
        | ObjectState::Unknown => true,
        ObjectState::Drifted => object.left_out.drift > 0 || !object.findings.iter().any(Finding::is_drift),
        ObjectState::Ignored => object.ignored_by.is_some(),
        ObjectState::InSync => false,
    }
}

impl<'r> Entry<'r> {
    /// The rule that it is told by.
    pub(super) const fn rule(&self) -> Rule {
        match self.subject {
            Subject::Health(health) => Rule::Health(health.code),
            Subject::Object(object) => Rule::State(object.state),
            Subject::Finding(_, finding) => Rule::Finding(finding.code),
        }
    }

    /// The object that it is about, if it is about one.
    pub(super) const fn object(&self) -> Option<&'r ObjectReport> {
        match self.subject {
            Subject::Health(_) => None,
            Subject::Object(object) | Subject::Finding(object, _) => Some(object),
        }
    }

    /// The rule or annotation of the operator that ignores it.
    pub(super) fn ignored_by(&self) -> Option<IgnoredBy> {
        match self.subject {
            Subject::Health(_) => None,
            Subject::Object(object) => object.ignored_by,
            Subject::Finding(object, finding) => finding.ignored_by.or(object.ignored_by),
        }
    }

    /// How it stands to earlier scans. What is not remembered itself is as its object is, and that as its release is.
    pub(super) fn status(&self) -> Option<ChangeStatus> {
        let own: Option<&Tracked> = match self.subject {
            Subject::Health(health) => Some(&health.tracked),
            Subject::Object(_) => None,
            Subject::Finding(_, finding) => Some(&finding.tracked),
        };
        let object = self.object().map(|object| &object.tracked);
        let known = [own, object, Some(&self.release.tracked)];
        known.into_iter().flatten().find_map(|tracked| tracked.status)
    }

    /// Its place in a file.
    pub(super) fn location(&self, locations: Locations<'_>) -> Location {
        match self.object() {
            Some(object) => locations.of_object(self.release, object),
            None => locations.of_release(self.release),
        }
    }

    /// What it says in one sentence of bearable length, without values and without a full stop.
    pub(super) fn sentence(&self) -> String {
        let release = name(self.release);
        safe(&match self.subject {
            Subject::Health(health) => format!("{release}: {}", health.message),
            Subject::Object(object) => {
                let effect = object.next_upgrade.map(|next| object_effect(next, object.state));
                let title = title(self.release, object);
                format!("{release}: {title}: {}{}", about(object), upgrade(effect))
            }
            Subject::Finding(object, finding) => {
                let effect = finding.next_upgrade.map(field_effect);
                let title = title(self.release, object);
                let (path, message) = (&finding.path, &finding.message);
                format!("{release}: {path} of {title}: {message}{}", upgrade(effect))
            }
        })
    }
}

/// Why an object is told as a whole.
fn about(object: &ObjectReport) -> String {
    match (&object.reason, object.left_out.drift) {
        (Some(reason), _) => reason.clone(),
        (None, 0) => object.state.message().to_owned(),
        (None, left_out) => format!("{} not listed", count(left_out, "more difference")),
    }
}

/// The effect of the next upgrade, where it is known.
fn upgrade(effect: Option<&str>) -> String {
    effect.map_or_else(String::new, |effect| format!("; next upgrade: {effect}"))
}

/// A release and the worst of it, in a line.
pub(super) fn worst(release: &ReleaseReport, urgent: Option<&Urgent<'_>>) -> String {
    let head = format!("{} {}", verdict(release), name(release));
    match urgent.map(worst_of) {
        Some(worst) => cut(&format!("{}: {worst}", safe(&head)), SENTENCE),
        None => safe(&head),
    }
}

/// The worst of a release in a line, without its name.
pub(super) fn worst_of(urgent: &Urgent<'_>) -> String {
    let options = TextOptions {
        medium: Medium::CiLog,
        ..TextOptions::PLAIN
    };
    cut(trouble(urgent, None, &options).as_str(), SENTENCE)
}

/// A release by its namespace and name.
pub(super) fn name(release: &ReleaseReport) -> String {
    release.full_name()
}

/// Text from a cluster as a CI system may show it: on one line, of bearable length, without anything invisible and
/// without a command to a runner.
pub(super) fn safe(text: &str) -> String {
    cut(
        &sanitize(text.get(..limit(text)).unwrap_or(text), Medium::CiLog),
        SENTENCE,
    )
}

/// A position behind which nothing is looked at, because it is cut off anyway.
fn limit(text: &str) -> usize {
    text.char_indices()
        .nth(SENTENCE + 1)
        .map_or(text.len(), |(at, _)| at)
}

/// The text, cut to that many characters.
pub(super) fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some(_) => {
            let kept = text.chars().take(characters.saturating_sub(1));
            kept.chain(['…']).collect()
        }
        None => text.to_owned(),
    }
}

/// What could not be read, a sentence each, the reason why the scan ended early first.
pub(super) fn failures(report: &Report) -> impl Iterator<Item = String> {
    let stopped = report
        .stopped
        .map(|stopped| text::stopped_words(stopped).to_owned());
    let error = |error: &ReportError| safe(&format!("{}: {}", error.scope, error.message));
    stopped.into_iter().chain(report.errors.iter().map(error))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::report::fixtures::{every, finding, hostile, object, release, report};
    use crate::vocabulary::{FindingCode, HealthCode, HealthSeverity};

    #[test]
    fn no_two_entries_have_one_fingerprint() {
        let mut twice = release("shop", "web");
        for _ in 0..3 {
            twice = twice.with_health(HealthCode::IdentityMismatch, HealthSeverity::Warning);
        }
        for (name, report) in every().into_iter().chain([("twice", report(vec![twice]))]) {
            let entries = entries(&report);
            let prints: HashSet<_> = entries.iter().map(|entry| entry.fingerprint).collect();
            assert_eq!(prints.len(), entries.len(), "{name}");
        }
    }

    #[test]
    fn the_first_of_several_keeps_the_fingerprint_that_the_report_has() {
        let once = release("shop", "web").with_health(HealthCode::Stuck, HealthSeverity::Critical);
        let twice = once
            .clone()
            .with_health(HealthCode::Stuck, HealthSeverity::Critical);
        let (once, twice) = (report(vec![once]), report(vec![twice]));
        assert_eq!(entries(&once)[0].fingerprint, entries(&twice)[0].fingerprint);
    }

    #[test]
    fn the_worst_comes_first() {
        let deployment = object("apps/v1", "Deployment", "shop", "a").drifted([
            finding(FindingCode::Autoscaled, "/spec/replicas", None, None),
            finding(FindingCode::Changed, "/metadata/labels/a", None, None),
            finding(
                FindingCode::Changed,
                "/spec/template/spec/containers[name=app]/image",
                None,
                None,
            ),
        ]);
        let report = report(vec![
            release("shop", "a").with_objects([deployment]),
            release("shop", "b").with_health(HealthCode::Stuck, HealthSeverity::Critical),
        ]);
        let rules: Vec<String> = entries(&report).iter().map(Entry::sentence).collect();
        let starts = [
            "shop/b: ",
            "shop/a: /spec/template",
            "shop/a: /metadata",
            "shop/a: /spec/replicas",
        ];
        assert_eq!(rules.len(), starts.len());
        for (rule, start) in rules.iter().zip(starts) {
            assert!(rule.starts_with(start), "{rule}");
        }
    }

    #[test]
    fn sentences_are_one_safe_line_of_bearable_length() {
        let mut long = hostile();
        long.health[0].message = "\u{202e}::error::x\n".repeat(100_000);
        for entry in entries(&report(vec![hostile(), long])) {
            let sentence = entry.sentence();
            assert!(sentence.chars().count() <= SENTENCE);
            assert!(
                !sentence.chars().any(crate::report::sanitize::is_unsafe),
                "{sentence:?}"
            );
        }
    }

    /// What a report does not list must not look as if it were nothing.
    #[test]
    fn differences_that_are_not_listed_are_told() {
        let mut cut = object("v1", "ConfigMap", "shop", "big").in_state(ObjectState::Drifted);
        cut.left_out.drift = 40;
        let report = report(vec![release("shop", "web").with_objects([cut])]);
        let sentences: Vec<String> = entries(&report).iter().map(Entry::sentence).collect();
        assert_eq!(
            sentences,
            ["shop/web: ConfigMap big: 40 more differences not listed"]
        );
    }
}
