//! Objects at which the next upgrade fails or may fail, in sync or not.
//!
//! It fails for certain only with the manifest of the record. Of an object for which another one may be rendered it may fail,
//! which is worth knowing (info), and no warning.
//!
//! By server-side apply one field of another manager is enough: the API server refuses the whole object, and Helm ends the
//! upgrade as failed when it has tried all objects (Helm: `pkg/kube/client.go`, `update`).

use super::advice;
use super::deletions::weigh;
use super::entry::{ADVISED, first_of, named, remark, unadvised};
use super::losses::what_goes_with;
use super::release_facts::{BlockedObject, ObjectFacts, ReleaseFacts};
use super::steps::with;
use crate::classify::blocked::{Block, ContestedField};
use crate::model::Health;
use crate::vocabulary::{HealthCode, HealthSeverity};

/// How the message about a single field ends.
const OTHERS: &str = "other managers own fields that it writes";

/// The entry about all objects at which the next upgrade fails, or may fail.
pub(super) fn upgrade_blocked(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let blocked = &facts.objects.blocked;
    blocked.first()?;
    let is_conflict = |object: &&BlockedObject| matches!(object.block, Block::Conflict(_));
    let (conflicts, refusals): (Vec<_>, Vec<_>) = blocked.iter().partition(is_conflict);
    let is_foreign = |object: &BlockedObject| facts.objects.is_foreign(&object.key);
    let mut evidence = first_of(blocked.iter().flat_map(|object| reasons(object, facts.objects)));
    let doubts = blocked
        .iter()
        .filter_map(|object| Some((&object.key, object.doubt?)));
    evidence.extend(
        doubts
            .take(ADVISED)
            .map(|(key, doubt)| format!("{key}: {doubt}, which may not fail")),
    );
    if blocked.iter().any(is_foreign) {
        evidence.push(
            "what is not this release's is not its to take: settle whose it is, and let the chart drop it only when it has the \
             annotation helm.sh/resource-policy: keep, because Helm deletes what a chart drops; with --force-conflicts Helm \
             would take it from its owner"
                .to_owned(),
        );
    } else if !conflicts.is_empty() {
        evidence.push(
            "take these fields out of the chart, and Helm leaves them to their owners; giving the live values helps once, until they differ again"
                .to_owned(),
        );
        evidence.push(
            "with --force-conflicts Helm writes the chart's values there and takes the fields over, until their owners write \
             them again"
                .to_owned(),
        );
    }
    if !refusals.is_empty() {
        evidence.push(
            "no flag helps against what the API server refuses: set the live field back by hand where it may change, give the live value in the chart's values, or delete the object so that Helm creates it again, with all that goes with it"
                .to_owned(),
        );
        let lost = refusals.iter().filter_map(|object| {
            let what = what_goes_with(&object.key.gvk.kind)?;
            Some(format!("with {} goes {what}", object.key))
        });
        evidence.extend(first_of(lost));
    }
    let advised = || blocked.iter().take(ADVISED);
    evidence.extend(unadvised(blocked.len()));
    let mut steps: Vec<_> = advised().map(|object| advice::show_owners(&object.key)).collect();
    // Where the newest operation did not complete, the way out of that is advised elsewhere, with the same flag.
    let is_complete = facts.history.latest().is_some_and(|latest| {
        facts
            .history
            .baseline()
            .is_some_and(|baseline| baseline.revision == latest.revision)
    });
    if refusals.is_empty() && is_complete && !blocked.iter().any(is_foreign) {
        let baseline = facts.history.baseline().map(|baseline| baseline.revision);
        let commands = facts.commands();
        steps.extend(commands.backup(&baseline.into_iter().collect::<Vec<_>>()));
        steps.extend(advised().map(|object| advice::save_object(&object.key)));
        steps.extend(baseline.map(|revision| {
            let chart = facts
                .records
                .get(&revision)
                .and_then(|record| record.chart.as_ref());
            commands.upgrade(
                chart,
                revision,
                "only if the chart's values are to win over their owners'",
            )
        }));
    }
    let (certain, possible): (Vec<_>, Vec<_>) = blocked.iter().partition(|object| object.doubt.is_none());
    let names = |objects: &[&BlockedObject]| named(objects.iter().map(|object| &object.key));
    let fails = match (&certain[..], &possible[..]) {
        (certain, []) => format!("fails at {}", names(certain)),
        ([], possible) => format!("may fail at {}", names(possible)),
        (certain, possible) => format!("fails at {}, and may fail at {}", names(certain), names(possible)),
    };
    let severity = if certain.is_empty() {
        HealthSeverity::Info
    } else {
        HealthSeverity::Warning
    };
    let steps = weigh(facts, steps);
    let message = format!("the next upgrade {fails}: {}", because(&conflicts, &refusals));
    let entry = remark(HealthCode::UpgradeBlocked, severity, message);
    Some(with(entry, evidence, steps))
}

/// How the sentence about an upgrade that fails for certain begins.
const FAILS_AT: &str = "the next upgrade fails at ";

