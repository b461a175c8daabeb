//! Reading live objects: few requests, little memory.
//!
//! Objects of one kind are listed when there are several of them, else read one by one. A list is read page by
//! page, its items are looked at as text, and only the wanted ones are handed on, so that neither a large list nor
//! the cluster's other objects are ever held. Absence from a list is confirmed by a GET: only the API server's
//! own 404 makes an object missing. An object that is expected to be gone anyway is gone when a whole list lacks it.
//!
//! A release that could need more GETs than its budget has is read from lists like any other, and what the lists leave
//! of it is read after everything else, as far as the budget goes. No other release waits for it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::future::BoxFuture;
use serde_json::value::RawValue;

use super::answer::{Identity, malformed};
use super::http::{AnswerSize, ApiAnswer, ApiClient, Compression, Get, JSON, Purpose, RetryBudget, parse};
use super::pages::{self, ListEnd, ListReader, ListRequest, PageSummary};
use super::paths::ApiResource;
use super::pending::{NamespacedName, PendingReads};
use crate::object::{Gvk, ObjectKey};
use crate::source::{Expected, Lookup, ObjectHandler, ObjectRequest, ReadError, Share};

/// From how many wanted objects on one list is cheaper than as many GETs.
const LIST_FROM: usize = 4;
/// How many further unwanted objects per wanted one are worth listing.
const WORTH_LISTING: u64 = 20;
/// The same where only a part of the scan is read: the list would be read again for the other parts.
const WORTH_LISTING_AGAIN: u64 = 4;
/// From how many wanted objects on, in namespaces with few of them, a part of the scan asks for a list of all namespaces.
const LIST_AGAIN_FROM: usize = 64;
/// How many namespaces of one kind are listed at once.
const NAMESPACES_AT_ONCE: usize = 4;
/// How many kinds are read at once, and how many objects of one kind that are read one by one.
const KINDS_AT_ONCE: usize = 16;
const OBJECTS_AT_ONCE: usize = 16;

/// Reads every wanted object and hands each outcome to the handler.
pub(super) async fn objects(
    http: &ApiClient,
    wanted: &[ObjectRequest],
    share: Share,
    handler: ObjectHandler,
) {
    let mut kinds: BTreeMap<(&Gvk, &str), Vec<&ObjectRequest>> = BTreeMap::new();
    for object in wanted {
        kinds
            .entry((&object.key.gvk, object.plural.as_str()))
            .or_default()
            .push(object);
    }
    // Concurrency is bounded per request; here only the number of kinds held open.
    let handler = &handler;
    let left = &Mutex::new(Vec::new());
    futures::stream::iter(kinds)
        .for_each_concurrent(KINDS_AT_ONCE, |((gvk, plural), wanted)| async move {
            let retries = RetryBudget::default();
            let kind = KindReader::new(http, gvk, plural, share, handler, &retries);
            let of_kind = kind.read(&wanted).await;
            left.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(of_kind);
        })
        .await;
    let left = std::mem::take(&mut *left.lock().unwrap_or_else(PoisonError::into_inner));
    read_within_budgets(http, left, share, handler).await;
}

/// Reads objects one by one, as far as the budgets of their releases go. The same scan always reads the same ones: those
/// that their releases name first.
async fn read_within_budgets(
    http: &ApiClient,
    mut left: Vec<ObjectRequest>,
    share: Share,
    handler: &ObjectHandler,
) {
    left.sort_unstable_by(|one, other| (one.turn, &one.key).cmp(&(other.turn, &other.key)));
    left.retain(|request| {
        let spent = request.budget.as_ref().map_or(Ok(()), |budget| budget.spend());
        if let Err(error) = &spent {
            handler.take(&request.key, Lookup::Unreadable(error));
        }
        spent.is_ok()
    });
    let retries = &RetryBudget::default();
    futures::stream::iter(left)
        .for_each_concurrent(OBJECTS_AT_ONCE, |request| async move {
            let ObjectRequest { key, plural, .. } = &request;
            let kind = KindReader::new(http, &key.gvk, plural, share, handler, retries);
            kind.get(key.clone()).await;
        })
        .await;
}

