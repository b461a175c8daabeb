//! Which events a report calls for.
//!
//! An alert is opened by `trigger` and closed by `resolve`, both found by their `dedup_key`. PagerDuty drops a
//! `resolve` that finds nothing open, so resolving needs no memory of what was triggered; but only what this run
//! evaluated is ever resolved. A run that failed, was stopped or could not read everything closes no cluster's
//! alert, and a release that was not compared keeps its own.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use sha2::{Digest as _, Sha256};

use crate::model::{Fingerprint, ReleaseReport, Report};
use crate::notify::digest::{Digest, critical_codes};
use crate::notify::list::Cost;
use crate::notify::settings::{PagerDutyScope, PagerDutySettings, PagerDutySeverity};
use crate::notify::text::{NAME, clean, fit, json_len};
use crate::vocabulary::{HealthCode, Outcome, Verdict};

/// The limit of a summary, in characters.
const SUMMARY: usize = 1_024;

/// What the names of releases take of a summary.
const SUMMARY_NAMES: usize = 600;

/// What the lists take of an event. An event takes 512,000 bytes, but people read it.
const DETAILS: usize = 40_000;

/// One event for the Events API v2.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Which alert it is about.
    pub dedup_key: String,
    /// What it does to it.
    pub action: Action,
}

/// What an event does to its alert.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Opens it, or adds to its log if it is open.
    Trigger {
        /// Its `payload`.
        payload: Value,
    },
    /// Closes it if it is open.
    Resolve,
}

impl Event {
    /// The request's body.
    pub fn body(&self, routing_key: &str) -> Value {
        let mut body = json!({"routing_key": routing_key, "dedup_key": self.dedup_key});
        match &self.action {
            Action::Trigger { payload } => {
                body["event_action"] = json!("trigger");
                body["client"] = json!("driftline");
                body["payload"] = payload.clone();
            }
            Action::Resolve => body["event_action"] = json!("resolve"),
        }
        body
    }
}

/// The events of one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// In the order to send them.
    pub events: Vec<Event>,
    /// How many releases' alerts had no room. The cluster's own alert stands in for them.
    pub triggers_left_out: usize,
    /// How many clean releases had no room. Which ones differs from run to run, so each gets its turn.
    pub resolves_left_out: usize,
}

impl Plan {
    /// Decides on the events for a report.
    pub fn new(report: &Report, settings: &PagerDutySettings) -> Self {
        match settings.scope {
            PagerDutyScope::Cluster => Self {
                events: cluster_event(report, settings).into_iter().collect(),
                ..Self::default()
            },
            PagerDutyScope::Release => release_events(report, settings),
        }
    }
}

/// Whether everything that the run was to look at was looked at.
fn is_complete(report: &Report) -> bool {
    let releases = &report.summary.releases;
    let is_whole = match report.outcome {
        Outcome::Clean | Outcome::Drift => true,
        Outcome::Incomplete | Outcome::Error => false,
    };
    is_whole
        && report.stopped.is_none()
        && report.errors.is_empty()
        && releases.incomplete == 0
        && releases.unreadable == 0
        && report.summary.objects.unknown == 0
}

fn cluster_event(report: &Report, settings: &PagerDutySettings) -> Option<Event> {
    let digest = Digest::new(report);
    let is_drift = report.summary.releases.drifted > 0 || report.outcome == Outcome::Drift;
    let causes = [
        (is_drift, Some(settings.severities.drift)),
        (!digest.critical.is_empty(), settings.severities.critical_health),
        (!is_complete(report), settings.severities.incomplete),
    ];
    let severity = causes
        .into_iter()
        .find_map(|(applies, severity)| severity.filter(|_| applies));
    let action = match severity {
        Some(severity) => Action::Trigger {
            payload: cluster_payload(report, &digest, severity),
        },
        None if is_complete(report) => Action::Resolve,
        None => return None,
    };
    Some(Event {
        dedup_key: cluster_key(report, settings),
        action,
    })
}

fn cluster_key(report: &Report, settings: &PagerDutySettings) -> String {
    let parts = ["cluster", &report.cluster.name].into_iter();
    dedup_key(&Fingerprint::of(
        parts.chain(settings.selection.iter().map(String::as_str)),
    ))
}

