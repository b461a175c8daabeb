//! The records of releases, decoded into the objects of each revision that a scan needs.
//!
//! Records arrive in any order, on several threads. Each is decoded as it arrives, because what it decodes to is
//! smaller than the record, which holds the chart as well; a release is complete when all that it needs are there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::decoders::Decoders;
use super::weight::ReleaseWeight;
use crate::health::{self, RecordFacts};
use crate::manifest::parse::{self, ManifestObject, ParsedDocuments};
use crate::model;
use crate::model::Health;
use crate::object::ObjectKey;
use crate::preview::RecordAccess;
use crate::release::decode::{self, DecodeError};
use crate::release::history::Depth;
use crate::release::history::History;
use crate::release::record::Release;
use crate::release::stored::{ReleaseKey, StoredRevision};
use crate::source::{ReadError, Record};
use crate::vocabulary::{ApplyMethod, HealthCode, HealthSeverity};
use crate::weight::at_once;
use crate::yaml::Limits;

/// One decoded revision.
#[derive(Clone)]
pub(super) struct DecodedRevision {
    pub(super) number: u64,
    pub(super) namespace: String,
    pub(super) deployed_at: Option<chrono::DateTime<chrono::Utc>>,
    pub(super) method: ApplyMethod,
    pub(super) objects: Vec<ManifestObject>,
}

/// The records of a release that could be read.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) baseline: Option<DecodedRevision>,
    pub(super) previous: Option<DecodedRevision>,
    /// Newest first.
    pub(super) attempted: Vec<DecodedRevision>,
    /// Failed ones below the baseline, newest first.
    pub(super) abandoned: Vec<DecodedRevision>,
    /// The revision that a rollback goes to, where one is previewed.
    pub(super) target: Option<DecodedRevision>,
    /// The one that a rollback returns to where none is deployed.
    pub(super) good: Option<DecodedRevision>,
    /// The objects that this one has and the newest does not, which are not looked at.
    pub(super) only_good: Vec<ObjectKey>,
    /// The facts of every record that was read, by revision.
    pub(super) records: BTreeMap<u64, RecordFacts>,
    /// Records that could not be read, and records that contradict their metadata.
    pub(super) health: Vec<Health>,
    /// The records that could not be used, by revision.
    pub(super) unused: BTreeMap<u64, RecordAccess>,
}

impl Loaded {
    /// Every revision that was decoded, the baseline first.
    pub(super) fn revisions(&self) -> impl Iterator<Item = &DecodedRevision> {
        self.baseline.iter().chain(&self.attempted).chain(&self.previous)
    }

    /// A revision that was decoded.
    pub(super) fn decoded(&self, number: u64) -> Option<&DecodedRevision> {
        let mut revisions = self.revisions().chain(&self.abandoned).chain(&self.target);
        revisions.find(|revision| revision.number == number)
    }

    /// A release whose revisions together are more than is held of one release. Which of them fit would depend on the order
    /// of their arrival, so it has none.
    fn too_large(limit: usize) -> Self {
        let message = format!(
            "too large: its manifests decode to more than {} MiB, the most that is read of one release",
            limit >> 20
        );
        Self {
            health: vec![health::remark(
                HealthCode::Undecodable,
                HealthSeverity::Critical,
                message,
            )],
            ..Self::default()
        }
    }

    /// Notes the facts of a record, and returns the revision that it holds.
    fn note(&mut self, read: ReadRecord) -> Option<DecodedRevision> {
        self.health.extend(read.health);
        self.unused
            .extend(read.unused.map(|access| (read.number, access)));
        self.records.extend(read.facts.map(|facts| (read.number, facts)));
        read.revision
    }
}

/// What the records that are being read may come to, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoadLimits {
    /// One decoded record.
    pub(super) record: u64,
    /// The decoded revisions of one release.
    pub(super) release: usize,
    /// All of them; `None` for a single release, which has to fit.
    pub(super) batch: Option<usize>,
}

/// The releases of a batch, while their records are read.
pub(super) struct Loading {
    limits: LoadLimits,
    positions: HashMap<ReleaseKey, usize>,
    releases: Vec<Mutex<LoadingRelease>>,
    decoders: Decoders,
    progress: Mutex<BatchProgress>,
    full: Notify,
}

