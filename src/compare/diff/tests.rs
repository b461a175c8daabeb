//! What a live object does not hold of what a manifest asks for, by the facts of the built-in kinds.

use super::*;
use crate::types::TypeTable;
use serde_json::json;

/// Kind, desired and live values → the paths that differ.
fn paths(api_version: &str, kind: &str, desired: &Value, live: &Value) -> Vec<String> {
    let shape = TypeTable::builtin().kind(api_version, kind);
    assert!(shape.is_some(), "{kind}");
    unsatisfied(desired, live, shape, &Work::of_steps(u64::MAX), &Room::default())
        .into_iter()
        .map(|difference| difference.path.to_string())
        .collect()
}

fn pod(container: &Value) -> Value {
    json!({"spec": {"containers": [container]}})
}

#[test]
fn zeros_mean_what_their_type_makes_of_them() {
    let none: [&str; 0] = [];
    let deployment = |spec: Value| json!({ "spec": spec });
    // A pointer: zero is meant.
    for live in [json!({"replicas": 1}), json!({})] {
        let found = paths(
            "apps/v1",
            "Deployment",
            &deployment(json!({"replicas": 0})),
            &deployment(live),
        );
        assert_eq!(found, ["/spec/replicas"]);
    }
    // Not a pointer: absent and server-chosen values agree, others do not.
    let service = |spec: Value| json!({ "spec": spec });
    let desired = service(json!({"clusterIP": "", "type": "", "publishNotReadyAddresses": false}));
    let live = service(json!({"clusterIP": "10.0.0.1", "type": "ClusterIP"}));
    assert_eq!(paths("v1", "Service", &desired, &live), none);
    let changed = service(json!({"clusterIP": "10.0.0.1", "publishNotReadyAddresses": true}));
    assert_eq!(
        paths("v1", "Service", &desired, &changed),
        ["/spec/publishNotReadyAddresses"]
    );
    let (desired, live) = (
        json!({"spec": {"hostNetwork": false}}),
        json!({"spec": {"hostNetwork": true}}),
    );
    assert_eq!(paths("v1", "Pod", &desired, &live), ["/spec/hostNetwork"]);
}

