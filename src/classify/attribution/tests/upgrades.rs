//! The predictions of the next upgrade for differences that affect each other.

use super::*;

/// Restoring port 80 beside port 81 of the same name fails: `spec.ports[1].name: Duplicate value`.
#[test]
fn a_port_whose_number_somebody_edited_fails_the_upgrade() {
    let service = |port: u16| json!({"spec": {"ports": [{"name": "http", "port": port, "protocol": "TCP"}]}});
    let owned = json!({"f:spec": {"f:ports": {"k:{\"port\":81,\"protocol\":\"TCP\"}": {
        ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}}}}});
    let report = Case {
        kind: ("v1", "Service"),
        desired: service(80),
        live: service(81),
        managed: vec![entry("kubectl-edit", "Update", "", AFTER, &owned)],
        ..Case::default()
    }
    .judge();
    let predictions: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.code, finding.next_upgrade))
        .collect();
    assert_eq!(
        predictions,
        [
            (FindingCode::Removed, Some(NextUpgrade::Refused)),
            (FindingCode::Added, Some(NextUpgrade::Keep))
        ]
    );
}

/// An object that the API server refuses is not written at all, so that its other differences stay too.
#[test]
fn a_refused_port_keeps_the_upgrade_from_reverting_the_selector() {
    let service = |port: u16, app: &str| {
        let ports = json!([{"name": "dns", "port": port, "protocol": "TCP"}]);
        json!({"spec": {"selector": {"app": app}, "ports": ports}})
    };
    let owned = json!({"f:spec": {"f:selector": {}, "f:ports": {"k:{\"port\":54,\"protocol\":\"TCP\"}": {
        ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}}}}});
    for (method, expected) in [
        (ApplyMethod::Csa, NextUpgrade::Refused),
        // The owner of the selector is asked before the rule about ports.
        (ApplyMethod::Ssa, NextUpgrade::Conflict),
    ] {
        let report = Case {
            kind: ("v1", "Service"),
            desired: service(53, "web"),
            live: service(54, "other"),
            managed: vec![entry("kubectl-edit", "Update", "", AFTER, &owned)],
            method,
            ..Case::default()
        }
        .judge();
        let selector = report
            .findings
            .iter()
            .find(|finding| finding.path == "/spec/selector/app");
        assert_eq!(
            selector.and_then(|finding| finding.next_upgrade),
            Some(expected),
            "{method}"
        );
    }
}

/// A zero is silent where the client applies it, and a value that conflicts where the server does. What would be written
/// by force is not known here: the port of an empty protocol would be a second one.
#[test]
fn a_zero_conflicts_with_what_somebody_put_there() {
    let owned = json!({"f:spec": {"f:type": {}, "f:externalTrafficPolicy": {}}});
    let port = |protocol: &str| json!({"name": "web", "port": 80, "protocol": protocol});
    let case = Case {
        kind: ("v1", "Service"),
        desired: json!({"spec": {"type": "", "ports": [port("")]}}),
        live: json!({"spec": {"type": "NodePort", "externalTrafficPolicy": "Cluster", "ports": [port("TCP")]}}),
        managed: vec![entry("kubectl-edit", "Update", "", AFTER, &owned)],
        ..Case::default()
    };
    let finding = case.one();
    assert_eq!(
        (finding.path.as_str(), finding.next_upgrade),
        ("/spec/type", Some(NextUpgrade::Conflict))
    );
}

