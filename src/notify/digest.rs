//! A report in the words of a message, the same for every receiver.
//!
//! For a reader at night and for a channel that many skim, in this order: what is new, the worst first; what is resolved;
//! what is still so; what could not be read; what to run next. Names, kinds, codes and field paths, never values, and no
//! sentence in which the API server or Helm may have repeated values. Everything is sanitised and capped here, sorted, and
//! the same for the same report.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::ended;
use super::links::{self, Link, LinkTemplate};
use super::list::{LineCost, ListEntry, MessageList};
use super::release::{
    entry, has_trouble, news_entry, news_only, object_name, ongoing_entry, release_name, state, with_news,
};
use super::text::{NAME, PATH, SENTENCE, clean};
use crate::model::{ReleaseReport, Report};
use crate::report::alike::ReleaseGroup;
use crate::report::urgency::{self, Trouble, Urgent};
use crate::report::words::{self, command_elsewhere, count, critical_codes};
use crate::state::Part;
use crate::vocabulary::{HealthCode, ObjectState, Outcome, Stopped, Verdict};

/// A report in the words of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The cluster, and the shard of it that was scanned; never empty.
    pub cluster: String,
    /// The name of the cluster alone; never empty.
    pub cluster_name: String,
    /// The whole message in half a sentence.
    pub headline: String,
    /// How urgent it is.
    pub level: Level,
    /// What the receiver has not been told of; without memory everything that is wrong.
    pub news: MessageList,
    /// What the receiver was told of and is over.
    pub resolved: MessageList,
    /// What the receiver was told of and is still so.
    pub ongoing: MessageList,
    /// What could not be read, and why.
    pub unread: MessageList,
    /// What to run next, for the worst release.
    pub next: Option<String>,
    /// The operator's links to it.
    pub links: Vec<Link>,
    /// The program, and the time and the duration of the scan.
    pub scan_facts: Vec<String>,
    beside: Beside,
    templates: Vec<LinkTemplate>,
}

/// What a receiver is to be told beside its part of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beside {
    /// Whether it was told that something could not be read, and everything was read now.
    pub is_read_again: bool,
    /// Whether it was not told yet of what could not be read.
    pub is_unread_new: bool,
    /// How much that it knows of was not read by this scan.
    pub not_read: usize,
    /// How much is too young to be told.
    pub unsettled: usize,
    /// Whether the report is an excerpt, by which nothing can be said of the whole.
    pub is_excerpt: bool,
}

impl Beside {
    /// What is to be told beside a part.
    pub const fn of(part: &Part) -> Self {
        Self {
            is_read_again: part.is_read_again,
            is_unread_new: part.is_unread_new,
            not_read: part.not_read,
            unsettled: part.unsettled,
            is_excerpt: false,
        }
    }

    /// What is to be told beside an excerpt that is about some releases and nothing else.
    pub(crate) const fn excerpt() -> Self {
        Self {
            is_read_again: false,
            is_unread_new: false,
            not_read: 0,
            unsettled: 0,
            is_excerpt: true,
        }
    }
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
    /// Puts a report into words. Where its parts have a status, that is what the receiver knows of them.
    pub fn new(report: &Report) -> Self {
        Self::of(report, Beside::default())
    }

