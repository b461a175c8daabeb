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

/// How many pages of one list are worked on at once: one for either half of a release that two pages share.
const AHEAD: usize = 2;

/// Is handed the items of a list, as JSON.
pub(super) type Item = Arc<dyn Fn(&str) + Send + Sync>;

/// What is known of a page before its items are looked at.
pub(super) struct Seen {
    pub(super) bytes: usize,
    pub(super) items: usize,
    /// How many items come after it. API servers do not say so of lists with a selector.
    pub(super) remaining: Option<u64>,
    token: Option<String>,
}

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
/// `Err` when a page could not be read; a list that the API server cannot go on with just ends.
pub(super) async fn read(
    http: &Http,
    get: Get<'_>,
    limit: u32,
    each: Item,
    mut next: impl FnMut(&Seen) -> Option<u32> + Send,
) -> Result<(), ReadError> {
    let mut working: VecDeque<JoinHandle<()>> = VecDeque::new();
    let and = if get.path.contains('?') { '&' } else { '?' };
    let mut path = format!("{}{and}limit={limit}", get.path);
    let outcome = loop {
        let answer = http.hold(Get { path: &path, ..get }).await;
        let (body, slot) = match answer {
            Ok((Answer::Body(body), slot)) => (body, slot),
            Ok((Answer::NotFound | Answer::NoSuchPath | Answer::Expired, _)) => break Ok(()),
            Err(error) => break Err(error),
        };
        if working.len() == AHEAD
            && let Some(oldest) = working.pop_front()
        {
            finish(oldest).await;
        }
        let (tell, told) = oneshot::channel();
        let each = Arc::clone(&each);
        working.push_back(tokio::task::spawn_blocking(move || {
            work(&body, &each, tell);
            drop::<Slot>(slot);
        }));
        let seen = match told.await {
            Ok(Ok(seen)) => seen,
            Ok(Err(error)) => break Err(error),
            Err(_) => break Ok(()),
        };
        match (&seen.token, next(&seen)) {
            (Some(token), Some(limit)) => {
                path = format!("{}{and}limit={limit}&continue={}", get.path, encode(token));
            }
            (None, _) | (_, None) => break Ok(()),
        }
    };
    for page in working {
        finish(page).await;
    }
    outcome
}

fn work(body: &[u8], each: &Item, tell: oneshot::Sender<Result<Seen, ReadError>>) {
    // Nobody listens any more when the scan has ended.
    match parse::<Page<'_>>(body) {
        Ok(page) => {
            let items = page.items.unwrap_or_default();
            let seen = Seen {
                bytes: body.len(),
                items: items.len(),
                remaining: page.metadata.remaining_item_count,
                token: page.metadata.token.filter(|token| !token.is_empty()),
            };
            if tell.send(Ok(seen)).is_ok() {
                items.into_iter().for_each(|item| each(item.get()));
            }
        }
        Err(error) => {
            let _ = tell.send(Err(error));
        }
    }
}

/// Waits for a page. What a defect in looking at it left is missing from what was handed on, which callers notice.
async fn finish(page: JoinHandle<()>) {
    if let Err(error) = page.await {
        tracing::error!(%error, "a page of a list could not be worked on");
    }
}
