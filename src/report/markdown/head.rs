//! The beginning of the page: the answer, the counts, and the worst releases in a line each.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::escape::{cell, code};
use super::{Page, push_row};
use crate::model::Report;
use crate::report::text::safe::Safe;
use crate::report::text::{Detail, changes, closing, overview};
use crate::report::urgency::Urgent;
use crate::report::words::{count, finding_counts, headline, health_answer, minute, present};

/// How many releases the table has before the sections of all.
const WORST: usize = 10;
/// A report of so many releases is its own overview.
const HANDFUL: usize = 3;
/// How much of a name, of a trouble and of a writer a cell of the table has.
const NAME: usize = 120;
const TROUBLE: usize = 120;
const WRITER: usize = 40;

impl Page<'_> {
    /// The answer and the counts. They hold nothing that a cluster could have written but its name.
    pub(super) fn answer(&self) -> String {
        let report = self.report;
        let mut text = format!("## driftline: {}\n\n", headline(report));
        let reasons = health_answer(report, self.options.fail_on)
            .into_iter()
            .chain(closing::new_drift_answer(report, self.options));
        for reason in reasons {
            let _ = write!(text, "**{reason}**\n\n");
        }
        let _ = write!(
            text,
            "{} {}{}, {} UTC.\n\n",
            if report.clusters.is_empty() {
                "Cluster"
            } else {
                "Clusters"
            },
            code(&self.options.safe(&report.cluster.name)),
            report.selection.shard.as_ref().map_or_else(String::new, |shard| {
                format!(", shard {}", code(&self.options.safe(shard)))
            }),
            minute(report.started_at)
        );
        let counts = self.counts();
        if !counts.is_empty() {
            text.push_str("| what | counts |\n| --- | --- |\n");
        }
        for (what, counts) in &counts {
            let _ = writeln!(text, "| {what} | {counts} |");
        }
        text.push_str(if counts.is_empty() { "" } else { "\n" });
        text
    }

    fn counts(&self) -> Vec<(Cow<'static, str>, String)> {
        let report = self.report;
        let releases = &report.summary.releases;
        let by_verdict = [
            (releases.clean, "clean"),
            (releases.drifted, "drifted"),
            (releases.incomplete, "incomplete"),
            (releases.unreadable, "unreadable"),
        ];
        let listed = |counts: &[(usize, &'static str)]| {
            let counts = present(counts);
            (!counts.is_empty()).then(|| counts.join(", "))
        };
        let errors = report.errors.len();
        let rows = [
            ("releases", listed(&by_verdict)),
            ("objects", listed(&closing::object_counts(report))),
            ("findings", listed(&finding_counts(&report.summary.findings))),
            (
                "health",
                closing::health_counts(report).map(|counts| without(&counts, "health: ")),
            ),
        ];
        let after = [
            (
                "orphans",
                closing::orphans(report).map(|counts| without(&counts, "orphans: ")),
            ),
            ("errors", (errors > 0).then(|| count(errors, "error"))),
        ];
        let named = |(what, counts)| (Cow::Borrowed(what), counts);
        let rows = rows.into_iter().map(named);
        let rows = rows.chain([(compared_with(report), changes::counts(report))]);
        let rows = rows.chain(after.into_iter().map(named));
        rows.filter_map(|(what, counts)| Some((what, counts?))).collect()
    }

    /// The worst releases in a line each, where their sections are more than a handful: all of them where there are no
    /// sections, as far as they fit.
    pub(super) fn overview(&self, urgent: &[Urgent<'_>], budget: usize) -> String {
        let is_whole = self.options.detail == Detail::Summary;
        if urgent.is_empty() || !is_whole && urgent.len() <= HANDFUL {
            return String::new();
        }
        // A line that says that there is one more takes no less room than that one.
        let most = if is_whole || urgent.len() == WORST + 1 {
            urgent.len()
        } else {
            WORST
        };
        let mut text =
            "| release | the worst of it | writer (claimed) | since (UTC) |\n| --- | --- | --- | --- |\n"
                .to_owned();
        let rows = urgent.iter().take(most).map(|urgent| self.row(urgent));
        let told = rows.take_while(|row| push_row(&mut text, row, budget)).count();
        if told == 0 {
            return String::new();
        }
        let more = urgent.len() - told;
        text.push('\n');
        if more > 0 {
            let _ = write!(text, "and {}\n\n", count(more, "more release"));
        }
        text
    }

    fn row(&self, urgent: &Urgent<'_>) -> String {
        let safe = |text: &str| self.options.safe(text);
        let name = urgent.release.full_name();
        let who = urgent
            .who()
            .map_or_else(String::new, |who| cell(&safe(who).cut(WRITER)));
        let since = urgent.since().map(minute).unwrap_or_default();
        let trouble: Safe = overview::trouble(urgent, Some(TROUBLE), self.options);
        format!(
            "| {} | {} | {who} | {since} |\n",
            cell(&safe(&name).cut(NAME)),
            cell(&trouble)
        )
    }
}

/// What the counts of what is new are about: a scan that is remembered, or the one of a baseline report.
fn compared_with(report: &Report) -> Cow<'static, str> {
    let scanned_at = report
        .compared_with
        .as_ref()
        .and_then(|compared| compared.scanned_at);
    match scanned_at {
        Some(at) => format!("compared with the scan of {} UTC", minute(at)).into(),
        None => "compared with no earlier scan".into(),
    }
}

/// A count without the word that its row has already.
fn without(counts: &str, what: &str) -> String {
    counts.strip_prefix(what).unwrap_or(counts).to_owned()
}
