//! The memory of scans: for each release what was wrong with it, since when, and who was told.
//!
//! It is pure: it takes a report and gives what that report means beside earlier ones. A scan's own time is the only clock.

use std::collections::BTreeMap;

use chrono::serde::ts_seconds_option;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::{Hash, Salt};
use super::entry::{Entry, SinkNumber};
use crate::model::{Fingerprint, ReleaseNames, ReleaseReport, Storage};
use crate::vocabulary::MemoryDetail;

/// What scans of one cluster remember.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The cluster's name in reports.
    pub(super) cluster: String,
    pub(super) salt: Salt,
    /// When the last scan began; `None` before the first.
    pub(super) scanned_at: Option<DateTime<Utc>>,
    /// The label selector of the last scan.
    pub(super) selector: Option<String>,
    pub(super) detail: MemoryDetail,
    pub(super) releases: BTreeMap<ReleaseId, Remembered>,
    pub(super) sinks: BTreeMap<String, SinkMemory>,
}

/// Where the records of a release are, and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ReleaseId {
    pub(super) storage: Storage,
    pub(super) name: String,
}

/// What is remembered of one release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// Its namespace.
    pub(super) namespace: String,
    /// The baseline that it was last compared with.
    pub(super) revision: Option<u64>,
    pub(super) entries: BTreeMap<Fingerprint, Entry>,
}

/// What is remembered of one receiver.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SinkMemory {
    /// Its number in entries.
    pub(super) number: SinkNumber,
    /// When it was last told of everything that is wrong.
    #[serde(with = "ts_seconds_option", skip_serializing_if = "Option::is_none", default)]
    pub(super) told_at: Option<DateTime<Utc>>,
    /// When it was last a receiver of a scan.
    #[serde(with = "ts_seconds_option", skip_serializing_if = "Option::is_none", default)]
    pub(super) last_used: Option<DateTime<Utc>>,
    /// A hash of what could not be read, as it was last told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) unread: Option<Hash>,
    /// What it asked to keep.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) kept: Option<Value>,
}

impl State {
    /// A memory of nothing.
    pub fn fresh(cluster: &str, salt: Salt) -> Self {
        Self {
            cluster: cluster.to_owned(),
            salt,
            scanned_at: None,
            selector: None,
            detail: MemoryDetail::Fields,
            releases: BTreeMap::new(),
            sinks: BTreeMap::new(),
        }
    }

    /// The cluster that it is about.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// How much is remembered one by one.
    pub const fn detail(&self) -> MemoryDetail {
        self.detail
    }
}

impl ReleaseId {
    pub(super) fn of(release: &ReleaseReport) -> Self {
        Self {
            storage: release.storage.clone(),
            name: release.name.clone(),
        }
    }

    /// The names of the release in a cluster.
    pub(super) fn names<'n>(&'n self, cluster: &'n str) -> ReleaseNames<'n> {
        ReleaseNames {
            cluster,
            storage: &self.storage,
            name: &self.name,
        }
    }
}
