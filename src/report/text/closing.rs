//! The last lines: how to read what stands above, what to bear in mind, and the answer with its counts.
//!
//! Everything that was ignored, unknown or unreadable is counted here: an attacker who can make driftline skip an object
//! must not get silence for it.

use anstyle::Style;

use super::TextOptions;
use super::line::Line;
use super::safe::Safe;
use crate::model::{Confirmation, IgnoredBy, IgnoredCount, Report, Summary};
use crate::report::words::{count, headline};
use crate::vocabulary::{HealthSeverity, Outcome};

/// The ignore rules, the legend where there are findings, the notes and the summary.
pub(super) fn lines(report: &Report, options: &TextOptions) -> Vec<Line> {
    let labelled = |label: &'static str, text: &str| {
        let mut line = Line::default();
        line.push(options.palette.dim, label).plain("  ");
        line.push(options.palette.dim, options.safe(text));
        line
    };
    let ignored = report.ignored.iter().filter_map(|rule| ignored(report, rule));
    let mut lines: Vec<Line> = ignored.map(|text| labelled("ignored", &text)).collect();
    let confirmation = report.confirmation.iter().flat_map(confirmation);
    lines.extend(confirmation.map(|text| labelled("confirm", &text)));
    let findings = || {
        let objects = report.releases.iter().flat_map(|release| &release.objects);
        objects.flat_map(|object| &object.findings)
    };
    if findings().next().is_some() {
        let mut legend = Line::default();
        let writers = if findings().any(|finding| finding.actor.is_some()) {
            "Read: deployed → live. Times are UTC. Writers are claimed, not proven. More: driftline explain CODE"
        } else {
            "Read: deployed → live. Times are UTC. More: driftline explain CODE"
        };
        legend.push(options.palette.dim, writers);
        lines.push(legend);
    }
    lines.extend(report.notes.iter().map(|note| {
        let text = format!("note  {}: {}", note.scope, note.message);
        Line::of(options.palette.dim, options.safe(&text))
    }));
    let mut line = Line::default();
    line.push(outcome_style(report.outcome, options), report.outcome.as_str());
    let mut parts = vec![headline(report)];
    parts.extend(listed("releases", &release_counts(&report.summary)));
    parts.extend(listed("objects", &object_counts(report)));
    parts.extend(listed("findings", &finding_counts(&report.summary)));
    parts.extend(listed("health", &health_counts(report)));
    parts.extend(orphans(report));
    parts.extend(errors(report.errors.len()));
    line.plain(": ");
    line.plain(Safe::of(
        &format!("{} (cluster {})", parts.join("; "), report.cluster.name),
        options.medium,
    ));
    lines.push(line);
    lines
}

/// How much a rule left out. A scan that was cut short cannot say that there was nothing for it, and an annotation that
/// no object has is no mistake.
fn ignored(report: &Report, rule: &IgnoredCount) -> Option<String> {
    let found = match (rule.rule, rule.is_idle()) {
        (IgnoredBy::Annotation, true) => return None,
        (IgnoredBy::Rule(_), true) if report.stopped.is_some() => return None,
        (IgnoredBy::Rule(_), true) => " matched nothing".to_owned(),
        (IgnoredBy::Rule(_) | IgnoredBy::Annotation, false) => {
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
fn confirmation(confirmation: &Confirmation) -> Vec<String> {
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

const fn outcome_style(outcome: Outcome, options: &TextOptions) -> Style {
    match outcome {
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

fn object_counts(report: &Report) -> [(usize, &'static str); 8] {
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

fn finding_counts(summary: &Summary) -> [(usize, &'static str); 3] {
    let findings = &summary.findings;
    [
        (findings.drift, "drift"),
        (findings.info, "info"),
        (findings.ignored, "ignored"),
    ]
}

/// A release can match what was deployed and yet be stuck; the last line must not hide that.
fn health_counts(report: &Report) -> [(usize, &'static str); 2] {
    let entries = |severity| {
        let health = report.releases.iter().flat_map(|release| &release.health);
        health.filter(|entry| entry.severity == severity).count()
    };
    [
        (entries(HealthSeverity::Critical), "critical"),
        (entries(HealthSeverity::Warning), "warning"),
    ]
}

/// The counts that are not zero, after what they count.
fn listed(what: &str, counts: &[(usize, &str)]) -> Option<String> {
    let some: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    (!some.is_empty()).then(|| format!("{what}: {}", some.join(", ")))
}

/// How many objects have no release; nothing where nobody looked for them.
fn orphans(report: &Report) -> Option<String> {
    let releases = report.orphans.as_ref()?;
    let objects: usize = releases.iter().map(|release| release.objects.len()).sum();
    Some(match objects {
        0 => "no orphans".to_owned(),
        objects => format!(
            "orphans: {} of {}",
            count(objects, "object"),
            count(releases.len(), "release")
        ),
    })
}

fn errors(number: usize) -> Option<String> {
    (number > 0).then(|| count(number, "error"))
}
