//! Release records with their payload.
//!
//! Helm reads every record to list releases (Helm: `pkg/storage/driver/secrets.go`, `List`). A scan needs a few
//! revisions of each release, and asks for those by name; where they are most of what a list would answer, the list
//! is far cheaper for both sides, and is what is asked for. Superseded revisions are most of a long history and a
//! scan needs one of them per release, so the list leaves them out where that makes it worth having. It is a
//! shortcut and nothing else: a record that it does not hand over, for whatever reason, is asked for by name, and
//! only that answer decides what is wrong with it. So it may have the user's selector, which keeps it short where few
//! releases are selected, although older revisions of these need not match.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Place, StatedType};
use super::http::{AnswerSize, ApiAnswer, ApiClient, Compression, Get, JSON, Purpose, RetryBudget, parse};
use super::pages::{self, ListReader, ListRequest, PageSummary};
use super::pending::{NamespacedName, PendingReads};
use super::place::ListEnd;
use super::read_on::ListsReadOn;
use super::record_counts::{Counts, WantedRecords};
use super::seen_version::SeenVersion;
use super::storage;
use crate::release::decode::DecodeError;
use crate::release::stored::{Driver, StoredRevision};
use crate::source::{ReadError, Record, RecordHandler, RevisionSet};

/// From how many needed records on one list is cheaper than as many GETs.
const LIST_FROM: usize = 4;
/// A list is worth having when one in so many of its records is needed.
const WORTH_LISTING: usize = 3;
/// How many records the first page has. None is larger than 1.5 MiB, the most that etcd takes.
const FIRST_PAGE: u32 = 25;
/// The most that a page has; it has fewer where records are large.
const LARGEST_PAGE: u32 = 100;

/// How many lists are read at once, and how many records of one list that are read one by one. Concurrency is bounded per
/// request; most namespaces have few releases.
const PLACES_AT_ONCE: usize = 16;
const RECORDS_AT_ONCE: usize = 16;

/// The list that is worth having, if there is one, and how many records it has.
fn choose(counts: Counts, wanted: &[StoredRevision]) -> Option<(RevisionSet, usize)> {
    let sets = [
        (RevisionSet::All, counts.all),
        (RevisionSet::Current, counts.current()),
    ];
    sets.into_iter().find(|&(set, listed)| {
        let needed = wanted.iter().filter(|revision| set.has(revision.status)).count();
        needed >= LIST_FROM && is_worth(needed, listed)
    })
}

/// Whether a list is worth having of which so many records are needed.
fn is_worth(needed: usize, listed: usize) -> bool {
    needed.saturating_mul(WORTH_LISTING) >= listed
}

/// Reads every wanted record and hands each to the handler.
pub(super) async fn read(
    http: &ApiClient,
    lists: &ListsReadOn,
    selector: Option<&str>,
    wanted: Vec<WantedRecords>,
    handler: RecordHandler,
) {
    let handler = &handler;
    futures::stream::iter(wanted)
        .for_each_concurrent(PLACES_AT_ONCE, |((driver, namespace), counts, wanted)| async move {
            let list = choose(counts, &wanted);
            let named = wanted.into_iter().map(|revision| (name(&revision), revision));
            let pending: PendingReads<StoredRevision> = named.collect();
            let reader = RecordReader {
                http,
                driver,
                handler,
                seen: lists.seen_of_records(storage::resource(driver)),
                retries: RetryBudget::default(),
            };
            if let Some((set, records)) = list {
                let labels = storage::labels(set, selector);
                let list = reader.list(namespace.as_deref(), &labels, records, &pending);
                if let Err(error) = list.await {
                    tracing::debug!(resource = driver.resource(), %error, "list refused, reading one by one");
                }
            }
            futures::stream::iter(pending.take_all())
                .for_each_concurrent(RECORDS_AT_ONCE, |revision| reader.get(revision))
                .await;
        })
        .await;
}

/// The name of the object that holds a record.
fn name(revision: &StoredRevision) -> NamespacedName {
    NamespacedName {
        namespace: Some(revision.release.namespace.clone()),
        name: revision.object.clone(),
    }
}

/// Hands on the wanted records of a list, for as long as the rest of the list is worth having.
struct ListedRecords {
    driver: Driver,
    handler: RecordHandler,
    pending: PendingReads<StoredRevision>,
    /// How many records the whole list should have.
    records: usize,
    /// How many of them come after the pages that were read.
    remaining: AtomicUsize,
}

