//! What is advised, and what every scan says.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::release::variations::{Cause as Varies, Variation, Variations};

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
                scene.hooks = vec![blocked_hook()];
            }),
            &["helm rollback web 1 --no-hooks -n shop"],
        ),
        (
            with(rollback(Csa, [immutable()]), |scene| {
                scene.hooks = vec![blocked_hook()];
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

#[test]
fn what_is_in_the_way_around_the_objects_is_shown_by_a_command() {
    let stopped = |cause, verdict| {
        let web = config("web").absent();
        let scene = rollback(Csa, [web.clone()]);
        with(scene, |scene| {
            scene.around = Some(vec![obstacle(Some(&web), cause, verdict, "is in the way")]);
        })
    };
    let rows = [
        (
            stopped(PreviewCause::Quota, Verdict::CreateFails),
            "kubectl describe resourcequotas -n shop",
        ),
        (
            stopped(PreviewCause::NamespaceGone, Verdict::CreateFails),
            "kubectl get namespaces",
        ),
        (
            stopped(PreviewCause::Admission, Verdict::UpdateFails),
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
        ),
        (
            stopped(PreviewCause::Taken, Verdict::CreateFails),
            "kubectl get services -A",
        ),
        (
            with(rollback(Csa, []), |scene| {
                scene
                    .not_served
                    .from
                    .insert("Backup of example.com/v1".to_owned());
            }),
            "kubectl api-resources",
        ),
    ];
    for (scene, expected) in rows {
        let advice = scene.preview().advice;
        let position = |command: &str| {
            advice
                .iter()
                .position(|advice| advice.command.starts_with(command))
        };
        let copies = position("kubectl get secrets -n shop -l owner=helm");
        assert!(
            position(expected).is_some_and(|look| Some(look) < copies),
            "{expected}: {advice:#?}"
        );
    }
}

#[test]
fn a_record_that_cannot_be_stored_is_copied_before_it_goes() {
    let scene = with(rollback(Csa, [config("a").changed()]), |scene| {
        let gone = obstacle(
            None,
            PreviewCause::RecordRefused,
            Verdict::RecordRefused,
            "is going",
        );
        scene.around = Some(vec![gone]);
    });
    let advice = scene.preview().advice;
    let saves = advice
        .iter()
        .any(|advice| advice.command.contains("> web-records.yaml"));
    assert!(saves, "{advice:#?}");
}

#[test]
fn manifests_that_have_nothing_of_the_release_are_doubted() {
    let doubts = |objects: Vec<ObjectPreview>| {
        let preview = upgrade(Csa, objects).preview();
        let is_doubted = preview.message.starts_with(
            "whether this upgrade works cannot be told: these manifests may be another release's: they have no object of revision \
             2, and the upgrade deletes ConfigMap shop/a",
        );
        assert_eq!(is_doubted, preview.outcome == Unknown, "{preview:#?}");
        is_doubted
    };
    assert!(doubts(vec![
        config("other").added().absent(),
        config("a").dropped()
    ]));
    assert!(!doubts(vec![config("same"), config("a").dropped()]));
    assert!(!doubts(vec![config("first").added().absent()]));
}

/// The page of a diagnosis has the way out, and a preview only what stands in the way of one operation.
#[test]
fn a_release_that_is_locked_or_failed_points_to_its_diagnosis() {
    let points = |scene: Scene, statuses: &[&'static str]| {
        let preview = with(scene, |scene| scene.statuses = statuses.to_vec()).preview();
        preview
            .advice
            .iter()
            .any(|advice| advice.command == "driftline diagnose web -n shop" && !advice.destructive)
    };
    let changed = || [config("a").changed()];
    assert!(points(upgrade(Csa, changed()), &["deployed", "pending-upgrade"]));
    assert!(points(rollback(Csa, changed()), &["pending-install"]));
    assert!(points(rollback(Csa, changed()), &["failed"]));
    assert!(!points(rollback(Csa, changed()), &["superseded", "deployed"]));
}

/// `helm template` renders what a lookup finds as missing; a rollback renders nothing.
#[test]
fn an_upgrade_whose_templates_may_render_something_else_says_so() {
    let record = RecordFacts {
        variations: Variations {
            files: BTreeMap::from([(
                "templates/secret.yaml".to_owned(),
                BTreeSet::from([
                    Variation::of_all(Varies::ReadsLive),
                    Variation::of_all(Varies::Dependency),
                ]),
            )]),
            ..Variations::default()
        },
        ..RecordFacts::default()
    };
    let doubts = |scene: Scene| {
        let scene = with(scene, |scene| {
            scene.records.insert(2, record.clone());
        });
        let sentences = scene.preview().not_known;
        sentences
            .into_iter()
            .find(|sentence| sentence.contains("--dry-run=server"))
    };
    let said = doubts(upgrade(Csa, vec![config("same")])).unwrap();
    assert!(
        said.ends_with(
            ": templates/secret.yaml read live objects, which `helm template` renders as missing (lookup)"
        ),
        "{said}"
    );
    assert_eq!(doubts(rollback(Csa, [config("same")])), None);
}

#[test]
fn a_bad_target_points_to_the_last_good_revision() {
    let scene = with(rollback(Csa, []), |scene| {
        scene.statuses = vec!["superseded", "", "deployed"];
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
    let conflicting = || deployment("b").conflicting("/spec/replicas", "kubectl via scale", &[]);
    let scanned = |objects: Vec<ObjectPreview>| with(rollback(Csa, objects), |scene| scene.around = None);
    let rows = [
        (
            scanned(vec![config("a").changed(), config("b").dropped()]),
            &[][..],
        ),
        (scanned(vec![immutable()]), &[HealthCode::RollbackBlocked]),
        (scanned(vec![claim()]), &[HealthCode::RollbackLoses]),
        (
            // What fails deletes nothing.
            scanned(vec![immutable(), claim()]),
            &[HealthCode::RollbackBlocked],
        ),
        // What fails by a conflict alone works by a flag, and then deletes.
        (
            scanned(vec![conflicting(), claim()]),
            &[HealthCode::RollbackBlocked, HealthCode::RollbackLoses],
        ),
        (
            scanned(vec![conflicting(), immutable(), claim()]),
            &[HealthCode::RollbackBlocked],
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
                scene.statuses = vec!["failed", "deployed"];
            }),
            &[],
        ),
    ];
    for (scene, expected) in rows {
        assert_eq!(codes(&scene), expected);
    }
    let forced = scanned(vec![conflicting(), claim()]).health();
    let loses = &forced[1].message;
    assert!(
        loses.starts_with("a rollback to revision 1 with --force-conflicts loses something: "),
        "{loses}"
    );
    let health = scanned(vec![immutable()]).health();
    assert_eq!(
        health[0].message,
        "a rollback to revision 1 does not work: it fails half-way: Deployment shop/a: /spec/selector: field is immutable"
    );
    assert_eq!(
        crate::preview::place_of_blocked_rollback(&health[0]),
        Some("a rollback to revision 1 does not work: it fails half-way: Deployment shop/a")
    );
    assert_eq!(
        health[0].advice[0].command,
        "driftline preview rollback web 1 -n shop"
    );
}
