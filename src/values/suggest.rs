//! One field after the other: which way leads to its key.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value;

use super::question::{Question, Template};
use super::record::weight_of;
use super::session::{KeySet, Session};
use super::stack::on_a_stack;
use super::{
    Answer, Asked, AskedField, KeyStep, Suggestion, added, by_name, changed, rekeyed, removed, secret,
};
use crate::chart::ReleaseChart;
use crate::compare::path::FieldPath;
use crate::source::Capabilities;
use crate::template::key::Key;
use crate::template::roots::Surroundings;
use crate::template::work::Work;
use crate::vocabulary::NoKeyReason;
use crate::weight::SMALL_VALUE;

/// For each object, the answers about its fields in their order.
///
/// It takes as long as the evaluation of the chart, and a part of it once more for each field; both are limited. It has a
/// stack of its own, whatever that of the caller is.
pub fn suggest(release: &ReleaseChart, capabilities: &Capabilities, asked: &[Asked]) -> Vec<Vec<Answer>> {
    suggest_within(1, release, capabilities, asked)
}

/// The same with one of so many parts of what the evaluations may take.
pub fn suggest_within(
    part_of: usize,
    release: &ReleaseChart,
    capabilities: &Capabilities,
    asked: &[Asked],
) -> Vec<Vec<Answer>> {
    on_a_stack(|| answers(part_of, release, capabilities, asked)).unwrap_or_else(|| {
        let none = |asked: &Asked| vec![Answer::None(NoKeyReason::NotEvaluated); asked.fields.len()];
        asked.iter().map(none).collect()
    })
}

fn answers(
    part_of: usize,
    release: &ReleaseChart,
    capabilities: &Capabilities,
    asked: &[Asked],
) -> Vec<Vec<Answer>> {
    let surroundings = Surroundings {
        release: release.name.clone(),
        namespace: release.namespace.clone(),
        revision: release.revision,
        is_upgrade: release.revision > 1,
        kube_version: capabilities.kube_version.clone(),
        api_versions: (!capabilities.api_versions.is_empty()).then(|| Arc::clone(&capabilities.api_versions)),
    };
    let mut work = Work::part(part_of);
    if weight_of(release) > SMALL_VALUE {
        work.take_turn();
    }
    let work = RefCell::new(work);
    let session = Session::of(release, &surroundings, release.default_nulls, &work)
        .map(|session| of_the_helm_that_deployed(session, asked));
    let mut answers: Vec<Vec<Answer>> = asked
        .iter()
        .map(|asked| {
            let rekeyed = rekeyed::fields(asked);
            let one = |(at, field)| match &session {
                Ok(session) => {
                    let question = Question {
                        session,
                        asked,
                        field,
                    };
                    let of_key = rekeyed.get(&at).map(|field| Question { field, ..question });
                    let of_key = of_key.and_then(|question| suggestion(question).ok());
                    of_key.map_or_else(|| answer(question), |found| Answer::Key(Box::new(found)))
                }
                Err(reason) => Answer::None(*reason),
            };
            asked.fields.iter().enumerate().map(one).collect()
        })
        .collect();
    if let Ok(session) = &session {
        refuse_what_does_not_go_together(session, &mut answers);
    }
    for (asked, answers) in asked.iter().zip(&mut answers) {
        refuse_what_takes_others_away(asked, answers);
        leave_out_what_is_kept_too(asked, answers);
    }
    answers
}

/// Takes back the keys that take away what lives around a field, unless every other field that drifted there has a key, which
/// brings it back: of a probe by HTTP that became a command, the switch of the probe is no key.
fn refuse_what_takes_others_away(asked: &Asked, answers: &mut [Answer]) {
    let is_without_key =
        |(field, answer): &(&AskedField, &Answer)| field.live.is_some() && matches!(answer, Answer::None(_));
    let without: Vec<&FieldPath> = (asked.fields.iter().zip(&*answers))
        .filter(is_without_key)
        .map(|(field, _)| &field.path)
        .collect();
    let is_lost = |around: &FieldPath| {
        let mut without = without.iter();
        without.any(|path| path.segments().starts_with(around.segments()))
    };
    for answer in answers.iter_mut() {
        if let Answer::Key(suggestion) = answer
            && suggestion.takes_away.as_ref().is_some_and(is_lost)
        {
            *answer = Answer::None(NoKeyReason::NotKept);
        }
    }
}

