//! The facts of a preview, from what a scan has read of a release.

use std::collections::BTreeMap;

use super::load::Loaded;
use super::planned::PlannedObject;
use super::resolver::Resolver;
use crate::classify::transition::{InManifests, LiveOwner, ObjectPreview};
use crate::health::observe::{ObjectOrigin, Observation, Presence};
use crate::preview::surroundings::Obstacle;
use crate::preview::{
    HookFacts, HookPresence, HookTime, LiveHook, MethodFacts, NotServed, Operation, RecordAccess,
    ServerSideTraces, Target, TargetRecord, choose_target,
};
use crate::release::history::{Depth, History};
use crate::release::record::Hook;

/// What is known of a previewed operation once its objects are planned.
#[derive(Default)]
pub(super) struct PlannedPreview {
    /// The kinds that are not served.
    pub(super) not_served: NotServed,
    /// The hooks that it runs.
    pub(super) hooks: Vec<HookFacts>,
    /// What is around its objects, once that was read.
    pub(super) around: Option<Vec<Obstacle>>,
}

/// The kinds of a scan's own preview that the API server does not serve.
pub(super) fn not_served(objects: &[PlannedObject]) -> NotServed {
    let mut found = NotServed::default();
    for (kind, manifests) in objects.iter().filter_map(PlannedObject::not_served) {
        match manifests {
            InManifests::Both => {
                found.from.insert(kind.clone());
                found.to.insert(kind);
            }
            InManifests::From => {
                found.from.insert(kind);
            }
            InManifests::To => {
                found.to.insert(kind);
            }
        }
    }
    found
}

/// The revision that a rollback goes to, and how it was chosen.
pub(super) fn target(
    history: &History,
    loaded: &Loaded,
    operation: Option<&Operation>,
    depth: Depth,
) -> Target {
    let records = history.revisions().iter().map(|stored| {
        let facts = loaded.records.get(&stored.revision);
        let record = TargetRecord {
            access: access(loaded, stored.revision),
            description: facts.map_or_else(String::new, |facts| facts.description.clone()),
            rollback_to: facts
                .map(|facts| facts.rollback_revision)
                .filter(|revision| *revision > 0),
            manifest: facts.and_then(|facts| facts.manifest),
        };
        (stored.revision, record)
    });
    let asked = match depth {
        Depth::Rollback(asked) => asked,
        Depth::Comparison | Depth::History => operation.and_then(|operation| operation.to),
    };
    choose_target(history, &records.collect::<BTreeMap<_, _>>(), asked)
}

/// Whether the record of a revision could be used.
pub(super) fn access(loaded: &Loaded, revision: u64) -> RecordAccess {
    match (loaded.unused.get(&revision), loaded.records.get(&revision)) {
        (Some(access), _) => access.clone(),
        (None, Some(_)) => RecordAccess::Read,
        (None, None) => RecordAccess::Unread("it was not asked for".to_owned()),
    }
}

/// What is known of the methods of both revisions.
pub(super) fn methods(loaded: &Loaded, operation: &Operation, objects: &[ObjectPreview]) -> MethodFacts {
    let method = |revision: u64| loaded.records.get(&revision)?.apply_method;
    let is_applied =
        |object: &ObjectPreview| object.live.as_ref().is_some_and(|live| live.is_applied_by_helm);
    MethodFacts {
        from: method(operation.from),
        decisive: method(operation.to.unwrap_or(operation.from)),
        traces: if objects.iter().any(is_applied) {
            ServerSideTraces::Some
        } else {
            ServerSideTraces::None
        },
    }
}

/// The hooks that an operation runs, in Helm's order; what has their names is read later.
pub(super) fn hooks(hooks: &[Hook], operation: &Operation, resolver: &Resolver<'_>) -> Vec<HookFacts> {
    let at = |time: HookTime| {
        let event = time.event(operation.kind);
        let hooks = hooks
            .iter()
            .filter(move |hook| hook.events.iter().any(|at| at == event));
        hooks.filter_map(move |hook| {
            let key = resolver.key_of_hook(hook)?;
            Some(HookFacts {
                revision: operation.to,
                time,
                delete_policies: hook.delete_policies.clone(),
                presence: if resolver.is_not_served(&key) {
                    HookPresence::KindNotServed
                } else {
                    HookPresence::Unread("it was not read".to_owned())
                },
                key,
            })
        })
    };
    at(HookTime::Before).chain(at(HookTime::After)).collect()
}

/// The same hooks, with what has their names by now.
pub(super) fn observed(hooks: &[HookFacts], objects: &[PlannedObject]) -> Vec<HookFacts> {
    let hooks = hooks.iter().cloned().map(|mut hook| {
        let mut objects = objects.iter().filter(|object| object.key == hook.key);
        if hook.presence != HookPresence::KindNotServed
            && let Some(observed) = objects.find_map(PlannedObject::observed)
        {
            hook.presence = presence(observed);
        }
        hook
    });
    hooks.collect()
}

/// What has the name of a hook.
fn presence(observed: &Observation) -> HookPresence {
    let present = |owner: LiveOwner| {
        HookPresence::Present(match observed.origin {
            _ if observed.is_running_hook() => LiveHook::Running,
            ObjectOrigin::Hook => LiveHook::EarlierRun,
            ObjectOrigin::Unknown => LiveHook::Other(owner),
        })
    };
    match &observed.presence {
        Presence::Absent => HookPresence::Absent,
        Presence::Ours => present(LiveOwner::Ours),
        Presence::OtherRelease(owner) => present(LiveOwner::Another(owner.clone())),
        Presence::NoRelease => present(LiveOwner::Nobody),
        Presence::Unproven => HookPresence::NotTold,
        Presence::Unread => HookPresence::Unread("it could not be read".to_owned()),
    }
}
