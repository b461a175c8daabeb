//! What it means that the API server refuses a dry run.
//!
//! It means that the write fails where the object itself is the reason, by a rule or by admission. It means nothing where
//! it is about the account that asked, about dry runs as such, or about what the operation itself does before.

use super::earlier::Earlier;
use crate::classify::dry_run::{DryRunCheck, FailureScope, kind_sentence};
use crate::classify::transition::{ObjectPreview, SentRequest};
use crate::health::description::{Cause, cause, without_values};
use crate::object::ObjectKey;
use crate::policy::redact::Redaction;
use crate::source::{DryRunError, ReadError};
use crate::vocabulary::PreviewCause;

/// What the API server's answer to a dry run means for Helm's own write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is accepted.
    Accepted,
    /// It is refused, with the cause and the sentence.
    Refused(PreviewCause, String),
    /// It may be refused.
    InDoubt(PreviewCause, String),
    /// There is no answer, for this reason.
    None(String),
}

/// The words of refusals that are about the account that asks, and Helm's may be another (Kubernetes:
/// `pkg/registry/rbac/escalation_check.go`; `plugin/pkg/admission/gc/gc_admission.go`).
const ABOUT_THE_ACCOUNT: [&str; 4] = [
    "attempting to grant RBAC permissions",
    "cannot set blockOwnerDeletion",
    "cannot set an ownerRef on a resource you can't delete",
    "user not permitted",
];

/// The words of refusals because of an object that is not there, which the operation may create before.
const NOT_THERE: [&str; 4] = [
    "not found",
    "does not exist",
    "no PriorityClass with name",
    "could not be found",
];

/// The words of a refusal because another Service has a port or an address.
const TAKEN: &str = "already allocated";

/// How a refusal begins of an object that cannot be read as its kind (Kubernetes:
/// `apimachinery/pkg/util/managedfields/internal/structuredmerge.go`, `Apply`).
const MISFIT: &str = "failed to convert new object";

/// How a sentence begins that has the API server's words.
const REFUSES: &str = "the API server refuses it in a dry run";

/// The refusals of one object's dry run.
pub(super) struct Refusals<'a> {
    pub(super) earlier: Earlier<'a>,
    pub(super) redaction: &'a Redaction,
}

impl Refusals<'_> {
    pub(super) fn answer(&self, object: &ObjectPreview, sent: &SentRequest, failed: &DryRunError) -> Answer {
        let key = &object.key;
        let none = |why: &str| Answer::None(format!("{key}: {why}"));
        match DryRunCheck::failure_scope(&failed.error) {
            FailureScope::Kind => return Answer::None(kind_sentence(key, &failed.error)),
            FailureScope::Object => {}
        }
        let (ReadError::Refused { status, reason }, Some(words)) = (&failed.error, &failed.words) else {
            return none(&failed.error.to_string());
        };
        if words.contains("does not support dry run") {
            return none(&failed.error.to_string());
        }
        if ABOUT_THE_ACCOUNT.iter().any(|part| words.contains(part)) {
            return none("the API server refuses it to the account that asks, and says nothing of Helm's");
        }
        let Some(cause) = meaning(*status, reason, words) else {
            return none(&failed.error.to_string());
        };
        if let Some(other) = self.brought_about_by(key, words, cause) {
            return none(&format!(
                "the API server refuses it now, which may change once {other} is written"
            ));
        }
        let message = match sent.hidden.without(words.clone()) {
            Some(words) => {
                let words = self.redaction.shown_text(&without_values(&words));
                format!("{REFUSES}: {words}")
            }
            None => format!("{REFUSES}: {}", told(&failed.error)),
        };
        match cause {
            Means::Fails(cause) => Answer::Refused(cause, message),
            Means::MayFail(cause) => Answer::InDoubt(cause, message),
        }
    }

    /// What the operation does before that may bring another answer about.
    fn brought_about_by(&self, key: &ObjectKey, words: &str, means: Means) -> Option<&ObjectKey> {
        let cause = match means {
            Means::Fails(cause) | Means::MayFail(cause) => cause,
        };
        let words = without_own_name(key, words);
        let earlier = &self.earlier;
        let is_absence = NOT_THERE.iter().any(|part| words.contains(part));
        let is_growth = key.gvk.kind == "PersistentVolumeClaim" && words.contains("resize");
        // What a quota asks for may be given by limits, which are told by their words alone.
        let is_amount = cause == PreviewCause::Quota || words.contains(" usage per ");
        // Each search passes over all objects before this one.
        // Each search passes over all objects before this one.
        if cause == PreviewCause::Quota
            && let Some(quota) = earlier.of_kind_beside("ResourceQuota", key)
        {
            return Some(quota);
        }
        if is_amount && let Some(limits) = earlier.of_kind_beside("LimitRange", key) {
            return Some(limits);
        }
        match cause {
            PreviewCause::Admission => earlier.of_admission(key),
            PreviewCause::Taken => earlier.of_kind("Service"),
            _ => None,
        }
        .or_else(|| is_growth.then(|| earlier.storage_class()).flatten())
        .or_else(|| {
            let maker = || earlier.created(words).or_else(|| earlier.hook());
            is_absence.then(maker).flatten()
        })
    }
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    Fails(PreviewCause),
    MayFail(PreviewCause),
}

