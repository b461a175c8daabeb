//! What a manager added to objects of the built-in kinds, by the set of fields that it owns.

use super::*;
use crate::compare::managed_fields::Live;
use crate::types::TypeTable;
use serde_json::json;

/// Kind, the set of one manager, desired and live values → the paths that were added.
fn paths(api_version: &str, kind: &str, fields: &Value, desired: &Value, live: &Value) -> Vec<String> {
    paths_of(
        TypeTable::builtin().kind(api_version, kind),
        fields,
        desired,
        live,
    )
}

/// The same for an object of any shape.
fn paths_of(shape: Option<Shape<'_>>, fields: &Value, desired: &Value, live: &Value) -> Vec<String> {
    let mut object = live.clone();
    object["metadata"]["managedFields"] =
        json!([{"manager": "m", "operation": "Update", "fieldsV1": fields}]);
    let text = object.to_string();
    let live = Live::parse(&text).unwrap();
    let object = ComparedObject {
        shape,
        desired,
        live: &live.object,
    };
    let work = Work::of_steps(u64::MAX);
    let lists = ListIndexes::new(&work);
    additions(
        &live.managed[0],
        Provenance::Editor,
        object,
        &lists,
        &Room::default(),
    )
    .into_iter()
    .map(|addition| {
        assert_eq!(live.object.pointer(&addition.pointer), Some(addition.live));
        addition.path.to_string()
    })
    .collect()
}

#[test]
fn a_field_that_only_another_manager_owns_was_added() {
    let fields = json!({"f:metadata": {"f:labels": {"f:team": {}, "f:app": {}}, "f:generation": {}},
        "f:spec": {"f:paused": {}, "f:template": {"f:spec": {
            "f:containers": {
                "k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}, "f:env": {".": {},
                    "k:{\"name\":\"DEBUG\"}": {".": {}, "f:name": {}, "f:value": {}}}},
                "k:{\"name\":\"sidecar\"}": {".": {}, "f:name": {}, "f:image": {}, "f:imagePullPolicy": {}}},
            "f:nodeSelector": {}, "f:restartPolicy": {}, "f:dnsPolicy": {}, "f:tolerations": {}}}},
        "f:status": {"f:replicas": {}}});
    let desired = json!({"metadata": {"labels": {"app": "web"}},
        "spec": {"template": {"spec": {"nodeSelector": {"disk": "ssd"},
            "containers": [{"name": "app", "image": "a"}]}}}});
    let live = json!({"metadata": {"labels": {"app": "web", "team": "blue"}, "generation": 2},
        "spec": {"paused": true, "template": {"spec": {"restartPolicy": "Always", "dnsPolicy": "Default",
            "nodeSelector": {"disk": "ssd", "zone": "a"}, "tolerations": [{"operator": "Exists"}],
            "containers": [
                {"name": "sidecar", "image": "s", "imagePullPolicy": "IfNotPresent"},
                {"name": "app", "image": "a", "env": [{"name": "DEBUG", "value": "1"}]}]}}},
        "status": {"replicas": 1}});
    let found = paths("apps/v1", "Deployment", &fields, &desired, &live);
    let pod = "/spec/template/spec";
    assert_eq!(
        found,
        [
            "/metadata/labels/team".to_owned(),
            "/spec/paused".to_owned(),
            format!("{pod}/containers[name=app]/env[name=DEBUG]"),
            format!("{pod}/containers[name=sidecar]"),
            // Not the default policy.
            format!("{pod}/dnsPolicy"),
            // Owned as a whole: the key beside the manifest's.
            format!("{pod}/nodeSelector/zone"),
            format!("{pod}/tolerations"),
        ]
    );
}

#[test]
fn maps_are_reported_key_by_key_and_sets_member_by_member() {
    let fields = json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"a\"": {}, "v:\"b\"": {}}},
        "f:data": {".": {}, "f:x": {}, "f:y": {}}});
    let live = json!({"metadata": {"finalizers": ["a", "b"]}, "data": {"x": "1", "y": "2"}});
    let desired = json!({"metadata": {"finalizers": ["a"]}});
    assert_eq!(
        paths("v1", "ConfigMap", &fields, &desired, &live),
        ["/data/x", "/data/y", "/metadata/finalizers[=b]"]
    );
}

