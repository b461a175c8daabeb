//! `driftline diagnose`: diagnoses one release and prints recovery steps.

use crate::app::cli::{DiagnoseArgs, Global};
use crate::app::environment;
use crate::app::exit;
use crate::app::page::Page;
use crate::app::settings::Reading;
use crate::app::stop::Abort;
use crate::report::ReportKind;

/// Runs the command to its exit status.
pub(super) async fn run(args: &DiagnoseArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let reading = Reading::of_diagnosis(args, &environment::variable)?;
    let page = Page {
        kind: ReportKind::Diagnosis,
        outputs: &args.outputs,
        file: args.output_file.as_deref(),
    };
    let report = page.print(reading, global, abort).await?;
    Ok(exit::of_diagnosis(&report))
}