/// How far a batch has come.
#[derive(Default)]
struct BatchProgress {
    /// Nothing more is taken in.
    is_closed: bool,
    /// The positions in the batch of the releases that are loaded.
    loaded: HashSet<usize>,
    /// How many records were decoded.
    records: usize,
    /// What the batch takes, with the releases of which records are missing.
    bytes: usize,
    /// What the loaded releases take.
    loaded_bytes: usize,
}

/// What became of a batch.
pub(super) struct LoadedBatch {
    /// The positions in the batch of the releases that are loaded.
    pub(super) loaded: HashSet<usize>,
    /// Whether there was no room for the others, so that they have to be read again.
    pub(super) is_full: bool,
    /// How many records were decoded.
    pub(super) records: usize,
    /// What all of them took.
    pub(super) bytes: usize,
    /// What the loaded releases take.
    pub(super) loaded_bytes: usize,
}

/// One release that is being read.
struct LoadingRelease {
    history: Arc<History>,
    depth: Depth,
    /// The records that were read, by the names of their objects.
    read: HashMap<String, ReadRecord>,
    /// How many records are still to come.
    missing: usize,
    documents: ParsedDocuments,
    weight: ReleaseWeight,
}

/// One record that was read, or could not be.
#[derive(Default)]
struct ReadRecord {
    /// The number of its revision.
    number: u64,
    revision: Option<DecodedRevision>,
    facts: Option<RecordFacts>,
    health: Vec<Health>,
    /// Why it cannot be used.
    unused: Option<RecordAccess>,
    /// A snapshot does not have it.
    is_unrecorded: bool,
}

impl Loading {
    pub(super) fn new(histories: Vec<Arc<History>>, limits: LoadLimits, depth: Depth) -> Self {
        let loading = |history: Arc<History>| LoadingRelease {
            read: HashMap::new(),
            missing: history.records_needed(depth).count(),
            history,
            depth,
            documents: ParsedDocuments::default(),
            weight: ReleaseWeight::default(),
        };
        Self {
            limits,
            positions: histories
                .iter()
                .enumerate()
                .map(|(position, history)| (history.key.clone(), position))
                .collect(),
            releases: histories.into_iter().map(loading).map(Mutex::new).collect(),
            decoders: Decoders::new(at_once()),
            progress: Mutex::default(),
            full: Notify::new(),
        }
    }

    /// Takes a record in. When it is the last of its release, or the release is too large, the release is handed on with
    /// its position in the batch.
    pub(super) fn accept(
        &self,
        stored: &StoredRevision,
        answer: Result<Record, ReadError>,
        hand_on: impl FnOnce(usize, Loaded),
    ) {
        let Some(&position) = self.positions.get(&stored.release) else {
            return;
        };
        if self.progress().is_closed {
            return;
        }
        // Revisions of one release take turns: the second one finds most of its documents read.
        let mut release = self.releases[position]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if release.missing == 0 {
            return;
        }
        // The next upgrade renders the chart of the deployed revision again, and none of the others.
        let is_baseline = release
            .history
            .baseline()
            .is_some_and(|baseline| baseline.object == stored.object);
        let decode = if is_baseline {
            decode::decode
        } else {
            decode::decode_without_variations
        };
        let read = {
            let _decoder = self.decoders.wait();
            read_record(stored, answer, decode, self.limits.record, &mut release.documents)
        };
        let before = release.weight.whole();
        let objects = read.revision.as_ref().map(|revision| revision.objects.as_slice());
        let grown = release
            .weight
            .add(objects.unwrap_or_default(), read.facts.as_ref());
        release.read.insert(stored.object.clone(), read);
        release.missing -= 1;
        let loaded = if release.weight.kept > self.limits.release {
            release.refuse();
            Some(Loaded::too_large(self.limits.release))
        } else {
            (release.missing == 0).then(|| release.finish())
        };
        let mut progress = self.progress();
        progress.records += 1;
        progress.bytes += grown;
        if let Some(loaded) = loaded
            && !progress.is_closed
        {
            progress.bytes -= (before + grown) - release.weight.whole();
            progress.loaded_bytes += release.weight.whole();
            progress.loaded.insert(position);
            hand_on(position, loaded);
        }
        if self.limits.batch.is_some_and(|most| progress.bytes > most) {
            progress.is_closed = true;
            self.full.notify_one();
        }
    }

