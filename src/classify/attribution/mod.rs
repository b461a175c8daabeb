//! Attribution: the writer of each difference, and the code that follows from the writer.
//!
//! The comparison knows values only. Managed fields say who wrote them, and the release's records say when this
//! release's Helm was at work ([`Operations`]); together they tell a person's change from an autoscaler's, from an
//! admission webhook's and from another Helm's. A manager is a name that its writer chose, so a name only ever decides
//! between codes: no difference is left out because of one.

mod additions;
mod left_behind;
mod origin;
mod other_version;
mod writers;

use serde_json::Value;

use self::origin::{Evidence, Verdict};
pub(super) use self::other_version::UnreadField;
use self::writers::{AttributedEntry, Writer, attributed_entries, operation_of};
use super::attributed::Attributed;
use super::known_fields::replica_count;
use super::next_upgrade::Upgrade;
use super::subject::Autoscaler;
use crate::compare::list_index::ListIndexes;
use crate::compare::managed_fields::{Entry, Live};
use crate::compare::path::FieldPath;
use crate::compare::room::Room;
use crate::compare::three_way::{Change, Versions};
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::policy::managers::{Managers, ManifestMention};
use crate::release::operations::Operations;
use crate::types::Shape;
use crate::vocabulary::ApplyMethod;

/// The facts about an object that attribution needs beside its values.
#[derive(Clone, Copy)]
pub(super) struct ObjectContext<'a> {
    pub(super) gvk: &'a Gvk,
    pub(super) shape: Option<Shape<'a>>,
    pub(super) method: ApplyMethod,
    pub(super) operations: &'a Operations,
    pub(super) autoscaler: Autoscaler,
    pub(super) managers: &'a Managers,
    /// The work that attribution takes from. If it is spent after that, the outcome is not all true.
    pub(super) work: &'a Work,
    /// The room for further differences.
    pub(super) room: &'a Room,
    /// What Helm's writes make of the object.
    pub(super) upgrade: &'a Upgrade<'a>,
}

/// The differences of one object with their writers.
pub(super) struct Attribution {
    pub(super) differences: Vec<Attributed>,
    /// Whether the object holds something that a revision before the compared ones may have left behind.
    pub(super) is_unexplained: bool,
}

/// Reads the managed fields of one object with knowledge of its release.
pub(super) struct Attributor<'a> {
    context: ObjectContext<'a>,
    desired: &'a Value,
    live: &'a Live<'a>,
    entries: Vec<AttributedEntry<'a>>,
    /// Where the elements of the lists of all versions are.
    lists: ListIndexes<'a>,
    /// Where the replica count is.
    replicas: FieldPath,
    /// Whether this release's Helm wrote the object while the baseline's operation ran, as that is applied.
    is_written_by_baseline: bool,
}

impl<'a> Attributor<'a> {
    pub(super) fn new(context: ObjectContext<'a>, versions: &Versions<'a>, live: &'a Live<'a>) -> Self {
        let entries = attributed_entries(&context, versions.desired, live);
        let is_written_by_baseline = entries.iter().any(|written| {
            written.writer == Writer::Ours
                && written.entry.operation == operation_of(context.method)
                && (written.entry.time).is_some_and(|time| context.operations.is_of_baseline(time))
        });
        Self {
            context,
            desired: versions.desired,
            live,
            entries,
            lists: ListIndexes::new(context.work),
            replicas: replica_count(live),
            is_written_by_baseline,
        }
    }

    /// Gives every change its writer and code, and adds the fields that others put beside the manifest.
    pub(super) fn attribute(&self, changes: Vec<Change>) -> Attribution {
        let mut attributed: Vec<Attributed> = changes
            .into_iter()
            .take_while(|_| !self.context.work.is_spent())
            .filter_map(|change| self.origin(change))
            .collect();
        self.add_additions(&mut attributed);
        self.add_other_versions(&mut attributed);
        self.add_untraced_replicas(&mut attributed);
        let owns_more = self.add_left_behind(&mut attributed);
        self.note_other_helms(&mut attributed);
        Attribution {
            is_unexplained: self.has_unexplained(&attributed, owns_more),
            differences: attributed,
        }
    }

    /// The origin of a value that differs from the manifest's; `None` if the evidence shows that nothing differs.
    fn origin(&self, mut change: Change) -> Option<Attributed> {
        let owners = self.owners(&change.path);
        let Verdict {
            code,
            actor,
            about,
            note,
        } = Evidence::of(self, &change, &owners).verdict()?;
        change.code = code;
        Some(Attributed {
            change,
            severity: None,
            actor,
            about,
            note,
        })
    }

    /// The work of a manager at a place of this object, if a write there is expected of it and no drift.
    fn expected(&self, manager: &str, path: &FieldPath, mention: ManifestMention) -> Option<String> {
        let kind = self.context.gvk.kind.as_str();
        let about = self.context.managers.expects(manager, kind, path, mention)?;
        Some(about.to_owned())
    }

    /// Whether an autoscaler wrote this, by its name and the subresource, and one may target the object.
    fn is_autoscalers(&self, entry: &Entry<'_>) -> bool {
        entry.subresource == "scale"
            && self.context.managers.is_autoscaler(&entry.manager)
            && self.context.autoscaler != Autoscaler::None
    }

    /// The entries that own the value at a path, or a value in it.
    fn owners(&self, path: &FieldPath) -> Vec<&AttributedEntry<'a>> {
        let ObjectContext { shape, work, .. } = self.context;
        let owns = |owner: &&AttributedEntry<'_>| work.affords(1) && owner.entry.owns(path, shape, work);
        self.entries.iter().filter(owns).collect()
    }
}

#[cfg(test)]
mod tests;
