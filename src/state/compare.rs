//! A report beside what is remembered: what is new, what is still so, what ended and how.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::coverage::{Coverage, ReadRelease, is_partly_read};
use super::entry::{Entry, Item, SinkNumber};
use super::items::{self, is_remembered};
use super::memory::{ReleaseId, Remembered, State};
use crate::model::{
    ChangeCounts, ComparedWith, Fingerprint, ReleaseReport, Report, Resolved, Since, Tracked,
};
use crate::vocabulary::{ChangeStatus, Ending, HealthSeverity, MemoryDetail, ObjectState, SinceSource};

/// What is known of the parts of a release, by their fingerprints in the memory.
pub(super) type Known = HashMap<Fingerprint, Tracked>;

impl State {
    /// Says of everything in a report how it stands to what is remembered, and remembers the report.
    ///
    /// A report that lists its objects in sync says best how something ended: one that does not leaves open whether the chart
    /// still has an object that is not listed.
    pub fn compare(&mut self, report: &mut Report) {
        let now = report.started_at;
        let compared_with = ComparedWith {
            scanned_at: self.scanned_at,
            detail: self.detail,
        };
        let coverage = Coverage::of(report);
        let lists_in_sync = report.lists_objects_in_sync();
        let cluster = report.cluster.name.clone();
        let mut remembered = std::mem::take(&mut self.releases);
        let mut resolved = Vec::new();
        let mut counts = ChangeCounts::default();
        let mut known = Vec::with_capacity(report.releases.len());
        // Whether something may be remembered that was not read now.
        let mut is_carried = report.releases.iter().any(is_partly_read);
        for release in &report.releases {
            let id = ReleaseId::of(release);
            let before = remembered.remove(&id);
            let comparison = ReleaseComparison {
                state: self,
                release,
                cluster: &cluster,
                lists_in_sync,
                now,
            };
            let (after, of_release) = comparison.run(before, &mut resolved, &mut counts);
            is_carried |= after.entries.len() > of_release.len()
                && after
                    .entries
                    .iter()
                    .any(|(key, entry)| entry.ended_at.is_none() && !of_release.contains_key(key));
            known.push(of_release);
            if !after.entries.is_empty() {
                self.releases.insert(id, after);
            }
        }
        for (id, mut release) in remembered {
            if coverage.has(&id) {
                for entry in release.entries.values_mut().filter(|entry| entry.is_active()) {
                    entry.end(now, Ending::ReleaseGone);
                    resolved.extend(entry.resolved(id.names(&cluster), &release.namespace, now));
                }
            }
            let is_elsewhere = coverage.is_of_another_shard(&id);
            release
                .entries
                .retain(|_, entry| !(entry.is_over(now) || is_elsewhere && entry.is_given_up(now)));
            is_carried |= release.entries.values().any(|entry| entry.ended_at.is_none());
            if !release.entries.is_empty() {
                self.releases.insert(id, release);
            }
        }
        let detail = self.detail;
        for (release, known) in report.releases.iter_mut().zip(&known) {
            tell(release, &cluster, known, detail);
        }
        resolved.sort_by(|a, b| order(a).cmp(&order(b)));
        counts.resolved = resolved.len();
        report.resolved = resolved;
        report.compared_with = Some(compared_with);
        report.summary.changes = Some(counts);
        self.cluster = cluster;
        // Also where that is earlier: else a clock that was wrong once would be told until its time has come.
        self.scanned_at = Some(now);
        self.forget_sinks(now);
        if !is_carried {
            self.refine(report);
        }
    }

    /// Forgets receivers that no scan tells anything, and what they were told: another one gets their number.
    fn forget_sinks(&mut self, now: DateTime<Utc>) {
        let before = self.sinks.len();
        self.sinks
            .retain(|_, sink| sink.last_used.is_some_and(|used| now - used < FORGOTTEN));
        if self.sinks.len() == before {
            return;
        }
        let numbers: BTreeSet<SinkNumber> = self.sinks.values().map(|sink| sink.number).collect();
        let releases = self.releases.values_mut();
        for entry in releases.flat_map(|release| release.entries.values_mut()) {
            entry.known_to.retain(|number| numbers.contains(number));
            entry.told.retain(|number| numbers.contains(number));
        }
    }

