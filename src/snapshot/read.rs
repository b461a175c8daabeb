//! A snapshot as a source: the same questions, answered from files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::index::{
    FORMAT, Index, ObjectOutcome, RecordKey, RecordOutcome, Recorded, RecordedListing, SchemaOutcome,
    SensitiveValues,
};
use super::release_file::ReleaseFile;
use super::{SnapshotError, json_problem, layout};
use crate::model::{Cluster, ReportError, Tool};
use crate::object::ObjectKey;
use crate::release::decode::DecodeError;
use crate::release::record::Release;
use crate::release::stored::StoredRevision;
use crate::source::{
    Inventory, Kinds, Lookup, ObjectHandler, ObjectRequest, ReadError, Record, RecordHandler, ScaleTargets,
    Share, Source,
};

/// How many files one thread reads in turn, and how many threads do at once.
const BATCH: usize = 64;
const BATCHES: usize = 4;

/// A snapshot to scan.
pub struct SnapshotSource {
    files: Arc<Files>,
    index: Index,
    /// How often the revisions were listed.
    listed: AtomicUsize,
}

struct Files {
    directory: PathBuf,
    records: BTreeMap<RecordKey, RecordOutcome>,
    objects: HashMap<ObjectKey, ObjectOutcome>,
    schemas: BTreeMap<String, SchemaOutcome>,
}

impl SnapshotSource {
    /// Opens the snapshot in a directory.
    pub fn open(directory: &Path) -> Result<Self, SnapshotError> {
        let path = directory.join(layout::INDEX);
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if directory.is_dir() => SnapshotError::Incomplete {
                path: directory.to_owned(),
            },
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SnapshotError::Missing {
                path: directory.to_owned(),
            },
            _ => SnapshotError::Read {
                path: path.clone(),
                source: Arc::new(error),
            },
        })?;
        let mut index = parse_index(&path, &bytes)?;
        let files = Files {
            directory: directory.to_owned(),
            records: index
                .records
                .drain(..)
                .map(|entry| (entry.record, entry.outcome))
                .collect(),
            objects: index
                .objects
                .drain(..)
                .map(|entry| (entry.key(), entry.outcome))
                .collect(),
            schemas: index
                .schemas
                .drain(..)
                .map(|entry| (entry.api_version, entry.outcome))
                .collect(),
        };
        Ok(Self {
            files: Arc::new(files),
            index,
            listed: AtomicUsize::new(0),
        })
    }

    /// When it was taken.
    pub fn taken_at(&self) -> DateTime<Utc> {
        self.index.taken_at
    }

    /// The program that took it.
    pub fn tool(&self) -> &Tool {
        &self.index.tool
    }

    /// Whether it holds the sensitive values.
    pub fn values(&self) -> SensitiveValues {
        self.index.values
    }
}

fn parse_index(path: &Path, bytes: &[u8]) -> Result<Index, SnapshotError> {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    let broken = |error: serde_json::Error| SnapshotError::Broken {
        path: path.to_owned(),
        what: json_problem(&error),
        line: error.line(),
        column: error.column(),
    };
    let Format { format } = serde_json::from_slice(bytes).map_err(broken)?;
    if format != FORMAT {
        let version = format
            .strip_prefix("driftline.snapshot/v")
            .filter(|version| version.len() < 8 && version.bytes().all(|byte| byte.is_ascii_digit()));
        return Err(SnapshotError::Format {
            path: path.to_owned(),
            found: version.map_or_else(|| "another format".to_owned(), |_| format.clone()),
        });
    }
    serde_json::from_slice(bytes).map_err(broken)
}

impl Source for SnapshotSource {
    fn cluster(&self) -> Cluster {
        self.index.cluster.clone()
    }

    /// When it was taken, so that what was in progress then is not stuck by now.
    fn now(&self) -> DateTime<Utc> {
        self.taken_at()
    }

    async fn kinds(&self) -> Result<Kinds, ReadError> {
        match &self.index.kinds {
            Some(Recorded::Given(kinds)) => Ok(kinds.kinds()),
            Some(Recorded::Unreadable(error)) => Err(error.clone()),
            None => Err(ReadError::NotRecorded),
        }
    }

    /// The listings in the order in which they were made, and then the last one again and again.
    async fn revisions(&self, namespaces: &[String]) -> Result<Inventory, ReadError> {
        let position = self.listed.fetch_add(1, Ordering::Relaxed);
        let listings = &self.index.listings;
        let listing = listings.get(position).or(listings.last());
        listing.map_or(Err(ReadError::NotRecorded), |listing| {
            limit_to(listing, namespaces)
        })
    }

    async fn records(&self, wanted: Vec<StoredRevision>, _: Share, handler: RecordHandler) {
        self.each(&wanted, move |files, revision| {
            handler(revision, files.record(revision));
        })
        .await;
    }

    async fn objects(&self, wanted: &[ObjectRequest], _: Share, handler: ObjectHandler) {
        let runtime = tokio::runtime::Handle::current();
        let answer = move |files: &Files, ObjectRequest { key, .. }: &ObjectRequest| {
            // Files are read faster than objects are compared.
            runtime.block_on(handler.room());
            match files.object(key) {
                Ok(Some(text)) => handler.take(key, Lookup::Found(&text)),
                Ok(None) => handler.take(key, Lookup::NotFound),
                Err(error) => handler.take(key, Lookup::Unreadable(&error)),
            }
        };
        self.each(wanted, answer).await;
    }

    /// The recorded targets; where none were recorded, every namespace counts as unread.
    async fn scale_targets(&self, namespaces: &BTreeSet<String>, _kinds: &Kinds) -> ScaleTargets {
        self.index.scale_targets.clone().unwrap_or_else(|| ScaleTargets {
            unread: namespaces.clone(),
            ..ScaleTargets::default()
        })
    }

