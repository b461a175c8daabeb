//! The text of a scalar as YAML reads it, part by part.
//!
//! The parser unquotes and folds whole scalars and does not say which character comes from where. This goes through the text
//! once more by the same rules (`scan_flow_scalar`, `scan_plain_scalar` and `scan_block_scalar` of libyaml's `scanner.c`).
//! Whoever uses it compares the result with what the parser read.

use std::ops::Range;

use super::source::{Part, Source};
use crate::yaml::located::Style;

/// The text that each part has in the scalar.
#[derive(Debug)]
pub(super) struct Decoded<'s> {
    /// The parts under the scalar's content, in order, with their texts.
    pub(super) parts: Vec<(&'s Part, String)>,
}

impl Decoded<'_> {
    /// The whole text, as the parser should have read it.
    pub(super) fn text(&self) -> String {
        self.parts.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// Reads the scalar at a span once more. `text` is what the parser read.
pub(super) fn decode<'s>(source: &'s Source, span: &Range<usize>, style: Style, text: &str) -> Decoded<'s> {
    let content = content(&source.text, span, style);
    let parts = source.under(&content);
    let mut emitter = Emitter {
        source,
        parts: parts.iter().map(|part| (part, String::new())).collect(),
        at: 0,
    };
    let raw = source.text.get(content.clone()).unwrap_or_default();
    match style {
        // Nothing, and blanks up to the end of the line.
        Style::Plain if text.is_empty() => {}
        Style::Plain | Style::SingleQuoted | Style::DoubleQuoted => {
            flow(raw, content.start, style, &mut emitter);
        }
        Style::Literal | Style::Folded => block(raw, content.start, style, text, &mut emitter),
    }
    Decoded { parts: emitter.parts }
}

/// What stands in the quotes, or after the anchor and the tag.
fn content(text: &str, span: &Range<usize>, style: Style) -> Range<usize> {
    let end = span.end.min(text.len());
    let mut start = span.start;
    loop {
        let rest = text.get(start..end).unwrap_or_default();
        let skipped = match rest.chars().next() {
            Some('&' | '!') => rest.find(char::is_whitespace).unwrap_or(rest.len()),
            Some('#') if start > span.start => rest.find('\n').unwrap_or(rest.len()),
            Some(' ' | '\t' | '\n') => 1,
            Some(_) | None => break,
        };
        start += skipped;
    }
    match style {
        Style::SingleQuoted | Style::DoubleQuoted if start + 2 <= end => start + 1..end - 1,
        Style::Plain if start == end => {
            // Nothing: a hole or an empty value may stand on the rest of the line.
            let rest = text.get(end..).unwrap_or_default();
            start..end + (rest.len() - rest.trim_start_matches([' ', '\t']).len())
        }
        Style::Plain | Style::SingleQuoted | Style::DoubleQuoted | Style::Literal | Style::Folded => {
            start..end
        }
    }
}

/// Collects the texts of parts. Places only grow.
struct Emitter<'s> {
    source: &'s Source,
    parts: Vec<(&'s Part, String)>,
    at: usize,
}

impl Emitter<'_> {
    /// Goes on to the part that has the character at a place; after the last, there it stays.
    fn seek(&mut self, place: usize) {
        while self.at + 1 < self.parts.len()
            && self
                .parts
                .get(self.at)
                .is_some_and(|(part, _)| part.span.end <= place)
        {
            self.at += 1;
        }
    }

    /// Adds a text that stands for what begins at a place.
    fn stands_for(&mut self, place: usize, text: &str) {
        self.seek(place);
        if let Some((_, own)) = self.parts.get_mut(self.at) {
            own.push_str(text);
        }
    }

    /// Adds characters as they stand.
    fn verbatim(&mut self, span: Range<usize>) {
        let mut start = span.start;
        while start < span.end {
            self.seek(start);
            let is_last = self.at + 1 >= self.parts.len();
            let Some((part, own)) = self.parts.get_mut(self.at) else {
                return;
            };
            let end = if is_last {
                span.end
            } else {
                span.end.min(part.span.end).max(start + 1)
            };
            own.push_str(self.source.text.get(start..end).unwrap_or_default());
            start = end;
        }
    }
}

