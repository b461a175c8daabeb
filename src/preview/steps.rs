//! What to run before, in place of, and for an operation, safest first.
//!
//! Where the operation works, the steps are copies, what keeps objects from going that somebody may miss, and the command.
//! Where a flag gets it past its trouble, the command has that flag: `--no-hooks`, which Helm 3 and 4 know, and
//! `--force-conflicts` and `--server-side`, which only Helm 4 knows (Helm: `pkg/cmd/rollback.go`). Where none does, no
//! command is given for it, but what to mend, and then this preview again. Nor is a command that takes over what is not the
//! release's: a sentence says by which flag it is done.

use super::course::{Course, End};
use super::facts::{HookFacts, HookPresence, LiveHook, PreviewFacts};
use super::hooks::{self, HookFate};
use super::looks;
use super::losses;
use super::target::TargetStanding;
use crate::classify::blocked::Block;
use crate::classify::transition::{InManifests, LiveOwner, ObjectPreview, WayOut};
use crate::health;
use crate::health::advice::{self, Commands, destroys, kubectl, protect_command, reads};
use crate::health::entry::{ADVISED, listed};
use crate::health::steps::{Effect, Step, Subject, advise};
use crate::health::{Contested, unproven_writes, wait_before};
use crate::model::{Advice, PreviewField};
use crate::object::ObjectKey;
use crate::release::stored::Status;
use crate::shell::{Command, Word};
use crate::vocabulary::{ApplyMethod, PreviewAction, PreviewCause, PreviewEffect, PreviewedOperation};

/// The steps, and a sentence for each that could not be written down.
pub(super) fn of(facts: &PreviewFacts<'_>, course: &Course) -> (Vec<Advice>, Vec<String>) {
    let steps = Steps {
        facts,
        commands: Commands {
            key: &facts.release.history.key,
            method: facts.operation.method,
            contested: Contested::No,
        },
    };
    let (mut advice, mut missing) = advise(steps.all(course));
    if let Some(reason) = unproven_writes(facts.release)
        && advice.iter().any(|advice| advice.destructive)
    {
        advice.retain(|advice| !advice.destructive);
        missing.push(format!("commands that change the release are left out: {reason}"));
    }
    missing.extend(wait_before(facts.release, &mut advice));
    missing.extend(steps.withheld(course));
    (advice, missing)
}

/// The makers of steps.
struct Steps<'a> {
    facts: &'a PreviewFacts<'a>,
    commands: Commands<'a>,
}

