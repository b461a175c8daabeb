//! What a scan has found out so far.
//!
//! Reading proceeds in any order; the board puts every answer beside the question it belongs to, and can be turned
//! into a report at any moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::load::{Loaded, Revision};
use crate::classify::code::{ApplyMethod, HealthCode, HealthSeverity, ObjectState, Verdict};
use crate::classify::health::{self, remark};
use crate::classify::object::{Origin, Role, Rules, Subject, empty_report, judge};
use crate::manifest::desired::Owner;
use crate::manifest::object::ManifestObject;
use crate::object::ObjectKey;
use crate::release::history::History;
use crate::release::stored::Status;
use crate::report::{self, ObjectReport, ReleaseReport, ReportError};
use crate::source::{Kinds, Lookup, ReadError, Wanted};
use crate::types::TypeTable;

/// API groups that Kubernetes has moved kinds between. The same kind and name in two of them is one object.
const MOVED_GROUPS: [&str; 6] = [
    "extensions",
    "apps",
    "networking.k8s.io",
    "policy",
    "autoscaling",
    "rbac.authorization.k8s.io",
];

#[derive(Default)]
pub(super) struct Board(Mutex<State>);

#[derive(Default)]
struct State {
    releases: Vec<Work>,
    errors: Vec<ReportError>,
    /// Which objects of which releases wait for a key; releases may share objects.
    waiting: HashMap<ObjectKey, Vec<(usize, usize)>>,
    complete: bool,
}

/// One release on the board.
struct Work {
    history: History,
    loaded: Option<Loaded>,
    items: Vec<Item>,
    moved: bool,
    unserved: BTreeSet<String>,
}

/// One object of a release.
struct Item {
    key: ObjectKey,
    role: Role,
    expires: bool,
    template: Option<String>,
    body: Arc<str>,
    previous: Option<Arc<str>>,
    attempted: Vec<Arc<str>>,
    outcome: Outcome,
}

enum Outcome {
    NotReached,
    Judged(Option<ObjectReport>),
}

/// What it means that a release is not in the second listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It is gone.
    Moved,
    /// Nothing: not everything could be listed again.
    Unseen,
}

/// What has to be read.
pub(super) struct Plan {
    pub(super) wanted: Vec<Wanted>,
    /// The groups and versions of custom resources in use.
    pub(super) custom: Vec<String>,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held is a defect elsewhere; what is on the board is still true.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn errors(&self, errors: Vec<ReportError>) {
        self.state().errors.extend(errors);
    }

    pub(super) fn releases(&self, histories: &[History]) {
        self.state().releases = histories
            .iter()
            .map(|history| Work {
                history: history.clone(),
                loaded: None,
                items: Vec::new(),
                moved: false,
                unserved: BTreeSet::new(),
            })
            .collect();
    }

    pub(super) fn loaded(&self, position: usize, loaded: Loaded) {
        if let Some(work) = self.state().releases.get_mut(position) {
            work.loaded = Some(loaded);
        }
    }

    /// Lays out every object that has to be looked at, and says what to read.
    pub(super) fn plan(&self, kinds: &Kinds) -> Plan {
        let mut state = self.state();
        let mut wanted = BTreeMap::new();
        let mut custom = BTreeSet::new();
        let mut waiting: HashMap<ObjectKey, Vec<(usize, usize)>> = HashMap::new();
        for (position, work) in state.releases.iter_mut().enumerate() {
            work.lay_out(kinds);
            for (index, item) in work.items.iter_mut().enumerate() {
                let gvk = &item.key.gvk;
                let Some(served) = kinds.served.get(gvk) else {
                    item.outcome = Outcome::Judged(unserved(item, kinds, &mut work.unserved));
                    continue;
                };
                if TypeTable::builtin().kind(&gvk.api_version, &gvk.kind).is_none() {
                    custom.insert(gvk.api_version.clone());
                }
                wanted
                    .entry(item.key.clone())
                    .or_insert_with(|| served.plural.clone());
                waiting
                    .entry(item.key.clone())
                    .or_default()
                    .push((position, index));
            }
        }
        state.waiting = waiting;
        let wanted = wanted
            .into_iter()
            .map(|(key, plural)| Wanted { key, plural })
            .collect();
        Plan {
            wanted,
            custom: custom.into_iter().collect(),
        }
    }

    /// Judges an object for every release that asks for it.
    pub(super) fn found(
        &self,
        key: &ObjectKey,
        lookup: Lookup<'_>,
        tables: &BTreeMap<String, Option<TypeTable>>,
        rules: &Rules,
    ) {
        let mut state = self.state();
        let Some(places) = state.waiting.remove(key) else {
            return;
        };
        for (position, index) in places {
            let Some(work) = state.releases.get_mut(position) else {
                continue;
            };
            let (owner, method) = work.owner();
            let Some(item) = work.items.get_mut(index) else {
                continue;
            };
            let report = judge(
                &item.subject(owner.borrowed(), method, tables),
                lookup.clone(),
                rules,
            );
            item.outcome = Outcome::Judged(report);
            // Nothing asks for them any more, and they are most of what a scan holds.
            item.body = Arc::from("");
            item.previous = None;
            item.attempted = Vec::new();
        }
    }

