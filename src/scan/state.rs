//! The state of a scan: everything that was read so far.
//!
//! Answers arrive in any order. Each is stored with the release and the object that it is about, and the state can be
//! turned into a report at any moment; answers that arrive after that are discarded. Objects are judged outside the
//! lock, so that several can be judged at once. A release that was compared is turned into its report at once, because the
//! manifests of all releases are more than a scan may hold.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::asked::{ObjectSaid, ValuesWanted};
use super::claims::{Claims, DeployedNames, HeldObject};
use super::cluster_facts::Absence;
use super::finished::{FinishedRelease, Newest};
use super::forbidden::Forbidden;
use super::inspection::Inspection;
use super::ledger::Ledger;
use super::limits::ScanLimits;
use super::load::Loaded;
use super::older_wanted::OlderWanted;
use super::options::ScanOptions;
use super::orphans::{Orphans, Ownership};
use super::planned::Inspected;
use super::queue::Lane;
use super::release::{Others, ReleaseScan};
use super::{terminating, weight};
use crate::classify::dry_run::DryRunCheck;
use crate::classify::question::Question;
use crate::classify::transition::HelmRequest;
use crate::compare::three_way::OfRevision;
use crate::health::OtherReleases;
use crate::model::{ObjectReport, ReleaseReport, ReportError, ReportNote, ValuesCheck};
use crate::object::ObjectKey;
use crate::release::history::History;
use crate::release::stored::ReleaseKey;
use crate::source::followed::{FollowedAnswer, FollowedQuestion, HelmChart};
use crate::source::surroundings::{Surroundings, SurroundingsQuestion};
use crate::source::{
    DryRun, DryRunError, Expected, Kinds, ObjectRequest, ReadError, RevisionSet, TerminatingNamespace,
};
use crate::types::TypeTable;
use crate::vocabulary::NoKeyReason;

/// The state of a scan, shared by all threads that add to it.
pub(super) struct ScanState(Mutex<Inner>);

/// The built-in kinds that autoscalers target.
const SCALABLE: [&str; 4] = ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

/// The reason why an object has no dry run though others have.
const NO_ROOM_FOR_CHECK: &str = "not confirmed: too many large objects drifted";

/// The reason why a write has no dry run though others have.
const NO_ROOM_FOR_WRITE: &str = "too many large objects are written";

/// How far a scan has got with one release.
enum ReleaseProgress {
    /// Its objects are not compared yet.
    Open(Box<ReleaseScan>),
    /// They are.
    Finished(Box<FinishedRelease>),
}

struct Inner {
    releases: Vec<ReleaseProgress>,
    /// What the values of the findings take, and what the reports of the objects take without them.
    values: Ledger,
    reports: Ledger,
    /// The bodies of the dry runs that are still to be made, as text, and the most that they may come to.
    check_bytes: usize,
    most_check_bytes: usize,
    /// What is asked about the drift of the releases that are being compared, and the most that it may come to: of all and of
    /// one.
    question_bytes: usize,
    most_question_bytes: [usize; 2],
    errors: Vec<ReportError>,
    notes: Vec<ReportNote>,
    /// Which releases have records, and which objects name others.
    ownership: Ownership,
    /// The rights that the account lacks.
    forbidden: Forbidden,
    terminating: Vec<TerminatingNamespace>,
    /// The releases that a selector leaves out.
    left_out: Option<BTreeSet<ReleaseKey>>,
    /// The names that deployed manifests claim, and whether those of all releases are among them.
    claims: Claims,
    other_releases: OtherReleases,
    /// Which objects of which releases wait for a key; releases may share objects.
    waiting: HashMap<ObjectKey, Vec<ObjectPosition>>,
    /// The reasons why dry runs failed for whole kinds, and how many objects each concerns.
    unanswered: BTreeMap<String, usize>,
}

