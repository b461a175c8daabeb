//! What the API server once refused of the revision that a rollback goes to, by Helm's own description of that failure.
//!
//! An object that is invalid in itself is so again: Helm sends the same. What was refused for what lived then, such as a
//! field that cannot change or a port that is taken, is judged by what lives now.

use super::facts::PreviewFacts;
use super::target::TargetStanding;
use super::words::reason_at;
use crate::classify::transition::ObjectPreview;
use crate::health::description::without_values;
use crate::model::PreviewReason;
use crate::vocabulary::{PreviewAction, PreviewCause};

/// The words of refusals that depend on what lives (Kubernetes: `pkg/apis/core/validation/validation.go`,
/// `pkg/apis/apps/validation/validation.go`, `pkg/registry/core/service/portallocator`).
const BY_LIVE: [&str; 9] = [
    "immutable",
    "already allocated",
    "already exists",
    "may not change",
    "may not be changed",
    "may not change fields",
    "updates to statefulset spec",
    "can not be less than",
    "must be specified for an update",
];

/// Why an object of the target is refused again.
pub(super) fn refused_again(facts: &PreviewFacts<'_>, object: &ObjectPreview) -> Option<PreviewReason> {
    let target = facts.target?;
    let has_failed = target.standing == TargetStanding::Failed;
    let is_sent = match object.action {
        PreviewAction::Create | PreviewAction::Change => true,
        PreviewAction::Delete
        | PreviewAction::Keep
        | PreviewAction::None
        | PreviewAction::Fail
        | PreviewAction::NotReached
        | PreviewAction::Unknown => false,
    };
    if !has_failed || !is_sent {
        return None;
    }
    let description = &facts.release.records.get(&target.revision)?.description;
    let gvk = &object.key.gvk;
    // apimachinery: `pkg/api/errors/errors.go`, `NewInvalid`.
    let invalid = if gvk.group().is_empty() {
        format!("{} \"{}\" is invalid", gvk.kind, object.key.name)
    } else {
        format!("{}.{} \"{}\" is invalid", gvk.kind, gvk.group(), object.key.name)
    };
    // Helm joins the errors of several objects (Helm: `pkg/kube/client.go`, `joinErrors`).
    let mut errors = description.split(" && ");
    let error = errors.find(|error| error.contains(&invalid))?;
    if BY_LIVE.iter().any(|words| error.contains(words)) {
        return None;
    }
    let message = format!(
        "was refused when revision {} was applied first, and is the same by now: {}",
        target.revision,
        without_values(error)
    );
    Some(reason_at(&object.key, PreviewCause::Rule, message))
}
