//! The desired state of an object: the manifest's object with the changes that Helm and the API server make to it.
//!
//! Helm stamps every object with its owner (Helm: `pkg/action/validate.go`, `setMetadataVisitor`), overriding what
//! the chart says there; the API server folds a Secret's `stringData` into `data`, ignores `status` and assigns its
//! own metadata. Applied alike to every revision, so that two revisions compare as two live objects would.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::object::{Gvk, ObjectKey};

/// The label that says who manages an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The annotation that names the owning release.
pub const RELEASE_NAME: &str = "meta.helm.sh/release-name";
/// The annotation that names the owning release's namespace.
pub const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";

/// Metadata that only the API server writes. Charts carry it when they were exported from a cluster.
const SERVER_METADATA: [&str; 8] = [
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The fields of every object that say its type and its state: which object it is, and not what it should be.
pub const TYPE_AND_STATUS: [&str; 3] = ["apiVersion", "kind", "status"];

/// What the field `status` of a manifest's object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusField {
    /// Apart from the object: it is written through the subresource only, and ignored elsewhere.
    Apart,
    /// A field like all others: the kind has no such subresource.
    Data,
}

impl StatusField {
    /// Whether a field of an object says its type, or its state where that is apart.
    pub fn is_type_or_state(self, key: &str) -> bool {
        TYPE_AND_STATUS.contains(&key) && (self == Self::Apart || key != "status")
    }
}

/// The release that owns an object, as Helm stamps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The release's name.
    pub name: &'a str,
    /// The namespace the release installs into.
    pub namespace: &'a str,
}

/// The owner of a live object, by its ownership annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership<'a> {
    /// This release.
    Ours,
    /// Another release.
    Another(Owner<'a>),
    /// No release: the object was created, or overwritten, by something else.
    Nobody,
}

impl<'a> Ownership<'a> {
    /// Reads a live object's annotations the way Helm decides whether it may touch the object (Helm:
    /// `pkg/action/validate.go`, `checkOwnership`). The label is compared like any other field.
    pub fn of(live: &'a Value, owner: Owner<'_>) -> Self {
        let annotation = |key: &str| live.pointer("/metadata/annotations")?.get(key)?.as_str();
        match (annotation(RELEASE_NAME), annotation(RELEASE_NAMESPACE)) {
            (Some(name), Some(namespace)) if name == owner.name && namespace == owner.namespace => Self::Ours,
            (Some(name), namespace) => Self::Another(Owner {
                name,
                namespace: namespace.unwrap_or_default(),
            }),
            (None, _) => Self::Nobody,
        }
    }
}

/// A change that is made to the objects of one kind only.
struct KindRule {
    group: &'static str,
    kind: &'static str,
    apply: fn(&mut Map<String, Value>),
}

const KIND_RULES: [KindRule; 2] = [
    KindRule {
        group: "",
        kind: "Secret",
        apply: fold_string_data,
    },
    KindRule {
        group: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        apply: leave_aggregated_rules,
    },
];

/// The object as it should live: `body` is the manifest's object, `key` where it is read.
pub fn desired(mut body: Value, key: &ObjectKey, owner: Owner<'_>, status: StatusField) -> Value {
    let Some(object) = body.as_object_mut() else {
        return body;
    };
    // The object is read at this version under this name: type and name cannot differ, only be spelled elsewhere.
    for field in TYPE_AND_STATUS
        .into_iter()
        .filter(|field| status.is_type_or_state(field))
    {
        object.remove(field);
    }
    if !object.get("metadata").is_some_and(Value::is_object) {
        object.insert("metadata".to_owned(), Value::Object(Map::new()));
    }
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        drop_server_metadata(metadata);
        // Ignored on cluster-scoped kinds; on others the object was found by it.
        metadata.remove("namespace");
        stamp(metadata, "labels", MANAGED_BY, "Helm");
        stamp(metadata, "annotations", RELEASE_NAME, owner.name);
        stamp(metadata, "annotations", RELEASE_NAMESPACE, owner.namespace);
    }
    kept(body, &key.gvk)
}

/// The object with what the API server keeps of the fields of its kind.
pub fn kept(mut body: Value, gvk: &Gvk) -> Value {
    if let Some(object) = body.as_object_mut() {
        let is_of = |rule: &&KindRule| rule.kind == gvk.kind && rule.group == gvk.group();
        for rule in KIND_RULES.iter().filter(is_of) {
            (rule.apply)(object);
        }
    }
    body
}

