//! Why there is no patch, or none that the API server applies.

use std::borrow::Cow;

use crate::apply::Refusal;
use crate::compare::path::{FieldPath, Segment};

/// Why there is no merged object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Helm or the API server fails.
    Refused {
        /// The fields on the way to the place, the last one first.
        fields: Vec<String>,
        rule: Cow<'static, str>,
    },
    /// It cannot be told what they make of it.
    Unknown(&'static str),
}

impl Failure {
    /// The merge fails by this rule.
    pub(super) fn refused(rule: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused {
            fields: Vec::new(),
            rule: rule.into(),
        }
    }

    /// There are no steps left.
    pub(super) fn spent() -> Self {
        Self::Unknown("the object takes too many steps")
    }

    /// The failure as it is seen from the object around.
    pub(super) fn below(mut self, field: &str) -> Self {
        match &mut self {
            Self::Refused { fields, .. } => fields.push(field.to_owned()),
            Self::Unknown(_) => {}
        }
        self
    }
}

/// The refusal by a rule at the end of these fields, the last one first.
pub(super) fn refusal(fields: Vec<String>, rule: Cow<'static, str>) -> Refusal {
    let path = fields.into_iter().rev().map(Segment::Key);
    Refusal {
        path: path.collect::<FieldPath>(),
        rule,
        others: 0,
    }
}
