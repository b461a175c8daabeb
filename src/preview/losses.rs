//! What is lost, taken back or left although an operation succeeds.

use std::collections::{BTreeMap, BTreeSet};

use super::course::{Course, obstacles};
use super::facts::{PreviewFacts, ServerSideTraces};
use super::hooks::{self, HookFate};
use super::surroundings::Verdict;
use super::target::{Again, TargetChoice, TargetStanding};
use super::words::{reason, reason_at, reason_of};
use crate::classify::transition::{InManifests, LiveFacts, LiveOwner, ObjectPreview};
use crate::health;
use crate::health::entry::{joined, listed};
use crate::model::{PreviewField, PreviewHook, PreviewReason};
use crate::object::ObjectKey;
use crate::release::stored::Status;
use crate::vocabulary::{ApplyMethod, PreviewAction, PreviewCause, PreviewEffect, PreviewedOperation};

/// How many reasons with one code are listed.
const MAX_ALIKE: usize = 20;

/// How many finalizers a reason names.
const NAMED: usize = 3;

/// The losses, the gravest first.
const GRAVITY: [PreviewCause; 15] = [
    PreviewCause::Pending,
    PreviewCause::DeletesData,
    PreviewCause::DeletesForeign,
    PreviewCause::Hook,
    PreviewCause::Overwrites,
    PreviewCause::TakesBack,
    PreviewCause::Terminating,
    PreviewCause::Record,
    PreviewCause::RunsAgain,
    PreviewCause::NotApplied,
    PreviewCause::Method,
    PreviewCause::NotUndone,
    PreviewCause::Leftover,
    PreviewCause::Rule,
    PreviewCause::Admission,
];

/// What is lost, taken back or left, the gravest first. `actions` are those of the objects, by which a loss is one.
pub(super) fn of(
    facts: &PreviewFacts<'_>,
    actions: &[PreviewAction],
    ignored: &[PreviewReason],
    ran: &[PreviewHook],
) -> Vec<PreviewReason> {
    let mut found = Vec::new();
    found.extend(target(facts));
    found.extend(newest(facts));
    found.extend(of_objects(facts, actions));
    found.extend_from_slice(ignored);
    for hook in facts.hooks {
        match hooks::fate(hook, facts.operation.method) {
            HookFate::Deletes(message) => found.push(reason_at(&hook.key, PreviewCause::Hook, message)),
            HookFate::Runs | HookFate::MayFail(_) | HookFate::Fails(..) => {}
        }
    }
    found.extend(ran.iter().filter(|hook| !hook.runs).map(not_undone));
    found.extend(method(facts));
    found.extend(leftovers(facts));
    in_order(found)
}

/// What of the objects and of what goes with them is lost, taken back or left, in their order.
pub(super) fn of_objects(facts: &PreviewFacts<'_>, actions: &[PreviewAction]) -> Vec<PreviewReason> {
    let mut found = around(facts, actions);
    for (object, action) in facts.objects.iter().zip(actions) {
        of_object(facts, object, *action, &mut found);
    }
    found
}

/// The gravest first, and of many that are alike the first ones.
pub(super) fn in_order(mut found: Vec<PreviewReason>) -> Vec<PreviewReason> {
    let gravity = |code: PreviewCause| GRAVITY.iter().position(|other| *other == code);
    found.sort_by_key(|reason| gravity(reason.code).unwrap_or(GRAVITY.len()));
    let mut counts: BTreeMap<PreviewCause, usize> = BTreeMap::new();
    let mut kept: Vec<PreviewReason> = Vec::new();
    for reason in found {
        let count = counts.entry(reason.code).or_insert(0);
        *count += 1;
        if *count <= MAX_ALIKE {
            kept.push(reason);
        }
    }
    for (code, count) in counts {
        if let Some(more) = count.checked_sub(MAX_ALIKE).filter(|more| *more > 0)
            && let Some(last) = kept.iter().rposition(|reason| reason.code == code)
        {
            kept.insert(last + 1, reason(code, format!("the same holds for {more} more")));
        }
    }
    kept
}