    /// The same, with what the receiver is to be told beside it.
    pub fn of(report: &Report, beside: Beside) -> Self {
        let cluster_name = match clean(&report.cluster.name, NAME) {
            name if name.trim().is_empty() => "unnamed cluster".to_owned(),
            name => name,
        };
        let cluster = match &report.selection.shard {
            Some(shard) => format!("{cluster_name} (shard {})", clean(shard, NAME)),
            None => cluster_name.clone(),
        };
        let now = report.started_at;
        let is_remembered = report.summary.changes.is_some();
        let groups = with_news(report);
        let news = groups.iter().map(|group| news_entry(group, now)).collect();
        let worst = groups.first();
        let digest = Self {
            headline: String::new(),
            level: level(report),
            news: list(
                if is_remembered {
                    "New"
                } else {
                    "Drifted or critical"
                },
                "release",
                news,
            ),
            resolved: list("Resolved", "release", ended::entries(report, now)),
            ongoing: list("Still so", "release", ongoing_entries(report, now)),
            unread: list("Not read", "entry", unread_entries(report)),
            next: worst
                .map(|group| group.first)
                .or_else(|| worst_known(report))
                .and_then(next_command),
            links: Vec::new(),
            templates: Vec::new(),
            scan_facts: scan_facts(report),
            beside,
            cluster,
            cluster_name,
        };
        let headline = if is_remembered {
            digest.changes(report, worst)
        } else {
            scan_headline(report, worst)
        };
        Self {
            headline: format!("{}: {headline}", digest.cluster),
            ..digest
        }
    }

    /// The same with these links to the worst release.
    #[must_use]
    pub fn with_links(mut self, report: &Report, templates: &[LinkTemplate]) -> Self {
        let groups = with_news(report);
        let worst = groups
            .first()
            .map(|group| group.first)
            .or_else(|| worst_known(report));
        self.templates = templates.iter().take(links::MOST).cloned().collect();
        self.links = worst.map_or_else(Vec::new, |release| self.links_to(report, release));
        self
    }

    /// An excerpt of the same report in words.
    pub(crate) fn of_excerpt(&self, excerpt: &Report, beside: Beside) -> Self {
        Self::of(excerpt, beside).with_links(excerpt, &self.templates)
    }

    /// What is told beside the report.
    pub(crate) const fn beside(&self) -> Beside {
        self.beside
    }

    /// The operator's links to a release of the report.
    pub(crate) fn links_to(&self, report: &Report, release: &ReleaseReport) -> Vec<Link> {
        self.links_to_names([&report.cluster.name, &release.namespace, &release.name])
    }

    /// The operator's links to what has the names of a cluster, a namespace and a release.
    pub(crate) fn links_to_names(&self, names: [&str; 3]) -> Vec<Link> {
        let templates = self.templates.iter();
        templates.filter_map(|template| template.to(names)).collect()
    }

    /// The headline of a message about what changed.
    fn changes(&self, report: &Report, worst: Option<&ReleaseGroup<'_>>) -> String {
        let mut parts = Vec::new();
        if let Some(worst) = worst {
            let more = match self.news.number() - worst.len() {
                0 => String::new(),
                others => format!(", and new in {}", count(others, "more release")),
            };
            parts.push(format!("{}{more}", worst_of_group(worst)));
        }
        if !self.resolved.is_empty() {
            let partly = if is_all_partly(report) { "partly " } else { "" };
            let place = match (self.resolved.number(), report.resolved.first()) {
                (1, Some(resolved)) => ended::name_of(resolved),
                (number, _) => count(number, "release"),
            };
            parts.push(format!("{partly}resolved in {place}"));
        }
        if !self.ongoing.is_empty() {
            parts.push(format!(
                "{} still not in order",
                count(self.ongoing.number(), "release")
            ));
        }
        if self.beside.is_read_again {
            parts.push("everything could be read again".to_owned());
        }
        if !self.unread.is_empty() || report.stopped.is_some() {
            parts.push(match report.stopped {
                Some(Stopped::Deadline) => "the scan ran out of time".to_owned(),
                Some(Stopped::Signal) => "the scan was stopped".to_owned(),
                None if report.outcome == Outcome::Error => "the scan failed".to_owned(),
                None => "not everything could be read".to_owned(),
            });
        }
        if parts.is_empty() {
            parts.push(words::headline(report));
        } else if self.beside.not_read > 0 {
            parts.push(format!(
                "{} not read this time",
                count(self.beside.not_read, "known difference")
            ));
        } else if self.is_all_in_order() {
            parts.push("all is in order".to_owned());
        }
        parts.join("; ")
    }

