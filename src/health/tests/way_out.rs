//! The ways out of trouble: what is advised, in which order, and what it says that it takes with it.

use super::*;

/// An object that only the newest revision has, of a kind and with an owner.
fn only_in_newest(kind: &str, name: &str, presence: Presence) -> ObservedObject {
    ObservedObject {
        key: key(kind, name),
        ..object(name, false, observed(presence, Some(Side::New)))
    }
}

/// Helm deletes what only the newest revision has without asking whose it is.
#[test]
fn what_somebody_would_miss_is_saved_and_protected_before_a_rollback_deletes_it() {
    let objects = [
        only_in_newest("ConfigMap", "plain", Presence::Ours),
        only_in_newest("PersistentVolumeClaim", "data", Presence::Ours),
        only_in_newest("ConfigMap", "handed", Presence::OtherRelease("shop/api".into())),
        only_in_newest("ConfigMap", "nobodys", Presence::NoRelease),
        only_in_newest("ConfigMap", "gone", Presence::Absent),
    ];
    for status in ["failed", "pending-upgrade"] {
        let health = Scene {
            objects: observing(objects.clone()),
            ..scene(&["deployed", status])
        }
        .health();
        let entry = health
            .iter()
            .find(|entry| matches!(entry.code, HealthCode::FailedUpgrade | HealthCode::Stuck))
            .unwrap();
        let at = |part: &str| {
            let position = entry
                .advice
                .iter()
                .position(|advice| advice.command.contains(part));
            position.unwrap_or_else(|| panic!("{part}: {:#?}", entry.advice))
        };
        for name in [
            "persistentvolumeclaim data",
            "configmap handed",
            "configmap nobodys",
        ] {
            let (saved, protected) = (at(&format!("get {name}")), at(&format!("annotate {name}")));
            assert!(saved < protected && protected < at("helm rollback"), "{name}");
        }
        assert!(
            entry
                .advice
                .iter()
                .all(|advice| !advice.command.contains("annotate configmap plain")
                    && !advice.command.contains(" gone"))
        );
        let rollback = &entry.advice[at("helm rollback web 1")];
        for words in [
            "deletes what only the newest revision has: ConfigMap shop/plain",
            "PersistentVolumeClaim shop/data (with it goes the data on its volume, unless the volume is retained)",
            "ConfigMap shop/handed (it belongs to release shop/api)",
            "ConfigMap shop/nobodys (it belongs to no release)",
        ] {
            assert!(rollback.changes.contains(words), "{}", rollback.changes);
        }
    }
}

/// What somebody changed by hand is in no record, and a rollback writes over it, whatever is known of an upgrade.
#[test]
fn what_was_changed_by_hand_is_saved_before_a_rollback_takes_it_back() {
    let mut objects = ObjectFacts::default();
    let settings = key("ConfigMap", "settings");
    let mut report =
        crate::classify::state::empty_report(&settings, None, crate::vocabulary::ObjectState::Drifted, None);
    report.findings = vec![crate::report::fixtures::finding(
        crate::vocabulary::FindingCode::Changed,
        "/data/a",
        Some("a".into()),
        Some("b".into()),
    )];
    report.findings[0].next_upgrade = None;
    objects.note_report(&settings, &report);
    for status in ["failed", "pending-upgrade"] {
        let health = Scene {
            objects: objects.clone(),
            ..scene(&["deployed", status])
        }
        .health();
        let entry = health
            .iter()
            .find(|entry| matches!(entry.code, HealthCode::FailedUpgrade | HealthCode::Stuck))
            .unwrap();
        let commands: Vec<&str> = entry.advice.iter().map(|advice| &*advice.command).collect();
        let saves = commands
            .iter()
            .filter(|command| command.starts_with("kubectl get configmap settings"));
        assert_eq!(saves.count(), 1, "{commands:?}");
        assert_is_safe(entry);
        let rollback = entry
            .advice
            .iter()
            .find(|advice| advice.command.starts_with("helm rollback web 1"))
            .unwrap();
        assert!(
            rollback
                .changes
                .contains("takes back 1 change: ConfigMap shop/settings /data/a"),
            "{}",
            rollback.changes
        );
    }
}

