//! The report as Markdown, for comments on pull requests and the summaries of jobs: GitHub's dialect of it.
//!
//! The answer comes first, then what is new, then the releases that are not in order, the worst first, each with its health,
//! its commands and its objects. Comments and summaries have a size that a host refuses to exceed, so the page is made for a
//! limit: it is never cut, what does not fit is left out as a whole, from the end, and counted. [`escape`] keeps text from a
//! cluster from being anything but text.
//!
//! Every line begins with a mark or a word of driftline's own, so that no text from a cluster stands where the runner that
//! reads a log looks for commands.

mod codes;
mod escape;
mod head;
mod object;
mod release;
mod tail;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use chrono::{DateTime, Utc};

use self::codes::Codes;
use super::alike::{self, ReleaseGroup, Said};
use super::links::CodesUrl;
use super::sanitize::Medium;
use super::text::{Detail, Extent, Palette, TextOptions, changes};
use super::urgency;
use super::words::{count, minute, present};
use crate::model::{ReleaseReport, Report};
use crate::vocabulary::Verdict;

/// How many bytes a page has at most where nobody asks for less: GitHub takes 1 MiB for the summary of a step.
pub(super) const LIMIT: usize = 900 * 1024;
/// A smaller limit counts as this one, in which the answer always fits.
const LEAST: usize = 16 * 1024;
/// In so many bytes the beginning of every section fits but of one that somebody made too long on purpose.
const ROOMY: usize = 16 * 1024;

/// Writes a report of at most that many bytes. Codes are links where there is a page that explains them.
pub(super) fn render(
    report: &Report,
    options: &TextOptions,
    limit: usize,
    codes: Option<&CodesUrl>,
    out: &mut dyn Write,
) -> io::Result<()> {
    // A page has no width and no colours, and values are as short as in a line of text. It is made for jobs, whose runner
    // reads what is printed.
    let options = TextOptions {
        palette: Palette::PLAIN,
        medium: Medium::CiLog,
        width: None,
        extent: Extent::Lists,
        ..*options
    };
    let page = Page {
        report,
        options: &options,
        codes: Codes { page: codes },
        now: Some(report.started_at),
    };
    out.write_all(page.text(limit.max(LEAST)).as_bytes())
}

/// What is needed to write any part of a page.
struct Page<'a> {
    report: &'a Report,
    options: &'a TextOptions,
    codes: Codes<'a>,
    /// When the scan of the report began: what is said to last lasts until then.
    now: Option<DateTime<Utc>>,
}

/// The item for how many like those above are not told.
fn more(text: &mut String, indent: &str, left_out: usize, noun: &str) {
    if left_out > 0 {
        let _ = writeln!(text, "{indent}- and {}", count(left_out, &format!("more {noun}")));
    }
}

/// How much is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct LeftOut {
    objects: usize,
    findings: usize,
    /// Parts of sections: their health or their commands.
    parts: usize,
}

impl LeftOut {
    const fn add(&mut self, other: &Self) {
        self.objects += other.objects;
        self.findings += other.findings;
        self.parts += other.parts;
    }

    const fn minus(&self, told: &Self) -> Self {
        Self {
            objects: self.objects.saturating_sub(told.objects),
            findings: self.findings.saturating_sub(told.findings),
            parts: self.parts,
        }
    }

    fn words(&self) -> String {
        format!(
            "{}, {}",
            count(self.objects, "object"),
            count(self.findings, "finding")
        )
    }
}

