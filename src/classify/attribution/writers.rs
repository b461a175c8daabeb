//! Whose the entries of an object's managed fields are: this release's Helm's, another Helm's, a person's or a
//! program's.

use chrono::{DateTime, Utc};

use super::ObjectContext;
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
    /// A writer that names itself Helm and wrote when this release's Helm did not.
    OtherHelm,
    /// A program that people drive by hand.
    Person,
    /// Any other program.
    Program,
}

/// An entry of the managed fields, with its writer.
pub(super) struct AttributedEntry<'a> {
    pub(super) entry: &'a Entry<'a>,
    pub(super) writer: Writer,
    /// Whether the writer created the object or changed it.
    pub(super) provenance: Provenance,
    /// Whether it was written while this release's Helm was at work.
    pub(super) write_time: WriteTime,
}

/// When an entry was written beside this release's Helm, as far as its second and the object's resource version tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteTime {
    /// While Helm was at work, or at an unknown time.
    InWindow,
    /// In the second in which Helm ended, and somebody wrote the object after that end: the writer of this entry, or
    /// one that left no entry, as the removal of a field does.
    Ambiguous,
    /// When Helm was not at work.
    OutsideWindow,
}

/// The entries of everything but the object's status, each with its writer.
pub(super) fn attributed_entries<'a>(
    context: &ObjectContext<'_>,
    live: &'a Live<'a>,
) -> Vec<AttributedEntry<'a>> {
    let stamp = FieldPath::root()
        .key("metadata")
        .key("annotations")
        .key(RELEASE_NAME);
    live.managed
        .iter()
        .filter(|entry| entry.subresource != "status")
        .map(|entry| {
            let kind = context.managers.kind_of(&entry.manager);
            // The manager that wrote the ownership annotation created the object.
            let provenance = if kind != ManagerKind::Helm && entry.owns(&stamp, context.shape) {
                Provenance::Creator
            } else {
                Provenance::Editor
            };
            let write_time = write_time(context, live, entry);
            let writer = match (kind, provenance) {
                (ManagerKind::Person, _) => Writer::Person,
                (ManagerKind::Program, Provenance::Editor) => Writer::Program,
                (ManagerKind::Helm, _) | (ManagerKind::Program, Provenance::Creator) => match write_time {
                    WriteTime::OutsideWindow => Writer::OtherHelm,
                    WriteTime::InWindow | WriteTime::Ambiguous => Writer::Ours,
                },
            };
            AttributedEntry {
                entry,
                writer,
                // All writers of one name share an entry: Helm's own first write may be in it.
                provenance: if writer == Writer::OtherHelm {
                    Provenance::Creator
                } else {
                    provenance
                },
                write_time,
            }
        })
        .collect()
}

/// When an entry was written.
///
/// The time decides, except in the very second in which Helm ended. Of a write after that end, an only entry in Helm's
/// name leaves open whether it is Helm's; of several, those are another Helm's that do not write as this release is
/// applied.
fn write_time(context: &ObjectContext<'_>, live: &Live<'_>, entry: &Entry<'_>) -> WriteTime {
    let Some(time) = entry.time else {
        return WriteTime::InWindow;
    };
    if context.operations.rules_out(time) {
        return WriteTime::OutsideWindow;
    }
    if !may_be_after_end(context, live, time) {
        return WriteTime::InWindow;
    }
    let is_only = live
        .managed
        .iter()
        .filter(|entry| is_helm(context, entry))
        .count()
        == 1;
    if !is_only {
        return if entry.operation == operation_of(context.method) {
            WriteTime::InWindow
        } else {
            WriteTime::OutsideWindow
        };
    }
    // An autoscaler's write of an open replica count leaves no entry either.
    if may_be_scaled_untraced(context, live) {
        WriteTime::InWindow
    } else {
        WriteTime::Ambiguous
    }
}

/// Whether an entry in Helm's name, of the second in which Helm ended, may have been written after that end.
///
/// The object's resource version says whether somebody wrote the object then. It was a writer in Helm's name, or one
/// whose write left no entry, if there are no other entries; or if all others are of the status, which is written all
/// the time, and the object that Helm created is no longer as it was created.
fn may_be_after_end(context: &ObjectContext<'_>, live: &Live<'_>, time: DateTime<Utc>) -> bool {
    let metadata = &live.object["metadata"];
    let version = metadata["resourceVersion"].as_str();
    let version = version.and_then(|version| version.parse().ok());
    if !version.is_some_and(|version| context.operations.is_after_end(time, version)) {
        return false;
    }
    let mut others = live
        .managed
        .iter()
        .filter(|entry| !is_helm(context, entry))
        .peekable();
    if others.peek().is_none() {
        return true;
    }
    let created = metadata["creationTimestamp"].as_str();
    let is_changed = metadata["generation"]
        .as_u64()
        .is_some_and(|generation| generation > 1)
        && created
            .and_then(|created| created.parse().ok())
            .is_some_and(|created| context.operations.covers_creation(created));
    is_changed && others.all(|entry| entry.subresource == "status")
}

/// Whether the entry is in Helm's name.
fn is_helm(context: &ObjectContext<'_>, entry: &Entry<'_>) -> bool {
    context.managers.kind_of(&entry.manager) == ManagerKind::Helm
}

/// How this release's Helm writes objects.
pub(super) const fn operation_of(method: ApplyMethod) -> Operation {
    match method {
        ApplyMethod::Ssa => Operation::Apply,
        ApplyMethod::Csa => Operation::Update,
    }
}

/// Whether nobody owns the replica count: then writes through `scale` leave no entry (apimachinery:
/// `managedfields/internal/skipnonapplied.go`, `Update`).
fn may_be_scaled_untraced(context: &ObjectContext<'_>, live: &Live<'_>) -> bool {
    let path = FieldPath::root().key("spec").key("replicas");
    let is_owned = live.managed.iter().any(|entry| entry.owns(&path, context.shape));
    live.object.pointer("/spec/replicas").is_some() && !is_owned
}
