//! The parts of a report, by which words are grouped: one word may occur in several of them.

use std::fmt;

/// The part of a report that a word describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// A difference in one field.
    Finding,
    /// The health of a release.
    Health,
    /// The state of one object.
    State,
    /// The answer for one release.
    Verdict,
    /// The answer of the whole report.
    Outcome,
    /// How much something matters.
    Severity,
    /// The effect of the next upgrade.
    NextUpgrade,
    /// What an operation of Helm comes to.
    PreviewOutcome,
    /// What that rests on.
    PreviewCause,
    /// What becomes of an object or a field.
    PreviewEffect,
    /// How something stands to earlier scans.
    Change,
    /// Which key of the values keeps what lives.
    Values,
    /// Whatever else a line says.
    Term,
}

impl Group {
    /// Every group, in the order of the list of words.
    pub const ALL: [Self; 13] = [
        Self::Finding,
        Self::Health,
        Self::State,
        Self::Verdict,
        Self::Outcome,
        Self::Severity,
        Self::NextUpgrade,
        Self::PreviewOutcome,
        Self::PreviewCause,
        Self::PreviewEffect,
        Self::Change,
        Self::Values,
        Self::Term,
    ];

    /// The heading above the words of the group.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Finding => "Findings: how a field differs",
            Self::Health => "Health of a release",
            Self::State => "States of an object",
            Self::Verdict => "Verdicts on a release",
            Self::Outcome => "Outcomes of a scan",
            Self::Severity => "Severities",
            Self::NextUpgrade => "What the next helm upgrade does",
            Self::PreviewOutcome => "What a previewed operation of Helm comes to",
            Self::PreviewCause => "What that rests on",
            Self::PreviewEffect => "What it does to objects and fields",
            Self::Change => "What earlier scans knew, and how it ended",
            Self::Values => "Keys of values that keep what lives",
            Self::Term => "Other words",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finding => "finding",
            Self::Health => "release health",
            Self::State => "object state",
            Self::Verdict => "verdict on a release",
            Self::Outcome => "outcome of a scan",
            Self::Severity => "severity",
            Self::NextUpgrade => "next upgrade",
            Self::PreviewOutcome => "outcome of a preview",
            Self::PreviewCause => "cause in a preview",
            Self::PreviewEffect => "object or field in a preview",
            Self::Change => "change since earlier scans",
            Self::Values => "key of values",
            Self::Term => "word",
        })
    }
}
