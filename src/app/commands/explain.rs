//! `driftline explain`: explains a code or state that reports use.

use crate::app::cli::Global;
use crate::app::exit;
use crate::app::output::show;
use crate::app::stop::Abort;
use crate::explain;

/// Runs the command to its exit status.
pub(super) async fn run(code: Option<&str>, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let text = if let Some(code) = code {
        let explanations = explain::explain(code)?;
        explanations
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    } else {
        let names: Vec<&str> = explain::names().collect();
        format!("{}\n", names.join("\n"))
    };
    show(&text, global, abort).await?;
    Ok(exit::CLEAN)
}
