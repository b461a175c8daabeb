//! Keys with the deployed value whose names end as the field's path does.

use serde_json::Value;

use super::super::names::{is_alike, plain};
use super::super::question::words_of;
use super::super::scalar::{cast, is_alike as is_same, text_of};
use super::super::tree;
use super::place::Place;
use super::{Candidate, same_end};

/// Keys that may give a field another value.
pub(super) fn candidates(place: &Place<'_>, deployed: &Value, live: &Value) -> Vec<Candidate> {
    let path = words_of(&place.question.field.path);
    let Some((last, before)) = path.split_last() else {
        return Vec::new();
    };
    let was = text_of(deployed);
    if was.is_none() && (deployed.as_array().is_some_and(Vec::is_empty) || live.is_null()) {
        return Vec::new();
    }
    let mut candidates = Vec::new();
    for (key, value) in place.nodes() {
        let is_same = match &was {
            Some(was) => text_of(value).as_ref() == Some(was),
            None => is_same(value, deployed),
        };
        if !is_same {
            continue;
        }
        let names = place.labels(&key);
        let Some((name, above)) = names.split_last() else {
            continue;
        };
        let Some(depth) = depth(name, above, last, before) else {
            continue;
        };
        let value = match (text_of(live), value) {
            (Some(text), value) => cast(&text, Some(value), live),
            (None, Value::Object(_)) => tree::changes(value, live),
            (None, _) => live.clone(),
        };
        candidates.push(Candidate {
            key,
            value,
            depth: depth + same_end(above, before),
        });
    }
    candidates
}

/// How much a key's last name says, `None` where it is another one.
fn depth(name: &str, above: &[String], last: &str, before: &[String]) -> Option<u32> {
    let before_last = before.last().map(String::as_str).unwrap_or_default();
    let above_last = above.last().map(String::as_str).unwrap_or_default();
    let is_element = |name: &str| !before_last.is_empty() && plain(name) == plain(before_last);
    match last {
        // `env: [{name: A, value: x}]` is `env.A` or an element named `A`.
        "value" if is_element(name) => Some(2),
        "value" if plain(name) == "value" && is_element(above_last) => Some(2),
        "value" => None,
        last if is_alike(name, last) => Some(1),
        "port" | "containerPort" | "targetPort" | "nodePort" if is_element(name) => Some(1),
        _ => None,
    }
}
