//! Which release records a cluster has.
//!
//! Listed as metadata only: the labels say which revisions matter, and the payloads, which `records` reads, are most
//! of what a full list would move. The selectors are always sent, so that an authorizer which grants release records and
//! no other Secrets can see what is asked.
//!
//! A user's selector selects releases and never revisions: Helm gives every revision labels of its own, and a history of
//! which a selector took some says what is not so. Which records match is the API server's word, so that the syntax and
//! the meaning are its own.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::answer::{StatedType, must_be_within};
use super::http::{ApiClient, Compression, Purpose, RetryBudget, parse};
use super::pages::{self, ListRequest};
use super::paths::{ApiPath, ApiResource};
use super::read_on::ListsReadOn;
use super::record_counts::RecordCounts;
use crate::model::ReportError;
use crate::object::Gvk;
use crate::release::stored::{Driver, RecordMetadata, ReleaseKey, StoredRevision};
use crate::source::{Extent, Inventory, ReadError, RevisionSet};
use crate::weight;

/// How many lists of namespaces are asked for at once.
const LISTS_AT_ONCE: usize = 8;

/// The most labels that are kept of a record, besides Helm's. Kubernetes has no limit.
const MAX_LABELS: usize = 64;

/// The media type of a list of metadata, for `Accept`.
pub(super) const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// A record's object, without its payload.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialObject<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    metadata: ObjectMetadata<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectMetadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Cow<'a, str>,
    #[serde(default, borrow, deserialize_with = "record_labels")]
    labels: RecordLabels<'a>,
    creation_timestamp: Option<DateTime<Utc>>,
    #[serde(borrow)]
    resource_version: Option<Cow<'a, str>>,
    #[serde(default, rename = "managedFields", deserialize_with = "last_written")]
    written: Option<DateTime<Utc>>,
}

/// The labels of a record.
#[derive(Default)]
struct RecordLabels<'a> {
    name: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    status: Option<Cow<'a, str>>,
    /// Those that people gave the release with `--labels`.
    own: BTreeMap<String, String>,
    /// How many of these were not kept.
    left_out: usize,
}

/// Tells Helm's labels from those of people (Helm: `pkg/storage/driver/util.go`, `GetSystemLabels`).
fn record_labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RecordLabels<'de>, D::Error> {
    struct Labels;

    impl<'de> Visitor<'de> for Labels {
        type Value = RecordLabels<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the labels of an object")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(RecordLabels::default())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut labels = RecordLabels::default();
            while let Some((label, Text(value))) = map.next_entry::<Text<'de>, Text<'de>>()? {
                match &*label.0 {
                    "name" => labels.name = Some(value),
                    "version" => labels.version = Some(value),
                    "status" => labels.status = Some(value),
                    "owner" | "createdAt" | "modifiedAt" => {}
                    _ if labels.own.len() == MAX_LABELS => labels.left_out += 1,
                    own => {
                        labels.own.insert(own.to_owned(), value.into_owned());
                    }
                }
            }
            Ok(labels)
        }
    }

    deserializer.deserialize_any(Labels)
}

/// A string, without a copy where the answer has it as it is.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct ManagedFields {
    time: Option<DateTime<Utc>>,
}

/// The latest time in managed fields.
fn last_written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let last = weight::list::fold(
        deserializer,
        |last: Option<DateTime<Utc>>, entry: ManagedFields| Ok(last.max(entry.time)),
    );
    last.map(Option::flatten)
}

/// Every stored revision of the selected releases in the namespaces, or in all of them when none are named, and how many
/// records a list with the selector has.
pub(super) async fn list(
    http: &ApiClient,
    lists: &ListsReadOn,
    drivers: &BTreeSet<Driver>,
    namespaces: &[String],
    set: RevisionSet,
    selector: Option<&str>,
) -> Result<(Inventory, RecordCounts), ReadError> {
    let is_of_all = namespaces.is_empty()
        && selector.is_none()
        && Driver::ALL.iter().all(|driver| drivers.contains(driver));
    let mut inventory = Inventory {
        extent: if is_of_all { Extent::Cluster } else { Extent::Part },
        left_out: selector.map(|_| BTreeSet::new()),
        ..Inventory::default()
    };
    let mut counts = RecordCounts::default();
    let mut answered = false;
    let mut refused = None;
    let scopes: Vec<Option<&str>> = if namespaces.is_empty() {
        vec![None]
    } else {
        namespaces.iter().map(|name| Some(name.as_str())).collect()
    };
    let mut requests = Vec::new();
    for &driver in drivers {
        for &namespace in &scopes {
            requests.push(list_of(http, lists, driver, namespace, set, selector));
        }
    }
    let mut answers = futures::stream::iter(requests).buffered(LISTS_AT_ONCE);
    while let Some((driver, namespace, listed)) = answers.next().await {
        match listed {
            Ok(listed) => {
                answered = true;
                counts.add(namespace, listed.matching.as_ref().unwrap_or(&listed.revisions));
                let selected = listed.of_selected();
                inventory.revisions.extend(selected.revisions);
                if let Some(left_out) = &mut inventory.left_out {
                    left_out.extend(selected.left_out);
                }
            }
            // Without the records of Helm's default driver, the inventory would look complete and would not be.
            Err(error) if namespace.is_none() && driver == Driver::Secret => return Err(error),
            Err(error) => {
                let scope =
                    namespace.map_or_else(|| "storage".to_owned(), |name| format!("namespace/{name}"));
                let message = format!("release records cannot be listed: {error}");
                inventory.errors.push(ReportError { scope, message });
                refused.get_or_insert(error);
            }
        }
    }
    match refused {
        Some(error) if !answered => Err(error),
        _ => Ok((inventory, counts)),
    }
}

