//! What an advised command takes with it: objects that it deletes, whose they are, what goes with them, and the drift that
//! it writes over.
//!
//! A rollback deletes what only the newest revision has, unless the live object's annotation keeps it, and Helm does not ask
//! whose it is (Helm: `pkg/kube/client.go`, `update`). An uninstallation deletes what the newest revision has, unless the
//! manifest keeps it; Helm 4 leaves what is not the release's (Helm: `pkg/action/uninstall.go`, `deleteRelease`). So what
//! somebody may miss is named, saved and protected before, and what somebody changed is saved.

use std::collections::BTreeSet;

use super::advice;
use super::drift::Write;
use super::entry::{ADVISED, listed, named};
use super::good::good;
use super::losses::what_goes_with;
use super::observe::Presence;
use super::release_facts::{ObservedObject, ReleaseFacts};
use super::steps::{Effect, Step, Subject};
use crate::object::ObjectKey;
use crate::shell::Refusal;

/// An object that a command deletes.
#[derive(Debug, Clone)]
struct Doomed<'f> {
    key: &'f ObjectKey,
    /// Whether it is the release's.
    whose: Whose,
    /// Why somebody may miss it.
    danger: Option<String>,
}

impl Doomed<'_> {
    /// The object, and why somebody may miss it.
    fn danger(&self) -> Option<String> {
        Some(format!("{} ({})", self.key, self.danger.as_deref()?))
    }
}

/// Whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The release's.
    Ours,
    /// Somebody else's.
    Others,
}

/// Completes steps: objects that somebody may miss are saved before the first change, and protected before the first
/// rollback, which is previewed; and each command says what it deletes and takes back.
pub(super) fn weigh(facts: &ReleaseFacts<'_>, steps: Vec<Step>) -> Vec<Step> {
    let deletes = |step: &Step| match step.subject {
        Subject::Rollback(to) => !has_objects_of_newest(facts, to),
        Subject::Release | Subject::Upgrade | Subject::Uninstall | Subject::Object(_) => false,
    };
    let has_rollback = steps.iter().any(deletes);
    let has_uninstall = steps.iter().any(|step| step.subject == Subject::Uninstall);
    let by_rollback = if has_rollback {
        of_rollback(facts)
    } else {
        Vec::new()
    };
    let by_uninstall = if has_uninstall {
        of_uninstall(facts)
    } else {
        Vec::new()
    };
    let drift = &facts.objects.drift;
    let write = |step: &Step| {
        let to = match step.subject {
            Subject::Upgrade => return Some(Write::Upgrade),
            Subject::Rollback(to) => to,
            Subject::Release | Subject::Uninstall | Subject::Object(_) => return None,
        };
        Some(if Some(to) == good(facts) {
            Write::ToDeployed
        } else {
            Write::ToAnother
        })
    };
    let deleted_ones: BTreeSet<&ObjectKey> =
        in_danger(&by_rollback).chain(in_danger(&by_uninstall)).collect();
    let written_over: BTreeSet<&ObjectKey> = steps
        .iter()
        .filter_map(write)
        .flat_map(|write| drift.written_over(write))
        .collect();
    let mut known: BTreeSet<ObjectKey> = steps
        .iter()
        .filter(|step| step.effect == Effect::Saves)
        .filter_map(|step| match &step.subject {
            Subject::Object(saved) => Some(saved.clone()),
            Subject::Release | Subject::Rollback(_) | Subject::Upgrade | Subject::Uninstall => None,
        })
        .collect();
    // What is deleted is gone, and so comes first.
    let missed = deleted_ones.iter().copied().chain(written_over);
    let missed: Vec<&ObjectKey> = missed.filter(|key| known.insert((*key).clone())).collect();
    let saves = missed.into_iter().take(ADVISED).flat_map(|key| {
        let instances = deleted_ones
            .contains(key)
            .then(|| advice::save_instances(key))
            .flatten();
        [advice::save_object(key)].into_iter().chain(instances)
    });
    let mut saves = Some(saves.collect::<Vec<Step>>());
    let mut protection = Some(in_danger(&by_rollback).take(ADVISED).map(advice::protect_first));
    let can_be_protected = in_danger(&by_rollback).count() <= ADVISED
        && in_danger(&by_rollback).all(|key| advice::protect_first(key).command.is_ok());
    let first_rollback = steps.iter().find_map(|step| match step.subject {
        Subject::Rollback(to) => (can_be_protected || !deletes(step)).then_some(to),
        Subject::Release | Subject::Upgrade | Subject::Uninstall | Subject::Object(_) => None,
    });
    let mut preview = first_rollback.map(|to| {
        let why = "shows whether that rollback works, and what goes with it";
        facts.commands().preview_rollback(Some(to), why)
    });
    let mut weighed = Vec::with_capacity(steps.len());
    for mut step in steps {
        if step.effect == Effect::Destroys {
            weighed.extend(saves.take().into_iter().flatten());
            weighed.extend(preview.take());
        }
        let taken_back = write(&step).and_then(|write| drift.taken_back(write));
        let overwritten = match write(&step) {
            Some(Write::Upgrade | Write::ToDeployed) => overwritten(facts),
            Some(Write::ToAnother) | None => None,
        };
        match &step.subject {
            Subject::Rollback(_) if deletes(&step) => {
                weighed.extend(protection.take().into_iter().flatten());
                if !can_be_protected {
                    step.command = Err(Refusal::Unprotected);
                }
                step.add_change(Some(deleted(&by_rollback)));
                step.add_change(taken_back);
            }
            Subject::Rollback(_) | Subject::Upgrade => step.add_change(taken_back),
            Subject::Uninstall => step.add_change(uninstalled(&by_uninstall)),
            Subject::Release | Subject::Object(_) => {}
        }
        step.add_change(overwritten);
        weighed.push(step);
    }
    weighed
}