impl Steps<'_> {
    fn all(&self, course: &Course) -> Vec<Step> {
        let mut steps = vec![self.commands.history()];
        steps.extend(self.diagnosis());
        // An operation that still runs ends by itself, and what is advised is about the state after it.
        steps.extend(health::running(self.facts.release).map(|running| self.commands.watch_record(running)));
        match course.end {
            End::Refused | End::NotBuilt => steps.extend(self.after_refusal(course)),
            End::Done | End::Untold => {
                steps.extend(self.safeguards());
                if course.end == End::Done {
                    let why = match self.facts.operation.kind {
                        PreviewedOperation::Rollback => "returns to that revision",
                        PreviewedOperation::Upgrade => "upgrades to these manifests",
                    };
                    steps.extend(self.operation(self.commands, &[], why));
                }
            }
            End::HookBefore | End::HookAfter => steps.extend(self.after_hook()),
            End::Objects | End::Deletions => steps.extend(self.after_objects(course)),
        }
        steps
    }

    /// The command that tells the way out, where the newest operation did not complete: a preview is of one operation only.
    fn diagnosis(&self) -> Option<Step> {
        let latest = self.facts.release.history.latest()?;
        if !latest.status.is_pending() && latest.status != Status::Failed {
            return None;
        }
        let why = format!(
            "shows every way out of the state that revision {} is in ({}), safest first",
            latest.revision,
            latest.status.as_str()
        );
        Some(self.commands.diagnose(&why))
    }

    /// The number of the target, where it is one to go to.
    fn target(&self) -> Option<u64> {
        match self.facts.operation.kind {
            PreviewedOperation::Rollback => self.facts.operation.to,
            PreviewedOperation::Upgrade => None,
        }
    }

    fn keys(&self) -> Vec<&ObjectKey> {
        let objects = self.facts.objects.iter().map(|object| &object.key);
        objects
            .chain(self.facts.hooks.iter().map(|hook| &hook.key))
            .collect()
    }

    fn again(&self, why: &str) -> Step {
        match self.facts.operation.kind {
            PreviewedOperation::Rollback => self.commands.preview_rollback(self.facts.operation.to, why),
            PreviewedOperation::Upgrade => self.commands.preview_upgrade(why),
        }
    }

    /// The copies of records, values and manifests.
    fn copies(&self) -> Vec<Step> {
        let mut revisions: Vec<u64> = self
            .target()
            .into_iter()
            .chain([self.facts.operation.from])
            .collect();
        revisions.dedup();
        self.commands.backup(&revisions)
    }

    /// Everything that comes before an operation that gets to its objects: copies of what it overwrites or deletes, and what
    /// keeps objects from going that somebody may miss.
    fn safeguards(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = self
            .running_hooks()
            .map(|hook| advice::await_completion(&hook.key))
            .collect();
        steps.extend(self.copies());
        let endangered = || self.facts.objects.iter().filter(|object| is_endangered(object));
        steps.extend(endangered().take(ADVISED).flat_map(|object| {
            let is_deleted = object.action == PreviewAction::Delete;
            let instances = is_deleted.then(|| advice::save_instances(&object.key)).flatten();
            [save(&object.key)].into_iter().chain(instances)
        }));
        let taken = self
            .taken_hooks()
            .filter(|hook| hook.presence != HookPresence::Present(LiveHook::Running));
        steps.extend(taken.map(|hook| advice::save_object(&hook.key)));
        let conflicts = self.facts.objects.iter().filter(|object| is_conflict(object));
        steps.extend(
            conflicts
                .take(ADVISED)
                .map(|object| advice::show_owners(&object.key)),
        );
        let missed = endangered().filter(|object| is_missed(object)).take(ADVISED);
        steps.extend(missed.map(|object| protect(&object.key)));
        in_safe_order(&mut steps);
        steps
    }

    /// The hooks before which Helm deletes something else.
    fn taken_hooks(&self) -> impl Iterator<Item = &HookFacts> {
        let method = self.facts.operation.method;
        self.facts
            .hooks
            .iter()
            .filter(move |hook| match hooks::fate(hook, method) {
                HookFate::Deletes(_) => true,
                HookFate::Runs | HookFate::MayFail(_) | HookFate::Fails(..) => false,
            })
    }

    /// The hooks of which an earlier run has not ended, and would be deleted.
    fn running_hooks(&self) -> impl Iterator<Item = &HookFacts> {
        self.taken_hooks()
            .filter(|hook| hook.presence == HookPresence::Present(LiveHook::Running))
    }

    /// The operation itself.
    fn operation(&self, commands: Commands<'_>, options: &[&'static str], why: &str) -> Option<Step> {
        let mut step = match self.facts.operation.kind {
            PreviewedOperation::Rollback => commands.rollback(self.target()?, why, options),
            PreviewedOperation::Upgrade => commands.upgrade_as_rendered(why, options),
        };
        step.add_change(self.deleted());
        step.add_change(self.taken_back());
        Some(step)
    }

    /// What the operation deletes, unless it is protected before.
    fn deleted(&self) -> Option<String> {
        let objects = self.facts.objects.iter();
        let deleted = objects.filter(|object| object.action == PreviewAction::Delete);
        let names: Vec<String> = deleted.map(|object| object.key.to_string()).collect();
        (!names.is_empty()).then(|| format!("deletes {}", listed(names.into_iter())))
    }

    /// What the operation writes over that others wrote.
    fn taken_back(&self) -> Option<String> {
        let is_taken_back = |field: &&PreviewField| match field.effect {
            PreviewEffect::TakeBack | PreviewEffect::Fail => field.actor.is_some(),
            PreviewEffect::Change
            | PreviewEffect::Survive
            | PreviewEffect::Differ
            | PreviewEffect::Unknown => false,
        };
        let objects = self.facts.objects.iter();
        let fields = objects.flat_map(|object| {
            let fields = object.fields.iter().filter(is_taken_back);
            fields.map(|field| {
                let manager = field.actor.as_ref().map_or("", |actor| &actor.manager);
                format!("{} of {} from {manager}", field.path, object.key)
            })
        });
        let fields: Vec<String> = fields.collect();
        (!fields.is_empty()).then(|| format!("takes back {}", listed(fields.into_iter())))
    }

    /// The steps where Helm does not even begin.
    fn after_refusal(&self, course: &Course) -> Vec<Step> {
        let mut steps = Vec::new();
        let has = |code| course.stops.iter().any(|stop| stop.code == code);
        if has(PreviewCause::Record)
            && let Some(target) = self.facts.target
        {
            let other = target.last_good.filter(|good| *good != target.revision);
            match &target.standing {
                TargetStanding::Missing
                | TargetStanding::Undecodable(_)
                | TargetStanding::Failed
                | TargetStanding::Pending(_)
                | TargetStanding::Uninstalled
                | TargetStanding::Newest
                | TargetStanding::Left => steps.extend(other.map(|good| {
                    self.commands.preview_rollback(
                        Some(good),
                        "shows what a rollback to the last good revision would do",
                    )
                })),
                TargetStanding::Good | TargetStanding::Unread(_) => {}
            }
            steps.extend(self.commands.backup(&[]));
        }
        if has(PreviewCause::RecordRefused) {
            let namespace = Word::namespace(&self.commands.key.namespace);
            let command =
                namespace.map(|name| Command::new("kubectl", &["describe", "namespace"]).word(&name));
            steps.push(reads(
                Subject::Release,
                command,
                "shows whether the namespace is being deleted, and its quotas with what of them is used",
            ));
            // A namespace that is being deleted takes the records with it.
            steps.extend(self.copies());
        }
        if has(PreviewCause::KindNotServed) {
            steps.extend(looks::at(course, &self.keys()));
            steps.extend(self.copies());
            steps.push(self.again(
                "once the API server serves the kind again; until then every rollback locks the release: see the causes",
            ));
        }
        if has(PreviewCause::Ownership) {
            let foreign = self
                .facts
                .objects
                .iter()
                .filter(|object| super::course::not_importable(object).is_some());
            steps.extend(
                foreign
                    .take(ADVISED)
                    .map(|object| advice::describe(&object.key, "shows whose it is, and who wrote it")),
            );
        }
        steps
    }

    /// The steps where a hook fails for certain.
    fn after_hook(&self) -> Vec<Step> {
        let method = self.facts.operation.method;
        let failing = self
            .facts
            .hooks
            .iter()
            .find(|hook| match hooks::fate(hook, method) {
                HookFate::Fails(..) => true,
                HookFate::Runs | HookFate::Deletes(_) | HookFate::MayFail(_) => false,
            });
        let mut steps: Vec<Step> = failing
            .map(|hook| advice::describe(&hook.key, "shows what has the name of the hook"))
            .into_iter()
            .collect();
        let without = PreviewFacts {
            hooks: &[],
            ..*self.facts
        };
        match Course::of(&without).end {
            End::Done => {
                steps.extend(self.safeguards());
                let why = match self.facts.operation.kind {
                    PreviewedOperation::Rollback => {
                        "returns to that revision without its hooks; do their work by hand where it is needed"
                    }
                    PreviewedOperation::Upgrade => {
                        "upgrades without the hooks; do their work by hand where it is needed"
                    }
                };
                steps.extend(self.operation(self.commands, &["--no-hooks"], why));
            }
            End::Refused
            | End::NotBuilt
            | End::HookBefore
            | End::Objects
            | End::Deletions
            | End::HookAfter
            | End::Untold => {
                steps.extend(self.copies());
                steps.push(self.again("once the hook's name is free"));
            }
        }
        steps
    }

    /// The steps where an object fails.
    fn after_objects(&self, course: &Course) -> Vec<Step> {
        let failing: Vec<&ObjectPreview> = self
            .facts
            .objects
            .iter()
            .filter(|object| object.block.is_some())
            .collect();
        let around_is_clear = {
            let without = PreviewFacts {
                objects: &unblocked(self.facts.objects),
                ..*self.facts
            };
            Course::of(&without).end == End::Done
        };
        let all = |way: WayOut| {
            !failing.is_empty()
                && around_is_clear
                && failing.iter().all(|object| object.ways_out.contains(&way))
        };
        let is_theirs = failing.iter().any(|object| is_theirs(object));
        let mut steps = Vec::new();
        if !is_theirs && all(WayOut::Force) {
            steps.extend(self.safeguards());
            steps.extend(failing_copies(&failing));
            in_safe_order(&mut steps);
            steps.extend(self.operation(
                Commands {
                    contested: Contested::Yes,
                    ..self.commands
                },
                &[],
                "with Helm 4: takes over the fields that others own, until they write them again",
            ));
        } else if !is_theirs && all(WayOut::ClientSide) {
            steps.extend(self.safeguards());
            steps.extend(failing_copies(&failing));
            in_safe_order(&mut steps);
            steps.extend(self.operation(
                self.commands,
                &["--server-side=false"],
                "with Helm 4: applies client-side, which works; the release stays client-side from then on",
            ));
        } else {
            steps.extend(self.mend(&failing, course));
        }
        steps
    }

    /// What is said in place of a command that takes over objects that are not the release's.
    fn withheld(&self, course: &Course) -> Option<String> {
        let operation = match self.facts.operation.kind {
            PreviewedOperation::Rollback => "rollback",
            PreviewedOperation::Upgrade => "upgrade",
        };
        let take = match self.facts.operation.method {
            ApplyMethod::Csa => "--take-ownership",
            ApplyMethod::Ssa => "--take-ownership --force-conflicts",
        };
        let objects = self.facts.objects.iter();
        let (theirs, flags): (Vec<&ObjectPreview>, _) = match course.end {
            End::Refused => (
                objects
                    .filter(|object| super::course::not_importable(object).is_some())
                    .collect(),
                take,
            ),
            End::Objects => (
                objects
                    .filter(|object| is_theirs(object) && object.ways_out.contains(&WayOut::Force))
                    .collect(),
                "--force-conflicts",
            ),
            End::NotBuilt | End::HookBefore | End::Deletions | End::HookAfter | End::Done | End::Untold => {
                return None;
            }
        };
        let names = listed(theirs.into_iter().map(|object| object.key.to_string()));
        (!names.is_empty()).then(|| {
            format!(
                "the command that takes over what is not this release's is left out: once it is settled whose it is, delete or \
                 rename it, or run the {operation} with {flags}: {names}"
            )
        })
    }

    /// What to mend where no flag helps.
    fn mend(&self, failing: &[&ObjectPreview], course: &Course) -> Vec<Step> {
        let (living, created): (Vec<&ObjectPreview>, Vec<&ObjectPreview>) =
            failing.iter().partition(|object| object.live.is_some());
        let mut steps: Vec<Step> = living
            .iter()
            .take(ADVISED)
            .map(|object| match &object.block {
                Some(Block::Conflict(_)) => advice::show_owners(&object.key),
                Some(Block::Refused { .. }) | None => {
                    advice::describe(&object.key, how_to_mend(&object.key, self.facts.operation.kind))
                }
            })
            .collect();
        steps.extend(looks::at(course, &self.keys()));
        steps.extend(self.copies());
        steps.extend(failing_copies(failing));
        let removable = failing.iter().filter(|object| {
            let is_ours = object
                .live
                .as_ref()
                .is_some_and(|live| live.owner == LiveOwner::Ours && !live.is_being_deleted);
            is_ours && matches!(object.block, Some(Block::Refused { .. }))
        });
        steps.extend(
            removable
                .take(ADVISED)
                .filter_map(|object| make_room(&object.key)),
        );
        steps.push(self.again(match (created.is_empty(), self.facts.operation.kind) {
            (true, _) => "once that is mended",
            (false, PreviewedOperation::Rollback) => {
                "once that is mended; what the API server does not let be created is in the manifest itself: upgrade in place of \
                 the rollback, with the saved values edited"
            }
            (false, PreviewedOperation::Upgrade) => {
                "once that is mended: what the API server does not let be created is in these manifests"
            }
        }));
        steps
    }
}

