//! Text that is safe to write, and how it is cut to fit.
//!
//! [`Safe`] is the only thing that a line takes, and it is made from a literal or through the sanitiser, so a renderer
//! that forgets to sanitise does not compile. Cutting keeps it safe: what is cut off is replaced by `…`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use super::shorten::{cut, cut_front, shorten};
use crate::report::sanitize::{Medium, sanitize};

/// Text that may be written to a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::report) struct Safe(Cow<'static, str>);

impl Safe {
    /// Sanitised text.
    pub(in crate::report) fn of(text: &str, medium: Medium) -> Self {
        Self(Cow::Owned(sanitize(text, medium).into_owned()))
    }

    /// Sanitised text for the beginning of a line, where GitHub's runner obeys `::`.
    pub(in crate::report) fn at_line_start(text: &str, medium: Medium) -> Self {
        let safe = sanitize(text, medium);
        match (medium, safe.trim_start().strip_prefix("::")) {
            (Medium::CiLog, Some(rest)) => Self(Cow::Owned(format!("\\u{{3a}}:{rest}"))),
            (Medium::CiLog | Medium::Terminal, _) => Self(Cow::Owned(safe.into_owned())),
        }
    }

    /// That many blanks.
    pub(super) fn blanks(columns: usize) -> Self {
        Self(Cow::Owned(" ".repeat(columns)))
    }

    /// The text, cut to that many columns.
    pub(in crate::report) fn cut(&self, columns: usize) -> Self {
        Self(Cow::Owned(cut(&self.0, columns)))
    }

    /// The text, cut in front to that many columns.
    pub(in crate::report) fn cut_front(&self, columns: usize) -> Self {
        Self(Cow::Owned(cut_front(&self.0, columns)))
    }

    /// Adds text that stands beside it anyway.
    pub(super) fn append(&mut self, other: &Self) {
        self.0.to_mut().push_str(&other.0);
    }

    /// A part of it. A part of safe text is safe.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        Self(Cow::Owned(self.0.get(range).unwrap_or_default().to_owned()))
    }

    /// As much of it as that many columns hold, but at least one character with all that combines with it, and the rest.
    pub(super) fn split_at_column(&self, columns: usize) -> (Self, Option<Self>) {
        let mut used = 0;
        let end = self.0.char_indices().find_map(|(at, ch)| {
            let width = ch.width().unwrap_or(0);
            used += width;
            (at > 0 && width > 0 && used > columns).then_some(at)
        });
        match end {
            Some(end) => (self.part(0..end), Some(self.part(end..self.0.len()))),
            None => (self.clone(), None),
        }
    }

    /// How many columns it takes.
    pub(in crate::report) fn width(&self) -> usize {
        self.0.width()
    }

    /// The text itself.
    pub(in crate::report) fn as_str(&self) -> &str {
        &self.0
    }

    /// Two such values, shortened around their differences.
    pub(in crate::report) fn shorten(before: &Self, after: &Self, columns: usize) -> (Self, Self) {
        let (before, after) = shorten(&before.0, &after.0, columns);
        (Self(Cow::Owned(before)), Self(Cow::Owned(after)))
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&'static str> for Safe {
    fn from(literal: &'static str) -> Self {
        Self(Cow::Borrowed(literal))
    }
}
