//! Release records with their payload.
//!
//! Helm reads every record to list releases (Helm: `pkg/storage/driver/secrets.go`, `List`). A scan needs a few
//! revisions of each release, and asks for those by name; where they are most of what a list would answer, the list
//! is far cheaper for both sides, and is what is asked for. Superseded revisions are most of a long history and a
//! scan needs one of them per release, so the list leaves them out where that makes it worth having. It is a
//! shortcut and nothing else: what it does not hand over, for whatever reason, is asked for by name, and only that
//! answer says what is wrong with a record.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use serde::Deserialize;

use super::http::{Answer, Coding, Get, Http, JSON, Patience, Purpose, encode, parse};
use super::pages::{self, End, Item, Seen};
use super::storage;
use crate::release::decode::DecodeError;
use crate::release::stored::{Driver, Status, StoredRevision};
use crate::source::{ReadError, Record, RecordHandler};

/// From how many needed records on one list is cheaper than as many GETs.
const LIST_FROM: usize = 4;
/// A list is worth having when one in so many of its records is needed.
const WORTH_LISTING: usize = 3;
/// How many records the first page has. None is larger than 1.5 MiB, the most that etcd takes.
const FIRST_PAGE: u32 = 25;
/// The most that a page has, and what it should come to: a page is held in memory while it is decoded.
const LARGEST_PAGE: u32 = 100;
const PAGE_BYTES: usize = 2 << 20;

/// Where records were listed: a kind of record, and one namespace or all of them.
type Scope = (Driver, Option<String>);

/// How many records the last listing saw in each scope. Decides about requests, never about what is read.
#[derive(Debug, Default)]
pub(super) struct Listed(BTreeMap<Scope, Counts>);

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    all: usize,
    superseded: usize,
}

impl Listed {
    /// Counts a listing of these namespaces; of all of them when none are named.
    pub(super) fn of(namespaces: &[String], revisions: &[StoredRevision]) -> Self {
        let mut scopes: BTreeMap<Scope, Counts> = BTreeMap::new();
        for revision in revisions {
            let release = &revision.release;
            let namespace = (!namespaces.is_empty()).then(|| release.namespace.clone());
            let counts = scopes.entry((release.driver, namespace)).or_default();
            counts.all += 1;
            counts.superseded += usize::from(revision.status == Status::Superseded);
        }
        Self(scopes)
    }

    /// Sorts what is wanted by the scopes that can be listed.
    fn sort(&self, wanted: Vec<StoredRevision>) -> Vec<(Scope, Counts, Vec<StoredRevision>)> {
        let mut sorted: BTreeMap<Scope, Vec<StoredRevision>> = BTreeMap::new();
        for revision in wanted {
            let everywhere = (revision.release.driver, None);
            let scope = if self.0.contains_key(&everywhere) {
                everywhere
            } else {
                (revision.release.driver, Some(revision.release.namespace.clone()))
            };
            sorted.entry(scope).or_default().push(revision);
        }
        let counts = |scope: &Scope| self.0.get(scope).copied().unwrap_or_default();
        sorted
            .into_iter()
            .map(|(scope, wanted)| (scope.clone(), counts(&scope), wanted))
            .collect()
    }
}

/// Which records a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    /// All but the superseded ones.
    Current,
}

impl Part {
    /// The list that is worth having, if there is one, and how many records it has.
    fn choose(counts: Counts, wanted: &[StoredRevision]) -> Option<(Self, usize)> {
        let current = wanted
            .iter()
            .filter(|revision| revision.status != Status::Superseded)
            .count();
        let parts = [
            (Self::All, counts.all, wanted.len()),
            (
                Self::Current,
                counts.all.saturating_sub(counts.superseded),
                current,
            ),
        ];
        parts
            .into_iter()
            .find(|(_, listed, needed)| *needed >= LIST_FROM && is_worth(*needed, *listed))
            .map(|(part, listed, _)| (part, listed))
    }

    fn selector(self, selector: Option<&str>) -> String {
        let mut labels = "owner=helm".to_owned();
        match self {
            Self::All => {}
            Self::Current => labels.push_str(",status!=superseded"),
        }
        if let Some(selector) = selector {
            labels.push(',');
            labels.push_str(selector);
        }
        labels
    }
}

fn is_worth(needed: usize, listed: usize) -> bool {
    needed.saturating_mul(WORTH_LISTING) >= listed
}

/// The records that are still to be read, by namespace and name.
#[derive(Clone)]
struct Pending(Arc<Mutex<HashMap<(String, String), StoredRevision>>>);

impl Pending {
    fn new(wanted: Vec<StoredRevision>) -> Self {
        let place = |revision: &StoredRevision| (revision.release.namespace.clone(), revision.object.clone());
        let map = wanted
            .into_iter()
            .map(|revision| (place(&revision), revision))
            .collect();
        Self(Arc::new(Mutex::new(map)))
    }

