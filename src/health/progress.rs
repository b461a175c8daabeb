//! How far an operation got that did not come to its end.

use super::observe::{Presence, Side};
use super::operation::last_good;
use super::{ObservedObject, ReleaseFacts, named, remark, with};
use crate::model::Health;
use crate::release::stored::{Status, StoredRevision};
use crate::vocabulary::{HealthCode, HealthSeverity};

/// Objects at the new revision, at the old one, at neither.
pub(super) fn half_upgraded(case: &ReleaseFacts<'_>) -> Option<Health> {
    let (baseline, latest) = (case.history.baseline()?, case.history.latest()?);
    let at = |side: Side| {
        case.objects.iter().filter(move |seen| {
            let observed = seen.observed.as_ref();
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
        (Side::Neither, "as in neither".to_owned()),
    ];
    let mut evidence: Vec<String> = sides
        .into_iter()
        .filter(|(side, _)| at(*side).next().is_some())
        .map(|(side, what)| format!("{what}: {}", named(at(side).map(|seen| &seen.key))))
        .collect();
    let unready = case.objects.iter().filter_map(|seen| {
        let reason = seen.observed.as_ref()?.unready.as_ref()?;
        Some(format!("not ready: {}: {reason}", seen.key))
    });
    evidence.extend(unready);
    let unread = case.objects.iter().filter(|seen| is_unread(seen)).count();
    if unread > 0 {
        evidence.push(format!(
            "{unread} objects could not be read, so the counts are not whole"
        ));
    }
    let closer = match new.cmp(&old) {
        std::cmp::Ordering::Greater => format!("closer to revision {to}"),
        std::cmp::Ordering::Less => format!("closer to revision {from}"),
        std::cmp::Ordering::Equal => "in the middle".to_owned(),
    };
    let message = format!(
        "of {total} objects that revision {to} changes, {new} are at revision {to}, {old} at revision {from} and {neither} \
         at neither: {closer}"
    );
    // What to do about it is what to do about the operation.
    Some(with(
        remark(HealthCode::HalfUpgraded, HealthSeverity::Warning, message),
        evidence,
        Vec::new(),
    ))
}

/// Nothing to compare with, and what exists all the same.
pub(super) fn no_baseline(case: &ReleaseFacts<'_>) -> Option<Health> {
    let latest = case.history.latest()?;
    if case.history.baseline().is_some() {
        return None;
    }
    let existing: Vec<&ObservedObject> = case
        .objects
        .iter()
        .filter(|seen| {
            let observed = seen.observed.as_ref();
            observed.is_some_and(|observed| observed.presence == Presence::Ours)
        })
        .collect();
    let unread = case.objects.iter().filter(|seen| is_unread(seen)).count();
    let colon = if existing.is_empty() { "" } else { ": " };
    let exists = if case.objects.is_empty() {
        String::new()
    } else {
        format!(
            "; {} of the {} objects of revision {} exist{colon}{}",
            existing.len(),
            case.objects.len(),
            latest.revision,
            named(existing.iter().map(|seen| &seen.key))
        )
    };
    let unread = if unread == 0 {
        String::new()
    } else {
        format!("; {unread} could not be read")
    };
    let message = format!(
        "no revision is deployed (the newest is revision {}, {}), so there is nothing to compare against{exists}{unread}",
        latest.revision,
        latest.status.as_str()
    );
    if latest.status == Status::Uninstalled {
        return Some(uninstalled(case, latest, &exists));
    }
    let is_settled = !latest.status.is_pending() && latest.status != Status::Failed;
    // The way out of a failed or pending operation stands with that.
    let steps = match last_good(case).filter(|_| is_settled) {
        Some(good) => {
            let commands = case.commands();
            let mut steps = vec![commands.history()];
            steps.extend(commands.backup(&[good]));
            steps.push(commands.rollback(good, "makes the last good revision the deployed one", ""));
            steps
        }
        None => Vec::new(),
    };
    Some(with(
        remark(HealthCode::NoBaseline, HealthSeverity::Warning, message),
        Vec::new(),
        steps,
    ))
}

/// What was uninstalled with its history kept.
fn uninstalled(case: &ReleaseFacts<'_>, latest: &StoredRevision, exists: &str) -> Health {
    let commands = case.commands();
    let mut steps = vec![commands.history()];
    steps.extend(commands.backup(&[latest.revision]));
    steps.push(commands.rollback(
        latest.revision,
        "to have the release back, without the data that went with it",
        "",
    ));
    steps.push(commands.uninstall("instead, to be rid of the history, too", ""));
    with(
        remark(
            HealthCode::NoBaseline,
            HealthSeverity::Info,
            format!(
                "revision {} was uninstalled and the history kept{exists}",
                latest.revision
            ),
        ),
        Vec::new(),
        steps,
    )
}

fn is_unread(seen: &ObservedObject) -> bool {
    let presence = seen.observed.as_ref().map(|observed| &observed.presence);
    presence.is_none_or(|presence| *presence == Presence::Unread)
}
