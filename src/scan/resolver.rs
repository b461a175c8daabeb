//! Where the API server keeps the objects that the manifests and hooks of a release name.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::load::DecodedRevision;
use super::planned::{PlannedObject, Purpose};
use crate::health::observe::RevisionBodies;
use crate::manifest::parse::ManifestObject;
use crate::object::{Gvk, ObjectKey};
use crate::release::record::Hook;
use crate::source::{Kinds, ReadError};

/// The objects of one revision.
pub(super) type ByKey = BTreeMap<ObjectKey, ManifestObject>;

/// One object of a manifest, and where the API server keeps it.
pub(super) struct ResolvedObject {
    pub(super) key: ObjectKey,
    pub(super) object: ManifestObject,
    /// The earlier documents of the manifest about the same object, the latest first.
    pub(super) duplicate_documents: Vec<Arc<str>>,
}

impl ResolvedObject {
    /// Takes a later document of the manifest about the same object, which counts instead.
    fn override_with(&mut self, later: ManifestObject) {
        let earlier = std::mem::replace(&mut self.object, later);
        self.duplicate_documents.push(earlier.body);
    }
}

/// Says where the API server keeps the objects of a release.
pub(super) struct Resolver<'k> {
    /// The namespace that the release installs into.
    pub(super) namespace: &'k str,
    pub(super) kinds: &'k Kinds,
}

impl Resolver<'_> {
    /// The key of an object: in the release's namespace unless the object names one, and in none if its
    /// kind has none.
    fn key(&self, gvk: &Gvk, namespace: Option<&str>, name: &str) -> ObjectKey {
        let served = self.kinds.served.get(gvk);
        let is_namespaced = served.is_none_or(|kind| kind.namespaced);
        ObjectKey {
            gvk: gvk.clone(),
            namespace: is_namespaced.then(|| namespace.unwrap_or(self.namespace).to_owned()),
            name: name.to_owned(),
        }
    }

    /// The key of an object of a manifest.
    pub(super) fn key_of(&self, object: &ManifestObject) -> ObjectKey {
        self.key(&object.gvk, object.namespace.as_deref(), &object.name)
    }

    /// The key of a hook; `None` where its manifest cannot be read.
    pub(super) fn key_of_hook(&self, hook: &Hook) -> Option<ObjectKey> {
        let location = hook.location.as_ref()?;
        let gvk = Gvk::new(&location.api_version, &hook.kind);
        Some(self.key(&gvk, location.namespace.as_deref(), &hook.name))
    }

    /// Whether the API server says that it does not serve the kind of an object.
    pub(super) fn is_not_served(&self, key: &ObjectKey) -> bool {
        !self.kinds.served.contains_key(&key.gvk) && !self.kinds.unavailable.contains(&key.gvk.api_version)
    }

    /// Takes the objects of a revision out of it.
    pub(super) fn take_by_key(&self, revision: &mut DecodedRevision) -> ByKey {
        let objects = std::mem::take(&mut revision.objects).into_iter();
        objects.map(|object| (self.key_of(&object), object)).collect()
    }

    /// The objects of a manifest, each once. Of an object with several documents the last one counts, as Helm upgrades
    /// in order.
    pub(super) fn resolve(&self, objects: Vec<ManifestObject>) -> Vec<ResolvedObject> {
        let mut resolved: Vec<ResolvedObject> = Vec::with_capacity(objects.len());
        let mut positions: HashMap<ObjectKey, usize> = HashMap::with_capacity(objects.len());
        for object in objects {
            let key = self.key_of(&object);
            let known = positions
                .get(&key)
                .and_then(|position| resolved.get_mut(*position));
            if let Some(document) = known {
                document.override_with(object);
            } else {
                positions.insert(key.clone(), resolved.len());
                resolved.push(ResolvedObject {
                    key,
                    object,
                    duplicate_documents: Vec::new(),
                });
            }
        }
        for document in &mut resolved {
            document.duplicate_documents.reverse();
        }
        resolved
    }

    /// The hooks of a revision, in Helm's order: they are observed, and compared with nothing.
    pub(super) fn hooks(&self, hooks: &[Hook]) -> Vec<PlannedObject> {
        let planned = |hook: &Hook| {
            let key = self.key_of_hook(hook)?;
            Some(PlannedObject::new(key, Purpose::Hook, None).observing(RevisionBodies::default()))
        };
        hooks.iter().filter_map(planned).collect()
    }
}

/// Why an object of a kind that is not among the served ones cannot be read.
pub(super) fn not_served_error(key: &ObjectKey, kinds: &Kinds) -> ReadError {
    let api_version = key.gvk.api_version.clone();
    if kinds.unavailable.contains(&api_version) {
        ReadError::GroupUnavailable { api_version }
    } else {
        ReadError::NotServed {
            api_version,
            kind: key.gvk.kind.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;
    use crate::yaml::Limits;

    /// Regression: documents that name one object with and without its namespace were judged as two, of which one
    /// drifted.
    #[test]
    fn an_object_that_the_manifest_names_twice_is_one() {
        let document = |metadata: &str, value: &str| {
            format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\ndata: {{x: {value}}}\n")
        };
        let manifest = [
            document("{name: a}", "one"),
            document("{name: b}", "other"),
            document("{name: a, namespace: shop}", "two"),
        ];
        let objects = parse::objects(&manifest.concat(), &Limits::default()).unwrap();
        let kinds = Kinds::default();
        let resolver = Resolver {
            namespace: "shop",
            kinds: &kinds,
        };
        let objects = resolver.resolve(objects);
        assert_eq!(objects.len(), 2);
        assert!(objects[0].object.body.contains("two"));
        assert!(
            objects[0].duplicate_documents.len() == 1 && objects[0].duplicate_documents[0].contains("one")
        );
        assert!(objects[1].duplicate_documents.is_empty());
    }
}
