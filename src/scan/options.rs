//! The options of a scan, and the receiver of its progress.

use std::sync::Arc;
use std::time::Duration;

use super::limits::ScanLimits;
use crate::chart::Chart;
use crate::manifest::rendered::Rendered;
use crate::model::ReleaseReport;
use crate::policy::selection::Selection;
use crate::policy::{Confirm, Policy};
use crate::release::history::Depth;
use crate::shell::ClusterFlags;
use crate::state::Earlier;

/// What to scan, and how.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// The releases that are scanned.
    pub selection: Selection,
    /// How much of each release is read.
    pub depth: Depth,
    /// The age from which on a pending operation counts as stuck.
    pub stuck_after: Duration,
    /// The cap on one decoded record, in bytes.
    pub max_record_bytes: u64,
    /// How differences are classified and shown.
    pub policy: Policy,
    /// What the scan may hold in memory.
    pub limits: ScanLimits,
    /// The fields in which earlier scans found drift, where they are remembered.
    pub earlier: Option<Arc<Earlier>>,
    /// What becomes of the objects in sync.
    pub in_sync: InSync,
    /// Whether objects without a release are looked for.
    pub orphans: OrphanSearch,
    /// The flags that chose the cluster, which printed commands repeat.
    pub cluster: ClusterFlags,
    /// The charts that were given beside the cluster, to look for keys of values; only asked where the policy asks for keys.
    pub chart: Option<Arc<Chart>>,
    /// Manifests that Helm rendered with other values, to say what they make of the drift; only where the policy asks for
    /// keys.
    pub rendered: Option<Arc<Rendered>>,
    /// The operation that is previewed as a whole.
    pub preview: Option<PreviewRequest>,
    /// Whether the writes of that operation are confirmed by dry runs.
    pub confirm_writes: Confirm,
}

impl ScanOptions {
    /// Whether the objects of a release that are in sync are only counted.
    pub(super) fn only_counts_in_sync(&self, release: &ReleaseReport) -> bool {
        match self.in_sync {
            InSync::Listed => false,
            InSync::Counted => {
                let earlier = self.earlier.as_ref();
                !earlier.is_some_and(|earlier| earlier.knows(&release.storage, &release.name))
            }
        }
    }
}

/// What becomes of the objects in sync that nobody asks more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InSync {
    /// They are in the report.
    Listed,
    /// They are counted. Those of a release that is remembered are in the report, because they say best how its drift ended.
    Counted,
}

/// An operation of Helm that is previewed as a whole, of one release.
#[derive(Debug, Clone)]
pub enum PreviewRequest {
    /// A rollback; the depth of the scan says to which revision.
    Rollback,
    /// An upgrade to these rendered manifests.
    Upgrade(Arc<Rendered>),
}

/// Whether a scan looks for objects that name a release as their owner of which there is no record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrphanSearch {
    /// It does not: it costs a list of every kind that the API server serves.
    #[default]
    No,
    /// It does.
    Yes,
    /// It does if there is no record of what was named.
    IfNoRecord,
}

/// Shows how far a scan has come.
pub trait Progress: Send + Sync {
    /// A stage with so many steps begins.
    fn stage(&self, name: &'static str, steps: usize);
    /// One more step is done.
    fn step(&self);
}

/// Shows no progress.
pub struct Quiet;

impl Progress for Quiet {
    fn stage(&self, _name: &'static str, _steps: usize) {}
    fn step(&self) {}
}
