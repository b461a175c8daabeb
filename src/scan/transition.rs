//! The operation of Helm that a scan previews, and the objects of its two manifests.
//!
//! Every scan asks whether a rollback to the last good revision would work, by what it reads anyway. A preview that was
//! asked for goes to any revision, or to rendered manifests, and tells of each object.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::definitions::{AppliedDefinition, DefinitionBody};
use super::load::{DecodedRevision, Loaded};
use super::options::PreviewRequest;
use super::planned::{PlannedObject, Purpose, TargetBody, TransitionBodies};
use super::preview_facts::{PlannedPreview, hooks};
use super::resolver::{ResolvedObject, Resolver};
use crate::classify::transition::Detail;
use crate::manifest::parse::ManifestObject;
use crate::manifest::rendered::Rendered;
use crate::object::ObjectKey;
use crate::preview::{HookFacts, HookTime, NotServed, Operation};
use crate::release::history::History;
use crate::release::record::Hook;
use crate::release::stored::Status;
use crate::source::Kinds;
use crate::source::surroundings::definition_of;
use crate::vocabulary::PreviewedOperation;

/// The rollback to the last good revision, where both of its records were read. Where none is deployed, it goes to the one
/// that was deployed last.
pub(super) fn to_last_good(history: &History, loaded: &Loaded) -> Option<(Operation, Detail)> {
    let from = loaded.decoded(history.latest()?.revision)?;
    let to = match history.baseline() {
        Some(_) => loaded.decoded(history.last_good()?.revision)?,
        None => loaded.good.as_ref().filter(|good| good.number != from.number)?,
    };
    let operation = Operation {
        kind: PreviewedOperation::Rollback,
        from: from.number,
        to: Some(to.number),
        method: to.method,
    };
    // Out of trouble that rollback is advised, and then it counts what goes with it.
    let is_way_out = history.latest().map(|latest| latest.revision)
        != history.baseline().map(|baseline| baseline.revision);
    let detail = if is_way_out {
        Detail::TakenBack
    } else {
        Detail::Outcome
    };
    Some((operation, detail))
}

/// The two manifests of an operation that was asked for.
pub(super) struct Manifests {
    pub(super) operation: Operation,
    /// The hooks of the revision or the manifests that Helm applies.
    pub(super) hooks: Vec<Hook>,
    from: Vec<ManifestObject>,
    to: Vec<ManifestObject>,
}

impl Manifests {
    /// The manifests of what was asked for, where their records were read.
    pub(super) fn of(request: &PreviewRequest, history: &History, loaded: &Loaded) -> Option<Self> {
        match request {
            PreviewRequest::Rollback => Self::of_rollback(history, loaded),
            PreviewRequest::Upgrade(rendered) => Self::of_upgrade(rendered, history, loaded),
        }
    }

    fn of_rollback(history: &History, loaded: &Loaded) -> Option<Self> {
        let from = loaded.decoded(history.latest()?.revision)?;
        let to = loaded.target.as_ref()?;
        Some(Self {
            operation: Operation {
                kind: PreviewedOperation::Rollback,
                from: from.number,
                to: Some(to.number),
                method: to.method,
            },
            hooks: loaded
                .records
                .get(&to.number)
                .map_or_else(Vec::new, |record| record.hooks.clone()),
            from: from.objects.clone(),
            to: to.objects.clone(),
        })
    }

    fn of_upgrade(rendered: &Rendered, history: &History, loaded: &Loaded) -> Option<Self> {
        let from = upgraded_from(history, loaded)?;
        Some(Self {
            operation: Operation {
                kind: PreviewedOperation::Upgrade,
                from: from.number,
                to: None,
                method: from.method,
            },
            hooks: rendered.hooks.clone(),
            from: from.objects.clone(),
            to: rendered.objects.clone(),
        })
    }