/// What is not the release's and is in the deployed manifest, in words. Helm does not ask whose it is before it writes.
fn overwritten(facts: &ReleaseFacts<'_>) -> Option<String> {
    let foreign = || facts.objects.foreign.iter().map(|foreign| &foreign.key);
    foreign().next()?;
    Some(format!(
        "overwrites what is not this release's: {}",
        named(foreign())
    ))
}

/// Whether a revision has the objects of the newest one, so that a rollback to it deletes nothing.
fn has_objects_of_newest(facts: &ReleaseFacts<'_>, revision: u64) -> bool {
    let manifest = |revision: u64| facts.records.get(&revision).and_then(|record| record.manifest);
    let newest = facts.history.latest().map(|latest| latest.revision);
    newest == Some(revision) || manifest(revision).is_some_and(|same| newest.and_then(manifest) == Some(same))
}

/// What a rollback to another revision deletes.
fn of_rollback<'f>(facts: &ReleaseFacts<'f>) -> Vec<Doomed<'f>> {
    let observed = facts.objects.observed.iter();
    let only_newest = observed.filter(|object| object.is_in_newest && !object.is_in_good);
    only_newest
        .filter(|object| object.observed.as_ref().is_some_and(|observed| !observed.is_kept))
        .filter_map(doomed)
        .collect()
}

/// The objects that the rollback deletes which is advised, and that nobody misses, so that it does not keep them.
pub(super) fn deleted_by_rollback<'f>(facts: &ReleaseFacts<'f>) -> BTreeSet<&'f ObjectKey> {
    let doomed = of_rollback(facts).into_iter();
    let alone = doomed.filter(|doomed| doomed.danger.is_none());
    alone.map(|doomed| doomed.key).collect()
}

/// What an uninstallation deletes.
fn of_uninstall<'f>(facts: &ReleaseFacts<'f>) -> Vec<Doomed<'f>> {
    let observed = facts.objects.observed.iter();
    let deleted = observed.filter(|object| object.is_in_newest && !object.is_kept_by_manifest);
    deleted.filter_map(doomed).collect()
}

/// An object that exists, may be spoken of, and would be deleted.
fn doomed(object: &ObservedObject) -> Option<Doomed<'_>> {
    let key = &object.key;
    let what = what_goes_with(&key.gvk.kind);
    let (whose, danger) = match &object.observed.as_ref()?.presence {
        Presence::Ours => (Whose::Ours, what.map(|what| format!("with it goes {what}"))),
        // A record can name any cluster-scoped object, also one that the reader had better leave alone.
        Presence::OtherRelease(_) | Presence::NoRelease if key.namespace.is_none() => return None,
        Presence::OtherRelease(owner) => (Whose::Others, Some(format!("it belongs to release {owner}"))),
        Presence::NoRelease => (Whose::Others, Some("it belongs to no release".to_owned())),
        Presence::Absent | Presence::Unproven | Presence::Unread => return None,
    };
    Some(Doomed { key, whose, danger })
}

/// The objects that somebody may miss.
fn in_danger<'d, 'f>(doomed: &'d [Doomed<'f>]) -> impl Iterator<Item = &'f ObjectKey> + use<'d, 'f> {
    let missed = doomed.iter().filter(|doomed| doomed.danger.is_some());
    missed.map(|doomed| doomed.key)
}

/// What a rollback to another revision deletes, in words.
fn deleted(doomed: &[Doomed<'_>]) -> String {
    const ONLY_NEWEST: &str = "deletes what only the newest revision has";
    if doomed.is_empty() {
        return ONLY_NEWEST.to_owned();
    }
    let names = named(doomed.iter().map(|doomed| doomed.key));
    let mut dangers = doomed.iter().filter_map(Doomed::danger).peekable();
    if dangers.peek().is_none() {
        return format!("{ONLY_NEWEST}: {names}");
    }
    let dangers = listed(dangers);
    format!("{ONLY_NEWEST}: {names}, but for what is protected before: {dangers}")
}

/// What goes with an uninstallation that somebody may miss, in words.
fn uninstalled(doomed: &[Doomed<'_>]) -> Option<String> {
    let mut dangers = doomed.iter().filter_map(Doomed::danger).peekable();
    dangers.peek()?;
    let whose = if doomed.iter().any(|doomed| doomed.whose == Whose::Others) {
        " (Helm 4 leaves what is not the release's)"
    } else {
        ""
    };
    Some(format!("deletes {}{whose}", listed(dangers)))
}
