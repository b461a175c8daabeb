//! What is asked about the fields of a release, and what is answered.

use serde_json::Value;

use crate::compare::path::FieldPath;
use crate::object::ObjectKey;
use crate::vocabulary::{KeyCertainty, NoKeyReason, ValueOrigin};

/// An object with fields that differ from what was deployed.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The template of it, as the manifest's `# Source:` has it.
    pub template: Option<String>,
    /// The object.
    pub object: ObjectKey,
    /// Its fields.
    pub fields: Vec<AskedField>,
    /// Whether an autoscaler chooses its replica count.
    pub is_autoscaled: bool,
}

/// A field that differs. The values are those of the cluster, nothing is hidden or cut.
#[derive(Debug, Clone)]
pub struct AskedField {
    /// Where it is.
    pub path: FieldPath,
    /// What Helm deployed; `None` where the manifest does not set it.
    pub deployed: Option<Value>,
    /// What lives; `None` where it is gone.
    pub live: Option<Value>,
}

/// The answer about one field.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// This key keeps what lives.
    Key(Box<Suggestion>),
    /// No key is named.
    None(NoKeyReason),
}

/// A step of a key, as reports have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A name in a map.
    Name(String),
    /// A position in a list.
    Index(usize),
}

/// A key of the values that makes a field what lives there.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The key.
    pub key: Vec<Step>,
    /// What to set it to; null takes it away.
    pub value: Value,
    /// What it is now; `None` where nothing sets it.
    pub current: Option<Value>,
    /// Where that comes from.
    pub origin: ValueOrigin,
    /// How sure it is.
    pub certainty: KeyCertainty,
    /// Other fields that change with it.
    pub also_changes: Vec<Moved>,
    /// What to put into a file of values: the key with the value, and lists as a whole, because Helm does not merge them.
    pub snippet: Value,
}

/// A field that changes with a key beside the one that was asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// The object's kind.
    pub kind: String,
    /// Its namespace, where the template says it.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The field; `/` where the whole object comes or goes.
    pub path: String,
}
