//! Which key of a chart's values keeps what lives in a field.
//!
//! [`suggest`] evaluates a chart as it was deployed; the text of a field then says which key it shows. That key is set, and
//! the chart evaluated again: only where the field then is what lives, the key is named as verified. Where templates are
//! not at hand, as those of dependencies in a record, a key is named only for its name and value, and said to be that.

mod added;
mod by_name;
mod changed;
mod lists;
mod moved;
mod names;
mod placement;
mod question;
mod record;
mod rekeyed;
mod removed;
mod scalar;
mod schema;
mod secret;
mod session;
mod solve;
pub mod source_map;
mod stack;
mod suggest;
mod together;
mod tree;

use serde_json::Value;

pub use self::record::release_chart;
pub use self::suggest::{suggest, suggest_within};
use crate::compare::path::FieldPath;
pub use crate::model::KeyStep;
use crate::object::ObjectKey;
pub use crate::vocabulary::{KeyCertainty as Certainty, NoKeyReason as Reason, ValueOrigin as Origin};

/// An object of which fields are asked about.
#[derive(Clone)]
pub struct Asked {
    /// The template that the manifest names for it: `web/templates/deployment.yaml`.
    pub template: Option<String>,
    /// The object.
    pub key: ObjectKey,
    /// The fields.
    pub fields: Vec<AskedField>,
    /// Whether an autoscaler chooses its replica count.
    pub is_autoscaled: bool,
}

/// A field that is asked about, with its values as they are: they may be secret, and never go into a report or a log.
#[derive(Clone)]
pub struct AskedField {
    /// The field.
    pub path: FieldPath,
    /// The value that was deployed; `None` where the manifest does not set it.
    pub deployed: Option<Value>,
    /// The value that lives; `None` where the live object does not have it.
    pub live: Option<Value>,
}

/// The answer about one field.
#[derive(Clone)]
pub enum Answer {
    /// A key keeps what lives.
    Key(Box<Suggestion>),
    /// None does, or none is known.
    None(Reason),
}

/// A key that keeps what lives in a field.
#[derive(Clone)]
pub struct Suggestion {
    /// The key, which begins with a name.
    pub key: Vec<KeyStep>,
    /// The value to set; null where the key has to be taken away.
    pub value: Value,
    /// The value that it has now.
    pub current: Option<Value>,
    /// Where it has that from.
    pub origin: Origin,
    /// How sure it is.
    pub certainty: Certainty,
    /// The other fields that the key moves.
    pub also_changes: Vec<Moved>,
    /// The values to set, from the root. A list in them is whole.
    pub snippet: Value,
    /// What is around the field and goes with it, where something lives there that drifted as well: only the keys of that
    /// bring it back.
    pub takes_away: Option<FieldPath>,
    /// Whether an empty map is left where the field was.
    pub leaves_empty: bool,
}

/// A field that a key moves besides the one that it keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// The kind of its object.
    pub kind: String,
    /// The namespace that the manifest names.
    pub namespace: Option<String>,
    /// The name of its object.
    pub name: String,
    /// Where in the object; `/` for all of it.
    pub path: String,
}

impl Moved {
    /// Whether it is a label or an annotation.
    fn is_mark(&self) -> bool {
        ["/metadata/labels", "/metadata/annotations"]
            .iter()
            .any(|marks| self.path.contains(marks))
    }
}

#[cfg(test)]
mod tests;
