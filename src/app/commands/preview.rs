//! `driftline preview`: tells what an operation of Helm would do, if it ran now.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use crate::app::cli::{Global, PreviewArgs, PreviewCommand};
use crate::app::ending::Ending;
use crate::app::environment;
use crate::app::exit::{self, PreviewFailure};
use crate::app::output::{ReportOutput, file_of};
use crate::app::scanning::read;
use crate::app::settings::Reading;
use crate::app::stop::{Abort, Stop};
use crate::limited_file;
use crate::manifest::rendered::Rendered;
use crate::report::summary::FailOn;
use crate::report::text::{Detail, Extent};
use crate::report::{Format, ReportKind};

/// The variable of the environment that names the format of every command's reports.
const OUTPUT: &str = "DRIFTLINE_OUTPUT";

/// How long rendered manifests may be: about ten times the longest manifest that is known.
const MAX_RENDERED: u64 = 64 << 20;

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
    show(reading, common, fail_on, global, abort).await
}

async fn show(
    reading: Reading,
    args: &PreviewArgs,
    fail_on: &[PreviewFailure],
    global: &Global,
    abort: Abort,
) -> anyhow::Result<u8> {
    let file = file_of(args.output_file.as_deref())?;
    let format = match args.output {
        Some(format) => format,
        None => Format::by_default(ReportKind::Preview, environment::variable(OUTPUT).as_deref())
            .context(OUTPUT)?,
    };
    let stop = Stop::after(reading.timeout, abort)?;
    let report = Arc::new(read(reading, global, &stop).await?);
    let output = ReportOutput {
        report: Arc::clone(&report),
        format,
        kind: ReportKind::Preview,
        fail_on: FailOn::Drift,
        detail: Detail::Full,
        file,
        extent: Extent::Short,
    };
    let ending = Ending::of(&output, global);
    output.write(global, &stop).await?.show(&stop).await?;
    ending.say();
    Ok(exit::of_preview(&report, fail_on))
}

/// The rendered manifests in a file, or on standard input.
fn rendered(path: &Path) -> anyhow::Result<Rendered> {
    let (name, text) = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin()
            .take(MAX_RENDERED + 1)
            .read_to_string(&mut text)
            .context("the manifests cannot be read from standard input")?;
        anyhow::ensure!(
            text.len() as u64 <= MAX_RENDERED,
            "the manifests on standard input are longer than {} MiB",
            MAX_RENDERED >> 20
        );
        ("standard input".to_owned(), text)
    } else {
        let name = path.display().to_string();
        let text = limited_file::read_text(path, MAX_RENDERED)
            .with_context(|| format!("the manifests cannot be read from {name}"))?;
        (name, text)
    };
    Rendered::parse(&text).with_context(|| format!("the manifests in {name} cannot be used"))
}
