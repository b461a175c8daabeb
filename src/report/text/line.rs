//! One line of output: styled spans of text that is known to be safe.
//!
//! [`Safe`] is the only thing a line takes, and it is made from a literal or through the sanitiser, so a renderer
//! that forgets to sanitise does not compile.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::report::sanitize::{Medium, sanitize};

use super::value::cut;

/// Text that may be written to a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Safe(Cow<'static, str>);

impl Safe {
    /// Sanitised text.
    pub(super) fn of(text: &str, medium: Medium) -> Self {
        Self(Cow::Owned(sanitize(text, medium).into_owned()))
    }

    /// The text, cut to that many columns.
    pub(super) fn cut(&self, columns: usize) -> Self {
        Self(Cow::Owned(cut(&self.0, columns)))
    }

    /// How many columns it takes.
    pub(super) fn width(&self) -> usize {
        self.0.width()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Two such values, shortened around their first difference.
    pub(super) fn shorten(before: &Self, after: &Self, columns: usize) -> (Self, Self) {
        let (before, after) = super::value::shorten(&before.0, &after.0, columns);
        (Self(Cow::Owned(before)), Self(Cow::Owned(after)))
    }
}

impl From<&'static str> for Safe {
    fn from(literal: &'static str) -> Self {
        Self(Cow::Borrowed(literal))
    }
}

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
            self.spans
                .push((Style::new(), Safe(Cow::Owned(" ".repeat(missing)))));
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
            write!(out, "{style}{}{style:#}", text.0)?;
        }
        out.write_all(b"\n")
    }
}
