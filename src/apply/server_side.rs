//! Server-side apply: what the API server makes of the manifest's object and the managed fields.

use serde_json::Value;

use super::{Merged, OnConflict, Write};
use crate::compare::managed_fields::Live;

/// What the apply makes of the live object.
pub(super) fn applied(
    _write: &Write<'_>,
    _new: &Value,
    _live: &Live<'_>,
    _on_conflict: OnConflict,
) -> Merged {
    Merged::Unknown("server-side apply is not simulated yet".into())
}
