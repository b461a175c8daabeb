//! The conditions under which a scan fails, and which releases meet them.

use std::fmt;

use super::{blocked_entries, is_critical};
use crate::model::{Health, ObjectReport, ReleaseReport, Report};
use crate::vocabulary::Outcome;

/// One condition, as `--fail-on` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Drift.
    Drift,
    /// Drift, or a release in a critical state, such as stuck or failed.
    Health,
    /// The same, or a release whose next upgrade or rollback fails for certain, or whose rollback loses something.
    Blocked,
    /// Only what is new or changed since the report or the scan that is compared with: drift, and what a condition beside
    /// it names.
    New,
}

/// The conditions under which a scan fails, together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailOn {
    reach: Reach,
    is_only_new: bool,
}

/// What may fail a scan. Each has those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    #[default]
    Drift,
    Health,
    Blocked,
}

/// Why conditions cannot be meant together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "`drift` counts all drift, and `new` only what is new or changed: leave out one of the two, as in `new,health` for new \
     drift and new states of health"
)]
pub struct Contradiction;

impl FailOn {
    /// Drift.
    pub const DRIFT: Self = Self::of(Reach::Drift, false);
    /// Drift, or a release in a critical state.
    pub const HEALTH: Self = Self::of(Reach::Health, false);
    /// The same, or a release whose next upgrade or rollback fails for certain, or whose rollback loses something.
    pub const BLOCKED: Self = Self::of(Reach::Blocked, false);
    /// Drift that is new or changed.
    pub const NEW: Self = Self::of(Reach::Drift, true);

    const fn of(reach: Reach, is_only_new: bool) -> Self {
        Self { reach, is_only_new }
    }

    /// All of these conditions.
    pub fn all(conditions: &[Condition]) -> Result<Self, Contradiction> {
        let reach = conditions.iter().map(|condition| match condition {
            Condition::Drift | Condition::New => Reach::Drift,
            Condition::Health => Reach::Health,
            Condition::Blocked => Reach::Blocked,
        });
        let is_only_new = conditions.contains(&Condition::New);
        if is_only_new && conditions.contains(&Condition::Drift) {
            return Err(Contradiction);
        }
        Ok(Self::of(reach.max().unwrap_or_default(), is_only_new))
    }

    /// The same conditions, but only where what meets them is new or changed.
    #[must_use]
    pub const fn only_new(self) -> Self {
        Self::of(self.reach, true)
    }

    /// Whether only what is new or changed counts.
    pub const fn is_only_new(self) -> bool {
        self.is_only_new
    }

    /// Whether an operation that nobody has begun counts.
    pub const fn counts_blocked(self) -> bool {
        match self.reach {
            Reach::Drift | Reach::Health => false,
            Reach::Blocked => true,
        }
    }

    /// Whether the drift of a report is a failure of the scan.
    pub fn is_drift_failure(self, report: &Report) -> bool {
        if self.has_news(report) {
            new_drift(report).next().is_some()
        } else {
            report.outcome == Outcome::Drift
        }
    }

    /// Whether the health of a release is a failure of the scan.
    pub fn is_health_failure(self, report: &Report) -> bool {
        match self.reach {
            Reach::Drift => false,
            Reach::Health => self.critical_releases(report).next().is_some(),
            Reach::Blocked => {
                self.critical_releases(report).next().is_some()
                    || self.blocked_releases(report).next().is_some()
            }
        }
    }

    /// The releases in a critical state that counts.
    pub fn critical_releases(self, report: &Report) -> impl Iterator<Item = &ReleaseReport> {
        let counts = move |entry: &Health| is_critical(entry) && self.counts(report, entry);
        let releases = report.releases.iter();
        releases.filter(move |release| release.health.iter().any(counts))
    }

    /// The releases of which an operation that nobody has begun would fail or lose something, where that counts.
    pub fn blocked_releases(self, report: &Report) -> impl Iterator<Item = &ReleaseReport> {
        let releases = report.releases.iter();
        releases.filter(move |release| self.blocked_entries(report, release).next().is_some())
    }

