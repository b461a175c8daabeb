//! Taking a snapshot: a source that writes down every answer of another one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::SnapshotError;
use super::disclosure::{Disclosed, Releases};
use super::folder::Folder;
use super::index::{
    FORMAT, FollowedEntry, Index, NeededKinds, ObjectEntry, ObjectOutcome, RecordEntry, RecordKey,
    RecordOutcome, Recorded, RecordedListing, SchemaEntry, SchemaOutcome, SensitiveValues,
};
use super::layout;
use super::redacted_manifest;
use super::redacted_surroundings;
use super::redactor::Redactor;
use super::release_file::ReleaseFile;
use crate::manifest::parse::{self, ParsedDocuments};
use crate::model::{Cluster, Tool};
use crate::object::{Gvk, ObjectKey};
use crate::policy::Policy;
use crate::policy::redact::Redaction;
use crate::release::chart_part::ChartPart;
use crate::release::decode::{self, DecodeError};
use crate::release::record::Release;
use crate::release::stored::StoredRevision;
use crate::source::followed::{FollowedQuestion, FoundSettings, HelmChart};
use crate::source::surroundings::{Surroundings, SurroundingsQuestion};
use crate::source::{
    Capabilities, ChartHandler, ChartRecord, Inventory, Kinds, Lookup, ObjectHandler, ObjectRequest,
    ObjectSink, OwnedObjects, OwnedQuestion, ReadError, Record, RecordHandler, RevisionSet, ScaleTargets,
    Share, Source, TerminatingNamespace,
};
use crate::types::MAX_DOCUMENT;
use crate::weight::{self, Allowance, SMALL_VALUE, turn};
use crate::yaml::Limits;

/// A source that answers as another one does and writes the answers down.
///
/// Failing to write does not disturb the scan: [`Recorder::finish`] says so. Until then the directory is an
/// incomplete snapshot.
pub struct Recorder<S> {
    source: S,
    notes: Arc<Notes>,
}

/// How much a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotCounts {
    /// Release records, decoded or not.
    pub records: usize,
    /// Live objects.
    pub objects: usize,
    /// Charts of release records, with their values.
    pub charts: usize,
}

/// The answers so far.
struct Notes {
    folder: Folder,
    taken_at: DateTime<Utc>,
    redactor: Option<Redactor>,
    policy: Policy,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failure: Option<SnapshotError>,
    listings: Vec<RecordedListing>,
    kinds: Option<Result<Kinds, ReadError>>,
    releases: Releases,
    needed: BTreeSet<Gvk>,
    hooks: BTreeSet<String>,
    records: Answers<RecordKey, RecordOutcome>,
    objects: Answers<ObjectKey, ObjectOutcome>,
    schemas: Answers<String, SchemaOutcome>,
    scale_targets: Option<ScaleTargets>,
    owned: Option<Result<OwnedObjects, ReadError>>,
    terminating_namespaces: Vec<TerminatingNamespace>,
    surroundings: Option<Surroundings>,
    followed: Vec<FollowedEntry>,
    helm_charts: Vec<HelmChart>,
    capabilities: Option<Capabilities>,
    /// How many charts of records were written down.
    charts: usize,
}

/// The answers to the questions of one kind: a file, or another outcome. An answer that was read once is not taken back by
/// a later failure, and not written twice.
struct Answers<K, O> {
    files: BTreeSet<K>,
    outcomes: BTreeMap<K, O>,
}

