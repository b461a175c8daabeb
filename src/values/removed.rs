//! Fields that somebody took away.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Suggestion;
use super::question::{Question, Template};
use super::solve::deciding_keys;
use super::source_map::{Document, LocatedPiece};
use super::tree;
use crate::compare::path::FieldPath;
use crate::template::key::Key;
use crate::template::traced::Kind;
use crate::vocabulary::NoKeyReason;

/// The most scalars of a list or map that are looked at.
const MAX_LEAVES: usize = 200;
/// The most keys that are tried.
const MAX_TRIED: usize = 16;

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
    of_part(question, document, &question.field.path)
}

/// The key that takes away what is at a path: the field, or an element of the list that is the field.
pub(super) fn of_part(
    question: Question<'_>,
    document: &Document,
    path: &FieldPath,
) -> Result<Suggestion, NoKeyReason> {
    let leaves = document.fields_under(path, MAX_LEAVES);
    if leaves.is_empty() {
        return Err(NoKeyReason::NotEvaluated);
    }
    let pieces: Vec<&LocatedPiece> = leaves.iter().flat_map(|(_, located)| &located.pieces).collect();
    let mut tries = Tries(Vec::new());
    // What decides whether the text is there at all.
    let deciding = deciding_keys(pieces.iter().copied());
    for key in &deciding {
        tries.offer_switch(question, key);
    }
    let shown: BTreeSet<&Key> = pieces
        .iter()
        .filter(|piece| matches!(piece.origin.kind, Kind::Value | Kind::Default))
        .filter_map(|piece| piece.origin.key.as_ref())
        .collect();
    for key in &shown {
        tries.offer_without(question, key, &shown);
    }
    for key in &deciding {
        tries.offer_nothing(question, key);
    }
    let is_literal = tries.0.is_empty() && pieces.iter().all(|piece| piece.origin.kind == Kind::Literal);
    let otherwise = if is_literal {
        NoKeyReason::SetByChart
    } else {
        NoKeyReason::NotEvaluated
    };
    question
        .best_of(tries.0.into_iter().take(MAX_TRIED))
        .map_err(|reason| reason.unwrap_or(otherwise))
}

/// Keys to try, each once.
struct Tries(Vec<(Key, Value)>);

impl Tries {
    fn offer(&mut self, key: Key, value: Value) {
        if !key.is_root() && !self.0.iter().any(|(tried, _)| *tried == key) {
            self.0.push((key, value));
        }
    }

    /// A key whose value is shown: nothing there or above, or the list without the element. Nothing where other values are
    /// too, which templates may ask for.
    fn offer_without(&mut self, question: Question<'_>, key: &Key, shown: &BTreeSet<&Key>) {
        if let Some((list, index)) = tree::list_of(key)
            && let Some(Value::Array(items)) = question.current(&list)
        {
            let mut items = items.clone();
            if index < items.len() {
                items.remove(index);
            }
            self.offer(list, Value::Array(items));
            return;
        }
        let is_shown = |key: &Key| shown.iter().any(|shown| shown.overlaps(key));
        let mut place = Some(key);
        while let Some(key) = place.filter(|key| !key.is_root()) {
            if let Some(current) = question.current(key) {
                let below = tree::leaves(current, MAX_LEAVES);
                if !below.iter().all(|(below, _)| is_shown(&joined(key, below))) {
                    return;
                }
                self.offer(key.clone(), Value::Null);
            }
            place = key.parent();
        }
    }

    /// A switch that a condition reads: the other way round.
    fn offer_switch(&mut self, question: Question<'_>, key: &Key) {
        if let Some(Value::Bool(is_on)) = question.current(key) {
            self.offer(key.clone(), Value::Bool(!is_on));
        }
    }

    /// A text, list or map that a condition reads: nothing in it.
    fn offer_nothing(&mut self, question: Question<'_>, key: &Key) {
        match question.current(key) {
            Some(Value::String(text)) if !text.is_empty() => self.offer(key.clone(), Value::from("")),
            Some(Value::Array(items)) if !items.is_empty() => {
                self.offer(key.clone(), Value::Array(Vec::new()));
            }
            Some(
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_)
                | Value::Array(_),
            )
            | None => {}
        }
    }
}

/// A key below another one.
fn joined(key: &Key, below: &Key) -> Key {
    below
        .steps()
        .into_iter()
        .fold(key.clone(), |key, step| key.join(step.clone()))
}
