//! Whether a manager created an object, by what it owns.
//!
//! The API server fills in defaults before it notes who owns what (Kubernetes: `apiserver/pkg/endpoints/handlers`,
//! `create.go`), so that who creates an object other than by server-side apply owns its defaults too. Who changes one
//! owns what it changed.

use serde_json::Value;

use super::{ComparedObject, fields_of};
use crate::compare::asked::is_silent;
use crate::compare::diff::is_servers_choice;
use crate::compare::fields_v1::FieldSet;
use crate::compare::managed_fields::{Entry, Operation};
use crate::compare::shapes::child;
use crate::compare::work::Work;
use crate::types::Shape;

/// Whether the manager owns a default that the manifest leaves to the server, outside of lists.
pub fn owns_defaults(entry: &Entry<'_>, object: ComparedObject<'_>, work: &Work) -> bool {
    let ComparedObject { shape, desired, live } = object;
    let is_apply = entry.operation == Operation::Apply;
    !is_apply && shape.is_some_and(|shape| names_default(entry.fields(), shape, live, Some(desired), work))
}

fn names_default(
    owned: &FieldSet,
    shape: Shape<'_>,
    live: &Value,
    desired: Option<&Value>,
    work: &Work,
) -> bool {
    fields_of(owned).any(|(key, below)| {
        let (Some(shape), Some(live)) = (child(shape, key), live.get(key)) else {
            return false;
        };
        if !work.affords_value(live) {
            return false;
        }
        let desired = desired.and_then(|desired| desired.get(key));
        let is_left_open = desired.is_none_or(|desired| is_silent(Some(shape), desired));
        let is_default = shape.default().is_some() && is_left_open && is_servers_choice(shape, live, work);
        is_default || names_default(below, shape, live, desired, work)
    })
}