    /// Remembers everything one by one again. All that was remembered together was found, or ended.
    fn refine(&mut self, report: &Report) {
        if self.detail == MemoryDetail::Fields {
            return;
        }
        for release in &report.releases {
            let names = release.names(&report.cluster.name);
            let id = ReleaseId::of(release);
            let Some(remembered) = self.releases.get_mut(&id) else {
                continue;
            };
            for (fingerprint, item) in items::of(release, names, &self.salt, MemoryDetail::Fields) {
                let known_as = item.clone().at(self.detail);
                let known_as = known_as.subject.fingerprint(names, &known_as.code);
                let Some(together) = remembered.entries.get(&known_as) else {
                    continue;
                };
                let entry = Entry {
                    known_to: together.known_to.clone(),
                    told: together.told.clone(),
                    returns: together.returns.clone(),
                    scans: together.scans,
                    found_at: together.found_at,
                    ..Entry::new(item, together.first_seen)
                };
                remembered.entries.insert(fingerprint, entry);
            }
            let detail = self.detail;
            remembered
                .entries
                .retain(|_, entry| entry.ended_at.is_some() || !entry.is_together(detail));
        }
        self.detail = MemoryDetail::Fields;
    }
}

/// How long a receiver is remembered that no scan tells anything.
const FORGOTTEN: TimeDelta = TimeDelta::days(30);

fn order(resolved: &Resolved) -> impl Ord + '_ {
    let object = resolved.object.as_ref();
    let object = object.map(|object| (&object.kind, &object.namespace, &object.name));
    let release = (&resolved.namespace, &resolved.release, &resolved.storage);
    (release, object, &resolved.path, &resolved.code)
}

/// One release beside what is remembered of it.
struct ReleaseComparison<'c> {
    state: &'c State,
    release: &'c ReleaseReport,
    cluster: &'c str,
    lists_in_sync: bool,
    now: DateTime<Utc>,
}

impl ReleaseComparison<'_> {
    fn run(
        &self,
        before: Option<Remembered>,
        resolved: &mut Vec<Resolved>,
        counts: &mut ChangeCounts,
    ) -> (Remembered, Known) {
        let (release, now) = (self.release, self.now);
        let names = release.names(self.cluster);
        let before = before.unwrap_or_default();
        let mut old = before.entries;
        let mut after = Remembered {
            namespace: release.namespace.clone(),
            revision: release.baseline.as_ref().map(|baseline| baseline.revision),
            entries: BTreeMap::new(),
        };
        let mut known = Known::new();
        for (fingerprint, item) in items::of(release, names, &self.state.salt, self.state.detail) {
            let (entry, status, ended) = self.found(item, old.remove(&fingerprint));
            let tracked = Tracked {
                status: Some(status),
                first_seen: Some(entry.first_seen),
                flapping: entry.is_flapping(now),
                ..Tracked::default()
            };
            if entry.matters {
                counts.count(&tracked);
            }
            if ended {
                resolved.extend(entry.resolved(names, &release.namespace, now));
            }
            known.insert(fingerprint, tracked);
            after.entries.insert(fingerprint, entry);
        }
        if !old.is_empty() {
            let read = ReadRelease::new(release, names, self.lists_in_sync);
            for (fingerprint, mut entry) in old {
                if entry.is_over(now) {
                    continue;
                }
                if entry.ended_at.is_none() {
                    match read.ending(&entry, before.revision) {
                        // Nobody waits for the end of what was only worth knowing.
                        Some(_) if !entry.matters => continue,
                        Some(how) => {
                            entry.end(now, how);
                            resolved.extend(entry.resolved(names, &release.namespace, now));
                        }
                        None => {}
                    }
                }
                after.entries.insert(fingerprint, entry);
            }
        }
        // What was not read now was found with the older baseline.
        if is_partly_read(release) {
            after.revision = before.revision.or(after.revision);
        }
        (after, known)
    }

    /// The entry of something that was found, how it stands to what was remembered, and whether it ended as something that
    /// matters.
    fn found(&self, item: Item, before: Option<Entry>) -> (Entry, ChangeStatus, bool) {
        let now = self.now;
        let Some(mut entry) = before else {
            return (Entry::new(item, now), ChangeStatus::New, false);
        };
        // Values that were left out for their size are not another value.
        let is_same = entry.content == item.content || item.is_omitted || entry.is_omitted;
        let as_before = if is_same {
            ChangeStatus::Ongoing
        } else {
            ChangeStatus::Changed
        };
        let (status, has_ended) = match (entry.is_active(), item.matters) {
            (true, true) => (as_before, false),
            // It is still there, and only worth knowing by now.
            (true, false) => {
                entry.end(now, Ending::Expected);
                (ChangeStatus::Ongoing, true)
            }
            (false, true) if entry.ended_at.is_some() => {
                entry.come_back(now);
                (ChangeStatus::New, false)
            }
            (false, false) if entry.scans > 0 => (as_before, false),
            // It was only worth knowing.
            (false, true) => {
                (entry.first_seen, entry.scans) = (now, 0);
                (ChangeStatus::New, false)
            }
            (false, false) => (ChangeStatus::New, false),
        };
        if !is_same && !entry.is_flapping(now) {
            entry.told.clear();
        }
        // What ended did so under its old code.
        if !has_ended {
            entry.code = item.code;
        }
        if !item.is_omitted {
            (entry.content, entry.live, entry.is_omitted) = (item.content, item.live, false);
        }
        entry.subject = item.subject;
        entry.found_at = now;
        entry.matters = item.matters;
        entry.scans = entry.scans.saturating_add(1);
        // A clock that went back makes nothing younger than now.
        entry.first_seen = entry.first_seen.min(now);
        (entry, status, has_ended)
    }
}

