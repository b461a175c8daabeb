//! Whose the entries of an object's managed fields are: this release's Helm's, another Helm's, a person's or a
//! program's.

use std::cell::OnceCell;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::ObjectContext;
use crate::classify::known_fields::{field, replica_count};
use crate::compare::additions::{ComparedObject, Provenance, owns_defaults};
use crate::compare::asked::still_owns;
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
    desired: &Value,
    live: &'a Live<'a>,
) -> Vec<AttributedEntry<'a>> {
    let stamp = FieldPath::root()
        .key("metadata")
        .key("annotations")
        .key(RELEASE_NAME);
    let facts = WriteFacts::of(context, live);
    live.managed
        .iter()
        .filter(|entry| entry.subresource != "status")
        .map(|entry| {
            let kind = facts.kind_of(entry);
            // The manager that wrote the ownership annotation created the object, or adopted it.
            let stamped = kind != ManagerKind::Helm && entry.owns(&stamp, context.shape, context.work);
            let write_time = facts.write_time(entry);
            let writer = match (kind, stamped) {
                (ManagerKind::Person, _) => Writer::Person,
                (ManagerKind::Program, false) => Writer::Program,
                (ManagerKind::Helm, _) | (ManagerKind::Program, true) => match write_time {
                    WriteTime::OutsideWindow => Writer::OtherHelm,
                    WriteTime::InWindow | WriteTime::Ambiguous => Writer::Ours,
                },
            };
            // All writers of one name share an entry: Helm's own first write may be in it.
            let is_creator = stamped || writer == Writer::OtherHelm || facts.is_creators(entry, desired);
            AttributedEntry {
                entry,
                writer,
                provenance: if is_creator {
                    Provenance::Creator
                } else {
                    Provenance::Editor
                },
                write_time,
            }
        })
        .collect()
}

/// What all entries of an object together say about when each was written.
struct WriteFacts<'c, 'a> {
    context: &'c ObjectContext<'a>,
    live: &'c Live<'c>,
    /// The kinds of the managers, by their names.
    kinds: HashMap<&'c str, ManagerKind>,
    /// How many entries are in Helm's name.
    helms: usize,
    /// Whether any other entry could be that of the last write after Helm's.
    others: OtherEntries,
    /// Whether nobody owns the replica count.
    may_be_scaled_untraced: OnceCell<bool>,
}

/// The entries that are not in Helm's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OtherEntries {
    /// There are none.
    None,
    /// All of them are of the status.
    OfStatus,
    /// Some are of the object itself.
    OfObject,
}

impl<'c, 'a> WriteFacts<'c, 'a> {
    fn of(context: &'c ObjectContext<'a>, live: &'c Live<'c>) -> Self {
        let mut kinds = HashMap::new();
        let (mut helms, mut others) = (0, OtherEntries::None);
        for entry in &live.managed {
            let manager = entry.manager.as_str();
            let kind = *kinds
                .entry(manager)
                .or_insert_with(|| context.managers.kind_of(manager));
            if kind == ManagerKind::Helm {
                helms += 1;
            } else if entry.subresource != "status" {
                others = OtherEntries::OfObject;
            } else if others == OtherEntries::None {
                others = OtherEntries::OfStatus;
            }
        }
        Self {
            context,
            live,
            kinds,
            helms,
            others,
            may_be_scaled_untraced: OnceCell::new(),
        }
    }

    /// The kind of an entry's manager.
    fn kind_of(&self, entry: &Entry<'_>) -> ManagerKind {
        let known = self.kinds.get(entry.manager.as_str()).copied();
        known.unwrap_or_else(|| self.context.managers.kind_of(&entry.manager))
    }

    /// Whether an entry holds the object's creation, which may have been before the release adopted the object.
    ///
    /// By the time of its creation nobody but its creator wrote what the manifest asks for. An entry has the time of its manager's last
    /// write; a creator that wrote again, in an object older than the baseline, is known by the defaults that it owns.
    fn is_creators(&self, entry: &Entry<'_>, desired: &Value) -> bool {
        let created = self.live.object["metadata"]["creationTimestamp"].as_str();
        let created: Option<DateTime<Utc>> = created.and_then(|created| created.parse().ok());
        let (Some(created), Operation::Update, "") = (created, entry.operation, entry.subresource.as_str())
        else {
            return false;
        };
        let is_helms = self.kind_of(entry) == ManagerKind::Helm;
        let is_of_creation = |entry: &Entry<'_>| entry.time.is_some_and(|time| time <= created);
        // In the second in which Helm created the object somebody else may have changed it.
        let is_shared_second = !is_helms
            && self
                .live
                .managed
                .iter()
                .any(|other| self.kind_of(other) == ManagerKind::Helm && is_of_creation(other));
        let ObjectContext { shape, work, .. } = *self.context;
        // A controller is quick enough to write in that second too, and owns nothing that the manifest asks for.
        if is_of_creation(entry)
            && !is_shared_second
            && still_owns(entry, &FieldPath::root(), desired, shape, work)
        {
            return true;
        }
        let object = ComparedObject {
            shape,
            desired,
            live: &self.live.object,
        };
        !is_helms
            && (is_of_creation(entry) || !self.context.operations.covers_creation(created))
            && owns_defaults(entry, object, work)
    }

    /// When an entry was written.
    ///
    /// The time decides, except in the very second in which Helm ended. Of a write after that end, an only entry in Helm's
    /// name leaves open whether it is Helm's; of several, those are another Helm's that do not write as this release is
    /// applied.
    fn write_time(&self, entry: &Entry<'_>) -> WriteTime {
        let Some(time) = entry.time else {
            return WriteTime::InWindow;
        };
        if self.context.operations.rules_out(time) {
            return WriteTime::OutsideWindow;
        }
        if !self.may_be_after_end(time) {
            return WriteTime::InWindow;
        }
        if self.helms != 1 {
            return if entry.operation == operation_of(self.context.method) {
                WriteTime::InWindow
            } else {
                WriteTime::OutsideWindow
            };
        }
        // An autoscaler's write of an open replica count leaves no entry either.
        if *self
            .may_be_scaled_untraced
            .get_or_init(|| may_be_scaled_untraced(self.context, self.live))
        {
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
    fn may_be_after_end(&self, time: DateTime<Utc>) -> bool {
        let metadata = &self.live.object["metadata"];
        let version = metadata["resourceVersion"].as_str();
        let version = version.and_then(|version| version.parse().ok());
        if !version.is_some_and(|version| self.context.operations.is_after_end(time, version)) {
            return false;
        }
        match self.others {
            OtherEntries::None => true,
            OtherEntries::OfObject => false,
            OtherEntries::OfStatus => {
                let created = metadata["creationTimestamp"].as_str();
                metadata["generation"]
                    .as_u64()
                    .is_some_and(|generation| generation > 1)
                    && created
                        .and_then(|created| created.parse().ok())
                        .is_some_and(|created| self.context.operations.covers_creation(created))
            }
        }
    }
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
    let path = replica_count(live);
    let is_owned = live
        .managed
        .iter()
        .any(|entry| entry.owns(&path, context.shape, context.work));
    field(&live.object, &path).is_some() && !is_owned
}
