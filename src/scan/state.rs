//! The state of a scan: everything that was read so far.
//!
//! Answers arrive in any order. Each is stored with the release and the object that it is about, and the state can be
//! turned into a report at any moment; answers that arrive after that are discarded. Objects are judged outside the
//! lock, so that several can be judged at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::claims::Claims;
use super::cluster_facts::{Absence, ClusterFacts};
use super::inspection::Inspection;
use super::load::Loaded;
use super::options::ScanOptions;
use super::release::{Others, ReleaseScan};
use crate::classify::dry_run::DryRunCheck;
use crate::classify::live::LiveObject;
use crate::health::OtherReleases;
use crate::model::{ObjectReport, ReleaseReport, ReportError, ReportNote};
use crate::object::ObjectKey;
use crate::release::history::History;
use crate::source::{Kinds, Lookup, ObjectRequest};
use crate::types::TypeTable;
use crate::weight::{MAX_COMPARED, SMALL_VALUE, turn};

/// The state of a scan, shared by all threads that add to it.
#[derive(Default)]
pub(super) struct ScanState(Mutex<Inner>);

/// The built-in kinds that autoscalers target.
const SCALABLE: [&str; 4] = ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

#[derive(Default)]
struct Inner {
    releases: Vec<ReleaseScan>,
    errors: Vec<ReportError>,
    notes: Vec<ReportNote>,
    /// The names that deployed manifests claim.
    claims: Claims,
    /// Which objects of which releases wait for a key; releases may share objects.
    waiting: HashMap<ObjectKey, Vec<ObjectPosition>>,
    /// The reasons why dry runs failed for whole kinds, and how many objects each concerns.
    unanswered: BTreeMap<String, usize>,
}

/// The position of a release, and of an object in it.
#[derive(Clone, Copy)]
pub(super) struct ObjectPosition {
    release: usize,
    object: usize,
}

/// A dry run to make, and the object that it is about.
pub(super) struct OpenCheck {
    pub(super) position: ObjectPosition,
    pub(super) key: ObjectKey,
    pub(super) check: DryRunCheck,
}

/// The results of a scan, however it ended.
pub(super) struct Results {
    pub(super) releases: Vec<ReleaseReport>,
    pub(super) errors: Vec<ReportError>,
    pub(super) notes: Vec<ReportNote>,
    /// The reasons why dry runs failed for whole kinds, and how many objects each concerns.
    pub(super) unanswered: BTreeMap<String, usize>,
}

/// Everything that has to be read after the records.
pub(super) struct ReadPlan {
    pub(super) objects: Vec<ObjectRequest>,
    /// The groups and versions of custom resources in use.
    pub(super) custom: Vec<String>,
    /// The namespaces with objects that an autoscaler could target.
    pub(super) scalable: BTreeSet<String>,
}

impl ScanState {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held is a defect elsewhere; the results stored before it are still true.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds errors to the report.
    pub(super) fn add_errors(&self, errors: Vec<ReportError>) {
        self.inner().errors.extend(errors);
    }

    /// Adds notes to the report.
    pub(super) fn add_notes(&self, notes: Vec<ReportNote>) {
        self.inner().notes.extend(notes);
    }

    /// Sets the releases that are scanned.
    pub(super) fn set_releases(&self, histories: &[History]) {
        self.inner().releases = histories.iter().cloned().map(ReleaseScan::new).collect();
    }

    /// Stores the decoded records of the release at this position.
    pub(super) fn set_loaded(&self, release: usize, loaded: Loaded) {
        if let Some(release) = self.inner().releases.get_mut(release) {
            release.loaded = Some(loaded);
        }
    }

