//! A text to be read as YAML, whose characters remember which piece of the rendered text they are of.

use std::ops::Range;

use super::LocatedPiece;
use crate::template::traced::{BLOCK_HOLE, HOLE, Origin, Text};

/// A text and its parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    /// The text. Each hole is one [`HOLE`] in it, or a blank where it was taken away.
    pub(super) text: String,
    /// They cover the text without gaps.
    pub(super) parts: Vec<Part>,
}

/// A part of a text with one origin.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its bytes.
    pub(super) span: Range<usize>,
    /// Where it comes from; `None` for what was added to make the text readable.
    pub(super) origin: Option<Origin>,
    /// Whether it is a hole.
    pub(super) is_hole: bool,
    /// Whether it is all of the piece that was rendered.
    pub(super) is_whole: bool,
}

impl Source {
    /// A rendered text, with the line breaks of Unix.
    pub(super) fn of(text: &Text) -> Self {
        let mut source = Self::default();
        let mut pieces = text.pieces();
        while let Some((text, origin)) = pieces.next() {
            // What is empty may stand between the two characters of a break.
            let is_before_break = || {
                let mut rest = pieces.clone().filter(|(text, _)| !text.is_empty());
                rest.next().is_some_and(|(text, _)| text.starts_with('\n'))
            };
            let text = match text.strip_suffix('\r') {
                Some(line) if is_before_break() => line,
                Some(_) | None => text,
            };
            if text.contains("\r\n") {
                source.push(&text.replace("\r\n", "\n"), origin, true);
            } else {
                source.push(text, origin, true);
            }
        }
        source
    }

    /// The text of a field.
    pub(super) fn of_pieces(pieces: &[LocatedPiece]) -> Self {
        let mut source = Self::default();
        for LocatedPiece {
            text,
            origin,
            is_whole,
        } in pieces
        {
            source.push(text, origin, *is_whole);
        }
        source
    }

    fn push(&mut self, text: &str, origin: &Origin, is_whole: bool) {
        let is_hole = |character| matches!(character, HOLE | BLOCK_HOLE);
        if !text.contains(is_hole) {
            self.add(text, Some(origin), false, is_whole);
            return;
        }
        let is_only_hole = text.chars().nth(1).is_none();
        for part in text.split_inclusive(is_hole) {
            let before = part.trim_end_matches(is_hole);
            if !before.is_empty() {
                self.add(before, Some(origin), false, false);
            }
            if before.len() < part.len() {
                self.add(
                    HOLE.encode_utf8(&mut [0; 4]),
                    Some(origin),
                    true,
                    is_whole && is_only_hole,
                );
            }
        }
    }

    /// Adds a part.
    pub(super) fn add(&mut self, text: &str, origin: Option<&Origin>, is_hole: bool, is_whole: bool) {
        let start = self.text.len();
        self.text.push_str(text);
        self.parts.push(Part {
            span: start..self.text.len(),
            origin: origin.cloned(),
            is_hole,
            is_whole,
        });
    }

    /// A part of the text.
    pub(super) fn slice(&self, span: &Range<usize>) -> Self {
        let mut slice = Self::default();
        for part in self.under(span) {
            slice.add_cut(self, part, span);
        }
        slice
    }

    /// Adds what of another text's part lies within a span of it.
    pub(super) fn add_cut(&mut self, other: &Self, part: &Part, span: &Range<usize>) {
        let cut = part.span.start.max(span.start)..part.span.end.min(span.end);
        let is_whole = part.is_whole && cut == part.span;
        let text = other.text.get(cut).unwrap_or_default();
        self.add(text, part.origin.as_ref(), part.is_hole, is_whole);
    }

    /// The parts that have characters in a span, and those without any that stand in it or at its ends.
    pub(super) fn under(&self, span: &Range<usize>) -> &[Part] {
        let first = self.parts.partition_point(|part| {
            part.span.end < span.start || (part.span.end == span.start && !part.span.is_empty())
        });
        let end = self.parts.partition_point(|part| {
            part.span.start < span.end || (part.span.start == span.end && part.span.is_empty())
        });
        self.parts.get(first..end.max(first)).unwrap_or_default()
    }

    /// The bytes of all holes, in order.
    pub(super) fn holes(&self) -> Vec<Range<usize>> {
        let holes = self.parts.iter().filter(|part| part.is_hole);
        holes.map(|part| part.span.clone()).collect()
    }

    /// Whether there is a hole in a span.
    pub(super) fn has_hole(&self, span: &Range<usize>) -> bool {
        self.under(span).iter().any(|part| part.is_hole)
    }
}
