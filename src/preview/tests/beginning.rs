//! Records, kinds and hooks: whether an operation begins.

use super::*;

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
            "the target failed itself, for a cause that is gone",
            with(plain(), |scene| {
                scene.statuses = vec!["superseded", "failed", "deployed"];
                let words = "Upgrade \"web\" failed: namespaces \"x\" not found";
                scene.records.insert(2, failed(words));
            }),
            WorksBut,
            &[Cause::Record],
            "",
        ),
        (
            "the target failed itself, for a cause that may last",
            with(plain(), |scene| {
                scene.statuses = vec!["superseded", "failed", "deployed"];
                scene.records.insert(2, failed("Upgrade \"web\" failed: no"));
            }),
            Unknown,
            &[Cause::Record, Cause::Record],
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
                scene.not_served.from = kind();
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

/// A Job that was given up waiting for goes on, until Helm deletes it for the next run.
#[test]
fn a_hook_that_still_runs_is_deleted_in_the_middle() {
    let running = || HookPresence::Present(LiveHook::Running);
    let of = |scene: Scene, policies: &[&str]| {
        with(scene, |scene| {
            scene.hooks = vec![hook("migrate", HookTime::Before, policies, running())];
        })
    };
    for scene in [
        upgrade(Csa, [config("a").changed()]),
        rollback(Csa, [config("a").changed()]),
    ] {
        let preview = of(scene.clone(), &[]).preview();
        assert_eq!(preview.outcome, WorksBut, "{preview:#?}");
        let said = |reason: &&crate::model::PreviewReason| reason.code == Cause::Hook;
        let told = &preview.causes.iter().find(said).unwrap().message;
        assert!(
            told.starts_with("is running now: Helm deletes it in the middle"),
            "{told}"
        );
        assert_eq!(&preview.hooks[0].message, told);
        let waits = preview.advice.iter().position(|advice| {
            advice
                .command
                .starts_with("kubectl wait --for=condition=complete job.batch migrate")
        });
        let changes = preview.advice.iter().position(|advice| advice.destructive);
        assert!(waits.is_some_and(|waits| changes.is_none_or(|changes| waits < changes)));
        assert_is_safe(&preview, "a running hook");
        assert_eq!(of(scene, &["hook-failed"]).preview().causes[0].code, Cause::Hook);
    }
}

/// What a revision began and nobody waits for is not over.
#[test]
fn a_hook_of_the_newest_revision_that_still_runs_did_not_just_run() {
    let scene = with(rollback(Csa, [config("a").changed()]), |scene| {
        scene
            .records
            .insert(2, record_with_hook("migrate", "pre-upgrade"));
        scene.release.hooks = vec![crate::health::ObservedObject {
            key: key("batch/v1", "Job", "migrate"),
            is_deployed: false,
            is_in_good: false,
            is_in_newest: true,
            is_kept_by_manifest: false,
            observed: Some(crate::health::observe::Observation {
                presence: crate::health::observe::Presence::NoRelease,
                side: None,
                unready: None,
                job: Some(crate::health::readiness::JobState::Running),
                deleting: None,
                written: None,
                origin: crate::health::observe::ObjectOrigin::Hook,
                is_kept: false,
            }),
        }];
    });
    let preview = scene.preview();
    let said = &preview.hooks[0].message;
    assert!(
        said.starts_with("revision 2 runs it, and it is still running"),
        "{said}"
    );
}

/// Helm does not begin, so that it comes to no hook.
#[test]
fn an_operation_that_is_refused_runs_no_hooks() {
    let scene = with(upgrade(Ssa, [config("a").changed()]), |scene| {
        scene.statuses = vec!["deployed", "pending-upgrade"];
        scene.hooks = vec![hook("migrate", HookTime::Before, &[], HookPresence::Absent)];
    });
    let preview = scene.preview();
    assert_eq!((preview.outcome, preview.hooks), (Refused, Vec::new()));
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
