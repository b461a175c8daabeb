//! How the parts of a report stand to what earlier scans found.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Fingerprint, ReleaseReport, Storage, full_name};
use crate::vocabulary::{
    ChangeStatus, Ending, HealthSeverity, MemoryDetail, ObjectState, ResolvedKind, SinceSource,
};

/// How a finding, an object, a health entry or a release stands to what earlier scans found.
///
/// Without memory and without a baseline report only the fingerprint, and what managed fields and records tell of its age,
/// are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tracked {
    /// Its identity, the same in every run and every version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fingerprint: Option<Fingerprint>,
    /// Whether earlier scans knew it; absent where nothing is remembered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<ChangeStatus>,
    /// When a scan first found it; absent where nothing is remembered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_seen: Option<DateTime<Utc>>,
    /// Since when it is known to be so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<Since>,
    /// Whether it keeps coming and going.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub flapping: bool,
}

impl Tracked {
    /// Whether earlier scans knew it as it is.
    pub fn is_ongoing(&self) -> bool {
        self.status == Some(ChangeStatus::Ongoing)
    }
}

/// The earliest time at which something is known to have been so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// The time.
    pub time: DateTime<Utc>,
    /// What it was taken from.
    pub from: SinceSource,
}

/// Something that earlier scans found and this one did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What it was about.
    pub kind: ResolvedKind,
    /// The release's namespace.
    pub namespace: String,
    /// The release's name.
    pub release: String,
    /// The name of its cluster, where the report is of several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// Where the records of the release are kept, or were.
    pub storage: Storage,
    /// The object, where it was about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<ResolvedObject>,
    /// The path of the field, where it was about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// The code of the finding or health entry, or the state of the object.
    pub code: String,
    /// When a scan first found it.
    pub first_seen: DateTime<Utc>,
    /// The first scan that no longer found it.
    pub resolved_at: DateTime<Utc>,
    /// How it ended.
    pub how: Ending,
    /// Whether it keeps coming and going.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub flapping: bool,
}

impl Resolved {
    /// The name of its release with that of the namespace, and of the cluster where the report is of several.
    pub fn full_name(&self) -> String {
        full_name(self.cluster.as_deref(), &self.namespace, &self.release)
    }
}

/// The object that something resolved was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedObject {
    /// The API version that the manifest named.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; `null` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// A field that an earlier scan found different, as this one found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAgain {
    /// The path.
    pub path: String,
    /// Whether the live object still has the value that it had then.
    pub is_as_before: bool,
}

/// What a report was compared with to tell what is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComparedWith {
    /// When the scan began that is compared with; absent where nothing was remembered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scanned_at: Option<DateTime<Utc>>,
    /// How much is remembered one by one.
    pub detail: MemoryDetail,
}

/// The releases that a scan was about. Empty lists stand for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selected {
    /// Namespaces, by name or pattern.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub namespaces: Vec<String>,
    /// Releases, by name or pattern.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub releases: Vec<String>,
    /// The label selector of their records.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub selector: Option<String>,
    /// The share of the namespaces, as `I/N`: shard I of N, counted from 0. Absent for all of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shard: Option<String>,
    /// The storage drivers whose records were looked for: `secret`, `configmap`; empty for both.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub drivers: Vec<String>,
    /// The releases that exist and that the selector leaves out, by their storage and name. Where there is a selector and this
    /// is `None`, it is not known which there are.
    #[serde(skip)]
    pub left_out: Option<BTreeSet<(Storage, String)>>,
}

impl Selected {
    /// Whether it is about all releases.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// How many things of a report are new, and how many came to an end. What only counts as info is not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCounts {
    /// Status `new`.
    pub new: usize,
    /// Status `changed`.
    pub changed: usize,
    /// Status `ongoing`.
    pub ongoing: usize,
    /// What is no longer so.
    pub resolved: usize,
    /// What keeps coming and going.
    pub flapping: usize,
}

impl ChangeCounts {
    /// Counts what is wrong with releases, and so many things that are no longer so.
    pub fn of(releases: &[ReleaseReport], resolved: usize) -> Self {
        let mut counts = Self {
            resolved,
            ..Self::default()
        };
        for release in releases {
            let health = release.health.iter();
            let health = health.filter(|entry| entry.severity > HealthSeverity::Info);
            let findings = release.objects.iter().flat_map(|object| &object.findings);
            let findings = findings.filter(|finding| finding.is_drift());
            let objects = release.objects.iter();
            let objects = objects.filter(|object| object.state != ObjectState::Drifted);
            let all = health.map(|entry| &entry.tracked);
            let all = all.chain(findings.map(|finding| &finding.tracked));
            all.chain(objects.map(|object| &object.tracked))
                .for_each(|tracked| counts.count(tracked));
        }
        counts
    }

    /// Counts something that is there.
    pub fn count(&mut self, tracked: &Tracked) {
        match tracked.status {
            Some(ChangeStatus::New) => self.new += 1,
            Some(ChangeStatus::Changed) => self.changed += 1,
            Some(ChangeStatus::Ongoing) => self.ongoing += 1,
            None => {}
        }
        self.flapping += usize::from(tracked.flapping);
    }
}
