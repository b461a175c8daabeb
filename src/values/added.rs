//! Fields that somebody added, and that the manifest does not have.
//!
//! Nothing is rendered that would name the key. Keys that the template reads and whose names are those on the way to the
//! field are tried, and the one that gives what lives and changes least else is named.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Suggestion;
use super::names::{may_take, words};
use super::placement::{placements, with_element};
use super::question::{Question, Template, words_of};
use super::source_map::Document;
use super::tree;
use crate::compare::path::{FieldPath, Segment};
use crate::template::key::{Key, KeyStep};
use crate::template::traced::Kind;
use crate::vocabulary::NoKeyReason;

/// The most keys of the values that are looked at.
const MAX_NODES: usize = 20_000;
/// The most keys that are tried.
const MAX_TRIED: usize = 20;
/// The most fields that are looked at beside the one that was added.
const MAX_BESIDE: usize = 200;

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
    let path = &question.field.path;
    if document.may_have(path) && document.field(path).is_some() {
        return Err(NoKeyReason::NotEvaluated);
    }
    of_part(question, document, path, live)
}

/// The key that adds elements to the list that is the field. More than one come where that list is kept as a list.
pub(super) fn of_elements(
    question: Question<'_>,
    document: &Document,
    elements: &[Value],
) -> Result<Suggestion, NoKeyReason> {
    let [element] = elements else {
        return Err(NoKeyReason::NotEvaluated);
    };
    let path = question.field.path.join(Segment::Index(0));
    of_part(question, document, &path, element)
}

/// The key that adds what lives at a path: at the field, or as an element of it.
fn of_part(
    question: Question<'_>,
    document: &Document,
    path: &FieldPath,
    live: &Value,
) -> Result<Suggestion, NoKeyReason> {
    let mut tries = Tries::default();
    beside(question, document, path, live, &mut tries);
    by_names(question, path, live, &mut tries);
    question
        .best_of(tries.offers.into_iter())
        .map_err(|reason| match reason {
            Some(reason @ (NoKeyReason::TooLarge | NoKeyReason::RefusedBySchema)) => reason,
            Some(_) | None => NoKeyReason::NoneFound,
        })
}

/// Keys to try, each way to set the same values once.
#[derive(Default)]
struct Tries {
    offers: Vec<(Key, Value)>,
    set: Vec<Value>,
}

impl Tries {
    fn offer(&mut self, key: Key, value: Value, most: usize) {
        let set = tree::tree(&key, value.clone());
        if self.offers.len() < most && !self.set.contains(&set) {
            self.set.push(set);
            self.offers.push((key, value));
        }
    }
}

/// Keys beside those of the fields beside it: a limit of memory goes where that of CPU comes from.
fn beside(question: Question<'_>, document: &Document, path: &FieldPath, live: &Value, tries: &mut Tries) {
    let Some((last, above)) = path.segments().split_last() else {
        return;
    };
    let parent: FieldPath = above.iter().cloned().collect();
    for (path, located) in document.fields_under(&parent, MAX_BESIDE) {
        let shown = located
            .pieces
            .iter()
            .filter(|piece| piece.origin.kind == Kind::Value);
        for key in shown.filter_map(|piece| piece.origin.key.as_ref()) {
            // As many steps up as the field beside it is below the parent.
            let mut place = Some(key);
            for _ in path.segments() {
                place = place.and_then(Key::parent);
            }
            let Some(place) = place.filter(|place| !place.is_root()) else {
                continue;
            };
            match (question.current(place), last) {
                (Some(Value::Object(_)), Segment::Key(name)) => {
                    tries.offer(place.name(name), live.clone(), MAX_TRIED / 2);
                }
                (Some(Value::Array(items)), Segment::Match(_) | Segment::Index(_) | Segment::Member(_)) => {
                    tries.offer(place.clone(), with_element(items, live), MAX_TRIED / 2);
                }
                _ => {}
            }
        }
    }
}

/// Keys whose names are those of the field, or of what is above it; those that the template reads. The best first.
fn by_names(question: Question<'_>, path: &FieldPath, live: &Value, tries: &mut Tries) {
    let Template::Known(template) = question.template() else {
        return;
    };
    let read = question.session.keys_read(template);
    let values = question.session.values();
    let nodes = tree::nodes(values, MAX_NODES);
    let mut known: Vec<(&Key, &Value)> = nodes
        .iter()
        .filter(|(key, _)| !key.is_root() && read.iter().any(|read| read.overlaps(key)))
        .map(|(key, value)| (key, *value))
        .collect();
    // Keys that the template names and that no value has.
    let unset = read.iter().filter(|key| tree::get(values, key).is_none());
    known.extend(unset.map(|key| (key, &Value::Null)));
    let evidence: BTreeSet<String> = words_of(path)
        .iter()
        .chain([&question.asked.key.gvk.kind, &question.asked.key.name])
        .flat_map(|word| words(word))
        .collect();
    let placements = placements(path);
    let mut found: Vec<(f64, &Key, Value)> = Vec::new();
    for (key, current) in known {
        let Some(KeyStep::Name(name)) = key.last() else {
            continue;
        };
        for placement in placements
            .iter()
            .filter(|placement| may_take(name, placement.name))
        {
            let score = fit(key, &evidence);
            let values = placement.values(current, live);
            found.extend(values.into_iter().map(|value| (score, key, value)));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, key, value) in found {
        tries.offer(key.clone(), value, MAX_TRIED);
    }
}

/// How well the names above a key's last one fit to where the field is.
fn fit(key: &Key, evidence: &BTreeSet<String>) -> f64 {
    let steps = key.steps();
    let above = steps.split_last().map_or(&[][..], |(_, above)| above);
    let weights = above.iter().map(|step| match step {
        KeyStep::Name(name) if words(name).is_disjoint(evidence) => -0.5,
        KeyStep::Name(_) | KeyStep::Index(_) => 1.0,
    });
    weights.sum()
}
