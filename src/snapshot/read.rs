//! A snapshot as a source: the same questions, answered from files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::folder::{Content, Folder};
use super::index::{
    FORMAT, Index, ObjectOutcome, RecordKey, RecordOutcome, Recorded, RecordedListing, SchemaOutcome,
    SensitiveValues,
};
use super::release_file::ReleaseFile;
use super::{SnapshotError, json_problem, layout};
use crate::model::{self, Cluster, ReportError, Tool};
use crate::object::ObjectKey;
use crate::release::decode::DecodeError;
use crate::release::record::Release;
use crate::release::stored::StoredRevision;
use crate::source::followed::{FollowedQuestion, FoundSettings, HelmChart};
use crate::source::surroundings::{Surroundings, SurroundingsQuestion};
use crate::source::{
    Capabilities, ChartHandler, ChartRecord, Extent, Inventory, Kinds, Lookup, ObjectHandler, ObjectRequest,
    OwnedObjects, OwnedQuestion, ReadError, Record, RecordHandler, RevisionSet, ScaleTargets, Share, Source,
    TerminatingNamespace,
};
use crate::weight::at_once;

/// How many files one thread reads in turn.
const BATCH: usize = 64;

/// The largest index. One of a cluster with 5,000 releases and ten revisions of each has half of it.
const MAX_INDEX_BYTES: u64 = 32 << 20;

/// The largest record: a manifest and little more. Encoded, the API server takes 1.5 MiB.
const MAX_RECORD_BYTES: u64 = 16 << 20;

/// The largest chart of a record: a record decodes to no more.
const MAX_CHART_BYTES: u64 = 64 << 20;

/// The largest record that is kept as it was stored.
const MAX_PAYLOAD_BYTES: u64 = 4 << 20;

/// The largest object: the API server takes 1.5 MiB, which the layout of a snapshot makes longer.
const MAX_OBJECT_BYTES: u64 = 8 << 20;

/// The largest schema. Those of the largest groups of custom resources have two MiB.
const MAX_SCHEMA_BYTES: u64 = 16 << 20;

/// A snapshot to scan.
pub struct SnapshotSource {
    files: Arc<Files>,
    index: Index,
    /// How often the revisions were listed.
    listed: AtomicUsize,
}

struct Files {
    folder: Folder,
    records: BTreeMap<RecordKey, RecordOutcome>,
    objects: HashMap<ObjectKey, ObjectOutcome>,
    schemas: BTreeMap<String, SchemaOutcome>,
}

impl SnapshotSource {
    /// The same snapshot, of a cluster that has another name in reports.
    #[must_use]
    pub fn named(mut self, name: String) -> Self {
        self.index.cluster.name = name;
        self
    }

