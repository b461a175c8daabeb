//! The ways out of an operation that did not complete: which commands Helm accepts in that state, and in which order they do
//! the least harm.
//!
//! A rollback has to build the manifest of the newest revision and that of its target before it writes anything, and leaves a
//! lock behind where it cannot (Helm: `pkg/action/rollback.go`, `performRollback`); an upgrade refuses while a revision is
//! pending, and builds that of the deployed revision (Helm: `pkg/action/upgrade.go`, `prepareUpgrade`).

use super::advice;
use super::deletions::weigh;
use super::description::{self, Cause};
use super::entry::ADVISED;
use super::good::good;
use super::release_facts::{BlockedObject, ReleaseFacts};
use super::steps::Step;
use crate::classify::blocked::Block;
use crate::release::stored::{Status, StoredRevision};

/// Which of the manifests that Helm has to build have kinds that the API server does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unserved {
    /// None.
    None,
    /// Only the deployed one, to which a rollback would return.
    Deployed,
    /// The newest one, from which every rollback starts.
    Newest,
}

fn unserved(facts: &ReleaseFacts<'_>) -> Unserved {
    let kinds = &facts.objects.not_served;
    if !kinds.newest.is_empty() {
        Unserved::Newest
    } else if !kinds.baseline.is_empty() {
        Unserved::Deployed
    } else {
        Unserved::None
    }
}

/// The revision that the newest operation went back to, if it was a rollback.
///
/// Helm 4 records it. Helm 3 says it in its description, which the error replaces when the rollback fails; then the revision
/// is the one with the same objects.
pub(super) fn rollback_target(facts: &ReleaseFacts<'_>) -> Option<u64> {
    let latest = facts.history.latest()?;
    let record = facts.newest_record()?;
    let is_rollback =
        latest.status == Status::PendingRollback || description::is_of_rollback(&record.description);
    let recorded = Some(record.rollback_revision).filter(|revision| *revision > 0);
    let target = recorded
        .or_else(|| description::rollback_target(&record.description))
        .or_else(|| older_with_the_same_objects(facts, latest.revision).filter(|_| is_rollback))?;
    (target < latest.revision).then_some(target)
}

fn older_with_the_same_objects(facts: &ReleaseFacts<'_>, newest: u64) -> Option<u64> {
    let manifest = facts.records.get(&newest)?.manifest?;
    let mut older = facts.records.range(..newest).rev();
    let alike = older.find(|(_, record)| record.manifest == Some(manifest));
    alike.map(|(revision, _)| *revision)
}

/// Whether the record of the revision that was deployed is gone. Besides that only a failed rollback leaves none deployed.
pub(super) fn has_lost_deployed(facts: &ReleaseFacts<'_>) -> bool {
    let Some(good) = good(facts).filter(|_| facts.history.baseline().is_none()) else {
        return false;
    };
    let mut later = facts
        .history
        .revisions()
        .iter()
        .filter(|stored| stored.revision > good);
    let is_explained = later.any(|stored| {
        let record = facts.records.get(&stored.revision);
        stored.status == Status::PendingRollback
            || stored.status == Status::Uninstalled
            || stored.status == Status::Uninstalling
            || record.is_none_or(|record| {
                record.rollback_revision > 0 || description::is_of_rollback(&record.description)
            })
    });
    !is_explained
}

/// The objects that a rollback to the deployed revision fails at, whatever flags it has: the live object differs from that
/// revision in a way that the API server does not let anybody undo.
pub(super) fn refused<'f>(facts: &ReleaseFacts<'f>) -> Vec<&'f BlockedObject> {
    let blocked = facts.objects.blocked.iter();
    let refused = blocked.filter(|object| match object.block {
        Block::Refused { .. } => !facts.objects.is_foreign(&object.key),
        Block::Conflict(_) => false,
    });
    refused.collect()
}

