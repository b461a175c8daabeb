//! Fields whose value changed.

use serde_json::Value;

use super::Suggestion;
use super::lists::{came, only_difference, pairs_are_alike, went};
use super::question::{Question, Template};
use super::scalar::{cast, is_alike};
use super::solve::{Solution, Texts, deciding_keys};
use super::source_map::{Document, Located, differences_inside};
use super::{added, placement, removed, together, tree};
use crate::compare::path::{FieldPath, Segment};
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
    let reason = match of_scalar(question, &located, deployed, live) {
        Ok(suggestion) => return Ok(suggestion),
        Err(reason) => reason,
    };
    if matches!(reason, NoKeyReason::SetByChart | NoKeyReason::NotEvaluated)
        && let Some(suggestion) = of_override(question, document)
    {
        return Ok(suggestion);
    }
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

/// The key of a scalar; where the template itself has the text, the key that chooses another branch of it.
fn of_scalar(
    question: Question<'_>,
    located: &Located,
    was: &Value,
    is: &Value,
) -> Result<Suggestion, NoKeyReason> {
    let texts = Texts::of(located, was, is)?;
    match texts.solve() {
        Ok(solution) => of_solution(question, &solution, is),
        // One key before several: an image that is pinned has a digest, and not another tag.
        Err(reason @ NoKeyReason::SeveralKeys) => of_branch(question, located, is)
            .ok()
            .or_else(|| together::suggestion(question, &texts))
            .ok_or(reason),
        Err(reason @ (NoKeyReason::SetByChart | NoKeyReason::NotEvaluated)) => {
            let decided = !deciding_keys(&located.pieces).is_empty();
            of_branch(question, located, is).map_err(|_| match reason {
                // Another value of these gives another text.
                NoKeyReason::SetByChart if decided => NoKeyReason::NotEvaluated,
                reason => reason,
            })
        }
        Err(reason) => Err(reason),
    }
}

/// The key of a condition that decides on a text: one that is empty is given the text, or the digest of the image that it
/// is; a switch is turned.
fn of_branch(question: Question<'_>, located: &Located, is: &Value) -> Result<Suggestion, NoKeyReason> {
    if located.has_hole {
        return Err(NoKeyReason::NotEvaluated);
    }
    let keys = deciding_keys(&located.pieces);
    let parts = is.as_str().and_then(|image| image.split_once('@'));
    let digest = parts.filter(|(_, digest)| digest.starts_with("sha256:"));
    let text = digest.map_or_else(|| is.clone(), |(_, digest)| digest.into());
    let tries = keys.into_iter().filter_map(|key| {
        let value = match tree::get(question.session.values(), key) {
            None | Some(Value::Null) => text.clone(),
            Some(Value::String(current)) if current.is_empty() => text.clone(),
            Some(Value::Bool(is_on)) => Value::Bool(!is_on),
            Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => return None,
        };
        Some((key.clone(), value))
    });
    question
        .best_of(tries.take(MAX_TRIED))
        .map_err(|reason| reason.unwrap_or(NoKeyReason::SetByChart))
}

/// The key of an empty map or list that a chart shows in place of what it writes itself, such as `resources` beside a preset: all
/// that is deployed there, and the fields as they live.
fn of_override(question: Question<'_>, document: &Document) -> Option<Suggestion> {
    let Template::Known(template) = question.template() else {
        return None;
    };
    let read = question.session.keys_read(template);
    let is_empty = |key: &Key| question.current(key).is_none_or(placement::is_empty);
    let segments = question.field.path.segments();
    let mut tries = Vec::new();
    for end in (1..segments.len()).rev().take(MAX_UP) {
        let Some(Segment::Key(name)) = segments.get(end - 1) else {
            continue;
        };
        let around: FieldPath = segments[..end].iter().cloned().collect();
        let mut keys = read
            .iter()
            .filter(|key| is_named(key, name) && is_empty(key))
            .peekable();
        if keys.peek().is_none() {
            continue;
        }
        let Some(mut value) = document.value(&around) else {
            continue;
        };
        let fields = question.asked.fields.iter();
        let below =
            fields.filter_map(|field| Some((field.path.segments().strip_prefix(&segments[..end])?, field)));
        let is_set = below.map(|(below, field)| set_live(&mut value, below, field.live.as_ref()));
        if is_set.fold(true, |all, is_set| all & is_set.is_some()) {
            tries.extend(keys.map(|key| (key.clone(), value.clone())));
        }
    }
    question.best_of(tries.into_iter().take(MAX_TRIED)).ok()
}

/// How many maps around a field are looked at.
const MAX_UP: usize = 5;

