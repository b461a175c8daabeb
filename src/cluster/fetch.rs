//! Reading live objects: few requests, little memory.
//!
//! Objects of one kind are listed when there are several of them, else read one by one. A list is read page by
//! page, its items are looked at as text, and only the wanted ones are handed on, so that neither a large list nor
//! the cluster's other objects are ever held. Absence from a list is confirmed by a GET: only the API server's
//! own 404 makes an object missing. An object that is expected to be gone anyway is gone when a whole list lacks it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use serde_json::value::RawValue;

use super::answer::{Identity, malformed};
use super::http::{AnswerSize, ApiAnswer, ApiClient, Compression, Get, JSON, Purpose, RetryBudget, parse};
use super::pages::{self, ListEnd, ListReader, ListRequest, PageSummary};
use super::paths::ApiResource;
use super::pending::{NamespacedName, PendingReads};
use crate::object::{Gvk, ObjectKey};
use crate::source::{Expected, Lookup, ObjectHandler, ObjectRequest, ReadError};

/// From how many wanted objects on one list is cheaper than as many GETs.
const LIST_FROM: usize = 4;
/// How many further unwanted objects per wanted one are worth listing.
const WORTH_LISTING: u64 = 20;

/// Reads every wanted object and hands each outcome to the handler.
pub(super) async fn objects(http: &ApiClient, wanted: &[ObjectRequest], handler: ObjectHandler) {
    let mut kinds: BTreeMap<(&Gvk, &str), Vec<&ObjectRequest>> = BTreeMap::new();
    for object in wanted {
        kinds
            .entry((&object.key.gvk, object.plural.as_str()))
            .or_default()
            .push(object);
    }
    // Concurrency is bounded per request; here only the number of kinds held open.
    let handler = &handler;
    futures::stream::iter(kinds)
        .for_each_concurrent(16, |((gvk, plural), wanted)| async move {
            let kind = KindReader {
                http,
                gvk,
                resource: ApiResource {
                    api_version: &gvk.api_version,
                    plural,
                },
                handler,
                retries: RetryBudget::default(),
            };
            kind.read(&wanted).await;
        })
        .await;
}

/// Reads the objects of one kind.
struct KindReader<'a> {
    http: &'a ApiClient,
    gvk: &'a Gvk,
    resource: ApiResource<'a>,
    handler: &'a ObjectHandler,
    retries: RetryBudget,
}

/// How the objects are read that a failed list left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterList {
    /// A GET may have an answer where the list had none.
    ReadByName,
    /// It would fail as the list did.
    GiveUp,
}

impl AfterList {
    /// One object that cannot be converted or decrypted fails the list with 500, and only itself by name.
    const fn of(error: &ReadError) -> Self {
        match error {
            ReadError::Forbidden { .. }
            | ReadError::Malformed { .. }
            | ReadError::Refused { .. }
            | ReadError::Overloaded { status: 500, .. } => Self::ReadByName,
            ReadError::Overloaded { .. }
            | ReadError::Unauthorized
            | ReadError::TimedOut { .. }
            | ReadError::Unreachable { .. }
            | ReadError::GroupUnavailable { .. }
            | ReadError::NotServed { .. }
            | ReadError::NotTrusted { .. }
            | ReadError::NotReached
            | ReadError::NotRecorded
            | ReadError::Snapshot { .. } => Self::GiveUp,
        }
    }
}

