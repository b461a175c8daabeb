//! Histories, records and objects, and the entries about them.

mod way_out;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::observe::{Deleting, Observation, Presence, Side};
use super::readiness::JobState;
use super::*;
use crate::object::{Gvk, ObjectKey};
use crate::release::history::History;
use crate::release::record::{Hook, LastRun};
use crate::release::stored::{Driver, RecordMetadata};

fn history(driver: Driver, statuses: &[&str], written: Option<DateTime<Utc>>) -> History {
    let revisions = statuses.iter().zip(1_u64..).map(|(status, revision)| {
        let version = revision.to_string();
        StoredRevision::from_metadata(RecordMetadata {
            driver,
            namespace: "shop",
            object: &format!("sh.helm.release.v1.web.v{revision}"),
            labels: [Some("web"), Some(&version), Some(status)],
            created: None,
            written,
            resource_version: None,
        })
        .unwrap()
    });
    let [history] = History::group(revisions).try_into().unwrap();
    history
}

fn diagnosed_by_metadata(history: &History, now: DateTime<Utc>) -> Vec<Health> {
    diagnose(&ReleaseFacts {
        history,
        records: &BTreeMap::new(),
        objects: &ObjectFacts::default(),
        method: ApplyMethod::Csa,
        depth: Depth::Comparison,
        now,
        stuck_after: TimeDelta::minutes(15),
    })
}

fn codes(statuses: &[&str], age_minutes: i64) -> Vec<HealthCode> {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let history = history(
        Driver::Secret,
        statuses,
        Some(now - TimeDelta::minutes(age_minutes)),
    );
    let health = diagnosed_by_metadata(&history, now);
    for entry in &health {
        assert_is_safe(entry);
    }
    health.into_iter().map(|health| health.code).collect()
}

/// Commands that only read come first, a copy comes before the first change, and records are deleted last.
fn assert_is_safe(health: &Health) {
    let commands: Vec<&str> = health
        .advice
        .iter()
        .map(|advice| advice.command.as_str())
        .collect();
    let first = health.advice.iter().position(|advice| advice.destructive);
    let Some(first) = first else { return };
    assert!(
        health.advice[first..].iter().all(|advice| advice.destructive),
        "{commands:?}"
    );
    assert!(
        commands[..first].iter().any(|command| command.contains(" > ")),
        "{commands:?}"
    );
    let record = commands
        .iter()
        .position(|command| command.contains("delete secret"));
    let softer = commands.iter().position(|command| command.contains("rollback"));
    assert!(record.is_none() || record > softer, "{commands:?}");
}

/// Statuses of revisions 1, 2, …, minutes since the last write → codes.
#[test]
fn the_statuses_of_a_history_decide_its_entries() {
    use HealthCode::{FailedInstall, FailedUpgrade, InProgress, NoBaseline, SeveralDeployed, Stuck};
    type Row = (&'static [&'static str], i64, &'static [HealthCode]);
    let rows: [Row; 8] = [
        (&["superseded", "deployed"], 99, &[]),
        (&["deployed", "failed"], 99, &[FailedUpgrade]),
        (&["failed"], 99, &[FailedInstall, NoBaseline]),
        (&["pending-install"], 2, &[InProgress, NoBaseline]),
        (&["deployed", "pending-upgrade"], 14, &[InProgress]),
        (&["deployed", "pending-rollback"], 15, &[Stuck]),
        (&["uninstalling"], 600, &[Stuck, NoBaseline]),
        (&["deployed", "deployed"], 1, &[SeveralDeployed]),
    ];
    for (statuses, age, expected) in rows {
        assert_eq!(codes(statuses, age), expected, "{statuses:?}");
    }
}

#[test]
fn advice_says_where_helm_has_to_look() {
    for (driver, command) in [
        (Driver::Secret, "helm history web -n shop"),
        (
            Driver::ConfigMap,
            "HELM_DRIVER=configmap helm history web -n shop",
        ),
    ] {
        let health = diagnosed_by_metadata(&history(driver, &["failed"], None), DateTime::UNIX_EPOCH);
        assert_eq!(health[0].advice[0].command, command);
    }
}

#[test]
fn a_clock_ahead_of_ours_is_no_age() {
    assert_eq!(
        codes(&["deployed", "pending-upgrade"], -5),
        [HealthCode::InProgress]
    );
}

pub(super) fn key(kind: &str, name: &str) -> ObjectKey {
    ObjectKey {
        gvk: Gvk::new("v1", kind),
        namespace: Some("shop".into()),
        name: name.into(),
    }
}

fn observed(presence: Presence, side: Option<Side>) -> Observation {
    Observation {
        presence,
        side,
        unready: None,
        job: None,
        deleting: None,
        written: None,
        origin: crate::health::observe::ObjectOrigin::Unknown,
        is_kept: false,
    }
}

