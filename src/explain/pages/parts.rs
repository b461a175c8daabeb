//! The explanations in pieces that every format of the page lays out in its own way.

use std::collections::HashMap;

use super::{anchor, slug};
use crate::explain::{Entry, Explanation, Group, Word, entries, sentence};
use crate::vocabulary::{FindingCode, ObjectState};

/// A group of words.
pub(super) struct Section {
    /// Its anchor.
    pub(super) anchor: String,
    /// Its heading.
    pub(super) heading: &'static str,
    /// Its words.
    pub(super) words: Vec<Explained>,
}

/// A word and what is said of it.
pub(super) struct Explained {
    /// Its anchor.
    pub(super) anchor: String,
    /// The word.
    pub(super) name: &'static str,
    /// Other forms of it.
    pub(super) others: Vec<&'static str>,
    /// How much it matters, where that follows from the word.
    pub(super) weight: Option<String>,
    /// What is said of it, the first part without a heading.
    pub(super) parts: Vec<Part>,
}

/// A part of an explanation.
pub(super) struct Part {
    /// Its heading; empty for the first one.
    pub(super) heading: &'static str,
    /// Its paragraphs and commands.
    pub(super) blocks: Vec<Block>,
}

/// A paragraph or something that is not to be wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// A paragraph.
    Text(Vec<Piece>),
    /// Commands, one a line.
    Commands(Vec<String>),
    /// A line that the program printed.
    Example(&'static str),
}

/// A piece of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words.
    Plain(String),
    /// What stands between backticks.
    Code(String),
}

/// All words, by groups.
pub(super) fn groups() -> Vec<Section> {
    let mut anchors = HashMap::new();
    let groups = Group::ALL.into_iter();
    groups
        .map(|group| Section {
            anchor: format!("group-{}", slug(group)),
            heading: group.heading(),
            words: entries()
                .filter(|entry| entry.group() == group)
                .map(|entry| explained(&entry, numbered(&entry, &mut anchors)))
                .collect(),
        })
        .collect()
}

/// The anchor of a word. A word that a group has twice, such as the severity `info`, has a number the second time.
fn numbered(entry: &Entry, known: &mut HashMap<String, usize>) -> String {
    let anchor = anchor(entry.group(), entry.name());
    let uses = known.entry(anchor.clone()).or_insert(0);
    *uses += 1;
    match *uses {
        1 => anchor,
        uses => format!("{anchor}-{uses}"),
    }
}

fn explained(entry: &Entry, anchor: String) -> Explained {
    match entry {
        Entry::Code(code) => of_code(code, anchor),
        Entry::Word(word) => of_word(word, anchor),
    }
}

fn of_word(word: &Word, anchor: String) -> Explained {
    let mut names = word.names.iter().copied();
    Explained {
        anchor,
        name: names.next().unwrap_or_default(),
        others: names.collect(),
        weight: None,
        parts: vec![part("", &format!("{} {}", sentence(word.meaning), word.details))],
    }
}

fn of_code(code: &Explanation, anchor: String) -> Explained {
    let guidance = &code.guidance;
    let mut parts = vec![
        part("", &format!("{} {}", sentence(code.message), guidance.details)),
        part("How it arises", guidance.arises),
    ];
    parts.extend(code.example().map(|example| Part {
        heading: "Example",
        blocks: vec![Block::Example(example)],
    }));
    parts.push(part("What to do", guidance.remedy));
    parts.push(part("The next helm upgrade", guidance.next_upgrade));
    Explained {
        anchor,
        name: code.code,
        others: Vec::new(),
        weight: weight(code),
        parts,
    }
}

/// The severity that a finding has where the settings say nothing, and whether a state is drift. The severity of a health
/// entry depends on what it found.
fn weight(code: &Explanation) -> Option<String> {
    match code.kind {
        Group::Finding => {
            let finding = code.code.parse::<FindingCode>().ok()?;
            Some(format!("severity {} by default", finding.default_severity()))
        }
        Group::State => {
            let state = code.code.parse::<ObjectState>().ok()?;
            Some(
                if state.is_drift() {
                    "counts as drift"
                } else {
                    "does not count as drift"
                }
                .to_owned(),
            )
        }
        Group::Health
        | Group::Verdict
        | Group::Outcome
        | Group::Severity
        | Group::NextUpgrade
        | Group::PreviewOutcome
        | Group::PreviewCause
        | Group::PreviewEffect
        | Group::Change
        | Group::Values
        | Group::Term => None,
    }
}

/// A part of these lines: those that begin with `$ ` are commands.
fn part(heading: &'static str, text: &str) -> Part {
    let mut blocks = Vec::new();
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        match (line.strip_prefix("$ "), blocks.last_mut()) {
            (Some(command), Some(Block::Commands(commands))) => commands.push(command.to_owned()),
            (Some(command), _) => blocks.push(Block::Commands(vec![command.to_owned()])),
            (None, _) => blocks.push(Block::Text(pieces(line))),
        }
    }
    Part { heading, blocks }
}

/// A paragraph in pieces: what stands between backticks is code.
fn pieces(line: &str) -> Vec<Piece> {
    let pieces = line.split('`').enumerate().filter(|(_, text)| !text.is_empty());
    let of = |(at, text): (usize, &str)| {
        if at % 2 == 1 {
            Piece::Code(text.to_owned())
        } else {
            Piece::Plain(text.to_owned())
        }
    };
    pieces.map(of).collect()
}
