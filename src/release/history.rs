//! Which of a release's revisions matter, and which of their records have to be read.

use std::collections::{BTreeMap, HashSet};

use super::stored::{ReleaseKey, Status, StoredRevision};

/// How much of each release is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The records that the comparison needs.
    Comparison,
    /// The records of the whole history, up to a limit, for the report's `detail`.
    History,
    /// The same, and the revision that a rollback goes to: the one asked for, else the one before the newest.
    Rollback(Option<u64>),
}

/// How many revisions above the baseline are read: enough to explain a failed upgrade, few enough that a release
/// which fails every night stays cheap.
const ATTEMPTS_READ: usize = 5;

/// How many superseded revisions are read where none is deployed: candidates for a rollback.
const SUPERSEDED_READ: usize = 5;

/// How many records of one history are read besides those that the comparison needs: Helm keeps ten
/// by default (`--history-max`).
const HISTORY_READ: usize = 50;

/// How many revisions below the previous one are read for what they left behind: as many as Helm keeps by default.
const OLDER_READ: usize = 10;

/// All stored revisions of one release, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The release.
    pub key: ReleaseKey,
    revisions: Vec<StoredRevision>,
}

impl History {
    /// Groups stored revisions by release, sorted by namespace, name and driver.
    pub fn group(revisions: impl IntoIterator<Item = StoredRevision>) -> Vec<Self> {
        let mut releases: BTreeMap<ReleaseKey, Vec<StoredRevision>> = BTreeMap::new();
        for revision in revisions {
            releases
                .entry(revision.release.clone())
                .or_default()
                .push(revision);
        }
        releases
            .into_iter()
            .map(|(key, mut revisions)| {
                revisions.sort_by_key(|revision| revision.revision);
                // Those of all releases are held while a scan runs.
                revisions.shrink_to_fit();
                Self { key, revisions }
            })
            .collect()
    }

    /// Whether the release was uninstalled and its history kept: nothing of it is meant to exist, and `helm list` leaves
    /// it out.
    pub fn is_uninstalled(&self) -> bool {
        let latest = self.latest();
        latest.is_some_and(|latest| latest.status == Status::Uninstalled)
    }

    /// Every stored revision, oldest first.
    pub fn revisions(&self) -> &[StoredRevision] {
        &self.revisions
    }

    /// The newest revision, whatever its status.
    pub fn latest(&self) -> Option<&StoredRevision> {
        self.revisions.last()
    }

    /// The revision to compare against: the highest one that is deployed. Helm does the same when several are
    /// (Helm: `pkg/storage/storage.go`, `Deployed`).
    pub fn baseline(&self) -> Option<&StoredRevision> {
        self.revisions
            .iter()
            .rev()
            .find(|revision| revision.status == Status::Deployed)
    }

    /// The highest revision below the baseline that once was deployed.
    pub fn previous(&self) -> Option<&StoredRevision> {
        let baseline = self.baseline()?;
        self.revisions.iter().rev().find(|revision| {
            revision.revision < baseline.revision
                && matches!(revision.status, Status::Superseded | Status::Deployed)
        })
    }

    /// The revisions above the baseline that failed, are pending or were uninstalled, newest first. Without a baseline,
    /// all of them.
    pub fn attempted(&self) -> impl Iterator<Item = &StoredRevision> {
        let floor = self.baseline().map_or(0, |baseline| baseline.revision);
        self.revisions
            .iter()
            .rev()
            .filter(move |revision| {
                let came_to = self.came_to(revision);
                revision.revision > floor
                    && (matches!(came_to, Status::Failed | Status::Uninstalled) || came_to.is_pending())
            })
            .take(ATTEMPTS_READ)
    }

    /// What the operation of a revision came to. A rollback that fails turns the status of the revision that it started from
    /// into superseded, also where that had failed (Helm: `pkg/action/rollback.go`, `performRollback`); one that is newer than
    /// the deployed revision cannot have been deployed, as that would be superseded.
    pub fn came_to(&self, revision: &StoredRevision) -> Status {
        let is_beyond = self
            .baseline()
            .is_some_and(|baseline| revision.revision > baseline.revision);
        match revision.status {
            Status::Superseded if is_beyond => Status::Failed,
            status => status,
        }
    }

