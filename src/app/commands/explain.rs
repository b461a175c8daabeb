//! `driftline explain`: explains a word that reports use, or all of them.

use crate::app::cli::{ExplainArgs, Global};
use crate::app::exit;
use crate::app::output::show;
use crate::app::stop::Abort;
use crate::explain;
use crate::explain::pages::{self, PageFormat};

/// Runs the command to its exit status. A word of several parts needs no quotes.
pub(super) async fn run(args: &ExplainArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let text = if args.all {
        page(args.output)?
    } else if args.words.is_empty() {
        explain::list()
    } else {
        let entries = explain::explain(&args.words.join(" "))?;
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        entries.join("\n")
    };
    show(&text, global, abort).await?;
    Ok(exit::CLEAN)
}

/// The page of all words.
fn page(format: PageFormat) -> anyhow::Result<String> {
    let mut page = Vec::new();
    pages::page(format, &mut page)?;
    Ok(String::from_utf8(page)?)
}
