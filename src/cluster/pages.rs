//! Lists, read page by page: while one page is worked on, the next ones are under way.
//!
//! This is the only place that follows continue tokens. The items of a page stay text, which the [`ListReader`]
//! processes on the blocking pool. No more than [`AHEAD`] pages of a list are worked on at once, and each keeps
//! its slot among the requests until it is done, so that a large list is never held as a whole.
//!
//! An API server remembers the state that a list began with for a few minutes, and answers 410 to a continue token
//! from before that (Kubernetes: `apiserver/pkg/storage/etcd3/errors.go`, `interpretListError`). The list then begins
//! again, once.
//!
//! A scan that goes through a cluster part by part reads on in a list where the part before ended ([`read_on`]). Lists are
//! in the order of their keys in etcd, where a `/` follows the namespace, and so in the order of [`list_order`](crate::source::list_order).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::answer::{Identity, StatedType, malformed};
use super::http::{
    AnswerSize, ApiAnswer, ApiClient, Compression, Get, Purpose, RequestSlot, RetryBudget, parse,
};
use super::paths::ApiPath;
use super::place::{ListEnd, PageEnd, PagePlace};
use super::read_on::PageIndex;
use super::seen_version::SeenVersion;
use crate::object::Gvk;
use crate::source::ReadError;
use crate::types::TypeTable;
use crate::weight;

/// How many pages of one list are worked on at once: enough to keep two processors busy with the only list there is.
const AHEAD: usize = 2;

/// The most pages that one list is followed for, however its tokens change. No real list comes near it; a server whose
/// tokens lead in a circle would never end.
const MOST_PAGES: usize = 2_000;

/// What a page should come to: it is held in memory while it is worked on, and a larger one may have to be asked for
/// again.
const PAGE_BYTES: usize = 2 << 20;

/// The most items that a page may have. Pages are asked for with at most 500; some aggregated API servers answer with
/// all items that there are.
const MAX_ITEMS: usize = 50_000;

/// How many items a page has of a list that is read as a whole.
const WHOLE_LIST_PAGE: u32 = 500;

/// The receiver of a list's items.
pub(super) trait ListReader: Send + Sync + 'static {
    /// Takes in the items of a page, each as JSON, on the blocking pool. Pages are numbered in the order of the list and
    /// may come in another one. `Err` when an item is not what was asked for, which ends the list.
    fn take(&self, page: usize, items: &[&RawValue]) -> Result<(), ReadError>;

    /// How many items the page after this one shall have; `None` when the rest of the list is not worth having.
    fn next_page(&self, page: &PageSummary) -> Option<u32>;

    /// The list begins again with its first page. No page is being taken in.
    fn restart(&self);

    /// Whether the last item of a page, which is in this namespace, comes after everything that is wanted now.
    fn is_beyond(&self, _namespace: &str) -> bool {
        false
    }

    /// Resolves when there is room for what the next page holds.
    fn room(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A list to read.
#[derive(Clone, Copy)]
pub(super) struct ListRequest<'a> {
    /// The collection, with the query that selects from it.
    pub(super) path: &'a ApiPath,
    /// The type of its items.
    pub(super) items: &'a Gvk,
    pub(super) accept: &'a str,
    pub(super) purpose: Purpose<'a>,
    pub(super) compression: Compression,
    pub(super) retries: &'a RetryBudget,
    /// The version of the kind that was seen: the list is no older.
    pub(super) seen: &'a SeenVersion,
}

/// The size of a page, known before its items are taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageSummary {
    pub(super) bytes: usize,
    pub(super) items: usize,
    /// How many items come after it. API servers do not say so of lists with a selector.
    pub(super) remaining: Option<u64>,
    /// The namespace of its last item; `None` where it has none.
    pub(super) last_namespace: Option<String>,
}

impl PageSummary {
    /// How many bytes an item has.
    pub(super) fn item_bytes(&self) -> usize {
        self.bytes / self.items.max(1)
    }