    /// Whether the receiver can be told that nothing is wrong. Warnings have no level, and are not in order either.
    fn is_all_in_order(&self) -> bool {
        let is_known = self.beside.unsettled == 0 && !self.beside.is_excerpt;
        is_known && self.level == Level::Clean && self.news.is_empty() && self.ongoing.is_empty()
    }

    /// The lists that have entries, cut so that together they cost at most `budget`.
    ///
    /// What is new gets the room that the others leave, which is at least half.
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
            section(&self.resolved, budget / 6),
            section(&self.ongoing, budget / 6),
            section(&self.unread, budget / 6),
        ];
        sections.insert(0, section(&self.news, budget));
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

const fn list(title: &'static str, noun: &'static str, entries: Vec<ListEntry>) -> MessageList {
    MessageList { title, noun, entries }
}

fn level(report: &Report) -> Level {
    if report.summary.releases.drifted > 0 {
        return Level::Alarm;
    }
    let is_critical = report
        .releases
        .iter()
        .any(|release| !critical_codes(release).is_empty());
    match report.outcome {
        Outcome::Drift | Outcome::Error => Level::Alarm,
        Outcome::Clean | Outcome::Incomplete if is_critical => Level::Critical,
        Outcome::Incomplete => Level::Incomplete,
        Outcome::Clean if report.stopped.is_some() => Level::Incomplete,
        Outcome::Clean => Level::Clean,
    }
}

/// The headline of a scan of which nothing is remembered.
fn scan_headline(report: &Report, worst: Option<&ReleaseGroup<'_>>) -> String {
    let mut text = words::headline(report);
    let critical = report
        .releases
        .iter()
        .filter(|release| !critical_codes(release).is_empty());
    let critical = critical.count();
    if critical > 0 {
        let _ = write!(text, "; {critical} in a critical state");
    }
    match report.stopped {
        Some(Stopped::Deadline) => text.push_str(" (stopped at the deadline)"),
        Some(Stopped::Signal) => text.push_str(" (stopped by a signal)"),
        None => {}
    }
    if let Some(worst) = worst {
        let _ = write!(text, "; the worst: {}", worst_of_group(worst));
    }
    text
}

/// The worst trouble of releases of which the same is said.
fn worst_of_group(group: &ReleaseGroup<'_>) -> String {
    let first = worst_in_words(&news_only(group.first));
    match group.len() - 1 {
        0 => first,
        others => format!("{first} and {others} alike"),
    }
}

/// The worst trouble of a release in a few words.
pub(crate) fn worst_in_words(release: &ReleaseReport) -> String {
    let name = release_name(release);
    match Urgent::of(release) {
        None => name,
        Some(urgent) => format!("{} of {name}", trouble(&urgent)),
    }
}

/// The worst trouble of a release without the release.
pub(crate) fn trouble(urgent: &Urgent<'_>) -> String {
    match urgent.worst {
        Trouble::Health(entry) => entry.code.to_string(),
        Trouble::Object(object) => format!("{} {}", state(object), object_name(urgent.release, object)),
        Trouble::Field(object, finding) => format!(
            "{} {} in {}",
            finding.code,
            clean(&finding.path, PATH),
            object_name(urgent.release, object)
        ),
    }
}

/// The worst release that the receiver knows.
fn worst_known(report: &Report) -> Option<&ReleaseReport> {
    let releases = report.releases.iter().filter(|release| has_trouble(release));
    releases.min_by_key(|release| urgency::order(release))
}

/// The command for what is known of a release; `None` where its name cannot be pasted.
pub(super) fn next_command(release: &ReleaseReport) -> Option<String> {
    command_elsewhere(&["diagnose"], release)
        .ok()
        .map(|command| command.to_string())
}

fn scan_facts(report: &Report) -> Vec<String> {
    vec![
        clean(&format!("{} {}", report.tool.name, report.tool.version), NAME),
        format!("scanned {} UTC", report.started_at.format("%Y-%m-%d %H:%M:%S")),
        format!(
            "took {} s",
            (report.finished_at - report.started_at).num_seconds().max(0)
        ),
        count(report.summary.releases.total, "release"),
    ]
}

