//! One write of Helm by the documents of two manifests, as the simulation takes it.
//!
//! Helm reads both manifests the same way, and only the new objects get its stamps (Helm: `pkg/action/upgrade.go`,
//! `performUpgrade`; `validate.go`, `setMetadataVisitor`).

use serde_json::{Map, Value};

use crate::apply::{Method, Write};
use crate::compare::managed_fields::{Entry, Live, Operation};
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::manifest::desired::{MANAGED_BY, Owner, RELEASE_NAME, RELEASE_NAMESPACE, drop_server_metadata};
use crate::object::ObjectKey;
use crate::policy::managers::{ManagerKind, Managers};
use crate::types::Shape;
use crate::weight;

/// The name under which Helm writes unless it is told otherwise: that of its program (Helm: `pkg/kube/client.go`,
/// `getManagedFieldsManager`).
pub(super) const HELM: &str = "helm";

/// Why nothing is foretold of an object that the manifest names in several documents.
pub(super) const SEVERAL_DOCUMENTS: &str = "the manifest names the object in several documents";
/// Why nothing is foretold where the simulation takes too many steps.
pub(super) const TOO_COSTLY: &str = "it takes too many steps to foretell";
/// Why nothing is foretold of an object whose simulation would take too much memory.
const TOO_LARGE: &str = "the object is too large to foretell it";
/// Why nothing is foretold of a body that is no object.
const NO_OBJECT: &str = "the manifest's document is no object";
/// Why nothing is foretold of a server-side apply without the managed fields.
const UNREAD_FIELDS: &str = "the object's managed fields cannot be read";

/// The documents of two manifests about one object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Documents<'a> {
    pub(super) key: &'a ObjectKey,
    pub(super) owner: Owner<'a>,
    pub(super) shape: Option<Shape<'a>>,
    /// The name under which Helm writes.
    pub(super) manager: &'a str,
    pub(super) from: Start<'a>,
    pub(super) to: &'a str,
}

/// Where a write starts from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start<'a> {
    /// The document of the manifest.
    Document(&'a str),
    /// Nothing: the manifest does not have the object.
    Nothing,
    /// The live object: a rollback has met an object that its manifest does not have (Helm: `pkg/kube/client.go`, `update`).
    Live,
}

impl Documents<'_> {
    /// The answer to a question about the write over a live object; or why there is none.
    pub(super) fn ask<T>(
        &self,
        method: Method,
        live: Option<&Live<'_>>,
        work: &Work,
        question: impl Fn(&Write<'_>) -> T,
    ) -> Result<T, &'static str> {
        if live.is_some_and(|live| live.has_unread_fields) && method != Method::ClientSide {
            return Err(UNREAD_FIELDS);
        }
        let from = match self.from {
            Start::Document(from) => from,
            Start::Nothing | Start::Live => "",
        };
        if is_too_large([from, self.to], live) {
            return Err(TOO_LARGE);
        }
        let old = match (self.from, live) {
            (Start::Document(from), _) => Some(read(from, self.key).ok_or(NO_OBJECT)?),
            (Start::Live, Some(live)) => Some(of_live(live)),
            (Start::Live, None) | (Start::Nothing, _) => None,
        };
        let new = stamped(read(self.to, self.key).ok_or(NO_OBJECT)?, self.owner);
        let answer = question(&Write {
            method,
            gvk: &self.key.gvk,
            shape: self.shape,
            old: old.as_ref(),
            new: Some(&new),
            live,
            manager: self.manager,
            work,
        });
        if work.is_spent() {
            return Err(TOO_COSTLY);
        }
        Ok(answer)
    }
}

/// The live object as the one that Helm starts from. The API server takes nothing of its own metadata from a patch of a
/// built-in object.
fn of_live(live: &Live<'_>) -> Value {
    let mut object = live.object.clone();
    if let Some(metadata) = metadata(&mut object) {
        drop_server_metadata(metadata);
    }
    object
}

/// The most that the live object and the bodies may weigh together: a simulation has several copies of each at a time.
const MAX_SIMULATED: usize = 16 << 20;

/// What is this short weighs less than that, whatever it is.
const SHORT: usize = 64 << 10;

fn is_too_large(bodies: [&str; 2], live: Option<&Live<'_>>) -> bool {
    let bytes = bodies.iter().map(|body| body.len()).sum::<usize>() + live.map_or(0, |live| live.bytes);
    if bytes <= SHORT {
        return false;
    }
    let bodies: usize = bodies.iter().map(|body| weight::json::weigh(body)).sum();
    bodies + live.map_or(0, |live| weight::of_value(&live.object)) > MAX_SIMULATED
}

/// The name under which this release's Helm writes the object, by the managed fields: of programs that embed Helm each has
/// its own.
pub(super) fn manager<'l>(
    live: &'l Live<'_>,
    shape: Option<Shape<'_>>,
    managers: &Managers,
    work: &Work,
) -> &'l str {
    // Its set is as large as the object, and there is no need to read it where nobody else applies.
    let mut appliers = live
        .managed
        .iter()
        .filter(|entry| entry.operation == Operation::Apply && entry.subresource.is_empty());
    if let (Some(only), None) = (appliers.next(), appliers.next())
        && managers.kind_of(&only.manager) == ManagerKind::Helm
    {
        return &only.manager;
    }
    let stamp = FieldPath::root()
        .key("metadata")
        .key("annotations")
        .key(RELEASE_NAME);
    let rank = |entry: &&Entry<'_>| {
        let is_helm = managers.kind_of(&entry.manager) == ManagerKind::Helm;
        let is_applier = entry.operation == Operation::Apply;
        let is_creator = entry.owns(&stamp, shape, work);
        (is_applier, is_creator, is_helm, entry.time)
    };
    // Whoever restores an object or creates it anew writes the stamps too, and no Helm does so by an update under another name.
    let entries = live.managed.iter().filter(|entry| {
        entry.subresource.is_empty()
            && (managers.kind_of(&entry.manager) == ManagerKind::Helm
                || (entry.operation == Operation::Apply && entry.owns(&stamp, shape, work)))
    });
    entries.max_by_key(rank).map_or(HELM, |entry| &entry.manager)
}

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
