//! An object at which the next upgrade fails, and why: the health of its release rests on it.

use serde_json::Value;

use super::attributed::manager_name;
use crate::apply::{Conflict, Outcome};
use crate::compare::path::FieldPath;
use crate::object::Gvk;
use crate::policy::redact::{FieldRedaction, Redaction};

/// Why the next upgrade fails at an object. A path is a place until it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block<P = String> {
    /// Others own fields that Helm's server-side apply would write.
    Conflict(Vec<ContestedField<P>>),
    /// Helm or the API server refuses it.
    Refused {
        /// The place that the rule is about.
        path: P,
        /// The rule, as a sentence without its full stop.
        rule: String,
    },
}

/// A field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContestedField<P = String> {
    /// The field.
    pub path: P,
    /// Its owner, in words.
    pub owner: String,
}

/// How many fields of one object are kept. A sentence names a few.
const MAX_FIELDS: usize = 200;

impl Block<FieldPath> {
    /// Why a write with this outcome fails; `None` where it does not.
    pub(super) fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Conflict(conflicts) => {
                let fields = conflicts.iter().map(|conflict| ContestedField {
                    path: conflict.path.clone(),
                    owner: owner(conflict),
                });
                Some(Self::Conflict(fields.collect()))
            }
            Outcome::Refused(refusal) => Some(Self::Refused {
                path: refusal.path.clone(),
                rule: refusal.sentence(),
            }),
            Outcome::Created(_)
            | Outcome::Deleted
            | Outcome::Untouched
            | Outcome::Written(_)
            | Outcome::Unknown(_) => None,
        }
    }

    /// The same without secrets; `versions` are those of the object, of this kind.
    pub(super) fn shown_in(&self, gvk: &Gvk, versions: &[&Value], redaction: &Redaction) -> Block {
        self.shown(redaction, &redaction.fields(gvk, versions, self.paths()))
    }

    /// The places that it names.
    fn paths(&self) -> Vec<&FieldPath> {
        match self {
            Self::Conflict(fields) => fields.iter().take(MAX_FIELDS).map(|field| &field.path).collect(),
            Self::Refused { path, rule: _ } => vec![path],
        }
    }

    /// The same without secrets; `fields` is what may be shown of each of its places.
    fn shown(&self, redaction: &Redaction, fields: &[FieldRedaction<'_>]) -> Block {
        match self {
            Self::Conflict(contested) => {
                let shown = contested
                    .iter()
                    .zip(fields)
                    .map(|(field, redacted)| ContestedField {
                        path: redacted.path(&field.path),
                        owner: redaction.shown_text(&field.owner),
                    });
                Block::Conflict(shown.collect())
            }
            Self::Refused { path, rule } => Block::Refused {
                path: fields
                    .first()
                    .map_or_else(String::new, |redacted| redacted.path(path)),
                rule: redaction.shown_text(rule),
            },
        }
    }
}

/// A manager in words.
pub(super) fn owner(conflict: &Conflict) -> String {
    let manager = manager_name(&conflict.manager);
    match conflict.subresource.as_str() {
        "" => manager,
        subresource => format!("{manager} via {}", manager_name(subresource)),
    }
}
