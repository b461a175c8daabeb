//! When Helm was at work on a release, on the API server's own clock.
//!
//! A record proves it: Helm creates the record of a revision before it touches any object, and writes it once more
//! when it is done (Helm: `pkg/action/install.go`, `pkg/action/upgrade.go`). So everything that this release's Helm
//! wrote lies between the record's creation and the last write that its managed fields know. A write in Helm's name
//! at any other time was another release's, a tool's or a person's.
//!
//! Two limits. `helm test` with test hooks writes the deployed revision's record once more, so that other writers
//! between the deployment and the test cannot be distinguished from Helm. And a write in Helm's name while Helm waits
//! for Pods to become ready counts as part of the operation.
//!
//! The record of a superseded revision is written again when the next one is deployed, so of older operations only
//! the beginning is known. Times are whole seconds. Within the second in which the baseline's operation ended, the
//! resource versions of the record and of an object tell which was written last: the API server counts them upwards
//! (Kubernetes: KEP-5504, comparable resource versions).

use chrono::{DateTime, Utc};

use super::history::History;
use super::stored::{Status, StoredRevision};

/// The operations of one release whose records are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operations {
    /// When the baseline's operation began and ended; without the end nothing can be proved.
    baseline_begin: Option<DateTime<Utc>>,
    baseline_end: Option<DateTime<Utc>>,
    /// The record's resource version at that end.
    baseline_version: Option<u64>,
    /// The status of the revision whose number is the one before the baseline's, where its record is kept.
    before_baseline: Option<Status>,
    /// Oldest first.
    begun: Vec<(DateTime<Utc>, Status)>,
    /// The operations above the baseline. One that is pending may still write.
    attempts: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)>,
}

impl Operations {
    /// Reads the operations of a release from the metadata of its records.
    pub fn of(history: &History) -> Self {
        let Some(baseline) = history.baseline() else {
            return Self::default();
        };
        let is_attempt = |revision: &&StoredRevision| revision.revision > baseline.revision;
        Self {
            baseline_begin: baseline.created,
            baseline_end: baseline.written,
            baseline_version: baseline.resource_version,
            before_baseline: history
                .revisions()
                .iter()
                .find(|revision| revision.revision.checked_add(1) == Some(baseline.revision))
                .map(|revision| revision.status),
            begun: history
                .revisions()
                .iter()
                .filter_map(|revision| Some((revision.created?, history.came_to(revision))))
                .collect(),
            attempts: history
                .revisions()
                .iter()
                .filter(is_attempt)
                .filter_map(|revision| {
                    let end = revision.written.filter(|_| !revision.status.is_pending());
                    Some((revision.created?, end))
                })
                .collect(),
        }
    }

    /// Whether a write at this time cannot have been this release's Helm.
    ///
    /// Only a time after the baseline's operation and outside every later attempt is certain.
    pub fn rules_out(&self, time: DateTime<Utc>) -> bool {
        self.baseline_end.is_some_and(|end| time > end)
            && !self
                .attempts
                .iter()
                .any(|(begin, end)| *begin <= time && end.is_none_or(|end| time <= end))
    }

    /// Whether a write with this resource version came after the end of the baseline's operation, within the second in
    /// which the operation ended.
    pub fn is_after_end(&self, time: DateTime<Utc>, version: u64) -> bool {
        self.baseline_end == Some(time) && self.baseline_version.is_some_and(|end| end < version)
    }

    /// Whether a write at this time was made while the baseline's operation ran.
    pub fn is_of_baseline(&self, time: DateTime<Utc>) -> bool {
        self.baseline_begin.is_some_and(|begin| begin <= time)
            && self.baseline_end.is_some_and(|end| time <= end)
    }

    /// Whether a write at this time was made when the baseline's operation had certainly ended.
    pub fn is_after_baseline(&self, time: DateTime<Utc>) -> bool {
        self.baseline_end.is_some_and(|end| time > end)
    }

    /// Whether the operation before the baseline's ended with a deployed revision, which Helm then upgraded or rolled
    /// back from.
    ///
    /// Helm numbers revisions without gaps. Where the number before the baseline's is missing, somebody deleted its
    /// record, and an older record does not say what became of it.
    pub fn follows_deployed_revision(&self) -> bool {
        matches!(self.before_baseline, Some(Status::Superseded | Status::Deployed))
    }

    /// Whether an object that was created at this time was created by the baseline's operation, or later.
    pub fn covers_creation(&self, time: DateTime<Utc>) -> bool {
        self.baseline_begin.is_some_and(|begin| begin <= time)
    }