/// The same objects, as if Helm could write those that fail.
fn unblocked(objects: &[ObjectPreview]) -> Vec<ObjectPreview> {
    let unblocked = objects.iter().map(|object| match object.block {
        Some(_) => {
            let mut object = object.clone();
            object.unblock();
            object.action = PreviewAction::Change;
            object
        }
        None => object.clone(),
    });
    unblocked.collect()
}

fn failing_copies(failing: &[&ObjectPreview]) -> Vec<Step> {
    let live = failing.iter().filter(|object| object.live.is_some());
    live.take(ADVISED).map(|object| save(&object.key)).collect()
}

/// How the operation gets past an object that cannot be changed as it asks.
fn how_to_mend(key: &ObjectKey, operation: PreviewedOperation) -> &'static str {
    match (make_room(key), operation) {
        (Some(_), PreviewedOperation::Rollback) => {
            "shows the object as it is: set the field back by hand where it may change"
        }
        (Some(_), PreviewedOperation::Upgrade) => {
            "shows the object as it is: have the chart leave the field as it lives"
        }
        (None, PreviewedOperation::Rollback) => {
            "shows the object as it is: set the field back by hand where it may change; else upgrade in place of the rollback, \
             with the saved values edited so that the chart leaves this field as it lives"
        }
        (None, PreviewedOperation::Upgrade) => {
            "shows the object as it is: have the chart leave the field as it lives, or set it by hand where it may change"
        }
    }
}

