//! The exit status, on which CI gates, scheduled jobs and shell scripts branch.
//!
//! It is a pure function of the report and of the delivery of notifications, and never of the output format: some tools
//! turn their gate off when they print JSON. The numbers follow `diff(1)` and `kubectl diff`: 1 is a difference, 2 is an
//! error. 3 keeps "no drift found, but not everything could be read" apart from both: status 0 would hide drift there,
//! and status 1 would be a false alarm.

use std::str::FromStr;

use clap::ValueEnum;

use crate::model::{Preview, ReleaseReport, Report};
use crate::report::summary::{FailOn, has_unread_parts};
use crate::report::values::ValuesCounts;
use crate::vocabulary::{
    CheckedOutcome, HealthSeverity, Outcome, PreviewAction, PreviewCause, PreviewEffect, PreviewOutcome,
    PreviewedOperation,
};

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

/// The exit status for drift that the operator chose in place of [`DRIFT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DriftStatus(u8);

/// Why a number cannot be the exit status for drift.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriftStatusError {
    /// No program can exit with it.
    #[error("`{0}` is not an exit status: it has to be 0, 1 or a number from 4 to 255")]
    NoStatus(String),
    /// It has a meaning already.
    #[error(
        "{0} is the exit status of {1}, which could not be told from drift: choose 0, 1 or a number from 4 to 255"
    )]
    Taken(u8, &'static str),
}

impl FromStr for DriftStatus {
    type Err = DriftStatusError;

    fn from_str(text: &str) -> Result<Self, DriftStatusError> {
        match text.parse() {
            Ok(ERROR) => Err(DriftStatusError::Taken(ERROR, "an error")),
            Ok(INCOMPLETE) => Err(DriftStatusError::Taken(INCOMPLETE, "an incomplete scan")),
            Ok(status) => Ok(Self(status)),
            Err(_) => Err(DriftStatusError::NoStatus(text.to_owned())),
        }
    }
}

/// The exit status of a scan: the first of these that applies.
///
/// - The scan failed, or a notification was not delivered.
/// - Something drifted; with `--fail-on new`, something that did not before. Where the operator chose the status 0 for
///   drift, drift is no failure, and the rest decides.
/// - A release is in a critical state, and the operator counts that as a failure; with `new,health`, only a state that is new
///   or changed.
/// - Something could not be read, or was named and does not exist.
pub fn of_scan(
    report: &Report,
    fail_on: FailOn,
    notifications: NotificationStatus,
    on_drift: Option<DriftStatus>,
) -> u8 {
    let on_drift = on_drift.map_or(DRIFT, |DriftStatus(status)| status);
    match (report.outcome, notifications) {
        (Outcome::Error, _) | (_, NotificationStatus::Undelivered) => return ERROR,
        (Outcome::Drift, NotificationStatus::NothingToDeliver | NotificationStatus::Delivered)
            if on_drift != CLEAN && fail_on.is_drift_failure(report) =>
        {
            return on_drift;
        }
        (
            Outcome::Clean | Outcome::Drift | Outcome::Incomplete,
            NotificationStatus::NothingToDeliver | NotificationStatus::Delivered,
        ) => {}
    }
    if fail_on.is_health_failure(report) {
        DRIFT
    } else if has_unread_parts(report) {
        INCOMPLETE
    } else {
        CLEAN
    }
}

/// The exit status of a diagnosis, which is about the health of a release and not about drift.
pub fn of_diagnosis(report: &Report) -> u8 {
    let health = report.releases.iter().flat_map(|release| &release.health);
    let worst = health.map(|health| health.severity).max();
    let has_orphans = report.orphans.as_ref().is_some_and(|orphans| !orphans.is_empty());
    match (report.outcome, worst) {
        (Outcome::Error, _) => ERROR,
        // Its records are gone, and its objects are not.
        (Outcome::Clean | Outcome::Incomplete | Outcome::Drift, _) if has_orphans => DRIFT,
        (
            Outcome::Clean | Outcome::Incomplete | Outcome::Drift,
            Some(HealthSeverity::Warning | HealthSeverity::Critical),
        ) => DRIFT,
        // Drift is no trouble, and hides nothing that could not be read.
        (Outcome::Incomplete, None | Some(HealthSeverity::Info)) => INCOMPLETE,
        (Outcome::Clean | Outcome::Drift, None | Some(HealthSeverity::Info)) if has_unread_parts(report) => {
            INCOMPLETE
        }
        (Outcome::Clean | Outcome::Drift, None | Some(HealthSeverity::Info)) => CLEAN,
    }
}