/// What is to be known of the target of a rollback.
fn target(facts: &PreviewFacts<'_>) -> Option<PreviewReason> {
    let target = facts.target?;
    let revision = target.revision;
    let taken = match target.choice {
        TargetChoice::Asked => "",
        TargetChoice::BeforeNewest => ", and without a number Helm takes it",
    };
    let what = match &target.standing {
        TargetStanding::Good
        | TargetStanding::Newest
        | TargetStanding::Missing
        | TargetStanding::Undecodable(_)
        | TargetStanding::Unread(_) => return None,
        TargetStanding::Failed => format!("the operation of revision {revision} failed itself{taken}"),
        TargetStanding::Pending(status) => {
            format!(
                "revision {revision} is {}: its operation did not end{taken}",
                status.as_str()
            )
        }
        TargetStanding::Uninstalled => format!("revision {revision} was uninstalled{taken}"),
        TargetStanding::Left => {
            format!(
                "an earlier rollback went away from revision {revision}, or from one with the same manifest{taken}"
            )
        }
    };
    let good = match (target.last_good, target.again) {
        (Some(good), _) if good != revision => format!("; the last good revision is {good}"),
        (Some(_), _) => String::new(),
        (
            None,
            Some(Again {
                newest,
                older,
                before,
            }),
        ) => {
            let before = before.map(|before| format!("; before it: {before}"));
            format!(
                "; revision {newest}, which is deployed, is revision {older} again{}",
                before.unwrap_or_default()
            )
        }
        (None, None) => "; no other good revision is known".to_owned(),
    };
    Some(reason(PreviewCause::Record, format!("{what}{good}")))
}

/// What is to be known of the newest revision.
fn newest(facts: &PreviewFacts<'_>) -> Option<PreviewReason> {
    if let Some(running) = health::running(facts.release) {
        let message = format!(
            "revision {} is {} and may still be running: two operations at once leave a mixture, and two deployed revisions",
            running.revision,
            running.status.as_str()
        );
        return Some(reason(PreviewCause::Pending, message));
    }
    let latest = facts.release.history.latest()?;
    (latest.status == Status::Uninstalled).then(|| {
        let message = format!(
            "revision {} was uninstalled: what it deleted is made anew, without the data",
            latest.revision
        );
        reason(PreviewCause::Record, message)
    })
}

/// What goes with the objects, where somebody looked around them.
fn around(facts: &PreviewFacts<'_>, actions: &[PreviewAction]) -> Vec<PreviewReason> {
    let deleted: BTreeSet<&ObjectKey> = facts
        .objects
        .iter()
        .zip(actions)
        .filter(|(_, action)| **action != PreviewAction::NotReached)
        .map(|(object, _)| &object.key)
        .collect();
    obstacles(facts)
        .filter(|obstacle| obstacle.verdict == Verdict::Loses)
        .filter(|obstacle| obstacle.object.as_ref().is_none_or(|key| deleted.contains(key)))
        .map(reason_of)
        .collect()
}

