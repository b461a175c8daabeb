//! Objects at which an operation fails, and what it reaches.

use super::*;

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
                scene.statuses = vec!["deployed", "failed"];
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
            "of what could not be read nobody can tell where it is",
            rollback(
                Csa,
                [
                    ObjectPreview {
                        action: PreviewAction::Unknown,
                        ..config("a")
                    },
                    config("b").changed(),
                    immutable(),
                ],
            ),
            Failed,
            &[Cause::Rule],
            "1 object is at revision 1, 1 object is as before and of 1 object nobody can tell; nothing is deleted",
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
    let denied = |decisive, verdict| {
        with(
            rollback(Csa, [config("a").changed(), config("b").dropped()]),
            |scene| {
                scene.methods.decisive = decisive;
                let message = "a webhook denies it";
                let object = scene.objects[1].clone();
                scene.around = Some(vec![obstacle(Some(&object), Cause::Admission, verdict, message)]);
            },
        )
    };
    hold([
        (
            "Helm 3",
            denied(None, Verdict::DeleteFails),
            WorksBut,
            &[Cause::NotApplied][..],
            "",
        ),
        (
            "Helm 4",
            denied(Some(Csa), Verdict::DeleteFails),
            Failed,
            &[Cause::Admission],
            NONE_DEPLOYED,
        ),
        (
            "Helm 3, and it may be denied",
            denied(None, Verdict::MayFail),
            WorksBut,
            &[Cause::NotApplied],
            "",
        ),
        (
            "Helm 4, and it may be denied",
            denied(Some(Csa), Verdict::MayFail),
            Unknown,
            &[Cause::Admission],
            "",
        ),
    ]);
    let open = denied(None, Verdict::MayFail).preview();
    assert_eq!(open.objects[1].action, PreviewAction::Unknown);
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

/// What the rollback would delete and somebody deleted before is not there to be left.
#[test]
fn what_is_gone_already_is_not_listed_as_left() {
    let gone = ObjectPreview {
        live: None,
        action: PreviewAction::None,
        ..object("autoscaling/v2", "HorizontalPodAutoscaler", "web").dropped()
    };
    let preview = rollback(Csa, [config("a"), gone]).preview();
    let names: Vec<&str> = preview.objects.iter().map(|object| &*object.name).collect();
    assert_eq!(names, ["a"]);
}
