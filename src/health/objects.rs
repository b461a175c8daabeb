//! Entries about single objects: objects that block the release, are left over, or belong to somebody else.

use super::advice;
use super::deletions::deleted_by_rollback;
use super::entry::{ADVISED, first_of, human, moment, named, remark, unadvised};
use super::losses::loss;
use super::observe::Presence;
use super::release_facts::{ClaimedObject, ForeignObject, ObservedObject, ReleaseFacts};
use super::steps::with;
use crate::classify::state::is_nobodys;
use crate::model::Health;
use crate::object::ObjectKey;
use crate::vocabulary::{HealthCode, HealthSeverity, NextUpgrade};

/// Objects that are being deleted and wait for their finalizers.
pub(super) fn blocked_by_finalizers(facts: &ReleaseFacts<'_>) -> Vec<Health> {
    let objects = facts.objects.observed.iter();
    objects.filter_map(|object| blocked(facts, object)).collect()
}

/// An object that cannot be deleted until a controller removes its finalizers.
fn blocked(facts: &ReleaseFacts<'_>, object: &ObservedObject) -> Option<Health> {
    let deleting = object.observed.as_ref()?.deleting.as_ref()?;
    if deleting.finalizers.is_empty() {
        return None;
    }
    let age = deleting.since.map(|since| facts.now - since);
    let terminates = age.map_or_else(
        || "is terminating".to_owned(),
        |age| format!("has been terminating for {}", human(age)),
    );
    let mut evidence = Vec::new();
    if let Some(since) = deleting.since {
        evidence.push(format!("deleted at {}", moment(since)));
    }
    Some(with(
        remark(
            HealthCode::BlockedByFinalizer,
            HealthSeverity::Warning,
            format!(
                "{} {terminates}, waiting for its finalizers: {}",
                object.key,
                first_of(deleting.finalizers.iter().cloned()).join(", ")
            ),
        ),
        evidence,
        vec![
            advice::describe(
                &object.key,
                "shows its finalizers and events; look for the controller that handles them",
            ),
            advice::save_object(&object.key),
            advice::drop_finalizers(&object.key),
        ],
    ))
}

/// Objects that the newest revision adds and that do not belong to this release.
///
/// Helm checks the owner only of objects that the current revision does not have (Helm: `pkg/action/upgrade.go`,
/// `performUpgrade`; `validate.go`, `existingResourceConflict`), and where none is deployed takes the newest for the current
/// (`prepareUpgrade`).
pub(super) fn added_objects_of_others(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let foreign: Vec<(&ObjectKey, String)> = facts
        .objects
        .observed
        .iter()
        .filter(|object| !object.is_deployed)
        .filter_map(|object| match &object.observed.as_ref()?.presence {
            Presence::OtherRelease(owner) => {
                Some((&object.key, format!("{} belongs to release {owner}", object.key)))
            }
            Presence::NoRelease => Some((&object.key, format!("{} belongs to no release", object.key))),
            Presence::Ours | Presence::Absent | Presence::Unproven | Presence::Unread => None,
        })
        .collect();
    foreign.first()?;
    // A record can name any cluster-scoped object, also one that the reader had better leave alone.
    let in_a_namespace: Vec<&ObjectKey> = foreign
        .iter()
        .map(|(key, _)| *key)
        .filter(|key| key.namespace.is_some())
        .collect();
    let mut evidence: Vec<String> = foreign.iter().map(|(_, owner)| owner.clone()).collect();
    let names = named(foreign.iter().map(|(key, _)| *key));
    let message = if facts.history.baseline().is_some() {
        evidence.push(
            "an upgrade that is to adopt them needs --take-ownership (Helm 3.17 and later), in Helm 4 with --force-conflicts, \
             and overwrites them; less disruptive: rename the objects in the chart"
                .to_owned(),
        );
        format!(
            "the newest revision adds objects that exist and are not this release's: {names}; such an upgrade fails"
        )
    } else {
        evidence.push(
            "Helm does not ask whose they are, as the newest revision has them and none is deployed: the next upgrade and the next \
             rollback overwrite or delete them; in Helm 4 they may need --force-conflicts"
                .to_owned(),
        );
        format!("the newest revision has objects that are not this release's: {names}")
    };
    Some(with(
        remark(HealthCode::OwnershipConflict, HealthSeverity::Critical, message),
        evidence,
        in_a_namespace
            .first()
            .map(|first| {
                vec![
                    advice::describe(first, "shows which release owns it"),
                    advice::save_object(first),
                ]
            })
            .unwrap_or_default(),
    ))
}

