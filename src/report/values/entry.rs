//! What one key is set to, and which findings that keeps.

use serde_json::Value;

use crate::model::{Finding, KeptBy, KeyPath, ObjectReport};

/// A finding with the key that keeps it.
#[derive(Clone, Copy)]
pub(super) struct Kept<'r> {
    /// Its object.
    pub(super) object: &'r ObjectReport,
    /// The finding.
    pub(super) finding: &'r Finding,
    /// What keeps it.
    pub(super) by: &'r KeptBy,
}

/// A key that is set.
pub(super) struct Entry<'r> {
    /// The key.
    pub(super) key: KeyPath,
    /// Its value.
    pub(super) value: Value,
    /// The findings that it keeps.
    pub(super) keeps: Vec<Kept<'r>>,
}
