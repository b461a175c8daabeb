//! The last lines: how to read what stands above, what to bear in mind, and the answer with its counts.
//!
//! Everything that was ignored, unknown or unreadable is counted here: an attacker who can make driftline skip an object
//! must not get silence for it.

use anstyle::Style;

use super::line::Line;
use super::safe::Safe;
use super::{TextOptions, changes};
use crate::model::{Confirmation, IgnoredCount, Report, ReportError, Summary};
use crate::report::summary::{critical_releases, has_unread_parts, new_drift};
use crate::report::words::{about, count, finding_counts, headline, health_answer, outcome, present};
use crate::vocabulary::{HealthSeverity, IdleReason, Outcome};

/// The ignore rules, the legend where there are findings, and the notes.
pub(super) fn remarks(report: &Report, options: &TextOptions) -> Vec<Line> {
    let labelled = |label: &'static str, text: &str| {
        let mut line = Line::default();
        line.push(options.palette.dim, label).plain("  ");
        line.push(options.palette.dim, options.safe(text));
        line
    };
    let ignored = report.ignored.iter().filter_map(ignored);
    let mut lines: Vec<Line> = ignored.map(|text| labelled("ignored", &text)).collect();
    let confirmation = report.confirmation.iter().flat_map(confirmation);
    lines.extend(confirmation.map(|text| labelled("confirm", &text)));
    if let Some(text) = legend(report) {
        let mut line = Line::default();
        line.push(options.palette.dim, options.safe(&format!("{text}{MORE}")));
        lines.push(line);
    }
    lines.extend(notes(report, options));
    lines
}

/// Where a reader of the text finds what a code means.
const MORE: &str = " More: driftline explain CODE";

/// How to read the findings of a report; `None` where there are none.
pub(in crate::report) fn legend(report: &Report) -> Option<String> {
    let findings = || {
        let objects = report.releases.iter().flat_map(|release| &release.objects);
        objects.flat_map(|object| &object.findings)
    };
    findings().next()?;
    let upgrades = if findings().any(|finding| finding.next_upgrade.is_some()) {
        " Next upgrade: with the same chart and values."
    } else {
        ""
    };
    let writers = if findings().any(|finding| finding.actor.is_some()) {
        " Writers are claimed, not proven."
    } else {
        ""
    };
    Some(format!(
        "Read: deployed → live. Times are UTC.{writers}{upgrades}"
    ))
}

/// The remarks on how the scan reached its answers.
pub(in crate::report) fn notes(report: &Report, options: &TextOptions) -> impl Iterator<Item = Line> {
    report.notes.iter().map(|note| {
        let text = format!("note  {}: {}", note.scope, note.message);
        Line::of(options.palette.dim, options.safe(&text))
    })
}

/// The answer with its counts.
pub(in crate::report) fn answer(report: &Report, options: &TextOptions) -> Line {
    let mut line = Line::default();
    line.push(outcome_style(report, options), outcome(report));
    let mut parts: Vec<String> = health_answer(report, options.fail_on).into_iter().collect();
    parts.push(headline(report));
    parts.extend(listed("releases", &release_counts(&report.summary)));
    parts.extend(listed("objects", &object_counts(report)));
    parts.extend(listed("findings", &finding_counts(&report.summary.findings)));
    parts.extend(changes::counts(report));
    parts.extend(new_drift_answer(report, options));
    parts.extend(health_counts(report));
    parts.extend(orphans(report));
    parts.extend(errors(report.errors.len()));
    line.plain(": ");
    line.plain(Safe::of(
        &format!("{} ({})", parts.join("; "), about(report)),
        options.medium,
    ));
    line
}

/// Whether drift that is new is the reason for the exit status, where only that is.
pub(in crate::report) fn new_drift_answer(report: &Report, options: &TextOptions) -> Option<String> {
    if !options.fail_on.is_only_new() || report.outcome != Outcome::Drift {
        return None;
    }
    let (new, fail_on) = (new_drift(report).count(), options.fail_on);
    Some(if new == 0 {
        let known = format!("all drift was known before (--fail-on {fail_on})");
        if has_unread_parts(report) && !fail_on.is_health_failure(report) {
            format!("{known}; not everything could be compared (exit status 3)")
        } else {
            known
        }
    } else {
        format!("new drift in {} (--fail-on {fail_on})", count(new, "release"))
    })
}

/// How much a rule left out, or why it left nothing out, where the scan can tell. An annotation that no object has is no
/// mistake.
pub(in crate::report) fn ignored(rule: &IgnoredCount) -> Option<String> {
    let found = match rule.idle {
        Some(IdleReason::MatchedNothing) => " matched nothing".to_owned(),
        Some(IdleReason::Shadowed) => ": earlier rules take everything that it matches".to_owned(),
        None if rule.left_nothing_out() => return None,
        None => {
            let objects = count(rule.objects, "object");
            match rule.findings {
                0 => format!(": {objects}"),
                findings => format!(": {} in {objects}", count(findings, "finding")),
            }
        }
    };
    Some(format!("{}{found}", rule.name()))
}

