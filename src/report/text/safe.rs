//! Text that is safe to write, and how it is cut to fit.
//!
//! [`Safe`] is the only thing that a line takes, and it is made from a literal or through the sanitiser, so a renderer
//! that forgets to sanitise does not compile. Cutting keeps it safe: what is cut off is replaced by `…`.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::shorten::{cut, cut_front, shorten};
use crate::report::sanitize::{Medium, sanitize};

/// Text that may be written to a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Safe(Cow<'static, str>);

impl Safe {
    /// Sanitised text.
    pub(super) fn of(text: &str, medium: Medium) -> Self {
        Self(Cow::Owned(sanitize(text, medium).into_owned()))
    }

    /// That many blanks.
    pub(super) fn blanks(columns: usize) -> Self {
        Self(Cow::Owned(" ".repeat(columns)))
    }

    /// The text, cut to that many columns.
    pub(super) fn cut(&self, columns: usize) -> Self {
        Self(Cow::Owned(cut(&self.0, columns)))
    }

    /// The text, cut in front to that many columns.
    pub(super) fn cut_front(&self, columns: usize) -> Self {
        Self(Cow::Owned(cut_front(&self.0, columns)))
    }

    /// How many columns it takes.
    pub(super) fn width(&self) -> usize {
        self.0.width()
    }

    /// The text itself.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Two such values, shortened around their differences.
    pub(super) fn shorten(before: &Self, after: &Self, columns: usize) -> (Self, Self) {
        let (before, after) = shorten(&before.0, &after.0, columns);
        (Self(Cow::Owned(before)), Self(Cow::Owned(after)))
    }
}

impl From<&'static str> for Safe {
    fn from(literal: &'static str) -> Self {
        Self(Cow::Borrowed(literal))
    }
}
