//! The managers of an object's fields, as the API server reads them from managed fields before an apply.

use std::collections::HashMap;

use super::schema::Type;
use super::set::Set;
use super::values;
use crate::compare::managed_fields::{Entry, Live, Operation};
use crate::compare::work::Work;

/// The manager that gets all fields of an object without managed fields (apimachinery:
/// `pkg/util/managedfields/internal/skipnonapplied.go`).
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// A manager that names itself nothing (`buildmanagerinfo.go`).
const UNKNOWN: &str = "unknown";

/// One manager, and what it owns.
#[derive(Debug, Clone)]
pub(super) struct Manager<'a> {
    pub(super) name: &'a str,
    pub(super) operation: Operation,
    pub(super) subresource: &'a str,
    pub(super) api_version: &'a str,
    pub(super) fields: Set<'a>,
}

/// All managers of an object: Helm's applies, and the others.
#[derive(Debug, Default)]
pub(super) struct Managers<'a> {
    /// What Helm applied last.
    pub(super) own: Option<Manager<'a>>,
    pub(super) others: Vec<Manager<'a>>,
}

impl<'a> Manager<'a> {
    fn of(entry: &'a Entry<'_>, work: &Work) -> Self {
        Self {
            name: &entry.manager,
            operation: entry.operation,
            subresource: &entry.subresource,
            api_version: &entry.api_version,
            fields: Set::of(entry.fields(), work),
        }
    }

    /// What tells managers apart: the entries that share it are those of one. Who applies is the same in every version
    /// (`managedfields.go`, `BuildManagerIdentifier`).
    const fn identity(&self) -> (&'a str, &'static str, &'a str, &'a str) {
        let version = match self.operation {
            Operation::Apply => "",
            Operation::Update => self.api_version,
        };
        (self.name, self.operation.as_str(), self.subresource, version)
    }

    fn writes(&self, name: &str, operation: Operation) -> bool {
        (self.name, self.operation, self.subresource) == (name, operation, "")
    }
}

/// The entries of managed fields.
pub(super) fn entries<'a>(live: &'a Live<'_>, work: &Work) -> Vec<Manager<'a>> {
    live.managed
        .iter()
        .map(|entry| Manager::of(entry, work))
        .collect()
}

/// The name under which the API server keeps what Helm applies.
pub(super) const fn kept_name(name: &str) -> &str {
    if name.is_empty() { UNKNOWN } else { name }
}

/// Makes what Helm wrote by client-side apply its own for server-side apply, as Helm does before the first of these
/// (client-go: `util/csaupgrade/upgrade.go`, `upgradedManagedFields`).
///
/// The applies take over the updates of the same API version; updates of other versions are forgotten.
pub(super) fn migrated<'a>(mut entries: Vec<Manager<'a>>, name: &str, work: &Work) -> Vec<Manager<'a>> {
    let find =
        |entries: &[Manager<'a>], operation| entries.iter().position(|entry| entry.writes(name, operation));
    let target = find(&entries, Operation::Apply).or_else(|| {
        let at = find(&entries, Operation::Update)?;
        entries[at].operation = Operation::Apply;
        Some(at)
    });
    let Some(target) = target else {
        return entries;
    };
    let version = entries[target].api_version;
    let updates = entries
        .iter()
        .find(|entry| entry.writes(name, Operation::Update) && entry.api_version == version);
    if let Some(updates) = updates.map(|entry| entry.fields.clone()) {
        entries[target].fields.add(&updates, work);
    }
    entries.retain(|entry| !entry.writes(name, Operation::Update));
    entries
}

impl<'a> Managers<'a> {
    /// The managers of these entries. Of several of one manager the last counts.
    pub(super) fn of(entries: Vec<Manager<'a>>, name: &str, work: &Work) -> Self {
        let mut managers = Self::default();
        let mut places = HashMap::new();
        for entry in entries {
            if !work.affords(1) {
                break;
            }
            if entry.writes(name, Operation::Apply) {
                managers.own = Some(entry);
                continue;
            }
            let place = *places.entry(entry.identity()).or_insert(managers.others.len());
            match managers.others.get_mut(place) {
                Some(known) => *known = entry,
                None => managers.others.push(entry),
            }
        }
        managers
    }

    /// The owner of everything in an object of which nobody is said to own anything.
    pub(super) fn before_first_apply(
        of: Type<'a>,
        empty: &'a serde_json::Value,
        live: &'a serde_json::Value,
        api_version: &'a str,
        work: &Work,
    ) -> Self {
        let mut fields = values::changes(of, empty, live, work);
        super::unowned::strip(&mut fields);
        let owner = Manager {
            name: BEFORE_FIRST_APPLY,
            operation: Operation::Update,
            subresource: "",
            api_version,
            fields,
        };
        Self {
            own: None,
            others: vec![owner],
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Manager<'a>> {
        self.own.iter().chain(&self.others)
    }

    /// Takes the sets to be what they are to the schema of today.
    pub(super) fn reconcile(&mut self, of: Type<'_>, work: &Work) {
        for manager in self.own.iter_mut().chain(&mut self.others) {
            manager.fields = manager.fields.reconciled(of, work);
        }
    }
}
