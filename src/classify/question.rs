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
        if finding.code == FindingCode::Autoscaled {
            finding.no_key = Some(NoKeyReason::Autoscaled.into());
        }
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
