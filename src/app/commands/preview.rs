//! `driftline preview`: tells what an operation of Helm would do, if it ran now.

use crate::app::cli::{Global, PreviewCommand};
use crate::app::environment;
use crate::app::exit::{self, PreviewFailure};
use crate::app::page::Page;
use crate::app::rendered::rendered;
use crate::app::settings::Reading;
use crate::app::stop::Abort;
use crate::report::ReportKind;

/// Runs the command to its exit status.
pub(super) async fn run(command: &PreviewCommand, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let variable = &environment::variable;
    let (reading, common, fail_on) = match command {
        PreviewCommand::Rollback(args) => (
            Reading::of_rollback(args, variable)?,
            &args.common,
            &[PreviewFailure::Any][..],
        ),
        PreviewCommand::Upgrade(args) => (
            Reading::of_upgrade(args, rendered(&args.file)?, variable)?,
            &args.common,
            &args.fail_on[..],
        ),
    };
    let page = Page {
        kind: ReportKind::Preview,
        outputs: &common.outputs,
        file: common.output_file.as_deref(),
    };
    let report = page.print(reading, global, abort).await?;
    Ok(exit::of_preview(&report, fail_on))
}
