//! How far an operation got that did not complete.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::entry::{first_of, named, remark};
use super::newest_operation::may_be_running;
use super::observe::Side;
use super::release_facts::{ObservedObject, RecordFacts, ReleaseFacts};
use super::steps::with;
use crate::model::Health;
use crate::release::history::History;
use crate::release::stored::StoredRevision;
use crate::vocabulary::{HealthCode, HealthSeverity};

/// The attempt that the live objects are compared with beside the deployed revision: the newest one that asks for other
/// objects. A rollback to the deployed revision asks for the same ones, and when it fails, what the attempt before it wrote may
/// live on.
pub fn differing_attempt<'h>(
    history: &'h History,
    records: &BTreeMap<u64, RecordFacts>,
) -> Option<&'h StoredRevision> {
    let manifest = |revision: u64| records.get(&revision).and_then(|record| record.manifest);
    let deployed = history
        .baseline()
        .and_then(|baseline| manifest(baseline.revision));
    let mut attempts = history.attempted();
    attempts.find(|attempt| deployed.is_none() || manifest(attempt.revision) != deployed)
}

/// The counts of objects at the new revision, at the old one and at neither.
pub(super) fn half_upgraded(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let (baseline, latest) = (facts.history.baseline()?, facts.history.latest()?);
    let attempt = differing_attempt(facts.history, facts.records)?;
    let (from, to) = (baseline.revision, attempt.revision);
    let new = objects_at(facts, Side::New).count();
    let old = objects_at(facts, Side::Old).count();
    let neither = objects_at(facts, Side::Neither).count();
    let total = new + old + neither;
    let has_written =
        new > 0 || objects_at(facts, Side::Neither).any(|object| was_written_by(attempt, object));
    if old == total || !has_written {
        return None;
    }
    let message = match (total, new) {
        (1, 1) => format!("the only object that revision {to} changes is at revision {to}"),
        (1, _) => format!(
            "the only object that revision {to} changes is neither at revision {to} nor at revision {from}"
        ),
        (2, 2) => format!("both objects that revision {to} changes are at revision {to}"),
        (all, new) if all == new => {
            format!("all {all} objects that revision {to} changes are at revision {to}")
        }
        _ => {
            let closer = match new.cmp(&old) {
                Ordering::Greater => format!("closer to revision {to}"),
                Ordering::Less => format!("closer to revision {from}"),
                Ordering::Equal => "halfway".to_owned(),
            };
            format!(
                "of {total} objects that revision {to} changes, {new} {} at revision {to}, {old} at revision {from} and \
                 {neither} at neither: {closer}",
                if new == 1 { "is" } else { "are" }
            )
        }
    };
    let severity = if may_be_running(facts, latest) {
        HealthSeverity::Info
    } else {
        HealthSeverity::Warning
    };
    // The entry about the operation has the advice.
    Some(with(
        remark(HealthCode::HalfUpgraded, severity, message),
        evidence(facts, from, to),
        Vec::new(),
    ))
}

/// Whether an object may have been written by an operation or one after it: both times are the API server's. What is like neither
/// revision and was not written since has drifted before. An object without the time of a write of Helm's was deleted, or
/// lost its managed fields.
fn was_written_by(attempt: &StoredRevision, object: &ObservedObject) -> bool {
    let written = object.observed.as_ref().and_then(|observed| observed.written);
    match (written, attempt.created) {
        (Some(written), Some(created)) => written >= created,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The observed objects at one side of the operation.
fn objects_at<'a>(facts: &ReleaseFacts<'a>, side: Side) -> impl Iterator<Item = &'a ObservedObject> {
    facts.objects.observed.iter().filter(move |object| {
        let observed = object.observed.as_ref();
        observed.is_some_and(|observed| observed.side == Some(side))
    })
}

/// The names behind the counts, and objects that are not ready or could not be read.
fn evidence(facts: &ReleaseFacts<'_>, from: u64, to: u64) -> Vec<String> {
    let sides = [
        (Side::New, format!("as in revision {to}")),
        (Side::Old, format!("as in revision {from}")),
        (Side::Neither, "as in neither revision".to_owned()),
    ];
    let mut evidence: Vec<String> = sides
        .into_iter()
        .filter(|(side, _)| objects_at(facts, *side).next().is_some())
        .map(|(side, what)| {
            let keys = objects_at(facts, side).map(|object| &object.key);
            format!("{what}: {}", named(keys))
        })
        .collect();
    let unready = facts.objects.observed.iter().filter_map(|object| {
        let reason = object.observed.as_ref()?.unready.as_ref()?;
        Some(format!("{}: {reason}", object.key))
    });
    evidence.extend(
        first_of(unready)
            .into_iter()
            .map(|unready| format!("not ready: {unready}")),
    );
    let unread = facts.objects.unread_count();
    if unread > 0 {
        evidence.push(format!(
            "{unread} of the objects could not be read or compared, so the counts are incomplete"
        ));
    }
    let unproven = &facts.objects.unproven;
    if !unproven.is_empty() {
        evidence.push(format!(
            "not counted, because they are outside of the release's namespace, and missing or not owned by it: {}",
            named(unproven.iter())
        ));
    }
    evidence
}
