//! Webhooks and policies.

use super::*;

fn every(operation: &str, resources: &[&str]) -> Value {
    json!({"rules": [{"operations": [operation], "apiGroups": ["*"], "apiVersions": ["*"], "resources": resources}]})
}

#[test]
fn a_dead_webhook_that_fails_closed_refuses_what_it_is_about() {
    let dead = |operation: &str, resources: &[&str]| {
        let state = Answer::Read(BackendState::NoReadyEndpoint);
        scene()
            .webhook(FailurePolicy::Fail, state, every(operation, resources))
            .create("ConfigMap", "shop/a")
            .send(UPDATE, "Service", "shop/s", json!({}), json!({}))
            .send(DELETE, "ConfigMap", "shop/b", Value::Null, json!({}))
    };
    assert_eq!(
        dead("CREATE", &["configmaps"]).found(),
        [
            "CreateFails admission ConfigMap shop/a: it is refused, because webhook guard.example.com of \
             ValidatingWebhookConfiguration guard cannot answer: Service ops/guard (port 443) has no ready endpoint"
        ]
    );
    assert_eq!(dead("UPDATE", &["*"]).verdicts(), ["UpdateFails Service shop/s"]);
    assert_eq!(
        dead("DELETE", &["*"]).verdicts(),
        ["DeleteFails ConfigMap shop/b"]
    );
    assert_eq!(
        dead("*", &["*"]).verdicts(),
        [
            "RecordRefused -",
            "CreateFails ConfigMap shop/a",
            "UpdateFails Service shop/s",
            "DeleteFails ConfigMap shop/b"
        ]
    );
    assert_eq!(
        dead("CREATE", &["secrets"]).verdicts(),
        ["RecordRefused -"],
        "the record is a Secret"
    );
    assert_eq!(dead("CREATE", &["pods"]).verdicts(), NONE);
}

#[test]
fn only_a_webhook_that_cannot_answer_and_fails_closed_refuses() {
    let all = || every("CREATE", &["configmaps"]);
    let verdicts = |policy, state| {
        scene()
            .webhook(policy, state, all())
            .create("ConfigMap", "shop/a")
            .verdicts()
    };
    let fails = ["CreateFails ConfigMap shop/a"];
    let asked = ["Asked ConfigMap shop/a"];
    for state in [
        BackendState::NoService,
        BackendState::NoPort,
        BackendState::NoAddress,
        BackendState::NoReadyEndpoint,
    ] {
        assert_eq!(
            verdicts(FailurePolicy::Fail, Answer::Read(state)),
            fails,
            "{state}"
        );
        assert_eq!(
            verdicts(FailurePolicy::Ignore, Answer::Read(state)),
            NONE,
            "{state}"
        );
    }
    for state in [BackendState::Ready, BackendState::Elsewhere] {
        assert_eq!(
            verdicts(FailurePolicy::Fail, Answer::Read(state)),
            asked,
            "{state}"
        );
    }
    let unread = Answer::Unread(ReadError::Unauthorized);
    assert_eq!(verdicts(FailurePolicy::Fail, unread), asked);
    let mut conditional = all();
    conditional["conditions"] = json!(1);
    let dead = Answer::Read(BackendState::NoService);
    let scene = scene()
        .webhook(FailurePolicy::Fail, dead, conditional)
        .create("ConfigMap", "shop/a");
    assert_eq!(scene.verdicts(), ["MayFail ConfigMap shop/a"]);
}

/// Labels that the manifest does not name stay on the object, and those of a namespace that is created are its own.
#[test]
fn selectors_look_at_the_labels_that_the_request_has() {
    let selecting = |selector: &str, labels: Value| {
        let mut matches = every("*", &["*"]);
        matches[selector] = json!({"matchLabels": labels});
        scene().webhook(
            FailurePolicy::Fail,
            Answer::Read(BackendState::NoService),
            matches,
        )
    };
    let labelled = |labels: Value| json!({"metadata": {"labels": labels}});
    let object = selecting("objectSelector", json!({"inject": "yes"}))
        .send(
            UPDATE,
            "ConfigMap",
            "shop/a",
            labelled(json!({"x": "1"})),
            labelled(json!({"inject": "yes"})),
        )
        .send(
            CREATE,
            "ConfigMap",
            "shop/b",
            labelled(json!({"inject": "no"})),
            Value::Null,
        );
    assert_eq!(object.verdicts(), ["UpdateFails ConfigMap shop/a"]);
    let record = selecting("objectSelector", json!({"owner": "helm"}));
    assert_eq!(record.verdicts(), ["RecordRefused -"]);
    let mut made = selecting(
        "namespaceSelector",
        json!({"kubernetes.io/metadata.name": "edge"}),
    )
    .create("Namespace", "edge")
    .create("ConfigMap", "edge/a");
    made.surroundings
        .namespaces
        .insert("edge".to_owned(), Answer::Read(None));
    assert_eq!(made.verdicts(), ["CreateFails ConfigMap edge/a"]);
}

