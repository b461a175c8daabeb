//! Objects whose release has no record: what a scan that looks for orphans found.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Advice, full_name};
use crate::vocabulary::OrphanRecords;

/// A release of which objects are left and no record, or none but that of its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrphanedRelease {
    /// The namespace of the release, as its objects claim it.
    pub namespace: String,
    /// The name of the release, as its objects claim it.
    pub name: String,
    /// The name of its cluster, where the report is of several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// Which records there are.
    pub records: OrphanRecords,
    /// Its objects, sorted by kind, namespace and name.
    pub objects: Vec<OrphanedObject>,
    /// What a reader should know besides, and why a command is missing from the advice, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<String>,
    /// What to run, safest first.
    pub advice: Vec<Advice>,
}

impl OrphanedRelease {
    /// Its name with that of its namespace, and of its cluster where the report is of several.
    pub fn full_name(&self) -> String {
        full_name(self.cluster.as_deref(), &self.namespace, &self.name)
    }
}

/// One object of such a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrphanedObject {
    /// The API version that it was found in.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; `null` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created_at: Option<DateTime<Utc>>,
    /// Since when it is being deleted; absent where it is not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deleting_since: Option<DateTime<Utc>>,
    /// Whether its annotation `helm.sh/resource-policy` asks Helm to keep it when the release is uninstalled.
    pub kept_by_policy: bool,
}
