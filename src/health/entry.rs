//! One entry of a diagnosis, and the words that entries share.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::model::{Advice, Health};
use crate::object::ObjectKey;
use crate::vocabulary::{HealthCode, HealthSeverity};

/// A remark without advice.
pub fn remark(code: HealthCode, severity: HealthSeverity, message: String) -> Health {
    Health {
        code,
        severity,
        message,
        evidence: Vec::new(),
        advice: Vec::new(),
    }
}

/// Adds evidence and advice to an entry.
pub(super) fn with(mut health: Health, evidence: Vec<String>, advice: Vec<Advice>) -> Health {
    health.evidence.extend(evidence);
    health.advice.extend(advice);
    health
}

/// A duration in its largest whole unit.
pub(super) fn human(age: TimeDelta) -> String {
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("min", 60)] {
        if age.num_seconds() >= size {
            return format!("{} {unit}", age.num_seconds() / size);
        }
    }
    format!("{} s", age.num_seconds())
}

/// A point in time, to the second.
pub(super) fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// How many objects a sentence names.
const NAMED: usize = 3;

/// How many lines or words about single objects an entry repeats.
const REPEATED: usize = 20;

/// The first of some texts, and how many more there are.
pub(super) fn first_of(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts = texts.fuse();
    let mut first: Vec<String> = texts.by_ref().take(REPEATED).collect();
    let more = texts.count();
    if more > 0 {
        first.push(format!("{more} more"));
    }
    first
}

/// The first few of some objects.
pub(super) fn named<'k>(keys: impl Iterator<Item = &'k ObjectKey>) -> String {
    let keys: Vec<&ObjectKey> = keys.collect();
    let mut named: Vec<String> = keys.iter().take(NAMED).map(ToString::to_string).collect();
    if keys.len() > NAMED {
        named.push(format!("{} more", keys.len() - NAMED));
    }
    match named.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_texts_the_first_are_repeated_and_the_rest_is_counted() {
        let texts = |count: usize| (0..count).map(|at| at.to_string());
        assert_eq!(first_of(texts(2)), ["0", "1"]);
        assert_eq!(first_of(texts(REPEATED)).len(), REPEATED);
        let many = first_of(texts(REPEATED + 5));
        assert_eq!((many.len(), many[REPEATED].as_str()), (REPEATED + 1, "5 more"));
    }
}
