//! `driftline rights`: compares the rights of an account with those that a scan needs.

use std::sync::Arc;

use anyhow::Context as _;

use crate::app::cli::{Global, RightsArgs};
use crate::app::connect::connect;
use crate::app::environment;
use crate::app::exit;
use crate::app::output::{print, text_options_of_stdout};
use crate::app::scanning::with_progress;
use crate::app::settings::Reading;
use crate::app::stop::{self, Abort, Stop};
use crate::report::rights::{RightsFormat, render};
use crate::rights::{PlannedScan, Previews, report};
use crate::scan::needs;

/// Runs the command to its exit status.
pub(super) async fn run(args: &RightsArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let reading = Reading::of_rights(args, &environment::variable)?;
    let stop = Stop::after(reading.timeout, abort)?;
    let cluster = Arc::new(connect(reading.target, &stop).await?);
    let options = reading.scan;
    let scan = PlannedScan {
        releases: options
            .selection
            .releases
            .iter()
            .map(ToString::to_string)
            .collect(),
        drivers: cluster.drivers().clone(),
        confirm: options.policy.confirm,
        orphans: options.orphans,
        previews: if args.preview { Previews::Yes } else { Previews::No },
        flags: options.cluster.clone(),
    };
    let asking = with_progress(global, async |progress| {
        let needs = needs(Arc::clone(&cluster), &options, progress).await;
        report(&cluster, needs, &scan, args.service_account.clone()).await
    });
    let report = tokio::select! {
        biased;
        stopped = stop.stopped() => anyhow::bail!("{} before all rights were asked for", stop::beginning(stopped)),
        report = asking => report.context("the rights cannot be compared")?,
    };
    match args.output {
        // A role has no place for them.
        RightsFormat::Role => {
            for error in &report.errors {
                tracing::error!("{}: {}", error.scope, error.message);
            }
        }
        RightsFormat::Text | RightsFormat::Json | RightsFormat::Yaml => {}
    }
    let mut text = Vec::new();
    render(&report, args.output, &text_options_of_stdout(global), &mut text)?;
    print(&text)?;
    let is_complete = report.missing().next().is_none() && report.errors.is_empty();
    Ok(if is_complete {
        exit::CLEAN
    } else {
        exit::INCOMPLETE
    })
}
