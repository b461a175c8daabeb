//! The ignore rules of a report: how many findings and objects each rule left out.
//!
//! In JSON a rule is its number, and the annotation is a word, so that one field can hold either.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The annotation's name in reports.
const ANNOTATION: &str = "annotation";

/// The rule or annotation that leaves a finding or an object out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredBy {
    /// The rule at this position of the settings, counted from 1.
    Rule(usize),
    /// The object itself, by its annotation.
    Annotation,
}

/// The findings and objects that one ignore rule left out, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IgnoredCount {
    /// Which rule.
    pub rule: IgnoredBy,
    /// The rule in the words of the settings.
    pub description: String,
    /// The reason that the settings give for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many findings it left out.
    pub findings: usize,
    /// How many objects it left out, as a whole or some findings of.
    pub objects: usize,
}

impl IgnoredCount {
    /// Whether the rule left nothing out.
    pub const fn is_idle(&self) -> bool {
        self.findings == 0 && self.objects == 0
    }

    /// The rule's name for people: its reason, or its description where it has none.
    pub fn name(&self) -> String {
        let text = self.reason.as_ref().unwrap_or(&self.description);
        match self.rule {
            IgnoredBy::Rule(number) => format!("rule {number} ({text})"),
            IgnoredBy::Annotation => text.clone(),
        }
    }
}

impl fmt::Display for IgnoredBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(number) => write!(f, "rule {number}"),
            Self::Annotation => f.write_str(ANNOTATION),
        }
    }
}

impl Serialize for IgnoredBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Rule(number) => number.serialize(serializer),
            Self::Annotation => serializer.serialize_str(ANNOTATION),
        }
    }
}

impl<'de> Deserialize<'de> for IgnoredBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(usize),
            Word(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self::Rule(number)),
            Form::Word(word) if word == ANNOTATION => Ok(Self::Annotation),
            Form::Word(word) => Err(serde::de::Error::custom(format!(
                "`{word}` is neither the number of a rule nor `{ANNOTATION}`"
            ))),
        }
    }
}
