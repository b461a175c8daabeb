//! The objects that Helm starts from and sends in an upgrade, by the manifests of the records.
//!
//! Helm reads both manifests the same way, and only the new objects get its stamps (Helm: `pkg/action/upgrade.go`,
//! `performUpgrade`; `validate.go`, `setMetadataVisitor`).

use serde_json::{Map, Value};

use crate::manifest::desired::{MANAGED_BY, Owner, RELEASE_NAME, RELEASE_NAMESPACE};
use crate::object::ObjectKey;

/// An object of a manifest as Helm reads it: objects of namespaced kinds have a namespace (cli-runtime:
/// `pkg/resource/visitor.go`, `SetNamespace`).
pub(super) fn read(body: &str, key: &ObjectKey) -> Option<Value> {
    let mut object: Value = serde_json::from_str(body).ok()?;
    let metadata = metadata(&mut object)?;
    if let Some(namespace) = &key.namespace {
        metadata.insert("namespace".to_owned(), namespace.as_str().into());
    }
    Some(object)
}

/// The object as Helm sends it.
pub(super) fn stamped(mut object: Value, owner: Owner<'_>) -> Value {
    if let Some(metadata) = metadata(&mut object) {
        stamp(metadata, "labels", &[(MANAGED_BY, "Helm")]);
        stamp(
            metadata,
            "annotations",
            &[(RELEASE_NAME, owner.name), (RELEASE_NAMESPACE, owner.namespace)],
        );
    }
    object
}

fn metadata(object: &mut Value) -> Option<&mut Map<String, Value>> {
    let metadata = object
        .as_object_mut()?
        .entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    if metadata.is_null() {
        *metadata = Value::Object(Map::new());
    }
    metadata.as_object_mut()
}

/// Writes a map of texts anew, as Helm does: null becomes the empty text, and a map with anything but texts is lost
/// (apimachinery: `unstructured/helpers.go`, `NestedNullCoercingStringMap`).
fn stamp(metadata: &mut Map<String, Value>, field: &str, stamps: &[(&str, &str)]) {
    let is_text = |value: &Value| value.is_null() || value.is_string();
    let mut texts = match metadata.remove(field) {
        Some(Value::Object(texts)) if texts.values().all(is_text) => texts,
        Some(_) | None => Map::new(),
    };
    for text in texts.values_mut().filter(|text| text.is_null()) {
        *text = "".into();
    }
    for (key, value) in stamps {
        texts.insert((*key).to_owned(), (*value).into());
    }
    metadata.insert(field.to_owned(), Value::Object(texts));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Gvk;
    use serde_json::json;

    #[test]
    fn the_new_object_has_the_namespace_and_the_stamps_and_keeps_its_nulls() {
        let key = |namespace: Option<&str>| ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: namespace.map(str::to_owned),
            name: "x".to_owned(),
        };
        let owner = Owner {
            name: "web",
            namespace: "shop",
        };
        let labels = json!({MANAGED_BY: "Helm"});
        let annotations = json!({RELEASE_NAME: "web", RELEASE_NAMESPACE: "shop"});
        for (body, namespace, metadata) in [
            (json!({"data": null}), None, json!({})),
            (
                json!({"data": null, "metadata": null}),
                Some("shop"),
                json!({"namespace": "shop"}),
            ),
            (
                json!({"data": null, "metadata": {"namespace": "x", "annotations": {"a": null, "b": "c"}}}),
                Some("shop"),
                json!({"namespace": "shop", "annotations": {"a": null, "b": "c"}}),
            ),
            (
                json!({"data": null, "metadata": {"labels": {"a": "b", "number": 1}}}),
                None,
                json!({"labels": {"a": "b", "number": 1}}),
            ),
        ] {
            let old = read(&body.to_string(), &key(namespace)).unwrap();
            assert_eq!(old, json!({"data": null, "metadata": metadata}));
            let new = stamped(old, owner);
            let mut expected = annotations.clone();
            if metadata["annotations"].is_object() {
                expected["a"] = json!("");
                expected["b"] = json!("c");
            }
            assert_eq!(new["metadata"]["annotations"], expected);
            assert_eq!(new["metadata"]["labels"], labels, "labels with a number are lost");
            assert_eq!(new["data"], Value::Null);
        }
        assert_eq!(read("[]", &key(None)), None);
    }
}
