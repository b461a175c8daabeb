//! `driftline diagnose`: diagnoses one release and prints recovery steps.

use std::io;

use crate::app::cli::{DiagnoseArgs, Global};
use crate::app::environment;
use crate::app::exit::{self, NotificationStatus};
use crate::app::output::{Destination, print, render};
use crate::app::scanning::read;
use crate::app::settings::Reading;
use crate::report::ReportKind;

/// Runs the command to its exit status.
pub(super) async fn run(args: &DiagnoseArgs, global: &Global) -> anyhow::Result<u8> {
    let report = read(Reading::of_diagnosis(args, &environment::variable)?, global).await?;
    let bytes = render(
        &report,
        args.output,
        ReportKind::Diagnosis,
        global,
        Destination::of(&io::stdout()),
    )?;
    print(&bytes)?;
    // The report already has the error that there is no such release.
    if report.releases.is_empty() {
        return Ok(exit::ERROR);
    }
    let outcome = exit::outcome_of_diagnosis(&report);
    Ok(exit::status(outcome, NotificationStatus::NothingToDeliver, None))
}
