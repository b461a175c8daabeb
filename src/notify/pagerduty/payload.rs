//! The text of alerts, in the form that the
//! [Events API v2](https://developer.pagerduty.com/docs/send-alert-event) calls its `payload`.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::settings::PagerDutySeverity;
use crate::model::{ReleaseReport, Report};
use crate::notify::digest::{Digest, worst_in_words};
use crate::notify::list::LineCost;
use crate::notify::release::{ReleaseDigest, in_the_same_way};
use crate::notify::text::{NAME, clean, fit, json_len};
use crate::report::alike::ReleaseGroup;
use crate::report::words::{self, count, critical_codes};
use crate::vocabulary::Verdict;

/// The limit of a summary, in characters.
const SUMMARY: usize = 1_024;

/// The room for the names of releases in a summary.
const SUMMARY_NAMES: usize = 600;

/// The room for the lists in an event. PagerDuty accepts 512,000 bytes, but people have to read them.
const DETAILS: usize = 40_000;

/// The payload of the cluster's alert.
pub(super) fn of_cluster(report: &Report, digest: &Digest, severity: PagerDutySeverity) -> Value {
    let plain = LineCost {
        text: json_len,
        per_line: 2,
    };
    let names = digest
        .news
        .without_details()
        .lines(SUMMARY_NAMES, plain)
        .join("; ");
    let names = if names.is_empty() {
        names
    } else {
        format!(" ({names})")
    };
    let summary = format!("driftline: {}{names}", digest.headline);
    // In an array each line has two quotes and a comma.
    let in_array = LineCost {
        text: json_len,
        per_line: 3,
    };
    let mut details = json!({"cluster": digest.cluster, "scan": digest.scan_facts, "next": digest.next});
    for section in digest.sections(DETAILS, in_array) {
        details[section.title] = json!(section.lines);
    }
    payload(report, digest, severity, &summary, &details)
}

/// A release that has an alert of its own.
pub(super) struct AlertedRelease<'r> {
    /// The release.
    pub(super) release: &'r ReleaseReport,
    /// The releases that drifted in the same way, if it drifted.
    pub(super) group: Option<&'r ReleaseGroup<'r>>,
}

/// The payload of one release's alert.
pub(super) fn of_release(
    report: &Report,
    digest: &Digest,
    alerted: &AlertedRelease<'_>,
    severity: PagerDutySeverity,
) -> Value {
    let release = alerted.release;
    let group = alerted.group.filter(|group| group.len() > 1);
    let critical: Vec<_> = critical_codes(release).iter().map(|code| code.as_str()).collect();
    let about = ReleaseDigest::of(release, report.started_at);
    let what = match release.verdict {
        Verdict::Drifted => match group {
            Some(group) => format!(
                "drifted in the same way as {}: {}",
                count(group.len() - 1, "other release"),
                about.facts
            ),
            None => format!("drifted: {}", worst_in_words(release)),
        },
        Verdict::Clean => format!("is {}: {}", words::verdict(release), critical.join(", ")),
        Verdict::Incomplete => "could not be fully read".to_owned(),
        Verdict::Unreadable => "has a record that cannot be read".to_owned(),
    };
    let summary = format!("driftline: {}: {} {what}", digest.cluster, about.name);
    let mut details = json!({
        "cluster": digest.cluster,
        "release": about.name,
        "verdict": release.verdict.as_str(),
        "critical": critical,
        "drifted": about.details,
        "scan": digest.scan_facts,
    });
    if let Some(group) = group {
        details["drifted in the same way"] = json!(in_the_same_way(group));
    }
    let mut payload = payload(report, digest, severity, &summary, &details);
    payload["component"] = json!(clean(&release.name, NAME));
    payload["group"] = json!(clean(&release.namespace, NAME));
    payload
}

fn payload(
    report: &Report,
    digest: &Digest,
    severity: PagerDutySeverity,
    summary: &str,
    details: &Value,
) -> Value {
    json!({
        "summary": fit(summary, SUMMARY),
        "source": digest.cluster,
        "severity": severity.as_str(),
        "timestamp": report.finished_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "class": "helm-drift",
        "custom_details": details,
    })
}
