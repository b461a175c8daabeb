//! How far an operation gets: Helm's steps in their order, up to the one that fails.
//!
//! A rollback creates its record first, then builds both manifests, runs the hooks before, applies the objects one by one,
//! deletes, waits, and runs the hooks after (Helm: `pkg/action/rollback.go`, `Run` and `performRollback`). An upgrade
//! builds and asks whose the new objects are before it creates its record (Helm: `pkg/action/upgrade.go`,
//! `prepareUpgrade` and `performUpgrade`), so that it refuses more and locks nothing. Both apply alike (Helm:
//! `pkg/kube/client.go`, `update`): in the order of the stored manifest, which is that of kinds (Helm:
//! `pkg/release/util/kind_sorter.go`, `InstallOrder`; a rollback does not sort again). A create or a read that fails ends
//! the loop, patches that fail are collected, and what is no longer in the manifest is deleted only when nothing failed.

use std::collections::HashMap;

use super::facts::{HookFacts, PreviewFacts};
use super::hooks::{self, HookFate};
use super::recorded::{lasting, refused_again};
use super::surroundings::{Obstacle, Verdict};
use super::target::{RecordAccess, TargetStanding};
use super::words::{block_words, reason, reason_at, reason_of};
use crate::classify::blocked::Block;
use crate::classify::transition::{InManifests, LiveOwner, ObjectPreview};
use crate::health::entry::listed;
use crate::model::PreviewReason;
use crate::object::ObjectKey;
use crate::release::stored::Status;
use crate::vocabulary::{ApplyMethod, PreviewAction, PreviewCause, PreviewOutcome, PreviewedOperation};

/// The step in which an operation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Helm refuses it before anything is written.
    Refused,
    /// A manifest cannot be built.
    NotBuilt,
    /// A hook before the objects fails.
    HookBefore,
    /// Objects cannot be applied.
    Objects,
    /// An object cannot be deleted.
    Deletions,
    /// A hook after the objects fails.
    HookAfter,
    /// Nothing that is known stops it.
    Done,
    /// It cannot be told whether anything stops it.
    Untold,
}

/// How far an operation gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    /// The step in which it ends.
    pub(super) end: End,
    /// Why, in Helm's order.
    pub(super) stops: Vec<PreviewReason>,
    /// What becomes of each object then.
    pub(super) actions: Vec<PreviewAction>,
    /// Deletions that fail, where the Helm of the release's records does not mind.
    pub(super) ignored: Vec<PreviewReason>,
}

impl Course {
    /// Follows an operation step by step.
    pub(super) fn of(facts: &PreviewFacts<'_>) -> Self {
        let walk = Walk::new(facts);
        walk.before_objects().unwrap_or_else(|| walk.objects())
    }

    /// The outcome, where nothing is lost on the way.
    pub(super) fn outcome(&self, operation: PreviewedOperation) -> PreviewOutcome {
        use PreviewedOperation::{Rollback, Upgrade};
        match (self.end, operation) {
            (End::Refused, _) | (End::NotBuilt, Upgrade) => PreviewOutcome::Refused,
            (End::NotBuilt | End::HookBefore | End::HookAfter, Rollback) => PreviewOutcome::LockLeft,
            (End::HookBefore | End::HookAfter, Upgrade) | (End::Objects | End::Deletions, _) => {
                PreviewOutcome::Failed
            }
            (End::Done, _) => PreviewOutcome::Works,
            (End::Untold, _) => PreviewOutcome::Unknown,
        }
    }
}

/// The facts, and what is looked up among them for each object.
struct Walk<'a> {
    facts: &'a PreviewFacts<'a>,
    /// The obstacles at which Helm fails, by the object at which it meets them.
    fails: HashMap<&'a ObjectKey, &'a Obstacle>,
    /// The positions of the objects whose deletions Helm passes over where they fail: all of Helm 3, none of Helm 4.
    passed_over: HashMap<&'a ObjectKey, usize>,
}