    async fn schema(&self, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let api_version = api_version.to_owned();
        self.read(move |files| files.schema(&api_version)).await
    }
}

impl SnapshotSource {
    /// Looks everything up on the blocking pool, several batches at once.
    async fn each<T: Clone + Send + 'static>(
        &self,
        wanted: &[T],
        look_up: impl Fn(&Files, &T) + Send + Sync + 'static,
    ) {
        let look_up = Arc::new(look_up);
        futures::stream::iter(wanted.chunks(BATCH).map(<[T]>::to_vec))
            .for_each_concurrent(BATCHES, |batch| {
                let (files, look_up) = (Arc::clone(&self.files), Arc::clone(&look_up));
                async move {
                    let job = move || batch.iter().for_each(|wanted| look_up(&files, wanted));
                    if let Err(error) = tokio::task::spawn_blocking(job).await {
                        tracing::error!(%error, "a part of the snapshot could not be worked on");
                    }
                }
            })
            .await;
    }

    /// Reads files on the blocking pool.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Files) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let files = Arc::clone(&self.files);
        let answer = tokio::task::spawn_blocking(move || read(&files)).await;
        answer.unwrap_or_else(|_| {
            Err(ReadError::Snapshot {
                message: format!("reading {} failed", self.files.directory.display()),
            })
        })
    }
}

/// The part of a listing that is about some namespaces; all of it when none are named.
fn limit_to(listing: &RecordedListing, namespaces: &[String]) -> Result<Inventory, ReadError> {
    let inventory = match &listing.answer {
        Recorded::Given(inventory) => inventory,
        Recorded::Unreadable(error) => return Err(error.clone()),
    };
    if namespaces.is_empty() || namespaces == listing.namespaces {
        return Ok(inventory.clone());
    }
    let is_recorded = |name: &String| listing.namespaces.is_empty() || listing.namespaces.contains(name);
    if !namespaces.iter().any(is_recorded) {
        return Err(ReadError::NotRecorded);
    }
    let scope = |namespace: &str| format!("namespace/{namespace}");
    let unrecorded = namespaces
        .iter()
        .filter(|name| !is_recorded(name))
        .map(|name| ReportError {
            scope: scope(name),
            message: ReadError::NotRecorded.to_string(),
        });
    Ok(Inventory {
        revisions: inventory
            .revisions
            .iter()
            .filter(|revision| namespaces.contains(&revision.release.namespace))
            .cloned()
            .collect(),
        errors: inventory
            .errors
            .iter()
            .filter(|error| {
                !error.scope.starts_with(&scope(""))
                    || namespaces.iter().any(|name| error.scope == scope(name))
            })
            .cloned()
            .chain(unrecorded)
            .collect(),
    })
}

impl Files {
    fn record(&self, revision: &StoredRevision) -> Result<Record, ReadError> {
        let path = self.directory.join(layout::record(revision));
        if let Some(json) = read(&path)? {
            return serde_json::from_slice::<ReleaseFile>(&json)
                .map(|file| Record::Decoded(Box::new(Release::from(file))))
                .map_err(|error| broken(&path, json_problem(&error), error.line(), error.column()));
        }
        // A later version may understand what this one did not.
        if let Some(payload) = read(&self.directory.join(layout::payload(revision)))? {
            return Ok(Record::Encoded(payload));
        }
        match self.records.get(&RecordKey::of(revision)) {
            Some(RecordOutcome::Undecodable(sentence)) => {
                Ok(Record::Undecodable(DecodeError::Recorded(sentence.clone())))
            }
            Some(RecordOutcome::Unreadable(error)) => Err(error.clone()),
            None => Err(ReadError::NotRecorded),
        }
    }

    fn object(&self, key: &ObjectKey) -> Result<Option<String>, ReadError> {
        match self.objects.get(key) {
            Some(ObjectOutcome::NotFound) => return Ok(None),
            Some(ObjectOutcome::Unreadable(error)) => return Err(error.clone()),
            None => {}
        }
        let path = self.directory.join(layout::object(key));
        let bytes = read(&path)?.ok_or(ReadError::NotRecorded)?;
        check_json(&path, &bytes)?;
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| broken(&path, "malformed", 1, 0))
    }

    fn schema(&self, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
        match self.schemas.get(api_version) {
            Some(SchemaOutcome::NotPublished) => return Ok(None),
            Some(SchemaOutcome::Unreadable(error)) => return Err(error.clone()),
            None => {}
        }
        let path = self.directory.join(layout::schema(api_version));
        let bytes = read(&path)?.ok_or(ReadError::NotRecorded)?;
        check_json(&path, &bytes)?;
        Ok(Some(bytes))
    }
}

/// A file's bytes, if there is one.
fn read(path: &Path) -> Result<Option<Vec<u8>>, ReadError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => match error.kind() {
            // A name that no file can have was not recorded either.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
                Ok(None)
            }
            kind => Err(ReadError::Snapshot {
                message: format!("cannot read {}: {kind}", path.display()),
            }),
        },
    }
}

/// Checks that a file is JSON; its content is checked by its reader.
fn check_json(path: &Path, bytes: &[u8]) -> Result<(), ReadError> {
    serde_json::from_slice::<IgnoredAny>(bytes)
        .map(|_| ())
        .map_err(|error| broken(path, json_problem(&error), error.line(), error.column()))
}

fn broken(path: &Path, what: &str, line: usize, column: usize) -> ReadError {
    ReadError::Snapshot {
        message: format!("{} is {what} at line {line}, column {column}", path.display()),
    }
}
