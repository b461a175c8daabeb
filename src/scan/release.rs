//! One release of a scan: its records, its planned objects, and the results of their inspection.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::asked::{FindingAsked, FindingsAsked, ObjectSaid, ValuesWanted};
use super::authority::Authority;
use super::claims::{DeployedNames, Held, HeldObject};
use super::cluster_facts::Absence;
use super::finished::{Newest, changed_during_scan, too_many_objects};
use super::inspection::{Inspection, ReleaseContext};
use super::load::Loaded;
use super::older_wanted::{ObjectWanted, OlderWanted, UNFINISHED};
use super::options::{PreviewRequest, ScanOptions};
use super::plan::plan_objects;
use super::planned::{Inspected, PlannedObject, Purpose};
use super::preview_facts::{self, PlannedPreview};
use super::resolver::{Resolver, not_served_error};
use super::running::{Explained, InRunningRevision, RunningOperation};
use super::surroundings;
use super::transition::{Manifests, tell_definitions, to_last_good};
use super::weight;
use crate::classify::dry_run::DryRunCheck;
use crate::classify::question::Question;
use crate::classify::transition::{Detail, HelmRequest, ObjectPreview};
use crate::compare::three_way::OfRevision;
use crate::health::observe::Presence;
use crate::health::{
    self, ClaimedObject, Marks, NotServedKinds, ObjectFacts, OtherReleases, RecordFacts, ReleaseFacts, remark,
};
use crate::manifest::standing::Place;
use crate::model;
use crate::model::{Finding, Health, ObjectReport, ReleaseReport, Tracked, Unlisted};
use crate::object::ObjectKey;
use crate::policy::Confirm;
use crate::preview::{self, Operation, PreviewFacts, Target};
use crate::release::history::Depth;
use crate::release::history::History;
use crate::release::operations::Operations;
use crate::release::stored::{ReleaseKey, StoredRevision};
use crate::source::followed::{FollowedAnswer, FollowedQuestion};
use crate::source::surroundings::{Surroundings, SurroundingsQuestion};
use crate::source::{
    DryRun, DryRunError, Expected, Kinds, ObjectRequest, ReadBudget, ReadError, TerminatingNamespace,
};
use crate::values::{Asked, AskedField};
use crate::vocabulary::{ApplyMethod, HealthCode, HealthSeverity, ObjectState, PreviewedOperation, Verdict};

/// The records of a release of which none was read.
static NO_RECORDS: BTreeMap<u64, RecordFacts> = BTreeMap::new();

/// What the other releases of a scan say about objects.
pub(super) struct Others<'n> {
    /// The names that their deployed manifests have.
    pub(super) names: &'n DeployedNames,
    /// Whether all of them were read.
    pub(super) coverage: OtherReleases,
    /// The namespaces that are being deleted.
    pub(super) terminating: &'n [TerminatingNamespace],
}

/// One release of a scan, while it is compared.
pub(super) struct ReleaseScan {
    pub(super) history: Arc<History>,
    /// `None` until its records are read.
    pub(super) loaded: Option<Loaded>,
    context: Arc<ReleaseContext>,
    objects: Vec<PlannedObject>,
    /// Whether its objects are known, so that each of them says for itself whether it was read.
    is_planned: bool,
    not_served: NotServedKinds,
    /// The operation that is previewed.
    preview: PlannedPreview,
    /// What the program that manages it follows, once that was asked.
    followed: Option<FollowedAnswer>,
    /// The reports of its objects are left out.
    has_too_many_objects: bool,
    has_changed: bool,
    /// What is asked about its drift comes to so many bytes.
    pub(super) question_bytes: usize,
    /// What manifests that were given say of its drift.
    pub(super) values_check: Option<model::ValuesCheck>,
}

impl ReleaseScan {
    pub(super) fn new(history: Arc<History>) -> Self {
        let context = ReleaseContext {
            name: history.key.name.clone(),
            storage: history.key.storage(),
            authority: Authority::of_storage(&history.key),
            method: ApplyMethod::Csa,
            operations: Operations::of(&history),
            has_older_revisions: history.older().next().is_some(),
            work: Arc::default(),
            operation: None,
        };
        Self {
            history,
            loaded: None,
            context: Arc::new(context),
            objects: Vec::new(),
            is_planned: false,
            not_served: NotServedKinds::default(),
            preview: PlannedPreview::default(),
            followed: None,
            has_too_many_objects: false,
            has_changed: false,
            question_bytes: 0,
            values_check: None,
        }
    }

