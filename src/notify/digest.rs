//! A report in the words of a message, the same for every receiver.
//!
//! Names, kinds, codes and field paths, never values, and no sentence in which the API server or Helm may have
//! repeated values. Everything is sanitised and capped here, sorted, and the same for the same report.

use std::fmt::Write as _;

use super::list::{DetailLevel, DetailLine, LineCost, ListEntry, MessageList};
use super::text::{NAME, PATH, SENTENCE, clean};
use crate::model::{Finding, ObjectReport, ReleaseReport, Report};
use crate::report::words::{self, count, critical_codes, minute};
use crate::vocabulary::{ObjectState, Outcome, Stopped, Verdict};

/// The most objects that a message names of one release.
const OBJECTS: usize = 5;

/// The most fields that a message names of one object.
const FIELDS: usize = 4;

/// A report in the words of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The cluster, never empty.
    pub cluster: String,
    /// The whole report in half a sentence.
    pub headline: String,
    /// How urgent it is.
    pub level: Level,
    /// The counts, a line each for releases, objects and findings.
    pub counts: Vec<String>,
    /// Releases that drifted, with objects and fields.
    pub drifted: MessageList,
    /// Releases whose health is critical.
    pub critical: MessageList,
    /// Releases that could not be read, or not fully.
    pub unread: MessageList,
    /// Other things that could not be read.
    pub errors: MessageList,
    /// The program, and the time and the duration of the scan.
    pub scan_facts: Vec<String>,
}

/// How urgent a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Everything was read and is in order.
    Clean,
    /// No drift was found, but not everything could be read.
    Incomplete,
    /// No drift was found, but the health of a release is critical.
    Critical,
    /// Something drifted, or the scan itself failed.
    Alarm,
}

impl Digest {
    /// Puts a report into words.
    pub fn new(report: &Report) -> Self {
        let cluster = match clean(&report.cluster.name, NAME) {
            name if name.trim().is_empty() => "unnamed cluster".to_owned(),
            name => name,
        };
        let lists = |noun, title, entry: fn(&ReleaseReport) -> Option<ListEntry>| MessageList {
            title,
            noun,
            entries: report.releases.iter().filter_map(entry).collect(),
        };
        let critical = lists("release", "In a critical state", critical_entry);
        let level = level(report, critical.len());
        let mut digest = Self {
            headline: format!("{cluster}: {}", headline(report, critical.len())),
            cluster,
            level,
            counts: counts(report),
            drifted: lists("release", "Drifted", drifted_entry),
            critical,
            unread: lists("release", "Not fully read", unread_entry),
            errors: MessageList {
                title: "Errors",
                noun: "error",
                entries: error_entries(report),
            },
            scan_facts: scan_facts(report),
        };
        for list in [
            &mut digest.drifted,
            &mut digest.critical,
            &mut digest.unread,
            &mut digest.errors,
        ] {
            list.entries
                .sort_by(|a, b| (&a.namespace, &a.head).cmp(&(&b.namespace, &b.head)));
        }
        digest
    }

    /// The lists that have entries, cut so that together they cost at most `budget`.
    ///
    /// The drifted releases get the room that the others leave, which is at least half.
    pub fn sections(&self, budget: usize, cost: LineCost) -> Vec<MessageSection> {
        let mut room = budget;
        let mut section = |list: &MessageList, budget: usize| {
            let lines = list.lines(budget.min(room), cost);
            room -= lines
                .iter()
                .map(|line| (cost.text)(line) + cost.per_line)
                .sum::<usize>();
            MessageSection {
                title: list.title,
                lines,
            }
        };
        let mut sections = vec![
            section(&self.critical, budget / 6),
            section(&self.unread, budget / 6),
            section(&self.errors, budget / 6),
        ];
        sections.insert(0, section(&self.drifted, budget));
        sections.retain(|section| !section.lines.is_empty());
        sections
    }

    /// The part of a digest that is about one release.
    pub(crate) fn of_release(release: &ReleaseReport) -> ReleaseDigest {
        ReleaseDigest {
            name: release_name(release),
            facts: release_facts(release),
            details: object_lines(release).into_iter().map(|line| line.text).collect(),
        }
    }
}

/// One list of a message, cut to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSection {
    /// The heading of the list.
    pub title: &'static str,
    /// The list.
    pub lines: Vec<String>,
}