    /// How many items come to [`PAGE_BYTES`], if they are like those of this page.
    pub(super) fn fitting(&self) -> u32 {
        let fitting = PAGE_BYTES / self.item_bytes().max(1);
        u32::try_from(fitting).unwrap_or(u32::MAX).max(1)
    }
}

type Work = JoinHandle<Result<(), ReadError>>;

/// A list as the API server writes it (apimachinery: `pkg/apis/meta/v1/types.go`, `List`). Every field is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    metadata: ListMeta,
    #[serde(borrow, deserialize_with = "items")]
    items: Vec<&'a RawValue>,
}

/// The items as text.
fn items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'de RawValue>, D::Error> {
    weight::list::at_most(deserializer, MAX_ITEMS, "too many items")
}

impl Page<'_> {
    /// `Err` unless this is a list of these items.
    ///
    /// A custom resource may name its list's kind as it likes (`spec.names.listKind`), and its items name their own.
    fn must_be_of(&self, items: &Gvk) -> Result<(), ReadError> {
        let list = Gvk::new(items.api_version.as_str(), format!("{}List", items.kind));
        let stated = StatedType::new(Some(&self.api_version), Some(&self.kind)).must_be(&list);
        if stated.is_ok()
            || is_built_in(items)
            || self.api_version != items.api_version
            || self.items.is_empty()
        {
            return stated;
        }
        self.items.iter().try_for_each(|item| {
            let identity: Identity<'_> = parse(item.get().as_bytes())?;
            identity.stated_type().must_be(items)
        })
    }

    /// The token of the next page. `Err` where there is none although more items are to come.
    fn next(&self) -> Result<Option<String>, ReadError> {
        let token = self.metadata.token.clone().filter(|token| !token.is_empty());
        if token.is_none() && self.metadata.remaining_item_count.is_some_and(|more| more > 0) {
            return Err(malformed("it says that more items follow, and not where"));
        }
        Ok(token)
    }

    /// `Err` unless this page goes on where the one before ended.
    ///
    /// All pages of a list show the state of one moment, and say so by their resource version (Kubernetes:
    /// `apiserver/pkg/storage/etcd3/store.go`, `GetList`), so the number of items that the page before announced is exact.
    /// The lists of kinds that Kubernetes itself serves have a resource version from the first page on; those of an
    /// aggregated API server without a storage of its own have none, and no second page.
    fn must_continue(&self, before: Option<&PageEnd>, items: &Gvk) -> Result<(), ReadError> {
        let version = self.metadata.resource_version.as_deref().unwrap_or_default();
        let needs_version = is_built_in(items) || before.is_some() || self.next()?.is_some();
        if needs_version && version.is_empty() {
            return Err(malformed("it has no resource version, as every list has"));
        }
        let Some(before) = before else { return Ok(()) };
        if version != before.version {
            return Err(malformed("its pages are of different versions of the list"));
        }
        let announced = before.remaining.unwrap_or_default();
        if self.next()?.is_none() && (self.items.len() as u64) < announced {
            return Err(malformed("it ended before all items that it announced"));
        }
        Ok(())
    }

    fn end(&self) -> PageEnd {
        PageEnd {
            version: self.metadata.resource_version.clone().unwrap_or_default(),
            remaining: self.metadata.remaining_item_count,
        }
    }
}

/// Whether a kind is one that Kubernetes itself serves.
fn is_built_in(items: &Gvk) -> bool {
    items.group() == "meta.k8s.io"
        || TypeTable::builtin()
            .kind(&items.api_version, &items.kind)
            .is_some()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    token: Option<String>,
    remaining_item_count: Option<u64>,
}

/// Reads a list, beginning with a page of `limit` items. When this returns, nothing is worked on any more. `Err` when a
/// page could not be read; a list that the API server cannot go on with just ends early.
pub(super) async fn read(
    http: &ApiClient,
    list: ListRequest<'_>,
    limit: u32,
    reader: &Arc<impl ListReader>,
) -> Result<ListEnd, ReadError> {
    if let Pass::Ended(end) = read_once(http, list, limit, reader, PagePlace::FIRST, None).await? {
        return Ok(end);
    }
    tracing::debug!(path = %list.path, "the list expired, beginning again");
    reader.restart();
    match read_once(http, list, limit, reader, PagePlace::FIRST, None).await? {
        Pass::Ended(end) => Ok(end),
        Pass::Expired => Ok(ListEnd::Early),
    }
}

