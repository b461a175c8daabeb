//! The alerts that a report calls for, in the form that `POST /api/v2/alerts` takes (`postableAlert` in api/v2/openapi.yaml).
//!
//! An alert fires as long as its end is in the future. Each scan moves the end of what it finds to two and a half intervals
//! from now, so that neither a late scan nor a missing one ends it, and a job that is gone does not leave alerts behind for
//! ever. An end that is now resolves an alert, and Alertmanager lets an explicit end win over a later one that it had
//! (`Merge` in alert/alert.go).
//!
//! Labels are the identity of an alert, and severity and codes are among them: a release whose codes change gets another
//! alert. The old one is ended as well, if it is remembered what it was and the release was read as a whole; else it ends by
//! itself. What could not be read is not resolved: its alert is refreshed as it was, for up to 24 intervals.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::kept::{Kept, KeptAlert, MAX_KEPT};
use super::labels::{AlertSeverity, LabelledRelease, Labels, Trouble, trouble};
use super::settings::{Alertmanager, IncompleteReleases};
use crate::model::{ReleaseReport, Report, Storage};
use crate::notify::alerted::{AlertedRelease, Groups};
use crate::notify::digest::Digest;
use crate::notify::evaluated::{is_complete, is_evaluated, is_resolved};
use crate::notify::release::{ReleaseDigest, drifted, in_the_same_way};
use crate::notify::text::{NAME, clean, fit, without_markup};
use crate::notify::{Notice, fair};
use crate::policy::shard::Shard;
use crate::report::words::minute;
use crate::vocabulary::Ending;

/// The most firing alerts of one scan.
const MAX_FIRING: usize = MAX_KEPT;

/// The longest summary, in bytes.
const SUMMARY: usize = 1_000;

/// The longest description, in bytes. Mails and chats show it whole.
const DESCRIPTION: usize = 3_000;

/// How many intervals an alert is refreshed that no scan could read again.
const UNREAD_INTERVALS: i32 = 24;

/// The oldest start of an alert. What tells it, such as managed fields, may say anything.
const OLDEST: TimeDelta = TimeDelta::days(3_650);

/// The alerts of one scan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertPlan {
    /// As they are sent: those that fire first, so that what fails never ends an alert without its successor.
    pub alerts: Vec<Value>,
    /// How many of them are about what this scan found.
    pub firing: usize,
    /// How many of them are refreshed although this scan could not read their releases.
    pub unread: usize,
    /// How many of them are resolved.
    pub resolved: usize,
    /// How many releases had no room.
    pub left_out: usize,
    /// What to remember of them.
    pub keeps: Option<Value>,
}

impl AlertPlan {
    /// Decides on the alerts for a report.
    pub fn new(notice: &Notice<'_>, group: &Alertmanager) -> Self {
        let kept = Kept::read(notice.kept);
        let planner = Planner::new(notice, group, &kept);
        let mut plan = Self::default();
        let mut keeps = Kept {
            extra: group.labels.clone(),
            alerts: Vec::new(),
        };
        let (mut firing, mut found) = (BTreeSet::new(), BTreeSet::new());
        let groups = drifted(notice.report);
        let groups = AlertedRelease::by_release(&groups);
        let (alerted, left_out) = planner.alerted();
        plan.left_out = left_out;
        for (release, trouble) in alerted {
            let labels = LabelledRelease::of(release).labels(planner.cluster(), &group.labels, &trouble);
            let alert = planner.found(release, trouble);
            let annotations = annotations(notice.digest, release, &groups, notice.report.started_at);
            plan.alerts.push(planner.alert(&labels, &alert, &annotations));
            firing.insert(labels);
            found.insert((&release.storage, release.name.as_str()));
            keeps.alerts.push(alert);
        }
        plan.firing = plan.alerts.len();
        let mut ends = Vec::new();
        for old in &kept.alerts {
            let labels = old.labels(planner.cluster(), &kept.extra);
            if firing.contains(&labels) {
                continue;
            }
            match planner.fate(old, found.contains(&old.release())) {
                Fate::Ends(why) => {
                    let old = KeptAlert {
                        ends_at: planner.now,
                        ..old.clone()
                    };
                    ends.push(planner.alert(&labels, &old, &json!({"summary": planner.sentence(&old, why)})));
                }
                Fate::Unread => {
                    let old = KeptAlert {
                        ends_at: planner.until,
                        ..old.clone()
                    };
                    let why = format!("was so at {} UTC, and could not be read since", minute(old.seen));
                    let annotations = json!({"summary": planner.sentence(&old, &why)});
                    plan.alerts.push(planner.alert(&labels, &old, &annotations));
                    keeps.alerts.push(old);
                    plan.unread += 1;
                }
                Fate::Left if old.ends_at > planner.now => keeps.alerts.push(old.clone()),
                Fate::Left => {}
            }
        }
        plan.resolved = ends.len();
        plan.alerts.extend(ends);
        // What is remembered has one set of the operator's labels. Alerts with others, if any are left, end by themselves.
        if kept.extra != group.labels {
            keeps.alerts.truncate(plan.firing);
        }
        if notice.kept.is_some() || !keeps.alerts.is_empty() {
            plan.keeps = Some(keeps.write());
        }
        plan
    }
}

