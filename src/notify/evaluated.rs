//! What a run proves: which releases it read as a whole, and whether nothing is left to alert of.
//!
//! A receiver that keeps alerts open closes one only for what this run evaluated. A run that found no release, failed, was
//! stopped or could not read everything proves little, and a release that was not compared keeps its alert.

use crate::model::{Health, ObjectReport, ReleaseReport, Report};
use crate::vocabulary::{HealthCode, ObjectState, Outcome, Verdict};

/// Whether the run read everything that it was meant to read.
pub(super) fn is_complete(report: &Report) -> bool {
    let releases = &report.summary.releases;
    let is_whole = match report.outcome {
        Outcome::Clean | Outcome::Drift => true,
        Outcome::Incomplete | Outcome::Error => false,
    };
    is_whole
        && report.stopped.is_none()
        && report.errors.is_empty()
        && releases.incomplete == 0
        && releases.unreadable == 0
        && report.summary.objects.unknown == 0
}

/// Whether the run proves that nothing is left to alert of: it read everything, and found releases, of which each is the one
/// that it claims to be. A cluster without any release is more often an answer that is none than a cluster from which
/// everything was uninstalled.
pub(super) fn is_proof_of_calm(report: &Report) -> bool {
    is_complete(report) && !report.releases.is_empty() && !report.releases.iter().any(is_in_doubt)
}

/// Whether a release was not read as a whole, may be another one than it says, is about to become another one, or has
/// something wrong that is too young to be told, although no object of it drifted.
pub(super) fn is_in_doubt(release: &ReleaseReport) -> bool {
    let is_unread = |object: &ObjectReport| object.state == ObjectState::Unknown;
    let is_doubt = |health: &Health| {
        matches!(
            health.code,
            HealthCode::ChangedDuringScan
                | HealthCode::IdentityMismatch
                | HealthCode::Undecodable
                | HealthCode::InProgress
        )
    };
    release.has_unsettled || release.objects.iter().any(is_unread) || release.health.iter().any(is_doubt)
}

/// Whether a release was compared as a whole, in a run that was itself in order, and nothing is wrong with it.
pub(super) fn is_resolved(report: &Report, release: &ReleaseReport) -> bool {
    release.verdict == Verdict::Clean && release.baseline.is_some() && is_evaluated(report, release)
}

/// Whether what a report says of a release is all that there is to say: it was read as a whole, in a run that was itself in
/// order.
pub(super) fn is_evaluated(report: &Report, release: &ReleaseReport) -> bool {
    !is_in_doubt(release) && report.stopped.is_none() && report.outcome != Outcome::Error
}
