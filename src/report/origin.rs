//! The revision that a live value comes from, where a report for people says so.
//!
//! Whether a finding names a revision follows from its code. Both the words of the text and the question whether two
//! findings say the same depend on it. Releases count their revisions apart, so that what they have in common is not a
//! number but a place: the previous revision, the newest one.

use serde_json::Value;

use crate::model::{Finding, ReleaseReport};
use crate::vocabulary::FindingCode;

/// What another revision has to do with a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'r> {
    /// The live value is that of another revision.
    AsIn {
        /// Where the revision stands among those of its release.
        place: Place<'r>,
        /// The revision.
        revision: u64,
    },
    /// The deployed revision changed the same field.
    AlsoChanged {
        /// The deployed revision.
        by: u64,
        /// The previous revision's value.
        from: &'r Value,
    },
}

/// Where a revision stands among those of its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place<'r> {
    /// It was deployed before the baseline.
    Previous,
    /// It is the newest one, which did not complete, with Helm's status of it.
    Newest(&'r str),
    /// Elsewhere: only its number says which it is.
    Other(u64),
}

impl<'r> Origin<'r> {
    /// What another revision has to do with this difference, for the codes that say it.
    pub(super) fn of(release: &'r ReleaseReport, finding: &'r Finding) -> Option<Self> {
        match finding.code {
            FindingCode::NotApplied | FindingCode::Undone | FindingCode::Lingering => {
                let revision = finding.from_revision?;
                let previous = release.previous.as_ref();
                let place = if previous.is_some_and(|previous| previous.revision == revision) {
                    Place::Previous
                } else {
                    Place::Other(revision)
                };
                Some(Self::AsIn { place, revision })
            }
            FindingCode::HalfUpgraded => {
                let revision = finding.from_revision?;
                let place = if revision == release.latest.revision {
                    Place::Newest(&release.latest.status)
                } else {
                    Place::Other(revision)
                };
                Some(Self::AsIn { place, revision })
            }
            FindingCode::Changed if finding.redacted || finding.previous == finding.desired => None,
            FindingCode::Changed => Some(Self::AlsoChanged {
                by: release.baseline.as_ref()?.revision,
                from: finding.previous.as_ref()?,
            }),
            FindingCode::Removed
            | FindingCode::Pruned
            | FindingCode::Added
            | FindingCode::Overwritten
            | FindingCode::MutatedAtAdmission
            | FindingCode::Autoscaled
            | FindingCode::Restarted
            | FindingCode::Resized
            | FindingCode::ControllerOwned
            | FindingCode::AlsoWritten => None,
        }
    }
}