/// What is left of a set whose members somebody else replaced looks like that of an atomic value.
#[test]
fn an_emptied_set_of_a_list_or_map_owns_nothing_in_it() {
    let fields = json!({"f:data": {}});
    let live = json!({"metadata": {}, "data": {"x": "1"}});
    assert_eq!(
        paths("v1", "ConfigMap", &fields, &json!({"data": {"y": "1"}}), &live),
        Vec::<String>::new()
    );
    for desired in [json!({}), json!({"data": {}})] {
        assert_eq!(
            paths("v1", "ConfigMap", &fields, &desired, &live),
            Vec::<String>::new()
        );
    }
    // A selector is atomic, ports are not.
    let fields = json!({"f:spec": {"f:ports": {}, "f:selector": {}}});
    let desired = json!({"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}});
    let live = json!({"metadata": {},
        "spec": {"ports": [{"port": 81, "protocol": "UDP"}], "selector": {"a": "b", "c": "d"}}});
    assert_eq!(
        paths("v1", "Service", &fields, &desired, &live),
        ["/spec/selector/c"]
    );
}

#[test]
fn rules_in_another_order_add_nothing_to_each_other() {
    let fields = json!({"f:rules": {}});
    let get = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]});
    let update =
        json!({"apiGroups": [""], "resources": ["leases"], "verbs": ["update"], "resourceNames": ["a"]});
    let url = json!({"nonResourceURLs": ["/metrics"], "verbs": ["get"]});
    let desired = json!({"rules": [get, update, url]});
    let live = json!({"metadata": {}, "rules": [url, get, update]});
    assert_eq!(
        paths(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            &fields,
            &desired,
            &live
        ),
        Vec::<String>::new()
    );
}

#[test]
fn the_second_name_of_an_account_is_no_addition() {
    let fields = json!({"f:spec": {"f:serviceAccount": {}, "f:serviceAccountName": {}}});
    let desired = json!({"spec": {"serviceAccountName": "own"}});
    let live = json!({"metadata": {}, "spec": {"serviceAccount": "other", "serviceAccountName": "other"}});
    assert_eq!(paths("v1", "Pod", &fields, &desired, &live), Vec::<String>::new());
    // Where the chart names none, the first name says it.
    assert_eq!(
        paths("v1", "Pod", &fields, &json!({"spec": {}}), &live),
        ["/spec/serviceAccountName"]
    );
}

#[test]
fn the_status_of_a_claim_template_is_no_addition() {
    let fields = json!({"f:spec": {"f:volumeClaimTemplates": {}}});
    let claim = json!({"metadata": {"name": "data"}});
    let desired = json!({"spec": {"volumeClaimTemplates": [claim]}});
    let mut live = desired.clone();
    live["metadata"] = json!({});
    live["spec"]["volumeClaimTemplates"][0]["status"] = json!({"phase": "Pending"});
    assert_eq!(
        paths("apps/v1", "StatefulSet", &fields, &desired, &live),
        Vec::<String>::new()
    );
}

#[test]
fn zeros_that_somebody_wrote_are_additions_and_defaults_are_not() {
    let fields = json!({"f:metadata": {"f:labels": {"f:empty": {}}},
        "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {
            "f:automountServiceAccountToken": {}, "f:securityContext": {}, "f:terminationGracePeriodSeconds": {}}}}});
    let live = json!({"metadata": {"labels": {"empty": ""}},
        "spec": {"replicas": 1, "template": {"spec": {
            "automountServiceAccountToken": false, "securityContext": {}, "terminationGracePeriodSeconds": 30}}}});
    let desired = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"template": {"spec": {}}}});
    assert_eq!(
        paths("apps/v1", "Deployment", &fields, &desired, &live),
        [
            "/metadata/labels/empty",
            "/spec/template/spec/automountServiceAccountToken"
        ]
    );
}

#[test]
fn a_pull_policy_that_follows_from_the_tag_is_no_addition() {
    let at = |image: &str, policy: &str| {
        let fields = json!({"f:spec": {"f:containers": {
            "k:{\"name\":\"app\"}": {"f:imagePullPolicy": {}}}}});
        let desired = json!({"spec": {"containers": [{"name": "app", "image": image}]}});
        let live = json!({"metadata": {}, "spec": {"containers": [
            {"name": "app", "image": image, "imagePullPolicy": policy}]}});
        paths("v1", "Pod", &fields, &desired, &live).len()
    };
    for (image, policy, additions) in [
        ("registry:5000/app:1", "IfNotPresent", 0),
        ("registry:5000/app:1", "Always", 1),
        ("registry:5000/app", "Always", 0),
        ("registry:5000/app", "IfNotPresent", 1),
        ("app:latest", "Always", 0),
        ("app:latest@sha256:1", "Always", 0),
        ("app@sha256:1", "IfNotPresent", 0),
        ("app:1", "Never", 1),
    ] {
        assert_eq!(at(image, policy), additions, "{image} {policy}");
    }
}

#[test]
fn a_set_that_is_out_of_date_adds_nothing() {
    let fields = json!({"f:data": {"f:gone": {}}, "f:spec": {"f:list": {"k:{\"name\":\"a\"}": {".": {}}}}});
    let live = json!({"metadata": {}, "data": {"x": "1"}});
    assert_eq!(
        paths("v1", "ConfigMap", &fields, &json!({}), &live),
        Vec::<String>::new()
    );
}

/// An HTTP route as the Gateway API has it: its rules are one value to managed fields.
fn route_table() -> TypeTable {
    let headers = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"},
            "type": {"type": "string"}}}});
    let set = json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}});
    let rule = json!({"type": "object", "properties": {"add": headers, "methods": set}});
    let schema = json!({"components": {"schemas": {"HTTPRoute": {"type": "object",
        "properties": {"metadata": {"type": "object"}, "spec": {"type": "object", "properties": {"rules": {
            "type": "array", "x-kubernetes-list-type": "atomic", "items": rule}}}},
        "x-kubernetes-group-version-kind": [
            {"group": "gateway.networking.k8s.io", "version": "v1", "kind": "HTTPRoute"}]}}}});
    TypeTable::from_openapi_v3(schema.to_string().as_bytes()).unwrap()
}

