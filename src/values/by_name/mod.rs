//! The key of a field whose template is not at hand, for its name and its value.
//!
//! Its default values are in the record even where the templates of a dependency are not, so that a key with the value that
//! was deployed, in the right part of the values and with the right name, is most often the one. Where two are as good,
//! none is named.

mod added;
mod changed;
mod image;
mod place;
mod removed;

use serde_json::Value;

use self::place::{Place, Weight};
use super::Suggestion;
use super::names::plain;
use super::question::{Question, Template};
use crate::template::key::{Key, KeyStep};
use crate::vocabulary::NoKeyReason;

/// The most values that are looked at.
const MAX_NODES: usize = 50_000;

/// Values that so many keys have that the name has to fit exactly.
const COMMON: [&str; 15] = [
    "true",
    "false",
    "",
    "ClusterIP",
    "IfNotPresent",
    "Always",
    "RollingUpdate",
    "RuntimeDefault",
    "default",
    "None",
    "Exists",
    "info",
    "http",
    "HTTP",
    "linux",
];

/// Words in the name of an object that say it is not the chart's main one.
const SECOND: [&str; 11] = [
    "headless",
    "hl",
    "metrics",
    "read",
    "readonly",
    "backup",
    "replica",
    "replicas",
    "secondary",
    "secret",
    "webhook",
];

/// Keys that name objects.
const NAMING: [&str; 4] = [
    "nameoverride",
    "fullnameoverride",
    "namespaceoverride",
    "releasename",
];

/// A key that may be the one, and what to set it to.
struct Candidate {
    key: Key,
    value: Value,
    /// How much of the key's end is that of the field.
    depth: u32,
}

/// The key that fits best, if it is clearly better than the others.
pub(super) fn suggestion(question: Question<'_>) -> Result<Suggestion, NoKeyReason> {
    let place = Place::of(question);
    let is_image = question.field.path.keys().next_back() == Some("image");
    let (candidates, is_strict) = match (&question.field.deployed, &question.field.live) {
        (Some(Value::String(deployed)), Some(Value::String(live))) if is_image => {
            (image::candidates(&place, deployed, live)?, false)
        }
        (Some(deployed), Some(live)) => (changed::candidates(&place, deployed, live), false),
        // Only what is not known at all: a template that is at hand says more.
        (None, Some(live)) if matches!(question.template(), Template::Unknown) => {
            (added::candidates(&place, live), true)
        }
        (Some(deployed), None) if matches!(question.template(), Template::Unknown) => {
            (removed::candidates(&place, deployed), true)
        }
        (None | Some(_), Some(_) | None) => return Err(NoKeyReason::NotEvaluated),
    };
    let (best, weight) = best_of(&place, candidates)?;
    let labels = place.labels(&best.key);
    if labels
        .last()
        .is_some_and(|last| NAMING.contains(&plain(last).as_str()))
    {
        return Err(NoKeyReason::NamesObjects);
    }
    let is_sure = if is_strict {
        weight.unexplained == 0.0 && place.is_of_component(&best.key) && place.is_of_container(&best.key)
    } else {
        let is_common = question.field.deployed.as_ref().is_none_or(is_common);
        (weight.unexplained == 0.0 || (best.depth >= 2 && !is_common))
            && (best.depth >= 3 || !place.is_second(&best.key))
    };
    if !is_sure || place.is_private(&best.key) || place.is_bound(&best.key) {
        return Err(NoKeyReason::Ambiguous);
    }
    question.by_name(&best.key, best.value)
}

/// Whether many keys have a value by chance: short texts, numbers, and words that charts use everywhere.
fn is_common(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            text.len() < 4
                || COMMON.contains(&text.as_str())
                || text.bytes().all(|byte| byte.is_ascii_digit())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// The candidate that explains most, if it leads by a whole word.
fn best_of(place: &Place<'_>, candidates: Vec<Candidate>) -> Result<(Candidate, Weight), NoKeyReason> {
    let weighed = candidates.into_iter().map(|candidate| {
        let weight = place.weight(&candidate.key, candidate.depth);
        (candidate, weight)
    });
    let mut weighed: Vec<(Candidate, Weight)> = weighed.collect();
    weighed.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
    let mut weighed = weighed.into_iter();
    let best = weighed.next().ok_or(NoKeyReason::NotEvaluated)?;
    match weighed.next() {
        Some((_, second)) if second.score > best.1.score - 1.0 => Err(NoKeyReason::Ambiguous),
        Some(_) | None => Ok(best),
    }
}

/// The name that a key ends with.
fn last_name(key: &Key) -> Option<&str> {
    match key.last() {
        Some(KeyStep::Name(name)) => Some(name),
        Some(KeyStep::Index(_)) | None => None,
    }
}

/// How many names at the ends of two ways are the same.
fn same_end(one: &[String], other: &[String]) -> u32 {
    let pairs = one.iter().rev().zip(other.iter().rev());
    let same = pairs.take_while(|(one, other)| plain(one) == plain(other));
    u32::try_from(same.count()).unwrap_or(u32::MAX)
}
