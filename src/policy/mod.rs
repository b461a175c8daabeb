//! What the operator decides: what is ignored, what is hidden, how much each code matters, and who is who among field
//! managers.

pub mod glob;
pub mod ignore;
pub mod managers;
pub mod path_pattern;
pub mod redact;

use crate::vocabulary::{FindingCode, Severity};

use self::ignore::IgnoreRules;
use self::managers::Managers;
use self::redact::Redaction;

/// The operator's say in how differences are classified and shown.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// What is hidden.
    pub redaction: Redaction,
    /// Codes whose severity is not the built-in one.
    pub severity: Vec<(FindingCode, Severity)>,
    /// Who is who among field managers.
    pub managers: Managers,
    /// What is left out.
    pub ignore: IgnoreRules,
    /// Who confirms findings.
    pub confirm: Confirm,
}

impl Policy {
    /// How much a code matters.
    pub fn severity(&self, code: FindingCode) -> Severity {
        let chosen = self.severity.iter().rev().find(|(chosen, _)| *chosen == code);
        chosen.map_or_else(|| code.default_severity(), |(_, severity)| *severity)
    }
}

/// Who confirms findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Confirm {
    /// Nobody.
    #[default]
    None,
    /// The API server, by dry runs.
    Server,
}