/// The position of a release, and of an object in it.
#[derive(Clone, Copy)]
pub(super) struct ObjectPosition {
    pub(super) release: usize,
    pub(super) object: usize,
}

/// A dry run to make, and the object that it is about.
pub(super) struct OpenCheck {
    pub(super) position: ObjectPosition,
    pub(super) key: ObjectKey,
    pub(super) check: DryRunCheck,
}

/// A dry run to make of what Helm writes, and the object that it is about.
pub(super) struct OpenWrite {
    pub(super) position: ObjectPosition,
    pub(super) key: ObjectKey,
    /// Whether the object is there.
    pub(super) expected: Expected,
    pub(super) dry_run: DryRun,
}

/// The results of a scan, however it ended.
pub(super) struct Results {
    pub(super) releases: Vec<ReleaseReport>,
    pub(super) errors: Vec<ReportError>,
    pub(super) notes: Vec<ReportNote>,
    pub(super) orphans: Orphans,
    /// The reasons why dry runs failed for whole kinds, and how many objects each concerns.
    pub(super) unanswered: BTreeMap<String, usize>,
    /// Whether all releases of the cluster were read.
    pub(super) coverage: OtherReleases,
    /// The releases that a selector leaves out.
    pub(super) left_out: Option<BTreeSet<ReleaseKey>>,
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
    pub(super) fn new(limits: &ScanLimits) -> Self {
        Self(Mutex::new(Inner::new(limits)))
    }

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

    /// Sets the namespaces that are being deleted.
    pub(super) fn set_terminating(&self, namespaces: Vec<TerminatingNamespace>) {
        self.inner().terminating = namespaces;
    }

    /// Sets the releases that a selector leaves out.
    pub(super) fn set_left_out(&self, left_out: Option<BTreeSet<ReleaseKey>>) {
        self.inner().left_out = left_out;
    }

    /// Sets the releases that are scanned.
    pub(super) fn set_releases(&self, histories: &[Arc<History>]) {
        let open = |history: Arc<History>| ReleaseProgress::Open(Box::new(ReleaseScan::new(history)));
        self.inner().releases = histories.iter().cloned().map(open).collect();
    }

    /// Stores the decoded records of the release at this position.
    pub(super) fn set_loaded(&self, release: usize, loaded: Loaded) {
        if let Some(release) = self.inner().open(release) {
            release.loaded = Some(loaded);
        }
    }