impl<'a> Walk<'a> {
    fn new(facts: &'a PreviewFacts<'a>) -> Self {
        let mut fails = HashMap::new();
        for obstacle in obstacles(facts) {
            let is_failure = match obstacle.verdict {
                Verdict::CreateFails | Verdict::UpdateFails | Verdict::DeleteFails => true,
                Verdict::RecordRefused
                | Verdict::MayFail
                | Verdict::Loses
                | Verdict::Asked
                | Verdict::Accepted
                | Verdict::Gap => false,
            };
            if let Some(key) = obstacle.object.as_ref().filter(|_| is_failure) {
                fails.entry(key).or_insert(obstacle);
            }
        }
        let passed_over = if is_helm_4(facts) {
            HashMap::new()
        } else {
            let objects = facts.objects.iter().enumerate();
            let deleted = objects.filter(|(_, object)| object.manifests == InManifests::From);
            deleted
                .map(|(position, object)| (&object.key, position))
                .collect()
        };
        Self {
            facts,
            fails,
            passed_over,
        }
    }

    /// The course of an operation that does not reach its objects.
    fn before_objects(&self) -> Option<Course> {
        let ended = |end, stops| Course {
            end,
            stops,
            actions: vec![PreviewAction::NotReached; self.facts.objects.len()],
            ignored: Vec::new(),
        };
        if let Some(course) = self.records(&ended) {
            return Some(course);
        }
        match self.facts.operation.kind {
            PreviewedOperation::Rollback => self.new_record(&ended).or_else(|| self.manifests(&ended)),
            PreviewedOperation::Upgrade => self
                .manifests(&ended)
                .or_else(|| self.ownership(&ended))
                .or_else(|| self.new_record(&ended)),
        }
        .or_else(|| {
            let hooks = hooks::before(self.facts.hooks);
            let stops = self.hooks(hooks)?;
            Some(ended(End::HookBefore, vec![stops]))
        })
    }

    /// The records that Helm reads first.
    fn records(&self, ended: &impl Fn(End, Vec<PreviewReason>) -> Course) -> Option<Course> {
        let from = self.facts.operation.from;
        let refused = |code, message| Some(ended(End::Refused, vec![reason(code, message)]));
        let untold = |message| Some(ended(End::Untold, vec![reason(PreviewCause::Unread, message)]));
        match self.facts.newest_record {
            RecordAccess::Read => {}
            RecordAccess::Missing => {
                return refused(
                    PreviewCause::Record,
                    "Helm finds no record of the release".to_owned(),
                );
            }
            RecordAccess::Undecodable(why) => {
                return refused(
                    PreviewCause::Record,
                    format!(
                        "the record of revision {from} cannot be decoded ({why}): Helm passes over it, and then cannot create the \
                         next one, because that exists already"
                    ),
                );
            }
            RecordAccess::Unread(why) => {
                return untold(format!("the record of revision {from} could not be read: {why}"));
            }
        }
        match self.facts.operation.kind {
            PreviewedOperation::Rollback => {
                let target = self.facts.target?;
                let revision = target.revision;
                match &target.standing {
                    // Without a number Helm goes one back, from whatever the newest is.
                    TargetStanding::Missing if revision == 0 => refused(
                        PreviewCause::Record,
                        format!("there is no revision before revision {from}"),
                    ),
                    TargetStanding::Missing => refused(
                        PreviewCause::Record,
                        format!("there is no record of revision {revision}"),
                    ),
                    TargetStanding::Undecodable(why) => refused(
                        PreviewCause::Record,
                        format!(
                            "the record of revision {revision} cannot be decoded ({why}), so Helm does not find it"
                        ),
                    ),
                    TargetStanding::Unread(why) => untold(format!(
                        "the record of revision {revision} could not be read: {why}"
                    )),
                    TargetStanding::Good
                    | TargetStanding::Failed
                    | TargetStanding::Pending(_)
                    | TargetStanding::Uninstalled
                    | TargetStanding::Newest
                    | TargetStanding::Left => None,
                }
            }
            PreviewedOperation::Upgrade => {
                let history = self.facts.release.history;
                let latest = history.latest()?;
                let status = latest.status.as_str();
                match latest.status {
                    Status::PendingInstall | Status::PendingUpgrade | Status::PendingRollback => refused(
                        PreviewCause::Pending,
                        format!(
                            "revision {} is {status}: Helm takes that for another operation that is in progress",
                            latest.revision
                        ),
                    ),
                    Status::Uninstalled | Status::Uninstalling | Status::Unknown
                        if history.baseline().is_none() =>
                    {
                        refused(
                            PreviewCause::Record,
                            format!(
                                "no revision is deployed, and revision {} is {status}",
                                latest.revision
                            ),
                        )
                    }
                    Status::Uninstalled
                    | Status::Uninstalling
                    | Status::Unknown
                    | Status::Deployed
                    | Status::Superseded
                    | Status::Failed => None,
                }
            }
        }
    }