/// Objects of the deployed revision that belong to somebody else by now.
pub(super) fn taken_over(facts: &ReleaseFacts<'_>) -> Vec<Health> {
    facts.objects.foreign.iter().map(taken_over_object).collect()
}

/// An object that belongs to somebody else by now. Helm does not check that before it writes or deletes the object.
fn taken_over_object(foreign: &ForeignObject) -> Health {
    let ForeignObject {
        key,
        reason,
        next_upgrade,
    } = foreign;
    let upgrade = match next_upgrade {
        Some(NextUpgrade::Conflict | NextUpgrade::Refused) => "the next upgrade fails at it",
        Some(NextUpgrade::Revert | NextUpgrade::Keep | NextUpgrade::Becomes) => {
            "the next upgrade overwrites it and takes it back"
        }
        None => "the next upgrade overwrites it and takes it back, or fails at it",
    };
    let stays = match next_upgrade {
        Some(NextUpgrade::Conflict) => "upgrade with --force-conflicts, which takes it back",
        Some(NextUpgrade::Refused) => "mend first what the API server refuses",
        Some(NextUpgrade::Revert | NextUpgrade::Keep | NextUpgrade::Becomes) | None => {
            "there is nothing to do but to upgrade"
        }
    };
    with(
        remark(
            HealthCode::OwnershipConflict,
            HealthSeverity::Warning,
            format!("{key} is in the deployed manifest and {reason}"),
        ),
        vec![if is_nobodys(reason) {
            format!(
                "somebody took the marks of its release off the object, or created it anew: if it is to stay this release's, {stays} \
                 ({upgrade}); if it is to be somebody else's, hand it over: protect it, and drop it \
                 from the chart"
            )
        } else {
            format!("{upgrade}; an upgrade that drops it deletes it, even if another release uses it by then")
        }],
        match &key.namespace {
            Some(_) => vec![
                advice::describe(key, "shows whose it is, and who wrote it"),
                advice::save_object(key),
                advice::protect(key),
            ],
            // A record can name any cluster-scoped object, also one that the reader had better leave alone.
            None => Vec::new(),
        },
    )
}

/// Kinds of the deployed manifest that the API server does not serve.
pub(super) fn not_served(facts: &ReleaseFacts<'_>) -> Vec<Health> {
    let kinds = facts.objects.not_served.baseline.iter();
    kinds.map(|kind| not_served_kind(facts, kind)).collect()
}

/// A kind that is not served. Every operation fails at it, because Helm has to build the current manifest first, unless the
/// newest revision, from which a rollback and an uninstallation start, is another one without the kind.
fn not_served_kind(facts: &ReleaseFacts<'_>, kind: &str) -> Health {
    let commands = facts.commands();
    let mut steps = vec![commands.history()];
    let revision = facts.history.baseline().map(|baseline| baseline.revision);
    steps.extend(commands.backup(&revision.into_iter().collect::<Vec<_>>()));
    let latest = facts.history.latest().map(|latest| latest.revision);
    let is_in_newest = latest == revision || facts.objects.not_served.newest.contains(kind);
    let (severity, fails, extent) = if is_in_newest {
        (
            HealthSeverity::Critical,
            "upgrade, rollback and uninstall fail",
            "upgrade, rollback and uninstall all fail, and the last two leave the release pending: run neither of them",
        )
    } else {
        (
            HealthSeverity::Warning,
            "the next upgrade fails",
            "an upgrade fails, and so does a rollback to the deployed revision; the newest revision does not have the kind",
        )
    };
    with(
        remark(
            HealthCode::ApiRemoved,
            severity,
            format!("the manifest has {kind}, which the API server does not serve: {fails}"),
        ),
        vec![
            extent.to_owned(),
            "for a custom resource: let the API server serve that version again, upgrade to a chart that uses the new one, \
             and then stop serving the old one"
                .to_owned(),
            "for a built-in kind: the Helm plugin mapkubeapis rewrites the stored manifest".to_owned(),
        ],
        steps,
    )
}