/// An object whose protection has no command is deleted by no advised rollback either.
#[test]
fn no_rollback_is_advised_that_deletes_what_cannot_be_protected() {
    let objects = [only_in_newest(
        "ConfigMap",
        "a b",
        Presence::OtherRelease("shop/api".into()),
    )];
    let health = Scene {
        objects: observing(objects),
        ..scene(&["deployed", "failed"])
    }
    .health();
    let commands = commands(&health, HealthCode::FailedUpgrade);
    assert!(
        commands.iter().all(|command| !command.contains("rollback")),
        "{commands:?}"
    );
}

/// An uninstallation reads no annotation of the live object, so that naming and saving is all.
#[test]
fn an_uninstallation_says_what_goes_with_it() {
    let kept = ObservedObject {
        is_kept_by_manifest: true,
        ..only_in_newest("Namespace", "kept", Presence::Ours)
    };
    let objects = [
        only_in_newest("PersistentVolumeClaim", "data", Presence::Ours),
        kept,
    ];
    let health = Scene {
        objects: observing(objects),
        ..scene(&["failed"])
    }
    .health();
    let entry = health
        .iter()
        .find(|entry| entry.code == HealthCode::FailedInstall)
        .unwrap();
    let uninstall = entry
        .advice
        .iter()
        .find(|advice| advice.command.starts_with("helm uninstall"))
        .unwrap();
    assert!(
        uninstall.changes.ends_with(
            "deletes PersistentVolumeClaim shop/data (with it goes the data on its volume, unless the volume is retained)"
        ),
        "{}",
        uninstall.changes
    );
}

fn record(description: &str) -> RecordFacts {
    RecordFacts {
        description: description.to_owned(),
        ..RecordFacts::default()
    }
}

/// A rollback that waited in vain has applied everything, and the deployed revision is the one that it was to leave. Helm 4
/// records where it goes, and of Helm 3's the same objects tell.
#[test]
fn a_rollback_that_timed_out_is_completed() {
    let sentence = "Release \"web\" failed: timed out waiting for the condition";
    let of_helm3 = RecordFacts {
        manifest: Some(7),
        ..record(sentence)
    };
    let target = RecordFacts {
        manifest: Some(7),
        ..record("Install complete")
    };
    let of_helm4 = RecordFacts {
        rollback_revision: 1,
        ..record(sentence)
    };
    for newest in [of_helm3, of_helm4] {
        let health = Scene {
            records: BTreeMap::from([(1, target.clone()), (3, newest)]),
            ..scene(&["superseded", "deployed", "failed"])
        }
        .health();
        assert!(
            health[0]
                .evidence
                .contains(&"revision 3 is a rollback to revision 1".to_owned())
        );
        let commands = commands(&health, HealthCode::FailedUpgrade);
        let rollbacks: Vec<&&str> = commands
            .iter()
            .filter(|command| command.starts_with("helm rollback"))
            .collect();
        assert_eq!(
            rollbacks,
            [&"helm rollback web 3 -n shop", &"helm rollback web 2 -n shop"]
        );
    }
}

/// Only a failed rollback leaves no revision deployed; without one, a record is gone, and an older revision is a downgrade.
#[test]
fn a_lost_record_is_no_reason_for_a_downgrade() {
    for statuses in [&["superseded", "superseded"][..], &["superseded", "failed"]] {
        let health = Scene {
            sentence: "Upgrade \"web\" failed: it did",
            ..scene(statuses)
        }
        .health();
        let entry = health.iter().find(|entry| {
            entry
                .evidence
                .iter()
                .any(|line| line.contains("is gone: restore it"))
        });
        let entry = entry.unwrap_or_else(|| panic!("{health:#?}"));
        let changing: Vec<&str> = entry
            .advice
            .iter()
            .filter(|advice| advice.destructive)
            .map(|advice| advice.command.split(' ').nth(1).unwrap())
            .collect();
        assert_eq!(changing, ["upgrade", "rollback"], "{statuses:?}");
    }
}

