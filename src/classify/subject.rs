//! One object as the revisions of a release ask for it, with every fact that is known before it is read.

use std::sync::Arc;

use crate::compare::three_way::OfRevision;
use crate::manifest::desired::Owner;
use crate::object::ObjectKey;
use crate::release::operations::Operations;
use crate::types::Shape;
use crate::vocabulary::ApplyMethod;

/// Which revision an object is expected from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The baseline asks for it.
    Expected,
    /// Only a previous or attempted revision asked for it.
    Leftover,
}

/// Whether an autoscaler targets an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Autoscaler {
    /// One does, and keeps at least one replica.
    Targets,
    /// One does, and may leave none.
    TargetsToZero,
    /// None does.
    None,
    /// The autoscalers could not be read.
    Unknown,
}

/// One object, as the revisions of a release ask for it; the bodies are JSON.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The object.
    pub key: &'a ObjectKey,
    /// The template that rendered it.
    pub template: Option<&'a str>,
    /// The release it should belong to.
    pub owner: Owner<'a>,
    /// Which revision expects it.
    pub role: Role,
    /// Whether the cluster removes it by itself once it has finished.
    pub expires: bool,
    /// The baseline's body; for leftovers the body of the revision that had it.
    pub body: &'a str,
    /// The bodies of other documents in the same manifest that name the object, the latest first.
    pub duplicate_documents: &'a [Arc<str>],
    /// The previous revision's body.
    pub previous: Option<OfRevision<&'a str>>,
    /// The bodies of revisions before the previous one, newest first; empty until the live object holds something that no
    /// newer one explains.
    pub older: &'a [OfRevision<Arc<str>>],
    /// The attempted revisions' bodies, newest first.
    pub attempted: &'a [OfRevision<Arc<str>>],
    /// How the baseline was applied.
    pub method: ApplyMethod,
    /// The facts about its type.
    pub shape: Option<Shape<'a>>,
    /// When this release's Helm was at work.
    pub operations: &'a Operations,
    /// Whether an autoscaler chooses its replica count.
    pub autoscaler: Autoscaler,
    /// Whether its values may be shown at all.
    pub values: Visibility,
}

/// Whether the values of an object may be shown: those of an object in another namespace than its release's may not, even
/// where [`crate::manifest::standing`] allows to speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// They are shown, but for those that redaction hides.
    Shown,
    /// None of them is shown.
    Hidden,
}