    /// Plans the objects of the releases at these positions, and returns everything that has to be read for them.
    pub(super) fn plan(&self, wave: &[usize], kinds: &Kinds, options: &ScanOptions) -> ReadPlan {
        let mut inner = self.inner();
        let mut objects: BTreeMap<ObjectKey, ObjectRequest> = BTreeMap::new();
        let mut custom = BTreeSet::new();
        let mut scalable = BTreeSet::new();
        let mut waiting: HashMap<ObjectKey, Vec<ObjectPosition>> = HashMap::new();
        for &position in wave {
            let Some(release) = inner.open(position) else {
                continue;
            };
            let planned = release.plan_objects(kinds, options);
            let unreadable = release.report_bytes();
            let manifests = Manifests::of(release, kinds, options);
            inner.note_manifests(manifests);
            inner.hold(position, 0, unreadable);
            for (object, request) in planned {
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
                waiting.entry(key.clone()).or_default().push(ObjectPosition {
                    release: position,
                    object,
                });
                match objects.entry(key) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(request);
                    }
                    Entry::Occupied(known) => known.into_mut().share_with(&request),
                }
            }
        }
        inner.waiting = waiting;
        ReadPlan {
            objects: objects.into_values().collect(),
            custom: custom.into_iter().collect(),
            scalable,
        }
    }

    /// Notes what the manifests of a release have that is not compared, because it is in another shard.
    pub(super) fn note_beside(
        &self,
        history: Arc<History>,
        loaded: Loaded,
        kinds: &Kinds,
        options: &ScanOptions,
    ) {
        let mut release = ReleaseScan::new(history);
        release.loaded = Some(loaded);
        release.plan_objects(kinds, options);
        let manifests = Manifests::of(&release, kinds, options);
        self.inner().note_manifests(manifests);
    }

    /// The namespaces that have objects which releases of the scan may have left behind.
    pub(super) fn namespaces_of_leftovers(&self) -> BTreeSet<String> {
        let mut inner = self.inner();
        let open = inner.releases.iter_mut().filter_map(ReleaseProgress::open);
        open.flat_map(|release| release.namespaces_of_leftovers())
            .collect()
    }

    /// The namespaces of the records that objects wait to be read for, one for each comparison.
    pub(super) fn lanes(&self) -> Vec<String> {
        let inner = self.inner();
        let positions = inner.waiting.values().flatten();
        positions
            .filter_map(|position| Some(inner.lane(position.release)?.namespace))
            .collect()
    }

    /// The release that an object is compared for; `None` where the scan has ended.
    pub(super) fn lane(&self, position: ObjectPosition) -> Option<Lane> {
        self.inner().lane(position.release)
    }

    /// The releases whose objects wait for a key.
    pub(super) fn waiting_for(&self, key: &ObjectKey) -> Vec<ReleaseKey> {
        let inner = self.inner();
        let positions = inner.waiting.get(key).into_iter().flatten();
        positions
            .filter_map(|position| Some(inner.releases.get(position.release)?.key().clone()))
            .collect()
    }

    /// Takes out the objects of releases that wait for a key.
    pub(super) fn take_waiting(&self, key: &ObjectKey) -> Vec<ObjectPosition> {
        self.inner().waiting.remove(key).unwrap_or_default()
    }

    /// Lets objects of releases wait for a key once more.
    pub(super) fn wait_again(&self, key: &ObjectKey, positions: Vec<ObjectPosition>) {
        self.inner().waiting.insert(key.clone(), positions);
    }

    /// Takes the inspection of an object; `None` where it was taken before.
    pub(super) fn start_inspection(&self, position: ObjectPosition) -> Option<Inspection> {
        self.inner()
            .open(position.release)?
            .start_inspection(position.object)
    }

    /// What older revisions may explain of the releases at these positions.
    pub(super) fn older_wanted(&self, wave: &[usize]) -> Vec<OlderWanted> {
        let mut inner = self.inner();
        let wanted = wave
            .iter()
            .map(|&position| inner.open(position)?.older_wanted(position));
        wanted.flatten().collect()
    }

    /// Lets an object of a release be read and inspected once more, with the bodies of older revisions, newest first.
    pub(super) fn reopen(
        &self,
        key: &ObjectKey,
        at: ObjectPosition,
        bodies: Vec<OfRevision<Arc<str>>>,
        gap: Option<String>,
    ) {
        let mut inner = self.inner();
        if let Some(release) = inner.open(at.release) {
            release.reopen(at.object, bodies, gap);
            inner.waiting.entry(key.clone()).or_default().push(at);
        }
    }

    /// The question what is followed for the release at this position.
    pub(super) fn followed_question(&self, position: usize) -> Option<FollowedQuestion> {
        self.inner().open(position)?.followed_question()
    }

    /// Stores what was said of what is followed for the release at this position.
    pub(super) fn set_followed(&self, position: usize, answer: FollowedAnswer) {
        if let Some(release) = self.inner().open(position) {
            release.set_followed(answer);
        }
    }

    /// Stores which of these charts installs the release at this position.
    pub(super) fn set_helm_chart(&self, position: usize, charts: &[HelmChart]) {
        if let Some(release) = self.inner().open(position)
            && let Some(chart) = charts
                .iter()
                .filter(|chart| chart.installs(&release.history.key))
                // One that its controller leaves alone does not stop another.
                .min_by_key(|chart| chart.is_unmanaged)
        {
            release.set_followed(chart.clone().into());
        }
    }

    /// The question what is around the operation that is previewed of the release at this position.
    pub(super) fn surroundings_wanted(&self, position: usize, kinds: &Kinds) -> Option<SurroundingsQuestion> {
        self.inner().open(position)?.surroundings_wanted(kinds)
    }

    /// Stores what is around the operation that is previewed of the release at this position.
    pub(super) fn set_surroundings(&self, position: usize, answer: &Surroundings, kinds: &Kinds) {
        if let Some(release) = self.inner().open(position) {
            release.set_surroundings(answer, kinds);
        }
    }

    /// What is asked about the drift of the releases at these positions.
    pub(super) fn values_wanted(&self, wave: &[usize]) -> Vec<ValuesWanted> {
        let mut inner = self.inner();
        let wanted = wave
            .iter()
            .map(|&position| inner.open(position)?.values_wanted(position));
        wanted.flatten().collect()
    }

    /// Stores what manifests that were given say of the drift of the release at this position.
    pub(super) fn set_values_check(&self, release: usize, check: ValuesCheck) {
        if let Some(release) = self.inner().open(release) {
            release.values_check = Some(check);
        }
    }

    /// Stores which keys keep what lives in the release at this position.
    pub(super) fn set_keys(&self, release: usize, said: Vec<ObjectSaid>) {
        let mut inner = self.inner();
        let has_given_way = inner.values.has_given_way(release);
        let Some(scan) = inner.open(release) else { return };
        let bytes = scan.set_keys(said);
        if has_given_way {
            scan.omit_values();
        } else {
            inner.hold(release, bytes, 0);
        }
    }

    /// Stores the result of the inspection of an object.
    /// `body_bytes` is what the manifest's object takes as text: a dry run holds it as values.
    pub(super) fn finish_inspection(
        &self,
        position: ObjectPosition,
        mut inspected: Inspected,
        body_bytes: usize,
    ) {
        let weights = |report: Option<&ObjectReport>| {
            let report = report.map(|report| (weight::of_values(report), weight::of_report(report)));
            report.unwrap_or_default()
        };
        let (value_bytes, report_bytes) = weights(inspected.report.as_ref());
        let mut inner = self.inner();
        if inspected.check.is_some() {
            inner.check_bytes += body_bytes;
            if inner.check_bytes > inner.most_check_bytes {
                inspected.check = None;
                let note = |report: &mut ObjectReport| report.add_reason(NO_ROOM_FOR_CHECK);
                inspected.report.iter_mut().for_each(note);
            }
        }
        let request = inspected
            .preview
            .as_mut()
            .and_then(|preview| preview.request.as_mut());
        if let Some(request) = request {
            inner.check_bytes += request.bytes();
            if inner.check_bytes > inner.most_check_bytes {
                *request = HelmRequest::NotAsked(NO_ROOM_FOR_WRITE.to_owned());
            }
        }
        inner.hold_questions(position.release, &mut inspected);
        if inner.values.has_given_way(position.release) {
            inspected.report.iter_mut().for_each(ObjectReport::omit_values);
        }
        if let Some(release) = inner.open(position.release) {
            // What an earlier inspection reported is replaced, and counts already.
            let earlier = release.report_of(position.object);
            let (earlier_values, earlier_report) = weights(earlier.as_deref());
            release.finish_inspection(position.object, inspected);
            inner.hold(
                position.release,
                value_bytes.saturating_sub(earlier_values),
                report_bytes.saturating_sub(earlier_report),
            );
        }
    }

    /// Turns the releases at these positions into their reports, and drops everything else of them. A release that left
    /// something behind has its report at the end: a release of a later wave may deploy the same object.
    pub(super) fn finish(&self, wave: &[usize], now: DateTime<Utc>, options: &ScanOptions) {
        let mut inner = self.inner();
        let Inner {
            waiting,
            releases,
            terminating,
            question_bytes,
            reports,
            ..
        } = &mut *inner;
        *waiting = HashMap::new();
        *question_bytes = 0;
        for &position in wave {
            if let Some(release) = releases.get_mut(position) {
                let given_back = release.finish(now, options, terminating);
                reports.give_back(release.namespace(), position, given_back);
            }
        }
    }

    /// Notes why an object could not be read.
    pub(super) fn note_unreadable(&self, error: &ReadError) {
        self.inner().forbidden.add(error);
    }

    /// Takes the dry runs that could confirm the findings so far.
    pub(super) fn take_checks(&self) -> Vec<OpenCheck> {
        let mut inner = self.inner();
        inner.check_bytes = 0;
        let releases = inner.releases.iter_mut().enumerate();
        releases
            .filter_map(|(position, release)| Some((position, release.open()?)))
            .flat_map(|(release, scan)| {
                scan.take_checks().map(move |(object, key, check)| OpenCheck {
                    position: ObjectPosition { release, object },
                    key,
                    check,
                })
            })
            .collect()
    }

    /// Takes the dry runs of what the previewed operations of these releases write.
    pub(super) fn take_writes(&self, wave: &[usize], kinds: &Kinds) -> Vec<OpenWrite> {
        let mut inner = self.inner();
        inner.check_bytes = 0;
        let mut writes = Vec::new();
        for &release in wave {
            let Some(scan) = inner.open(release) else { continue };
            let taken = scan.take_writes(kinds);
            writes.extend(
                taken
                    .into_iter()
                    .map(|(object, key, expected, dry_run)| OpenWrite {
                        position: ObjectPosition { release, object },
                        key,
                        expected,
                        dry_run,
                    }),
            );
        }
        writes
    }

    /// Stores what the API server said to the dry run of an object's write.
    pub(super) fn set_answer(&self, position: ObjectPosition, answer: Result<(), DryRunError>) {
        if let Some(release) = self.inner().open(position.release) {
            release.set_answer(position.object, answer);
        }
    }

    /// Changes an object's report by what the API server answered.
    pub(super) fn update_report(&self, position: ObjectPosition, update: impl FnOnce(&mut ObjectReport)) {
        let mut inner = self.inner();
        let release = inner.open(position.release);
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
            match release {
                ReleaseProgress::Open(release) => {
                    let now = after.get(&release.history.key).copied();
                    release.note_changed_during_scan(now, absence);
                }
                ReleaseProgress::Finished(release) => {
                    let now = after.get(&release.key).copied();
                    release.note_changed_during_scan(now, absence);
                }
            }
        }
    }

    /// The revisions that a listing needs to have to say which releases changed: an operation of Helm leaves a newest
    /// revision that is not superseded. The older ones of a long history are not listed again.
    pub(super) fn listed_again(&self) -> RevisionSet {
        let newest = |release: &ReleaseProgress| match release {
            ReleaseProgress::Open(release) => Newest::of(&release.history),
            ReleaseProgress::Finished(release) => release.newest,
        };
        let is_superseded = |newest: Newest| !RevisionSet::Current.has(newest.status);
        if self.inner().releases.iter().filter_map(newest).any(is_superseded) {
            RevisionSet::All
        } else {
            RevisionSet::Current
        }
    }

    /// Notes that the scan is not about all releases of the cluster, cannot list them, or ended before all were read.
    pub(super) fn note_unread_releases(&self) {
        self.inner().other_releases = OtherReleases::SomeUnread;
    }

    /// Reads or changes what is known of the owners of objects.
    pub(super) fn ownership<T>(&self, work: impl FnOnce(&mut Ownership) -> T) -> T {
        work(&mut self.inner().ownership)
    }

    /// Takes the results, as far as they are known.
    pub(super) fn take_results(&self, now: DateTime<Utc>, options: &ScanOptions) -> Results {
        let inner = std::mem::replace(&mut *self.inner(), Inner::new(&options.limits));
        let names = &inner.claims.close();
        let others = Others {
            names,
            coverage: inner.other_releases,
            terminating: &inner.terminating,
        };
        let mut notes = inner.notes;
        let namespaces = inner.ownership.namespaces().to_vec();
        let asked: &[&str] = match options.preview {
            Some(_) => &["--preview"],
            None => &[],
        };
        notes.extend(inner.forbidden.note(&namespaces, asked, &options.cluster));
        let orphans = inner.ownership.close(options, names, inner.other_releases);
        let selected = namespaces.iter().map(String::as_str);
        let of_releases = inner.releases.iter().map(ReleaseProgress::namespace);
        let concerned = selected.chain(of_releases).chain(orphans.namespaces()).collect();
        notes.extend(terminating::notes(&inner.terminating, &concerned));
        notes.extend(omitted_values(inner.values.given_way(), &options.limits));
        let releases = inner
            .releases
            .into_iter()
            .filter_map(|release| release.into_report(now, options, &others))
            .collect();
        Results {
            releases,
            errors: inner.errors,
            notes,
            orphans,
            unanswered: inner.unanswered,
            coverage: inner.other_releases,
            left_out: inner.left_out,
        }
    }
}

