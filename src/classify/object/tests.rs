//! The state of objects, and what of their values is shown.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::classify::fixtures::{judge_found, key, owned, subject};
use crate::classify::live::LiveObject;
use crate::classify::subject::{Role, Subject, Visibility};
use crate::compare::work::Work;
use crate::model::ObjectReport;
use crate::policy::Policy;
use crate::source::{Lookup, ReadError};
use crate::vocabulary::{ApplyMethod, FindingCode, NextUpgrade, ObjectState, Severity};

fn judge(subject: &Subject<'_>, lookup: &Lookup<'_>, policy: &Policy) -> Option<ObjectReport> {
    super::judge(
        subject,
        &LiveObject::parse(lookup),
        policy,
        &Work::of_steps(u64::MAX),
    )
    .map(|judged| judged.report)
}

fn state(subject: &Subject<'_>, live: &Value) -> (ObjectState, Option<String>) {
    let report = judge(subject, &Lookup::Found(&live.to_string()), &Policy::default()).unwrap();
    (report.state, report.reason)
}

#[test]
fn only_a_404_makes_an_object_missing() {
    let key = key("v1", "ConfigMap", "shop");
    let subject = subject(&key, "{}");
    let judged = |lookup: Lookup<'_>| judge(&subject, &lookup, &Policy::default()).unwrap();
    assert_eq!(judged(Lookup::NotFound).state, ObjectState::Missing);
    let error = ReadError::TimedOut { seconds: 30 };
    let unknown = judged(Lookup::Unreadable(&error));
    assert_eq!(
        (unknown.state, unknown.reason.as_deref()),
        (ObjectState::Unknown, Some("timed out after 30 s"))
    );
    assert_eq!(judged(Lookup::Found("{")).state, ObjectState::Unknown);
}

/// Regression: of an object that the manifest names twice the last document was expected to be what is there, but
/// an installation applies both at the same time.
#[test]
fn either_of_two_documents_for_one_object_may_have_won() {
    let key = key("v1", "ConfigMap", "shop");
    let (first, last) = (json!({"data": {"x": "1", "y": "1"}}), json!({"data": {"x": "2"}}));
    let (body, duplicate_documents) = (last.to_string(), [Arc::from(first.to_string())]);
    let subject = Subject {
        duplicate_documents: &duplicate_documents,
        ..subject(&key, &body)
    };
    assert_eq!(state(&subject, &owned(&first)).0, ObjectState::InSync);
    assert_eq!(state(&subject, &owned(&last)).0, ObjectState::InSync);
    let other = owned(&json!({"data": {"x": "3"}}));
    let report = judge(&subject, &Lookup::Found(&other.to_string()), &Policy::default()).unwrap();
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (&*finding.path, &finding.desired))
        .collect();
    assert_eq!(found, [("/data/x", &Some(json!("2")))]);
}

#[test]
fn a_finished_job_that_its_ttl_removed_is_in_sync() {
    let key = key("batch/v1", "Job", "shop");
    let subject = Subject {
        expires: true,
        ..subject(&key, "{}")
    };
    let report = judge(&subject, &Lookup::NotFound, &Policy::default()).unwrap();
    assert_eq!(report.state, ObjectState::InSync);
}

