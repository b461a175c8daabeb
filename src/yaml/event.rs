//! The YAML parser behind a neutral event type.
//!
//! This is the only file that knows the parser crate: everything else works on [`YamlEvent`], so the parser can be
//! exchanged without touching a rule. The crate is a port of libyaml, as go-yaml's scanner is, so that both
//! accept the same texts in all but the rarest corners.
//!
//! The text is fed in small pieces because the parser decodes whatever one read returns into four bytes a
//! character, and a line break is added when the text lacks its last one, as apimachinery's `LineReader.Read`
//! (`util/yaml/decoder.go`) does.

use std::io::{self, BufRead, Read};
use std::ops::Range;
use std::rc::Rc;

use libyaml_safer::{Encoding, EventData, Parser, ScalarStyle};

use super::repair::{self, Fault};
use super::{TextPosition, YamlError};

/// One step of a document's structure.
#[derive(Debug)]
pub(super) enum YamlEvent {
    /// A document begins.
    DocumentStart,
    /// The document is complete.
    DocumentEnd,
    /// No document is left.
    StreamEnd,
    /// A reference to an anchored node.
    Alias(String),
    /// A single value.
    Scalar(ScalarEvent),
    /// A sequence begins, with its anchor.
    SequenceStart(Option<String>),
    /// The innermost sequence is complete.
    SequenceEnd,
    /// A mapping begins, with its anchor.
    MappingStart(Option<String>),
    /// The innermost mapping is complete.
    MappingEnd,
}

/// A scalar as written, before its type is known.
#[derive(Debug)]
pub(super) struct ScalarEvent {
    /// The name other nodes may refer to it by.
    pub(super) anchor: Option<String>,
    /// The explicit tag in its long form.
    pub(super) tag: Option<String>,
    /// The text after unquoting and folding.
    pub(super) text: String,
    /// Whether the scalar was plain, so that its text decides its type.
    pub(super) implicit: bool,
    /// How it is written.
    pub(super) style: Style,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'`.
    SingleQuoted,
    /// In `"`.
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// Where an event stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its beginning, for people.
    pub(super) at: TextPosition,
    /// Its bytes, in the text as [`Events::repaired`] has it in the end.
    pub(super) span: Range<usize>,
}

/// Bytes handed to the parser in one piece.
const PIECE: usize = 4096;

/// The events of a text's first documents, with their positions.
pub(super) struct Events<'a> {
    parser: Parser<Pieces<'a>>,
    text: SourceText<'a>,
    /// How many events the parser has delivered, to go on at the same place after a repair.
    delivered: usize,
    /// Bytes of text that may be read again for repairs; without any left, a fault is an error.
    reread: &'a mut usize,
    /// The character that stands for a colon in the repaired text.
    stand_in: Option<char>,
}

impl<'a> Events<'a> {
    /// Starts reading at the beginning of the text, which has no byte order mark.
    pub(super) fn new(text: &'a str, reread: &'a mut usize) -> Self {
        let text = SourceText::Given(text);
        Self {
            parser: parser(&text),
            text,
            delivered: 0,
            reread,
            stand_in: None,
        }
    }

    /// Reads the next event and the place where it starts.
    pub(super) fn next(&mut self) -> Result<(YamlEvent, TextPosition), YamlError> {
        self.next_placed().map(|(event, place)| (event, place.at))
    }

    /// The text that the spans of events are those of, if the given one had to be repaired.
    pub(super) fn repaired(&self) -> Option<&str> {
        match &self.text {
            SourceText::Given(_) => None,
            SourceText::Repaired(text) => Some(text),
        }
    }