/// Leaves out of what a key also changes the other drifted fields of the object that the same key keeps: of a port with another
/// number, one goes and one comes.
fn leave_out_what_is_kept_too(asked: &Asked, answers: &mut [Answer]) {
    let kept: Vec<(String, Value)> = (asked.fields.iter().zip(&*answers))
        .filter_map(|(field, answer)| match answer {
            Answer::Key(suggestion) => Some((field.path.to_string(), suggestion.snippet.clone())),
            Answer::None(_) => None,
        })
        .collect();
    for answer in answers {
        let Answer::Key(suggestion) = answer else { continue };
        let snippet = &suggestion.snippet;
        suggestion.also_changes.retain(|moved| {
            let is_here = moved.kind == asked.key.gvk.kind && moved.name == asked.key.name;
            !is_here
                || !kept
                    .iter()
                    .any(|(path, set)| *path == moved.path && set == snippet)
        });
    }
}

/// How many keys are tried beside each other one by one, where all of them at once are refused.
const MAX_BESIDE: usize = 32;

/// Takes back the keys that a chart or its schema refuses beside those before them. Each is right by itself.
fn refuse_what_does_not_go_together(session: &Session<'_>, answers: &mut [Vec<Answer>]) {
    let set = |answer: &Answer| match answer {
        Answer::Key(suggestion) => Some(set_by(suggestion)),
        Answer::None(_) => None,
    };
    let all: Vec<KeySet> = answers.iter().flatten().filter_map(set).collect();
    if all.len() < 2 || session.takes(&all.iter().collect::<Vec<_>>()) {
        return;
    }
    let mut taken: Vec<KeySet> = Vec::new();
    for answer in answers.iter_mut().flatten() {
        let Some(own) = set(answer) else { continue };
        let is_known = taken.contains(&own);
        let is_first = taken.is_empty();
        let beside: Vec<&KeySet> = taken.iter().chain([&own]).collect();
        if is_known || is_first || (taken.len() < MAX_BESIDE && session.takes(&beside)) {
            taken.push(own);
        } else {
            *answer = Answer::None(NoKeyReason::NotTogether);
        }
    }
}

/// The key that a suggestion sets; of one within a list that of the list, as Helm replaces lists.
fn set_by(suggestion: &Suggestion) -> KeySet {
    let names = suggestion.key.iter().map_while(|step| match step {
        KeyStep::Name(name) => Some(name),
        KeyStep::Index(_) => None,
    });
    KeySet {
        key: names.fold(Key::root(), |key, name| key.name(name)),
        values: suggestion.snippet.clone(),
    }
}

/// The session that says what was deployed: versions of Helm differ in what they do with nulls in default values.
fn of_the_helm_that_deployed<'s>(session: Session<'s>, asked: &[Asked]) -> Session<'s> {
    let wrong = |session: &Session<'_>| {
        let fields = asked
            .iter()
            .flat_map(|asked| asked.fields.iter().map(move |field| (asked, field)));
        let question = |(asked, field)| Question {
            session,
            asked,
            field,
        };
        fields
            .map(question)
            .filter(|question| question.was_otherwise())
            .count()
    };
    match wrong(&session) {
        0 => session,
        count => {
            let other = session.of_other_helm();
            other.filter(|other| wrong(other) < count).unwrap_or(session)
        }
    }
}

fn answer(question: Question<'_>) -> Answer {
    match suggestion(question) {
        Ok(suggestion) => Answer::Key(Box::new(suggestion)),
        Err(reason) => Answer::None(reason),
    }
}

fn suggestion(question: Question<'_>) -> Result<Suggestion, NoKeyReason> {
    if question.asked.is_autoscaled && question.field.path.to_string() == "/spec/replicas" {
        return Err(NoKeyReason::Autoscaled);
    }
    question.session.time()?;
    if matches!(question.template(), Template::Known(template) if question.session.is_too_much(template)) {
        return Err(NoKeyReason::TooLarge);
    }
    let exact = match (&question.field.deployed, &question.field.live) {
        (Some(deployed), Some(live)) => changed::suggestion(question, deployed, live),
        (None, Some(live)) => added::suggestion(question, live),
        (Some(_), None) => removed::suggestion(question),
        (None, None) => Err(NoKeyReason::NotEvaluated),
    };
    match exact {
        Err(reason @ NoKeyReason::NotEvaluated) if question.is_asked_of_cluster() => Err(reason),
        Err(reason @ (NoKeyReason::NotInRecord | NoKeyReason::NotEvaluated)) => {
            secret::suggestion(question).unwrap_or_else(|| by_name::suggestion(question).map_err(|_| reason))
        }
        exact => exact,
    }
}
