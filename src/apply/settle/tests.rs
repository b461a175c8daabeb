//! Custom resources, created objects, and costly ones. `tests/fast/apply/settle.rs` holds the built-in kinds to what a real
//! API server answered.

use serde_json::{Value, json};

use super::super::{Manifest, Outcome, Written};
use super::{created, updated};
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::{Shape, TypeTable};

fn gvk(object: &Value) -> Gvk {
    Gvk::new(
        object["apiVersion"].as_str().unwrap(),
        object["kind"].as_str().unwrap(),
    )
}

fn custom_table() -> TypeTable {
    let document = json!({"components": {"schemas": {"com.example.v1.Widget": {
        "type": "object",
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}]},
            "spec": {"type": "object", "properties": {
                "size": {"type": "integer", "default": 3},
                "mode": {"type": "string"},
                "note": {"type": "string", "nullable": true},
                "parts": {"type": "array", "items": {"type": "object", "properties": {
                    "name": {"type": "string"}, "kind": {"type": "string", "default": "plain"}}}},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}},
            "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}}}}}}});
    TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap()
}

/// The spec of a custom resource, live and merged → as it is stored.
#[test]
fn a_schema_drops_and_fills() {
    let table = custom_table();
    let gvk = Gvk::new("example.com/v1", "Widget");
    let shape = table.kind("example.com/v1", "Widget");
    let widget = |spec: &Value| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec});
    let live = widget(&json!({"size": 5, "mode": "a"}));
    for (merged, stored) in [
        (json!({"mode": "a"}), json!({"mode": "a", "size": 3})),
        (json!({"mode": "", "size": 0}), json!({"mode": "", "size": 0})),
        (json!({"mode": null, "size": null}), json!({"size": 3})),
        (json!({"note": null, "size": 1}), json!({"note": null, "size": 1})),
        (json!({"size": 1, "sise": 2}), json!({"size": 1})),
        (
            json!({"size": 1, "free": {"x": 1}}),
            json!({"size": 1, "free": {"x": 1}}),
        ),
        (
            json!({"size": 1, "parts": [{"name": "a"}, {"name": "b", "kind": "fine", "other": 1}]}),
            json!({"size": 1, "parts": [{"name": "a", "kind": "plain"}, {"name": "b", "kind": "fine"}]}),
        ),
    ] {
        let outcome = updated(
            &gvk,
            shape,
            &live,
            widget(&merged),
            None,
            Manifest::Accepted,
            &Work::of_steps(10_000),
        );
        let Outcome::Written(Written { object, doubts, .. }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((&object["spec"], doubts.len()), (&stored, 0), "{merged}");
    }
}

/// Whether a status is the object's own depends on the definition of the kind.
#[test]
fn a_changed_status_of_a_custom_resource_is_doubted() {
    let table = custom_table();
    let gvk = Gvk::new("example.com/v1", "Widget");
    let widget =
        |ready: bool| json!({"apiVersion": "example.com/v1", "kind": "Widget", "status": {"ready": ready}});
    let outcome = updated(
        &gvk,
        table.kind("example.com/v1", "Widget"),
        &widget(true),
        widget(false),
        None,
        Manifest::Accepted,
        &Work::of_steps(10_000),
    );
    let Outcome::Written(Written { doubts, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(doubts[0].path.to_string(), "/status");
}

/// The rules of a role that gathers others come back as soon as they are gone.
#[test]
fn the_rules_of_an_aggregated_role_are_doubted() {
    let role = |rules: Value, selectors: Value| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": rules,
            "aggregationRule": selectors})
    };
    let selectors = json!({"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]});
    let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    for (merged, selectors, expected) in [
        (json!([]), selectors.clone(), &["/rules"][..]),
        (rules.clone(), selectors, &[]),
        (json!([]), json!(null), &[]),
    ] {
        let live = role(rules.clone(), selectors.clone());
        let shape = TypeTable::builtin().kind("rbac.authorization.k8s.io/v1", "ClusterRole");
        let merged = role(merged, selectors);
        let outcome = updated(
            &gvk(&live),
            shape,
            &live,
            merged,
            None,
            Manifest::Accepted,
            &Work::of_steps(100_000),
        );
        let Outcome::Written(Written { doubts, .. }) = outcome else {
            panic!("{outcome:?}");
        };
        let doubted: Vec<String> = doubts.iter().map(|doubt| doubt.path.to_string()).collect();
        assert_eq!(doubted, expected);
    }
}

/// Without a schema what appears may be dropped, and what goes may come back.
#[test]
fn without_facts_only_what_stays_a_field_is_certain() {
    let live = json!({"spec": {"a": 1, "b": {"c": 2}}});
    let merged = json!({"spec": {"a": 3, "b": {}, "d": 4}});
    let outcome = updated(
        &Gvk::new("example.com/v1", "Widget"),
        None,
        &live,
        merged.clone(),
        None,
        Manifest::Accepted,
        &Work::of_steps(10_000),
    );
    let Outcome::Written(Written { object, doubts, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(object, merged);
    let doubted: Vec<String> = doubts.iter().map(|doubt| doubt.path.to_string()).collect();
    assert_eq!(doubted, ["/spec/b/c", "/spec/d"]);
}

#[test]
fn what_is_created_has_its_defaults() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"app": "web"}}, "imaginary": 1,
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web"}]}}}});
    let shape: Option<Shape<'_>> = TypeTable::builtin().kind("apps/v1", "Deployment");
    let outcome = created(
        &gvk(&deployment),
        shape,
        &deployment,
        Manifest::Accepted,
        &Work::of_steps(10_000),
    );
    let Outcome::Created(object) = outcome else {
        panic!("{outcome:?}");
    };
    let spec = &object["spec"];
    assert_eq!(spec["replicas"], json!(1));
    assert_eq!(spec["strategy"]["rollingUpdate"]["maxSurge"], json!("25%"));
    assert_eq!(
        spec["template"]["spec"]["containers"][0]["imagePullPolicy"],
        json!("Always")
    );
    assert!(spec.get("imaginary").is_none());
}

/// What is rendered, or what failed before, was accepted by nobody yet.
#[test]
fn what_is_created_is_held_to_the_rules_that_do_not_need_a_live_object() {
    let deployment = |container: Value| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}}})
    };
    let config_map = |metadata: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    let service = |spec: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec});
    for (object, expected) in [
        (deployment(json!({"name": "web", "image": "web"})), None),
        (
            deployment(json!({"name": "web"})),
            Some("/spec/template/spec/containers[name=web]/image"),
        ),
        (
            deployment(
                json!({"name": "web", "image": "web", "volumeMounts": [{"name": "no", "mountPath": "/x"}]}),
            ),
            Some("/spec/template/spec/containers[name=web]/volumeMounts[mountPath=/x]/name"),
        ),
        (config_map(json!({"name": "web"})), None),
        (config_map(json!({"name": "My_Config"})), Some("/metadata/name")),
        (
            config_map(json!({"name": "web", "labels": {"x": "a b"}})),
            Some("/metadata/labels/x"),
        ),
        (service(json!({"ports": [{"port": 80}]})), None),
        (
            service(json!({"ports": [{"port": 80, "nodePort": 30080}], "type": "NodePort"})),
            None,
        ),
        (
            service(json!({"clusterIP": "None", "ports": [{"port": 80}]})),
            None,
        ),
        (
            service(json!({"type": "ExternalName", "externalName": "a.example"})),
            None,
        ),
        (service(json!({"selector": {"a": "b"}})), Some("/spec/ports")),
    ] {
        let gvk = gvk(&object);
        let shape = TypeTable::builtin().kind(&gvk.api_version, &gvk.kind);
        let refused = match created(&gvk, shape, &object, Manifest::Untried, &Work::of_steps(10_000)) {
            Outcome::Refused(refusal) => Some(refusal.path.to_string()),
            _ => None,
        };
        assert_eq!(refused.as_deref(), expected, "{object}");
    }
}

