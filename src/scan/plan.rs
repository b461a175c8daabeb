//! The objects that a scan has to look at, as the revisions of a release name them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::load::{Loaded, Revision};
use crate::classify::dry_run::DryRunCheck;
use crate::classify::state::empty_report;
use crate::classify::subject::Role;
use crate::compare::three_way::OfRevision;
use crate::health::observe::Observed;
use crate::manifest::parse::ManifestObject;
use crate::model::ObjectReport;
use crate::object::{Gvk, ObjectKey};
use crate::release::history::Depth;
use crate::release::history::History;
use crate::release::record::Hook;
use crate::source::{Kinds, ReadError};
use crate::vocabulary::ObjectState;

/// API groups that Kubernetes has moved kinds between. The same kind and name in two of them is one object.
const MOVED_GROUPS: [&str; 6] = [
    "extensions",
    "apps",
    "networking.k8s.io",
    "policy",
    "autoscaling",
    "rbac.authorization.k8s.io",
];

/// One object of a release.
pub(super) struct Item {
    pub(super) key: ObjectKey,
    pub(super) role: Role,
    pub(super) template: Option<String>,
    /// Taken when the object is judged: nothing asks for it after that, and it is most of what a scan holds.
    pub(super) asked: Option<Asked>,
    /// `None` until the object was looked at.
    pub(super) outcome: Option<Outcome>,
    /// What the API server could still be asked.
    pub(super) question: Option<DryRunCheck>,
    /// What the deployed and the newest revision ask for, where the newest did not come to its end.
    pub(super) watch: Option<Watch>,
    /// Whether the release's health depends on it.
    pub(super) is_observed: bool,
    pub(super) observed: Option<Observed>,
}

/// What two revisions ask of an object, as JSON.
#[derive(Clone, Default)]
pub(super) struct Watch {
    pub(super) old: Option<Arc<str>>,
    pub(super) new: Option<Arc<str>>,
}

/// What came of looking at an object: nothing, where nothing has to be reported.
pub(super) struct Outcome(pub(super) Option<ObjectReport>);

/// What the revisions ask of an object, as JSON.
pub(super) struct Asked {
    pub(super) expires: bool,
    pub(super) body: Arc<str>,
    /// What the same manifest asks of the same object elsewhere, the latest first.
    pub(super) duplicate_documents: Vec<Arc<str>>,
    pub(super) previous: Option<OfRevision<Arc<str>>>,
    pub(super) attempted: Vec<OfRevision<Arc<str>>>,
}

impl Item {
    fn new(key: ObjectKey, role: Role, object: ManifestObject) -> Self {
        let asked = Asked {
            expires: object.expires,
            body: object.body,
            duplicate_documents: Vec::new(),
            previous: None,
            attempted: Vec::new(),
        };
        Self {
            key,
            role,
            template: object.template,
            asked: Some(asked),
            outcome: None,
            question: None,
            watch: None,
            is_observed: false,
            observed: None,
        }
    }

    /// Takes what a later document of the same manifest asks of the same object.
    fn overrule(&mut self, object: ManifestObject) {
        let later = Self::new(self.key.clone(), self.role, object);
        let earlier = std::mem::replace(self, later).asked;
        if let (Some(asked), Some(earlier)) = (&mut self.asked, earlier) {
            asked.duplicate_documents = std::iter::once(earlier.body)
                .chain(earlier.duplicate_documents)
                .collect();
        }
    }

    pub(super) fn unknown(&self, error: &ReadError) -> Option<ObjectReport> {
        let unknown = || {
            empty_report(
                &self.key,
                self.template.as_deref(),
                ObjectState::Unknown,
                Some(error.to_string()),
            )
        };
        (!matches!(self.role, Role::Leftover | Role::Hook)).then(unknown)
    }
}

