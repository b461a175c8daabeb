//! What the API server makes of manifests, kind by kind: the differences that are none, and those that are.
//!
//! Tables of a manifest's object, the live object, and the differences that a report shows, by the facts of the
//! embedded table and of schemas.

use serde_json::{Value, json};

use super::three_way::{OfRevision, Versions, all_changes};
use crate::types::TypeTable;

/// The changes between a manifest and a live object, as `code path`.
fn changes(table: &TypeTable, kind: (&str, &str), desired: &Value, live: &Value) -> Vec<String> {
    let shape = table.kind(kind.0, kind.1);
    assert!(shape.is_some(), "{kind:?}");
    let versions = Versions {
        previous: None,
        desired,
        attempted: &[],
        live,
    };
    all_changes(shape, versions)
        .into_iter()
        .map(|change| format!("{} {}", change.code, change.path))
        .collect()
}

fn builtin(api_version: &str, kind: &str, desired: &Value, live: &Value) -> Vec<String> {
    changes(TypeTable::builtin(), (api_version, kind), desired, live)
}

const NONE: [&str; 0] = [];

/// Regression: the tolerations that admission gives to Pods were expected in templates too, so that one which
/// somebody added to the manifest's empty list was not found.
#[test]
fn a_toleration_added_to_a_templates_empty_list() {
    let set = |tolerations: Value| json!({"spec": {"template": {"spec": {"tolerations": tolerations}}}});
    let live = set(json!([{"operator": "Exists"}]));
    for kind in ["DaemonSet", "Deployment", "StatefulSet"] {
        assert_eq!(
            builtin("apps/v1", kind, &set(json!([])), &live),
            ["changed /spec/template/spec/tolerations"]
        );
        assert_eq!(builtin("apps/v1", kind, &set(Value::Null), &live), NONE);
    }
}

/// Regression: a host port of 0 in a template was taken for one that the server chooses, which it does in Pods.
#[test]
fn a_host_port_set_where_the_template_says_zero() {
    let spec = |host: u16| json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "hostPort": host}]}]});
    let template = |host| json!({"spec": {"template": {"spec": spec(host)}}});
    assert_eq!(
        builtin("apps/v1", "Deployment", &template(0), &template(8080)),
        ["changed /spec/template/spec/containers[name=a]/ports[containerPort=80,protocol=TCP]/hostPort"]
    );
    let pod = |host| json!({"spec": spec(host)});
    assert_eq!(builtin("v1", "Pod", &pod(0), &pod(80)), NONE);
}

fn autoscaler(metrics: &[Value]) -> Value {
    json!({"spec": {"metrics": metrics}})
}

fn resource_metric(name: &str, target: u8) -> Value {
    json!({"type": "Resource", "resource": {"name": name, "target": {
        "type": "Utilization", "averageUtilization": target}}})
}

fn external_metric(queue: &str, target: &str) -> Value {
    json!({"type": "External", "external": {
        "metric": {"name": "messages", "selector": {"matchLabels": {"queue": queue}}},
        "target": {"type": "AverageValue", "averageValue": target}}})
}

/// Regression: one changed target in a list that came back in another order was reported as if every metric had
/// been exchanged.
#[test]
fn a_changed_target_in_reordered_metrics() {
    let desired = autoscaler(&[
        resource_metric("memory", 80),
        external_metric("a", "30"),
        external_metric("b", "1000m"),
        resource_metric("cpu", 80),
    ]);
    let kind = "HorizontalPodAutoscaler";
    let found = |live: &[Value]| builtin("autoscaling/v2", kind, &desired, &autoscaler(live));
    let (cpu, memory) = (resource_metric("cpu", 80), resource_metric("memory", 80));
    let (a, b) = (external_metric("a", "30"), external_metric("b", "1"));
    assert_eq!(found(&[cpu.clone(), b.clone(), a.clone(), memory.clone()]), NONE);
    assert_eq!(
        found(&[resource_metric("cpu", 50), b.clone(), a.clone(), memory.clone()]),
        ["changed /spec/metrics[type=Resource,resource.name=cpu]/resource/target/averageUtilization"]
    );
    assert_eq!(
        found(&[external_metric("b", "2"), a, cpu.clone(), memory.clone()]),
        ["changed /spec/metrics[type=External,external.metric.name=messages]/external/target/averageValue"]
    );
    assert_eq!(found(&[b, cpu, memory]), ["changed /spec/metrics"]);
}