fn object(name: &str, is_deployed: bool, observed: Observation) -> ObservedObject {
    ObservedObject {
        key: key("ConfigMap", name),
        is_deployed,
        is_in_good: is_deployed,
        is_in_newest: true,
        is_kept_by_manifest: false,
        observed: Some(observed),
    }
}

/// A release, with its records and its observed objects.
pub(super) struct Scene {
    pub(super) statuses: Vec<&'static str>,
    pub(super) created: Option<DateTime<Utc>>,
    /// What Helm says of revisions that failed.
    pub(super) sentence: &'static str,
    /// The facts of records, in place of those that follow from the statuses.
    pub(super) records: BTreeMap<u64, RecordFacts>,
    pub(super) objects: ObjectFacts,
    pub(super) method: ApplyMethod,
}

pub(super) fn scene(statuses: &[&'static str]) -> Scene {
    Scene {
        statuses: statuses.to_vec(),
        created: None,
        sentence: "",
        records: BTreeMap::new(),
        objects: ObjectFacts::default(),
        method: ApplyMethod::Ssa,
    }
}

/// Facts of objects that were observed.
fn observing(objects: impl Into<Vec<ObservedObject>>) -> ObjectFacts {
    ObjectFacts {
        observed: objects.into(),
        ..ObjectFacts::default()
    }
}

impl Scene {
    pub(super) fn health(&self) -> Vec<Health> {
        self.health_with(Depth::Comparison)
    }

    pub(super) fn health_with(&self, depth: Depth) -> Vec<Health> {
        let mut revisions = history(Driver::Secret, &self.statuses, None).revisions().to_vec();
        for revision in &mut revisions {
            revision.created = self.created;
        }
        let [history] = History::group(revisions).try_into().unwrap();
        let record = |(revision, status): (u64, &&str)| {
            let description = if *status == "failed" {
                self.sentence
            } else {
                "Upgrade complete"
            };
            let made_up = || RecordFacts {
                description: description.to_owned(),
                ..RecordFacts::default()
            };
            let record = self.records.get(&revision).cloned();
            (revision, record.unwrap_or_else(made_up))
        };
        let health = diagnose(&ReleaseFacts {
            history: &history,
            records: &(1..).zip(&self.statuses).map(record).collect(),
            objects: &self.objects,
            method: self.method,
            depth,
            now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            stuck_after: TimeDelta::minutes(15),
        });
        for entry in &health {
            assert_is_safe(entry);
        }
        health
    }
}

pub(super) fn commands(health: &[Health], code: HealthCode) -> Vec<&str> {
    let entries = health.iter().filter(|entry| entry.code == code);
    entries
        .flat_map(|entry| &entry.advice)
        .map(|advice| advice.command.as_str())
        .collect()
}

#[test]
fn how_far_an_upgrade_got_is_counted() {
    let side = |side| observed(Presence::Ours, Some(side));
    let mut waits = side(Side::New);
    waits.unready = Some("0 of 1 replicas are ready".into());
    let objects = [
        object("a", true, waits),
        object("b", true, side(Side::New)),
        object("c", true, side(Side::Old)),
        object("d", false, observed(Presence::Unread, None)),
        object("e", true, observed(Presence::Ours, None)),
    ];
    let health = Scene {
        objects: observing(objects),
        ..scene(&["deployed", "failed"])
    }
    .health();
    let half = health
        .iter()
        .find(|entry| entry.code == HealthCode::HalfUpgraded)
        .unwrap();
    assert_eq!(
        half.message,
        "of 3 objects that revision 2 changes, 2 are at revision 2, 1 at revision 1 and 0 at neither: closer to revision 2"
    );
    assert_eq!(
        half.evidence,
        [
            "as in revision 2: ConfigMap shop/a and ConfigMap shop/b",
            "as in revision 1: ConfigMap shop/c",
            "not ready: ConfigMap shop/a: 0 of 1 replicas are ready",
            "1 of the objects could not be read or compared, so the counts are incomplete",
        ]
    );
}

/// A count of one has a sentence of its own.
#[test]
fn a_single_object_is_not_counted() {
    for (side, message) in [
        (
            Side::New,
            "the only object that revision 2 changes is at revision 2",
        ),
        (
            Side::Neither,
            "the only object that revision 2 changes is neither at revision 2 nor at revision 1",
        ),
    ] {
        let mut written = observed(Presence::Ours, Some(side));
        written.written = DateTime::from_timestamp(1_799_999_000, 0);
        let health = Scene {
            objects: observing([object("a", true, written)]),
            ..scene(&["deployed", "failed"])
        }
        .health();
        let entry = health.iter().find(|entry| entry.code == HealthCode::HalfUpgraded);
        assert_eq!(entry.unwrap().message, message);
    }
}

#[test]
fn nothing_was_upgraded_halfway_where_everything_is_as_deployed() {
    let objects = [object("a", true, observed(Presence::Ours, Some(Side::Old)))];
    let health = Scene {
        objects: observing(objects),
        ..scene(&["deployed", "failed"])
    }
    .health();
    assert!(
        health.iter().all(|entry| entry.code != HealthCode::HalfUpgraded),
        "{health:?}"
    );
}

/// A rollback that fails marks the newest revision as superseded, also a failed one: the way back is further down.
#[test]
fn the_way_back_from_a_failed_rollback_is_the_last_good_revision() {
    let sentence = "Rollback \"web\" failed: field is immutable";
    let health = Scene {
        sentence,
        ..scene(&["superseded", "superseded", "failed"])
    }
    .health();
    assert!(
        health[0]
            .message
            .contains("the one that was deployed last is revision 2"),
        "{health:?}"
    );
    assert!(commands(&health, HealthCode::FailedUpgrade).contains(&"helm rollback web 2 -n shop"));
}

#[test]
fn fields_of_others_are_taken_over_only_where_there_are_any() {
    for (method, contested, command) in [
        (
            ApplyMethod::Ssa,
            Contested::Yes,
            "helm rollback web 1 --force-conflicts -n shop",
        ),
        (ApplyMethod::Ssa, Contested::No, "helm rollback web 1 -n shop"),
        (ApplyMethod::Csa, Contested::Yes, "helm rollback web 1 -n shop"),
    ] {
        let objects = ObjectFacts {
            contested,
            ..ObjectFacts::default()
        };
        let health = Scene {
            objects,
            method,
            ..scene(&["deployed", "failed"])
        }
        .health();
        assert!(
            commands(&health, HealthCode::FailedUpgrade).contains(&command),
            "{method} {contested:?}"
        );
    }
}

/// A rollback has to build the newest manifest first, so that none gets past a kind that is gone.
#[test]
fn no_rollback_is_advised_where_none_can_succeed() {
    let mut objects = ObjectFacts::default();
    objects.not_served.newest = BTreeSet::from(["Gadget of example.com/v1".to_owned()]);
    let health = Scene {
        objects,
        ..scene(&["deployed", "pending-rollback"])
    }
    .health();
    let commands = commands(&health, HealthCode::Stuck);
    assert!(
        commands.iter().all(|command| !command.contains("rollback")),
        "{commands:?}"
    );
    assert_eq!(
        commands.last(),
        Some(&"kubectl delete secret sh.helm.release.v1.web.v2 -n shop")
    );
}

#[test]
fn terminating_objects_are_waited_for_before_they_are_written() {
    let mut terminating = observed(Presence::Ours, None);
    terminating.deleting = Some(Deleting {
        since: DateTime::from_timestamp(1_799_990_000, 0),
        finalizers: vec!["example.com/cleanup".into()],
    });
    let objects = [object("a", true, terminating)];
    let health = Scene {
        objects: observing(objects),
        ..scene(&["uninstalling"])
    }
    .health();
    let steps = commands(&health, HealthCode::Stuck);
    let wait = steps
        .iter()
        .position(|step| step.contains("--for=delete configmap a -n shop"));
    let change = steps.iter().position(|step| step.contains("rollback"));
    assert!(wait.is_some() && wait < change, "{steps:?}");
    let blocked = health
        .iter()
        .find(|entry| entry.code == HealthCode::BlockedByFinalizer)
        .unwrap();
    assert_eq!(
        blocked.message,
        "ConfigMap shop/a has been terminating for 2 h, waiting for its finalizers: example.com/cleanup"
    );
}

/// Helm leaves a rollback or an uninstallation pending whose hook failed, and records other operations as failed. Status, state
/// of the hook's Job, whether this operation started it → whether the operation is stuck right after.
#[test]
fn an_operation_that_ended_at_a_hook_is_stuck_at_once() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let written = Observation {
        written: Some(now),
        ..observed(Presence::Ours, None)
    };
    let written_now = object("a", true, written);
    for (status, job, is_of_this, is_stuck) in [
        ("pending-rollback", JobState::Failed, true, true),
        ("uninstalling", JobState::Failed, true, true),
        ("pending-rollback", JobState::Complete, true, false),
        ("uninstalling", JobState::Complete, true, false),
        ("pending-rollback", JobState::Failed, false, false),
        ("pending-upgrade", JobState::Failed, true, false),
        ("pending-install", JobState::Failed, true, false),
    ] {
        let started = if is_of_this { now } else { now - TimeDelta::days(1) };
        let record = RecordFacts {
            hooks: vec![Hook {
                name: "migrate".into(),
                kind: "Job".into(),
                events: vec!["pre-rollback".into()],
                last_run: LastRun {
                    started_at: Some(started),
                    completed_at: None,
                    phase: "Running".into(),
                },
                ..Hook::default()
            }],
            ..RecordFacts::default()
        };
        let observation = Observation {
            job: Some(job),
            ..observed(Presence::NoRelease, None)
        };
        let hook = ObservedObject {
            key: key("Job", "migrate"),
            ..object("migrate", false, observation)
        };
        let health = Scene {
            created: Some(now),
            records: BTreeMap::from([(2, record)]),
            objects: ObjectFacts {
                hooks: vec![hook],
                ..observing([written_now.clone()])
            },
            ..scene(&["deployed", status])
        }
        .health();
        let is = |code| health.iter().any(|entry| entry.code == code);
        let case = format!("{status} {job:?} {is_of_this}");
        assert_eq!(is(HealthCode::Stuck), is_stuck, "{case}: {health:#?}");
        assert_eq!(is(HealthCode::InProgress), !is_stuck, "{case}: {health:#?}");
    }
}