/// What a refusal means for the same request of Helm's; `None` where that is not known.
fn meaning(status: u16, reason: &str, words: &str) -> Option<Means> {
    let fails = |cause| Some(Means::Fails(cause));
    match cause(words) {
        // Webhooks refuse with a status of their own.
        Cause::Denied => return fails(PreviewCause::Admission),
        // One that hangs or is gone may answer by then.
        Cause::Webhook => return Some(Means::MayFail(PreviewCause::Admission)),
        Cause::Schema if matches!(status, 400 | 422 | 500) => return fails(PreviewCause::Rule),
        // A limit of the namespace has this cause, too.
        Cause::Quota if status == 403 && words.contains("quota") => return fails(PreviewCause::Quota),
        Cause::Terminating if status == 403 => return fails(PreviewCause::NamespaceGone),
        Cause::Conflict if status == 409 => return fails(PreviewCause::Conflict),
        Cause::Timeout
        | Cause::Hook
        | Cause::Immutable
        | Cause::Conflict
        | Cause::Ownership
        | Cause::Unserved
        | Cause::Quota
        | Cause::Terminating
        | Cause::Schema
        | Cause::Forbidden
        | Cause::Invalid
        | Cause::TooLarge
        | Cause::Cancelled
        | Cause::Other => {}
    }
    match status {
        // An apply of values that do not fit their types; a webhook that converts may only be away.
        500 if words.starts_with(MISFIT) && !words.contains("webhook") => fails(PreviewCause::Rule),
        404 if words.starts_with("namespaces \"") => fails(PreviewCause::NamespaceGone),
        422 if words.contains(TAKEN) => fails(PreviewCause::Taken),
        // The status of what is invalid in itself, and of what cannot be read as its kind.
        422 if reason == "Invalid" => fails(PreviewCause::Rule),
        400 | 403 => fails(PreviewCause::Rule),
        _ => None,
    }
}

/// The words after the name of the object itself, with which most refusals begin.
fn without_own_name<'w>(key: &ObjectKey, words: &'w str) -> &'w str {
    let name = format!("\"{}\" is ", key.name);
    words.split_once(&name).map_or(words, |(_, rest)| rest)
}

/// A refusal whose words may not be shown.
fn told(error: &ReadError) -> String {
    match error {
        ReadError::Refused { status, reason } if reason.is_empty() => format!("it answers {status}"),
        ReadError::Refused { status, reason } => format!("it answers {status} ({reason})"),
        other => other.to_string(),
    }
}
