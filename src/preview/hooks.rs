//! The hooks of an operation: those that run, and those that ran and are not undone.
//!
//! A rollback runs the hooks of its target, and none of the revision that it leaves. Before a hook Helm deletes whatever has
//! its name, unless the hook has delete policies and `before-hook-creation` is not among them; a
//! `CustomResourceDefinition` it never deletes (Helm: `pkg/action/hooks.go`, `execHookWithDelayedShutdown`,
//! `deleteHookByPolicy`). Then it creates the hook's object: client-side apply fails at one that exists, server-side apply
//! writes over it.

use chrono::TimeDelta;

use super::facts::{HookFacts, HookPresence, HookTime, LiveHook, PreviewFacts};
use crate::classify::transition::LiveOwner;
use crate::health::observe::Observation;
use crate::model::PreviewHook;
use crate::object::ObjectKey;
use crate::release::record::Hook;
use crate::release::stored::StoredRevision;
use crate::vocabulary::{ApplyMethod, PreviewCause};

/// Helm's policy that deletes what has a hook's name, which it also takes where a hook has none.
const BEFORE_CREATION: &str = "before-hook-creation";

/// The events at which an upgrade or a rollback runs hooks, whose work another rollback does not undo; then those of an
/// installation, which is revision 1.
const EVENTS: [&str; 6] = [
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "pre-install",
    "post-install",
];

/// The kinds of hooks that do nothing by themselves: others run with them.
const INERT: [&str; 9] = [
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "NetworkPolicy",
    "Service",
];

/// How far apart two clocks may be: Helm's own, by which a record has the runs of hooks, and the API server's.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// How many hooks that are not undone are listed.
const MAX_RAN: usize = 50;

/// What becomes of a hook that an operation runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HookFate {
    /// It runs; whether it succeeds nobody knows.
    Runs,
    /// It runs, and first Helm deletes another object that has its name.
    Deletes(String),
    /// It may fail for what has its name.
    MayFail(String),
    /// It cannot be created.
    Fails(PreviewCause, String),
}

/// The hooks that run before the objects are applied.
pub(super) fn before(hooks: &[HookFacts]) -> impl Iterator<Item = &HookFacts> {
    hooks.iter().filter(|hook| hook.time == HookTime::Before)
}

/// The hooks that run after that.
pub(super) fn after(hooks: &[HookFacts]) -> impl Iterator<Item = &HookFacts> {
    hooks.iter().filter(|hook| hook.time == HookTime::After)
}

/// What becomes of a hook.
pub(super) fn fate(hook: &HookFacts, method: ApplyMethod) -> HookFate {
    let is_deleted_first = deletes_first(hook);
    match &hook.presence {
        HookPresence::Absent | HookPresence::NotTold => HookFate::Runs,
        HookPresence::KindNotServed => HookFate::Fails(
            PreviewCause::KindNotServed,
            "is a hook, and the API server does not serve its kind".to_owned(),
        ),
        HookPresence::Unread(_) | HookPresence::Present(LiveHook::EarlierRun) if is_deleted_first => {
            HookFate::Runs
        }
        HookPresence::Unread(why) => {
            HookFate::MayFail(format!("is a hook, and whether its name is taken could not be read: {why}"))
        }
        HookPresence::Present(LiveHook::Running) if is_deleted_first => HookFate::Deletes(
            "is running now: Helm deletes it in the middle of its work, and then runs the hook".to_owned(),
        ),
        HookPresence::Present(LiveHook::Other(owner)) if is_deleted_first => {
            let whose = match owner {
                LiveOwner::Ours => "an object of this release".to_owned(),
                LiveOwner::Another(other) => format!("an object of release {other}"),
                LiveOwner::Nobody => "an object of no release".to_owned(),
            };
            HookFate::Deletes(format!("{whose} has the name of a hook, and Helm deletes it before it runs the hook"))
        }
        HookPresence::Present(_) => match method {
            ApplyMethod::Csa => HookFate::Fails(
                PreviewCause::Hook,
                "exists already, and the hook's policy does not delete it before: Helm cannot create the hook".to_owned(),
            ),
            ApplyMethod::Ssa => HookFate::MayFail(
                "exists already, and the hook's policy does not delete it before: Helm writes over it, which fails if others \
                 own fields of it or if they cannot change"
                    .to_owned(),
            ),
        },
    }
}

