//! One release on the board: its objects, what the revisions ask of them, and what came of looking.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::board::{Absence, Facts};
use super::load::{Loaded, Revision};
use crate::classify::attribute::Autoscaler;
use crate::classify::code::{ApplyMethod, HealthCode, HealthSeverity, ObjectState, Verdict};
use crate::classify::confirm::Question;
use crate::classify::health::{self, remark};
use crate::classify::object::{Judged, Role, Subject, Values, empty_report, judge};
use crate::manifest::desired::Owner;
use crate::manifest::object::ManifestObject;
use crate::object::ObjectKey;
use crate::release::history::History;
use crate::release::operations::Operations;
use crate::release::stored::StoredRevision;
use crate::report::{self, Health, ObjectReport, ReleaseReport};
use crate::source::{Expected, Kinds, Lookup, ReadError, Wanted};

/// API groups that Kubernetes has moved kinds between. The same kind and name in two of them is one object.
const MOVED_GROUPS: [&str; 6] = [
    "extensions",
    "apps",
    "networking.k8s.io",
    "policy",
    "autoscaling",
    "rbac.authorization.k8s.io",
];

/// How many objects a sentence names.
const NAMED: usize = 3;

/// One release.
pub(super) struct Work {
    pub(super) history: History,
    pub(super) loaded: Option<Loaded>,
    owner: Arc<OwnedOwner>,
    method: ApplyMethod,
    operations: Arc<Operations>,
    items: Vec<Item>,
    has_moved: bool,
    unserved: BTreeSet<String>,
}

/// The release that stamps the objects.
struct OwnedOwner {
    name: String,
    namespace: String,
}

/// One object of a release.
struct Item {
    key: ObjectKey,
    role: Role,
    template: Option<String>,
    /// Taken when the object is judged: nothing asks for it after that, and it is most of what a scan holds.
    asked: Option<Asked>,
    /// `None` until the object was looked at.
    outcome: Option<Outcome>,
    /// What the API server could still be asked.
    question: Option<Question>,
}

/// What came of looking at an object: nothing, where nothing has to be reported.
struct Outcome(Option<ObjectReport>);

/// What the revisions ask of an object, as JSON.
struct Asked {
    expires: bool,
    body: Arc<str>,
    /// What the same manifest asks of the same object elsewhere, the latest first.
    rivals: Vec<Arc<str>>,
    previous: Option<Arc<str>>,
    attempted: Vec<Arc<str>>,
}

/// One object that is to be judged.
pub(super) struct Job {
    key: ObjectKey,
    role: Role,
    template: Option<String>,
    owner: Arc<OwnedOwner>,
    method: ApplyMethod,
    values: Values,
    operations: Arc<Operations>,
    asked: Asked,
}

impl Job {
    pub(super) fn judge(&self, lookup: &Lookup<'_>, facts: &Facts) -> Option<Judged> {
        let autoscaler = match facts.scale_targets.targets(&self.key) {
            Some(true) if facts.scale_targets.may_empty(&self.key) => Autoscaler::TargetsToZero,
            Some(true) => Autoscaler::Targets,
            Some(false) => Autoscaler::None,
            None => Autoscaler::Unknown,
        };
        let subject = Subject {
            key: &self.key,
            template: self.template.as_deref(),
            owner: Owner {
                name: &self.owner.name,
                namespace: &self.owner.namespace,
            },
            role: self.role,
            expires: self.asked.expires,
            body: &self.asked.body,
            rivals: &self.asked.rivals,
            previous: self.asked.previous.as_deref(),
            attempted: &self.asked.attempted,
            method: self.method,
            shape: facts.shape(&self.key.gvk),
            operations: &self.operations,
            autoscaler,
            values: self.values,
        };
        judge(&subject, lookup, &facts.rules)
    }
}

impl Item {
    fn new(key: ObjectKey, role: Role, object: ManifestObject) -> Self {
        let asked = Asked {
            expires: object.expires,
            body: object.body,
            rivals: Vec::new(),
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
        }
    }

    /// Takes what a later document of the same manifest asks of the same object.
    fn overrule(&mut self, object: ManifestObject) {
        let later = Self::new(self.key.clone(), self.role, object);
        let earlier = std::mem::replace(self, later).asked;
        if let (Some(asked), Some(earlier)) = (&mut self.asked, earlier) {
            asked.rivals = std::iter::once(earlier.body).chain(earlier.rivals).collect();
        }
    }

    fn unknown(&self, error: &ReadError) -> Option<ObjectReport> {
        let unknown = || {
            empty_report(
                &self.key,
                self.template.as_deref(),
                ObjectState::Unknown,
                Some(error.to_string()),
            )
        };
        (self.role != Role::Leftover).then(unknown)
    }
}

impl Work {
    pub(super) fn new(history: History) -> Self {
        let owner = OwnedOwner {
            name: history.key.name.clone(),
            namespace: history.key.namespace.clone(),
        };
        Self {
            operations: Arc::new(Operations::of(&history)),
            history,
            loaded: None,
            owner: Arc::new(owner),
            method: ApplyMethod::Csa,
            items: Vec::new(),
            has_moved: false,
            unserved: BTreeSet::new(),
        }
    }