    /// What the last operation that began by this time came to, as a status ([`History::came_to`]).
    pub fn outcome_at(&self, time: DateTime<Utc>) -> Option<Status> {
        self.begun
            .iter()
            .rev()
            .find(|(begun, _)| *begun <= time)
            .map(|(_, status)| *status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::stored::{Driver, ReleaseKey};
    use chrono::TimeZone;

    fn at(minute: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 20, 3, minute, 0).unwrap()
    }

    fn operations(revisions: &[(u64, Status, u32, u32)]) -> Operations {
        let release = ReleaseKey {
            namespace: "shop".into(),
            name: "web".into(),
            driver: Driver::Secret,
        };
        let stored = revisions
            .iter()
            .map(|(revision, status, created, written)| StoredRevision {
                release: release.clone(),
                object: format!("sh.helm.release.v1.web.v{revision}"),
                revision: *revision,
                status: *status,
                created: Some(at(*created)),
                written: Some(at(*written)),
                resource_version: Some(revision * 100),
                mismatch: None,
                labels: std::collections::BTreeMap::new(),
            });
        Operations::of(&History::group(stored)[0])
    }

    #[test]
    fn helm_writes_between_a_records_creation_and_its_last_write() {
        let operations = operations(&[
            // Written again when revision 2 was deployed.
            (1, Status::Superseded, 0, 12),
            (2, Status::Deployed, 10, 12),
            (3, Status::Failed, 20, 22),
        ]);
        let excluded: Vec<u32> = (0..30)
            .filter(|minute| operations.rules_out(at(*minute)))
            .collect();
        assert_eq!(excluded, (13..20).chain(23..30).collect::<Vec<_>>());
        assert_eq!(operations.outcome_at(at(5)), Some(Status::Superseded));
        assert_eq!(operations.outcome_at(at(25)), Some(Status::Failed));
    }

    #[test]
    fn an_operation_without_a_known_end_may_still_write() {
        let operations = operations(&[(1, Status::Deployed, 0, 2), (2, Status::PendingUpgrade, 10, 10)]);
        let excluded: Vec<u32> = (0..30)
            .filter(|minute| operations.rules_out(at(*minute)))
            .collect();
        assert_eq!(excluded, (3..10).collect::<Vec<_>>());
    }

    #[test]
    fn within_the_last_second_the_resource_version_decides() {
        let operations = operations(&[(2, Status::Deployed, 0, 2)]);
        assert!(operations.is_after_end(at(2), 201));
        assert!(!operations.is_after_end(at(2), 199));
        assert!(!operations.is_after_end(at(1), 201));
        assert!(operations.covers_creation(at(0)) && operations.covers_creation(at(1)));
    }

    #[test]
    fn times_before_in_and_after_the_baselines_operation_are_distinguished() {
        use Status::{Deployed, Failed, Superseded};
        let operations = operations(&[(1, Superseded, 0, 12), (2, Deployed, 10, 12), (3, Failed, 20, 22)]);
        let inside: Vec<u32> = (0..30)
            .filter(|minute| operations.is_of_baseline(at(*minute)))
            .collect();
        let after: Vec<u32> = (0..30)
            .filter(|minute| operations.is_after_baseline(at(*minute)))
            .collect();
        assert_eq!(inside, [10, 11, 12]);
        assert_eq!(
            after,
            (13..30).collect::<Vec<_>>(),
            "later attempts are after it as well"
        );
    }

    /// A rollback is made from the newest revision, whatever became of it.
    #[test]
    fn the_operation_before_the_baselines_may_have_failed() {
        use Status::{Deployed, Failed, Superseded};
        for (revisions, expected) in [
            (&[(1, Superseded, 0, 12), (2, Deployed, 10, 12)][..], true),
            (
                &[(1, Superseded, 0, 22), (2, Failed, 10, 12), (3, Deployed, 20, 22)][..],
                false,
            ),
            (&[(2, Deployed, 10, 12)][..], false),
            // Somebody deleted the record of revision 2.
            (&[(1, Superseded, 0, 22), (3, Deployed, 20, 22)][..], false),
        ] {
            assert_eq!(
                operations(revisions).follows_deployed_revision(),
                expected,
                "{revisions:?}"
            );
        }
    }

    #[test]
    fn without_a_baseline_nothing_is_excluded() {
        assert!(!operations(&[(1, Status::Failed, 0, 2)]).rules_out(at(20)));
    }
}