/// Reads the objects of one kind.
struct KindReader<'a> {
    http: &'a ApiClient,
    gvk: &'a Gvk,
    resource: ApiResource<'a>,
    handler: &'a ObjectHandler,
    retries: &'a RetryBudget,
    share: Share,
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
            | ReadError::BudgetSpent { .. }
            | ReadError::NotReached
            | ReadError::NotRecorded
            | ReadError::Snapshot { .. } => Self::GiveUp,
        }
    }
}

impl<'a> KindReader<'a> {
    fn new(
        http: &'a ApiClient,
        gvk: &'a Gvk,
        plural: &'a str,
        share: Share,
        handler: &'a ObjectHandler,
        retries: &'a RetryBudget,
    ) -> Self {
        Self {
            http,
            gvk,
            resource: ApiResource {
                api_version: &gvk.api_version,
                plural,
            },
            handler,
            retries,
            share,
        }
    }

    /// Reads the wanted objects: those that a list has from the list, the others by name. Returns those that are left
    /// because their releases have a budget for requests by name.
    async fn read(&self, wanted: &[&ObjectRequest]) -> Vec<ObjectRequest> {
        let named = wanted
            .iter()
            .map(|&request| (name(&request.key), request.clone()));
        let pending: PendingReads<ObjectRequest> = named.collect();
        if wanted.len() >= LIST_FROM {
            let namespaces = wanted.iter().map(|request| request.key.namespace.as_deref());
            let namespaces: BTreeSet<Option<&str>> = namespaces.collect();
            let listed = match self.share {
                Share::Part if namespaces.len() > 1 => self.read_part_from_lists(&namespaces, &pending).await,
                Share::Whole | Share::Part => self.read_from_lists(&namespaces, &pending).await,
            };
            if let Err(error) = listed {
                match AfterList::of(&error) {
                    AfterList::ReadByName => {
                        tracing::debug!(kind = %self.gvk, %error, "list refused, reading one by one");
                    }
                    AfterList::GiveUp => {
                        for request in pending.take_all() {
                            self.handler.take(&request.key, Lookup::Unreadable(&error));
                        }
                    }
                }
            }
        }
        let budgeted = pending.take_if(|request| request.budget.is_some());
        let mut left = pending.take_all();
        // Every release has its first objects read before another one has its last.
        left.sort_by_key(|request| request.turn);
        futures::stream::iter(left)
            .for_each_concurrent(OBJECTS_AT_ONCE, |request| self.get(request.key))
            .await;
        budgeted
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
                self.note_absent(pending, |_| true);
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

    /// Lists the namespaces that hold several of the wanted objects, and then all namespaces where many objects are left
    /// in namespaces with few of them.
    async fn read_part_from_lists(
        &self,
        namespaces: &BTreeSet<Option<&str>>,
        pending: &PendingReads<ObjectRequest>,
    ) -> Result<(), ReadError> {
        self.list_by_namespace(namespaces, pending).await;
        if pending.len() < LIST_AGAIN_FROM {
            return Ok(());
        }
        match self.list(None, pending).await {
            Ok(ListEnd::Whole) => self.note_absent(pending, |_| true),
            Ok(ListEnd::Early) | Err(ReadError::Forbidden { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Hands on as absent what a whole list lacks and nobody expects to be there.
    fn note_absent(&self, pending: &PendingReads<ObjectRequest>, is_listed: impl Fn(&ObjectRequest) -> bool) {
        let is_absent = |request: &ObjectRequest| request.expected == Expected::Absent && is_listed(request);
        for request in pending.take_if(is_absent) {
            self.handler.take(&request.key, Lookup::NotFound);
        }
    }

    /// Lists namespace by namespace, which a namespaced role may do, as far as there is enough to read in each.
    async fn list_by_namespace(
        &self,
        namespaces: &BTreeSet<Option<&str>>,
        pending: &PendingReads<ObjectRequest>,
    ) {
        futures::stream::iter(namespaces)
            .for_each_concurrent(NAMESPACES_AT_ONCE, |&namespace| async move {
                let is_within = |request: &ObjectRequest| request.key.namespace.as_deref() == namespace;
                if pending.count(is_within) < LIST_FROM {
                    return;
                }
                let budget = pending.shared(is_within, |request| request.budget.clone());
                if budget.is_some_and(|budget| budget.spend().is_err()) {
                    return;
                }
                match self.list(namespace, pending).await {
                    Ok(ListEnd::Whole) => self.note_absent(pending, is_within),
                    Ok(ListEnd::Early) => {}
                    Err(error) => {
                        tracing::debug!(kind = %self.gvk, namespace, %error, "list refused, reading one by one");
                    }
                }
            })
            .await;
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
            retries: self.retries,
        };
        let reader = ListedObjects {
            gvk: self.gvk.clone(),
            namespace: namespace.map(str::to_owned),
            handler: Arc::clone(self.handler),
            pending: pending.clone(),
            page_size: self.page_size(),
            worth_listing: match (self.share, namespace) {
                (Share::Part, None) => WORTH_LISTING_AGAIN,
                (Share::Whole | Share::Part, _) => WORTH_LISTING,
            },
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
            retries: self.retries,
        };
        let refused = |status| ReadError::Refused {
            status,
            reason: String::new(),
        };
        self.handler.room().await;
        match self.http.get_keeping_slot(get).await {
            Ok((ApiAnswer::Body(body), slot)) => {
                let handler = Arc::clone(self.handler);
                let job = move || {
                    match object_text(&key, &body) {
                        Ok(text) => handler.take(&key, Lookup::Found(text)),
                        Err(error) => handler.take(&key, Lookup::Unreadable(&error)),
                    }
                    drop(slot);
                };
                if let Err(error) = tokio::task::spawn_blocking(job).await {
                    tracing::error!(%error, "an object could not be worked on");
                }
            }
            Ok((ApiAnswer::NotFound, _)) => self.handler.take(&key, Lookup::NotFound),
            Ok((ApiAnswer::NoSuchPath, _)) => self.handler.take(&key, Lookup::Unreadable(&refused(404))),
            Ok((ApiAnswer::TooLarge, _)) => self.handler.take(&key, Lookup::Unreadable(&refused(413))),
            Ok((ApiAnswer::Expired, _)) => self.handler.take(&key, Lookup::Unreadable(&refused(410))),
            Err(error) => self.handler.take(&key, Lookup::Unreadable(&error)),
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
    worth_listing: u64,
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
                self.handler.take(&request.key, Lookup::Found(item.get()));
            }
        }
        Ok(())
    }

    fn next_page(&self, page: PageSummary) -> Option<u32> {
        let wanted = self.pending.len() as u64;
        let worth = wanted.saturating_mul(self.worth_listing);
        (wanted > 0 && page.remaining.unwrap_or(0) <= worth).then_some(self.page_size)
    }

    /// Objects that were handed on stay so; the others are still pending.
    fn restart(&self) {}

    fn room(&self) -> BoxFuture<'_, ()> {
        self.handler.room()
    }
}

/// The answer as text, if it is the object that was asked for: a proxy answers 200 to anything.
pub(super) fn object_text<'b>(key: &ObjectKey, body: &'b [u8]) -> Result<&'b str, ReadError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
    let identity: Identity<'_> = parse(body)?;
    identity.stated_type().must_be(&key.gvk)?;
    identity.metadata.must_be(key.namespace.as_deref(), &key.name)?;
    Ok(text)
}
