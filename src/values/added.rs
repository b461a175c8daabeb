//! Fields that somebody added, and that the manifest does not have.
//!
//! Nothing is rendered that would name the key. Keys that the template reads and whose names are those on the way to the
//! field are tried, and the one that gives what lives and changes least else is named.

use serde_json::{Map, Value};

use super::Suggestion;
use super::names::{is_alike, words};
use super::source_map::Document;
use super::suggest::{Question, Template, words_of};
use super::tree;
use crate::compare::path::{FieldPath, Segment};
use crate::template::key::{Key, KeyStep};
use crate::template::traced::Kind;
use crate::vocabulary::NoKeyReason;

/// The most keys of the values that are looked at.
const MAX_NODES: usize = 20_000;
/// The most keys that are tried.
const MAX_TRIED: usize = 20;
/// How many other fields may change.
const MAX_MOVED: usize = 3;

/// The key that adds a field.
pub(super) fn suggestion(question: Question<'_>, live: &Value) -> Result<Suggestion, NoKeyReason> {
    let Template::Known(template) = question.template() else {
        return Err(NoKeyReason::NotInRecord);
    };
    let map = question
        .session
        .source_map(template)
        .ok_or(NoKeyReason::NotEvaluated)?;
    let document = question.document(&map).ok_or(NoKeyReason::NotEvaluated)?;
    if document.may_have(&question.field.path) && document.field(&question.field.path).is_some() {
        return Err(NoKeyReason::NotEvaluated);
    }
    let mut tries = beside(question, document, live);
    for found in by_names(question, template, live) {
        if !tries.iter().any(|tried| tried.0 == found.0 && tried.1 == found.1) {
            tries.push(found);
        }
    }
    let mut found: Vec<Suggestion> = Vec::new();
    let mut reason = NoKeyReason::NotKept;
    let is_tried = !tries.is_empty();
    for (key, value) in tries.into_iter().take(MAX_TRIED) {
        match question.verified(&key, value) {
            Ok(suggestion) => found.push(suggestion),
            Err(other @ (NoKeyReason::TooLarge | NoKeyReason::RefusedBySchema)) => reason = other,
            Err(_) => {}
        }
    }
    found.sort_by_key(|suggestion| suggestion.also_changes.len());
    let mut found = found.into_iter();
    let Some(best) = found.next() else {
        return Err(if is_tried {
            reason
        } else {
            NoKeyReason::NotEvaluated
        });
    };
    // The same values may be written as a key, or as one above it.
    if found
        .find(|second| second.snippet != best.snippet)
        .is_some_and(|second| second.also_changes.len() == best.also_changes.len())
    {
        return Err(NoKeyReason::Ambiguous);
    }
    if best.also_changes.len() > MAX_MOVED {
        return Err(NoKeyReason::Ambiguous);
    }
    Ok(best)
}

/// Keys beside those of the fields beside it: a limit of memory goes where that of CPU comes from.
fn beside(question: Question<'_>, document: &Document, live: &Value) -> Vec<(Key, Value)> {
    let segments = question.field.path.segments();
    let Some((last, above)) = segments.split_last() else {
        return Vec::new();
    };
    let parent: FieldPath = above.iter().cloned().collect();
    let mut tries = Vec::new();
    for (path, located) in document.fields_under(&parent, 200) {
        for piece in located
            .pieces
            .iter()
            .filter(|piece| piece.origin.kind == Kind::Value)
        {
            let Some(key) = &piece.origin.key else { continue };
            // As many steps up as the field beside it is below the parent.
            let mut place = Some(key);
            for _ in 0..path.segments().len() {
                place = place.and_then(Key::parent);
            }
            let (Some(place), Some(name)) = (place.filter(|place| !place.is_root()), last_name(last)) else {
                continue;
            };
            match question.current(place) {
                Some(Value::Object(_)) if matches!(last, Segment::Key(_)) => {
                    push(&mut tries, place.name(name), live.clone());
                }
                Some(Value::Array(items)) if !matches!(last, Segment::Key(_)) => {
                    push(&mut tries, place.clone(), with_element(items, live));
                }
                _ => {}
            }
        }
    }
    tries
}

fn push(tries: &mut Vec<(Key, Value)>, key: Key, value: Value) {
    let is_new = !tries
        .iter()
        .any(|(other, known)| *other == key && *known == value);
    if is_new && tries.len() < MAX_TRIED / 2 {
        tries.push((key, value));
    }
}

fn last_name(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Key(key) => Some(key),
        Segment::Match(keys) => keys.iter().find_map(|(_, value)| value.as_str()).or(Some("")),
        Segment::Index(_) | Segment::Member(_) => Some(""),
    }
}

