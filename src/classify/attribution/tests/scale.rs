//! Replica counts that are not at `.spec.replicas`, as `specReplicasPath` of a definition says.

use super::*;

fn farm(size: Option<u32>) -> Value {
    json!({"spec": {"color": "red", "size": size}})
}

fn size() -> Value {
    json!({"f:spec": {"f:size": {}}})
}

/// Regression: what an autoscaler wrote into another field than `.spec.replicas` was a person's change.
#[test]
fn an_autoscaler_may_choose_the_count_wherever_the_definition_has_it() {
    for (desired, code) in [
        (farm(Some(2)), FindingCode::Autoscaled),
        (farm(None), FindingCode::ControllerOwned),
    ] {
        let case = Case {
            kind: ("farms.example.com/v1", "Farm"),
            desired,
            live: farm(Some(4)),
            managed: vec![entry(
                "kube-controller-manager",
                "Update",
                "scale",
                AFTER,
                &size(),
            )],
            autoscaler: Autoscaler::Targets,
            ..Case::default()
        };
        assert_eq!(case.one().code, code);
    }
}

/// What a person scales is drift there as at `.spec.replicas`.
#[test]
fn a_person_who_scales_another_field_is_named() {
    for (desired, code) in [
        (farm(Some(2)), FindingCode::Changed),
        (farm(None), FindingCode::Added),
    ] {
        let case = Case {
            kind: ("farms.example.com/v1", "Farm"),
            desired,
            live: farm(Some(4)),
            managed: vec![entry("kubectl", "Update", "scale", AFTER, &size())],
            autoscaler: Autoscaler::Targets,
            ..Case::default()
        };
        let found = case.one();
        assert_eq!((found.code, found.severity), (code, Severity::Drift));
        assert_eq!(found.actor.map(|actor| actor.manager).as_deref(), Some("kubectl"));
    }
}
