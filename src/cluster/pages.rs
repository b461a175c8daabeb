//! Lists, read page by page: while one page is worked on, the next ones are under way.
//!
//! This is the only place that follows continue tokens. The items of a page stay text, which the [`ListReader`]
//! processes on the blocking pool. No more than [`AHEAD`] pages of a list are worked on at once, and each keeps
//! its slot among the requests until it is done, so that a large list is never held as a whole.
//!
//! An API server remembers the state that a list began with for a few minutes, and answers 410 to a continue token
//! from before that (Kubernetes: `apiserver/pkg/storage/etcd3/errors.go`, `interpretListError`). The list then begins
//! again, once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::http::{ApiAnswer, ApiClient, Compression, Get, Purpose, RequestSlot, RetryBudget, parse};
use super::paths::ApiPath;
use crate::source::ReadError;

/// How many pages of one list are worked on at once: enough to keep two processors busy with the only list there is.
const AHEAD: usize = 2;

/// The most pages that one list is followed for, however its tokens change. No real list comes near it; a server whose
/// tokens lead in a circle would never end.
const MOST_PAGES: usize = 2_000;

/// How many items a page has of a list that is read as a whole.
const WHOLE_LIST_PAGE: u32 = 500;

/// The receiver of a list's items.
pub(super) trait ListReader: Send + Sync + 'static {
    /// Takes in the items of a page, each as JSON, on the blocking pool. Pages are numbered in the order of the list and
    /// may come in another one. `Err` when an item is not what was asked for, which ends the list.
    fn take(&self, page: usize, items: &[&RawValue]) -> Result<(), ReadError>;

    /// How many items the page after this one shall have; `None` when the rest of the list is not worth having.
    fn next_page(&self, page: PageSummary) -> Option<u32>;

    /// The list begins again with its first page. No page is being taken in.
    fn restart(&self);

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
    pub(super) accept: &'a str,
    pub(super) purpose: Purpose<'a>,
    pub(super) compression: Compression,
    pub(super) retries: &'a RetryBudget,
}

/// How a list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListEnd {
    /// Every item of the list was taken in.
    Whole,
    /// There may be more.
    Early,
}

/// The size of a page, known before its items are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageSummary {
    pub(super) bytes: usize,
    pub(super) items: usize,
    /// How many items come after it. API servers do not say so of lists with a selector.
    pub(super) remaining: Option<u64>,
}

type Work = JoinHandle<Result<(), ReadError>>;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: ListMeta,
    /// Go writes an empty list as `null`.
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMeta {
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
    match read_once(http, list, limit, reader).await? {
        PassEnd::Whole => Ok(ListEnd::Whole),
        PassEnd::Early => Ok(ListEnd::Early),
        PassEnd::Expired => {
            tracing::debug!(path = %list.path, "the list expired, beginning again");
            reader.restart();
            match read_once(http, list, limit, reader).await? {
                PassEnd::Whole => Ok(ListEnd::Whole),
                PassEnd::Early | PassEnd::Expired => Ok(ListEnd::Early),
            }
        }
    }
}

/// How one pass over a list ended.
enum PassEnd {
    Whole,
    Early,
    /// The API server does not remember the state that the list began with.
    Expired,
}

async fn read_once(
    http: &ApiClient,
    list: ListRequest<'_>,
    limit: u32,
    reader: &Arc<impl ListReader>,
) -> Result<PassEnd, ReadError> {
    let mut working: VecDeque<Work> = VecDeque::new();
    let ended = follow(http, list, limit, reader, &mut working).await;
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
    working: &mut VecDeque<Work>,
) -> Result<PassEnd, ReadError> {
    let mut path = list.path.page(limit, None);
    let mut last_token = None;
    for page in 0..MOST_PAGES {
        let get = Get {
            path: path.as_ref(),
            accept: list.accept,
            purpose: list.purpose,
            compression: list.compression,
            retries: list.retries,
        };
        reader.room().await;
        let (body, slot) = match http.get_keeping_slot(get).await? {
            (ApiAnswer::Body(body), slot) => (body, slot),
            (ApiAnswer::Expired, _) if page > 0 => return Ok(PassEnd::Expired),
            (ApiAnswer::NotFound | ApiAnswer::NoSuchPath | ApiAnswer::Expired, _) => {
                return Ok(PassEnd::Early);
            }
        };
        if working.len() == AHEAD
            && let Some(oldest) = working.pop_front()
        {
            finish(oldest).await?;
        }
        let (sender, summary) = oneshot::channel();
        let reader_of_page = Arc::clone(reader);
        working.push_back(tokio::task::spawn_blocking(move || {
            let worked = work(&body, page, &*reader_of_page, sender);
            drop::<RequestSlot>(slot);
            worked
        }));
        // There is no summary of a page that could not be read; its work has the error.
        let Ok((summary, token)) = summary.await else {
            return Ok(PassEnd::Early);
        };
        match (token, reader.next_page(summary)) {
            // The page after this one would be this one again.
            (Some(token), Some(_)) if last_token.as_ref() == Some(&token) => return Ok(PassEnd::Early),
            (Some(token), Some(limit)) => {
                path = list.path.page(limit, Some(&token));
                last_token = Some(token);
            }
            (None, _) => return Ok(PassEnd::Whole),
            (Some(_), None) => return Ok(PassEnd::Early),
        }
    }
    Ok(PassEnd::Early)
}

fn work(
    body: &[u8],
    number: usize,
    reader: &impl ListReader,
    sender: oneshot::Sender<(PageSummary, Option<String>)>,
) -> Result<(), ReadError> {
    let page: Page<'_> = parse(body)?;
    let items = page.items.unwrap_or_default();
    let summary = PageSummary {
        bytes: body.len(),
        items: items.len(),
        remaining: page.metadata.remaining_item_count,
    };
    let token = page.metadata.token.filter(|token| !token.is_empty());
    // The receiver is gone when the scan has ended.
    if sender.send((summary, token)).is_err() {
        return Ok(());
    }
    reader.take(number, &items)
}

async fn finish(page: Work) -> Result<(), ReadError> {
    page.await.unwrap_or_else(|_| {
        Err(ReadError::Malformed {
            reason: "processing it failed".to_owned(),
        })
    })
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
        ListEnd::Early => Err(ReadError::Malformed {
            reason: "the list could not be completed".to_owned(),
        }),
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

    fn next_page(&self, _: PageSummary) -> Option<u32> {
        Some(WHOLE_LIST_PAGE)
    }

    fn restart(&self) {
        self.pages().clear();
    }
}
