//! Reading live objects: few requests, little memory.
//!
//! Objects of one kind are listed when there are several of them, else read one by one. A list is read page by
//! page, its items are looked at as text, and only the wanted ones are handed on, so that neither a large list nor
//! the cluster's other objects are ever held. Absence from a list is confirmed by a GET: only the API server's
//! own 404 makes an object missing. An object that is expected to be gone anyway is gone when a whole list lacks it.
//!
//! A list of all namespaces is read on by the parts of a scan, so that each page of it is read once. The list of a kind that
//! is in no namespace begins anew for each part, as far as it is worth that.
//!
//! A release that could need more GETs than its budget has is read from lists like any other, and what the lists leave
//! of it is read after everything else, as far as the budget goes. No other release waits for it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::future::BoxFuture;
use serde_json::value::RawValue;

use super::answer::{Identity, malformed};
use super::http::{AnswerSize, ApiAnswer, ApiClient, Compression, Get, JSON, Purpose, RetryBudget, parse};
use super::pages::{self, ListReader, ListRequest, PageSummary};
use super::paths::{ApiPath, ApiResource};
use super::pending::{NamespacedName, PendingReads};
use super::place::ListEnd;
use super::read_on::{ListsReadOn, PageIndex};
use super::seen_version::SeenVersion;
use crate::object::{Gvk, ObjectKey};
use crate::source::{
    Expected, Lookup, NamespaceRange, ObjectHandler, ObjectRequest, ReadError, Share, list_order,
};

/// From how many wanted objects on one list is cheaper than as many GETs.
const LIST_FROM: usize = 4;
/// How many bytes of unwanted objects a list may have for each wanted one: about what else a GET costs the API server.
const WORTH_LISTING: u64 = 32 << 10;
/// From how many wanted objects on, in namespaces with few of them, a list of all namespaces is asked for once more.
const LIST_AGAIN_FROM: usize = 64;
/// The fewest items that are worth a page.
const SMALLEST_PAGE: u32 = 50;
/// How many namespaces of one kind are listed at once.
const NAMESPACES_AT_ONCE: usize = 4;
/// How many kinds are read at once, and how many objects of one kind that are read one by one.
const KINDS_AT_ONCE: usize = 16;
const OBJECTS_AT_ONCE: usize = 16;

/// Reads every wanted object and hands each outcome to the handler.
pub(super) async fn objects(
    http: &ApiClient,
    lists: &ListsReadOn,
    wanted: &[ObjectRequest],
    share: &Share,
    handler: ObjectHandler,
) {
    let reading = &Reading {
        http,
        lists,
        share,
        handler: &handler,
    };
    let mut kinds: BTreeMap<(&Gvk, &str), Vec<&ObjectRequest>> = BTreeMap::new();
    for object in wanted {
        kinds
            .entry((&object.key.gvk, object.plural.as_str()))
            .or_default()
            .push(object);
    }
    // Concurrency is bounded per request; here only the number of kinds held open.
    let left = &Mutex::new(Vec::new());
    futures::stream::iter(kinds)
        .for_each_concurrent(KINDS_AT_ONCE, |((gvk, plural), wanted)| async move {
            let retries = RetryBudget::default();
            let of_kind = KindReader::new(reading, gvk, plural, &retries)
                .read(&wanted)
                .await;
            left.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(of_kind);
        })
        .await;
    let left = std::mem::take(&mut *left.lock().unwrap_or_else(PoisonError::into_inner));
    read_within_budgets(reading, left).await;
}

/// What all kinds are read with.
struct Reading<'a> {
    http: &'a ApiClient,
    /// The lists that parts of the scan read on.
    lists: &'a ListsReadOn,
    share: &'a Share,
    handler: &'a ObjectHandler,
}

/// Reads objects one by one, as far as the budgets of their releases go. The same scan always reads the same ones: those
/// that their releases name first.
async fn read_within_budgets(reading: &Reading<'_>, mut left: Vec<ObjectRequest>) {
    left.sort_unstable_by(|one, other| (one.turn, &one.key).cmp(&(other.turn, &other.key)));
    left.retain(|request| {
        let spent = request.budget.as_ref().map_or(Ok(()), |budget| budget.spend());
        if let Err(error) = &spent {
            reading.handler.take(&request.key, Lookup::Unreadable(error));
        }
        spent.is_ok()
    });
    let retries = &RetryBudget::default();
    futures::stream::iter(left)
        .for_each_concurrent(OBJECTS_AT_ONCE, |request| async move {
            let ObjectRequest { key, plural, .. } = &request;
            KindReader::new(reading, &key.gvk, plural, retries)
                .get(key.clone())
                .await;
        })
        .await;
}

