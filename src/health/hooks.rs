//! The hooks of an operation that did not complete.
//!
//! Helm creates a hook's object, waits for Jobs and Pods to finish, and notes the outcome in the record (Helm:
//! `pkg/action/hooks.go`, `execHook`). When Helm gives up or is killed, the object stays and may continue to run.

use super::advice;
use super::entry::{ADVISED, moment, named, remark, unadvised};
use super::good::good;
use super::hook_runs::{by_object, made, of_newest, started};
use super::losses::loss;
use super::newest_operation::may_be_running;
use super::observe::{Observation, Presence};
use super::readiness::JobState;
use super::release_facts::{ObservedObject, ReleaseFacts};
use super::steps::{Step, with};
use crate::model::Health;
use crate::object::ObjectKey;
use crate::release::record::Hook;
use crate::release::stored::{Status, StoredRevision};
use crate::vocabulary::{HealthCode, HealthSeverity};

/// The hooks of the newest operation that failed or are still running.
pub(super) fn failed_or_running(facts: &ReleaseFacts<'_>) -> Vec<Health> {
    let Some(latest) = facts.history.latest() else {
        return Vec::new();
    };
    // The hooks of a deployed revision have finished, whatever a copied record says.
    if !latest.status.is_pending() && latest.status != Status::Failed {
        return Vec::new();
    }
    let hooks = of_newest(facts, latest);
    let may_run = may_be_running(facts, latest);
    let objects = facts.objects.hooks.iter();
    objects
        .filter_map(|object| diagnose_hook(latest, may_run, object, hooks.get(&made(object))?))
        .collect()
}

/// Objects of hooks that the newest revision no longer has: nothing ever deletes them.
pub(super) fn left_over(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let latest = facts.history.latest()?;
    // A rollback goes back to the deployed revision, and to its hooks. What a revision has that was not read is not known.
    let in_use = [Some(latest.revision), good(facts)].into_iter().flatten();
    let current: Option<Vec<_>> = in_use
        .map(|revision| Some(by_object(&facts.records.get(&revision)?.hooks)))
        .collect();
    let current = current?;
    let left: Vec<&ObservedObject> = facts
        .objects
        .hooks
        .iter()
        .filter(|object| {
            let observed = object.observed.as_ref();
            observed.is_some_and(|observed| is_told_to_exist(object, observed))
                && !current.iter().any(|hooks| hooks.contains_key(&made(object)))
        })
        .collect();
    let keys = || left.iter().map(|object| &object.key);
    keys().next()?;
    let advised = || keys().take(ADVISED);
    let mut steps: Vec<_> = advised()
        .map(|key| {
            let what = if runs(key) {
                "shows whether it is still running"
            } else {
                "shows what it is"
            };
            advice::describe(key, what)
        })
        .collect();
    steps.extend(advised().map(advice::save_object));
    steps.extend(advised().map(|key| {
        let (once, what) = if runs(key) {
            (
                "once it has finished",
                "deletes the object that the hook left, and its logs",
            )
        } else {
            ("only if nothing uses it", loss(&key.gvk.kind))
        };
        let why = format!("{once}: Helm does not delete hooks that a chart no longer has");
        advice::delete_object(key, &why, what)
    }));
    Some(with(
        remark(
            HealthCode::LeftoverHooks,
            HealthSeverity::Info,
            format!("left behind by hooks of older revisions: {}", named(keys())),
        ),
        facts
            .objects
            .doubt()
            .into_iter()
            .chain(unadvised(left.len()))
            .collect(),
        steps,
    ))
}

/// Whether objects of a kind run to an end, as Helm waits for them to do (Helm: `pkg/action/hooks.go`, `execHook`).
fn runs(key: &ObjectKey) -> bool {
    matches!(
        (key.gvk.group(), key.gvk.kind.as_str()),
        ("batch", "Job") | ("", "Pod")
    )
}

/// The entry about one hook, if it failed or is still running.
fn diagnose_hook(
    latest: &StoredRevision,
    may_run: bool,
    object: &ObservedObject,
    hook: &Hook,
) -> Option<Health> {
    let started = started(latest, hook);
    let observed = object.observed.as_ref()?;
    let evidence = started.map(|started| {
        format!(
            "Helm started the hook at {}; last recorded phase: {}",
            moment(started),
            hook.last_run.phase
        )
    });
    let exists = is_told_to_exist(object, observed);
    if observed.job == Some(JobState::Running) && exists {
        return Some(with(
            running(latest, may_run, object, hook),
            evidence.into_iter().collect(),
            steps_while_running(&object.key),
        ));
    }
    let has_failed = observed.job == Some(JobState::Failed) || hook.last_run.phase == "Failed";
    (has_failed && started.is_some()).then(|| {
        let evidence = evidence.into_iter().chain(presence(object, observed));
        let steps = if exists {
            let describe = advice::describe(&object.key, "shows how it failed");
            let logs = runs(&object.key).then(|| advice::logs(&object.key));
            [describe].into_iter().chain(logs).collect()
        } else {
            Vec::new()
        };
        let message = format!("hook {} ({}) failed", object.key, hook.events.join(", "));
        with(
            remark(HealthCode::HookFailed, HealthSeverity::Critical, message),
            evidence.collect(),
            steps,
        )
    })
}

/// Whether an object of a hook exists, and may be spoken of. Helm marks no owner on hooks, so nothing proves that one
/// outside of the release's namespace is the release's; see [`crate::manifest::standing`].
fn is_told_to_exist(object: &ObservedObject, observed: &Observation) -> bool {
    match observed.presence {
        Presence::Ours => true,
        Presence::NoRelease => object.key.namespace.is_some(),
        Presence::OtherRelease(_) | Presence::Absent | Presence::Unproven | Presence::Unread => false,
    }
}

/// Whether the object of a failed hook can still be inspected; `None` where that may not be told.
fn presence(object: &ObservedObject, observed: &Observation) -> Option<String> {
    let ObjectKey { gvk, namespace, .. } = &object.key;
    let kind = &gvk.kind;
    match observed.presence {
        Presence::OtherRelease(_) | Presence::NoRelease | Presence::Absent if namespace.is_none() => None,
        Presence::Ours | Presence::NoRelease => Some(format!("the {kind} still exists; inspect it")),
        Presence::OtherRelease(_) => Some(format!("the {kind} of that name belongs to another release")),
        Presence::Absent => Some(format!(
            "there is no {kind} of that name: it was deleted, or Helm could not create it"
        )),
        Presence::Unread => Some(format!("the {kind} could not be read")),
        Presence::Unproven => None,
    }
}

/// The remark about a hook that is still running.
fn running(latest: &StoredRevision, may_run: bool, object: &ObservedObject, hook: &Hook) -> Health {
    let (severity, given_up) = if may_run {
        (HealthSeverity::Info, "")
    } else if latest.status.is_pending() {
        (HealthSeverity::Warning, "")
    } else {
        (HealthSeverity::Warning, ", although Helm gave up on it")
    };
    let events = hook.events.join(", ");
    remark(
        HealthCode::HookRunning,
        severity,
        format!("hook {} ({events}) is still running{given_up}", object.key),
    )
}

fn steps_while_running(key: &ObjectKey) -> Vec<Step> {
    vec![
        advice::describe(key, "shows what it is waiting for"),
        advice::logs(key),
        advice::await_completion(key),
        advice::delete_object(
            key,
            "only if it must not continue: otherwise wait for it before you change anything else in the release",
            "stops it in the middle of its work; the next run of the hook would do so, too",
        ),
    ]
}
