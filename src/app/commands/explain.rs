//! `driftline explain`: explains a word that reports use.

use crate::app::cli::Global;
use crate::app::exit;
use crate::app::output::show;
use crate::app::stop::Abort;
use crate::explain;

/// Runs the command to its exit status. A word of several parts needs no quotes.
pub(super) async fn run(words: &[String], global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let text = if words.is_empty() {
        explain::list()
    } else {
        let entries = explain::explain(&words.join(" "))?;
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        entries.join("\n")
    };
    show(&text, global, abort).await?;
    Ok(exit::CLEAN)
}
