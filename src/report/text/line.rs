//! One line of output: styled spans of text that is known to be safe.

use std::io::{self, Write};

use anstyle::Style;

use super::safe::Safe;

/// A line that is being put together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(in crate::report) struct Line {
    spans: Vec<Span>,
    width: usize,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::report) struct Span {
    /// How it looks.
    pub(super) style: Style,
    /// What it says.
    pub(in crate::report) text: Safe,
    /// Where it may be broken.
    pub(super) breaks: Breaks,
}

/// Where a text may be broken when its line is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::report) enum Breaks {
    /// Between words, and within a path or a list.
    Words,
    /// Nowhere: a command that is copied from two lines is another command.
    Nowhere,
}

impl Line {
    /// A line that begins with that many blanks.
    pub(super) fn indented(columns: usize) -> Self {
        let mut line = Self::default();
        line.pad_to(columns);
        line
    }

    /// A line of one span.
    pub(super) fn of(style: Style, text: impl Into<Safe>) -> Self {
        let mut line = Self::default();
        line.push(style, text);
        line
    }

    /// Appends text.
    pub(super) fn push(&mut self, style: Style, text: impl Into<Safe>) -> &mut Self {
        self.span(style, text.into(), Breaks::Words)
    }

    /// Appends text that stays on one line, however long that is.
    pub(super) fn whole(&mut self, style: Style, text: impl Into<Safe>) -> &mut Self {
        self.span(style, text.into(), Breaks::Nowhere)
    }

    fn span(&mut self, style: Style, text: Safe, breaks: Breaks) -> &mut Self {
        self.width += text.width();
        match self.spans.last_mut() {
            // One run of escapes for what looks the same.
            Some(last) if last.style == style && last.breaks == breaks => last.text.append(&text),
            Some(_) | None => self.spans.push(Span { style, text, breaks }),
        }
        self
    }

    /// Appends text without a style.
    pub(super) fn plain(&mut self, text: impl Into<Safe>) -> &mut Self {
        self.push(Style::new(), text)
    }

    /// Appends another line's spans.
    pub(super) fn extend(&mut self, other: Self) -> &mut Self {
        for Span { style, text, breaks } in other.spans {
            self.span(style, text, breaks);
        }
        self
    }

    /// Appends blanks up to a column; none when the line is longer already.
    pub(super) fn pad_to(&mut self, column: usize) -> &mut Self {
        if let Some(missing) = column.checked_sub(self.width).filter(|missing| *missing > 0) {
            self.plain(Safe::blanks(missing));
        }
        self
    }

    /// How many columns it takes.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// How many blanks it begins with.
    pub(super) fn indentation(&self) -> usize {
        let first = self.spans.first().map_or("", |span| span.text.as_str());
        first.chars().take_while(|ch| *ch == ' ').count()
    }

    /// What the line says, without its styles.
    pub(in crate::report) fn said(&self) -> Safe {
        let mut said = Safe::from("");
        for span in &self.spans {
            said.append(&span.text);
        }
        said
    }

    /// The parts of the line.
    pub(in crate::report) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Writes the line and its end.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for Span { style, text, .. } in &self.spans {
            write!(out, "{style}{}{style:#}", text.as_str())?;
        }
        out.write_all(b"\n")
    }
}
