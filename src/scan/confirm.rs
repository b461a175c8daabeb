//! Asking the API server about what drifted, where the operator wants it asked.
//!
//! One dry run per drifted object, as bounded as every other request. What fails for a whole kind, such as a right that
//! is missing or a webhook that hangs, is tried once per namespace and not for each object.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;

use super::Progress;
use super::state::{Asked, Board, Facts};
use crate::classify::dry_run::{DryRunCheck, FailureScope};
use crate::object::{Gvk, ObjectKey};
use crate::source::{Expected, Kinds, ObjectRequest, ReadError, Source};

/// How many kinds are asked about at once, and how many objects of one.
const AT_ONCE: usize = 8;

/// Why nothing more is asked about a kind in a namespace.
type GivenUp = Mutex<BTreeMap<(Gvk, Option<String>), ReadError>>;

/// Asks every question on the board.
pub(super) async fn confirm<S: Source>(
    source: &Arc<S>,
    board: &Board,
    kinds: &Kinds,
    facts: &Facts,
    progress: &dyn Progress,
) {
    let questions = board.questions();
    progress.stage("asking the server about what drifted", questions.len());
    let given_up = &GivenUp::default();
    let one = |asked: Asked| async move {
        let answer = ask(source, &asked, kinds, given_up).await;
        settle(board, &asked, answer, facts);
        progress.step();
    };
    let mut places: BTreeMap<(Gvk, Option<String>), Vec<Asked>> = BTreeMap::new();
    for asked in questions {
        places.entry(place(&asked.key)).or_default().push(asked);
    }
    futures::stream::iter(places.into_values())
        .for_each_concurrent(AT_ONCE, |asked| async move {
            let mut asked = asked.into_iter();
            // The first one finds out what fails for all.
            if let Some(first) = asked.next() {
                one(first).await;
            }
            futures::stream::iter(asked)
                .for_each_concurrent(AT_ONCE, one)
                .await;
        })
        .await;
}

fn place(key: &ObjectKey) -> (Gvk, Option<String>) {
    (key.gvk.clone(), key.namespace.clone())
}

async fn ask<S: Source>(
    source: &Arc<S>,
    asked: &Asked,
    kinds: &Kinds,
    given_up: &GivenUp,
) -> Result<Vec<u8>, ReadError> {
    let key = &asked.key;
    let place = place(key);
    let known = {
        let given_up = given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.get(&place).cloned()
    };
    if let Some(error) = known {
        return Err(error);
    }
    let served = kinds.served.get(&key.gvk).ok_or(ReadError::NotReached)?;
    let wanted = ObjectRequest {
        key: key.clone(),
        plural: served.plural.clone(),
        expected: Expected::Present,
    };
    let answer = source.dry_run(&wanted, asked.question.body()).await;
    if let Err(error) = &answer
        && DryRunCheck::failure_scope(error) == FailureScope::Kind
    {
        let mut given_up = given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.insert(place, error.clone());
    }
    answer
}

fn settle(board: &Board, asked: &Asked, answer: Result<Vec<u8>, ReadError>, facts: &Facts) {
    match answer {
        Ok(answer) => board.settle(asked.place, |report| {
            asked
                .question
                .apply_answer(&answer, facts.shape(&asked.key.gvk), report);
        }),
        Err(error) => match DryRunCheck::failure_scope(&error) {
            FailureScope::Object => {
                board.settle(asked.place, |report| DryRunCheck::note_failure(&error, report));
            }
            FailureScope::Kind => board.unanswered(sentence(&asked.key, &error)),
        },
    }
}

/// What concerns a whole kind, in one sentence.
fn sentence(key: &ObjectKey, error: &ReadError) -> String {
    if let ReadError::Forbidden { .. } = error {
        return error.to_string();
    }
    match &key.namespace {
        Some(namespace) => format!("dry runs of {} in namespace {namespace}: {error}", key.gvk),
        None => format!("dry runs of {}: {error}", key.gvk),
    }
}