    /// The record of the new revision.
    fn new_record(&self, ended: &impl Fn(End, Vec<PreviewReason>) -> Course) -> Option<Course> {
        let obstacle = obstacles(self.facts).find(|obstacle| obstacle.verdict == Verdict::RecordRefused)?;
        Some(ended(End::Refused, vec![reason_of(obstacle)]))
    }

    /// The kinds of both manifests, of which Helm needs every one.
    fn manifests(&self, ended: &impl Fn(End, Vec<PreviewReason>) -> Course) -> Option<Course> {
        let from = self.facts.operation.from;
        let to = match self.facts.operation.to {
            Some(to) => format!("the manifest of revision {to}"),
            None => "the new manifest".to_owned(),
        };
        let not_served = self.facts.not_served;
        let message = |kind: &String, manifest: &str| {
            reason(
                PreviewCause::KindNotServed,
                format!("{manifest} has {kind}, which the API server does not serve"),
            )
        };
        let of_from = not_served
            .from
            .iter()
            .map(|kind| message(kind, &format!("the manifest of revision {from}")));
        let of_to = not_served.to.iter().map(|kind| message(kind, &to));
        let stops: Vec<PreviewReason> = of_from.chain(of_to).collect();
        (!stops.is_empty()).then(|| ended(End::NotBuilt, stops))
    }

    /// The objects that are new to the release and exist: an upgrade takes only what names this release (Helm:
    /// `pkg/action/validate.go`, `existingResourceConflict`). A rollback does not ask.
    fn ownership(&self, ended: &impl Fn(End, Vec<PreviewReason>) -> Course) -> Option<Course> {
        let stops: Vec<PreviewReason> = self.facts.objects.iter().filter_map(not_importable).collect();
        (!stops.is_empty()).then(|| ended(End::Refused, stops))
    }

    /// The first of some hooks that fails.
    fn hooks(&self, hooks: impl Iterator<Item = &'a HookFacts>) -> Option<PreviewReason> {
        for hook in hooks {
            if let Some(obstacle) = self.fails.get(&hook.key) {
                return Some(reason_of(obstacle));
            }
            match hooks::fate(hook, self.facts.operation.method) {
                HookFate::Fails(code, message) => return Some(reason_at(&hook.key, code, message)),
                HookFate::Runs | HookFate::Deletes(_) | HookFate::MayFail(_) => {}
            }
        }
        None
    }

    /// The course of an operation that comes to its objects.
    fn objects(&self) -> Course {
        let mut course = Course {
            end: End::Done,
            stops: Vec::new(),
            actions: self.facts.objects.iter().map(|object| object.action).collect(),
            ignored: Vec::new(),
        };
        let mut untold: Vec<PreviewReason> = others_manifests(self.facts).into_iter().collect();
        let mut is_over = false;
        for (object, action) in self.facts.objects.iter().zip(&mut course.actions) {
            match object.manifests {
                InManifests::Both | InManifests::To if is_over => *action = PreviewAction::NotReached,
                InManifests::Both | InManifests::To => match self.failure(object) {
                    Some(stop) => {
                        *action = PreviewAction::Fail;
                        course.stops.push(stop);
                        // The API server looks for conflicts first, and at the rest only where they are forced.
                        course.stops.extend(object.block_if_forced.as_ref().map(|block| {
                            let message = format!("with --force-conflicts, too: {}", block_words(block));
                            reason_at(&object.key, block_code(block), message)
                        }));
                        // A create that fails ends the loop.
                        is_over = object.live.is_none();
                    }
                    None => untold.extend(doubt(object)),
                },
                InManifests::From => {}
            }
        }
        if !course.stops.is_empty() {
            course.end = End::Objects;
            self.without_deletions(&mut course);
            return course;
        }
        self.open_deletions(&mut course);
        let open = self
            .doubts()
            .filter(|obstacle| self.passed_over(obstacle).is_none());
        untold.extend(open.map(reason_of));
        untold.extend(lasting(self.facts));
        untold.extend(hooks::before(self.facts.hooks).filter_map(|hook| self.hook_may_fail(hook)));
        untold.extend(hooks::after(self.facts.hooks).filter_map(|hook| self.hook_may_fail(hook)));
        if !untold.is_empty() {
            course.end = End::Untold;
            course.stops = untold;
            return course;
        }
        self.deletions(&mut course);
        if course.end == End::Done
            && let Some(stop) = self.hooks(hooks::after(self.facts.hooks))
        {
            course.end = End::HookAfter;
            course.stops.push(stop);
        }
        course
    }