/// One release in the words of a message.
pub(crate) struct ReleaseDigest {
    /// Namespace and name.
    pub(crate) name: String,
    /// How much of it drifted.
    pub(crate) facts: String,
    /// Objects and fields, indented.
    pub(crate) details: Vec<String>,
}

fn level(report: &Report, critical: usize) -> Level {
    if report.summary.releases.drifted > 0 {
        return Level::Alarm;
    }
    match report.outcome {
        Outcome::Drift | Outcome::Error => Level::Alarm,
        Outcome::Clean | Outcome::Incomplete if critical > 0 => Level::Critical,
        Outcome::Incomplete => Level::Incomplete,
        Outcome::Clean if report.stopped.is_some() => Level::Incomplete,
        Outcome::Clean => Level::Clean,
    }
}

fn headline(report: &Report, critical: usize) -> String {
    let mut text = words::headline(report);
    if critical > 0 {
        let _ = write!(text, "; {critical} in a critical state");
    }
    match report.stopped {
        Some(Stopped::Deadline) => text.push_str(" (stopped at the deadline)"),
        Some(Stopped::Signal) => text.push_str(" (stopped by a signal)"),
        None => {}
    }
    text
}

fn counts(report: &Report) -> Vec<String> {
    let (releases, objects) = (&report.summary.releases, &report.summary.objects);
    let findings = &report.summary.findings;
    let states = [
        (objects.in_sync, "in sync"),
        (objects.drifted, "drifted"),
        (objects.missing + objects.foreign, "missing or not owned"),
        (objects.terminating, "terminating"),
        (objects.leftover, "left over"),
        (objects.unknown, "unknown"),
    ];
    vec![
        format!(
            "Releases: {} total, {} clean, {} drifted, {} incomplete, {} unreadable",
            releases.total, releases.clean, releases.drifted, releases.incomplete, releases.unreadable
        ),
        format!("Objects: {} total{}", objects.total, present(&states)),
        format!(
            "Findings: {} drift, {} info, {} ignored",
            findings.drift, findings.info, findings.ignored
        ),
    ]
}

/// The counts that are not zero, each preceded by a comma.
fn present(counts: &[(usize, &str)]) -> String {
    let present = counts.iter().filter(|(number, _)| *number > 0);
    present.fold(String::new(), |mut text, (number, what)| {
        let _ = write!(text, ", {number} {what}");
        text
    })
}

fn scan_facts(report: &Report) -> Vec<String> {
    vec![
        clean(&format!("{} {}", report.tool.name, report.tool.version), NAME),
        format!("scanned {} UTC", report.started_at.format("%Y-%m-%d %H:%M:%S")),
        format!(
            "took {} s",
            (report.finished_at - report.started_at).num_seconds().max(0)
        ),
    ]
}

fn release_name(release: &ReleaseReport) -> String {
    let name = format!(
        "{}/{}",
        clean(&release.namespace, NAME),
        clean(&release.name, NAME)
    );
    if release.storage.namespace == release.namespace {
        name
    } else {
        format!("{name} (recorded in {})", clean(&release.storage.namespace, NAME))
    }
}

fn release_facts(release: &ReleaseReport) -> String {
    let objects = release
        .objects
        .iter()
        .filter(|object| object.state.is_drift())
        .count();
    let findings = release
        .objects
        .iter()
        .flat_map(|object| &object.findings)
        .filter(|finding| finding.is_drift())
        .count();
    let mut facts = count(objects, "object");
    if findings > 0 {
        let _ = write!(facts, ", {}", count(findings, "field"));
    }
    if let Some(baseline) = &release.baseline {
        let _ = write!(facts, ", revision {}", baseline.revision);
    }
    facts
}

fn entry(release: &ReleaseReport, facts: &str, details: Vec<DetailLine>) -> ListEntry {
    ListEntry {
        namespace: release.storage.namespace.clone(),
        head: format!("{}: {facts}", release_name(release)),
        details,
    }
}

fn drifted_entry(release: &ReleaseReport) -> Option<ListEntry> {
    match release.verdict {
        Verdict::Drifted => Some(entry(release, &release_facts(release), object_lines(release))),
        Verdict::Clean | Verdict::Incomplete | Verdict::Unreadable => None,
    }
}

