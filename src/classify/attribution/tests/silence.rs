//! What lives where a manifest asks for nothing, or for nothing that managed fields know.

use super::*;

/// The rest of the verdict on a finding: its code, its path and its writer.
fn told(report: &ObjectReport) -> Vec<String> {
    let told = |finding: &Finding| {
        let writer = finding
            .actor
            .as_ref()
            .map_or("nobody", |actor| actor.manager.as_str());
        format!("{} {} by {writer}", finding.code, finding.path)
    };
    report.findings.iter().map(told).collect()
}

fn pod(spec: &Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

fn pod_set(spec: &Value) -> Value {
    json!({"f:spec": {"f:template": {"f:spec": spec}}})
}

/// Regression: a zero that the server fills in hid what somebody wrote there, and one that a webhook fills in was
/// changed by nobody for ever.
///
/// Each row: the field and its zero, the live value, whether somebody wrote it, and what is told.
#[test]
fn a_zero_that_is_dropped_asks_for_nothing() {
    for (field, zero, live, is_written, code) in [
        (
            "serviceAccountName",
            json!(""),
            json!("admin"),
            true,
            Some("added"),
        ),
        ("serviceAccountName", json!(""), json!("default"), false, None),
        ("dnsPolicy", json!(""), json!("Default"), true, Some("added")),
        ("dnsPolicy", json!(""), json!("ClusterFirst"), true, None),
        (
            "priorityClassName",
            json!(""),
            json!("high"),
            true,
            Some("changed"),
        ),
        ("priorityClassName", json!(""), json!("high"), false, None),
        ("hostNetwork", json!(false), json!(true), true, Some("changed")),
        (
            "tolerations",
            json!([]),
            json!([{"operator": "Exists"}]),
            true,
            Some("changed"),
        ),
        (
            "tolerations",
            json!([]),
            json!([{"operator": "Exists"}]),
            false,
            None,
        ),
        (
            "nodeSelector",
            json!({}),
            json!({"spot": "true"}),
            true,
            Some("added"),
        ),
        ("nodeSelector", json!({}), json!({"spot": "true"}), false, None),
        // A pointer's zero is meant.
        (
            "automountServiceAccountToken",
            json!(false),
            json!(true),
            false,
            Some("changed"),
        ),
    ] {
        let mut managed = vec![entry("helm", "Update", "", DURING, &everything())];
        if is_written {
            let field = format!("f:{field}");
            managed.push(entry(
                "kubectl-patch",
                "Update",
                "",
                AFTER,
                &pod_set(&json!({field: {}})),
            ));
        }
        let case = Case {
            desired: pod(&json!({field: zero})),
            live: pod(&json!({field: live})),
            managed,
            method: ApplyMethod::Csa,
            ..Case::default()
        };
        let report = case.judge();
        let codes: Vec<&str> = report
            .findings
            .iter()
            .map(|finding| finding.code.as_str())
            .collect();
        assert_eq!(codes, Vec::from_iter(code), "{field} {live} {is_written}");
    }
}

/// Without Helm's own entry the set of a writer may be lost.
#[test]
fn a_zero_that_was_filled_in_is_told_where_nobody_is_known() {
    let case = Case {
        desired: pod(&json!({"priorityClassName": ""})),
        live: pod(&json!({"priorityClassName": "high"})),
        managed: vec![entry(
            "kubectl-label",
            "Update",
            "",
            AFTER,
            &json!({"f:metadata": {"f:labels": {"f:a": {}}}}),
        )],
        ..Case::default()
    };
    assert_eq!(
        told(&case.judge()),
        ["changed /spec/template/spec/priorityClassName by nobody"]
    );
}

/// Regression: Helm keeps owning the null in an element that somebody removed, which passed for an element that the
/// server drops.
#[test]
fn an_element_is_owned_by_itself_and_not_by_the_nulls_in_it() {
    let container = |env: &Value| pod(&json!({"containers": [{"name": "app", "image": "a", "env": env}]}));
    let case = |set: &Value| Case {
        desired: container(&json!([{"name": "X", "value": null}, {"name": "Y", "value": "1"}])),
        live: container(&json!([{"name": "Y", "value": "1"}])),
        managed: vec![entry(
            "helm",
            "Apply",
            "",
            DURING,
            &pod_set(&json!({"f:containers": {
            "k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:env": {"k:{\"name\":\"X\"}": set}}}})),
        )],
        ..Case::default()
    };
    let path = "/spec/template/spec/containers[name=app]/env[name=X]";
    assert_eq!(
        told(&case(&json!({"f:value": {}})).judge()),
        [format!("removed {path} by nobody")]
    );
    assert_eq!(
        told(&case(&json!({".": {}, "f:name": {}, "f:value": {}})).judge()),
        [format!("mutated-at-admission {path} by helm")]
    );
}

