//! What the line of a release says of it: its mark, what is the matter, and who wrote what differs.

use std::collections::BTreeSet;

use crate::model::{Finding, Health, ReleaseReport};
use crate::report::summary::{blocked_entries, is_critical};
use crate::report::urgency::{self, Trouble, Urgent, Weight};
use crate::report::words::count;
use crate::vocabulary::{HealthCode, Verdict};

/// The class and the mark of a verdict.
pub(super) fn tone(release: &ReleaseReport) -> (&'static str, &'static str) {
    match release.verdict {
        Verdict::Drifted => ("drifted", "≠"),
        Verdict::Incomplete => ("incomplete", "?"),
        Verdict::Unreadable => ("unreadable", "×"),
        Verdict::Clean if release.health.iter().any(is_critical) => ("critical", "!"),
        Verdict::Clean if release.health.iter().any(is_running) => ("running", "…"),
        Verdict::Clean => ("clean", "✓"),
    }
}

fn is_running(entry: &Health) -> bool {
    entry.code == HealthCode::InProgress
}

/// What there is to know of a release with which nothing is the matter: the operation that is running on it, or the next one
/// that fails or loses something.
pub(super) fn notable(release: &ReleaseReport) -> Option<Urgent<'_>> {
    let running = release.health.iter().find(|entry| is_running(entry));
    let (entry, others) = if let Some(entry) = running {
        (entry, 0)
    } else {
        let mut blocked = blocked_entries(release);
        (blocked.next()?, blocked.count())
    };
    Some(Urgent {
        release,
        weight: Weight::Warning,
        worst: Trouble::Health(entry),
        others,
    })
}

/// The writer of the worst difference that has one, and how many others there are; `None` where no difference has one.
pub(super) fn writers(release: &ReleaseReport) -> Option<String> {
    let findings = release.objects.iter().flat_map(|object| &object.findings);
    let written = findings.filter_map(|finding| Some((finding, finding.actor.as_ref()?.manager.as_str())));
    let written: Vec<(&Finding, &str)> = written.collect();
    let order = |finding: &Finding| (!finding.is_drift(), urgency::of_finding(finding));
    let (_, worst) = written.iter().min_by_key(|(finding, _)| order(finding))?;
    let others: BTreeSet<&str> = written
        .iter()
        .map(|(_, who)| *who)
        .filter(|who| who != worst)
        .collect();
    Some(match others.len() {
        0 => format!("differences by {worst}"),
        others => format!("differences by {worst} and {}", count(others, "other")),
    })
}
