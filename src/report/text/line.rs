//! One line of output: styled spans of text that is known to be safe.

use std::io::{self, Write};

use anstyle::Style;

use super::safe::Safe;

/// A line that is being put together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Line {
    spans: Vec<(Style, Safe)>,
    width: usize,
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
        let text = text.into();
        self.width += text.width();
        self.spans.push((style, text));
        self
    }

    /// Appends text without a style.
    pub(super) fn plain(&mut self, text: impl Into<Safe>) -> &mut Self {
        self.push(Style::new(), text)
    }

    /// Appends another line's spans.
    pub(super) fn extend(&mut self, other: Self) -> &mut Self {
        self.width += other.width;
        self.spans.extend(other.spans);
        self
    }

    /// Appends blanks up to a column; none when the line is longer already.
    pub(super) fn pad_to(&mut self, column: usize) -> &mut Self {
        if let Some(missing) = column.checked_sub(self.width).filter(|missing| *missing > 0) {
            self.width = column;
            self.spans.push((Style::new(), Safe::blanks(missing)));
        }
        self
    }

    /// How many columns it takes.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// Writes the line and its end.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (style, text) in &self.spans {
            write!(out, "{style}{}{style:#}", text.as_str())?;
        }
        out.write_all(b"\n")
    }
}