    /// Plans the objects of every release, and returns everything that has to be read for them.
    pub(super) fn plan(&self, kinds: &Kinds, options: &ScanOptions) -> ReadPlan {
        let mut inner = self.inner();
        let mut claims = Claims::default();
        let mut objects: BTreeMap<ObjectKey, ObjectRequest> = BTreeMap::new();
        let mut custom = BTreeSet::new();
        let mut scalable = BTreeSet::new();
        let mut waiting: HashMap<ObjectKey, Vec<ObjectPosition>> = HashMap::new();
        for (position, release) in inner.releases.iter_mut().enumerate() {
            for (object, request) in release.plan_objects(kinds, options.depth, &options.policy) {
                let key = request.key.clone();
                let is_custom = TypeTable::builtin()
                    .kind(&key.gvk.api_version, &key.gvk.kind)
                    .is_none();
                if is_custom {
                    custom.insert(key.gvk.api_version.clone());
                }
                if is_custom || SCALABLE.contains(&key.gvk.kind.as_str()) {
                    scalable.extend(key.namespace.clone());
                }
                // One release may have dropped an object that another one has.
                let expected = request.expected;
                let known = objects.entry(key.clone()).or_insert(request);
                known.expected = known.expected.max(expected);
                waiting.entry(key).or_default().push(ObjectPosition {
                    release: position,
                    object,
                });
            }
            claims.add(&release.history.key, release.deployed_names(kinds).into_iter());
        }
        inner.claims = claims;
        inner.waiting = waiting;
        ReadPlan {
            objects: objects.into_values().collect(),
            custom: custom.into_iter().collect(),
            scalable,
        }
    }

    /// Inspects an object for every release that waits for it.
    pub(super) fn inspect(&self, key: &ObjectKey, lookup: &Lookup<'_>, facts: &ClusterFacts) {
        let inspections: Vec<(ObjectPosition, Inspection)> = {
            let mut inner = self.inner();
            let positions = inner.waiting.remove(key).unwrap_or_default();
            let start = |position: ObjectPosition| {
                let release = inner.releases.get_mut(position.release)?;
                Some((position, release.start_inspection(position.object)?))
            };
            positions.into_iter().filter_map(start).collect()
        };
        if inspections.is_empty() {
            return;
        }
        let bodies = inspections
            .iter()
            .map(|(_, inspection)| inspection.weight())
            .max();
        let weight = lookup.weight().saturating_add(bodies.unwrap_or_default());
        let _turn = (weight > SMALL_VALUE).then(turn);
        let live = if weight > MAX_COMPARED {
            LiveObject::Unreadable("too large to compare: its revisions take too much memory".to_owned())
        } else {
            LiveObject::parse(lookup)
        };
        for (position, inspection) in inspections {
            let inspected = inspection.run(&live, facts);
            if let Some(release) = self.inner().releases.get_mut(position.release) {
                release.finish_inspection(position.object, inspected);
            }
        }
    }

    /// Takes the dry runs that could confirm the findings so far.
    pub(super) fn take_checks(&self) -> Vec<OpenCheck> {
        let mut inner = self.inner();
        let releases = inner.releases.iter_mut().enumerate();
        releases
            .flat_map(|(release, scan)| {
                scan.take_checks().map(move |(object, key, check)| OpenCheck {
                    position: ObjectPosition { release, object },
                    key,
                    check,
                })
            })
            .collect()
    }

    /// Changes an object's report by what the API server answered.
    pub(super) fn update_report(&self, position: ObjectPosition, update: impl FnOnce(&mut ObjectReport)) {
        let mut inner = self.inner();
        let release = inner.releases.get_mut(position.release);
        if let Some(report) = release.and_then(|release| release.report_of(position.object)) {
            update(report);
        }
    }

    /// Notes that the dry run of one object failed for a reason that concerns its whole kind.
    pub(super) fn add_unanswered(&self, reason: String) {
        *self.inner().unanswered.entry(reason).or_insert(0) += 1;
    }

    /// Marks the releases whose newest revision changed since the scan began.
    pub(super) fn note_changed_during_scan(&self, after: &[History], absence: Absence) {
        let after: HashMap<_, _> = after.iter().map(|history| (&history.key, history)).collect();
        for release in &mut self.inner().releases {
            let now = after.get(&release.history.key).copied();
            release.note_changed_during_scan(now, absence);
        }
    }

    /// Takes the results, as far as they are known.
    pub(super) fn take_results(
        &self,
        now: DateTime<Utc>,
        options: &ScanOptions,
        coverage: OtherReleases,
    ) -> Results {
        let inner = std::mem::take(&mut *self.inner());
        let names = &inner.claims.close();
        let others = Others { names, coverage };
        let releases = inner
            .releases
            .into_iter()
            .filter_map(|release| release.report(now, options, &others))
            .collect();
        Results {
            releases,
            errors: inner.errors,
            notes: inner.notes,
            unanswered: inner.unanswered,
        }
    }
}
