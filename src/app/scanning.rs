//! How commands scan: until everything is read or the scan has to end, behind a progress bar.

use std::sync::Arc;

use super::cli::Global;
use super::connect::connect;
use super::progress::Bar;
use super::settings::{Reading, ScanTarget};
use super::stop::{self, Stop};
use crate::model::{Report, ScanCosts};
use crate::scan::{Progress, ScanOptions, scan_with_costs};
use crate::snapshot::SnapshotSource;
use crate::source::Source;

/// Scans the cluster or the snapshot that the settings name.
pub(super) async fn read(reading: Reading, global: &Global, stop: &Stop) -> anyhow::Result<Report> {
    let (report, _) = read_with_costs(reading, global, stop).await?;
    Ok(report)
}

/// The same, and what it cost.
pub(super) async fn read_with_costs(
    reading: Reading,
    global: &Global,
    stop: &Stop,
) -> anyhow::Result<(Report, ScanCosts)> {
    match reading.target {
        ScanTarget::Cluster(options) => {
            let cluster = connect(options, stop).await?;
            Ok(scan_with_progress(Arc::new(cluster), &reading.scan, stop, global).await)
        }
        ScanTarget::Snapshot(path) => {
            // A folder on a file system that does not answer must not keep the program.
            let opened = tokio::task::spawn_blocking(move || SnapshotSource::open(&path));
            let snapshot = tokio::select! {
                biased;
                stopped = stop.stopped() => anyhow::bail!("{} before the snapshot was opened", stop::beginning(stopped)),
                opened = opened => opened??,
            };
            Ok(scan_with_progress(Arc::new(snapshot), &reading.scan, stop, global).await)
        }
    }
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
