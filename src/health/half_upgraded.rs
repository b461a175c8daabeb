//! How far an operation got that did not complete.

use super::entry::{named, remark, with};
use super::facts::ReleaseFacts;
use super::observe::Side;
use crate::model::Health;
use crate::vocabulary::{HealthCode, HealthSeverity};

/// Objects at the new revision, at the old one, at neither.
pub(super) fn half_upgraded(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let (baseline, latest) = (facts.history.baseline()?, facts.history.latest()?);
    let at = |side: Side| {
        facts.objects.observed.iter().filter(move |object| {
            let observed = object.observed.as_ref();
            observed.is_some_and(|observed| observed.side == Some(side))
        })
    };
    let (new, old, neither) = (
        at(Side::New).count(),
        at(Side::Old).count(),
        at(Side::Neither).count(),
    );
    let total = new + old + neither;
    if latest.revision == baseline.revision || old == total {
        return None;
    }
    let (from, to) = (baseline.revision, latest.revision);
    let sides = [
        (Side::New, format!("as in revision {to}")),
        (Side::Old, format!("as in revision {from}")),
        (Side::Neither, "as in neither revision".to_owned()),
    ];
    let mut evidence: Vec<String> = sides
        .into_iter()
        .filter(|(side, _)| at(*side).next().is_some())
        .map(|(side, what)| format!("{what}: {}", named(at(side).map(|object| &object.key))))
        .collect();
    let unready = facts.objects.observed.iter().filter_map(|object| {
        let reason = object.observed.as_ref()?.unready.as_ref()?;
        Some(format!("not ready: {}: {reason}", object.key))
    });
    evidence.extend(unready);
    let unread = facts
        .objects
        .observed
        .iter()
        .filter(|object| object.is_unread())
        .count();
    if unread > 0 {
        evidence.push(format!(
            "{unread} of the objects could not be read, so the counts are incomplete"
        ));
    }
    let closer = match new.cmp(&old) {
        std::cmp::Ordering::Greater => format!("closer to revision {to}"),
        std::cmp::Ordering::Less => format!("closer to revision {from}"),
        std::cmp::Ordering::Equal => "halfway".to_owned(),
    };
    let message = format!(
        "of {total} objects that revision {to} changes, {new} are at revision {to}, {old} at revision {from} and {neither} \
         at neither: {closer}"
    );
    // The advice about the operation is the advice about this.
    Some(with(
        remark(HealthCode::HalfUpgraded, HealthSeverity::Warning, message),
        evidence,
        Vec::new(),
    ))
}
