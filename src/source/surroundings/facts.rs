//! The facts about namespaces, quotas, Services and definitions of custom resources that decide whether a write succeeds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// A namespace that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceFacts {
    /// Since when it is being deleted: nothing can be created in it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminating_since: Option<DateTime<Utc>>,
    /// Those of its labels that a selector of a webhook or a policy looks at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
}

/// A `ResourceQuota`, by what its status says: admission looks at nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Its name.
    pub name: String,
    /// Its scopes: one with a scope counts Pods and volume claims only.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<String>,
    /// The limits, by the names of the counted resources.
    pub hard: BTreeMap<String, String>,
    /// What is used of them; a name without an amount is not counted yet.
    pub used: BTreeMap<String, String>,
}

/// Amounts by the names of resources.
pub type Amounts = BTreeMap<String, String>;

/// A `LimitRange`: what each object of a sort may ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitRange {
    /// Its limits.
    pub limits: Vec<Limit>,
}

/// A limit of a `LimitRange`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limit {
    /// What it is about: `PersistentVolumeClaim`, `Container` or `Pod`.
    #[serde(rename = "type")]
    pub sort: String,
    /// The most.
    #[serde(skip_serializing_if = "Amounts::is_empty", deserialize_with = "amounts")]
    pub max: Amounts,
    /// The least.
    #[serde(skip_serializing_if = "Amounts::is_empty", deserialize_with = "amounts")]
    pub min: Amounts,
    /// The limits of a container that names none.
    #[serde(skip_serializing_if = "Amounts::is_empty", deserialize_with = "amounts")]
    pub default: Amounts,
    /// The requests of a container that names none.
    #[serde(skip_serializing_if = "Amounts::is_empty", deserialize_with = "amounts")]
    pub default_request: Amounts,
    /// How many times its request the limit of a container may be.
    #[serde(skip_serializing_if = "Amounts::is_empty", deserialize_with = "amounts")]
    pub max_limit_request_ratio: Amounts,
}

/// Amounts, which Go may write as `null`.
fn amounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amounts, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A Service, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A port of the nodes or an address of the cluster, of which there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixedPlace {
    /// A node port, be it of a Service or of its health check. The API server hands ports out by their number, whatever
    /// the protocol (Kubernetes: `pkg/registry/core/service/portallocator/allocator.go`, `Allocate`).
    Port(u16),
    /// A cluster IP.
    Address(String),
}

/// A Service that has ports or addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The Service; `None` for one in a namespace that was not asked about.
    pub service: Option<ServiceName>,
    /// What it has of the ports and addresses that were asked for.
    pub places: BTreeSet<FixedPlace>,
}

/// A `CustomResourceDefinition` that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// Its versions.
    pub versions: Vec<DefinedVersion>,
    /// The versions in which objects are or were stored: none of them may be dropped.
    pub stored_versions: Vec<String>,
    /// Since when it is being deleted: no custom objects can be created any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminating_since: Option<DateTime<Utc>>,
}

/// A version of a custom resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinedVersion {
    /// Its name.
    pub name: String,
    /// Whether the API server serves it.
    pub served: bool,
}

/// A number of objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// How many there are, or were counted.
    pub count: u64,
    /// Whether there are more than were counted.
    pub or_more: bool,
}

impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.or_more {
            write!(f, "more than {}", self.count)
        } else {
            write!(f, "{}", self.count)
        }
    }
}

/// What goes with a namespace that is deleted: what is dear, not all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// Its `PersistentVolumeClaim` objects.
    pub claims: Counted,
    /// Its Pods.
    pub pods: Counted,
    /// Its Helm records in Secrets: each revision of a release is one.
    pub records: Counted,
}
