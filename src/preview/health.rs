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
        End::Refused => Some("Helm refuses it"),
        End::NotBuilt | End::HookBefore | End::HookAfter => Some("it fails and leaves the release locked"),
        End::Objects | End::Deletions => Some("it fails half-way"),
    };
    if let Some(ending) = ending {
        let first = course.stops.first().map(told).unwrap_or_default();
        let message = format!("a rollback to revision {to} does not work: {ending}: {first}");
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
