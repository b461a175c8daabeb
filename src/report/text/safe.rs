//! Text that is safe to write, and how it is cut to fit.
//!
//! [`Safe`] is the only thing that a line takes, and it is made from a literal or through the sanitiser, so a renderer
//! that forgets to sanitise does not compile. Cutting keeps it safe: what is cut off is replaced by `…`.

use std::borrow::Cow;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::report::sanitize::{Medium, sanitize};

/// Text that may be written to a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Safe(Cow<'static, str>);

impl Safe {
    /// Sanitised text.
    pub(super) fn of(text: &str, medium: Medium) -> Self {
        Self(Cow::Owned(sanitize(text, medium).into_owned()))
    }

    /// Sanitised text for the beginning of a line, where GitHub's runner obeys `::`.
    pub(super) fn at_line_start(text: &str, medium: Medium) -> Self {
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
    pub(super) fn cut(&self, columns: usize) -> Self {
        Self(Cow::Owned(cut(&self.0, columns)))
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
    pub(super) fn width(&self) -> usize {
        self.0.width()
    }

    /// The text itself.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Two such values, shortened around their first difference.
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

/// Cuts safe text to a number of columns, saying so with `…`.
fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut short = take(text.chars(), columns.saturating_sub(1));
    short.push('…');
    short
}

/// Cuts safe text in front, which for paths is the part that says the least.
pub(super) fn cut_front(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let tail = take(text.chars().rev(), columns.saturating_sub(1));
    std::iter::once('…').chain(tail.chars().rev()).collect()
}

/// Shortens two texts to a number of columns each so that their first difference stays in sight, at the same
/// column on both sides.
fn shorten(before: &str, after: &str, columns: usize) -> (String, String) {
    if before.width() <= columns && after.width() <= columns {
        return (before.to_owned(), after.to_owned());
    }
    let common: Vec<char> = before
        .chars()
        .zip(after.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a)
        .collect();
    // The common part tells a reader where the difference is: it gets up to a third of the room, and more where the rest
    // needs less.
    let rest = |text: &str| text.chars().skip(common.len()).collect::<String>().width();
    let longest = rest(before).max(rest(after));
    let lead = (columns / 3).max(columns.saturating_sub(1 + longest));
    let mut used = 0;
    let shared = common
        .iter()
        .rev()
        .take_while(|ch| {
            used += ch.width().unwrap_or(0);
            used <= lead
        })
        .count();
    let start = common.len() - shared;
    let window = |text: &str| {
        // Cutting off one character to put an ellipsis in its place helps nobody.
        if start < 2 {
            return cut(text, columns);
        }
        let rest: String = text.chars().skip(start).collect();
        format!("…{}", cut(&rest, columns.saturating_sub(1)))
    };
    (window(before), window(after))
}

/// The longest run of characters that fits.
fn take(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|ch| {
            used += ch.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_values_are_shortened_around_their_first_difference() {
        let before = "registry.example.com/platform/team/web:2026-11-18-0912-abcdef";
        let after = "registry.example.com/platform/team/web:2026-11-20-0312-fedcba";
        assert_eq!(
            shorten(before, after, 24),
            (
                "…:2026-11-18-0912-abcdef".into(),
                "…:2026-11-20-0312-fedcba".into()
            )
        );
        assert_eq!(shorten("short", "other", 24), ("short".into(), "other".into()));
    }

    proptest! {
        #[test]
        fn shortened_texts_fit_and_still_differ(
            prefix in "[a-z日]{0,80}", a in "[0-4]{1,40}", b in "[5-9]{1,40}", columns in 12_usize..40,
        ) {
            let (before, after) = shorten(&format!("{prefix}{a}"), &format!("{prefix}{b}"), columns);
            prop_assert!(before.width() <= columns && after.width() <= columns);
            prop_assert_ne!(before, after);
        }

        #[test]
        fn cutting_never_exceeds_the_columns(text in "\\PC{0,60}", columns in 1_usize..50) {
            prop_assert!(cut(&text, columns).width() <= columns);
            prop_assert!(cut_front(&text, columns).width() <= columns);
        }
    }
}