fn cluster_payload(report: &Report, digest: &Digest, severity: PagerDutySeverity) -> Value {
    let plain = Cost {
        of: json_len,
        per_line: 2,
    };
    let names = digest
        .drifted
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
    let in_array = Cost {
        of: json_len,
        per_line: 3,
    };
    let mut details = json!({"cluster": digest.cluster, "counts": digest.counts, "scan": digest.origin});
    for section in digest.sections(DETAILS, in_array) {
        details[section.title] = json!(section.lines);
    }
    payload(report, digest, severity, &summary, &details)
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

fn release_events(report: &Report, settings: &PagerDutySettings) -> Plan {
    let digest = Digest::new(report);
    let (mut triggers, mut resolves) = (Vec::new(), Vec::new());
    for release in &report.releases {
        if let Some(severity) = release_severity(release, settings) {
            triggers.push((release, severity));
        } else if is_resolved(report, release) {
            resolves.push(release);
        }
    }
    // One event is for the cluster's alert: it stands in for alerts that have no room, and is closed when all have.
    let room = settings.max_events.saturating_sub(1);
    let triggers_left_out = triggers.len().saturating_sub(room);
    let resolves_left_out = resolves
        .len()
        .saturating_sub(room - (triggers.len() - triggers_left_out));
    let cluster = if triggers_left_out > 0 {
        let payload = cluster_payload(report, &digest, settings.severities.drift);
        Some(Action::Trigger { payload })
    } else {
        is_complete(report).then_some(Action::Resolve)
    };
    let mut events = Vec::new();
    events.extend(cluster.map(|action| Event {
        dedup_key: cluster_key(report, settings),
        action,
    }));
    for (release, severity) in turn(&triggers, triggers_left_out, report) {
        let action = Action::Trigger {
            payload: release_payload(report, &digest, release, *severity),
        };
        events.push(Event {
            dedup_key: dedup_key(&Fingerprint::release(report, release)),
            action,
        });
    }
    for release in turn(&resolves, resolves_left_out, report) {
        events.push(Event {
            dedup_key: dedup_key(&Fingerprint::release(report, release)),
            action: Action::Resolve,
        });
    }
    Plan {
        events,
        triggers_left_out,
        resolves_left_out,
    }
}

/// All but so many items, beginning anywhere: hashed from the time of the scan, so that over the runs every item has
/// its turn whatever the interval, and the same report always gives the same events.
fn turn<'a, T>(items: &'a [T], left_out: usize, report: &Report) -> impl Iterator<Item = &'a T> + use<'a, T> {
    let hash = Sha256::digest(report.started_at.to_rfc3339());
    let number = hash
        .iter()
        .take(4)
        .fold(0_usize, |number, byte| (number << 8) | usize::from(*byte));
    let start = if left_out == 0 { 0 } else { number % items.len() };
    items.iter().cycle().skip(start).take(items.len() - left_out)
}

fn release_severity(release: &ReleaseReport, settings: &PagerDutySettings) -> Option<PagerDutySeverity> {
    let severities = &settings.severities;
    let of_critical = || {
        severities
            .critical_health
            .filter(|_| !critical_codes(release).is_empty())
    };
    match release.verdict {
        Verdict::Drifted => Some(severities.drift),
        Verdict::Clean => of_critical(),
        Verdict::Incomplete | Verdict::Unreadable => of_critical().or(severities.incomplete),
    }
}

/// Whether a release was compared as a whole, in a run that was itself in order, and nothing is wrong with it.
fn is_resolved(report: &Report, release: &ReleaseReport) -> bool {
    let moved = release
        .health
        .iter()
        .any(|health| health.code == HealthCode::ChangedDuringScan);
    release.verdict == Verdict::Clean
        && release.baseline.is_some()
        && !moved
        && report.stopped.is_none()
        && report.outcome != Outcome::Error
}

fn release_payload(
    report: &Report,
    digest: &Digest,
    release: &ReleaseReport,
    severity: PagerDutySeverity,
) -> Value {
    let critical: Vec<_> = critical_codes(release).iter().map(|code| code.as_str()).collect();
    let about = Digest::of_release(release);
    let what = match release.verdict {
        Verdict::Drifted => format!("drifted: {}", about.facts),
        Verdict::Clean => format!("is in a critical state: {}", critical.join(", ")),
        Verdict::Incomplete => "could not be fully read".to_owned(),
        Verdict::Unreadable => "has a record that cannot be read".to_owned(),
    };
    let summary = format!("driftline: {}: {} {what}", digest.cluster, about.name);
    let details = json!({
        "cluster": digest.cluster,
        "release": about.name,
        "verdict": release.verdict.as_str(),
        "critical": critical,
        "drifted": about.details,
        "scan": digest.origin,
    });
    let mut payload = payload(report, digest, severity, &summary, &details);
    payload["component"] = json!(clean(&release.name, NAME));
    payload["group"] = json!(clean(&release.namespace, NAME));
    payload
}

/// The key of an alert that is known by this fingerprint. PagerDuty takes at most 255 characters.
pub(super) fn dedup_key(fingerprint: &Fingerprint) -> String {
    format!("driftline:v1:{fingerprint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys are kept by PagerDuty from run to run: they may never change.
    #[test]
    fn keys_are_stable() {
        assert_eq!(
            dedup_key(&Fingerprint::of(["release", "prod", "secret", "shop", "web"])),
            "driftline:v1:e9e98c845ac160f9a2ab4e844ddc128bf065fc765780d045cacf4aaf11425eea"
        );
    }
}