/// What becomes of an alert that was firing and that this scan did not find.
enum Fate {
    /// It ends now.
    Ends(&'static str),
    /// Its release could not be read: it goes on.
    Unread,
    /// Nothing is known of it. It ends when its time is over.
    Left,
}

/// A report, what is remembered, and the times of this scan's alerts.
struct Planner<'n> {
    report: &'n Report,
    group: &'n Alertmanager,
    /// The end of the scan, which is now.
    now: DateTime<Utc>,
    /// The end of what fires.
    until: DateTime<Utc>,
    releases: BTreeMap<(&'n Storage, &'n str), &'n ReleaseReport>,
    /// The releases that were uninstalled.
    gone: BTreeSet<(&'n Storage, &'n str)>,
    /// The earliest known start of the alerts of a release.
    starts: BTreeMap<(&'n Storage, &'n str), DateTime<Utc>>,
}

impl<'n> Planner<'n> {
    fn new(notice: &Notice<'n>, group: &'n Alertmanager, kept: &'n Kept) -> Self {
        let report = notice.report;
        let now = report.finished_at;
        let gone = report
            .resolved
            .iter()
            .filter(|resolved| resolved.how == Ending::ReleaseGone);
        let mut starts = BTreeMap::new();
        for alert in &kept.alerts {
            let start = starts.entry(alert.release()).or_insert(alert.starts_at);
            *start = (*start).min(alert.starts_at);
        }
        Self {
            report,
            group,
            now,
            until: now + interval(group) * 5 / 2,
            releases: report
                .releases
                .iter()
                .map(|release| ((&release.storage, release.name.as_str()), release))
                .collect(),
            gone: gone
                .map(|resolved| (&resolved.storage, resolved.release.as_str()))
                .collect(),
            starts,
        }
    }