    /// The entries that say so of one of its releases.
    pub fn blocked_entries<'r>(
        self,
        report: &'r Report,
        release: &'r ReleaseReport,
    ) -> impl Iterator<Item = &'r Health> {
        blocked_entries(release).filter(move |entry| self.counts(report, entry))
    }

    /// Whether a health entry is new enough.
    fn counts(self, report: &Report, entry: &Health) -> bool {
        !self.has_news(report) || !entry.tracked.is_ongoing()
    }

    /// Whether only what is new counts, and the report tells what is. Where it was compared with nothing, all counts.
    const fn has_news(self, report: &Report) -> bool {
        self.is_only_new && report.summary.changes.is_some()
    }
}

/// As the flag has it.
impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.is_only_new, self.reach) {
            (false, Reach::Drift) => "drift",
            (false, Reach::Health) => "health",
            (false, Reach::Blocked) => "blocked",
            (true, Reach::Drift) => "new",
            (true, Reach::Health) => "new,health",
            (true, Reach::Blocked) => "new,blocked",
        })
    }
}

/// The releases with drift that is new or changed since what the report was compared with.
pub fn new_drift(report: &Report) -> impl Iterator<Item = &ReleaseReport> {
    let is_new = |object: &ObjectReport| object.state.is_drift() && !object.tracked.is_ongoing();
    let releases = report.releases.iter();
    releases.filter(move |release| release.objects.iter().any(is_new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ChangeCounts;
    use crate::report::fixtures;
    use crate::vocabulary::{ChangeStatus, HealthCode, HealthSeverity};

    use Condition::{Blocked, Drift, Health, New};

    #[test]
    fn conditions_together_say_what_they_are() {
        for (conditions, said) in [
            (&[][..], "drift"),
            (&[Drift], "drift"),
            (&[Drift, Health], "health"),
            (&[Health, Blocked, Health], "blocked"),
            (&[New], "new"),
            (&[Health, New], "new,health"),
            (&[New, Blocked, New], "new,blocked"),
        ] {
            assert_eq!(FailOn::all(conditions).unwrap().to_string(), said);
        }
        for conditions in [&[Drift, New][..], &[New, Health, Drift]] {
            assert_eq!(FailOn::all(conditions), Err(Contradiction), "{conditions:?}");
        }
    }

    #[test]
    fn with_new_a_state_of_health_counts_only_where_it_was_not_known_before() {
        let fails = |code, severity, status: Option<ChangeStatus>, conditions: &[Condition]| {
            let mut report =
                fixtures::report(vec![fixtures::release("shop", "web").with_health(code, severity)]);
            report.summary.changes = status.map(|_| ChangeCounts::default());
            report.releases[0].health[0].tracked.status = status;
            FailOn::all(conditions).unwrap().is_health_failure(&report)
        };
        let critical = |status, conditions: &[_]| {
            fails(
                HealthCode::FailedUpgrade,
                HealthSeverity::Critical,
                status,
                conditions,
            )
        };
        let blocked = |status, conditions: &[_]| {
            fails(
                HealthCode::RollbackLoses,
                HealthSeverity::Info,
                status,
                conditions,
            )
        };
        for (status, is_new) in [
            (Some(ChangeStatus::New), true),
            (Some(ChangeStatus::Changed), true),
            (Some(ChangeStatus::Ongoing), false),
            // It was compared with nothing.
            (None, true),
        ] {
            assert!(critical(status, &[Health]) && blocked(status, &[Blocked]));
            assert!(!critical(status, &[New]) && !blocked(status, &[New, Health]));
            assert_eq!(critical(status, &[New, Health]), is_new, "{status:?}");
            assert_eq!(critical(status, &[New, Blocked]), is_new, "{status:?}");
            assert_eq!(blocked(status, &[New, Blocked]), is_new, "{status:?}");
        }
    }
}