/// Reads a list as [`read`] does, but beginning with the page at a place, and notes its pages. Where the API server does not
/// remember the list any more, it is lost.
pub(super) async fn read_on(
    http: &ApiClient,
    list: ListRequest<'_>,
    limit: u32,
    reader: &Arc<impl ListReader>,
    from: PagePlace,
    index: &PageIndex,
) -> Result<ListEnd, ReadError> {
    match read_once(http, list, limit, reader, from, Some(index)).await {
        Ok(Pass::Ended(end)) => Ok(end),
        Ok(Pass::Expired) => {
            index.lose();
            Ok(ListEnd::Early)
        }
        Err(error) => {
            index.lose();
            Err(error)
        }
    }
}

/// How one pass over a list ended.
enum Pass {
    Ended(ListEnd),
    /// The API server does not remember the state that the list began with.
    Expired,
}

async fn read_once(
    http: &ApiClient,
    list: ListRequest<'_>,
    limit: u32,
    reader: &Arc<impl ListReader>,
    from: PagePlace,
    index: Option<&PageIndex>,
) -> Result<Pass, ReadError> {
    let mut working: VecDeque<Work> = VecDeque::new();
    let ended = follow(http, list, limit, reader, from, index, &mut working).await;
    let mut worked = Ok(());
    for page in working {
        worked = worked.and(finish(page).await);
    }
    worked.and(ended)
}

/// Follows the continue tokens; the pages that are still worked on when it ends are left in `working`.
async fn follow(
    http: &ApiClient,
    list: ListRequest<'_>,
    limit: u32,
    reader: &Arc<impl ListReader>,
    from: PagePlace,
    index: Option<&PageIndex>,
    working: &mut VecDeque<Work>,
) -> Result<Pass, ReadError> {
    let mut limit = limit;
    let mut place = from;
    let mut tokens = HashSet::new();
    let mut page = 0;
    for _ in 0..MOST_PAGES {
        let path = list.path.page(limit, place.token.as_deref());
        let path = match place.token {
            // A token says of which version it is.
            Some(_) => path,
            None => list.seen.list(path),
        };
        let get = Get {
            path: path.as_ref(),
            accept: list.accept,
            purpose: list.purpose,
            compression: list.compression,
            answer: if limit > 1 {
                AnswerSize::Page
            } else {
                AnswerSize::Single
            },
            retries: list.retries,
        };
        reader.room().await;
        let (body, slot) = match http.get_keeping_slot(get).await? {
            (ApiAnswer::Body(body), slot) => (body, slot),
            // The same page again, with fewer items.
            (ApiAnswer::TooLarge, _) => {
                limit = (limit / 2).max(1);
                continue;
            }
            (ApiAnswer::Expired, _) if place.token.is_some() => {
                return Ok(Pass::Expired);
            }
            (ApiAnswer::NotFound | ApiAnswer::NoSuchPath | ApiAnswer::Expired, _) => {
                return Ok(Pass::Ended(ListEnd::Early));
            }
        };
        if working.len() == AHEAD
            && let Some(oldest) = working.pop_front()
        {
            finish(oldest).await?;
        }
        let (sender, summary) = oneshot::channel();
        let (reader_of_page, items) = (Arc::clone(reader), list.items.clone());
        let before = place.before.clone();
        working.push_back(tokio::task::spawn_blocking(move || {
            let worked = work(&body, &items, page, before.as_ref(), &*reader_of_page, sender);
            drop::<RequestSlot>(slot);
            worked
        }));
        // There is no summary of a page that could not be read; its work has the error.
        let Ok((summary, token, end)) = summary.await else {
            return Ok(Pass::Ended(ListEnd::Early));
        };
        list.seen.note(&end.version);
        let next = token.map(|token| PagePlace {
            token: Some(token),
            before: Some(end),
            items: place.items + summary.items,
        });
        let last_namespace = summary.last_namespace.as_deref();
        if let Some(index) = index {
            index.add(place, last_namespace, next.as_ref());
        }
        if last_namespace.is_some_and(|namespace| reader.is_beyond(namespace)) {
            return Ok(Pass::Ended(ListEnd::Beyond));
        }
        let wanted = reader.next_page(&summary);
        let Some(next) = next else {
            return Ok(Pass::Ended(ListEnd::Whole));
        };
        let Some(wanted) = wanted else {
            return Ok(Pass::Ended(ListEnd::Early));
        };
        // The tokens lead back to a page that was read.
        if next.token.clone().is_some_and(|token| !tokens.insert(token)) {
            return Ok(Pass::Ended(ListEnd::Early));
        }
        limit = wanted.min(summary.fitting());
        place = next;
        page += 1;
    }
    Ok(Pass::Ended(ListEnd::Early))
}

