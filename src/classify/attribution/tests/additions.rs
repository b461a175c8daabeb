//! Fields that others put beside the manifest.

use super::*;

#[test]
fn additions_matter_by_who_made_them_and_where() {
    let label = json!({"f:metadata": {"f:labels": {"f:team": {}}}});
    let paused = json!({"f:spec": {"f:paused": {}}});
    let restart = json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
        "f:kubectl.kubernetes.io/restartedAt": {}}}}}});
    for (manager, fields, code, severity) in [
        ("kubectl-label", &label, FindingCode::Added, Severity::Drift),
        ("some-operator", &label, FindingCode::Added, Severity::Info),
        ("some-operator", &paused, FindingCode::Added, Severity::Drift),
        ("Mozilla", &paused, FindingCode::Added, Severity::Drift),
        (
            "kubectl-rollout",
            &restart,
            FindingCode::Restarted,
            Severity::Info,
        ),
        ("k9s", &restart, FindingCode::Restarted, Severity::Info),
    ] {
        let mut live = json!({});
        if fields == &label {
            live["metadata"]["labels"]["team"] = json!("blue");
        } else if fields == &paused {
            live["spec"]["paused"] = json!(true);
        } else {
            live["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
                json!("now");
        }
        let case = Case {
            live,
            managed: vec![
                entry("helm", "Apply", "", DURING, &everything()),
                entry(manager, "Update", "", AFTER, fields),
            ],
            ..Case::default()
        };
        let finding = case.one();
        assert_eq!((finding.code, finding.severity), (code, severity), "{manager}");
        assert_eq!(finding.next_upgrade, Some(NextUpgrade::Keep), "{manager}");
    }
}

#[test]
fn what_status_writers_and_helm_own_beside_the_manifest_is_no_addition() {
    let mut defaults = everything();
    defaults["f:spec"]["f:paused"] = json!({});
    let status = json!({"f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}},
        "f:status": {"f:replicas": {}}});
    let report = Case {
        live: json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}},
            "spec": {"paused": true}, "status": {"replicas": 2}}),
        managed: vec![
            entry("helm", "Update", "", DURING, &defaults),
            entry("kube-controller-manager", "Update", "status", AFTER, &status),
        ],
        ..Case::default()
    }
    .judge();
    assert_eq!(report.findings, []);
}

#[test]
fn another_helm_is_noted_once_and_only_when_nothing_else_tells_of_it() {
    let other = entry("helm", "Update", "", AFTER, &image());
    let managed = vec![entry("helm", "Apply", "", DURING, &everything()), other];
    let agreeing = Case {
        managed: managed.clone(),
        ..Case::default()
    };
    let finding = agreeing.one();
    assert_eq!(
        (finding.code, finding.severity, finding.path.as_str()),
        (FindingCode::AlsoWritten, Severity::Info, "/")
    );
    let differing = Case {
        managed,
        live: with_image("x"),
        ..Case::default()
    };
    assert_eq!(differing.one().code, FindingCode::Overwritten);
}

#[test]
fn a_selector_label_that_somebody_added_is_found_in_what_is_owned_whole() {
    let service = |selector: Value| json!({"spec": {"selector": selector}});
    let case = Case {
        kind: ("v1", "Service"),
        desired: service(json!({"app": "web"})),
        live: service(json!({"app": "web", "track": "canary"})),
        managed: vec![entry(
            "kubectl-edit",
            "Update",
            "",
            AFTER,
            &json!({"f:spec": {"f:selector": {}}}),
        )],
        ..Case::default()
    };
    let finding = case.one();
    assert_eq!(
        (finding.code, finding.path.as_str(), finding.next_upgrade),
        (
            FindingCode::Added,
            "/spec/selector/track",
            Some(NextUpgrade::Conflict)
        )
    );
}

/// Helm's set of the map is left empty, which is not to own what others put into it.
#[test]
fn keys_in_place_of_all_of_the_charts_are_found() {
    let case = Case {
        kind: ("v1", "ConfigMap"),
        desired: json!({"data": {"own": "1"}}),
        live: json!({"data": {"own": null, "other": "1"}}),
        managed: vec![
            entry("helm", "Update", "", DURING, &json!({"f:data": {}})),
            entry(
                "kubectl-edit",
                "Update",
                "",
                AFTER,
                &json!({"f:data": {"f:other": {}}}),
            ),
        ],
        method: ApplyMethod::Csa,
        ..Case::default()
    };
    let report = case.judge();
    let codes: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.code, finding.path.as_str()))
        .collect();
    assert_eq!(
        codes,
        [
            (FindingCode::Removed, "/data/own"),
            (FindingCode::Added, "/data/other")
        ]
    );
}

/// Regression: volume claims that were installed before the cluster had a default class drifted when it got one.
#[test]
fn a_volume_claim_that_waits_for_a_class_gets_the_default_one() {
    let owned = json!({"f:spec": {"f:storageClassName": {}}});
    for (manager, code) in [
        ("kube-controller-manager", FindingCode::ControllerOwned),
        ("kubectl-edit", FindingCode::Added),
    ] {
        let case = Case {
            kind: ("v1", "PersistentVolumeClaim"),
            desired: json!({"spec": {"accessModes": ["ReadWriteOnce"]}}),
            live: json!({"spec": {"storageClassName": "fast"}}),
            managed: vec![entry(manager, "Update", "", AFTER, &owned)],
            ..Case::default()
        };
        assert_eq!(case.one().code, code, "{manager}");
    }
}

/// Regression: what somebody wrote in the second in which Helm created the object counted as the server's defaults.
#[test]
fn an_edit_in_the_second_of_the_creation_is_an_edit() {
    let surge = json!({"f:spec": {"f:strategy": {"f:rollingUpdate": {"f:maxSurge": {}}}}});
    for (created, added) in [(DURING, 1), (EARLIER, 1)] {
        let case = Case {
            live: json!({"metadata": {"creationTimestamp": created}, "spec": {"strategy": {
                "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": "25%"}}}}),
            managed: vec![
                entry("helm", "Apply", "", created, &everything()),
                entry("kubectl-patch", "Update", "", created, &surge),
            ],
            ..Case::default()
        };
        assert_eq!(case.judge().findings.len(), added, "{created}");
    }
}
