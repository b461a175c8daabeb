//! What autoscalers target, so that a replica count that one of them chose is no drift.
//!
//! Autoscalers need not belong to a release, so they are listed where scalable objects live: one request where the
//! credentials may list the whole cluster, one a namespace where not. KEDA's `ScaledObject`s work through
//! `HorizontalPodAutoscaler`s, so that these are all there is to read.

use std::borrow::Cow;
use std::collections::BTreeSet;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde::Deserialize;

use super::http::{Answer, Http, JSON, ListMeta, Purpose, api_path, encode, parse};
use crate::object::Gvk;
use crate::source::{Kinds, ReadError, ScaleTarget, ScaleTargets};

const KIND: &str = "HorizontalPodAutoscaler";
const RESOURCE: &str = "horizontalpodautoscalers.autoscaling";
/// The versions that can be served, the newest first; they agree on what is read here.
const VERSIONS: [&str; 4] = [
    "autoscaling/v2",
    "autoscaling/v2beta2",
    "autoscaling/v2beta1",
    "autoscaling/v1",
];
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
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: Spec<'a>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(default, borrow)]
    namespace: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    scale_target_ref: Target<'a>,
}

#[derive(Deserialize)]
struct Target<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Reads the targets in these namespaces.
pub(super) async fn targets(http: &Http, namespaces: &BTreeSet<String>, kinds: &Kinds) -> ScaleTargets {
    let served = |version: &&str| kinds.served.contains_key(&Gvk::new(*version, KIND));
    let Some(version) = VERSIONS.into_iter().find(served) else {
        // Nothing scales where nobody serves autoscalers, unless the group merely does not answer.
        let is_group = |api_version: &String| api_version.starts_with("autoscaling/");
        let unread = kinds.unavailable.iter().any(is_group);
        return ScaleTargets {
            targets: BTreeSet::new(),
            unread: if unread {
                namespaces.clone()
            } else {
                BTreeSet::new()
            },
        };
    };
    if namespaces.len() > 1 {
        match list(http, version, None).await {
            Ok(targets) => {
                return ScaleTargets {
                    targets,
                    unread: BTreeSet::new(),
                };
            }
            Err(ReadError::Forbidden { .. }) => {}
            Err(error) => {
                tracing::warn!(%error, "the autoscalers cannot be listed: replica counts are judged by their writers");
                return ScaleTargets {
                    targets: BTreeSet::new(),
                    unread: namespaces.clone(),
                };
            }
        }
    }
    let mut all = ScaleTargets::default();
    let mut answers: FuturesUnordered<_> = namespaces
        .iter()
        .map(|namespace| within(http, version, namespace))
        .collect();
    while let Some((namespace, answer)) = answers.next().await {
        match answer {
            Ok(targets) => all.targets.extend(targets),
            Err(error) => {
                tracing::info!(
                    namespace,
                    %error,
                    "the autoscalers cannot be listed: replica counts are judged by their writers"
                );
                all.unread.insert(namespace.to_owned());
            }
        }
    }
    all
}

async fn within<'n>(
    http: &Http,
    version: &str,
    namespace: &'n str,
) -> (&'n str, Result<BTreeSet<ScaleTarget>, ReadError>) {
    (namespace, list(http, version, Some(namespace)).await)
}

async fn list(
    http: &Http,
    version: &str,
    namespace: Option<&str>,
) -> Result<BTreeSet<ScaleTarget>, ReadError> {
    let within = namespace.map_or_else(String::new, |namespace| {
        format!("/namespaces/{}", encode(namespace))
    });
    let path = format!(
        "{}{within}/horizontalpodautoscalers?limit={PAGE}",
        api_path(version)
    );
    let purpose = Purpose {
        verb: "list",
        resource: RESOURCE,
        namespace,
    };
    let mut targets = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let next = token.map_or_else(
            || path.clone(),
            |token| format!("{path}&continue={}", encode(&token)),
        );
        let body = match http.get(&next, JSON, purpose).await? {
            Answer::Body(body) => body,
            Answer::NotFound | Answer::NoSuchPath | Answer::Expired => {
                return Err(ReadError::Malformed {
                    reason: "the list ended before its end".to_owned(),
                });
            }
        };
        let page: Page<'_> = parse(&body)?;
        targets.extend(page.items.into_iter().flatten().map(|item| ScaleTarget {
            namespace: item.metadata.namespace.into_owned(),
            kind: item.spec.scale_target_ref.kind.into_owned(),
            name: item.spec.scale_target_ref.name.into_owned(),
        }));
        token = page.metadata.token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(targets);
        }
    }
}
