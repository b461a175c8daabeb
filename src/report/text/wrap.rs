//! Lines that are longer than the terminal, broken where a reader expects it.
//!
//! A terminal breaks a long line wherever it ends, in the middle of a word. Here it is broken at blanks. A word that is longer
//! than a whole line is broken after `/` and `,`, of which paths and lists are made, elsewhere only if it has none, and a
//! command never.

use std::io::{self, Write};

use anstyle::Style;

use super::line::{Breaks, Line, Span};
use super::safe::Safe;

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Blanks, which are dropped where a line ends.
    Blanks,
    /// A part of a word that stays beside what follows.
    Joined,
    /// A part of a word after which a word that is longer than a line may be broken.
    Ended,
}

/// Writes a line, wrapped if it is longer than these columns. All lines but the first begin with the margin.
pub(super) fn write(
    line: &Line,
    columns: Option<usize>,
    margin: &Line,
    out: &mut dyn Write,
) -> io::Result<()> {
    match columns {
        Some(columns) if line.width() > columns => {
            let lines = wrap(line, columns, margin);
            lines.iter().try_for_each(|line| line.write(out))
        }
        Some(_) | None => line.write(out),
    }
}

/// Breaks a line into lines of at most these columns. A margin that takes more than half of them is replaced by blanks.
fn wrap(line: &Line, columns: usize, margin: &Line) -> Vec<Line> {
    let mut wrapper = Wrapper {
        columns,
        margin: if margin.width() <= columns / 2 {
            margin.clone()
        } else {
            Line::indented(columns / 2)
        },
        done: Vec::new(),
        line: Line::default(),
        has_words: false,
        gap: Line::default(),
        word: Vec::new(),
    };
    let mut is_joined = false;
    for span in line.spans() {
        for (piece, text) in pieces(span) {
            match piece {
                Piece::Blanks => {
                    wrapper.end_word();
                    wrapper.gap.push(span.style, text);
                }
                Piece::Joined | Piece::Ended => wrapper.add(is_joined, span, text),
            }
            is_joined = piece == Piece::Joined;
        }
    }
    wrapper.end_word();
    wrapper.done.push(wrapper.line);
    wrapper.done
}

/// Puts words on lines.
struct Wrapper {
    columns: usize,
    margin: Line,
    done: Vec<Line>,
    line: Line,
    has_words: bool,
    /// The blanks since the last word.
    gap: Line,
    /// The parts of the word that is being put together.
    word: Vec<Line>,
}

impl Wrapper {
    /// Adds to the word.
    fn add(&mut self, is_joined: bool, span: &Span, text: Safe) {
        let mut part = if is_joined { self.word.pop() } else { None }.unwrap_or_default();
        match span.breaks {
            Breaks::Words => part.push(span.style, text),
            Breaks::Nowhere => part.whole(span.style, text),
        };
        self.word.push(part);
    }

    /// Puts the word on the line, or on the next one if there is no room for it. What is longer than a line begins where it
    /// is, and is broken between its parts.
    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.is_empty() {
            return;
        }
        let width: usize = word.iter().map(Line::width).sum();
        let fits_here = self.line.width() + self.gap.width() + width <= self.columns;
        let fits_next = self.margin.width() + width <= self.columns;
        if self.has_words && !fits_here && fits_next {
            self.next_line();
        }
        for part in word {
            self.put(part);
        }
    }

    fn put(&mut self, part: Line) {
        if self.has_words && self.line.width() + self.gap.width() + part.width() > self.columns {
            self.next_line();
        }
        self.line.extend(std::mem::take(&mut self.gap));
        if self.line.width() + part.width() <= self.columns {
            self.line.extend(part);
        } else {
            self.break_part(&part);
        }
        self.has_words = true;
    }

    fn next_line(&mut self) {
        self.done
            .push(std::mem::replace(&mut self.line, self.margin.clone()));
        self.gap = Line::default();
        self.has_words = false;
    }

    /// Puts a part of a word that is longer than a line on several lines.
    fn break_part(&mut self, part: &Line) {
        for span in part.spans() {
            match span.breaks {
                Breaks::Nowhere => {
                    self.line.whole(span.style, span.text.clone());
                }
                Breaks::Words => self.break_text(span.style, span.text.clone()),
            }
        }
    }

    fn break_text(&mut self, style: Style, mut rest: Safe) {
        loop {
            let room = self.columns.saturating_sub(self.line.width()).max(2);
            let (start, end) = rest.split_at_column(room);
            self.line.push(style, start);
            match end {
                Some(end) => {
                    rest = end;
                    self.next_line();
                }
                None => return,
            }
        }
    }
}

