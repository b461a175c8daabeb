//! Objects in the short form of the table, made whole: `StatefulSet/db {spec: {serviceName: a}}`.
//!
//! What is written there is merged over the least that an object of the kind needs.

use driftline::yaml::{Limits, parse_document};
use serde_json::{Value, json};

/// The whole object.
pub(super) fn whole(name: &str, body: &str) -> Value {
    let (kind, name) = name.split_once('/').expect("an object is `Kind/name`");
    let mut object = least(kind, name);
    object["kind"] = kind.into();
    object["metadata"]["name"] = name.into();
    if !body.is_empty() {
        let body = parse_document(body, &Limits::default())
            .unwrap_or_else(|error| panic!("{kind}/{name}: {error}: {body}"));
        let schema = body.get("schema").cloned();
        merge(&mut object, body);
        if let (Some(schema), Some(fields)) = (schema, object.as_object_mut()) {
            fields.remove("schema");
            change_schema(&mut object, &schema);
        }
    }
    object
}

/// Objects as one YAML file.
pub(super) fn manifest(objects: &[Value]) -> String {
    objects
        .iter()
        .fold(String::new(), |text, object| format!("{text}---\n{object:#}\n"))
}

/// The API version of a kind; custom resources are told apart by the group.
fn api_version(kind: &str) -> &'static str {
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        "Ingress" | "IngressClass" | "NetworkPolicy" => "networking.k8s.io/v1",
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => "rbac.authorization.k8s.io/v1",
        "StorageClass" => "storage.k8s.io/v1",
        "PriorityClass" => "scheduling.k8s.io/v1",
        "EndpointSlice" => "discovery.k8s.io/v1",
        "HorizontalPodAutoscaler" => "autoscaling/v2",
        "PodDisruptionBudget" => "policy/v1",
        "CustomResourceDefinition" => "apiextensions.k8s.io/v1",
        "Gadget" => "{ns}.example.com/v1",
        "Widget" => "preview.example.com/v1",
        _ => "v1",
    }
}

fn least(kind: &str, name: &str) -> Value {
    let labels = json!({"app": name});
    let pod = json!({"containers": [{"name": "app", "image": "registry.example.com/app:1"}]});
    let mut once = pod.clone();
    once["restartPolicy"] = "Never".into();
    let of_template = |pod: &Value| json!({"metadata": {"labels": labels}, "spec": pod});
    let workload = json!({"selector": {"matchLabels": labels}, "template": of_template(&pod)});
    let mut object = match kind {
        "Deployment" | "DaemonSet" | "ReplicaSet" => json!({"spec": workload}),
        "StatefulSet" => {
            let mut spec = workload;
            spec["serviceName"] = name.into();
            json!({"spec": spec})
        }
        "Pod" => json!({"spec": pod}),
        "Job" => json!({"spec": {"template": {"spec": once}}}),
        "CronJob" => json!({"spec": {"schedule": "0 3 * * *",
            "jobTemplate": {"spec": {"template": {"spec": once}}}}}),
        "Service" => json!({"spec": {"selector": labels, "ports": [{"name": "http", "port": 80}]}}),
        "PersistentVolumeClaim" => json!({"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "",
            "resources": {"requests": {"storage": "1Gi"}}}}),
        "PersistentVolume" => json!({"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "",
            "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/tmp/preview"},
            "persistentVolumeReclaimPolicy": "Retain"}}),
        "Ingress" => {
            json!({"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}})
        }
        "RoleBinding" | "ClusterRoleBinding" => json!({"subjects": [],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}}),
        "StorageClass" => json!({"provisioner": "preview.example.com/disk"}),
        "IngressClass" => json!({"spec": {"controller": "preview.example.com/ingress"}}),
        "PriorityClass" => json!({"value": 1}),
        "NetworkPolicy" => json!({"spec": {"podSelector": {}}}),
        "EndpointSlice" => json!({"addressType": "IPv4", "endpoints": []}),
        "PodDisruptionBudget" => json!({"spec": {"selector": {"matchLabels": labels}}}),
        "HorizontalPodAutoscaler" => json!({"spec": {"maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}}}),
        "CustomResourceDefinition" => definition(name),
        _ => json!({}),
    };
    object["apiVersion"] = api_version(kind).into();
    object
}

/// A definition named `PLURAL.GROUP`, of a kind that is the singular with a capital letter.
fn definition(name: &str) -> Value {
    let (plural, group) = name.split_once('.').expect("a definition has a group");
    let singular = plural.trim_end_matches('s');
    let kind = singular[..1].to_uppercase() + &singular[1..];
    json!({"spec": {"group": group, "scope": "Namespaced",
    "names": {"kind": kind, "plural": plural, "singular": singular, "listKind": format!("{kind}List")},
    "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {
            "size": {"type": "integer"},
            "note": {"type": "string"},
            "extra": {"type": "string"},
            "class": {"type": "string",
                "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "class is immutable"}]},
            "items": {"type": "array", "items": {"type": "string"}},
        }}},
    }}}]}})
}

/// Changes what a definition says of the `spec` of its objects in its first version; null takes a part away.
fn change_schema(definition: &mut Value, schema: &Value) {
    let of_spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    let of_spec = definition
        .pointer_mut(of_spec)
        .expect("a definition has a schema");
    json_patch::merge(of_spec, schema);
}

/// Merges maps deeply; anything else replaces what was there.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
