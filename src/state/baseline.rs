//! A report as a memory: what it says is accepted, and only what is new or changed since then counts.

use super::digest::Salt;
use super::entry::Entry;
use super::items;
use super::memory::{ReleaseId, Remembered, State};
use crate::model::Report;
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
            let first_seen = release.tracked.first_seen.unwrap_or(baseline.started_at);
            let entries = items
                .into_iter()
                .map(|(key, item)| (key, Entry::new(item, first_seen)));
            let remembered = Remembered {
                namespace: release.namespace.clone(),
                revision: release.baseline.as_ref().map(|baseline| baseline.revision),
                selector: baseline.selection.selector.clone(),
                entries: entries.collect(),
            };
            if !remembered.entries.is_empty() {
                state.releases.insert(ReleaseId::of(release), remembered);
            }
        }
        state
    }
}
