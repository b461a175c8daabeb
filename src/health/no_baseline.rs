//! A release without a deployed revision: there is nothing to compare with, but its objects may exist.

use super::deletions::weigh;
use super::entry::{named, remark};
use super::good::good;
use super::newest_operation::{LOST, may_be_running};
use super::observe::Presence;
use super::release_facts::{ObservedObject, ReleaseFacts};
use super::steps::with;
use super::way_out::{downgrade, has_lost_deployed};
use crate::model::Health;
use crate::object::ObjectKey;
use crate::release::stored::{Status, StoredRevision};
use crate::vocabulary::{HealthCode, HealthSeverity};

/// The entry about a release without a deployed revision, with its objects that exist.
pub(super) fn no_baseline(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let latest = facts.history.latest()?;
    if facts.history.baseline().is_some() {
        return None;
    }
    let existing: Vec<&ObservedObject> = facts
        .objects
        .observed
        .iter()
        .filter(|object| {
            let observed = object.observed.as_ref();
            observed.is_some_and(|observed| observed.presence == Presence::Ours)
        })
        .collect();
    let foreign = facts.objects.observed.iter().filter(|object| {
        let presence = object.observed.as_ref().map(|observed| &observed.presence);
        // Of a cluster-scoped object that is not the release's only other entries tell.
        object.key.namespace.is_some()
            && matches!(presence, Some(Presence::OtherRelease(_) | Presence::NoRelease))
    });
    let foreign: Vec<&ObjectKey> = foreign.map(|object| &object.key).collect();
    let foreign = match foreign.as_slice() {
        [] => String::new(),
        [one] => format!("; {one} exists and is not the release's"),
        many => format!(
            "; {} exist and are not the release's",
            named(many.iter().copied())
        ),
    };
    let unread = facts.objects.unread_count();
    let colon = if existing.is_empty() { "" } else { ": " };
    let names = named(existing.iter().map(|object| &object.key));
    let exists = match (existing.len(), facts.objects.observed.len()) {
        (_, 0) => String::new(),
        (0, 1) => format!("; the only object of revision {} does not exist", latest.revision),
        (_, 1) => format!(
            "; the only object of revision {} exists: {names}",
            latest.revision
        ),
        (1, all) => format!(
            "; 1 of the {all} objects of revision {} exists: {names}",
            latest.revision
        ),
        (2, 2) => format!("; both objects of revision {} exist: {names}", latest.revision),
        (some, all) if some == all => format!(
            "; all {all} objects of revision {} exist: {names}",
            latest.revision
        ),
        (some, all) => format!(
            "; {some} of the {all} objects of revision {} exist{colon}{names}",
            latest.revision
        ),
    };
    let unread = if unread == 0 {
        String::new()
    } else {
        format!("; {unread} could not be read")
    };
    // Something superseded it, and is gone.
    let records = if latest.status == Status::Superseded {
        "; were later records deleted?"
    } else {
        ""
    };
    let message = format!(
        "no revision is deployed (the newest is revision {}, {}{records}), so there is nothing to compare \
         against{exists}{foreign}{unread}",
        latest.revision,
        latest.status.as_str()
    );
    if latest.status == Status::Uninstalled {
        return Some(uninstalled(facts, latest, &exists));
    }
    let is_settled = !latest.status.is_pending() && latest.status != Status::Failed;
    // The diagnosis of a failed or pending operation has the way out of it.
    let steps = match good(facts).filter(|_| is_settled) {
        Some(good) => {
            let commands = facts.commands();
            let mut steps = vec![commands.history()];
            steps.extend(commands.backup(&[good]));
            if has_lost_deployed(facts) {
                let chart = facts.records.get(&good).and_then(|record| record.chart.as_ref());
                steps.push(commands.upgrade(
                    chart,
                    good,
                    "with the chart and the values that were deployed, in place of those of the older revision: makes them the \
                     deployed ones again, and changes little",
                ));
                steps.push(downgrade(facts, good));
            } else {
                steps.push(commands.rollback(
                    good,
                    "makes the revision that was deployed last the deployed one again",
                    &[],
                ));
            }
            weigh(facts, steps)
        }
        None => Vec::new(),
    };
    let evidence = if is_settled && has_lost_deployed(facts) {
        vec![LOST.to_owned()]
    } else {
        Vec::new()
    };
    // A first installation that runs has nothing to be compared with yet.
    let severity = if may_be_running(facts, latest) {
        HealthSeverity::Info
    } else {
        HealthSeverity::Warning
    };
    Some(with(
        remark(HealthCode::NoBaseline, severity, message),
        evidence,
        steps,
    ))
}

/// A release that was uninstalled with its history kept.
fn uninstalled(facts: &ReleaseFacts<'_>, latest: &StoredRevision, exists: &str) -> Health {
    let commands = facts.commands();
    let mut steps = vec![commands.history()];
    steps.extend(commands.backup(&[latest.revision]));
    steps.push(commands.rollback(
        latest.revision,
        "restores the release, without the data that was deleted with it",
        &[],
    ));
    steps.push(commands.uninstall("alternative: delete the history, too", &[]));
    let steps = weigh(facts, steps);
    with(
        remark(
            HealthCode::NoBaseline,
            HealthSeverity::Info,
            format!(
                "revision {} was uninstalled and its history was kept{exists}",
                latest.revision
            ),
        ),
        Vec::new(),
        steps,
    )
}
