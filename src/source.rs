//! The questions that a scan asks of a cluster or a snapshot.
//!
//! A live cluster and a snapshot answer the same questions, so a scan can be repeated without the cluster and a
//! snapshot is simply the answers, written down. This module knows of neither implementation.

pub mod followed;
pub mod surroundings;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicUsize};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use self::followed::{FollowedQuestion, FoundSettings, HelmChart};
use self::surroundings::{Surroundings, SurroundingsQuestion};
use crate::model::{ApiTraffic, Cluster, ReportError, ReportNote};
use crate::object::{Gvk, ObjectKey};
use crate::release::decode::DecodeError;
use crate::release::record::Release;
use crate::release::stored::{ReleaseKey, Status, StoredRevision};
use crate::vocabulary::count;
use crate::weight;

/// A source of releases and objects: a live cluster or a snapshot.
pub trait Source: Send + Sync + 'static {
    /// Which cluster this is.
    fn cluster(&self) -> Cluster;

    /// The moment that ages are measured against: the present, and for a snapshot when it was taken.
    fn now(&self) -> DateTime<Utc>;

    /// What was asked of an API server so far; `None` where there is none.
    fn traffic(&self) -> Option<ApiTraffic> {
        None
    }

    /// The kinds that the API server serves.
    fn kinds(&self) -> impl Future<Output = Result<Kinds, ReadError>> + Send;

    /// The names of the namespaces.
    fn namespaces(&self) -> impl Future<Output = Result<Vec<String>, ReadError>> + Send {
        std::future::ready(Err(ReadError::NotRecorded))
    }

    /// The stored revisions of every release in these namespaces; in all of them when none are named. `Err` when
    /// none could be listed at all; namespaces that could not be listed are in [`Inventory::errors`].
    fn revisions(
        &self,
        namespaces: &[String],
        set: RevisionSet,
    ) -> impl Future<Output = Result<Inventory, ReadError>> + Send;

    /// Reads release records and hands each to the handler exactly once, in any order. A scan that has enough of them
    /// drops the future.
    fn records(&self, wanted: Vec<StoredRevision>, handler: RecordHandler)
    -> impl Future<Output = ()> + Send;

    /// What templates ask of the cluster. Nothing depends on the answer but how templates are evaluated.
    fn capabilities(&self, kinds: &Kinds) -> impl Future<Output = Capabilities> + Send {
        std::future::ready(kinds.capabilities())
    }

    /// Reads the charts and values of release records, and hands each to the handler exactly once, in any order. They are
    /// asked for only of drifted releases, and only where somebody wants to know which key keeps what lives.
    fn charts(&self, wanted: Vec<StoredRevision>, handler: ChartHandler) -> impl Future<Output = ()> + Send {
        let passed_on = move |stored: &StoredRevision, answer: Result<Record, ReadError>| {
            let chart = answer.and_then(|record| match record {
                Record::Encoded(payload) => Ok(ChartRecord::Encoded(payload)),
                Record::Decoded(_) | Record::Undecodable(_) => Err(ReadError::NotRecorded),
            });
            handler(stored, chart);
        };
        self.records(wanted, Arc::new(passed_on))
    }

    /// Reads objects and hands each to the handler exactly once, in any order.
    fn objects(
        &self,
        wanted: &[ObjectRequest],
        share: Share,
        handler: ObjectHandler,
    ) -> impl Future<Output = ()> + Send;

    /// The objects that `HorizontalPodAutoscaler`s in these namespaces target. Namespaces that cannot be read are in
    /// [`ScaleTargets::unread`].
    fn scale_targets(
        &self,
        namespaces: &BTreeSet<String>,
        kinds: &Kinds,
    ) -> impl Future<Output = ScaleTargets> + Send;

    /// The `OpenAPI` v3 document of one group and version, as JSON; `None` when the server publishes none.
    fn schema(&self, api_version: &str) -> impl Future<Output = Result<Option<Vec<u8>>, ReadError>> + Send;

    /// The namespaces that are being deleted. Nothing depends on the answer: it explains what is missing.
    fn terminating_namespaces(
        &self,
    ) -> impl Future<Output = Result<Vec<TerminatingNamespace>, ReadError>> + Send {
        std::future::ready(Err(ReadError::NotRecorded))
    }

    /// The objects that name a release as their owner which is not among the known ones, of every kind that can be listed.
    fn owned(
        &self,
        _question: &OwnedQuestion,
        _kinds: &Kinds,
    ) -> impl Future<Output = Result<OwnedObjects, ReadError>> + Send {
        std::future::ready(Err(ReadError::NotRecorded))
    }

    /// What programs follow to manage releases, an answer for each question in its order; `None` where there is nothing of
    /// that name, or where it manages something else.
    fn followed(
        &self,
        questions: &[FollowedQuestion],
        _kinds: &Kinds,
    ) -> impl Future<Output = Vec<FoundSettings>> + Send {
        let answers = vec![Err(ReadError::NotRecorded); questions.len()];
        std::future::ready(answers)
    }

    /// The `HelmChart` objects of a cluster of K3s or RKE2. Nothing depends on the answer: it names who manages releases.
    fn helm_charts(&self, _kinds: &Kinds) -> impl Future<Output = Result<Vec<HelmChart>, ReadError>> + Send {
        std::future::ready(Err(ReadError::NotRecorded))
    }

    /// What is around the objects of an operation of Helm and may stand in its way. Only previews ask.
    fn surroundings(
        &self,
        question: &SurroundingsQuestion,
        _kinds: &Kinds,
    ) -> impl Future<Output = Surroundings> + Send {
        std::future::ready(Surroundings::unread(question, &ReadError::NotRecorded))
    }

    /// A server-side dry run: the object as the API server would store it after this write, as JSON. Only a live cluster
    /// can do that.
    fn dry_run(
        &self,
        _wanted: &ObjectRequest,
        _dry_run: DryRun,
    ) -> impl Future<Output = Result<Vec<u8>, DryRunError>> + Send {
        std::future::ready(Err(ReadError::NotRecorded.into()))
    }
}

