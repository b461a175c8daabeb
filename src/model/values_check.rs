//! What the manifests that Helm renders with other values say of the drift of a release.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Finding, MovedField, ObjectReport, ReleaseReport};
use crate::vocabulary::{CheckedOutcome, NoKeyReason};

/// What a rendering says of the drifted fields of a release, and what else it moves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValuesCheck {
    /// The drifted fields.
    pub fields: Vec<CheckedField>,
    /// The other fields that are not as they are deployed, as far as they are listed; checksums are left out.
    pub also_moves: Vec<MovedField>,
    /// How many more fields are not listed.
    #[serde(skip_serializing_if = "super::kept_by::is_zero", default)]
    pub also_moves_left_out: usize,
}

/// A drifted field, and what a rendering makes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedField {
    /// The kind of its object.
    pub kind: String,
    /// The namespace of its object; `null` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The name of its object.
    pub name: String,
    /// The field, as its finding has it.
    pub path: String,
    /// What becomes of it.
    pub outcome: CheckedOutcome,
    /// The value in the rendering, where that is neither the deployed nor the live one; absent where it is hidden.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        deserialize_with = "super::null_is_a_value"
    )]
    pub becomes: Option<Value>,
    /// Whether a value is left out because it may be secret.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub redacted: bool,
}

impl CheckedField {
    /// The finding about the field, and its object.
    pub fn finding<'r>(&self, release: &'r ReleaseReport) -> Option<(&'r ObjectReport, &'r Finding)> {
        let mut objects = release.objects.iter();
        let object = objects.find(|object| {
            (&object.kind, &object.namespace, &object.name) == (&self.kind, &self.namespace, &self.name)
        })?;
        let finding = object.findings.iter().find(|finding| finding.path == self.path)?;
        Some((object, finding))
    }

    /// Whether the chart sets it itself, so that no value could keep it.
    pub fn is_set_by_chart(&self, release: &ReleaseReport) -> bool {
        let finding = self.finding(release);
        let no_key = finding.and_then(|(_, finding)| finding.no_key.as_ref());
        no_key.is_some_and(|no_key| no_key.code == NoKeyReason::SetByChart)
    }
}
