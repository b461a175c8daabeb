//! What an apply of an object leaves out of account.

use super::element::Element;
use super::set::Set;
use crate::types::Shape;

/// The fields that are never owned (apimachinery: `pkg/util/managedfields/internal/stripmeta.go`).
const METADATA: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Takes the fields out that are never owned.
pub(super) fn strip(fields: &mut Set<'_>) {
    fields.remove(&Element::Field("apiVersion"));
    fields.remove(&Element::Field("kind"));
    let metadata = Element::Field("metadata");
    if let Some(mut node) = fields.remove(&metadata) {
        node.is_named = false;
        for name in METADATA {
            node.below.remove(&Element::Field(name));
        }
        fields.insert(metadata, node);
    }
}

/// Whether the status is written through its own subresource only, so that a write of the object resets it (Kubernetes:
/// `GetResetFields` of the strategies in `pkg/registry`; apiextensions-apiserver: `customresource/strategy.go`).
///
/// All built-in kinds with a status are so. Of a custom resource it shows when somebody wrote its status, by the subresources of its entries: in one without
/// that subresource it is a field like any other.
pub(super) fn has_own_status<'s>(
    shape: Option<Shape<'_>>,
    mut subresources: impl Iterator<Item = &'s str>,
) -> bool {
    shape.is_some_and(Shape::is_builtin) || subresources.any(|subresource| subresource == "status")
}
