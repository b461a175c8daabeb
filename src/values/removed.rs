//! Fields that somebody took away.

use serde_json::Value;

use super::Suggestion;
use super::changed::list_of;
use super::source_map::{Document, LocatedPiece};
use super::suggest::{Question, Template};
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
    let shown = pieces
        .iter()
        .filter(|piece| matches!(piece.origin.kind, Kind::Value | Kind::Default));
    for key in shown.filter_map(|piece| piece.origin.key.as_ref()) {
        tries.offer_without(question, key);
    }
    // What decides whether the text is there at all.
    for key in pieces.iter().flat_map(|piece| piece.origin.keys.iter()) {
        tries.offer_turned(question, key);
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

    /// A key whose value is shown: nothing there or above, or the list without the element.
    fn offer_without(&mut self, question: Question<'_>, key: &Key) {
        if let Some((list, index)) = list_of(key)
            && let Some(Value::Array(items)) = question.current(&list)
        {
            let mut items = items.clone();
            if index < items.len() {
                items.remove(index);
            }
            self.offer(list, Value::Array(items));
            return;
        }
        let mut place = Some(key);
        while let Some(key) = place.filter(|key| !key.is_root()) {
            if question.current(key).is_some() {
                self.offer(key.clone(), Value::Null);
            }
            place = key.parent();
        }
    }

    /// A key that a condition reads: the other way round.
    fn offer_turned(&mut self, question: Question<'_>, key: &Key) {
        match question.current(key) {
            Some(Value::Bool(is_on)) => self.offer(key.clone(), Value::Bool(!is_on)),
            Some(Value::String(text)) if !text.is_empty() => self.offer(key.clone(), Value::from("")),
            Some(Value::Object(fields)) if !fields.is_empty() => self.offer(key.clone(), Value::Null),
            Some(Value::Array(items)) if !items.is_empty() => {
                self.offer(key.clone(), Value::Array(Vec::new()));
            }
            Some(Value::Null | Value::Number(_) | Value::String(_) | Value::Object(_) | Value::Array(_))
            | None => {}
        }
    }
}
