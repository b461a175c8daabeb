//! The report as metrics of Prometheus: counts and ages by fixed words, and series of single releases where asked for.
//!
//! Every word of a fixed vocabulary has a series, with 0 where nothing has it, so that an alert does not have to know the
//! difference between "none" and "not there". Nothing is resolved by an answer that is none: a run that was stopped or
//! failed has nothing to say of the cluster, and leaves what an earlier one said ([`families::About`]).

mod age;
mod exposition;
pub mod families;
mod releases;

use chrono::{DateTime, Utc};

use self::age::DriftAge;
use self::exposition::Value;
pub use self::exposition::{CONTENT_TYPE, Exposition};
use self::families::Family;
use super::summary::has_unread_parts;
use crate::model::{ObjectReport, Report, ScanCosts};
use crate::policy::shard::Shard;
use crate::vocabulary::{
    AnswerCode, FindingCode, HealthCode, HealthSeverity, ObjectState, Outcome, ScanStage, Severity, Stopped,
    Verdict, vocabulary,
};

vocabulary! {
    /// What became of the notifications of a scan.
    NotificationOutcome {
        /// There was nothing to deliver.
        None = "none",
        /// Every one arrived.
        Delivered = "delivered",
        /// At least one did not.
        Undelivered = "undelivered",
    }
}

/// How far a run came, and so what its metrics replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Everything was read that was asked for.
    Complete,
    /// The scan came to its end, and something could not be read.
    Incomplete,
    /// The scan was stopped, or failed.
    Early,
}

impl RunEnd {
    /// How far the scan of a report came.
    pub fn of(report: &Report) -> Self {
        if report.stopped.is_some() || report.outcome == Outcome::Error {
            Self::Early
        } else if has_unread_parts(report) {
            Self::Incomplete
        } else {
            Self::Complete
        }
    }
}

/// The metrics of one scan, but for what follows it.
#[derive(Debug, Clone)]
pub struct Metrics {
    exposition: Exposition,
    end: RunEnd,
}

impl Metrics {
    /// Counts a report, from which nothing was taken away yet, with series of at most so many releases.
    pub fn of(report: &Report, costs: &ScanCosts, max_releases: usize) -> Self {
        let end = RunEnd::of(report);
        let mut counting = Counting {
            report,
            exposition: Exposition::new(&report.cluster.name, Shard::of(&report.selection)),
        };
        counting.count_run(costs, end);
        match end {
            RunEnd::Complete | RunEnd::Incomplete => counting.count_cluster(max_releases),
            RunEnd::Early => {}
        }
        Self {
            exposition: counting.exposition,
            end,
        }
    }

    /// How far the scan came.
    pub const fn end(&self) -> RunEnd {
        self.end
    }

    /// All metrics, now that it is known what became of the notifications.
    pub fn exposition(&self, notifications: NotificationOutcome) -> Exposition {
        let mut exposition = self.exposition.clone();
        for outcome in NotificationOutcome::ALL {
            let applies = *outcome == notifications;
            exposition.add(Family::Notifications, &[outcome.as_str()], applies.into());
        }
        exposition
    }
}

/// What is counted, and what was counted so far.
struct Counting<'r> {
    report: &'r Report,
    exposition: Exposition,
}