#[test]
fn objects_of_others_are_foreign_and_nothing_of_them_is_shown() {
    let near = key("v1", "ConfigMap", "shop");
    let live = owned(
        &json!({"metadata": {"annotations": {"meta.helm.sh/release-name": "api"}}, "data": {"a": "x"}}),
    );
    assert_eq!(
        state(&subject(&near, r#"{"data":{"a":"y"}}"#), &live),
        (
            ObjectState::Foreign,
            Some("not owned by this release: it belongs to release shop/api".into())
        )
    );
    let far = key("v1", "ConfigMap", "bank");
    assert_eq!(
        state(&subject(&far, r#"{"data":{"a":"y"}}"#), &live),
        (
            ObjectState::Missing,
            Some("missing or not owned by this release".into())
        )
    );
    let subject_far = subject(&far, r#"{"data":{"a":"y"}}"#);
    let absent = judge(&subject_far, &Lookup::NotFound, &Policy::default());
    let found = judge(
        &subject_far,
        &Lookup::Found(&live.to_string()),
        &Policy::default(),
    );
    assert_eq!(absent, found, "nobody learns what exists there");
    assert_eq!(
        state(&subject(&near, "{}"), &json!({"metadata": {}})),
        (
            ObjectState::Foreign,
            Some("not owned by this release: it belongs to no release".into())
        )
    );
}

#[test]
fn terminating_objects_are_not_compared() {
    let key = key("v1", "ConfigMap", "shop");
    let live =
        owned(&json!({"metadata": {"deletionTimestamp": "2026-11-20T03:12:00Z", "finalizers": ["a", "b"]}}));
    assert_eq!(
        state(&subject(&key, r#"{"data":{"a":"y"}}"#), &live),
        (
            ObjectState::Terminating,
            Some("deleted at 2026-11-20T03:12:00Z, waiting for its finalizers: a, b".into())
        )
    );
}

/// Regression: the upgrade writes an object that waits for its finalizers, and may fail at it like at any other.
#[test]
fn an_upgrade_fails_at_a_terminating_object_too() {
    let key = key("v1", "ConfigMap", "shop");
    let live = |immutable: bool| {
        let mut live = owned(&json!({"data": {"a": "x"}, "immutable": immutable}));
        live["metadata"]["deletionTimestamp"] = json!("2026-11-20T03:12:00Z");
        live["metadata"]["finalizers"] = json!(["a"]);
        live
    };
    let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"web"},"data":{"a":"y"}}"#;
    for (immutable, effect) in [(true, NextUpgrade::Refused), (false, NextUpgrade::Keep)] {
        let judged = judge_found(&subject(&key, body), &live(immutable), &Policy::default());
        assert_eq!(judged.report.state, ObjectState::Terminating);
        assert_eq!(judged.report.next_upgrade, Some(effect));
        assert_eq!(judged.block.is_some(), immutable, "{:?}", judged.block);
    }
}

#[test]
fn leftovers_are_reported_only_while_they_are_ours_and_not_kept() {
    let key = key("v1", "ConfigMap", "shop");
    let subject = Subject {
        role: Role::Leftover,
        ..subject(&key, "{}")
    };
    let judged = |live: &Value| {
        judge(&subject, &Lookup::Found(&live.to_string()), &Policy::default()).map(|report| report.state)
    };
    assert_eq!(judged(&owned(&json!({}))), Some(ObjectState::Leftover));
    assert_eq!(
        judged(&owned(
            &json!({"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}})
        )),
        None
    );
    assert_eq!(judged(&json!({"metadata": {}})), None);
    assert_eq!(judge(&subject, &Lookup::NotFound, &Policy::default()), None);
}

#[test]
fn secret_values_leave_no_trace_in_findings_and_patches() {
    let key = key("v1", "Secret", "shop");
    let live = owned(&json!({"data": {"password": "bmV3LXNlY3JldA=="}, "type": "Opaque"}));
    let body = r#"{"stringData":{"password":"hunter2"},"type":"Opaque","metadata":{"labels":{"a":"b"}}}"#;
    let report = judge(
        &subject(&key, body),
        &Lookup::Found(&live.to_string()),
        &Policy::default(),
    )
    .unwrap();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(report.findings.len(), 2, "{text}");
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.path == "/data/password" && finding.redacted)
    );
    for secret in ["hunter2", "aHVudGVyMg", "bmV3LXNlY3JldA", "new-secret"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(
        report.patch,
        [json!({"op": "add", "path": "/metadata/labels/a", "value": "b"})]
    );
}

#[test]
fn an_object_in_another_namespace_shows_no_values() {
    let key = key("v1", "ConfigMap", "shop");
    let live = owned(&json!({"data": {"a": "live-value"}}));
    let subject = Subject {
        values: Visibility::Hidden,
        ..subject(&key, r#"{"data":{"a":"claimed-value"}}"#)
    };
    let report = judge(&subject, &Lookup::Found(&live.to_string()), &Policy::default()).unwrap();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(
        (report.state, report.findings[0].path.as_str()),
        (ObjectState::Drifted, "/data/a")
    );
    assert!(!text.contains("-value"), "{text}");
}

#[test]
fn the_operator_can_move_a_code_to_the_other_severity() {
    let key = key("v1", "ConfigMap", "shop");
    let live = owned(&json!({"data": {"a": "x"}}));
    let policy = Policy {
        severity: vec![(FindingCode::Changed, Severity::Info)],
        ..Policy::default()
    };
    let subject = subject(&key, r#"{"data":{"a":"y"}}"#);
    let report = judge(&subject, &Lookup::Found(&live.to_string()), &policy).unwrap();
    assert_eq!((report.state, report.findings.len()), (ObjectState::InSync, 1));
    assert_eq!(report.patch, Vec::<Value>::new(), "the patch covers drift only");
}

/// The API server takes whatever is there for somebody else's when nobody is known to own it.
#[test]
fn a_change_without_managed_fields_conflicts_on_the_server() {
    let key = key("v1", "ConfigMap", "shop");
    let live = owned(&json!({"data": {"a": "x"}})).to_string();
    for (method, expected) in [
        (ApplyMethod::Csa, NextUpgrade::Revert),
        (ApplyMethod::Ssa, NextUpgrade::Conflict),
    ] {
        let subject = Subject {
            method,
            ..subject(&key, r#"{"data":{"a":"y"}}"#)
        };
        let report = judge(&subject, &Lookup::Found(&live), &Policy::default()).unwrap();
        assert_eq!(report.findings[0].next_upgrade, Some(expected), "{method}");
    }
}

/// Regression: a chart's port without a protocol is added once more by the second apply, which the API server refuses.
#[test]
fn a_clean_object_whose_apply_adds_an_element_again_blocks_the_upgrade() {
    let key = key("apps/v1", "Deployment", "shop");
    let of = |protocol: &str| {
        json!({"spec": {"selector": {"matchLabels": {"app": "a"}}, "template": {"metadata": {"labels": {"app": "a"}}, "spec": {
            "containers": [{"name": "app", "image": "a", "ports": [
                {"name": "http", "containerPort": 80, "protocol": protocol}]}]}}}})
    };
    let mut live = owned(&of("TCP"));
    live["metadata"]["managedFields"] = json!([{"manager": "helm", "operation": "Apply", "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}}}]);
    for (protocol, blocks) in [("", true), ("TCP", false)] {
        let body = of(protocol).to_string();
        let subject = Subject {
            method: ApplyMethod::Ssa,
            ..subject(&key, &body)
        };
        let judged = judge_found(&subject, &live, &Policy::default());
        assert_eq!(judged.report.state, ObjectState::InSync, "{:?}", judged.report);
        assert_eq!(judged.block.is_some(), blocks, "{:?}", judged.block);
    }
}

/// Regression: of two ports with the same number Helm's patch takes the first one for both, so that the same ports in
/// another order end in a refusal, and the scan was clean.
#[test]
fn a_clean_object_whose_patch_mixes_up_two_ports_blocks_the_upgrade() {
    let key = key("v1", "Service", "shop");
    let of = |ports: [(&str, &str); 2]| {
        let ports: Vec<Value> = ports
            .iter()
            .map(|(name, protocol)| json!({"name": name, "port": 53, "protocol": protocol, "targetPort": 53}))
            .collect();
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "a"}, "ports": ports}})
    };
    let (udp, tcp) = (("dns", "UDP"), ("dns-tcp", "TCP"));
    let body = of([udp, tcp]).to_string();
    for (live, blocks) in [([tcp, udp], true), ([udp, tcp], false)] {
        let judged = judge_found(&subject(&key, &body), &owned(&of(live)), &Policy::default());
        assert_eq!(judged.report.state, ObjectState::InSync, "{:?}", judged.report);
        assert_eq!(judged.block.is_some(), blocks, "{:?}", judged.block);
    }
}

/// Regression: Helm's patch leaves two ports with the same number and protocol, of which one has the live name and one the
/// chart's, and the name was said to stay.
#[test]
fn of_elements_that_share_their_keys_afterwards_nothing_is_foretold() {
    let key = key("apps/v1", "Deployment", "shop");
    let of = |ports: Value| {
        json!({"spec": {"selector": {"matchLabels": {"app": "a"}}, "template": {"metadata": {"labels": {"app": "a"}}, "spec": {
            "containers": [{"name": "app", "image": "a", "ports": ports}]}}}})
    };
    let body = of(
        json!([{"containerPort": 80, "protocol": "UDP", "name": "udp"}, {"containerPort": 80, "name": "http"}]),
    );
    for name in ["http", "udp"] {
        let live = of(
            json!([{"containerPort": 80, "protocol": "TCP", "name": name}, {"containerPort": 80, "protocol": "UDP", "name": "z"}]),
        );
        let judged = judge_found(
            &subject(&key, &body.to_string()),
            &owned(&live),
            &Policy::default(),
        );
        let findings = &judged.report.findings;
        let of_udp = findings
            .iter()
            .find(|finding| finding.path.contains("protocol=UDP"));
        assert_eq!(of_udp.unwrap().next_upgrade, None, "{findings:#?}");
    }
}

/// Regression: a port of the node that somebody chose stays whatever is written, so that it was said to stay although the
/// apply names it and is refused.
#[test]
fn what_the_server_would_keep_conflicts_where_somebody_owns_it() {
    let key = key("v1", "Service", "shop");
    let of = |port: u16| {
        json!({"spec": {"type": "NodePort", "selector": {"app": "a"}, "ports": [
            {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80, "nodePort": port}]}})
    };
    let mut live = owned(&of(32_435));
    let set =
        |fields: Value| json!({"f:spec": {"f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": fields}}});
    let entry = |manager: &str, operation: &str, fields: Value| {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1",
            "fieldsV1": set(fields)})
    };
    live["metadata"]["managedFields"] = json!([
        entry(
            "helm",
            "Apply",
            json!({".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}})
        ),
        entry("kubectl-patch", "Update", json!({"f:nodePort": {}})),
    ]);
    let body = of(0).to_string();
    let subject = Subject {
        method: ApplyMethod::Ssa,
        ..subject(&key, &body)
    };
    let judged = judge_found(&subject, &live, &Policy::default());
    let found: Vec<_> = judged
        .report
        .findings
        .iter()
        .map(|finding| (finding.code, finding.next_upgrade))
        .collect();
    assert_eq!(found, [(FindingCode::Added, Some(NextUpgrade::Conflict))]);
    assert!(judged.block.is_some());
}

/// Nothing of the object is written, and the reader asks why this field is not.
#[test]
fn a_refusal_names_the_field_that_it_is_about() {
    let key = key("v1", "Secret", "shop");
    let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "type": "Opaque",
        "data": {"a": "eA=="}});
    let live = owned(
        &json!({"apiVersion": "v1", "kind": "Secret", "type": "example.com/other",
        "data": {"a": "eQ=="}}),
    );
    let body = body.to_string();
    let judged = judge_found(&subject(&key, &body), &live, &Policy::default());
    let reason = |path: &str| {
        let mut findings = judged.report.findings.iter();
        let finding = findings.find(|finding| finding.path == path);
        finding.unwrap().next_upgrade_reason.clone().unwrap()
    };
    let rule = "the API server does not let the type of a Secret change";
    assert_eq!(reason("/type"), rule);
    assert_eq!(reason("/data/a"), format!("the object, for /type: {rule}"));
}
