//! Client-side apply: the patch that Helm computes, and what it makes of the live object.

use serde_json::Value;

use super::{Merged, Write};
use crate::compare::managed_fields::Live;

/// What Helm's patch makes of the live object.
pub(super) fn patched(_write: &Write<'_>, _new: &Value, _live: &Live<'_>) -> Merged {
    Merged::Unknown("client-side apply is not simulated yet".into())
}