    /// Lays out the objects that have to be looked at, and returns those that can be, with their position.
    pub(super) fn lay_out(&mut self, kinds: &Kinds) -> Vec<(usize, Wanted)> {
        let Some(loaded) = &mut self.loaded else {
            return Vec::new();
        };
        if let Some(revision) = loaded.baseline.as_ref().or(loaded.attempted.first()) {
            let owner = OwnedOwner {
                name: self.history.key.name.clone(),
                namespace: revision.namespace.clone(),
            };
            self.owner = Arc::new(owner);
            self.method = revision.method;
        }
        let running = self
            .history
            .latest()
            .is_some_and(|latest| latest.status.is_pending());
        self.items = if self.history.baseline().is_some() {
            compared(loaded, &self.owner.namespace, running, kinds)
        } else {
            attempted(loaded, &self.owner.namespace, kinds)
        };
        let mut readable = Vec::new();
        for (position, item) in self.items.iter_mut().enumerate() {
            if let Some(served) = kinds.served.get(&item.key.gvk) {
                let wanted = Wanted {
                    key: item.key.clone(),
                    plural: served.plural.clone(),
                    expected: match item.role {
                        Role::Leftover => Expected::Gone,
                        Role::Expected | Role::Attempted => Expected::There,
                    },
                };
                readable.push((position, wanted));
            } else {
                let error = unserved(&item.key, kinds);
                if let (ReadError::NotServed { api_version, kind }, Role::Expected) = (&error, item.role) {
                    self.unserved.insert(format!("{kind} of {api_version}"));
                }
                item.outcome = Some(Outcome(item.unknown(&error)));
            }
        }
        readable
    }

    /// Takes what is needed to judge an object.
    pub(super) fn take(&mut self, position: usize) -> Option<Job> {
        let item = self.items.get_mut(position)?;
        Some(Job {
            key: item.key.clone(),
            role: item.role,
            template: item.template.clone(),
            owner: Arc::clone(&self.owner),
            method: self.method,
            // Whoever may write records in one namespace can name another one's release in them.
            values: match &item.key.namespace {
                Some(namespace)
                    if *namespace != self.history.key.namespace
                        && self.owner.namespace != self.history.key.namespace =>
                {
                    Values::Hidden
                }
                _ => Values::Shown,
            },
            operations: Arc::clone(&self.operations),
            asked: item.asked.take()?,
        })
    }

    pub(super) fn judged(&mut self, position: usize, judged: Option<Judged>) {
        if let Some(item) = self.items.get_mut(position) {
            let (report, question) =
                judged.map_or((None, None), |judged| (Some(judged.report), judged.question));
            item.outcome = Some(Outcome(report));
            item.question = question;
        }
    }

    /// Takes what the API server could still be asked, with the position of the object.
    pub(super) fn questions(&mut self) -> impl Iterator<Item = (usize, ObjectKey, Question)> {
        let items = self.items.iter_mut().enumerate();
        items.filter_map(|(position, item)| Some((position, item.key.clone(), item.question.take()?)))
    }

    pub(super) fn report_of(&mut self, position: usize) -> Option<&mut ObjectReport> {
        self.items.get_mut(position)?.outcome.as_mut()?.0.as_mut()
    }

    /// Notes whether the newest revision is still what it was when the scan began.
    pub(super) fn compare_with(&mut self, now: Option<&History>, absence: Absence) {
        let latest = |history: &History| {
            history
                .latest()
                .map(|latest| (latest.revision, latest.status, latest.written))
        };
        self.has_moved = match (now, absence) {
            (None, Absence::Unseen) => false,
            (now, _) => now.and_then(latest) != latest(&self.history),
        };
    }

    /// The release's part of the report, as far as it is known.
    pub(super) fn report(self, now: DateTime<Utc>, stuck_after: TimeDelta) -> Option<ReleaseReport> {
        let latest = self.history.latest()?;
        let health = self.health(now, stuck_after);
        let revisions = || self.loaded.iter().flat_map(Loaded::revisions);
        let revision = |stored: &StoredRevision| report::Revision {
            revision: stored.revision,
            status: stored.status.as_str().to_owned(),
            deployed_at: revisions()
                .find(|revision| revision.number == stored.revision)
                .and_then(|revision| revision.deployed_at),
        };
        let baseline = self.loaded.as_ref().and_then(|loaded| loaded.baseline.as_ref());
        let previous = self.loaded.as_ref().and_then(|loaded| loaded.previous.as_ref());
        let objects = self
            .items
            .iter()
            .filter(|item| item.role != Role::Attempted)
            .filter_map(|item| match &item.outcome {
                Some(Outcome(report)) => report.clone(),
                None => item.unknown(&ReadError::NotReached),
            });
        Some(ReleaseReport {
            namespace: self.owner.namespace.clone(),
            name: self.owner.name.clone(),
            storage: self.history.key.storage(),
            chart: revisions().find_map(|revision| revision.chart.clone()),
            baseline: self.history.baseline().map(revision),
            previous: previous.and_then(|_| self.history.previous().map(revision)),
            latest: revision(latest),
            apply_method: baseline.map(|_| self.method),
            verdict: Verdict::Incomplete,
            health,
            objects: objects.collect(),
        })
    }

