//! The way of one object from one manifest to another: what a rollback, or an upgrade to another manifest, does to it.
//!
//! Helm applies what the manifest has that it goes to, and deletes what only the one has that it starts from, unless the
//! live object asks to be kept (Helm: `pkg/kube/client.go`, `Update`). A rollback starts from the newest manifest, whatever
//! its status (Helm: `pkg/action/rollback.go`, `performRollback`).

use crate::classify::blocked::Block;
use crate::model::PreviewField;
use crate::object::ObjectKey;
use crate::vocabulary::PreviewAction;

/// What an operation does to one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectPreview {
    /// The object.
    pub key: ObjectKey,
    /// Which of the two manifests have it.
    pub manifests: InManifests,
    /// What Helm does to it, as far as the object alone tells.
    pub action: PreviewAction,
    /// Why, where the action alone does not say it; without secrets.
    pub reason: Option<String>,
    /// Why the operation fails at it, if it does.
    pub block: Option<Block>,
    /// Why the API server may refuse it, as the end of a sentence that begins with "because".
    pub may_be_refused: Option<String>,
    /// Its fields, where they were asked for.
    pub fields: Vec<PreviewField>,
    /// How many fields are not listed.
    pub left_out: usize,
    /// The live object; `None` where there is none, or where nothing of it may be told.
    pub live: Option<LiveFacts>,
}

/// Which of the two manifests of an operation have an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InManifests {
    /// Both have it.
    Both,
    /// Only the one has it that Helm starts from: Helm deletes the object.
    From,
    /// Only the one has it that Helm applies.
    To,
}

/// What is known of a live object beside its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveFacts {
    /// Whose it is.
    pub owner: LiveOwner,
    /// Whether it is being deleted.
    pub is_being_deleted: bool,
    /// Its finalizers.
    pub finalizers: Vec<String>,
    /// Whether its own annotation asks Helm to keep it.
    pub is_kept: bool,
}

/// Whose a live object is, by its annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LiveOwner {
    /// The release's.
    #[default]
    Ours,
    /// Another release's, as `NAMESPACE/NAME`.
    Another(String),
    /// No release's.
    Nobody,
}
