//! The newest operation: whether it still runs, was killed or failed, and how to recover from it.
//!
//! What Helm leaves behind in which state was tried with Helm 3.22 and 4.3. Some of it surprises: a rollback or an
//! uninstall whose hook fails stays pending although Helm ended (Helm: `pkg/action/rollback.go`, `uninstall.go`); so does
//! an operation whose record has become too large to be written once more; and a rollback that fails leaves no revision
//! deployed.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::description::{self, Cause};
use super::entry::{first_of, human, listed, moment, remark};
use super::good::good;
use super::hook_runs::has_failed;
use super::release_facts::{BlockedObject, ObservedObject, ReleaseFacts};
use super::revisions::{LIMIT, percent_of_limit};
use super::steps::{Effect, Step, with};
use super::way_out::{has_lost_deployed, out_of_failure, out_of_pending, refused, rollback_target};
use crate::classify::blocked::Block;
use crate::model::Health;
use crate::object::ObjectKey;
use crate::release::history::Depth;
use crate::release::stored::{Status, StoredRevision};
use crate::vocabulary::{HealthCode, HealthSeverity};

/// The difference from which on two clocks are reported. A large chart takes some time to be rendered, too.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// The entry about the newest operation, if it is pending or failed.
pub(super) fn pending_or_failed(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let latest = facts.history.latest()?;
    if latest.status.is_pending() {
        Some(pending(facts, latest))
    } else if latest.status == Status::Failed {
        Some(failed(facts, latest))
    } else {
        None
    }
}

