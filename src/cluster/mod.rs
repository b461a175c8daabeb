//! Reading a live cluster. The only module that knows kube, and a scan only ever sends GET, except for server-side dry
//! runs (`dry_run_request`) and for the one `ConfigMap` of its own memory (`memory`), both of which are off by default. `driftline rights` also asks questions about rights (`reviews`).
//!
//! kube brings configuration, authentication and TLS. Requests are made here rather than with its typed API,
//! because that leaves open what a batch job must bound: bodies without a size limit, retries up to a thousand
//! seconds apart, and a log line that quotes whole responses when one of them does not parse.

mod answer;
mod autoscalers;
pub mod client;
mod credential_error;
mod credentials;
mod discovery;
mod dry_run_request;
mod fetch;
mod followed;
mod http;
mod kubeconfig;
mod memory;
mod namespaces;
mod owned;
mod pages;
mod paths;
mod pending;
mod place;
mod plugin;
mod plugin_words;
mod read_on;
mod record_counts;
mod records;
mod request;
mod reviews;
mod seen_version;
mod storage;
mod surroundings;
mod traffic;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use self::http::ApiClient;
pub use self::memory::{MemoryName, StoredMemory, WriteMemoryError};
pub use self::owned::searched_kinds;
use self::read_on::ListsReadOn;
use self::record_counts::RecordCounts;
pub use self::reviews::Asked;
use crate::model::rights::{Account, RightTarget, Verb};
use crate::model::{self, ApiTraffic};
use crate::release::stored::{Driver, StoredRevision};
use crate::source::followed::{FollowedQuestion, FoundSettings, HelmChart};
use crate::source::surroundings::{Surroundings, SurroundingsQuestion};
use crate::source::{
    Capabilities, DryRun, DryRunError, Inventory, Kinds, ObjectHandler, ObjectRequest, OwnedObjects,
    OwnedQuestion, ReadError, RecordHandler, RevisionSet, ScaleTargets, Share, Source, TerminatingNamespace,
};

/// A live cluster, behind its API server.
pub struct Cluster {
    http: ApiClient,
    identity: model::Cluster,
    drivers: BTreeSet<Driver>,
    selector: Option<String>,
    /// The namespace of the pod, or of the kubeconfig's context.
    namespace: String,
    /// How many records the last listing saw, by which reading them is planned.
    record_counts: Mutex<Arc<RecordCounts>>,
    /// The lists that the parts of a scan read one after the other.
    lists: ListsReadOn,
}

impl Source for Cluster {
    fn cluster(&self) -> model::Cluster {
        self.identity.clone()
    }

    fn traffic(&self) -> Option<ApiTraffic> {
        Some(self.http.traffic())
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn kinds(&self) -> Result<Kinds, ReadError> {
        discovery::kinds(&self.http).await
    }

    async fn capabilities(&self, kinds: &Kinds) -> Capabilities {
        Capabilities {
            kube_version: discovery::version(&self.http).await,
            ..kinds.capabilities()
        }
    }

    async fn namespaces(&self) -> Result<Vec<String>, ReadError> {
        namespaces::list(&self.http).await
    }

    async fn revisions(&self, namespaces: &[String], set: RevisionSet) -> Result<Inventory, ReadError> {
        let selector = self.selector.as_deref();
        self.lists.clear();
        let (inventory, counts) =
            storage::list(&self.http, &self.lists, &self.drivers, namespaces, set, selector).await?;
        match set {
            RevisionSet::All => *self.record_counts() = Arc::new(counts),
            RevisionSet::Current => {}
        }
        Ok(inventory)
    }

    async fn records(&self, wanted: Vec<StoredRevision>, handler: RecordHandler) {
        let counts = Arc::clone(&self.record_counts());
        let wanted = counts.sort(wanted);
        let selector = self.selector.as_deref();
        records::read(&self.http, &self.lists, selector, wanted, handler).await;
        self.log_traffic("records");
    }

    async fn objects(&self, wanted: &[ObjectRequest], share: Share, handler: ObjectHandler) {
        fetch::objects(&self.http, &self.lists, wanted, &share, handler).await;
        self.log_traffic("objects");
    }

    async fn scale_targets(&self, namespaces: &BTreeSet<String>, kinds: &Kinds) -> ScaleTargets {
        autoscalers::targets(&self.http, namespaces, kinds).await
    }

    async fn schema(&self, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
        discovery::schema(&self.http, api_version).await
    }

    async fn terminating_namespaces(&self) -> Result<Vec<TerminatingNamespace>, ReadError> {
        namespaces::terminating(&self.http).await
    }

    async fn owned(&self, question: &OwnedQuestion, kinds: &Kinds) -> Result<OwnedObjects, ReadError> {
        let owned = owned::list(&self.http, question, kinds).await;
        self.log_traffic("orphans");
        Ok(owned)
    }

    async fn followed(&self, questions: &[FollowedQuestion], kinds: &Kinds) -> Vec<FoundSettings> {
        let answers = followed::read(&self.http, questions, kinds).await;
        self.log_traffic("what manages the releases");
        answers
    }

    async fn helm_charts(&self, kinds: &Kinds) -> Result<Vec<HelmChart>, ReadError> {
        followed::helm_charts(&self.http, kinds).await
    }

    async fn surroundings(&self, question: &SurroundingsQuestion, kinds: &Kinds) -> Surroundings {
        // Its many requests at once make a large future, which only previews need.
        let surroundings = Box::pin(surroundings::read(&self.http, question, kinds)).await;
        self.log_traffic("surroundings");
        surroundings
    }

    async fn dry_run(&self, request: &ObjectRequest, dry_run: DryRun) -> Result<Vec<u8>, DryRunError> {
        dry_run_request::send(&self.http, request, dry_run).await
    }
}

impl Cluster {
    /// The account that driftline uses; `None` where the API server cannot say.
    pub async fn account(&self) -> Result<Option<Account>, ReadError> {
        reviews::identity(&self.http).await
    }

    /// Whether an account has a right.
    pub async fn is_allowed(
        &self,
        asked: Asked<'_>,
        verb: Verb,
        target: &RightTarget,
    ) -> Result<bool, ReadError> {
        reviews::is_allowed(&self.http, asked, verb, target).await
    }

    /// The kinds of records that are looked for.
    pub const fn drivers(&self) -> &BTreeSet<Driver> {
        &self.drivers
    }

    fn record_counts(&self) -> MutexGuard<'_, Arc<RecordCounts>> {
        self.record_counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs what was sent and received since the beginning.
    fn log_traffic(&self, after: &'static str) {
        let ApiTraffic { requests, bytes } = self.http.traffic();
        let requests: u64 = requests.values().sum();
        tracing::info!(after, requests, bytes, "read so far");
    }
}
