//! What Helm once put into the object and no manifest asks for any more.
//!
//! Managed fields tell that Helm wrote a value, and not for which revision. Where the value may be one that the server
//! filled in beside Helm's write, only a revision that had it proves more ([`crate::compare::older`]); the revisions that
//! a comparison does not need are read for the objects of which [`Attributor::has_unexplained`] says so. In two places
//! Helm's ownership is enough, whether or not the revision that had the value is still kept:
//!
//! - In `data` nothing is a default (Kubernetes: `pkg/apis/core/v1/defaults.go` has none for it).
//! - Client-side apply merges its keys with the others of a map that the API server takes as a whole, such as a Service's
//!   selector: whoever changes one of its keys owns all of them from then on (structured-merge-diff: `typed/typed.go`,
//!   `Compare`, ends at an atomic map). What has a default there is passed over as everywhere.

use serde_json::Value;

use super::writers::{AttributedEntry, Writer};
use super::{Attributor, ObjectContext};
use crate::classify::attributed::Attributed;
use crate::compare::additions::{Addition, ComparedObject, Provenance, additions};
use crate::compare::extra::may_hold_more;
use crate::compare::lookup::{pointer_to, value_at};
use crate::compare::path::{FieldPath, Segment};
use crate::compare::path_tree::PathTree;
use crate::compare::room::Room;
use crate::compare::three_way::Change;
use crate::policy::managers::ManifestMention;
use crate::types::{Shape, is_zero};
use crate::vocabulary::{FindingCode, Severity};

/// The sentence about what is Helm's only because it wrote something else beside it.
const MERGED: &str = "neither the chart nor a revision that is kept sets this: Helm's patch merged it with what the chart \
    sets beside it, and it counts as Helm's since";

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

    /// Adds what this release's Helm owns, no manifest asks for and the server fills in nowhere. Returns whether Helm owns
    /// anything beside the manifest.
    pub(super) fn add_left_behind(&self, attributed: &mut Vec<Attributed>) -> bool {
        let known: PathTree = attributed.iter().map(|known| &known.change.path).collect();
        // Most of what Helm owns there is no difference, and takes no room from those that are.
        let looked_at = Room::default();
        let beside = self.owned_beside_manifest(&looked_at, &known);
        let owns_more = !beside.is_empty();
        for addition in beside {
            let is_merged = self.is_merged(&addition);
            let is_left = is_merged || self.is_data(&addition.path);
            let bytes = addition.path.size() + addition.pointer.len();
            if !is_left || !self.context.room.take(bytes) {
                continue;
            }
            let severity = (is_merged && self.may_be_admissions(&addition.path)).then_some(Severity::Info);
            let change = Change {
                code: FindingCode::Lingering,
                path: addition.path,
                pointer: addition.pointer,
                previous: None,
                from_revision: None,
                desired: None,
                live: Some(addition.live.clone()),
            };
            attributed.extend(self.origin(change).map(|origin| Attributed {
                severity,
                note: is_merged.then_some(MERGED),
                ..origin
            }));
        }
        self.context.room.leave_out(looked_at.left_out());
        owns_more
    }

    /// Whether the object holds something that Helm may have put there and that none of the compared revisions explains;
    /// `owns_more` is whether Helm owns anything beside the manifest.
    pub(super) fn has_unexplained(&self, attributed: &[Attributed], owns_more: bool) -> bool {
        let explained = attributed.iter().filter(|known| {
            known.change.code != FindingCode::Lingering || known.change.from_revision.is_some()
        });
        let known: PathTree = explained.map(|known| &known.change.path).collect();
        owns_more && !self.owned_beside_manifest(&Room::default(), &known).is_empty()
            || self.has_unowned_data(&known)
    }

    /// What this release's Helm owns beside the manifest, and no other manager owns or is expected to write.
    fn owned_beside_manifest(&self, room: &Room, known: &PathTree) -> Vec<Addition<'_>> {
        let ObjectContext { shape, work, .. } = self.context;
        if !may_hold_more(shape, self.desired, &self.live.object, known, work) {
            return Vec::new();
        }
        let object = ComparedObject {
            shape,
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
                    && !self.is_null_as_stored(&addition)
                    && self.is_left_to_helm(ours, &addition.path);
                if is_new {
                    places.insert(&addition.path);
                    found.push(addition);
                }
            }
        }
        found
    }

    /// Whether a value is what the API server makes of a null in the manifest: in a map of texts Go reads it as the empty one
    /// and keeps the key.
    fn is_null_as_stored(&self, addition: &Addition<'_>) -> bool {
        let shape = self.context.shape;
        is_zero(addition.live)
            && value_at(self.desired, &addition.path, shape, &self.lists).is_none()
            && pointer_to(self.desired, &addition.path, shape, &self.lists).is_some()
    }

    /// Whether only this release's Helm owns a place, and it is not known for writing there by itself.
    fn is_left_to_helm(&self, ours: &AttributedEntry<'_>, path: &FieldPath) -> bool {
        let owners = self.owners(path);
        owners.iter().all(|owner| owner.writer == Writer::Ours)
            && self
                .expected(&ours.entry.manager, path, ManifestMention::Unset)
                .is_none()
    }

    /// Whether Helm's patch merged this with the manifest's part of a value that its type takes as a whole. A list that is
    /// taken as a whole is replaced, so that nobody but the server puts more into its elements. No field of a Pod that is
    /// taken as a whole changes once it is there; admission adds to the selector of its node.
    fn is_merged(&self, addition: &Addition<'_>) -> bool {
        let mut segments = addition.path.segments().iter();
        addition.in_whole
            && self.context.gvk.pod().is_none_or(|place| !place.is_empty())
            && !segments.any(|segment| matches!(segment, Segment::Index(_)))
    }

    /// Whether admission is known to put something there: into the templates of Pods, which policies complete, and into
    /// custom resources, for which their operators do.
    fn may_be_admissions(&self, path: &FieldPath) -> bool {
        let is_builtin = self.context.shape.is_some_and(Shape::is_builtin);
        let is_in_pod = self.context.gvk.pod().is_some_and(|place| {
            let mut keys = path.keys();
            place.iter().all(|field| keys.next() == Some(*field))
        });
        is_in_pod || !is_builtin
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

    /// Whether there is a key of data that nobody owns: a write under another name leaves no owner where it ends up
    /// (`stringData`), and neither does one to an object without managed fields.
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