fn of_object(
    facts: &PreviewFacts<'_>,
    object: &ObjectPreview,
    action: PreviewAction,
    found: &mut Vec<PreviewReason>,
) {
    let mut push = |code, message| found.push(reason_at(&object.key, code, message));
    match action {
        PreviewAction::Delete => {
            let Some(live) = &object.live else { return };
            if let Some(message) = data(&object.key).filter(|_| facts.around.is_none()) {
                push(PreviewCause::DeletesData, message.to_owned());
            }
            match &live.owner {
                LiveOwner::Ours => {}
                LiveOwner::Another(other) => push(
                    PreviewCause::DeletesForeign,
                    format!("is release {other}'s by now, and Helm deletes it without asking"),
                ),
                LiveOwner::Nobody => push(
                    PreviewCause::DeletesForeign,
                    "names no release as its owner, and Helm deletes it without asking".to_owned(),
                ),
            }
            if let Some(message) = hangs(live) {
                push(PreviewCause::Terminating, message);
            }
        }
        PreviewAction::Create => {
            let runs_again = match (facts.operation.kind, object.manifests) {
                (PreviewedOperation::Rollback, _) | (PreviewedOperation::Upgrade, InManifests::Both) => true,
                (PreviewedOperation::Upgrade, InManifests::To | InManifests::From) => false,
            };
            if object.key.gvk.kind == "Job" && object.key.gvk.group() == "batch" && runs_again {
                push(
                    PreviewCause::RunsAgain,
                    "does not exist any more, is created anew, and runs again".to_owned(),
                );
            }
        }
        PreviewAction::Change | PreviewAction::None => {
            let Some(live) = &object.live else { return };
            match (object.manifests, &live.owner) {
                // What it deletes, it leaves alone where that is gone already.
                (InManifests::From, _) => return,
                (InManifests::Both | InManifests::To, LiveOwner::Another(other)) => push(
                    PreviewCause::Overwrites,
                    format!("is release {other}'s by now, and Helm takes it over without asking"),
                ),
                (InManifests::Both | InManifests::To, LiveOwner::Ours | LiveOwner::Nobody) => {}
            }
            if live.is_being_deleted {
                push(
                    PreviewCause::Terminating,
                    "is being deleted: Helm writes it, and then it is gone".to_owned(),
                );
            }
            let client_side = facts.operation.method == ApplyMethod::Csa;
            let is_whole = facts.operation.kind == PreviewedOperation::Rollback && client_side;
            let (code, words) = match object.manifests {
                InManifests::To if is_whole => (
                    PreviewCause::Overwrites,
                    "is not in the manifest that Helm starts from, so Helm takes out everything that the target does not say",
                ),
                InManifests::To | InManifests::Both | InManifests::From => {
                    (PreviewCause::TakesBack, "what others wrote is taken back")
                }
            };
            if let Some(fields) = named(object, PreviewEffect::TakeBack) {
                push(code, format!("{words}: {fields}"));
                if code == PreviewCause::Overwrites {
                    push(
                        PreviewCause::TakesBack,
                        format!("what others wrote is taken back: {fields}"),
                    );
                }
            }
            if facts.operation.kind == PreviewedOperation::Rollback
                && object.manifests == InManifests::To
                && !client_side
                && named(object, PreviewEffect::Survive).is_some()
            {
                push(
                    PreviewCause::NotApplied,
                    "exists although the manifest that Helm starts from does not have it: Helm takes it over, and what others \
                     added to it stays"
                        .to_owned(),
                );
            }
            if let Some(fields) = named(object, PreviewEffect::Differ) {
                push(
                    PreviewCause::NotApplied,
                    format!("differs from what Helm applies, and stays so: {fields}"),
                );
            }
            let comes_otherwise =
                |field: &&PreviewField| field.effect == PreviewEffect::Change && field.applied.is_some();
            let mut otherwise = object.fields.iter().filter(comes_otherwise).peekable();
            if otherwise.peek().is_some() {
                let fields = listed(otherwise.map(named_field));
                push(
                    PreviewCause::NotApplied,
                    format!("is changed, and not to what Helm applies: {fields}"),
                );
            }
        }
        PreviewAction::Keep => push(
            PreviewCause::Leftover,
            "stays because of its resource policy, and no revision in use has it then".to_owned(),
        ),
        PreviewAction::Fail | PreviewAction::NotReached | PreviewAction::Unknown => {}
    }
}

/// What goes with an object of this kind. Where somebody looked around the objects, that says it in detail.
pub(super) fn data(key: &ObjectKey) -> Option<&'static str> {
    match (key.gvk.group(), key.gvk.kind.as_str()) {
        ("", "Namespace") => Some("everything in it is deleted with it"),
        ("", "PersistentVolumeClaim") => {
            Some("its data is deleted with it, unless the reclaim policy of the volume keeps it")
        }
        ("", "PersistentVolume") => Some("the volume that it stands for is given up"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            Some("every object of its kind is deleted with it")
        }
        (_, _) => None,
    }
}

