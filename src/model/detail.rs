//! The detail of a release: its history and its objects in trouble, which only a diagnosis asks for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Chart;

/// All that is known of a release's history, for the person who repairs the release.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReleaseDetail {
    /// Every revision that is kept, oldest first.
    pub revisions: Vec<RevisionDetail>,
    /// The revision that the objects are compared with beside the deployed one, where the newest operation did not
    /// complete: mostly its own. A failed rollback to the deployed revision asks for nothing else than that, and then it is
    /// the newest attempt before it that does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attempted: Option<u64>,
    /// The objects that the deployed and the attempted revision disagree about, or that are not ready, where the newest
    /// operation did not complete.
    pub objects: Vec<ObjectDetail>,
}

/// One revision in detail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevisionDetail {
    /// Its number.
    pub revision: u64,
    /// Helm's status of it.
    pub status: String,
    /// When its record was created, on the API server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// When its record was last written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<DateTime<Utc>>,
    /// The size of its record in bytes, as it is stored; absent where it was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Its chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<Chart>,
    /// How Helm says it ended, without values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One object of an operation that did not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectDetail {
    /// The API version.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; `null` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// Which revision it is like: `old` (the deployed one), `new` (the attempted one) or `neither`; absent where both ask for
    /// the same or nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Further remarks, a few words each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remarks: Vec<String>,
}