    /// The revisions below the baseline that failed or are still pending, newest first. Helm never deletes the objects
    /// that only they created.
    pub fn abandoned(&self) -> impl Iterator<Item = &StoredRevision> {
        let ceiling = self.baseline().map_or(0, |baseline| baseline.revision);
        self.revisions
            .iter()
            .rev()
            .filter(move |revision| {
                revision.revision < ceiling
                    && (revision.status == Status::Failed || revision.status.is_pending())
            })
            .take(ATTEMPTS_READ)
    }

    /// The revisions below the baseline that a comparison does not need and that may have left something behind, newest
    /// first: whatever their status, their Helm wrote objects.
    pub fn older(&self) -> impl Iterator<Item = &StoredRevision> {
        self.below_baseline().take(OLDER_READ)
    }

    /// How many such revisions are kept beyond those that are read.
    pub fn older_unread(&self) -> usize {
        self.below_baseline().count().saturating_sub(OLDER_READ)
    }

    /// The revisions below the baseline but for the previous one, newest first.
    fn below_baseline(&self) -> impl Iterator<Item = &StoredRevision> {
        let ceiling = self.baseline().map_or(0, |baseline| baseline.revision);
        let previous = self.previous().map(|previous| previous.revision);
        self.revisions
            .iter()
            .rev()
            .filter(move |stored| stored.revision < ceiling && Some(stored.revision) != previous)
    }

    /// The revision that a rollback goes to. Without a number that is the one before the newest, whatever became of it
    /// (Helm: `pkg/action/rollback.go`, `prepareRollback`).
    pub fn rollback_target(&self, asked: Option<u64>) -> Option<&StoredRevision> {
        let number = asked.or_else(|| self.latest()?.revision.checked_sub(1))?;
        self.revisions.iter().find(|stored| stored.revision == number)
    }

    /// The last revision that worked, below the newest: what a scan takes for the one that a rollback goes to. `None` where
    /// the newest one is neither deployed nor an attempt.
    pub fn last_good(&self) -> Option<&StoredRevision> {
        let (baseline, latest) = (self.baseline()?, self.latest()?);
        if baseline.revision == latest.revision {
            self.previous()
        } else {
            Some(baseline)
        }
    }

    /// The revisions whose records have to be read: first those that the comparison needs, then the others of the
    /// history, newest first.
    pub fn records_needed(&self, depth: Depth) -> impl Iterator<Item = &StoredRevision> {
        let deployed = self.baseline().into_iter().chain(self.previous());
        let compared = deployed.chain(self.attempted()).chain(self.abandoned());
        let mut compared: Vec<&StoredRevision> = compared.chain(self.rollback_targets()).collect();
        let mut known: HashSet<u64> = compared.iter().map(|stored| stored.revision).collect();
        let (others, target) = match depth {
            Depth::Comparison => (0, None),
            Depth::History => (HISTORY_READ, None),
            Depth::Rollback(asked) => (HISTORY_READ, self.rollback_target(asked)),
        };
        compared.extend(target.filter(|target| known.insert(target.revision)));
        let others = self
            .revisions
            .iter()
            .rev()
            .filter(move |stored| !known.contains(&stored.revision))
            .take(others);
        compared.into_iter().chain(others)
    }

    /// The superseded revisions, newest first, where no revision is deployed: a rollback can go to one of them.
    fn rollback_targets(&self) -> impl Iterator<Item = &StoredRevision> {
        let has_baseline = self.baseline().is_some();
        self.revisions
            .iter()
            .rev()
            .filter(move |stored| !has_baseline && stored.status == Status::Superseded)
            .take(SUPERSEDED_READ)
    }