impl KindReader<'_> {
    /// Reads the wanted objects: those that a list has from the list, the others by name.
    async fn read(&self, wanted: &[&ObjectRequest]) {
        let named = wanted
            .iter()
            .map(|&request| (name(&request.key), request.clone()));
        let pending: PendingReads<ObjectRequest> = named.collect();
        if wanted.len() >= LIST_FROM {
            let namespaces = wanted.iter().map(|request| request.key.namespace.as_deref());
            let namespaces: BTreeSet<Option<&str>> = namespaces.collect();
            if let Err(error) = self.read_from_lists(&namespaces, &pending).await {
                match AfterList::of(&error) {
                    AfterList::ReadByName => {
                        tracing::debug!(kind = %self.gvk, %error, "list refused, reading one by one");
                    }
                    AfterList::GiveUp => {
                        for request in pending.take_all() {
                            (self.handler)(&request.key, Lookup::Unreadable(&error));
                        }
                    }
                }
            }
        }
        futures::stream::iter(pending.take_all())
            .for_each_concurrent(16, |request| self.get(request.key))
            .await;
    }

    /// Lists the one namespace that is wanted, or all of them where several are.
    async fn read_from_lists(
        &self,
        namespaces: &BTreeSet<Option<&str>>,
        pending: &PendingReads<ObjectRequest>,
    ) -> Result<(), ReadError> {
        let scope = match namespaces.first() {
            Some(only) if namespaces.len() == 1 => *only,
            Some(_) | None => None,
        };
        let is_namespaced = namespaces.iter().all(Option::is_some);
        match self.list(scope, pending).await {
            Ok(ListEnd::Whole) => {
                for request in pending.take_if(|request| request.expected == Expected::Absent) {
                    (self.handler)(&request.key, Lookup::NotFound);
                }
                Ok(())
            }
            Ok(ListEnd::Early) => Ok(()),
            Err(ReadError::Forbidden { .. }) if scope.is_none() && is_namespaced => {
                self.list_by_namespace(namespaces, pending).await;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Lists namespace by namespace, which a namespaced role may do, as far as there is enough to read in each.
    async fn list_by_namespace(
        &self,
        namespaces: &BTreeSet<Option<&str>>,
        pending: &PendingReads<ObjectRequest>,
    ) {
        for &namespace in namespaces {
            let count = pending.count(|request| request.key.namespace.as_deref() == namespace);
            if count >= LIST_FROM
                && let Err(error) = self.list(namespace, pending).await
            {
                tracing::debug!(kind = %self.gvk, namespace, %error, "list refused, reading one by one");
            }
        }
    }

    /// Lists one namespace, or all of them, and takes the wanted objects out of `pending`. Those that an interrupted
    /// list leaves there are read one by one.
    async fn list(
        &self,
        namespace: Option<&str>,
        pending: &PendingReads<ObjectRequest>,
    ) -> Result<ListEnd, ReadError> {
        let path = self.resource.collection(namespace);
        let path = if self.gvk.kind == "Secret" && self.gvk.api_version == "v1" {
            path.with("fieldSelector", "type!=helm.sh/release.v1")
        } else {
            path
        };
        let list = ListRequest {
            path: &path,
            items: self.gvk,
            accept: JSON,
            purpose: Purpose {
                verb: "list",
                resource: &self.resource.role_name(),
                namespace,
            },
            compression: Compression::Allowed,
            retries: &self.retries,
        };
        let reader = ListedObjects {
            gvk: self.gvk.clone(),
            namespace: namespace.map(str::to_owned),
            handler: Arc::clone(self.handler),
            pending: pending.clone(),
            page_size: self.page_size(),
        };
        pages::read(self.http, list, self.page_size(), &Arc::new(reader)).await
    }

    async fn get(&self, key: ObjectKey) {
        let namespace = key.namespace.as_deref();
        let path = self.resource.object(namespace, &key.name);
        let get = Get {
            path: path.as_ref(),
            accept: JSON,
            purpose: Purpose {
                verb: "get",
                resource: &self.resource.role_name(),
                namespace,
            },
            compression: Compression::Allowed,
            answer: AnswerSize::Single,
            retries: &self.retries,
        };
        let refused = |status| ReadError::Refused {
            status,
            reason: String::new(),
        };
        match self.http.get_keeping_slot(get).await {
            Ok((ApiAnswer::Body(body), slot)) => {
                let handler = Arc::clone(self.handler);
                let job = move || {
                    match object_text(&key, &body) {
                        Ok(text) => handler(&key, Lookup::Found(text)),
                        Err(error) => handler(&key, Lookup::Unreadable(&error)),
                    }
                    drop(slot);
                };
                if let Err(error) = tokio::task::spawn_blocking(job).await {
                    tracing::error!(%error, "an object could not be worked on");
                }
            }
            Ok((ApiAnswer::NotFound, _)) => (self.handler)(&key, Lookup::NotFound),
            Ok((ApiAnswer::NoSuchPath, _)) => (self.handler)(&key, Lookup::Unreadable(&refused(404))),
            Ok((ApiAnswer::TooLarge, _)) => (self.handler)(&key, Lookup::Unreadable(&refused(413))),
            Ok((ApiAnswer::Expired, _)) => (self.handler)(&key, Lookup::Unreadable(&refused(410))),
            Err(error) => (self.handler)(&key, Lookup::Unreadable(&error)),
        }
    }

    /// Small pages for large objects: a page is held in memory while its items are compared.
    fn page_size(&self) -> u32 {
        match self.gvk.kind.as_str() {
            "CustomResourceDefinition" => 25,
            "ConfigMap" | "Secret" => 100,
            _ => 250,
        }
    }
}

/// The name of an object within its kind.
fn name(key: &ObjectKey) -> NamespacedName {
    NamespacedName {
        namespace: key.namespace.clone(),
        name: key.name.clone(),
    }
}

/// Hands on the wanted objects of a list.
struct ListedObjects {
    gvk: Gvk,
    /// The namespace that is listed; all of them where there is none.
    namespace: Option<String>,
    handler: ObjectHandler,
    pending: PendingReads<ObjectRequest>,
    page_size: u32,
}

impl ListReader for ListedObjects {
    fn take(&self, _: usize, items: &[&RawValue]) -> Result<(), ReadError> {
        for item in items {
            let identity: Identity<'_> = parse(item.get().as_bytes())?;
            identity.stated_type().may_be(&self.gvk)?;
            let metadata = identity.metadata;
            metadata.must_be_within(self.namespace.as_deref())?;
            let name = NamespacedName {
                namespace: metadata.namespace.map(Cow::into_owned),
                name: metadata.name.into_owned(),
            };
            if let Some(request) = self.pending.take(&name) {
                (self.handler)(&request.key, Lookup::Found(item.get()));
            }
        }
        Ok(())
    }

    fn next_page(&self, page: PageSummary) -> Option<u32> {
        let wanted = self.pending.len() as u64;
        let worth = wanted.saturating_mul(WORTH_LISTING);
        (wanted > 0 && page.remaining.unwrap_or(0) <= worth).then_some(self.page_size)
    }

    /// Objects that were handed on stay so; the others are still pending.
    fn restart(&self) {}
}

/// The answer as text, if it is the object that was asked for: a proxy answers 200 to anything.
pub(super) fn object_text<'b>(key: &ObjectKey, body: &'b [u8]) -> Result<&'b str, ReadError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
    let identity: Identity<'_> = parse(body)?;
    identity.stated_type().must_be(&key.gvk)?;
    identity.metadata.must_be(key.namespace.as_deref(), &key.name)?;
    Ok(text)
}
