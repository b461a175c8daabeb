//! The program that manages a release, by the marks that it leaves on objects.

use serde::{Deserialize, Serialize};

use crate::vocabulary::{DriftCorrection, ManagingTool};

/// The program that claims to manage a release. Whoever may write to its objects may write such marks; what the program
/// follows confirms the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedBy {
    /// The program.
    pub tool: ManagingTool,
    /// What it follows, where the marks name that: `HelmRelease NAMESPACE/NAME`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The marks, a sentence each.
    pub evidence: Vec<String>,
    /// What the program makes of drift, where what it follows was read and manages this release.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub drift_correction: Option<DriftCorrection>,
    /// What that means for drift, in one sentence.
    pub meaning: String,
}
