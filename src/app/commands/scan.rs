//! `driftline scan`: compares releases with the cluster, prints the report and sends notifications.

use std::io;

use anyhow::Context as _;

use crate::app::cli::{Global, ScanArgs};
use crate::app::environment;
use crate::app::exit::{self, NotificationStatus};
use crate::app::output::{Destination, print, render};
use crate::app::scanning::read;
use crate::app::settings::ScanSettings;
use crate::model::Report;
use crate::notify::Sinks;
use crate::report::ReportKind;

/// Runs the command to its exit status.
pub(super) async fn run(args: &ScanArgs, global: &Global) -> anyhow::Result<u8> {
    let settings = ScanSettings::resolve(args, &environment::variable)?;
    let mut report = read(settings.reading, global).await?;
    // A snapshot keeps the cluster name that it was taken with, whatever the configuration file says; only the flag or
    // the environment replaces it.
    if let (Some(_), Some(name)) = (&args.snapshot, &args.cluster.access.cluster_name) {
        report.cluster.name.clone_from(name);
    }
    let report = if args.all {
        report
    } else {
        report.without_in_sync()
    };
    // The report comes first, and a failure of either does not keep the other back.
    let written = write_report(&report, args, global);
    let notifications = deliver(&settings.sinks, &report).await;
    written?;
    Ok(exit::status(
        settings.fail_on.weigh(&report),
        notifications,
        settings.exit_code_on_drift,
    ))
}

fn write_report(report: &Report, args: &ScanArgs, global: &Global) -> anyhow::Result<()> {
    let destination = match &args.output_file {
        Some(_) => Destination::File,
        None => Destination::of(&io::stdout()),
    };
    let bytes = render(report, args.output, ReportKind::Scan, global, destination)?;
    match &args.output_file {
        Some(path) => std::fs::write(path, &bytes)
            .with_context(|| format!("the report cannot be written to {}", path.display())),
        None => print(&bytes),
    }
}

async fn deliver(sinks: &Sinks, report: &Report) -> NotificationStatus {
    if sinks.is_empty() {
        return NotificationStatus::NothingToDeliver;
    }
    let mut status = NotificationStatus::Delivered;
    for delivery in sinks.deliver(report).await {
        if delivery.is_undelivered() {
            tracing::error!("{delivery}");
            status = NotificationStatus::Undelivered;
        } else {
            tracing::info!("{delivery}");
        }
    }
    status
}
