//! What every scan says of the rollback to the last good revision, by what it reads anyway.
//!
//! Silent where there is no such revision, where it cannot be told, and where the rollback works and loses nothing that
//! cannot be had again.

use super::course::{Course, End};
use super::definitions;
use super::facts::PreviewFacts;
use super::leaves::{Objects, leaves};
use super::losses;
use super::target::TargetStanding;
use super::words::told;
use crate::health::entry::first_of;
use crate::health::remark;
use crate::health::steps::with;
use crate::model::{Health, PreviewReason};
use crate::vocabulary::{HealthCode, HealthSeverity, PreviewCause, PreviewedOperation};

/// How the sentence about a rollback begins, up to the revision.
const ROLLBACK_TO: &str = "a rollback to revision ";

/// How the sentence about a rollback that fails goes on behind the revision.
const DOES_NOT_WORK: &str = " does not work: ";

/// What fails, how and at which object, of the sentence of an entry: words of driftline's own and the name of an object. Why it
/// fails is left out, since that may repeat what the API server says.
pub(crate) fn place_of_blocked_rollback(entry: &Health) -> Option<&str> {
    let sentence = entry.message.as_str();
    let (revision, rest) = sentence.strip_prefix(ROLLBACK_TO)?.split_once(DOES_NOT_WORK)?;
    let (ending, why) = rest.split_once(": ")?;
    let is_own = revision.bytes().all(|byte| byte.is_ascii_digit()) && ENDINGS.contains(&ending);
    if !is_own {
        return None;
    }
    let object = why.split_once(": ").map(|(object, _)| object);
    let left_out = match object.filter(|object| is_name_of_object(object)) {
        Some(object) => why.len() - object.len(),
        None => why.len() + ": ".len(),
    };
    sentence.get(..sentence.len() - left_out)
}

/// How a rollback fails.
const ENDINGS: [&str; 3] = [REFUSED, LOCKED, HALF_WAY];
const REFUSED: &str = "Helm refuses it";
const LOCKED: &str = "it fails and leaves the release locked";
const HALF_WAY: &str = "it fails half-way";

/// Whether a text is the kind and the name of an object, with its namespace if it has one.
fn is_name_of_object(text: &str) -> bool {
    let is_kind = |kind: &str| {
        kind.starts_with(|ch: char| ch.is_ascii_uppercase())
            && kind.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '.')
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '.' | '/' | ':' | '_'))
    };
    text.split_once(' ')
        .is_some_and(|(kind, name)| is_kind(kind) && is_name(name))
}

/// The entries about the rollback.
pub fn health(facts: &PreviewFacts<'_>) -> Vec<Health> {
    let facts = &PreviewFacts {
        objects: &definitions::settled(facts),
        ..*facts
    };
    // Where none is deployed, the entry about that has the way back.
    if facts.release.history.baseline().is_none() {
        return Vec::new();
    }
    match (facts.operation.kind, facts.operation.to, facts.target) {
        (PreviewedOperation::Rollback, Some(to), Some(target)) => match target.standing {
            TargetStanding::Good => of_rollback(facts, to),
            TargetStanding::Failed
            | TargetStanding::Pending(_)
            | TargetStanding::Uninstalled
            | TargetStanding::Newest
            | TargetStanding::Left
            | TargetStanding::Missing
            | TargetStanding::Undecodable(_)
            | TargetStanding::Unread(_) => Vec::new(),
        },
        (PreviewedOperation::Rollback | PreviewedOperation::Upgrade, _, _) => Vec::new(),
    }
}