/// Reads the objects of one kind.
struct KindReader<'a> {
    reading: &'a Reading<'a>,
    gvk: &'a Gvk,
    resource: ApiResource<'a>,
    retries: &'a RetryBudget,
    seen: Arc<SeenVersion>,
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
    fn new(reading: &'a Reading<'a>, gvk: &'a Gvk, plural: &'a str, retries: &'a RetryBudget) -> Self {
        let resource = ApiResource {
            api_version: &gvk.api_version,
            plural,
        };
        Self {
            reading,
            gvk,
            resource,
            retries,
            seen: reading.lists.seen_of(resource),
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
            let listed = match self.reading.share {
                _ if namespaces.len() == 1 => {
                    let only = namespaces.first().copied().flatten();
                    self.read_one_list(only, &pending).await
                }
                Share::Part { range, parts } => self.read_on(&namespaces, range, *parts, &pending).await,
                Share::Few => self.read_few_from_lists(&namespaces, &pending).await,
            };
            if let Err(error) = listed {
                match AfterList::of(&error) {
                    AfterList::ReadByName => {
                        tracing::debug!(kind = %self.gvk, %error, "list refused, reading one by one");
                    }
                    AfterList::GiveUp => {
                        for request in pending.take_all() {
                            self.reading
                                .handler
                                .take(&request.key, Lookup::Unreadable(&error));
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

    /// Lists the one namespace that is wanted, or the objects of a kind that are in none.
    async fn read_one_list(
        &self,
        namespace: Option<&str>,
        pending: &PendingReads<ObjectRequest>,
    ) -> Result<(), ReadError> {
        match self.list(namespace, pending).await? {
            ListEnd::Whole => self.note_absent(pending, |_| true),
            ListEnd::Early | ListEnd::Beyond => {}
        }
        Ok(())
    }

    /// Reads the pages of the list of all namespaces that are of this part, and lists the namespaces that hold several of the
    /// objects which are left.
    async fn read_on(
        &self,
        namespaces: &BTreeSet<Option<&str>>,
        range: &NamespaceRange,
        parts: usize,
        pending: &PendingReads<ObjectRequest>,
    ) -> Result<(), ReadError> {
        let path = self.path(None);
        let index = self.reading.lists.pages_of(&path);
        if let Some(from) = index.place_of(&range.from) {
            let role = self.resource.role_name();
            let list = self.request(&path, &role, None);
            let reader = Arc::new(ListedObjects {
                range: Some(range.clone()),
                parts: u64::try_from(parts).unwrap_or(u64::MAX),
                index: Arc::clone(&index),
                ..self.reader(None, pending)
            });
            let end = match pages::read_on(self.reading.http, list, reader.next_size(), &reader, from, &index)
                .await
            {
                Ok(end) => end,
                // Whoever may not list all namespaces may list some of them.
                Err(ReadError::Forbidden { .. }) => ListEnd::Early,
                Err(error) => return Err(error),
            };
            if index.is_in_order() {
                self.note_absent(pending, |request: &ObjectRequest| {
                    let namespace = request.key.namespace.as_deref();
                    namespace.is_some_and(|namespace| end.has_whole(range, namespace))
                });
            }
        }
        self.list_by_namespace(namespaces, pending).await;
        Ok(())
    }

    /// Lists the namespaces that hold several of the wanted objects, and then all namespaces where many objects are left
    /// in namespaces with few of them.
    async fn read_few_from_lists(
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
            Ok(ListEnd::Early | ListEnd::Beyond) | Err(ReadError::Forbidden { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Hands on as absent what a whole list lacks and nobody expects to be there.
    fn note_absent(&self, pending: &PendingReads<ObjectRequest>, is_listed: impl Fn(&ObjectRequest) -> bool) {
        let is_absent = |request: &ObjectRequest| request.expected == Expected::Absent && is_listed(request);
        for request in pending.take_if(is_absent) {
            self.reading.handler.take(&request.key, Lookup::NotFound);
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
                    Ok(ListEnd::Early | ListEnd::Beyond) => {}
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
        let path = self.path(namespace);
        let role = self.resource.role_name();
        let list = self.request(&path, &role, namespace);
        let reader = self.reader(namespace, pending);
        pages::read(self.reading.http, list, self.page_size(), &Arc::new(reader)).await
    }

    /// Where to list one namespace, or all of them. Helm's records are no objects of a release.
    fn path(&self, namespace: Option<&str>) -> ApiPath {
        let path = self.resource.collection(namespace);
        if self.gvk.kind == "Secret" && self.gvk.api_version == "v1" {
            path.with("fieldSelector", "type!=helm.sh/release.v1")
        } else {
            path
        }
    }

    fn request<'l>(
        &'l self,
        path: &'l ApiPath,
        role: &'l str,
        namespace: Option<&'l str>,
    ) -> ListRequest<'l> {
        ListRequest {
            path,
            items: self.gvk,
            accept: JSON,
            purpose: Purpose {
                verb: "list",
                resource: role,
                namespace,
            },
            compression: Compression::Allowed,
            retries: self.retries,
            seen: &self.seen,
        }
    }

    /// Takes the wanted objects out of a list of one namespace, or of all of them.
    fn reader(&self, namespace: Option<&str>, pending: &PendingReads<ObjectRequest>) -> ListedObjects {
        ListedObjects {
            gvk: self.gvk.clone(),
            namespace: namespace.map(str::to_owned),
            range: None,
            handler: Arc::clone(self.reading.handler),
            pending: pending.clone(),
            page_size: self.page_size(),
            parts: 1,
            index: Arc::default(),
        }
    }

    async fn get(&self, key: ObjectKey) {
        let namespace = key.namespace.as_deref();
        let path = self.seen.object(self.resource.object(namespace, &key.name));
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
        self.reading.handler.room().await;
        match self.reading.http.get_keeping_slot(get).await {
            Ok((ApiAnswer::Body(body), slot)) => {
                let handler = Arc::clone(self.reading.handler);
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
            Ok((ApiAnswer::NotFound, _)) => self.reading.handler.take(&key, Lookup::NotFound),
            Ok((ApiAnswer::NoSuchPath, _)) => {
                self.reading.handler.take(&key, Lookup::Unreadable(&refused(404)));
            }
            Ok((ApiAnswer::TooLarge, _)) => {
                self.reading.handler.take(&key, Lookup::Unreadable(&refused(413)));
            }
            Ok((ApiAnswer::Expired, _)) => self.reading.handler.take(&key, Lookup::Unreadable(&refused(410))),
            Err(error) => self.reading.handler.take(&key, Lookup::Unreadable(&error)),
        }
    }

    /// Small pages for large objects: a page is held in memory while its items are compared.
    fn page_size(&self) -> u32 {
        match self.gvk.kind.as_str() {
            "CustomResourceDefinition" => 25,
            "ConfigMap" | "Secret" => 100,
            _ => 500,
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
    /// The namespaces of the part that reads the list on; `None` where no other part does.
    range: Option<NamespaceRange>,
    handler: ObjectHandler,
    pending: PendingReads<ObjectRequest>,
    page_size: u32,
    /// How many parts of the scan want as much of the list as this one.
    parts: u64,
    /// The pages of the list, which know whether the items come in the order of their namespaces, as those of etcd do.
    index: Arc<PageIndex>,
}

impl ListedObjects {
    /// How many items the next page shall have. Where another part reads the list on, it has no more than this part may
    /// want: the other one has to read the same page again.
    fn next_size(&self) -> u32 {
        let wanted = u32::try_from(self.pending.len()).unwrap_or(u32::MAX);
        match self.range.as_ref().and_then(|range| range.until.as_ref()) {
            Some(_) => self.page_size.min(wanted.max(SMALLEST_PAGE)),
            None => self.page_size,
        }
    }
}

impl ListReader for ListedObjects {
    fn take(&self, _: usize, items: &[&RawValue]) -> Result<(), ReadError> {
        let mut last: Option<Cow<'_, str>> = None;
        for item in items {
            let identity: Identity<'_> = parse(item.get().as_bytes())?;
            identity.stated_type().may_be(&self.gvk)?;
            let metadata = identity.metadata;
            metadata.must_be_within(self.namespace.as_deref())?;
            if let (Some(last), Some(namespace)) = (&last, &metadata.namespace)
                && list_order(last, namespace) == Ordering::Greater
            {
                self.index.note_disorder();
            }
            last.clone_from(&metadata.namespace);
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

    fn next_page(&self, page: &PageSummary) -> Option<u32> {
        let wanted = (self.pending.len() as u64).saturating_mul(self.parts);
        let unwanted = page.remaining.unwrap_or(0).saturating_sub(wanted);
        let bytes = unwanted.saturating_mul(page.item_bytes() as u64);
        let is_worth = bytes <= wanted.saturating_mul(WORTH_LISTING);
        (wanted > 0 && is_worth).then(|| self.next_size())
    }

    fn is_beyond(&self, namespace: &str) -> bool {
        self.range
            .as_ref()
            .is_some_and(|range| range.is_before(namespace))
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
