use super::*;
use crate::classify::blocked::{Block, ContestedField};
use crate::compare::managed_fields::Live;
use crate::compare::work::Work;
use crate::health::release_facts::ObjectFacts;
use crate::health::tests::{Scene, commands, key, scene};
use crate::source::ReadError;
use crate::source::followed::{FoundSettings, HelmChart};
use crate::vocabulary::HealthCode;
use serde_json::{Value, json};

/// The marks of objects with this metadata each.
fn marks(objects: &[Value]) -> Marks {
    let mut marks = Marks::default();
    for metadata in objects {
        let text = json!({"metadata": metadata}).to_string();
        let live = Live::parse(&text).unwrap();
        let key = key("ConfigMap", "web");
        marks.add(
            &key,
            &ObjectMarks::of(&key, &live, None, &Work::of_steps(u64::MAX)),
        );
    }
    marks
}

fn flux(namespace: &str) -> Value {
    json!({"labels": {"helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": namespace}})
}

fn argo_cd(application: &str) -> Value {
    json!({"annotations": {"argocd.argoproj.io/tracking-id": format!("{application}:/ConfigMap:shop/web")}})
}

fn installer(manager: &str) -> Value {
    json!({"managedFields": [{"manager": manager, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:annotations": {"f:meta.helm.sh/release-name": {}}}}}]})
}

fn failed(objects: &[Value]) -> Scene {
    let objects = ObjectFacts {
        marks: marks(objects),
        ..ObjectFacts::default()
    };
    Scene {
        objects,
        ..scene(&["deployed", "failed"])
    }
}

#[test]
fn the_program_is_named_with_its_evidence_and_what_that_means() {
    let marks = marks(&[flux("shop"), flux("shop"), json!({})]);
    let manager = Manager::of_marks(&marks).unwrap();
    assert_eq!(manager.tool, ManagingTool::Flux);
    assert_eq!(manager.name().as_deref(), Some("HelmRelease shop/web"));
    assert_eq!(
        manager.evidence(),
        ["2 of 3 objects have Flux's labels of HelmRelease shop/web"]
    );
    for tool in ManagingTool::ALL {
        for text in [terms::in_general(*tool), terms::undoes(*tool)] {
            assert!(text.len() > 40 && !text.ends_with('.'), "{text}");
        }
    }
}

#[test]
fn what_names_its_source_goes_before_what_only_wrote() {
    let manager = |objects: &[Value]| Manager::of_marks(&marks(objects)).map(|manager| manager.tool);
    let terraform = || installer("terraform-provider-helm_v2.17.0_x5");
    assert_eq!(
        manager(&[terraform(), terraform(), flux("shop")]),
        Some(ManagingTool::Flux)
    );
    assert_eq!(manager(&[terraform()]), Some(ManagingTool::Terraform));
    assert_eq!(manager(&[installer("helm")]), None);
    assert_eq!(manager(&[]), None);
}

#[test]
fn before_a_command_that_changes_the_release_stands_how_to_make_the_program_wait() {
    let health = failed(&[flux("shop")]).health();
    let entry = &health[0];
    let found = commands(&health, HealthCode::FailedUpgrade);
    let at = |words: &str| found.iter().position(|command| command.starts_with(words));
    let suspend = at("flux suspend helmrelease web -n shop").unwrap();
    assert!(at("helm rollback").unwrap() > suspend, "{found:?}");
    assert!(
        at("kubectl get helmreleases.helm.toolkit.fluxcd.io web -n shop -o ").is_some(),
        "{found:?}"
    );
    let said = |words: &str| entry.evidence.iter().any(|line| line.contains(words));
    assert!(
        said("Flux (HelmRelease shop/web) claims to manage the release"),
        "{entry:#?}"
    );
}

/// Whoever may write labels could have an administrator suspend the release of others.
#[test]
fn nothing_is_suspended_in_another_namespace_than_that_of_the_records() {
    let health = failed(&[flux("payments")]).health();
    let found = commands(&health, HealthCode::FailedUpgrade);
    assert!(
        found.contains(&"kubectl get helmreleases.helm.toolkit.fluxcd.io -A"),
        "{found:?}"
    );
    assert!(
        found.iter().all(|command| !command.contains("suspend")),
        "{found:?}"
    );
}

#[test]
fn an_application_of_argo_cd_is_looked_at_before_its_syncs_are_made_manual() {
    for (application, argument) in [("store", "store"), ("teams_store", "teams/store")] {
        let health = failed(&[argo_cd(application)]).health();
        let found = commands(&health, HealthCode::FailedUpgrade);
        let at = |command: String| found.iter().position(|found| *found == command);
        let get = at(format!("argocd app get {argument}")).unwrap();
        let set = at(format!("argocd app set {argument} --sync-policy none")).unwrap();
        assert!(get < set, "{found:?}");
    }
}

#[test]
fn every_program_has_a_step_and_releases_of_none_have_none() {
    for (objects, command) in [
        (
            vec![installer("terraform-provider-helm_v2.17.0_x5")],
            "terraform plan",
        ),
        (vec![installer("pulumi-resource-kubernetes")], "pulumi preview"),
        (
            vec![installer("helm_v3")],
            "kubectl get helmcharts.helm.cattle.io -A",
        ),
        (
            vec![installer("crossplane-helm-provider")],
            "kubectl get releases.helm.crossplane.io",
        ),
        (
            vec![installer("fleetagent")],
            "kubectl get bundles.fleet.cattle.io -A",
        ),
        (
            vec![installer("helm-controller")],
            "kubectl get helmreleases.helm.toolkit.fluxcd.io -A",
        ),
    ] {
        let health = failed(&objects).health();
        let found = commands(&health, HealthCode::FailedUpgrade);
        assert!(found.contains(&command), "{command}: {found:?}");
    }
    let plain = failed(&[
        installer("helm"),
        json!({"labels": {"app.kubernetes.io/instance": "store"}}),
    ]);
    assert_eq!(plain.health(), failed(&[]).health());
}

/// A command that only reads is undone by nobody.
#[test]
fn an_entry_without_a_command_that_changes_anything_stays_as_it_is() {
    let mut objects = ObjectFacts {
        marks: marks(&[flux("shop")]),
        ..ObjectFacts::default()
    };
    let field = ContestedField {
        path: "/data/a".to_owned(),
        owner: "kubectl-edit".to_owned(),
    };
    objects.note_block(&key("ConfigMap", "web"), &Block::Conflict(vec![field]));
    let health = Scene {
        objects,
        ..scene(&["deployed", "failed"])
    }
    .health();
    let entry = health
        .iter()
        .find(|entry| entry.code == HealthCode::UpgradeBlocked)
        .unwrap();
    assert!(
        entry.evidence.iter().all(|line| !line.contains("Flux")),
        "{entry:#?}"
    );
}

/// What the `HelmRelease` of these objects' labels, or the `Application` of their annotations, says.
fn followed(objects: &[Value], settings: FoundSettings) -> ObjectFacts {
    let marks = marks(objects);
    let (followed, _) = marks.followed().unwrap();
    ObjectFacts {
        followed: Some(Box::new(FollowedAnswer { followed, settings })),
        marks,
        ..ObjectFacts::default()
    }
}

fn settings(correction: DriftCorrection, has_exceptions: bool) -> DriftSettings {
    DriftSettings {
        correction,
        has_exceptions,
    }
}

#[test]
fn what_is_followed_says_what_becomes_of_drift() {
    let mut meanings = std::collections::BTreeSet::new();
    for objects in [[flux("shop")], [argo_cd("store")]] {
        for correction in DriftCorrection::ALL {
            let found = managed_by(&followed(&objects, Ok(Some(settings(*correction, false))))).unwrap();
            assert_eq!(found.drift_correction, Some(*correction));
            assert_eq!(found.evidence.len(), 1, "{:?}", found.evidence);
            meanings.insert(found.meaning);
        }
    }
    // Nothing tells an Application to ignore drift.
    assert_eq!(meanings.len(), 7, "{meanings:#?}");
    let found = followed(
        &[flux("shop")],
        Ok(Some(settings(DriftCorrection::Corrected, true))),
    );
    let found = managed_by(&found).unwrap();
    assert!(
        found
            .meaning
            .ends_with("is enabled, except for what spec.driftDetection.ignore names"),
        "{}",
        found.meaning
    );
}

#[test]
fn what_is_not_known_of_it_is_evidence() {
    let in_general = managed_by(&ObjectFacts {
        marks: marks(&[flux("shop")]),
        ..ObjectFacts::default()
    })
    .unwrap();
    for (settings, told) in [
        (
            Ok(None),
            "HelmRelease shop/web does not exist, or manages something else than this release",
        ),
        (
            Err(ReadError::TimedOut { seconds: 5 }),
            "HelmRelease shop/web could not be read: timed out after 5 s",
        ),
    ] {
        let found = managed_by(&followed(&[flux("shop")], settings)).unwrap();
        assert_eq!(found.evidence[1..], [told]);
        assert_eq!(
            (found.drift_correction, &found.meaning),
            (None, &in_general.meaning)
        );
    }
}

/// It confirms what the labels claim.
#[test]
fn what_says_itself_that_it_manages_the_release_is_suspended_in_any_namespace() {
    let scene = |settings| Scene {
        objects: followed(&[flux("flux-system")], settings),
        ..scene(&["deployed", "failed"])
    };
    let suspend = "flux suspend helmrelease web -n flux-system";
    for (settings, is_named) in [
        (Ok(Some(settings(DriftCorrection::Ignored, false))), true),
        (Ok(None), false),
    ] {
        let health = scene(settings).health();
        let found = commands(&health, HealthCode::FailedUpgrade);
        assert_eq!(found.contains(&suspend), is_named, "{found:?}");
    }
}

#[test]
fn what_waits_already_is_not_suspended_again() {
    let scene = Scene {
        objects: followed(
            &[flux("shop")],
            Ok(Some(settings(DriftCorrection::Suspended, false))),
        ),
        ..scene(&["deployed", "failed"])
    };
    let health = scene.health();
    let found = commands(&health, HealthCode::FailedUpgrade);
    assert!(
        found.iter().any(|command| command.starts_with("helm rollback")),
        "{found:?}"
    );
    assert!(found.iter().all(|command| !command.contains("flux")), "{found:?}");
    let told = "Flux (HelmRelease shop/web) manages the release: it waits now; once it goes on, ";
    assert!(
        health[0].evidence.iter().any(|line| line.starts_with(told)),
        "{:#?}",
        health[0]
    );
}

fn of_chart(objects: &[Value], is_unmanaged: bool) -> ObjectFacts {
    let chart = HelmChart {
        namespace: "kube-system".to_owned(),
        name: "web".to_owned(),
        installs_into: "shop".to_owned(),
        is_unmanaged,
    };
    ObjectFacts {
        followed: Some(Box::new(chart.into())),
        marks: marks(objects),
        ..ObjectFacts::default()
    }
}

/// What the helm-controller of K3s installs today has no mark.
#[test]
fn a_chart_of_k3s_is_known_by_its_helm_chart() {
    let found = managed_by(&of_chart(&[json!({})], false)).unwrap();
    assert_eq!(found.tool, ManagingTool::K3s);
    assert_eq!(found.name.as_deref(), Some("HelmChart kube-system/web"));
    assert_eq!(found.evidence, ["HelmChart kube-system/web installs the release"]);
    assert_eq!(found.drift_correction, Some(DriftCorrection::Ignored));
    let labelled = managed_by(&of_chart(&[flux("shop")], false)).unwrap();
    assert_eq!(labelled.tool, ManagingTool::Flux, "labels name what is followed");
    let written = managed_by(&of_chart(&[installer("terraform-provider-helm_v2")], false)).unwrap();
    assert_eq!(written.tool, ManagingTool::K3s, "a name goes before a writer");
}

#[test]
fn before_a_command_that_changes_the_release_its_chart_is_left_alone() {
    let scene = |is_unmanaged| Scene {
        objects: of_chart(&[], is_unmanaged),
        ..scene(&["deployed", "failed"])
    };
    let annotate = "kubectl annotate helmcharts.helm.cattle.io web -n kube-system \
                    helmcharts.helm.cattle.io/unmanaged=true";
    for is_unmanaged in [false, true] {
        let health = scene(is_unmanaged).health();
        let found = commands(&health, HealthCode::FailedUpgrade);
        assert_eq!(found.contains(&annotate), !is_unmanaged, "{found:?}");
    }
}

/// Regression: the syncs of another team's Application were made manual, because annotations named it.
#[test]
fn what_manages_something_else_is_not_made_to_wait() {
    for (objects, shown) in [
        ([argo_cd("teamx_victim")], "argocd app list"),
        (
            [flux("shop")],
            "kubectl get helmreleases.helm.toolkit.fluxcd.io -A",
        ),
    ] {
        let scene = Scene {
            objects: followed(&objects, Ok(None)),
            ..scene(&["deployed", "failed"])
        };
        let health = scene.health();
        let found = commands(&health, HealthCode::FailedUpgrade);
        assert!(found.contains(&shown), "{found:?}");
        let changes = |command: &&str| command.contains("suspend") || command.contains("app set");
        assert!(!found.iter().any(changes), "{found:?}");
    }
}

#[test]
fn nothing_is_asked_of_a_name_that_nothing_can_have() {
    for application in [".._a", "_a", "teamx_..", "UPPER", "-n_x"] {
        assert_eq!(marks(&[argo_cd(application)]).followed(), None, "{application}");
    }
}
