//! The dry runs that confirm findings and previews, where the operator has turned them on.
//!
//! Each drifted object gets one dry run, and so does each write of a previewed operation, as bounded as every other
//! request. A failure that concerns a whole kind, such as a missing right or a webhook that hangs, is tried once per
//! namespace and not for each object.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;

use super::cluster_facts::ClusterFacts;
use super::options::Progress;
use super::state::{ObjectPosition, OpenCheck, OpenWrite, ScanState};
use crate::classify::dry_run::{DryRunCheck, FailureScope, kind_sentence};
use crate::object::{Gvk, ObjectKey};
use crate::source::{DryRun, DryRunError, Expected, Kinds, ObjectRequest, ReadError, Source};

/// How many kinds have dry runs at once, and how many objects of one kind.
const AT_ONCE: usize = 8;

/// A kind in one namespace, and whether its objects are there: the dry runs that fail together. To create one takes a right
/// of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Together {
    gvk: Gvk,
    namespace: Option<String>,
    expected: Expected,
}

/// The kinds and namespaces of which no more dry runs are made, each with the reason.
pub(super) type GivenUp = Mutex<BTreeMap<Together, ReadError>>;

/// A dry run that is to be made, and what it is about.
struct Asked<T> {
    key: ObjectKey,
    expected: Expected,
    dry_run: DryRun,
    about: T,
}

/// What dry runs are made by.
struct Asker<'a, S> {
    source: &'a Arc<S>,
    kinds: &'a Kinds,
    given_up: &'a GivenUp,
}

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
    let asked = checks.into_iter().map(|open| Asked {
        key: open.key.clone(),
        expected: Expected::Present,
        dry_run: open.check.dry_run(),
        about: open,
    });
    let server = Asker {
        source,
        kinds,
        given_up,
    };
    let take = |open: OpenCheck, answer: Result<Vec<u8>, DryRunError>| {
        apply_answer(state, &open, answer.map_err(|failed| failed.error), facts);
        progress.step();
    };
    server.ask_all(asked.collect(), &take).await;
}

/// Makes a dry run of every write of the operations that are previewed of the releases at these positions.
pub(super) async fn confirm_writes<S: Source>(
    source: &Arc<S>,
    state: &ScanState,
    wave: &[usize],
    kinds: &Kinds,
    given_up: &GivenUp,
    progress: &dyn Progress,
) {
    let writes = state.take_writes(wave, kinds);
    progress.stage("confirming writes by dry runs", writes.len());
    let asked = writes.into_iter().map(|open| {
        let OpenWrite {
            position,
            key,
            expected,
            dry_run,
        } = open;
        Asked {
            key,
            expected,
            dry_run,
            about: position,
        }
    });
    let server = Asker {
        source,
        kinds,
        given_up,
    };
    let take = |position: ObjectPosition, answer: Result<Vec<u8>, DryRunError>| {
        state.set_answer(position, answer.map(drop));
        progress.step();
    };
    server.ask_all(asked.collect(), &take).await;
}

impl<S: Source> Asker<'_, S> {
    /// Makes dry runs, and hands each answer on.
    async fn ask_all<T>(&self, asked: Vec<Asked<T>>, take: &impl Fn(T, Result<Vec<u8>, DryRunError>)) {
        let ask_one = |asked: Asked<T>| async move {
            let answer = self.ask(asked.together(), &asked.key, asked.dry_run).await;
            take(asked.about, answer);
        };
        let ask_one = &ask_one;
        let mut by_kind: BTreeMap<Together, Vec<Asked<T>>> = BTreeMap::new();
        for asked in asked {
            by_kind.entry(asked.together()).or_default().push(asked);
        }
        futures::stream::iter(by_kind.into_values())
            .for_each_concurrent(AT_ONCE, |asked| async move {
                let mut asked = asked.into_iter();
                // The first dry run shows whether all of them would fail.
                if let Some(first) = asked.next() {
                    ask_one(first).await;
                }
                futures::stream::iter(asked)
                    .for_each_concurrent(AT_ONCE, ask_one)
                    .await;
            })
            .await;
    }

    async fn ask(
        &self,
        together: Together,
        key: &ObjectKey,
        dry_run: DryRun,
    ) -> Result<Vec<u8>, DryRunError> {
        let known = {
            let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
            given_up.get(&together).cloned()
        };
        if let Some(error) = known {
            return Err(error.into());
        }
        let served = self.kinds.served.get(&key.gvk).ok_or(ReadError::NotReached)?;
        let request = ObjectRequest {
            key: key.clone(),
            plural: served.plural.clone(),
            expected: together.expected,
            turn: 0,
            budget: None,
        };
        let answer = self.source.dry_run(&request, dry_run).await;
        if let Err(failed) = &answer
            && DryRunCheck::failure_scope(&failed.error) == FailureScope::Kind
        {
            let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
            given_up.insert(together, failed.error.clone());
        }
        answer
    }
}

impl<T> Asked<T> {
    fn together(&self) -> Together {
        Together {
            gvk: self.key.gvk.clone(),
            namespace: self.key.namespace.clone(),
            expected: self.expected,
        }
    }
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
