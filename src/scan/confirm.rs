//! The dry runs that confirm findings, where the operator has turned them on.
//!
//! Each drifted object gets one dry run, as bounded as every other request. A failure that concerns a whole kind, such as
//! a missing right or a webhook that hangs, is tried once per namespace and not for each object.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;

use super::cluster_facts::ClusterFacts;
use super::options::Progress;
use super::state::{OpenCheck, ScanState};
use crate::classify::dry_run::{DryRunCheck, FailureScope, kind_sentence};
use crate::object::{Gvk, ObjectKey};
use crate::source::{Expected, Kinds, ObjectRequest, ReadError, Source};

/// How many kinds have dry runs at once, and how many objects of one kind.
const AT_ONCE: usize = 8;

/// A kind in one namespace: the objects whose dry runs fail together.
pub(super) type KindInNamespace = (Gvk, Option<String>);

/// The kinds and namespaces of which no more dry runs are made, each with the reason.
pub(super) type GivenUp = Mutex<BTreeMap<KindInNamespace, ReadError>>;

/// Makes every dry run that could confirm a finding of the releases that are being compared.
pub(super) async fn confirm<S: Source>(
    source: &Arc<S>,
    state: &ScanState,
    kinds: &Kinds,
    facts: &ClusterFacts,
    given_up: &GivenUp,
    progress: &dyn Progress,
) {
    let checks = state.take_checks();
    progress.stage("confirming drift by dry runs", checks.len());
    let ask_one = |open: OpenCheck| async move {
        let answer = ask(source, &open, kinds, given_up).await;
        apply_answer(state, &open, answer, facts);
        progress.step();
    };
    let mut by_kind: BTreeMap<KindInNamespace, Vec<OpenCheck>> = BTreeMap::new();
    for open in checks {
        by_kind.entry(kind_of(&open.key)).or_default().push(open);
    }
    futures::stream::iter(by_kind.into_values())
        .for_each_concurrent(AT_ONCE, |open| async move {
            let mut open = open.into_iter();
            // The first dry run shows whether all of them would fail.
            if let Some(first) = open.next() {
                ask_one(first).await;
            }
            futures::stream::iter(open)
                .for_each_concurrent(AT_ONCE, ask_one)
                .await;
        })
        .await;
}

fn kind_of(key: &ObjectKey) -> KindInNamespace {
    (key.gvk.clone(), key.namespace.clone())
}

async fn ask<S: Source>(
    source: &Arc<S>,
    open: &OpenCheck,
    kinds: &Kinds,
    given_up: &GivenUp,
) -> Result<Vec<u8>, ReadError> {
    let key = &open.key;
    let kind = kind_of(key);
    let known = {
        let given_up = given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.get(&kind).cloned()
    };
    if let Some(error) = known {
        return Err(error);
    }
    let served = kinds.served.get(&key.gvk).ok_or(ReadError::NotReached)?;
    let request = ObjectRequest {
        key: key.clone(),
        plural: served.plural.clone(),
        expected: Expected::Present,
        turn: 0,
        budget: None,
    };
    let answer = source.dry_run(&request, open.check.dry_run()).await;
    let answer = answer.map_err(|failed| failed.error);
    if let Err(error) = &answer
        && DryRunCheck::failure_scope(error) == FailureScope::Kind
    {
        let mut given_up = given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.insert(kind, error.clone());
    }
    answer
}

fn apply_answer(
    state: &ScanState,
    open: &OpenCheck,
    answer: Result<Vec<u8>, ReadError>,
    facts: &ClusterFacts,
) {
    match answer {
        Ok(answer) => state.update_report(open.position, |report| {
            open.check
                .apply_answer(&answer, facts.shape(&open.key.gvk), report);
        }),
        Err(error) => match DryRunCheck::failure_scope(&error) {
            FailureScope::Object => {
                state.update_report(open.position, |report| DryRunCheck::note_failure(&error, report));
            }
            FailureScope::Kind => state.add_unanswered(kind_sentence(&open.key, &error)),
        },
    }
}