fn work(
    body: &[u8],
    items: &Gvk,
    number: usize,
    before: Option<&PageEnd>,
    reader: &impl ListReader,
    sender: oneshot::Sender<(PageSummary, Option<String>, PageEnd)>,
) -> Result<(), ReadError> {
    let page: Page<'_> = parse(body)?;
    page.must_be_of(items)?;
    page.must_continue(before, items)?;
    let last: Option<Identity<'_>> = page
        .items
        .last()
        .and_then(|last| parse(last.get().as_bytes()).ok());
    let summary = PageSummary {
        bytes: body.len(),
        items: page.items.len(),
        remaining: page.metadata.remaining_item_count,
        last_namespace: last.and_then(|last| last.metadata.namespace).map(Cow::into_owned),
    };
    let token = page.next()?;
    // The receiver is gone when the scan has ended.
    if sender.send((summary, token, page.end())).is_err() {
        return Ok(());
    }
    reader.take(number, &page.items)
}

async fn finish(page: Work) -> Result<(), ReadError> {
    page.await
        .unwrap_or_else(|_| Err(malformed("processing it failed")))
}

/// Reads a whole list, and returns the results of `read_item` in the order of the list. `Err` when the list ends before
/// its last page.
pub(super) async fn collect<T: Send + 'static>(
    http: &ApiClient,
    list: ListRequest<'_>,
    read_item: impl Fn(&str) -> Result<Option<T>, ReadError> + Send + Sync + 'static,
) -> Result<Vec<T>, ReadError> {
    let collector = Arc::new(Collector {
        read_item,
        pages: Mutex::default(),
    });
    match read(http, list, WHOLE_LIST_PAGE, &collector).await? {
        ListEnd::Whole => Ok(std::mem::take(&mut *collector.pages())
            .into_values()
            .flatten()
            .collect()),
        ListEnd::Early | ListEnd::Beyond => Err(malformed("the list could not be completed")),
    }
}

/// The reader of a list that is wanted as a whole.
struct Collector<T, F> {
    read_item: F,
    pages: Mutex<BTreeMap<usize, Vec<T>>>,
}

impl<T, F> Collector<T, F> {
    fn pages(&self) -> MutexGuard<'_, BTreeMap<usize, Vec<T>>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, F> ListReader for Collector<T, F>
where
    T: Send + 'static,
    F: Fn(&str) -> Result<Option<T>, ReadError> + Send + Sync + 'static,
{
    fn take(&self, page: usize, items: &[&RawValue]) -> Result<(), ReadError> {
        let read = items
            .iter()
            .filter_map(|item| (self.read_item)(item.get()).transpose());
        let read = read.collect::<Result<Vec<T>, ReadError>>()?;
        self.pages().insert(page, read);
        Ok(())
    }

    fn next_page(&self, _: &PageSummary) -> Option<u32> {
        Some(WHOLE_LIST_PAGE)
    }

    fn restart(&self) {
        self.pages().clear();
    }
}
