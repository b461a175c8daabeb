//! The text of alerts, in the form that the
//! [Events API v2](https://developer.pagerduty.com/docs/send-alert-event) calls its `payload`.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::settings::PagerDutySeverity;
use crate::model::Report;
use crate::notify::alerted::AlertedRelease;
use crate::notify::digest::{Digest, next_command};
use crate::notify::list::LineCost;
use crate::notify::release::{ReleaseDigest, in_the_same_way};
use crate::notify::text::{NAME, clean, fit, json_len};
use crate::report::words;

/// The limit of a summary, in characters.
pub(super) const SUMMARY: usize = 1_024;

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

/// The payload of one release's alert.
pub(super) fn of_release(
    report: &Report,
    digest: &Digest,
    alerted: &AlertedRelease<'_>,
    severity: PagerDutySeverity,
) -> Value {
    let release = alerted.release;
    let critical = alerted.critical();
    let about = ReleaseDigest::of(release, report.started_at);
    let summary = alerted.summary(digest, &about);
    let mut details = json!({
        "cluster": digest.cluster,
        "release": about.name,
        "verdict": words::verdict(release),
        "critical": critical,
        "details": about.details,
        "scan": digest.scan_facts,
        "next": next_command(release),
    });
    if let Some(group) = alerted.others() {
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
