//! `driftline show`: prints a stored report again.

use std::time::Duration;

use crate::app::cli::{Global, ShowArgs};
use crate::app::exit;
use crate::app::stop::{Abort, Stop};
use crate::app::stored;
use crate::model::ReportError;
use crate::report::summary::FailOn;

/// Runs the command to its exit status. The gate was the scan: whoever shows its report wants to see it.
pub(super) async fn run(args: &ShowArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let stop = Stop::after(Duration::MAX, abort)?;
    let report = stored::read("report", &args.report, &stop).await?;
    let report = stored::part(report, &args.stored);
    let report = stored::write(report, &args.stored, FailOn::DRIFT, global, &stop).await?;
    let is_absent = report.errors.iter().any(ReportError::is_absence);
    Ok(if is_absent { exit::INCOMPLETE } else { exit::CLEAN })
}
