//! What one receiver is told of a scan: the part of the report that is for it, with everything new that it was not told of.
//!
//! Told means delivered. What a receiver was not told of because it was down stays new for it until it is back.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::compare::{Known, tell};
use super::digest::{Hash, Salt};
use super::entry::{Entry, SinkNumber};
use super::items;
use super::memory::{ReleaseId, SinkMemory, State};
use super::occasion::Occasion;
use crate::model::{
    ChangeCounts, Finding, Fingerprint, ReleaseReport, Report, ReportError, Resolved, Summary, Tracked,
};
use crate::report::summary;
use crate::vocabulary::{
    ChangeStatus, HealthCode, HealthSeverity, MemoryDetail, ObjectState, Outcome, Verdict,
};

/// How long what keeps coming and going has to stay away until its end is told.
const CALM: TimeDelta = TimeDelta::hours(24);

/// When receivers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telling {
    /// How old something is before it is told.
    pub settle: Settle,
    /// How often a receiver is reminded of what is still so.
    pub remind: Duration,
}

/// How old something has to be before it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// So old, by the best that is known of its age.
    Age(Duration),
    /// Found by so many scans in a row.
    Scans(u32),
}

impl Default for Telling {
    fn default() -> Self {
        Self {
            settle: Settle::Age(Duration::ZERO),
            remind: Duration::from_hours(24),
        }
    }
}

/// The part of a report that is for one receiver.
#[derive(Debug, Clone)]
pub struct PartRequest<'r> {
    /// The receiver's name.
    pub sink: &'r str,
    /// The whole report.
    pub report: &'r Report,
    /// The releases that are for it, in the order of the report.
    pub releases: Vec<SharedRelease<'r>>,
    /// The errors that are for it.
    pub errors: Vec<&'r ReportError>,
}

/// A release of the part that is for a receiver.
#[derive(Debug, Clone, Copy)]
pub struct SharedRelease<'r> {
    /// The release.
    pub release: &'r ReleaseReport,
    /// How much of it is for the receiver.
    pub share: Share,
}

impl<'r> SharedRelease<'r> {
    /// All of a release.
    pub const fn whole(release: &'r ReleaseReport) -> Self {
        Self {
            release,
            share: Share::Whole,
        }
    }

    /// Whether the release was not read as a whole, may be another one than it says, or is about to become another one.
    pub fn is_in_doubt(&self) -> bool {
        let mut objects = self.release.objects.iter();
        let mut health = self.release.health.iter();
        let is_doubt = |code: HealthCode| {
            matches!(
                code,
                HealthCode::ChangedDuringScan
                    | HealthCode::IdentityMismatch
                    | HealthCode::Undecodable
                    | HealthCode::InProgress
            )
        };
        objects.any(|object| object.state == ObjectState::Unknown) || health.any(|entry| is_doubt(entry.code))
    }

    /// Whether the release could not be read, and only others are told of it.
    fn is_unread_elsewhere(&self) -> bool {
        self.share == Share::Over && is_unread(self.release)
    }
}

/// How much of a release is for a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All that is wrong with it.
    Whole,
    /// Only that it is none of those any more that are for it, if that was read. What it opened for the release it can close
    /// then.
    Over,
}

/// What one receiver is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its part of the report, without what is in sync.
    pub report: Report,
    /// Why it is told.
    pub occasion: Occasion,
    /// What it asked to keep.
    pub kept: Option<Value>,
    /// How much is too young to be told.
    pub unsettled: usize,
    /// Whether the receiver was told that something could not be read, and everything was read now.
    pub is_read_again: bool,
    /// Whether something could not be read, and the receiver was told of nothing or of something else.
    pub is_unread_new: bool,
    /// How much that the receiver knows of this scan did not read.
    pub not_read: usize,
    /// What is to be remembered once it is delivered.
    pub receipt: Receipt,
}

/// What is remembered once a receiver has been told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Receipt {
    sink: String,
    at: DateTime<Utc>,
    told: Vec<(ReleaseId, Fingerprint)>,
    ended: Vec<(ReleaseId, Fingerprint)>,
    unread: Option<Hash>,
    unread_in: Option<Hash>,
    occasion: Option<Occasion>,
}

