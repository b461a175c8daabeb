//! What is asked about a drifted field when somebody wants to keep what lives there.
//!
//! A finding is redacted and cut, and a key of the values can only be looked for by the values as they are. So these are
//! kept beside the findings, no longer than a release is compared, and never become a part of a report.

use std::fmt;

use super::subject::{Autoscaler, Subject, Visibility};
use crate::compare::path::{FieldPath, size_of_value};
use crate::compare::three_way::Change;
use crate::model::Finding;
use crate::policy::{AskValues, Policy};
use crate::vocabulary::{FindingCode, NoKeyReason};
use serde_json::Value;

/// The most that the questions about one object may come to, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A question about one finding of an object.
#[derive(Clone, PartialEq)]
pub struct Question {
    /// The position of the finding in the report of its object.
    pub finding: usize,
    /// The path that the finding shows.
    pub shown: String,
    /// The field.
    pub path: FieldPath,
    /// The deployed value, as it is.
    pub deployed: Option<Value>,
    /// The live value, as it is.
    pub live: Option<Value>,
    /// Whether the values may not be shown.
    pub is_redacted: bool,
    /// Whether an autoscaler chooses the replica count of the object.
    pub is_autoscaled: bool,
    /// Why no key is named, where that is known already: only a rendering is held against it.
    pub no_key: Option<NoKeyReason>,
}

/// Without values: they may be secret.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("finding", &self.finding)
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}

impl Question {
    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let values = self.deployed.iter().chain(&self.live);
        size_of::<Self>() + self.shown.len() + self.path.size() + values.map(size_of_value).sum::<usize>()
    }
}

/// The questions about the findings of one object.
#[derive(Default)]
pub(super) struct Questions {
    questions: Vec<Question>,
    bytes: usize,
}

impl Questions {
    /// Notes the question about a finding, or says in the finding why none is asked.
    pub(super) fn note(
        &mut self,
        subject: &Subject<'_>,
        policy: &Policy,
        position: usize,
        finding: &mut Finding,
        change: &Change,
    ) {
        match policy.values {
            AskValues::No => return,
            AskValues::Yes => {}
        }
        let known = match finding.code {
            FindingCode::Autoscaled => Some(NoKeyReason::Autoscaled),
            // Nobody's hot fix: keys for a part of an upgrade would mix its values with the deployed ones.
            FindingCode::HalfUpgraded if finding.is_drift() => Some(NoKeyReason::HalfUpgraded),
            _ => None,
        };
        finding.no_key = known.map(Into::into);
        if !finding.is_drift() {
            return;
        }
        let question = Question {
            finding: position,
            shown: finding.path.clone(),
            path: change.path.clone(),
            deployed: change.desired.clone(),
            live: change.live.clone(),
            is_redacted: finding.redacted || subject.values == Visibility::Hidden,
            is_autoscaled: matches!(
                subject.autoscaler,
                Autoscaler::Targets | Autoscaler::TargetsToZero
            ),
            no_key: known,
        };
        self.bytes = self.bytes.saturating_add(question.bytes());
        if self.bytes > MAX_BYTES {
            finding.no_key = Some(NoKeyReason::TooLarge.into());
        } else {
            self.questions.push(question);
        }
    }

    /// The questions.
    pub(super) fn into_list(self) -> Vec<Question> {
        self.questions
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::classify::fixtures::{judge_found, key, owned, subject};
    use crate::compare::three_way::OfRevision;

    /// Keys for a part of an upgrade that failed would mix its values with those that are deployed.
    #[test]
    fn what_a_failed_upgrade_wrote_is_not_asked_about_and_a_hot_fix_beside_it_is() {
        let key = key("v1", "ConfigMap", "shop");
        let attempted =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"level": "warn", "mode": "fast"}});
        let attempted = [OfRevision {
            revision: 8,
            object: Arc::from(attempted.to_string()),
        }];
        let subject = Subject {
            attempted: &attempted,
            ..subject(&key, r#"{"data": {"level": "info", "mode": "fast"}}"#)
        };
        let live = owned(&json!({"data": {"level": "warn", "mode": "slow"}}));
        let policy = Policy {
            values: AskValues::Yes,
            ..Policy::default()
        };
        let judgement = judge_found(&subject, &live, &policy);
        let said: Vec<_> = judgement
            .report
            .findings
            .iter()
            .map(|finding| (finding.path.as_str(), finding.no_key.as_ref().map(|no| no.code)))
            .collect();
        assert_eq!(
            said,
            [
                ("/data/level", Some(NoKeyReason::HalfUpgraded)),
                ("/data/mode", None)
            ]
        );
        let asked: Vec<_> = judgement
            .questions
            .iter()
            .map(|asked| (asked.shown.as_str(), asked.no_key))
            .collect();
        assert_eq!(
            asked,
            [
                ("/data/level", Some(NoKeyReason::HalfUpgraded)),
                ("/data/mode", None)
            ]
        );
    }
}