/// The answers of the API server to dry runs, and the objects for which there is none.
pub(in crate::report) fn confirmation(confirmation: &Confirmation) -> Vec<String> {
    let answered = format!(
        "server dry run: {} confirmed, {} not drift",
        confirmation.confirmed, confirmation.unconfirmed
    );
    let unanswered = confirmation.unanswered.iter().map(|unanswered| {
        format!(
            "{} not confirmed: {}",
            count(unanswered.objects, "object"),
            unanswered.message
        )
    });
    std::iter::once(answered).chain(unanswered).collect()
}

fn outcome_style(report: &Report, options: &TextOptions) -> Style {
    match report.outcome {
        Outcome::Clean if critical_releases(report).next().is_some() => options.palette.bad,
        Outcome::Clean => options.palette.good,
        Outcome::Drift | Outcome::Error => options.palette.bad,
        Outcome::Incomplete => options.palette.warn,
    }
}

fn release_counts(summary: &Summary) -> [(usize, &'static str); 2] {
    [
        (summary.releases.incomplete, "incomplete"),
        (summary.releases.unreadable, "unreadable"),
    ]
}

pub(in crate::report) fn object_counts(report: &Report) -> [(usize, &'static str); 8] {
    let objects = &report.summary.objects;
    // A clean headline has said it already.
    let in_sync = if report.outcome == Outcome::Clean {
        0
    } else {
        objects.in_sync
    };
    [
        (objects.drifted, "drifted"),
        (objects.missing, "missing"),
        (objects.terminating, "terminating"),
        (objects.foreign, "foreign"),
        (objects.leftover, "leftover"),
        (objects.unknown, "unknown"),
        (objects.ignored, "ignored"),
        (in_sync, "in sync"),
    ]
}

/// A release can match what was deployed and yet be stuck; the last line must not hide that.
pub(in crate::report) fn health_counts(report: &Report) -> Option<String> {
    let entries = |severity| {
        let health = report.releases.iter().flat_map(|release| &release.health);
        health.filter(|entry| entry.severity == severity).count()
    };
    let (critical, warnings) = (
        entries(HealthSeverity::Critical),
        entries(HealthSeverity::Warning),
    );
    let warnings = (warnings > 0).then(|| count(warnings, "warning"));
    let critical = (critical > 0).then(|| format!("{critical} critical"));
    let parts: Vec<String> = critical.into_iter().chain(warnings).collect();
    (!parts.is_empty()).then(|| format!("health: {}", parts.join(", ")))
}

/// The counts that are not zero, after what they count.
fn listed(what: &str, counts: &[(usize, &str)]) -> Option<String> {
    let some = present(counts);
    (!some.is_empty()).then(|| format!("{what}: {}", some.join(", ")))
}

/// How many objects have no release; nothing where nobody looked for them.
pub(in crate::report) fn orphans(report: &Report) -> Option<String> {
    let releases = report.orphans.as_ref()?;
    let objects: usize = releases.iter().map(|release| release.objects.len()).sum();
    Some(match objects {
        0 if is_limited(report) => "no orphans in what could be listed".to_owned(),
        0 => "no orphans".to_owned(),
        objects => format!(
            "orphans: {} of {}",
            count(objects, "object"),
            count(releases.len(), "release")
        ),
    })
}

/// Whether anything is said of what the search for orphans could not tell.
fn is_limited(report: &Report) -> bool {
    let notes = report.notes.iter().map(|note| &note.scope);
    let mut scopes = notes.chain(report.errors.iter().map(|error| &error.scope));
    report.stopped.is_some() || scopes.any(|scope| scope == ReportError::ORPHANS)
}

fn errors(number: usize) -> Option<String> {
    (number > 0).then(|| count(number, "error"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReportNote;
    use crate::report::fixtures;

    #[test]
    fn there_are_no_orphans_only_as_far_as_they_could_be_listed() {
        let mut report = fixtures::clean();
        assert_eq!(orphans(&report), None);
        report.orphans = Some(Vec::new());
        assert_eq!(orphans(&report).as_deref(), Some("no orphans"));
        let note = |scope: &str| ReportNote {
            scope: scope.to_owned(),
            message: "deployments.apps may not be listed".to_owned(),
        };
        report.notes = vec![note("rights")];
        assert_eq!(orphans(&report).as_deref(), Some("no orphans"));
        report.notes.push(note("orphans"));
        assert_eq!(
            orphans(&report).as_deref(),
            Some("no orphans in what could be listed")
        );
    }
}