impl State {
    /// The part of a report for a receiver. The report has been compared with this memory.
    pub fn part(&self, request: &PartRequest<'_>, telling: &Telling) -> Part {
        let report = request.report;
        let now = report.started_at;
        let memory = self.sinks.get(request.sink);
        let number = memory.map(|memory| memory.number);
        let mut part = without_memory(request);
        let mut receipt = Receipt {
            sink: request.sink.to_owned(),
            at: now,
            unread: unread(&part.report, &self.salt),
            ..Receipt::default()
        };
        receipt.unread_in = receipt.unread.map(|_| selection(report, &self.salt));
        let is_unread = receipt.unread.is_some();
        let is_unread_elsewhere = request.releases.iter().any(SharedRelease::is_unread_elsewhere);
        if let Some(memory) = memory
            .filter(|memory| !is_unread && (is_unread_elsewhere || !memory.is_read_by(report, &self.salt)))
        {
            // A scan of something else has not read it either. What others are told of now may be what the receiver heard of.
            (receipt.unread, receipt.unread_in) = (memory.unread, memory.unread_in);
        }
        let mut unsettled = 0;
        let mut counts = ChangeCounts::default();
        let shares = request.releases.iter().map(|shared| shared.share);
        for (release, share) in part.report.releases.iter_mut().zip(shares) {
            if share == Share::Over {
                continue;
            }
            let id = ReleaseId::of(release);
            let Some(remembered) = self.releases.get(&id) else {
                continue;
            };
            let since = since_of(release, self.detail);
            forget_statuses(release);
            let mut known = Known::new();
            let mut young = HashSet::new();
            let entries = remembered.entries.iter();
            for (fingerprint, entry) in entries.filter(|(_, entry)| entry.is_active() && entry.is_found(now))
            {
                let status = status_for(entry, number);
                let since = since.get(fingerprint).copied();
                if status == ChangeStatus::New
                    && !entry.is_flapping(now)
                    && !is_settled(entry, since, now, telling.settle)
                {
                    young.insert(*fingerprint);
                    continue;
                }
                let tracked = Tracked {
                    status: Some(status),
                    first_seen: Some(entry.first_seen),
                    flapping: entry.is_flapping(now),
                    ..Tracked::default()
                };
                counts.count(&tracked);
                if status != ChangeStatus::Ongoing {
                    receipt.told.push((id.clone(), *fingerprint));
                }
                known.insert(*fingerprint, tracked);
            }
            unsettled += young.len();
            release.has_unsettled = !young.is_empty();
            leave_out(release, &young, self.detail);
            tell(release, &report.cluster.name, &known, self.detail);
        }
        let resolved = self.ended_for(number, now, &mut receipt);
        counts.resolved = resolved.len();
        part.report.resolved = resolved;
        if unsettled > 0 {
            let report = &mut part.report;
            report.summary.releases = Summary::of(&report.releases).releases;
            report.outcome = summary::outcome(&report.releases, &report.errors, report.stopped);
        }
        let told_at = memory.and_then(|memory| memory.told_at);
        let was_unread = memory.and_then(|memory| memory.unread);
        part.occasion = if counts.new + counts.changed + counts.resolved > 0 || receipt.unread != was_unread {
            Occasion::Changed
        } else if (counts.ongoing > 0 || is_unread) && is_due(told_at, now, telling.remind) {
            Occasion::Reminder
        } else {
            Occasion::Unchanged
        };
        part.is_read_again = was_unread.is_some() && receipt.unread.is_none();
        part.is_unread_new = receipt.unread.is_some() && receipt.unread != was_unread;
        receipt.occasion = Some(part.occasion);
        part.report.summary.changes = Some(counts);
        part.kept = memory.and_then(SinkMemory::kept);
        part.not_read = number.map_or(0, |number| self.not_read(number, now));
        part.unsettled = unsettled;
        part.receipt = receipt;
        part
    }

