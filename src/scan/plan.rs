//! The objects that a scan has to look at, as the revisions of a release name them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::load::{Loaded, Revision};
use super::planned::{Expectations, Origin, PlannedObject};
use crate::classify::subject::Role;
use crate::compare::three_way::OfRevision;
use crate::health::observe::RevisionBodies;
use crate::manifest::object::ManifestObject;
use crate::object::{Gvk, ObjectKey};
use crate::release::decode::Hook;
use crate::release::history::Depth;
use crate::release::history::History;
use crate::source::{Kinds, ReadError};

/// API groups that Kubernetes has moved kinds between. The same kind and name in two of them is one object.
const MOVED_GROUPS: [&str; 6] = [
    "extensions",
    "apps",
    "networking.k8s.io",
    "policy",
    "autoscaling",
    "rbac.authorization.k8s.io",
];

/// The objects that have to be looked at, as far as the records could be read.
pub(super) fn plan_objects(
    history: &History,
    loaded: &mut Loaded,
    resolver: &Resolver<'_>,
    depth: Depth,
) -> Vec<PlannedObject> {
    let newest = NewestOperation::of(history, loaded);
    let mut hooks = Vec::new();
    if newest.is_observable {
        let record = loaded
            .attempted
            .first()
            .and_then(|revision| loaded.records.get(&revision.number));
        hooks.extend(
            record
                .into_iter()
                .flat_map(|record| resolver.hooks(&record.hooks)),
        );
    }
    match depth {
        Depth::Comparison => {}
        // The hooks of any revision: Helm deletes none of a revision that is not the newest.
        Depth::History => {
            let records = loaded.records.values().rev();
            hooks.extend(records.flat_map(|record| resolver.hooks(&record.hooks)));
            let mut known = HashSet::new();
            hooks.retain(|hook| known.insert(identity(&hook.key)));
        }
    }
    let mut objects = if history.baseline().is_some() {
        with_baseline(loaded, newest, resolver)
    } else {
        without_baseline(loaded, resolver)
    };
    objects.extend(hooks);
    objects
}

/// What is known of the newest operation.
#[derive(Debug, Clone, Copy)]
struct NewestOperation {
    /// It did not complete, and its record was read: its objects tell how far it got.
    is_observable: bool,
    /// It is pending, and so may still run.
    is_pending: bool,
}

impl NewestOperation {
    fn of(history: &History, loaded: &Loaded) -> Self {
        let latest = history.latest();
        let attempted = loaded.attempted.first();
        Self {
            is_observable: attempted
                .zip(latest)
                .is_some_and(|(attempted, latest)| attempted.number == latest.revision),
            is_pending: latest.is_some_and(|latest| latest.status.is_pending()),
        }
    }
}

/// The objects of the baseline, each with what other revisions ask of it, and the objects that only other revisions
/// have. Without a readable baseline there is nothing to compare with.
fn with_baseline(
    loaded: &mut Loaded,
    newest: NewestOperation,
    resolver: &Resolver<'_>,
) -> Vec<PlannedObject> {
    let Some(baseline) = &mut loaded.baseline else {
        return Vec::new();
    };
    let number = baseline.number;
    let documents = resolver.documents(std::mem::take(&mut baseline.objects));
    let mut others = OtherRevisions::take_from(loaded, resolver);
    let mut objects: Vec<PlannedObject> = documents
        .into_iter()
        .map(|document| others.baseline_object(document, newest))
        .collect();
    let record = loaded.records.get(&number);
    let known = KnownObjects {
        identities: objects.iter().map(|object| identity(&object.key)).collect(),
        hooks: record.map(|record| record.hooks.as_slice()).unwrap_or_default(),
    };
    objects.extend(others.objects_without_baseline(newest, known));
    objects
}

/// The objects of the newest revision, when none is deployed: looked at, and compared with nothing.
fn without_baseline(loaded: &mut Loaded, resolver: &Resolver<'_>) -> Vec<PlannedObject> {
    let Some(newest) = loaded.attempted.first_mut() else {
        return Vec::new();
    };
    let documents = resolver.documents(std::mem::take(&mut newest.objects));
    documents
        .into_iter()
        .map(|document| {
            let bodies = RevisionBodies {
                deployed: None,
                newest: Some(document.object.body),
            };
            PlannedObject::new(document.key, Origin::Attempted, document.object.template).observing(bodies)
        })
        .collect()
}

/// The objects of one revision.
type ByKey = BTreeMap<ObjectKey, ManifestObject>;

