//! The page as Markdown. All of its text is driftline's own.

use std::io::{self, Write};

use super::parts::{Block, Explained, Piece, Section};

pub(super) fn write(groups: &[Section], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "# The words of a report\n\n\
         Every code and every other word that a report of driftline has, with what to do about it. `driftline explain WORD` \
         prints one of them. This page is made by `driftline explain --all -o markdown`.\n"
    )?;
    for group in groups {
        writeln!(out, "- [{}](#{})", group.heading, group.anchor)?;
        let links = group.words.iter();
        let links: Vec<String> = links
            .map(|word| format!("[`{}`](#{})", word.name, word.anchor))
            .collect();
        writeln!(out, "  {}", links.join(", "))?;
    }
    for group in groups {
        writeln!(out, "\n<a id=\"{}\"></a>\n\n## {}", group.anchor, group.heading)?;
        for word in &group.words {
            explained(word, out)?;
        }
    }
    Ok(())
}

fn explained(word: &Explained, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n<a id=\"{}\"></a>\n\n### `{}`", word.anchor, word.name)?;
    let others: Vec<String> = word.others.iter().map(|other| format!("`{other}`")).collect();
    let also = (!others.is_empty()).then(|| format!("also {}", others.join(", ")));
    let remarks: Vec<String> = word.weight.clone().into_iter().chain(also).collect();
    if !remarks.is_empty() {
        writeln!(out, "\n*{}*", remarks.join("; "))?;
    }
    for part in &word.parts {
        if !part.heading.is_empty() {
            writeln!(out, "\n#### {}", part.heading)?;
        }
        for block in &part.blocks {
            writeln!(out)?;
            match block {
                Block::Text(pieces) => {
                    let pieces: String = pieces.iter().map(piece).collect();
                    writeln!(out, "{pieces}")?;
                }
                Block::Commands(commands) => writeln!(out, "```sh\n{}\n```", commands.join("\n"))?,
                Block::Example(line) => writeln!(out, "```text\n{line}\n```")?,
            }
        }
    }
    Ok(())
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Plain(text) => escaped(text),
        Piece::Code(text) => format!("`{text}`"),
    }
}

/// Words without what could be marks of Markdown.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\*_[]<>&|#~$".contains(character) {
            written.push('\\');
        }
        written.push(character);
    }
    written
}