/// Takes in release records, on the blocking pool, several at once.
pub type RecordHandler = Arc<dyn Fn(&StoredRevision, Result<Record, ReadError>) + Send + Sync>;

/// Takes in charts of release records, on the blocking pool, several at once.
pub type ChartHandler = Arc<dyn Fn(&StoredRevision, Result<ChartRecord, ReadError>) + Send + Sync>;

/// Takes in objects, on the blocking pool, several at once.
pub type ObjectHandler = Arc<dyn ObjectSink>;

/// The receiver of objects.
pub trait ObjectSink: Send + Sync {
    /// Takes in what was read of an object. It returns soon, whatever is to be done with the object: a page or a request
    /// slot may be held meanwhile.
    fn take(&self, key: &ObjectKey, lookup: Lookup<'_>);

    /// Resolves when there is room for more objects. A source waits for it before a request, and never with an answer in
    /// its hands.
    fn room(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A closure always has room.
impl<F: Fn(&ObjectKey, Lookup<'_>) + Send + Sync> ObjectSink for F {
    fn take(&self, key: &ObjectKey, lookup: Lookup<'_>) {
        self(key, lookup);
    }
}

/// A write that the API server goes through with, admission included, and does not store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// How it is written.
    pub write: DryRunWrite,
    /// The name of the field manager that writes.
    pub manager: String,
    /// The object or the patch, as JSON.
    pub body: Vec<u8>,
}

/// How a dry run writes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRunWrite {
    /// It creates the object.
    Create,
    /// By server-side apply, which creates an object that does not exist.
    Apply(ApplyOptions),
    /// By a strategic merge patch.
    StrategicMerge,
    /// By a JSON merge patch.
    JsonMerge,
}

/// What a server-side apply says beside the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplyOptions {
    /// What becomes of fields that others own.
    pub owned: OwnedFields,
    /// What becomes of fields that the kind does not have.
    pub unknown: UnknownFields,
}

/// What a server-side apply does about fields that others own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnedFields {
    /// It fails.
    Refuse,
    /// It takes them over.
    TakeOver,
}

/// What the API server does about fields that the kind does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownFields {
    /// As it does by itself.
    ByDefault,
    /// It refuses them.
    Refuse,
}

/// Why a dry run made no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct DryRunError {
    /// Why, in a sentence without values.
    pub error: ReadError,
    /// The API server's own words, as far as it gave any. They quote values, so that nobody shows them as they are.
    pub words: Option<String>,
}

impl From<ReadError> for DryRunError {
    fn from(error: ReadError) -> Self {
        Self { error, words: None }
    }
}

/// How much of what a scan reads is asked for at once, which says what a list of the whole cluster is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// One of the parts that a scan goes through, which may be all of it. They come in the order of the namespaces in a list
    /// of all of them ([`list_order`]), so that each takes its share of one list.
    Part {
        /// The namespaces of the part's releases.
        range: NamespaceRange,
        /// How many parts like this one follow, this one included.
        parts: usize,
    },
    /// A few here and there.
    Few,
}

/// Namespaces that follow each other in a list of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceRange {
    /// The first one.
    pub from: String,
    /// The last one; all that follow where there is none.
    pub until: Option<String>,
}

