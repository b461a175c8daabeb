//! What is lost although an operation works.

use super::*;

#[test]
fn what_a_rollback_loses_is_said_although_it_works() {
    let claim = object("v1", "PersistentVolumeClaim", "data").dropped();
    let unlooked = |objects: Vec<ObjectPreview>| with(rollback(Csa, objects), |scene| scene.around = None);
    let by_hand = || {
        let replicas = field("/spec/replicas", Effect::TakeBack, Some(json!(5)), Some(json!(3)));
        written(replicas, "kubectl", Some("scale"))
    };
    let differs = || field("/spec/size", Effect::Differ, Some(json!(2)), Some(json!(2)));
    let survives = || {
        written(
            field("/data/b", Effect::Survive, Some(json!("1")), None),
            "kubectl-edit",
            None,
        )
    };
    let comes_otherwise = || crate::model::PreviewField {
        applied: Some(json!("fast")),
        ..field("/spec/mode", Effect::Change, Some(json!("fast")), None)
    };
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
                    live.finalizers = vec!["kubernetes.io/pvc-protection".into(), "orphan".into()];
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
            "server-side apply leaves what others added",
            rollback(Ssa, [config("a").added().changed().with(survives())]),
            WorksBut,
            &[Cause::NotApplied],
            "",
        ),
        (
            "server-side apply takes back what others changed",
            rollback(Ssa, [config("a").added().changed().with(by_hand())]),
            WorksBut,
            &[Cause::TakesBack],
            "",
        ),
        (
            "a field comes out otherwise than it is applied",
            rollback(Csa, [config("a").changed().with(comes_otherwise())]),
            WorksBut,
            &[Cause::NotApplied],
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