    /// Opens the snapshot in a directory.
    pub fn open(directory: &Path) -> Result<Self, SnapshotError> {
        let missing = |error: io::Error| match error.kind() {
            io::ErrorKind::NotADirectory if directory.exists() => SnapshotError::File {
                path: directory.to_owned(),
            },
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SnapshotError::Missing {
                path: directory.to_owned(),
            },
            _ => SnapshotError::Read {
                path: directory.to_owned(),
                source: Arc::new(error),
            },
        };
        let folder = Folder::open(directory).map_err(missing)?;
        let file = Path::new(layout::INDEX);
        let path = folder.path_of(file);
        let read = folder
            .read(file, MAX_INDEX_BYTES)
            .map(|content| content.map(|content| content.bytes));
        let bytes = read.map_err(|problem| SnapshotError::Read {
            path: path.clone(),
            source: Arc::new(io::Error::other(problem)),
        })?;
        let bytes = bytes.ok_or_else(|| SnapshotError::Incomplete {
            path: directory.to_owned(),
        })?;
        let mut index = parse_index(&path, &bytes)?;
        drop(bytes);
        if let Some(problem) = index.problem() {
            return Err(SnapshotError::Inconsistent { path, problem });
        }
        // A snapshot of an earlier version, or of somebody else, may have more.
        index.cluster.server = model::without_credentials(&index.cluster.server);
        let files = Files {
            folder,
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

    async fn capabilities(&self, kinds: &Kinds) -> Capabilities {
        let recorded = self.index.capabilities.clone();
        recorded.unwrap_or_else(|| kinds.capabilities())
    }

    /// The listings in the order in which they were made, and then the last one again and again.
    async fn revisions(&self, namespaces: &[String], set: RevisionSet) -> Result<Inventory, ReadError> {
        let position = self.listed.fetch_add(1, Ordering::Relaxed);
        let listings = &self.index.listings;
        let listing = listings.get(position).or(listings.last());
        listing.map_or(Err(ReadError::NotRecorded), |listing| {
            limit_to(listing, namespaces).map(|inventory| inventory.only(set))
        })
    }

    async fn records(&self, wanted: Vec<StoredRevision>, handler: RecordHandler) {
        self.each(&wanted, move |files, revision| {
            handler(revision, files.record(revision));
        })
        .await;
    }

    async fn charts(&self, wanted: Vec<StoredRevision>, handler: ChartHandler) {
        self.each(&wanted, move |files, revision| {
            handler(revision, files.chart(revision));
        })
        .await;
    }

    async fn objects(&self, wanted: &[ObjectRequest], _: Share, handler: ObjectHandler) {
        let runtime = tokio::runtime::Handle::current();
        let answer = move |files: &Files, ObjectRequest { key, .. }: &ObjectRequest| {
            // Files are read faster than objects are compared.
            runtime.block_on(handler.room());
            files.object(key, |lookup| handler.take(key, lookup));
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

    async fn terminating_namespaces(&self) -> Result<Vec<TerminatingNamespace>, ReadError> {
        Ok(self.index.terminating_namespaces.clone())
    }

    /// The recorded objects in these namespaces, of releases that are not known.
    async fn owned(&self, question: &OwnedQuestion, _kinds: &Kinds) -> Result<OwnedObjects, ReadError> {
        let mut owned = match &self.index.owned {
            Some(Recorded::Given(owned)) => owned.clone(),
            Some(Recorded::Unreadable(error)) => return Err(error.clone()),
            None => return Err(ReadError::NotRecorded),
        };
        let namespaces = &question.namespaces;
        owned.objects.retain(|object| {
            let within = |namespace: &String| namespaces.contains(namespace);
            let is_within = namespaces.is_empty() || object.namespace.as_ref().is_some_and(within);
            is_within && !question.known.contains(&object.release)
        });
        Ok(owned)
    }

    async fn helm_charts(&self, _kinds: &Kinds) -> Result<Vec<HelmChart>, ReadError> {
        Ok(self.index.helm_charts.clone())
    }

    /// The recorded answers; of what was not recorded, nothing is known.
    async fn followed(&self, questions: &[FollowedQuestion], _kinds: &Kinds) -> Vec<FoundSettings> {
        let recorded = |question: &FollowedQuestion| {
            let mut entries = self.index.followed.iter();
            entries.find(|entry| entry.release == question.release && entry.followed == question.followed)
        };
        let answer = |question| match recorded(question).map(|entry| &entry.answer) {
            Some(Recorded::Given(settings)) => Ok(*settings),
            Some(Recorded::Unreadable(error)) => Err(error.clone()),
            None => Err(ReadError::NotRecorded),
        };
        questions.iter().map(answer).collect()
    }

    /// The recorded part of what is asked; what was not recorded is unread.
    async fn surroundings(&self, question: &SurroundingsQuestion, _kinds: &Kinds) -> Surroundings {
        let missing = ReadError::NotRecorded;
        let recorded = self.index.surroundings.as_ref();
        recorded.map_or_else(
            || Surroundings::unread(question, &missing),
            |recorded| recorded.select(question, &missing),
        )
    }

    async fn schema(&self, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let api_version = api_version.to_owned();
        self.read(move |files| files.schema(&api_version)).await
    }
}

impl SnapshotSource {
    /// Looks everything up on the blocking pool, several batches at once, and no more: a batch that waits for room keeps its
    /// thread, and the comparisons that make room need others of the pool.
    async fn each<T: Clone + Send + 'static>(
        &self,
        wanted: &[T],
        look_up: impl Fn(&Files, &T) + Send + Sync + 'static,
    ) {
        let look_up = Arc::new(look_up);
        futures::stream::iter(wanted.chunks(BATCH).map(<[T]>::to_vec))
            .for_each_concurrent(at_once(), |batch| {
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
                message: "a part of the snapshot could not be worked on".to_owned(),
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
        extent: Extent::Part,
        left_out: None,
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
        let file = layout::record(revision);
        if let Some(content) = self.content(&file, MAX_RECORD_BYTES)? {
            return serde_json::from_slice::<ReleaseFile>(&content.bytes)
                .map(|file| Record::Decoded(Box::new(Release::from(file))))
                .map_err(|error| self.broken_json(&file, &error));
        }
        // A later version may understand what this one did not.
        if let Some(content) = self.content(&layout::payload(revision), MAX_PAYLOAD_BYTES)? {
            return Ok(Record::Encoded(content.bytes));
        }
        match self.records.get(&RecordKey::of(revision)) {
            Some(RecordOutcome::Undecodable(sentence)) => {
                Ok(Record::Undecodable(DecodeError::Recorded(sentence.clone())))
            }
            Some(RecordOutcome::Unreadable(error)) => Err(error.clone()),
            None => Err(ReadError::NotRecorded),
        }
    }

    /// Looks an object up, and hands on what there is. The handler is called while the file has its turn.
    fn object(&self, key: &ObjectKey, handler: impl FnOnce(Lookup<'_>)) {
        match self.objects.get(key) {
            Some(ObjectOutcome::NotFound) => return handler(Lookup::NotFound),
            Some(ObjectOutcome::Unreadable(error)) => return handler(Lookup::Unreadable(error)),
            None => {}
        }
        let file = layout::object(key);
        let content = self.content(&file, MAX_OBJECT_BYTES);
        let content = content.and_then(|content| content.ok_or(ReadError::NotRecorded));
        let checked = content.as_ref().map_err(Clone::clone).and_then(|content| {
            let text = std::str::from_utf8(&content.bytes)
                .map_err(|_| self.broken(&file, "is malformed at line 1, column 0"))?;
            let found =
                serde_json::from_str::<Identity>(text).map_err(|error| self.broken_json(&file, &error))?;
            if found.is(key) {
                Ok(text)
            } else {
                Err(self.broken(&file, "holds another object than its name says"))
            }
        });
        match checked {
            Ok(text) => handler(Lookup::Found(text)),
            Err(error) => handler(Lookup::Unreadable(&error)),
        }
    }

    fn schema(&self, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
        match self.schemas.get(api_version) {
            Some(SchemaOutcome::NotPublished) => return Ok(None),
            Some(SchemaOutcome::Unreadable(error)) => return Err(error.clone()),
            None => {}
        }
        let file = layout::schema(api_version);
        let content = self
            .content(&file, MAX_SCHEMA_BYTES)?
            .ok_or(ReadError::NotRecorded)?;
        serde_json::from_slice::<IgnoredAny>(&content.bytes)
            .map_err(|error| self.broken_json(&file, &error))?;
        Ok(Some(content.bytes))
    }

    /// The chart and the values of a record, if the snapshot was taken with them.
    fn chart(&self, revision: &StoredRevision) -> Result<ChartRecord, ReadError> {
        let content = self.content(&layout::chart(revision), MAX_CHART_BYTES)?;
        let content = content.ok_or(ReadError::NotRecorded)?;
        Ok(ChartRecord::Json(content.bytes))
    }

    /// The content of a file, if there is one.
    fn content(&self, file: &Path, limit: u64) -> Result<Option<Content<'_>>, ReadError> {
        let content = self.folder.read(file, limit);
        content.map_err(|problem| self.broken(file, &problem.to_string()))
    }

    fn broken_json(&self, file: &Path, error: &serde_json::Error) -> ReadError {
        let (what, line, column) = (json_problem(error), error.line(), error.column());
        self.broken(file, &format!("is {what} at line {line}, column {column}"))
    }

    fn broken(&self, file: &Path, problem: &str) -> ReadError {
        ReadError::Snapshot {
            message: format!("{} {problem}", self.folder.path_of(file).display()),
        }
    }
}

/// What an object says about itself. The API server leaves the kind out of the objects of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: IdentityMetadata,
}

#[derive(Deserialize)]
struct IdentityMetadata {
    name: String,
    namespace: Option<String>,
}

impl Identity {
    /// Whether the object is the one with this key.
    fn is(&self, key: &ObjectKey) -> bool {
        let namespace = self.metadata.namespace.as_deref().filter(|name| !name.is_empty());
        let is_or_lacks = |own: &Option<String>, known: &str| own.as_deref().is_none_or(|own| own == known);
        self.metadata.name == key.name
            && namespace == key.namespace.as_deref()
            && is_or_lacks(&self.api_version, &key.gvk.api_version)
            && is_or_lacks(&self.kind, &key.gvk.kind)
    }
}
