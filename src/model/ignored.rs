//! The ignore rules of a report: how many findings and objects each rule left out.
//!
//! In JSON a rule is its number, and the annotation is a word, so that one field can hold either.

use std::fmt;

use crate::vocabulary::IdleReason;
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The annotation's name in reports.
const ANNOTATION: &str = "annotation";

/// The rule or annotation that leaves a finding or an object out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IgnoredBy {
    /// The rule at this position of the settings, counted from 1.
    Rule(usize),
    /// The object itself, by its annotation.
    Annotation,
}

/// The findings and objects that one ignore rule left out, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// Why the rule left nothing out; absent where it did, and where not everything was read that it covers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub idle: Option<IdleReason>,
    /// The same of the releases of one shard, where the scan was of one: what it means for all of them only the reports of all
    /// shards tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub idle_in_shard: Option<IdleReason>,
}

impl IgnoredCount {
    /// Whether the rule left nothing out of what was read.
    pub const fn left_nothing_out(&self) -> bool {
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
        deserializer.deserialize_any(NumberOrWord)
    }
}

/// Not an untagged enum, which would not say what would be right.
struct NumberOrWord;

impl Visitor<'_> for NumberOrWord {
    type Value = IgnoredBy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the number of an ignore rule or `{ANNOTATION}`")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<IgnoredBy, E> {
        match usize::try_from(number) {
            Ok(number) if number > 0 => Ok(IgnoredBy::Rule(number)),
            Ok(_) | Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<IgnoredBy, E> {
        if word == ANNOTATION {
            Ok(IgnoredBy::Annotation)
        } else {
            Err(E::invalid_value(Unexpected::Str(word), &self))
        }
    }
}