/// Whether somebody outside Kubernetes has to remove a finalizer before a deletion ends. Kubernetes's own finalizers have no
/// domain or one of its own (apimachinery: `pkg/apis/meta/v1/types.go`).
fn hangs(live: &LiveFacts) -> Option<String> {
    let foreign: Vec<String> = live
        .finalizers
        .iter()
        .filter(|finalizer| {
            let domain = finalizer.split_once('/').map(|(domain, _)| domain);
            domain.is_some_and(|domain| !domain.ends_with("kubernetes.io") && !domain.ends_with("k8s.io"))
        })
        .take(NAMED)
        .cloned()
        .collect();
    (!foreign.is_empty()).then(|| {
        format!(
            "is deleted only when its finalizers are removed ({}); Helm does not wait for that",
            joined(&foreign)
        )
    })
}

/// The fields with an effect, the first of them with their writers.
fn named(object: &ObjectPreview, effect: PreviewEffect) -> Option<String> {
    let mut with_effect = object
        .fields
        .iter()
        .filter(|field| field.effect == effect)
        .peekable();
    with_effect.peek()?;
    Some(listed(with_effect.map(named_field)))
}

fn named_field(field: &PreviewField) -> String {
    match &field.actor {
        Some(actor) => format!("{} (by {})", field.path, actor.manager),
        None => field.path.clone(),
    }
}

fn not_undone(hook: &PreviewHook) -> PreviewReason {
    let place = hook.namespace.as_ref().map(|namespace| format!("{namespace}/"));
    PreviewReason {
        code: PreviewCause::NotUndone,
        object: Some(format!(
            "{} {}{}",
            hook.kind,
            place.unwrap_or_default(),
            hook.name
        )),
        message: hook.message.clone(),
    }
}

/// What it means that Helm applies by another method than before.
fn method(facts: &PreviewFacts<'_>) -> Option<PreviewReason> {
    let from = facts.methods.from.unwrap_or(ApplyMethod::Csa);
    let message = match (from, facts.operation.method) {
        (ApplyMethod::Ssa, ApplyMethod::Csa) => {
            "Helm applied server-side before and applies client-side now: it overwrites what others own without a conflict, and \
             the release stays client-side"
                .to_owned()
        }
        (ApplyMethod::Csa, ApplyMethod::Ssa) => {
            "Helm applied client-side before and applies server-side now: fields that others own become conflicts, and the \
             release stays server-side"
                .to_owned()
        }
        (ApplyMethod::Csa, ApplyMethod::Csa)
            if facts.methods.decisive.is_none() && facts.methods.traces == ServerSideTraces::Some =>
        {
            "Helm applied these objects server-side once, and the records no longer say so, as Helm 3 drops the method from every \
             record that it writes again: it applies client-side now, and overwrites what others own without a conflict"
                .to_owned()
        }
        (ApplyMethod::Csa, ApplyMethod::Csa) | (ApplyMethod::Ssa, ApplyMethod::Ssa) => return None,
    };
    Some(reason(PreviewCause::Method, message))
}

/// The objects that revisions left behind, and that this operation leaves there, too.
fn leftovers(facts: &PreviewFacts<'_>) -> Option<PreviewReason> {
    let touched: BTreeSet<&ObjectKey> = facts.objects.iter().map(|object| &object.key).collect();
    let leftovers = facts.release.objects.leftovers.iter();
    let mut left = leftovers.filter(|key| !touched.contains(key)).peekable();
    left.peek()?;
    let names = listed(left.map(ToString::to_string));
    Some(reason(
        PreviewCause::Leftover,
        format!("what earlier revisions left behind stays: {names}"),
    ))
}

/// Whether an outcome with this course is worth a remark about losses: what Helm does not come to is not lost.
pub(super) fn are_told(course: &Course) -> bool {
    use super::course::End;
    match course.end {
        End::Refused | End::NotBuilt | End::HookBefore => false,
        End::Objects | End::Deletions | End::HookAfter | End::Done | End::Untold => true,
    }
}
