//! The preview of an operation of Helm: what would become of the release, of each object and of each hook.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Actor, Advice, Unconfirmed};
use crate::vocabulary::{
    ApplyMethod, PreviewAction, PreviewCause, PreviewEffect, PreviewOutcome, PreviewedOperation,
};

/// What an operation of Helm would do, if it ran now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The operation.
    pub operation: PreviewedOperation,
    /// The revision whose manifest Helm starts from: the newest for a rollback, the deployed one for most upgrades.
    pub from_revision: u64,
    /// The revision that a rollback goes to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to_revision: Option<u64>,
    /// How Helm would apply the objects.
    pub apply_method: ApplyMethod,
    /// The answer in one word.
    pub outcome: PreviewOutcome,
    /// The answer in one sentence.
    pub message: String,
    /// What the outcome rests on, the gravest first.
    pub causes: Vec<PreviewReason>,
    /// The state in which the release is left if the operation fails as foretold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub leaves: Option<String>,
    /// What becomes of each object, in the order in which Helm works on them: those that it applies, then those that it
    /// deletes.
    pub objects: Vec<PreviewObject>,
    /// The hooks that run, and those that ran and are not undone.
    pub hooks: Vec<PreviewHook>,
    /// What no reader of the cluster can tell before, a sentence each.
    pub not_known: Vec<String>,
    /// What to run, safest first.
    pub advice: Vec<Advice>,
    /// What dry runs of the writes said; absent where none was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confirmation: Option<Box<PreviewConfirmation>>,
}

/// The API server's answers to dry runs of the objects that an operation writes. Each object has its own answer, and is
/// told as the answer says. Deletions and hooks are not asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewConfirmation {
    /// How many objects Helm creates or writes.
    pub writes: usize,
    /// For how many of them the answer is what the preview told without it.
    pub confirmed: usize,
    /// For how many it is another.
    pub unconfirmed: usize,
    /// The reasons why the others have no answer.
    pub unanswered: Vec<Unconfirmed>,
}

/// One thing that the outcome rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewReason {
    /// What it is.
    pub code: PreviewCause,
    /// The object that it is about, as texts name objects; absent where it is about the release.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// One sentence.
    pub message: String,
}

/// What becomes of one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewObject {
    /// The API version by which Helm writes or deletes it.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; `null` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// What Helm does to it.
    pub action: PreviewAction,
    /// Why, where the action alone does not say it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Its fields that change, and those that differ from what Helm applies and stay.
    pub fields: Vec<PreviewField>,
    /// How many fields are not listed, because there are too many.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub left_out: usize,
    /// Whether a dry run of its write came to what the preview told without it; absent where there was none, or no answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confirmed: Option<bool>,
}

/// One field that an operation changes, or that differs from what it applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewField {
    /// Where, as findings name places.
    pub path: String,
    /// What becomes of it.
    pub effect: PreviewEffect,
    /// The live value; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub live: Option<Value>,
    /// The value after the operation; absent where there is none then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Value>,
    /// The value that the operation applies, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub applied: Option<Value>,
    /// Whether the values were left out because they may be secret.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub redacted: bool,
    /// The field manager under whose name the live value was written, where it is not this release's Helm.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor: Option<Actor>,
    /// Why the field stops the operation, or cannot be foretold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewHook {
    /// The kind.
    pub kind: String,
    /// The namespace, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The revision that has it; absent for a hook of rendered manifests.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<u64>,
    /// The event that runs it, or at which it ran.
    pub event: String,
    /// Whether the operation runs it; otherwise it ran, and the operation does not undo what it did.
    pub runs: bool,
    /// What that means, in one sentence.
    pub message: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}