/// Work is proportional to the object, whatever is in it.
#[test]
fn a_hostile_object_takes_steps_by_its_size() {
    let items: Vec<Value> = (0..5_000)
        .map(|n| json!({"name": format!("v{}", n % 7), "hostPath": {"path": "/"}, "emptyDir": {}}))
        .collect();
    let pod = |volumes: &[Value]| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
        "containers": [{"name": "a", "image": "b"}], "volumes": volumes,
        "tolerations": volumes.iter().map(|_| json!({"key": "a"})).collect::<Vec<_>>()}})
    };
    let (live, merged) = (pod(&items), pod(&items[1..]));
    let work = Work::of_steps(10_000_000);
    let outcome = updated(
        &gvk(&live),
        TypeTable::builtin().kind("v1", "Pod"),
        &live,
        merged,
        None,
        Manifest::Accepted,
        &work,
    );
    assert!(matches!(outcome, Outcome::Refused(_)));
    assert!(work.taken() < 500_000, "{}", work.taken());
}

/// Whoever mends one rule wants to know the others, and what would be right.
#[test]
fn every_rule_that_is_broken_is_told_with_its_place_and_what_it_allows() {
    let document = json!({"components": {"schemas": {"com.example.v1.Widget": {
        "type": "object",
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
            "spec": {"type": "object", "properties": {
                "mode": {"type": "string", "enum": ["fast", "safe"]},
                "size": {"type": "integer", "minimum": 1}}}}}}}});
    let table = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"mode": "odd", "size": 0}});
    let gvk = gvk(&widget);
    let shape = table.kind(&gvk.api_version, &gvk.kind);
    let outcome = created(&gvk, shape, &widget, Manifest::Untried, &Work::of_steps(100_000));
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(refusal.path.to_string(), "/spec/mode");
    assert_eq!(
        refusal.sentence(),
        "the schema of the kind takes only certain values here (\"fast\", \"safe\"), and this is none of them; and the schema of \
         the kind demands a larger number here (at /spec/size)"
    );
}