/// What the revisions beside the baseline ask for. The objects of the baseline are taken out one by one; the baseline
/// does not have those that are left.
struct OtherRevisions {
    previous: Option<OfRevision<ByKey>>,
    /// Newest first.
    attempted: Vec<OfRevision<ByKey>>,
    /// Newest first.
    abandoned: Vec<ByKey>,
}

impl OtherRevisions {
    fn take_from(loaded: &mut Loaded, resolver: &Resolver<'_>) -> Self {
        let of_revision = |revision: &mut Revision| OfRevision {
            revision: revision.number,
            object: resolver.take_by_key(revision),
        };
        Self {
            previous: loaded.previous.as_mut().map(&of_revision),
            attempted: loaded.attempted.iter_mut().map(&of_revision).collect(),
            abandoned: loaded
                .abandoned
                .iter_mut()
                .map(|revision| resolver.take_by_key(revision))
                .collect(),
        }
    }

    /// An object of the baseline, with what the other revisions ask of it.
    fn baseline_object(&mut self, document: Document, newest: NewestOperation) -> PlannedObject {
        let Document {
            key,
            object,
            duplicate_documents,
        } = document;
        let bodies = RevisionBodies {
            deployed: Some(Arc::clone(&object.body)),
            newest: self.newest_body(&key),
        };
        let expectations = Expectations {
            role: Role::Expected,
            expires: object.expires,
            body: object.body,
            duplicate_documents,
            previous: self.take_previous(&key),
            attempted: self.take_attempted(&key),
        };
        let planned = PlannedObject::new(key, Origin::Baseline, object.template).comparing(expectations);
        if newest.is_observable {
            planned.observing(bodies)
        } else {
            planned
        }
    }

    fn newest_body(&self, key: &ObjectKey) -> Option<Arc<str>> {
        let object = self.attempted.first()?.object.get(key)?;
        Some(Arc::clone(&object.body))
    }

    fn take_previous(&mut self, key: &ObjectKey) -> Option<OfRevision<Arc<str>>> {
        let previous = self.previous.as_mut()?;
        let object = previous.object.remove(key)?;
        Some(previous.with(object.body))
    }

    fn take_attempted(&mut self, key: &ObjectKey) -> Vec<OfRevision<Arc<str>>> {
        let revisions = self.attempted.iter_mut();
        revisions
            .filter_map(|revision| {
                let object = revision.object.remove(key)?;
                Some(revision.with(object.body))
            })
            .collect()
    }

    /// The objects that the baseline does not have, each once.
    fn objects_without_baseline(
        self,
        newest: NewestOperation,
        mut known: KnownObjects<'_>,
    ) -> Vec<PlannedObject> {
        let mut objects = Vec::new();
        let previous = self.previous.map(|previous| previous.object);
        for (key, object) in previous.into_iter().chain(self.abandoned).flatten() {
            objects.extend(known.leftover(key, object));
        }
        for (position, revision) in self.attempted.into_iter().enumerate() {
            let is_newest = position == 0 && newest.is_observable;
            // Objects of an operation that may still run are not left over yet.
            if newest.is_pending && !is_newest {
                continue;
            }
            for (key, object) in revision.object {
                let bodies = RevisionBodies {
                    deployed: None,
                    newest: Some(Arc::clone(&object.body)),
                };
                let planned = if newest.is_pending {
                    known.attempted(key, object)
                } else {
                    known.leftover(key, object)
                };
                objects.extend(planned.map(|planned| {
                    if is_newest {
                        planned.observing(bodies)
                    } else {
                        planned
                    }
                }));
            }
        }
        objects
    }
}

/// The objects that are planned already, and the hooks of the baseline, which are no objects of the release.
struct KnownObjects<'l> {
    identities: HashSet<Identity>,
    hooks: &'l [Hook],
}

impl KnownObjects<'_> {
    /// An object that only revisions without an effect had; `None` where it is planned already, or Helm keeps it.
    fn leftover(&mut self, key: ObjectKey, object: ManifestObject) -> Option<PlannedObject> {
        if object.keep || !self.is_new(&key) {
            return None;
        }
        let expectations = Expectations {
            role: Role::Leftover,
            expires: object.expires,
            body: object.body,
            duplicate_documents: Vec::new(),
            previous: None,
            attempted: Vec::new(),
        };
        Some(PlannedObject::new(key, Origin::Leftover, object.template).comparing(expectations))
    }

    /// An object that an operation adds which may still run; `None` where it is planned already.
    fn attempted(&mut self, key: ObjectKey, object: ManifestObject) -> Option<PlannedObject> {
        self.is_new(&key)
            .then(|| PlannedObject::new(key, Origin::Attempted, object.template))
    }

    fn is_new(&mut self, key: &ObjectKey) -> bool {
        let mut hooks = self.hooks.iter();
        let is_hook = hooks.any(|hook| hook.kind == key.gvk.kind && hook.name == key.name);
        !is_hook && self.identities.insert(identity(key))
    }
}

