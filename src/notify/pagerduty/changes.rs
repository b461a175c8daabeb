//! Change events, which PagerDuty shows beside incidents and pages nobody for: what Helm deployed since the last scan.
//!
//! A change is a baseline that was deployed since the last scan that sent all of them. Helm writes that time by the clock of
//! whoever ran it, so what was deployed a little before that scan counts, too, and what was sent is known by release and
//! revision. Without a memory nobody knows of a last scan, and nothing is sent.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::events::{Action, Event, EventPlan};
use super::payload::SUMMARY;
use crate::model::{Fingerprint, ReleaseReport, Report, Revision};
use crate::notify::digest::Digest;
use crate::notify::evaluated::is_complete;
use crate::notify::fair;
use crate::notify::release::release_name;
use crate::notify::text::{NAME, clean, fit};

/// How many change events one run sends at most. The others follow with the next scan.
const MOST: usize = 50;

/// How far the clock of whoever runs Helm may be off.
const SKEW: TimeDelta = TimeDelta::minutes(10);

/// How far back changes are looked for where scans before were not complete or could not send them.
const FARTHEST: TimeDelta = TimeDelta::days(1);

/// How many changes that were sent are kept.
const MOST_KEPT: usize = 2_000;

/// The longest identity of a change: a fingerprint, a colon and a revision.
const LONGEST_KEY: usize = 64 + 1 + 20;

/// The changes that were sent, as the memory keeps them from scan to scan. What was kept may be anything: what has another
/// form is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentChanges {
    /// When the last scan began whose changes were all sent; `None` before the first.
    until: Option<DateTime<Utc>>,
    /// When each was deployed, by its identity.
    sent: BTreeMap<String, DateTime<Utc>>,
}

impl SentChanges {
    /// Reads what was kept.
    pub fn of_kept(kept: &Value) -> Self {
        let time = |value: &Value| {
            let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
            Some(time.to_utc())
        };
        let sent = kept["sent"].as_object().into_iter().flatten();
        let sent = sent.filter(|(key, _)| key.len() <= LONGEST_KEY);
        let sent = sent.filter_map(|(key, deployed_at)| Some((key.clone(), time(deployed_at)?)));
        Self {
            until: time(&kept["until"]),
            sent: sent.take(MOST_KEPT).collect(),
        }
    }

    /// What is to be kept.
    pub fn kept(&self) -> Value {
        let text = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let sent = self
            .sent
            .iter()
            .map(|(key, deployed_at)| (key.clone(), text(deployed_at)));
        json!({"until": self.until.as_ref().map(text), "sent": sent.collect::<BTreeMap<_, _>>()})
    }

    /// Adds the change events that a report calls for to the alerts, of every namespace in turn.
    pub fn add_to(&self, plan: &mut EventPlan, report: &Report, digest: &Digest, max_events: usize) {
        let Some(until) = self.until else {
            return;
        };
        let changes: Vec<Change<'_>> = deployed_since(report, until - SKEW)
            .filter(|change| !self.sent.contains_key(&change.key))
            .collect();
        let room = max_events.saturating_sub(plan.events.len()).min(MOST);
        plan.changes_left_out = changes.len().saturating_sub(room);
        let mut changes =
            fair::by_namespace(changes, room, |change| change.release.storage.namespace.as_str());
        changes.sort_by(|a, b| (a.deployed_at, &a.key).cmp(&(b.deployed_at, &b.key)));
        plan.events
            .extend(changes.into_iter().map(|change| change.event(report, digest)));
    }

    /// Notes that a change was sent.
    pub(super) fn add(&mut self, key: &str, deployed_at: DateTime<Utc>) {
        self.sent.insert(key.to_owned(), deployed_at);
    }

    /// Ends a run. Where it read everything and sent every change, the next one looks no farther back than to here.
    pub(super) fn end(&mut self, report: &Report, is_all_sent: bool) {
        let now = report.started_at;
        // What was not read of a release that others are told of may have been deployed, too.
        let has_doubts = report.releases.iter().any(|release| release.has_unsettled);
        let until = match self.until {
            // What was deployed before anything is remembered is no news.
            None => {
                let deployed = deployed_since(report, now - SKEW);
                self.sent
                    .extend(deployed.map(|change| (change.key, change.deployed_at)));
                now
            }
            Some(until) if is_all_sent && is_complete(report) && !has_doubts => until.max(now),
            Some(until) => until.max(now - FARTHEST),
        };
        self.until = Some(until);
        self.sent.retain(|_, deployed_at| *deployed_at > until - SKEW);
        if self.sent.len() > MOST_KEPT {
            let mut times: Vec<DateTime<Utc>> = self.sent.values().copied().collect();
            times.sort();
            let oldest_kept = times[times.len() - MOST_KEPT];
            self.sent.retain(|_, deployed_at| *deployed_at >= oldest_kept);
        }
    }
}

/// A deployment.
struct Change<'r> {
    /// Its identity.
    key: String,
    release: &'r ReleaseReport,
    baseline: &'r Revision,
    deployed_at: DateTime<Utc>,
}

/// What was deployed after a time. What has a time that is still to come, as anybody may write it, is told then.
fn deployed_since(report: &Report, after: DateTime<Utc>) -> impl Iterator<Item = Change<'_>> {
    report.releases.iter().filter_map(move |release| {
        let baseline = release.baseline.as_ref()?;
        let deployed_at = baseline.deployed_at?;
        if deployed_at <= after || deployed_at > report.started_at + SKEW {
            return None;
        }
        Some(Change {
            key: format!("{}:{}", Fingerprint::release(report, release), baseline.revision),
            release,
            baseline,
            deployed_at,
        })
    })
}

impl Change<'_> {
    fn event(self, report: &Report, digest: &Digest) -> Event {
        let (release, cluster) = (self.release, &digest.cluster);
        let (name, revision) = (release_name(release), self.baseline.revision);
        let chart = release.chart.as_ref();
        let chart = chart.map(|chart| clean(&format!("{} {}", chart.name, chart.version), NAME));
        let of_chart = chart.as_ref().map(|chart| format!(" of {chart}"));
        let of_chart = of_chart.unwrap_or_default();
        let summary = format!("{cluster}: {name}: revision {revision}{of_chart} was deployed");
        let payload = json!({
            "summary": fit(&summary, SUMMARY),
            "source": cluster,
            "timestamp": self.deployed_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "custom_details": {
                "cluster": cluster,
                "release": name,
                "revision": revision,
                "previous revision": release.previous.as_ref().map(|previous| previous.revision),
                "chart": chart,
            },
        });
        Event {
            key: self.key,
            action: Action::Change {
                payload,
                links: digest.links_to(report, release),
                deployed_at: self.deployed_at,
            },
        }
    }
}
