//! Reading live objects: few requests, little memory.
//!
//! Objects of one kind are listed when there are several of them, else read one by one. A list is read page by
//! page, its items are looked at as text, and only the wanted ones are handed on, so that neither a large list nor
//! the cluster's other objects are ever held. Absence from a list is confirmed by a GET: only the API server's
//! own 404 makes an object missing.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use futures::StreamExt;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::http::{Answer, Http, JSON, ListMeta, Purpose, api_path, encode, parse};
use crate::object::{Gvk, ObjectKey};
use crate::source::{Lookup, ReadError, Wanted};

/// From how many wanted objects on one list is cheaper than as many GETs.
const LIST_FROM: usize = 4;
/// How many further unwanted objects per wanted one are worth listing.
const WORTH_LISTING: u64 = 20;

type Found<'f> = &'f (dyn Fn(&ObjectKey, Lookup<'_>) + Send + Sync);

/// The objects of one kind that are still to be found, by namespace and name.
type Pending<'w> = HashMap<(Option<String>, String), &'w ObjectKey>;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: ListMeta,
    /// Go writes an empty list as `null`.
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    metadata: ItemMetadata<'a>,
}

#[derive(Deserialize)]
struct ItemMetadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
}

/// Reads every wanted object and hands each outcome to `found`.
pub(super) async fn objects(http: &Http, wanted: &[Wanted], found: Found<'_>) {
    let mut kinds: BTreeMap<(&Gvk, &str), Vec<&ObjectKey>> = BTreeMap::new();
    for object in wanted {
        kinds
            .entry((&object.key.gvk, object.plural.as_str()))
            .or_default()
            .push(&object.key);
    }
    // Concurrency is bounded per request; here only the number of kinds held open.
    futures::stream::iter(kinds)
        .for_each_concurrent(16, |((gvk, plural), keys)| async move {
            Kind {
                http,
                gvk,
                plural,
                resource: &resource(gvk, plural),
                found,
            }
            .read(keys)
            .await;
        })
        .await;
}

struct Kind<'a> {
    http: &'a Http,
    gvk: &'a Gvk,
    plural: &'a str,
    /// The plural with its group, for errors.
    resource: &'a str,
    found: Found<'a>,
}

/// A kind's resource as `kubectl api-resources -o name` writes it: what a missing right has to name.
fn resource(gvk: &Gvk, plural: &str) -> String {
    match gvk.group() {
        "" => plural.to_owned(),
        group => format!("{plural}.{group}"),
    }
}

impl Kind<'_> {
    async fn read(&self, keys: Vec<&ObjectKey>) {
        let mut pending: Pending<'_> = keys
            .into_iter()
            .map(|key| ((key.namespace.clone(), key.name.clone()), key))
            .collect();
        let mut namespaces: Vec<Option<&str>> =
            pending.values().map(|key| key.namespace.as_deref()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        if pending.len() >= LIST_FROM {
            let scope = if let [only] = namespaces[..] { only } else { None };
            match self.list(scope, &mut pending).await {
                Ok(()) => {}
                // A namespaced role may still list, namespace by namespace.
                Err(ReadError::Forbidden { .. }) if scope.is_none() && namespaces[0].is_some() => {
                    for namespace in namespaces {
                        let count = pending
                            .values()
                            .filter(|key| key.namespace.as_deref() == namespace)
                            .count();
                        if count >= LIST_FROM
                            && let Err(error) = self.list(namespace, &mut pending).await
                        {
                            tracing::debug!(kind = %self.gvk, namespace, %error, "list refused, reading one by one");
                        }
                    }
                }
                Err(error @ (ReadError::Forbidden { .. } | ReadError::Malformed { .. })) => {
                    tracing::debug!(kind = %self.gvk, %error, "list refused, reading one by one");
                }
                Err(error) => {
                    for key in pending.into_values() {
                        (self.found)(key, Lookup::Unreadable(&error));
                    }
                    return;
                }
            }
        }
        futures::stream::iter(pending.into_values())
            .for_each_concurrent(16, |key| self.get(key))
            .await;
    }

    /// Lists one namespace, or all of them, and takes what is wanted out of `pending`.
    async fn list(&self, namespace: Option<&str>, pending: &mut Pending<'_>) -> Result<(), ReadError> {
        let mut path = format!("{}?limit={}", self.path(namespace), self.page_size());
        if self.gvk.kind == "Secret" && self.gvk.api_version == "v1" {
            path.push_str("&fieldSelector=");
            path.push_str(&encode("type!=helm.sh/release.v1"));
        }
        let purpose = Purpose {
            verb: "list",
            resource: self.resource,
            namespace,
        };
        let mut token: Option<String> = None;
        loop {
            let next = token.map_or_else(
                || path.clone(),
                |token| format!("{path}&continue={}", encode(&token)),
            );
            // What an interrupted list leaves pending is read one by one.
            let Answer::Body(body) = self.http.get(&next, JSON, purpose).await? else {
                return Ok(());
            };
            let page: Page<'_> = parse(&body)?;
            for item in page.items.into_iter().flatten() {
                let Item { metadata } = parse(item.get().as_bytes())?;
                let place = (
                    metadata.namespace.map(Cow::into_owned),
                    metadata.name.into_owned(),
                );
                if let Some(key) = pending.remove(&place) {
                    (self.found)(key, Lookup::Found(item.get()));
                }
            }
            token = page.metadata.token.filter(|token| !token.is_empty());
            let remaining = page.metadata.remaining_item_count.unwrap_or(0);
            let worth = (pending.len() as u64).saturating_mul(WORTH_LISTING);
            if token.is_none() || pending.is_empty() || remaining > worth {
                return Ok(());
            }
        }
    }

    async fn get(&self, key: &ObjectKey) {
        let path = format!("{}/{}", self.path(key.namespace.as_deref()), encode(&key.name));
        let purpose = Purpose {
            verb: "get",
            resource: self.resource,
            namespace: key.namespace.as_deref(),
        };
        match self.http.get(&path, JSON, purpose).await {
            Ok(Answer::Body(body)) => {
                if let Ok(text) = std::str::from_utf8(&body) {
                    (self.found)(key, Lookup::Found(text));
                } else {
                    let error = ReadError::Malformed {
                        reason: "it is not UTF-8".to_owned(),
                    };
                    (self.found)(key, Lookup::Unreadable(&error));
                }
            }
            Ok(Answer::NotFound | Answer::Expired) => (self.found)(key, Lookup::NotFound),
            Err(error) => (self.found)(key, Lookup::Unreadable(&error)),
        }
    }

    fn path(&self, namespace: Option<&str>) -> String {
        let within = namespace.map_or_else(String::new, |namespace| {
            format!("/namespaces/{}", encode(namespace))
        });
        format!("{}{within}/{}", api_path(&self.gvk.api_version), self.plural)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_named_with_their_group() {
        for (api_version, kind, plural, expected) in [
            ("v1", "Secret", "secrets", "secrets"),
            ("apps/v1", "Deployment", "deployments", "deployments.apps"),
            (
                "testbed.example/v1",
                "Widget",
                "widgets",
                "widgets.testbed.example",
            ),
        ] {
            assert_eq!(resource(&Gvk::new(api_version, kind), plural), expected);
        }
    }
}
