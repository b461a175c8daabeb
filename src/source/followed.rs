//! What a program that manages a release follows, and what it says about drift.
//!
//! Marks on objects name it, and whoever may write to the objects may write such marks. So the answer is about nothing but
//! what says itself that it manages this very release; all else is told like what does not exist, so that marks are no way
//! to learn what there is in other namespaces. The answers hold no values, and a snapshot holds them as they are.

use serde::{Deserialize, Serialize};

use super::ReadError;
use crate::object::ObjectKey;
use crate::release::stored::ReleaseKey;
use crate::vocabulary::DriftCorrection;

/// What a program follows to manage a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Followed {
    /// The `HelmRelease` of Flux.
    HelmRelease {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The `Application` of Argo CD.
    Application {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl Followed {
    /// Its namespace and its name.
    pub fn place(&self) -> (&str, &str) {
        match self {
            Self::HelmRelease { namespace, name } | Self::Application { namespace, name } => {
                (namespace, name)
            }
        }
    }
}

/// The question what is followed for a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedQuestion {
    /// What the marks name.
    pub followed: Followed,
    /// The release.
    pub release: ReleaseKey,
    /// The namespace that it installs into.
    pub installs_into: String,
    /// An object that has the marks.
    pub object: ObjectKey,
}

/// What was said of what is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedAnswer {
    /// What is followed.
    pub followed: Followed,
    /// Its settings; `None` where there is nothing of that name, or where it manages something else.
    pub settings: Result<Option<DriftSettings>, ReadError>,
}

/// What is followed, as far as it matters for drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftSettings {
    /// What the program makes of drift.
    pub correction: DriftCorrection,
    /// Whether it is told to ignore some fields or objects.
    pub has_exceptions: bool,
}
