//! The records of releases, decoded into the objects of each revision that a scan needs.
//!
//! Records arrive in any order, on several threads. Each is decoded as it arrives, because what it decodes to is
//! smaller than the record, which holds the chart as well; a release is complete when all that it needs are there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use crate::health::{self, RecordFacts};
use crate::manifest::parse::{self, ManifestObject, ParsedDocuments};
use crate::model;
use crate::model::Health;
use crate::release::decode::{self, DecodeError};
use crate::release::history::Depth;
use crate::release::history::History;
use crate::release::record::Release;
use crate::release::stored::{ReleaseKey, StoredRevision};
use crate::source::{ReadError, Record};
use crate::vocabulary::{ApplyMethod, HealthCode, HealthSeverity};
use crate::yaml::Limits;

/// One decoded revision.
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
    /// The facts of every record that was read, by revision.
    pub(super) records: BTreeMap<u64, RecordFacts>,
    /// Records that could not be read, and records that contradict their metadata.
    pub(super) health: Vec<Health>,
}

impl Loaded {
    /// Every revision that was decoded, the baseline first.
    pub(super) fn revisions(&self) -> impl Iterator<Item = &DecodedRevision> {
        self.baseline.iter().chain(&self.attempted).chain(&self.previous)
    }

    /// Notes the facts of a record, and returns the revision that it holds.
    fn note(&mut self, read: ReadRecord) -> Option<DecodedRevision> {
        self.health.extend(read.health);
        self.records.extend(read.facts.map(|facts| (read.number, facts)));
        read.revision
    }
}

/// The releases that are being read.
pub(super) struct Loading {
    max_bytes: u64,
    positions: HashMap<ReleaseKey, usize>,
    releases: Vec<Mutex<LoadingRelease>>,
}

/// One release that is being read.
struct LoadingRelease {
    history: History,
    /// The records that were read, by the names of their objects.
    read: HashMap<String, ReadRecord>,
    /// How many records are still to come.
    missing: usize,
    documents: ParsedDocuments,
}

/// One record that was read, or could not be.
#[derive(Default)]
struct ReadRecord {
    /// The number of its revision.
    number: u64,
    revision: Option<DecodedRevision>,
    facts: Option<RecordFacts>,
    health: Vec<Health>,
    /// A snapshot does not have it.
    is_unrecorded: bool,
}

impl Loading {
    pub(super) fn new(histories: Vec<History>, max_bytes: u64, depth: Depth) -> Self {
        let loading = |history: History| LoadingRelease {
            read: HashMap::new(),
            missing: history.records_needed(depth).count(),
            history,
            documents: ParsedDocuments::default(),
        };
        Self {
            max_bytes,
            positions: histories
                .iter()
                .enumerate()
                .map(|(position, history)| (history.key.clone(), position))
                .collect(),
            releases: histories.into_iter().map(loading).map(Mutex::new).collect(),
        }
    }

    /// Takes a record in. When it is the last of its release, the release at that position is loaded.
    pub(super) fn accept(
        &self,
        stored: &StoredRevision,
        answer: Result<Record, ReadError>,
    ) -> Option<(usize, Loaded)> {
        let position = *self.positions.get(&stored.release)?;
        // Revisions of one release take turns: the second one finds most of its documents read.
        let mut release = self.releases[position]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let read = read_record(stored, answer, self.max_bytes, &mut release.documents);
        release.read.insert(stored.object.clone(), read);
        release.missing = release.missing.saturating_sub(1);
        (release.missing == 0).then(|| (position, release.finish()))
    }
}

impl LoadingRelease {
    /// Sorts the records by what the comparison needs them for.
    fn finish(&mut self) -> Loaded {
        self.documents = ParsedDocuments::default();
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
        for stored in history.revisions() {
            // Of the other revisions only the facts are kept.
            loaded.note(take(stored));
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
                ..ReadRecord::default()
            };
        }
    };
    // A defect that one record brings to light is that record's; the documents read so far are whole.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        decode_record(stored, record, max_bytes, documents)
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
            let facts = record_facts(&mut release);
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
                health,
            }
        }
        Err(error) => ReadRecord {
            number: stored.revision,
            health: vec![health::undecodable(stored, &error)],
            ..ReadRecord::default()
        },
    }
}

/// The facts that a diagnosis needs of a record.
fn record_facts(release: &mut Release) -> RecordFacts {
    let chart = release.chart.as_ref();
    let metadata = chart.and_then(|chart| chart.metadata.as_ref());
    RecordFacts {
        chart: metadata.map(|chart| model::Chart {
            name: chart.name.clone(),
            version: chart.version.clone(),
        }),
        crds: chart.map(|chart| chart.crds.clone()).unwrap_or_default(),
        description: std::mem::take(&mut release.info.description),
        deployed_at: release.info.last_deployed,
        bytes: release.stored_bytes,
        hooks: release.hooks.take().unwrap_or_default(),
    }
}

fn decode_record(
    stored: &StoredRevision,
    record: Record,
    max_bytes: u64,
    documents: &mut ParsedDocuments,
) -> Result<(Release, Vec<ManifestObject>), DecodeError> {
    let mut release = match record {
        Record::Encoded(payload) => decode::decode(&payload, max_bytes)?,
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
