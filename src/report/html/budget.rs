//! How large a page may become. A browser has to lay all of it out, and whoever may write to a cluster decides how much
//! there is to say.
//!
//! The worst comes first, so that what is left out for its size is what matters least. The page says how much that is; the
//! JSON report has all of it.

use std::borrow::Borrow;
use std::io::{self, Write};

use crate::report::words::count;

/// How many bytes a page may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Before releases are told in a line each.
    pub(super) details: u64,
    /// Before no further release is listed.
    pub(super) lines: u64,
}

/// What a browser opens without making anybody wait.
pub(super) const LIMITS: Limits = Limits {
    details: 24 << 20,
    lines: 32 << 20,
};

/// How many columns of a path are shown.
pub(super) const PATH: usize = 400;

/// How many findings of one object are shown.
pub(super) const FINDINGS: usize = 200;
/// How many entries of any other list are shown.
pub(super) const ENTRIES: usize = 200;
/// How many releases, errors and the like are shown in a list of the whole report.
pub(super) const LISTED: usize = 1_000;
/// How many columns of one value are shown.
pub(super) const VALUE: usize = 1_000;
/// How many lines of two texts are shown side by side.
pub(super) const DIFF_LINES: usize = 200;
/// How many such lines of one object are shown.
pub(super) const OBJECT_LINES: usize = 1_000;
/// How many columns of such a line are shown.
pub(super) const DIFF_COLUMNS: usize = 400;
/// How many bytes a patch has that is shown.
pub(super) const PATCH: usize = 16 << 10;

/// The first entries of a list, and how many others there are.
pub(super) struct Capped<T> {
    /// What is shown.
    pub(super) shown: Vec<T>,
    /// How many are not.
    pub(super) left_out: usize,
}

impl<T> Capped<T> {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.shown.len() + self.left_out
    }
}

/// Takes the first entries. What is left out is counted and not kept.
pub(super) fn capped<T>(entries: impl IntoIterator<Item = T>, limit: usize) -> Capped<T> {
    let mut entries = entries.into_iter();
    let shown = entries.by_ref().take(limit).collect();
    Capped {
        shown,
        left_out: entries.count(),
    }
}

/// A counted noun, for templates, which pass references.
pub(super) fn counted(number: impl Borrow<usize>, noun: &str) -> String {
    count(*number.borrow(), noun)
}

/// What is said of the entries of a list that are not shown.
pub(super) fn more(left_out: impl Borrow<usize>, noun: &str) -> String {
    let all = count(*left_out.borrow(), &format!("more {noun}"));
    format!("{all}; the JSON report has all of them")
}

/// Counts the bytes of a page.
pub(super) struct Page<'w> {
    out: &'w mut dyn Write,
    limits: Limits,
    written: u64,
}

impl<'w> Page<'w> {
    /// An empty page.
    pub(super) const fn new(out: &'w mut dyn Write, limits: Limits) -> Self {
        Self {
            out,
            limits,
            written: 0,
        }
    }

    /// Whether there is room for the details of a release.
    pub(super) const fn has_room(&self) -> bool {
        self.written < self.limits.details
    }

    /// Whether there is room for a line about a release.
    pub(super) const fn has_room_for_a_line(&self) -> bool {
        self.written < self.limits.lines
    }
}

impl Write for Page<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.written = self.written.saturating_add(taken as u64);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capped_list_says_how_many_entries_it_leaves_out() {
        for (entries, shown, left_out) in [(0, 0, 0), (2, 2, 0), (5, 3, 2)] {
            let list = capped(0..entries, 3);
            assert_eq!((list.shown.len(), list.left_out), (shown, left_out));
        }
    }
}
