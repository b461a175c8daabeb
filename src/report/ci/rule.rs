//! The rules that entries are told by: one for each code of a finding or a health entry, and for each state of an object
//! that is worth a word.
//!
//! The name of a rule is the same in every format, and the anchor of its explanation on the web.

use std::fmt;
use std::sync::LazyLock;

use crate::explain::{self, Explanation, Group};

use super::severity::Level;
use crate::report::urgency::Trouble;
use crate::vocabulary::{FindingCode, HealthCode, ObjectState};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// A field differs.
    Finding(FindingCode),
    /// A release is in trouble.
    Health(HealthCode),
    /// An object as a whole is in a state.
    State(ObjectState),
}

/// Every rule, in the order of the vocabulary.
static ALL: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let findings = FindingCode::ALL.iter().copied().map(Rule::Finding);
    let health = HealthCode::ALL.iter().copied().map(Rule::Health);
    let states = ObjectState::ALL.iter().copied();
    let states = states.filter(|state| Level::of_state(*state).is_some());
    findings.chain(health).chain(states.map(Rule::State)).collect()
});

impl Rule {
    /// Every rule.
    pub(super) fn all() -> &'static [Self] {
        &ALL
    }

    /// The rule that a trouble of a release is told by.
    pub(super) const fn of_trouble(trouble: Trouble<'_>) -> Self {
        match trouble {
            Trouble::Health(health) => Self::Health(health.code),
            Trouble::Object(object) => Self::State(object.state),
            Trouble::Field(_, finding) => Self::Finding(finding.code),
        }
    }

    /// Its place among all rules.
    pub(super) fn index(self) -> Option<usize> {
        ALL.iter().position(|rule| *rule == self)
    }

    /// The code that it tells.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Finding(code) => code.as_str(),
            Self::Health(code) => code.as_str(),
            Self::State(state) => state.as_str(),
        }
    }

    /// The meaning of the code, in one line.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Finding(code) => code.message(),
            Self::Health(code) => code.message(),
            Self::State(state) => state.message(),
        }
    }

    /// The part of a report that it is about, as the name of a rule begins.
    pub(super) const fn part(self) -> &'static str {
        match self {
            Self::Finding(_) => "finding",
            Self::Health(_) => "health",
            Self::State(_) => "state",
        }
    }

    /// How much its entries matter, where they do not say otherwise.
    pub(super) const fn level(self) -> Level {
        match self {
            Self::Finding(code) => Level::of_code(code),
            // Each entry has a severity of its own.
            Self::Health(_) | Self::State(_) => Level::Warning,
        }
    }

    /// All that is known of the code.
    pub(super) fn explanation(self) -> Option<Explanation> {
        let group = match self {
            Self::Finding(_) => Group::Finding,
            Self::Health(_) => Group::Health,
            Self::State(_) => Group::State,
        };
        explain::all().find(|one| one.kind == group && one.code == self.code())
    }
}

/// The name of the rule: `finding-changed`, `health-stuck`, `state-missing`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.part(), self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_vocabulary_has_a_rule_with_an_explanation() {
        for code in FindingCode::ALL {
            assert!(Rule::Finding(*code).index().is_some(), "{code}");
        }
        for code in HealthCode::ALL {
            assert!(Rule::Health(*code).index().is_some(), "{code}");
        }
        for state in ObjectState::ALL {
            let is_rule = Rule::State(*state).index().is_some();
            assert_eq!(is_rule, *state != ObjectState::InSync, "{state}");
        }
        for (at, rule) in Rule::all().iter().enumerate() {
            assert_eq!(rule.index(), Some(at));
            let explanation = rule.explanation().unwrap();
            assert_eq!(explanation.message, rule.message(), "{rule}");
        }
    }

    /// Alerts and their pages on the web are found by these names.
    #[test]
    fn names_of_rules_are_stable() {
        let names = [
            Rule::Finding(FindingCode::HalfUpgraded),
            Rule::Health(HealthCode::HalfUpgraded),
            Rule::State(ObjectState::Missing),
        ];
        let names = names.map(|rule| rule.to_string());
        assert_eq!(
            names,
            ["finding-half-upgraded", "health-half-upgraded", "state-missing"]
        );
    }
}
