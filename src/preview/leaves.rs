//! The answer in one sentence, and the state in which a failed operation leaves the release.
//!
//! A rollback that fails at its objects marks the newest revision as superseded and its own as failed, so that nothing is
//! deployed where the newest was; one that fails at a hook or at a manifest writes nothing more into its record, which
//! stays pending (Helm: `pkg/action/rollback.go`, `performRollback`). An upgrade that fails leaves the deployed revision
//! deployed (Helm: `pkg/action/upgrade.go`, `failRelease`).

use super::course::{Course, End};
use super::facts::PreviewFacts;
use super::words::told;
use crate::classify::transition::InManifests;
use crate::health::entry::joined;
use crate::model::PreviewReason;
use crate::vocabulary::{PreviewAction, PreviewCause, PreviewOutcome, PreviewedOperation, count};

/// How many losses the answer names.
const NAMED: usize = 3;

/// The answer in one sentence.
pub(super) fn message(
    facts: &PreviewFacts<'_>,
    outcome: PreviewOutcome,
    Course { stops, actions, .. }: &Course,
    causes: &[PreviewReason],
    risks: &[PreviewReason],
) -> String {
    let what = operation(facts);
    let first = stops
        .first()
        .map_or_else(String::new, |stop| format!(": {}", told(stop)));
    let more = match stops.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(", and {}", count(more, "more reason")),
    };
    match outcome {
        PreviewOutcome::Works => format!("{what} works{}{}", deletes(actions), unless(risks)),
        PreviewOutcome::WorksBut => format!("{what} works, but it {}{}", losses(causes), unless(risks)),
        PreviewOutcome::Refused => format!("Helm refuses {what}{first}{more}"),
        PreviewOutcome::LockLeft => format!("{what} fails and leaves the release locked{first}{more}"),
        PreviewOutcome::Failed => format!("{what} fails half-way{first}{more}"),
        PreviewOutcome::Unknown => format!("whether {what} works cannot be told{first}{more}"),
    }
}

/// How many objects it deletes, of which nobody is known to miss one.
fn deletes(actions: &[PreviewAction]) -> String {
    let deleted = actions.iter().filter(|action| **action == PreviewAction::Delete);
    match deleted.count() {
        0 => String::new(),
        number => format!(" and deletes {}", count(number, "object")),
    }
}

fn operation(facts: &PreviewFacts<'_>) -> String {
    let asked = facts.target.map(|target| target.revision);
    match (facts.operation.kind, asked.or(facts.operation.to)) {
        (PreviewedOperation::Rollback, Some(to)) if to > 0 => format!("a rollback to revision {to}"),
        (PreviewedOperation::Rollback, _) => "a rollback".to_owned(),
        (PreviewedOperation::Upgrade, _) => "this upgrade".to_owned(),
    }
}

/// What may still stop it.
fn unless(risks: &[PreviewReason]) -> &'static str {
    let has_hook = risks.iter().any(|risk| risk.code == PreviewCause::Hook);
    let has_other = risks.iter().any(|risk| risk.code != PreviewCause::Hook);
    match (has_hook, has_other) {
        (false, false) => "",
        (true, false) => ", unless a hook fails",
        (false, true) => ", unless a policy or a webhook refuses something",
        (true, true) => ", unless a hook fails, or a policy or a webhook refuses something",
    }
}

/// What an operation does beside working.
fn losses(causes: &[PreviewReason]) -> String {
    let mut phrases: Vec<String> = Vec::new();
    for cause in causes {
        let phrase = phrase(cause.code);
        if !phrases.iter().any(|known| known == phrase) {
            phrases.push(phrase.to_owned());
        }
    }
    let more = phrases.len().saturating_sub(NAMED);
    phrases.truncate(NAMED);
    if more > 0 {
        phrases.push("more".to_owned());
    }
    joined(&phrases)
}

const fn phrase(code: PreviewCause) -> &'static str {
    match code {
        PreviewCause::Record => {
            "goes to or from a revision that failed, that a rollback left or that was uninstalled"
        }
        PreviewCause::Pending => "may meet an operation that still runs",
        PreviewCause::Hook => "deletes what has the name of a hook",
        PreviewCause::DeletesData => "deletes data",
        PreviewCause::DeletesForeign => "deletes what is not this release's",
        PreviewCause::Overwrites => "overwrites what others own",
        PreviewCause::TakesBack => "takes back changes that others made",
        PreviewCause::NotApplied => "leaves some fields as they are",
        PreviewCause::Terminating => "leaves objects that are being deleted",
        PreviewCause::RunsAgain => "runs Jobs again",
        PreviewCause::NotUndone => "does not undo what hooks did",
        PreviewCause::Leftover => "leaves objects of earlier revisions behind",
        PreviewCause::Method => "changes how Helm applies the release",
        PreviewCause::RecordRefused
        | PreviewCause::KindNotServed
        | PreviewCause::Conflict
        | PreviewCause::Ownership
        | PreviewCause::Rule
        | PreviewCause::Helm
        | PreviewCause::Taken
        | PreviewCause::NamespaceGone
        | PreviewCause::Quota
        | PreviewCause::Admission
        | PreviewCause::Unread => "has the consequences below",
    }
}

