//! How much an entry matters to a CI system, and whether a release makes the command fail.

use std::collections::HashSet;

use crate::model::{Finding, Health, ReleaseReport, Report};
use crate::report::summary::{FailOn, has_unread_records, new_drift};
use crate::vocabulary::{FindingCode, HealthSeverity, ObjectState, Outcome, Severity, Verdict};

/// The severity of an entry, the worst first: CI systems know hardly more than these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Level {
    /// A release is in a critical state.
    Error,
    /// Something drifted, could not be compared, or asks somebody to look at it.
    Warning,
    /// Worth knowing.
    Note,
}

impl Level {
    /// The severity of a finding, also of one that the operator ignores.
    pub(super) const fn of_finding(finding: &Finding) -> Self {
        Self::of_severity(finding.severity)
    }

    /// The severity that findings of a code have by default.
    pub(super) const fn of_code(code: FindingCode) -> Self {
        Self::of_severity(code.default_severity())
    }

    const fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Drift => Self::Warning,
            Severity::Info => Self::Note,
        }
    }

    /// The severity of a health entry.
    pub(super) const fn of_health(health: &Health) -> Self {
        match health.severity {
            HealthSeverity::Critical => Self::Error,
            HealthSeverity::Warning => Self::Warning,
            HealthSeverity::Info => Self::Note,
        }
    }

    /// The severity of an object's state; `None` where the state is none that anybody has to look at.
    pub(super) const fn of_state(state: ObjectState) -> Option<Self> {
        match state {
            ObjectState::Drifted
            | ObjectState::Missing
            | ObjectState::Terminating
            | ObjectState::Foreign
            | ObjectState::Leftover
            | ObjectState::Unknown
            // The operator ignores it; without the rule it would be drift.
            | ObjectState::Ignored => Some(Self::Warning),
            ObjectState::InSync => None,
        }
    }
}

/// What a release does to the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The command fails because of its drift.
    FailsByDrift,
    /// The command fails because of its health, or of what an operation on it would meet.
    FailsByHealth,
    /// It could not be read or compared, or a part of it, so that the command does not succeed.
    Unread,
    /// None.
    None,
}

/// What the releases of a report do to the exit status.
pub(super) struct Effects {
    /// The releases that fail the command by their drift, by their address.
    drift: HashSet<*const ReleaseReport>,
    /// The same by their health.
    health: HashSet<*const ReleaseReport>,
    /// Whether the scan did not finish, which is worse than all that it found.
    is_unfinished: bool,
}

impl Effects {
    /// The effects, if drift is a failure for the operator at all.
    pub(super) fn of(report: &Report, fail_on: FailOn) -> Self {
        let mut effects = Self {
            drift: HashSet::new(),
            health: HashSet::new(),
            is_unfinished: report.outcome == Outcome::Error,
        };
        match report.outcome {
            // Where every release that drifted changed while it was read, nothing counts as drift.
            Outcome::Clean | Outcome::Incomplete => {}
            Outcome::Drift | Outcome::Error if fail_on.is_only_new() && report.summary.changes.is_some() => {
                effects.drift.extend(new_drift(report).map(std::ptr::from_ref));
            }
            Outcome::Drift | Outcome::Error => {
                let drifted = report
                    .releases
                    .iter()
                    .filter(|release| release.verdict == Verdict::Drifted);
                effects.drift.extend(drifted.map(std::ptr::from_ref));
            }
        }
        if fail_on.is_health_failure(report) {
            effects
                .health
                .extend(fail_on.critical_releases(report).map(std::ptr::from_ref));
            if fail_on.counts_blocked() {
                effects
                    .health
                    .extend(fail_on.blocked_releases(report).map(std::ptr::from_ref));
            }
        }
        effects
    }

    /// The effect of a release of the report.
    pub(super) fn of_release(&self, release: &ReleaseReport) -> Effect {
        let address = std::ptr::from_ref(release);
        match release.verdict {
            _ if self.drift.contains(&address) => Effect::FailsByDrift,
            _ if self.health.contains(&address) => Effect::FailsByHealth,
            Verdict::Incomplete | Verdict::Unreadable => Effect::Unread,
            Verdict::Clean | Verdict::Drifted if has_unread_part(release) => Effect::Unread,
            Verdict::Clean | Verdict::Drifted => Effect::None,
        }
    }

