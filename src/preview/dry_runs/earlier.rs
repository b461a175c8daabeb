//! What an operation does before one of its writes, and what a dry run of that write therefore cannot tell.

use std::collections::HashSet;

use crate::classify::transition::{InManifests, ObjectPreview};
use crate::object::ObjectKey;
use crate::preview::facts::{HookFacts, HookTime};
use crate::source::Kinds;
use crate::source::surroundings::definition_of;
use crate::vocabulary::PreviewAction;

/// The groups of the kinds that decide about other objects at admission.
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Why a dry run of each object's write would tell nothing, in the order of the objects: the operation itself first makes
/// what the write needs.
pub fn too_early(objects: &[&ObjectPreview], kinds: &Kinds) -> Vec<Option<String>> {
    // Helm writes namespaces before definitions.
    let (mut namespaces, mut definitions) = (HashSet::new(), HashSet::new());
    let reason = |object: &&ObjectPreview| {
        let key = &object.key;
        let is_in =
            |names: &HashSet<String>, name: Option<&String>| name.is_some_and(|name| names.contains(name));
        let reason = if is_in(&namespaces, key.namespace.as_ref()) {
            Some("its namespace is created by the same operation".to_owned())
        } else if is_in(&definitions, definition_of(&key.gvk, kinds).as_ref()) {
            Some("its kind is defined by the same operation".to_owned())
        } else {
            None
        };
        match (key.gvk.group(), key.gvk.kind.as_str()) {
            ("", "Namespace") if object.live.is_none() && is_written(object) => {
                namespaces.insert(key.name.clone());
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition") if is_written(object) => {
                definitions.insert(key.name.clone());
            }
            _ => {}
        }
        reason
    };
    objects.iter().map(reason).collect()
}

/// Whether Helm creates or changes an object, as far as is known.
fn is_written(object: &ObjectPreview) -> bool {
    let is_applied = match object.manifests {
        InManifests::Both | InManifests::To => true,
        InManifests::From => false,
    };
    is_applied
        && match object.action {
            PreviewAction::Create
            | PreviewAction::Change
            | PreviewAction::Fail
            | PreviewAction::NotReached
            | PreviewAction::Unknown => true,
            PreviewAction::Delete | PreviewAction::Keep | PreviewAction::None => false,
        }
}

/// What an operation does before one of its writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Earlier<'a> {
    /// The objects before it, in Helm's order.
    pub(super) writes: &'a [ObjectPreview],
    pub(super) hooks: &'a [HookFacts],
}

impl<'a> Earlier<'a> {
    fn written(&self) -> impl Iterator<Item = &'a ObjectPreview> {
        self.writes.iter().filter(|object| is_written(object))
    }

    /// One that is of a kind of the core group.
    pub(super) fn of_kind(&self, kind: &str) -> Option<&'a ObjectKey> {
        self.all_of_kind(kind).next()
    }

    fn all_of_kind(&self, kind: &str) -> impl Iterator<Item = &'a ObjectKey> {
        let keys = self.written().map(|object| &object.key);
        keys.filter(move |key| key.gvk.group().is_empty() && key.gvk.kind == kind)
    }

    /// One in the same namespace.
    pub(super) fn of_kind_beside(&self, kind: &str, key: &ObjectKey) -> Option<&'a ObjectKey> {
        self.all_of_kind(kind)
            .find(|other| other.namespace == key.namespace)
    }

    /// One by which admission may come to decide otherwise about an object.
    pub(super) fn of_admission(&self, key: &ObjectKey) -> Option<&'a ObjectKey> {
        let decides = |other: &&ObjectKey| {
            let is_its_namespace = other.gvk.group().is_empty()
                && other.gvk.kind == "Namespace"
                && key.namespace.as_ref() == Some(&other.name);
            is_its_namespace || other.gvk.group() == ADMISSION
        };
        self.written().map(|object| &object.key).find(decides)
    }

    /// A class by which volume claims may grow.
    pub(super) fn storage_class(&self) -> Option<&'a ObjectKey> {
        let mut keys = self.written().map(|object| &object.key);
        keys.find(|key| key.gvk.group() == "storage.k8s.io" && key.gvk.kind == "StorageClass")
    }

    /// One that is created, and that words name.
    pub(super) fn created(&self, words: &str) -> Option<&'a ObjectKey> {
        let is_end = |ch: char| !(ch.is_ascii_alphanumeric() || matches!(ch, '-' | '.'));
        let named: HashSet<&str> = words.split(is_end).map(|word| word.trim_matches('.')).collect();
        let created = self.written().filter(|object| object.live.is_none());
        created
            .map(|object| &object.key)
            .find(|key| named.contains(key.name.as_str()))
    }

    /// A hook, which may make anything.
    pub(super) fn hook(&self) -> Option<&'a ObjectKey> {
        let mut before = self.hooks.iter().filter(|hook| hook.time == HookTime::Before);
        before.next().map(|hook| &hook.key)
    }
}
