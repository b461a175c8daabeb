//! `driftline diagnose`: diagnoses one release and prints recovery steps.

use std::sync::Arc;

use crate::app::cli::{DiagnoseArgs, Global};
use crate::app::environment;
use crate::app::exit::{self, NotificationStatus};
use crate::app::output::ReportOutput;
use crate::app::scanning::read;
use crate::app::settings::Reading;
use crate::app::stop::{Abort, Stop};
use crate::report::ReportKind;
use crate::report::text::Detail;

/// Runs the command to its exit status.
pub(super) async fn run(args: &DiagnoseArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let reading = Reading::of_diagnosis(args, &environment::variable)?;
    let stop = Stop::after(reading.timeout, abort)?;
    let report = Arc::new(read(reading, global, &stop).await?);
    let output = ReportOutput {
        report: Arc::clone(&report),
        format: args.output,
        kind: ReportKind::Diagnosis,
        detail: Detail::Full,
        file: None,
    };
    output.write(global, &stop).await?.show(&stop).await?;
    // The report already has the error that there is no such release.
    if report.releases.is_empty() {
        return Ok(exit::ERROR);
    }
    let outcome = exit::outcome_of_diagnosis(&report);
    Ok(exit::status(outcome, NotificationStatus::NothingToDeliver, None))
}