fn critical_entry(release: &ReleaseReport) -> Option<ListEntry> {
    let codes = critical_codes(release);
    let names: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let names = names.join(", ");
    let facts = match release.verdict {
        Verdict::Clean => format!("{} ({names})", words::verdict(release)),
        Verdict::Drifted | Verdict::Incomplete | Verdict::Unreadable => names,
    };
    (!codes.is_empty()).then(|| entry(release, &facts, Vec::new()))
}

fn unread_entry(release: &ReleaseReport) -> Option<ListEntry> {
    let unknown = release
        .objects
        .iter()
        .filter(|object| object.state == ObjectState::Unknown)
        .count();
    let facts = match release.verdict {
        Verdict::Unreadable => "its record cannot be read".to_owned(),
        Verdict::Incomplete if unknown == 0 => "not fully compared".to_owned(),
        Verdict::Incomplete | Verdict::Drifted if unknown > 0 => {
            format!("{} could not be read", count(unknown, "object"))
        }
        Verdict::Incomplete | Verdict::Drifted | Verdict::Clean => return None,
    };
    Some(entry(release, &facts, Vec::new()))
}

fn error_entries(report: &Report) -> Vec<ListEntry> {
    let entry = |error: &crate::model::ReportError| ListEntry {
        namespace: error.scope.clone(),
        head: format!(
            "{}: {}",
            clean(&error.scope, NAME),
            clean(&error.message, SENTENCE)
        ),
        details: Vec::new(),
    };
    report.errors.iter().map(entry).collect()
}

fn object_lines(release: &ReleaseReport) -> Vec<DetailLine> {
    let mut objects: Vec<_> = release
        .objects
        .iter()
        .filter(|object| object.state.is_drift())
        .collect();
    objects.sort_by_key(|object| (&object.kind, &object.namespace, &object.name, &object.api_version));
    let mut lines = Vec::new();
    for object in objects.iter().take(OBJECTS) {
        lines.push(DetailLine {
            shown_from: DetailLevel::Objects,
            text: object_line(release, object),
        });
        let mut findings: Vec<_> = object
            .findings
            .iter()
            .filter(|finding| finding.is_drift())
            .collect();
        findings.sort_by_key(|finding| (&finding.path, finding.code));
        for finding in findings.iter().take(FIELDS) {
            let text = format!("    {}", field(finding));
            lines.push(DetailLine {
                shown_from: DetailLevel::Fields,
                text,
            });
        }
        if let Some(more) = findings.len().checked_sub(FIELDS).filter(|more| *more > 0) {
            let text = format!("    and {}", count(more, "more field"));
            lines.push(DetailLine {
                shown_from: DetailLevel::Fields,
                text,
            });
        }
    }
    if let Some(more) = objects.len().checked_sub(OBJECTS).filter(|more| *more > 0) {
        lines.push(DetailLine {
            shown_from: DetailLevel::Objects,
            text: format!("  and {}", count(more, "more object")),
        });
    }
    lines
}

/// A difference, and the field manager that claims to have written it. Field managers are not authenticated.
fn field(finding: &Finding) -> String {
    let mut text = format!("{} {}", finding.code, clean(&finding.path, PATH));
    if let Some(actor) = &finding.actor {
        let _ = write!(text, ", claimed by {}", clean(&actor.manager, NAME));
        if let Some(time) = actor.time {
            let _ = write!(text, ", {} UTC", minute(time));
        }
    }
    text
}

fn object_line(release: &ReleaseReport, object: &ObjectReport) -> String {
    let place = match &object.namespace {
        Some(namespace) if *namespace != release.namespace => format!("{}/", clean(namespace, NAME)),
        Some(_) | None => String::new(),
    };
    format!(
        "  {} {place}{}: {}",
        clean(&object.kind, NAME),
        clean(&object.name, NAME),
        state(release, object)
    )
}

/// The state of an object in words. Whether a foreign object exists outside the release's own namespace is not shown:
/// a record that merely names the object could otherwise be used to find out.
fn state(release: &ReleaseReport, object: &ObjectReport) -> &'static str {
    let is_in_own_namespace = object.namespace.as_ref() == Some(&release.storage.namespace);
    let is_absence = matches!(object.state, ObjectState::Missing | ObjectState::Foreign);
    if is_absence && !is_in_own_namespace {
        "missing or not owned by this release"
    } else if object.state == ObjectState::Foreign {
        "not owned by this release"
    } else {
        object.state.as_str()
    }
}