/// Helm's own sentence proves the conflict, whatever is left of it to be seen.
#[test]
fn a_conflict_that_helm_reports_calls_for_the_flag() {
    let health = Scene {
        sentence: "Upgrade \"web\" failed: conflict occurred while applying object shop/web /v1, Kind=ConfigMap: Apply failed \
                   with 1 conflict: conflict with \"kubectl-edit\"",
        ..scene(&["deployed", "failed"])
    }
    .health();
    let commands = commands(&health, HealthCode::FailedUpgrade);
    let mut writing = commands
        .iter()
        .filter(|command| command.starts_with("helm rollback") || command.starts_with("helm upgrade"));
    assert!(
        writing.all(|command| command.contains("--force-conflicts")),
        "{commands:?}"
    );
}

/// A rollback to a manifest that Helm cannot build would leave another lock, above a manifest that nothing gets past.
#[test]
fn a_lock_above_a_kind_that_is_gone_is_ended_by_completing_the_operation() {
    let mut objects = ObjectFacts::default();
    objects.not_served.baseline = BTreeSet::from(["Gadget of example.com/v1".to_owned()]);
    let health = Scene {
        objects,
        records: BTreeMap::from([(3, record("Rollback to 1"))]),
        ..scene(&["superseded", "deployed", "pending-rollback"])
    }
    .health();
    let commands = commands(&health, HealthCode::Stuck);
    let rollbacks: Vec<&&str> = commands
        .iter()
        .filter(|command| command.starts_with("helm rollback"))
        .collect();
    assert_eq!(rollbacks, [&"helm rollback web 3 --no-hooks -n shop"]);
}

/// The record is the only list of what is left.
#[test]
fn an_uninstallation_without_its_kinds_loses_its_records_last() {
    let mut objects = ObjectFacts::default();
    objects.not_served.newest = BTreeSet::from(["Gadget of example.com/v1".to_owned()]);
    let health = Scene {
        objects,
        ..scene(&["superseded", "uninstalling"])
    }
    .health();
    let commands = commands(&health, HealthCode::Stuck);
    let last = &commands[commands.len() - 3..];
    assert_eq!(
        last,
        [
            "helm uninstall web --no-hooks -n shop",
            "kubectl delete --ignore-not-found -f web-manifest-2.yaml -n shop",
            "kubectl delete secrets -n shop -l owner=helm,name=web",
        ]
    );
}

/// Nothing can be created in it, not even a record.
#[test]
fn no_command_of_helm_is_advised_in_a_namespace_that_is_being_deleted() {
    for statuses in [&["deployed", "failed"][..], &["deployed", "pending-upgrade"]] {
        let objects = ObjectFacts {
            namespace_deleted: Some(DateTime::UNIX_EPOCH),
            ..ObjectFacts::default()
        };
        let health = Scene {
            objects,
            ..scene(statuses)
        }
        .health();
        assert!(
            health[0]
                .evidence
                .iter()
                .any(|line| line.contains("the namespace is being deleted since"))
        );
        assert!(
            health[0].advice.iter().all(|advice| !advice.destructive),
            "{:#?}",
            health[0]
        );
        assert!(
            health[0]
                .advice
                .iter()
                .any(|advice| advice.command == "kubectl describe namespace shop")
        );
    }
}

/// What is like neither revision and was not written since the operation began has drifted before.
#[test]
fn an_operation_that_wrote_nothing_is_not_half_done() {
    let created = DateTime::from_timestamp(1_799_999_000, 0).unwrap();
    for (ago, is_half) in [(TimeDelta::hours(1), false), (TimeDelta::zero(), true)] {
        let mut drifted = observed(Presence::Ours, Some(Side::Neither));
        drifted.written = Some(created - ago);
        let health = Scene {
            created: Some(created),
            objects: observing([
                object("a", true, drifted),
                object("b", true, observed(Presence::Absent, Some(Side::Neither))),
            ]),
            ..scene(&["deployed", "failed"])
        }
        .health();
        let is_told = health.iter().any(|entry| entry.code == HealthCode::HalfUpgraded);
        assert_eq!(is_told, is_half, "{ago}");
    }
}