    /// How much that a receiver knows of was not read by this scan.
    fn not_read(&self, number: SinkNumber, now: DateTime<Utc>) -> usize {
        let entries = self
            .releases
            .values()
            .flat_map(|release| release.entries.values());
        let known = entries.filter(|entry| entry.is_active() && entry.known_to.contains(&number));
        known.filter(|entry| !entry.is_found(now)).count()
    }

    /// What a receiver knows of and has not been told that it ended.
    fn ended_for(
        &self,
        number: Option<SinkNumber>,
        now: DateTime<Utc>,
        receipt: &mut Receipt,
    ) -> Vec<Resolved> {
        let Some(number) = number else {
            return Vec::new();
        };
        let mut resolved = Vec::new();
        for (id, release) in &self.releases {
            for (fingerprint, entry) in &release.entries {
                let Some(ended_at) = entry.ended_at.filter(|_| entry.known_to.contains(&number)) else {
                    continue;
                };
                if entry.is_flapping(now) && (-CALM..CALM).contains(&(now - ended_at)) {
                    continue;
                }
                resolved.extend(entry.resolved(id.names(&self.cluster), &release.namespace, now));
                receipt.ended.push((id.clone(), *fingerprint));
            }
        }
        resolved
    }

    /// Remembers what a receiver that was not told, or not of everything, asks to keep.
    pub fn undelivered(&mut self, receipt: Receipt, keeps: Option<Value>) {
        self.sink(receipt.sink, receipt.at, keeps);
    }

    /// The memory of a receiver.
    fn sink(&mut self, name: String, now: DateTime<Utc>, keeps: Option<Value>) -> &mut SinkMemory {
        let numbers = self.sinks.values().map(|sink| sink.number);
        let free = numbers.max().map_or(0, |last| last.saturating_add(1));
        let memory = self.sinks.entry(name).or_insert_with(|| SinkMemory {
            number: free,
            ..SinkMemory::default()
        });
        memory.last_used = Some(now);
        if let Some(keeps) = keeps {
            memory.keep(&keeps);
        }
        memory
    }

    /// Remembers that a receiver was told, and what it asks to keep.
    pub fn delivered(&mut self, receipt: Receipt, keeps: Option<Value>) {
        let memory = self.sink(receipt.sink, receipt.at, keeps);
        (memory.unread, memory.unread_in) = (receipt.unread, receipt.unread_in);
        if receipt.occasion != Some(Occasion::Unchanged) {
            memory.told_at = Some(receipt.at);
        }
        let number = memory.number;
        for (id, fingerprint) in receipt.told {
            if let Some(entry) = self.entry(&id, &fingerprint) {
                entry.known_to.insert(number);
                entry.told.insert(number);
            }
        }
        for (id, fingerprint) in receipt.ended {
            if let Some(entry) = self.entry(&id, &fingerprint) {
                entry.known_to.remove(&number);
                entry.told.remove(&number);
            }
        }
    }

    fn entry(&mut self, id: &ReleaseId, fingerprint: &Fingerprint) -> Option<&mut Entry> {
        self.releases.get_mut(id)?.entries.get_mut(fingerprint)
    }
}

/// The part of a report for a receiver where nothing is remembered of it. Where the report was compared with a baseline,
/// what that knows is accepted, and no reason to tell anybody.
pub fn without_memory(request: &PartRequest<'_>) -> Part {
    let report = request.report;
    let releases = request.releases.iter().map(|shared| {
        let mut release = shared.release.clone();
        match shared.share {
            Share::Whole => release.leave_out_in_sync(),
            Share::Over => leave_out_all(&mut release),
        }
        release
    });
    let releases: Vec<_> = releases.collect();
    let errors: Vec<_> = request.errors.iter().map(|error| (*error).clone()).collect();
    let mut shares = request.releases.iter().map(|shared| shared.share);
    let is_whole = releases.len() == report.releases.len()
        && errors.len() == report.errors.len()
        && shares.all(|share| share == Share::Whole);
    let part = Report {
        schema: report.schema.clone(),
        tool: report.tool.clone(),
        cluster: report.cluster.clone(),
        clusters: report.clusters.clone(),
        started_at: report.started_at,
        finished_at: report.finished_at,
        outcome: if is_whole {
            report.outcome
        } else {
            summary::outcome(&releases, &errors, report.stopped)
        },
        stopped: report.stopped,
        summary: if is_whole {
            report.summary.clone()
        } else {
            Summary {
                changes: report
                    .summary
                    .changes
                    .as_ref()
                    .map(|_| ChangeCounts::of(&releases, 0)),
                ..Summary::of(&releases)
            }
        },
        selection: report.selection.clone(),
        compared_with: report.compared_with.clone(),
        ignored: Vec::new(),
        confirmation: None,
        releases,
        orphans: None,
        resolved: Vec::new(),
        errors,
        notes: Vec::new(),
    };
    Part {
        occasion: occasion(&part),
        report: part,
        kept: None,
        unsettled: 0,
        is_read_again: false,
        is_unread_new: false,
        not_read: 0,
        receipt: Receipt::default(),
    }
}

