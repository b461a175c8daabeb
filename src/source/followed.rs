//! What a program that manages a release follows, and what it says about drift.
//!
//! Marks on objects name it, and whoever may write to the objects may write such marks. So the answer is about nothing but
//! what says itself that it manages this very release; all else is told like what does not exist, so that marks are no way
//! to learn what there is in other namespaces. The answers hold no values, and a snapshot holds them as they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ReadError;
use crate::object::ObjectKey;
use crate::release::stored::ReleaseKey;
use crate::vocabulary::DriftCorrection;

/// What a program follows to manage a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Followed {
    /// Its kind.
    pub kind: FollowedKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The kinds that programs follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FollowedKind {
    /// Of Flux.
    HelmRelease,
    /// Of Argo CD.
    Application,
    /// Of K3s and RKE2.
    HelmChart,
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            FollowedKind::HelmRelease => "HelmRelease",
            FollowedKind::Application => "Application",
            FollowedKind::HelmChart => "HelmChart",
        };
        write!(f, "{kind} {}/{}", self.namespace, self.name)
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

/// The settings of what is followed; `None` where there is nothing of that name, or where it manages something else.
pub type FoundSettings = Result<Option<DriftSettings>, ReadError>;

/// What was said of what is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedAnswer {
    /// What is followed.
    pub followed: Followed,
    /// Its settings.
    pub settings: FoundSettings,
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

/// A `HelmChart`. The Job that it starts runs Helm's own program, which leaves no mark on objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmChart {
    /// Its namespace.
    pub namespace: String,
    /// Its name, and that of its release.
    pub name: String,
    /// The namespace that the release installs into, and that has its records.
    pub installs_into: String,
    /// Whether its controller leaves it alone.
    pub is_unmanaged: bool,
}

impl HelmChart {
    /// Whether it installs a release.
    pub fn installs(&self, release: &ReleaseKey) -> bool {
        self.name == release.name && self.installs_into == release.namespace
    }
}

impl From<HelmChart> for FollowedAnswer {
    fn from(chart: HelmChart) -> Self {
        let correction = if chart.is_unmanaged {
            DriftCorrection::Suspended
        } else {
            DriftCorrection::Ignored
        };
        Self {
            followed: Followed {
                kind: FollowedKind::HelmChart,
                namespace: chart.namespace,
                name: chart.name,
            },
            settings: Ok(Some(DriftSettings {
                correction,
                has_exceptions: false,
            })),
        }
    }
}