/// Reads a scalar without quotes, or what stands in them.
fn flow(raw: &str, base: usize, style: Style, emitter: &mut Emitter<'_>) {
    let mut at = 0;
    let mut plain_from = 0;
    while let Some(character) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = raw.get(at..).unwrap_or_default();
        let (width, is_special) = match character {
            ' ' | '\t' | '\n' => {
                let blank = rest.trim_start_matches([' ', '\t', '\n']);
                let width = rest.len() - blank.len();
                let run = rest.get(..width).unwrap_or_default();
                (width, run.contains('\n'))
            }
            '\'' if style == Style::SingleQuoted => (2, true),
            '\\' if style == Style::DoubleQuoted => (escape(rest).0, true),
            other => (other.len_utf8(), false),
        };
        if is_special {
            emitter.verbatim(base + plain_from..base + at);
            match character {
                '\'' => emitter.stands_for(base + at, "'"),
                '\\' => {
                    if let Some(escaped) = escape(rest).1 {
                        emitter.stands_for(base + at, escaped.encode_utf8(&mut [0; 4]));
                    } else {
                        // The line goes on: of the breaks behind it, each is one.
                        let run = rest.get(2..width).unwrap_or_default();
                        for (offset, _) in run.match_indices('\n') {
                            emitter.stands_for(base + at + 2 + offset, "\n");
                        }
                    }
                }
                _ => {
                    let run = rest.get(..width).unwrap_or_default();
                    fold(run, base + at, emitter);
                }
            }
            plain_from = at + width;
        }
        at += width;
    }
    emitter.verbatim(base + plain_from..base + raw.len());
}

/// Folds white space with line breaks: one is a blank, of several the first is nothing.
fn fold(run: &str, base: usize, emitter: &mut Emitter<'_>) {
    let mut breaks = run.match_indices('\n').map(|(offset, _)| offset);
    let Some(first) = breaks.next() else { return };
    let mut is_only = true;
    for other in breaks {
        is_only = false;
        emitter.stands_for(base + other, "\n");
    }
    if is_only {
        emitter.stands_for(base + first, " ");
    }
}

/// The length of an escape in double quotes, and its character; none for an escaped line break, whose length is that of all
/// white space behind it, too.
fn escape(rest: &str) -> (usize, Option<char>) {
    let Some(kind) = rest.chars().nth(1) else {
        return (rest.len(), None);
    };
    let character = match kind {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{B}',
        'f' => '\u{C}',
        'r' => '\r',
        'e' => '\u{1B}',
        'N' => '\u{85}',
        '_' => '\u{A0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        '\n' => {
            let after = rest.get(2..).unwrap_or_default();
            return (
                rest.len() - after.trim_start_matches([' ', '\t', '\n']).len(),
                None,
            );
        }
        'x' | 'u' | 'U' => {
            let digits = match kind {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let number = rest
                .get(2..2 + digits)
                .and_then(|digits| u32::from_str_radix(digits, 16).ok());
            return match number.and_then(char::from_u32) {
                Some(character) => (2 + digits, Some(character)),
                None => (2, Some(kind)),
            };
        }
        other => other,
    };
    (1 + kind.len_utf8(), Some(character))
}

/// Reads a block, from its `|` or `>` on.
fn block(raw: &str, base: usize, style: Style, text: &str, emitter: &mut Emitter<'_>) {
    let header = raw.split_inclusive('\n').next().unwrap_or_default();
    let body = raw.get(header.len()..).unwrap_or_default();
    let indent = match (first_indent(body), first_indent(text)) {
        (Some(written), Some(read)) => written.saturating_sub(read),
        (Some(_), None) | (None, Some(_) | None) => most_blanks(body).saturating_sub(most_blanks(text)),
    };
    let marks = header.split('#').next().unwrap_or_default();
    // Breaks that may yet be left out, and whether the last line with content began with a blank.
    let mut breaks: Vec<usize> = Vec::new();
    let mut previous: Option<bool> = None;
    let mut at = base + header.len();
    for line in body.split_inclusive('\n') {
        let bare = line.strip_suffix('\n').unwrap_or(line);
        let leading = bare.len() - bare.trim_start_matches(' ').len();
        let content = bare.get(leading.min(indent)..).unwrap_or_default();
        let start = at + leading.min(indent);
        at += line.len();
        if content.is_empty() {
            breaks.push(start);
            continue;
        }
        let is_blank = content.starts_with([' ', '\t']);
        let mut kept = breaks.as_slice();
        if style == Style::Folded
            && previous == Some(false)
            && !is_blank
            && let Some((first, others)) = breaks.split_first()
        {
            if others.is_empty() {
                emitter.stands_for(*first, " ");
            }
            kept = others;
        }
        for place in kept {
            emitter.stands_for(*place, "\n");
        }
        emitter.verbatim(start..start + content.len());
        breaks.clear();
        breaks.push(start + content.len());
        previous = Some(is_blank);
    }
    let kept = if marks.contains('+') {
        breaks.len()
    } else {
        usize::from(!marks.contains('-') && previous.is_some())
    };
    for place in breaks.iter().take(kept) {
        emitter.stands_for(*place, "\n");
    }
}

/// How far the first line with content is indented; `None` if there is none.
fn first_indent(text: &str) -> Option<usize> {
    let mut indents = text.split('\n').map(|line| (line, line.trim_start_matches(' ')));
    let (line, content) = indents.find(|(_, content)| !content.is_empty())?;
    Some(line.len() - content.len())
}

/// The length of the longest line, where all lines are blank.
fn most_blanks(text: &str) -> usize {
    text.split('\n').map(str::len).max().unwrap_or_default()
}
