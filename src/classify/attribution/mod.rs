//! Who is said to have made each difference, and what it is called in the light of that.
//!
//! The comparison knows values only. Managed fields say who wrote them, and the release's records say when this
//! release's Helm was at work ([`Operations`]); together they tell a person's change from an autoscaler's, from an
//! admission webhook's and from another Helm's. A manager is a name that its writer chose, so managers only ever
//! choose between codes: nothing is left out because of a name.

mod additions;
mod known_fields;
mod origin;
mod writers;

pub(super) use self::known_fields::is_grown_claim;

use serde_json::Value;

use self::known_fields::write_only_twin;
use self::origin::{Evidence, Verdict};
use self::writers::{AttributedEntry, Writer, attributed_entries};
use super::attributed::Attributed;
use super::next_upgrade;
use crate::compare::managed_fields::{Entry, Live, Operation};
use crate::compare::path::FieldPath;
use crate::compare::three_way::Change;
use crate::object::Gvk;
use crate::policy::managers::{Managers, ManifestMention};
use crate::release::operations::Operations;
use crate::types::Shape;
use crate::vocabulary::ApplyMethod;

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

/// What is needed to know of an object beside its values.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectContext<'a> {
    pub(super) gvk: &'a Gvk,
    pub(super) shape: Option<Shape<'a>>,
    pub(super) method: ApplyMethod,
    pub(super) operations: &'a Operations,
    pub(super) autoscaler: Autoscaler,
    pub(super) managers: &'a Managers,
}

/// Reads the managed fields of one object with knowledge of its release.
pub(super) struct Attributor<'a> {
    context: ObjectContext<'a>,
    desired: &'a Value,
    live: &'a Live<'a>,
    entries: Vec<AttributedEntry<'a>>,
}

impl<'a> Attributor<'a> {
    pub(super) fn new(context: ObjectContext<'a>, desired: &'a Value, live: &'a Live<'a>) -> Self {
        Self {
            context,
            desired,
            live,
            entries: attributed_entries(&context, live),
        }
    }

    /// Names the origin of every change, and adds what others put beside the manifest.
    pub(super) fn attribute(&self, changes: Vec<Change>) -> Vec<Attributed> {
        let mut attributed: Vec<Attributed> = changes
            .into_iter()
            .filter_map(|change| self.origin(change))
            .collect();
        self.add(&mut attributed);
        self.add_untraced_replicas(&mut attributed);
        self.note_other_helms(&mut attributed);
        next_upgrade::settle(self.context.method, &mut attributed);
        attributed
    }

    /// The origin of a value that differs from the manifest's; `None` where it turns out that nothing does.
    fn origin(&self, mut change: Change) -> Option<Attributed> {
        let Verdict { code, actor, about } = Evidence::of(self, &change).verdict()?;
        change.code = code;
        let owner = self.field_owner(&change);
        let next_upgrade = next_upgrade::predict(self.context.method, self.context.gvk, &change, owner);
        Some(Attributed {
            change,
            severity: None,
            actor,
            next_upgrade,
            about,
        })
    }

    /// What the manager is known to do at a place of this object, where that is no drift.
    fn expected(&self, manager: &str, path: &FieldPath, mention: ManifestMention) -> Option<String> {
        let kind = self.context.gvk.kind.as_str();
        let about = self.context.managers.expects(manager, kind, path, mention)?;
        Some(about.to_owned())
    }

    /// Whether an autoscaler wrote this, for all that its name and its way say, and one may target the object.
    fn is_autoscalers(&self, entry: &Entry<'_>) -> bool {
        entry.subresource == "scale"
            && self.context.managers.is_autoscaler(&entry.manager)
            && self.context.autoscaler != Autoscaler::None
    }

    fn owners<'s>(&'s self, path: &'s FieldPath) -> impl Iterator<Item = &'s AttributedEntry<'a>> {
        self.entries
            .iter()
            .filter(move |written| written.entry.owns(path, self.context.shape))
    }

    /// Who stands in the way of a server-side apply of a difference.
    fn field_owner(&self, change: &Change) -> next_upgrade::Claim {
        let path = &change.path;
        // The API server tells managers by name and operation, not by who they are: what another Helm applied is
        // this one's to apply over.
        let is_applier = |written: &AttributedEntry<'_>| {
            matches!(written.writer, Writer::Ours | Writer::OtherHelm)
                && written.entry.operation == Operation::Apply
        };
        // What is applied under another name conflicts with no owner of the field that it ends up in.
        let twin = write_only_twin(self.context.gvk, path);
        let is_applied_as_twin = twin.is_some_and(|path| self.owners(&path).any(is_applier));
        // Of an object without managed fields the API server makes `before-first-apply` the owner of everything
        // (apimachinery: `managedfields/internal/skipnonapplied.go`, `Apply`).
        let is_unmanaged = self.live.managed.is_empty() && change.live.is_some();
        if is_unmanaged || !is_applied_as_twin && self.owners(path).any(|owner| !is_applier(owner)) {
            next_upgrade::Claim::Others
        } else if self.owners(path).any(is_applier) {
            next_upgrade::Claim::Helm
        } else {
            next_upgrade::Claim::Nobody
        }
    }
}

#[cfg(test)]
mod tests;