impl NamespaceRange {
    /// Whether a namespace is one of them.
    pub fn has(&self, namespace: &str) -> bool {
        list_order(namespace, &self.from) != Ordering::Less && !self.is_before(namespace)
    }

    /// Whether all of them come before a namespace.
    pub fn is_before(&self, namespace: &str) -> bool {
        self.until
            .as_deref()
            .is_some_and(|until| list_order(namespace, until) == Ordering::Greater)
    }
}

/// The order of namespaces in lists of all of them. It is that of the keys in etcd, where a `/` follows the namespace
/// (Kubernetes: `apiserver/pkg/registry/generic/registry/store.go`, `NamespaceKeyFunc`): `a-b` comes before `a`.
pub fn list_order(one: &str, other: &str) -> Ordering {
    one.bytes().chain([b'/']).cmp(other.bytes().chain([b'/']))
}

/// An object to read, and how its kind is addressed.
#[derive(Debug, Clone)]
pub struct ObjectRequest {
    /// The object.
    pub key: ObjectKey,
    /// The kind's resource name in URLs.
    pub plural: String,
    /// Whether it is expected to exist.
    pub expected: Expected,
    /// Its place in the order of its release: what comes first in every release is read first.
    pub turn: usize,
    /// What its release may spend on requests for single objects; `None` where that is more than it can need.
    pub budget: Option<Arc<ReadBudget>>,
}

impl ObjectRequest {
    /// Notes that another release asks for the same object.
    pub fn share_with(&mut self, other: &Self) {
        // One release may have dropped an object that another one has.
        self.expected = self.expected.max(other.expected);
        self.turn = self.turn.min(other.turn);
        // A release without a budget has a right to each of its objects.
        if other.budget.is_none() {
            self.budget = None;
        }
    }
}

/// How many requests a source may still make for the objects of one release alone.
#[derive(Debug)]
pub struct ReadBudget {
    limit: usize,
    left: AtomicUsize,
}

impl ReadBudget {
    /// A budget of so many requests.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            left: AtomicUsize::new(limit),
        }
    }

    /// Spends one request. `Err` when there is none left.
    pub fn spend(&self) -> Result<(), ReadError> {
        let spent = self
            .left
            .fetch_update(atomic::Ordering::Relaxed, atomic::Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        spent
            .map(drop)
            .map_err(|_| ReadError::BudgetSpent { limit: self.limit })
    }
}

/// Whether an object is expected to exist, and so what proves that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// It is expected to be gone: a complete list of its kind without it is enough.
    Absent,
    /// It is expected to exist: only the API server's 404 to a GET of its name proves the opposite.
    Present,
}

/// The objects that autoscalers target, as far as they could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleTargets {
    /// Every target that was read.
    pub targets: BTreeSet<ScaleTarget>,
    /// Those of them that their autoscaler may leave without any replica.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub to_zero: BTreeSet<ScaleTarget>,
    /// Namespaces whose autoscalers could not be read.
    pub unread: BTreeSet<String>,
    /// Why not, where the report has to say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ReportError>,
}

/// One object whose replica count an autoscaler chooses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScaleTarget {
    /// The namespace of both.
    pub namespace: String,
    /// The target's kind.
    pub kind: String,
    /// The target's name.
    pub name: String,
}

impl ScaleTargets {
    /// Adds what was read of other namespaces.
    pub fn add(&mut self, other: Self) {
        self.targets.extend(other.targets);
        self.to_zero.extend(other.to_zero);
        self.unread.extend(other.unread);
        self.errors.extend(other.errors);
    }

    /// Keeps the targets among these objects: whoever names one object must not learn of the others in its namespace.
    pub fn retain<'k>(&mut self, objects: impl IntoIterator<Item = &'k ObjectKey>) {
        let known: BTreeSet<ScaleTarget> = objects.into_iter().filter_map(ScaleTarget::of).collect();
        self.targets.retain(|target| known.contains(target));
        self.to_zero.retain(|target| known.contains(target));
    }

    /// Whether an autoscaler targets an object; `None` when that could not be read.
    pub fn targets(&self, key: &ObjectKey) -> Option<bool> {
        let target = ScaleTarget::of(key)?;
        (!self.unread.contains(&target.namespace)).then(|| self.targets.contains(&target))
    }

    /// Whether an autoscaler targets an object and may leave it without any replica.
    pub fn may_empty(&self, key: &ObjectKey) -> bool {
        ScaleTarget::of(key).is_some_and(|target| self.to_zero.contains(&target))
    }
}

