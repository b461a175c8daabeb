//! The health of a release as a whole, and the commands that recover it, safest first.
//!
//! From the metadata of all revisions, the records of those that matter, and the objects of a release whose newest
//! operation did not complete. Every diagnosis comes with its evidence. Nothing here changes anything: advice is for
//! people, who know what else is going on.
//!
//! What Helm accepts in which state is in its `pkg/action`: an upgrade refuses while the newest revision is pending, a
//! rollback and an uninstall do not (`upgrade.go`, `prepareUpgrade`; `rollback.go`; `uninstall.go`).

pub(crate) mod advice;
mod deletions;
pub(crate) mod description;
pub mod detail;
mod drift;
pub(crate) mod entry;
mod gitops;
mod good;
mod half_upgraded;
mod hook_runs;
mod hooks;
mod losses;
mod missing;
mod newest_operation;
mod no_baseline;
mod objects;
pub mod observe;
pub mod orphans;
pub mod readiness;
mod release_facts;
mod revisions;
pub(crate) mod steps;
mod upgrade_blocked;
mod way_out;

use self::advice::Commands;
pub use self::advice::Contested;
pub use self::drift::Drift;
pub use self::entry::remark;
pub(crate) use self::gitops::wait_before;
pub use self::gitops::{Marks, ObjectMarks, managed_by};
pub use self::good::good_revision;
pub use self::half_upgraded::differing_attempt;
pub use self::release_facts::{
    BlockedObject, ClaimedObject, ForeignObject, NotServedKinds, ObjectFacts, ObservedObject, OtherReleases,
    RecordFacts, ReleaseFacts,
};
use self::steps::with;
pub(crate) use self::upgrade_blocked::place_of_blocked_upgrade;
use crate::model::Health;
use crate::release::decode::DecodeError;
use crate::release::history::Depth;
use crate::release::stored::StoredRevision;
use crate::vocabulary::{ApplyMethod, HealthCode, HealthSeverity};

/// Everything that is noteworthy about a release beyond its objects.
pub fn diagnose(facts: &ReleaseFacts<'_>) -> Vec<Health> {
    let mut health = revisions::mismatched_metadata(facts);
    health.extend(revisions::several_deployed(facts));
    health.extend(revisions::bloat(facts));
    health.extend(newest_operation::pending_or_failed(facts));
    health.extend(half_upgraded::half_upgraded(facts));
    health.extend(no_baseline::no_baseline(facts));
    health.extend(hooks::failed_or_running(facts));
    match facts.depth {
        // These entries call for no action, or a scan tells the same of the objects, so it leaves them out.
        Depth::Comparison => {}
        Depth::History | Depth::Rollback(_) => {
            health.extend(hooks::left_over(facts));
            health.extend(revisions::changed_definitions(facts));
            health.extend(missing::missing(facts));
        }
    }
    health.extend(objects::blocked_by_finalizers(facts));
    health.extend(objects::added_objects_of_others(facts));
    health.extend(objects::taken_over(facts));
    health.extend(objects::left_over(facts));
    health.extend(objects::claimed_by_others(facts));
    health.extend(objects::not_served(facts));
    health.extend(upgrade_blocked::upgrade_blocked(facts));
    for entry in &mut health {
        withhold_writes(facts, entry);
        gitops::wait_first(facts, entry);
    }
    health
}

/// The newest revision, if its operation is pending and may still be running.
pub fn running<'f>(facts: &ReleaseFacts<'f>) -> Option<&'f StoredRevision> {
    let latest = facts.history.latest()?;
    newest_operation::may_be_running(facts, latest).then_some(latest)
}

/// Leaves out the commands by which Helm writes the objects of a revision, where some of these objects are not provably the
/// release's, or not even known: Helm overwrites and deletes objects without asking whose they are (Helm:
/// `pkg/action/rollback.go`, `uninstall.go`), and whoever forged the record could have it done by an administrator.
fn withhold_writes(facts: &ReleaseFacts<'_>, entry: &mut Health) {
    if !has_writes_of_helm(entry.code) {
        return;
    }
    let Some(reason) = unproven_writes(facts) else {
        return;
    };
    let before = entry.advice.len();
    entry.advice.retain(|advice| !advice.destructive);
    if entry.advice.len() < before {
        entry.evidence.push(format!(
            "commands that change the release are left out: {reason}, and Helm overwrites and deletes objects without asking who \
             owns them"
        ));
    }
}

/// Why Helm may write objects that are not the release's.
pub(crate) fn unproven_writes(facts: &ReleaseFacts<'_>) -> Option<String> {
    let unproven = &facts.objects.unproven;
    if !unproven.is_empty() {
        return Some(format!(
            "its manifest names objects outside of its namespace that do not exist or are not owned by it ({})",
            entry::named(unproven.iter())
        ));
    }
    let newest = facts
        .history
        .latest()
        .into_iter()
        .chain(facts.history.attempted());
    let mut unread = newest.filter(|stored| !facts.records.contains_key(&stored.revision));
    unread.next().map(|stored| {
        format!(
            "which objects revision {} has is not known, because its record could not be read",
            stored.revision
        )
    })
}

/// Whether the advice of a code has commands by which Helm writes all objects of a revision.
const fn has_writes_of_helm(code: HealthCode) -> bool {
    match code {
        HealthCode::NoBaseline
        | HealthCode::FailedUpgrade
        | HealthCode::FailedInstall
        | HealthCode::InProgress
        | HealthCode::Stuck
        | HealthCode::SeveralDeployed
        | HealthCode::HalfUpgraded
        | HealthCode::MissingObjects
        | HealthCode::UpgradeBlocked
        | HealthCode::RollbackBlocked
        | HealthCode::RollbackLoses => true,
        HealthCode::Undecodable
        | HealthCode::IdentityMismatch
        | HealthCode::ApiRemoved
        | HealthCode::ChangedDuringScan
        | HealthCode::HookFailed
        | HealthCode::HookRunning
        | HealthCode::LeftoverObjects
        | HealthCode::BlockedByFinalizer
        | HealthCode::HistoryBloat
        | HealthCode::OwnershipConflict
        | HealthCode::LeftoverHooks
        | HealthCode::ChartCrdsChanged => false,
    }
}

/// A record that cannot be decoded.
pub fn undecodable(revision: &StoredRevision, error: &DecodeError) -> Health {
    let release = &revision.release;
    let commands = Commands {
        key: release,
        method: ApplyMethod::Csa,
        contested: Contested::No,
    };
    let mut steps = vec![commands.history()];
    steps.extend(commands.backup(&[]));
    steps.push(commands.delete_record(
        revision,
        "only if there is no copy to restore it from: Helm skips the record when it looks for the newest revision, and then \
         fails to create the next one",
    ));
    with(
        remark(
            HealthCode::Undecodable,
            HealthSeverity::Critical,
            format!(
                "revision {} cannot be decoded: {} {}/{}: {error}",
                revision.revision, release.driver, release.namespace, revision.object
            ),
        ),
        Vec::new(),
        steps,
    )
}

#[cfg(test)]
mod tests;
