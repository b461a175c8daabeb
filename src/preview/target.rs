//! The revision that a rollback goes to.
//!
//! Without a number Helm takes the number of the newest revision less one (Helm: `pkg/action/rollback.go`,
//! `prepareRollback`), whatever became of that revision. That is the last good one only where everything went well: after
//! two failed upgrades it is a failed one, and where records were deleted there is none.

use std::collections::{BTreeMap, BTreeSet};

use crate::health::description;
use crate::release::history::History;
use crate::release::stored::{Status, StoredRevision};

/// Whether a record could be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordAccess {
    /// It was read and decoded.
    Read,
    /// There is none.
    Missing,
    /// It cannot be decoded, for this reason. Helm passes over such a record when it lists the history.
    Undecodable(String),
    /// It could not be read here, for this reason; Helm may be able to.
    Unread(String),
}

/// What is known of one record when a target is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRecord {
    /// Whether it could be read. That of a revision that is not in the history is not asked for.
    pub access: RecordAccess,
    /// Helm's own description of how the operation ended; empty where it is not known.
    pub description: String,
    /// The revision that it was a rollback to (Helm 4: `info.rollback_revision`); `None` where the record does not say so.
    pub rollback_to: Option<u64>,
    /// The same number for equal manifests; `None` where it is not known.
    pub manifest: Option<u64>,
}

/// The revision that a rollback goes to, and how it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its number. There may be no such revision.
    pub revision: u64,
    /// Who chose it.
    pub choice: TargetChoice,
    /// What is wrong with it, if anything is.
    pub standing: TargetStanding,
    /// The newest revision that worked, below the one that is to be left; `None` where none is known.
    pub last_good: Option<u64>,
    /// The deployed revision, where it is an older one again.
    pub again: Option<Again>,
}

/// A revision with the manifest of an older one: mostly a rollback to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// The revision, which is the newest and deployed.
    pub newest: u64,
    /// The newest older one that worked and has the same manifest.
    pub older: u64,
    /// The newest one before that which worked.
    pub before: Option<u64>,
}

/// Who chose the target of a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetChoice {
    /// Whoever asked for it.
    Asked,
    /// Helm, which takes the number before the newest.
    BeforeNewest,
}

/// What is wrong with the target of a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetStanding {
    /// It was deployed once.
    Good,
    /// Its operation failed.
    Failed,
    /// Its operation did not end.
    Pending(Status),
    /// It is the revision that was uninstalled.
    Uninstalled,
    /// It is the newest revision itself.
    Newest,
    /// It has the manifest of the revision that somebody wanted to leave: the newest operation was a rollback away from it,
    /// or it is such a one itself.
    Left,
    /// There is no such record.
    Missing,
    /// Its record cannot be decoded, for this reason.
    Undecodable(String),
    /// Its record could not be read here, for this reason.
    Unread(String),
}

/// Chooses the revision that a rollback goes to. `asked` is the number on the command line, of which Helm takes 0 for none.
///
/// Helm counts from the newest record that it can decode: it passes over others when it lists the history (Helm:
/// `pkg/storage/driver/secrets.go`, `Query`).
pub fn choose_target(history: &History, records: &BTreeMap<u64, TargetRecord>, asked: Option<u64>) -> Target {
    let chooser = Chooser::new(history, records);
    let current = chooser.current().map_or(0, |current| current.revision);
    let (revision, choice) = match asked.filter(|asked| *asked > 0) {
        Some(asked) => (asked, TargetChoice::Asked),
        None => (current.saturating_sub(1), TargetChoice::BeforeNewest),
    };
    Target {
        revision,
        choice,
        standing: chooser.standing(revision),
        last_good: chooser.last_good(),
        again: chooser.again(),
    }
}

/// What a choice looks at.
struct Chooser<'a> {
    history: &'a History,
    records: &'a BTreeMap<u64, TargetRecord>,
    /// The revisions that somebody left by a rollback.
    left: BTreeSet<u64>,
}

