//! Reading a live cluster. The only module that knows kube, and it only ever sends GET, except for the dry runs of
//! `confirm`, which nobody asks for by default.
//!
//! kube brings configuration, authentication and TLS. Requests are made here rather than with its typed API,
//! because a detector must bound what that leaves open: bodies without a size limit, retries up to a thousand
//! seconds apart, and a log line that quotes whole responses when one of them does not parse.

mod autoscalers;
pub mod client;
mod confirm;
mod discovery;
mod fetch;
mod http;
mod storage;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use self::http::Http;
use crate::object::ObjectKey;
use crate::release::stored::{Driver, StoredRevision};
use crate::report;
use crate::source::{Inventory, Kinds, Lookup, ReadError, Record, ScaleTargets, Source, Wanted};

/// A live cluster, behind its API server.
pub struct Cluster {
    http: Http,
    identity: report::Cluster,
    drivers: BTreeSet<Driver>,
    selector: Option<String>,
}

impl Source for Cluster {
    fn cluster(&self) -> report::Cluster {
        self.identity.clone()
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn kinds(&self) -> Result<Kinds, ReadError> {
        discovery::kinds(&self.http).await
    }

    async fn revisions(&self, namespaces: &[String]) -> Result<Inventory, ReadError> {
        storage::list(&self.http, &self.drivers, namespaces, self.selector.as_deref()).await
    }

    async fn record(&self, revision: &StoredRevision) -> Result<Record, ReadError> {
        storage::record(&self.http, revision).await
    }

    async fn objects(&self, wanted: &[Wanted], found: &(dyn Fn(&ObjectKey, Lookup<'_>) + Send + Sync)) {
        fetch::objects(&self.http, wanted, found).await;
    }

    async fn scale_targets(&self, namespaces: &BTreeSet<String>, kinds: &Kinds) -> ScaleTargets {
        autoscalers::targets(&self.http, namespaces, kinds).await
    }

    async fn schema(&self, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
        discovery::schema(&self.http, api_version).await
    }

    async fn dry_run(&self, wanted: &Wanted, body: Vec<u8>) -> Result<Vec<u8>, ReadError> {
        confirm::dry_run(&self.http, wanted, body).await
    }
}