/// The steps before every change: commands that read, wait and save copies.
fn preparations(facts: &ReleaseFacts<'_>, latest: &StoredRevision, other: Option<u64>) -> Vec<Step> {
    let commands = facts.commands();
    let mut steps = vec![commands.history(), commands.events()];
    match facts.failure() {
        Some(Cause::Webhook) => steps.push(advice::webhooks()),
        Some(Cause::Quota) => steps.push(advice::quotas(commands)),
        Some(_) | None => {}
    }
    if facts.objects.namespace_deleted.is_some() || facts.failure() == Some(Cause::Terminating) {
        steps.push(advice::describe_namespace(commands));
    }
    let terminating = facts.objects.observed.iter().filter(|object| {
        object
            .observed
            .as_ref()
            .is_some_and(|observed| observed.deleting.is_some())
    });
    let awaited = terminating.take(ADVISED);
    steps.extend(awaited.map(|object| advice::await_deletion(&object.key)));
    let mut revisions: Vec<u64> = other.into_iter().chain([latest.revision]).collect();
    revisions.dedup();
    steps.extend(commands.backup(&revisions));
    steps
}

/// The steps that recover a release from a pending operation.
pub(super) fn out_of_pending(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Vec<Step> {
    let baseline = facts.history.baseline().map(|baseline| baseline.revision);
    let mut steps = preparations(facts, latest, baseline);
    if facts.objects.namespace_deleted.is_some() {
        return steps;
    }
    steps.extend(match (latest.status, unserved(facts)) {
        (Status::Uninstalling, Unserved::Newest) => out_of_uninstall_without_kinds(facts, latest),
        (Status::Uninstalling, Unserved::None | Unserved::Deployed) => out_of_uninstall(facts, latest),
        (_, Unserved::Newest) => vec![forget_unserved(facts, latest)],
        (_, unserved) => match baseline {
            Some(baseline) => out_of_upgrade_or_rollback(facts, latest, baseline, unserved),
            None => out_of_installation(facts, latest),
        },
    });
    weigh(facts, steps)
}

fn out_of_uninstall(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Vec<Step> {
    let commands = facts.commands();
    vec![
        commands.rollback(
            latest.revision,
            "restores the release: Helm accepts a rollback in this state",
            &[],
        ),
        commands.uninstall("alternative: finish the uninstall, once nothing blocks it", &[]),
        commands.uninstall("only if a hook blocks the uninstall", &["--no-hooks"]),
    ]
}

/// Neither an uninstallation nor a rollback gets past a kind that is gone, and the record is the only list of what is left.
fn out_of_uninstall_without_kinds(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Vec<Step> {
    let commands = facts.commands();
    vec![
        commands.uninstall(
            "once the API server serves the kind again: its CustomResourceDefinition has to be back, or Helm fails again",
            &["--no-hooks"],
        ),
        commands.delete_manifest(
            latest.revision,
            "only if the kind is gone for good, and with it all objects of it: deletes the others; kubectl complains of the kind \
             that is gone, and goes on",
        ),
        commands.delete_records("only after that: the record is the only list of what the release has"),
    ]
}

/// No rollback gets past a kind that is gone.
fn forget_unserved(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Step {
    let why = match facts.history.baseline() {
        Some(_) if facts.objects.not_served.baseline.is_empty() => {
            "every rollback fails, because the API server does not serve a kind of this revision; after this the next upgrade \
             starts from the deployed revision"
        }
        Some(_) => {
            "only if the kind is gone for good: every rollback fails, because the API server does not serve a kind of this \
             revision; the deployed revision has such a kind, too, so that upgrades fail after this as well"
        }
        None => {
            "every rollback fails, because the API server does not serve a kind of this revision; after this install again, and \
             Helm adopts the objects whose annotations name the release"
        }
    };
    facts.commands().delete_record(latest, why)
}

fn out_of_upgrade_or_rollback(
    facts: &ReleaseFacts<'_>,
    latest: &StoredRevision,
    baseline: u64,
    unserved: Unserved,
) -> Vec<Step> {
    let commands = facts.commands();
    // A rollback that is pending may have stopped at one of its hooks, which the next one would run again.
    let options: &[&'static str] = match latest.status {
        Status::PendingRollback => &["--no-hooks"],
        Status::Unknown
        | Status::Deployed
        | Status::Uninstalled
        | Status::Superseded
        | Status::Failed
        | Status::Uninstalling
        | Status::PendingInstall
        | Status::PendingUpgrade => &[],
    };
    let complete = |why: &str| commands.rollback(latest.revision, why, options);
    let forget = |why: &str| commands.delete_record(latest, why);
    if unserved == Unserved::Deployed {
        return vec![
            complete(
                "the only way out by Helm: completes the operation by re-applying its stored manifest (no chart needed); a rollback \
                 to the deployed revision fails, because the API server does not serve a kind of it",
            ),
            forget(
                "only if that fails, and once the API server serves the kind again: the next upgrade starts from the deployed revision",
            ),
        ];
    }
    let fallback = "only if no rollback succeeds: the next upgrade starts from the deployed revision";
    let target = rollback_target(facts);
    if target == Some(baseline) {
        return vec![
            commands.rollback(
                baseline,
                "completes the rollback, whose target is the deployed revision, by applying that again; without its hooks, at one \
                 of which it may have stopped",
                options,
            ),
            forget(fallback),
        ];
    }
    if let Some(target) = target {
        let why = format!(
            "completes the rollback to revision {target} by re-applying its stored manifest; without its hooks, at one of which it \
             may have stopped"
        );
        return vec![
            going_on(complete(&why), latest),
            commands.rollback(
                baseline,
                "alternative: stay at the deployed revision, which the rollback was to leave",
                options,
            ),
            forget(fallback),
        ];
    }
    vec![
        commands.rollback(
            baseline,
            "returns to the deployed revision: Helm accepts a rollback in this state",
            options,
        ),
        complete(
            "alternative: complete the operation by re-applying its stored manifest (no chart needed); upgrade hooks do not run",
        ),
        forget(fallback),
    ]
}

fn out_of_installation(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Vec<Step> {
    let commands = facts.commands();
    vec![
        commands.rollback(
            latest.revision,
            "completes the installation by re-applying its stored manifest (no chart needed); install hooks do not run",
            &[],
        ),
        commands.delete_record(
            latest,
            "only if that fails: then install again, and Helm adopts the objects whose annotations name the release",
        ),
        commands.uninstall("alternative: remove the release, if nothing of it is needed", &[]),
    ]
}

/// The steps that recover a release from a failed operation. `good` is the revision to return to, if there is one.
pub(super) fn out_of_failure(
    facts: &ReleaseFacts<'_>,
    latest: &StoredRevision,
    good: Option<u64>,
    failure: Cause,
) -> Vec<Step> {
    let mut steps = preparations(facts, latest, good);
    if facts.objects.namespace_deleted.is_some() || failure == Cause::Terminating {
        return steps;
    }
    steps.extend(changes_after_failure(facts, latest, good, failure));
    weigh(facts, steps)
}

/// The steps that follow the preparations, without what they take with them.
fn changes_after_failure(
    facts: &ReleaseFacts<'_>,
    latest: &StoredRevision,
    good: Option<u64>,
    failure: Cause,
) -> Vec<Step> {
    let commands = facts.commands();
    let mut steps = Vec::new();
    let upgrade = |why: &str| {
        let record = facts.records.get(&latest.revision);
        commands.upgrade(
            record.and_then(|record| record.chart.as_ref()),
            latest.revision,
            why,
        )
    };
    let again = |why: &str| commands.rollback(latest.revision, why, &[]);
    let Some(good) = good else {
        if failure == Cause::Timeout {
            steps.push(again(ONCE_READY));
        }
        steps.push(upgrade(
            "once the cause is fixed: Helm can upgrade a failed installation; install hooks do not run",
        ));
        steps.push(commands.uninstall("only to start over", &[]));
        return steps;
    };
    if unserved(facts) == Unserved::Newest {
        steps.push(upgrade(
            "once the chart has no kind that the API server does not serve: no rollback gets past the one that failed",
        ));
        steps.push(forget_unserved(facts, latest));
        return steps;
    }
    if unserved(facts) == Unserved::Deployed {
        steps.push(again(
            "once the cause is fixed: applies the same manifest again; a rollback to the deployed revision fails, because the API \
             server does not serve a kind of it, and so does every upgrade",
        ));
        return steps;
    }
    if has_lost_deployed(facts) {
        steps.push(upgrade(
            "with the chart and the values that were deployed, in place of those of the failed revision: makes them the deployed \
             ones again, and changes little",
        ));
        steps.push(downgrade(facts, good));
        return steps;
    }
    let refused = refused(facts).into_iter().take(ADVISED);
    steps.extend(refused.map(|object| advice::save_object(&object.key)));
    let target = rollback_target(facts);
    let go_on = |why: &str| going_on(again(why), latest);
    match (target, failure) {
        (Some(target), failure) if target == good => {
            steps.extend(mending(facts));
            let once = match failure {
                Cause::Timeout => "once everything is ready",
                _ => "once the cause is fixed",
            };
            steps.push(commands.rollback(
                good,
                &format!("{once}: returns to the last good revision, as the rollback that failed was to do"),
                &[],
            ));
        }
        (Some(target), Cause::Timeout) => {
            steps.push(go_on(&format!(
                "completes the rollback to revision {target}, once everything is ready: applies the same manifest again and marks \
                 it as deployed"
            )));
            steps.extend(mending(facts));
            steps.push(commands.rollback(
                good,
                "alternative: return to the revision that the rollback was to leave",
                &[],
            ));
        }
        // What others own is taken over by the flag that the command has: the rollback can go on.
        (Some(target), Cause::Conflict) => {
            steps.extend(mending(facts));
            steps.push(go_on(&format!(
                "goes on to revision {target}, as the rollback was to do, and takes over what others own"
            )));
            steps.push(commands.rollback(
                good,
                "alternative: return to the revision before the rollback",
                &[],
            ));
        }
        (target, failure) => {
            steps.extend(mending(facts));
            steps.push(commands.rollback(
                good,
                match target {
                    Some(_) => "returns to the revision before the rollback",
                    None if facts.history.baseline().is_none() => {
                        "returns to the revision that was deployed last"
                    }
                    None => "returns to the last good revision",
                },
                &[],
            ));
            if let Some(target) = target {
                steps.push(go_on(&format!(
                    "alternative, once the cause is fixed: go on to revision {target}, as the rollback was to do"
                )));
            } else if failure == Cause::Timeout {
                steps.push(again(ONCE_READY));
            }
        }
    }
    steps.push(upgrade("alternative, once the cause is fixed: upgrade again"));
    steps
}

/// A step that goes on with a rollback. Helm starts from the newest revision, which does not have what the rollback was to
/// delete.
fn going_on(mut step: Step, latest: &StoredRevision) -> Step {
    step.add_change(Some(format!(
        "what the rollback was to delete and did not stays, as revision {} has it no longer",
        latest.revision
    )));
    step
}

const ONCE_READY: &str =
    "alternative, once everything is ready: applies the same manifest again and marks it as deployed";

/// A rollback past revisions whose records are gone.
pub(super) fn downgrade(facts: &ReleaseFacts<'_>, good: u64) -> Step {
    let mut step = facts.commands().rollback(
        good,
        "only if nothing is needed that came after this revision: it is older than the one that was deployed",
        &[],
    );
    step.add_change(Some(
        "objects that only the lost revision has stay, and no record names them".to_owned(),
    ));
    step
}

/// The steps without which a rollback to the deployed revision fails as the upgrade did.
fn mending(facts: &ReleaseFacts<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for object in refused(facts).into_iter().take(ADVISED) {
        let key = &object.key;
        let patch = facts.objects.drift.patch(key);
        steps.extend(patch.map(|patch| advice::set_back(key, patch)));
        steps.push(advice::make_anew(
            key,
            if patch.is_some() {
                "only if the API server refuses that: the rollback creates it again"
            } else {
                "first, because the rollback fails at this object as it is: the rollback creates it again"
            },
        ));
    }
    steps
}
