//! From single objects to the answer: verdicts, counts, the outcome, and the order of a report.
//!
//! Pure functions over the report's own parts. They are called with the complete list of objects, and only then the
//! objects in sync are dropped: the counts include every object that was compared, even where the list shows only drift. The order depends on names alone, never on the order in which a cluster
//! answered, so that two reports of the same state can be compared byte by byte.

mod fail_on;

pub use fail_on::{Condition, Contradiction, FailOn, new_drift};

use crate::model::{
    Finding, Health, IgnoredCount, ObjectReport, ReleaseReport, Report, ReportError, Summary, Unlisted,
};
use crate::vocabulary::{HealthCode, HealthSeverity, ObjectState, Outcome, Stopped, Verdict};

impl Summary {
    /// Counts releases, their objects and their findings. An ignored finding counts neither as drift nor as info.
    pub fn of(releases: &[ReleaseReport]) -> Self {
        let mut summary = Self::default();
        for release in releases {
            summary.releases.total += 1;
            *match release.verdict {
                Verdict::Clean => &mut summary.releases.clean,
                Verdict::Drifted => &mut summary.releases.drifted,
                Verdict::Incomplete => &mut summary.releases.incomplete,
                Verdict::Unreadable => &mut summary.releases.unreadable,
            } += 1;
            for object in &release.objects {
                summary.count_object(object);
            }
            let Unlisted { objects, expected } = release.unlisted;
            summary.objects.total += objects;
            summary.objects.in_sync += objects;
            summary.findings.expected += expected;
        }
        summary
    }

    fn count_object(&mut self, object: &ObjectReport) {
        self.objects.total += 1;
        *match object.state {
            ObjectState::InSync => &mut self.objects.in_sync,
            ObjectState::Drifted => &mut self.objects.drifted,
            ObjectState::Missing => &mut self.objects.missing,
            ObjectState::Terminating => &mut self.objects.terminating,
            ObjectState::Foreign => &mut self.objects.foreign,
            ObjectState::Leftover => &mut self.objects.leftover,
            ObjectState::Unknown => &mut self.objects.unknown,
            ObjectState::Ignored => &mut self.objects.ignored,
        } += 1;
        for finding in &object.findings {
            self.findings.count(finding);
        }
        self.findings.add(&object.left_out);
    }
}

/// Adds up the findings and objects of these releases that each ignore rule in `counts` ignores.
pub fn ignored(mut counts: Vec<IgnoredCount>, releases: &[ReleaseReport]) -> Vec<IgnoredCount> {
    for object in releases.iter().flat_map(|release| &release.objects) {
        for count in &mut counts {
            let by = Some(count.rule);
            let findings = object.findings.iter().filter(|finding| finding.ignored_by == by);
            let findings = findings.count();
            count.findings += findings;
            count.objects += usize::from(findings > 0 || object.ignored_by == by);
        }
    }
    counts
}

/// The verdict on a release, from all its objects and its health.
///
/// A release that changed while it was read is incomplete, whatever the state of its objects: some of them may have been
/// read before the change. A release without a deployed revision is incomplete too, because nothing was compared, and so
/// is one whose records contradict their objects, because it is not certain what was deployed.
pub fn verdict(release: &ReleaseReport) -> Verdict {
    let ReleaseReport {
        health,
        objects,
        unlisted,
        ..
    } = release;
    let any = |limit: ComparisonLimit| health.iter().any(|entry| comparison_limit(entry) == Some(limit));
    if any(ComparisonLimit::RecordUnread) && objects.is_empty() && unlisted.objects == 0 {
        Verdict::Unreadable
    } else if any(ComparisonLimit::ReleaseChanged) {
        Verdict::Incomplete
    } else if objects.iter().any(|object| object.state.is_drift()) {
        Verdict::Drifted
    } else if any(ComparisonLimit::RecordUnread)
        || any(ComparisonLimit::NoBaseline)
        || any(ComparisonLimit::IdentityMismatch)
        || objects.iter().any(|object| object.state == ObjectState::Unknown)
    {
        Verdict::Incomplete
    } else {
        Verdict::Clean
    }
}

