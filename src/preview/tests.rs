//! Tables of facts, and what a preview makes of them: the rows of a study of real rollbacks, of which each states what Helm
//! did.

use serde_json::json;

use super::fixtures::{
    Edit as _, Scene, config, deployment, field, hook, key, object, obstacle, record_with_hook, rollback,
    upgrade, written,
};
use super::surroundings::Verdict;
use super::*;
use crate::classify::transition::{LiveOwner, WayOut};
use crate::health::RecordFacts;
use crate::vocabulary::ApplyMethod::{Csa, Ssa};
use crate::vocabulary::PreviewCause as Cause;
use crate::vocabulary::PreviewEffect as Effect;
use crate::vocabulary::PreviewOutcome::{Failed, LockLeft, Refused, Unknown, Works, WorksBut};
use crate::vocabulary::{HealthCode, PreviewCause};

/// What it is about, the scene, the outcome, the causes, and a part of what is left.
type Row = (
    &'static str,
    Scene,
    PreviewOutcome,
    &'static [PreviewCause],
    &'static str,
);

fn hold(rows: impl IntoIterator<Item = Row>) {
    for (name, scene, outcome, causes, leaves) in rows {
        let preview = scene.preview();
        let codes: Vec<Cause> = preview.causes.iter().map(|cause| cause.code).collect();
        let context = format!("{name}: {preview:#?}");
        assert_eq!(
            (preview.outcome, codes.as_slice()),
            (outcome, causes),
            "{context}"
        );
        let left = preview.leaves.as_deref().unwrap_or_default();
        assert!(
            left.contains(leaves) && left.is_empty() == leaves.is_empty(),
            "{context}"
        );
        assert_is_safe(&preview, name);
    }
}

/// What only reads and what saves comes before what changes something.
fn assert_is_safe(preview: &Preview, context: &str) {
    let commands: Vec<&str> = preview
        .advice
        .iter()
        .map(|advice| advice.command.as_str())
        .collect();
    let Some(first) = preview.advice.iter().position(|advice| advice.destructive) else {
        return;
    };
    assert!(
        preview.advice[first..]
            .iter()
            .all(|advice| advice.destructive || !advice.command.contains(" > ")),
        "{context}: {commands:#?}"
    );
    assert!(
        commands[..first].iter().any(|command| command.contains(" > ")),
        "{context}: {commands:#?}"
    );
}

fn with(mut scene: Scene, edit: impl FnOnce(&mut Scene)) -> Scene {
    edit(&mut scene);
    scene
}

const NOTHING: &str = "nothing changes: there is no new revision, and revision 2 stays the newest (deployed)";
const LOCK: &str = "revision 3 is the newest and pending-rollback, so that Helm refuses upgrades";
const NONE_DEPLOYED: &str = "revision 3 is the newest and failed; revision 2, which was deployed, becomes superseded, so that none is deployed";

fn failed(description: &str) -> RecordFacts {
    RecordFacts {
        description: description.to_owned(),
        ..RecordFacts::default()
    }
}

