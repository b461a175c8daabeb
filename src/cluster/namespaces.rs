//! The names of the namespaces, by which patterns of them are matched and mistyped ones are told from empty ones; and
//! those that are being deleted, with what keeps them.
//!
//! The API server selects them by their phase (Kubernetes: `pkg/registry/core/namespace/strategy.go`, `SelectableFields`), so
//! that the usual answer about the latter is an empty list, however many namespaces there are.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::answer::{StatedType, must_be_within, nullable};
use super::http::{ApiClient, Compression, JSON, Purpose, RetryBudget, parse};
use super::pages::{self, ListRequest};
use super::paths::ApiResource;
use super::seen_version::SeenVersion;
use super::storage::METADATA_ONLY;
use crate::object::Gvk;
use crate::source::{ReadError, TerminatingNamespace};

const NAMESPACES: ApiResource<'static> = ApiResource {
    api_version: "v1",
    plural: "namespaces",
};

/// How many namespaces are kept: nobody deletes more of them at once.
const MAX_TERMINATING: usize = 1_000;

/// How many characters of a condition's message are kept. It names kinds and finalizers, with their numbers.
const MAX_MESSAGE: usize = 300;

/// The name of every namespace.
pub(super) async fn list(http: &ApiClient) -> Result<Vec<String>, ReadError> {
    let partial = Gvk::new("meta.k8s.io/v1", "PartialObjectMetadata");
    let list = ListRequest {
        path: &NAMESPACES.collection(None),
        items: &partial,
        accept: METADATA_ONLY,
        purpose: Purpose {
            verb: "list",
            resource: NAMESPACES.plural,
            namespace: None,
        },
        compression: Compression::Allowed,
        retries: &RetryBudget::default(),
        seen: &SeenVersion::default(),
    };
    let items = partial.clone();
    pages::collect(http, list, move |json| {
        let namespace: Namespace<'_> = parse(json.as_bytes())?;
        StatedType::new(namespace.api_version.as_ref(), namespace.kind.as_ref()).may_be(&items)?;
        must_be_within(&namespace.metadata.name, None, None)?;
        Ok(Some(namespace.metadata.name.into_owned()))
    })
    .await
}

/// Lists the namespaces that are being deleted.
pub(super) async fn terminating(http: &ApiClient) -> Result<Vec<TerminatingNamespace>, ReadError> {
    let items = Gvk::new("v1", "Namespace");
    let list = ListRequest {
        path: &NAMESPACES
            .collection(None)
            .with("fieldSelector", "status.phase=Terminating"),
        items: &items,
        accept: JSON,
        purpose: Purpose {
            verb: "list",
            resource: NAMESPACES.plural,
            namespace: None,
        },
        compression: Compression::Allowed,
        retries: &RetryBudget::default(),
        seen: &SeenVersion::default(),
    };
    let (expected, kept) = (items.clone(), Arc::new(AtomicUsize::new(0)));
    pages::collect(http, list, move |json| {
        let namespace: Namespace<'_> = parse(json.as_bytes())?;
        StatedType::new(namespace.api_version.as_ref(), namespace.kind.as_ref()).may_be(&expected)?;
        must_be_within(&namespace.metadata.name, None, None)?;
        let Some(since) = namespace.metadata.deletion_timestamp else {
            return Ok(None);
        };
        if kept.fetch_add(1, Ordering::Relaxed) >= MAX_TERMINATING {
            return Ok(None);
        }
        Ok(Some(TerminatingNamespace {
            name: namespace.metadata.name.into_owned(),
            since,
            blocked_by: namespace.status.blocked_by(),
        }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Namespace<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    metadata: NamespaceMetadata<'a>,
    #[serde(default, borrow)]
    status: Status<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceMetadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    deletion_timestamp: Option<DateTime<Utc>>,
}

#[derive(Deserialize, Default)]
struct Status<'a> {
    #[serde(default, borrow, deserialize_with = "nullable")]
    conditions: Vec<Condition<'a>>,
}

#[derive(Deserialize)]
struct Condition<'a> {
    #[serde(rename = "type", borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(default, borrow)]
    message: Cow<'a, str>,
}

impl Status<'_> {
    /// What keeps the namespace: every condition that holds (Kubernetes:
    /// `pkg/controller/namespace/deletion/status_condition_utils.go`).
    fn blocked_by(&self) -> Vec<String> {
        let holds = self
            .conditions
            .iter()
            .filter(|condition| condition.status == "True");
        holds
            .map(|condition| {
                let message: String = condition.message.chars().take(MAX_MESSAGE).collect();
                let name: String = condition.name.chars().take(MAX_MESSAGE).collect();
                format!("{name}: {message}")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_conditions_that_hold_keep_a_namespace() {
        let status: Status<'_> = serde_json::from_str(
            r#"{"phase": "Terminating", "conditions": [
                {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "All resources successfully discovered"},
                {"type": "NamespaceFinalizersRemaining", "status": "True",
                 "message": "Some content in the namespace has finalizers remaining: x in 1 resource instances"}]}"#,
        )
        .unwrap();
        assert_eq!(
            status.blocked_by(),
            [
                "NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: x in 1 resource \
                 instances"
            ]
        );
    }
}
