//! What a scan has found out so far.
//!
//! Reading proceeds in any order; the board puts every answer beside the question it belongs to, and can be turned
//! into a report at any moment; what arrives after that is nobody's business. Objects are judged outside its lock, so
//! that several can be at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::Options;
use super::load::Loaded;
use super::release::{Job, Work};
use crate::classify::dry_run::DryRunCheck;
use crate::model::{ObjectReport, ReleaseReport, ReportError, ReportNote};
use crate::object::{Gvk, ObjectKey};
use crate::policy::Policy;
use crate::release::history::Depth;
use crate::release::history::History;
use crate::source::{Kinds, Lookup, ObjectRequest, ScaleTargets};
use crate::types::{Shape, TypeTable};

/// The type facts of custom resources, by group and version; `None` where the server publishes no schema.
pub(super) type Tables = BTreeMap<String, Option<TypeTable>>;

/// What the verdicts on objects rest on besides the objects.
pub(super) struct Facts {
    pub(super) tables: Tables,
    pub(super) scale_targets: ScaleTargets,
    pub(super) rules: Policy,
}

impl Facts {
    /// What is known of a kind.
    pub(super) fn shape(&self, gvk: &Gvk) -> Option<Shape<'_>> {
        let custom = || {
            let table = self.tables.get(&gvk.api_version)?.as_ref()?;
            table.kind(&gvk.api_version, &gvk.kind)
        };
        TypeTable::builtin()
            .kind(&gvk.api_version, &gvk.kind)
            .or_else(custom)
    }
}

#[derive(Default)]
pub(super) struct Board(Mutex<State>);

/// The built-in kinds that autoscalers target.
const SCALABLE: [&str; 4] = ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

#[derive(Default)]
struct State {
    releases: Vec<Work>,
    errors: Vec<ReportError>,
    notes: Vec<ReportNote>,
    /// Which objects of which releases wait for a key; releases may share objects.
    waiting: HashMap<ObjectKey, Vec<Place>>,
    /// Why questions to the API server went unanswered, and how many.
    unanswered: BTreeMap<String, usize>,
}

/// The position of a release, and of an object in it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    release: usize,
    item: usize,
}

/// A question to the API server, and about what.
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) key: ObjectKey,
    pub(super) question: DryRunCheck,
}

/// What it means that a release is not in the second listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It is gone.
    Moved,
    /// Nothing: not everything could be listed again.
    Unseen,
}

/// What is known when the scan ends, however it ends.
pub(super) struct Seen {
    pub(super) releases: Vec<ReleaseReport>,
    pub(super) errors: Vec<ReportError>,
    pub(super) notes: Vec<ReportNote>,
    /// Why questions to the API server went unanswered, and how many.
    pub(super) unanswered: BTreeMap<String, usize>,
}

/// What has to be read.
pub(super) struct Plan {
    pub(super) wanted: Vec<ObjectRequest>,
    /// The groups and versions of custom resources in use.
    pub(super) custom: Vec<String>,
    /// The namespaces with objects that an autoscaler could target.
    pub(super) scalable: BTreeSet<String>,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held is a defect elsewhere; what is on the board is still true.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn errors(&self, errors: Vec<ReportError>) {
        self.state().errors.extend(errors);
    }

    pub(super) fn notes(&self, notes: Vec<ReportNote>) {
        self.state().notes.extend(notes);
    }

    pub(super) fn releases(&self, histories: &[History]) {
        self.state().releases = histories.iter().cloned().map(Work::new).collect();
    }

    pub(super) fn loaded(&self, release: usize, loaded: Loaded) {
        if let Some(work) = self.state().releases.get_mut(release) {
            work.loaded = Some(loaded);
        }
    }

    /// Lays out every object that has to be looked at, and says what to read.
    pub(super) fn plan(&self, kinds: &Kinds, depth: Depth) -> Plan {
        let mut state = self.state();
        let mut wanted: BTreeMap<ObjectKey, ObjectRequest> = BTreeMap::new();
        let mut custom = BTreeSet::new();
        let mut scalable = BTreeSet::new();
        let mut waiting: HashMap<ObjectKey, Vec<Place>> = HashMap::new();
        for (release, work) in state.releases.iter_mut().enumerate() {
            for (item, object) in work.lay_out(kinds, depth) {
                let key = object.key.clone();
                let is_custom = TypeTable::builtin()
                    .kind(&key.gvk.api_version, &key.gvk.kind)
                    .is_none();
                if is_custom {
                    custom.insert(key.gvk.api_version.clone());
                }
                if is_custom || SCALABLE.contains(&key.gvk.kind.as_str()) {
                    scalable.extend(key.namespace.clone());
                }
                // What one release has dropped, another one may have.
                let expected = object.expected;
                let known = wanted.entry(key.clone()).or_insert(object);
                known.expected = known.expected.max(expected);
                waiting.entry(key).or_default().push(Place { release, item });
            }
        }
        state.waiting = waiting;
        Plan {
            wanted: wanted.into_values().collect(),
            custom: custom.into_iter().collect(),
            scalable,
        }
    }

    /// Judges an object for every release that asks for it.
    pub(super) fn found(&self, key: &ObjectKey, lookup: &Lookup<'_>, facts: &Facts) {
        let jobs: Vec<(Place, Job)> = {
            let mut state = self.state();
            let places = state.waiting.remove(key).unwrap_or_default();
            let take = |place: Place| Some((place, state.releases.get_mut(place.release)?.take(place.item)?));
            places.into_iter().filter_map(take).collect()
        };
        for (place, job) in jobs {
            let judged = job.judge(lookup, facts);
            let observed = job.observe(lookup, facts);
            if let Some(work) = self.state().releases.get_mut(place.release) {
                work.judged(place.item, judged, observed);
            }
        }
    }

    /// Takes every question that the verdicts so far leave open.
    pub(super) fn questions(&self) -> Vec<Asked> {
        let mut state = self.state();
        let releases = state.releases.iter_mut().enumerate();
        releases
            .flat_map(|(release, work)| {
                work.questions().map(move |(item, key, question)| Asked {
                    place: Place { release, item },
                    key,
                    question,
                })
            })
            .collect()
    }

    /// Puts what was answered into an object's report.
    pub(super) fn settle(&self, place: Place, settle: impl FnOnce(&mut ObjectReport)) {
        let mut state = self.state();
        let work = state.releases.get_mut(place.release);
        if let Some(report) = work.and_then(|work| work.report_of(place.item)) {
            settle(report);
        }
    }

    /// Notes that the question about one object was not answered, for a reason that is not its own.
    pub(super) fn unanswered(&self, reason: String) {
        *self.state().unanswered.entry(reason).or_insert(0) += 1;
    }

    /// Marks the releases whose newest revision is no longer what it was.
    pub(super) fn moved(&self, after: &[History], absence: Absence) {
        let after: HashMap<_, _> = after.iter().map(|history| (&history.key, history)).collect();
        for work in &mut self.state().releases {
            let now = after.get(&work.history.key).copied();
            work.compare_with(now, absence);
        }
    }

    /// Everything as far as it is known, taken off the board.
    pub(super) fn take_seen(&self, now: DateTime<Utc>, options: &Options) -> Seen {
        let state = std::mem::take(&mut *self.state());
        let releases = state
            .releases
            .into_iter()
            .filter_map(|work| work.report(now, options))
            .collect();
        Seen {
            releases,
            errors: state.errors,
            notes: state.notes,
            unanswered: state.unanswered,
        }
    }
}