    /// Marks the releases whose newest revision is no longer what it was.
    pub(super) fn moved(&self, after: &[History], absence: Absence) {
        for work in &mut self.state().releases {
            let now = after.iter().find(|history| history.key == work.history.key);
            let latest = |history: &History| {
                history
                    .latest()
                    .map(|latest| (latest.revision, latest.status, latest.written))
            };
            work.moved = match (now, absence) {
                (None, Absence::Unseen) => false,
                (now, _) => now.and_then(latest) != latest(&work.history),
            };
        }
    }

    pub(super) fn done(&self) {
        self.state().complete = true;
    }

    /// The releases as far as they are known.
    pub(super) fn into_reports(
        self,
        now: DateTime<Utc>,
        stuck_after: TimeDelta,
    ) -> (Vec<ReleaseReport>, Vec<ReportError>) {
        let state = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let reports = state
            .releases
            .into_iter()
            .filter_map(|work| work.report(now, stuck_after))
            .collect();
        (reports, state.errors)
    }
}

/// The stamped owner, free of the board's borrow.
struct OwnedOwner {
    name: String,
    namespace: String,
}

impl OwnedOwner {
    fn borrowed(&self) -> Owner<'_> {
        Owner {
            name: &self.name,
            namespace: &self.namespace,
        }
    }
}

impl Item {
    fn subject<'a>(
        &'a self,
        owner: Owner<'a>,
        method: ApplyMethod,
        tables: &'a BTreeMap<String, Option<TypeTable>>,
    ) -> Subject<'a> {
        let gvk = &self.key.gvk;
        let (origin, table) = match TypeTable::builtin().kind(&gvk.api_version, &gvk.kind) {
            Some(shape) => (Origin::BuiltIn, Some(shape)),
            None => (
                Origin::Custom,
                tables
                    .get(&gvk.api_version)
                    .and_then(Option::as_ref)
                    .and_then(|table| table.kind(&gvk.api_version, &gvk.kind)),
            ),
        };
        Subject {
            key: &self.key,
            template: self.template.as_deref(),
            owner,
            role: self.role,
            expires: self.expires,
            body: &self.body,
            previous: self.previous.as_deref(),
            attempted: &self.attempted,
            method,
            shape: table,
            origin,
        }
    }
}

impl Work {
    fn owner(&self) -> (OwnedOwner, ApplyMethod) {
        let revision = self
            .loaded
            .as_ref()
            .and_then(|loaded| loaded.baseline.as_ref().or(loaded.attempted.first()));
        let owner = OwnedOwner {
            name: self.history.key.name.clone(),
            namespace: revision.map_or_else(
                || self.history.key.namespace.clone(),
                |revision| revision.namespace.clone(),
            ),
        };
        (
            owner,
            revision.map_or(ApplyMethod::Csa, |revision| revision.method),
        )
    }

    /// The objects of the baseline, each with what other revisions asked of it, and the objects that only other
    /// revisions had.
    fn lay_out(&mut self, kinds: &Kinds) {
        let (owner, _) = self.owner();
        let Some(loaded) = &mut self.loaded else { return };
        // Without a baseline there is nothing to compare with, and nothing that should not be there.
        let Some(baseline) = loaded.baseline.as_mut() else {
            return;
        };
        let resolve = |object: &ManifestObject| resolve(object, &owner.namespace, kinds);
        let by_key = |revision: &mut Revision| -> HashMap<ObjectKey, ManifestObject> {
            revision
                .objects
                .drain(..)
                .map(|object| (resolve(&object), object))
                .collect()
        };
        let hooks = std::mem::take(&mut baseline.hooks);
        let expected: Vec<(ObjectKey, ManifestObject)> = baseline
            .objects
            .drain(..)
            .map(|object| (resolve(&object), object))
            .collect();
        let mut previous = loaded.previous.as_mut().map(by_key).unwrap_or_default();
        let mut attempted: Vec<HashMap<ObjectKey, ManifestObject>> =
            loaded.attempted.iter_mut().map(by_key).collect();
        let mut items = Vec::with_capacity(expected.len());
        for (key, object) in expected {
            items.push(Item {
                previous: previous.remove(&key).map(|object| object.body),
                attempted: attempted
                    .iter_mut()
                    .filter_map(|objects| objects.remove(&key).map(|object| object.body))
                    .collect(),
                key,
                role: Role::Expected,
                expires: object.expires,
                template: object.template,
                body: object.body,
                outcome: Outcome::NotReached,
            });
        }
        // Objects of an operation that may still be running are not left over yet.
        let running = self
            .history
            .latest()
            .is_some_and(|latest| latest.status.is_pending());
        let failed = attempted.into_iter().filter(|_| !running).flatten();
        let mut seen: BTreeSet<ObjectKey> = BTreeSet::new();
        for (key, object) in previous.into_iter().chain(failed) {
            let is_hook = hooks
                .iter()
                .any(|hook| hook.kind == key.gvk.kind && hook.name == key.name);
            let is_expected = items
                .iter()
                .any(|item| item.role == Role::Expected && is_same(&item.key, &key));
            if object.keep || is_hook || is_expected || !seen.insert(key.clone()) {
                continue;
            }
            items.push(Item {
                key,
                role: Role::Leftover,
                expires: object.expires,
                template: object.template,
                body: object.body,
                previous: None,
                attempted: Vec::new(),
                outcome: Outcome::NotReached,
            });
        }
        self.items = items;
    }

