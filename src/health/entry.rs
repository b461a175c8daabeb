//! One entry of a diagnosis, and the words that entries share.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::model::{Health, Tracked};
use crate::object::ObjectKey;
use crate::vocabulary::{HealthCode, HealthSeverity};

/// A remark without advice.
pub fn remark(code: HealthCode, severity: HealthSeverity, message: String) -> Health {
    Health {
        code,
        severity,
        tracked: Tracked::default(),
        message,
        evidence: Vec::new(),
        advice: Vec::new(),
    }
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
pub(crate) fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// How many objects a sentence names.
const NAMED: usize = 3;

/// For how many objects an entry has commands. Nobody runs more of them by hand, and a record can name tens of thousands of
/// objects.
pub(crate) const ADVISED: usize = 100;

/// The sentence that not every object has its commands.
pub(super) fn unadvised(objects: usize) -> Option<String> {
    (objects > ADVISED)
        .then(|| format!("commands are printed for the first {ADVISED} of {objects} objects only"))
}

/// How many lines or words about single objects an entry repeats.
const REPEATED: usize = 20;

/// The first of some texts, and how many more there are.
pub(crate) fn first_of(texts: impl Iterator<Item = String>) -> Vec<String> {
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
    listed(keys.map(ToString::to_string))
}

/// The first few of some names.
pub(crate) fn listed(names: impl Iterator<Item = String>) -> String {
    listed_of(names, 0)
}

/// The same of names of which some are not remembered.
pub(super) fn listed_of(names: impl Iterator<Item = String>, others: usize) -> String {
    let mut names = names;
    let mut listed: Vec<String> = names.by_ref().take(NAMED).collect();
    let more = names.count() + others;
    if more > 0 {
        listed.push(format!("{more} more"));
    }
    joined(&listed)
}

/// Parts of a sentence in a row: `a, b and c`.
pub(crate) fn joined(parts: &[String]) -> String {
    match parts.split_last() {
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