/// A rollback copies hooks together with their outcome.
#[test]
fn the_outcome_of_a_hook_in_another_revision_is_not_reported() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let hook = |started: DateTime<Utc>| Hook {
        name: "migrate".into(),
        kind: "Job".into(),
        events: vec!["pre-upgrade".into()],
        last_run: LastRun {
            started_at: Some(started),
            completed_at: None,
            phase: "Failed".into(),
        },
        ..Hook::default()
    };
    for (started, found) in [(now, true), (now - TimeDelta::days(1), false)] {
        let record = RecordFacts {
            hooks: vec![hook(started)],
            ..RecordFacts::default()
        };
        let hook = ObservedObject {
            key: key("Job", "migrate"),
            is_deployed: false,
            is_in_good: false,
            is_in_newest: true,
            is_kept_by_manifest: false,
            observed: Some(observed(Presence::Absent, None)),
        };
        let health = Scene {
            created: Some(now),
            records: BTreeMap::from([(2, record)]),
            objects: ObjectFacts {
                hooks: vec![hook],
                ..ObjectFacts::default()
            },
            ..scene(&["deployed", "failed"])
        }
        .health();
        let is_reported = health.iter().any(|entry| entry.code == HealthCode::HookFailed);
        assert_eq!(is_reported, found, "{started}");
    }
}

