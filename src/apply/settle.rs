//! What the API server makes of an object that was merged: what it drops, fills and refuses.

use serde_json::Value;

use super::{Outcome, Written};
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::Shape;

/// What becomes of an object that Helm creates.
pub(super) fn created(_gvk: &Gvk, _shape: Option<Shape<'_>>, new: &Value, _work: &Work) -> Outcome {
    Outcome::Created(new.clone())
}

/// What becomes of a live object and what a merge made of it.
pub(super) fn updated(
    _gvk: &Gvk,
    _shape: Option<Shape<'_>>,
    _live: &Value,
    merged: Value,
    _work: &Work,
) -> Outcome {
    Outcome::Written(Written {
        object: merged,
        doubts: Vec::new(),
    })
}
