//! What follows the releases: what is resolved, what could not be read, ignore rules, orphans, and notes.
//!
//! Everything that was ignored or not read is told or counted here: nobody may get silence for making it so.

use std::fmt::Write as _;

use super::escape::{code, line, prose};
use super::more;
use super::{Page, push_row};
use crate::model::{OrphanedRelease, Report};
use crate::report::text::{TextWriter, changes, closing, stopped_words};
use crate::report::words::count;

/// How many items of a list are told.
const ITEMS: usize = 200;
/// How many objects and sentences of an orphaned release are told.
const ORPHANS: usize = 50;

impl Page<'_> {
    /// The end of the page in about that many bytes: lists that do not fit end with the number of what is left out.
    pub(super) fn tail_of_page(&self, budget: usize) -> String {
        let Report {
            errors,
            stopped,
            resolved,
            ignored,
            confirmation,
            orphans,
            ..
        } = self.report;
        let safe = |text: &str| prose(&self.options.safe(text));
        let mut text = String::new();
        let resolved = resolved.iter().map(|resolved| {
            let told = line(&changes::resolved_line(resolved, self.options));
            format!("- {told}\n")
        });
        list(&mut text, "Resolved", "resolved entry", resolved, budget);
        let stopped = stopped.map(|stopped| format!("- stopped: {}\n", safe(stopped_words(stopped))));
        let errors = errors.iter().map(|error| {
            let told = format!("error {}: {}", error.scope, error.message);
            format!("- {}\n", safe(&told))
        });
        let unread: Vec<String> = stopped.into_iter().chain(errors).collect();
        list(
            &mut text,
            "What could not be read",
            "error",
            unread.into_iter(),
            budget,
        );
        let ignored = ignored.iter().filter_map(closing::ignored);
        let confirmed = confirmation.iter().flat_map(closing::confirmation);
        let rules: Vec<String> = ignored
            .map(|rule| format!("- ignored {}\n", safe(&rule)))
            .chain(confirmed.map(|told| format!("- {}\n", safe(&told))))
            .collect();
        list(
            &mut text,
            "Ignore rules and dry runs",
            "rule",
            rules.into_iter(),
            budget,
        );
        let orphans = orphans.iter().flatten().map(|release| self.orphaned(release));
        list(&mut text, "Orphans", "orphaned release", orphans, budget);
        let notes: Vec<String> = closing::notes(self.report, self.options)
            .map(|note| format!("- {}\n", line(&note)))
            .collect();
        list(&mut text, "Notes", "note", notes.into_iter(), budget);
        text
    }

    /// How to read the page.
    pub(super) fn legend(&self) -> String {
        let legend = closing::legend(self.report).unwrap_or_default();
        let mut text = legend;
        if self.codes.page.is_none() && self.has_codes() {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str("More: `driftline explain CODE`");
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    fn has_codes(&self) -> bool {
        !self.shown().is_empty()
    }

    /// A release of which objects are left, as one item of a list with its commands.
    fn orphaned(&self, release: &OrphanedRelease) -> String {
        let name = release.full_name();
        let mut text = format!(
            "- orphaned {}: {}; left: {}\n",
            code(&self.options.safe(&name)),
            prose(&self.options.safe(release.records.message())),
            count(release.objects.len(), "object")
        );
        let writer = TextWriter {
            options: self.options,
            now: self.now,
            out: &mut std::io::sink(),
        };
        for object in release.objects.iter().take(ORPHANS) {
            let _ = writeln!(text, "  - {}", line(&writer.orphan(object)));
        }
        more(
            &mut text,
            "  ",
            release.objects.len().saturating_sub(ORPHANS),
            "object",
        );
        for evidence in release.evidence.iter().take(ORPHANS) {
            let _ = writeln!(text, "  - {}", prose(&self.options.safe(evidence)));
        }
        let steps: String = release.advice.iter().map(|advice| self.step(advice)).collect();
        for line in steps.lines() {
            // Blocks belong to the item where they are indented like it.
            let _ = writeln!(text, "{}{line}", if line.is_empty() { "" } else { "  " });
        }
        let end = text.trim_end().len();
        text.truncate(end);
        text + "\n"
    }
}

/// A list with its heading, as many items of it as fit, and how many more there are; nothing where it is empty.
fn list(text: &mut String, heading: &str, noun: &str, items: impl Iterator<Item = String>, budget: usize) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    let _ = write!(text, "## {heading}\n\n");
    let mut told = 0;
    while told < ITEMS
        && let Some(item) = items.peek()
        && push_row(text, item, budget)
    {
        items.next();
        told += 1;
    }
    more(text, "", items.count(), noun);
    text.push('\n');
}