/// Whoever knows that Helm was killed need not wait until its record looks like it; a scan tells nobody to.
#[test]
fn a_diagnosis_of_a_pending_release_has_the_way_out_for_whoever_knows_that_helm_is_gone() {
    let advised = |depth| {
        let scene = scene(&["deployed", "pending-upgrade"]);
        let history = super::history(
            Driver::Secret,
            &scene.statuses,
            Some(DateTime::UNIX_EPOCH + TimeDelta::days(1)),
        );
        let health = diagnose(&ReleaseFacts {
            history: &history,
            records: &BTreeMap::from([(1, record("Install complete")), (2, record("Preparing upgrade"))]),
            objects: &ObjectFacts::default(),
            method: ApplyMethod::Csa,
            depth,
            now: DateTime::UNIX_EPOCH + TimeDelta::days(1),
            stuck_after: TimeDelta::minutes(15),
        });
        let entry = health
            .into_iter()
            .find(|entry| entry.code == HealthCode::InProgress)
            .unwrap();
        assert_is_safe(&entry);
        entry.advice
    };
    let scanned = advised(Depth::Comparison);
    assert!(scanned.iter().all(|advice| !advice.destructive), "{scanned:#?}");
    let diagnosed = advised(Depth::History);
    assert!(diagnosed[0].command.ends_with("--watch"), "{diagnosed:#?}");
    let changing: Vec<_> = diagnosed.iter().filter(|advice| advice.destructive).collect();
    assert!(
        changing[0].command.starts_with("helm rollback web 1"),
        "{changing:#?}"
    );
    assert!(
        changing.iter().all(|advice| advice
            .why
            .starts_with("only if the Helm process is known to be gone: ")),
        "{changing:#?}"
    );
}

/// The rollback that failed was to go to the deployed revision: to go back there is to do the same again, once.
#[test]
fn a_failed_rollback_to_the_deployed_revision_is_done_again_once() {
    for (statuses, sentence) in [
        (
            &["deployed", "superseded", "failed"],
            "Rollback \"web\" failed: no",
        ),
        (
            &["deployed", "superseded", "failed"],
            "Release \"web\" failed: timed out waiting for the condition",
        ),
        (&["deployed", "failed", "pending-rollback"], "Rollback to 1"),
    ] {
        let newest = RecordFacts {
            rollback_revision: 1,
            ..record(sentence)
        };
        let health = Scene {
            records: BTreeMap::from([(1, record("Install complete")), (3, newest)]),
            ..scene(statuses)
        }
        .health();
        let mut rollbacks = health
            .iter()
            .flat_map(|entry| &entry.advice)
            .filter(|advice| advice.command.starts_with("helm rollback"));
        let first = rollbacks.next().unwrap();
        assert!(
            first.command.starts_with("helm rollback web 1"),
            "{}",
            first.command
        );
        assert!(!first.why.contains("before the rollback"), "{}", first.why);
        assert!(rollbacks.next().is_none(), "{health:#?}");
    }
}

/// What the rollback from a failed revision deletes needs no other command, and what it keeps does.
#[test]
fn what_the_advised_rollback_deletes_is_not_deleted_twice() {
    let key = |name: &str| ObjectKey {
        name: name.to_owned(),
        ..only_in_newest("ConfigMap", name, Presence::Ours).key
    };
    let mut objects = observing([
        only_in_newest("ConfigMap", "goes", Presence::Ours),
        only_in_newest("PersistentVolumeClaim", "data", Presence::Ours),
    ]);
    objects.leftovers = objects
        .observed
        .iter()
        .map(|object| object.key.clone())
        .chain([key("older")])
        .collect();
    let health = Scene {
        objects,
        ..scene(&["deployed", "failed"])
    }
    .health();
    let commands = commands(&health, HealthCode::LeftoverObjects);
    let deletes: Vec<&&str> = commands
        .iter()
        .filter(|command| command.starts_with("kubectl delete"))
        .collect();
    assert_eq!(
        deletes,
        [
            &"kubectl delete persistentvolumeclaim data -n shop",
            &"kubectl delete configmap older -n shop"
        ]
    );
    let entry = health
        .iter()
        .find(|entry| entry.code == HealthCode::LeftoverObjects)
        .unwrap();
    let told = "a rollback deletes ConfigMap shop/goes, which the newest revision has";
    assert!(
        entry.evidence.iter().any(|line| line.starts_with(told)),
        "{entry:#?}"
    );
}