/// Objects that only undeployed revisions have.
pub(super) fn left_over(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let first = facts.objects.leftovers.first()?;
    let mut advice = vec![advice::describe(first, "shows what it is")];
    let by_rollback = deleted_by_rollback(facts);
    let leftovers = facts.objects.leftovers.iter();
    let (go, stay): (Vec<&ObjectKey>, Vec<&ObjectKey>) = leftovers.partition(|key| by_rollback.contains(key));
    let saved = facts.objects.leftovers.iter().take(ADVISED);
    advice.extend(saved.map(advice::save_object));
    advice.extend(stay.iter().take(ADVISED).map(|key| {
        let why = "only if nothing uses it, and no upgrade is to make it the release's again";
        advice::delete_object(key, why, loss(&key.gvk.kind))
    }));
    let go = (!go.is_empty()).then(|| {
        let them = if go.len() == 1 { "it" } else { "them" };
        let names = named(go.iter().copied());
        format!(
            "a rollback deletes {names}, which the newest revision has; an upgrade to a chart that has {them} makes {them} the \
             release's again"
        )
    });
    Some(with(
        remark(
            HealthCode::LeftoverObjects,
            HealthSeverity::Warning,
            format!(
                "left behind by undeployed revisions: {}; the next upgrade does not delete them",
                named(facts.objects.leftovers.iter())
            ),
        ),
        facts
            .objects
            .doubt()
            .into_iter()
            .chain(go)
            .chain(unadvised(stay.len()))
            .collect(),
        advice,
    ))
}

/// Objects that other revisions left behind, and that another release deploys by now: nobody should delete them.
pub(super) fn claimed_by_others(facts: &ReleaseFacts<'_>) -> Vec<Health> {
    let claimed = facts.objects.claimed.iter();
    claimed
        .map(|ClaimedObject { key, by }| {
            remark(
                HealthCode::OwnershipConflict,
                HealthSeverity::Warning,
                format!(
                    "{key} is of an undeployed revision or of a hook, and the deployed manifest of release {by} has it, too: it \
                     is not left over"
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::ObjectFacts;
    use crate::health::tests::{Scene, scene};

    /// Critical is a release of which Helm refuses every operation, and only such a one.
    #[test]
    fn a_kind_that_is_gone_is_critical_where_every_operation_fails() {
        for (statuses, is_in_newest, severity) in [
            (&["superseded", "deployed"][..], false, HealthSeverity::Critical),
            (&["deployed", "failed"], true, HealthSeverity::Critical),
            (&["deployed", "failed"], false, HealthSeverity::Warning),
        ] {
            let mut objects = ObjectFacts::default();
            let kind = || "Gadget of example/v1".to_owned();
            objects.not_served.baseline.insert(kind());
            if is_in_newest {
                objects.not_served.newest.insert(kind());
            }
            let health = Scene {
                objects,
                ..scene(statuses)
            }
            .health();
            let entry = health
                .iter()
                .find(|entry| entry.code == HealthCode::ApiRemoved)
                .unwrap();
            assert_eq!(entry.severity, severity, "{statuses:?}");
            let all = entry.evidence.iter().any(|text| text.contains("all fail"));
            assert_eq!(all, severity == HealthSeverity::Critical, "{entry:?}");
            assert_eq!(entry.message.contains("uninstall"), all, "{entry:?}");
        }
    }
}