    fn health(&self, now: DateTime<Utc>, stuck_after: TimeDelta) -> Vec<Health> {
        let mut health = health::of_history(&self.history, now, stuck_after);
        if let Some(loaded) = &self.loaded {
            health.extend(loaded.health.iter().cloned());
        } else {
            let message = "the scan ended before its records were read".to_owned();
            health.push(remark(HealthCode::Undecodable, HealthSeverity::Warning, message));
        }
        if let Some(existing) = self.existing()
            && let Some(entry) = health
                .iter_mut()
                .find(|entry| entry.code == HealthCode::NoBaseline)
        {
            entry.message.push_str(&existing);
        }
        for kind in &self.unserved {
            let message = format!(
                "the manifest has {kind}, which the API server does not serve: the next upgrade fails"
            );
            health.push(remark(HealthCode::ApiRemoved, HealthSeverity::Warning, message));
        }
        if self.has_moved {
            let message = "its newest revision changed while the scan was running; scan again".to_owned();
            health.push(remark(
                HealthCode::ChangedDuringScan,
                HealthSeverity::Info,
                message,
            ));
        }
        health
    }

    /// What exists of a revision that never was deployed.
    fn existing(&self) -> Option<String> {
        let revision = self.loaded.as_ref()?.attempted.first()?.number;
        let (mut existing, mut unread, mut total) = (Vec::new(), 0, 0);
        for item in self.items.iter().filter(|item| item.role == Role::Attempted) {
            total += 1;
            match &item.outcome {
                Some(Outcome(Some(report))) if report.state != ObjectState::Unknown => {
                    existing.push(&item.key);
                }
                Some(Outcome(None)) => {}
                Some(Outcome(Some(_))) | None => unread += 1,
            }
        }
        let mut named = existing
            .iter()
            .take(NAMED)
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        if existing.len() > NAMED {
            named = format!("{named} and {} more", existing.len() - NAMED);
        }
        let colon = if named.is_empty() { "" } else { ": " };
        let unread = if unread == 0 {
            String::new()
        } else {
            format!("; {unread} could not be read")
        };
        let existing = existing.len();
        Some(format!(
            "; {existing} of the {total} objects of revision {revision} exist{colon}{named}{unread}"
        ))
    }
}

/// The objects of the baseline, each with what other revisions asked of it, and the objects that only other
/// revisions had. Without a readable baseline there is nothing to compare with.
fn compared(loaded: &mut Loaded, namespace: &str, running: bool, kinds: &Kinds) -> Vec<Item> {
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
    let hooks = std::mem::take(&mut baseline.hooks);
    let expected = std::mem::take(&mut baseline.objects);
    let mut previous = loaded.previous.as_mut().map(by_key).unwrap_or_default();
    let mut attempted: Vec<HashMap<ObjectKey, ManifestObject>> =
        loaded.attempted.iter_mut().map(by_key).collect();
    let mut items = items(expected, Role::Expected, namespace, kinds);
    for item in &mut items {
        if let Some(asked) = &mut item.asked {
            asked.previous = previous.remove(&item.key).map(|object| object.body);
            let others = attempted
                .iter_mut()
                .filter_map(|objects| objects.remove(&item.key));
            asked.attempted = others.map(|object| object.body).collect();
        }
    }
    // Objects of an operation that may still be running are not left over yet.
    let failed = attempted.into_iter().filter(|_| !running).flatten();
    let mut known: HashSet<_> = items.iter().map(|item| identity(&item.key)).collect();
    for (key, object) in previous.into_iter().chain(failed) {
        let is_hook = hooks
            .iter()
            .any(|hook| hook.kind == key.gvk.kind && hook.name == key.name);
        if !object.keep && !is_hook && known.insert(identity(&key)) {
            items.push(Item::new(key, Role::Leftover, object));
        }
    }
    items
}

/// The objects of the newest revision, when none is deployed.
fn attempted(loaded: &mut Loaded, namespace: &str, kinds: &Kinds) -> Vec<Item> {
    let Some(newest) = loaded.attempted.first_mut() else {
        return Vec::new();
    };
    let objects = std::mem::take(&mut newest.objects);
    items(objects, Role::Attempted, namespace, kinds)
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

/// Why an object of a kind that is not among the served ones cannot be read.
fn unserved(key: &ObjectKey, kinds: &Kinds) -> ReadError {
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
        let items = items(objects, Role::Expected, "shop", &Kinds::default());
        let asked: Vec<_> = items.iter().filter_map(|item| item.asked.as_ref()).collect();
        assert_eq!(asked.len(), 2);
        assert!(asked[0].body.contains("two"));
        assert!(asked[0].rivals.len() == 1 && asked[0].rivals[0].contains("one"));
        assert!(asked[1].rivals.is_empty());
    }
}