    /// Whether a release with this effect is why the command fails. What could not be read is, where nothing is worse.
    pub(super) fn is_failure(&self, effect: Effect) -> bool {
        match effect {
            Effect::FailsByDrift | Effect::FailsByHealth => true,
            Effect::Unread => !self.is_unfinished && self.drift.is_empty() && self.health.is_empty(),
            Effect::None => false,
        }
    }

    /// Whether the scan did not finish, so that it says nothing for certain.
    pub(super) const fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }
}

/// Whether something of a release was not read, whatever else was found in it.
fn has_unread_part(release: &ReleaseReport) -> bool {
    let mut objects = release.objects.iter();
    objects.any(|object| object.state == ObjectState::Unknown) || has_unread_records(release)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{finding, object, release, report};
    use crate::vocabulary::{ChangeStatus, HealthCode};

    #[test]
    fn a_release_fails_the_command_by_what_the_operator_asked_for() {
        let drifted = release("shop", "a").with_objects([object("v1", "Service", "shop", "a")
            .drifted([finding(FindingCode::Changed, "/spec/type", None, None)])]);
        let stuck = release("shop", "b").with_health(HealthCode::Stuck, HealthSeverity::Critical);
        let blocked = release("shop", "c").with_health(HealthCode::RollbackLoses, HealthSeverity::Info);
        let unread = release("shop", "d").with_health(HealthCode::Undecodable, HealthSeverity::Critical);
        let report = report(vec![drifted, stuck, blocked, unread]);
        let effects = |fail_on| {
            let effects = Effects::of(&report, fail_on);
            let releases = report.releases.iter();
            releases
                .map(|release| effects.of_release(release))
                .collect::<Vec<_>>()
        };
        let (drift, health, unread, none) = (
            Effect::FailsByDrift,
            Effect::FailsByHealth,
            Effect::Unread,
            Effect::None,
        );
        assert_eq!(effects(FailOn::DRIFT), [drift, none, none, unread]);
        assert_eq!(effects(FailOn::HEALTH), [drift, health, none, health]);
        assert_eq!(effects(FailOn::BLOCKED), [drift, health, health, health]);
    }

    #[test]
    fn known_drift_does_not_fail_where_only_new_drift_does() {
        let mut report = report(vec![release("shop", "a").with_objects([
            object("v1", "Service", "shop", "a").drifted([finding(
                FindingCode::Changed,
                "/spec/type",
                None,
                None,
            )]),
        ])]);
        let effect = |report: &Report| Effects::of(report, FailOn::NEW).of_release(&report.releases[0]);
        assert_eq!(effect(&report), Effect::FailsByDrift);
        report.summary.changes = Some(crate::model::ChangeCounts::default());
        assert_eq!(effect(&report), Effect::FailsByDrift);
        report.releases[0].objects[0].tracked.status = Some(ChangeStatus::Ongoing);
        assert_eq!(effect(&report), Effect::None);
        // Beside it, a critical state that is new fails it.
        let release = report.releases[0].clone();
        report.releases[0] = release.with_health(HealthCode::Stuck, HealthSeverity::Critical);
        let effects = Effects::of(&report, FailOn::HEALTH.only_new());
        assert_eq!(effects.of_release(&report.releases[0]), Effect::FailsByHealth);
        report.releases[0].health[0].tracked.status = Some(ChangeStatus::Ongoing);
        let effects = Effects::of(&report, FailOn::HEALTH.only_new());
        assert_eq!(effects.of_release(&report.releases[0]), Effect::None);
    }

    #[test]
    fn known_drift_does_not_hide_what_could_not_be_read() {
        let drifted = object("v1", "Service", "shop", "a").drifted([finding(
            FindingCode::Changed,
            "/spec/type",
            None,
            None,
        )]);
        let unread = object("v1", "Secret", "shop", "a").in_state(ObjectState::Unknown);
        let mut report = report(vec![release("shop", "a").with_objects([drifted, unread])]);
        report.summary.changes = Some(crate::model::ChangeCounts::default());
        for object in &mut report.releases[0].objects {
            object.tracked.status = Some(ChangeStatus::Ongoing);
        }
        let effects = Effects::of(&report, FailOn::NEW);
        let effect = effects.of_release(&report.releases[0]);
        assert_eq!(effect, Effect::Unread);
        assert!(effects.is_failure(effect));
        let effects = Effects::of(&report, FailOn::DRIFT);
        assert_eq!(effects.of_release(&report.releases[0]), Effect::FailsByDrift);
        assert!(!effects.is_failure(Effect::Unread));
    }
}
