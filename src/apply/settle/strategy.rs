//! What the strategies of single kinds do to an object before it is stored (Kubernetes: `pkg/registry/*/*/strategy.go`,
//! `PrepareForUpdate`), and defaults that concern the object as a whole.

use serde_json::{Map, Value, json};

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

/// Fills in what depends on the object as a whole (`SetDefaults_Namespace`, `SetDefaults_Job`, `SetDefaults_LimitRangeItem`).
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

/// Puts back what admission makes a Pod tolerate.
pub(super) fn keep_tolerations(gvk: &Gvk, live: &Value, object: &mut Value) {
    const PLACE: [&str; 2] = ["spec", "tolerations"];
    if (gvk.api_version.as_str(), gvk.kind.as_str()) != ("v1", "Pod") {
        return;
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

/// The value under some keys.
pub(super) fn at<'v>(object: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter()
        .try_fold(object, |value, key| value.get(key))
        .filter(|value| !value.is_null())
}

/// Writes a value under some keys, or takes away what is there.
fn put(object: &mut Value, path: &[&str], value: Option<&Value>) {
    let Some((last, outer)) = path.split_last() else {
        return;
    };
    let mut place = object;
    for key in outer {
        let Some(fields) = place.as_object_mut() else {
            return;
        };
        if !fields.get(*key).is_some_and(Value::is_object) {
            if value.is_none() {
                return;
            }
            fields.insert((*key).to_owned(), json!({}));
        }
        let Some(next) = fields.get_mut(*key) else {
            return;
        };
        place = next;
    }
    if let Some(fields) = place.as_object_mut() {
        match value {
            Some(value) => fields.insert((*last).to_owned(), value.clone()),
            None => fields.remove(*last),
        };
    }
}