/// The records of one driver in one namespace, or in all of them.
struct Listed {
    /// All of them.
    revisions: Vec<StoredRevision>,
    /// Those that match the user's selector, if there is one.
    matching: Option<Vec<StoredRevision>>,
}

/// What a selector makes of a list.
struct Selected {
    /// All revisions of the releases that it selects.
    revisions: Vec<StoredRevision>,
    /// The releases that it leaves out.
    left_out: BTreeSet<ReleaseKey>,
}

impl Listed {
    /// The releases whose newest revision matches, as Helm selects (Helm: `pkg/action/list.go`, `Run`).
    fn of_selected(self) -> Selected {
        let Self {
            mut revisions,
            matching,
        } = self;
        let Some(matching) = matching else {
            return Selected {
                revisions,
                left_out: BTreeSet::new(),
            };
        };
        let (newest, selected) = (newest(&revisions), newest(&matching));
        // A matching one that is newer was written between the two lists.
        let is_selected = |key: &ReleaseKey| selected.get(key) >= newest.get(key);
        let left_out = newest.keys().copied().filter(|key| !is_selected(key));
        let left_out: BTreeSet<ReleaseKey> = left_out.cloned().collect();
        revisions.retain(|revision| !left_out.contains(&revision.release));
        Selected { revisions, left_out }
    }
}

/// The newest revision of every release.
fn newest(revisions: &[StoredRevision]) -> BTreeMap<&ReleaseKey, u64> {
    let mut newest = BTreeMap::new();
    for revision in revisions {
        let number = newest.entry(&revision.release).or_default();
        *number = revision.revision.max(*number);
    }
    newest
}

/// What was listed, with the answer.
async fn list_of<'n>(
    http: &ApiClient,
    lists: &ListsReadOn,
    driver: Driver,
    namespace: Option<&'n str>,
    set: RevisionSet,
    selector: Option<&str>,
) -> (Driver, Option<&'n str>, Result<Listed, ReadError>) {
    let listed = async {
        let revisions = list_one(http, lists, driver, namespace, &labels(set, None)).await?;
        // Afterwards: what is in the first list and matches is in the second one, too, however long that takes.
        let matching = match selector {
            Some(selector) => {
                let labels = labels(set, Some(selector));
                let matching = list_one(http, lists, driver, namespace, &labels).await;
                Some(matching.map_err(|error| name_selector(error, selector))?)
            }
            None => None,
        };
        Ok(Listed { revisions, matching })
    };
    (driver, namespace, listed.await)
}

/// The stored revisions of one driver in one namespace, or in all of them.
async fn list_one(
    http: &ApiClient,
    lists: &ListsReadOn,
    driver: Driver,
    namespace: Option<&str>,
    labels: &str,
) -> Result<Vec<StoredRevision>, ReadError> {
    let partial = Gvk::new("meta.k8s.io/v1", "PartialObjectMetadata");
    let list = ListRequest {
        path: &list_path(driver, namespace, labels),
        items: &partial,
        accept: METADATA_ONLY,
        purpose: Purpose {
            verb: "list",
            resource: driver.resource(),
            namespace,
        },
        compression: Compression::Allowed,
        retries: &RetryBudget::default(),
        seen: &lists.seen_of_records(resource(driver)),
    };
    let (items, listed) = (partial.clone(), namespace.map(str::to_owned));
    pages::collect(http, list, move |json| {
        let item: PartialObject<'_> = parse(json.as_bytes())?;
        StatedType::new(item.api_version.as_ref(), item.kind.as_ref()).may_be(&items)?;
        let metadata = &item.metadata;
        must_be_within(&metadata.name, Some(&metadata.namespace), listed.as_deref())?;
        Ok(stored(driver, item.metadata))
    })
    .await
}

