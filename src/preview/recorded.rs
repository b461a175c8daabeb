//! What the API server once refused of the revision that a rollback goes to, by Helm's own description of that failure.
//!
//! An object that is invalid in itself is so again: Helm sends the same. What was refused for what lived then, such as a
//! field that cannot change or a port that is taken, is judged by what lives now. Whether any other cause lasts is not known.

use super::confirmed::ALL_ACCEPTED;
use super::facts::PreviewFacts;
use super::target::TargetStanding;
use super::words::{reason, reason_at};
use crate::classify::transition::ObjectPreview;
use crate::health::description::{Cause, cause, is_failure, without_values};
use crate::model::PreviewReason;
use crate::vocabulary::{PreviewAction, PreviewCause};

/// The words of refusals that depend on what lives (Kubernetes: `pkg/apis/core/validation/validation.go`,
/// `pkg/apis/apps/validation/validation.go`, `pkg/apis/rbac/validation/validation.go`,
/// `pkg/registry/core/service/portallocator`; apiextensions: `pkg/apis/apiextensions/validation/validation.go`).
const BY_LIVE: [&str; 14] = [
    "immutable",
    "cannot change",
    "cannot be changed",
    "can not be changed",
    "not be decreased",
    "must appear in spec.versions",
    "already allocated",
    "already exists",
    "may not change",
    "may not be changed",
    "may not change fields",
    "updates to statefulset spec",
    "can not be less than",
    "must be specified for an update",
];

/// Why the target may fail again as it did. Causes that what lives now decides are judged by that; of hooks, of waiting and
/// of who runs Helm a preview says in any case that it does not know.
pub(super) fn lasting(facts: &PreviewFacts<'_>) -> Option<PreviewReason> {
    if facts.accepts_all() {
        return None;
    }
    may_last(facts)
}

/// The same where the API server accepts in dry runs everything that the target has.
pub(super) fn accepted_by_now(facts: &PreviewFacts<'_>) -> Option<PreviewReason> {
    let reason = may_last(facts).filter(|_| facts.accepts_all())?;
    Some(PreviewReason {
        message: format!("{}; {ALL_ACCEPTED}", reason.message),
        ..reason
    })
}

fn may_last(facts: &PreviewFacts<'_>) -> Option<PreviewReason> {
    let target = facts.target?;
    if target.standing != TargetStanding::Failed {
        return None;
    }
    let description = &facts.release.records.get(&target.revision)?.description;
    let may_last = match cause(description) {
        Cause::Denied | Cause::Schema | Cause::TooLarge => true,
        Cause::Other => {
            is_failure(description)
                && !description.contains("not found")
                && !BY_LIVE.iter().any(|words| description.contains(words))
        }
        Cause::Timeout
        | Cause::Hook
        | Cause::Immutable
        | Cause::Conflict
        | Cause::Ownership
        | Cause::Unserved
        | Cause::Webhook
        | Cause::Quota
        | Cause::Terminating
        | Cause::Forbidden
        | Cause::Invalid
        | Cause::Cancelled => false,
    };
    may_last.then(|| {
        let message = format!(
            "revision {} failed when it was applied, and may fail again: {}",
            target.revision,
            without_values(description)
        );
        reason(PreviewCause::Record, message)
    })
}

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
    if !has_failed || !is_sent || facts.is_accepted(&object.key) {
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
    // What was patched and is created now is not compared with anything (Helm: `pkg/kube/client.go`, `updateResource`).
    let was_patched = error.contains("cannot patch");
    if BY_LIVE.iter().any(|words| error.contains(words))
        || was_patched && object.action == PreviewAction::Create
    {
        return None;
    }
    let message = format!(
        "was refused when revision {} was applied first, and is the same by now: {}",
        target.revision,
        without_values(error)
    );
    Some(reason_at(&object.key, PreviewCause::Rule, message))
}
