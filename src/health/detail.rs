//! The history of a release and the state of its objects, for the page of `driftline diagnose`.

use std::collections::BTreeMap;

use super::description;
use super::entry::moment;
use super::observe::{Observation, Presence, Side};
use super::release_facts::RecordFacts;
use crate::classify::state::MISSING_OR_NOT_OWNED;
use crate::model::{ObjectDetail, RevisionDetail};
use crate::object::ObjectKey;
use crate::release::history::History;
use crate::release::stored::StoredRevision;

/// Every revision, oldest first, with the facts of its record where that was read.
pub fn revisions(history: &History, records: &BTreeMap<u64, RecordFacts>) -> Vec<RevisionDetail> {
    let detail = |stored: &StoredRevision| {
        let record = records.get(&stored.revision);
        RevisionDetail {
            revision: stored.revision,
            status: stored.status.as_str().to_owned(),
            created: stored.created,
            written: stored.written,
            bytes: record.and_then(|record| record.bytes),
            chart: record.and_then(|record| record.chart.clone()),
            description: record
                .map(|record| description::without_values(&record.description))
                .filter(|description| !description.is_empty()),
        }
    };
    history.revisions().iter().map(detail).collect()
}

/// One object; `None` where there is nothing to say about it.
pub fn object(key: &ObjectKey, observed: &Observation) -> Option<ObjectDetail> {
    let mut remarks = Vec::new();
    match &observed.presence {
        Presence::Ours => {}
        Presence::Absent => remarks.push("it does not exist".to_owned()),
        Presence::OtherRelease(owner) => remarks.push(format!("it belongs to release {owner}")),
        Presence::NoRelease => remarks.push("it belongs to no release".to_owned()),
        Presence::Unproven => remarks.push(format!("it is {MISSING_OR_NOT_OWNED}")),
        Presence::Unread => remarks.push("it could not be read".to_owned()),
    }
    remarks.extend(observed.unready.clone());
    if let Some(deleting) = &observed.deleting {
        let since = deleting
            .since
            .map_or_else(String::new, |since| format!(" since {}", moment(since)));
        let finalizers = if deleting.finalizers.is_empty() {
            String::new()
        } else {
            format!(", waiting for {}", deleting.finalizers.join(", "))
        };
        remarks.push(format!("it is being deleted{since}{finalizers}"));
    }
    if observed.side.is_none() && remarks.is_empty() {
        return None;
    }
    let side = |side| match side {
        Side::Old => "old",
        Side::New => "new",
        Side::Neither => "neither",
    };
    Some(ObjectDetail {
        api_version: key.gvk.api_version.clone(),
        kind: key.gvk.kind.clone(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        side: observed.side.map(side).map(str::to_owned),
        remarks,
    })
}
