//! `driftline explain`: explains a word that reports use.

use crate::app::exit;
use crate::app::output::print;
use crate::explain;

/// Runs the command to its exit status. A word of several parts needs no quotes.
pub(super) fn run(words: &[String]) -> anyhow::Result<u8> {
    let text = if words.is_empty() {
        explain::list()
    } else {
        let entries = explain::explain(&words.join(" "))?;
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        entries.join("\n")
    };
    print(text.as_bytes())?;
    Ok(exit::CLEAN)
}