/// Why a comparison with the cluster says less than a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ComparisonLimit {
    /// A release record could not be read.
    RecordUnread,
    /// No revision is deployed although one should be.
    NoBaseline,
    /// A record contradicts the object that holds it, so that it is not certain which revision is the deployed one.
    IdentityMismatch,
    /// The release changed during the scan, so that some objects may have been read before the change.
    ReleaseChanged,
}

/// The limit that a health entry sets to the comparison of its release. Every code is named, so that a new one cannot
/// leave a release clean by being forgotten here.
fn comparison_limit(entry: &Health) -> Option<ComparisonLimit> {
    match (entry.code, entry.severity) {
        (HealthCode::Undecodable, _) => Some(ComparisonLimit::RecordUnread),
        (HealthCode::NoBaseline, HealthSeverity::Warning | HealthSeverity::Critical) => {
            Some(ComparisonLimit::NoBaseline)
        }
        (HealthCode::IdentityMismatch, HealthSeverity::Warning | HealthSeverity::Critical) => {
            Some(ComparisonLimit::IdentityMismatch)
        }
        (HealthCode::ChangedDuringScan, _) => Some(ComparisonLimit::ReleaseChanged),
        // An uninstalled release, of which this is only worth knowing, is not meant to have objects; an old record that
        // contradicts its object is not compared.
        (HealthCode::NoBaseline | HealthCode::IdentityMismatch, HealthSeverity::Info)
        | (
            HealthCode::FailedUpgrade
            | HealthCode::FailedInstall
            | HealthCode::InProgress
            | HealthCode::Stuck
            | HealthCode::SeveralDeployed
            | HealthCode::ApiRemoved
            | HealthCode::HalfUpgraded
            | HealthCode::HookFailed
            | HealthCode::HookRunning
            | HealthCode::LeftoverObjects
            | HealthCode::BlockedByFinalizer
            | HealthCode::HistoryBloat
            | HealthCode::OwnershipConflict
            | HealthCode::LeftoverHooks
            | HealthCode::ChartCrdsChanged
            | HealthCode::MissingObjects
            | HealthCode::UpgradeBlocked
            | HealthCode::RollbackBlocked
            | HealthCode::RollbackLoses,
            _,
        ) => None,
    }
}

/// The entries that say that an operation fails or loses something that nobody has begun. They are a failure of a scan only
/// where the operator asks for it: nothing is wrong with what runs.
pub fn blocked_entries(release: &ReleaseReport) -> impl Iterator<Item = &Health> {
    release.health.iter().filter(|entry| is_blocked(entry))
}

/// Whether a health entry says that an operation that nobody has begun fails, or loses something. An upgrade that only may
/// fail is none of them.
const fn is_blocked(entry: &Health) -> bool {
    match entry.code {
        HealthCode::UpgradeBlocked => upgrade_fails_for_certain(entry),
        HealthCode::RollbackBlocked | HealthCode::RollbackLoses => true,
        HealthCode::Undecodable
        | HealthCode::NoBaseline
        | HealthCode::FailedUpgrade
        | HealthCode::FailedInstall
        | HealthCode::InProgress
        | HealthCode::Stuck
        | HealthCode::SeveralDeployed
        | HealthCode::IdentityMismatch
        | HealthCode::ApiRemoved
        | HealthCode::ChangedDuringScan
        | HealthCode::HalfUpgraded
        | HealthCode::HookFailed
        | HealthCode::HookRunning
        | HealthCode::LeftoverObjects
        | HealthCode::BlockedByFinalizer
        | HealthCode::HistoryBloat
        | HealthCode::OwnershipConflict
        | HealthCode::LeftoverHooks
        | HealthCode::ChartCrdsChanged
        | HealthCode::MissingObjects => false,
    }
}

/// Whether an entry about the next upgrade says that it fails, and not that it may fail, which is only worth knowing.
pub const fn upgrade_fails_for_certain(entry: &Health) -> bool {
    match entry.severity {
        HealthSeverity::Info => false,
        HealthSeverity::Warning | HealthSeverity::Critical => true,
    }
}

/// Whether a health entry says that a release is in a critical state.
pub(super) fn is_critical(entry: &Health) -> bool {
    entry.severity == HealthSeverity::Critical
}

/// The releases in a critical state.
pub fn critical_releases(report: &Report) -> impl Iterator<Item = &ReleaseReport> {
    let releases = report.releases.iter();
    releases.filter(move |release| release.health.iter().any(is_critical))
}