/// The time since the last write to the record or to an object. Helm does not touch the record while it
/// waits. Without a time nothing proves that Helm still runs, and a clock ahead of ours is no age.
fn silence(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Option<TimeDelta> {
    let written = last_object_write(facts).map(|(_, time)| time);
    let last = latest.written.max(written)?;
    Some((facts.now - last).max(TimeDelta::zero()))
}

/// Whether an operation is pending, and young enough to be running.
pub(super) fn may_be_running(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> bool {
    latest.status.is_pending()
        && !has_ended_at_a_hook(facts, latest)
        && silence(facts, latest).is_some_and(|age| age < facts.stuck_after)
}

/// Whether a rollback or an uninstallation ended at a hook that failed: Helm leaves it pending then (Helm:
/// `pkg/action/rollback.go`, `performRollback`; `uninstall.go`, `Run`).
fn has_ended_at_a_hook(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> bool {
    matches!(latest.status, Status::PendingRollback | Status::Uninstalling) && has_failed(facts, latest)
}

/// A pending operation: it runs, or Helm was killed.
fn pending(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Health {
    let what = format!("revision {} is {}", latest.revision, latest.status.as_str());
    let written = last_object_write(facts);
    let mut evidence: Vec<String> = written_at(latest).into_iter().collect();
    if let Some((object, time)) = written {
        let time = moment(time);
        evidence.push(format!(
            "the last write in Helm's name was to {} at {time}",
            object.key
        ));
    }
    evidence.extend(skew(facts, latest));
    let age = silence(facts, latest);
    let commands = facts.commands();
    match age {
        Some(age) if may_be_running(facts, latest) => {
            let message = format!(
                "{what}, last written {} ago; Helm refuses upgrades until it ends",
                human(age)
            );
            evidence.push(format!(
                "it counts as stuck after {} without a write: in {}",
                human(facts.stuck_after),
                human(facts.stuck_after - age)
            ));
            let mut steps = vec![commands.watch_record(latest)];
            match facts.depth {
                // Whoever looks at a single release may know more of the process than its record says.
                Depth::History | Depth::Rollback(_) => {
                    evidence.push(
                        "if the Helm process is known to be gone, because its terminal, its job or its machine is, then nothing \
                         ends the operation, and the commands that change something are the way out; while it runs, they would \
                         meet it"
                            .to_owned(),
                    );
                    steps.extend(out_of_pending(facts, latest).into_iter().map(if_gone));
                }
                Depth::Comparison => steps.push(commands.events()),
            }
            with(
                remark(HealthCode::InProgress, HealthSeverity::Info, message),
                evidence,
                steps,
            )
        }
        age => {
            let gone = if has_ended_at_a_hook(facts, latest) {
                "and a hook of it failed, so that Helm has ended".to_owned()
            } else {
                let written = match age {
                    Some(age) => format!("{} ago: longer than {}", human(age), human(facts.stuck_after)),
                    None => "at an unknown time".to_owned(),
                };
                format!("last written {written}, so the Helm process is probably gone")
            };
            let message = format!("{what}, {gone}; Helm refuses upgrades until this is mended");
            let kinds = &facts.objects.not_served.newest;
            if kinds.is_empty() {
                evidence.extend(why_pending(facts, latest));
            } else {
                evidence.push(unserved(latest, kinds));
            }
            evidence.extend(goes_back(facts));
            evidence.extend(namespace_goes(facts));
            with(
                remark(HealthCode::Stuck, HealthSeverity::Critical, message),
                evidence,
                out_of_pending(facts, latest),
            )
        }
    }
}

/// A step out of an operation that may still run.
fn if_gone(step: Step) -> Step {
    match step.effect {
        Effect::Reads | Effect::Saves => step,
        Effect::Destroys => Step {
            why: format!("only if the Helm process is known to be gone: {}", step.why),
            ..step
        },
    }
}

fn written_at(revision: &StoredRevision) -> Option<String> {
    let time = moment(revision.written?);
    Some(format!(
        "the record of revision {} was last written at {time}",
        revision.revision
    ))
}

/// The difference between the clock of the machine that ran Helm and the API server's, by which all ages are measured.
fn skew(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Option<String> {
    let begun = facts.records.get(&latest.revision)?.deployed_at?;
    let created = latest.created?;
    let difference = (begun - created).abs();
    (difference > SKEW).then(|| {
        format!(
            "Helm recorded that it began at {}, the API server created the record at {}: the clocks differ by {}",
            moment(begun),
            moment(created),
            human(difference)
        )
    })
}

/// The last write to any object in Helm's name.
fn last_object_write<'a>(facts: &ReleaseFacts<'a>) -> Option<(&'a ObservedObject, DateTime<Utc>)> {
    facts
        .objects
        .observed
        .iter()
        .filter_map(|object| Some((object, object.observed.as_ref()?.written?)))
        .max_by_key(|(_, time)| *time)
}

/// The kinds of the newest revision by which Helm fails whatever it is to do.
fn unserved(latest: &StoredRevision, kinds: &BTreeSet<String>) -> String {
    format!(
        "the API server does not serve {} of revision {}: Helm cannot read the manifest, and fails before it writes or deletes \
         anything",
        listed(kinds.iter().cloned()),
        latest.revision
    )
}

/// The reason why an operation may be pending although nobody killed Helm.
fn why_pending(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Option<String> {
    let bytes = facts
        .records
        .get(&latest.revision)
        .and_then(|record| record.bytes);
    if let Some(bytes) = bytes.filter(|bytes| percent_of_limit(*bytes) >= 99) {
        return Some(format!(
            "its record has {bytes} of at most {LIMIT} bytes: Helm may have finished and could not write the outcome into it"
        ));
    }
    match latest.status {
        Status::PendingRollback | Status::Uninstalling => Some(
            "a rollback or an uninstall also stays pending when one of its hooks failed or timed out, or when Helm was \
             interrupted"
                .to_owned(),
        ),
        Status::PendingInstall | Status::PendingUpgrade => Some(
            "Helm records an interrupted installation or upgrade as failed, so this Helm process was killed, or lost its \
             machine or its connection"
                .to_owned(),
        ),
        Status::Unknown
        | Status::Deployed
        | Status::Uninstalled
        | Status::Superseded
        | Status::Failed => None,
    }
}

/// A failed operation: its cause, and how to recover from it.
fn failed(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Health {
    let record = facts.records.get(&latest.revision);
    let description = record
        .map(|record| record.description.as_str())
        .unwrap_or_default();
    let failure = description::cause(description);
    let baseline = facts.history.baseline().map(|baseline| baseline.revision);
    let good = good(facts);
    let mut evidence = Vec::new();
    if !description.is_empty() {
        evidence.push(format!("Helm says: {}", description::without_values(description)));
    }
    evidence.extend(drift_of_the_named(facts, description));
    evidence.extend(written_at(latest));
    evidence.extend(skew(facts, latest));
    evidence.extend(goes_back(facts));
    evidence.extend(namespace_goes(facts));
    let kinds = &facts.objects.not_served.newest;
    evidence.extend((!kinds.is_empty()).then(|| unserved(latest, kinds)));
    let refused = refused(facts);
    if refused.is_empty() || !matches!(failure, Cause::Immutable | Cause::Invalid) {
        evidence.extend(meaning(failure).map(str::to_owned));
    }
    evidence.extend(first_of(
        refused.into_iter().map(|object| fails_again(facts, object)),
    ));
    if has_lost_deployed(facts) {
        evidence.push(LOST.to_owned());
    } else if baseline.is_none() && good.is_some() {
        evidence.push(
            "a failed rollback leaves no revision deployed; every further attempt with --history-max may delete the last \
             good revision"
                .to_owned(),
        );
    }
    evidence.push(
        "with --rollback-on-failure (in Helm 3: --atomic) Helm rolls a failed operation back by itself; --cleanup-on-fail \
         only deletes the objects that it created"
            .to_owned(),
    );
    let newest = latest.revision;
    let (code, message) = match (baseline, good) {
        (Some(baseline), _) => (
            HealthCode::FailedUpgrade,
            format!("revision {newest} failed; revision {baseline} is deployed"),
        ),
        (None, Some(good)) => (
            HealthCode::FailedUpgrade,
            format!(
                "revision {newest} failed and no revision is deployed; the one that was deployed last is revision {good}"
            ),
        ),
        (None, None) => (
            HealthCode::FailedInstall,
            format!("revision {newest} failed and no revision is deployed"),
        ),
    };
    with(
        remark(code, HealthSeverity::Critical, message),
        evidence,
        out_of_failure(facts, latest, good, failure),
    )
}

/// What follows from the loss of the record that was deployed.
pub(super) const LOST: &str = "the record of the revision that was deployed is gone: restore it from a backup if there is one; no \
                               record names the objects that only it had (`kubectl get` with -l \
                               app.kubernetes.io/managed-by=Helm shows those of all releases)";

/// The revision that a rollback was to go back to.
fn goes_back(facts: &ReleaseFacts<'_>) -> Option<String> {
    let latest = facts.history.latest()?;
    let target = rollback_target(facts)?;
    Some(format!(
        "revision {} is a rollback to revision {target}",
        latest.revision
    ))
}

/// Nothing can be created in a namespace that is being deleted, not even a record of Helm's.
fn namespace_goes(facts: &ReleaseFacts<'_>) -> Option<String> {
    let since = facts.objects.namespace_deleted?;
    Some(format!(
        "the namespace is being deleted since {}: nothing can be created in it any more, so that every command of Helm fails, and \
         the records go with it",
        moment(since)
    ))
}

/// The drift of the objects that Helm's sentence names: it may be the cause, and no rollback undoes it by itself.
fn drift_of_the_named(facts: &ReleaseFacts<'_>, description: &str) -> Vec<String> {
    let is_named = |key: &&ObjectKey| description::names(description, &key.gvk.kind, &key.name);
    let drifted = facts.objects.drift.keys().filter(is_named);
    first_of(drifted.filter_map(|key| {
        let fields = facts.objects.drift.of_object(key)?;
        Some(format!("{key}, which Helm names, drifted: {fields}"))
    }))
}

/// Why a rollback fails at an object as the upgrade did.
fn fails_again(facts: &ReleaseFacts<'_>, object: &BlockedObject) -> String {
    let BlockedObject { key, block, doubt: _ } = object;
    let why = match block {
        Block::Refused { path, rule } => format!("{path}: {rule}"),
        Block::Conflict(_) => "other managers own fields of it".to_owned(),
    };
    let good = good(facts).map_or_else(String::new, |good| format!(" to revision {good}"));
    format!(
        "a rollback{good} fails at {key} as it is, because somebody changed or replaced the live object: {why}; no flag helps"
    )
}

/// The consequence of an error for the next steps.
const fn meaning(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Timeout => Some(
            "Helm had applied everything when it stopped waiting: objects can still become ready, and the revision stays \
             failed",
        ),
        Cause::Hook => Some(
            "after a failed pre-hook nothing else was applied, before a failed post-hook everything was; the hook may have \
             done part of its work",
        ),
        Cause::Immutable => Some(
            "the revision has another value in a field that cannot be changed: restore the live value in the chart, or delete the \
             object and let Helm create it again, with all that goes with it (with a PersistentVolumeClaim its data); --force and \
             --force-replace do not help",
        ),
        Cause::Conflict => Some(
            "another manager owns a field that the chart sets: put its value into the chart's values, or take the field over \
             with --force-conflicts; the other manager may write it again",
        ),
        Cause::Ownership => {
            Some("an object that the chart adds already exists and does not belong to this release")
        }
        Cause::Unserved => Some(
            "the API server does not serve a kind of the chart: a CustomResourceDefinition is missing, or the version was removed",
        ),
        Cause::Denied => Some("an admission webhook or policy refused an object"),
        Cause::Webhook => Some(
            "the API server could not reach an admission webhook, and refuses what it cannot have checked: nothing that the \
             webhook is asked about can be written until it answers, a rollback included",
        ),
        Cause::Quota => Some(
            "a quota or a limit of the namespace refused an object: make room, or ask for less; a rollback that creates objects \
             needs room as well",
        ),
        Cause::Terminating => Some(
            "the namespace is being deleted: nothing can be created in it, so that every command of Helm fails there",
        ),
        Cause::Schema => Some(
            "the chart has a field that the kind does not have, a value of another type, or two elements of a list with one key: server-side apply refuses what \
             client-side apply drops; mend the chart",
        ),
        Cause::Forbidden => Some("the credentials that Helm ran with lack a permission"),
        Cause::Invalid => Some(
            "the API server rejected an object as invalid; other objects were applied before and after it",
        ),
        Cause::TooLarge => Some("the record does not fit into a Secret"),
        Cause::Cancelled => Some("somebody stopped Helm; a hook that was running continues"),
        Cause::Other => None,
    }
}