    /// Why a hook may fail for what has its name.
    fn hook_may_fail(&self, hook: &HookFacts) -> Option<PreviewReason> {
        match hooks::fate(hook, self.facts.operation.method) {
            HookFate::MayFail(message) => Some(reason_at(&hook.key, PreviewCause::Hook, message)),
            HookFate::Runs | HookFate::Deletes(_) | HookFate::Fails(..) => None,
        }
    }

    /// Nothing is deleted where anything failed.
    fn without_deletions(&self, course: &mut Course) {
        for (object, action) in self.facts.objects.iter().zip(&mut course.actions) {
            match object.manifests {
                InManifests::From => *action = PreviewAction::NotReached,
                InManifests::Both | InManifests::To => {}
            }
        }
    }

    /// The position of the object at whose deletion an obstacle is, where Helm passes over those that fail.
    fn passed_over(&self, obstacle: &Obstacle) -> Option<usize> {
        self.passed_over.get(obstacle.object.as_ref()?).copied()
    }

    /// What may make the operation fail, or a deletion that Helm passes over.
    fn doubts(&self) -> impl Iterator<Item = &'a Obstacle> + use<'a> {
        obstacles(self.facts).filter(|obstacle| obstacle.verdict == Verdict::MayFail)
    }

    /// Deletions of which it is not known whether they succeed, where Helm passes over those that fail.
    fn open_deletions(&self, course: &mut Course) {
        for obstacle in self.doubts() {
            let position = self.passed_over(obstacle);
            let action = position.and_then(|position| course.actions.get_mut(position));
            let (Some(action), Some(key)) = (action, &obstacle.object) else {
                continue;
            };
            // Of several obstacles at one object the first is told.
            if *action == PreviewAction::Delete {
                *action = PreviewAction::Unknown;
                let message = format!("may stay, because it may not be deleted: {}", obstacle.message);
                course
                    .ignored
                    .push(reason_at(key, PreviewCause::NotApplied, message));
            }
        }
    }

    /// Deletions that fail.
    fn deletions(&self, course: &mut Course) {
        let is_helm_4 = is_helm_4(self.facts);
        for (object, action) in self.facts.objects.iter().zip(&mut course.actions) {
            let obstacle = self.fails.get(&object.key);
            let Some(obstacle) = obstacle.filter(|_| *action == PreviewAction::Delete) else {
                continue;
            };
            *action = PreviewAction::Fail;
            if is_helm_4 {
                course.end = End::Deletions;
                course.stops.push(reason_of(obstacle));
            } else {
                let message = format!("stays, because it cannot be deleted: {}", obstacle.message);
                course
                    .ignored
                    .push(reason_at(&object.key, PreviewCause::NotApplied, message));
            }
        }
    }

