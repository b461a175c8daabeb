//! From drifted fields to the keys of a chart's values that keep what lives in them.
//!
//! [`suggest`] takes what a release record says of its chart, and for each field what was deployed and what lives, and
//! answers with a key and its new value, or with the reason why there is none. It is pure.

mod record;

use std::collections::BTreeSet;

use serde_json::Value;

pub use self::record::release_chart;
use crate::chart::ReleaseChart;
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

/// What templates ask of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The API versions that are served, and the kinds of each: `apps/v1` and `apps/v1/Deployment`.
    pub api_versions: BTreeSet<String>,
    /// The version of the API server, such as `v1.34.1`, where it is known.
    pub kube_version: Option<String>,
}

/// Names for each field of each object, in their order, the key that keeps what lives in it.
pub fn suggest(_release: &ReleaseChart, _capabilities: &Capabilities, asked: &[Asked]) -> Vec<Vec<Answer>> {
    let none = |_: &AskedField| Answer::None(Reason::NotEvaluated);
    asked
        .iter()
        .map(|object| object.fields.iter().map(none).collect())
        .collect()
}
