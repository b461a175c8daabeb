//! Fields that somebody took away.

use serde_json::Value;

use super::Suggestion;
use super::changed::list_of;
use super::suggest::{Question, Template};
use crate::template::key::Key;
use crate::template::traced::Kind;
use crate::vocabulary::NoKeyReason;

/// The most scalars of a list or map that are looked at.
const MAX_LEAVES: usize = 200;
/// The most keys that are tried.
const MAX_TRIED: usize = 12;

/// The key that takes a field away: null where its value stands, a list without the element, or a switch turned off.
pub(super) fn suggestion(question: Question<'_>) -> Result<Suggestion, NoKeyReason> {
    let Template::Known(template) = question.template() else {
        return Err(NoKeyReason::NotInRecord);
    };
    let map = question
        .session
        .source_map(template)
        .ok_or(NoKeyReason::NotEvaluated)?;
    let document = question.document(&map).ok_or(NoKeyReason::NotEvaluated)?;
    let leaves = document.fields_under(&question.field.path, MAX_LEAVES);
    if leaves.is_empty() {
        return Err(NoKeyReason::NotEvaluated);
    }
    let pieces = || leaves.iter().flat_map(|(_, located)| &located.pieces);
    let mut tries: Vec<(Key, Value)> = Vec::new();
    let mut offer = |key: Key, value: Value| {
        if !key.is_root() && !tries.iter().any(|(tried, _)| *tried == key) {
            tries.push((key, value));
        }
    };
    let shown = || pieces().filter(|piece| matches!(piece.origin.kind, Kind::Value | Kind::Default));
    for key in shown().filter_map(|piece| piece.origin.key.as_ref()) {
        if let Some((list, index)) = list_of(key)
            && let Some(Value::Array(items)) = question.current(&list)
        {
            let mut items = items.clone();
            if index < items.len() {
                items.remove(index);
            }
            offer(list, Value::Array(items));
            continue;
        }
        let mut place = Some(key);
        while let Some(key) = place.filter(|key| !key.is_root()) {
            if question.current(key).is_some() {
                offer(key.clone(), Value::Null);
            }
            place = key.parent();
        }
    }
    // What decides whether the text is there at all.
    let switches: Vec<Key> = pieces()
        .flat_map(|piece| piece.origin.keys.iter().cloned())
        .collect();
    for key in switches {
        if let Some(Value::Bool(true)) = question.current(&key) {
            offer(key, Value::Bool(false));
        }
    }
    let is_literal = tries.is_empty() && pieces().all(|piece| piece.origin.kind == Kind::Literal);
    let found = tries
        .into_iter()
        .take(MAX_TRIED)
        .map(|(key, value)| question.verified(&key, value));
    let mut best: Option<Suggestion> = None;
    let mut reason = None;
    for found in found {
        match found {
            Ok(found)
                if best
                    .as_ref()
                    .is_none_or(|best| found.also_changes.len() < best.also_changes.len()) =>
            {
                best = Some(found);
            }
            Ok(_) => {}
            Err(other) => reason = reason.or(Some(other)),
        }
    }
    best.ok_or(reason.unwrap_or(if is_literal {
        NoKeyReason::SetByChart
    } else {
        NoKeyReason::NotEvaluated
    }))
}
