//! Reading live objects: few requests, little memory.
//!
//! Objects of one kind are listed when there are several of them, else read one by one. A list is read page by
//! page, its items are looked at as text, and only the wanted ones are handed on, so that neither a large list nor
//! the cluster's other objects are ever held. Absence from a list is confirmed by a GET: only the API server's
//! own 404 makes an object missing. What is expected to be gone anyway is gone when a whole list lacks it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use serde::Deserialize;

use super::http::{Answer, Coding, Get, Http, JSON, Patience, Purpose, api_path, encode, parse};
use super::pages::{self, End, Item};
use crate::object::{Gvk, ObjectKey};
use crate::source::{Expected, Lookup, ObjectHandler, ObjectRequest, ReadError};

/// From how many wanted objects on one list is cheaper than as many GETs.
const LIST_FROM: usize = 4;
/// How many further unwanted objects per wanted one are worth listing.
const WORTH_LISTING: u64 = 20;

/// The objects of one kind that are still to be found, by namespace and name.
#[derive(Clone, Default)]
struct Pending(Arc<Mutex<HashMap<Place, ObjectRequest>>>);

type Place = (Option<String>, String);

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    metadata: NamedMetadata<'a>,
}

#[derive(Deserialize)]
struct NamedMetadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
}

impl Pending {
    fn map(&self) -> MutexGuard<'_, HashMap<Place, ObjectRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The wanted object that this is, if it is one.
    fn take(&self, json: &str) -> Result<Option<ObjectRequest>, ReadError> {
        let Named { metadata } = parse(json.as_bytes())?;
        let place = (
            metadata.namespace.map(Cow::into_owned),
            metadata.name.into_owned(),
        );
        Ok(self.map().remove(&place))
    }

    /// Takes out what is not there if a whole list lacks it.
    fn take_unlisted(&self) -> Vec<ObjectRequest> {
        let is_gone = |_: &Place, wanted: &mut ObjectRequest| wanted.expected == Expected::Absent;
        self.map().extract_if(is_gone).map(|(_, wanted)| wanted).collect()
    }
}

/// Reads every wanted object and hands each outcome to `found`.
pub(super) async fn objects(http: &Http, wanted: &[ObjectRequest], found: ObjectHandler) {
    let mut kinds: BTreeMap<(&Gvk, &str), Vec<&ObjectRequest>> = BTreeMap::new();
    for object in wanted {
        kinds
            .entry((&object.key.gvk, object.plural.as_str()))
            .or_default()
            .push(object);
    }
    // Concurrency is bounded per request; here only the number of kinds held open.
    let found = &found;
    futures::stream::iter(kinds)
        .for_each_concurrent(16, |((gvk, plural), wanted)| async move {
            Kind {
                http,
                gvk,
                plural,
                found,
                patience: Patience::default(),
            }
            .read(wanted)
            .await;
        })
        .await;
}

struct Kind<'a> {
    http: &'a Http,
    gvk: &'a Gvk,
    plural: &'a str,
    found: &'a ObjectHandler,
    patience: Patience,
}

