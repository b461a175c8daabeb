//! The newest operation: whether it still runs, was killed or failed, and how to recover from it.
//!
//! What Helm leaves behind in which state was tried with Helm 3.22 and 4.3. Some of it surprises: a rollback or an
//! uninstall whose hook fails stays pending although Helm ended (Helm: `pkg/action/rollback.go`, `uninstall.go`); so does
//! an operation whose record has become too large to be written once more; and a rollback that fails leaves no revision
//! deployed.

use chrono::{DateTime, TimeDelta, Utc};

use super::advice;
use super::description::{self, Cause};
use super::entry::{ADVISED, human, moment, remark};
use super::release_facts::{ObservedObject, ReleaseFacts};
use super::revisions::{LIMIT, percent_of_limit};
use super::steps::{Step, with};
use crate::model::Health;
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
    latest.status.is_pending() && silence(facts, latest).is_some_and(|age| age < facts.stuck_after)
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
        Some(age) if age < facts.stuck_after => {
            let message = format!("{what}, last written {} ago", human(age));
            evidence.push(format!(
                "it counts as stuck after {} without a write: in {}",
                human(facts.stuck_after),
                human(facts.stuck_after - age)
            ));
            with(
                remark(HealthCode::InProgress, HealthSeverity::Info, message),
                evidence,
                vec![commands.watch_record(latest), commands.events()],
            )
        }
        age => {
            let written = match age {
                Some(age) => format!("{} ago: longer than {}", human(age), human(facts.stuck_after)),
                None => "at an unknown time".to_owned(),
            };
            let message = format!("{what}, last written {written}, so the Helm process is probably gone");
            evidence.extend(why_pending(facts, latest));
            with(
                remark(HealthCode::Stuck, HealthSeverity::Critical, message),
                evidence,
                steps_out_of_pending(facts, latest),
            )
        }
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

/// The steps that recover a release from a pending operation.
fn steps_out_of_pending(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Vec<Step> {
    let commands = facts.commands();
    let baseline = facts.history.baseline().map(|baseline| baseline.revision);
    let mut steps = preparations(facts, latest, baseline);
    let forget = |why: &str| commands.delete_record(latest, why);
    // A rollback has to build the newest manifest before anything else.
    if !facts.objects.not_served.newest.is_empty() {
        steps.push(forget(
            "nothing of this revision was applied, because the API server does not serve one of its kinds; every rollback fails \
             for the same reason",
        ));
        return steps;
    }
    match (latest.status, baseline) {
        (Status::Uninstalling, _) => {
            steps.push(commands.rollback(
                latest.revision,
                "restores the release: Helm accepts a rollback in this state",
                &[],
            ));
            steps.push(commands.uninstall("alternative: finish the uninstall", &[]));
            steps.push(commands.uninstall("only if a hook blocks the uninstall", &["--no-hooks"]));
        }
        (_, Some(baseline)) => {
            let options = if latest.status == Status::PendingRollback {
                &["--no-hooks"][..]
            } else {
                &[]
            };
            steps.push(commands.rollback(
                baseline,
                "returns to the deployed revision: Helm accepts a rollback in this state",
                options,
            ));
            steps.push(commands.rollback(
                latest.revision,
                "alternative: complete the operation by re-applying its stored manifest (no chart needed); upgrade hooks do not run",
                &[],
            ));
            steps.push(forget(
                "only if no rollback succeeds: the next upgrade starts from the deployed revision",
            ));
        }
        (_, None) => {
            steps.push(commands.rollback(
                latest.revision,
                "completes the installation by re-applying its stored manifest (no chart needed); install hooks do not run",
                &[],
            ));
            steps.push(forget(
                "only if that fails: then install again, and Helm adopts the objects whose annotations name the release",
            ));
            steps
                .push(commands.uninstall("alternative: remove the release, if nothing of it is needed", &[]));
        }
    }
    steps
}

/// The steps before every change: commands that read, wait and save copies.
fn preparations(facts: &ReleaseFacts<'_>, latest: &StoredRevision, other: Option<u64>) -> Vec<Step> {
    let commands = facts.commands();
    let mut steps = vec![commands.history(), commands.events()];
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

/// A failed operation: its cause, and how to recover from it.
fn failed(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> Health {
    let record = facts.records.get(&latest.revision);
    let description = record
        .map(|record| record.description.as_str())
        .unwrap_or_default();
    let failure = description::cause(description);
    let baseline = facts.history.baseline().map(|baseline| baseline.revision);
    let good = baseline.or_else(|| last_good(facts));
    let mut evidence = Vec::new();
    if !description.is_empty() {
        evidence.push(format!("Helm says: {}", description::without_values(description)));
    }
    evidence.extend(written_at(latest));
    evidence.extend(skew(facts, latest));
    evidence.extend(meaning(failure).map(str::to_owned));
    if baseline.is_none() && good.is_some() {
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
                "revision {newest} failed and no revision is deployed; the last good one is revision {good}"
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
        steps_after_failure(facts, latest, good, failure),
    )
}

/// The steps that recover a release from a failed operation. `good` is the revision to return to, if there is one.
fn steps_after_failure(
    facts: &ReleaseFacts<'_>,
    latest: &StoredRevision,
    good: Option<u64>,
    failure: Cause,
) -> Vec<Step> {
    let commands = facts.commands();
    let mut steps = preparations(facts, latest, good);
    steps.extend(good.map(|good| {
        commands.rollback(
            good,
            "returns to the last good revision; objects that the failed revision created are deleted",
            &[],
        )
    }));
    if failure == Cause::Timeout {
        steps.push(commands.rollback(
            latest.revision,
            "alternative, once everything is ready: applies the same manifest again and marks it as deployed",
            &[],
        ));
    }
    let record = facts.records.get(&latest.revision);
    steps.push(commands.upgrade(
        record.and_then(|record| record.chart.as_ref()),
        latest.revision,
        if good.is_some() {
            "alternative, once the cause is fixed: upgrade again"
        } else {
            "once the cause is fixed: Helm can upgrade a failed installation; install hooks do not run"
        },
    ));
    if good.is_none() {
        steps.push(commands.uninstall("only to start over", &[]));
    }
    steps
}

/// The newest revision that once was deployed. A rollback that fails marks failed revisions as superseded, too.
pub(super) fn last_good(facts: &ReleaseFacts<'_>) -> Option<u64> {
    let mut revisions = facts.history.revisions().iter().rev();
    let good = revisions.find(|revision| {
        let record = facts.records.get(&revision.revision);
        matches!(revision.status, Status::Superseded | Status::Deployed)
            && record.is_some_and(|record| !description::is_failure(&record.description))
    })?;
    Some(good.revision)
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
            "the revision changes an immutable field: restore its old value in the chart, or delete the object and let Helm \
             create it again; --force and --force-replace do not help",
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
        Cause::Denied => Some("an admission webhook, policy or quota refused an object"),
        Cause::Forbidden => Some("the credentials that Helm ran with lack a permission"),
        Cause::Invalid => Some(
            "the API server rejected an object as invalid; other objects were applied before and after it",
        ),
        Cause::TooLarge => Some("the record does not fit into a Secret"),
        Cause::Cancelled => Some("somebody stopped Helm; a hook that was running continues"),
        Cause::Other => None,
    }
}