/// Whether something was not read that was to be read, also where drift was found beside it.
pub fn has_unread_parts(report: &Report) -> bool {
    let releases = &report.summary.releases;
    report.stopped.is_some()
        || !report.errors.is_empty()
        || releases.incomplete + releases.unreadable + report.summary.objects.unknown > 0
        || report.releases.iter().any(has_unread_records)
}

/// Whether the comparison of a release says less than a whole one.
pub fn has_unread_records(release: &ReleaseReport) -> bool {
    release
        .health
        .iter()
        .any(|entry| comparison_limit(entry).is_some())
}

/// The answer of a whole scan: error before drift, drift before incomplete, incomplete before clean.
///
/// A scan that ran out of time is an error even if it found drift, because the deadline is far above the normal duration
/// of a scan. A scan that was stopped by a signal is incomplete.
pub fn outcome(releases: &[ReleaseReport], errors: &[ReportError], stopped: Option<Stopped>) -> Outcome {
    let any = |verdict: Verdict| releases.iter().any(|release| release.verdict == verdict);
    match stopped {
        Some(Stopped::Deadline) => Outcome::Error,
        Some(Stopped::Signal) | None if any(Verdict::Drifted) => Outcome::Drift,
        Some(Stopped::Signal) => Outcome::Incomplete,
        None if any(Verdict::Incomplete) || any(Verdict::Unreadable) || !errors.is_empty() => {
            Outcome::Incomplete
        }
        None => Outcome::Clean,
    }
}

impl Report {
    /// Puts releases, objects, findings, errors and notes into the order of the contract. Advice keeps its order.
    pub fn sort(&mut self) {
        self.releases.sort_by(|a, b| {
            (&a.of_cluster, &a.namespace, &a.name, &a.storage).cmp(&(
                &b.of_cluster,
                &b.namespace,
                &b.name,
                &b.storage,
            ))
        });
        for release in &mut self.releases {
            release
                .health
                .sort_by(|a, b| (b.severity, a.code, &a.message).cmp(&(a.severity, b.code, &b.message)));
            release.objects.sort_by(|a, b| {
                (&a.kind, &a.namespace, &a.name, &a.api_version).cmp(&(
                    &b.kind,
                    &b.namespace,
                    &b.name,
                    &b.api_version,
                ))
            });
            for object in &mut release.objects {
                object
                    .findings
                    .sort_by(|a, b| (&a.path, &a.pointer, a.code).cmp(&(&b.path, &b.pointer, b.code)));
            }
        }
        self.errors.sort();
        self.notes.sort();
    }

    /// Leaves out ignored and expected findings, and objects that are ignored or in sync, with their findings, unless a
    /// finding is the only trace of what the next upgrade takes away. The summary still counts them.
    #[must_use]
    pub fn without_in_sync(mut self) -> Self {
        self.releases
            .iter_mut()
            .for_each(ReleaseReport::leave_out_in_sync);
        self
    }
}

/// Whether an object is in sync, and nobody asks more of it than that it is: nothing of it is ignored, kept for the memory of
/// earlier scans, or more than expected.
fn is_only_counted(object: &ObjectReport) -> bool {
    let mut findings = object.findings.iter();
    object.state == ObjectState::InSync
        && object.ignored_by.is_none()
        && object.left_out.is_empty()
        && object.seen_again.is_empty()
        && object.shadowed_rules.is_empty()
        && findings.all(|finding| {
            finding.is_expected()
                && finding.ignored_by.is_none()
                && finding.confirmed.is_none()
                && !finding.takes_away()
        })
}

impl ReleaseReport {
    /// Keeps no more than the number of the objects in sync of which nobody asks more. [`Report::without_in_sync`] leaves
    /// them out as well.
    pub fn only_count_in_sync(&mut self) {
        let unlisted = &mut self.unlisted;
        self.objects.retain(|object| {
            if !is_only_counted(object) {
                return true;
            }
            unlisted.objects += 1;
            unlisted.expected += object.findings.len();
            false
        });
        self.objects.shrink_to_fit();
    }