impl Counting<'_> {
    fn add(&mut self, family: Family, labels: &[&str], value: impl Into<Value>) {
        self.exposition.add(family, labels, value.into());
    }

    /// What every run says of itself.
    fn count_run(&mut self, costs: &ScanCosts, end: RunEnd) {
        let report = self.report;
        self.add(
            Family::BuildInfo,
            &[&exposition::label_value(&report.tool.version)],
            1,
        );
        let ended = Value::Seconds(timestamp(report.finished_at));
        self.add(Family::LastScan, &[], ended);
        match end {
            RunEnd::Complete => {
                self.add(Family::LastSuccess, &[], ended);
                self.add(Family::LastComplete, &[], ended);
            }
            RunEnd::Incomplete => self.add(Family::LastSuccess, &[], ended),
            RunEnd::Early => {}
        }
        for outcome in Outcome::ALL {
            self.add(Family::Outcome, &[outcome.as_str()], report.outcome == *outcome);
        }
        for reason in Stopped::ALL {
            self.add(
                Family::Stopped,
                &[reason.as_str()],
                report.stopped == Some(*reason),
            );
        }
        let took = age::seconds(report.finished_at - report.started_at).max(0.0);
        self.add(Family::Duration, &[], Value::Seconds(took));
        for stage in ScanStage::ALL {
            let took = costs.stages.get(stage).copied().unwrap_or_default();
            self.add(
                Family::StageDuration,
                &[stage.as_str()],
                Value::Seconds(took.as_secs_f64()),
            );
        }
        self.add(Family::Errors, &[], report.errors.len());
        // A snapshot has no API server.
        if let Some(traffic) = &costs.traffic {
            for code in AnswerCode::ALL {
                let requests = traffic.requests.get(code).copied().unwrap_or_default();
                self.add(Family::ApiRequests, &[code.as_str()], Value::Number(requests));
            }
            self.add(Family::ApiBytes, &[], Value::Number(traffic.bytes));
        }
    }

    /// What a run that came to its end says of the cluster.
    fn count_cluster(&mut self, max_releases: usize) {
        let report = self.report;
        self.count_releases_and_objects();
        self.count_findings();
        self.count_health();
        let mut drift = DriftAge::default();
        for release in &report.releases {
            drift.add(DriftAge::of(release));
        }
        self.add(
            Family::OldestDrift,
            &[],
            Value::Seconds(drift.seconds(report.finished_at)),
        );
        self.add(Family::UndatedDrift, &[], drift.undated);
        if let Some(changes) = &report.summary.changes {
            for (status, number) in [
                ("new", changes.new),
                ("changed", changes.changed),
                ("ongoing", changes.ongoing),
                ("resolved", changes.resolved),
            ] {
                self.add(Family::Changes, &[status], number);
            }
            self.add(Family::Flapping, &[], changes.flapping);
        }
        if let Some(orphans) = &report.orphans {
            self.add(Family::OrphanedReleases, &[], orphans.len());
        }
        if max_releases > 0 {
            releases::add(report, max_releases, &mut self.exposition);
        }
    }

    fn count_releases_and_objects(&mut self) {
        let summary = &self.report.summary;
        for verdict in Verdict::ALL {
            let number = match verdict {
                Verdict::Clean => summary.releases.clean,
                Verdict::Drifted => summary.releases.drifted,
                Verdict::Incomplete => summary.releases.incomplete,
                Verdict::Unreadable => summary.releases.unreadable,
            };
            self.add(Family::Releases, &[verdict.as_str()], number);
        }
        for state in ObjectState::ALL {
            let number = match state {
                ObjectState::InSync => summary.objects.in_sync,
                ObjectState::Drifted => summary.objects.drifted,
                ObjectState::Missing => summary.objects.missing,
                ObjectState::Terminating => summary.objects.terminating,
                ObjectState::Foreign => summary.objects.foreign,
                ObjectState::Leftover => summary.objects.leftover,
                ObjectState::Unknown => summary.objects.unknown,
                ObjectState::Ignored => summary.objects.ignored,
            };
            self.add(Family::Objects, &[state.as_str()], number);
        }
    }

    fn objects(&self) -> impl Iterator<Item = &ObjectReport> {
        self.report.releases.iter().flat_map(|release| &release.objects)
    }

    /// The expected findings of objects that are only counted.
    fn unlisted_expected(&self) -> usize {
        let releases = self.report.releases.iter();
        releases.map(|release| release.unlisted.expected).sum()
    }

    fn count_findings(&mut self) {
        for code in FindingCode::ALL {
            for severity in Severity::ALL {
                let findings = self.objects().flat_map(|object| &object.findings);
                let number = findings
                    .filter(|finding| finding.ignored_by.is_none())
                    .filter(|finding| (finding.code, finding.severity) == (*code, *severity))
                    .count();
                let unlisted = match (code, severity) {
                    (FindingCode::ControllerOwned, Severity::Info) => self.unlisted_expected(),
                    _ => 0,
                };
                let number = number + unlisted;
                self.add(Family::Findings, &[code.as_str(), severity.as_str()], number);
            }
        }
        for severity in Severity::ALL {
            let number = self.objects().map(|object| match severity {
                Severity::Drift => object.left_out.drift,
                Severity::Info => object.left_out.info + object.left_out.expected,
            });
            let number: usize = number.sum();
            self.add(Family::FindingsUnlisted, &[severity.as_str()], number);
        }
        self.add(Family::FindingsIgnored, &[], self.report.summary.findings.ignored);
    }

    fn count_health(&mut self) {
        for code in HealthCode::ALL {
            for severity in HealthSeverity::ALL {
                let entries = self.report.releases.iter().flat_map(|release| &release.health);
                let number = entries
                    .filter(|entry| (entry.code, entry.severity) == (*code, *severity))
                    .count();
                self.add(Family::HealthEntries, &[code.as_str(), severity.as_str()], number);
            }
        }
    }
}

/// The time in seconds since 1970.
fn timestamp(time: DateTime<Utc>) -> f64 {
    age::seconds(time - DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
