//! The revision that a rollback out of trouble returns to.

use std::collections::BTreeMap;

use super::description;
use super::release_facts::{RecordFacts, ReleaseFacts};
use crate::release::history::History;
use crate::release::stored::Status;

/// The newest revision that once was deployed. A rollback that fails marks failed revisions as superseded, too.
pub fn good_revision(history: &History, records: &BTreeMap<u64, RecordFacts>) -> Option<u64> {
    let mut revisions = history.revisions().iter().rev();
    let good = revisions.find(|revision| {
        let record = records.get(&revision.revision);
        matches!(revision.status, Status::Superseded | Status::Deployed)
            && record.is_some_and(|record| !description::is_failure(&record.description))
    })?;
    Some(good.revision)
}

/// The revision that a rollback returns to by default: the deployed one, or the newest one that once was.
pub(super) fn good(facts: &ReleaseFacts<'_>) -> Option<u64> {
    let baseline = facts.history.baseline().map(|baseline| baseline.revision);
    baseline.or_else(|| good_revision(facts.history, facts.records))
}
