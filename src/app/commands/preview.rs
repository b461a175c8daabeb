//! `driftline preview`: tells what an operation of Helm would do, if it ran now.

use std::io;
use std::path::Path;

use anyhow::Context as _;

use crate::app::cli::{Global, PreviewCommand};
use crate::app::environment;
use crate::app::exit::{self, PreviewFailure};
use crate::app::page::Page;
use crate::app::settings::Reading;
use crate::app::stop::Abort;
use crate::limited_file;
use crate::manifest::rendered::Rendered;
use crate::report::ReportKind;

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
    let page = Page {
        kind: ReportKind::Preview,
        format: common.output,
        file: common.output_file.as_deref(),
    };
    let report = page.print(reading, global, abort).await?;
    Ok(exit::of_preview(&report, fail_on))
}

/// The rendered manifests in a file, or on standard input.
fn rendered(path: &Path) -> anyhow::Result<Rendered> {
    let (name, text) = if path == Path::new("-") {
        let text = limited_file::read_text_from(io::stdin(), MAX_RENDERED);
        ("standard input".to_owned(), text)
    } else {
        let text = limited_file::read_text(path, MAX_RENDERED);
        (path.display().to_string(), text)
    };
    let text = text.with_context(|| format!("the manifests cannot be read from {name}"))?;
    Rendered::parse(&text).with_context(|| format!("the manifests in {name} cannot be used"))
}