#[test]
fn keyed_lists_ignore_order_and_fill_in_their_keys() {
    let none: [&str; 0] = [];
    let desired = pod(&json!({"name": "a", "ports": [
        {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": ""}, {"containerPort": 80}]}));
    let live = pod(&json!({"name": "a", "ports": [
        {"containerPort": 80, "protocol": "TCP"}, {"containerPort": 53, "protocol": "TCP"},
        {"containerPort": 53, "protocol": "UDP"}]}));
    assert_eq!(paths("v1", "Pod", &desired, &live), none);
    let fewer = pod(&json!({"name": "a", "ports": [{"containerPort": 53, "protocol": "TCP"}]}));
    assert_eq!(
        paths("v1", "Pod", &desired, &fewer),
        [
            "/spec/containers[name=a]/ports[containerPort=53,protocol=UDP]",
            "/spec/containers[name=a]/ports[containerPort=80,protocol=TCP]"
        ]
    );
}

#[test]
fn the_last_of_duplicate_keys_counts_unless_the_server_kept_them_apart() {
    let none: [&str; 0] = [];
    let env = |values: &[&str]| {
        let env: Vec<Value> = values
            .iter()
            .map(|value| json!({"name": "A", "value": value}))
            .collect();
        pod(&json!({"name": "a", "env": env}))
    };
    for (desired, live, expected) in [
        (&["1", "2"][..], &["1", "2"][..], &none[..]),
        (&["1", "2"], &["2"], &none),
        (
            &["1", "2"],
            &["1"],
            &["/spec/containers[name=a]/env[name=A]/value"],
        ),
        (
            &["1", "2"],
            &["1", "3"],
            &["/spec/containers[name=a]/env[name=A]"],
        ),
    ] {
        assert_eq!(
            paths("v1", "Pod", &env(desired), &env(live)),
            expected,
            "{desired:?} {live:?}"
        );
    }
}

#[test]
fn an_element_more_with_the_key_of_another_is_found() {
    let ports = |names: &[&str]| {
        let ports: Vec<Value> = names
            .iter()
            .map(|name| json!({"name": name, "containerPort": 80}))
            .collect();
        pod(&json!({"name": "a", "ports": ports}))
    };
    let name = ["/spec/containers[name=a]/ports[containerPort=80,protocol=TCP]/name"];
    let none: [&str; 0] = [];
    for (live, expected) in [
        (&["http", "admin"][..], &name[..]),
        (&["admin", "http"], &name),
        (&["http", "http"], &none),
    ] {
        let found = paths("v1", "Pod", &ports(&["http"]), &ports(live));
        assert_eq!(found, expected, "{live:?}");
    }
}

#[test]
fn atomic_lists_count_as_a_whole_and_in_order() {
    let args = |args: Value| pod(&json!({"name": "a", "args": args}));
    for live in [
        json!(["b", "a"]),
        json!(["a"]),
        json!(["a", "b", "c"]),
        json!(["a", ""]),
    ] {
        let found = paths("v1", "Pod", &args(json!(["a", "b"])), &args(live));
        assert_eq!(found, ["/spec/containers[name=a]/args"]);
    }
    let rules = |port: u16| {
        json!({"spec": {"rules": [{"http": {"paths": [{"path": "/", "backend": {"service": {
            "name": "web", "port": {"number": port}}}}]}}]}})
    };
    assert_eq!(
        paths("networking.k8s.io/v1", "Ingress", &rules(80), &rules(81)),
        ["/spec/rules[0]/http/paths[0]/backend/service/port/number"]
    );
}

#[test]
fn what_is_added_in_an_atomic_list_changes_it() {
    let none: [&str; 0] = [];
    let role = |rule: Value| json!({ "rules": [rule] });
    let secrets = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]});
    let mut narrowed = secrets.clone();
    narrowed["resourceNames"] = json!(["one"]);
    let found = |desired: &Value, live: &Value| {
        let (desired, live) = (role(desired.clone()), role(live.clone()));
        paths("rbac.authorization.k8s.io/v1", "Role", &desired, &live)
    };
    assert_eq!(found(&secrets, &narrowed), ["/rules[0]"]);
    assert_eq!(found(&narrowed, &secrets), ["/rules[0]/resourceNames"]);

    let policy = |ingress: Value| json!({"spec": {"ingress": [ingress]}});
    let found = |desired: Value, live: Value| {
        paths(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            &policy(desired),
            &policy(live),
        )
    };
    // What the server fills in is no addition.
    assert_eq!(
        found(
            json!({"ports": [{"port": 80}]}),
            json!({"ports": [{"port": 80, "protocol": "TCP"}]})
        ),
        none
    );
    assert_eq!(
        found(
            json!({"ports": [{"port": 80}]}),
            json!({"ports": [{"port": 80, "protocol": "TCP", "endPort": 90}]})
        ),
        ["/spec/ingress[0]/ports[0]"]
    );
    assert_eq!(
        found(json!({}), json!({"from": [{"podSelector": {}}]})),
        ["/spec/ingress[0]"]
    );

    let claims = |claim: Value| json!({"spec": {"volumeClaimTemplates": [claim]}});
    let desired = claims(json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}));
    let mut live = claims(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "creationTimestamp": null},
        "spec": {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"}, "status": {"phase": "Pending"}}));
    assert_eq!(paths("apps/v1", "StatefulSet", &desired, &live), none);
    live["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"] = json!({"a": "b"});
    assert_eq!(
        paths("apps/v1", "StatefulSet", &desired, &live),
        ["/spec/volumeClaimTemplates[0]/metadata"]
    );
}

#[test]
fn an_empty_atomic_list_is_meant_empty() {
    let service = |ranges: Value| json!({"spec": {"loadBalancerSourceRanges": ranges}});
    let found = |live: Value| paths("v1", "Service", &service(json!([])), &live);
    assert_eq!(
        found(service(json!(["10.0.0.0/8"]))),
        ["/spec/loadBalancerSourceRanges"]
    );
    assert_eq!(found(service(Value::Null)), Vec::<String>::new());
    // Others may add where lists merge, and the server where it fills in.
    for (field, filled) in [
        ("imagePullSecrets", json!([{"name": "pull"}])),
        ("secrets", json!([{"name": "token"}])),
    ] {
        let (desired, live) = (json!({ field: [] }), json!({ field: filled }));
        assert_eq!(
            paths("v1", "ServiceAccount", &desired, &live),
            Vec::<String>::new()
        );
    }
    let (desired, live) = (
        json!({"spec": {"clusterIPs": []}}),
        json!({"spec": {"clusterIPs": ["10.0.0.1"]}}),
    );
    assert_eq!(paths("v1", "Service", &desired, &live), Vec::<String>::new());
}

#[test]
fn admission_appends_tolerations_to_pods_and_to_nothing_else() {
    let none: [&str; 0] = [];
    let desired = json!([{"key": "a", "operator": "Exists"}]);
    let lost = json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
        "tolerationSeconds": 300});
    let live = json!([{"key": "a", "operator": "Exists"}, lost]);
    let pod = |tolerations: &Value| json!({"spec": {"tolerations": tolerations}});
    assert_eq!(paths("v1", "Pod", &pod(&desired), &pod(&live)), none);
    assert_eq!(paths("v1", "Pod", &pod(&json!([])), &pod(&live)), none);
    assert_eq!(
        paths("v1", "Pod", &pod(&desired), &pod(&json!([lost]))),
        ["/spec/tolerations[0]"]
    );
    // Somebody else's, after admission's.
    let extra = json!([{"key": "a", "operator": "Exists"}, lost, {"operator": "Exists"}]);
    assert_eq!(
        paths("v1", "Pod", &pod(&desired), &pod(&extra)),
        ["/spec/tolerations"]
    );
    let set = |tolerations: &Value| json!({"spec": {"template": pod(tolerations)}});
    assert_eq!(
        paths("apps/v1", "DaemonSet", &set(&desired), &set(&live)),
        ["/spec/template/spec/tolerations"]
    );
}

