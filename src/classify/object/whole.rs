//! The effect of the next upgrade on an object as a whole: one that does not exist, or is not this release's.
//!
//! Helm asks whose an object is only where the manifest names it for the first time, and writes its own name to all others
//! (Helm: `pkg/action/upgrade.go`, `performUpgrade`).

use serde_json::Value;

use crate::classify::blocked::Block;
use crate::classify::next_upgrade::{Prediction, Upgrade};
use crate::classify::subject::Subject;
use crate::compare::managed_fields::Live;
use crate::compare::work::Work;
use crate::manifest::desired::Owner;
use crate::manifest::standing::Place;
use crate::model::ObjectReport;
use crate::object::ObjectKey;
use crate::policy::Policy;

/// The reason for no prediction where it would tell something of the object's values.
const NOT_TOLD: &str = "it depends on fields of an object that is not this release's";

/// Whether it may be told what Helm does to an object that is not the release's. Whether a write conflicts tells whether a
/// value is the manifest's, and whoever forges a record chooses the manifest.
pub(in crate::classify) fn may_be_foretold(key: &ObjectKey, owner: Owner<'_>) -> bool {
    !key.gvk.is_secret() && Place::of(key, owner) == Place::Own
}

/// Foretells what Helm does to an object that is not this release's, unless that would tell something of it.
pub(super) fn foretell_foreign(
    subject: &Subject<'_>,
    live: &Live<'_>,
    policy: &Policy,
    work: &Work,
    report: &mut ObjectReport,
) -> Option<Block> {
    if !may_be_foretold(subject.key, subject.owner) {
        note(&Prediction::Unknown(NOT_TOLD.into()), policy, report);
        return None;
    }
    let upgrade = Upgrade::of(subject, Some(live), &policy.managers, work);
    note(&upgrade.predict_object(), policy, report);
    shown_block(subject, &upgrade, &[&live.object], policy)
}

/// Foretells whether the next upgrade fails at an object that is being deleted. What it writes otherwise goes with the object.
pub(super) fn foretell_terminating(
    subject: &Subject<'_>,
    live: &Live<'_>,
    policy: &Policy,
    work: &Work,
    report: &mut ObjectReport,
) -> Option<Block> {
    let upgrade = Upgrade::of(subject, Some(live), &policy.managers, work);
    let block = shown_block(subject, &upgrade, &[&live.object], policy)?;
    note(&upgrade.predict_object(), policy, report);
    Some(block)
}

/// Why the next upgrade fails at an object, as far as it may be shown; `versions` are those of the object.
pub(super) fn shown_block(
    subject: &Subject<'_>,
    upgrade: &Upgrade<'_>,
    versions: &[&Value],
    policy: &Policy,
) -> Option<Block> {
    let block = upgrade.block()?;
    Some(block.shown_in(&subject.key.gvk, versions, &policy.redaction))
}

/// Foretells whether Helm creates an object that does not exist.
pub(super) fn foretell_missing(
    subject: &Subject<'_>,
    policy: &Policy,
    work: &Work,
    report: &mut ObjectReport,
) {
    // In another namespace it may as well exist and be somebody else's.
    if Place::of(subject.key, subject.owner) == Place::Other {
        return;
    }
    let prediction = Upgrade::of(subject, None, &policy.managers, work).predict_object();
    note(&prediction, policy, report);
}

fn note(prediction: &Prediction, policy: &Policy, report: &mut ObjectReport) {
    let (next_upgrade, reason) = prediction.said();
    report.next_upgrade = next_upgrade;
    report.next_upgrade_reason = reason.map(|reason| policy.redaction.shown_text(reason));
}
