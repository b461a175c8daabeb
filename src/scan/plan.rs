//! The plan for a release: every object that a scan has to read for it, as its revisions name them.

use std::collections::HashSet;
use std::sync::Arc;

use super::load::{DecodedRevision, Loaded};
use super::planned::{Expectations, PlannedObject, Purpose};
use super::resolver::{ByKey, ResolvedObject, Resolver};
use crate::classify::subject::Role;
use crate::compare::three_way::OfRevision;
use crate::health::observe::RevisionBodies;
use crate::manifest::parse::ManifestObject;
use crate::object::ObjectKey;
use crate::release::history::Depth;
use crate::release::history::History;

/// API groups that Kubernetes has moved kinds between. The same kind and name in two of them is one object.
const MOVED_GROUPS: [&str; 6] = [
    "extensions",
    "apps",
    "networking.k8s.io",
    "policy",
    "autoscaling",
    "rbac.authorization.k8s.io",
];

/// Plans the objects of a release, as far as its records could be read.
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

/// The objects of the baseline, each with its bodies in other revisions, and the objects that only other revisions
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
    let baseline_objects = resolver.resolve(std::mem::take(&mut baseline.objects));
    let mut others = OtherRevisions::take_from(loaded, resolver);
    let mut objects: Vec<PlannedObject> = baseline_objects
        .into_iter()
        .map(|object| others.baseline_object(object, newest))
        .collect();
    let record = loaded.records.get(&number);
    let hooks = record.into_iter().flat_map(|record| &record.hooks);
    let known = KnownObjects {
        identities: objects.iter().map(|object| identity(&object.key)).collect(),
        hooks: hooks
            .map(|hook| (hook.kind.as_str(), hook.name.as_str()))
            .collect(),
    };
    objects.extend(others.objects_without_baseline(newest, known));
    objects
}

/// The objects of the newest revision, when none is deployed: they are observed, and compared with nothing.
fn without_baseline(loaded: &mut Loaded, resolver: &Resolver<'_>) -> Vec<PlannedObject> {
    let mut attempted = loaded.attempted.iter_mut();
    let Some(newest) = attempted.next() else {
        return Vec::new();
    };
    // The older attempts are compared with nothing.
    attempted.for_each(|revision| revision.objects = Vec::new());
    let good = loaded
        .good
        .as_mut()
        .map(|revision| resolver.take_by_key(revision));
    let newest_objects = resolver.resolve(std::mem::take(&mut newest.objects));
    newest_objects
        .into_iter()
        .map(|resolved| {
            let is_kept = resolved.object.keep;
            let bodies = RevisionBodies {
                deployed: None,
                newest: Some(resolved.object.body),
            };
            let is_in_good = good.as_ref().is_some_and(|good| good.contains_key(&resolved.key));
            let mut planned = PlannedObject::new(resolved.key, Purpose::Attempted, resolved.object.template)
                .observing(bodies);
            planned.is_in_good = is_in_good;
            planned.is_kept_by_manifest = is_kept;
            planned
        })
        .collect()
}

/// The objects of the revisions beside the baseline. The objects of the baseline are taken out one by one; the baseline
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
        let of_revision = |revision: &mut DecodedRevision| OfRevision {
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

    /// Plans an object of the baseline, with its bodies in the other revisions.
    fn baseline_object(&mut self, resolved: ResolvedObject, newest: NewestOperation) -> PlannedObject {
        let ResolvedObject {
            key,
            object,
            duplicate_documents,
        } = resolved;
        let in_newest = self.newest(&key);
        let is_kept = in_newest.is_some_and(|object| object.keep);
        let bodies = RevisionBodies {
            deployed: Some(Arc::clone(&object.body)),
            newest: in_newest.map(|object| Arc::clone(&object.body)),
        };
        let expectations = Expectations {
            role: Role::Expected,
            expires: object.expires,
            body: object.body,
            duplicate_documents,
            previous: self.take_previous(&key),
            older: Vec::new(),
            attempted: self.take_attempted(&key),
        };
        let mut planned = PlannedObject::new(key, Purpose::Baseline, object.template).comparing(expectations);
        planned.is_kept_by_manifest = is_kept;
        if newest.is_observable {
            planned.observing(bodies)
        } else {
            planned
        }
    }

    fn newest(&self, key: &ObjectKey) -> Option<&ManifestObject> {
        self.attempted.first()?.object.get(key)
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
        let mut attempted = self.attempted.into_iter();
        // Objects of an operation that may still run are not left over yet, and neither are those that it brings back.
        if newest.is_pending {
            let running = attempted.next().filter(|_| newest.is_observable);
            for (key, object) in running.into_iter().flat_map(|revision| revision.object) {
                let bodies = bodies_of_newest(&object);
                let planned = known.attempted(key, object);
                objects.extend(planned.map(|planned| planned.observing(bodies)));
            }
        }
        let previous = self.previous.map(|previous| previous.object);
        for (key, object) in previous.into_iter().chain(self.abandoned).flatten() {
            objects.extend(known.leftover(key, object));
        }
        // What older attempts created may be what a running operation still works on.
        let failed = attempted.filter(|_| !newest.is_pending);
        for (position, revision) in failed.enumerate() {
            for (key, object) in revision.object {
                let bodies = bodies_of_newest(&object);
                let planned = known.leftover(key, object);
                objects.extend(planned.map(|planned| {
                    if position == 0 && newest.is_observable {
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

/// The bodies of an object that the newest revision has and the deployed one has not.
fn bodies_of_newest(object: &ManifestObject) -> RevisionBodies {
    RevisionBodies {
        deployed: None,
        newest: Some(Arc::clone(&object.body)),
    }
}

/// The objects that are planned already, and the hooks of the baseline, which are not objects of the release.
struct KnownObjects<'l> {
    identities: HashSet<ObjectIdentity>,
    /// By kind and name.
    hooks: HashSet<(&'l str, &'l str)>,
}

impl KnownObjects<'_> {
    /// Plans an object that no revision in use has; `None` where it is planned already, or Helm keeps it.
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
            older: Vec::new(),
            attempted: Vec::new(),
        };
        Some(PlannedObject::new(key, Purpose::Leftover, object.template).comparing(expectations))
    }

    /// Plans an object that an operation adds which may still be running; `None` where it is planned already.
    fn attempted(&mut self, key: ObjectKey, object: ManifestObject) -> Option<PlannedObject> {
        self.is_new(&key)
            .then(|| PlannedObject::new(key, Purpose::Attempted, object.template))
    }

    fn is_new(&mut self, key: &ObjectKey) -> bool {
        let is_hook = self.hooks.contains(&(key.gvk.kind.as_str(), key.name.as_str()));
        !is_hook && self.identities.insert(identity(key))
    }
}

/// The identity of an object, which stays the same when Kubernetes moves its kind to another group.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectIdentity {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// The identity of an object.
pub(super) fn identity(key: &ObjectKey) -> ObjectIdentity {
    let group = key.gvk.group();
    let group = if MOVED_GROUPS.contains(&group) {
        MOVED_GROUPS[0]
    } else {
        group
    };
    ObjectIdentity {
        group: group.to_owned(),
        kind: key.gvk.kind.clone(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
    }
}
