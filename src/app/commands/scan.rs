//! `driftline scan`: compares releases with the cluster, prints the report and sends notifications.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::app::cli::{Global, ScanArgs};
use crate::app::ending::Ending;
use crate::app::environment;
use crate::app::exit::{self, NotificationStatus};
use crate::app::metrics::MetricsOutput;
use crate::app::output::{ReportOutput, file_of};
use crate::app::scanning::read_with_costs;
use crate::app::settings::ScanSettings;
use crate::app::stop::{Abort, Stop};
use crate::model::Report;
use crate::notify::Sinks;
use crate::report::ReportKind;
use crate::report::text::{Detail, Extent};

/// How long sinks that are out of time may take to say which of them have delivered. They need a moment, unless putting
/// the report into words still goes on.
const RESULTS: Duration = Duration::from_millis(500);

/// Runs the command to its exit status.
pub(super) async fn run(args: &ScanArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let settings = ScanSettings::resolve(args, &environment::variable)?;
    let file = file_of(args.output_file.as_deref())?;
    let stop = Stop::after(settings.reading.timeout, abort)?;
    let metrics = MetricsOutput::new(settings.metrics)?;
    let (mut report, costs) = read_with_costs(settings.reading, global, &stop).await?;
    // A snapshot keeps the cluster name that it was taken with, whatever the configuration file says; only the flag or
    // the environment replaces it.
    if let (Some(_), Some(name)) = (&args.snapshot, &args.cluster.access.cluster_name) {
        report.cluster.name.clone_from(name);
    }
    // Before anything is taken away that is only not shown.
    let counted = metrics.count(&report, &costs);
    let report = Arc::new(if args.all {
        report
    } else {
        report.without_in_sync()
    });
    let output = ReportOutput {
        report: Arc::clone(&report),
        format: args.output,
        kind: ReportKind::Scan,
        fail_on: settings.fail_on,
        detail: if args.summary {
            Detail::Summary
        } else {
            Detail::Full
        },
        file,
        extent: match (args.full, args.all) {
            (true, _) => Extent::Whole,
            (false, true) => Extent::Lists,
            (false, false) => Extent::Short,
        },
    };
    let ending = Ending::of(&output, global);
    // Side by side: a reader that does not read keeps no alert back, and a receiver that does not answer no report.
    let (written, notifications) = tokio::join!(
        output.write(global, &stop),
        deliver(settings.sinks, Arc::clone(&report), &stop)
    );
    let notifications = metrics.publish(counted, notifications, &stop).await;
    // Only now: a person may read for long, and what is logged about the messages would stand in the midst of the report.
    written?.show(&stop).await?;
    ending.say();
    Ok(exit::of_scan(
        &report,
        settings.fail_on,
        notifications,
        settings.exit_code_on_drift,
    ))
}

async fn deliver(sinks: Sinks, report: Arc<Report>, stop: &Stop) -> NotificationStatus {
    if sinks.is_empty() {
        return NotificationStatus::NothingToDeliver;
    }
    let limit = stop.clone();
    // On a thread of its own: putting a large report into words must not hold back the signals.
    let deliveries = tokio::spawn(async move {
        let out_of_time = async move { limit.out_of_time().await.reason() };
        sinks.deliver(&report, out_of_time).await
    });
    let deliveries = tokio::select! {
        biased;
        deliveries = deliveries => deliveries.map_err(|_| "putting the report into words failed"),
        reason = async { let reason = stop.out_of_time().await; sleep(RESULTS).await; reason } => Err(reason.reason()),
    };
    let deliveries = match deliveries {
        Ok(deliveries) => deliveries,
        Err(reason) => {
            tracing::error!("the notifications were not delivered: {reason}");
            return NotificationStatus::Undelivered;
        }
    };
    let mut status = NotificationStatus::Delivered;
    for delivery in deliveries {
        if delivery.is_undelivered() {
            tracing::error!("{delivery}");
            status = NotificationStatus::Undelivered;
        } else {
            tracing::info!("{delivery}");
        }
    }
    status
}