/// What the records of a release say of it and of its objects.
struct Manifests {
    release: ReleaseKey,
    /// The namespace that it says it installs into, and the one that it may speak for.
    namespaces: (String, String),
    /// Whether a revision was read, and whether all were that a scan needs.
    is_read: bool,
    is_whole: bool,
    held: Vec<HeldObject>,
}

impl Manifests {
    fn of(release: &ReleaseScan, kinds: &Kinds, options: &ScanOptions) -> Self {
        Self {
            release: release.history.key.clone(),
            namespaces: release.namespaces(),
            is_read: release.has_read_revision(),
            is_whole: release.has_read_all(options.depth),
            held: release.held_objects(kinds),
        }
    }
}

/// The note that values are left out.
fn omitted_values(releases: usize, limits: &ScanLimits) -> Option<ReportNote> {
    let releases = match releases {
        0 => return None,
        1 => "one release".to_owned(),
        several => format!("{several} releases"),
    };
    Some(ReportNote {
        scope: "values".to_owned(),
        message: format!(
            "the values of {releases} are left out: a report holds no more than {} MiB of values",
            limits.value_bytes >> 20
        ),
    })
}

impl Inner {
    fn new(limits: &ScanLimits) -> Self {
        Self {
            releases: Vec::new(),
            values: Ledger::new(limits.value_bytes),
            reports: Ledger::new(limits.report_bytes),
            check_bytes: 0,
            most_check_bytes: limits.check_bytes,
            question_bytes: 0,
            most_question_bytes: [limits.questions_bytes, limits.question_bytes],
            errors: Vec::new(),
            notes: Vec::new(),
            ownership: Ownership::default(),
            forbidden: Forbidden::default(),
            terminating: Vec::new(),
            left_out: None,
            claims: Claims::default(),
            other_releases: OtherReleases::AllRead,
            waiting: HashMap::new(),
            unanswered: BTreeMap::new(),
        }
    }

