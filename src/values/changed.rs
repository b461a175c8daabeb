//! Fields whose value changed.

use serde_json::Value;

use super::Suggestion;
use super::scalar::{cast, is_alike};
use super::solve::{Solution, solve};
use super::source_map::{Document, differences_inside};
use super::suggest::{Question, Template};
use super::tree;
use crate::template::key::{Key, KeyStep};
use crate::template::traced::Kind;
use crate::vocabulary::NoKeyReason;
use crate::yaml::Limits;

/// The most scalars of a list or map that are looked at.
const MAX_LEAVES: usize = 2_000;
/// The most keys that are tried for a list or a map.
const MAX_TRIED: usize = 6;

/// The key that gives a field another value.
pub(super) fn suggestion(
    question: Question<'_>,
    deployed: &Value,
    live: &Value,
) -> Result<Suggestion, NoKeyReason> {
    let Template::Known(template) = question.template() else {
        return Err(NoKeyReason::NotInRecord);
    };
    let map = question
        .session
        .source_map(template)
        .ok_or(NoKeyReason::NotEvaluated)?;
    let document = question.document(&map).ok_or(NoKeyReason::NotEvaluated)?;
    if deployed.is_array() || deployed.is_object() || live.is_array() || live.is_object() {
        return of_container(question, document, deployed, live);
    }
    let located = document
        .field(&question.field.path)
        .ok_or(NoKeyReason::NotEvaluated)?;
    let reason = match solve(&located, deployed, live) {
        Ok(solution) => match of_solution(question, &solution, live) {
            Ok(suggestion) => return Ok(suggestion),
            Err(reason) => reason,
        },
        Err(reason) => reason,
    };
    match of_inner_field(question, document, deployed, live) {
        Some(inner) => inner,
        // A text of several lines is free text, in which a template may write what a value says otherwise.
        None if reason == NoKeyReason::SetByChart
            && deployed.as_str().is_some_and(|text| text.trim().contains('\n')) =>
        {
            Err(NoKeyReason::NotEvaluated)
        }
        None => Err(reason),
    }
}

fn of_solution(
    question: Question<'_>,
    solution: &Solution,
    field: &Value,
) -> Result<Suggestion, NoKeyReason> {
    let current = question.current(&solution.key);
    let field = if solution.is_all { field } else { &Value::Null };
    let value = cast(&solution.shows, current, field);
    question.verified_as_any_type(&solution.key, value)
}

/// The key of the only field inside a text that holds YAML; `None` where the text does not, or more than one differs.
fn of_inner_field(
    question: Question<'_>,
    document: &Document,
    deployed: &Value,
    live: &Value,
) -> Option<Result<Suggestion, NoKeyReason>> {
    let differences = differences_inside(deployed.as_str()?, live.as_str()?, &Limits::default())?;
    let (inner, was, is) = match &differences[..] {
        [difference] => difference,
        [] => return None,
        _ => return Some(Err(NoKeyReason::SeveralKeys)),
    };
    let (Some(was), Some(is)) = (was, is) else {
        return None;
    };
    let located = document.inside(&question.field.path, inner)?;
    let solution = match solve(&located, was, is) {
        Ok(solution) => solution,
        Err(reason) => return Some(Err(reason)),
    };
    Some(of_solution(question, &solution, is))
}

/// The key of a list or a map that is given as a whole.
fn of_container(
    question: Question<'_>,
    document: &Document,
    deployed: &Value,
    live: &Value,
) -> Result<Suggestion, NoKeyReason> {
    let path = &question.field.path;
    let rendered = document.value(path).ok_or(NoKeyReason::NotEvaluated)?;
    if !is_alike(&rendered, deployed) {
        return Err(NoKeyReason::Differs);
    }
    let leaves = document.fields_under(path, MAX_LEAVES);
    let pieces = || leaves.iter().flat_map(|(_, located)| &located.pieces);
    let mut keys: Vec<Key> = Vec::new();
    for piece in pieces().filter(|piece| matches!(piece.origin.kind, Kind::Value | Kind::Default)) {
        let mut place = piece.origin.key.as_ref();
        while let Some(key) = place.filter(|key| !key.is_root()) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
            place = key.parent();
        }
    }
    if keys.is_empty() {
        let is_literal = pieces().all(|piece| piece.origin.kind == Kind::Literal);
        return Err(if is_literal {
            NoKeyReason::SetByChart
        } else {
            NoKeyReason::NotEvaluated
        });
    }
    let mut reason = NoKeyReason::SeveralKeys;
    let mut best: Option<Suggestion> = None;
    let wanted = keys.iter().filter_map(|key| {
        let current = question.current(key)?;
        Some((key, replaced(current, deployed, live)?))
    });
    for (key, value) in wanted.take(MAX_TRIED) {
        match question.verified(key, value) {
            Ok(found)
                if best
                    .as_ref()
                    .is_none_or(|best| found.also_changes.len() < best.also_changes.len()) =>
            {
                best = Some(found);
            }
            Ok(_) => {}
            Err(other) => reason = other,
        }
    }
    best.ok_or(reason)
}

/// What has to stand at a key for the live list or map to come out, if what stands there now is all of the deployed one,
/// or the part of a list that changed.
fn replaced(current: &Value, deployed: &Value, live: &Value) -> Option<Value> {
    match (current, deployed, live) {
        (Value::Object(_), Value::Object(_), Value::Object(_)) => {
            is_alike(current, deployed).then(|| tree::changes(current, live))
        }
        (Value::Array(current), Value::Array(deployed), Value::Array(live)) => {
            (0..=deployed.len().checked_sub(current.len())?).find_map(|start| {
                let end = start + current.len();
                let is_here = deployed
                    .get(start..end)?
                    .iter()
                    .zip(current)
                    .all(|(a, b)| is_alike(a, b));
                let (before, after) = (deployed.get(..start)?, deployed.get(end..)?);
                let middle_end = live.len().checked_sub(after.len()).filter(|end| *end >= start)?;
                let starts = live.get(..start)?.iter().zip(before).all(|(a, b)| is_alike(a, b));
                let ends = live
                    .get(middle_end..)?
                    .iter()
                    .zip(after)
                    .all(|(a, b)| is_alike(a, b));
                (is_here && starts && ends).then(|| Value::Array(live[start..middle_end].to_vec()))
            })
        }
        _ => is_alike(current, deployed).then(|| live.clone()),
    }
}

/// The key one step above an element of a list, and the element's place in it.
pub(super) fn list_of(key: &Key) -> Option<(Key, usize)> {
    let mut place = Some(key);
    while let Some(key) = place {
        if let (Some(KeyStep::Index(index)), Some(parent)) = (key.last(), key.parent()) {
            return Some((parent.clone(), *index));
        }
        place = key.parent();
    }
    None
}