    /// Why an object cannot be applied.
    fn failure(&self, object: &ObjectPreview) -> Option<PreviewReason> {
        if let Some(block) = &object.block {
            return Some(reason_at(&object.key, block_code(block), block_words(block)));
        }
        match object.action {
            PreviewAction::Fail => {
                let why = object
                    .reason
                    .clone()
                    .unwrap_or_else(|| "it cannot be written".to_owned());
                Some(reason_at(&object.key, PreviewCause::Rule, why))
            }
            PreviewAction::Create
            | PreviewAction::Change
            | PreviewAction::Delete
            | PreviewAction::Keep
            | PreviewAction::None
            | PreviewAction::NotReached
            | PreviewAction::Unknown => {
                if let Some(again) = refused_again(self.facts, object) {
                    return Some(again);
                }
                self.fails.get(&object.key).map(|obstacle| reason_of(obstacle))
            }
        }
    }
}

/// Why an upgrade does not take an object over that is new to the release.
pub(super) fn not_importable(object: &ObjectPreview) -> Option<PreviewReason> {
    let owner = match (object.manifests, &object.live.as_ref()?.owner) {
        (InManifests::To, LiveOwner::Another(other)) => format!("release {other}'s"),
        (InManifests::To, LiveOwner::Nobody) => "no release's".to_owned(),
        (InManifests::To, LiveOwner::Ours) | (InManifests::Both | InManifests::From, _) => return None,
    };
    let message =
        format!("exists and is {owner}: Helm does not import an object that does not name this release");
    Some(reason_at(&object.key, PreviewCause::Ownership, message))
}

/// The place of a patch that Helm makes without a resource version.
const RESOURCE_VERSION: &str = "/metadata/resourceVersion";

fn block_code(block: &Block) -> PreviewCause {
    match block {
        Block::Conflict(_) => PreviewCause::Conflict,
        Block::Refused { path, rule: _ } if path == RESOURCE_VERSION => PreviewCause::Helm,
        Block::Refused { path: _, rule: _ } => PreviewCause::Rule,
    }
}

/// Why rendered manifests may be another release's: they have none of the objects that this one has. Then Helm makes them all
/// anew and deletes what the release has, which nobody means who renders with another name (`helm template OTHER`).
fn others_manifests(facts: &PreviewFacts<'_>) -> Option<PreviewReason> {
    let has = |manifests| facts.objects.iter().any(|object| object.manifests == manifests);
    let is_doubted = match facts.operation.kind {
        PreviewedOperation::Upgrade => has(InManifests::From) && !has(InManifests::Both),
        PreviewedOperation::Rollback => false,
    };
    is_doubted.then(|| {
        let deleted = facts
            .objects
            .iter()
            .filter(|object| object.manifests == InManifests::From && object.action == PreviewAction::Delete)
            .map(|object| object.key.to_string());
        let deleted = listed(deleted);
        let loses = if deleted.is_empty() {
            String::new()
        } else {
            format!(", and the upgrade deletes {deleted}")
        };
        let from = facts.operation.from;
        let message = format!(
            "these manifests may be another release's: they have no object of revision {from}{loses}; `helm template` takes the \
             name of the release and its namespace"
        );
        reason(PreviewCause::Ownership, message)
    })
}

/// Why it cannot be told whether an object is applied.
fn doubt(object: &ObjectPreview) -> Option<PreviewReason> {
    if let Some(because) = &object.may_be_refused {
        let message = format!("the API server may refuse it, because {because}");
        return Some(reason_at(&object.key, PreviewCause::Rule, message));
    }
    (object.action == PreviewAction::Unknown).then(|| {
        let why = object.reason.as_deref().unwrap_or("it could not be read");
        let message = format!("what becomes of it cannot be told: {why}");
        reason_at(&object.key, PreviewCause::Unread, message)
    })
}

/// Whether a deletion that fails ends the operation as failed: Helm 4 does so, and Helm 3 only logs it (Helm 3:
/// `pkg/kube/client.go`, `update`). The Helm that wrote a method into the records is 4.
const fn is_helm_4(facts: &PreviewFacts<'_>) -> bool {
    matches!(facts.operation.method, ApplyMethod::Ssa) || facts.methods.decisive.is_some()
}

/// What is around the objects.
pub(super) fn obstacles<'a>(facts: &PreviewFacts<'a>) -> impl Iterator<Item = &'a Obstacle> + use<'a> {
    facts.around.into_iter().flatten()
}
