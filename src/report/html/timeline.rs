//! Who did what to a release and when: its revisions, the writes of managers, and what scans found, in the order of time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::budget::ENTRIES;
use crate::model::{ReleaseReport, Revision, RevisionDetail};
use crate::report::text::TextOptions;
use crate::report::text::safe::Safe;
use crate::report::words::{count, minute};

/// How many columns of a manager's name are shown.
const WHO: usize = 100;

/// One entry of a time line.
pub(super) struct Event {
    /// When, for machines.
    pub(super) datetime: String,
    /// When, for people.
    pub(super) moment: String,
    /// The class of its mark.
    pub(super) class: &'static str,
    /// The same for those who see no marks.
    pub(super) kind: &'static str,
    /// What happened.
    pub(super) text: Safe,
}

/// The time line of a release.
pub(super) struct Timeline {
    /// The latest entries, in the order of time.
    pub(super) events: Vec<Event>,
    /// How many earlier ones are not shown.
    pub(super) left_out: usize,
}

/// What an entry is about. Of one moment, the earlier one comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Helm made or wrote a revision.
    Revision,
    /// A manager wrote fields that differ.
    Write,
    /// A scan found something for the first time.
    Found,
    /// The scan that the report is of.
    Scan,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Revision => "at-revision",
            Self::Write => "at-write",
            Self::Found => "at-found",
            Self::Scan => "at-scan",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Revision => "revision",
            Self::Write => "write",
            Self::Found => "found",
            Self::Scan => "scan",
        }
    }
}

/// Puts together what is known of the past of a release.
pub(super) fn of(release: &ReleaseReport, scanned_at: DateTime<Utc>, options: &TextOptions) -> Timeline {
    let mut events: Vec<(DateTime<Utc>, Kind, String)> = revisions(release);
    events.extend(writes(release, options));
    events.extend(found(release));
    events.push((scanned_at, Kind::Scan, "this scan".to_owned()));
    events.sort_by_key(|(at, kind, _)| (*at, *kind));
    let left_out = events.len().saturating_sub(ENTRIES);
    let shown = events.drain(left_out..).map(|(at, kind, text)| Event {
        datetime: at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        moment: minute(at),
        class: kind.class(),
        kind: kind.name(),
        text: options.safe(&text),
    });
    Timeline {
        events: shown.collect(),
        left_out,
    }
}

/// The revisions: all that are kept where the report has them, else the deployed, the previous and the newest one.
fn revisions(release: &ReleaseReport) -> Vec<(DateTime<Utc>, Kind, String)> {
    if let Some(detail) = &release.detail {
        let dated = detail.revisions.iter().filter_map(|revision: &RevisionDetail| {
            let text = format!("revision {} ({})", revision.revision, revision.status);
            Some((revision.written.or(revision.created)?, Kind::Revision, text))
        });
        return dated.collect();
    }
    let known: BTreeMap<u64, &Revision> = [&release.previous, &release.baseline]
        .into_iter()
        .flatten()
        .chain([&release.latest])
        .map(|revision| (revision.revision, revision))
        .collect();
    let dated = known.into_values().filter_map(|revision| {
        let text = format!("revision {} ({})", revision.revision, revision.status);
        Some((revision.deployed_at?, Kind::Revision, text))
    });
    dated.collect()
}

/// The last writes of the managers that differences name, those of one manager and one minute together.
fn writes(release: &ReleaseReport, options: &TextOptions) -> Vec<(DateTime<Utc>, Kind, String)> {
    let mut writes: BTreeMap<(String, String), (DateTime<Utc>, usize)> = BTreeMap::new();
    let findings = release.objects.iter().flat_map(|object| &object.findings);
    for actor in findings.filter_map(|finding| finding.actor.as_ref()) {
        let Some(time) = actor.time else { continue };
        let who = match &actor.subresource {
            Some(subresource) => format!("{} via {subresource}", actor.manager),
            None => actor.manager.clone(),
        };
        let (first, fields) = writes.entry((minute(time), who)).or_insert((time, 0));
        *first = time.min(*first);
        *fields += 1;
    }
    let told = writes.into_iter().map(|((_, who), (time, fields))| {
        // The name may be long, and what is said of it must not be cut.
        let who = Safe::of(&who, options.medium).cut(WHO);
        let text = format!("{who} wrote {} (claimed)", count(fields, "field"));
        (time, Kind::Write, text)
    });
    told.collect()
}

/// When scans first found what is wrong, what they found in one minute together.
fn found(release: &ReleaseReport) -> Vec<(DateTime<Utc>, Kind, String)> {
    let mut found: BTreeMap<String, (DateTime<Utc>, usize)> = BTreeMap::new();
    let health = release.health.iter().map(|entry| &entry.tracked);
    let findings = release.objects.iter().flat_map(|object| &object.findings);
    let objects = release.objects.iter().map(|object| &object.tracked);
    let findings = findings.map(|finding| &finding.tracked);
    let times = health
        .chain(objects)
        .chain(findings)
        .filter_map(|tracked| tracked.first_seen);
    for time in times {
        let (first, number) = found.entry(minute(time)).or_insert((time, 0));
        *first = time.min(*first);
        *number += 1;
    }
    let told = found.into_values().map(|(time, number)| {
        let text = format!("a scan first found {}", count(number, "thing"));
        (time, Kind::Found, text)
    });
    told.collect()
}
