//! Previews: what an operation of Helm would do to a release, if it ran now.
//!
//! Everything here is read from records and from the cluster before; Helm itself checks nothing of it in a dry run. What
//! happens to each object is known already ([`crate::classify::transition`]); here it is put together in Helm's order, with
//! what stands in the way around the objects, the hooks, and what is left behind when it fails (Helm:
//! `pkg/action/rollback.go`, `upgrade.go`; `pkg/kube/client.go`, `Update`).

mod confirmed;
mod course;
mod definitions;
mod dry_runs;
mod facts;
#[cfg(test)]
pub(crate) mod fixtures;
mod health;
mod hooks;
mod leaves;
mod looks;
mod losses;
mod not_known;
mod recorded;
mod risks;
mod steps;
pub mod surroundings;
mod target;
#[cfg(test)]
mod tests;
mod words;

pub use self::confirmed::DryRuns;
pub use self::dry_runs::{Confirmed, confirm, too_early};
pub use self::facts::{
    HookFacts, HookPresence, HookTime, LiveHook, MethodFacts, NotServed, Operation, PreviewFacts,
    ServerSideTraces,
};
pub use self::health::health;
pub(crate) use self::health::place_of_blocked_rollback;
pub use self::target::{
    Again, RecordAccess, Target, TargetChoice, TargetRecord, TargetStanding, choose_target,
};

use self::course::{Course, End};
use self::leaves::Objects;
use crate::classify::transition::{InManifests, ObjectPreview};
use crate::model::{Preview, PreviewObject};
use crate::vocabulary::{PreviewAction, PreviewOutcome};

/// What an operation would do, if it ran now.
pub fn preview(facts: &PreviewFacts<'_>) -> Preview {
    let facts = &PreviewFacts {
        objects: &definitions::settled(facts),
        ..*facts
    };
    let course = Course::of(facts);
    let hooks = match course.end {
        // Helm does not begin, and runs none.
        End::Refused | End::NotBuilt => Vec::new(),
        End::HookBefore | End::Objects | End::Deletions | End::HookAfter | End::Done | End::Untold => {
            hooks::of_preview(facts)
        }
    };
    let losses = if losses::are_told(&course) {
        losses::of(facts, &course.actions, &course.ignored, &hooks)
    } else {
        Vec::new()
    };
    let outcome = match course.outcome(facts.operation.kind) {
        PreviewOutcome::Works if !losses.is_empty() => PreviewOutcome::WorksBut,
        other => other,
    };
    let risks = risks::of(facts, &course);
    let accepted = risks::accepted(facts, &course);
    let message = leaves::message(facts, outcome, &course, &losses, &risks);
    let mut not_known = not_known::of(facts, &course);
    let (advice, missing) = steps::of(facts, &course);
    not_known.extend(missing);
    Preview {
        operation: facts.operation.kind,
        from_revision: facts.operation.from,
        to_revision: facts.operation.to,
        apply_method: facts.operation.method,
        outcome,
        message,
        leaves: leaves::leaves(facts, &course, Objects::All),
        objects: facts
            .objects
            .iter()
            .zip(&course.actions)
            .filter(|(object, action)| !is_gone(object, **action))
            .map(|(object, action)| PreviewObject {
                confirmed: facts
                    .dry_runs
                    .and_then(|dry_runs| dry_runs.confirmed.get(&object.key).copied()),
                ..shown(object, *action)
            })
            .collect(),
        causes: course
            .stops
            .into_iter()
            .chain(losses)
            .chain(risks)
            .chain(accepted)
            .collect(),
        confirmation: facts
            .dry_runs
            .map(|dry_runs| Box::new(dry_runs.confirmation.clone())),
        hooks,
        not_known,
        advice,
    }
}

/// Whether Helm is to delete an object that does not exist any more: there is nothing to list.
fn is_gone(object: &ObjectPreview, action: PreviewAction) -> bool {
    object.manifests == InManifests::From && object.live.is_none() && action == PreviewAction::None
}

/// One object of a preview. Of one that Helm does not come to, the fields do not change.
fn shown(object: &ObjectPreview, action: PreviewAction) -> PreviewObject {
    let (fields, left_out) = match action {
        PreviewAction::NotReached => (Vec::new(), 0),
        PreviewAction::Create
        | PreviewAction::Change
        | PreviewAction::Delete
        | PreviewAction::Keep
        | PreviewAction::None
        | PreviewAction::Fail
        | PreviewAction::Unknown => (object.fields.clone(), object.left_out),
    };
    PreviewObject {
        api_version: object.key.gvk.api_version.clone(),
        kind: object.key.gvk.kind.clone(),
        namespace: object.key.namespace.clone(),
        name: object.key.name.clone(),
        action,
        reason: object
            .block
            .as_ref()
            .filter(|_| action == PreviewAction::Fail)
            .map(words::block_words)
            .or_else(|| object.reason.clone()),
        fields,
        left_out,
        confirmed: None,
    }
}