/// Regression: in a list that managed fields know as one value, a header and a method that somebody added were missed,
/// and headers in another order counted as additions to each other.
#[test]
fn elements_added_inside_of_a_list_that_is_owned_as_a_whole() {
    let table = route_table();
    let (a, b) = (
        json!({"name": "a", "value": "1"}),
        json!({"name": "b", "value": "2", "type": "Exact"}),
    );
    let rule = |headers: &[&Value], methods: &[&str]| json!({"metadata": {}, "spec": {"rules": [{"add": headers, "methods": methods}]}});
    let desired = rule(&[&a, &b], &["GET"]);
    let c = json!({"name": "c", "value": "3"});
    for (live, added) in [
        (rule(&[&a, &b], &["GET"]), &[][..]),
        (rule(&[&b, &a], &["GET"]), &[]),
        (rule(&[&c, &b, &a], &["GET"]), &["/spec/rules[0]/add[name=c]"]),
        (
            rule(&[&a, &b], &["POST", "GET"]),
            &["/spec/rules[0]/methods[=POST]"],
        ),
    ] {
        let fields = json!({"f:spec": {"f:rules": {}}});
        let shape = table.kind("gateway.networking.k8s.io/v1", "HTTPRoute");
        assert_eq!(paths_of(shape, &fields, &desired, &live), added, "{live}");
    }
}

/// The status of a custom resource without that subresource is data like all other.
#[test]
fn a_status_that_is_data_can_be_added_to() {
    let at = |path: &str| {
        json!({"get": {"x-kubernetes-group-version-kind":
        {"group": "example.com", "version": "v1", "kind": path}}})
    };
    let schema = |kind: &str| {
        json!({"type": "object", "properties": {"metadata": {"type": "object"},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}}},
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": kind}]})
    };
    let document = json!({
        "paths": {
            "/apis/example.com/v1/namespaces/{namespace}/plain/{name}": at("Plain"),
            "/apis/example.com/v1/namespaces/{namespace}/apart/{name}": at("Apart"),
            "/apis/example.com/v1/namespaces/{namespace}/apart/{name}/status": at("Apart")},
        "components": {"schemas": {"Plain": schema("Plain"), "Apart": schema("Apart"), "Unserved": schema("Unserved")}}});
    let table = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
    let fields = json!({"f:status": {"f:phase": {}}});
    let live = json!({"metadata": {}, "status": {"phase": "Done"}});
    for (kind, added) in [
        ("Plain", &["/status/phase"][..]),
        ("Apart", &[]),
        ("Unserved", &[]),
    ] {
        let shape = table.kind("example.com/v1", kind);
        assert_eq!(paths_of(shape, &fields, &json!({}), &live), added, "{kind}");
    }
}

/// Regression: of a Secret that somebody applied server-side, the set of its writer names `stringData`, and its keys were
/// nobody's.
#[test]
fn a_key_that_was_applied_as_text_is_in_the_data() {
    let fields = json!({"f:stringData": {"f:mine": {}, "f:password": {}}});
    let desired = json!({"data": {"password": "YQ=="}});
    let live = json!({"data": {"password": "YQ==", "mine": "Yg=="}});
    assert_eq!(paths("v1", "Secret", &fields, &desired, &live), ["/data/mine"]);
}

/// Regression: a default that is an object gets the defaults of its own fields, and was an addition then.
#[test]
fn a_default_with_defaults_in_it_is_no_addition() {
    let document = json!({"components": {"schemas": {"x": {
        "type": "object",
        "x-kubernetes-group-version-kind": [{"group": "x.example", "version": "v1", "kind": "Trinket"}],
        "properties": {
            "metadata": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
            "ref": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
                "name": {"type": "string"},
                "sub": {"type": "object", "default": {"z": 1}, "properties": {
                    "z": {"type": "integer"}, "y": {"type": "integer", "default": 4},
                    "x": {"type": "integer"}}}}}}}}}});
    let table = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
    let shape = table.kind("x.example/v1", "Trinket");
    let fields = json!({"f:ref": {}});
    let desired = json!({"ref": {"name": "a"}});
    for (sub, added) in [
        (json!({"z": 1, "y": 4}), &[][..]),
        (json!({"z": 1}), &[][..]),
        (json!({"z": 2, "y": 4}), &["/ref/sub"]),
        (json!({"z": 1, "y": 5}), &["/ref/sub"]),
        (json!({"z": 1, "y": 4, "x": 1}), &["/ref/sub"]),
    ] {
        let live = json!({"ref": {"name": "a", "sub": sub}});
        assert_eq!(paths_of(shape, &fields, &desired, &live), added, "{live}");
    }
}