impl Page<'_> {
    fn text(&self, limit: usize) -> String {
        let urgent = urgency::ranked(self.report);
        let mut text = self.answer();
        let tail = self.tail_of_page(limit / 4);
        let legend = self.legend();
        text.push_str(&self.overview(&urgent, (limit / 2).saturating_sub(text.len())));
        // What is left out is told in a few short lines.
        let budget = limit.saturating_sub(tail.len() + legend.len() + 1024);
        match self.options.detail {
            Detail::Summary => {}
            Detail::Full | Detail::News => self.releases(&mut text, budget),
        }
        text.push_str(&tail);
        text.push_str(&legend);
        let end = text.trim_end().len();
        text.truncate(end);
        text + "\n"
    }

    /// The releases that are not in order: those with news first where earlier scans are known.
    fn releases(&self, text: &mut String, budget: usize) {
        let (known, news): (Vec<_>, Vec<_>) = self
            .shown()
            .into_iter()
            .partition(|release| self.report.compared_with.is_some() && changes::is_known(release));
        let mut told = Told::default();
        if let Some(compared) = &self.report.compared_with {
            let since = compared
                .scanned_at
                .map(|at| format!(" since the scan of {}", minute(at)));
            let heading = format!("## New and changed{}\n\n", since.unwrap_or_default());
            self.groups(text, &heading, news, budget, &mut told);
        } else {
            self.groups(
                text,
                "## Releases that are not in order\n\n",
                news,
                budget,
                &mut told,
            );
        }
        match self.options.detail {
            Detail::News => self.known(text, &known, budget),
            Detail::Full | Detail::Summary => {
                self.groups(text, "## Still so\n\n", known, budget, &mut told);
            }
        }
        told.push_left_out(text);
    }

    /// The releases that have a section, in the order of the report.
    fn shown(&self) -> Vec<&ReleaseReport> {
        let urgent = urgency::ranked(self.report);
        let urgent = urgent.iter().map(|urgent| urgent.release);
        let mut shown: HashSet<*const ReleaseReport> = urgent.map(std::ptr::from_ref).collect();
        let fail_on = self.options.fail_on;
        if fail_on.counts_blocked() {
            shown.extend(fail_on.blocked_releases(self.report).map(std::ptr::from_ref));
        }
        let releases = self.report.releases.iter();
        releases
            .filter(|release| shown.contains(&std::ptr::from_ref(*release)))
            .collect()
    }

    /// The sections of these releases, as many as fit, the worst first.
    fn groups(
        &self,
        text: &mut String,
        heading: &str,
        releases: Vec<&ReleaseReport>,
        budget: usize,
        told: &mut Told,
    ) {
        if releases.is_empty() {
            return;
        }
        let mut groups = alike::releases(releases, Said::Everything);
        groups.sort_by_cached_key(|group| urgency::order(group.first));
        text.push_str(heading);
        for group in &groups {
            let room = budget.saturating_sub(text.len());
            // No release takes the room of all that follow it.
            let share = if groups.len() > 1 { room / 2 } else { room };
            let section = if told.is_full {
                None
            } else {
                self.section(group, share)
            };
            match section {
                Some((section, left_out)) => {
                    text.push_str(&section);
                    told.left_out.add(&left_out);
                }
                None => told.leave_out(group, share < ROOMY),
            }
        }
    }

    /// A line for each release of which earlier scans knew everything.
    fn known(&self, text: &mut String, releases: &[&ReleaseReport], budget: usize) {
        if releases.is_empty() {
            return;
        }
        text.push_str("## Still so\n\n");
        let mut rows = releases.iter().map(|release| {
            let line = changes::known_line(release, self.report, self.options);
            format!("- {}\n", escape::line(&line))
        });
        let told = rows
            .by_ref()
            .take_while(|row| push_row(text, row, budget))
            .count();
        more(text, "", releases.len() - told, "release");
        text.push('\n');
    }
}

/// What of the releases is told and what is not.
#[derive(Debug, Default)]
struct Told {
    left_out: LeftOut,
    /// The releases without a section, by verdict.
    releases: Vec<Verdict>,
    /// Whether there is no room: what follows is left out, too, so that what is told is the worst.
    is_full: bool,
}

impl Told {
    fn leave_out(&mut self, group: &ReleaseGroup<'_>, is_full: bool) {
        self.is_full |= is_full;
        self.releases
            .extend(group.releases().map(|release| release.verdict));
    }

    /// Says what is left out, in bounded space.
    fn push_left_out(&self, text: &mut String) {
        if !self.releases.is_empty() {
            let of = |verdict: Verdict| self.releases.iter().filter(|one| **one == verdict).count();
            let counts: Vec<(usize, &str)> = Verdict::ALL
                .iter()
                .map(|verdict| (of(*verdict), verdict.as_str()))
                .collect();
            let releases = count(self.releases.len(), "release");
            let _ = write!(
                text,
                "**Left out for length: {releases} ({}), beginning with the least urgent. `driftline scan -o json` has all of it.**\n\n",
                present(&counts).join(", ")
            );
        } else if self.left_out != LeftOut::default() {
            text.push_str("**Left out for length: parts of the sections above, as they say. `driftline scan -o json` has all of it.**\n\n");
        }
    }
}

/// Appends a line or an item, unless the text becomes longer than that many bytes by it.
fn push_row(text: &mut String, row: &str, budget: usize) -> bool {
    let fits = text.len() + row.len() <= budget;
    if fits {
        text.push_str(row);
    }
    fits
}

#[cfg(test)]
mod tests;
