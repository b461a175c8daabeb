//! Keys that hold what was taken away, and the switches of probes.

use serde_json::Value;

use super::super::names::{is_alike, plain};
use super::super::placement::is_empty;
use super::super::question::words_of;
use super::super::scalar::is_alike as is_same;
use super::super::tree;
use super::place::Place;
use super::{Candidate, last_name, same_end};

/// Keys that may take a field away.
pub(super) fn candidates(place: &Place<'_>, deployed: &Value) -> Vec<Candidate> {
    let path = words_of(&place.question.field.path);
    let Some((last, before)) = path.split_last() else {
        return Vec::new();
    };
    let before_last = before.last().map(String::as_str).unwrap_or_default();
    let mut candidates = Vec::new();
    for (key, value) in place.nodes() {
        let labels = place.labels(&key);
        let (Some(name), Some((_, above))) = (last_name(&key), labels.split_last()) else {
            continue;
        };
        if plain(name) != plain(last) {
            continue;
        }
        let depth = 1 + same_end(above, before);
        let above_last = above.last().map(String::as_str).unwrap_or_default();
        // One of the user's own stands in, whether the chart's is on or not.
        let custom = |name: &String| plain(name) == format!("custom{}", plain(last));
        let is_custom = key
            .parent()
            .and_then(|parent| tree::get(place.question.session.values(), parent)?.as_object())
            .is_some_and(|beside| {
                beside
                    .iter()
                    .any(|(name, value)| custom(name) && !is_empty(value))
            });
        let is_switched = !is_custom && value.get("enabled") == Some(&Value::Bool(true));
        if last.ends_with("Probe") && is_switched {
            candidates.push(Candidate {
                key: key.name("enabled"),
                value: Value::Bool(false),
                depth,
            });
        } else if is_same(value, deployed) && is_alike(above_last, before_last) {
            candidates.push(Candidate {
                key,
                value: Value::Null,
                depth,
            });
        }
    }
    candidates
}