impl ListReader for ListedRecords {
    fn take(&self, _: usize, items: &[&RawValue]) -> Result<(), ReadError> {
        let expected = storage::object_type(self.driver);
        for item in items {
            // A malformed item is read again by name, and that answer has the error.
            let Ok(object) = parse::<StoredRecord<'_>>(item.get().as_bytes()) else {
                continue;
            };
            object.stated_type().may_be(&expected)?;
            let name = NamespacedName {
                namespace: object.metadata.namespace.map(Cow::into_owned),
                name: object.metadata.name.into_owned(),
            };
            if let Some(revision) = self.pending.take(&name) {
                (self.handler)(&revision, Ok(read_data(self.driver, object.data)));
            }
        }
        Ok(())
    }

    fn next_page(&self, page: &PageSummary) -> Option<u32> {
        // Pages are asked for one after the other: nobody else writes in between.
        let remaining = self.remaining.load(Ordering::Relaxed).saturating_sub(page.items);
        self.remaining.store(remaining, Ordering::Relaxed);
        let needed = self.pending.len();
        (needed > 0 && is_worth(needed, remaining)).then_some(LARGEST_PAGE)
    }

    fn restart(&self) {
        self.remaining.store(self.records, Ordering::Relaxed);
    }
}

struct RecordReader<'a> {
    http: &'a ApiClient,
    driver: Driver,
    handler: &'a RecordHandler,
    /// The version of the metadata that was listed: no record is read as it was before.
    seen: Arc<SeenVersion>,
    retries: RetryBudget,
}

impl RecordReader<'_> {
    /// Lists records and takes the wanted ones out of `pending`, for as long as that is worth it.
    async fn list(
        &self,
        namespace: Option<&str>,
        labels: &str,
        records: usize,
        pending: &PendingReads<StoredRevision>,
    ) -> Result<ListEnd, ReadError> {
        let list = ListRequest {
            path: &storage::list_path(self.driver, namespace, labels),
            items: &storage::object_type(self.driver),
            accept: JSON,
            purpose: self.purpose("list", namespace),
            compression: Compression::Refused,
            retries: &self.retries,
            seen: &self.seen,
        };
        let reader = ListedRecords {
            driver: self.driver,
            handler: Arc::clone(self.handler),
            pending: pending.clone(),
            records,
            remaining: AtomicUsize::new(records),
        };
        pages::read(self.http, list, FIRST_PAGE, &Arc::new(reader)).await
    }

    async fn get(&self, revision: StoredRevision) {
        let namespace = Some(revision.release.namespace.as_str());
        let path = storage::resource(self.driver).object(namespace, &revision.object);
        let path = self.seen.object(path);
        let get = Get {
            path: path.as_ref(),
            accept: JSON,
            purpose: self.purpose("get", namespace),
            compression: Compression::Refused,
            answer: AnswerSize::Single,
            retries: &self.retries,
        };
        let refused = |status, reason: &str| {
            let reason = reason.to_owned();
            (self.handler)(&revision, Err(ReadError::Refused { status, reason }));
        };
        let (body, slot) = match self.http.get_keeping_slot(get).await {
            Ok((ApiAnswer::Body(body), slot)) => (body, slot),
            Ok((ApiAnswer::NotFound, _)) => return refused(404, "NotFound"),
            Ok((ApiAnswer::NoSuchPath, _)) => return refused(404, ""),
            Ok((ApiAnswer::Expired, _)) => return refused(410, ""),
            Ok((ApiAnswer::TooLarge, _)) => return refused(413, ""),
            Err(error) => return (self.handler)(&revision, Err(error)),
        };
        let (driver, handler) = (self.driver, Arc::clone(self.handler));
        let job = move || {
            let answer = read_named(driver, &revision, &body);
            handler(&revision, answer);
            drop(slot);
        };
        if let Err(error) = tokio::task::spawn_blocking(job).await {
            tracing::error!(%error, "a release record could not be worked on");
        }
    }

    const fn purpose<'p>(&self, verb: &'p str, namespace: Option<&'p str>) -> Purpose<'p> {
        Purpose {
            verb,
            resource: self.driver.resource(),
            namespace,
        }
    }
}

/// The record that an answer holds, if it is the one that was asked for.
fn read_named(driver: Driver, revision: &StoredRevision, body: &[u8]) -> Result<Record, ReadError> {
    let object: StoredRecord<'_> = parse(body)?;
    object.stated_type().must_be(&storage::object_type(driver))?;
    object
        .metadata
        .must_be(Some(&revision.release.namespace), &revision.object)?;
    Ok(read_data(driver, object.data))
}

/// A record in the object that holds it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredRecord<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    metadata: Place<'a>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

impl StoredRecord<'_> {
    fn stated_type(&self) -> StatedType<'_> {
        StatedType::new(self.api_version.as_ref(), self.kind.as_ref())
    }
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    release: Option<Cow<'a, str>>,
}

/// A Secret's values are base64 of what Helm stored; a `ConfigMap`'s are that itself.
fn read_data(driver: Driver, data: Option<Data<'_>>) -> Record {
    let Some(payload) = data.and_then(|data| data.release) else {
        return Record::Undecodable(DecodeError::NoPayload);
    };
    match driver {
        Driver::ConfigMap => Record::Encoded(payload.into_owned().into_bytes()),
        Driver::Secret => match STANDARD.decode(payload.as_bytes()) {
            Ok(payload) => Record::Encoded(payload),
            Err(_) => Record::Undecodable(DecodeError::Base64(
                "the Secret's own encoding is broken".to_owned(),
            )),
        },
    }
}