/// The same of an object of which only a null is left.
#[test]
fn an_object_is_owned_by_what_it_asks_for() {
    let resources = |limits: &Value| pod(&json!({"containers": [{"name": "app", "resources": limits}]}));
    let case = |set: &Value| Case {
        desired: resources(&json!({"limits": {"cpu": null, "memory": "1Gi"}})),
        live: resources(&json!({})),
        managed: vec![entry(
            "helm",
            "Apply",
            "",
            DURING,
            &pod_set(&json!({"f:containers": {
            "k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:resources": {"f:limits": set}}}})),
        )],
        ..Case::default()
    };
    for (set, code) in [
        (json!({"f:cpu": {}}), "removed"),
        (json!({"f:cpu": {}, "f:memory": {}}), "mutated-at-admission"),
    ] {
        assert_eq!(case(&set).one().code.as_str(), code);
    }
}

/// Managed fields see no order, so that Helm's ownership of the elements proves nothing.
#[test]
fn another_order_of_what_runs_in_order_is_drift_of_nobody() {
    let init = |names: [&str; 2]| {
        pod(&json!({"initContainers": names.map(|name| json!({"name": name, "image": "a"}))}))
    };
    let own = json!({".": {}, "f:name": {}, "f:image": {}});
    let set = pod_set(&json!({"f:initContainers": {"k:{\"name\":\"a\"}": own, "k:{\"name\":\"b\"}": own}}));
    for (operation, method) in [("Update", ApplyMethod::Csa), ("Apply", ApplyMethod::Ssa)] {
        let case = Case {
            desired: init(["a", "b"]),
            live: init(["b", "a"]),
            managed: vec![entry("helm", operation, "", DURING, &set)],
            method,
            ..Case::default()
        };
        assert_eq!(
            told(&case.judge()),
            ["changed /spec/template/spec/initContainers by nobody"],
            "{operation}"
        );
    }
}

