//! Client-side apply: the patch that Helm computes, and what it makes of the live object.
//!
//! Helm 3 and Helm 4 compute it alike (Helm: `pkg/kube/client.go`, `createPatch`). Of a kind whose Go type Helm knows it is
//! a three-way strategic merge patch (`create`), which the API server lays over the live object (`merge`); of any other a
//! JSON merge patch from the old manifest to the new one (`json_merge`). All of it is decided before the API server reads
//! the result into its own type.

mod create;
mod decoded;
mod failure;
mod go_type;
mod json_merge;
mod merge;
mod order;
mod schema;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

pub(crate) use self::decoded::whole;
use self::decoded::{Object, as_floats, decoded};
use self::failure::{Failure, refusal};
use self::go_type::object_fits;
use self::merge::Purpose;
use super::{Merged, Refusal, Write};
use crate::compare::managed_fields::Live;
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::{Field, Shape, TypeTable};

/// The directives of a strategic merge patch.
const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";

/// What Helm sends for an object, and what that makes of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Patched {
    /// Helm sends nothing.
    Nothing,
    /// Helm sends a patch.
    Sent {
        /// How the patch is to be read.
        kind: PatchKind,
        /// The patch.
        patch: Value,
        /// The live object with the patch, before the API server reads it.
        object: Value,
    },
    /// Helm fails, or the API server at the patch.
    Refused(Refusal),
    /// It cannot be told.
    Unknown(Cow<'static, str>),
}

/// How the API server reads a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// As a strategic merge patch.
    Strategic,
    /// As a JSON merge patch.
    JsonMerge,
}

/// What Helm's patch makes of the live object.
pub(super) fn patched(write: &Write<'_>, new: &Value, live: &Live<'_>) -> Merged {
    match patch(write.gvk, write.old, new, &live.object, write.work) {
        Patched::Nothing => Merged::Unchanged,
        Patched::Sent { object, .. } if is_same(&live.object, &object, write.work) => Merged::Unchanged,
        Patched::Sent { object, .. } => Merged::Object(object),
        Patched::Refused(refusal) => Merged::Refused(refusal),
        Patched::Unknown(reason) => Merged::Unknown(reason),
    }
}

/// The patch that Helm sends, and what it makes of a live object.
///
/// Without an old object Helm has found the live one in place of creating it. An upgrade then takes the new one for the
/// old one as well, of a custom resource thereby changing nothing (Helm: `pkg/action/upgrade.go`, which adds what exists to
/// the current release). A rollback starts from the live object (`pkg/kube/client.go`, `update`): hand that in as the old one.
pub fn patch(gvk: &Gvk, old: Option<&Value>, new: &Value, live: &Value, work: &Work) -> Patched {
    match sent(gvk, old.unwrap_or(new), new, live, work) {
        Ok(None) => Patched::Nothing,
        Ok(Some((kind, patch, object))) => Patched::Sent {
            kind,
            patch: Value::Object(patch),
            object: Value::Object(object),
        },
        Err(Failure::Refused { fields, rule }) => Patched::Refused(refusal(fields, rule)),
        Err(Failure::Unknown(reason)) => Patched::Unknown(reason.into()),
    }
}

type Sent = (PatchKind, Object, Object);

fn sent(gvk: &Gvk, old: &Value, new: &Value, live: &Value, work: &Work) -> Result<Option<Sent>, Failure> {
    let mut old = object(old, work)?;
    let mut new = object(new, work)?;
    let live = object(live, work)?;
    for manifest in [&mut old, &mut new] {
        fill_namespace(manifest, &live);
    }
    let two_way = || -> Result<Option<Sent>, Failure> {
        let patch = json_merge::created(&as_floats(old.clone()), &as_floats(new.clone()), work)?;
        let mut object = live.clone();
        json_merge::applied(&mut object, patch.clone());
        Ok((!patch.is_empty()).then_some((PatchKind::JsonMerge, patch, object)))
    };
    let shape = match three_way_shape(gvk) {
        Some(shape) if object_fits(&new, shape, work)? => shape,
        Some(_) | None => return two_way(),
    };
    let three_way = three_way(&old, &new, &live, shape, work)?;
    if is_retired(gvk) {
        let object = |sent: Option<Sent>| sent.map_or_else(|| live.clone(), |(_, _, object)| object);
        if object(two_way()?) != object(three_way.clone()) {
            return Err(Failure::Unknown(
                "releases of Helm differ in whether they know the type of this retired API version",
            ));
        }
    }
    Ok(three_way)
}