impl ScaleTarget {
    fn of(key: &ObjectKey) -> Option<Self> {
        Some(Self {
            namespace: key.namespace.clone()?,
            kind: key.gvk.kind.clone(),
            name: key.name.clone(),
        })
    }
}

/// A namespace that is being deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminatingNamespace {
    /// Its name.
    pub name: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What keeps it, in the words of the API server.
    pub blocked_by: Vec<String>,
}

/// The question which objects name a release that is not known.
#[derive(Debug, Clone)]
pub struct OwnedQuestion {
    /// The namespaces of the objects; all of them, and objects without a namespace, when none are named.
    pub namespaces: Vec<String>,
    /// The releases with records.
    pub known: Arc<BTreeSet<ClaimedRelease>>,
}

/// A release, as an object names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClaimedRelease {
    /// The namespace that the release installs into.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl From<&ReleaseKey> for ClaimedRelease {
    fn from(key: &ReleaseKey) -> Self {
        Self {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        }
    }
}

/// Objects that name a release as their owner, as far as they could be listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedObjects {
    /// The objects.
    pub objects: Vec<OwnedObject>,
    /// What was not looked at, without anything being wrong.
    pub notes: Vec<ReportNote>,
    /// What could not be looked at.
    pub errors: Vec<ReportError>,
}

/// An object that names a release as its owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnedObject {
    /// The release.
    pub release: ClaimedRelease,
    /// The kind.
    pub kind: String,
    /// The API version.
    pub api_version: String,
    /// The namespace, `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// When it was created.
    pub created_at: Option<DateTime<Utc>>,
    /// Since when it is being deleted.
    pub deleting_since: Option<DateTime<Utc>>,
    /// Whether its annotation asks Helm to keep it.
    pub kept_by_policy: bool,
}

/// A release record, as far as it could be read.
#[derive(Debug, Clone)]
pub enum Record {
    /// The value of the `release` key, still encoded.
    Encoded(Vec<u8>),
    /// A record that was decoded when the snapshot was made.
    Decoded(Box<Release>),
    /// A record that was there and cannot be decoded.
    Undecodable(DecodeError),
}

/// The chart and the values of a release record.
#[derive(Debug, Clone)]
pub enum ChartRecord {
    /// The value of the `release` key, still encoded.
    Encoded(Vec<u8>),
    /// The JSON of this part of a record, as a snapshot keeps it.
    Json(Vec<u8>),
}

/// The stored revisions of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Which revisions were asked for.
    #[serde(default)]
    pub extent: Extent,
    /// Every revision that was listed.
    pub revisions: Vec<StoredRevision>,
    /// The releases of which there are records and that a selector leaves out; `None` where there is no selector.
    #[serde(skip)]
    pub left_out: Option<BTreeSet<ReleaseKey>>,
    /// The kinds of records and the namespaces that could not be listed.
    pub errors: Vec<ReportError>,
}

impl Inventory {
    /// Only these revisions of it.
    #[must_use]
    pub fn only(mut self, set: RevisionSet) -> Self {
        self.revisions.retain(|revision| set.has(revision.status));
        self
    }

    /// Whether it has the revisions of all releases.
    pub fn is_of_all(&self) -> bool {
        self.extent == Extent::Cluster && self.errors.is_empty()
    }
}

/// Which revisions of a history are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionSet {
    /// All of them.
    All,
    /// All but the superseded ones, which are most of a long history.
    Current,
}

impl RevisionSet {
    /// Whether a revision of this status is listed.
    pub fn has(self, status: Status) -> bool {
        match self {
            Self::All => true,
            Self::Current => status != Status::Superseded,
        }
    }
}

/// Which revisions a listing asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// All revisions, of every driver that keeps them in the cluster.
    Cluster,
    /// Those in some namespaces, of one driver or with some labels. A snapshot that does not say so may be of a part.
    #[default]
    Part,
}

/// The kinds that an API server serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds {
    /// How each served kind is addressed.
    pub served: BTreeMap<Gvk, ServedKind>,
    /// Groups and versions whose server did not answer: their kinds are unknown, not absent.
    pub unavailable: Vec<String>,
}

impl Kinds {
    /// What templates ask of the cluster, as far as the served kinds say it (Helm: `pkg/action/action.go`,
    /// `GetVersionSet`).
    pub fn capabilities(&self) -> Capabilities {
        let served = self.served.keys();
        let versions = served.flat_map(|gvk| [gvk.api_version.clone(), gvk.to_string()]);
        Capabilities {
            api_versions: Arc::new(versions.chain(self.unavailable.iter().cloned()).collect()),
            kube_version: None,
        }
    }

