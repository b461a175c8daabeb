//! What dry runs of an operation's writes showed, beside the facts that they changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::PreviewConfirmation;
use crate::object::ObjectKey;

/// The end of a sentence about what may fail, where a dry run does not.
pub(super) const ACCEPTED: &str = "the API server accepts it in a dry run";
/// The same where several objects are meant.
pub(super) const ALL_ACCEPTED: &str = "the API server accepts all of them in dry runs";

/// What dry runs showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DryRuns {
    /// The objects that the API server accepts as Helm sends them.
    pub(super) accepted: BTreeSet<ObjectKey>,
    /// Whether the answer was as it was foretold, by object; those without an answer are not among them.
    pub(super) confirmed: BTreeMap<ObjectKey, bool>,
    /// The answers, counted.
    pub(super) confirmation: PreviewConfirmation,
}
