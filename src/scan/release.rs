//! One release on the board: its objects, what the revisions ask of them, and what came of looking.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::load::Loaded;
use super::plan::{self, Asked, Item, Outcome, Watch, unserved};
use super::state::{Absence, Facts};
use super::{Options, age};
use crate::classify::attribution::Autoscaler;
use crate::classify::dry_run::DryRunCheck;
use crate::classify::object::{Judgement, judge};
use crate::classify::subject::{Role, Subject, Visibility};
use crate::health::observe::{Observed, Watched, is_being_deleted, observe};
use crate::health::{self, Contested, ObservedObject, RecordFacts, ReleaseFacts, remark};
use crate::manifest::desired::Owner;
use crate::model;
use crate::model::{Finding, Health, ObjectReport, ReleaseReport};
use crate::object::ObjectKey;
use crate::release::history::Depth;
use crate::release::history::History;
use crate::release::operations::Operations;
use crate::release::stored::StoredRevision;
use crate::source::{Expected, Kinds, Lookup, ObjectRequest, ReadError};
use crate::vocabulary::{ApplyMethod, HealthCode, HealthSeverity, NextUpgrade, ObjectState, Verdict};

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
    /// Of the newest revision, where that did not come to its end.
    unserved_newest: BTreeSet<String>,
}

/// The release that stamps the objects.
struct OwnedOwner {
    name: String,
    namespace: String,
}

/// One object that is to be judged.
pub(super) struct Job {
    key: ObjectKey,
    role: Role,
    template: Option<String>,
    owner: Arc<OwnedOwner>,
    method: ApplyMethod,
    values: Visibility,
    operations: Arc<Operations>,
    asked: Asked,
    watch: Option<Watch>,
}