/// Whether the last name of a key ends with this name, as `customLivenessProbe` does with `livenessProbe`.
fn is_named(key: &Key, name: &str) -> bool {
    match key.steps().last() {
        Some(KeyStep::Name(last)) => last.to_lowercase().ends_with(&name.to_lowercase()),
        Some(KeyStep::Index(_)) | None => false,
    }
}

/// Writes what lives at a path into a value.
fn set_live(value: &mut Value, path: &[Segment], live: Option<&Value>) -> Option<()> {
    let (last, around) = path.split_last()?;
    let mut place = value;
    for segment in around {
        place = match segment {
            Segment::Key(name) => place.get_mut(name)?,
            Segment::Index(position) => place.get_mut(position)?,
            Segment::Match(keys) => {
                let mut items = place.as_array_mut()?.iter_mut();
                items.find(|item| keys.iter().all(|(key, value)| item.get(key) == Some(value)))?
            }
            Segment::Member(_) => return None,
        };
    }
    match (last, live) {
        (Segment::Key(name), Some(live)) => {
            place.as_object_mut()?.insert(name.clone(), live.clone());
        }
        (Segment::Key(name), None) => {
            place.as_object_mut()?.remove(name);
        }
        (Segment::Index(position), Some(live)) => *place.get_mut(position)? = live.clone(),
        (Segment::Match(_), Some(live)) => place.as_array_mut()?.push(live.clone()),
        (Segment::Index(_) | Segment::Match(_), None) | (Segment::Member(_), _) => return None,
    }
    Some(())
}

fn of_solution(
    question: Question<'_>,
    solution: &Solution,
    field: &Value,
) -> Result<Suggestion, NoKeyReason> {
    let current = question.current(&solution.key);
    let field = if solution.is_all { field } else { &Value::Null };
    let value = cast(&solution.shows, current, field);
    question.verified_as_any_type(&solution.key, &value)
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
    Some(of_scalar(question, &located, was, is))
}

/// The key of a list or a map that differs: of the one value in it that changed, of the elements that came or went, or of
/// all of it.
fn of_container(
    question: Question<'_>,
    document: &Document,
    deployed: &Value,
    live: &Value,
) -> Result<Suggestion, NoKeyReason> {
    let path = &question.field.path;
    let rendered = document.value(path);
    if rendered
        .as_ref()
        .is_some_and(|rendered| !is_alike(rendered, deployed))
    {
        return Err(NoKeyReason::Differs);
    }
    if let Some((below, was, is)) = only_difference(deployed, live) {
        let inner: FieldPath = path.segments().iter().chain(below.segments()).cloned().collect();
        if let Some(located) = document.field(&inner) {
            return of_scalar(question, &located, was, is)
                .or_else(|reason| of_whole(question, document, deployed, live).map_err(|_| reason));
        }
    }
    of_whole(question, document, deployed, live).or_else(|reason| {
        let other = if let Some(came) = came(deployed, live) {
            added::of_elements(question, document, came)
        } else if let Some(position) = went(deployed, live) {
            removed::of_part(question, document, &path.join(Segment::Index(position)))
        } else {
            return Err(reason);
        };
        other.map_err(|other| {
            if reason == NoKeyReason::SetByChart {
                other
            } else {
                reason
            }
        })
    })
}

/// The key that gives all of a list or a map.
fn of_whole(
    question: Question<'_>,
    document: &Document,
    deployed: &Value,
    live: &Value,
) -> Result<Suggestion, NoKeyReason> {
    let leaves = document.fields_under(&question.field.path, MAX_LEAVES);
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
        let is_literal = !leaves.is_empty() && pieces().all(|piece| piece.origin.kind == Kind::Literal);
        return Err(if is_literal {
            NoKeyReason::SetByChart
        } else {
            NoKeyReason::NotEvaluated
        });
    }
    let wanted = keys.iter().filter_map(|key| {
        let current = question.current(key)?;
        Some((key.clone(), replaced(current, deployed, live)?))
    });
    question
        .best_of(wanted.take(MAX_TRIED))
        .map_err(|reason| reason.unwrap_or(NoKeyReason::SeveralKeys))
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
                let is_here = pairs_are_alike(deployed.get(start..end)?, current);
                let (before, after) = (deployed.get(..start)?, deployed.get(end..)?);
                let middle_end = live.len().checked_sub(after.len()).filter(|end| *end >= start)?;
                let is_rest_same = pairs_are_alike(live.get(..start)?, before)
                    && pairs_are_alike(live.get(middle_end..)?, after);
                let middle = live.get(start..middle_end)?.to_vec();
                (is_here && is_rest_same).then_some(Value::Array(middle))
            })
        }
        _ => is_alike(current, deployed).then(|| live.clone()),
    }
}
