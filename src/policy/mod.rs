//! The operator's decisions: ignore rules, hidden values, severities of codes, and the kinds of field managers.

pub mod glob;
pub mod ignore;
pub mod managers;
pub mod name_pattern;
pub mod path_pattern;
pub mod redact;
pub mod selection;
pub mod shard;

use crate::vocabulary::{FindingCode, Severity};

use self::glob::Glob;
use self::ignore::IgnoreRules;
use self::managers::Managers;
use self::redact::Redaction;

/// The operator's decisions about how differences are classified and shown.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Which values are hidden.
    pub redaction: Redaction,
    /// Codes whose severity is not the built-in one.
    pub severity: Vec<(FindingCode, Severity)>,
    /// Which field managers are Helm, people, autoscalers or known controllers.
    pub managers: Managers,
    /// Which objects and differences are left out.
    pub ignore: IgnoreRules,
    /// Whether findings are confirmed by dry runs.
    pub confirm: Confirm,
    /// Whether it is asked which keys of the charts' values keep what lives.
    pub values: AskValues,
    /// The namespaces whose release records may speak for the namespace that they say they install into.
    pub trusted_storage: Vec<Glob>,
}

impl Policy {
    /// The severity of a code.
    pub fn severity(&self, code: FindingCode) -> Severity {
        let chosen = self.severity.iter().rev().find(|(chosen, _)| *chosen == code);
        chosen.map_or_else(|| code.default_severity(), |(_, severity)| *severity)
    }

    /// Whether the records in a namespace may speak for other namespaces.
    pub fn trusts_storage(&self, namespace: &str) -> bool {
        self.trusted_storage.iter().any(|glob| glob.matches(namespace))
    }
}

/// Whether it is asked of each drifted field which key of the chart's values keeps what lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AskValues {
    /// It is not.
    #[default]
    No,
    /// It is: the charts in the records of drifted releases are read.
    Yes,
}

/// Whether findings are confirmed by server-side dry runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Confirm {
    /// No dry runs.
    #[default]
    None,
    /// The API server confirms them.
    Server,
}