impl<K, O> Default for Answers<K, O> {
    fn default() -> Self {
        Self {
            files: BTreeSet::new(),
            outcomes: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone, O> Answers<K, O> {
    /// Notes that there is a file, and returns whether it is still to be written.
    fn file(&mut self, key: &K) -> bool {
        self.outcomes.remove(key);
        self.files.insert(key.clone())
    }

    /// Notes an outcome without a file, and returns whether it is the first answer.
    fn outcome(&mut self, key: K, outcome: O) -> bool {
        !self.files.contains(&key) && self.outcomes.insert(key, outcome).is_none()
    }
}

impl State {
    /// The namespaces that are being deleted and that a record or an object of the snapshot is in: it must not name others.
    fn known_to_the_scan(&self) -> Vec<TerminatingNamespace> {
        let listed = self.listings.iter().flat_map(|listing| {
            let revisions = match &listing.answer {
                Recorded::Given(inventory) => &inventory.revisions[..],
                Recorded::Unreadable(_) => &[],
            };
            let records = revisions
                .iter()
                .map(|revision| revision.release.namespace.as_str());
            listing.namespaces.iter().map(String::as_str).chain(records)
        });
        let owned = self.owned.iter().flatten().flat_map(|owned| &owned.objects);
        let owned = owned.filter_map(|object| object.namespace.as_deref());
        let known: BTreeSet<&str> = listed.chain(owned).collect();
        let terminating = self.terminating_namespaces.iter();
        terminating
            .filter(|namespace| known.contains(namespace.name.as_str()))
            .cloned()
            .collect()
    }
}

impl<S: Source> Recorder<S> {
    /// Starts a snapshot in a new or empty directory. With a redaction, it holds tokens in place of the
    /// values that the redaction hides. The policy is that of the scan: it says which records may speak for other
    /// namespaces.
    pub fn create(
        source: S,
        directory: &Path,
        taken_at: DateTime<Utc>,
        redaction: Option<Redaction>,
        policy: Policy,
    ) -> Result<Self, SnapshotError> {
        let not_empty = || SnapshotError::NotEmpty {
            path: directory.to_owned(),
        };
        let folder = Folder::open_empty(directory).map_err(|error| match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => not_empty(),
            _ => unwritable(directory, error),
        })?;
        let folder = folder.ok_or_else(not_empty)?;
        Ok(Self {
            source,
            notes: Arc::new(Notes {
                folder,
                taken_at,
                redactor: redaction.map(Redactor::new).transpose()?,
                policy,
                state: Mutex::default(),
            }),
        })
    }

    /// Completes the snapshot, or says which file could not be written. The recorder may not be asked any more.
    pub fn finish(&self) -> Result<SnapshotCounts, SnapshotError> {
        self.notes.finish(self.source.cluster())
    }
}

impl<S: Source> Source for Recorder<S> {
    fn cluster(&self) -> Cluster {
        self.source.cluster()
    }

    /// The time that the snapshot says, so that it is judged as this scan judges.
    fn now(&self) -> DateTime<Utc> {
        self.notes.taken_at
    }

    async fn kinds(&self) -> Result<Kinds, ReadError> {
        let answer = self.source.kinds().await;
        self.notes.state().kinds = Some(answer.clone());
        answer
    }

    /// Passed on and not written down: which releases are in the snapshot says which namespaces it is about.
    async fn namespaces(&self) -> Result<Vec<String>, ReadError> {
        self.source.namespaces().await
    }

    async fn revisions(&self, namespaces: &[String], set: RevisionSet) -> Result<Inventory, ReadError> {
        let answer = self.source.revisions(namespaces, set).await;
        let listing = RecordedListing {
            namespaces: namespaces.to_vec(),
            answer: answer.clone().into(),
        };
        let mut state = self.notes.state();
        if !state
            .listings
            .last()
            .is_some_and(|last| last.answers(&listing, set))
        {
            state.listings.push(listing);
        }
        answer
    }

    async fn records(&self, wanted: Vec<StoredRevision>, handler: RecordHandler) {
        for revision in &wanted {
            self.notes.state().releases.add(&revision.release);
        }
        let notes = Arc::clone(&self.notes);
        let passed_on =
            move |revision: &StoredRevision, answer| handler(revision, notes.record(revision, answer));
        self.source.records(wanted, Arc::new(passed_on)).await;
    }

    async fn capabilities(&self, kinds: &Kinds) -> Capabilities {
        let answer = self.source.capabilities(kinds).await;
        self.notes.state().capabilities = Some(answer.clone());
        answer
    }

    /// Written down where the snapshot is to hold values.
    async fn charts(&self, wanted: Vec<StoredRevision>, handler: ChartHandler) {
        let notes = Arc::clone(&self.notes);
        let passed_on = move |revision: &StoredRevision, answer: Result<ChartRecord, ReadError>| {
            if let Ok(record) = &answer {
                notes.chart(revision, record);
            }
            handler(revision, answer);
        };
        self.source.charts(wanted, Arc::new(passed_on)).await;
    }

    async fn objects(&self, wanted: &[ObjectRequest], share: Share, handler: ObjectHandler) {
        let kinds = wanted.iter().map(|wanted| wanted.key.gvk.clone());
        self.notes.state().needed.extend(kinds);
        let passed_on = PassedOn {
            notes: Arc::clone(&self.notes),
            handler,
        };
        self.source.objects(wanted, share, Arc::new(passed_on)).await;
    }

    async fn scale_targets(&self, namespaces: &BTreeSet<String>, kinds: &Kinds) -> ScaleTargets {
        let answer = self.source.scale_targets(namespaces, kinds).await;
        // A scan asks once for each part of the namespaces.
        let mut state = self.notes.state();
        let known = state.scale_targets.get_or_insert_default();
        known.add(answer.clone());
        answer
    }

    async fn terminating_namespaces(&self) -> Result<Vec<TerminatingNamespace>, ReadError> {
        let answer = self.source.terminating_namespaces().await;
        self.notes.state().terminating_namespaces = answer.clone().unwrap_or_default();
        answer
    }

    async fn owned(&self, question: &OwnedQuestion, kinds: &Kinds) -> Result<OwnedObjects, ReadError> {
        let answer = self.source.owned(question, kinds).await;
        self.notes.state().owned = Some(answer.clone());
        answer
    }

    async fn followed(&self, questions: &[FollowedQuestion], kinds: &Kinds) -> Vec<FoundSettings> {
        let answers = self.source.followed(questions, kinds).await;
        let entries = questions
            .iter()
            .zip(&answers)
            .map(|(question, answer)| FollowedEntry {
                release: question.release.clone(),
                followed: question.followed.clone(),
                answer: answer.clone().into(),
            });
        self.notes.state().followed.extend(entries);
        answers
    }

    async fn helm_charts(&self, kinds: &Kinds) -> Result<Vec<HelmChart>, ReadError> {
        let answer = self.source.helm_charts(kinds).await;
        self.notes.state().helm_charts = answer.clone().unwrap_or_default();
        answer
    }

    async fn surroundings(&self, question: &SurroundingsQuestion, kinds: &Kinds) -> Surroundings {
        let answer = self.source.surroundings(question, kinds).await;
        let mut written = answer.clone();
        if let Some(redactor) = &self.notes.redactor {
            redacted_surroundings::redact(redactor, &mut written);
        }
        // There is one question for each operation.
        let mut state = self.notes.state();
        state.surroundings.get_or_insert_default().add(written);
        answer
    }

    async fn schema(&self, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let answer = self.source.schema(api_version).await;
        self.notes.schema(api_version, &answer);
        answer
    }
}

/// Writes objects down and passes them on.
struct PassedOn {
    notes: Arc<Notes>,
    handler: ObjectHandler,
}

impl ObjectSink for PassedOn {
    fn take(&self, key: &ObjectKey, lookup: Lookup<'_>) {
        self.notes.object(key, &lookup);
        self.handler.take(key, lookup);
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        self.handler.room()
    }
}

impl Notes {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decodes a record and writes it down; passes on what it decoded, so that nobody does it twice.
    fn record(
        &self,
        revision: &StoredRevision,
        answer: Result<Record, ReadError>,
    ) -> Result<Record, ReadError> {
        let mut payload = None;
        let answer = answer.map(|record| match record {
            Record::Encoded(bytes) => match decode::decode(&bytes, decode::MAX_DECODED_BYTES) {
                Ok(release) => Record::Decoded(Box::new(release)),
                Err(error) => {
                    payload = Some(bytes);
                    Record::Undecodable(error)
                }
            },
            Record::Decoded(_) | Record::Undecodable(_) => record,
        });
        let key = RecordKey::of(revision);
        if let Ok(Record::Decoded(release)) = &answer {
            let mut state = self.state();
            state.releases.add_claim(&revision.release, release, &self.policy);
        }
        match &answer {
            Ok(Record::Decoded(release)) => match self.without_secrets(release) {
                Ok(written) => {
                    if self.need(release, &key) {
                        self.write(&layout::record(revision), &json(&ReleaseFile::from(written)));
                    }
                }
                Err(error) => {
                    self.undecodable(key, &error);
                }
            },
            Ok(Record::Undecodable(error)) => {
                let is_new = self.undecodable(key, error);
                if let Some(payload) = payload.filter(|_| is_new && self.redactor.is_none()) {
                    self.write(&layout::payload(revision), &payload);
                }
            }
            // Encoded records are gone by now.
            Ok(Record::Encoded(_)) => {}
            Err(error) => {
                let outcome = RecordOutcome::Unreadable(error.clone());
                self.state().records.outcome(key, outcome);
            }
        }
        answer
    }

    /// Writes down the chart and the values of a record. One that cannot be read is not in the snapshot.
    fn chart(&self, revision: &StoredRevision, record: &ChartRecord) {
        // Tokens in place of values would make other templates of them.
        if self.redactor.is_some() {
            return;
        }
        let part = match record {
            ChartRecord::Encoded(payload) => ChartPart::decode(payload, decode::MAX_DECODED_BYTES),
            ChartRecord::Json(json) => ChartPart::from_json(json, decode::MAX_DECODED_BYTES),
        };
        match part {
            Ok(part) => {
                self.state().charts += 1;
                self.write(
                    &layout::chart(revision),
                    &serde_json::to_vec(&part).unwrap_or_default(),
                );
            }
            Err(error) => tracing::warn!(%error, "the chart of a release is not in the snapshot"),
        }
    }

    fn undecodable(&self, key: RecordKey, error: &DecodeError) -> bool {
        let outcome = RecordOutcome::Undecodable(error.to_string());
        self.state().records.outcome(key, outcome)
    }

    /// The release as it is written. A manifest that cannot be read cannot be redacted either, and a scan learns
    /// nothing from it but that.
    fn without_secrets(&self, release: &Release) -> Result<Release, DecodeError> {
        let mut release = release.clone();
        parse::locate_hooks(
            release.hooks.as_deref_mut().unwrap_or_default(),
            &mut ParsedDocuments::default(),
        );
        if let Some(redactor) = &self.redactor {
            let manifest = release.manifest.as_deref().unwrap_or_default();
            let (text, replaced) =
                redacted_manifest::redact(redactor, manifest).map_err(DecodeError::Manifest)?;
            release.manifest = release.manifest.is_some().then_some(text);
            release.info.description = redactor.sentence(&replaced, release.info.description);
        }
        Ok(release)
    }

    /// Notes which kinds a release names, and returns whether its record is still to be written.
    fn need(&self, release: &Release, key: &RecordKey) -> bool {
        let manifest = release.manifest.as_deref().unwrap_or_default();
        let objects = parse::objects(manifest, &Limits::default()).unwrap_or_default();
        let mut state = self.state();
        state.needed.extend(objects.into_iter().map(|object| object.gvk));
        let hooks = release.hooks.iter().flatten();
        state.hooks.extend(hooks.map(|hook| hook.kind.clone()));
        state.records.file(key)
    }

    fn object(&self, key: &ObjectKey, lookup: &Lookup<'_>) {
        let _turn = (lookup.weight() > SMALL_VALUE).then(turn);
        let outcome = match lookup {
            Lookup::Found(text) => match weight::json::value(text) {
                Ok(mut object) => {
                    let disclosed = self.state().releases.disclose(key, &object);
                    match disclosed {
                        Disclosed::Whole => {}
                        Disclosed::Owner(stub) => object = stub,
                        Disclosed::Nothing => {
                            self.state().objects.outcome(key.clone(), ObjectOutcome::NotFound);
                            return;
                        }
                    }
                    if let Some(redactor) = &self.redactor {
                        redactor.object(&key.gvk, &mut object);
                    }
                    if self.state().objects.file(key) {
                        self.write(&layout::object(key), &json(&object));
                    }
                    return;
                }
                Err(error) => ObjectOutcome::Unreadable(ReadError::Malformed {
                    reason: error.to_string(),
                }),
            },
            Lookup::NotFound => ObjectOutcome::NotFound,
            Lookup::Unreadable(error) => ObjectOutcome::Unreadable((*error).clone()),
        };
        self.state().objects.outcome(key.clone(), outcome);
    }

    fn schema(&self, api_version: &str, answer: &Result<Option<Vec<u8>>, ReadError>) {
        let key = api_version.to_owned();
        match answer {
            Ok(Some(document)) => {
                if self.state().schemas.file(&key) {
                    let readable = readable(document);
                    self.write(
                        &layout::schema(api_version),
                        readable.as_ref().unwrap_or(document),
                    );
                }
            }
            Ok(None) => {
                self.state().schemas.outcome(key, SchemaOutcome::NotPublished);
            }
            Err(error) => {
                let outcome = SchemaOutcome::Unreadable(error.clone());
                self.state().schemas.outcome(key, outcome);
            }
        }
    }

    /// Writes a file, unless writing has failed before: a full disk does not get emptier by trying.
    fn write(&self, file: &Path, bytes: &[u8]) {
        if self.state().failure.is_some() {
            return;
        }
        if let Err(error) = self.folder.write(file, bytes) {
            let error = unwritable(&self.folder.path_of(file), error);
            self.state().failure.get_or_insert(error);
        }
    }

    fn finish(&self, cluster: Cluster) -> Result<SnapshotCounts, SnapshotError> {
        let state = self.state();
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        let is_needed = |gvk: &Gvk| state.needed.contains(gvk) || state.hooks.contains(&gvk.kind);
        let index = Index {
            format: FORMAT.to_owned(),
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            cluster,
            taken_at: self.taken_at,
            values: match &self.redactor {
                None => SensitiveValues::Kept,
                Some(_) => SensitiveValues::Redacted,
            },
            listings: state.listings.clone(),
            kinds: state.kinds.as_ref().map(|answer| match answer {
                Ok(kinds) => Recorded::Given(NeededKinds::select(kinds, is_needed)),
                Err(error) => Recorded::Unreadable(error.clone()),
            }),
            records: entries(&state.records, |record, outcome| RecordEntry {
                record: record.clone(),
                outcome,
            }),
            objects: entries(&state.objects, ObjectEntry::new),
            schemas: entries(&state.schemas, |api_version, outcome| SchemaEntry {
                api_version: api_version.clone(),
                outcome,
            }),
            owned: state.owned.clone().map(Recorded::from),
            terminating_namespaces: state.known_to_the_scan(),
            surroundings: state.surroundings.clone(),
            followed: state.followed.clone(),
            // Those of other releases are nobody's concern.
            helm_charts: {
                let charts = state.helm_charts.iter();
                let own = charts.filter(|chart| state.releases.has(&chart.name, &chart.installs_into));
                own.cloned().collect()
            },
            capabilities: state.capabilities.clone(),
            scale_targets: state.scale_targets.clone().map(|mut targets| {
                // The index must not name objects that the snapshot does not hold.
                targets.retain(&state.objects.files);
                targets
            }),
        };
        let partial = format!("{}.partial", layout::INDEX);
        let unwritable = |error| unwritable(&self.folder.path_of(Path::new(layout::INDEX)), error);
        self.folder
            .write(Path::new(&partial), &json(&index))
            .map_err(unwritable)?;
        self.folder.rename(&partial, layout::INDEX).map_err(unwritable)?;
        Ok(SnapshotCounts {
            records: state.records.files.len() + state.records.outcomes.len(),
            objects: state.objects.files.len(),
            charts: state.charts,
        })
    }
}

fn entries<K, O: Clone, E>(answers: &Answers<K, O>, entry: impl Fn(&K, O) -> E) -> Vec<E> {
    answers
        .outcomes
        .iter()
        .map(|(key, outcome)| entry(key, outcome.clone()))
        .collect()
}

/// A document for people: servers send it on one line, and most of it describes requests. `None` where it is no JSON, or
/// takes more memory than any document that is used.
fn readable(document: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(document).ok()?;
    let _turn = (weight::json::weigh(text) > SMALL_VALUE).then(turn);
    let allowance = Allowance::new(MAX_DOCUMENT);
    let mut document =
        weight::json::within(&mut serde_json::Deserializer::from_str(text), &allowance).ok()?;
    document.as_object_mut().map(|document| document.remove("paths"));
    Some(json(&document))
}

/// Pretty-printed, so that snapshots can be read and compared.
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    // Only maps with keys that are no text cannot be written, and there are none.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn unwritable(path: &Path, error: io::Error) -> SnapshotError {
    SnapshotError::Write {
        path: path.to_owned(),
        source: Arc::new(error),
    }
}