impl<'a> Chooser<'a> {
    fn new(history: &'a History, records: &'a BTreeMap<u64, TargetRecord>) -> Self {
        let mut chooser = Self {
            history,
            records,
            left: BTreeSet::new(),
        };
        // A rollback leaves the newest revision before it that is no rollback which failed.
        let mut before: Option<u64> = None;
        for stored in history.revisions() {
            let is_rollback = chooser.is_rollback(stored);
            if is_rollback {
                chooser.left.extend(before);
            }
            if !(is_rollback && (chooser.failed(stored) || stored.status.is_pending())) {
                before = Some(stored.revision);
            }
        }
        chooser
    }

    fn record(&self, revision: u64) -> Option<&'a TargetRecord> {
        self.records.get(&revision)
    }

    fn is_undecodable(&self, revision: u64) -> bool {
        let access = self.record(revision).map(|record| &record.access);
        matches!(access, Some(RecordAccess::Undecodable(_)))
    }

    /// The revisions that Helm sees, newest first.
    fn seen(&self) -> impl Iterator<Item = &'a StoredRevision> {
        let revisions = self.history.revisions().iter().rev();
        revisions.filter(|stored| !self.is_undecodable(stored.revision))
    }

    /// The revision that Helm takes for the newest.
    fn current(&self) -> Option<&'a StoredRevision> {
        self.seen().next()
    }

    fn manifest(&self, revision: u64) -> Option<u64> {
        self.record(revision)?.manifest
    }

    /// Whether the operation of a revision was a rollback. Helm writes "Rollback to N", and where it failed its error in
    /// place of that: `Rollback "NAME" failed`, or where only the waiting failed `Release "NAME" failed`, which is also
    /// what it writes of the first installation (Helm: `pkg/action/rollback.go`, `performRollback`; `install.go`,
    /// `failRelease`).
    fn is_rollback(&self, stored: &StoredRevision) -> bool {
        if stored.status == Status::PendingRollback {
            return true;
        }
        let Some(record) = self.record(stored.revision) else {
            return false;
        };
        record.rollback_to.is_some()
            || record.description.starts_with("Rollback ")
            || (stored.revision > 1
                && record.description.starts_with("Release \"")
                && record.description.contains("\" failed: "))
    }

    /// Whether the operation of a revision failed, by its status or by Helm's own words: a rollback that fails marks the
    /// newest revision as superseded, even one that never worked.
    fn failed(&self, stored: &StoredRevision) -> bool {
        stored.status == Status::Failed
            || self
                .record(stored.revision)
                .is_some_and(|record| description::is_failure(&record.description))
    }

    /// Whether somebody left this revision, or later another one with the same manifest.
    fn is_left(&self, revision: u64) -> bool {
        let manifest = self.manifest(revision);
        self.left.contains(&revision)
            || (manifest.is_some()
                && self
                    .left
                    .range(revision..)
                    .any(|left| self.manifest(*left) == manifest))
    }

    fn standing(&self, revision: u64) -> TargetStanding {
        let mut revisions = self.history.revisions().iter();
        let Some(stored) = revisions.find(|stored| stored.revision == revision) else {
            return TargetStanding::Missing;
        };
        match self.record(revision).map(|record| &record.access) {
            Some(RecordAccess::Undecodable(reason)) => return TargetStanding::Undecodable(reason.clone()),
            Some(RecordAccess::Unread(reason)) => return TargetStanding::Unread(reason.clone()),
            Some(RecordAccess::Missing) => return TargetStanding::Missing,
            Some(RecordAccess::Read) | None => {}
        }
        match stored.status {
            Status::Uninstalled => TargetStanding::Uninstalled,
            Status::PendingInstall
            | Status::PendingUpgrade
            | Status::PendingRollback
            | Status::Uninstalling => TargetStanding::Pending(stored.status),
            _ if self.failed(stored) => TargetStanding::Failed,
            _ if self.current().is_some_and(|current| current.revision == revision) => TargetStanding::Newest,
            _ if self.is_left(revision) => TargetStanding::Left,
            Status::Unknown | Status::Deployed | Status::Superseded | Status::Failed => TargetStanding::Good,
        }
    }

    /// The newest revision that worked and that nobody left. One with the manifest of the newest revision is no way back,
    /// where that is deployed.
    fn last_good(&self) -> Option<u64> {
        let current = self.current()?;
        let is_deployed = current.status == Status::Deployed;
        let same_as_current = |revision: u64| {
            let manifest = self.manifest(revision);
            is_deployed && manifest.is_some() && manifest == self.manifest(current.revision)
        };
        let good = self.good().find(|stored| {
            let is_below = stored.revision < current.revision || !is_deployed;
            is_below && !same_as_current(stored.revision)
        })?;
        Some(good.revision)
    }

    /// The revisions that worked and that nobody left, newest first.
    fn good(&self) -> impl Iterator<Item = &'a StoredRevision> {
        self.seen().filter(|stored| {
            matches!(stored.status, Status::Superseded | Status::Deployed)
                && !self.failed(stored)
                && !self.is_left(stored.revision)
        })
    }

    /// The deployed revision, where it has the manifest of an older one that worked.
    fn again(&self) -> Option<Again> {
        let current = self
            .current()
            .filter(|current| current.status == Status::Deployed)?;
        let manifest = self.manifest(current.revision)?;
        let mut older = self.good().filter(|stored| stored.revision < current.revision);
        let same = older.find(|stored| self.manifest(stored.revision) == Some(manifest))?;
        Some(Again {
            newest: current.revision,
            older: same.revision,
            before: older.next().map(|stored| stored.revision),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::stored::{Driver, RecordMetadata};

    /// Revision, status, Helm's description, number of the manifest; a description that begins with `!` is why the record
    /// cannot be decoded.
    type Row = (u64, &'static str, &'static str, u64);

    fn chosen(rows: &[Row], asked: Option<u64>) -> Target {
        let stored = rows.iter().map(|(revision, status, _, _)| {
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
        });
        let [history] = History::group(stored).try_into().unwrap();
        let record = |(revision, _, description, manifest): &Row| {
            let access = match description.strip_prefix('!') {
                Some(reason) => RecordAccess::Undecodable(reason.to_owned()),
                None => RecordAccess::Read,
            };
            let record = TargetRecord {
                access,
                description: (*description).to_owned(),
                rollback_to: None,
                manifest: Some(*manifest),
            };
            (*revision, record)
        };
        choose_target(&history, &rows.iter().map(record).collect(), asked)
    }

    /// Rows → what Helm takes without a number, how that stands, the last good revision.
    #[test]
    fn helm_takes_the_number_before_the_newest_whatever_became_of_it() {
        use TargetStanding::{Failed, Good, Left, Missing, Pending, Undecodable};
        const OK: &str = "Upgrade complete";
        const BAD: &str = "Upgrade \"web\" failed: no";
        let rows: [(&[Row], u64, TargetStanding, Option<u64>); 13] = [
            (
                &[(1, "superseded", OK, 1), (2, "deployed", OK, 2)],
                1,
                Good,
                Some(1),
            ),
            (&[(1, "deployed", OK, 1)], 0, Missing, None),
            (
                &[(1, "superseded", OK, 1), (3, "deployed", OK, 3)],
                2,
                Missing,
                Some(1),
            ),
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "failed", BAD, 2),
                    (3, "deployed", OK, 3),
                ],
                2,
                Failed,
                Some(1),
            ),
            // A failed rollback marked it as superseded.
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "superseded", BAD, 2),
                    (3, "failed", "Rollback \"web\" failed: no", 1),
                ],
                2,
                Failed,
                Some(1),
            ),
            (
                &[
                    (1, "deployed", OK, 1),
                    (2, "pending-upgrade", "Preparing upgrade", 2),
                    (3, "failed", BAD, 3),
                ],
                2,
                Pending(Status::PendingUpgrade),
                Some(1),
            ),
            // The record before cannot be decoded; nor can the newest, so that Helm counts from the one below it.
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "superseded", "!cut off", 2),
                    (3, "deployed", OK, 3),
                ],
                2,
                Undecodable("cut off".into()),
                Some(1),
            ),
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "superseded", OK, 2),
                    (3, "deployed", "!cut off", 3),
                ],
                1,
                Good,
                Some(2),
            ),
            // The rollback to revision 1 timed out: revision 2 is what somebody wanted to leave, though it is deployed.
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "deployed", OK, 2),
                    (3, "failed", "Release \"web\" failed: timed out", 1),
                ],
                2,
                Left,
                Some(1),
            ),
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "deployed", OK, 2),
                    (3, "pending-rollback", "Rollback to 1", 1),
                ],
                2,
                Left,
                Some(1),
            ),
            // So is it where the rollback worked, and then revision 1 has nothing that revision 3 has not.
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "superseded", OK, 2),
                    (3, "deployed", "Rollback to 1", 1),
                ],
                2,
                Left,
                None,
            ),
            // Two rollbacks failed; before them, the bad manifest had been tried twice.
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "superseded", OK, 2),
                    (3, "superseded", OK, 2),
                    (4, "failed", "Rollback \"web\" failed: no", 1),
                    (5, "failed", "Rollback \"web\" failed: no", 1),
                ],
                4,
                Failed,
                Some(1),
            ),
            // What was left once and deployed again since, with the same manifest, works.
            (
                &[
                    (1, "superseded", OK, 1),
                    (2, "superseded", OK, 2),
                    (3, "superseded", "Rollback to 1", 1),
                    (4, "superseded", OK, 2),
                    (5, "deployed", OK, 5),
                ],
                4,
                Good,
                Some(4),
            ),
        ];
        for (rows, revision, standing, last_good) in rows {
            let target = chosen(rows, None);
            assert_eq!(
                (target.revision, &target.standing, target.last_good),
                (revision, &standing, last_good),
                "{rows:?}"
            );
            assert_eq!(target.choice, TargetChoice::BeforeNewest);
        }
    }

    /// A rollback makes the last good revision the newest, so that no other one may be left to go to.
    #[test]
    fn the_deployed_revision_may_be_an_older_one_again() {
        let rows = [
            (1, "superseded", "Install complete", 1),
            (2, "superseded", "Upgrade complete", 2),
            (3, "superseded", "Rollback to 1", 1),
            (4, "superseded", "Upgrade complete", 4),
            (5, "deployed", "Rollback to 3", 1),
        ];
        let again = |older, before| {
            Some(Again {
                newest: 5,
                older,
                before,
            })
        };
        assert_eq!(chosen(&rows, None).again, again(3, Some(1)));
        let without_first = [rows[1], rows[2], rows[3], rows[4]];
        assert_eq!(chosen(&without_first, None).again, again(3, None));
        let other = [rows[0], rows[1]];
        assert_eq!(chosen(&other, None).again, None);
    }

    #[test]
    fn a_number_is_taken_as_it_is() {
        let rows = [
            (1, "superseded", "Install complete", 1),
            (2, "superseded", "Upgrade complete", 2),
            (3, "deployed", "Upgrade complete", 3),
        ];
        for (asked, revision, standing) in [
            (Some(1), 1, TargetStanding::Good),
            (Some(3), 3, TargetStanding::Newest),
            (Some(7), 7, TargetStanding::Missing),
            (Some(0), 2, TargetStanding::Good),
        ] {
            let target = chosen(&rows, asked);
            assert_eq!(
                (target.revision, target.standing),
                (revision, standing),
                "{asked:?}"
            );
        }
    }
}