/// The objects that have to be looked at, as far as the records could be read.
pub(super) fn lay_out(
    history: &History,
    loaded: &mut Loaded,
    namespace: &str,
    (kinds, depth): (&Kinds, Depth),
) -> Vec<Item> {
    let latest = history.latest();
    let newest = loaded
        .attempted
        .first()
        .filter(|newest| latest.is_some_and(|latest| latest.revision == newest.number));
    let mut hooks = newest
        .and_then(|newest| loaded.told.get(&newest.number))
        .map(|told| hooks_of(&told.hooks, namespace, kinds))
        .unwrap_or_default();
    match depth {
        Depth::Comparison => {}
        // All that any revision made and none deletes.
        Depth::History => {
            let all = loaded.told.values().rev();
            hooks.extend(all.flat_map(|told| hooks_of(&told.hooks, namespace, kinds)));
            let mut known = HashSet::new();
            hooks.retain(|item| known.insert(identity(&item.key)));
        }
    }
    let operation = if newest.is_some() {
        Operation::Open
    } else {
        Operation::Over
    };
    let is_running = latest.is_some_and(|latest| latest.status.is_pending());
    let mut items = if history.baseline().is_some() {
        compared(loaded, namespace, (operation, is_running), kinds)
    } else {
        attempted(loaded, namespace, kinds)
    };
    items.extend(hooks);
    for item in &mut items {
        item.is_observed = item.watch.is_some();
    }
    items
}

/// What is known of the newest operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    /// It came to its end, or its record cannot be read.
    Over,
    /// It failed, or is pending.
    Open,
}

/// The objects of the baseline, each with what other revisions asked of it, and the objects that only other
/// revisions had. Without a readable baseline there is nothing to compare with.
fn compared(
    loaded: &mut Loaded,
    namespace: &str,
    (operation, is_running): (Operation, bool),
    kinds: &Kinds,
) -> Vec<Item> {
    let Some(baseline) = loaded.baseline.as_mut() else {
        return Vec::new();
    };
    let by_key = |revision: &mut Revision| -> HashMap<ObjectKey, ManifestObject> {
        revision
            .objects
            .drain(..)
            .map(|object| (resolve(&object, namespace, kinds), object))
            .collect()
    };
    let expected = std::mem::take(&mut baseline.objects);
    let told = loaded.told.get(&baseline.number);
    let previous_number = loaded.previous.as_ref().map(|revision| revision.number);
    let mut previous = loaded.previous.as_mut().map(by_key).unwrap_or_default();
    let mut attempted: Vec<OfRevision<HashMap<ObjectKey, ManifestObject>>> = loaded
        .attempted
        .iter_mut()
        .map(|revision| OfRevision {
            revision: revision.number,
            object: by_key(revision),
        })
        .collect();
    let mut items = items(expected, Role::Expected, namespace, kinds);
    for item in &mut items {
        if let Some(asked) = &mut item.asked {
            let body = previous.remove(&item.key).map(|object| object.body);
            asked.previous = previous_number
                .zip(body)
                .map(|(revision, object)| OfRevision { revision, object });
            let newest = attempted.first().and_then(|newest| newest.object.get(&item.key));
            item.watch = operation.watch(Some(&asked.body), newest.map(|object| &object.body));
            let others = attempted.iter_mut().filter_map(|attempted| {
                let object = attempted.object.remove(&item.key)?;
                Some(attempted.with(object.body))
            });
            asked.attempted = others.collect();
        }
    }
    let mut known: HashSet<_> = items.iter().map(|item| identity(&item.key)).collect();
    let is_hook = |key: &ObjectKey| {
        let mut hooks = told.iter().flat_map(|told| &told.hooks);
        hooks.any(|hook| hook.kind == key.gvk.kind && hook.name == key.name)
    };
    let mut add = |key: ObjectKey, object: ManifestObject, role: Role, watch: Option<Watch>| {
        let is_kept = object.keep && role == Role::Leftover;
        if !is_kept && !is_hook(&key) && known.insert(identity(&key)) {
            let mut item = Item::new(key, role, object);
            item.watch = watch;
            items.push(item);
        }
    };
    let abandoned: Vec<_> = loaded.abandoned.iter_mut().map(by_key).collect();
    for (key, object) in previous.into_iter().chain(abandoned.into_iter().flatten()) {
        add(key, object, Role::Leftover, None);
    }
    // Objects of an operation that may still be running are not left over yet.
    let role = if is_running {
        Role::Attempted
    } else {
        Role::Leftover
    };
    for (position, objects) in attempted.into_iter().enumerate() {
        for (key, object) in objects.object {
            let newest = Some(&object.body).filter(|_| position == 0);
            let watch = newest.and_then(|body| operation.watch(None, Some(body)));
            add(key, object, role, watch);
        }
    }
    items
}

