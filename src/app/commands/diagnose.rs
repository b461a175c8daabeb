//! `driftline diagnose`: diagnoses one release and prints recovery steps.

use std::sync::Arc;

use anyhow::Context as _;

use crate::app::cli::{DiagnoseArgs, Global};
use crate::app::ending::Ending;
use crate::app::environment;
use crate::app::exit;
use crate::app::output::{ReportOutput, file_of};
use crate::app::scanning::read;
use crate::app::settings::Reading;
use crate::app::stop::{Abort, Stop};
use crate::report::summary::FailOn;
use crate::report::text::{Detail, Extent};
use crate::report::{Format, ReportKind};

/// The variable of the environment that names the format of every command's reports.
const OUTPUT: &str = "DRIFTLINE_OUTPUT";

/// Runs the command to its exit status.
pub(super) async fn run(args: &DiagnoseArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let reading = Reading::of_diagnosis(args, &environment::variable)?;
    let file = file_of(args.output_file.as_deref())?;
    let format = match args.output {
        Some(format) => format,
        None => Format::by_default(ReportKind::Diagnosis, environment::variable(OUTPUT).as_deref())
            .context(OUTPUT)?,
    };
    let stop = Stop::after(reading.timeout, abort)?;
    let report = Arc::new(read(reading, global, &stop).await?);
    let output = ReportOutput {
        report: Arc::clone(&report),
        format,
        kind: ReportKind::Diagnosis,
        fail_on: FailOn::Drift,
        detail: Detail::Full,
        file,
        extent: Extent::Short,
    };
    let ending = Ending::of(&output, global);
    output.write(global, &stop).await?.show(&stop).await?;
    ending.say();
    Ok(exit::of_diagnosis(&report))
}
