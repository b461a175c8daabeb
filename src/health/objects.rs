//! What single objects mean for the release: what blocks it, what is left of it, what is not its own.

use super::advice;
use super::observe::Presence;
use super::{ObservedObject, ReleaseFacts, human, moment, named, remark, with};
use crate::model::Health;
use crate::object::ObjectKey;
use crate::vocabulary::{HealthCode, HealthSeverity};

pub(super) fn of(case: &ReleaseFacts<'_>) -> Vec<Health> {
    let mut health: Vec<Health> = case
        .objects
        .iter()
        .filter_map(|seen| blocked(case, seen))
        .collect();
    health.extend(conflict(case));
    health.extend(case.foreign.iter().map(|(key, whose)| taken_over(key, whose)));
    health.extend(leftovers(case));
    health.extend(case.unserved.iter().map(|kind| unserved(case, kind)));
    health
}

/// An object that cannot go because nobody takes its finalizers off.
fn blocked(case: &ReleaseFacts<'_>, seen: &ObservedObject) -> Option<Health> {
    let deleting = seen.observed.as_ref()?.deleting.as_ref()?;
    if deleting.finalizers.is_empty() {
        return None;
    }
    let age = deleting.since.map(|since| case.now - since);
    let for_long = age.map_or_else(String::new, |age| format!(" for {}", human(age)));
    let mut evidence = Vec::new();
    if let Some(since) = deleting.since {
        evidence.push(format!("deleted at {}", moment(since)));
    }
    Some(with(
        remark(
            HealthCode::BlockedByFinalizer,
            HealthSeverity::Warning,
            format!(
                "{} is being deleted{for_long}, and waits for {}",
                seen.key,
                deleting.finalizers.join(", ")
            ),
        ),
        evidence,
        vec![
            advice::describe(
                &seen.key,
                "shows its finalizers and events; look for the controller that serves them",
            ),
            advice::keep_object(&seen.key),
            advice::drop_finalizers(&seen.key),
        ],
    ))
}

/// Objects that the newest revision adds and somebody else has.
///
/// Helm asks for the owner only of what the current revision does not have (Helm: `pkg/action/upgrade.go`,
/// `performUpgrade`; `validate.go`, `existingResourceConflict`).
fn conflict(case: &ReleaseFacts<'_>) -> Option<Health> {
    let foreign: Vec<(&ObjectKey, String)> = case
        .objects
        .iter()
        .filter(|seen| !seen.is_deployed)
        .filter_map(|seen| match &seen.observed.as_ref()?.presence {
            Presence::Anothers(owner) => {
                Some((&seen.key, format!("{} belongs to release {owner}", seen.key)))
            }
            Presence::Nobodys => Some((&seen.key, format!("{} belongs to no release", seen.key))),
            Presence::Ours | Presence::Absent | Presence::Unread => None,
        })
        .collect();
    let (first, _) = foreign.first()?;
    let mut evidence: Vec<String> = foreign.iter().map(|(_, told)| told.clone()).collect();
    evidence.push(
        "an upgrade that shall have them needs --take-ownership (Helm 3.17 and later), in Helm 4 with --force-conflicts, \
         and overwrites them; the gentle way is another name in the chart"
            .to_owned(),
    );
    Some(with(
        remark(
            HealthCode::OwnershipConflict,
            HealthSeverity::Critical,
            format!(
                "not this release's, and the newest revision adds them: {}; an upgrade that does so refuses",
                named(foreign.iter().map(|(key, _)| *key))
            ),
        ),
        evidence,
        vec![
            advice::describe(first, "shows whose it is"),
            advice::keep_object(first),
        ],
    ))
}

/// An object of the deployed revision that changed hands. Helm does not ask before it writes or deletes it.
fn taken_over(key: &ObjectKey, whose: &str) -> Health {
    with(
        remark(
            HealthCode::OwnershipConflict,
            HealthSeverity::Warning,
            format!("{key} is in the deployed manifest and {whose}"),
        ),
        vec![
            "the next upgrade writes it all the same and takes it back; one that drops it deletes it, whoever uses it by then"
                .to_owned(),
        ],
        vec![
            advice::describe(key, "shows whose it is, and who wrote it"),
            advice::keep_object(key),
            advice::protect(key),
        ],
    )
}

/// A kind of the manifest that is gone: whatever Helm does, it has to build the current manifest first.
fn unserved(case: &ReleaseFacts<'_>, kind: &str) -> Health {
    let commands = case.commands();
    let mut steps = vec![commands.history()];
    let revision = case.history.baseline().map(|baseline| baseline.revision);
    steps.extend(commands.backup(&revision.into_iter().collect::<Vec<_>>()));
    with(
        remark(
            HealthCode::ApiRemoved,
            HealthSeverity::Warning,
            format!("the manifest has {kind}, which the API server does not serve: the next upgrade fails"),
        ),
        vec![
            "upgrade, rollback and uninstall fail alike, and the last two leave the release pending: run neither".to_owned(),
            "for a custom resource: let the API server serve that version again, upgrade to a chart that has the new one, \
             and stop serving the old one then"
                .to_owned(),
            "for a built-in kind: the Helm plugin mapkubeapis rewrites the stored manifest".to_owned(),
        ],
        steps,
    )
}

fn leftovers(case: &ReleaseFacts<'_>) -> Option<Health> {
    let first = case.leftovers.first()?;
    let mut advice = vec![advice::describe(first, "shows what it is")];
    for key in case.leftovers {
        advice.push(advice::keep_object(key));
        advice.push(advice::delete_object(
            key,
            "only when nothing uses it: Helm has forgotten it",
            "deletes the object",
        ));
    }
    Some(with(
        remark(
            HealthCode::LeftoverObjects,
            HealthSeverity::Warning,
            format!(
                "left by revisions that are not deployed: {}; the next upgrade leaves them, too",
                named(case.leftovers.iter())
            ),
        ),
        Vec::new(),
        advice,
    ))
}
