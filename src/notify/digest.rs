//! A report in the words of a message, the same for every receiver.
//!
//! Names, kinds, codes and field paths, never values, and no sentence in which the API server or Helm may have
//! repeated values. Everything is sanitised and capped here, sorted, and the same for the same report.

use std::fmt::Write as _;

use super::list::{LineCost, ListEntry, MessageList};
use super::release::{drifted, drifted_entry, entry};
use super::text::{NAME, SENTENCE, clean};
use crate::model::{ReleaseReport, Report};
use crate::report::words::{self, count, critical_codes, finding_counts, present};
use crate::vocabulary::{ObjectState, Outcome, Stopped, Verdict};

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
        let level = level(report, critical.number());
        let mut digest = Self {
            headline: format!("{cluster}: {}", headline(report, critical.number())),
            cluster,
            level,
            counts: counts(report),
            drifted: MessageList {
                title: "Drifted",
                noun: "release",
                entries: drifted(report).iter().map(drifted_entry).collect(),
            },
            critical,
            unread: lists("release", "Not fully read", unread_entry),
            errors: MessageList {
                title: "Errors",
                noun: "error",
                entries: error_entries(report),
            },
            scan_facts: scan_facts(report),
        };
        // The drifted releases have the worst first.
        for list in [&mut digest.critical, &mut digest.unread, &mut digest.errors] {
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
}

/// One list of a message, cut to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSection {
    /// The heading of the list.
    pub title: &'static str,
    /// The list.
    pub lines: Vec<String>,
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

/// The counts in the words of the report.
fn counts(report: &Report) -> Vec<String> {
    let (releases, objects) = (&report.summary.releases, &report.summary.objects);
    let findings = &report.summary.findings;
    vec![
        counted(
            releases.total,
            "release",
            &[
                (releases.clean, "clean"),
                (releases.drifted, "drifted"),
                (releases.incomplete, "incomplete"),
                (releases.unreadable, "unreadable"),
            ],
        ),
        counted(
            objects.total,
            "object",
            &[
                (objects.in_sync, "in sync"),
                (objects.drifted, "drifted"),
                (objects.missing, "missing"),
                (objects.terminating, "terminating"),
                (objects.foreign, "foreign"),
                (objects.leftover, "leftover"),
                (objects.unknown, "unknown"),
                (objects.ignored, "ignored"),
            ],
        ),
        counted(
            findings.drift + findings.info + findings.ignored,
            "finding",
            &finding_counts(findings),
        ),
    ]
}

/// A total and the counts that are not zero: `3 releases: 1 clean, 2 drifted`.
fn counted(total: usize, noun: &str, counts: &[(usize, &str)]) -> String {
    let present = present(counts);
    match (total, present.is_empty()) {
        (0, _) => format!("no {noun}s"),
        (_, true) => count(total, noun),
        (_, false) => format!("{}: {}", count(total, noun), present.join(", ")),
    }
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
        number: 1,
        head: format!(
            "{}: {}",
            clean(&error.scope, NAME),
            clean(&error.message, SENTENCE)
        ),
        details: Vec::new(),
    };
    report.errors.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObjectReport;
    use crate::report::fixtures::{finding, object, release, report};
    use crate::vocabulary::FindingCode;

    #[test]
    fn the_worst_releases_come_first() {
        let drifted = |name: &str, object: ObjectReport| ReleaseReport {
            verdict: Verdict::Drifted,
            ..release("shop", name).with_objects([object])
        };
        let label = finding(
            FindingCode::Changed,
            "/metadata/labels/team",
            Some("a".into()),
            Some("b".into()),
        );
        let report = report(vec![
            drifted("api", object("v1", "Service", "shop", "api").drifted([label])),
            drifted(
                "web",
                object("apps/v1", "Deployment", "shop", "web").in_state(ObjectState::Missing),
            ),
        ]);
        let digest = Digest::new(&report);
        let heads: Vec<&str> = digest.drifted.entries.iter().map(|entry| &*entry.head).collect();
        assert!(
            heads[0].starts_with("shop/web") && heads[1].starts_with("shop/api"),
            "{heads:?}"
        );
    }
}