/// Whether all objects of the operation are among the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objects {
    /// They are.
    All,
    /// Only those are at which it may fail, as in a scan.
    AtRisk,
}

/// The state in which the release is left; `None` where nothing stops the operation.
pub(super) fn leaves(facts: &PreviewFacts<'_>, course: &Course, objects: Objects) -> Option<String> {
    let newest = facts.release.history.latest();
    let new = newest.map_or(1, |newest| newest.revision.saturating_add(1));
    let kind = facts.operation.kind;
    let lock = || {
        format!(
            "revision {new} is the newest and pending-rollback, so that Helm refuses upgrades until it is rolled back again or \
             its record is deleted; {}",
            still_deployed(facts)
        )
    };
    let failed = |deployed: String| format!("revision {new} is the newest and failed; {deployed}");
    let text = match (course.end, kind) {
        (End::Done | End::Untold, _) => return None,
        (End::Refused, _) | (End::NotBuilt, PreviewedOperation::Upgrade) => {
            let status = newest.map_or_else(String::new, |newest| {
                format!(
                    ", and revision {} stays the newest ({})",
                    newest.revision,
                    newest.status.as_str()
                )
            });
            format!("nothing changes: there is no new revision{status}")
        }
        (End::NotBuilt, PreviewedOperation::Rollback) => format!("{}; no object is changed", lock()),
        (End::HookBefore, PreviewedOperation::Rollback) => {
            format!(
                "{}; no object is changed but those of hooks that ran before",
                lock()
            )
        }
        (End::HookAfter, PreviewedOperation::Rollback) => format!(
            "{}; all objects are at {}, and what only revision {} has is deleted",
            lock(),
            goal(facts),
            facts.operation.from
        ),
        (End::HookBefore, PreviewedOperation::Upgrade) => format!(
            "{}; no object is changed but those of hooks that ran before",
            failed(still_deployed(facts))
        ),
        (End::HookAfter, PreviewedOperation::Upgrade) => format!(
            "{}; all objects are at the new manifest, and what is no longer in it is deleted",
            failed(still_deployed(facts))
        ),
        (End::Objects, _) => {
            let failed = failed(deployed_afterwards(facts));
            match objects {
                Objects::All => format!("{failed}; {}; nothing is deleted", places(facts, course)),
                Objects::AtRisk => format!("{failed}; nothing is deleted"),
            }
        }
        (End::Deletions, _) => format!(
            "{}; all objects are at {}, and what could not be deleted stays",
            failed(deployed_afterwards(facts)),
            goal(facts)
        ),
    };
    Some(text)
}

fn goal(facts: &PreviewFacts<'_>) -> String {
    match facts.operation.to {
        Some(to) => format!("revision {to}"),
        None => "the new manifest".to_owned(),
    }
}

fn still_deployed(facts: &PreviewFacts<'_>) -> String {
    match facts.release.history.baseline() {
        Some(baseline) => format!("revision {} stays deployed", baseline.revision),
        None => "no revision is deployed, as before".to_owned(),
    }
}

/// The deployed revision after an operation that failed at its objects.
fn deployed_afterwards(facts: &PreviewFacts<'_>) -> String {
    let history = facts.release.history;
    match facts.operation.kind {
        PreviewedOperation::Upgrade => still_deployed(facts),
        PreviewedOperation::Rollback => {
            let from = facts.operation.from;
            let others = history.deployed().filter(|stored| stored.revision != from);
            match (history.baseline(), others.last()) {
                (_, Some(other)) => format!("revision {} stays deployed", other.revision),
                (Some(_), None) => {
                    format!(
                        "revision {from}, which was deployed, becomes superseded, so that none is deployed"
                    )
                }
                (None, None) => "no revision is deployed, as before".to_owned(),
            }
        }
    }
}

/// Which objects are where, after a failure among them.
fn places(facts: &PreviewFacts<'_>, course: &Course) -> String {
    let goal = goal(facts);
    let (mut written, mut failed, mut unreached, mut untold) = (0_usize, 0_usize, 0_usize, 0_usize);
    for (object, action) in facts.objects.iter().zip(&course.actions) {
        match (object.manifests, action) {
            (InManifests::From, _) => {}
            (InManifests::Both | InManifests::To, PreviewAction::Fail) => failed += 1,
            (InManifests::Both | InManifests::To, PreviewAction::NotReached) => unreached += 1,
            (InManifests::Both | InManifests::To, PreviewAction::Unknown) => untold += 1,
            (
                InManifests::Both | InManifests::To,
                PreviewAction::Create
                | PreviewAction::Change
                | PreviewAction::Delete
                | PreviewAction::Keep
                | PreviewAction::None,
            ) => written += 1,
        }
    }
    let be = |number: usize| if number == 1 { "is" } else { "are" };
    let mut parts = vec![
        format!("{} {} at {goal}", count(written, "object"), be(written)),
        format!("{} {} as before", count(failed, "object"), be(failed)),
    ];
    if unreached > 0 {
        parts.push(format!("{} {} not reached", unreached, be(unreached)));
    }
    if untold > 0 {
        parts.push(format!("of {} nobody can tell", count(untold, "object")));
    }
    joined(&parts)
}
