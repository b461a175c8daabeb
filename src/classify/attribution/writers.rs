//! Whose the entries of an object's managed fields are: this release's Helm's, a stranger's who bears its name, a
//! person's or a program's.

use super::Context;
use crate::compare::additions::Provenance;
use crate::compare::managed_fields::{Entry, Live, Operation};
use crate::compare::path::FieldPath;
use crate::manifest::desired::RELEASE_NAME;
use crate::policy::managers::ManagerKind;
use crate::vocabulary::ApplyMethod;

/// Whose an entry of the managed fields is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// This release's Helm, as far as can be told.
    Ours,
    /// It names itself Helm, and wrote when this release's Helm did not.
    Stranger,
    Person,
    Program,
}

pub(super) struct Written<'a> {
    pub(super) entry: &'a Entry<'a>,
    pub(super) writer: Writer,
    pub(super) standing: Provenance,
    /// When it wrote, beside this release's Helm.
    pub(super) moment: Moment,
}

/// When an entry was written, as far as its second and the object's resource version tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// When Helm was at work, or nothing tells.
    During,
    /// In the second in which Helm ended, and somebody wrote the object after that: whoever wrote this entry, or
    /// somebody whose write left no entry, such as the removal of a field.
    PerhapsAfter,
    After,
}

/// The entries that say something of the object beside its status.
pub(super) fn writers<'a>(context: &Context<'_>, live: &'a Live<'a>) -> Vec<Written<'a>> {
    let stamp = FieldPath::root()
        .key("metadata")
        .key("annotations")
        .key(RELEASE_NAME);
    live.managed
        .iter()
        .filter(|entry| entry.subresource != "status")
        .map(|entry| {
            let who = context.managers.who(&entry.manager);
            // Whoever stamped the object brought it here.
            let standing = if who != ManagerKind::Helm && entry.owns(&stamp, context.shape) {
                Provenance::Creator
            } else {
                Provenance::Editor
            };
            let moment = moment(context, live, entry);
            let writer = match (who, standing) {
                (ManagerKind::Person, _) => Writer::Person,
                (ManagerKind::Program, Provenance::Editor) => Writer::Program,
                (ManagerKind::Helm, _) | (ManagerKind::Program, Provenance::Creator)
                    if moment == Moment::After =>
                {
                    Writer::Stranger
                }
                (ManagerKind::Helm, _) | (ManagerKind::Program, Provenance::Creator) => Writer::Ours,
            };
            Written {
                entry,
                writer,
                // An entry is one whoever wrote under its name: Helm's own first write may be in it.
                standing: if writer == Writer::Stranger {
                    Provenance::Creator
                } else {
                    standing
                },
                moment,
            }
        })
        .collect()
}

/// When an entry was written.
///
/// In the very second in which Helm ended, the object's resource version says whether somebody wrote it after that.
/// An entry in Helm's name was written then, or one that is not kept, where there are no others, or where the object
/// that Helm created is no longer as it was created and all others are of its status. Of two in Helm's name it was the
/// one that does not write as this release is applied.
fn moment(context: &Context<'_>, live: &Live<'_>, entry: &Entry<'_>) -> Moment {
    let Some(time) = entry.time else {
        return Moment::During;
    };
    if context.operations.rules_out(time) {
        return Moment::After;
    }
    let metadata = &live.object["metadata"];
    let version = metadata["resourceVersion"].as_str();
    let version = version.and_then(|version| version.parse().ok());
    if !version.is_some_and(|version| context.operations.is_after_end(time, version)) {
        return Moment::During;
    }
    let is_helm = |entry: &Entry<'_>| context.managers.who(&entry.manager) == ManagerKind::Helm;
    let (helm, others): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) =
        live.managed.iter().partition(|entry| is_helm(entry));
    let created = metadata["creationTimestamp"].as_str();
    let is_changed = metadata["generation"]
        .as_u64()
        .is_some_and(|generation| generation > 1)
        && created
            .and_then(|created| created.parse().ok())
            .is_some_and(|created| context.operations.created(created));
    let are_of_status = others.iter().all(|entry| entry.subresource == "status");
    let by_method = match context.method {
        ApplyMethod::Ssa => Operation::Apply,
        ApplyMethod::Csa => Operation::Update,
    };
    match (others.is_empty() || are_of_status && is_changed, helm.len()) {
        (false, _) => Moment::During,
        // An autoscaler's write of an open replica count leaves no entry either.
        (true, 1) if may_be_scaled_untraced(context, live) => Moment::During,
        (true, 1) => Moment::PerhapsAfter,
        (true, _) if entry.operation == by_method => Moment::During,
        (true, _) => Moment::After,
    }
}

/// Whether nobody owns the replica count: then writes through `scale` leave no entry (apimachinery:
/// `managedfields/internal/skipnonapplied.go`, `Update`).
fn may_be_scaled_untraced(context: &Context<'_>, live: &Live<'_>) -> bool {
    let path = FieldPath::root().key("spec").key("replicas");
    let is_owned = live.managed.iter().any(|entry| entry.owns(&path, context.shape));
    live.object.pointer("/spec/replicas").is_some() && !is_owned
}
