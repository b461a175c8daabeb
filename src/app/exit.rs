//! The exit status, on which CI gates, scheduled jobs and shell scripts branch.
//!
//! It is a pure function of the report and of the delivery of notifications, and never of the output format: some tools
//! turn their gate off when they print JSON. The numbers follow `diff(1)` and `kubectl diff`: 1 is a difference, 2 is an
//! error. 3 keeps "no drift found, but not everything could be read" apart from both: status 0 would hide drift there,
//! and status 1 would be a false alarm.

use clap::ValueEnum;

use crate::model::Report;
use crate::vocabulary::{HealthSeverity, Outcome};

/// Everything was read and matches.
pub const CLEAN: u8 = 0;
/// Something drifted.
pub const DRIFT: u8 = 1;
/// Wrong usage, an unreachable cluster, a passed deadline or an undelivered notification.
pub const ERROR: u8 = 2;
/// No drift was found, but something could not be read.
pub const INCOMPLETE: u8 = 3;

/// Whether the configured notifications arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationStatus {
    /// No sink is configured, or the report calls for no notification.
    NothingToDeliver,
    /// Every sink took its notification.
    Delivered,
    /// At least one sink did not.
    Undelivered,
}

/// The conditions under which the exit status of a scan is [`DRIFT`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Drift
    #[default]
    Drift,
    /// Drift, or a release in a critical state, such as stuck or failed
    Health,
}

impl FailOn {
    /// The outcome of a scan, with the other conditions that the operator counts as a failure.
    pub fn weigh(self, report: &Report) -> Outcome {
        match (self, report.outcome) {
            (Self::Health, Outcome::Clean | Outcome::Incomplete)
                if worst_health(report) == Some(HealthSeverity::Critical) =>
            {
                Outcome::Drift
            }
            (Self::Drift | Self::Health, outcome) => outcome,
        }
    }
}

/// The outcome of a diagnosis, which is about the health of a release and not about drift.
pub fn outcome_of_diagnosis(report: &Report) -> Outcome {
    match (report.outcome, worst_health(report)) {
        (Outcome::Error, _) => Outcome::Error,
        (
            Outcome::Clean | Outcome::Incomplete | Outcome::Drift,
            Some(HealthSeverity::Warning | HealthSeverity::Critical),
        ) => Outcome::Drift,
        (Outcome::Clean | Outcome::Drift, None | Some(HealthSeverity::Info)) => Outcome::Clean,
        (Outcome::Incomplete, None | Some(HealthSeverity::Info)) => Outcome::Incomplete,
    }
}

fn worst_health(report: &Report) -> Option<HealthSeverity> {
    let health = report.releases.iter().flat_map(|release| &release.health);
    health.map(|health| health.severity).max()
}

/// The exit status of a scan.
///
/// An undelivered notification is an error, whatever the outcome; which outcome wins where several apply is decided by
/// [`crate::report::summary::outcome`]. `on_drift` is the operator's `--exit-code-on-drift`: it replaces [`DRIFT`] and
/// nothing else.
pub const fn status(outcome: Outcome, notifications: NotificationStatus, on_drift: Option<u8>) -> u8 {
    match (outcome, notifications) {
        (Outcome::Error, _) | (_, NotificationStatus::Undelivered) => ERROR,
        (Outcome::Drift, NotificationStatus::NothingToDeliver | NotificationStatus::Delivered) => {
            match on_drift {
                Some(code) => code,
                None => DRIFT,
            }
        }
        (Outcome::Incomplete, NotificationStatus::NothingToDeliver | NotificationStatus::Delivered) => {
            INCOMPLETE
        }
        (Outcome::Clean, NotificationStatus::NothingToDeliver | NotificationStatus::Delivered) => CLEAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures;
    use crate::vocabulary::HealthCode;

    #[test]
    fn critical_health_fails_a_scan_only_where_the_operator_wants_it() {
        use HealthSeverity::{Critical, Info, Warning};
        // Health, then the status without the flag, with `--fail-on health`, and of a diagnosis.
        for (severity, statuses) in [
            (None, [CLEAN, CLEAN, CLEAN]),
            (Some(Info), [CLEAN, CLEAN, CLEAN]),
            (Some(Warning), [CLEAN, CLEAN, DRIFT]),
            (Some(Critical), [CLEAN, DRIFT, DRIFT]),
        ] {
            let mut report = fixtures::clean();
            let health =
                severity.map(|severity| crate::health::remark(HealthCode::Stuck, severity, String::new()));
            report.releases[0].health.extend(health);
            let outcomes = [
                FailOn::Drift.weigh(&report),
                FailOn::Health.weigh(&report),
                outcome_of_diagnosis(&report),
            ];
            let got = outcomes.map(|outcome| status(outcome, NotificationStatus::NothingToDeliver, None));
            assert_eq!(got, statuses, "{severity:?}");
        }
        // A diagnosis is not about drift.
        let mut report = fixtures::drifted();
        for release in &mut report.releases {
            release.health.clear();
        }
        assert_eq!(FailOn::Drift.weigh(&report), Outcome::Drift);
        assert_eq!(outcome_of_diagnosis(&report), Outcome::Clean);
    }

    #[test]
    fn the_full_table() {
        use NotificationStatus::{Delivered, NothingToDeliver, Undelivered};
        use Outcome::{Clean, Drift, Error, Incomplete};
        // outcome, notifications, then the status without the flag, with 0 and with 20
        let table = [
            (Clean, NothingToDeliver, 0, 0, 0),
            (Clean, Delivered, 0, 0, 0),
            (Clean, Undelivered, 2, 2, 2),
            (Drift, NothingToDeliver, 1, 0, 20),
            (Drift, Delivered, 1, 0, 20),
            (Drift, Undelivered, 2, 2, 2),
            (Incomplete, NothingToDeliver, 3, 3, 3),
            (Incomplete, Delivered, 3, 3, 3),
            (Incomplete, Undelivered, 2, 2, 2),
            (Error, NothingToDeliver, 2, 2, 2),
            (Error, Delivered, 2, 2, 2),
            (Error, Undelivered, 2, 2, 2),
        ];
        assert_eq!(table.len(), Outcome::ALL.len() * 3);
        for (outcome, notifications, plain, zero, twenty) in table {
            let got = [None, Some(0), Some(20)].map(|code| status(outcome, notifications, code));
            assert_eq!(got, [plain, zero, twenty], "{outcome} {notifications:?}");
        }
    }
}
