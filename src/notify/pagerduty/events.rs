//! The events that a report calls for.
//!
//! An alert is opened by `trigger` and closed by `resolve`, both found by their `dedup_key`. PagerDuty drops a
//! `resolve` that finds nothing open, so resolving needs no memory of what was triggered; but only what this run
//! evaluated is ever resolved. A run that found no release, failed, was stopped or could not read everything closes no cluster's
//! alert, and a release that was not compared keeps its own.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::open::OpenAlerts;
use super::payload;
use super::settings::{PagerDutyScope, PagerDutyService, PagerDutySeverity};
use crate::model::{Fingerprint, ReleaseNames, ReleaseReport, Report};
use crate::notify::Notice;
use crate::notify::alerted::AlertedRelease;
use crate::notify::digest::Digest;
use crate::notify::evaluated::{is_complete, is_proof_of_calm, is_resolved};
use crate::notify::links::Link;
use crate::notify::release::{drifted, has_news};
use crate::report::summary::critical_releases;
use crate::report::words::critical_codes;
use crate::vocabulary::{Ending, Outcome, Verdict};

/// How the part of a selection begins that is the shard.
const SHARD: &str = "shard=";

/// One event for the Events API v2.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Which alert or change it is about.
    pub key: String,
    /// What it tells.
    pub action: Action,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Opens an alert, or adds to its log if it is open.
    Trigger {
        /// How severe it is.
        severity: PagerDutySeverity,
        /// Its `payload`.
        payload: Value,
        /// The operator's links to the release that it is about, or to the worst one.
        links: Vec<Link>,
    },
    /// Closes an alert if it is open.
    Resolve,
    /// Tells of a deployment.
    Change {
        /// Its `payload`.
        payload: Value,
        /// The operator's links to the release.
        links: Vec<Link>,
        /// When Helm deployed it.
        deployed_at: DateTime<Utc>,
    },
}

impl Event {
    /// The request's body.
    pub fn body(&self, routing_key: &str) -> Value {
        let mut body = json!({"routing_key": routing_key});
        match &self.action {
            Action::Trigger { payload, links, .. } => {
                body["dedup_key"] = json!(self.key);
                body["event_action"] = json!("trigger");
                body["client"] = json!("driftline");
                body["payload"] = payload.clone();
                add_links(&mut body, links);
            }
            Action::Resolve => {
                body["dedup_key"] = json!(self.key);
                body["event_action"] = json!("resolve");
            }
            Action::Change { payload, links, .. } => {
                body["payload"] = payload.clone();
                add_links(&mut body, links);
            }
        }
        body
    }
}

fn add_links(body: &mut Value, links: &[Link]) {
    if !links.is_empty() {
        let links = links.iter();
        let links = links.map(|link| json!({"href": link.url, "text": link.title}));
        body["links"] = links.collect();
    }
}

/// The events of one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventPlan {
    /// In the order to send them.
    pub events: Vec<Event>,
    /// How many releases' alerts had no room. The cluster's own alert stands in for them.
    pub triggers_left_out: usize,
    /// How many clean releases had no room. Which ones differs from run to run, so each gets its turn.
    pub resolves_left_out: usize,
    /// How many changes had no room. They follow with the next scan.
    pub changes_left_out: usize,
}

impl EventPlan {
    /// Decides on the events that a notice calls for. `open` are the alerts that are known to be open; without memory none
    /// is, and every alert is opened or closed at every scan.
    pub fn new(notice: &Notice<'_>, open: Option<&OpenAlerts>, service: &PagerDutyService) -> Self {
        let (report, digest) = (notice.report, notice.digest);
        match service.scope {
            PagerDutyScope::Cluster => {
                let event = cluster_event(report, digest, service);
                let has_news = !digest.news.is_empty();
                let event = event.filter(|event| match (&event.action, open) {
                    (Action::Trigger { severity, .. }, Some(open)) => {
                        has_news || !open.is_as(&event.key, severity.as_str())
                    }
                    // What closed nothing is dropped, and what was opened may not be known: a run can end before it is kept.
                    (Action::Resolve | Action::Change { .. }, Some(_)) | (_, None) => true,
                });
                Self {
                    events: event.into_iter().collect(),
                    ..Self::default()
                }
            }
            PagerDutyScope::Release => release_events(report, digest, service, open),
        }
    }
}

impl EventPlan {
    /// Closes the cluster's alert that scans of all shards together left open, now that each shard has one of its own.
    pub(super) fn close_unsharded(&mut self, report: &Report, open: &OpenAlerts, service: &PagerDutyService) {
        let parts = service.selection.iter().filter(|part| !part.starts_with(SHARD));
        let key = key_of_cluster(report, parts.map(String::as_str));
        if key != cluster_key(report, service) && open.has(&key) {
            self.events.push(Event {
                key,
                action: Action::Resolve,
            });
        }
    }
}

fn cluster_event(report: &Report, digest: &Digest, service: &PagerDutyService) -> Option<Event> {
    let is_drift = report.summary.releases.drifted > 0 || report.outcome == Outcome::Drift;
    let is_critical = critical_releases(report).next().is_some();
    let causes = [
        (is_critical, service.severities.critical_health),
        (is_drift, Some(service.severities.drift)),
        (!is_complete(report), service.severities.incomplete),
    ];
    let severity = causes
        .into_iter()
        .find_map(|(applies, severity)| severity.filter(|_| applies));
    let action = match severity {
        Some(severity) => Action::Trigger {
            severity,
            payload: payload::of_cluster(report, digest, severity),
            links: digest.links.clone(),
        },
        // What is remembered tells a cluster from which everything was uninstalled from an answer that is none.
        None if is_proof_of_calm(report) || (is_complete(report) && is_uninstalled(report)) => {
            Action::Resolve
        }
        None => return None,
    };
    Some(Event {
        key: cluster_key(report, service),
        action,
    })
}

