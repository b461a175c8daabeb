//! One page with every word of a report: as text, as Markdown (`docs/codes/README.md`) and as HTML.
//!
//! A word has an anchor that never changes, `GROUP-WORD` such as `finding-changed`: reports link there.

pub(crate) mod html;
mod markdown;
mod parts;

use std::io::{self, Write};

use super::{Group, entries};

/// The formats of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PageFormat {
    /// For a terminal.
    #[default]
    Text,
    /// For a repository or a site that is made of Markdown.
    Markdown,
    /// One file that needs no other.
    Html,
}

/// The anchor of a word on the page.
pub fn anchor(group: Group, word: &str) -> String {
    let words = word.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{}-{}", slug(group), words.join("-").to_lowercase())
}

/// The first part of the anchors of a group.
const fn slug(group: Group) -> &'static str {
    match group {
        Group::Finding => "finding",
        Group::Health => "health",
        Group::State => "state",
        Group::Verdict => "verdict",
        Group::Outcome => "outcome",
        Group::Severity => "severity",
        Group::NextUpgrade => "next-upgrade",
        Group::PreviewOutcome => "preview-outcome",
        Group::PreviewCause => "preview-cause",
        Group::PreviewEffect => "preview-effect",
        Group::Change => "change",
        Group::Values => "values",
        Group::Term => "word",
    }
}

/// Writes the page.
pub fn page(format: PageFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        PageFormat::Text => text(out),
        PageFormat::Markdown => markdown::write(&parts::groups(), out),
        PageFormat::Html => html::write(&parts::groups(), out),
    }
}

/// Every explanation as `driftline explain WORD` prints it, below the headings of the groups.
fn text(out: &mut dyn Write) -> io::Result<()> {
    for group in Group::ALL {
        writeln!(
            out,
            "{}\n{}\n",
            group.heading(),
            "=".repeat(group.heading().len())
        )?;
        for entry in entries().filter(|entry| entry.group() == group) {
            writeln!(out, "{entry}\n")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
