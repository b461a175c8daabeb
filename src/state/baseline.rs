//! A report as a memory: what it says is accepted, and only what is new or changed since then counts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::digest::Salt;
use super::entry::Entry;
use super::items;
use super::memory::{ReleaseId, Remembered, State};
use crate::model::{Fingerprint, ReleaseReport, Report};
use crate::vocabulary::MemoryDetail;

impl State {
    /// The memory of one scan, by its report.
    ///
    /// The report may have another name for the cluster, as when it was made with another kubeconfig: the releases are the
    /// same by their own names.
    pub fn of_report(baseline: &Report, cluster: &str, salt: Salt) -> Self {
        let mut state = Self::fresh(cluster, salt);
        state.scanned_at = Some(baseline.started_at);
        for release in &baseline.releases {
            let names = release.names(cluster);
            let items = items::of(release, names, &state.salt, MemoryDetail::Fields);
            let first_seen = first_seen(release);
            let own_names = release.names(&baseline.cluster.name);
            let entries = items.into_iter().map(|(key, item)| {
                let own_key = item.subject.fingerprint(own_names, &item.code);
                let first_seen = first_seen.get(&own_key).copied();
                (key, Entry::new(item, first_seen.unwrap_or(baseline.started_at)))
            });
            let remembered = Remembered {
                namespace: release.namespace.clone(),
                revision: release.baseline.as_ref().map(|baseline| baseline.revision),
                entries: entries.collect(),
            };
            if !remembered.entries.is_empty() {
                state.releases.insert(ReleaseId::of(release), remembered);
            }
        }
        state
    }
}

/// When each part of a release was first seen, by its fingerprint.
fn first_seen(release: &ReleaseReport) -> HashMap<Fingerprint, DateTime<Utc>> {
    let health = release.health.iter().map(|entry| &entry.tracked);
    let objects = release.objects.iter().flat_map(|object| {
        let findings = object.findings.iter().map(|finding| &finding.tracked);
        findings.chain([&object.tracked])
    });
    let all = health.chain(objects);
    all.filter_map(|tracked| Some((tracked.fingerprint?, tracked.first_seen?)))
        .collect()
}
