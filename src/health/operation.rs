//! The newest operation: whether it still runs, died, failed, and the way out.
//!
//! What Helm leaves behind in which state was tried with Helm 3.22 and 4.3. Some of it is not what one would think:
//! a rollback or an uninstall whose hook fails stays pending although Helm ended (Helm: `pkg/action/rollback.go`,
//! `uninstall.go`); so does an operation whose record has become too large to be written once more; and a rollback that
//! fails leaves no revision deployed.

use chrono::{DateTime, TimeDelta, Utc};

use super::advice;
use super::description::{self, Cause};
use super::history::{LIMIT, percent_of_limit};
use super::{ObservedObject, ReleaseFacts, human, moment, remark, with};
use crate::model::{Advice, Health};
use crate::release::stored::{Status, StoredRevision};
use crate::vocabulary::{HealthCode, HealthSeverity};

/// From which difference on two clocks are worth a word. A large chart takes some time to be rendered, too.
const SKEW: TimeDelta = TimeDelta::minutes(5);

pub(super) fn of(case: &ReleaseFacts<'_>) -> Option<Health> {
    let latest = case.history.latest()?;
    if latest.status.is_pending() {
        Some(pending(case, latest))
    } else if latest.status == Status::Failed {
        Some(failed(case, latest))
    } else {
        None
    }
}

/// Since when nothing was written, as far as the record and the objects tell. Helm does not touch the record while it
/// waits. Without a time nothing proves that somebody is still at it, and a clock ahead of ours is no age.
fn silence(case: &ReleaseFacts<'_>, latest: &StoredRevision) -> Option<TimeDelta> {
    let written = last_object_write(case).map(|(_, time)| time);
    let last = latest.written.max(written)?;
    Some((case.now - last).max(TimeDelta::zero()))
}

/// Whether an operation is pending, and young enough to be at work.
pub(super) fn may_be_at_work(case: &ReleaseFacts<'_>, latest: &StoredRevision) -> bool {
    latest.status.is_pending() && silence(case, latest).is_some_and(|age| age < case.stuck_after)
}

