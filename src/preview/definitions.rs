//! Objects of a custom kind whose definition the same operation applies before them.
//!
//! What is told of them is by that definition ([`crate::classify::transition::Definition`]). Where it is not certain that
//! Helm gets it written, neither schema is known to be the one that they are held to.

use std::borrow::Cow;
use std::collections::HashSet;

use super::course::obstacles;
use super::facts::PreviewFacts;
use super::surroundings::Verdict;
use crate::classify::transition::{InManifests, ObjectPreview};
use crate::object::ObjectKey;
use crate::vocabulary::PreviewAction;

/// The objects of an operation, with those left open whose definition may stay as it is.
pub(super) fn settled<'a>(facts: &PreviewFacts<'a>) -> Cow<'a, [ObjectPreview]> {
    let objects = facts.objects;
    let is_defined = |object: &ObjectPreview| object.definition.is_some();
    if !objects.iter().any(is_defined) {
        return Cow::Borrowed(objects);
    }
    let doubtful = doubtful(facts);
    if doubtful.is_empty() {
        return Cow::Borrowed(objects);
    }
    let settled = objects.iter().cloned().map(|mut object| {
        if let Some(definition) = object.definition.take_if(|name| doubtful.contains(name.as_str())) {
            object.action = PreviewAction::Unknown;
            object.reason = Some(format!(
                "it is held to CustomResourceDefinition {definition}, and whether Helm gets that written is not certain"
            ));
            object.unblock();
            object.may_be_refused = None;
            object.fields.clear();
            object.left_out = 0;
        }
        object
    });
    Cow::Owned(settled.collect())
}

/// The names of the definitions whose write fails, or may fail.
fn doubtful<'a>(facts: &PreviewFacts<'a>) -> HashSet<&'a str> {
    let stopped: HashSet<&ObjectKey> = obstacles(facts)
        .filter(|obstacle| match obstacle.verdict {
            Verdict::CreateFails | Verdict::UpdateFails | Verdict::MayFail => true,
            Verdict::RecordRefused
            | Verdict::DeleteFails
            | Verdict::Loses
            | Verdict::Asked
            | Verdict::Accepted
            | Verdict::Gap => false,
        })
        .filter_map(|obstacle| obstacle.object.as_ref())
        .collect();
    let is_doubtful = |object: &&ObjectPreview| {
        let is_open = match object.action {
            PreviewAction::Fail | PreviewAction::Unknown => true,
            PreviewAction::Create
            | PreviewAction::Change
            | PreviewAction::Delete
            | PreviewAction::Keep
            | PreviewAction::None
            | PreviewAction::NotReached => false,
        };
        is_open || object.may_be_refused.is_some() || stopped.contains(&object.key)
    };
    let definitions = facts
        .objects
        .iter()
        .filter(|object| object.key.gvk.is_definition() && object.manifests != InManifests::From);
    let doubtful = definitions.filter(is_doubtful);
    doubtful.map(|object| object.key.name.as_str()).collect()
}