    /// Whether a record of the release was read that says where it installs into.
    pub(super) fn has_read_revision(&self) -> bool {
        let loaded = self.loaded.as_ref();
        loaded.is_some_and(|loaded| loaded.baseline.is_some() || !loaded.attempted.is_empty())
    }

    /// Whether every record was read that a scan needs.
    pub(super) fn has_read_all(&self, depth: Depth) -> bool {
        let Some(loaded) = &self.loaded else { return false };
        let mut needed = self.history.records_needed(depth);
        needed.all(|stored| loaded.records.contains_key(&stored.revision))
    }

    /// The namespace that the release's record says it installs into, and the one that it may speak for.
    pub(super) fn namespaces(&self) -> (String, String) {
        let authority = &self.context.authority;
        (
            authority.default_namespace().to_owned(),
            authority.namespace().to_owned(),
        )
    }

    /// Plans the objects of the release, and returns those that can be read, with their position.
    pub(super) fn plan_objects(
        &mut self,
        kinds: &Kinds,
        options: &ScanOptions,
    ) -> Vec<(usize, ObjectRequest)> {
        let Some(loaded) = &mut self.loaded else {
            return Vec::new();
        };
        if let Some(revision) = loaded.baseline.as_ref().or(loaded.attempted.first()) {
            let context = Arc::make_mut(&mut self.context);
            context.authority = Authority::of_record(&self.history.key, &revision.namespace, &options.policy);
            context.method = revision.method;
        }
        let manifests = options.preview.as_ref();
        let manifests = manifests.and_then(|request| Manifests::of(request, &self.history, loaded));
        Arc::make_mut(&mut self.context).operation = match (&options.preview, &manifests) {
            (Some(_), Some(manifests)) => Some((
                manifests.operation,
                match options.confirm_writes {
                    Confirm::None => Detail::Fields,
                    Confirm::Server => Detail::Requests,
                },
            )),
            (Some(_), None) => None,
            (None, _) => to_last_good(&self.history, loaded),
        };
        let authority = &self.context.authority;
        let resolver = Resolver {
            namespace: authority.default_namespace(),
            kinds,
        };
        self.objects = plan_objects(&self.history, loaded, &resolver, options.depth);
        self.is_planned = true;
        if let Some(manifests) = manifests {
            self.preview = manifests.pass_over(&mut self.objects, &resolver);
        }
        tell_definitions(&mut self.objects, &self.preview.hooks, kinds);
        let mut readable = Vec::new();
        for (position, object) in self.objects.iter_mut().enumerate() {
            if let Some(error) = authority.refuse(&object.key) {
                object.fail(&error);
            } else if let Some(served) = kinds.served.get(&object.key.gvk) {
                let request = ObjectRequest {
                    key: object.key.clone(),
                    plural: served.plural.clone(),
                    expected: match object.purpose {
                        Purpose::Leftover | Purpose::Hook | Purpose::Target => Expected::Absent,
                        Purpose::Baseline | Purpose::Attempted => Expected::Present,
                    },
                    turn: readable.len(),
                    budget: None,
                };
                readable.push((position, request));
            } else {
                let error = not_served_error(&object.key, kinds);
                if let ReadError::NotServed { api_version, kind } = &error {
                    let kind = format!("{kind} of {api_version}");
                    if object.in_newest == InRunningRevision::Kept {
                        self.not_served.newest.insert(kind.clone());
                    }
                    if object.purpose == Purpose::Baseline {
                        self.not_served.baseline.insert(kind);
                    }
                }
                object.fail(&error);
            }
        }
        let stored_bytes = self.records().into_iter().flat_map(BTreeMap::values);
        let stored_bytes = stored_bytes.filter_map(|record| record.bytes).sum();
        let reads = options.limits.reads_of(stored_bytes);
        if readable.len() > reads {
            let budget = Arc::new(ReadBudget::new(reads));
            for (_, request) in &mut readable {
                request.budget = Some(Arc::clone(&budget));
            }
        }
        readable
    }