    /// The release at a position, while its objects are not compared.
    fn open(&mut self, release: usize) -> Option<&mut ReleaseScan> {
        self.releases.get_mut(release)?.open()
    }

    /// Notes which objects a release has in its manifests, and what its records say of where it is.
    fn note_manifests(&mut self, manifests: Manifests) {
        let Manifests {
            release,
            namespaces: (installs_into, speaks_for),
            is_read,
            is_whole,
            held,
        } = manifests;
        if is_read {
            self.ownership.add_record(&release, &installs_into, &speaks_for);
        }
        if is_whole {
            self.ownership.add_whole(&release);
        }
        self.claims.add(&release, held.into_iter());
    }

    /// Holds what is asked about the drift of an object, or says in its findings that it is too much.
    fn hold_questions(&mut self, release: usize, inspected: &mut Inspected) {
        let bytes: usize = inspected.questions.iter().map(Question::bytes).sum();
        let [most, most_of_one] = self.most_question_bytes;
        let Some(scan) = self.open(release) else { return };
        let of_release = scan.question_bytes.saturating_add(bytes);
        let is_too_much = of_release > most_of_one;
        if !is_too_much {
            scan.question_bytes = of_release;
        }
        if !is_too_much && self.question_bytes.saturating_add(bytes) <= most {
            self.question_bytes += bytes;
            return;
        }
        let findings = inspected
            .report
            .iter_mut()
            .flat_map(|report| &mut report.findings);
        let unasked = std::mem::take(&mut inspected.questions);
        for (position, finding) in findings.enumerate() {
            if unasked.iter().any(|question| question.finding == position) {
                finding.no_key = Some(NoKeyReason::TooLarge.into());
            }
        }
    }

