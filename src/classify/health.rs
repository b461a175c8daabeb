//! What the history of a release says about it, beyond its objects.
//!
//! From metadata and records alone: which operation ended how, and whether one is still under way. Ages are
//! measured on the API server's clock, by when the record was last written.

use chrono::{DateTime, TimeDelta, Utc};

use super::code::{HealthCode, HealthSeverity};
use crate::release::decode::DecodeError;
use crate::release::history::History;
use crate::release::stored::{Driver, Status, StoredRevision};
use crate::report::{Advice, Health};

/// A remark without advice.
pub fn remark(code: HealthCode, severity: HealthSeverity, message: String) -> Health {
    Health {
        code,
        severity,
        message,
        advice: Vec::new(),
    }
}

/// A record that cannot be decoded.
pub fn undecodable(revision: &StoredRevision, error: &DecodeError) -> Health {
    let release = &revision.release;
    remark(
        HealthCode::Undecodable,
        HealthSeverity::Critical,
        format!(
            "revision {} cannot be decoded: {} {}/{}: {error}",
            revision.revision, release.driver, release.namespace, revision.object
        ),
    )
}

/// What the statuses of the stored revisions say.
pub fn of_history(history: &History, now: DateTime<Utc>, stuck_after: TimeDelta) -> Vec<Health> {
    let mut health = Vec::new();
    for revision in history.revisions() {
        if let Some(mismatch) = &revision.mismatch {
            health.push(remark(
                HealthCode::IdentityMismatch,
                HealthSeverity::Warning,
                mismatch.clone(),
            ));
        }
    }
    let deployed: Vec<String> = history
        .deployed()
        .map(|revision| revision.revision.to_string())
        .collect();
    if deployed.len() > 1 {
        let message = format!(
            "revisions {} all have status deployed; the newest of them is compared against",
            deployed.join(", ")
        );
        health.push(remark(
            HealthCode::SeveralDeployed,
            HealthSeverity::Warning,
            message,
        ));
    }
    let baseline = history.baseline();
    let Some(latest) = history.latest() else {
        return health;
    };
    match (latest.status, baseline) {
        (status, _) if status.is_pending() => health.push(pending(history, latest, now, stuck_after)),
        (Status::Failed, Some(baseline)) => health.push(with_history(
            history,
            remark(
                HealthCode::FailedUpgrade,
                HealthSeverity::Critical,
                format!(
                    "revision {} failed; revision {} is deployed",
                    latest.revision, baseline.revision
                ),
            ),
        )),
        (Status::Failed, None) => health.push(with_history(
            history,
            remark(
                HealthCode::FailedInstall,
                HealthSeverity::Critical,
                format!("revision {} failed and no revision is deployed", latest.revision),
            ),
        )),
        _ => {}
    }
    if baseline.is_none() {
        let message = format!(
            "no revision is deployed (the newest is revision {}, {}), so there is nothing to compare against",
            latest.revision,
            latest.status.as_str()
        );
        health.push(remark(HealthCode::NoBaseline, HealthSeverity::Warning, message));
    }
    health
}

fn pending(history: &History, latest: &StoredRevision, now: DateTime<Utc>, stuck_after: TimeDelta) -> Health {
    let what = format!("revision {} is {}", latest.revision, latest.status.as_str());
    // Without a time nothing proves that somebody is still at it.
    let age = latest
        .written
        .map(|written| (now - written).max(TimeDelta::zero()));
    match age {
        Some(age) if age < stuck_after => remark(
            HealthCode::InProgress,
            HealthSeverity::Info,
            format!("{what}, last written {} ago", human(age)),
        ),
        age => {
            let since = age.map_or_else(
                || "at an unknown time".to_owned(),
                |age| format!("{} ago", human(age)),
            );
            let limit = human(stuck_after);
            let message = format!("{what}, last written {since}: longer than {limit}, so Helm probably died");
            with_history(
                history,
                remark(HealthCode::Stuck, HealthSeverity::Critical, message),
            )
        }
    }
}

