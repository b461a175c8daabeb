//! Writes by another API version than the manifest's.

use super::*;

fn scaler(extra: &Value, managed: Vec<Value>) -> Case {
    Case {
        kind: ("autoscaling/v1", "HorizontalPodAutoscaler"),
        desired: json!({"spec": {"maxReplicas": 3}}),
        live: extra.clone(),
        managed,
        ..Case::default()
    }
}

fn by(version: &str, manager: &str, fields: &Value) -> Value {
    let mut entry = entry(manager, "Update", "", AFTER, fields);
    entry["apiVersion"] = json!(version);
    entry
}

/// Regression: what a person added by `autoscaling/v2` was in sync for a chart with `autoscaling/v1`.
#[test]
fn what_a_newer_version_added_is_where_the_older_one_holds_it() {
    let behavior = json!({"metadata": {"annotations": {
        "autoscaling.alpha.kubernetes.io/behavior": "{}",
        "autoscaling.alpha.kubernetes.io/conditions": "[]",
    }}});
    let fields = json!({"f:spec": {"f:behavior": {}}});
    let found = scaler(&behavior, vec![by("autoscaling/v2", "kubectl-edit", &fields)]).one();
    assert_eq!(
        (found.code, found.severity),
        (FindingCode::Added, Severity::Drift)
    );
    assert_eq!(
        found.path,
        r#"/metadata/annotations["autoscaling.alpha.kubernetes.io/behavior"]"#
    );
    assert_eq!(
        found.actor.map(|actor| actor.manager).as_deref(),
        Some("kubectl-edit")
    );
}

#[test]
fn fields_that_both_versions_have_are_attributed_by_either() {
    let fields = json!({"f:spec": {"f:maxReplicas": {}, "f:minReplicas": {}}});
    let live = json!({"spec": {"maxReplicas": 9, "minReplicas": 2}});
    let report = scaler(&live, vec![by("autoscaling/v2", "kubectl-edit", &fields)]).judge();
    let found = report.findings.iter();
    let found: Vec<_> = found
        .map(|finding| (finding.code, finding.path.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (FindingCode::Changed, "/spec/maxReplicas"),
            (FindingCode::Added, "/spec/minReplicas")
        ]
    );
    assert_eq!(report.reason, None);
}

/// A version that holds nothing of another one's fields leaves open what was written there.
#[test]
fn a_field_that_the_manifests_version_cannot_show_is_not_known_to_be_no_drift() {
    let fields = json!({"f:spec": {"f:newField": {}}});
    for (manager, state) in [
        ("kubectl-edit", ObjectState::Unknown),
        ("some-operator", ObjectState::InSync),
    ] {
        let report = Case {
            kind: ("batch/v1", "CronJob"),
            desired: json!({"spec": {"schedule": "0 0 * * *"}}),
            managed: vec![by("batch/v2", manager, &fields)],
            ..Case::default()
        }
        .judge();
        assert_eq!(report.state, state, "{manager}");
        let reason = report.reason.unwrap();
        assert!(
            reason.starts_with(&format!("{manager} wrote /spec/newField by batch/v2")),
            "{reason}"
        );
    }
}