impl Operation {
    /// What to look for in an object, where the operation did not come to its end.
    fn watch(self, old: Option<&Arc<str>>, new: Option<&Arc<str>>) -> Option<Watch> {
        match self {
            Self::Over => None,
            Self::Open => Some(Watch {
                old: old.cloned(),
                new: new.cloned(),
            }),
        }
    }
}

/// The objects of the newest revision, when none is deployed.
fn attempted(loaded: &mut Loaded, namespace: &str, kinds: &Kinds) -> Vec<Item> {
    let Some(newest) = loaded.attempted.first_mut() else {
        return Vec::new();
    };
    let mut items = items(
        std::mem::take(&mut newest.objects),
        Role::Attempted,
        namespace,
        kinds,
    );
    for item in &mut items {
        item.watch = Some(Watch {
            old: None,
            new: item.asked.as_ref().map(|asked| Arc::clone(&asked.body)),
        });
    }
    items
}

/// The objects of a manifest, each once. Of what the manifest says twice the last counts, as Helm upgrades in order.
fn items(objects: Vec<ManifestObject>, role: Role, namespace: &str, kinds: &Kinds) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::with_capacity(objects.len());
    let mut positions: HashMap<ObjectKey, usize> = HashMap::with_capacity(objects.len());
    for object in objects {
        let key = resolve(&object, namespace, kinds);
        let known = positions.get(&key).and_then(|position| items.get_mut(*position));
        if let Some(item) = known {
            item.overrule(object);
        } else {
            positions.insert(key.clone(), items.len());
            items.push(Item::new(key, role, object));
        }
    }
    items
}

/// The hooks of a revision whose operation did not come to its end, in Helm's order.
fn hooks_of(hooks: &[Hook], namespace: &str, kinds: &Kinds) -> Vec<Item> {
    let item = |hook: &Hook| {
        let place = hook.place.as_ref()?;
        let object = ManifestObject {
            gvk: Gvk::new(&place.api_version, &hook.kind),
            namespace: place.namespace.clone(),
            name: hook.name.clone(),
            template: None,
            keep: false,
            expires: false,
            body: Arc::from(""),
        };
        let mut item = Item::new(resolve(&object, namespace, kinds), Role::Hook, object);
        item.watch = Some(Watch::default());
        Some(item)
    };
    hooks.iter().filter_map(item).collect()
}

/// Why an object of a kind that is not among the served ones cannot be read.
pub(super) fn unserved(key: &ObjectKey, kinds: &Kinds) -> ReadError {
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

/// Where the API server keeps an object: in the release's namespace unless it names one, and in none if its kind
/// has none.
fn resolve(object: &ManifestObject, release_namespace: &str, kinds: &Kinds) -> ObjectKey {
    let namespaced = kinds.served.get(&object.gvk).is_none_or(|kind| kind.namespaced);
    let namespace = namespaced.then(|| {
        object
            .namespace
            .clone()
            .unwrap_or_else(|| release_namespace.to_owned())
    });
    ObjectKey {
        gvk: object.gvk.clone(),
        namespace,
        name: object.name.clone(),
    }
}

/// What makes an object the same one, also where Kubernetes has moved its kind to another group in between.
fn identity(key: &ObjectKey) -> (String, String, Option<String>, String) {
    let group = key.gvk.group();
    let group = if MOVED_GROUPS.contains(&group) {
        MOVED_GROUPS[0]
    } else {
        group
    };
    (
        group.to_owned(),
        key.gvk.kind.clone(),
        key.namespace.clone(),
        key.name.clone(),
    )
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
        let items = items(objects, Role::Expected, "shop", &Kinds::default());
        let asked: Vec<_> = items.iter().filter_map(|item| item.asked.as_ref()).collect();
        assert_eq!(asked.len(), 2);
        assert!(asked[0].body.contains("two"));
        assert!(asked[0].duplicate_documents.len() == 1 && asked[0].duplicate_documents[0].contains("one"));
        assert!(asked[1].duplicate_documents.is_empty());
    }
}