    /// Takes the inspection of an object; `None` where it was taken before.
    pub(super) fn start_inspection(&mut self, position: usize) -> Option<Inspection> {
        let object = self.objects.get_mut(position)?;
        Some(Inspection {
            todo: object.start()?,
            release: Arc::clone(&self.context),
            key: object.key.clone(),
            template: object.template.clone(),
            rendering: object.rendering.clone(),
            definition: object.definition.clone(),
        })
    }

    /// Stores the result of the inspection of an object.
    pub(super) fn finish_inspection(&mut self, position: usize, mut inspected: Inspected) {
        if self.has_too_many_objects {
            inspected.report = None;
        }
        if let Some(object) = self.objects.get_mut(position) {
            object.finish(inspected);
        }
    }

    /// The question what the program follows that manages the release; `None` where no mark names anything.
    pub(super) fn followed_question(&self) -> Option<FollowedQuestion> {
        let mut marks = Marks::default();
        for object in &self.objects {
            if let Some(of_object) = object.inspected().and_then(|inspected| inspected.marks.as_ref()) {
                marks.add(&object.key, of_object);
            }
        }
        let (followed, object) = marks.followed()?;
        Some(FollowedQuestion {
            followed,
            release: self.history.key.clone(),
            installs_into: self.context.authority.default_namespace().to_owned(),
            object: object.clone(),
        })
    }

    /// Stores the answer to that question.
    pub(super) fn set_followed(&mut self, answer: FollowedAnswer) {
        self.followed = Some(answer);
    }

    /// The question what is around the operation that was asked for; `None` where none was.
    pub(super) fn surroundings_wanted(&self, kinds: &Kinds) -> Option<SurroundingsQuestion> {
        let (_, detail) = self.context.operation?;
        match detail {
            Detail::Outcome | Detail::TakenBack => None,
            Detail::Fields | Detail::Requests => {
                Some(surroundings::question(&self.history, &self.objects, kinds))
            }
        }
    }

    /// Stores what is around the operation that was asked for.
    pub(super) fn set_surroundings(&mut self, answer: &Surroundings, kinds: &Kinds) {
        let Some((operation, _)) = &self.context.operation else {
            return;
        };
        let around = surroundings::surrounded(&self.history, operation, &self.objects, answer, kinds);
        self.preview.around = Some(around);
    }

    /// What older revisions may explain of it; `None` where there is nothing or no such revision.
    pub(super) fn older_wanted(&self, position: usize) -> Option<OlderWanted> {
        let objects = self.objects.iter().enumerate();
        let objects = objects.filter_map(|(position, object)| {
            let expectations = object.compared_bodies()?;
            let others = expectations.previous.iter().chain(&expectations.attempted);
            let bodies = others.map(|other| &other.object).chain([&expectations.body]);
            let wanted = ObjectWanted {
                position,
                bodies: bodies.cloned().collect(),
            };
            Some((object.key.clone(), wanted))
        });
        let objects: BTreeMap<ObjectKey, ObjectWanted> = objects.collect();
        (!objects.is_empty()).then(|| OlderWanted {
            release: position,
            history: Arc::clone(&self.history),
            installs_into: self.context.authority.default_namespace().to_owned(),
            objects,
        })
    }