    /// The versions in which every resource is served.
    pub fn versions(&self) -> ServedVersions<'_> {
        let mut versions = ServedVersions::default();
        for (gvk, served) in &self.served {
            let group = versions.0.entry(gvk.group()).or_default();
            group.entry(&served.plural).or_default().push(gvk.version());
        }
        versions
    }
}

/// The versions in which resources are served, by their groups and plural names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServedVersions<'k>(BTreeMap<&'k str, BTreeMap<&'k str, Vec<&'k str>>>);

impl<'k> ServedVersions<'k> {
    /// Those of one resource.
    pub fn of(&self, group: &str, plural: &str) -> &[&'k str] {
        let versions = self.0.get(group).and_then(|resources| resources.get(plural));
        versions.map_or(&[], Vec::as_slice)
    }
}

/// What templates ask of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// The API versions that are served, and the kinds of each: `apps/v1` and `apps/v1/Deployment`.
    pub api_versions: Arc<BTreeSet<String>>,
    /// The version of the API server, such as `v1.34.1`, where it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kube_version: Option<String>,
}

/// How a kind is addressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedKind {
    /// The resource name in URLs.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether all of them can be asked for at once.
    pub listable: bool,
}

/// The result of reading one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// The object, as JSON.
    Found(&'a str),
    /// The API server said that it does not exist.
    NotFound,
    /// It could not be read, and may or may not exist.
    Unreadable(&'a ReadError),
}

impl Lookup<'_> {
    /// The weight of the object as a value.
    pub fn weight(&self) -> usize {
        match self {
            Self::Found(text) => weight::json::weigh(text),
            Self::NotFound | Self::Unreadable(_) => 0,
        }
    }
}

/// Why something could not be read. The sentences hold no response bodies and no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "kebab-case")]
pub enum ReadError {
    /// The credentials lack the right.
    #[error("forbidden: not allowed to {verb} {resource}{} (RBAC)", within(namespace.as_ref()))]
    Forbidden {
        /// `get`, `list` or, for dry runs, `patch` and `create`.
        verb: String,
        /// The resource, with its group.
        resource: String,
        /// The namespace; all of them when absent.
        namespace: Option<String>,
    },
    /// The credentials are not accepted at all.
    #[error("unauthorized: the API server does not accept the credentials")]
    Unauthorized,
    /// No answer in time.
    #[error("timed out after {seconds} s")]
    TimedOut {
        /// How long was waited.
        seconds: u64,
    },
    /// The API server asked to come back later, or failed, too often.
    #[error("the API server {}: it answered {status} to {}", condition(*status), count(usize::try_from(*attempts).unwrap_or(usize::MAX), "attempt"))]
    Overloaded {
        /// The HTTP status.
        status: u16,
        /// How often it was tried.
        attempts: u32,
    },
    /// The connection failed.
    #[error("cannot reach the API server at {server}: {reason}")]
    Unreachable {
        /// The address.
        server: String,
        /// What went wrong.
        reason: String,
    },
    /// An answer with another status than success.
    #[error("the API server answered {status}{}", because(reason))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The API server's one-word reason, or what is known about such an answer.
        reason: String,
    },
    /// The answer cannot be understood, or is too large.
    #[error("the API server's answer cannot be read: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The server of an aggregated API does not answer.
    #[error("the API group of {api_version} is unavailable: its server does not answer")]
    GroupUnavailable {
        /// Group and version.
        api_version: String,
    },
    /// The API server does not serve the kind.
    #[error("the API server does not serve {kind} in {api_version}")]
    NotServed {
        /// Group and version.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// It is outside of the namespace that the release's record may speak for.
    #[error("not read: the record of the release may only speak for namespace {namespace}")]
    NotTrusted {
        /// That namespace.
        namespace: String,
    },
    /// Its release names more objects than are read one by one for a release of its size.
    #[error(
        "not read: its release needs more than {limit} requests of its own, the limit for a record of its size"
    )]
    BudgetSpent {
        /// The limit.
        limit: usize,
    },
    /// The scan ended before it was read.
    #[error("the scan ended before it was read")]
    NotReached,
    /// A snapshot does not hold it.
    #[error("the snapshot does not hold it")]
    NotRecorded,
    /// A snapshot's file cannot be read.
    #[error("{0}", .message)]
    Snapshot {
        /// Which file, and why.
        message: String,
    },
}

fn within(namespace: Option<&String>) -> String {
    namespace.map_or_else(
        || " in all namespaces".to_owned(),
        |namespace| format!(" in namespace {namespace}"),
    )
}

const fn condition(status: u16) -> &'static str {
    if status == 429 { "is overloaded" } else { "fails" }
}

fn because(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" ({reason})")
    }
}