    fn report(self, now: DateTime<Utc>, stuck_after: TimeDelta) -> Option<ReleaseReport> {
        let (owner, method) = self.owner();
        let latest = self.history.latest()?;
        let mut health = health::of_history(&self.history, now, stuck_after);
        let number = |revision: Option<&Revision>| revision.map(|revision| revision.number);
        let deployed_at = |wanted: u64| {
            let loaded = self.loaded.as_ref()?;
            let revisions = loaded
                .baseline
                .iter()
                .chain(&loaded.previous)
                .chain(&loaded.attempted);
            revisions
                .filter(|revision| revision.number == wanted)
                .find_map(|revision| revision.deployed_at)
        };
        let revision = |stored: &crate::release::stored::StoredRevision| report::Revision {
            revision: stored.revision,
            status: stored.status.as_str().to_owned(),
            deployed_at: deployed_at(stored.revision),
        };
        let loaded = self.loaded.as_ref();
        let baseline = loaded.and_then(|loaded| loaded.baseline.as_ref());
        let chart = loaded.and_then(|loaded| {
            let revisions = loaded.baseline.iter().chain(&loaded.attempted);
            revisions.filter_map(|revision| revision.chart.clone()).next()
        });
        health.extend(
            loaded
                .into_iter()
                .flat_map(|loaded| loaded.health.iter().cloned()),
        );
        for kind in &self.unserved {
            let message = format!(
                "the manifest has {kind}, which the API server does not serve: the next upgrade fails"
            );
            health.push(remark(HealthCode::ApiRemoved, HealthSeverity::Warning, message));
        }
        if self.moved {
            let message = "its newest revision changed while the scan was running; scan again".to_owned();
            health.push(remark(
                HealthCode::ChangedDuringScan,
                HealthSeverity::Info,
                message,
            ));
        }
        if loaded.is_none() && latest.status != Status::Uninstalled {
            let message = "the scan ended before its records were read".to_owned();
            health.push(remark(HealthCode::Undecodable, HealthSeverity::Warning, message));
        }
        let report = ReleaseReport {
            namespace: owner.namespace.clone(),
            name: owner.name.clone(),
            storage: self.history.key.storage(),
            chart,
            baseline: self.history.baseline().map(revision),
            previous: number(loaded.and_then(|loaded| loaded.previous.as_ref()))
                .and_then(|_| self.history.previous().map(revision)),
            latest: revision(latest),
            apply_method: baseline.map(|_| method),
            verdict: Verdict::Incomplete,
            health,
            objects: self.items.iter().filter_map(|item| item.reported()).collect(),
        };
        Some(report)
    }
}

impl Item {
    fn unknown(&self, error: &ReadError) -> ObjectReport {
        empty_report(
            &self.key,
            self.template.as_deref(),
            ObjectState::Unknown,
            Some(error.to_string()),
        )
    }

    fn reported(&self) -> Option<ObjectReport> {
        match &self.outcome {
            Outcome::Judged(report) => report.clone(),
            Outcome::NotReached if self.role == Role::Leftover => None,
            Outcome::NotReached => Some(self.unknown(&ReadError::NotReached)),
        }
    }
}

/// The report of an object whose kind cannot be read.
fn unserved(item: &Item, kinds: &Kinds, unserved: &mut BTreeSet<String>) -> Option<ObjectReport> {
    if item.role == Role::Leftover {
        return None;
    }
    let gvk = &item.key.gvk;
    let error = if kinds.unavailable.contains(&gvk.api_version) {
        ReadError::GroupUnavailable {
            api_version: gvk.api_version.clone(),
        }
    } else {
        unserved.insert(format!("{} of {}", gvk.kind, gvk.api_version));
        ReadError::NotServed {
            api_version: gvk.api_version.clone(),
            kind: gvk.kind.clone(),
        }
    };
    Some(item.unknown(&error))
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

/// Whether both keys name one object, also where Kubernetes has moved its kind to another group in between.
fn is_same(left: &ObjectKey, right: &ObjectKey) -> bool {
    let moved = |key: &ObjectKey| MOVED_GROUPS.contains(&key.gvk.group());
    left.is_same_object(right)
        || (moved(left)
            && moved(right)
            && left.gvk.kind == right.gvk.kind
            && left.namespace == right.namespace
            && left.name == right.name)
}