/// The exit status of `driftline values`.
///
/// Fields that the chart sets itself are no failure: no value could keep them. Of a check, the rendering decides about
/// every other drifted field; what it moves besides is told and decides nothing.
pub fn of_values(report: &Report, counts: ValuesCounts, is_check: bool) -> u8 {
    if report.outcome == Outcome::Error {
        return ERROR;
    }
    let is_failure = if is_check {
        report.releases.iter().any(disagrees)
    } else {
        counts.kept + counts.stays + counts.set_by_chart < counts.fields
    };
    if is_failure {
        DRIFT
    } else if has_unread_parts(report) {
        INCOMPLETE
    } else {
        CLEAN
    }
}

/// Whether a rendering takes back what lives in a field that a value may set, or fails.
fn disagrees(release: &ReleaseReport) -> bool {
    let mut fields = release.values_check.iter().flat_map(|check| &check.fields);
    fields.any(|field| match field.outcome {
        CheckedOutcome::Agrees | CheckedOutcome::Stays => false,
        CheckedOutcome::Fails => true,
        CheckedOutcome::AsDeployed
        | CheckedOutcome::Becomes
        | CheckedOutcome::Gone
        | CheckedOutcome::Unknown => !field.is_set_by_chart(release),
    })
}

/// What a preview fails on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PreviewFailure {
    /// Changes that somebody made by hand are taken back, or what others own is overwritten.
    Reverts,
    /// The upgrade would fail.
    Conflicts,
    /// Objects are deleted, those of the release as well.
    Deletes,
    /// All of these, and whatever else is lost.
    Any,
}

/// The exit status of a preview: the worst of its releases.
pub fn of_preview(report: &Report, fail_on: &[PreviewFailure]) -> u8 {
    if report.outcome == Outcome::Error {
        return ERROR;
    }
    let previews = report.releases.iter().map(|release| release.preview.as_ref());
    let statuses = previews.map(|preview| match preview {
        None => INCOMPLETE,
        Some(preview) => {
            if fail_on.iter().any(|failure| fails(preview, *failure)) {
                DRIFT
            } else if preview.outcome == PreviewOutcome::Unknown {
                INCOMPLETE
            } else {
                CLEAN
            }
        }
    });
    let statuses: Vec<u8> = statuses.collect();
    if statuses.contains(&DRIFT) {
        DRIFT
    } else if statuses.is_empty() || statuses.contains(&INCOMPLETE) {
        INCOMPLETE
    } else {
        CLEAN
    }
}