    /// The revisions with the status deployed.
    pub fn deployed(&self) -> impl Iterator<Item = &StoredRevision> {
        self.revisions
            .iter()
            .filter(|revision| revision.status == Status::Deployed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::stored::{Driver, RecordMetadata};

    fn history(statuses: &[(u64, &str)]) -> Vec<History> {
        History::group(statuses.iter().map(|(revision, status)| {
            let version = revision.to_string();
            StoredRevision::from_metadata(RecordMetadata {
                driver: Driver::Secret,
                namespace: "shop",
                object: &format!("sh.helm.release.v1.web.v{revision}"),
                labels: [Some("web"), Some(&version), Some(status)],
                created: None,
                written: None,
                resource_version: None,
            })
            .unwrap()
        }))
    }

    /// Stored revisions in any order → baseline, previous, attempted.
    #[test]
    fn which_revisions_matter() {
        type Row = (
            &'static [(u64, &'static str)],
            Option<u64>,
            Option<u64>,
            &'static [u64],
        );
        let rows: [Row; 10] = [
            (&[(1, "deployed")], Some(1), None, &[]),
            (
                &[(10, "deployed"), (9, "superseded"), (2, "superseded")],
                Some(10),
                Some(9),
                &[],
            ),
            (
                &[(1, "superseded"), (2, "failed"), (3, "deployed")],
                Some(3),
                Some(1),
                &[],
            ),
            (
                &[(1, "deployed"), (2, "failed"), (3, "pending-upgrade")],
                Some(1),
                None,
                &[3, 2],
            ),
            (&[(1, "deployed"), (2, "deployed")], Some(2), Some(1), &[]),
            // A rollback from a failed revision failed, too.
            (
                &[(1, "deployed"), (2, "superseded"), (3, "failed")],
                Some(1),
                None,
                &[3, 2],
            ),
            // One from a deployed revision failed.
            (
                &[(1, "superseded"), (2, "superseded"), (3, "failed")],
                None,
                None,
                &[3],
            ),
            (&[(1, "failed")], None, None, &[1]),
            (&[(1, "pending-install")], None, None, &[1]),
            (&[(3, "uninstalling"), (2, "superseded")], None, None, &[3]),
        ];
        for (statuses, baseline, previous, attempted) in rows {
            let [history] = history(statuses).try_into().unwrap();
            let number = |revision: Option<&StoredRevision>| revision.map(|revision| revision.revision);
            assert_eq!(number(history.baseline()), baseline, "{statuses:?}");
            assert_eq!(number(history.previous()), previous, "{statuses:?}");
            assert_eq!(
                history.attempted().map(|r| r.revision).collect::<Vec<_>>(),
                attempted,
                "{statuses:?}"
            );
        }
    }

    /// Stored revisions → those whose records a comparison needs, and those that the history adds.
    #[test]
    fn which_records_are_needed() {
        type Row = (Vec<(u64, &'static str)>, Vec<u64>, Vec<u64>);
        let superseded =
            |revisions: std::ops::RangeInclusive<u64>| revisions.map(|revision| (revision, "superseded"));
        let rows: [Row; 6] = [
            (vec![(1, "deployed")], vec![1], vec![]),
            (
                superseded(1..=8).chain([(9, "deployed")]).collect(),
                vec![9, 8],
                vec![7, 6, 5, 4, 3, 2, 1],
            ),
            (
                vec![
                    (1, "superseded"),
                    (2, "failed"),
                    (3, "superseded"),
                    (4, "failed"),
                    (5, "deployed"),
                    (6, "failed"),
                    (7, "pending-upgrade"),
                ],
                vec![5, 3, 7, 6, 4, 2],
                vec![1],
            ),
            // No more attempts than [`ATTEMPTS_READ`].
            (
                (1..=8)
                    .map(|revision| (revision, if revision == 1 { "deployed" } else { "failed" }))
                    .collect(),
                vec![1, 8, 7, 6, 5, 4],
                vec![3, 2],
            ),
            // Without a baseline, some of the revisions that were deployed.
            (
                superseded(1..=7).chain([(8, "failed")]).collect(),
                vec![8, 7, 6, 5, 4, 3],
                vec![2, 1],
            ),
            // No more of a history than [`HISTORY_READ`].
            (
                superseded(1..=99).chain([(100, "deployed")]).collect(),
                vec![100, 99],
                (49..=98).rev().collect(),
            ),
        ];
        for (statuses, compared, others) in rows {
            let [history] = history(&statuses).try_into().unwrap();
            let needed = |depth| -> Vec<u64> {
                history
                    .records_needed(depth)
                    .map(|stored| stored.revision)
                    .collect()
            };
            assert_eq!(needed(Depth::Comparison), compared, "{statuses:?}");
            assert_eq!(
                needed(Depth::History),
                [compared, others].concat(),
                "{statuses:?}"
            );
        }
    }

    #[test]
    fn an_uninstalled_release_is_not_one_that_was_installed_again() {
        for (last, is_uninstalled) in [
            ("uninstalled", true),
            ("deployed", false),
            ("uninstalling", false),
        ] {
            let [history] = history(&[(1, "superseded"), (2, "uninstalled"), (3, last)])
                .try_into()
                .unwrap();
            assert_eq!(history.is_uninstalled(), is_uninstalled);
        }
    }
}
