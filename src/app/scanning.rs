//! How commands scan: until everything is read or the scan has to end, behind a progress bar.

use std::sync::Arc;

use super::cli::Global;
use super::connect::connect;
use super::progress::Bar;
use super::settings::{Reading, ScanTarget};
use super::stop::{self, Stop};
use crate::cluster::Cluster;
use crate::model::{Report, ScanCosts};
use crate::release::stored::Driver;
use crate::scan::{Progress, ScanOptions, scan_with_costs};
use crate::snapshot::SnapshotSource;
use crate::source::Source;

/// A cluster or a snapshot that can be scanned.
pub(super) enum Opened {
    /// A live cluster.
    Cluster(Arc<Cluster>),
    /// A snapshot.
    Snapshot(Arc<SnapshotSource>),
}

impl Opened {
    /// The live cluster, if it is one.
    pub(super) const fn cluster(&self) -> Option<&Arc<Cluster>> {
        match self {
            Self::Cluster(cluster) => Some(cluster),
            Self::Snapshot(_) => None,
        }
    }

    /// The storage drivers whose records are looked for; empty for all.
    pub(super) fn drivers(&self) -> Vec<String> {
        match self {
            Self::Cluster(cluster) if cluster.drivers().len() < Driver::ALL.len() => {
                let drivers = cluster.drivers().iter();
                drivers.map(|driver| driver.as_str().to_owned()).collect()
            }
            Self::Cluster(_) | Self::Snapshot(_) => Vec::new(),
        }
    }

    /// The name of the cluster in reports.
    pub(super) fn cluster_name(&self) -> String {
        match self {
            Self::Cluster(cluster) => cluster.cluster().name,
            Self::Snapshot(snapshot) => snapshot.cluster().name,
        }
    }

    /// Scans it, and says what that cost.
    pub(super) async fn scan(
        self,
        options: &ScanOptions,
        global: &Global,
        stop: &Stop,
    ) -> (Report, ScanCosts) {
        match self {
            Self::Cluster(cluster) => scan_with_progress(cluster, options, stop, global).await,
            Self::Snapshot(snapshot) => scan_with_progress(snapshot, options, stop, global).await,
        }
    }
}

/// Opens the cluster or the snapshot that is to be scanned.
pub(super) async fn open(target: ScanTarget, stop: &Stop) -> anyhow::Result<Opened> {
    match target {
        ScanTarget::Cluster(options) => Ok(Opened::Cluster(Arc::new(connect(options, stop).await?))),
        ScanTarget::Snapshot { path, name } => {
            // A folder on a file system that does not answer must not keep the program.
            let opened = tokio::task::spawn_blocking(move || SnapshotSource::open(&path));
            let snapshot = tokio::select! {
                biased;
                stopped = stop.stopped() => anyhow::bail!("{} before the snapshot was opened", stop::beginning(stopped)),
                opened = opened => opened??,
            };
            // A snapshot keeps the name that it was taken with, whatever the configuration file says; only the flag or the
            // environment replaces it.
            let snapshot = match name {
                Some(name) => snapshot.named(name),
                None => snapshot,
            };
            Ok(Opened::Snapshot(Arc::new(snapshot)))
        }
    }
}

/// Scans the cluster or the snapshot that the settings name.
pub(super) async fn read(reading: Reading, global: &Global, stop: &Stop) -> anyhow::Result<Report> {
    let opened = open(reading.target, stop).await?;
    let (report, _) = opened.scan(&reading.scan, global, stop).await;
    Ok(report)
}

/// Scans a source and shows how far the scan has come, unless log lines would run through the progress bar.
pub(super) async fn scan_with_progress<S: Source>(
    source: Arc<S>,
    options: &ScanOptions,
    stop: &Stop,
    global: &Global,
) -> (Report, ScanCosts) {
    with_progress(global, async |progress| {
        scan_with_costs(source, options, progress, stop.stopped()).await
    })
    .await
}

/// Does something that takes a while, and shows how far it has come.
pub(super) async fn with_progress<T>(global: &Global, work: impl AsyncFnOnce(&Arc<dyn Progress>) -> T) -> T {
    let bar = Arc::new(if global.quiet || global.verbose > 0 {
        Bar::hidden()
    } else {
        Bar::shown()
    });
    let progress: Arc<dyn Progress> = bar.clone();
    let done = work(&progress).await;
    bar.finish();
    done
}