/// The pieces of a span, in their order.
fn pieces(span: &Span) -> Vec<(Piece, Safe)> {
    match span.breaks {
        Breaks::Nowhere => vec![(Piece::Joined, span.text.clone())],
        Breaks::Words => {
            let mut pieces = Vec::new();
            let mut begin = 0;
            let text = span.text.as_str();
            let mut chars = text.char_indices().peekable();
            while let Some((at, ch)) = chars.next() {
                let next = chars.peek().map(|(_, next)| *next);
                let kind = match (ch, next) {
                    (' ', Some(' ')) => continue,
                    (' ', _) => Piece::Blanks,
                    ('/' | ',', Some(next)) if next != ' ' && next != ch => Piece::Ended,
                    (_, Some(' ') | None) => Piece::Joined,
                    (_, Some(_)) => continue,
                };
                let end = at + ch.len_utf8();
                pieces.push((kind, span.text.part(begin..end)));
                begin = end;
            }
            pieces
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::report::sanitize::Medium;

    fn line(text: &str) -> Line {
        Line::of(Style::new(), Safe::of(text, Medium::Terminal))
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| line.spans().iter().map(|span| span.text.as_str()).collect())
            .collect()
    }

    fn wrapped(text: &str, columns: usize) -> Vec<String> {
        texts(&wrap(&line(text), columns, &Line::indented(2)))
    }

    #[test]
    fn lines_end_at_blanks_and_within_paths_and_lists() {
        assert_eq!(
            wrapped("changed  the image of a container", 20),
            ["changed  the image", "  of a container"]
        );
        assert_eq!(
            wrapped("at /spec/template/spec/containers[name=app]/image", 24),
            ["at /spec/template/spec/", "  containers[name=app]/", "  image"]
        );
        // What fits a line of its own is not broken.
        assert_eq!(
            wrapped("the image of /spec/template", 22),
            ["the image of", "  /spec/template"]
        );
        assert_eq!(wrapped("one,two,three", 9), ["one,two,", "  three"]);
        assert_eq!(
            wrapped("see https://example.com", 14),
            ["see https://", "  example.com"]
        );
    }

    #[test]
    fn only_a_word_longer_than_a_line_is_broken() {
        assert_eq!(wrapped("a 0123456789", 8), ["a", "  012345", "  6789"]);
        // A wide character and a combining one stay whole.
        assert_eq!(
            wrapped("日本語日本語", 5),
            ["日本", "  語", "  日", "  本", "  語"]
        );
        assert_eq!(wrapped("eeeee\u{301}e", 5), ["eeeee\u{301}", "  e"]);
    }

    #[test]
    fn a_command_is_never_broken() {
        let mut line = line("next step:");
        line.plain(" ")
            .whole(Style::new(), "driftline diagnose web -n shop");
        assert_eq!(
            texts(&wrap(&line, 12, &Line::indented(2))),
            ["next step:", "  driftline diagnose web -n shop"]
        );
    }

    proptest! {
        /// Nothing but blanks is lost, and no line is longer than it may be.
        #[test]
        fn wrapping_keeps_the_text_and_the_width(
            words in "([a-z日🦀e\u{301}/,]{1,30} {1,3}){0,12}", columns in 8_usize..60, hang in 0_usize..20,
        ) {
            let lines = texts(&wrap(&line(&words), columns, &Line::indented(hang)));
            for line in &lines {
                prop_assert!(line.width() <= columns, "{columns}: {line:?}");
            }
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&lines.concat()), bare(&words));
        }
    }
}
