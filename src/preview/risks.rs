//! What may still stop an operation of which nothing is known that stops it: hooks, and what others decide at admission.
//!
//! Nobody knows before, so the outcome does not rest on it. It is told all the same, because these are the causes by which
//! operations fail that look right. What dry runs show to pass for now is told as well, and is no risk.

use super::course::{Course, End, obstacles};
use super::facts::{HookFacts, PreviewFacts};
use super::hooks::{self, HookFate};
use super::recorded::accepted_by_now;
use super::surroundings::Verdict;
use super::words::{reason_at, reason_of};
use crate::model::PreviewReason;
use crate::vocabulary::PreviewCause;

/// How many of them are listed.
const MAX_RISKS: usize = 20;

/// The risks, in Helm's order; none where Helm does not come to them.
pub(super) fn of(facts: &PreviewFacts<'_>, course: &Course) -> Vec<PreviewReason> {
    let is_whole = match course.end {
        End::Refused | End::NotBuilt => return Vec::new(),
        End::HookBefore | End::Objects | End::Deletions => false,
        End::HookAfter | End::Done | End::Untold => true,
    };
    let mut risks = Vec::new();
    let method = facts.operation.method;
    let hook_risk = |hook: &HookFacts| match hooks::fate(hook, method) {
        HookFate::Runs | HookFate::Deletes(_) => {
            let message = "runs as a hook, and the operation fails if it does not succeed".to_owned();
            Some(reason_at(&hook.key, PreviewCause::Hook, message))
        }
        HookFate::MayFail(_) | HookFate::Fails(..) => None,
    };
    risks.extend(hooks::before(facts.hooks).filter_map(hook_risk));
    if is_whole {
        let asked = obstacles(facts).filter(|obstacle| obstacle.verdict == Verdict::Asked);
        risks.extend(asked.map(reason_of));
        risks.extend(hooks::after(facts.hooks).filter_map(hook_risk));
    }
    risks.truncate(MAX_RISKS);
    risks
}

/// What might have failed, and what the API server accepts in dry runs.
pub(super) fn accepted(facts: &PreviewFacts<'_>, course: &Course) -> Vec<PreviewReason> {
    match course.end {
        End::Refused | End::NotBuilt | End::HookBefore | End::Objects | End::Deletions => return Vec::new(),
        End::HookAfter | End::Done | End::Untold => {}
    }
    let accepted = obstacles(facts).filter(|obstacle| obstacle.verdict == Verdict::Accepted);
    let told = accepted.map(reason_of).chain(accepted_by_now(facts));
    told.take(MAX_RISKS).collect()
}