/// What fails and where, of the sentence of an entry: words of driftline's own and names of objects. Why it fails is left out,
/// since that may repeat what the API server says.
pub(crate) fn place_of_blocked_upgrade(entry: &Health) -> Option<&str> {
    let (place, _) = entry.message.split_once(": ")?;
    place.starts_with(FAILS_AT).then_some(place)
}

/// Why the upgrade fails, in half a sentence.
fn because(conflicts: &[&BlockedObject], refusals: &[&BlockedObject]) -> String {
    match (conflicts, refusals) {
        ([object], []) => match &object.block {
            Block::Conflict(fields) => match &fields[..] {
                [ContestedField { path, owner }] => format!("{owner} owns {path}"),
                _ => OTHERS.to_owned(),
            },
            Block::Refused { path: _, rule } => rule.clone(),
        },
        ([], [object]) => match &object.block {
            Block::Refused { path: _, rule } => rule.clone(),
            Block::Conflict(_) => OTHERS.to_owned(),
        },
        (_, []) => OTHERS.to_owned(),
        ([], _) => "the API server refuses them".to_owned(),
        (_, _) => format!("{OTHERS}, or the API server refuses them"),
    }
}

/// What blocks an object, a sentence for each field, with the values where they may be shown.
fn reasons(object: &BlockedObject, objects: &ObjectFacts) -> Vec<String> {
    let key = &object.key;
    let values = |path: &str| objects.failing_values.get(&(key.clone(), path.to_owned()));
    match &object.block {
        Block::Conflict(fields) => fields
            .iter()
            .map(|ContestedField { path, owner }| match values(path) {
                Some(values) => format!("{key}: {path} is owned by {owner}: {values}"),
                None => format!("{key}: {path} is owned by {owner}, and the chart has another value"),
            })
            .collect(),
        Block::Refused { path, rule } => vec![match values(path) {
            Some(values) => format!("{key}: {path}: {rule}: {values}"),
            None => format!("{key}: {path}: {rule}"),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::state::empty_report;
    use crate::health::advice::Contested;
    use crate::health::tests::{Scene, commands, key, scene};
    use crate::vocabulary::{ApplyMethod, ObjectState};

    fn contested(fields: &[(&str, &str)]) -> Block {
        let fields = fields.iter().map(|(path, owner)| ContestedField {
            path: (*path).to_owned(),
            owner: (*owner).to_owned(),
        });
        Block::Conflict(fields.collect())
    }

    fn refused() -> Block {
        Block::Refused {
            path: "/spec/selector".to_owned(),
            rule: "the API server does not let anybody change the selector".to_owned(),
        }
    }

    fn health(method: ApplyMethod, blocks: &[Block]) -> Vec<Health> {
        let mut objects = ObjectFacts::default();
        for (number, block) in blocks.iter().enumerate() {
            objects.note_block(&key("Deployment", &format!("web-{number}")), block);
        }
        Scene {
            objects,
            method,
            ..scene(&["superseded", "deployed"])
        }
        .health()
    }

    #[test]
    fn a_single_field_is_named_with_its_owner_and_the_flag_that_takes_it_back() {
        let field = contested(&[("/spec/replicas", "kube-controller-manager via scale")]);
        let health = health(ApplyMethod::Ssa, &[field]);
        let [entry] = &health[..] else {
            panic!("{health:#?}")
        };
        assert_eq!(entry.severity, HealthSeverity::Warning);
        assert_eq!(
            entry.message,
            "the next upgrade fails at Deployment shop/web-0: kube-controller-manager via scale owns /spec/replicas"
        );
        assert_eq!(
            place_of_blocked_upgrade(entry),
            Some("the next upgrade fails at Deployment shop/web-0")
        );
        let evidence = entry.evidence.join("\n");
        assert!(
            evidence.contains("take these fields out of the chart"),
            "{evidence}"
        );
        let commands = commands(&health, HealthCode::UpgradeBlocked);
        assert!(commands[0].ends_with("--show-managed-fields"), "{commands:?}");
        let upgrade = commands.last().unwrap();
        assert!(
            upgrade.starts_with("helm upgrade") && upgrade.contains(" --force-conflicts "),
            "{commands:?}"
        );
    }

    /// Forcing would take the object from its owner, whose write it is that conflicts.
    #[test]
    fn what_is_not_the_releases_is_not_taken_over_by_force() {
        let mut objects = ObjectFacts::default();
        let key = key("ConfigMap", "common");
        let report = empty_report(&key, None, ObjectState::Foreign, Some("another's".into()));
        objects.note_report(&key, &report);
        objects.note_block(&key, &contested(&[("/metadata/annotations", "kubectl-annotate")]));
        assert_eq!(objects.contested, Contested::No);
        let health = Scene {
            objects,
            method: ApplyMethod::Ssa,
            ..scene(&["deployed"])
        }
        .health();
        let entry = health
            .iter()
            .find(|entry| entry.code == HealthCode::UpgradeBlocked)
            .unwrap();
        assert!(
            entry.advice.iter().all(|advice| !advice.destructive),
            "{entry:#?}"
        );
        assert!(
            entry
                .evidence
                .iter()
                .all(|line| !line.contains("take these fields out")),
            "{entry:#?}"
        );
        // Another entry says that Helm deletes what the chart drops.
        let said = |words: &str| entry.evidence.iter().any(|line| line.contains(words));
        assert!(
            said("only when it has the annotation helm.sh/resource-policy: keep"),
            "{entry:#?}"
        );
    }

    /// The failed upgrade has its own advice, and two upgrades to different values would be one too many.
    #[test]
    fn after_a_failed_upgrade_only_the_owners_are_shown() {
        let mut objects = ObjectFacts::default();
        objects.note_block(
            &key("ConfigMap", "settings"),
            &contested(&[("/data/a", "kubectl-edit")]),
        );
        let health = Scene {
            objects,
            method: ApplyMethod::Ssa,
            ..scene(&["deployed", "failed"])
        }
        .health();
        let commands = commands(&health, HealthCode::UpgradeBlocked);
        assert!(
            commands.iter().all(|command| command.starts_with("kubectl get ")),
            "{commands:?}"
        );
    }

    /// A template that reads the live object renders its value, with which nothing conflicts.
    #[test]
    fn what_a_template_reads_from_the_live_object_may_not_conflict() {
        const DOUBT: &str = "the template reads live objects (lookup)";
        let blocked = |doubts: &[Option<&'static str>]| {
            let mut objects = ObjectFacts::default();
            for (number, doubt) in doubts.iter().enumerate() {
                let block = contested(&[("/data/password", "kubectl-edit")]);
                let key = key("Secret", &format!("password-{number}"));
                objects.note_block_of(&key, &block, *doubt);
            }
            let scene = Scene {
                objects,
                method: ApplyMethod::Ssa,
                ..scene(&["deployed"])
            };
            scene.health().remove(0)
        };
        let entry = blocked(&[Some(DOUBT)]);
        let starts = |text: &str| entry.message.starts_with(text);
        assert!(
            starts("the next upgrade may fail at Secret shop/password-0: kubectl-edit owns"),
            "{}",
            entry.message
        );
        assert_eq!(entry.severity, HealthSeverity::Info);
        assert_eq!(place_of_blocked_upgrade(&entry), None, "nobody is told of it");
        let evidence = entry.evidence.join("\n");
        assert!(evidence.contains(DOUBT), "{evidence}");
        let both = blocked(&[Some(DOUBT), None]);
        assert_eq!(
            both.message,
            "the next upgrade fails at Secret shop/password-1, and may fail at Secret shop/password-0: other managers own fields \
             that it writes"
        );
        assert_eq!(both.severity, HealthSeverity::Warning);
    }

    #[test]
    fn the_values_are_told_where_they_may_be_shown() {
        let mut objects = ObjectFacts::default();
        let key = key("Deployment", "web");
        let finding = |path: &str, hidden: bool| crate::model::Finding {
            next_upgrade: Some(crate::vocabulary::NextUpgrade::Conflict),
            redacted: hidden,
            ..crate::report::fixtures::finding(
                crate::vocabulary::FindingCode::Changed,
                path,
                Some(2.into()),
                Some(4.into()),
            )
        };
        let mut report = empty_report(&key, None, ObjectState::InSync, None);
        report.findings = vec![finding("/spec/replicas", false), finding("/spec/paused", true)];
        objects.note_report(&key, &report);
        let fields = [("/spec/replicas", "hpa"), ("/spec/paused", "a person")];
        objects.note_block(&key, &contested(&fields));
        let health = Scene {
            objects,
            method: ApplyMethod::Ssa,
            ..scene(&["deployed"])
        }
        .health();
        assert_eq!(
            health[0].evidence[..2],
            [
                "Deployment shop/web: /spec/replicas is owned by hpa: the chart has 2, and 4 lives",
                "Deployment shop/web: /spec/paused is owned by a person, and the chart has another value",
            ]
        );
    }

    /// No flag helps against a rule, so no upgrade is advised.
    #[test]
    fn what_a_rule_refuses_is_only_looked_at() {
        for method in [ApplyMethod::Csa, ApplyMethod::Ssa] {
            let health = health(method, &[refused()]);
            assert_eq!(
                health[0].message,
                "the next upgrade fails at Deployment shop/web-0: the API server does not let anybody change the selector"
            );
            assert!(health[0].advice.iter().all(|advice| !advice.destructive));
        }
    }

    #[test]
    fn several_objects_are_one_entry() {
        let fields = [("/spec/replicas", "hpa"), ("/spec/paused", "a person")];
        let health = health(ApplyMethod::Ssa, &[contested(&fields), refused()]);
        assert_eq!(health.len(), 1);
        assert_eq!(
            health[0].message,
            "the next upgrade fails at Deployment shop/web-0 and Deployment shop/web-1: other managers own fields that it \
             writes, or the API server refuses them"
        );
        let evidence = &health[0].evidence;
        for line in [
            "Deployment shop/web-0: /spec/paused is owned by a person, and the chart has another value",
            "Deployment shop/web-1: /spec/selector: the API server does not let anybody change the selector",
        ] {
            assert!(evidence.iter().any(|text| text == line), "{evidence:#?}");
        }
    }
}