/// Takes out of an object's metadata what only the API server writes.
pub fn drop_server_metadata(metadata: &mut Map<String, Value>) {
    for field in SERVER_METADATA {
        metadata.remove(field);
    }
}

fn stamp(metadata: &mut Map<String, Value>, field: &str, key: &str, value: &str) {
    let entry = metadata.entry(field).or_insert(Value::Null);
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    if let Value::Object(entries) = entry {
        entries.insert(key.to_owned(), value.into());
    }
}

/// `stringData` is written over `data` and never returned (Kubernetes: `pkg/apis/core/v1/conversion.go`,
/// `Convert_v1_Secret_To_core_Secret`).
fn fold_string_data(secret: &mut Map<String, Value>) {
    let Some(Value::Object(plain)) = secret.remove("stringData") else {
        return;
    };
    if plain.is_empty() {
        return;
    }
    let data = secret.entry("data").or_insert(Value::Null);
    if !data.is_object() {
        *data = Value::Object(Map::new());
    }
    if let Value::Object(data) = data {
        for (key, value) in plain {
            let text = value.as_str().unwrap_or_default();
            data.insert(key, STANDARD.encode(text).into());
        }
    }
}

/// A controller computes the rules of an aggregated role (Kubernetes: `pkg/controller/clusterroleaggregation`).
fn leave_aggregated_rules(role: &mut Map<String, Value>) {
    if role.get("aggregationRule").is_some_and(|rule| !rule.is_null()) {
        role.remove("rules");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OWNER: Owner<'_> = Owner {
        name: "web",
        namespace: "shop",
    };

    fn key(api_version: &str, kind: &str) -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new(api_version, kind),
            namespace: Some("shop".into()),
            name: "x".into(),
        }
    }

    #[test]
    fn helm_stamps_its_ownership_over_what_the_chart_says() {
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "status": {"a": 1}, "metadata": {
            "name": "x", "namespace": "elsewhere", "uid": "1", "creationTimestamp": null, "annotations": null,
            "labels": {"app.kubernetes.io/managed-by": "kubectl", "app": "x"}}});
        assert_eq!(
            desired(body, &key("v1", "ConfigMap"), OWNER, StatusField::Apart),
            json!({"metadata": {"name": "x",
                "labels": {"app.kubernetes.io/managed-by": "Helm", "app": "x"},
                "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}}})
        );
    }

    #[test]
    fn string_data_becomes_data() {
        let body = json!({"metadata": {}, "data": {"a": "b2xk", "b": "Yg=="}, "stringData": {"a": "new", "n": null}});
        let secret = desired(body, &key("v1", "Secret"), OWNER, StatusField::Apart);
        assert_eq!(secret["data"], json!({"a": "bmV3", "b": "Yg==", "n": ""}));
        assert_eq!(secret.get("stringData"), None);
    }

    #[test]
    fn rules_of_aggregated_roles_belong_to_the_controller() {
        let role = key("rbac.authorization.k8s.io/v1", "ClusterRole");
        let body = json!({"metadata": {}, "aggregationRule": {"clusterRoleSelectors": []}, "rules": [{}]});
        assert_eq!(desired(body, &role, OWNER, StatusField::Apart).get("rules"), None);
        let body = json!({"metadata": {}, "aggregationRule": null, "rules": [{}]});
        assert!(
            desired(body, &role, OWNER, StatusField::Apart)
                .get("rules")
                .is_some()
        );
    }

    #[test]
    fn ownership_is_read_from_the_annotations() {
        let with = |annotations: Value| json!({"metadata": {"annotations": annotations}});
        let ours = with(json!({RELEASE_NAME: "web", RELEASE_NAMESPACE: "shop"}));
        assert_eq!(Ownership::of(&ours, OWNER), Ownership::Ours);
        let other = with(json!({RELEASE_NAME: "web", RELEASE_NAMESPACE: "prod"}));
        assert_eq!(
            Ownership::of(&other, OWNER),
            Ownership::Another(Owner {
                name: "web",
                namespace: "prod"
            })
        );
        assert_eq!(Ownership::of(&with(json!({"a": "b"})), OWNER), Ownership::Nobody);
        assert_eq!(Ownership::of(&json!({"metadata": {}}), OWNER), Ownership::Nobody);
    }
}