    fn lane(&self, release: usize) -> Option<Lane> {
        let namespace = self.releases.get(release)?.namespace();
        Some(Lane {
            namespace: namespace.to_owned(),
            release,
        })
    }

    /// Notes that a release holds more values and reports of objects, and drops those of releases that hold too many.
    fn hold(&mut self, release: usize, values: usize, reports: usize) {
        let Some(held) = self.releases.get(release) else {
            return;
        };
        let too_many_values = self.values.add(held.namespace(), release, values);
        let too_many_reports = self.reports.add(held.namespace(), release, reports);
        for release in too_many_values {
            match self.releases.get_mut(release) {
                Some(ReleaseProgress::Open(release)) => release.omit_values(),
                Some(ReleaseProgress::Finished(release)) => release.omit_values(),
                None => {}
            }
        }
        for release in too_many_reports {
            match self.releases.get_mut(release) {
                Some(ReleaseProgress::Open(release)) => release.omit_objects(),
                Some(ReleaseProgress::Finished(release)) => release.omit_objects(),
                None => {}
            }
        }
    }
}

impl ReleaseProgress {
    fn open(&mut self) -> Option<&mut ReleaseScan> {
        match self {
            Self::Open(release) => Some(release),
            Self::Finished(_) => None,
        }
    }