#[test]
fn clocks_that_differ_are_reported() {
    let created = DateTime::from_timestamp(1_799_999_000, 0).unwrap();
    for (ahead, is_reported) in [
        (TimeDelta::minutes(2), false),
        (TimeDelta::hours(3), true),
        (TimeDelta::hours(-3), true),
    ] {
        let record = RecordFacts {
            deployed_at: Some(created + ahead),
            ..RecordFacts::default()
        };
        let health = Scene {
            created: Some(created),
            records: BTreeMap::from([(2, record)]),
            ..scene(&["deployed", "failed"])
        }
        .health();
        let evidence = health[0].evidence.join("\n");
        assert_eq!(
            evidence.contains("the clocks differ by 3 h"),
            is_reported,
            "{evidence}"
        );
    }
}

#[test]
fn long_and_large_histories_are_reported() {
    let mut many = vec!["superseded"; 3_000];
    many.push("deployed");
    let health = scene(&many).health();
    assert_eq!(health[0].code, HealthCode::HistoryBloat);
    assert_eq!(health[0].evidence[0], "3001 revisions are kept");
    for (bytes, severity) in [
        (700_000, None),
        (800_000, Some(HealthSeverity::Warning)),
        (1_040_000, Some(HealthSeverity::Critical)),
    ] {
        let record = RecordFacts {
            bytes: Some(bytes),
            ..RecordFacts::default()
        };
        let health = Scene {
            records: BTreeMap::from([(1, record)]),
            ..scene(&["deployed"])
        }
        .health();
        assert_eq!(health.first().map(|entry| entry.severity), severity, "{bytes}");
    }
}

/// A record can name tens of thousands of objects.
#[test]
fn commands_are_for_so_many_objects_as_somebody_runs_by_hand() {
    let leftovers = (0..5_000).map(|at| key("ConfigMap", &format!("old-{at}")));
    let objects = ObjectFacts {
        leftovers: leftovers.collect(),
        ..ObjectFacts::default()
    };
    let health = Scene {
        objects,
        ..scene(&["deployed"])
    }
    .health();
    let deleted = commands(&health, HealthCode::LeftoverObjects);
    let deleted = deleted
        .iter()
        .filter(|command| command.starts_with("kubectl delete"));
    assert_eq!(deleted.count(), 100);
    assert_eq!(
        health[0].evidence,
        ["commands are printed for the first 100 of 5000 objects only"]
    );
}
