//! What dry runs of an operation's writes say: the API server's answers, turned into the facts that a preview rests on.
//!
//! A dry run is of one write and sees the cluster as it is, without the writes that come before it. So a refusal counts
//! only where nothing that the operation itself does before could change it (`earlier`), and what cannot be asked before
//! is not asked. What counts becomes an obstacle like any other, or takes the doubt from one: how the operation goes on
//! from there is the business of the same code as ever.

mod earlier;
mod refusal;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use self::earlier::too_early;

use self::earlier::Earlier;
use self::refusal::{Answer, Refusals};
use super::confirmed::{ACCEPTED, ALL_ACCEPTED, DryRuns};
use super::facts::PreviewFacts;
use super::recorded::refused_again;
use super::surroundings::{Obstacle, Verdict};
use super::words::block_words;
use crate::classify::blocked::Block;
use crate::classify::transition::{HelmRequest, ObjectPreview, Owners};
use crate::model::{PreviewConfirmation, Unconfirmed};
use crate::object::ObjectKey;
use crate::policy::redact::Redaction;
use crate::source::surroundings::SentVerb;
use crate::vocabulary::{PreviewAction, PreviewCause};

/// Why an object has no answer.
const NOT_REACHED: &str = "the time was up before it was asked about";
/// Why the owners of fields are not confirmed.
const OWNERS: &str =
    "a dry run cannot show who owns fields, because Helm first makes its own what it wrote client-side";
/// Why a failure that other writes bring about is not confirmed.
const OTHER_WRITES: &str = "a dry run is of this write alone, and others of the operation come before it";

/// The facts as the answers change them.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed {
    /// The objects.
    pub objects: Vec<ObjectPreview>,
    /// What is around them.
    pub around: Option<Vec<Obstacle>>,
    /// What dry runs showed.
    pub dry_runs: DryRuns,
}

/// Turns the answers that the objects of an operation have into facts.
pub fn confirm(facts: &PreviewFacts<'_>, redaction: &Redaction) -> Confirmed {
    let answers = answers(facts, redaction);
    let mut objects = facts.objects.to_vec();
    let mut around = facts.around.map(<[Obstacle]>::to_vec);
    let obstacles = around.get_or_insert_default();
    let mut found = Found::default();
    let mut failures: HashMap<ObjectKey, usize> = HashMap::new();
    for (position, obstacle) in obstacles.iter().enumerate() {
        if let Some(key) = obstacle.object.as_ref().filter(|_| is_failure(obstacle.verdict)) {
            failures.entry(key.clone()).or_insert(position);
        }
    }
    for (object, answer) in objects.iter_mut().zip(answers) {
        let Some(answer) = answer else { continue };
        found.writes += 1;
        let failure = failures.get(&object.key).copied();
        match answer {
            Answer::None(reason) => found.unanswered(reason),
            Answer::Accepted => found.accept(facts, object, obstacles, failure),
            Answer::Refused(cause, message) => {
                let foretold = Foretold::of(facts, object, failure);
                found.refuse(object, obstacles, foretold, (cause, message));
            }
            Answer::InDoubt(cause, message) => {
                found.unanswered(format!("{}: {message}", object.key));
                if Foretold::of(facts, object, failure) == Foretold::Nothing {
                    obstacles.push(Obstacle::of_dry_run(object, cause, Verdict::MayFail, message));
                }
            }
        }
    }
    settle(obstacles, &found.accepted);
    // Where nobody looked, that is told.
    let around = around.filter(|around| facts.around.is_some() || !around.is_empty());
    let count = |is_confirmed| {
        let answers = found.confirmed.values();
        answers.filter(|confirmed| **confirmed == is_confirmed).count()
    };
    let dry_runs = DryRuns {
        confirmation: PreviewConfirmation {
            writes: found.writes,
            confirmed: count(true),
            unconfirmed: count(false),
            unanswered: Unconfirmed::of(found.unanswered),
        },
        accepted: found.accepted,
        confirmed: found.confirmed,
    };
    Confirmed {
        objects,
        around,
        dry_runs,
    }
}

/// The answer about each object; `None` where Helm writes nothing.
fn answers(facts: &PreviewFacts<'_>, redaction: &Redaction) -> Vec<Option<Answer>> {
    let objects = facts.objects;
    let answer = |(position, object): (usize, &ObjectPreview)| {
        let unanswered = |reason: &str| Answer::None(format!("{}: {reason}", object.key));
        match (object.request.as_ref()?, &object.dry_run) {
            (HelmRequest::Nothing, _) => None,
            (HelmRequest::NotAsked(reason), _) => Some(unanswered(reason)),
            (HelmRequest::Sent(_), None) => Some(Answer::None(NOT_REACHED.to_owned())),
            (HelmRequest::Sent(_), Some(Ok(()))) => Some(Answer::Accepted),
            (HelmRequest::Sent(sent), Some(Err(failed))) => {
                let refusals = Refusals {
                    earlier: Earlier {
                        writes: &objects[..position],
                        hooks: facts.hooks,
                    },
                    redaction,
                };
                Some(refusals.answer(object, sent, failed))
            }
        }
    };
    objects.iter().enumerate().map(answer).collect()
}

/// What the answers come to.
#[derive(Default)]
struct Found {
    writes: usize,
    accepted: BTreeSet<ObjectKey>,
    confirmed: BTreeMap<ObjectKey, bool>,
    /// The objects without an answer, by the reason.
    unanswered: BTreeMap<String, usize>,
}

