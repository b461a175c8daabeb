//! What the strategies of single kinds do to an object before it is stored (Kubernetes: `pkg/registry/*/*/strategy.go`,
//! `PrepareForUpdate`), and defaults that concern the object as a whole.

use serde_json::{Map, Value, json};

use super::values::{at, put, same};
use crate::object::Gvk;
use crate::types::{Shape, is_zero};

/// Metadata that only the API server writes (apiserver: `pkg/registry/rest/update.go`, `BeforeUpdate`).
const SERVER_METADATA: [&str; 9] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "name",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What a write through the object itself does not change, by kind: the place whose live value stays.
const KEPT: [(&str, &str, &[&str]); 3] = [
    ("v1", "Namespace", &["spec"]),
    ("certificates.k8s.io/v1", "CertificateSigningRequest", &["spec"]),
    ("v1", "Node", &["spec", "configSource"]),
];

/// Puts back what a write through the object itself does not change.
pub(super) fn keep_servers(gvk: &Gvk, shape: Option<Shape<'_>>, live: &Value, object: &mut Value) {
    for name in SERVER_METADATA {
        put(object, &["metadata", name], at(live, &["metadata", name]));
    }
    if !shape.is_some_and(Shape::is_builtin) {
        return;
    }
    put(object, &["status"], at(live, &["status"]));
    for (api_version, kind, path) in KEPT {
        if (api_version, kind) == (gvk.api_version.as_str(), gvk.kind.as_str()) {
            put(object, path, at(live, path));
        }
    }
}

/// Fills in what depends on the object as a whole (`SetDefaults_Namespace`, `SetDefaults_Job`,
/// `SetDefaults_ReplicationController`, `SetDefaults_PersistentVolumeClaim`, `SetDefaults_LimitRangeItem`).
pub(super) fn fill_whole(gvk: &Gvk, object: &mut Value) {
    match (gvk.group(), gvk.kind.as_str()) {
        ("", "Namespace") => {
            let name = at(object, &["metadata", "name"]).cloned();
            put(
                object,
                &["metadata", "labels", "kubernetes.io/metadata.name"],
                name.as_ref(),
            );
        }
        ("batch", "Job") => {
            let labels = at(object, &["spec", "template", "metadata", "labels"]).cloned();
            if at(object, &["metadata", "labels"]).is_none_or(is_zero) {
                put(object, &["metadata", "labels"], labels.as_ref());
            }
        }
        ("", "ReplicationController") => {
            let labels = at(object, &["spec", "template", "metadata", "labels"]).cloned();
            for place in [&["metadata", "labels"], &["spec", "selector"]] {
                if at(object, place).is_none_or(is_zero) {
                    put(object, place, labels.as_ref());
                }
            }
        }
        ("apps", "StatefulSet") => {
            let claims = object
                .pointer_mut("/spec/volumeClaimTemplates")
                .and_then(Value::as_array_mut);
            for claim in claims.into_iter().flatten() {
                if at(claim, &["status", "phase"]).is_none_or(is_zero) {
                    put(claim, &["status", "phase"], Some(&json!("Pending")));
                }
            }
        }
        ("", "LimitRange") => {
            let limits = object.pointer_mut("/spec/limits").and_then(Value::as_array_mut);
            for limit in limits.into_iter().flatten().filter_map(Value::as_object_mut) {
                if limit.get("type") == Some(&json!("Container")) {
                    copy_missing(limit, "max", "default");
                    copy_missing(limit, "default", "defaultRequest");
                    copy_missing(limit, "min", "defaultRequest");
                }
            }
        }
        _ => {}
    }
}

/// What admission makes every Pod tolerate for a while, and adds again wherever it is missing (Kubernetes:
/// `plugin/pkg/admission/defaulttolerationseconds`).
const LOST_NODES: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Puts back what admission gives to a Pod: besides tolerations its priority (`plugin/pkg/admission/priority`).
pub(super) fn keep_admitted(gvk: &Gvk, live: &Value, object: &mut Value) {
    const PLACE: [&str; 2] = ["spec", "tolerations"];
    if (gvk.api_version.as_str(), gvk.kind.as_str()) != ("v1", "Pod") {
        return;
    }
    for place in [["spec", "priority"], ["spec", "preemptionPolicy"]] {
        if at(object, &place).is_none() {
            put(object, &place, at(live, &place));
        }
    }
    let list = |object: &Value| {
        at(object, &PLACE)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let mut tolerations = list(object);
    let key = |toleration: &Value| toleration.get("key").and_then(Value::as_str).map(str::to_owned);
    for name in LOST_NODES {
        let is_it = |toleration: &&Value| key(toleration).as_deref() == Some(name);
        if !tolerations.iter().any(|toleration| is_it(&toleration)) {
            tolerations.extend(list(live).iter().filter(is_it).cloned());
        }
    }
    if !tolerations.is_empty() {
        put(object, &PLACE, Some(&Value::from(tolerations)));
    }
}

/// Counts the templates of a `DaemonSet` (`pkg/registry/apps/daemonset/strategy.go`, `PrepareForUpdate`). The version of
/// the API that is in use has no field for the number, and keeps it in an annotation (`pkg/apis/apps/v1/conversion.go`).
pub(super) fn count_templates(gvk: &Gvk, live: &Value, object: &mut Value) {
    const PLACE: [&str; 3] = [
        "metadata",
        "annotations",
        "deprecated.daemonset.template.generation",
    ];
    const TEMPLATE: [&str; 2] = ["spec", "template"];
    if (gvk.api_version.as_str(), gvk.kind.as_str()) != ("apps/v1", "DaemonSet") {
        return;
    }
    let number = at(live, &PLACE)
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<i64>().ok());
    let is_other = !same(at(live, &TEMPLATE), at(object, &TEMPLATE));
    let counted = number.map(|number| json!((number + i64::from(is_other)).to_string()));
    put(object, &PLACE, counted.as_ref());
}

/// Copies the entries of one map that another lacks.
fn copy_missing(fields: &mut Map<String, Value>, from: &str, to: &str) {
    let Some(source) = fields.get(from).and_then(Value::as_object).cloned() else {
        return;
    };
    if source.is_empty() {
        return;
    }
    let target = fields.entry(to).or_insert_with(|| json!({}));
    if let Some(target) = target.as_object_mut() {
        for (key, value) in source {
            target.entry(key).or_insert(value);
        }
    }
}
