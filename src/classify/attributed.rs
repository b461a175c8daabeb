//! A difference with its origin: attribution makes it, and the next upgrade is foretold of it.

use crate::compare::managed_fields::Entry;
use crate::compare::three_way::Change;
use crate::model::Actor;
use crate::vocabulary::Severity;

/// A difference with what is known of its origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attributed {
    /// What differs.
    pub(super) change: Change,
    /// A lower severity than that of the code.
    pub(super) severity: Option<Severity>,
    /// Who is claimed to have made it.
    pub(super) actor: Option<Actor>,
    /// What the manager is known to do there, where it is expected.
    pub(super) about: Option<String>,
    /// A sentence that says more than that of the code.
    pub(super) note: Option<&'static str>,
}

/// The manager that an entry of the managed fields names.
pub(super) fn actor(entry: &Entry<'_>) -> Actor {
    Actor {
        manager: manager_name(&entry.manager),
        operation: entry.operation.as_str().to_owned(),
        subresource: (!entry.subresource.is_empty()).then(|| manager_name(&entry.subresource)),
        time: entry.time,
    }
}

/// The longest name of a manager that is repeated in every finding, in bytes. The API server takes names of up to 128
/// characters (apimachinery: `pkg/apis/meta/v1/validation`, `FieldManagerMaxLength`).
const MAX_NAME_BYTES: usize = 512;

/// A name as findings repeat it.
pub(super) fn manager_name(name: &str) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name.to_owned();
    }
    format!("{}…", &name[..name.floor_char_boundary(MAX_NAME_BYTES)])
}
