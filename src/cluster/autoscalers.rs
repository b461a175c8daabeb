//! The objects that autoscalers target, so that a replica count that one of them chose is no drift.
//!
//! Autoscalers need not belong to a release, so they are listed where scalable objects live: one request where the
//! credentials may list the whole cluster, one a namespace where not. KEDA's `ScaledObject`s work through
//! `HorizontalPodAutoscaler`s, so that no other kind has to be read.

use std::borrow::Cow;
use std::collections::BTreeSet;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde::{Deserialize, Deserializer};

use super::answer::{StatedType, must_be_within};
use super::http::{ApiClient, Compression, JSON, Purpose, RetryBudget, parse};
use super::pages::{self, ListRequest};
use super::paths::ApiResource;
use super::seen_version::SeenVersion;
use crate::model::ReportError;
use crate::object::Gvk;
use crate::source::{Kinds, ReadError, ScaleTarget, ScaleTargets};
use crate::weight;

const KIND: &str = "HorizontalPodAutoscaler";
const PLURAL: &str = "horizontalpodautoscalers";
/// The versions that can be served, the newest first; they agree on what is read here.
const VERSIONS: [&str; 4] = [
    "autoscaling/v2",
    "autoscaling/v2beta2",
    "autoscaling/v2beta1",
    "autoscaling/v1",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HorizontalPodAutoscaler<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    metadata: AutoscalerMetadata<'a>,
    #[serde(borrow)]
    spec: Spec<'a>,
}

#[derive(Deserialize)]
struct AutoscalerMetadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Cow<'a, str>,
    #[serde(default, rename = "ownerReferences", deserialize_with = "is_of_keda")]
    is_of_keda: bool,
}

/// Whether one of the owners is KEDA's.
fn is_of_keda<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let found = weight::list::fold(deserializer, |found: bool, owner: OwnerReference<'_>| {
        Ok(found || owner.kind == "ScaledObject")
    });
    found.map(Option::unwrap_or_default)
}

#[derive(Deserialize)]
struct OwnerReference<'a> {
    #[serde(default, borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    scale_target_ref: Target<'a>,
    min_replicas: Option<u32>,
}

#[derive(Deserialize)]
struct Target<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl HorizontalPodAutoscaler<'_> {
    /// Whether the target may end up without any replica. An autoscaler of KEDA's never goes below one itself: its
    /// owner takes the last replica away (KEDA: `pkg/scaling/executor/scale_scaledobjects.go`).
    fn may_empty(&self) -> bool {
        self.metadata.is_of_keda || self.spec.min_replicas == Some(0)
    }
}

/// Reads the targets in these namespaces.
pub(super) async fn targets(http: &ApiClient, namespaces: &BTreeSet<String>, kinds: &Kinds) -> ScaleTargets {
    let served = |version: &&str| kinds.served.contains_key(&Gvk::new(*version, KIND));
    let Some(version) = VERSIONS.into_iter().find(served) else {
        // Without the API there are no autoscalers, unless its group merely does not answer.
        let is_group = |api_version: &String| api_version.starts_with("autoscaling/");
        let unread = kinds.unavailable.iter().any(is_group);
        return ScaleTargets {
            unread: if unread {
                namespaces.clone()
            } else {
                BTreeSet::new()
            },
            ..ScaleTargets::default()
        };
    };
    if namespaces.len() > 1 {
        match list(http, version, None).await {
            Ok(targets) => return targets,
            Err(ReadError::Forbidden { .. }) => {}
            Err(error) => {
                return ScaleTargets {
                    unread: namespaces.clone(),
                    errors: unreadable("cluster", &error).into_iter().collect(),
                    ..ScaleTargets::default()
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
            Ok(listed) => {
                all.targets.extend(listed.targets);
                all.to_zero.extend(listed.to_zero);
            }
            Err(error) => {
                tracing::info!(
                    namespace,
                    %error,
                    "the autoscalers cannot be listed: replica counts are judged by their writers"
                );
                all.errors
                    .extend(unreadable(&format!("namespace/{namespace}"), &error));
                all.unread.insert(namespace.to_owned());
            }
        }
    }
    all
}

/// The gap that an unread list leaves in the report. A missing right leaves none: an operator who grants no autoscalers
/// has decided that replica counts are judged by their writers.
fn unreadable(scope: &str, error: &ReadError) -> Option<ReportError> {
    let is_refused = matches!(error, ReadError::Forbidden { .. });
    (!is_refused).then(|| ReportError {
        scope: scope.to_owned(),
        message: format!(
            "the autoscalers cannot be listed, replica counts are judged by their writers: {error}"
        ),
    })
}

async fn within<'n>(
    http: &ApiClient,
    version: &str,
    namespace: &'n str,
) -> (&'n str, Result<ScaleTargets, ReadError>) {
    (namespace, list(http, version, Some(namespace)).await)
}

async fn list(http: &ApiClient, version: &str, namespace: Option<&str>) -> Result<ScaleTargets, ReadError> {
    let resource = ApiResource {
        api_version: version,
        plural: PLURAL,
    };
    let items = Gvk::new(version, KIND);
    let list = ListRequest {
        path: &resource.collection(namespace),
        items: &items,
        accept: JSON,
        purpose: Purpose {
            verb: "list",
            resource: &resource.role_name(),
            namespace,
        },
        compression: Compression::Allowed,
        retries: &RetryBudget::default(),
        seen: &SeenVersion::default(),
    };
    let (expected, listed) = (items.clone(), namespace.map(str::to_owned));
    let targets = pages::collect(http, list, move |json| {
        let autoscaler: HorizontalPodAutoscaler<'_> = parse(json.as_bytes())?;
        StatedType::new(autoscaler.api_version.as_ref(), autoscaler.kind.as_ref()).may_be(&expected)?;
        let metadata = &autoscaler.metadata;
        must_be_within(&metadata.name, Some(&metadata.namespace), listed.as_deref())?;
        let may_empty = autoscaler.may_empty();
        let target = ScaleTarget {
            namespace: autoscaler.metadata.namespace.into_owned(),
            kind: autoscaler.spec.scale_target_ref.kind.into_owned(),
            name: autoscaler.spec.scale_target_ref.name.into_owned(),
        };
        Ok(Some((target, may_empty)))
    });
    let mut listed = ScaleTargets::default();
    for (target, may_empty) in targets.await? {
        if may_empty {
            listed.to_zero.insert(target.clone());
        }
        listed.targets.insert(target);
    }
    Ok(listed)
}