/// What one manifest says of one object.
struct Document {
    key: ObjectKey,
    object: ManifestObject,
    /// What earlier documents of the manifest say of the same object, the latest first.
    duplicate_documents: Vec<Arc<str>>,
}

impl Document {
    /// Takes what a later document of the same manifest says of the same object.
    fn override_with(&mut self, later: ManifestObject) {
        let earlier = std::mem::replace(&mut self.object, later);
        self.duplicate_documents.insert(0, earlier.body);
    }
}

/// Says where the API server keeps the objects of a release.
pub(super) struct Resolver<'k> {
    /// The namespace that the release installs into.
    pub(super) namespace: &'k str,
    pub(super) kinds: &'k Kinds,
}

impl Resolver<'_> {
    /// In the release's namespace unless the object names one, and in none if its kind has none.
    fn key(&self, gvk: &Gvk, namespace: Option<&str>, name: &str) -> ObjectKey {
        let served = self.kinds.served.get(gvk);
        let is_namespaced = served.is_none_or(|kind| kind.namespaced);
        ObjectKey {
            gvk: gvk.clone(),
            namespace: is_namespaced.then(|| namespace.unwrap_or(self.namespace).to_owned()),
            name: name.to_owned(),
        }
    }

    fn key_of(&self, object: &ManifestObject) -> ObjectKey {
        self.key(&object.gvk, object.namespace.as_deref(), &object.name)
    }

    fn take_by_key(&self, revision: &mut Revision) -> ByKey {
        let objects = std::mem::take(&mut revision.objects).into_iter();
        objects.map(|object| (self.key_of(&object), object)).collect()
    }

    /// The objects of a manifest, each once. Of an object with several documents the last one counts, as Helm upgrades
    /// in order.
    fn documents(&self, objects: Vec<ManifestObject>) -> Vec<Document> {
        let mut documents: Vec<Document> = Vec::with_capacity(objects.len());
        let mut positions: HashMap<ObjectKey, usize> = HashMap::with_capacity(objects.len());
        for object in objects {
            let key = self.key_of(&object);
            let known = positions
                .get(&key)
                .and_then(|position| documents.get_mut(*position));
            if let Some(document) = known {
                document.override_with(object);
            } else {
                positions.insert(key.clone(), documents.len());
                documents.push(Document {
                    key,
                    object,
                    duplicate_documents: Vec::new(),
                });
            }
        }
        documents
    }

    /// The hooks of a revision, in Helm's order: looked at, and compared with nothing.
    fn hooks(&self, hooks: &[Hook]) -> Vec<PlannedObject> {
        let planned = |hook: &Hook| {
            let place = hook.place.as_ref()?;
            let gvk = Gvk::new(&place.api_version, &hook.kind);
            let key = self.key(&gvk, place.namespace.as_deref(), &hook.name);
            Some(PlannedObject::new(key, Origin::Hook, None).observing(RevisionBodies::default()))
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

/// What makes an object the same one, also where Kubernetes has moved its kind to another group in between.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Identity {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

fn identity(key: &ObjectKey) -> Identity {
    let group = key.gvk.group();
    let group = if MOVED_GROUPS.contains(&group) {
        MOVED_GROUPS[0]
    } else {
        group
    };
    Identity {
        group: group.to_owned(),
        kind: key.gvk.kind.clone(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::object;
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
        let objects = object::parse(&manifest.concat(), &Limits::default()).unwrap();
        let kinds = Kinds::default();
        let resolver = Resolver {
            namespace: "shop",
            kinds: &kinds,
        };
        let documents = resolver.documents(objects);
        assert_eq!(documents.len(), 2);
        assert!(documents[0].object.body.contains("two"));
        assert!(
            documents[0].duplicate_documents.len() == 1
                && documents[0].duplicate_documents[0].contains("one")
        );
        assert!(documents[1].duplicate_documents.is_empty());
    }
}