impl Job {
    pub(super) fn judge(&self, lookup: &Lookup<'_>, facts: &Facts) -> Option<Judgement> {
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
            duplicate_documents: &self.asked.duplicate_documents,
            previous: self
                .asked
                .previous
                .as_ref()
                .map(|previous| previous.with(&*previous.object)),
            attempted: &self.asked.attempted,
            method: self.method,
            shape: facts.shape(&self.key.gvk),
            operations: &self.operations,
            autoscaler,
            values: self.values,
        };
        judge(&subject, lookup, &facts.rules)
    }

    /// What the object tells of an operation that did not come to its end.
    pub(super) fn observe(&self, lookup: &Lookup<'_>, facts: &Facts) -> Option<Observed> {
        let watch = match &self.watch {
            Some(watch) => watch,
            // What cannot go blocks any release.
            None if self.role == Role::Expected && is_being_deleted(lookup) => &Watch::default(),
            None => return None,
        };
        let watched = Watched {
            key: &self.key,
            owner: Owner {
                name: &self.owner.name,
                namespace: &self.owner.namespace,
            },
            old: watch.old.as_deref(),
            new: watch.new.as_deref(),
            shape: facts.shape(&self.key.gvk),
            managers: &facts.rules.managers,
            values: self.values,
        };
        Some(observe(&watched, lookup))
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
            unserved_newest: BTreeSet::new(),
        }
    }

    /// Lays out the objects that have to be looked at, and returns those that can be, with their position.
    pub(super) fn lay_out(&mut self, kinds: &Kinds, depth: Depth) -> Vec<(usize, ObjectRequest)> {
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
        self.items = plan::lay_out(&self.history, loaded, &self.owner.namespace, (kinds, depth));
        let mut readable = Vec::new();
        for (position, item) in self.items.iter_mut().enumerate() {
            if let Some(served) = kinds.served.get(&item.key.gvk) {
                let wanted = ObjectRequest {
                    key: item.key.clone(),
                    plural: served.plural.clone(),
                    expected: match item.role {
                        Role::Leftover | Role::Hook => Expected::Absent,
                        Role::Expected | Role::Attempted => Expected::Present,
                    },
                };
                readable.push((position, wanted));
            } else {
                let error = unserved(&item.key, kinds);
                if let ReadError::NotServed { api_version, kind } = &error {
                    let kind = format!("{kind} of {api_version}");
                    if item.watch.as_ref().is_some_and(|watch| watch.new.is_some()) {
                        self.unserved_newest.insert(kind.clone());
                    }
                    if item.role == Role::Expected {
                        self.unserved.insert(kind);
                    }
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
                    Visibility::Hidden
                }
                _ => Visibility::Shown,
            },
            operations: Arc::clone(&self.operations),
            asked: item.asked.take()?,
            watch: item.watch.take(),
        })
    }

    pub(super) fn judged(&mut self, position: usize, judged: Option<Judgement>, observed: Option<Observed>) {
        if let Some(item) = self.items.get_mut(position) {
            let (report, question) =
                judged.map_or((None, None), |judged| (Some(judged.report), judged.check));
            item.outcome = Some(Outcome(report));
            item.question = question;
            item.is_observed |= observed.is_some();
            item.observed = observed;
        }
    }

    /// Takes what the API server could still be asked, with the position of the object.
    pub(super) fn questions(&mut self) -> impl Iterator<Item = (usize, ObjectKey, DryRunCheck)> {
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
    pub(super) fn report(self, now: DateTime<Utc>, options: &Options) -> Option<ReleaseReport> {
        let latest = self.history.latest()?;
        let health = self.health(now, options);
        let detail = match options.depth {
            Depth::Comparison => None,
            Depth::History => Some(self.detail()),
        };
        let revisions = || self.loaded.iter().flat_map(Loaded::revisions);
        let revision = |stored: &StoredRevision| model::Revision {
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
            .filter(|item| !matches!(item.role, Role::Attempted | Role::Hook))
            .filter_map(|item| match &item.outcome {
                Some(Outcome(report)) => report.clone(),
                None => item.unknown(&ReadError::NotReached),
            });
        Some(ReleaseReport {
            namespace: self.owner.namespace.clone(),
            name: self.owner.name.clone(),
            storage: self.history.key.storage(),
            chart: revisions().find_map(|revision| self.told(revision.number)?.chart.clone()),
            baseline: self.history.baseline().map(revision),
            previous: previous.and_then(|_| self.history.previous().map(revision)),
            latest: revision(latest),
            apply_method: baseline.map(|_| self.method),
            verdict: Verdict::Incomplete,
            health,
            objects: objects.collect(),
            detail,
        })
    }

    fn detail(&self) -> model::ReleaseDetail {
        let objects = self.items.iter().filter(|item| item.role != Role::Hook);
        model::ReleaseDetail {
            revisions: health::detail::revisions(&self.history, |revision| self.told(revision)),
            objects: objects
                .filter_map(|item| health::detail::object(&item.key, item.observed.as_ref()?))
                .collect(),
        }
    }

    fn told(&self, revision: u64) -> Option<&RecordFacts> {
        self.loaded.as_ref()?.told.get(&revision)
    }

    fn health(&self, now: DateTime<Utc>, options: &Options) -> Vec<Health> {
        let seen = |of: fn(&Item) -> bool| -> Vec<ObservedObject> {
            let items = self.items.iter().filter(|item| of(item));
            items
                .map(|item| ObservedObject {
                    key: item.key.clone(),
                    is_deployed: item.role == Role::Expected,
                    observed: item.observed.clone(),
                })
                .collect()
        };
        let reports = || {
            let outcomes = self
                .items
                .iter()
                .filter_map(|item| Some((&item.key, item.outcome.as_ref()?)));
            outcomes.filter_map(|(key, outcome)| Some((key, outcome.0.as_ref()?)))
        };
        let leftovers: Vec<ObjectKey> = reports()
            .filter(|(_, report)| report.state == ObjectState::Leftover)
            .map(|(key, _)| key.clone())
            .collect();
        let foreign: Vec<(ObjectKey, String)> = reports()
            .filter(|(_, report)| report.state == ObjectState::Foreign)
            .map(|(key, report)| (key.clone(), report.reason.clone().unwrap_or_default()))
            .collect();
        let is_contested = |finding: &Finding| finding.next_upgrade == Some(NextUpgrade::Conflict);
        let contested = if reports().any(|(_, report)| report.findings.iter().any(is_contested)) {
            Contested::Yes
        } else {
            Contested::No
        };
        let untold = BTreeMap::new();
        let mut health = health::diagnose(&ReleaseFacts {
            history: &self.history,
            told: self.loaded.as_ref().map_or(&untold, |loaded| &loaded.told),
            objects: &seen(|item| item.role != Role::Hook && item.is_observed),
            hooks: &seen(|item| item.role == Role::Hook),
            leftovers: &leftovers,
            foreign: &foreign,
            unserved: &self.unserved,
            unserved_newest: &self.unserved_newest,
            method: self.method,
            contested,
            depth: options.depth,
            now,
            stuck_after: age(options.stuck_after),
        });
        if let Some(loaded) = &self.loaded {
            health.extend(loaded.health.iter().cloned());
        } else {
            let message = "the scan ended before its records were read".to_owned();
            health.push(remark(HealthCode::Undecodable, HealthSeverity::Warning, message));
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
}