    /// Reads the next event and where it stands.
    ///
    /// A repair changes nothing before the place where the parser stopped, so that spans of events before it stay right.
    pub(super) fn next_placed(&mut self) -> Result<(YamlEvent, Place), YamlError> {
        loop {
            let event = self.parse()?;
            let place = Place {
                at: position(event.start_mark),
                span: byte(event.start_mark)..byte(event.end_mark),
            };
            let event = match event.data {
                EventData::StreamStart { .. } => continue,
                EventData::StreamEnd => YamlEvent::StreamEnd,
                EventData::DocumentStart { .. } => YamlEvent::DocumentStart,
                EventData::DocumentEnd { .. } => YamlEvent::DocumentEnd,
                EventData::Alias { anchor } => YamlEvent::Alias(anchor),
                EventData::Scalar {
                    anchor,
                    tag,
                    value,
                    plain_implicit,
                    style,
                    ..
                } => {
                    let text = match self.stand_in {
                        Some(stand_in) => value.replace(stand_in, ":"),
                        None => value,
                    };
                    YamlEvent::Scalar(ScalarEvent {
                        anchor,
                        tag,
                        text,
                        implicit: plain_implicit,
                        style: match style {
                            ScalarStyle::SingleQuoted => Style::SingleQuoted,
                            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                            ScalarStyle::Literal => Style::Literal,
                            ScalarStyle::Folded => Style::Folded,
                            _ => Style::Plain,
                        },
                    })
                }
                EventData::SequenceStart { anchor, .. } => YamlEvent::SequenceStart(anchor),
                EventData::SequenceEnd => YamlEvent::SequenceEnd,
                EventData::MappingStart { anchor, .. } => YamlEvent::MappingStart(anchor),
                EventData::MappingEnd => YamlEvent::MappingEnd,
            };
            return Ok((event, place));
        }
    }

    /// Asks the parser, and again as long as what it stops at can be repaired.
    fn parse(&mut self) -> Result<libyaml_safer::Event, YamlError> {
        loop {
            match self.parser.parse() {
                Ok(event) => {
                    self.delivered += 1;
                    return Ok(event);
                }
                Err(error) => self.repair(&error).ok_or_else(|| self.describe(&error))?,
            }
        }
    }

    /// Rewrites the text at the parser's error and reads it anew, up to where it was.
    fn repair(&mut self, error: &libyaml_safer::Error) -> Option<()> {
        let fault = Fault::of(error.problem())?;
        let at = usize::try_from(error.problem_mark()?.index).ok()?;
        *self.reread = self.reread.checked_sub(self.text.as_str().len())?;
        let stand_in = match self.stand_in {
            Some(stand_in) => stand_in,
            None => repair::stand_in(self.text.as_str())?,
        };
        let repaired = fault.repair(self.text.as_str(), at, stand_in)?;
        self.stand_in = Some(stand_in);
        self.text = SourceText::Repaired(repaired.into());
        self.parser = parser(&self.text);
        for _ in 0..self.delivered {
            self.parser.parse().ok()?;
        }
        Some(())
    }

    /// Turns the parser's error into ours: its fixed wording and the place, never any of the text.
    fn describe(&self, error: &libyaml_safer::Error) -> YamlError {
        let at = error
            .problem_mark()
            .map_or_else(|| self.first_refused_character(), position);
        YamlError::Syntax {
            at,
            problem: error.problem(),
        }
    }

    /// Where the first character stands that YAML does not allow: the parser reports it without a line.
    fn first_refused_character(&self) -> TextPosition {
        let mut at = TextPosition { line: 1, column: 1 };
        for character in self.text.as_str().chars() {
            match character {
                '\n' => {
                    at = TextPosition {
                        line: at.line + 1,
                        column: 1,
                    }
                }
                '\t' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'.. => at.column += 1,
                _ => break,
            }
        }
        at
    }
}

fn parser<'a>(text: &SourceText<'a>) -> Parser<Pieces<'a>> {
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(Pieces {
        text: text.clone(),
        read: 0,
    });
    parser
}

/// The parser counts bytes.
fn byte(mark: libyaml_safer::Mark) -> usize {
    usize::try_from(mark.index).unwrap_or(usize::MAX)
}

/// Counts from one, as editors do.
fn position(mark: libyaml_safer::Mark) -> TextPosition {
    let one_based = |zero_based: u64| {
        usize::try_from(zero_based)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    };
    TextPosition {
        line: one_based(mark.line),
        column: one_based(mark.column),
    }
}

/// A text as it was given, or a repaired copy that the parser and its reader share.
#[derive(Clone)]
enum SourceText<'a> {
    Given(&'a str),
    Repaired(Rc<str>),
}

impl SourceText<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Given(text) => text,
            Self::Repaired(text) => text,
        }
    }
}

/// A text as a reader of small pieces, with a final line break.
struct Pieces<'a> {
    text: SourceText<'a>,
    /// Bytes consumed; the added line break is one more than the text has.
    read: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let text = self.text.as_str();
        let rest = text.as_bytes().get(self.read..).unwrap_or_default();
        Ok(match rest {
            [] if self.read == text.len() && !text.ends_with('\n') => b"\n",
            rest => &rest[..rest.len().min(PIECE)],
        })
    }

    fn consume(&mut self, amount: usize) {
        self.read += amount;
    }
}
