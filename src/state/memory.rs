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

/// The most that one receiver may keep.
const MAX_KEPT_BYTES: usize = 1 << 20;

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
    /// A hash of the selection of the scan that could not read it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) unread_in: Option<Hash>,
    /// What it asked to keep, as JSON: a value of this size would take many times of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) kept: Option<String>,
}

impl State {
    /// When the last scan began; `None` before the first.
    pub fn scanned_at(&self) -> Option<DateTime<Utc>> {
        self.scanned_at
    }

    /// A memory of nothing.
    pub fn fresh(cluster: &str, salt: Salt) -> Self {
        Self {
            cluster: cluster.to_owned(),
            salt,
            scanned_at: None,
            detail: MemoryDetail::Fields,
            releases: BTreeMap::new(),
            sinks: BTreeMap::new(),
        }
    }

    /// The cluster that it is about.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The same memory of a cluster that is called otherwise now.
    #[must_use]
    pub fn renamed(mut self, cluster: &str) -> Self {
        cluster.clone_into(&mut self.cluster);
        for (id, release) in &mut self.releases {
            let names = id.names(cluster);
            let entries = std::mem::take(&mut release.entries).into_values();
            release.entries = entries
                .map(|entry| (entry.subject.fingerprint(names, &entry.code), entry))
                .collect();
        }
        self
    }

    /// How much is remembered one by one.
    pub const fn detail(&self) -> MemoryDetail {
        self.detail
    }
}

impl SinkMemory {
    /// What the receiver asked to keep, unless it is larger than any receiver asks for.
    pub(super) fn kept(&self) -> Option<Value> {
        let text = self.kept.as_ref().filter(|text| text.len() <= MAX_KEPT_BYTES)?;
        serde_json::from_str(text).ok()
    }

    /// Keeps what the receiver asks for; null for nothing.
    pub(super) fn keep(&mut self, value: &Value) {
        let text = (!value.is_null()).then(|| value.to_string());
        self.kept = text.filter(|text| text.len() <= MAX_KEPT_BYTES);
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