    /// The release, by its records.
    fn key(&self) -> &ReleaseKey {
        match self {
            Self::Open(release) => &release.history.key,
            Self::Finished(release) => &release.key,
        }
    }

    /// The namespace of the release's records.
    fn namespace(&self) -> &str {
        &self.key().namespace
    }

    /// Turns the release into its report, and returns how many bytes of the reports of its objects are not held any more.
    fn finish(
        &mut self,
        now: DateTime<Utc>,
        options: &ScanOptions,
        terminating: &[TerminatingNamespace],
    ) -> usize {
        let Some(open) = self.open() else { return 0 };
        if open.has_left_something() {
            return 0;
        }
        let others = Others {
            names: &DeployedNames::default(),
            coverage: OtherReleases::AllRead,
            terminating,
        };
        let mut report = open.report(now, options, &others);
        let mut given_back = 0;
        if let Some(report) = &mut report
            && options.only_counts_in_sync(report)
        {
            let bytes = |report: &ReleaseReport| report.objects.iter().map(weight::of_report).sum::<usize>();
            let before = bytes(report);
            report.only_count_in_sync();
            given_back = before - bytes(report);
        }
        *self = Self::Finished(Box::new(FinishedRelease::new(&open.history, report)));
        given_back
    }

    fn into_report(
        self,
        now: DateTime<Utc>,
        options: &ScanOptions,
        others: &Others<'_>,
    ) -> Option<ReleaseReport> {
        match self {
            Self::Open(mut release) => release.report(now, options, others),
            Self::Finished(release) => release.report,
        }
    }
}