    /// Leaves out of a release what [`Report::without_in_sync`] leaves out.
    pub fn leave_out_in_sync(&mut self) {
        for object in &mut self.objects {
            object.findings.retain(|finding| {
                finding.ignored_by.is_none() && (finding.takes_away() || !finding.is_expected())
            });
        }
        self.objects.retain(|object| match object.state {
            ObjectState::InSync => object.findings.iter().any(Finding::takes_away),
            ObjectState::Ignored => false,
            ObjectState::Drifted
            | ObjectState::Missing
            | ObjectState::Terminating
            | ObjectState::Foreign
            | ObjectState::Leftover
            | ObjectState::Unknown => true,
        });
        let in_sync = self.objects.iter_mut();
        for object in in_sync.filter(|object| object.state == ObjectState::InSync) {
            object.findings.retain(Finding::takes_away);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IgnoredBy;
    use crate::report::fixtures::{all, drifted, finding, object, release};
    use crate::vocabulary::HealthSeverity;
    use crate::vocabulary::{FindingCode, Severity};

    fn in_state(state: ObjectState) -> ObjectReport {
        object("v1", "Service", "shop", "web").in_state(state)
    }

    fn health(code: HealthCode) -> Vec<Health> {
        release("shop", "web")
            .with_health(code, HealthSeverity::Warning)
            .health
    }

    fn of_objects(objects: impl IntoIterator<Item = ObjectReport>) -> Verdict {
        release("shop", "web").with_objects(objects).verdict
    }

    #[test]
    fn one_object_decides_the_verdict_by_its_state() {
        for (state, expected) in [
            (ObjectState::InSync, Verdict::Clean),
            (ObjectState::Drifted, Verdict::Drifted),
            (ObjectState::Missing, Verdict::Drifted),
            (ObjectState::Terminating, Verdict::Drifted),
            (ObjectState::Foreign, Verdict::Drifted),
            (ObjectState::Leftover, Verdict::Drifted),
            (ObjectState::Unknown, Verdict::Incomplete),
            (ObjectState::Ignored, Verdict::Clean),
        ] {
            assert_eq!(
                of_objects([in_state(ObjectState::InSync), in_state(state)]),
                expected,
                "{state}"
            );
        }
        let both = [in_state(ObjectState::Unknown), in_state(ObjectState::Missing)];
        assert_eq!(of_objects(both), Verdict::Drifted);
    }

    #[test]
    fn health_decides_the_verdict_where_nothing_could_be_compared() {
        let missing = [in_state(ObjectState::Missing)];
        let in_sync = [in_state(ObjectState::InSync)];
        for (code, alone, with_drift, with_in_sync) in [
            (
                HealthCode::Undecodable,
                Verdict::Unreadable,
                Verdict::Drifted,
                Verdict::Incomplete,
            ),
            (
                HealthCode::NoBaseline,
                Verdict::Incomplete,
                Verdict::Drifted,
                Verdict::Incomplete,
            ),
            (
                HealthCode::IdentityMismatch,
                Verdict::Incomplete,
                Verdict::Drifted,
                Verdict::Incomplete,
            ),
            (
                HealthCode::ChangedDuringScan,
                Verdict::Incomplete,
                Verdict::Incomplete,
                Verdict::Incomplete,
            ),
            (
                HealthCode::Stuck,
                Verdict::Clean,
                Verdict::Drifted,
                Verdict::Clean,
            ),
            (
                HealthCode::FailedUpgrade,
                Verdict::Clean,
                Verdict::Drifted,
                Verdict::Clean,
            ),
        ] {
            let health = health(code);
            let got = [vec![], missing.to_vec(), in_sync.to_vec()].map(|objects| {
                verdict(&ReleaseReport {
                    health: health.clone(),
                    objects,
                    ..release("shop", "web")
                })
            });
            assert_eq!(got, [alone, with_drift, with_in_sync], "{code}");
        }
    }

    #[test]
    fn the_outcome_of_every_mixture() {
        let of = |verdict: Verdict| ReleaseReport {
            cluster: crate::shell::ClusterFlags::default(),
            verdict,
            ..release("shop", "web")
        };
        let error = [ReportError {
            scope: "storage".into(),
            message: "forbidden".into(),
        }];
        for (verdicts, errors, stopped, expected) in [
            (&[][..], &[][..], None, Outcome::Clean),
            (&[Verdict::Clean], &[], None, Outcome::Clean),
            (&[Verdict::Clean, Verdict::Drifted], &[], None, Outcome::Drift),
            (
                &[Verdict::Drifted, Verdict::Unreadable],
                &error,
                None,
                Outcome::Drift,
            ),
            (&[Verdict::Incomplete], &[], None, Outcome::Incomplete),
            (&[Verdict::Unreadable], &[], None, Outcome::Incomplete),
            (&[Verdict::Clean], &error, None, Outcome::Incomplete),
            (&[Verdict::Clean], &[], Some(Stopped::Signal), Outcome::Incomplete),
            (&[Verdict::Drifted], &[], Some(Stopped::Signal), Outcome::Drift),
            (&[Verdict::Clean], &[], Some(Stopped::Deadline), Outcome::Error),
            (&[Verdict::Drifted], &[], Some(Stopped::Deadline), Outcome::Error),
        ] {
            let releases: Vec<_> = verdicts.iter().copied().map(of).collect();
            assert_eq!(
                outcome(&releases, errors, stopped),
                expected,
                "{verdicts:?} {stopped:?}"
            );
        }
    }

    #[test]
    fn counts_stay_when_objects_in_sync_are_left_out() {
        let state = |state| object("v1", "Service", "shop", "web").in_state(state);
        let all = vec![release("shop", "web").with_objects(ObjectState::ALL.iter().copied().map(state))];
        let summary = Summary::of(&all);
        let objects = &summary.objects;
        assert_eq!(
            (objects.total, objects.in_sync, objects.unknown, objects.ignored),
            (8, 1, 1, 1)
        );
        let report = Report {
            summary: summary.clone(),
            releases: all,
            ..drifted()
        }
        .without_in_sync();
        assert_eq!(report.releases[0].objects.len(), 6);
        assert_eq!(report.summary, summary);
    }

    #[test]
    fn ignored_findings_count_for_their_rule_only() {
        let report = all();
        let findings = &report.summary.findings;
        assert_eq!((findings.drift, findings.info, findings.ignored), (0, 0, 1));
        assert_eq!(report.summary.objects.ignored, 2);
        let counts = report
            .ignored
            .iter()
            .map(|count| (count.rule, count.findings, count.objects));
        assert_eq!(
            counts.collect::<Vec<_>>(),
            [
                (IgnoredBy::Rule(1), 1, 1),
                (IgnoredBy::Rule(2), 0, 0),
                (IgnoredBy::Annotation, 0, 1)
            ]
        );
        assert_eq!(report.outcome, Outcome::Clean);
    }

    #[test]
    fn ignored_findings_are_listed_on_request_only() {
        let mut report = all();
        let ignored = report.releases[0].objects[1].findings.clone();
        assert_eq!(ignored.len(), 1);
        report.releases[0]
            .objects
            .push(object("v1", "Secret", "shop", "web").drifted(ignored));
        let ignored = report.ignored.clone();
        let report = report.without_in_sync();
        assert_eq!(report.releases[0].objects.len(), 1);
        assert_eq!(report.releases[0].objects[0].findings, []);
        assert_eq!(report.ignored, ignored);
    }

    #[test]
    fn expected_findings_are_counted_apart_and_listed_on_request_only() {
        let mut expected = finding(FindingCode::ControllerOwned, "/spec/volumeName", None, None);
        expected.severity = Severity::Info;
        let mut report = drifted();
        report.releases = vec![release("shop", "web").with_objects(vec![
            object("v1", "Service", "shop", "web").drifted(vec![expected.clone()]),
        ])];
        let summary = Summary::of(&report.releases);
        assert_eq!((summary.findings.info, summary.findings.expected), (0, 1));
        assert_eq!(
            report.clone().without_in_sync().releases[0].objects[0].findings,
            []
        );
        // An operator can let them count as drift.
        report.releases[0].objects[0].findings[0].severity = Severity::Drift;
        assert_eq!(report.without_in_sync().releases[0].objects[0].findings.len(), 1);
    }

    #[test]
    fn the_order_does_not_depend_on_how_things_arrived() {
        let sorted = drifted();
        let mut shuffled = sorted.clone();
        shuffled.releases.reverse();
        for release in &mut shuffled.releases {
            release.objects.reverse();
            for object in &mut release.objects {
                object.findings.reverse();
            }
        }
        shuffled.sort();
        assert_eq!(shuffled, sorted);
    }
}
