//! What others wrote by another API version of the kind than the manifest's.

use serde_json::Value;

use super::Attributor;
use super::writers::{AttributedEntry, Writer};
use crate::classify::attributed::{Attributed, actor};
use crate::classify::known_fields::{holds_other_versions, pointer_to};
use crate::compare::other_version::undeclared_place;
use crate::compare::path::FieldPath;
use crate::compare::three_way::Change;
use crate::model::Actor;
use crate::policy::managers::ManifestMention;
use crate::vocabulary::FindingCode;

/// A field that somebody wrote by another version, and that the read version does not have.
pub(in crate::classify) struct UnreadField {
    /// Who did.
    pub(in crate::classify) actor: Actor,
    /// Whether it was a person.
    pub(in crate::classify) is_persons: bool,
    /// The version.
    pub(in crate::classify) api_version: String,
    /// The field, by the names of that version.
    pub(in crate::classify) path: FieldPath,
}

impl Attributor<'_> {
    /// Adds what others wrote by another version where the read version holds it under another name.
    pub(super) fn add_other_versions(&self, attributed: &mut Vec<Attributed>) {
        let others = self.by_other_versions();
        let Some((other, _)) = others.iter().max_by_key(|(other, _)| other.entry.time) else {
            return;
        };
        let annotations = self
            .live
            .object
            .pointer("/metadata/annotations")
            .and_then(Value::as_object);
        let desired = self.desired.pointer("/metadata/annotations");
        for (key, live) in annotations.into_iter().flatten() {
            let path = FieldPath::root().key("metadata").key("annotations").key(key);
            let is_added = holds_other_versions(self.context.gvk, key)
                && desired.and_then(|desired| desired.get(key)).is_none()
                && self.owners(&path).is_empty()
                && self
                    .expected(&other.entry.manager, &path, ManifestMention::Unset)
                    .is_none();
            if !is_added || !self.context.room.take(path.size()) {
                continue;
            }
            attributed.push(Attributed {
                change: Change {
                    code: FindingCode::Added,
                    pointer: pointer_to(&path),
                    path,
                    previous: None,
                    from_revision: None,
                    desired: None,
                    live: Some(live.clone()),
                },
                severity: None,
                actor: Some(actor(other.entry)),
                about: None,
                note: None,
            });
        }
    }

    /// The fields that the object holds at another version only, one for each writer.
    pub(in crate::classify) fn unread_fields(&self) -> Vec<UnreadField> {
        if holds_other_versions(self.context.gvk, "") {
            return Vec::new();
        }
        let others = self.by_other_versions().into_iter();
        let unread = others.map(|(other, path)| UnreadField {
            actor: actor(other.entry),
            is_persons: other.writer == Writer::Person,
            api_version: other.entry.api_version.clone(),
            path,
        });
        unread.collect()
    }

    /// The entries of others by another version that name a field which the read version does not have.
    fn by_other_versions(&self) -> Vec<(&AttributedEntry<'_>, FieldPath)> {
        let context = &self.context;
        let others = self.entries.iter().filter(|other| {
            let version = &other.entry.api_version;
            other.writer != Writer::Ours && !version.is_empty() && *version != context.gvk.api_version
        });
        others
            .filter_map(|other| Some((other, undeclared_place(other.entry, context.shape, context.work)?)))
            .collect()
    }
}