impl Kind<'_> {
    async fn read(&self, wanted: Vec<&ObjectRequest>) {
        let mut namespaces: Vec<Option<&str>> = wanted
            .iter()
            .map(|wanted| wanted.key.namespace.as_deref())
            .collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        let pending = Pending::default();
        let place = |key: &ObjectKey| (key.namespace.clone(), key.name.clone());
        pending
            .map()
            .extend(wanted.iter().map(|&wanted| (place(&wanted.key), wanted.clone())));
        if wanted.len() >= LIST_FROM {
            let scope = if let [only] = namespaces[..] { only } else { None };
            match self.list(scope, &pending).await {
                Ok(End::Whole) => {
                    for wanted in pending.take_unlisted() {
                        (self.found)(&wanted.key, Lookup::NotFound);
                    }
                }
                Ok(End::Early) => {}
                // A namespaced role may still list, namespace by namespace.
                Err(ReadError::Forbidden { .. }) if scope.is_none() && namespaces[0].is_some() => {
                    for namespace in namespaces {
                        let count = pending
                            .map()
                            .values()
                            .filter(|wanted| wanted.key.namespace.as_deref() == namespace)
                            .count();
                        if count >= LIST_FROM
                            && let Err(error) = self.list(namespace, &pending).await
                        {
                            tracing::debug!(kind = %self.gvk, namespace, %error, "list refused, reading one by one");
                        }
                    }
                }
                // One object that cannot be converted or decrypted fails the list with 500, and only itself by name.
                Err(
                    error @ (ReadError::Forbidden { .. }
                    | ReadError::Malformed { .. }
                    | ReadError::Refused { .. }
                    | ReadError::Overloaded { status: 500, .. }),
                ) => {
                    tracing::debug!(kind = %self.gvk, %error, "list refused, reading one by one");
                }
                Err(error) => {
                    let left = std::mem::take(&mut *pending.map());
                    for wanted in left.values() {
                        (self.found)(&wanted.key, Lookup::Unreadable(&error));
                    }
                    return;
                }
            }
        }
        let left = std::mem::take(&mut *pending.map());
        futures::stream::iter(left.into_values())
            .for_each_concurrent(16, |wanted| self.get(wanted.key))
            .await;
    }

    /// Lists one namespace, or all of them, and takes what is wanted out of `pending`. What an interrupted list
    /// leaves there is read one by one.
    async fn list(&self, namespace: Option<&str>, pending: &Pending) -> Result<End, ReadError> {
        let mut path = self.path(namespace);
        if self.gvk.kind == "Secret" && self.gvk.api_version == "v1" {
            path.push_str("?fieldSelector=");
            path.push_str(&encode("type!=helm.sh/release.v1"));
        }
        let resource = self.resource();
        let get = self.ask(&path, "list", &resource, namespace);
        let (found, wanted) = (Arc::clone(self.found), pending.clone());
        let each: Item = Arc::new(move |json| {
            if let Some(ObjectRequest { key, .. }) = wanted.take(json)? {
                found(&key, Lookup::Found(json));
            }
            Ok(())
        });
        pages::read(self.http, get, self.page_size(), each, |seen| {
            let left = pending.map().len() as u64;
            let worth = left.saturating_mul(WORTH_LISTING);
            (left > 0 && seen.remaining.unwrap_or(0) <= worth).then(|| self.page_size())
        })
        .await
    }

    async fn get(&self, key: ObjectKey) {
        let path = format!("{}/{}", self.path(key.namespace.as_deref()), encode(&key.name));
        let resource = self.resource();
        let get = self.ask(&path, "get", &resource, key.namespace.as_deref());
        match self.http.hold(get).await {
            Ok((Answer::Body(body), slot)) => {
                let found = Arc::clone(self.found);
                let job = move || {
                    match is_it(&key, &body) {
                        Ok(text) => found(&key, Lookup::Found(text)),
                        Err(error) => found(&key, Lookup::Unreadable(&error)),
                    }
                    drop(slot);
                };
                if let Err(error) = tokio::task::spawn_blocking(job).await {
                    tracing::error!(%error, "an object could not be worked on");
                }
            }
            Ok((Answer::NotFound, _)) => (self.found)(&key, Lookup::NotFound),
            Ok((answer @ (Answer::NoSuchPath | Answer::Expired), _)) => {
                let status = match answer {
                    Answer::Expired => 410,
                    Answer::NoSuchPath | Answer::NotFound | Answer::Body(_) => 404,
                };
                let reason = String::new();
                (self.found)(&key, Lookup::Unreadable(&ReadError::Refused { status, reason }));
            }
            Err(error) => (self.found)(&key, Lookup::Unreadable(&error)),
        }
    }

    fn ask<'g>(
        &'g self,
        path: &'g str,
        verb: &'g str,
        resource: &'g str,
        namespace: Option<&'g str>,
    ) -> Get<'g> {
        Get {
            path,
            accept: JSON,
            purpose: Purpose {
                verb,
                resource,
                namespace,
            },
            coding: Coding::Any,
            patience: &self.patience,
        }
    }

    /// The resource with its group, as a role has to name it.
    fn resource(&self) -> Cow<'_, str> {
        match self.gvk.group() {
            "" => Cow::Borrowed(self.plural),
            group => Cow::Owned(format!("{}.{group}", self.plural)),
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

/// The answer as text, if it is the object that was asked for: a proxy answers 200 to anything.
fn is_it<'b>(key: &ObjectKey, body: &'b [u8]) -> Result<&'b str, ReadError> {
    let malformed = |reason: &str| ReadError::Malformed {
        reason: reason.to_owned(),
    };
    let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
    let Named { metadata } = parse(body)?;
    if metadata.name != key.name || metadata.namespace.as_deref() != key.namespace.as_deref() {
        return Err(malformed("it is another object"));
    }
    Ok(text)
}