    fn map(&self) -> MutexGuard<'_, HashMap<(String, String), StoredRevision>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads every wanted record and hands each to `found`.
pub(super) async fn read(
    http: &Http,
    listed: &Listed,
    selector: Option<&str>,
    wanted: Vec<StoredRevision>,
    found: RecordHandler,
) {
    let found = &found;
    futures::stream::iter(listed.sort(wanted))
        .for_each_concurrent(4, |((driver, namespace), counts, wanted)| async move {
            let part = Part::choose(counts, &wanted);
            let pending = Pending::new(wanted);
            let reader = Reader {
                http,
                driver,
                found,
                patience: Patience::default(),
            };
            if let Some((part, records)) = part {
                let labels = part.selector(selector);
                let list = reader.list(namespace.as_deref(), &labels, records, &pending);
                if let Err(error) = list.await {
                    tracing::debug!(resource = driver.resource(), %error, "list refused, reading one by one");
                }
            }
            let left = std::mem::take(&mut *pending.map());
            futures::stream::iter(left.into_values())
                .for_each_concurrent(16, |revision| reader.get(revision))
                .await;
        })
        .await;
}

struct Reader<'a> {
    http: &'a Http,
    driver: Driver,
    found: &'a RecordHandler,
    patience: Patience,
}

impl Reader<'_> {
    /// Lists records and takes what is wanted out of `pending`, for as long as that is worth it.
    async fn list(
        &self,
        namespace: Option<&str>,
        labels: &str,
        records: usize,
        pending: &Pending,
    ) -> Result<End, ReadError> {
        let path = storage::list_path(self.driver, namespace, labels);
        let get = self.ask(&path, "list", namespace);
        let (driver, found, wanted) = (self.driver, Arc::clone(self.found), pending.clone());
        let each: Item = Arc::new(move |json| {
            // Whatever is odd about an item is for the answer to its own name to say.
            let Ok(object) = parse::<Object<'_>>(json.as_bytes()) else {
                return Ok(());
            };
            let place = (
                object.metadata.namespace.to_string(),
                object.metadata.name.to_string(),
            );
            let revision = wanted.map().remove(&place);
            if let Some(revision) = revision {
                found(&revision, Ok(record(driver, object.data)));
            }
            Ok(())
        });
        let mut remaining = records;
        pages::read(self.http, get, FIRST_PAGE, each, |seen| {
            remaining = remaining.saturating_sub(seen.items);
            let left = pending.map().len();
            (left > 0 && is_worth(left, remaining)).then(|| page_size(seen))
        })
        .await
    }

    async fn get(&self, revision: StoredRevision) {
        let release = &revision.release;
        let path = format!(
            "/api/v1/namespaces/{}/{}/{}",
            encode(&release.namespace),
            self.driver.resource(),
            encode(&revision.object)
        );
        let (body, slot) = match self
            .http
            .hold(self.ask(&path, "get", Some(&release.namespace)))
            .await
        {
            Ok((Answer::Body(body), slot)) => (body, slot),
            Ok((Answer::NotFound | Answer::NoSuchPath | Answer::Expired, _)) => {
                let error = ReadError::Refused {
                    status: 404,
                    reason: "NotFound".to_owned(),
                };
                return (self.found)(&revision, Err(error));
            }
            Err(error) => return (self.found)(&revision, Err(error)),
        };
        let (driver, found) = (self.driver, Arc::clone(self.found));
        let job = move || {
            let answer = parse::<Payload<'_>>(&body).map(|object| record(driver, object.data));
            found(&revision, answer);
            drop(slot);
        };
        if let Err(error) = tokio::task::spawn_blocking(job).await {
            tracing::error!(%error, "a release record could not be worked on");
        }
    }

    fn ask<'g>(&'g self, path: &'g str, verb: &'g str, namespace: Option<&'g str>) -> Get<'g> {
        Get {
            path,
            accept: JSON,
            purpose: Purpose {
                verb,
                resource: self.driver.resource(),
                namespace,
            },
            coding: Coding::Identity,
            patience: &self.patience,
        }
    }
}

/// As many records as come to [`PAGE_BYTES`], if they are like those of the page before.
fn page_size(seen: &Seen) -> u32 {
    let each = seen.bytes / seen.items.max(1);
    let fitting = PAGE_BYTES / each.max(1);
    u32::try_from(fitting).map_or(LARGEST_PAGE, |fitting| fitting.clamp(1, LARGEST_PAGE))
}

/// A record in a list, by whose name it is told from others.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Identity<'a>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(borrow)]
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// A record that was asked for by name.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    release: Option<Cow<'a, str>>,
}

/// A Secret's values are base64 of what Helm stored; a `ConfigMap`'s are that itself.
fn record(driver: Driver, data: Option<Data<'_>>) -> Record {
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
