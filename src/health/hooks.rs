//! The hooks of an operation that did not come to its end.
//!
//! Helm makes a hook's object, waits for Jobs and Pods to finish, and notes in the record how that went (Helm:
//! `pkg/action/hooks.go`, `execHook`). When Helm gives up or is killed, the object stays and may go on.

use chrono::TimeDelta;

use super::advice;
use super::observe::Presence;
use super::operation::may_be_at_work;
use super::readiness::JobState;
use super::{ObservedObject, ReleaseFacts, moment, named, remark, with};
use crate::model::Health;
use crate::release::record::Hook;
use crate::release::stored::{Status, StoredRevision};
use crate::vocabulary::{HealthCode, HealthSeverity};

pub(super) fn of(case: &ReleaseFacts<'_>) -> Vec<Health> {
    let Some(latest) = case.history.latest() else {
        return Vec::new();
    };
    // Of a revision that is deployed the hooks are over, whatever a copied record says.
    if !latest.status.is_pending() && latest.status != Status::Failed {
        return Vec::new();
    }
    let hooks = case.told.get(&latest.revision).map(|told| told.hooks.as_slice());
    case.hooks
        .iter()
        .filter_map(|seen| {
            let mut hooks = hooks.unwrap_or_default().iter();
            let hook = hooks.find(|hook| hook.kind == seen.key.gvk.kind && hook.name == seen.key.name)?;
            one(case, latest, seen, hook)
        })
        .collect()
}

/// Objects of hooks that the newest revision does not have any more: nothing ever deletes them.
pub(super) fn left_over(case: &ReleaseFacts<'_>) -> Option<Health> {
    let latest = case.history.latest()?;
    let current = case.told.get(&latest.revision)?;
    let left: Vec<&ObservedObject> = case
        .hooks
        .iter()
        .filter(|seen| {
            let is_current = |hook: &Hook| hook.kind == seen.key.gvk.kind && hook.name == seen.key.name;
            let presence = seen.observed.as_ref().map(|observed| &observed.presence);
            let is_there =
                presence.is_some_and(|presence| !matches!(presence, Presence::Absent | Presence::Unread));
            is_there && !current.hooks.iter().any(is_current)
        })
        .collect();
    let keys = || left.iter().map(|seen| &seen.key);
    keys().next()?;
    let mut steps: Vec<_> = keys()
        .map(|key| advice::describe(key, "shows whether it still runs"))
        .collect();
    steps.extend(keys().map(advice::keep_object));
    steps.extend(keys().map(|key| {
        let why = "once it has ended: Helm does not delete hooks that a chart no longer has";
        advice::delete_object(key, why, "deletes what the hook left, its logs included")
    }));
    Some(with(
        remark(
            HealthCode::LeftoverHooks,
            HealthSeverity::Info,
            format!("left by hooks of older revisions: {}", named(keys())),
        ),
        Vec::new(),
        steps,
    ))
}

fn one(
    case: &ReleaseFacts<'_>,
    latest: &StoredRevision,
    seen: &ObservedObject,
    hook: &Hook,
) -> Option<Health> {
    // A rollback copies what its target's hooks came to. Two clocks are involved, so a minute is allowed between them.
    let begin = latest.created.map(|created| created - TimeDelta::minutes(1));
    let started = hook
        .last_run
        .started_at
        .filter(|started| begin.is_none_or(|begin| *started >= begin));
    let observed = seen.observed.as_ref()?;
    let is_there = !matches!(observed.presence, Presence::Absent | Presence::Unread);
    let events = hook.events.join(", ");
    let mut evidence = Vec::new();
    if let Some(started) = started {
        evidence.push(format!(
            "Helm noted at {} that it made it, and then: {}",
            moment(started),
            hook.last_run.phase
        ));
    }
    let key = &seen.key;
    match (observed.job, hook.last_run.phase.as_str()) {
        (Some(JobState::Running), _) if is_there => {
            let (severity, given_up) = if may_be_at_work(case, latest) {
                (HealthSeverity::Info, "")
            } else if latest.status.is_pending() {
                (HealthSeverity::Warning, "")
            } else {
                (HealthSeverity::Warning, ", although Helm gave up")
            };
            Some(with(
                remark(
                    HealthCode::HookRunning,
                    severity,
                    format!("{key}, a hook for {events}, still runs{given_up}"),
                ),
                evidence,
                vec![
                    advice::describe(key, "says what it is waiting for"),
                    advice::logs(key),
                    advice::await_completion(key),
                    advice::delete_object(
                        key,
                        "only if it must not go on: otherwise wait for it before anything else is done to the release",
                        "stops it in the middle of what it does; the next run of the hook would do so, too",
                    ),
                ],
            ))
        }
        (Some(JobState::Failed), _) | (_, "Failed") if started.is_some() => {
            evidence.push(if is_there {
                "its object is still there, and can be asked".to_owned()
            } else {
                "its object is gone".to_owned()
            });
            let mut advice = Vec::new();
            if is_there {
                advice.push(advice::describe(key, "says how it failed"));
                advice.push(advice::logs(key));
            }
            Some(with(
                remark(
                    HealthCode::HookFailed,
                    HealthSeverity::Critical,
                    format!("{key}, a hook for {events}, failed"),
                ),
                evidence,
                advice,
            ))
        }
        _ => None,
    }
}