fn three_way(
    old: &Object,
    new: &Object,
    live: &Object,
    shape: Shape<'_>,
    work: &Work,
) -> Result<Option<Sent>, Failure> {
    // No write of a built-in object itself changes its status, and the facts on types leave it out.
    let without_status = |fields: &Object| {
        let mut fields = fields.clone();
        fields.remove("status");
        fields
    };
    let patch = create::created(&without_status(old), &without_status(new), live, shape, work)?;
    if patch.is_empty() {
        return Ok(None);
    }
    let object = merge::merged(live.clone(), patch.clone(), shape, Purpose::Apply, work)?;
    Ok(Some((PatchKind::Strategic, patch, object)))
}

fn is_same(live: &Value, object: &Value, work: &Work) -> bool {
    decoded(live, work).is_ok_and(|live| live == *object)
}

fn object(value: &Value, work: &Work) -> Result<Object, Failure> {
    match decoded(value, work)? {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Failure::Unknown("the object is none"))
        }
    }
}

/// Writes the namespace into a manifest's object that leaves it out, as Helm does with both (cli-runtime:
/// `pkg/resource/visitor.go`, `SetNamespace`).
fn fill_namespace(manifest: &mut Object, live: &Object) {
    let namespace = live
        .get("metadata")
        .and_then(|metadata| metadata.get("namespace"));
    let metadata = manifest.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Some(namespace), Some(metadata)) = (namespace, metadata) {
        metadata.insert("namespace".to_owned(), namespace.clone());
    }
}

/// Whether Helm makes a three-way patch of this kind.
pub fn is_merged_three_ways(gvk: &Gvk) -> bool {
    three_way_shape(gvk).is_some()
}

/// Whether a list of the manifest has two elements that Helm's patch takes for one: its merge key has less than what tells them
/// apart, as the number of a port without its protocol. What the patch makes of such a list depends on the order of the live one.
pub fn has_merged_elements(gvk: &Gvk, manifest: &Value, work: &Work) -> bool {
    three_way_shape(gvk).is_some_and(|shape| merges_elements(shape, manifest, work))
}

fn merges_elements(shape: Shape<'_>, value: &Value, work: &Work) -> bool {
    if !work.affords(1) {
        return false;
    }
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| match shape.field(name) {
            Field::Declared(field) => doubles_key(field, value) || merges_elements(field, value, work),
            Field::Undeclared | Field::Unknown => false,
        }),
        Value::Array(elements) => shape.element().is_some_and(|shape| {
            elements
                .iter()
                .any(|element| merges_elements(shape, element, work))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn doubles_key(list: Shape<'_>, value: &Value) -> bool {
    let (Some(key), Some(elements)) = (list.patch_merge_key(), value.as_array()) else {
        return false;
    };
    let mut seen = HashSet::new();
    let mut keys = elements.iter().filter_map(|element| element.get(key));
    keys.any(|key| !seen.insert(key.to_string()))
}

/// The type of a kind of which Helm knows the Go type. Its scheme has client-go's types and
/// `CustomResourceDefinition`s, of which it treats the older version as it does a custom resource, and not those of
/// aggregated APIs (Helm: `pkg/kube/converter.go`, `kubernetesNativeScheme`, and `pkg/kube/client.go`, `createPatch`).
fn three_way_shape(gvk: &Gvk) -> Option<Shape<'static>> {
    let is_custom = matches!(
        (gvk.group(), gvk.version()),
        ("apiregistration.k8s.io", _) | ("apiextensions.k8s.io", "v1beta1")
    );
    let shape = TypeTable::builtin().kind(&gvk.api_version, &gvk.kind);
    shape.filter(|_| !is_custom)
}

/// Whether newer releases of Helm do not know the Go type of this version any more.
fn is_retired(gvk: &Gvk) -> bool {
    gvk.api_version == "autoscaling/v2beta2"
}
