//! The health of a release as a whole, and the commands that recover it, safest first.
//!
//! From the metadata of all revisions, the records of those that matter, and the objects of a release whose newest
//! operation did not complete. Every diagnosis comes with its evidence. Nothing here changes anything: advice is for
//! people, who know what else is going on.
//!
//! What Helm accepts in which state is in its `pkg/action`: an upgrade refuses while the newest revision is pending, a
//! rollback and an uninstall do not (`upgrade.go`, `prepareUpgrade`; `rollback.go`; `uninstall.go`).

mod advice;
mod description;
pub mod detail;
mod entry;
mod half_upgraded;
mod hooks;
mod newest_operation;
mod no_baseline;
mod objects;
pub mod observe;
pub mod readiness;
mod release_facts;
mod revisions;
mod steps;

use self::advice::Commands;
pub use self::advice::Contested;
pub use self::entry::remark;
pub use self::release_facts::{
    ForeignObject, NotServedKinds, ObjectFacts, ObservedObject, RecordFacts, ReleaseFacts,
};
use self::steps::with;
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
        // These entries call for no action, so a scan leaves them out.
        Depth::Comparison => {}
        Depth::History => {
            health.extend(hooks::left_over(facts));
            health.extend(revisions::changed_definitions(facts));
        }
    }
    health.extend(objects::blocked_by_finalizers(facts));
    health.extend(objects::added_objects_of_others(facts));
    health.extend(objects::taken_over(facts));
    health.extend(objects::left_over(facts));
    health.extend(objects::not_served(facts));
    health
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