fn of_rollback(facts: &PreviewFacts<'_>, to: u64) -> Vec<Health> {
    let course = Course::of(facts);
    let mut health = Vec::new();
    let ending = match course.end {
        End::Done | End::Untold => None,
        End::Refused => Some(REFUSED),
        End::NotBuilt | End::HookBefore | End::HookAfter => Some(LOCKED),
        End::Objects | End::Deletions => Some(HALF_WAY),
    };
    if let Some(ending) = ending {
        let first = course.stops.first().map(told).unwrap_or_default();
        let message = format!("{ROLLBACK_TO}{to}{DOES_NOT_WORK}{ending}: {first}");
        let mut evidence = first_of(course.stops.iter().skip(1).map(told));
        evidence.extend(leaves(facts, &course, Objects::AtRisk));
        health.push(entry(
            facts,
            to,
            HealthCode::RollbackBlocked,
            HealthSeverity::Warning,
            message,
            evidence,
        ));
    }
    // A rollback that fails deletes nothing. Where a flag gets past all that stops it, what goes then is told.
    let flag = match course.end {
        End::Done | End::Untold => "",
        End::Objects
            if course
                .stops
                .iter()
                .all(|stop| stop.code == PreviewCause::Conflict) =>
        {
            " with --force-conflicts"
        }
        End::Refused | End::NotBuilt | End::HookBefore | End::HookAfter | End::Objects | End::Deletions => {
            return health;
        }
    };
    let actions: Vec<_> = facts.objects.iter().map(|object| object.action).collect();
    let losses: Vec<PreviewReason> = losses::in_order(losses::of_objects(facts, &actions))
        .into_iter()
        .filter(|loss| match loss.code {
            PreviewCause::DeletesData | PreviewCause::DeletesForeign | PreviewCause::Overwrites => true,
            PreviewCause::Record
            | PreviewCause::RecordRefused
            | PreviewCause::Pending
            | PreviewCause::KindNotServed
            | PreviewCause::Hook
            | PreviewCause::Conflict
            | PreviewCause::Ownership
            | PreviewCause::Rule
            | PreviewCause::Helm
            | PreviewCause::Taken
            | PreviewCause::NamespaceGone
            | PreviewCause::Quota
            | PreviewCause::Admission
            | PreviewCause::TakesBack
            | PreviewCause::NotApplied
            | PreviewCause::Terminating
            | PreviewCause::RunsAgain
            | PreviewCause::NotUndone
            | PreviewCause::Leftover
            | PreviewCause::Method
            | PreviewCause::Unread => false,
        })
        .collect();
    if let Some(first) = losses.first() {
        let message = format!(
            "a rollback to revision {to}{flag} loses something: {}",
            told(first)
        );
        let evidence = first_of(losses.iter().skip(1).map(told));
        health.push(entry(
            facts,
            to,
            HealthCode::RollbackLoses,
            HealthSeverity::Info,
            message,
            evidence,
        ));
    }
    health
}

fn entry(
    facts: &PreviewFacts<'_>,
    to: u64,
    code: HealthCode,
    severity: HealthSeverity,
    message: String,
    evidence: Vec<String>,
) -> Health {
    let commands = facts.release.commands();
    let step = commands.preview_rollback(Some(to), "shows the whole of it, and what to do before");
    with(remark(code, severity, message), evidence, vec![step])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_rollback_that_fails_is_all_that_messages_repeat() {
        let place = |message: &str| {
            let entry = remark(
                HealthCode::RollbackBlocked,
                HealthSeverity::Warning,
                message.to_owned(),
            );
            place_of_blocked_rollback(&entry).map(str::to_owned)
        };
        let begins = "a rollback to revision 7 does not work: it fails half-way";
        assert_eq!(
            place(&format!("{begins}: ClusterRole system:web: hunter2 is immutable")).unwrap(),
            format!("{begins}: ClusterRole system:web")
        );
        assert_eq!(
            place(&format!("{begins}: the server said: hunter2")).unwrap(),
            begins
        );
        assert_eq!(
            place(&format!("{begins}: Secret hunter2 is wrong")).unwrap(),
            begins
        );
        for other in [
            "hunter2",
            "a rollback to revision hunter2 does not work: it fails half-way: Job a: b",
            "a rollback to revision 7 does not work: hunter2: Job a: b",
        ] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