/// Why a receiver is told of a scan of which nothing is remembered.
fn occasion(report: &Report) -> Occasion {
    let is_read = matches!(report.outcome, Outcome::Clean | Outcome::Drift) && report.stopped.is_none();
    match &report.summary.changes {
        None => Occasion::Scan,
        Some(changes) if is_read && changes.new + changes.changed == 0 => Occasion::Unchanged,
        Some(_) => Occasion::Changed,
    }
}

/// Leaves out of a release what is wrong with it, and what could not be read, of which others are told. What was not read
/// may be anything, so the release is in doubt then: nothing that was opened for it is closed.
fn leave_out_all(release: &mut ReleaseReport) {
    release.has_unsettled = match release.verdict {
        Verdict::Incomplete | Verdict::Unreadable => true,
        Verdict::Clean | Verdict::Drifted => SharedRelease::whole(release).is_in_doubt(),
    };
    release.verdict = Verdict::Clean;
    release.objects.clear();
    release
        .health
        .retain(|entry| matches!(entry.severity, HealthSeverity::Info));
    forget_statuses(release);
}

/// Forgets what the parts of a release are to the scan: they may be something else to the receiver.
fn forget_statuses(release: &mut ReleaseReport) {
    let findings = release.objects.iter_mut().flat_map(|object| {
        let findings = object.findings.iter_mut().map(|finding| &mut finding.tracked);
        std::iter::once(&mut object.tracked).chain(findings)
    });
    let health = release.health.iter_mut().map(|entry| &mut entry.tracked);
    for tracked in findings.chain(health).chain([&mut release.tracked]) {
        (tracked.status, tracked.first_seen, tracked.flapping) = (None, None, false);
    }
}

/// Since when the cluster itself says that what a memory of this detail knows has been so.
fn since_of(release: &ReleaseReport, detail: MemoryDetail) -> HashMap<Fingerprint, DateTime<Utc>> {
    let health = release
        .health
        .iter()
        .map(|entry| (entry.tracked.fingerprint, entry.tracked.since));
    let findings = release.objects.iter().flat_map(|object| {
        let findings = object.findings.iter();
        findings.map(|finding| (finding.tracked.fingerprint, finding.tracked.since))
    });
    // Of several together the age of none is that of all.
    let findings = findings.filter(|_| detail == MemoryDetail::Fields);
    let known = health.chain(findings);
    known
        .filter_map(|(fingerprint, since)| Some((fingerprint?, since?.time)))
        .collect()
}

/// Leaves out of a release what is too young to be told.
fn leave_out(release: &mut ReleaseReport, young: &HashSet<Fingerprint>, detail: MemoryDetail) {
    if young.is_empty() {
        return;
    }
    let of_release = release.tracked.fingerprint;
    let is_young = |key: Option<Fingerprint>| key.is_some_and(|key| young.contains(&key));
    release
        .health
        .retain(|entry| !is_young(entry.tracked.fingerprint));
    for object in &mut release.objects {
        let of_object = object.tracked.fingerprint;
        let findings = std::mem::take(&mut object.findings).into_iter();
        let findings = findings.filter(|finding| {
            let own = finding.tracked.fingerprint;
            !finding.is_drift() || !is_young(items::key(detail, own, of_object, of_release))
        });
        object.findings = findings.collect();
    }
    release.objects.retain(|object| {
        let own = object.tracked.fingerprint;
        match object.state {
            ObjectState::Drifted => {
                object.findings.iter().any(Finding::is_drift) || object.left_out.drift > 0
            }
            ObjectState::Missing
            | ObjectState::Terminating
            | ObjectState::Foreign
            | ObjectState::Leftover => !is_young(items::key(detail, own, own, of_release)),
            ObjectState::InSync | ObjectState::Unknown | ObjectState::Ignored => true,
        }
    });
    if release.verdict == Verdict::Drifted {
        release.verdict = summary::verdict(release);
    }
}