fn cluster_key(report: &Report, service: &PagerDutyService) -> String {
    key_of_cluster(report, service.selection.iter().map(String::as_str))
}

fn key_of_cluster<'p>(report: &'p Report, selection: impl Iterator<Item = &'p str>) -> String {
    let parts = ["cluster", &report.cluster.name].into_iter();
    dedup_key(&Fingerprint::of(parts.chain(selection)))
}

fn release_events(
    report: &Report,
    digest: &Digest,
    service: &PagerDutyService,
    open: Option<&OpenAlerts>,
) -> EventPlan {
    let groups = drifted(report);
    let groups = AlertedRelease::by_release(&groups);
    let is_open = |key: &str| open.is_none_or(|open| open.has(key));
    let (mut triggers, mut resolves) = (Vec::new(), Vec::new());
    for release in &report.releases {
        let key = dedup_key(&Fingerprint::release(report, release));
        if let Some(severity) = release_severity(release, service) {
            let is_told = open.is_some_and(|open| open.is_as(&key, severity.as_str()));
            if !is_told || has_news(release) {
                triggers.push((release, severity));
            }
        } else if is_resolved(report, release) && is_open(&key) {
            resolves.push(key);
        }
    }
    resolves.extend(gone(report).filter(|key| open.is_some() && is_open(key)));
    // One event is for the cluster's alert: it stands in for alerts that have no room, and is closed when all have.
    let room = service.max_events.saturating_sub(1);
    let triggers_left_out = triggers.len().saturating_sub(room);
    let resolves_left_out = resolves
        .len()
        .saturating_sub(room - (triggers.len() - triggers_left_out));
    let cluster = if triggers_left_out > 0 {
        let payload = payload::of_cluster(report, digest, service.severities.drift);
        Some(Action::Trigger {
            severity: service.severities.drift,
            payload,
            links: digest.links.clone(),
        })
    } else {
        is_proof_of_calm(report).then_some(Action::Resolve)
    };
    let mut events = Vec::new();
    let key = cluster_key(report, service);
    let cluster = cluster.filter(|action| matches!(action, Action::Trigger { .. }) || is_open(&key));
    events.extend(cluster.map(|action| Event { key, action }));
    for (release, severity) in by_turns(&triggers, triggers_left_out, report) {
        let action = Action::Trigger {
            severity: *severity,
            payload: payload::of_release(report, digest, &AlertedRelease::new(release, &groups), *severity),
            links: digest.links_to(report, release),
        };
        events.push(Event {
            key: dedup_key(&Fingerprint::release(report, release)),
            action,
        });
    }
    for key in by_turns(&resolves, resolves_left_out, report) {
        events.push(Event {
            key: key.clone(),
            action: Action::Resolve,
        });
    }
    EventPlan {
        events,
        triggers_left_out,
        resolves_left_out,
        changes_left_out: 0,
    }
}

/// Whether the last of the releases that were known was uninstalled.
fn is_uninstalled(report: &Report) -> bool {
    let mut resolved = report.resolved.iter();
    report.releases.is_empty() && resolved.any(|resolved| resolved.how == Ending::ReleaseGone)
}

/// The keys of releases that were uninstalled.
fn gone(report: &Report) -> impl Iterator<Item = String> + '_ {
    let gone = report
        .resolved
        .iter()
        .filter(|resolved| resolved.how == Ending::ReleaseGone);
    let keys: BTreeSet<String> = gone
        .map(|resolved| {
            dedup_key(&Fingerprint::of_release(ReleaseNames {
                cluster: &report.cluster.name,
                storage: &resolved.storage,
                name: &resolved.release,
            }))
        })
        .collect();
    keys.into_iter()
}

/// All but so many items, beginning at one that the time of the scan decides on, so that over the runs every item has
/// its turn, and the same report always gives the same events.
///
/// The time is hashed, because the plain time would not do: where the interval of the scans is a multiple of the
/// number of items, as a day in seconds is of 90, it begins at the same item for ever, and the alerts of the releases
/// behind the last event would never be closed.
fn by_turns<'a, T>(
    items: &'a [T],
    left_out: usize,
    report: &Report,
) -> impl Iterator<Item = &'a T> + use<'a, T> {
    let hash = Sha256::digest(report.started_at.to_rfc3339());
    let number = hash
        .iter()
        .take(4)
        .fold(0_usize, |number, byte| (number << 8) | usize::from(*byte));
    let start = if left_out == 0 { 0 } else { number % items.len() };
    items.iter().cycle().skip(start).take(items.len() - left_out)
}

fn release_severity(release: &ReleaseReport, service: &PagerDutyService) -> Option<PagerDutySeverity> {
    let severities = &service.severities;
    let critical = severities
        .critical_health
        .filter(|_| !critical_codes(release).is_empty());
    critical.or(match release.verdict {
        Verdict::Drifted => Some(severities.drift),
        Verdict::Clean => None,
        Verdict::Incomplete | Verdict::Unreadable => severities.incomplete,
    })
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