    /// Lets the operation pass over the objects of a plan, in Helm's order: those that it applies, then those that it
    /// deletes. Objects that are not planned are added. Returns the kinds that are not served.
    pub(super) fn pass_over(
        self,
        objects: &mut Vec<PlannedObject>,
        resolver: &Resolver<'_>,
    ) -> PlannedPreview {
        // What the plan of every scan says of a rollback to the last good revision is about another operation.
        objects.iter_mut().for_each(PlannedObject::out_of_transition);
        let mut not_served = NotServed::default();
        let mut from: HashMap<Identity, ResolvedObject> = HashMap::new();
        let mut deleted = Vec::new();
        for object in resolver.resolve(self.from) {
            not_served.from.extend(unserved(&object.key, resolver));
            deleted.push(identity(&object.key));
            from.insert(identity(&object.key), object);
        }
        let mut planned: HashMap<ObjectKey, usize> = objects
            .iter()
            .enumerate()
            .filter(|(_, object)| object.purpose != Purpose::Hook)
            .map(|(position, object)| (object.key.clone(), position))
            .collect();
        let mut turn = 0;
        let mut pass = |object: ResolvedObject, bodies: TransitionBodies| {
            let position = *planned.entry(object.key).or_insert_with_key(|key| {
                let target = PlannedObject::new(key.clone(), Purpose::Target, object.object.template);
                objects.push(target);
                objects.len() - 1
            });
            if let Some(object) = objects.get_mut(position) {
                object.in_transition(turn, bodies);
            }
            turn += 1;
        };
        for object in resolver.resolve(self.to) {
            not_served.to.extend(unserved(&object.key, resolver));
            let before = from.remove(&identity(&object.key));
            let bodies = TransitionBodies {
                from: before.map(|before| before.object.body),
                to: Some(if object.duplicate_documents.is_empty() {
                    TargetBody::Document(Arc::clone(&object.object.body))
                } else {
                    TargetBody::Several
                }),
            };
            pass(object, bodies);
        }
        for identity in deleted {
            let Some(object) = from.remove(&identity) else {
                continue;
            };
            let bodies = TransitionBodies {
                from: Some(Arc::clone(&object.object.body)),
                to: None,
            };
            pass(object, bodies);
        }
        let hooks = hooks(&self.hooks, &self.operation, resolver);
        // Those of records are planned already.
        let planned: HashSet<ObjectKey> = objects.iter().map(|object| object.key.clone()).collect();
        let rendered = resolver.hooks(&self.hooks).into_iter();
        objects.extend(rendered.filter(|hook| !planned.contains(&hook.key)));
        PlannedPreview {
            not_served,
            hooks,
            around: None,
        }
    }
}

/// The revision whose manifest an upgrade starts from: the newest where that is deployed, else the deployed one, else the
/// newest (Helm: `pkg/action/upgrade.go`, `prepareUpgrade`).
fn upgraded_from<'l>(history: &History, loaded: &'l Loaded) -> Option<&'l DecodedRevision> {
    let latest = history.latest()?;
    let is_failed = matches!(latest.status, Status::Failed | Status::Superseded);
    let deployed = history.baseline().or(is_failed.then_some(latest));
    loaded.decoded(deployed?.revision)
}

/// Helm takes objects of two manifests for the same whatever their versions (Helm: `pkg/kube/resource.go`,
/// `isMatchingInfo`).
type Identity = (String, String, Option<String>, String);

fn identity(key: &ObjectKey) -> Identity {
    (
        key.gvk.group().to_owned(),
        key.gvk.kind.clone(),
        key.namespace.clone(),
        key.name.clone(),
    )
}

/// A kind that the API server does not serve, in words.
pub(super) fn unserved(key: &ObjectKey, resolver: &Resolver<'_>) -> Option<String> {
    resolver
        .is_not_served(key)
        .then(|| format!("{} of {}", key.gvk.kind, key.gvk.api_version))
}

/// Tells the objects of a previewed operation the definition of their kind, where the operation applies that before them.
pub(super) fn tell_definitions(objects: &mut [PlannedObject], hooks: &[HookFacts], kinds: &Kinds) {
    // Those that are applied come by their turns, and those of hooks before all of these.
    let of_objects = objects.iter().filter_map(|object| {
        let (position, body) = object.applied_definition()?;
        let body = match body {
            TargetBody::Document(body) => DefinitionBody::Document(Arc::clone(body)),
            TargetBody::Several => DefinitionBody::Several,
        };
        Some((&object.key.name, Some(position), body))
    });
    let of_hooks = hooks
        .iter()
        .filter(|hook| hook.key.gvk.is_definition() && hook.time == HookTime::Before)
        .map(|hook| (&hook.key.name, None, DefinitionBody::Hook));
    let applied = of_objects.chain(of_hooks).map(|(name, position, body)| {
        let definition = Arc::new(AppliedDefinition::new(name.clone(), body));
        (name.clone(), (position, definition))
    });
    let applied: HashMap<String, (Option<usize>, Arc<AppliedDefinition>)> = applied.collect();
    if applied.is_empty() {
        return;
    }
    for object in objects {
        let Some(turn) = object.turn else { continue };
        let definition = definition_of(&object.key.gvk, kinds).and_then(|name| applied.get(&name));
        if let Some((_, definition)) = definition.filter(|(position, _)| *position < Some(turn.position)) {
            object.definition = Some(Arc::clone(definition));
        }
    }
}