fn with_element(items: &[Value], element: &Value) -> Value {
    let mut items = items.to_vec();
    items.push(element.clone());
    Value::Array(items)
}

/// Keys whose names are those of the field, or of what is above it; those that the template reads.
fn by_names(question: Question<'_>, template: &str, live: &Value) -> Vec<(Key, Value)> {
    let read = question.session.keys_read(template);
    let evidence: std::collections::BTreeSet<String> = words_of(&question.field.path)
        .iter()
        .chain([&question.asked.key.gvk.kind, &question.asked.key.name])
        .flat_map(|word| words(word))
        .collect();
    let nodes = tree::nodes(question.session.values(), MAX_NODES);
    let mut known: Vec<(Key, Value)> = nodes
        .into_iter()
        .filter(|(key, _)| !key.is_root() && read.iter().any(|read| read.overlaps(key)))
        .map(|(key, value)| (key, value.clone()))
        .collect();
    // Keys that the template names and that no value has.
    for key in &read {
        if tree::get(question.session.values(), key).is_none() {
            known.push((key.clone(), Value::Null));
        }
    }
    let steps = steps_up(&question.field.path);
    let mut tries: Vec<(f64, Key, Value)> = Vec::new();
    for (key, current) in &known {
        let Some(KeyStep::Name(name)) = key.last() else {
            continue;
        };
        for step in &steps {
            if !is_alike(name, step.name) {
                continue;
            }
            let Some(value) = step.value(current, live) else {
                continue;
            };
            let names = key.steps();
            let above = names.len() - 1;
            let is_fitting = |step: &&&KeyStep| match step {
                KeyStep::Name(name) => !words(name).is_disjoint(&evidence),
                KeyStep::Index(_) => true,
            };
            let fitting = names.iter().take(above).filter(is_fitting).count();
            #[allow(clippy::cast_precision_loss, reason = "a handful of steps")]
            let score = fitting as f64 - 0.5 * (above - fitting) as f64;
            tries.push((score, key.clone(), value));
        }
    }
    tries.sort_by(|a, b| b.0.total_cmp(&a.0));
    tries.into_iter().map(|(_, key, value)| (key, value)).collect()
}

/// The field seen from one of the names on its way.
struct StepUp<'p> {
    name: &'p str,
    below: &'p [Segment],
}

/// The ways to look at a field, from its own name to that of a name four steps above.
fn steps_up(path: &FieldPath) -> Vec<StepUp<'_>> {
    let segments = path.segments();
    let mut steps = Vec::new();
    for up in 0..segments.len().min(5) {
        let at = segments.len() - 1 - up;
        if let (Some(Segment::Key(name)), Some(below)) = (segments.get(at), segments.get(at + 1..)) {
            steps.push(StepUp { name, below });
        }
    }
    steps
}

impl StepUp<'_> {
    /// What has to stand at a key of this name, with what stands there now, for the live value to come out.
    fn value(&self, current: &Value, live: &Value) -> Option<Value> {
        let is_empty = match current {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        match self.below {
            [] => match (current, live) {
                (Value::Object(fields), Value::Object(_)) if !fields.is_empty() => {
                    Some(tree::changes(current, live))
                }
                _ => (is_empty || !live.is_object()).then(|| live.clone()),
            },
            // One element of a list, which a chart keeps as a list or by name.
            [Segment::Match(_) | Segment::Index(_) | Segment::Member(_)] => match current {
                Value::Array(items) => Some(with_element(items, live)),
                Value::Object(fields) if !fields.is_empty() => named_element(live),
                _ if is_empty => Some(Value::Array(vec![live.clone()])),
                _ => None,
            },
            below => {
                let names: Option<Vec<&str>> = below
                    .iter()
                    .map(|segment| match segment {
                        Segment::Key(key) => Some(key.as_str()),
                        Segment::Match(_) | Segment::Index(_) | Segment::Member(_) => None,
                    })
                    .collect();
                if !is_empty && !current.is_object() {
                    return None;
                }
                let mut value = live.clone();
                for name in names?.iter().rev() {
                    value = Value::Object(Map::from_iter([((*name).to_owned(), value)]));
                }
                Some(value)
            }
        }
    }
}

/// `{name: A, value: x}` as the entry `A: x` of a map.
fn named_element(element: &Value) -> Option<Value> {
    let name = element.get("name")?.as_str()?;
    let value = element.get("value")?;
    Some(Value::Object(Map::from_iter([(name.to_owned(), value.clone())])))
}
