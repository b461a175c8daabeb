//! The codes that a route may ask for: those that somebody can be told of.
//!
//! What is worth knowing and no more (info) is told to nobody, so a route that asks for it would wait for ever.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use crate::vocabulary::{FindingCode, HealthCode, ObjectState};

/// How alike two words are to be, for one to be meant by the other.
const NEAR: f64 = 0.85;

/// A code of a finding or a health entry, or the state of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RouteCode(String);

impl RouteCode {
    /// The code as reports have it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a release can be told to somebody because of it, where `is_drift` says which findings count as drift.
    pub(super) fn is_told(&self, is_drift: impl Fn(FindingCode) -> bool) -> bool {
        FindingCode::from_str(&self.0).is_ok_and(is_drift)
            || HealthCode::from_str(&self.0).is_ok_and(is_told_health)
            || ObjectState::from_str(&self.0).is_ok_and(is_told_state)
    }
}

impl<'de> Deserialize<'de> for RouteCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if all().any(|code| code == text) {
            return Ok(Self(text));
        }
        let near = all().map(|code| (strsim::jaro_winkler(code, &text.to_lowercase()), code));
        let near = near.filter(|(likeness, _)| *likeness >= NEAR);
        let near = near.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let meant = near.map_or_else(String::new, |(_, code)| format!("did you mean `{code}`? "));
        Err(de::Error::custom(format!(
            "`{text}` is no code of a finding or of a release's health and no state of an object: {meant}`driftline explain` \
             lists them"
        )))
    }
}

/// Every code and state, one that occurs in two places twice.
fn all() -> impl Iterator<Item = &'static str> {
    let findings = FindingCode::ALL.iter().map(|code| code.as_str());
    let health = HealthCode::ALL.iter().map(|code| code.as_str());
    let states = ObjectState::ALL.iter().map(|state| state.as_str());
    findings.chain(health).chain(states)
}

/// The codes that a route can wait for with success, each once.
pub(super) fn told(is_drift: impl Fn(FindingCode) -> bool) -> Vec<&'static str> {
    let mut told: Vec<&str> = Vec::new();
    for code in all() {
        if !told.contains(&code) && RouteCode(code.to_owned()).is_told(&is_drift) {
            told.push(code);
        }
    }
    told
}

/// Whether an object in this state is told: as drift, or as what could not be read.
const fn is_told_state(state: ObjectState) -> bool {
    match state {
        ObjectState::Drifted
        | ObjectState::Missing
        | ObjectState::Terminating
        | ObjectState::Foreign
        | ObjectState::Leftover
        | ObjectState::Unknown => true,
        ObjectState::InSync | ObjectState::Ignored => false,
    }
}

/// Whether a health entry of this code can be more than worth knowing.
const fn is_told_health(code: HealthCode) -> bool {
    match code {
        HealthCode::Undecodable
        | HealthCode::NoBaseline
        | HealthCode::FailedUpgrade
        | HealthCode::FailedInstall
        | HealthCode::Stuck
        | HealthCode::SeveralDeployed
        | HealthCode::IdentityMismatch
        | HealthCode::ApiRemoved
        | HealthCode::HalfUpgraded
        | HealthCode::HookFailed
        | HealthCode::HookRunning
        | HealthCode::LeftoverObjects
        | HealthCode::BlockedByFinalizer
        | HealthCode::HistoryBloat
        | HealthCode::OwnershipConflict
        | HealthCode::MissingObjects
        | HealthCode::UpgradeBlocked
        | HealthCode::RollbackBlocked => true,
        HealthCode::InProgress
        | HealthCode::ChangedDuringScan
        | HealthCode::LeftoverHooks
        | HealthCode::ChartCrdsChanged
        | HealthCode::RollbackLoses => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Severity;

    fn code(text: &str) -> Result<RouteCode, String> {
        serde_json::from_value(serde_json::json!(text)).map_err(|error| error.to_string())
    }

    fn by_default(code: FindingCode) -> bool {
        code.default_severity() == Severity::Drift
    }

    #[test]
    fn a_code_that_is_spelt_wrong_gets_the_one_that_is_meant() {
        for (given, meant) in [
            ("mising", "did you mean `missing`?"),
            ("Failed_Upgrade", "did you mean `failed-upgrade`?"),
            ("upgradeblocked", "did you mean `upgrade-blocked`?"),
        ] {
            let error = code(given).unwrap_err();
            assert!(error.contains(meant), "{given}: {error}");
        }
        let error = code("xyz").unwrap_err();
        assert!(!error.contains("did you mean"), "{error}");
        assert!(error.contains("`driftline explain` lists them"), "{error}");
    }

    #[test]
    fn what_is_worth_knowing_and_no_more_is_told_to_nobody() {
        for text in [
            "autoscaled",
            "rollback-loses",
            "in-progress",
            "ignored",
            "in-sync",
        ] {
            assert!(!code(text).unwrap().is_told(by_default), "{text}");
        }
        // A code may be that of a finding and of a health entry.
        for text in [
            "changed",
            "half-upgraded",
            "unknown",
            "missing",
            "upgrade-blocked",
        ] {
            assert!(code(text).unwrap().is_told(by_default), "{text}");
        }
        assert!(
            code("autoscaled").unwrap().is_told(|_| true),
            "the settings decide"
        );
        assert!(
            !code("changed").unwrap().is_told(|_| false),
            "the settings decide"
        );
        let told = told(by_default);
        assert!(told.contains(&"half-upgraded") && !told.contains(&"in-sync"));
        assert_eq!(
            told.len(),
            told.iter().collect::<std::collections::BTreeSet<_>>().len()
        );
    }
}