    fn cluster(&self) -> &'n str {
        &self.report.cluster.name
    }

    /// The releases that fire, the worst first as long as they have room, and how many have none.
    fn alerted(&self) -> (Vec<(&'n ReleaseReport, Trouble)>, usize) {
        let least = match self.group.incomplete {
            IncompleteReleases::Silent => AlertSeverity::Warning,
            IncompleteReleases::Alerted => AlertSeverity::Info,
        };
        let releases = self.report.releases.iter();
        let mut alerted: Vec<_> = releases
            .filter_map(|release| Some((release, trouble(release, least)?)))
            .collect();
        alerted.sort_by_key(|(_, trouble)| Reverse(trouble.severity));
        let all = alerted.len();
        let alerted = fair::by_namespace(alerted, MAX_FIRING, |(release, _)| &release.storage.namespace);
        let left_out = all - alerted.len();
        (alerted, left_out)
    }

    /// The alert of a release that this scan found in trouble.
    fn found(&self, release: &ReleaseReport, trouble: Trouble) -> KeptAlert {
        let tracked = &release.tracked;
        let known = [
            tracked.since.map(|since| since.time),
            tracked.first_seen,
            self.starts
                .get(&(&release.storage, release.name.as_str()))
                .copied(),
        ];
        KeptAlert {
            storage: release.storage.clone(),
            namespace: release.namespace.clone(),
            name: release.name.clone(),
            trouble,
            starts_at: known
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(self.report.started_at),
            seen: self.now,
            ends_at: self.until,
        }
    }

    /// What becomes of an alert, of whose release this scan found another one or none.
    fn fate(&self, old: &KeptAlert, has_another: bool) -> Fate {
        let oldest = self.now - interval(self.group) * UNREAD_INTERVALS;
        let is_recent = (oldest..=self.now).contains(&old.seen);
        let unread = if is_recent { Fate::Unread } else { Fate::Left };
        match self.releases.get(&old.release()) {
            Some(release) if is_resolved(self.report, release) => Fate::Ends("is in order again"),
            // What is still wrong with it is another alert.
            Some(release) if has_another && is_evaluated(self.report, release) => {
                Fate::Ends("has other codes now, and another alert")
            }
            Some(_) => unread,
            None if self.gone.contains(&old.release()) => Fate::Ends("was uninstalled"),
            // Another shard refreshes or ends it, or lets its time pass.
            None if !self.is_in_shard(&old.storage.namespace) => Fate::Left,
            None if !is_complete(self.report) => unread,
            // It was not asked for, or nobody knows what became of it.
            None => Fate::Left,
        }
    }

    /// Whether releases with records in a namespace are this scan's, where it is one of a shard.
    fn is_in_shard(&self, namespace: &str) -> bool {
        Shard::of(&self.report.selection).is_none_or(|shard| shard.has(namespace))
    }

    fn sentence(&self, old: &KeptAlert, what: &str) -> String {
        let (namespace, name) = (clean(&old.namespace, NAME), clean(&old.name, NAME));
        let cluster = clean(self.cluster(), NAME);
        annotation(
            &format!("driftline: {cluster}: {namespace}/{name} {what}"),
            SUMMARY,
        )
    }

    fn alert(&self, labels: &Labels, alert: &KeptAlert, annotations: &Value) -> Value {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut value = json!({
            "labels": labels,
            "annotations": annotations,
            // The start may not be after the end (`Validate` in alert/validate.go).
            "startsAt": time(alert.starts_at.clamp(self.now - OLDEST, self.now)),
            "endsAt": time(alert.ends_at),
        });
        if let Some(url) = &self.group.generator_url {
            value["generatorURL"] = json!(url);
        }
        value
    }
}

/// The time between two scans. The settings allow a week at most.
fn interval(group: &Alertmanager) -> TimeDelta {
    TimeDelta::from_std(group.interval).unwrap_or(TimeDelta::weeks(1))
}

/// A text of an alert. Alertmanager's own receiver for Slack does not escape it.
fn annotation(text: &str, max: usize) -> String {
    fit(&without_markup(text), max)
}

/// The alert of a release in words: names, codes and paths, never values.
fn annotations(digest: &Digest, release: &ReleaseReport, groups: &Groups<'_>, now: DateTime<Utc>) -> Value {
    let alerted = AlertedRelease::new(release, groups);
    let about = ReleaseDigest::of(release, now);
    let mut lines = Vec::new();
    if let Some(group) = alerted.others() {
        lines.push(in_the_same_way(group));
    }
    let summary = alerted.summary(digest, &about);
    lines.extend(about.details);
    let mut annotations = json!({"summary": annotation(&summary, SUMMARY)});
    if !lines.is_empty() {
        annotations["description"] = json!(annotation(&lines.join("\n"), DESCRIPTION));
    }
    annotations
}
