//! The plan for a release: every object that a scan has to read for it, as its revisions name them.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use super::load::{DecodedRevision, Loaded};
use super::planned::{Expectations, PlannedObject, Purpose, TargetBody, TransitionBodies};
use super::resolver::{ByKey, ResolvedObject, Resolver};
use super::running::InRunningRevision;
use super::transition::to_last_good;
use crate::classify::rendering::Renderings;
use crate::classify::subject::Role;
use crate::compare::three_way::OfRevision;
use crate::health::differing_attempt;
use crate::health::observe::RevisionBodies;
use crate::manifest::parse::ManifestObject;
use crate::object::ObjectKey;
use crate::release::history::Depth;
use crate::release::history::History;
use crate::release::stored::Status;

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
    let rollback = RollbackToLastGood::of(history, loaded);
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
        Depth::History | Depth::Rollback(_) => {
            let records = loaded.records.values().rev();
            hooks.extend(records.flat_map(|record| resolver.hooks(&record.hooks)));
            let mut known = HashSet::new();
            hooks.retain(|hook| known.insert(identity(&hook.key)));
        }
    }
    let mut objects = if history.baseline().is_some() {
        with_baseline(loaded, newest, rollback, resolver)
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
    /// The attempt that the deployed revision and the live objects are compared with.
    compared: Option<u64>,
    /// The revision whose objects it deletes at its end, where it is a rollback that is pending: Helm takes the newest one
    /// for the current, whatever became of it (Helm: `pkg/action/rollback.go`, `prepareRollback`).
    replaced: Option<u64>,
}

impl NewestOperation {
    fn of(history: &History, loaded: &Loaded) -> Self {
        let latest = history.latest();
        let attempted = loaded.attempted.first();
        let before = history.revisions().iter().nth_back(1);
        let is_rollback = latest.is_some_and(|latest| latest.status == Status::PendingRollback);
        Self {
            is_observable: attempted
                .zip(latest)
                .is_some_and(|(attempted, latest)| attempted.number == latest.revision),
            is_pending: latest.is_some_and(|latest| latest.status.is_pending()),
            compared: differing_attempt(history, &loaded.records).map(|stored| stored.revision),
            replaced: before.filter(|_| is_rollback).map(|before| before.revision),
        }
    }
}

/// The rollback that every scan asks about: to the last good revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RollbackToLastGood {
    /// There is none, or its records were not read.
    None,
    /// From the baseline, which is the newest, to the previous revision.
    ToPrevious,
    /// From the newest, which was an attempt, to the baseline.
    ToBaseline,
}

impl RollbackToLastGood {
    fn of(history: &History, loaded: &Loaded) -> Self {
        match (to_last_good(history, loaded), history.baseline()) {
            (Some((operation, _)), Some(baseline)) if operation.from == baseline.revision => Self::ToPrevious,
            (Some(_), Some(_)) => Self::ToBaseline,
            (None, _) | (_, None) => Self::None,
        }
    }
}

