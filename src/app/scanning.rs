//! How commands scan: until everything is read or the scan has to end, behind a progress bar.

use std::future::Future;
use std::sync::Arc;

use super::cli::Global;
use super::connect::connect;
use super::progress::Bar;
use super::settings::{Reading, ScanTarget};
use super::stop::stop;
use crate::model::Report;
use crate::scan::{Progress, ScanOptions, scan};
use crate::snapshot::SnapshotSource;
use crate::source::Source;
use crate::vocabulary::Stopped;

/// Scans the cluster or the snapshot that the settings name.
pub(super) async fn read(reading: Reading, global: &Global) -> anyhow::Result<Report> {
    let stop = stop(reading.timeout)?;
    match reading.target {
        ScanTarget::Cluster(options) => {
            let (cluster, stop) = connect(options, stop).await?;
            Ok(scan_with_progress(Arc::new(cluster), &reading.scan, stop, global).await)
        }
        ScanTarget::Snapshot(path) => {
            let snapshot = SnapshotSource::open(&path)?;
            Ok(scan_with_progress(Arc::new(snapshot), &reading.scan, stop, global).await)
        }
    }
}

/// Scans a source and shows how far the scan has come, unless log lines would run through the progress bar.
pub(super) async fn scan_with_progress<S: Source>(
    source: Arc<S>,
    options: &ScanOptions,
    stop: impl Future<Output = Stopped>,
    global: &Global,
) -> Report {
    let bar = Arc::new(if global.quiet || global.verbose > 0 {
        Bar::hidden()
    } else {
        Bar::shown()
    });
    let progress: Arc<dyn Progress> = bar.clone();
    let report = scan(source, options, &progress, stop).await;
    bar.finish();
    report
}