/// Pending: at work, or dead.
fn pending(case: &ReleaseFacts<'_>, latest: &StoredRevision) -> Health {
    let what = format!("revision {} is {}", latest.revision, latest.status.as_str());
    let written = last_object_write(case);
    let mut evidence: Vec<String> = written_at(latest).into_iter().collect();
    if let Some((seen, time)) = written {
        let time = moment(time);
        evidence.push(format!(
            "the last write in Helm's name was to {} at {time}",
            seen.key
        ));
    }
    evidence.extend(skew(case, latest));
    let age = silence(case, latest);
    let commands = case.commands();
    match age {
        Some(age) if age < case.stuck_after => {
            let message = format!("{what}, last written {} ago", human(age));
            evidence.push(format!(
                "it counts as stuck when nothing was written for {}: in {}",
                human(case.stuck_after),
                human(case.stuck_after - age)
            ));
            with(
                remark(HealthCode::InProgress, HealthSeverity::Info, message),
                evidence,
                vec![commands.watch_record(latest), commands.events()],
            )
        }
        age => {
            let since = age.map_or_else(
                || "at an unknown time".to_owned(),
                |age| format!("{} ago", human(age)),
            );
            let limit = human(case.stuck_after);
            let message = format!("{what}, last written {since}: longer than {limit}, so Helm probably died");
            evidence.extend(why_pending(case, latest));
            with(
                remark(HealthCode::Stuck, HealthSeverity::Critical, message),
                evidence,
                out_of_pending(case, latest),
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

/// That whoever ran Helm has another time than the API server, which everything here is measured by.
fn skew(case: &ReleaseFacts<'_>, latest: &StoredRevision) -> Option<String> {
    let begun = case.told.get(&latest.revision)?.deployed_at?;
    let created = latest.created?;
    let difference = (begun - created).abs();
    (difference > SKEW).then(|| {
        format!(
            "whoever ran Helm says that it began at {}, the API server created the record at {}: the clocks differ by {}",
            moment(begun),
            moment(created),
            human(difference)
        )
    })
}

/// The last write to any object in Helm's name.
fn last_object_write<'a>(case: &ReleaseFacts<'a>) -> Option<(&'a ObservedObject, DateTime<Utc>)> {
    case.objects
        .iter()
        .filter_map(|seen| Some((seen, seen.observed.as_ref()?.written?)))
        .max_by_key(|(_, time)| *time)
}

/// What else than a killed Helm leaves an operation pending.
fn why_pending(case: &ReleaseFacts<'_>, latest: &StoredRevision) -> Option<String> {
    let bytes = case.told.get(&latest.revision).and_then(|told| told.bytes);
    if let Some(bytes) = bytes.filter(|bytes| percent_of_limit(*bytes) >= 99) {
        return Some(format!(
            "its record has {bytes} of at most {LIMIT} bytes: Helm may have ended and could not write the outcome into it"
        ));
    }
    match latest.status {
        Status::PendingRollback | Status::Uninstalling => Some(
            "a rollback or an uninstall stays like this also when one of its hooks failed or was too slow, or when it was \
             interrupted"
                .to_owned(),
        ),
        Status::PendingInstall | Status::PendingUpgrade => Some(
            "an interrupted installation or upgrade is recorded as failed, so this one was killed, or lost its machine or \
             its connection"
                .to_owned(),
        ),
        Status::Unknown
        | Status::Deployed
        | Status::Uninstalled
        | Status::Superseded
        | Status::Failed => None,
    }
}

fn out_of_pending(case: &ReleaseFacts<'_>, latest: &StoredRevision) -> Vec<Advice> {
    let commands = case.commands();
    let baseline = case.history.baseline().map(|baseline| baseline.revision);
    let mut steps = preparations(case, latest, baseline);
    let forget = |why: &str| commands.delete_record(latest, why);
    // A rollback has to build the newest manifest before anything else.
    if !case.unserved_newest.is_empty() {
        steps.push(forget(
            "nothing of this revision was written, as the API server does not serve a kind of it; no rollback gets past it",
        ));
        return steps;
    }
    match (latest.status, baseline) {
        (Status::Uninstalling, _) => {
            steps.push(commands.rollback(
                latest.revision,
                "to have the release back: Helm accepts a rollback in this state",
                "",
            ));
            steps.push(commands.uninstall(
                "instead, to be rid of it: goes on where the last attempt ended",
                "",
            ));
            steps.push(commands.uninstall("only if one of its hooks blocks that", " --no-hooks"));
        }
        (_, Some(baseline)) => {
            let options = if latest.status == Status::PendingRollback {
                " --no-hooks"
            } else {
                ""
            };
            steps.push(commands.rollback(
                baseline,
                "back to what was deployed: Helm accepts a rollback in this state",
                options,
            ));
            steps.push(commands.rollback(
                latest.revision,
                "instead, forward to what was meant, without the chart: hooks for upgrades do not run",
                "",
            ));
            steps.push(forget(
                "only if no rollback succeeds: the next upgrade starts from the deployed revision",
            ));
        }
        (_, None) => {
            steps.push(commands.rollback(
                latest.revision,
                "makes what is missing and ends the operation, without the chart: hooks for installations do not run",
                "",
            ));
            steps.push(forget(
                "only if that fails: install again afterwards, and Helm takes over the objects that bear its name",
            ));
            steps.push(commands.uninstall("instead, if nothing of it is needed", ""));
        }
    }
    steps
}

/// What comes before every change: looking, waiting and copies.
fn preparations(case: &ReleaseFacts<'_>, latest: &StoredRevision, other: Option<u64>) -> Vec<Advice> {
    let commands = case.commands();
    let mut steps = vec![commands.history(), commands.events()];
    let going = case.objects.iter().filter(|seen| {
        seen.observed
            .as_ref()
            .is_some_and(|observed| observed.deleting.is_some())
    });
    steps.extend(going.map(|seen| advice::await_deletion(&seen.key)));
    let mut revisions: Vec<u64> = other.into_iter().chain([latest.revision]).collect();
    revisions.dedup();
    steps.extend(commands.backup(&revisions));
    steps
}

fn failed(case: &ReleaseFacts<'_>, latest: &StoredRevision) -> Health {
    let told = case.told.get(&latest.revision);
    let sentence = told.map(|told| told.description.as_str()).unwrap_or_default();
    let failure = description::cause(sentence);
    let mut evidence = Vec::new();
    if !sentence.is_empty() {
        evidence.push(format!("Helm says: {}", description::without_values(sentence)));
    }
    evidence.extend(written_at(latest));
    evidence.extend(skew(case, latest));
    evidence.extend(meaning(failure).map(str::to_owned));
    let commands = case.commands();
    let back = case.history.baseline().map(|baseline| baseline.revision);
    let back = back.or_else(|| last_good(case));
    let mut steps = preparations(case, latest, back);
    let chart = told.and_then(|told| told.chart.as_ref());
    let back_to = |revision| {
        commands.rollback(
            revision,
            "back to the last revision that was good: what was made by the failed one is deleted",
            "",
        )
    };
    steps.extend(back.map(back_to));
    if failure == Cause::Timeout {
        steps.push(commands.rollback(
            latest.revision,
            "instead, forward once everything is ready: writes the same once more and calls it deployed",
            "",
        ));
    }
    steps.push(commands.upgrade(
        chart,
        latest.revision,
        if back.is_some() {
            "instead, forward once the cause is gone"
        } else {
            "once the cause is gone: Helm upgrades from a failed installation; hooks for installations do not run"
        },
        "",
    ));
    let (code, message) = match (case.history.baseline(), back) {
        (Some(baseline), _) => (
            HealthCode::FailedUpgrade,
            format!(
                "revision {} failed; revision {} is deployed",
                latest.revision, baseline.revision
            ),
        ),
        (None, Some(good)) => (
            HealthCode::FailedUpgrade,
            format!(
                "revision {} failed and no revision is deployed; the last good one is revision {good}",
                latest.revision
            ),
        ),
        (None, None) => {
            steps.push(commands.uninstall("only to begin anew", ""));
            (
                HealthCode::FailedInstall,
                format!("revision {} failed and no revision is deployed", latest.revision),
            )
        }
    };
    if code == HealthCode::FailedUpgrade && case.history.baseline().is_none() {
        evidence.push(
            "a failed rollback leaves no revision deployed; every further attempt with --history-max may delete the last \
             good one"
                .to_owned(),
        );
    }
    evidence.push(
        "with --rollback-on-failure (in Helm 3: --atomic) Helm takes a failing operation back by itself; --cleanup-on-fail \
         only deletes what it created"
            .to_owned(),
    );
    with(remark(code, HealthSeverity::Critical, message), evidence, steps)
}

/// The newest revision that once was deployed. A rollback that fails marks failed revisions as superseded, too.
pub(super) fn last_good(case: &ReleaseFacts<'_>) -> Option<u64> {
    let mut revisions = case.history.revisions().iter().rev();
    let good = revisions.find(|revision| {
        let told = case.told.get(&revision.revision);
        matches!(revision.status, Status::Superseded | Status::Deployed)
            && told.is_some_and(|told| !description::is_failure(&told.description))
    })?;
    Some(good.revision)
}

/// What an error means for what comes next.
const fn meaning(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Timeout => Some(
            "Helm stopped waiting, and everything was written before: what becomes ready later does so without Helm, and \
             the revision stays failed",
        ),
        Cause::Hook => Some(
            "after a failed pre-hook nothing else was written, before a failed post-hook everything was; the hook may have \
             done half of its work",
        ),
        Cause::Immutable => Some(
            "a field that cannot be changed was changed: give it its old value, or delete the object and let Helm make it \
             anew; --force and --force-replace do not help",
        ),
        Cause::Conflict => Some(
            "another manager owns a field that the chart sets: put its value into the chart's values, or take the field over \
             with --force-conflicts; whoever wrote it may write again",
        ),
        Cause::Ownership => Some("an object that the chart adds exists already and is not this release's"),
        Cause::Unserved => {
            Some("the API server does not know a kind of the chart: a definition is missing or was removed")
        }
        Cause::Denied => Some("an admission webhook, policy or quota refused an object"),
        Cause::Forbidden => Some("whoever ran Helm lacks a right"),
        Cause::Invalid => Some("the API server refused an object; others were written before and after it"),
        Cause::TooLarge => Some("the record does not fit into a Secret"),
        Cause::Cancelled => Some("somebody stopped Helm; a hook that was running goes on"),
        Cause::Other => None,
    }
}