/// Whether Helm deletes what has the hook's name before it runs the hook.
fn deletes_first(hook: &HookFacts) -> bool {
    let has_policy = hook.delete_policies.is_empty()
        || hook
            .delete_policies
            .iter()
            .any(|policy| policy == BEFORE_CREATION);
    has_policy && hook.key.gvk.kind != "CustomResourceDefinition"
}

/// The hooks of a preview: those that run, then those that ran.
pub(super) fn of_preview(facts: &PreviewFacts<'_>) -> Vec<PreviewHook> {
    let operation = facts.operation;
    let runs = facts.hooks.iter().map(|hook| PreviewHook {
        kind: hook.key.gvk.kind.clone(),
        namespace: hook.key.namespace.clone(),
        name: hook.key.name.clone(),
        revision: hook.revision,
        event: hook.time.event(operation.kind).to_owned(),
        runs: true,
        message: match fate(hook, operation.method) {
            HookFate::Runs if hook.presence == HookPresence::Present(LiveHook::EarlierRun) => {
                "runs; Helm deletes what its last run left before".to_owned()
            }
            HookFate::Runs => "runs".to_owned(),
            HookFate::Deletes(message) | HookFate::MayFail(message) | HookFate::Fails(_, message) => message,
        },
    });
    runs.chain(ran(facts)).collect()
}

/// The hooks that ran in the revisions above the target of a rollback, newest revision first.
fn ran(facts: &PreviewFacts<'_>) -> Vec<PreviewHook> {
    let Some(target) = facts.operation.to else {
        return Vec::new();
    };
    let hooks = facts.release.objects.hooks.iter();
    let running: Vec<&ObjectKey> = hooks
        .filter(|object| object.observed.as_ref().is_some_and(Observation::is_running_hook))
        .map(|object| &object.key)
        .collect();
    let revisions = facts.release.history.revisions().iter().rev();
    let above = revisions.filter(|stored| stored.revision > target);
    let hooks = above.flat_map(|stored| {
        let record = facts.release.records.get(&stored.revision);
        let hooks = record.map_or(&[][..], |record| record.hooks.as_slice());
        hooks
            .iter()
            .filter(|hook| ran_in(hook, stored) && !INERT.contains(&hook.kind.as_str()))
            .filter_map(move |hook| Some((stored, hook, ran_at(hook)?)))
    });
    hooks
        .take(MAX_RAN)
        .map(|(stored, hook, event)| PreviewHook {
            kind: hook.kind.clone(),
            namespace: hook
                .location
                .as_ref()
                .and_then(|location| location.namespace.clone()),
            name: hook.name.clone(),
            revision: Some(stored.revision),
            event: event.to_owned(),
            runs: false,
            message: if still_runs(hook, &running, facts) {
                format!(
                    "revision {} runs it, and it is still running: a rollback does not wait for it, and does not undo what it \
                     does",
                    stored.revision
                )
            } else {
                format!(
                    "revision {} ran it{}, and a rollback does not undo what it did",
                    stored.revision,
                    match hook.last_run.phase.as_str() {
                        "Failed" => " without success",
                        _ => "",
                    }
                )
            },
        })
        .collect()
}

/// Whether the Job or the Pod of a hook has not ended. One of the target's hooks that has its name is told of there.
fn still_runs(hook: &Hook, running: &[&ObjectKey], facts: &PreviewFacts<'_>) -> bool {
    let namespace = match &hook.location {
        Some(location) => location.namespace.as_deref(),
        None => None,
    };
    let namespace = namespace.unwrap_or(&facts.release.history.key.namespace);
    running.iter().any(|key| {
        key.gvk.kind == hook.kind
            && key.name == hook.name
            && key.namespace.as_deref().is_none_or(|other| other == namespace)
    })
}

/// Whether a hook ran in the operation of this revision. A rollback copies the runs of its target's hooks.
fn ran_in(hook: &Hook, stored: &StoredRevision) -> bool {
    let Some(started) = hook.last_run.started_at else {
        return false;
    };
    stored.created.is_none_or(|created| started >= created - SKEW)
}

/// The event at which a hook ran, of those that change something.
fn ran_at(hook: &Hook) -> Option<&'static str> {
    EVENTS
        .into_iter()
        .find(|event| hook.events.iter().any(|other| other == event))
}
