//! What Helm once put into the object and no manifest asks for any more.
//!
//! Managed fields tell that Helm wrote a value, and not for which revision. Where the value may be one that the server
//! filled in beside Helm's write, only a revision that had it proves more ([`crate::compare::older`]); the revisions that
//! a comparison does not need are read for the objects of which [`Attributor::has_unexplained`] says so. In `data`
//! nothing is a default (Kubernetes: `pkg/apis/core/v1/defaults.go` has none for it), so a key there that Helm owns is
//! left over, whether or not the revision that had it is still kept.

use serde_json::Value;

use super::writers::{AttributedEntry, Writer};
use super::{Attributor, ObjectContext};
use crate::classify::attributed::Attributed;
use crate::compare::additions::{Addition, ComparedObject, Provenance, additions};
use crate::compare::extra::may_hold_more;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::path_tree::PathTree;
use crate::compare::room::Room;
use crate::compare::three_way::Change;
use crate::policy::managers::ManifestMention;
use crate::vocabulary::FindingCode;

/// The kinds that hold data of nobody but their writers.
const DATA_KINDS: [&str; 2] = ["ConfigMap", "Secret"];

/// The fields of these kinds that hold it.
const DATA_FIELDS: [&str; 2] = ["data", "binaryData"];

impl Attributor<'_> {
    /// Whether others than this release's Helm own what is at a path: then it is theirs, whoever had it before.
    pub(in crate::classify) fn is_only_others(&self, path: &FieldPath) -> bool {
        let owners = self.owners(path);
        !owners.is_empty() && owners.iter().all(|owner| owner.writer != Writer::Ours)
    }

    /// Adds the keys of `data` that this release's Helm owns and no manifest asks for.
    pub(super) fn add_left_behind(&self, attributed: &mut Vec<Attributed>) {
        if !self.has_data() {
            return;
        }
        let known: PathTree = attributed.iter().map(|known| &known.change.path).collect();
        let left = self.owned_beside_manifest(self.context.room, &known);
        for addition in left.into_iter().filter(|left| self.is_data(&left.path)) {
            let change = Change {
                code: FindingCode::Lingering,
                path: addition.path,
                pointer: addition.pointer,
                previous: None,
                from_revision: None,
                desired: None,
                live: Some(addition.live.clone()),
            };
            attributed.extend(self.origin(change));
        }
    }

    /// Whether the object holds something that Helm may have put there and that none of the compared revisions explains.
    pub(in crate::classify) fn has_unexplained(&self, attributed: &[Attributed]) -> bool {
        let explained = attributed.iter().filter(|known| {
            known.change.code != FindingCode::Lingering || known.change.from_revision.is_some()
        });
        let known: PathTree = explained.map(|known| &known.change.path).collect();
        let ObjectContext { shape, work, .. } = self.context;
        may_hold_more(shape, self.desired, &self.live.object, &known, work)
            && (!self.owned_beside_manifest(&Room::default(), &known).is_empty()
                || self.has_unowned_data(&known))
    }

    /// What this release's Helm owns beside the manifest, and no other manager owns or is expected to write.
    fn owned_beside_manifest(&self, room: &Room, known: &PathTree) -> Vec<Addition<'_>> {
        let object = ComparedObject {
            shape: self.context.shape,
            desired: self.desired,
            live: &self.live.object,
        };
        let mut places = PathTree::default();
        let mut found = Vec::new();
        for ours in self.entries.iter().filter(|entry| entry.writer == Writer::Ours) {
            // Helm owns the defaults of what it creates, too.
            for addition in additions(ours.entry, Provenance::Creator, object, &self.lists, room) {
                let is_new = self.context.work.affords(1)
                    && !known.overlaps(&addition.path)
                    && !places.overlaps(&addition.path)
                    && !self.is_named(&addition.path)
                    && self.is_left_to_helm(ours, &addition.path);
                if is_new {
                    places.insert(&addition.path);
                    found.push(addition);
                }
            }
        }
        found
    }

    /// Whether the manifest names a place, if only by a null: what Helm owns there is what the API server made of that.
    fn is_named(&self, path: &FieldPath) -> bool {
        let mut segments = path.segments().iter();
        let named = segments.try_fold(self.desired, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => None,
        });
        named.is_some()
    }

    /// Whether only this release's Helm owns a place, and it is not known for writing there by itself.
    fn is_left_to_helm(&self, ours: &AttributedEntry<'_>, path: &FieldPath) -> bool {
        let owners = self.owners(path);
        owners.iter().all(|owner| owner.writer == Writer::Ours)
            && self
                .expected(&ours.entry.manager, path, ManifestMention::Unset)
                .is_none()
    }

    /// Whether this is a key of an object's data.
    fn is_data(&self, path: &FieldPath) -> bool {
        let is_field = path.keys().next().is_some_and(|key| DATA_FIELDS.contains(&key));
        is_field && path.segments().len() == 2 && self.has_data()
    }

    /// Whether the object is of a kind that holds data.
    fn has_data(&self) -> bool {
        DATA_KINDS.contains(&self.context.gvk.kind.as_str()) && self.context.gvk.group().is_empty()
    }

    /// Whether there is a key of data that nobody owns: a write under another name leaves no owner where it ends up (see
    /// [`crate::classify::known_fields::write_only_twin`]), and neither does one to an object without managed fields.
    fn has_unowned_data(&self, known: &PathTree) -> bool {
        if !self.has_data() {
            return false;
        }
        DATA_FIELDS.iter().any(|field| {
            let keys = self.live.object.get(field).and_then(Value::as_object);
            let desired = self.desired.get(field).and_then(Value::as_object);
            let keys = keys.into_iter().flat_map(|keys| keys.keys());
            keys.filter(|key| desired.is_none_or(|desired| !desired.contains_key(*key)))
                .take_while(|_| self.context.work.affords(1))
                .any(|key| {
                    let path = FieldPath::root().key(field).key(key);
                    !known.overlaps(&path) && self.owners(&path).is_empty()
                })
        })
    }
}