/// The resource that holds the records.
pub(super) const fn resource(driver: Driver) -> ApiResource<'static> {
    ApiResource {
        api_version: "v1",
        plural: driver.resource(),
    }
}

/// The type of the objects that hold the records.
pub(super) fn object_type(driver: Driver) -> Gvk {
    match driver {
        Driver::Secret => Gvk::new("v1", "Secret"),
        Driver::ConfigMap => Gvk::new("v1", "ConfigMap"),
    }
}

/// The label selector of a list, with the user's in it.
pub(super) fn labels(set: RevisionSet, selector: Option<&str>) -> String {
    let mut labels = "owner=helm".to_owned();
    match set {
        RevisionSet::All => {}
        RevisionSet::Current => labels.push_str(",status!=superseded"),
    }
    if let Some(selector) = selector {
        labels.push(',');
        labels.push_str(selector);
    }
    labels
}

/// Where to list records with these labels, in one namespace or in all of them.
pub(super) fn list_path(driver: Driver, namespace: Option<&str>, labels: &str) -> ApiPath {
    let path = resource(driver)
        .collection(namespace)
        .with("labelSelector", labels);
    match driver {
        Driver::Secret => path.with("fieldSelector", "type=helm.sh/release.v1"),
        Driver::ConfigMap => path,
    }
}

/// Names the selector where the API server refuses it: it is the only part of the request that a user words.
fn name_selector(error: ReadError, selector: &str) -> ReadError {
    match error {
        ReadError::Refused { status: 400, .. } => ReadError::Refused {
            status: 400,
            reason: format!("`{selector}` is not a label selector, see -l"),
        },
        error => error,
    }
}

fn stored(driver: Driver, metadata: ObjectMetadata<'_>) -> Option<StoredRevision> {
    let labels = metadata.labels;
    let revision = StoredRevision::from_metadata(RecordMetadata {
        driver,
        namespace: &metadata.namespace,
        object: &metadata.name,
        labels: [&labels.name, &labels.version, &labels.status].map(Option::as_deref),
        created: metadata.creation_timestamp,
        written: metadata.written,
        resource_version: metadata.resource_version.as_deref(),
    })?;
    if labels.left_out > 0 {
        tracing::warn!(
            "{driver} {} in {}: {} of its labels are not read, as it has more than {MAX_LABELS}",
            metadata.name,
            metadata.namespace,
            labels.left_out
        );
    }
    Some(revision.with_labels(labels.own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(name: &str, number: u64) -> StoredRevision {
        StoredRevision::from_metadata(RecordMetadata {
            driver: Driver::Secret,
            namespace: "shop",
            object: &format!("sh.helm.release.v1.{name}.v{number}"),
            labels: [Some(name), Some(&number.to_string()), Some("deployed")],
            created: None,
            written: None,
            resource_version: None,
        })
        .unwrap()
    }

    /// Names and numbers.
    type Revisions = &'static [(&'static str, u64)];

    #[test]
    fn a_release_is_selected_by_its_newest_revision_and_then_whole() {
        let all = || vec![revision("web", 1), revision("web", 2), revision("api", 7)];
        // Which revisions match, and which are kept.
        let rows: [(Option<Revisions>, Revisions); 6] = [
            (None, &[("web", 1), ("web", 2), ("api", 7)]),
            (Some(&[]), &[]),
            (Some(&[("web", 1)]), &[]),
            (Some(&[("web", 2)]), &[("web", 1), ("web", 2)]),
            (Some(&[("web", 1), ("api", 7)]), &[("api", 7)]),
            (Some(&[("web", 3), ("new", 1)]), &[("web", 1), ("web", 2)]),
        ];
        for (matching, kept) in rows {
            let matching = matching.map(|rows| rows.iter().map(|(name, number)| revision(name, *number)));
            let listed = Listed {
                revisions: all(),
                matching: matching.map(Iterator::collect),
            };
            let Selected { revisions, left_out } = listed.of_selected();
            // A release is either selected or left out.
            let selected: BTreeSet<_> = revisions
                .iter()
                .map(|revision| revision.release.clone())
                .collect();
            assert!(selected.is_disjoint(&left_out));
            assert_eq!(selected.len() + left_out.len(), 2);
            let found: Vec<_> = revisions
                .iter()
                .map(|revision| (revision.release.name.as_str(), revision.revision))
                .collect();
            assert_eq!(found, kept);
        }
    }
}
