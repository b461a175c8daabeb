//! Objects of the deployed revision that do not exist in the cluster, where the release is in no other trouble.
//!
//! Helm creates what does not exist, in an upgrade and in a rollback to the same revision (Helm: `pkg/kube/client.go`,
//! `update`). Where the newest operation did not complete, the way out of that brings the objects back as well.

use super::advice;
use super::deletions::weigh;
use super::entry::{listed_of, remark};
use super::release_facts::ReleaseFacts;
use super::steps::with;
use super::way_out::refused;
use crate::model::Health;
use crate::vocabulary::{HealthCode, HealthSeverity, count};

/// The entry about all objects that are missing.
pub(super) fn missing(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let drift = &facts.objects.drift;
    drift.missing().next()?;
    let latest = facts.history.latest()?;
    let baseline = facts.history.baseline()?;
    if latest.revision != baseline.revision {
        return None;
    }
    let revision = baseline.revision;
    let number = drift.missing().count() + drift.more_missing();
    let exist = if number == 1 { "does" } else { "do" };
    let message = format!(
        "{} of revision {revision} {exist} not exist: {}",
        count(number, "object"),
        listed_of(drift.missing().map(ToString::to_string), drift.more_missing())
    );
    let commands = facts.commands();
    let mut evidence = Vec::new();
    let mut steps = vec![commands.history()];
    if facts.objects.namespace_deleted.is_some() {
        steps.push(advice::describe_namespace(commands));
        evidence.push("nothing can be created in a namespace that is being deleted".to_owned());
    } else if let Some(obstacle) = obstacle(facts) {
        evidence.push(format!(
            "no command that creates what is missing is printed before that is settled: {obstacle}"
        ));
    } else {
        steps.extend(commands.backup(&[revision]));
        steps.push(commands.rollback(
            revision,
            "creates what is missing, from the record of the same revision: no chart is needed",
            &[],
        ));
        let chart = facts
            .records
            .get(&revision)
            .and_then(|record| record.chart.as_ref());
        steps.push(commands.upgrade(
            chart,
            revision,
            "or, with the chart at hand: creates what is missing, and renders the rest anew",
        ));
    }
    let entry = remark(HealthCode::MissingObjects, HealthSeverity::Warning, message);
    Some(with(entry, evidence, weigh(facts, steps)))
}

/// What a rollback or an upgrade would fail at, or take from others.
fn obstacle(facts: &ReleaseFacts<'_>) -> Option<String> {
    let objects = facts.objects;
    if let Some(kind) = objects.not_served.baseline.first() {
        return Some(format!("the API server does not serve {kind}, see api-removed"));
    }
    if let Some(foreign) = objects.foreign.first() {
        return Some(format!(
            "{} is not this release's, see ownership-conflict",
            foreign.key
        ));
    }
    let refused = refused(facts);
    let refused = refused.first()?;
    Some(format!(
        "an upgrade and a rollback fail at {}, see upgrade-blocked",
        refused.key
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::blocked::Block;
    use crate::classify::state::empty_report;
    use crate::health::ObjectFacts;
    use crate::health::tests::{Scene, commands, key, scene};
    use crate::vocabulary::{ApplyMethod, FindingCode, NextUpgrade, ObjectState};

    fn objects(state: ObjectState) -> ObjectFacts {
        let mut objects = ObjectFacts::default();
        let key = key("Deployment", "web");
        let mut report = empty_report(&key, None, state, None);
        report.next_upgrade = Some(NextUpgrade::Revert);
        objects.note_report(&key, &report);
        objects
    }

    fn health(objects: ObjectFacts, statuses: &[&'static str]) -> Vec<Health> {
        let scene = Scene {
            objects,
            method: ApplyMethod::Csa,
            ..scene(statuses)
        };
        scene.health_with(crate::release::history::Depth::History)
    }

    #[test]
    fn what_is_missing_is_named_with_the_step_that_creates_it() {
        let entries = health(objects(ObjectState::Missing), &["superseded", "deployed"]);
        let [entry] = &entries[..] else {
            panic!("{entries:#?}")
        };
        assert_eq!(
            (entry.code, entry.message.as_str()),
            (
                HealthCode::MissingObjects,
                "1 object of revision 2 does not exist: Deployment shop/web"
            )
        );
        let commands = commands(&entries, HealthCode::MissingObjects);
        let rollback = commands
            .iter()
            .position(|command| *command == "helm rollback web 2 -n shop");
        assert!(
            rollback.is_some() && commands.last().unwrap().starts_with("helm upgrade web"),
            "{commands:?}"
        );
        let rollback = &entry.advice[rollback.unwrap()];
        assert!(
            rollback.destructive
                && rollback
                    .changes
                    .contains("takes back 1 change: Deployment shop/web that was deleted"),
            "{rollback:?}"
        );
        // The way out of a failed operation is told by its own entry, and a scan tells of the object itself.
        let failed = health(objects(ObjectState::Missing), &["deployed", "failed"]);
        assert!(
            failed
                .iter()
                .all(|entry| entry.code != HealthCode::MissingObjects)
        );
        let scanned = Scene {
            objects: objects(ObjectState::Missing),
            ..scene(&["deployed"])
        }
        .health();
        assert_eq!(scanned, []);
        assert_eq!(health(objects(ObjectState::Drifted), &["deployed"]), []);
    }

    /// Regression: behind a hundred drifted fields no missing object was seen.
    #[test]
    fn missing_objects_are_told_behind_any_number_of_drifted_fields() {
        let mut objects = ObjectFacts::default();
        let note = |objects: &mut ObjectFacts, name: &str, state: ObjectState, fields: usize| {
            let key = key("Deployment", name);
            let mut report = empty_report(&key, None, state, None);
            let finding = |number: usize| {
                let path = format!("/spec/field-{number}");
                crate::report::fixtures::finding(FindingCode::Changed, &path, Some(1.into()), Some(2.into()))
            };
            report.findings = (0..fields).map(finding).collect();
            objects.note_report(&key, &report);
        };
        note(&mut objects, "changed", ObjectState::Drifted, 150);
        for number in 0..150 {
            note(&mut objects, &format!("gone-{number}"), ObjectState::Missing, 0);
        }
        let entries = health(objects, &["deployed"]);
        let entry = entries
            .iter()
            .find(|entry| entry.code == HealthCode::MissingObjects);
        let message = &entry.unwrap().message;
        assert!(
            message.starts_with("150 objects of revision 1 do not exist: "),
            "{message}"
        );
        assert!(message.ends_with("147 more"), "{message}");
    }

    /// A rollback would fail, or write over what is somebody else's.
    #[test]
    fn nothing_is_created_before_what_stands_in_the_way_is_settled() {
        let mut blocked = objects(ObjectState::Missing);
        let refused = Block::Refused {
            path: "/spec/selector".to_owned(),
            rule: "it may not change".to_owned(),
        };
        blocked.note_block(&key("Deployment", "api"), &refused);
        let mut foreign = objects(ObjectState::Missing);
        let report = empty_report(&key("ConfigMap", "x"), None, ObjectState::Foreign, None);
        foreign.note_report(&key("ConfigMap", "x"), &report);
        for (objects, see) in [(blocked, "upgrade-blocked"), (foreign, "ownership-conflict")] {
            let entries = health(objects, &["deployed"]);
            let entry = entries
                .iter()
                .find(|entry| entry.code == HealthCode::MissingObjects)
                .unwrap();
            assert!(entry.advice.iter().all(|advice| !advice.destructive));
            assert!(entry.evidence[0].contains(see), "{:?}", entry.evidence);
        }
    }
}