#[test]
fn records_decide_whether_a_rollback_begins() {
    let plain = || rollback(Csa, [config("a").changed()]);
    let statuses = |statuses: &[&'static str]| with(plain(), |scene| scene.statuses = statuses.to_vec());
    hold([
        ("both records are there", plain(), Works, &[][..], ""),
        (
            "the record before is missing",
            statuses(&["superseded", "", "deployed"]),
            Refused,
            &[Cause::Record],
            "nothing changes",
        ),
        (
            "there is one revision only",
            statuses(&["deployed"]),
            Refused,
            &[Cause::Record],
            "nothing changes",
        ),
        (
            "the target cannot be decoded",
            with(plain(), |scene| _ = scene.undecodable.insert(1, "cut off")),
            Refused,
            &[Cause::Record],
            NOTHING,
        ),
        (
            "the newest cannot be decoded",
            with(plain(), |scene| _ = scene.undecodable.insert(2, "cut off")),
            Refused,
            &[Cause::Record],
            NOTHING,
        ),
        (
            "the target failed itself",
            with(plain(), |scene| {
                scene.statuses = vec!["superseded", "failed", "deployed"];
                scene.records.insert(2, failed("Upgrade \"web\" failed: no"));
            }),
            WorksBut,
            &[Cause::Record],
            "",
        ),
        (
            "the newest is pending since long",
            statuses(&["deployed", "pending-upgrade"]),
            Works,
            &[],
            "",
        ),
        (
            "the newest was uninstalled",
            statuses(&["superseded", "uninstalled"]),
            WorksBut,
            &[Cause::Record],
            "",
        ),
        (
            "the namespace is being deleted",
            with(plain(), |scene| {
                let message = "namespace shop is being deleted";
                scene.around = Some(vec![obstacle(
                    None,
                    Cause::RecordRefused,
                    Verdict::RecordRefused,
                    message,
                )]);
            }),
            Refused,
            &[Cause::RecordRefused],
            NOTHING,
        ),
    ]);
}

#[test]
fn kinds_that_are_not_served_leave_a_lock() {
    let plain = || rollback(Csa, [config("a").changed()]);
    let kind = || ["Widget of example.com/v1".to_owned()].into();
    hold([
        (
            "of the newest",
            with(plain(), |scene| scene.not_served.from = kind()),
            LockLeft,
            &[Cause::KindNotServed][..],
            LOCK,
        ),
        (
            "of the target",
            with(plain(), |scene| scene.not_served.to = kind()),
            LockLeft,
            &[Cause::KindNotServed],
            LOCK,
        ),
        (
            "of a hook",
            with(plain(), |scene| {
                scene.hooks = vec![hook("h", HookTime::Before, &[], HookPresence::KindNotServed)];
            }),
            LockLeft,
            &[Cause::KindNotServed],
            "no object is changed",
        ),
        (
            "of an upgrade",
            with(upgrade(Csa, [config("a").changed()]), |scene| {
                scene.not_served.from = kind()
            }),
            Refused,
            &[Cause::KindNotServed],
            NOTHING,
        ),
    ]);
}

#[test]
fn hooks_of_the_target_may_lock_the_release_or_delete_what_has_their_name() {
    let of = |method, time, policies: &[&str], presence| {
        with(
            rollback(method, [config("a").changed(), config("b").dropped()]),
            |scene| {
                scene.hooks = vec![hook("h", time, policies, presence)];
            },
        )
    };
    let earlier = || HookPresence::Present(LiveHook::EarlierRun);
    let other = || HookPresence::Present(LiveHook::Other(LiveOwner::Nobody));
    let keeps = &["hook-succeeded"][..];
    hold([
        (
            "nothing has its name",
            of(Csa, HookTime::Before, &[], HookPresence::Absent),
            Works,
            &[Cause::Hook][..],
            "",
        ),
        (
            "an earlier run has it",
            of(Csa, HookTime::Before, &[], earlier()),
            Works,
            &[Cause::Hook],
            "",
        ),
        (
            "another object has it",
            of(Csa, HookTime::Before, &[], other()),
            WorksBut,
            &[Cause::Hook, Cause::Hook],
            "",
        ),
        (
            "policy without deletion",
            of(Csa, HookTime::Before, keeps, earlier()),
            LockLeft,
            &[Cause::Hook],
            "no object is changed",
        ),
        (
            "the same after the objects",
            of(Csa, HookTime::After, keeps, earlier()),
            LockLeft,
            &[Cause::Hook],
            "all objects are at revision 1, and what only revision 2 has is deleted",
        ),
        (
            "server-side apply writes over it",
            of(Ssa, HookTime::Before, keeps, other()),
            Unknown,
            &[Cause::Hook],
            "",
        ),
        (
            "unread with a policy that deletes first",
            of(
                Csa,
                HookTime::Before,
                &[],
                HookPresence::Unread("forbidden".into()),
            ),
            Works,
            &[Cause::Hook],
            "",
        ),
        (
            "of an upgrade",
            Scene {
                kind: crate::vocabulary::PreviewedOperation::Upgrade,
                ..of(Csa, HookTime::Before, keeps, earlier())
            },
            Failed,
            &[Cause::Hook],
            "revision 2 stays deployed; no object is changed",
        ),
        (
            "a migration is not undone",
            with(rollback(Csa, [config("a").changed()]), |scene| {
                scene
                    .records
                    .insert(2, record_with_hook("migrate", "pre-upgrade"));
            }),
            WorksBut,
            &[Cause::NotUndone],
            "",
        ),
        (
            "that of the target itself is no concern",
            with(rollback(Csa, [config("a").changed()]), |scene| {
                scene
                    .records
                    .insert(1, record_with_hook("migrate", "pre-install"));
            }),
            Works,
            &[],
            "",
        ),
    ]);
}

#[test]
fn an_object_that_cannot_be_written_fails_the_rollback_half_way() {
    let immutable = || deployment("a").refused("/spec/selector", "field is immutable");
    let conflict = || deployment("a").conflicting("/spec/replicas", "kubectl via scale", &[WayOut::Force]);
    let taken = object("v1", "Service", "s").absent();
    let port = |verdict| {
        with(
            rollback(Csa, [config("a").changed(), taken.clone(), config("b").changed()]),
            |scene| {
                let message = "node port 30080 is taken";
                scene.around = Some(vec![obstacle(Some(&taken), Cause::Taken, verdict, message)]);
            },
        )
    };
    hold([
        (
            "a patch: the others go on, and nothing is deleted",
            rollback(Csa, [immutable(), config("b").changed(), config("c").dropped()]),
            Failed,
            &[Cause::Rule][..],
            NONE_DEPLOYED,
        ),
        (
            "a conflict",
            rollback(Ssa, [conflict(), config("b").changed()]),
            Failed,
            &[Cause::Conflict],
            NONE_DEPLOYED,
        ),
        (
            "a custom resource that only the target has",
            rollback(
                Csa,
                [object("example.com/v1", "Widget", "w")
                    .added()
                    .refused("/metadata/resourceVersion", "no version")],
            ),
            Failed,
            &[Cause::Helm],
            NONE_DEPLOYED,
        ),
        (
            "a create: what comes after it is not reached",
            port(Verdict::CreateFails),
            Failed,
            &[Cause::Taken],
            "1 object is at revision 1, 1 object is as before and 1 is not reached; nothing is deleted",
        ),
        (
            "a create that may fail",
            port(Verdict::MayFail),
            Unknown,
            &[Cause::Taken],
            "",
        ),
        (
            "the newest had failed: the deployed one stays",
            with(rollback(Csa, [immutable()]), |scene| {
                scene.statuses = vec!["deployed", "failed"]
            }),
            Failed,
            &[Cause::Rule],
            "revision 3 is the newest and failed; revision 1 stays deployed",
        ),
        (
            "an upgrade: the deployed one stays",
            upgrade(Ssa, [conflict()]),
            Failed,
            &[Cause::Conflict],
            "revision 3 is the newest and failed; revision 2 stays deployed",
        ),
        (
            "an object could not be read",
            rollback(
                Csa,
                [ObjectPreview {
                    action: PreviewAction::Unknown,
                    reason: Some("forbidden".into()),
                    ..config("a")
                }],
            ),
            Unknown,
            &[Cause::Unread],
            "",
        ),
        (
            "what fails for certain outweighs what is not known",
            rollback(
                Csa,
                [
                    ObjectPreview {
                        action: PreviewAction::Unknown,
                        ..config("a")
                    },
                    immutable(),
                ],
            ),
            Failed,
            &[Cause::Rule],
            NONE_DEPLOYED,
        ),
        (
            "a rule that nobody evaluates",
            rollback(
                Csa,
                [ObjectPreview {
                    may_be_refused: Some("it has a rule of its own".into()),
                    ..object("example.com/v1", "Widget", "w").changed()
                }],
            ),
            Unknown,
            &[Cause::Rule],
            "",
        ),
    ]);
}

#[test]
fn what_is_reached_is_told_of_each_object() {
    use PreviewAction::{Change, Fail, NotReached};
    let actions = |scene: &Scene| -> Vec<PreviewAction> {
        scene
            .preview()
            .objects
            .iter()
            .map(|object| object.action)
            .collect()
    };
    let objects = [
        config("a").changed(),
        deployment("b").refused("/spec/selector", "field is immutable"),
        config("c").changed(),
        config("d").dropped(),
    ];
    assert_eq!(
        actions(&rollback(Csa, objects.clone())),
        [Change, Fail, Change, NotReached]
    );
    let mut create = objects;
    create[1].live = None;
    assert_eq!(
        actions(&rollback(Csa, create.clone())),
        [Change, Fail, NotReached, NotReached]
    );
    let locked = with(rollback(Csa, create), |scene| {
        scene.not_served.to = ["Widget of example.com/v1".to_owned()].into();
    });
    assert_eq!(actions(&locked), [NotReached; 4]);
}

#[test]
fn deletions_that_fail_matter_to_helm_4_only() {
    let denied = |decisive| {
        with(
            rollback(Csa, [config("a").changed(), config("b").dropped()]),
            |scene| {
                scene.methods.decisive = decisive;
                let message = "a webhook denies it";
                let object = scene.objects[1].clone();
                scene.around = Some(vec![obstacle(
                    Some(&object),
                    Cause::Admission,
                    Verdict::DeleteFails,
                    message,
                )]);
            },
        )
    };
    hold([
        ("Helm 3", denied(None), WorksBut, &[Cause::NotApplied][..], ""),
        (
            "Helm 4",
            denied(Some(Csa)),
            Failed,
            &[Cause::Admission],
            NONE_DEPLOYED,
        ),
    ]);
}

#[test]
fn what_a_rollback_loses_is_said_although_it_works() {
    let claim = object("v1", "PersistentVolumeClaim", "data").dropped();
    let unlooked = |objects: Vec<ObjectPreview>| with(rollback(Csa, objects), |scene| scene.around = None);
    let by_hand = || {
        let replicas = field("/spec/replicas", Effect::TakeBack, Some(json!(5)), Some(json!(3)));
        written(replicas, "kubectl", Some("scale"))
    };
    let differs = || field("/spec/size", Effect::Differ, Some(json!(2)), Some(json!(2)));
    let another = || LiveOwner::Another("shop/other".into());
    let widget = || object("example.com/v1", "Widget", "w");
    hold([
        (
            "an object is deleted",
            rollback(Csa, [config("a").dropped()]),
            Works,
            &[][..],
            "",
        ),
        (
            "a claim is deleted",
            unlooked(vec![claim.clone()]),
            WorksBut,
            &[Cause::DeletesData],
            "",
        ),
        (
            "a namespace and a definition are deleted",
            unlooked(vec![
                object("v1", "Namespace", "n").dropped(),
                object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "c").dropped(),
            ]),
            WorksBut,
            &[Cause::DeletesData, Cause::DeletesData],
            "",
        ),
        (
            "somebody looked what goes with it",
            with(rollback(Csa, [claim.clone()]), |scene| {
                scene.around = Some(vec![obstacle(
                    Some(&claim),
                    Cause::DeletesData,
                    Verdict::Loses,
                    "its data goes",
                )]);
            }),
            WorksBut,
            &[Cause::DeletesData],
            "",
        ),
        (
            "another release's object is deleted",
            rollback(Csa, [config("a").dropped().owned_by(another())]),
            WorksBut,
            &[Cause::DeletesForeign],
            "",
        ),
        (
            "nobody's object is deleted",
            rollback(Csa, [config("a").dropped().owned_by(LiveOwner::Nobody)]),
            WorksBut,
            &[Cause::DeletesForeign],
            "",
        ),
        (
            "a kept object stays",
            rollback(
                Csa,
                [ObjectPreview {
                    action: PreviewAction::Keep,
                    ..config("a").dropped()
                }],
            ),
            WorksBut,
            &[Cause::Leftover],
            "",
        ),
        (
            "a deletion hangs at a finalizer",
            rollback(
                Csa,
                [config("a")
                    .dropped()
                    .living(|live| live.finalizers = vec!["example.com/guard".into()])],
            ),
            WorksBut,
            &[Cause::Terminating],
            "",
        ),
        (
            "Kubernetes removes its own finalizers",
            rollback(
                Csa,
                [config("a").dropped().living(|live| {
                    live.finalizers = vec!["kubernetes.io/pvc-protection".into(), "orphan".into()]
                })],
            ),
            Works,
            &[],
            "",
        ),
        (
            "an object is being deleted now",
            rollback(
                Csa,
                [config("a").changed().living(|live| live.is_being_deleted = true)],
            ),
            WorksBut,
            &[Cause::Terminating],
            "",
        ),
        (
            "an edit is taken back",
            rollback(Csa, [deployment("a").changed().with(by_hand())]),
            WorksBut,
            &[Cause::TakesBack],
            "",
        ),
        (
            "an edit of a custom resource stays",
            rollback(Csa, [widget().with(differs())]),
            WorksBut,
            &[Cause::NotApplied],
            "",
        ),
        (
            "what only the target has is stolen",
            rollback(Csa, [config("a").added().changed().owned_by(another())]),
            WorksBut,
            &[Cause::Overwrites],
            "",
        ),
        (
            "what others added to it goes",
            rollback(Csa, [config("a").added().changed().with(by_hand())]),
            WorksBut,
            &[Cause::Overwrites, Cause::TakesBack],
            "",
        ),
        (
            "server-side apply leaves what others added, and says so of what it changes",
            rollback(Ssa, [config("a").added().changed().with(by_hand())]),
            WorksBut,
            &[Cause::TakesBack, Cause::NotApplied],
            "",
        ),
        (
            "a Job runs again",
            rollback(Csa, [object("batch/v1", "Job", "j").absent()]),
            WorksBut,
            &[Cause::RunsAgain],
            "",
        ),
        (
            "a new Job of an upgrade runs",
            upgrade(Csa, [object("batch/v1", "Job", "j").absent().added()]),
            Works,
            &[],
            "",
        ),
        (
            "failed revisions left something",
            with(rollback(Csa, [config("a").changed()]), |scene| {
                scene.release.leftovers = vec![key("v1", "ConfigMap", "old")];
            }),
            WorksBut,
            &[Cause::Leftover],
            "",
        ),
        (
            "what they left is deleted",
            with(rollback(Csa, [config("old").dropped()]), |scene| {
                scene.release.leftovers = vec![key("v1", "ConfigMap", "old")];
            }),
            Works,
            &[],
            "",
        ),
    ]);
}