fn policy(operation: &str, same_since: Option<i64>) -> Policy {
    Policy {
        name: "images".to_owned(),
        matches: serde_json::from_value(json!({"resourceRules": every(operation, &["configmaps"])["rules"]}))
            .unwrap(),
        conditions: 0,
        same_since: same_since.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        bindings: vec![serde_json::from_value(json!({"name": "b"})).unwrap()],
    }
}

#[test]
fn policies_are_told_once_with_what_they_decide_about() {
    let mut scene = scene()
        .create("ConfigMap", "shop/a")
        .create("ConfigMap", "shop/b")
        .create("ConfigMap", "shop/c");
    let mut everything = policy("*", None);
    everything.matches.resource_rules[0].resources = vec!["*".to_owned()];
    scene.surroundings.policies = Answer::Read(vec![everything]);
    assert_eq!(
        scene.found(),
        [
            "MayFail admission -: ValidatingAdmissionPolicy images decides about the record of the new revision, ConfigMap \
             shop/a and 2 more, and may refuse"
        ]
    );
    scene.surroundings.policies = Answer::Unread(ReadError::Unauthorized);
    scene.surroundings.webhooks = Answer::Unread(ReadError::Unauthorized);
    assert_eq!(scene.verdicts(), ["Gap -", "Gap -"]);
}

/// The objects were taken at second 50; those that live were created at second 30.
#[test]
fn a_policy_that_let_the_same_pass_before_does_so_again() {
    use ApplyMethod::{Csa, Ssa};
    let verdict = |policy: Policy, verb: SentVerb, method: ApplyMethod| {
        let created = DateTime::from_timestamp(30, 0).unwrap().to_rfc3339();
        let live = json!({"metadata": {"creationTimestamp": created}});
        let live = if verb == CREATE { Value::Null } else { live };
        let mut scene = scene().send(verb, "ConfigMap", "shop/a", json!({}), live);
        let at = DateTime::from_timestamp(50, 0).unwrap();
        scene.taken = Some(Taken { at, method });
        scene.surroundings.policies = Answer::Read(vec![policy]);
        scene.verdicts().join(",")
    };
    let (asked, open) = ("Asked ConfigMap shop/a", "MayFail ConfigMap shop/a");
    for (operations, since, verb, method, expected) in [
        ("*", Some(40), UPDATE, Ssa, asked),
        ("*", Some(40), CREATE, Ssa, asked),
        ("*", Some(50), UPDATE, Ssa, open),
        ("*", Some(60), UPDATE, Ssa, open),
        ("*", None, UPDATE, Ssa, open),
        ("UPDATE", Some(40), UPDATE, Ssa, open),
        ("CREATE", Some(40), CREATE, Ssa, open),
        ("*", Some(40), UPDATE, Csa, open),
        ("*", Some(20), UPDATE, Csa, asked),
        ("*", Some(20), CREATE, Csa, open),
        ("*", Some(20), DELETE, Ssa, open),
    ] {
        let found = verdict(policy(operations, since), verb, method);
        assert_eq!(found, expected, "{operations} {since:?} {verb} {method}");
    }
}

#[test]
fn many_webhooks_that_answer_are_one_sentence_and_dead_ones_are_not_among_them() {
    let mut scene = scene().create("ConfigMap", "shop/a");
    let webhook = |number: usize, state| {
        let scene = self::scene().webhook(FailurePolicy::Fail, state, every("CREATE", &["configmaps"]));
        let mut webhook = scene.surroundings.webhooks.read().unwrap()[0].clone();
        webhook.name = format!("w{number}");
        webhook
    };
    let mut webhooks: Vec<Webhook> = (0..5)
        .map(|number| webhook(number, Answer::Read(BackendState::Ready)))
        .collect();
    webhooks.push(webhook(5, Answer::Read(BackendState::NoService)));
    scene.surroundings.webhooks = Answer::Read(webhooks.clone());
    assert_eq!(scene.verdicts(), ["CreateFails ConfigMap shop/a", "Asked -"]);
    let message = scene.judge().pop().unwrap().message;
    assert_eq!(
        message,
        "5 webhooks decide about what Helm sends, and may refuse: w0, w1 and 3 more"
    );
    webhooks.truncate(3);
    webhooks[0] = webhook(0, Answer::Unread(ReadError::Unauthorized));
    scene.surroundings.webhooks = Answer::Read(webhooks);
    assert_eq!(scene.verdicts(), ["Asked ConfigMap shop/a"; 3]);
    let doubt = &scene.judge()[0].message;
    assert!(
        doubt.contains("whether it answers is not known: unauthorized"),
        "{doubt}"
    );
}