/// Whether something else is wrong with each release of which something is over.
fn is_all_partly(report: &Report) -> bool {
    let troubled = report
        .releases
        .iter()
        .filter(|release| release.tracked.status.is_some());
    let troubled: BTreeSet<_> = troubled
        .map(|release| (&release.storage, &release.name))
        .collect();
    let mut resolved = report.resolved.iter();
    resolved.all(|resolved| troubled.contains(&(&resolved.storage, &resolved.release)))
}

/// What the receiver was told of and is still so.
fn ongoing_entries(report: &Report, now: DateTime<Utc>) -> Vec<ListEntry> {
    if report.summary.changes.is_none() {
        return Vec::new();
    }
    let mut releases: Vec<_> = report
        .releases
        .iter()
        .filter(|release| release.tracked.is_ongoing())
        .collect();
    releases.sort_by_cached_key(|release| {
        let name = (&release.namespace, &release.name, &release.storage);
        (urgency::order(release), name)
    });
    releases
        .into_iter()
        .map(|release| ongoing_entry(release, now))
        .collect()
}

/// What could not be read, and why.
fn unread_entries(report: &Report) -> Vec<ListEntry> {
    let mut entries: Vec<ListEntry> = report.releases.iter().filter_map(unread_entry).collect();
    entries.extend(error_entries(report));
    entries.sort_by(|a, b| (&a.namespace, &a.head).cmp(&(&b.namespace, &b.head)));
    entries
}

fn unread_entry(release: &ReleaseReport) -> Option<ListEntry> {
    let unknown = || {
        let objects = release.objects.iter();
        objects.filter(|object| object.state == ObjectState::Unknown)
    };
    let facts = match (release.verdict, unknown().count()) {
        (Verdict::Unreadable, _) => "its record cannot be read".to_owned(),
        (Verdict::Incomplete, 0) => format!("not fully compared: {}", why_incomplete(release)),
        (Verdict::Incomplete | Verdict::Drifted, unread @ 1..) => {
            let why = unknown().find_map(|object| own_words(object.reason.as_deref()?));
            let why = why.map_or_else(String::new, |why| format!(": {}", clean(why, SENTENCE)));
            format!("{} could not be read{why}", count(unread, "object"))
        }
        (Verdict::Drifted, 0) | (Verdict::Clean, _) => return None,
    };
    Some(entry(release, &facts, Vec::new()))
}

/// A reason that is driftline's own words about a request, with names and without anything that a server answered.
fn own_words(reason: &str) -> Option<&str> {
    let is_own = OWN_WORDS.iter().any(|begin| reason.starts_with(begin));
    is_own.then_some(reason)
}

/// How the reasons begin that repeat no answer (`crate::source::ReadError`).
const OWN_WORDS: [&str; 5] = [
    "forbidden: not allowed to ",
    "unauthorized: ",
    "timed out after ",
    "not reached",
    "too ",
];

/// Why a release was not compared, by what its health says.
fn why_incomplete(release: &ReleaseReport) -> &'static str {
    let codes = [
        HealthCode::ChangedDuringScan,
        HealthCode::NoBaseline,
        HealthCode::Undecodable,
        HealthCode::IdentityMismatch,
    ];
    let mut found = codes.iter().filter(|code| {
        let mut health = release.health.iter();
        health.any(|entry| entry.code == **code)
    });
    found
        .next()
        .map_or("something of it was not read", |code| code.message())
}

fn error_entries(report: &Report) -> impl Iterator<Item = ListEntry> {
    report.errors.iter().map(|error| ListEntry {
        namespace: error.scope.clone(),
        number: 1,
        head: format!(
            "{}: {}",
            clean(&error.scope, NAME),
            clean(&error.message, SENTENCE)
        ),
        details: Vec::new(),
    })
}
