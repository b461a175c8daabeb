//! `driftline diagnose`: diagnoses one release and prints recovery steps.

use std::sync::Arc;

use crate::app::cli::{DiagnoseArgs, Global};
use crate::app::environment;
use crate::app::exit;
use crate::app::output::ReportOutput;
use crate::app::scanning::read;
use crate::app::settings::Reading;
use crate::app::stop::{Abort, Stop};
use crate::report::ReportKind;
use crate::report::summary::FailOn;
use crate::report::text::{Detail, Extent};

/// Runs the command to its exit status.
pub(super) async fn run(args: &DiagnoseArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let reading = Reading::of_diagnosis(args, &environment::variable)?;
    let stop = Stop::after(reading.timeout, abort)?;
    let report = Arc::new(read(reading, global, &stop).await?);
    let output = ReportOutput {
        report: Arc::clone(&report),
        format: args.output,
        kind: ReportKind::Diagnosis,
        fail_on: FailOn::Drift,
        detail: Detail::Full,
        file: None,
        extent: Extent::Short,
    };
    output.write(global, &stop).await?.show(&stop).await?;
    Ok(exit::of_diagnosis(&report))
}