/// Saves a copy of an object, and says what the copy does not hold.
fn save(key: &ObjectKey) -> Step {
    let step = advice::save_object(key);
    match losses::data(key) {
        Some(_) => Step {
            why: "saves a copy of the object, without what goes with it".to_owned(),
            ..step
        },
        None => step,
    }
}

/// What reads comes before what saves, and copies come before the first change, whatever their object.
fn in_safe_order(steps: &mut [Step]) {
    steps.sort_by_key(|step| match step.effect {
        Effect::Reads => 0,
        Effect::Saves => 1,
        Effect::Destroys => 2,
    });
}

/// Whether an object that fails is not the release's.
fn is_theirs(object: &ObjectPreview) -> bool {
    let owner = object.live.as_ref().map(|live| &live.owner);
    object.block.is_some() && owner.is_some_and(|owner| *owner != LiveOwner::Ours)
}

fn is_conflict(object: &ObjectPreview) -> bool {
    matches!(object.block, Some(Block::Conflict(_)))
}

/// Whether an operation takes away what no manifest has: the object, or what others wrote into it.
fn is_endangered(object: &ObjectPreview) -> bool {
    let Some(live) = &object.live else {
        return false;
    };
    match object.action {
        PreviewAction::Delete => true,
        PreviewAction::Change => {
            let mut fields = object.fields.iter();
            live.owner != LiveOwner::Ours
                || object.manifests == InManifests::To
                || fields.any(|field| field.effect == PreviewEffect::TakeBack)
        }
        PreviewAction::Create
        | PreviewAction::Keep
        | PreviewAction::None
        | PreviewAction::Fail
        | PreviewAction::NotReached
        | PreviewAction::Unknown => false,
    }
}