/// A server-side apply owns the port by its empty protocol. The next one adds it beside the port that lives, and the API
/// server refuses the second of the name.
#[test]
fn a_port_of_an_empty_protocol_fails_the_next_apply() {
    let service =
        |protocol: &str| json!({"spec": {"ports": [{"name": "web", "port": 80, "protocol": protocol}]}});
    for (protocol, is_blocked) in [("", true), ("TCP", false)] {
        let element = format!("k:{{\"port\":80,\"protocol\":\"{protocol}\"}}");
        let own = json!({".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}});
        let mut owned = everything();
        owned["f:spec"] = json!({"f:ports": {element: own}});
        let case = Case {
            kind: ("v1", "Service"),
            desired: service(protocol),
            live: service("TCP"),
            managed: vec![entry("helm", "Apply", "", DURING, &owned)],
            ..Case::default()
        };
        let judgement = case.judgement();
        assert!(judgement.report.findings.is_empty());
        assert_eq!(judgement.block.is_some(), is_blocked, "{protocol}");
    }
}

/// A strategic merge knows ports by their numbers: it writes the protocol back into the same port.
#[test]
fn a_protocol_that_somebody_edited_is_put_back_by_a_strategic_merge() {
    let service =
        |protocol: &str| json!({"spec": {"ports": [{"name": "dns", "port": 53, "protocol": protocol}]}});
    let owned = json!({"f:spec": {"f:ports": {"k:{\"port\":53,\"protocol\":\"UDP\"}": {
        ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}}}}});
    for (method, expected) in [
        (ApplyMethod::Csa, [NextUpgrade::Revert, NextUpgrade::Revert]),
        (ApplyMethod::Ssa, [NextUpgrade::Refused, NextUpgrade::Keep]),
    ] {
        let case = Case {
            kind: ("v1", "Service"),
            desired: service("TCP"),
            live: service("UDP"),
            managed: vec![entry("kubectl-edit", "Update", "", AFTER, &owned)],
            method,
            ..Case::default()
        };
        assert_eq!(case.upgrades(), expected.map(Some), "{method}");
    }
}

/// `spec.template.spec.containers[0].ports[1].name: Duplicate value`.
#[test]
fn a_containers_port_whose_number_somebody_edited_fails_the_upgrade() {
    let deployment = |port: u16| {
        json!({"spec": {"template": {"spec": {"containers": [
            {"name": "app", "image": "a", "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}]}]}}}})
    };
    let owned = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:ports": {
        "k:{\"containerPort\":81,\"protocol\":\"TCP\"}": {
            ".": {}, "f:name": {}, "f:containerPort": {}, "f:protocol": {}}}}}}}}});
    for method in [ApplyMethod::Csa, ApplyMethod::Ssa] {
        let case = Case {
            desired: deployment(80),
            live: deployment(81),
            managed: vec![entry("kubectl-edit", "Update", "", AFTER, &owned)],
            method,
            ..Case::default()
        };
        let expected = [NextUpgrade::Refused, NextUpgrade::Keep];
        assert_eq!(case.upgrades(), expected.map(Some), "{method}");
    }
}

/// A probe has one handler and a variable one source; a volume of another kind takes the place of the first.
#[test]
fn an_alternative_that_somebody_chose_fails_the_upgrade_or_goes() {
    let pod = |container: Value, volume: Value| {
        let mut app = json!({"name": "app", "image": "a"});
        json_patch::merge(&mut app, &container);
        let mut files = json!({"name": "files"});
        json_patch::merge(&mut files, &volume);
        json!({"spec": {"template": {"spec": {"containers": [app], "volumes": [files]}}}})
    };
    let probe = |probe: Value| pod(json!({"livenessProbe": probe}), json!({}));
    let volume = |volume: Value| pod(json!({}), volume);
    let held = |fields: Value| json!({"f:spec": {"f:template": {"f:spec": fields}}});
    let (keep, revert, refused) = (NextUpgrade::Keep, NextUpgrade::Revert, NextUpgrade::Refused);
    for (desired, live, fields, csa, ssa) in [
        (
            probe(json!({"tcpSocket": {"port": 80}})),
            probe(json!({"httpGet": {"port": 80}})),
            json!({"f:containers": {"k:{\"name\":\"app\"}": {"f:livenessProbe": {"f:httpGet": {
                ".": {}, "f:port": {}}}}}}),
            [refused, keep],
            [refused, keep],
        ),
        (
            volume(json!({"secret": {"secretName": "s"}})),
            volume(json!({"hostPath": {"path": "/"}})),
            json!({"f:volumes": {"k:{\"name\":\"files\"}": {"f:hostPath": {".": {}, "f:path": {}}}}}),
            [revert, revert],
            [refused, keep],
        ),
    ] {
        for (method, expected) in [(ApplyMethod::Csa, csa), (ApplyMethod::Ssa, ssa)] {
            let case = Case {
                desired: desired.clone(),
                live: live.clone(),
                managed: vec![entry("kubectl-edit", "Update", "", AFTER, &held(fields.clone()))],
                method,
                ..Case::default()
            };
            assert_eq!(case.upgrades(), expected.map(Some), "{method}");
        }
    }
}

/// Its patch strategy is `replace`.
#[test]
fn a_budgets_selector_is_put_back_as_a_whole() {
    let budget = |labels: Value| json!({"spec": {"selector": {"matchLabels": labels}}});
    for (method, expected) in [
        (ApplyMethod::Csa, NextUpgrade::Revert),
        (ApplyMethod::Ssa, NextUpgrade::Conflict),
    ] {
        let case = Case {
            kind: ("policy/v1", "PodDisruptionBudget"),
            desired: budget(json!({"app": "web"})),
            live: budget(json!({"app": "web", "track": "canary"})),
            managed: vec![entry(
                "kubectl-edit",
                "Update",
                "",
                AFTER,
                &json!({"f:spec": {"f:selector": {}}}),
            )],
            method,
            ..Case::default()
        };
        assert_eq!(case.one().next_upgrade, Some(expected), "{method}");
    }
}