/// Of two ports of one number Helm's patch names the first, so that the second never gets what an upgrade wants of it. What
/// Helm creates it writes as it is: what differs there is admission's, and so is what a merge would have brought.
#[test]
fn what_helms_own_merge_loses_is_drift_and_what_it_created_is_admissions() {
    const BEFORE: &str = "2026-11-10T03:00:00Z";
    let ports = |[udp, tcp]: [u16; 2]| {
        json!({"spec": {"ports": [
            {"name": "udp", "port": 53, "protocol": "UDP", "targetPort": udp},
            {"name": "tcp", "port": 53, "protocol": "TCP", "targetPort": tcp}]}})
    };
    let port = |protocol: &str| format!("k:{{\"port\":53,\"protocol\":\"{protocol}\"}}");
    let own = json!({".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}});
    let set = json!({"f:spec": {"f:ports": {port("UDP"): own, port("TCP"): own}}});
    for (created, previous, live, code) in [
        (BEFORE, Some([53, 53]), [53, 53], "not-applied"),
        (BEFORE, Some([53, 54]), [53, 55], "changed"),
        (BEFORE, Some([53, 54]), [55, 54], "mutated-at-admission"),
        (DURING, None, [53, 55], "mutated-at-admission"),
        (DURING, None, [55, 54], "mutated-at-admission"),
    ] {
        let mut live = ports(live);
        live["metadata"] = json!({"creationTimestamp": created});
        let case = Case {
            kind: ("v1", "Service"),
            previous: previous.map(ports),
            desired: ports([53, 54]),
            live,
            managed: vec![entry("helm", "Update", "", DURING, &set)],
            method: ApplyMethod::Csa,
            ..Case::default()
        };
        let found = case.one();
        assert_eq!(found.code.as_str(), code, "{created} {previous:?} {found:?}");
        let is_lost = found.message.contains("loses what the manifest says");
        assert_eq!(is_lost, code == "changed", "{created} {previous:?}");
    }
}

/// Regression: of an object that was made by `kubectl apply` and then adopted, the defaults counted as added.
///
/// Each row: when the creator wrote last, when the object was created, and what is told of its cluster address.
#[test]
fn who_created_an_adopted_object_added_no_defaults() {
    const BEFORE: &str = "2026-11-10T03:00:00Z";
    const LATER: &str = "2026-11-12T03:00:00Z";
    let defaults =
        json!({"f:spec": {"f:clusterIP": {}, "f:clusterIPs": {}, "f:sessionAffinity": {}, "f:type": {}}});
    let port = json!({"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}});
    let address = json!({"f:spec": {"f:clusterIP": {}, "f:ports": port}});
    let controllers = json!({"f:spec": {"f:clusterIP": {}}});
    for (set, time, created, added) in [
        (&defaults, BEFORE, BEFORE, 0),
        (&address, BEFORE, BEFORE, 0),
        // Applied once more since.
        (&defaults, LATER, BEFORE, 0),
        // An editor owns no defaults, and what Helm created others did not.
        (&address, LATER, BEFORE, 1),
        (&defaults, AFTER, DURING, 2),
        // Regression: a controller writes in the second in which the object is created, and was taken for its creator.
        (&controllers, DURING, DURING, 1),
    ] {
        let case = Case {
            kind: ("v1", "Service"),
            desired: json!({"spec": {"ports": [{"port": 80}]}}),
            live: json!({"metadata": {"creationTimestamp": created}, "spec": {
                "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "sessionAffinity": "None", "type": "ClusterIP"}}),
            managed: vec![
                entry("kubectl-client-side-apply", "Update", "", time, set),
                entry("helm", "Apply", "", DURING, &everything()),
            ],
            ..Case::default()
        };
        assert_eq!(case.judge().findings.len(), added, "{time} {created} {set}");
    }
}

/// In a map of texts, and in a list of them, Go reads a null as the empty text and keeps it.
#[test]
fn a_null_that_is_stored_as_the_empty_text_is_what_the_manifest_asks_for() {
    for (field, desired, live) in [
        ("nodeSelector", json!({"a": null}), json!({"a": ""})),
        (
            "nodeSelector",
            json!({"a": null, "b": "x"}),
            json!({"a": "", "b": "x"}),
        ),
        (
            "containers",
            json!([{"name": "app", "image": "a", "command": [null], "args": ["x", null]}]),
            json!([{"name": "app", "image": "a", "command": [""], "args": ["x", ""]}]),
        ),
    ] {
        for method in [ApplyMethod::Csa, ApplyMethod::Ssa] {
            let operation = if method == ApplyMethod::Csa {
                "Update"
            } else {
                "Apply"
            };
            let fields = pod_set(
                &json!({"f:nodeSelector": {}, "f:containers": {"k:{\"name\":\"app\"}":
                {".": {}, "f:name": {}, "f:image": {}, "f:command": {}, "f:args": {}}}}),
            );
            let case = Case {
                desired: pod(&json!({field: desired})),
                live: pod(&json!({field: live})),
                managed: vec![entry("helm", operation, "", DURING, &fields)],
                method,
                ..Case::default()
            };
            assert_eq!(
                told(&case.judge()),
                Vec::<String>::new(),
                "{field} {live} {method}"
            );
        }
    }
}