    /// What is asked about its drift; `None` where nothing is.
    pub(super) fn values_wanted(&mut self, release: usize) -> Option<ValuesWanted> {
        let stored = self.history.baseline()?.clone();
        let (mut asked, mut of) = (Vec::new(), Vec::new());
        for (position, object) in self.objects.iter_mut().enumerate() {
            let (key, template) = (object.key.clone(), object.template.clone());
            let Some(inspected) = object.inspected_mut() else {
                continue;
            };
            let questions = std::mem::take(&mut inspected.questions);
            let Some(report) = &inspected.report else { continue };
            // What dry runs or running operations explain is no drift any more.
            let is_open = |question: &Question| {
                let finding = report.findings.get(question.finding);
                finding.is_some_and(|finding| finding.path == question.shown && finding.is_drift())
            };
            let is_autoscaled = questions.iter().any(|question| question.is_autoscaled);
            let (mut fields, mut findings) = (Vec::new(), Vec::new());
            for question in questions.into_iter().filter(is_open) {
                let finding = report.findings.get(question.finding);
                findings.push(FindingAsked {
                    position: question.finding,
                    path: question.shown,
                    is_redacted: question.is_redacted,
                    next_upgrade: finding.and_then(|finding| finding.next_upgrade),
                    fails_beside: finding.is_some_and(Finding::fails_beside),
                    no_key: question.no_key,
                });
                fields.push(AskedField {
                    path: question.path,
                    deployed: question.deployed,
                    live: question.live,
                });
            }
            if fields.is_empty() {
                continue;
            }
            asked.push(Asked {
                template,
                key,
                fields,
                is_autoscaled,
            });
            of.push(FindingsAsked {
                object: position,
                findings,
            });
        }
        (!asked.is_empty()).then(|| ValuesWanted {
            release,
            installs_into: self.context.authority.default_namespace().to_owned(),
            stored,
            asked,
            of,
        })
    }

    /// Stores which keys keep what lives, and returns how many bytes of values the report has more by that.
    pub(super) fn set_keys(&mut self, said: Vec<ObjectSaid>) -> usize {
        let mut bytes = 0;
        for ObjectSaid { object, findings } in said {
            let inspected = self
                .objects
                .get_mut(object)
                .and_then(PlannedObject::inspected_mut);
            let Some(report) = inspected.and_then(|inspected| inspected.report.as_mut()) else {
                continue;
            };
            let before = weight::of_values(report);
            for (asked, said) in findings {
                let finding = report.findings.get_mut(asked.position);
                let Some(finding) = finding.filter(|finding| finding.path == asked.path) else {
                    continue;
                };
                match said {
                    Ok(kept_by) => finding.kept_by = Some(kept_by),
                    Err(no_key) => finding.no_key = Some(no_key),
                }
            }
            bytes += weight::of_values(report).saturating_sub(before);
        }
        bytes
    }

    /// Lets an object be inspected once more, with the bodies of older revisions.
    pub(super) fn reopen(&mut self, position: usize, bodies: Vec<OfRevision<Arc<str>>>, gap: Option<String>) {
        if let Some(object) = self.objects.get_mut(position) {
            object.reopen(bodies, gap, UNFINISHED);
        }
    }

    /// What the reports of its objects take that are known already.
    pub(super) fn report_bytes(&self) -> usize {
        self.reports().map(weight::of_report).sum()
    }

    fn reports(&self) -> impl Iterator<Item = &ObjectReport> {
        self.objects.iter().filter_map(PlannedObject::report)
    }

    /// Leaves out the values of its findings, because those of the whole scan are too large.
    pub(super) fn omit_values(&mut self) {
        for inspected in self.objects.iter_mut().filter_map(PlannedObject::inspected_mut) {
            inspected.report.iter_mut().for_each(ObjectReport::omit_values);
        }
    }

    /// Leaves out the reports of its objects, because those of the whole scan are too many.
    pub(super) fn omit_objects(&mut self) {
        self.has_too_many_objects = true;
        for inspected in self.objects.iter_mut().filter_map(PlannedObject::inspected_mut) {
            inspected.report = None;
        }
    }

    /// Takes the dry runs that could confirm findings, each with the position of its object.
    pub(super) fn take_checks(&mut self) -> impl Iterator<Item = (usize, ObjectKey, DryRunCheck)> {
        let objects = self.objects.iter_mut().enumerate();
        objects.filter_map(|(position, object)| {
            let check = object.inspected_mut()?.check.take()?;
            Some((position, object.key.clone(), check))
        })
    }

