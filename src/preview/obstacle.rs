//! What is around the objects of an operation.

use crate::object::ObjectKey;
use crate::vocabulary::PreviewCause;

/// One thing around the objects that the outcome of an operation rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is.
    pub cause: PreviewCause,
    /// The object that it is about; `None` where it is about the record, or about several objects.
    pub object: Option<ObjectKey>,
    /// What it comes to.
    pub verdict: Verdict,
    /// One sentence, without the object and without a full stop.
    pub message: String,
}

/// What an obstacle comes to, if Helm gets so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The API server does not take the record of the new revision: Helm ends, and nothing was written.
    RecordRefused,
    /// The object cannot be created: Helm ends there.
    CreateFails,
    /// The object cannot be patched: Helm goes on with the others, and the operation fails.
    UpdateFails,
    /// The object cannot be deleted: Helm 4 fails once it has tried the others, Helm 3 passes over it.
    DeleteFails,
    /// It may fail, for a reason that is there to be seen.
    MayFail,
    /// It succeeds, and what the message says is lost.
    Loses,
    /// Something else decides, as on every other day: a webhook that answers, a policy. Only what it says is not known.
    Asked,
    /// It could not be read, so nothing of the kind is known.
    Gap,
}