/// A hash of the selection of a scan.
fn selection(report: &Report, salt: &Salt) -> Hash {
    let json = serde_json::to_vec(&report.selection).unwrap_or_default();
    salt.hash([json.as_slice()])
}

impl SinkMemory {
    /// Whether a scan that could read everything has read what could not be read before.
    fn is_read_by(&self, report: &Report, salt: &Salt) -> bool {
        let selected = &report.selection;
        let is_everything =
            selected.namespaces.is_empty() && selected.releases.is_empty() && selected.selector.is_none();
        is_everything
            || self
                .unread_in
                .is_none_or(|unread_in| unread_in == selection(report, salt))
    }
}

/// A hash of what could not be read; `None` where everything was. Why it could not is left out: the reason may be another
/// one at each scan.
fn unread(report: &Report, salt: &Salt) -> Option<Hash> {
    let stopped = report.stopped.map(|stopped| format!("stopped {stopped}"));
    let errors = report.errors.iter().map(|error| format!("error {}", error.scope));
    let releases = report.releases.iter().filter(|release| is_unread(release));
    let releases = releases.map(|release| format!("release {}/{}", release.storage.namespace, release.name));
    let all: Vec<String> = stopped.into_iter().chain(errors).chain(releases).collect();
    let hashes = all.iter().map(|text| salt.hash([text.as_bytes()]));
    (!all.is_empty()).then(|| salt.of_all(hashes))
}

/// Whether something of a release could not be read.
fn is_unread(release: &ReleaseReport) -> bool {
    match release.verdict {
        // Another scan reads it as it is then.
        Verdict::Incomplete if is_changing(release) => false,
        Verdict::Incomplete | Verdict::Unreadable => true,
        Verdict::Drifted => release
            .objects
            .iter()
            .any(|object| object.state == ObjectState::Unknown),
        Verdict::Clean => false,
    }
}

/// Whether a release changed while it was read.
fn is_changing(release: &ReleaseReport) -> bool {
    let mut health = release.health.iter();
    health.any(|entry| entry.code == HealthCode::ChangedDuringScan)
}

/// How an entry stands to what a receiver was told.
fn status_for(entry: &Entry, number: Option<SinkNumber>) -> ChangeStatus {
    let has = |sinks: &BTreeSet<SinkNumber>| number.is_some_and(|number| sinks.contains(&number));
    if has(&entry.told) {
        ChangeStatus::Ongoing
    } else if has(&entry.known_to) {
        ChangeStatus::Changed
    } else {
        ChangeStatus::New
    }
}

/// Whether something is old enough to be told.
fn is_settled(entry: &Entry, since: Option<DateTime<Utc>>, now: DateTime<Utc>, settle: Settle) -> bool {
    match settle {
        Settle::Scans(scans) => entry.scans >= scans,
        Settle::Age(age) => {
            let since = since.map_or(entry.first_seen, |since| since.min(entry.first_seen));
            (now - since).to_std().unwrap_or_default() >= age
        }
    }
}

/// Whether a reminder is due. A clock that went back does not make it due for ever.
fn is_due(told_at: Option<DateTime<Utc>>, now: DateTime<Utc>, remind: Duration) -> bool {
    told_at.is_none_or(|told_at| {
        let age = now - told_at;
        age < TimeDelta::zero() - TimeDelta::hours(1) || age.to_std().unwrap_or_default() >= remind
    })
}