/// The previous revision's metric is looked up by its name as well, not by its place.
#[test]
fn the_previous_target_of_a_reordered_metric() {
    let shape = TypeTable::builtin().kind("autoscaling/v2", "HorizontalPodAutoscaler");
    let (old, new) = (resource_metric("cpu", 50), resource_metric("cpu", 80));
    let memory = resource_metric("memory", 80);
    let found = all_changes(
        shape,
        Versions {
            previous: Some(OfRevision {
                revision: 1,
                object: &autoscaler(&[old.clone(), memory.clone()]),
            }),
            desired: &autoscaler(&[memory.clone(), new]),
            attempted: &[],
            live: &autoscaler(&[memory, old]),
        },
    );
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].code.as_str(), &found[0].previous),
        ("not-applied", &Some(json!(50)))
    );
    assert_eq!(
        found[0].pointer,
        "/spec/metrics/1/resource/target/averageUtilization"
    );
}

/// Regression: the order of `spec.metrics` was taken to mean nothing in kinds other than autoscalers.
#[test]
fn metrics_of_other_kinds_are_in_order() {
    let metrics = |names: [&str; 2]| json!({"spec": {"metrics": names.map(|name| json!({ "name": name }))}});
    let schema = json!({"components": {"schemas": {"Rollup": {
        "type": "object",
        "properties": {"metadata": {"type": "object"}, "spec": {"type": "object", "properties": {"metrics": {
            "type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}}}}},
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Rollup"}]}}}});
    let table = TypeTable::from_openapi_v3(schema.to_string().as_bytes()).unwrap();
    let rollup = ("example.com/v1", "Rollup");
    assert_eq!(
        changes(&table, rollup, &metrics(["a", "b"]), &metrics(["b", "a"])),
        ["changed /spec/metrics[0]/name", "changed /spec/metrics[1]/name"]
    );
}

#[test]
fn the_order_of_alternatives_means_nothing() {
    let hooks = |rules: Value| json!({"webhooks": [{"name": "a.example.com", "rules": rules}]});
    let pods = |operations: [&str; 2]| json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": operations, "resources": ["pods"]});
    let jobs =
        json!({"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["jobs"]});
    let defaulted = |mut rule: Value| {
        rule["scope"] = json!("*");
        rule
    };
    let kind = "ValidatingWebhookConfiguration";
    let found = |live: Value| {
        let desired = hooks(json!([pods(["CREATE", "UPDATE"]), jobs]));
        builtin("admissionregistration.k8s.io/v1", kind, &desired, &hooks(live))
    };
    assert_eq!(
        found(json!([
            defaulted(jobs.clone()),
            defaulted(pods(["UPDATE", "CREATE"]))
        ])),
        NONE
    );
    assert_eq!(
        found(json!([jobs, pods(["CREATE", "DELETE"])])),
        ["changed /webhooks[name=a.example.com]/rules[1]/operations"]
    );
    assert_eq!(
        found(json!([jobs])),
        ["changed /webhooks[name=a.example.com]/rules"]
    );

    let role = |rules: Value| json!({"rules": rules});
    let (read, write) = (
        json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}),
        json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["update"]}),
    );
    let found = |live: Value| {
        let desired = role(json!([read, write]));
        builtin("rbac.authorization.k8s.io/v1", "Role", &desired, &role(live))
    };
    let mut reread = read.clone();
    reread["verbs"] = json!(["list", "get"]);
    assert_eq!(found(json!([write, reread])), NONE);
    reread["verbs"] = json!(["list", "delete"]);
    assert_eq!(found(json!([write, reread])), ["changed /rules[1]/verbs"]);

    let binding =
        |names: [&str; 2]| json!({"subjects": names.map(|name| json!({"kind": "User", "name": name}))});
    let found = |live: [&str; 2]| {
        builtin(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            &binding(["ann", "bob"]),
            &binding(live),
        )
    };
    assert_eq!(found(["bob", "ann"]), NONE);
    assert_eq!(found(["bob", "eve"]), ["changed /subjects[1]/name"]);
}

/// Regression: every cluster role's rules were taken for computed ones, not only those of aggregated roles, so that
/// rules in a role that the manifest leaves empty were not found.
#[test]
fn rules_added_to_an_empty_cluster_role() {
    let role = |rules: Value| json!({"rules": rules});
    let live = role(json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]));
    let found = |desired: Value| {
        builtin(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            &role(desired),
            &live,
        )
    };
    assert_eq!(found(json!([])), ["changed /rules"]);
    assert_eq!(found(Value::Null), NONE);
}

/// A controller that packs the subsets of Endpoints anew sorts them and everything in them.
#[test]
fn endpoints_come_back_sorted() {
    let endpoints = |addresses: [&str; 2], ports: [u16; 2]| {
        json!({"subsets": [{
            "addresses": addresses.map(|ip| json!({ "ip": ip })),
            "ports": ports.map(|port| json!({ "port": port }))}]})
    };
    let desired = endpoints(["10.0.0.9", "10.0.0.1"], [443, 80]);
    let found = |live: &Value| builtin("v1", "Endpoints", &desired, live);
    assert_eq!(found(&endpoints(["10.0.0.1", "10.0.0.9"], [80, 443])), NONE);
    assert_eq!(
        found(&endpoints(["10.0.0.1", "10.0.0.8"], [80, 443])),
        ["changed /subsets[0]/addresses[1]/ip"]
    );
}

/// A kind with these properties in its spec.
fn custom(properties: &Value) -> TypeTable {
    let document = json!({"components": {"schemas": {"Thing": {
        "type": "object",
        "properties": {"metadata": {"type": "object"}, "spec": {"type": "object", "properties": properties}},
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}]}}}});
    TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap()
}

const THING: (&str, &str) = ("example.com/v1", "Thing");

/// Regression: issuers write certificates back with their durations as Go prints them, which looked like a change.
#[test]
fn durations_that_a_controller_wrote_back() {
    let table = custom(&json!({"duration": {"type": "string"}}));
    let spec = |duration: &str| json!({"spec": {"duration": duration}});
    let found = |desired: &str, live: &str| changes(&table, THING, &spec(desired), &spec(live));
    assert_eq!(found("2160h", "2160h0m0s"), NONE);
    assert_eq!(found("2160h", "24h0m0s"), ["changed /spec/duration"]);
    assert_eq!(found("2160h", "129600m"), ["changed /spec/duration"]);
    // Text of built-in kinds is text.
    let config = |text: &str| json!({"data": {"timeout": text}});
    assert_eq!(
        builtin("v1", "ConfigMap", &config("1h"), &config("1h0m0s")),
        ["changed /data/timeout"]
    );
}

/// Regression: amounts of containers in a custom resource were compared as text unless its schema spelled out the
/// pattern of a quantity.
#[test]
fn amounts_of_containers_in_a_custom_resource() {
    let amounts = json!({"type": "object", "additionalProperties": {
        "anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true}});
    let resources = json!({"type": "object", "properties": {"limits": amounts}});
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let table = custom(&json!({"resources": resources, "template": free, "cpu": {"type": "string"}}));
    let found = |desired: &Value, live: &Value| {
        changes(&table, THING, &json!({"spec": desired}), &json!({"spec": live}))
    };
    let limits = |cpu: Value| json!({"resources": {"limits": {"cpu": cpu}}});
    assert_eq!(found(&limits(json!("100m")), &limits(json!("0.1"))), NONE);
    assert_eq!(found(&limits(json!(1)), &limits(json!("1000m"))), NONE);
    assert_eq!(
        found(&limits(json!("100m")), &limits(json!("200m"))),
        ["changed /spec/resources/limits/cpu"]
    );
    let template = |memory: &str| {
        json!({"template": {"spec": {"containers": [
        {"name": "a", "resources": {"requests": {"memory": memory}}}]}}})
    };
    assert_eq!(found(&template("1024Mi"), &template("1Gi")), NONE);
    assert_eq!(
        found(&template("1024Mi"), &template("2Gi")),
        ["changed /spec/template/spec/containers[0]/resources/requests/memory"]
    );
    assert_eq!(
        found(&json!({"cpu": "1000m"}), &json!({"cpu": "1"})),
        ["changed /spec/cpu"]
    );
}

/// Regression: a chart that sets both names of the account to different values drifted for ever.
#[test]
fn the_deprecated_name_of_a_service_account() {
    let template = |account: Value| json!({"spec": {"template": {"spec": account}}});
    let live = template(json!({"serviceAccount": "new", "serviceAccountName": "new"}));
    let found = |desired: Value| builtin("apps/v1", "Deployment", &template(desired), &live);
    assert_eq!(
        found(json!({"serviceAccount": "old", "serviceAccountName": "new"})),
        NONE
    );
    assert_eq!(found(json!({"serviceAccount": "new"})), NONE);
    assert_eq!(
        found(json!({"serviceAccount": "old"})),
        ["changed /spec/template/spec/serviceAccount"]
    );
    assert_eq!(
        found(json!({"serviceAccount": "old", "serviceAccountName": "old"})),
        ["changed /spec/template/spec/serviceAccountName"]
    );
    assert_eq!(
        found(json!({"serviceAccount": "new", "serviceAccountName": ""})),
        NONE
    );
}

/// Regression: a member that somebody added to a set inside of an atomic list was missed.
#[test]
fn a_member_added_to_a_set_in_an_atomic_list() {
    let job = |codes: &[u8]| {
        json!({"spec": {"podFailurePolicy": {"rules": [
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": codes}}]}}})
    };
    let found = |codes: &[u8]| builtin("batch/v1", "Job", &job(&[1, 2]), &job(codes));
    assert_eq!(found(&[2, 1]), NONE);
    let values = "/spec/podFailurePolicy/rules[0]/onExitCodes/values";
    assert_eq!(found(&[1, 2, 3]), [format!("changed {values}")]);
    assert_eq!(found(&[1]), [format!("removed {values}[=2]")]);
}

/// Regression: of several variables with one name only the last was compared, although the server had kept all of them.
#[test]
fn each_of_several_elements_with_one_key_is_compared() {
    let pod = |values: &[&str]| {
        let env = values.iter().map(|value| json!({"name": "A", "value": value}));
        json!({"spec": {"containers": [{"name": "app", "env": env.collect::<Vec<_>>()}]}})
    };
    let found = |live: &[&str]| builtin("v1", "Pod", &pod(&["1", "2"]), &pod(live));
    let element = "/spec/containers[name=app]/env[name=A]";
    assert_eq!(found(&["1", "2"]), NONE);
    assert_eq!(found(&["x", "2"]), [format!("changed {element}")]);
    assert_eq!(found(&["1", "x"]), [format!("changed {element}")]);
    assert_eq!(found(&["1", "2", "x"]), [format!("changed {element}/value")]);
    // The server or Helm's merge made one of them: the last counts.
    assert_eq!(found(&["2"]), NONE);
    assert_eq!(found(&["1"]), [format!("changed {element}/value")]);
    // The last of one name counts.
    assert_eq!(found(&["2", "1"]), ["changed /spec/containers[name=app]/env"]);
}

/// What one of several elements was in another revision is told by that element, and not by the last one.
#[test]
fn one_of_several_elements_in_other_revisions() {
    let pod = |values: [&str; 2]| {
        let env = values.map(|value| json!({"name": "A", "value": value}));
        json!({"spec": {"containers": [{"name": "app", "env": env}]}})
    };
    let shape = TypeTable::builtin().kind("v1", "Pod");
    for (previous, attempted, live, code) in [
        (["1", "2"], ["1", "2"], ["2", "2"], "changed"),
        (["0", "2"], ["1", "2"], ["0", "2"], "not-applied"),
        (["1", "2"], ["3", "2"], ["3", "2"], "half-upgraded"),
    ] {
        let changes = all_changes(
            shape,
            Versions {
                previous: Some(OfRevision {
                    revision: 1,
                    object: &pod(previous),
                }),
                desired: &pod(["1", "2"]),
                attempted: &[OfRevision {
                    revision: 3,
                    object: pod(attempted),
                }],
                live: &pod(live),
            },
        );
        let codes: Vec<&str> = changes.iter().map(|change| change.code.as_str()).collect();
        assert_eq!(codes, [code], "{live:?}");
    }
}

/// Regression: containers that run one after another in another order were in sync.
#[test]
fn the_order_of_what_runs_in_order() {
    let init = |names: &[&str]| {
        let list = names.iter().map(|name| json!({"name": name, "image": "a"}));
        json!({"spec": {"template": {"spec": {"initContainers": list.collect::<Vec<_>>()}}}})
    };
    let found = |live: &[&str]| builtin("apps/v1", "Deployment", &init(&["a", "b"]), &init(live));
    let path = "/spec/template/spec/initContainers";
    assert_eq!(found(&["a", "injected", "b"]), NONE);
    assert_eq!(found(&["b", "a"]), [format!("changed {path}")]);
    assert_eq!(found(&["a"]), [format!("removed {path}[name=b]")]);
    // Added to the end it would run too late.
    assert_eq!(found(&["b"]), [format!("changed {path}")]);

    let hooks = |names: [&str; 2]| json!({"webhooks": names.map(|name| json!({"name": name}))});
    let called = |kind: &str| {
        builtin(
            "admissionregistration.k8s.io/v1",
            kind,
            &hooks(["a", "b"]),
            &hooks(["b", "a"]),
        )
    };
    assert_eq!(called("MutatingWebhookConfiguration"), ["changed /webhooks"]);
    assert_eq!(called("ValidatingWebhookConfiguration"), NONE);
}