#[test]
fn a_change_of_the_method_is_said() {
    let of = |from, decisive, method, traces| {
        with(rollback(method, [config("a").changed()]), |scene| {
            scene.methods = MethodFacts {
                from,
                decisive,
                traces,
            };
        })
    };
    let none = ServerSideTraces::None;
    hold([
        ("Helm 3 throughout", of(None, None, Csa, none), Works, &[][..], ""),
        (
            "back to client-side",
            of(Some(Ssa), Some(Csa), Csa, none),
            WorksBut,
            &[Cause::Method],
            "",
        ),
        (
            "back to server-side",
            of(Some(Csa), Some(Ssa), Ssa, none),
            WorksBut,
            &[Cause::Method],
            "",
        ),
        (
            "Helm 3 rewrote the records",
            of(None, None, Csa, ServerSideTraces::Some),
            WorksBut,
            &[Cause::Method],
            "",
        ),
        (
            "the record says client-side",
            of(Some(Csa), Some(Csa), Csa, ServerSideTraces::Some),
            Works,
            &[],
            "",
        ),
    ]);
}

#[test]
fn an_upgrade_refuses_what_helm_refuses() {
    let plain = || upgrade(Ssa, [config("a").changed()]);
    let statuses = |statuses: &[&'static str]| with(plain(), |scene| scene.statuses = statuses.to_vec());
    hold([
        ("all is in order", plain(), Works, &[][..], ""),
        (
            "an operation is pending",
            statuses(&["deployed", "pending-rollback"]),
            Refused,
            &[Cause::Pending],
            "nothing changes",
        ),
        (
            "the newest failed",
            statuses(&["deployed", "failed"]),
            Works,
            &[],
            "",
        ),
        ("nothing was ever deployed", statuses(&["failed"]), Works, &[], ""),
        (
            "it was uninstalled",
            statuses(&["uninstalled"]),
            Refused,
            &[Cause::Record],
            "nothing changes",
        ),
        (
            "a new object is another release's",
            upgrade(
                Ssa,
                [config("a")
                    .added()
                    .changed()
                    .owned_by(LiveOwner::Another("shop/other".into()))],
            ),
            Refused,
            &[Cause::Ownership],
            NOTHING,
        ),
        (
            "a new object names this release",
            upgrade(Ssa, [config("a").added().changed()]),
            Works,
            &[],
            "",
        ),
    ]);
}

/// The commands of a preview, without those that only read.
fn commands(scene: &Scene) -> Vec<String> {
    let advice = scene.preview().advice;
    let acts = advice.into_iter().filter(|advice| advice.destructive);
    acts.map(|advice| advice.command).collect()
}

#[test]
fn a_rollback_is_advised_with_the_flags_that_it_needs_and_only_where_it_works_then() {
    let force: &[WayOut] = &[WayOut::Force, WayOut::ClientSide];
    let conflict = |ways| deployment("a").conflicting("/spec/replicas", "kubectl via scale", ways);
    let immutable = || deployment("b").refused("/spec/selector", "field is immutable");
    let blocked_hook = || {
        hook(
            "h",
            HookTime::Before,
            &["hook-failed"],
            HookPresence::Present(LiveHook::EarlierRun),
        )
    };
    let rows: [(Scene, &[&str]); 9] = [
        (
            rollback(Csa, [config("a").changed()]),
            &["helm rollback web 1 -n shop"],
        ),
        (
            rollback(Ssa, [conflict(force)]),
            &["helm rollback web 1 --force-conflicts -n shop"],
        ),
        (
            rollback(Ssa, [conflict(&[WayOut::ClientSide])]),
            &["helm rollback web 1 --server-side=false -n shop"],
        ),
        // No flag helps against the second object.
        (
            rollback(Ssa, [conflict(force), immutable()]),
            &["kubectl delete --cascade=orphan deployment.apps b -n shop"],
        ),
        (rollback(Ssa, [conflict(force).owned_by(LiveOwner::Nobody)]), &[]),
        (
            with(rollback(Csa, [config("a").changed()]), |scene| {
                scene.hooks = vec![blocked_hook()]
            }),
            &["helm rollback web 1 --no-hooks -n shop"],
        ),
        (
            with(rollback(Csa, [immutable()]), |scene| {
                scene.hooks = vec![blocked_hook()]
            }),
            &[],
        ),
        // The data of a claim is protected before.
        (
            rollback(Csa, [object("v1", "PersistentVolumeClaim", "data").dropped()]),
            &[
                "kubectl annotate persistentvolumeclaim data -n shop helm.sh/resource-policy=keep",
                "helm rollback web 1 -n shop",
            ],
        ),
        (
            with(rollback(Csa, [config("a").changed()]), |scene| {
                scene.release.unproven = vec![key("v1", "ConfigMap", "elsewhere")];
            }),
            &[],
        ),
    ];
    for (scene, expected) in rows {
        assert_eq!(commands(&scene), expected, "{:#?}", scene.preview());
    }
}

/// What was refused for what lived then is judged by what lives now.
#[test]
fn a_target_that_is_invalid_in_itself_fails_again() {
    let service = || object("v1", "Service", "web").changed();
    let after = |sentence: &str| {
        with(rollback(Csa, [service(), config("a").changed()]), |scene| {
            scene.statuses = vec!["superseded", "failed", "deployed"];
            let sentence =
                format!("Upgrade \"web\" failed: cannot patch \"web\" with kind Service: {sentence}");
            scene.records.insert(2, failed(&sentence));
        })
    };
    let again = &[Cause::Rule, Cause::Record][..];
    hold([
        (
            "a port that is none",
            after(
                "Service \"web\" is invalid: spec.ports[1].port: Invalid value: 99999: must be between 1 and 65535",
            ),
            Failed,
            again,
            "revision 4 is the newest and failed",
        ),
        (
            "a port that was taken",
            after(
                "Service \"web\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
            ),
            WorksBut,
            &[Cause::Record],
            "",
        ),
        (
            "another object",
            after(
                "Service \"other\" is invalid: spec.ports[1].port: Invalid value: 99999: must be between 1 and 65535",
            ),
            WorksBut,
            &[Cause::Record],
            "",
        ),
    ]);
}

#[test]
fn a_bad_target_points_to_the_last_good_revision() {
    let scene = with(rollback(Csa, []), |scene| {
        scene.statuses = vec!["superseded", "", "deployed"]
    });
    let preview = scene.preview();
    let advised: Vec<&str> = preview
        .advice
        .iter()
        .map(|advice| advice.command.as_str())
        .collect();
    assert!(
        advised.contains(&"driftline preview rollback web 1 -n shop"),
        "{advised:?}"
    );
    assert_eq!(
        preview.message,
        "Helm refuses a rollback to revision 2: there is no record of revision 2"
    );
}

#[test]
fn a_scan_says_what_blocks_a_rollback_and_what_it_loses_once_it_works() {
    let codes =
        |scene: &Scene| -> Vec<HealthCode> { scene.health().iter().map(|entry| entry.code).collect() };
    let immutable = || deployment("a").refused("/spec/selector", "field is immutable");
    let claim = || object("v1", "PersistentVolumeClaim", "data").dropped();
    let scanned = |objects: Vec<ObjectPreview>| with(rollback(Csa, objects), |scene| scene.around = None);
    let rows = [
        (
            scanned(vec![config("a").changed(), config("b").dropped()]),
            &[][..],
        ),
        (scanned(vec![immutable()]), &[HealthCode::RollbackBlocked]),
        (scanned(vec![claim()]), &[HealthCode::RollbackLoses]),
        (
            scanned(vec![immutable(), claim()]),
            &[HealthCode::RollbackBlocked, HealthCode::RollbackLoses],
        ),
        // It cannot be told.
        (
            scanned(vec![ObjectPreview {
                action: PreviewAction::Unknown,
                ..config("a")
            }]),
            &[],
        ),
        // There is no good revision before.
        (
            with(scanned(vec![immutable()]), |scene| {
                scene.statuses = vec!["failed", "deployed"]
            }),
            &[],
        ),
    ];
    for (scene, expected) in rows {
        assert_eq!(codes(&scene), expected);
    }
    let health = scanned(vec![immutable()]).health();
    assert_eq!(
        health[0].message,
        "a rollback to revision 1 does not work: it fails half-way: Deployment shop/a: /spec/selector: field is immutable"
    );
    assert_eq!(
        health[0].advice[0].command,
        "driftline preview rollback web 1 -n shop"
    );
}

/// A record can name tens of thousands of objects.
#[test]
fn of_many_losses_that_are_alike_the_first_are_told() {
    let objects: Vec<ObjectPreview> = (0..30)
        .map(|at| config(&format!("c{at}")).dropped().owned_by(LiveOwner::Nobody))
        .collect();
    let causes = rollback(Csa, objects).preview().causes;
    assert_eq!(causes.len(), 21);
    assert_eq!(causes[20].message, "the same holds for 10 more");
}