/// Whether somebody may miss an object that is deleted: for what goes with it, or because it is not the release's. A record
/// can name any cluster-scoped object, also one that the reader had better leave alone.
fn is_missed(object: &ObjectPreview) -> bool {
    let is_ours = object
        .live
        .as_ref()
        .is_some_and(|live| live.owner == LiveOwner::Ours);
    let is_in_namespace = object.key.namespace.is_some();
    object.action == PreviewAction::Delete
        && if is_ours {
            losses::data(&object.key).is_some()
        } else {
            is_in_namespace
        }
}

/// Keeps Helm from deleting an object (Helm: `pkg/kube/client.go`, `update`, reads the live annotation).
fn protect(key: &ObjectKey) -> Step {
    destroys(
        Subject::Object(key.clone()),
        protect_command(key),
        "if it is to stay: keeps Helm from deleting the object",
        "sets an annotation on the live object; it then stays, and no revision of the release has it",
    )
}

/// Deletes an object that cannot be changed, so that the operation creates it anew; `None` for kinds that hold data, addresses
/// or other objects.
fn make_room(key: &ObjectKey) -> Option<Step> {
    let (options, changes): (&[&str], _) = match (key.gvk.group(), key.gvk.kind.as_str()) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => (
            &["delete", "--cascade=orphan"],
            "deletes the object and leaves its Pods running; the operation creates it anew, and that takes the Pods over where its \
             selector still matches them",
        ),
        ("batch", "Job") => (
            &["delete"],
            "deletes the Job and its Pods; the operation creates it anew, and it runs again",
        ),
        ("", "ConfigMap" | "Secret")
        | ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => (
            &["delete"],
            "deletes the object; until the operation creates it anew, what needs it fails",
        ),
        (_, _) => return None,
    };
    Some(destroys(
        Subject::Object(key.clone()),
        kubectl(options, key),
        "if it cannot be set back: lets the operation create it anew",
        changes,
    ))
}
