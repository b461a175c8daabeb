//! Which release records a cluster has.
//!
//! Listed as metadata only: the labels say which revisions matter, and the payloads, which `records` reads, are most
//! of what a full list would move. The selectors are always sent, so that an authorizer
//! which grants release records and no other Secrets can see what is asked.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::http::{Answer, Http, ListMeta, Purpose, encode, parse};
use crate::model::ReportError;
use crate::release::stored::{Driver, Metadata, StoredRevision};
use crate::source::{Inventory, ReadError};

const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const PAGE: usize = 500;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: ListMeta,
    /// Go writes an empty list as `null`.
    #[serde(borrow)]
    items: Option<Vec<Item<'a>>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    metadata: ItemMetadata<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemMetadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default, borrow)]
    namespace: Cow<'a, str>,
    #[serde(default, borrow)]
    labels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    creation_timestamp: Option<DateTime<Utc>>,
    #[serde(borrow)]
    resource_version: Option<Cow<'a, str>>,
    #[serde(default)]
    managed_fields: Vec<ManagedFields>,
}

#[derive(Deserialize)]
struct ManagedFields {
    time: Option<DateTime<Utc>>,
}

/// Every stored revision in the namespaces; in all of them when none are named.
pub(super) async fn list(
    http: &Http,
    drivers: &BTreeSet<Driver>,
    namespaces: &[String],
    selector: Option<&str>,
) -> Result<Inventory, ReadError> {
    let mut inventory = Inventory::default();
    let mut answered = false;
    let mut refused = None;
    let scopes: Vec<Option<&str>> = if namespaces.is_empty() {
        vec![None]
    } else {
        namespaces.iter().map(|name| Some(name.as_str())).collect()
    };
    for &driver in drivers {
        for &namespace in &scopes {
            match list_one(http, driver, namespace, selector, &mut inventory.revisions).await {
                Ok(()) => answered = true,
                // Without the records of Helm's default driver, what is left looks whole and is not.
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
    }
    match refused {
        Some(error) if !answered => Err(error),
        _ => Ok(inventory),
    }
}

async fn list_one(
    http: &Http,
    driver: Driver,
    namespace: Option<&str>,
    selector: Option<&str>,
    revisions: &mut Vec<StoredRevision>,
) -> Result<(), ReadError> {
    let resource = driver.resource();
    let labels = selector.map_or_else(
        || "owner=helm".to_owned(),
        |selector| format!("owner=helm,{selector}"),
    );
    let path = format!("{}&limit={PAGE}", list_path(driver, namespace, &labels));
    let purpose = Purpose {
        verb: "list",
        resource,
        namespace,
    };
    let begin = revisions.len();
    let mut token: Option<String> = None;
    let mut restarted = false;
    loop {
        let next = token.as_ref().map_or_else(
            || path.clone(),
            |token| format!("{path}&continue={}", encode(token)),
        );
        let answer = http.get(&next, METADATA_ONLY, purpose).await;
        let body = match answer.map_err(|error| name_selector(error, selector))? {
            Answer::Body(body) => body,
            Answer::Expired if !restarted => {
                // The list took longer than the API server remembers; begin again, once.
                restarted = true;
                revisions.truncate(begin);
                token = None;
                continue;
            }
            Answer::NotFound | Answer::NoSuchPath | Answer::Expired => {
                let reason = "the list could not be completed".to_owned();
                return Err(ReadError::Malformed { reason });
            }
        };
        let page: Page<'_> = parse(&body)?;
        revisions.extend(
            page.items
                .iter()
                .flatten()
                .filter_map(|item| stored(driver, &item.metadata)),
        );
        token = page.metadata.token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(());
        }
    }
}

/// Where to list records with these labels, in one namespace or in all of them.
pub(super) fn list_path(driver: Driver, namespace: Option<&str>, labels: &str) -> String {
    let within = namespace.map_or_else(String::new, |namespace| {
        format!("/namespaces/{}", encode(namespace))
    });
    let mut path = format!(
        "/api/v1{within}/{}?labelSelector={}",
        driver.resource(),
        encode(labels)
    );
    if driver == Driver::Secret {
        path.push_str("&fieldSelector=");
        path.push_str(&encode("type=helm.sh/release.v1"));
    }
    path
}

/// The only part of a list request that a user words.
fn name_selector(error: ReadError, selector: Option<&str>) -> ReadError {
    match (error, selector) {
        (ReadError::Refused { status: 400, .. }, Some(selector)) => ReadError::Refused {
            status: 400,
            reason: format!("`{selector}` is not a label selector, see -l"),
        },
        (error, _) => error,
    }
}

fn stored(driver: Driver, metadata: &ItemMetadata<'_>) -> Option<StoredRevision> {
    let label = |name: &str| metadata.labels.get(name).map(AsRef::as_ref);
    StoredRevision::from_metadata(Metadata {
        driver,
        namespace: &metadata.namespace,
        object: &metadata.name,
        labels: [label("name"), label("version"), label("status")],
        created: metadata.creation_timestamp,
        written: metadata
            .managed_fields
            .iter()
            .filter_map(|entry| entry.time)
            .max(),
        resource_version: metadata.resource_version.as_deref(),
    })
}
