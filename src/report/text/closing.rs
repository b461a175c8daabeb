//! The last lines: how to read what stands above, what to bear in mind, and the answer with its counts.
//!
//! What was ignored, unknown or unreadable is named whenever there is any of it: an attacker who can make
//! driftline skip something must not get silence for it.

use anstyle::Style;

use crate::model::{Confirmation, IgnoredBy, IgnoredCount, Report, Summary};
use crate::vocabulary::{HealthSeverity, Outcome};

use super::TextOptions;
use super::line::{Line, Safe};

/// What was ignored, the legend, where there is anything to read with it, the notes and the summary.
pub(super) fn lines(report: &Report, options: &TextOptions) -> Vec<Line> {
    let told = report.ignored.iter().filter_map(|count| ignored(report, count));
    let mut lines: Vec<Line> = told
        .map(|told| {
            let mut line = Line::default();
            line.push(options.palette.dim, "ignored").plain("  ");
            line.push(options.palette.dim, options.safe(&told));
            line
        })
        .collect();
    for told in report.confirmation.iter().flat_map(confirmation) {
        let mut line = Line::default();
        line.push(options.palette.dim, "confirm").plain("  ");
        line.push(options.palette.dim, options.safe(&told));
        lines.push(line);
    }
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
        let mut line = Line::default();
        let told = format!("note  {}: {}", note.scope, note.message);
        line.push(options.palette.dim, options.safe(&told));
        line
    }));
    let mut line = Line::default();
    line.push(outcome_style(report.outcome, options), report.outcome.as_str());
    let mut parts = vec![headline(report)];
    parts.extend(listed("releases", &release_counts(&report.summary)));
    parts.extend(listed("objects", &object_counts(report)));
    parts.extend(listed("findings", &finding_counts(&report.summary)));
    parts.extend(listed("health", &health_counts(report)));
    parts.extend(errors(report.errors.len()));
    line.plain(": ");
    line.plain(Safe::of(
        &format!("{} (cluster {})", parts.join("; "), report.cluster.name),
        options.medium,
    ));
    lines.push(line);
    lines
}

/// What a rule left out. A scan that was cut short cannot say that there was nothing for it, and an annotation that
/// no object has is no mistake.
fn ignored(report: &Report, count: &IgnoredCount) -> Option<String> {
    let found = match (count.rule, count.is_idle()) {
        (IgnoredBy::Annotation, true) => return None,
        (IgnoredBy::Rule(_), true) if report.stopped.is_some() => return None,
        (IgnoredBy::Rule(_), true) => " matched nothing".to_owned(),
        (IgnoredBy::Rule(_) | IgnoredBy::Annotation, false) => {
            let objects = plural(count.objects, "object");
            match count.findings {
                0 => format!(": {objects}"),
                findings => format!(": {} in {objects}", plural(findings, "finding")),
            }
        }
    };
    Some(format!("{}{found}", count.name()))
}

/// What the API server said, and what it was not asked.
fn confirmation(confirmation: &Confirmation) -> Vec<String> {
    let mut told = vec![format!(
        "by the server: {} confirmed, {} without a difference",
        plural(confirmation.confirmed, "finding"),
        confirmation.unconfirmed
    )];
    let unanswered = confirmation.unanswered.iter();
    told.extend(unanswered.map(|unanswered| {
        format!(
            "{} not confirmed: {}",
            plural(unanswered.objects, "object"),
            unanswered.message
        )
    }));
    told
}

const fn outcome_style(outcome: Outcome, options: &TextOptions) -> Style {
    match outcome {
        Outcome::Clean => options.palette.good,
        Outcome::Drift | Outcome::Error => options.palette.bad,
        Outcome::Incomplete => options.palette.warn,
    }
}

fn headline(report: &Report) -> String {
    let (releases, objects) = (&report.summary.releases, &report.summary.objects);
    match report.outcome {
        Outcome::Clean if releases.total == 0 => "no releases found".to_owned(),
        Outcome::Clean => format!(
            "{}, {} in sync",
            plural(releases.total, "release"),
            plural(objects.in_sync, "object")
        ),
        Outcome::Drift => format!(
            "{} of {} drifted",
            releases.drifted,
            plural(releases.total, "release")
        ),
        Outcome::Incomplete => {
            format!(
                "no drift seen in {}, but not everything could be read",
                plural(releases.total, "release")
            )
        }
        Outcome::Error => format!(
            "the scan did not finish; {} of {} seen so far drifted",
            releases.drifted,
            plural(releases.total, "release")
        ),
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
    let count = |severity| {
        let health = report.releases.iter().flat_map(|release| &release.health);
        health.filter(|entry| entry.severity == severity).count()
    };
    [
        (count(HealthSeverity::Critical), "critical"),
        (count(HealthSeverity::Warning), "warning"),
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

fn errors(count: usize) -> Option<String> {
    (count > 0).then(|| plural(count, "error"))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("{count} {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