/// Writes into a release of a report what is known of its parts.
pub(super) fn tell(release: &mut ReleaseReport, cluster: &str, known: &Known, detail: MemoryDetail) {
    let of_release = Fingerprint::of_release(release.names(cluster));
    let mut of_all = Together::default();
    for entry in &mut release.health {
        let key = entry.tracked.fingerprint;
        tell_of(&mut entry.tracked, key, known);
        if entry.severity > HealthSeverity::Info {
            of_all.add(&entry.tracked);
        }
    }
    for object in &mut release.objects {
        let of_object = object.tracked.fingerprint;
        let mut of_findings = Together::default();
        for finding in object
            .findings
            .iter_mut()
            .filter(|finding| is_remembered(finding))
        {
            let key = items::key(detail, finding.tracked.fingerprint, of_object, Some(of_release));
            tell_of(&mut finding.tracked, key, known);
            if finding.is_drift() {
                of_findings.add(&finding.tracked);
            }
        }
        match object.state {
            ObjectState::Missing
            | ObjectState::Terminating
            | ObjectState::Foreign
            | ObjectState::Leftover => {
                let key = items::key(detail, of_object, of_object, Some(of_release));
                tell_of(&mut object.tracked, key, known);
            }
            ObjectState::Drifted => {
                if object.left_out.drift > 0 {
                    let key = items::key(detail, of_object, of_object, Some(of_release));
                    let mut unlisted = object.tracked.clone();
                    tell_of(&mut unlisted, key, known);
                    of_findings.add(&unlisted);
                }
                of_findings.tell(&mut object.tracked);
            }
            ObjectState::InSync | ObjectState::Unknown | ObjectState::Ignored => {}
        }
        if object.state.is_drift() {
            of_all.add(&object.tracked);
        }
    }
    of_all.tell(&mut release.tracked);
}

/// Writes what is known of one part.
fn tell_of(tracked: &mut Tracked, key: Option<Fingerprint>, known: &Known) {
    let Some(known) = key.and_then(|key| known.get(&key)) else {
        return;
    };
    (tracked.status, tracked.first_seen, tracked.flapping) = (known.status, known.first_seen, known.flapping);
    let seen = known.first_seen.map(|time| Since {
        time,
        from: SinceSource::FirstSeen,
    });
    tracked.since = earliest(tracked.since, seen);
}

/// The earlier of two times.
fn earliest(a: Option<Since>, b: Option<Since>) -> Option<Since> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.time < a.time { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// What is known of several parts together.
#[derive(Default)]
struct Together(Option<Tracked>);

impl Together {
    fn add(&mut self, part: &Tracked) {
        let Some(all) = &mut self.0 else {
            self.0 = Some(part.clone());
            return;
        };
        // Of something that was known, a new part is a change.
        if all.status != part.status {
            all.status = Some(ChangeStatus::Changed);
        }
        all.first_seen = match (all.first_seen, part.first_seen) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        all.since = earliest(all.since, part.since);
        all.flapping |= part.flapping;
    }

    fn tell(self, tracked: &mut Tracked) {
        if let Some(all) = self.0 {
            let fingerprint = tracked.fingerprint;
            *tracked = Tracked { fingerprint, ..all };
        }
    }
}