impl Found {
    fn unanswered(&mut self, reason: String) {
        *self.unanswered.entry(reason).or_insert(0) += 1;
    }

    fn refuse(
        &mut self,
        object: &ObjectPreview,
        around: &mut Vec<Obstacle>,
        foretold: Foretold,
        (cause, message): (PreviewCause, String),
    ) {
        let is_foretold = foretold != Foretold::Nothing;
        self.confirmed.insert(object.key.clone(), is_foretold);
        if !is_foretold {
            around.push(Obstacle::of_dry_run(object, cause, refused(object), message));
        }
    }

    /// The API server accepts what Helm sends. Where the preview told a failure that is no business of other writes, one of
    /// the two is wrong, and nothing is certain.
    fn accept(
        &mut self,
        facts: &PreviewFacts<'_>,
        object: &mut ObjectPreview,
        around: &mut Vec<Obstacle>,
        failure: Option<usize>,
    ) {
        let key = object.key.clone();
        let foretold = Foretold::of(facts, object, failure);
        match &object.block {
            Some(Block::Conflict(_)) if passes_over_owners(object) => {
                return self.unanswered(format!("{key}: {OWNERS}"));
            }
            Some(block) => {
                let why = block_words(block);
                object.reason = Some(format!("by what was read, it fails ({why}); but {ACCEPTED}"));
                object.action = PreviewAction::Unknown;
                object.unblock();
                object.fields.clear();
                object.left_out = 0;
                self.accepted.insert(key.clone());
                self.confirmed.insert(key, false);
                return;
            }
            None => {}
        }
        match failure.and_then(|position| around.get_mut(position)) {
            // The writes before it may have taken the room by then.
            Some(Obstacle {
                cause: PreviewCause::Quota | PreviewCause::Taken,
                ..
            }) => return self.unanswered(format!("{key}: {OTHER_WRITES}")),
            Some(obstacle) => {
                obstacle.verdict = Verdict::MayFail;
                obstacle.message = format!("{}; but {ACCEPTED}", obstacle.message);
                obstacle.about.clear();
                self.confirmed.insert(key, false);
                return;
            }
            None => {}
        }
        if let Some(because) = object.may_be_refused.take() {
            let message = format!("the API server may refuse it, because {because}; {ACCEPTED}");
            around.push(Obstacle::of_dry_run(
                object,
                PreviewCause::Rule,
                Verdict::Accepted,
                message,
            ));
        }
        if object.action == PreviewAction::Unknown {
            let why = object.reason.as_deref().unwrap_or("it could not be read");
            object.reason = Some(format!("{why}; {ACCEPTED}"));
        }
        self.accepted.insert(key.clone());
        // What a record says of an earlier time gives way to what the API server says now.
        self.confirmed.insert(key, foretold != Foretold::RecordedFailure);
    }
}

/// Takes the doubt from what may fail where the API server accepts every object that it is about.
fn settle(around: &mut [Obstacle], accepted: &BTreeSet<ObjectKey>) {
    // Each of several dry runs has the room of a quota for itself.
    let quotas = around
        .iter()
        .filter(|obstacle| obstacle.cause == PreviewCause::Quota);
    let is_one_quota = quotas.count() == 1;
    for obstacle in around {
        let is_open = match obstacle.verdict {
            Verdict::MayFail => obstacle.cause != PreviewCause::Quota || is_one_quota,
            Verdict::Asked => true,
            Verdict::RecordRefused
            | Verdict::CreateFails
            | Verdict::UpdateFails
            | Verdict::DeleteFails
            | Verdict::Loses
            | Verdict::Accepted
            | Verdict::Gap => false,
        };
        let about = &obstacle.about;
        if is_open && !about.is_empty() && about.iter().all(|key| accepted.contains(key)) {
            let accepted = if about.len() == 1 { ACCEPTED } else { ALL_ACCEPTED };
            obstacle.message = format!("{}; {accepted}", obstacle.message);
            obstacle.verdict = Verdict::Accepted;
        }
    }
}

/// What the preview tells of an object's write without any dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Foretold {
    /// No failure.
    Nothing,
    /// A failure, by the object or by what is around it.
    Failure,
    /// A failure, because there was one when the same object was written before.
    RecordedFailure,
}

impl Foretold {
    fn of(facts: &PreviewFacts<'_>, object: &ObjectPreview, failure: Option<usize>) -> Self {
        if object.block.is_some() || failure.is_some() {
            Self::Failure
        } else if refused_again(facts, object).is_some() {
            Self::RecordedFailure
        } else {
            Self::Nothing
        }
    }
}

/// Whether a write of an object fails by this verdict.
const fn is_failure(verdict: Verdict) -> bool {
    match verdict {
        Verdict::CreateFails | Verdict::UpdateFails => true,
        Verdict::RecordRefused
        | Verdict::DeleteFails
        | Verdict::MayFail
        | Verdict::Loses
        | Verdict::Asked
        | Verdict::Accepted
        | Verdict::Gap => false,
    }
}

fn passes_over_owners(object: &ObjectPreview) -> bool {
    match &object.request {
        Some(HelmRequest::Sent(sent)) => sent.owners == Owners::PassedOver,
        Some(HelmRequest::Nothing | HelmRequest::NotAsked(_)) | None => false,
    }
}

/// What a refusal of an object's write comes to.
const fn refused(object: &ObjectPreview) -> Verdict {
    Verdict::refused(match object.live {
        Some(_) => SentVerb::Update,
        None => SentVerb::Create,
    })
}