#[test]
fn metrics_of_an_autoscaler_may_come_back_in_another_order() {
    let metric = |name: &str| {
        json!({"type": "Resource", "resource": {"name": name, "target": {
            "type": "Utilization", "averageUtilization": 80}}})
    };
    let metrics = |names: &[&str]| {
        let metrics: Vec<Value> = names.iter().map(|name| metric(name)).collect();
        json!({"spec": { "metrics": metrics }})
    };
    let found = |live: &[&str]| {
        paths(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            &metrics(&["memory", "cpu"]),
            &metrics(live),
        )
    };
    assert_eq!(found(&["cpu", "memory"]), Vec::<String>::new());
    assert_eq!(found(&["cpu", "disk"]).len(), 1);
}

#[test]
fn keys_with_a_dollar_are_fields_unless_they_are_directives() {
    let desired =
        json!({"spec": {"$patch": "replace", "$setElementOrder/list": [1], "schema": {"$ref": "#/a"}}});
    let live = json!({"spec": {"schema": {"$ref": "#/b"}}});
    let found = unsatisfied(&desired, &live, None, &Work::of_steps(10_000), &Room::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path.to_string(), "/spec/schema/$ref");
}

#[test]
fn the_server_completes_the_requests_of_a_limit_range_key_by_key() {
    let limits = |requests: Value| {
        json!({"spec": {"limits": [{"type": "Container", "default": {"cpu": "1", "memory": "1Gi"},
                                    "defaultRequest": requests}]}})
    };
    let desired = limits(json!({"cpu": "500m"}));
    let found = |live: Value| paths("v1", "LimitRange", &desired, &limits(live));
    assert_eq!(
        found(json!({"cpu": "500m", "memory": "1Gi"})),
        Vec::<String>::new()
    );
    assert_eq!(
        found(json!({"cpu": "2", "memory": "1Gi"})),
        ["/spec/limits[0]/defaultRequest/cpu"]
    );
}

#[test]
fn null_asks_for_nothing_and_unknown_fields_are_the_servers_to_drop() {
    let desired = json!({"metadata": {"labels": null}, "spec": {"replicas": null, "selectors": {"a": 1}}});
    let live = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 3}});
    let shape = TypeTable::builtin().kind("apps/v1", "Deployment");
    let found = unsatisfied(&desired, &live, shape, &Work::of_steps(10_000), &Room::default());
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].path.to_string().as_str(), found[0].kind),
        ("/spec/selectors", DifferenceKind::UndeclaredField)
    );
}

#[test]
fn floats_of_a_schema_hold_what_a_float_can() {
    let crd = |maximum: Value| json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"maximum": maximum}}}]}});
    let (desired, live) = (
        crd(json!(9_007_199_254_740_993_i64)),
        crd(json!(9_007_199_254_740_992_i64)),
    );
    assert_eq!(
        paths(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            &desired,
            &live
        ),
        Vec::<String>::new()
    );
}

/// What lives, and what a manifest has there → what of it the API server did not choose by itself.
#[test]
fn what_the_server_chooses_by_itself_is_no_part_of_what_was_asked_for() {
    let service = TypeTable::builtin().kind("v1", "Service");
    let work = Work::of_steps(u64::MAX);
    let live = json!({"spec": {"clusterIP": "10.0.0.1", "type": "NodePort", "ports": [
        {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web"}]}});
    let port = |port: Value| json!({"spec": {"type": "NodePort", "ports": [port]}});
    for (other, asked_for) in [
        // What has no fixed default may be the server's, too.
        (
            port(json!({"name": "http", "port": 80})),
            port(json!({"name": "http", "port": 80})),
        ),
        (
            port(json!({"name": "http", "port": 80, "protocol": "UDP", "targetPort": "web"})),
            port(json!({"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web"})),
        ),
        (json!({}), json!({"spec": live["spec"]})),
    ] {
        assert_eq!(
            without_servers_choices(&live, Some(&other), service, &work),
            asked_for,
            "{other}"
        );
    }
    assert_eq!(without_servers_choices(&live, None, service, &work), live);
}
