//! What is foretold where an upgrade cannot be simulated, or fails in any case.

use serde_json::{Value, json};

use crate::classify::blocked::Block;
use crate::classify::fixtures::{judge_found, key, owned, subject};
use crate::classify::subject::Subject;
use crate::policy::Policy;
use crate::vocabulary::ApplyMethod;

/// Forcing the conflict would end in a refusal, so that nothing is said of force.
#[test]
fn a_conflict_about_what_nobody_can_change_is_a_refusal() {
    let of_service = |name: &str| {
        let labels = json!({"app": "web"});
        json!({"spec": {"serviceName": name, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}}})
    };
    let key = key("apps/v1", "StatefulSet", "shop");
    let body = of_service("first").to_string();
    let subject = Subject {
        method: ApplyMethod::Ssa,
        ..subject(&key, &body)
    };
    let mut live = owned(&of_service("second"));
    live["metadata"]["managedFields"] = json!([{"manager": "kubectl-replace", "operation": "Update",
        "apiVersion": "apps/v1", "time": "2026-11-20T03:12:00Z", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:serviceName": {}}}}]);
    let judged = judge_found(&subject, &live, &Policy::default());
    assert!(
        matches!(judged.block, Some(Block::Refused { .. })),
        "{:?}",
        judged.block
    );
}

/// A few bytes of an object are hundreds in memory, and a simulation has several copies of it.
#[test]
fn an_object_that_is_too_large_to_simulate_is_compared_all_the_same() {
    let of_value = |value: &str| {
        let many: Value = (0..30_000).map(|_| json!({"a": 1})).collect();
        json!({"spec": {"many": many, "value": value}})
    };
    let key = key("example.com/v1", "Thing", "shop");
    let body = of_value("a").to_string();
    let judged = judge_found(&subject(&key, &body), &owned(&of_value("b")), &Policy::default());
    let [finding] = &judged.report.findings[..] else {
        panic!("{:#?}", judged.report)
    };
    assert_eq!(finding.next_upgrade, None);
    let reason = finding.next_upgrade_reason.as_deref().unwrap();
    assert!(reason.contains("too large"), "{reason}");
}
