//! Lines that are longer than the terminal, broken where a reader expects it.
//!
//! A terminal breaks a long line wherever it ends, in the middle of a word. Here it is broken at blanks, and after `/` and
//! `,`, of which paths and lists are made. A word is broken only if it is longer than a whole line, and a command never.

use std::io::{self, Write};

use anstyle::Style;

use super::line::{Breaks, Line, Span};
use super::safe::Safe;

/// A part of a line that is not broken where there is room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Blanks, which are dropped where a line ends.
    Blanks,
    /// A part of a word: what follows stays beside it.
    Joined,
    /// A part of a word after which the line may end.
    Ended,
}

/// Writes a line, wrapped if it is longer than these columns.
pub(super) fn write(
    line: &Line,
    columns: Option<usize>,
    hang: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    match columns {
        Some(columns) if line.width() > columns => {
            let lines = wrap(line, columns, hang);
            lines.iter().try_for_each(|line| line.write(out))
        }
        Some(_) | None => line.write(out),
    }
}

/// Breaks a line into lines of at most these columns. All but the first are indented to `hang`, or to half of the columns if
/// that is less.
fn wrap(line: &Line, columns: usize, hang: usize) -> Vec<Line> {
    let mut wrapper = Wrapper {
        columns,
        hang: hang.min(columns / 2),
        done: Vec::new(),
        line: Line::default(),
        has_words: false,
        gap: Vec::new(),
        word: Line::default(),
    };
    for span in line.spans() {
        for (piece, text) in pieces(span) {
            match piece {
                Piece::Blanks => {
                    wrapper.end_word();
                    wrapper.gap.push((span.style, text));
                }
                Piece::Joined => wrapper.add(span, text),
                Piece::Ended => {
                    wrapper.add(span, text);
                    wrapper.end_word();
                }
            }
        }
    }
    wrapper.end_word();
    wrapper.done.push(wrapper.line);
    wrapper.done
}

/// Puts words on lines.
struct Wrapper {
    columns: usize,
    hang: usize,
    done: Vec<Line>,
    line: Line,
    has_words: bool,
    /// The blanks since the last word.
    gap: Vec<(Style, Safe)>,
    /// The word that is being put together.
    word: Line,
}

impl Wrapper {
    fn add(&mut self, span: &Span, text: Safe) {
        match span.breaks {
            Breaks::Words => self.word.push(span.style, text),
            Breaks::Nowhere => self.word.whole(span.style, text),
        };
    }

    /// Puts the word on the line, or on the next one if there is no room for it.
    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.spans().is_empty() {
            return;
        }
        let gap = std::mem::take(&mut self.gap);
        let gap_width: usize = gap.iter().map(|(_, text)| text.width()).sum();
        let fits = self.line.width() + gap_width + word.width() <= self.columns;
        if fits || !self.has_words {
            for (style, text) in gap {
                self.line.push(style, text);
            }
        } else {
            self.next_line();
        }
        if self.line.width() + word.width() <= self.columns {
            self.line.extend(word);
            self.has_words = true;
        } else {
            self.break_word(&word);
        }
    }

    fn next_line(&mut self) {
        let next = Line::indented(self.hang);
        self.done.push(std::mem::replace(&mut self.line, next));
        self.has_words = false;
    }

    /// Puts a word that is longer than a line on several lines.
    fn break_word(&mut self, word: &Line) {
        for span in word.spans() {
            match span.breaks {
                Breaks::Nowhere => {
                    self.line.whole(span.style, span.text.clone());
                }
                Breaks::Words => self.break_text(span.style, span.text.clone()),
            }
        }
        self.has_words = true;
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
        texts(&wrap(&line(text), columns, 2))
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
        assert_eq!(wrapped("one,two,three", 9), ["one,two,", "  three"]);
        // Not between a number's digits, nor within `://`.
        assert_eq!(wrapped("see https://example.com", 14), ["see https://", "  example.com"]);
    }

    #[test]
    fn only_a_word_longer_than_a_line_is_broken() {
        assert_eq!(wrapped("a 0123456789", 8), ["a", "  012345", "  6789"]);
        // A wide character and a combining one stay whole.
        assert_eq!(wrapped("日本語日本語", 5), ["日本", "  語", "  日", "  本", "  語"]);
        assert_eq!(wrapped("eeeee\u{301}e", 5), ["eeeee\u{301}", "  e"]);
    }

    #[test]
    fn a_command_is_never_broken() {
        let mut line = line("next step:");
        line.plain(" ").whole(Style::new(), "driftline diagnose web -n shop");
        assert_eq!(
            texts(&wrap(&line, 12, 2)),
            ["next step:", "  driftline diagnose web -n shop"]
        );
    }

    proptest! {
        /// Nothing but blanks is lost, and no line is longer than it may be.
        #[test]
        fn wrapping_keeps_the_text_and_the_width(
            words in "([a-z日🦀e\u{301}/,]{1,30} {1,3}){0,12}", columns in 8_usize..60, hang in 0_usize..20,
        ) {
            let lines = texts(&wrap(&line(&words), columns, hang));
            for line in &lines {
                prop_assert!(line.width() <= columns, "{columns}: {line:?}");
            }
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&lines.concat()), bare(&words));
        }
    }
}