    /// Takes the dry runs of what the previewed operation writes, each with the position of its object. What would tell
    /// nothing before the operation itself has run is not asked.
    pub(super) fn take_writes(&mut self, kinds: &Kinds) -> Vec<(usize, ObjectKey, Expected, DryRun)> {
        let objects = self.objects.iter_mut().enumerate();
        let mut previews: Vec<(usize, usize, &mut ObjectPreview)> = objects
            .filter_map(|(position, object)| {
                let (turn, preview) = object.previewed_mut()?;
                Some((turn, position, preview))
            })
            .collect();
        previews.sort_by_key(|(turn, _, _)| *turn);
        let in_turn: Vec<&ObjectPreview> = previews.iter().map(|(_, _, preview)| &**preview).collect();
        let too_early = preview::too_early(&in_turn, kinds);
        let mut writes = Vec::new();
        for ((_, position, preview), too_early) in previews.into_iter().zip(too_early) {
            let Some(HelmRequest::Sent(sent)) = &mut preview.request else {
                continue;
            };
            if let Some(reason) = too_early {
                preview.request = Some(HelmRequest::NotAsked(reason));
                continue;
            }
            let dry_run = DryRun {
                body: std::mem::take(&mut sent.dry_run.body),
                ..sent.dry_run.clone()
            };
            let expected = match preview.live {
                Some(_) => Expected::Present,
                None => Expected::Absent,
            };
            writes.push((position, preview.key.clone(), expected, dry_run));
        }
        writes
    }

    /// Stores what the API server said to the dry run of an object's write.
    pub(super) fn set_answer(&mut self, position: usize, answer: Result<(), DryRunError>) {
        let object = self.objects.get_mut(position);
        if let Some((_, preview)) = object.and_then(PlannedObject::previewed_mut) {
            preview.dry_run = Some(answer);
        }
    }

    /// The report of the object at this position, to be changed.
    pub(super) fn report_of(&mut self, position: usize) -> Option<&mut ObjectReport> {
        self.objects.get_mut(position)?.inspected_mut()?.report.as_mut()
    }

    /// Notes whether the newest revision changed since the scan began.
    pub(super) fn note_changed_during_scan(&mut self, now: Option<&History>, absence: Absence) {
        self.has_changed = Newest::has_changed(Newest::of(&self.history), now, absence);
    }

    /// The objects that its revisions have, and the hooks of the deployed one.
    pub(super) fn held_objects(&self, kinds: &Kinds) -> Vec<HeldObject> {
        let authority = &self.context.authority;
        let resolver = Resolver {
            namespace: authority.default_namespace(),
            kinds,
        };
        let baseline = self.history.baseline().map(|baseline| baseline.revision);
        let record = baseline.and_then(|revision| self.records()?.get(&revision));
        let hooks = record.map(|record| record.hooks.as_slice()).unwrap_or_default();
        let hooks = resolver.hooks(hooks).into_iter().map(|hook| hook.key);
        let hooks = hooks.map(|key| (key, Held::Deployed));
        let objects = self.objects.iter().filter_map(|object| {
            let held = match object.purpose {
                Purpose::Baseline => Held::Deployed,
                Purpose::Attempted => Held::Attempted,
                Purpose::Leftover | Purpose::Target => Held::Other,
                Purpose::Hook => return None,
            };
            Some((object.key.clone(), held))
        });
        let only_good = self.loaded.iter().flat_map(|loaded| &loaded.only_good);
        let only_good = only_good.map(|key| (key.clone(), Held::Other));
        let objects = objects
            .chain(only_good)
            .chain(hooks)
            .map(|(key, held)| HeldObject {
                is_claim: authority.may_claim(&key),
                key,
                held,
            });
        objects.collect()
    }

    /// Whether it left anything behind. Whose that is by now is known when all releases were read.
    pub(super) fn has_left_something(&self) -> bool {
        self.objects.iter().any(is_left_over)
    }

    /// The namespaces that have objects which it may have left behind.
    pub(super) fn namespaces_of_leftovers(&self) -> Vec<String> {
        let objects = self.objects.iter().filter(|object| is_left_over(object));
        objects
            .filter_map(|object| object.key.namespace.clone())
            .collect()
    }