/// Whether a preview is a failure of this kind.
fn fails(preview: &Preview, failure: PreviewFailure) -> bool {
    let has_cause = |codes: &[PreviewCause]| preview.causes.iter().any(|cause| codes.contains(&cause.code));
    match failure {
        PreviewFailure::Reverts => {
            let mut fields = preview.objects.iter().flat_map(|object| &object.fields);
            has_cause(&[PreviewCause::TakesBack, PreviewCause::Overwrites])
                || fields.any(|field| field.effect == PreviewEffect::TakeBack)
        }
        PreviewFailure::Conflicts => match preview.outcome {
            PreviewOutcome::Refused | PreviewOutcome::LockLeft | PreviewOutcome::Failed => true,
            PreviewOutcome::Works | PreviewOutcome::WorksBut | PreviewOutcome::Unknown => false,
        },
        PreviewFailure::Deletes => {
            let mut objects = preview.objects.iter();
            objects.any(|object| object.action == PreviewAction::Delete)
        }
        PreviewFailure::Any => match (preview.outcome, preview.operation) {
            (
                PreviewOutcome::WorksBut
                | PreviewOutcome::Refused
                | PreviewOutcome::LockLeft
                | PreviewOutcome::Failed,
                _,
            ) => true,
            (PreviewOutcome::Works | PreviewOutcome::Unknown, PreviewedOperation::Upgrade) => {
                fails(preview, PreviewFailure::Reverts) || fails(preview, PreviewFailure::Deletes)
            }
            // A rollback is meant to take away what the newest revision brought.
            (PreviewOutcome::Works | PreviewOutcome::Unknown, PreviewedOperation::Rollback) => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReportError;
    use crate::report::fixtures;
    use crate::vocabulary::{HealthCode, Stopped};

    use NotificationStatus::{Delivered, NothingToDeliver, Undelivered};

    /// A report with this outcome, and nothing else that the exit status depends on.
    fn report(outcome: Outcome) -> Report {
        let mut report = fixtures::clean();
        report.outcome = outcome;
        if outcome == Outcome::Incomplete {
            report.summary.objects.unknown = 1;
        }
        report
    }

    fn with_health(mut report: Report, severity: HealthSeverity) -> Report {
        let health = crate::health::remark(HealthCode::Stuck, severity, String::new());
        report.releases[0].health.push(health);
        report
    }

    fn chosen(status: u8) -> Option<DriftStatus> {
        (status != DRIFT).then_some(DriftStatus(status))
    }

    #[test]
    fn an_upgrade_that_deletes_fails_by_default_and_a_rollback_that_works_does_not() {
        let previews = fixtures::previews::every();
        let (_, rollback) = previews
            .iter()
            .find(|(name, _)| *name == "preview-works")
            .unwrap();
        assert_eq!(of_preview(rollback, &[PreviewFailure::Any]), CLEAN);
        let mut upgrade = rollback.clone();
        let preview = upgrade.releases[0].preview.as_mut().unwrap();
        preview.operation = PreviewedOperation::Upgrade;
        assert_eq!(of_preview(&upgrade, &[PreviewFailure::Any]), DRIFT);
        assert_eq!(of_preview(&upgrade, &[PreviewFailure::Deletes]), DRIFT);
        let others = [PreviewFailure::Reverts, PreviewFailure::Conflicts];
        assert_eq!(of_preview(&upgrade, &others), CLEAN);
        let preview = upgrade.releases[0].preview.as_mut().unwrap();
        preview
            .objects
            .retain(|object| object.action != PreviewAction::Delete);
        assert_eq!(of_preview(&upgrade, &[PreviewFailure::Any]), CLEAN);
    }

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
            let report = match severity {
                Some(severity) => with_health(report(Outcome::Clean), severity),
                None => report(Outcome::Clean),
            };
            let got = [
                of_scan(&report, FailOn::DRIFT, NothingToDeliver, None),
                of_scan(&report, FailOn::HEALTH, NothingToDeliver, None),
                of_diagnosis(&report),
            ];
            assert_eq!(got, statuses, "{severity:?}");
        }
        // A diagnosis is not about drift.
        let mut drifted = fixtures::drifted();
        for release in &mut drifted.releases {
            release.health.clear();
        }
        drifted.summary = crate::model::Summary::of(&[]);
        assert_eq!(of_diagnosis(&drifted), CLEAN);
        drifted.summary.objects.unknown = 2;
        assert_eq!(
            (drifted.outcome, of_diagnosis(&drifted)),
            (Outcome::Drift, INCOMPLETE)
        );
    }

    #[test]
    fn the_full_table() {
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
            let got = [1, 0, 20]
                .map(chosen)
                .map(|code| of_scan(&report(outcome), FailOn::DRIFT, notifications, code));
            assert_eq!(got, [plain, zero, twenty], "{outcome} {notifications:?}");
        }
    }

    #[test]
    fn drift_that_is_no_failure_hides_nothing_else() {
        let drifted = || report(Outcome::Drift);
        let unread: [fn(&mut Report); 5] = [
            |report| report.summary.objects.unknown = 1,
            |report| report.summary.releases.unreadable = 1,
            |report| {
                let (scope, message) = ("storage".to_owned(), String::new());
                report.errors.push(ReportError { scope, message });
            },
            |report| report.stopped = Some(Stopped::Signal),
            |report| {
                let entry =
                    crate::health::remark(HealthCode::Undecodable, HealthSeverity::Critical, String::new());
                report.releases[0].health.push(entry);
            },
        ];
        for change in unread {
            let mut report = drifted();
            change(&mut report);
            let status = |on_drift| of_scan(&report, FailOn::DRIFT, Delivered, on_drift);
            assert_eq!([1, 0, 20].map(chosen).map(status), [DRIFT, INCOMPLETE, 20]);
        }
        let critical = with_health(drifted(), HealthSeverity::Critical);
        let status = |fail_on| of_scan(&critical, fail_on, Delivered, chosen(0));
        assert_eq!([FailOn::DRIFT, FailOn::HEALTH].map(status), [CLEAN, DRIFT]);
    }

    #[test]
    fn a_status_that_means_something_else_is_refused() {
        for status in ["0", "1", "4", "255"] {
            assert!(status.parse::<DriftStatus>().is_ok(), "{status}");
        }
        for (status, said) in [
            ("2", "2 is the exit status of an error"),
            ("3", "3 is the exit status of an incomplete scan"),
            ("256", "`256` is not an exit status"),
            ("-1", "`-1` is not an exit status"),
            ("x", "`x` is not an exit status"),
        ] {
            let error = status.parse::<DriftStatus>().unwrap_err().to_string();
            assert!(error.starts_with(said) && error.contains("4 to 255"), "{error}");
        }
    }
}
