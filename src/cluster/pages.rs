//! Lists, read page by page: while one page is worked on, the next ones are under way.
//!
//! The items of a page stay text; what is done with them is the caller's, on threads where computing holds nobody
//! up. No more than [`AHEAD`] pages of a list are worked on at once, and each keeps its slot among the requests until
//! it is done, so that a large list is never held as a whole.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::http::{Answer, Get, Http, ListMeta, Slot, encode, parse};
use crate::source::ReadError;

/// How many pages of one list are worked on at once: enough to keep two processors busy with the only list there is.
const AHEAD: usize = 2;

/// Is handed the items of a list, as JSON. An item that is not what was asked for makes the page unreadable.
pub(super) type Item = Arc<dyn Fn(&str) -> Result<(), ReadError> + Send + Sync>;

/// How a list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Every item that there is was looked at.
    Whole,
    /// There may be more.
    Early,
}

/// What is known of a page before its items are looked at.
pub(super) struct Seen {
    pub(super) bytes: usize,
    pub(super) items: usize,
    /// How many items come after it. API servers do not say so of lists with a selector.
    pub(super) remaining: Option<u64>,
    token: Option<String>,
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

/// Lists what `get` asks for, beginning with a page of `limit` items. `next` says of every page how large the one
/// after it shall be; without an answer the list ends there. When this returns, nothing is worked on any more.
/// `Err` when a page could not be read; a list that the API server cannot go on with just ends early.
pub(super) async fn read(
    http: &Http,
    get: Get<'_>,
    limit: u32,
    each: Item,
    mut next: impl FnMut(&Seen) -> Option<u32> + Send,
) -> Result<End, ReadError> {
    let mut working: VecDeque<Work> = VecDeque::new();
    let and = if get.path.contains('?') { '&' } else { '?' };
    let mut path = format!("{}{and}limit={limit}", get.path);
    let outcome = loop {
        let answer = http.hold(Get { path: &path, ..get }).await;
        let (body, slot) = match answer {
            Ok((Answer::Body(body), slot)) => (body, slot),
            Ok((Answer::NotFound | Answer::NoSuchPath | Answer::Expired, _)) => break Ok(End::Early),
            Err(error) => break Err(error),
        };
        if working.len() == AHEAD
            && let Some(oldest) = working.pop_front()
            && let Err(error) = finish(oldest).await
        {
            break Err(error);
        }
        let (tell, told) = oneshot::channel();
        let each = Arc::clone(&each);
        working.push_back(tokio::task::spawn_blocking(move || {
            let worked = work(&body, &each, tell);
            drop::<Slot>(slot);
            worked
        }));
        // Nothing is told of a page that could not be read; its work has the error.
        let Ok(seen) = told.await else {
            break Ok(End::Early);
        };
        match (&seen.token, next(&seen)) {
            (Some(token), Some(limit)) => {
                path = format!("{}{and}limit={limit}&continue={}", get.path, encode(token));
            }
            (None, _) => break Ok(End::Whole),
            (Some(_), None) => break Ok(End::Early),
        }
    };
    let mut worked = Ok(());
    for page in working {
        worked = worked.and(finish(page).await);
    }
    worked.and(outcome)
}

fn work(body: &[u8], each: &Item, tell: oneshot::Sender<Seen>) -> Result<(), ReadError> {
    let page: Page<'_> = parse(body)?;
    let items = page.items.unwrap_or_default();
    let seen = Seen {
        bytes: body.len(),
        items: items.len(),
        remaining: page.metadata.remaining_item_count,
        token: page.metadata.token.filter(|token| !token.is_empty()),
    };
    // Nobody listens any more when the scan has ended.
    if tell.send(seen).is_err() {
        return Ok(());
    }
    items.into_iter().try_for_each(|item| each(item.get()))
}

async fn finish(page: Work) -> Result<(), ReadError> {
    page.await.unwrap_or_else(|_| {
        Err(ReadError::Malformed {
            reason: "looking at it failed".to_owned(),
        })
    })
}