/// The objects of the baseline, each with its bodies in other revisions, and the objects that only other revisions
/// have. Without a readable baseline there is nothing to compare with.
fn with_baseline(
    loaded: &mut Loaded,
    newest: NewestOperation,
    rollback: RollbackToLastGood,
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
        .enumerate()
        .map(|(turn, object)| {
            let bodies = others.transition(&object, rollback);
            let mut planned = others.baseline_object(object, newest);
            if let Some(bodies) = bodies {
                planned.in_transition(turn, bodies);
            }
            planned
        })
        .collect();
    let record = loaded.records.get(&number);
    if let Some(record) = record {
        let mut renderings = Renderings::of(&record.variations);
        for object in &mut objects {
            object.rendering = renderings.object(object.template.as_deref(), &object.key.gvk);
        }
    }
    let hooks = record.into_iter().flat_map(|record| &record.hooks);
    let known = KnownObjects {
        identities: objects.iter().map(|object| identity(&object.key)).collect(),
        hooks: hooks
            .map(|hook| (hook.kind.as_str(), hook.name.as_str()))
            .collect(),
    };
    objects.extend(others.objects_without_baseline(newest, rollback, known));
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
    let in_newest: HashSet<ObjectIdentity> = newest_objects
        .iter()
        .map(|object| identity(&object.key))
        .collect();
    let of_good = good.iter().flat_map(|good| good.keys());
    loaded.only_good = of_good
        .filter(|key| !in_newest.contains(&identity(key)))
        .cloned()
        .collect();
    newest_objects
        .into_iter()
        .enumerate()
        .map(|(turn, resolved)| {
            let is_kept = resolved.object.keep;
            let in_good = good.as_ref().and_then(|good| good.get(&resolved.key));
            let transition = in_good.map(|good| TransitionBodies {
                from: Some(Arc::clone(&resolved.object.body)),
                to: Some(TargetBody::Document(Arc::clone(&good.body))),
            });
            let bodies = RevisionBodies {
                deployed: None,
                attempted: Some(resolved.object.body),
            };
            let is_in_good = in_good.is_some();
            let mut planned = PlannedObject::new(resolved.key, Purpose::Attempted, resolved.object.template)
                .observing(bodies);
            planned.in_newest = InRunningRevision::Kept;
            planned.is_in_good = is_in_good;
            planned.is_kept_by_manifest = is_kept;
            if let Some(bodies) = transition {
                planned.in_transition(turn, bodies);
            }
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
    /// What the previous revision has, whatever the versions; made where it is needed.
    previous_identities: OnceCell<HashSet<ObjectIdentity>>,
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
            previous_identities: OnceCell::new(),
        }
    }

    /// What the attempt that is compared says of an object; see [`NewestOperation::compared`].
    fn compared(&self, key: &ObjectKey, newest: NewestOperation) -> Option<&ManifestObject> {
        let mut attempted = self.attempted.iter();
        let attempt = attempted.find(|attempt| Some(attempt.revision) == newest.compared)?;
        attempt.object.get(key)
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
        let in_newest = match in_newest {
            Some(_) => InRunningRevision::Kept,
            None => InRunningRevision::Dropped,
        };
        let compared = self.compared(&key, newest);
        let bodies = RevisionBodies {
            deployed: Some(Arc::clone(&object.body)),
            attempted: compared.map(|object| Arc::clone(&object.body)),
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
            planned.in_newest = in_newest;
            planned.observing(bodies)
        } else {
            planned
        }
    }

    /// The bodies of an object of the baseline in the two manifests of a rollback to the last good revision.
    fn transition(
        &self,
        resolved: &ResolvedObject,
        rollback: RollbackToLastGood,
    ) -> Option<TransitionBodies> {
        let body = &resolved.object.body;
        match rollback {
            RollbackToLastGood::None => None,
            RollbackToLastGood::ToPrevious => {
                let previous = &self.previous.as_ref()?.object;
                let previous = previous.get(&resolved.key);
                // In another version it is the same object to Helm, and no part of this plan.
                if previous.is_none() && self.is_in_previous_by_another_version(&resolved.key) {
                    return None;
                }
                Some(TransitionBodies {
                    from: Some(Arc::clone(body)),
                    to: previous.map(|previous| TargetBody::Document(Arc::clone(&previous.body))),
                })
            }
            RollbackToLastGood::ToBaseline => Some(TransitionBodies {
                from: self.newest(&resolved.key).map(|newest| Arc::clone(&newest.body)),
                to: Some(if resolved.duplicate_documents.is_empty() {
                    TargetBody::Document(Arc::clone(body))
                } else {
                    TargetBody::Several
                }),
            }),
        }
    }

    fn is_in_previous_by_another_version(&self, key: &ObjectKey) -> bool {
        let identities = self.previous_identities.get_or_init(|| {
            let previous = self.previous.iter();
            previous
                .flat_map(|previous| previous.object.keys().map(identity))
                .collect()
        });
        identities.contains(&identity(key))
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
        rollback: RollbackToLastGood,
        mut known: KnownObjects<'_>,
    ) -> Vec<PlannedObject> {
        let first = known.identities.len();
        let mut objects = Vec::new();
        let mut attempted = self.attempted.into_iter();
        // Objects of an operation that may still run are not left over yet, and neither are those that it brings back.
        if newest.is_pending {
            let running = attempted.next().filter(|_| newest.is_observable);
            for (key, object) in running.into_iter().flat_map(|revision| revision.object) {
                let bodies = bodies_of_attempt(&object);
                let planned = known.attempted(key, object);
                objects.extend(planned.map(|mut planned| {
                    planned.in_newest = InRunningRevision::Kept;
                    planned.observing(bodies)
                }));
            }
        }
        let previous = self.previous.into_iter().flat_map(|previous| previous.object);
        for (key, object) in previous {
            let bodies = TransitionBodies {
                from: None,
                to: Some(TargetBody::Document(Arc::clone(&object.body))),
            };
            let mut planned = match rollback {
                // A rollback meets what the upgrade kept.
                RollbackToLastGood::ToPrevious if object.keep => known.target(key, object),
                RollbackToLastGood::None
                | RollbackToLastGood::ToPrevious
                | RollbackToLastGood::ToBaseline => known.leftover(key, object),
            };
            if let (Some(planned), RollbackToLastGood::ToPrevious) = (&mut planned, rollback) {
                planned.in_transition(first + objects.len(), bodies);
            }
            objects.extend(planned);
        }
        for (key, object) in self.abandoned.into_iter().flatten() {
            objects.extend(known.leftover(key, object));
        }
        for (position, revision) in attempted.enumerate() {
            let number = Some(revision.revision);
            // A rollback starts from the newest revision.
            let starts_from = position == 0 && !newest.is_pending;
            let in_newest = if starts_from {
                InRunningRevision::Kept
            } else if number == newest.replaced {
                InRunningRevision::Dropped
            } else {
                InRunningRevision::Unknown
            };
            for (key, object) in revision.object {
                let bodies = bodies_of_attempt(&object);
                let transition = TransitionBodies {
                    from: Some(Arc::clone(&object.body)),
                    to: None,
                };
                let turn = first + objects.len();
                let planned = known.leftover(key, object);
                objects.extend(planned.map(|mut planned| {
                    if starts_from && rollback == RollbackToLastGood::ToBaseline {
                        planned.in_transition(turn, transition);
                    }
                    planned.in_newest = in_newest;
                    if newest.is_observable && (starts_from || number == newest.compared) {
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

/// The bodies of an object that an attempt has and the deployed revision has not.
fn bodies_of_attempt(object: &ManifestObject) -> RevisionBodies {
    RevisionBodies {
        deployed: None,
        attempted: Some(Arc::clone(&object.body)),
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

    /// Plans an object that only the manifest has to which a rollback goes; `None` where it is planned already.
    fn target(&mut self, key: ObjectKey, object: ManifestObject) -> Option<PlannedObject> {
        self.is_new(&key)
            .then(|| PlannedObject::new(key, Purpose::Target, object.template))
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