    /// Resolves when there is no room for more records.
    pub(super) async fn full(&self) {
        self.full.notified().await;
    }

    /// Ends the batch: records that are still under way are not taken in.
    pub(super) fn close(&self) -> LoadedBatch {
        let mut progress = self.progress();
        let is_full = std::mem::replace(&mut progress.is_closed, true);
        LoadedBatch {
            loaded: std::mem::take(&mut progress.loaded),
            is_full,
            records: progress.records,
            bytes: progress.bytes,
            loaded_bytes: progress.loaded_bytes,
        }
    }

    fn progress(&self) -> MutexGuard<'_, BatchProgress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoadingRelease {
    /// Drops everything that was read, and takes no more.
    fn refuse(&mut self) {
        self.read = HashMap::new();
        self.documents = ParsedDocuments::default();
        self.weight = ReleaseWeight::default();
        self.missing = 0;
    }

    /// Sorts the records by what the comparison needs them for.
    fn finish(&mut self) -> Loaded {
        self.documents = ParsedDocuments::default();
        self.weight.documents = 0;
        self.lower_old_records();
        let (history, read) = (&self.history, &mut self.read);
        let mut take = |stored: &StoredRevision| read.remove(&stored.object).unwrap_or_default();
        let mut loaded = Loaded::default();
        if let Some(stored) = history.baseline() {
            loaded.baseline = loaded.note(take(stored));
            if loaded.baseline.is_none() {
                return loaded;
            }
        }
        if let Some(stored) = history.previous() {
            loaded.previous = loaded.note(take(stored));
        }
        for stored in history.attempted() {
            let revision = loaded.note(take(stored));
            loaded.attempted.extend(revision);
        }
        for stored in history.abandoned() {
            let revision = loaded.note(take(stored));
            loaded.abandoned.extend(revision);
        }
        loaded.target = match self.depth {
            Depth::Comparison | Depth::History => None,
            Depth::Rollback(asked) => history.rollback_target(asked).and_then(|stored| {
                let known = loaded.decoded(stored.revision).cloned();
                known.or_else(|| loaded.note(take(stored)))
            }),
        };
        let mut others = Vec::new();
        for stored in history.revisions() {
            let revision = loaded.note(take(stored));
            others.extend(revision);
        }
        // Of the other revisions only the facts are kept.
        if loaded.baseline.is_none() {
            loaded.good = health::good_revision(history, &loaded.records).and_then(|good| {
                let other = others.into_iter().find(|revision| revision.number == good);
                other.or_else(|| loaded.decoded(good).cloned())
            });
        }
        loaded
    }

    /// Lowers the severity of health entries about records that no comparison needs: Helm passes over records that it
    /// cannot read.
    fn lower_old_records(&mut self) {
        let compared: HashSet<u64> = self
            .history
            .records_needed(Depth::Comparison)
            .map(|stored| stored.revision)
            .collect();
        for read in self.read.values_mut() {
            if compared.contains(&read.number) {
                continue;
            }
            if read.is_unrecorded {
                // A snapshot has every record that a comparison needs, and no others.
                read.health.clear();
            }
            for entry in &mut read.health {
                entry.severity = HealthSeverity::Info;
                entry.advice.clear();
            }
        }
    }
}

/// Decodes one record.
fn read_record(
    stored: &StoredRevision,
    answer: Result<Record, ReadError>,
    decode: Decode,
    max_bytes: u64,
    documents: &mut ParsedDocuments,
) -> ReadRecord {
    let record = match answer {
        Ok(record) => record,
        Err(error) => {
            let release = &stored.release;
            let message = format!(
                "revision {} cannot be read: {} {}/{}: {error}",
                stored.revision, release.driver, release.namespace, stored.object
            );
            let remark = health::remark(HealthCode::Undecodable, HealthSeverity::Warning, message);
            return ReadRecord {
                number: stored.revision,
                is_unrecorded: matches!(error, ReadError::NotRecorded),
                health: vec![remark],
                unused: Some(RecordAccess::Unread(error.to_string())),
                ..ReadRecord::default()
            };
        }
    };
    // A defect that one record brings to light is that record's; the documents read so far are whole.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        decode_record(stored, record, decode, max_bytes, documents)
    }));
    let decoded =
        decoded.unwrap_or_else(|_| Err(DecodeError::Recorded("the decoder failed on it".to_owned())));
    match decoded {
        Ok((mut release, objects)) => {
            let namespace = if release.namespace.is_empty() {
                stored.release.namespace.clone()
            } else {
                release.namespace.clone()
            };
            let health = mismatch(stored, &release).into_iter().collect();
            let facts = record_facts(&mut release, number_of(&objects));
            let revision = DecodedRevision {
                number: stored.revision,
                namespace,
                deployed_at: release.info.last_deployed,
                method: release.apply_method(),
                objects,
            };
            ReadRecord {
                number: stored.revision,
                revision: Some(revision),
                facts: Some(facts),
                is_unrecorded: false,
                unused: None,
                health,
            }
        }
        Err(error) => ReadRecord {
            number: stored.revision,
            health: vec![health::undecodable(stored, &error)],
            unused: Some(RecordAccess::Undecodable(error.to_string())),
            ..ReadRecord::default()
        },
    }
}