    /// The release that deploys an object which this one left behind.
    fn claimant<'n>(&self, object: &PlannedObject, others: &Others<'n>) -> Option<&'n ReleaseKey> {
        is_left_over(object)
            .then(|| others.names.claimed_by_another(&self.history.key, &object.key))
            .flatten()
    }

    /// The release's part of the report, as far as it is known. Its objects go into it.
    pub(super) fn report(
        &mut self,
        now: DateTime<Utc>,
        options: &ScanOptions,
        others: &Others<'_>,
    ) -> Option<ReleaseReport> {
        let history = Arc::clone(&self.history);
        let latest = history.latest()?;
        let is_claimed = self
            .objects
            .iter()
            .map(|object| self.claimant(object, others).is_some());
        let is_claimed: Vec<bool> = is_claimed.collect();
        let mut object_facts = self.object_facts(others);
        let running = health::running(&self.facts(&object_facts, now, options));
        if let Some(operation) = running.map(RunningOperation::of) {
            self.explain(operation);
            object_facts = self.object_facts(others);
        }
        let facts = self.facts(&object_facts, now, options);
        let managed_by = health::managed_by(&object_facts).map(Box::new);
        let mut health = self.health(&facts);
        let preview = self.preview(&facts, options, &mut health);
        if self.has_too_many_objects {
            health.push(too_many_objects(self.objects.len()));
        }
        let detail = match options.depth {
            Depth::Comparison => None,
            Depth::History | Depth::Rollback(_) => Some(self.detail()),
        };
        let revisions = || self.loaded.iter().flat_map(Loaded::revisions);
        let revision = |stored: &StoredRevision| model::Revision {
            revision: stored.revision,
            status: stored.status.as_str().to_owned(),
            deployed_at: revisions()
                .find(|revision| revision.number == stored.revision)
                .and_then(|revision| revision.deployed_at),
        };
        let chart_of = |revision: u64| self.loaded.as_ref()?.records.get(&revision)?.chart.clone();
        let baseline = self.loaded.as_ref().and_then(|loaded| loaded.baseline.as_ref());
        let previous = self.loaded.as_ref().and_then(|loaded| loaded.previous.as_ref());
        Some(ReleaseReport {
            cluster: crate::shell::ClusterFlags::default(),
            namespace: self.context.authority.namespace().to_owned(),
            name: self.context.name.clone(),
            of_cluster: None,
            storage: self.history.key.storage(),
            labels: latest.labels.clone(),
            chart: revisions().find_map(|revision| chart_of(revision.number)),
            baseline: self.history.baseline().map(revision),
            previous: previous.and_then(|_| self.history.previous().map(revision)),
            latest: revision(latest),
            apply_method: baseline.map(|_| self.context.method),
            verdict: Verdict::Incomplete,
            tracked: Tracked::default(),
            unlisted: Unlisted::default(),
            has_unread_leftovers: self.objects.iter().any(PlannedObject::is_unread_leftover),
            has_unsettled: false,
            health,
            objects: if self.has_too_many_objects {
                Vec::new()
            } else {
                let objects = std::mem::take(&mut self.objects).into_iter().zip(is_claimed);
                let unclaimed = objects.filter(|(_, is_claimed)| !is_claimed);
                unclaimed.filter_map(|(object, _)| object.into_report()).collect()
            },
            detail,
            managed_by,
            preview,
            values_check: self.values_check.take(),
        })
    }

    fn detail(&self) -> model::ReleaseDetail {
        let objects = self.objects.iter().filter(|object| match object.purpose {
            Purpose::Baseline | Purpose::Leftover | Purpose::Attempted => true,
            Purpose::Hook | Purpose::Target => false,
        });
        let records = self.records().unwrap_or(&NO_RECORDS);
        model::ReleaseDetail {
            revisions: health::detail::revisions(&self.history, records),
            attempted: health::differing_attempt(&self.history, records).map(|stored| stored.revision),
            objects: objects
                .filter_map(|object| health::detail::object(&object.key, object.observed()?))
                .collect(),
        }
    }

    /// The preview that was asked for; that of a scan's own adds to the health.
    fn preview(
        &self,
        facts: &ReleaseFacts<'_>,
        options: &ScanOptions,
        health: &mut Vec<Health>,
    ) -> Option<model::Preview> {
        let loaded = self.loaded.as_ref()?;
        let planned = self.context.operation;
        let target = |operation| preview_facts::target(&self.history, loaded, operation, options.depth);
        let (operation, target) = match (&options.preview, planned) {
            (None, None) => return None,
            (_, Some((operation, _))) => {
                let target = match operation.kind {
                    PreviewedOperation::Rollback => Some(target(Some(&operation))),
                    PreviewedOperation::Upgrade => None,
                };
                (operation, target)
            }
            // The records do not say what would be applied.
            (Some(request), None) => self.unplanned(request, target(None)),
        };
        let objects = self.previews();
        let hooks = preview_facts::observed(&self.preview.hooks, &self.objects);
        let not_served = match options.preview {
            Some(_) => self.preview.not_served.clone(),
            None => preview_facts::not_served(&self.objects),
        };
        let facts = PreviewFacts {
            release: facts,
            operation,
            target: target.as_ref(),
            newest_record: &preview_facts::access(loaded, operation.from),
            methods: preview_facts::methods(loaded, &operation, &objects),
            objects: &objects,
            not_served: &not_served,
            hooks: &hooks,
            around: self.preview.around.as_deref(),
            dry_runs: None,
        };
        let confirmed = match options.confirm_writes {
            Confirm::None => None,
            Confirm::Server => Some(preview::confirm(&facts, &options.policy.redaction)),
        };
        let facts = match &confirmed {
            None => facts,
            Some(confirmed) => PreviewFacts {
                objects: &confirmed.objects,
                around: confirmed.around.as_deref(),
                dry_runs: Some(&confirmed.dry_runs),
                ..facts
            },
        };
        if options.preview.is_some() {
            return Some(preview::preview(&facts));
        }
        health.extend(preview::health(&facts));
        None
    }

    /// An operation of which a record could not be used.
    fn unplanned(&self, request: &PreviewRequest, target: Target) -> (Operation, Option<Target>) {
        let newest = self.history.latest().map_or(0, |latest| latest.revision);
        let (kind, target) = match request {
            PreviewRequest::Rollback => (PreviewedOperation::Rollback, Some(target)),
            PreviewRequest::Upgrade(_) => (PreviewedOperation::Upgrade, None),
        };
        let operation = Operation {
            kind,
            from: newest,
            to: target.as_ref().map(|target| target.revision),
            method: self.context.method,
        };
        (operation, target)
    }

    /// What the previewed operation does to each object, in its turn. Of a scan's own preview those are left out at which
    /// nothing happens.
    fn previews(&self) -> Vec<ObjectPreview> {
        let turns = self.objects.iter().filter_map(PlannedObject::previewed);
        let mut turns: Vec<(usize, ObjectPreview)> = turns.collect();
        turns.sort_by_key(|(turn, _)| *turn);
        turns.into_iter().map(|(_, preview)| preview).collect()
    }

    fn records(&self) -> Option<&BTreeMap<u64, RecordFacts>> {
        Some(&self.loaded.as_ref()?.records)
    }

    /// Takes what an operation explains that may still be running out of the drift of the objects.
    fn explain(&mut self, operation: RunningOperation) {
        for object in &mut self.objects {
            let in_newest = object.in_newest;
            if let Some(inspected) = object.inspected_mut() {
                inspected
                    .report
                    .take_if(|report| operation.explain(report, in_newest) == Explained::Whole);
            }
        }
    }

    /// The facts that its health rests on.
    fn facts<'f>(
        &'f self,
        objects: &'f ObjectFacts,
        now: DateTime<Utc>,
        options: &ScanOptions,
    ) -> ReleaseFacts<'f> {
        ReleaseFacts {
            history: &self.history,
            records: self.records().unwrap_or(&NO_RECORDS),
            objects,
            method: self.context.method,
            depth: options.depth,
            now,
            stuck_after: TimeDelta::from_std(options.stuck_after).unwrap_or(TimeDelta::MAX),
        }
    }

    fn health(&self, facts: &ReleaseFacts<'_>) -> Vec<Health> {
        let mut health = health::diagnose(facts);
        if let Some(loaded) = &self.loaded {
            health.extend(loaded.health.iter().cloned());
        }
        let is_undecodable = health.iter().any(|entry| entry.code == HealthCode::Undecodable);
        if !self.is_planned && !is_undecodable {
            let unread = match self.loaded {
                Some(_) => "objects",
                None => "records",
            };
            let message = format!("the scan ended before its {unread} were read");
            // Nothing is wrong with the release, as far as anybody knows.
            health.push(remark(HealthCode::Undecodable, HealthSeverity::Info, message));
        }
        if let Some(claim) = self.context.authority.health() {
            // Helm would carry out what the record says, in a namespace that it may not speak for.
            for entry in &mut health {
                entry.advice.clear();
            }
            health.push(claim);
        }
        if self.has_changed {
            health.push(changed_during_scan());
        }
        health
    }

    /// What its objects show of its health.
    fn object_facts(&self, others: &Others<'_>) -> ObjectFacts {
        let mut facts = ObjectFacts {
            not_served: self.not_served.clone(),
            other_releases: others.coverage,
            namespace_deleted: self.namespace_deleted(others),
            followed: self.followed.clone().map(Box::new),
            ..ObjectFacts::default()
        };
        let is_way_out = self
            .context
            .operation
            .is_some_and(|(_, detail)| detail == Detail::TakenBack);
        for object in &self.objects {
            if let Some(by) = self.claimant(object, others) {
                facts.claimed.push(ClaimedObject {
                    key: object.key.clone(),
                    by: by.clone(),
                });
                continue;
            }
            match object.purpose {
                Purpose::Hook => facts.hooks.push(object.observed_object()),
                Purpose::Baseline | Purpose::Leftover | Purpose::Attempted if object.is_observed => {
                    facts.observed.push(object.observed_object());
                }
                Purpose::Baseline | Purpose::Leftover | Purpose::Attempted | Purpose::Target => {}
            }
            if self.is_unproven(object) {
                facts.unproven.push(object.key.clone());
            }
            if let Some(marks) = object.inspected().and_then(|inspected| inspected.marks.as_ref()) {
                facts.marks.add(&object.key, marks);
            }
            if let Some(report) = object.report() {
                facts.note_report(&object.key, report);
            }
            let preview = object
                .inspected()
                .and_then(|inspected| inspected.preview.as_ref());
            if is_way_out && let Some(preview) = preview {
                facts.drift.note_rollback(preview);
            }
            if let Some(block) = object.inspected().and_then(|inspected| inspected.block.as_ref()) {
                facts.note_block_of(&object.key, block, object.rendering.doubt_of_block(block));
            }
        }
        facts
    }

    /// Since when its namespace is being deleted, if it is.
    fn namespace_deleted(&self, others: &Others<'_>) -> Option<DateTime<Utc>> {
        let own = &self.history.key.namespace;
        let mut terminating = others.terminating.iter();
        let namespace = terminating.find(|namespace| namespace.name == *own)?;
        Some(namespace.since)
    }

    /// Whether an object outside the release's namespace was looked at, and is not the release's, or is in another namespace
    /// and does not exist there.
    fn is_unproven(&self, object: &PlannedObject) -> bool {
        let is_cluster_scoped = match self.context.place_of(&object.key) {
            Place::Own => return false,
            Place::Other => false,
            Place::Cluster => true,
        };
        let is_reported = object.report().is_some_and(|report| match report.state {
            ObjectState::Foreign => true,
            ObjectState::Missing => !is_cluster_scoped,
            ObjectState::InSync
            | ObjectState::Drifted
            | ObjectState::Terminating
            | ObjectState::Leftover
            | ObjectState::Unknown
            | ObjectState::Ignored => false,
        });
        let is_observed = object.observed().is_some_and(|observed| match observed.presence {
            Presence::Unproven | Presence::OtherRelease(_) => true,
            // Helm marks no owner on hooks.
            Presence::NoRelease => object.purpose != Purpose::Hook,
            Presence::Ours | Presence::Absent | Presence::Unread => false,
        });
        is_reported || is_observed
    }
}

/// Whether an object was left behind by a revision or a hook of the release, as far as the release alone can tell.
fn is_left_over(object: &PlannedObject) -> bool {
    match object.purpose {
        Purpose::Leftover => object
            .report()
            .is_some_and(|report| report.state == ObjectState::Leftover),
        Purpose::Hook => object.observed().is_some_and(|observed| match observed.presence {
            Presence::Ours | Presence::NoRelease => true,
            Presence::Absent | Presence::OtherRelease(_) | Presence::Unproven | Presence::Unread => false,
        }),
        Purpose::Baseline | Purpose::Attempted | Purpose::Target => false,
    }
}