/// The first thing to run in any trouble: it reads, and shows Helm's own words.
fn with_history(history: &History, mut health: Health) -> Health {
    // Helm looks into Secrets unless told otherwise.
    let driver = match history.key.driver {
        Driver::Secret => "",
        Driver::ConfigMap => "HELM_DRIVER=configmap ",
    };
    health.advice.push(Advice {
        command: format!(
            "{driver}helm history {} -n {}",
            history.key.name, history.key.namespace
        ),
        destructive: false,
        why: "shows Helm's own description of every revision".to_owned(),
    });
    health
}

/// A duration in its largest whole unit.
fn human(age: TimeDelta) -> String {
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("min", 60)] {
        if age.num_seconds() >= size {
            return format!("{} {unit}", age.num_seconds() / size);
        }
    }
    format!("{} s", age.num_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::stored::Metadata;

    fn codes(statuses: &[&str], age_minutes: i64) -> Vec<(HealthCode, usize)> {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let revisions = statuses.iter().zip(1_u64..).map(|(status, revision)| {
            let version = revision.to_string();
            StoredRevision::from_metadata(Metadata {
                driver: Driver::Secret,
                namespace: "shop",
                object: &format!("sh.helm.release.v1.web.v{revision}"),
                labels: [Some("web"), Some(&version), Some(status)],
                created: None,
                written: Some(now - TimeDelta::minutes(age_minutes)),
                resource_version: None,
            })
            .unwrap()
        });
        let [history] = History::group(revisions).try_into().unwrap();
        of_history(&history, now, TimeDelta::minutes(15))
            .into_iter()
            .map(|health| (health.code, health.advice.len()))
            .collect()
    }

    /// Statuses of revisions 1, 2, …, minutes since the last write → codes, and whether there is advice.
    #[test]
    fn histories_and_what_they_say() {
        use HealthCode::{FailedInstall, FailedUpgrade, InProgress, NoBaseline, SeveralDeployed, Stuck};
        type Row = (&'static [&'static str], i64, &'static [(HealthCode, usize)]);
        let rows: [Row; 8] = [
            (&["superseded", "deployed"], 99, &[]),
            (&["deployed", "failed"], 99, &[(FailedUpgrade, 1)]),
            (&["failed"], 99, &[(FailedInstall, 1), (NoBaseline, 0)]),
            (&["pending-install"], 2, &[(InProgress, 0), (NoBaseline, 0)]),
            (&["deployed", "pending-upgrade"], 14, &[(InProgress, 0)]),
            (&["deployed", "pending-rollback"], 15, &[(Stuck, 1)]),
            (&["uninstalling"], 600, &[(Stuck, 1), (NoBaseline, 0)]),
            (&["deployed", "deployed"], 1, &[(SeveralDeployed, 0)]),
        ];
        for (statuses, age, expected) in rows {
            assert_eq!(codes(statuses, age), expected, "{statuses:?}");
        }
    }

    #[test]
    fn advice_says_where_helm_has_to_look() {
        for (driver, command) in [
            (Driver::Secret, "helm history web -n shop"),
            (
                Driver::ConfigMap,
                "HELM_DRIVER=configmap helm history web -n shop",
            ),
        ] {
            let failed = StoredRevision::from_metadata(Metadata {
                driver,
                namespace: "shop",
                object: "sh.helm.release.v1.web.v1",
                labels: [Some("web"), Some("1"), Some("failed")],
                created: None,
                written: None,
                resource_version: None,
            });
            let [history] = History::group(failed).try_into().unwrap();
            let health = of_history(&history, DateTime::UNIX_EPOCH, TimeDelta::zero());
            assert_eq!(health[0].advice[0].command, command);
        }
    }

    #[test]
    fn a_clock_ahead_of_ours_is_no_age() {
        assert_eq!(
            codes(&["deployed", "pending-upgrade"], -5),
            [(HealthCode::InProgress, 0)]
        );
    }
}