/// The facts that a diagnosis needs of a record.
fn record_facts(release: &mut Release, manifest: u64) -> RecordFacts {
    let variations = release
        .chart
        .as_mut()
        .map(|chart| std::mem::take(&mut chart.variations));
    let chart = release.chart.as_ref();
    let metadata = chart.and_then(|chart| chart.metadata.as_ref());
    RecordFacts {
        chart: metadata.map(|chart| model::Chart {
            name: chart.name.clone(),
            version: chart.version.clone(),
        }),
        crds: chart.map(|chart| chart.crds.clone()).unwrap_or_default(),
        variations: variations.unwrap_or_default(),
        description: std::mem::take(&mut release.info.description),
        apply_method: release
            .apply_method
            .as_deref()
            .and_then(|method| method.parse().ok()),
        manifest: Some(manifest),
        rollback_revision: release.info.rollback_revision,
        deployed_at: release.info.last_deployed,
        bytes: release.stored_bytes,
        hooks: release.hooks.take().unwrap_or_default(),
    }
}

/// A number that manifests with the same objects share.
fn number_of(objects: &[ManifestObject]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for object in objects {
        (&object.namespace, &object.body).hash(&mut hasher);
    }
    hasher.finish()
}

/// How much of a record is decoded: [`decode::decode`] or [`decode::decode_without_variations`].
pub(super) type Decode = fn(&[u8], u64) -> Result<Release, DecodeError>;

/// Decodes a record into its release and the objects of its manifest.
pub(super) fn decode_record(
    stored: &StoredRevision,
    record: Record,
    decode: Decode,
    max_bytes: u64,
    documents: &mut ParsedDocuments,
) -> Result<(Release, Vec<ManifestObject>), DecodeError> {
    let mut release = match record {
        Record::Encoded(payload) => decode(&payload, max_bytes)?,
        Record::Decoded(release) => *release,
        Record::Undecodable(error) => return Err(error),
    };
    check_identity(stored, &release)?;
    let manifest = release.manifest.take().unwrap_or_default();
    parse::locate_hooks(release.hooks.as_deref_mut().unwrap_or_default(), documents);
    let objects = parse::objects_sharing(&manifest, &Limits::default(), documents)
        .map_err(|error| DecodeError::Manifest(error.to_string()))?;
    Ok((release, objects))
}

/// Checks that a record says something, and that it is the record of the object that holds it. The API server vouches for
/// the object's name alone, and what a record says of another release is not this one's.
fn check_identity(stored: &StoredRevision, release: &Release) -> Result<(), DecodeError> {
    if let Some(what) = release.lacks() {
        return Err(DecodeError::Incomplete { what });
    }
    if release.name != stored.release.name {
        let what = "another release";
        return Err(DecodeError::Another { what });
    }
    if release.version != stored.revision {
        let what = "another revision";
        return Err(DecodeError::Another { what });
    }
    Ok(())
}

/// The contradiction between a record and the status label of the object that holds it.
fn mismatch(stored: &StoredRevision, release: &Release) -> Option<Health> {
    (release.info.status != stored.status.as_str()).then(|| {
        let message = format!(
            "the record in {} {} names another status than its label",
            stored.release.driver, stored.object
        );
        health::remark(HealthCode::IdentityMismatch, HealthSeverity::Warning, message)
    })
}

#[cfg(test)]
mod tests;
