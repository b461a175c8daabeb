//! What the limits of a scan do to its report: waves change nothing, and whatever is too large is said to be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::{InSync, Progress, ScanLimits, ScanOptions, scan};
use crate::manifest::rendered::Rendered;
use crate::model::{Report, ScanCosts};
use crate::policy::{AskValues, Confirm, Policy};
use crate::release::history::Depth;
use crate::report::fixtures::at;
use crate::report::fixtures::test_cluster::{
    Edit, NOW, TestCluster, TestRelease, TestRevision, options, remove, selection, set,
};
use crate::report::metrics::{Metrics, NotificationOutcome};
use crate::vocabulary::{
    CheckedOutcome, HealthCode, HealthSeverity, NoKeyReason, ObjectState, Outcome, Severity, Stopped, Verdict,
};

const RELEASES: [TestRelease; 6] = [
    TestRelease::new("pay", "ledger"),
    TestRelease::new("shop", "api"),
    TestRelease::new("shop", "cart"),
    TestRelease::new("shop", "web"),
    TestRelease::new("stock", "depot"),
    TestRelease::new("stock", "oven"),
];

/// How often each stage began.
#[derive(Default)]
struct StageLog(Mutex<Vec<(&'static str, usize)>>);

impl Progress for StageLog {
    fn stage(&self, name: &'static str, steps: usize) {
        self.0.lock().unwrap().push((name, steps));
    }
    fn step(&self) {}
}

impl StageLog {
    fn count(&self, name: &str) -> usize {
        let stages = self.0.lock().unwrap();
        stages.iter().filter(|(stage, _)| *stage == name).count()
    }
}

fn revision<'a>(number: u64, status: &'static str, objects: &'a [Value]) -> TestRevision<'a> {
    TestRevision {
        number,
        status,
        time: "2026-11-18T09:12:00Z",
        description: "Upgrade complete",
        objects,
    }
}

fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": value}})
}

/// Releases with drift, something missing, something left over, a custom resource, and an object that two of them have.
fn cluster() -> TestCluster {
    let mut cluster = TestCluster::new();
    for release in RELEASES {
        let drifted = config_map(&format!("{}-a", release.name), "blue");
        let missing = config_map(&format!("{}-b", release.name), "blue");
        let left = config_map(&format!("{}-c", release.name), "blue");
        let oven = json!({"apiVersion": "ovens.example.com/v1", "kind": "Oven",
                          "metadata": {"name": release.name}, "spec": {"heat": 3}});
        let shared = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "common"}});
        cluster.put(release, &drifted, &[set("/data/key", release.name)]);
        cluster.put(release, &left, &[]);
        cluster.put(release, &oven, &[]);
        cluster.put(release, &shared, &[]);
        cluster.store(release, &revision(1, "superseded", &[left, drifted.clone()]));
        cluster.store(
            release,
            &revision(2, "deployed", &[drifted, missing, oven, shared]),
        );
    }
    cluster
}

fn run(cluster: TestCluster, options: &ScanOptions) -> (Report, Arc<StageLog>) {
    let log = Arc::new(StageLog::default());
    let progress: Arc<dyn Progress> = log.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut report = runtime.block_on(scan(
        Arc::new(cluster),
        options,
        &progress,
        std::future::pending(),
    ));
    report.started_at = at(NOW);
    report.finished_at = at(NOW);
    (report, log)
}

fn with(limits: ScanLimits) -> ScanOptions {
    ScanOptions { limits, ..options() }
}

#[test]
fn waves_give_the_same_report_as_one() {
    for (depth, confirm) in [
        (Depth::Comparison, Confirm::None),
        (Depth::History, Confirm::None),
        (Depth::Comparison, Confirm::Server),
    ] {
        let options = |wave_bytes| ScanOptions {
            depth,
            policy: Policy {
                confirm,
                ..Policy::default()
            },
            ..with(ScanLimits {
                wave_bytes,
                ..ScanLimits::default()
            })
        };
        let (whole, stages) = run(cluster(), &options(32 << 20));
        assert_eq!(stages.count("reading objects"), 1);
        assert_eq!(
            whole.summary.releases.drifted,
            RELEASES.len(),
            "{:#?}",
            whole.summary
        );
        assert_eq!(whole.notes.len(), 1, "{:?}", whole.notes);
        for (wave_bytes, waves) in [(1, 6..=6), (14_000, 2..=5), (20_000, 1..=1)] {
            let (parts, stages) = run(cluster(), &options(wave_bytes));
            assert!(waves.contains(&stages.count("reading objects")), "{:?}", stages.0);
            assert_eq!(parts, whole, "{wave_bytes}");
        }
    }
}

/// Reading waits for comparisons where they fall behind, and goes on.
#[test]
fn a_queue_that_is_always_full_changes_nothing() {
    let limits = ScanLimits {
        queue_bytes: 1,
        ..ScanLimits::default()
    };
    let (narrow, _) = run(cluster(), &with(limits));
    assert_eq!(narrow, run(cluster(), &options()).0);
}

#[test]
fn a_release_that_is_too_large_is_refused_and_the_others_are_compared() {
    let mut cluster = cluster();
    let huge = TestRelease::new("shop", "huge");
    let objects: Vec<Value> = (0..40)
        .map(|number| config_map(&format!("h{number}"), "x"))
        .collect();
    cluster.store(huge, &revision(1, "superseded", &objects[..20]));
    cluster.store(huge, &revision(2, "deployed", &objects[20..]));
    let limits = ScanLimits {
        release_bytes: 12_000,
        ..ScanLimits::default()
    };
    let (mut report, _) = run(cluster, &with(limits));
    let position = report
        .releases
        .iter()
        .position(|release| release.name == "huge")
        .unwrap();
    let huge = report.releases.remove(position);
    assert_eq!((huge.verdict, huge.objects.len()), (Verdict::Unreadable, 0));
    let [health] = &huge.health[..] else {
        panic!("{:?}", huge.health)
    };
    assert_eq!(health.code, HealthCode::Undecodable);
    assert!(health.message.starts_with("too large: "), "{}", health.message);
    let (others, _) = run(self::cluster(), &options());
    assert_eq!(report.releases, others.releases);
}

/// The tenant that holds the most gives way; the others keep their values.
#[test]
fn values_beyond_the_limit_are_left_out_and_their_paths_are_not() {
    let objects: Vec<Value> = (0..20)
        .map(|number| config_map(&format!("e{number}"), "x"))
        .collect();
    let limits = ScanLimits {
        value_bytes: 8_000,
        ..ScanLimits::default()
    };
    for wave_bytes in [32 << 20, 1] {
        let limits = ScanLimits { wave_bytes, ..limits };
        let (report, _) = run(cluster_with(&objects), &with(limits));
        let findings = |namespace: &str| {
            let releases = report
                .releases
                .iter()
                .filter(|release| release.namespace == namespace);
            let objects = releases.flat_map(|release| &release.objects);
            objects
                .flat_map(|object| &object.findings)
                .cloned()
                .collect::<Vec<_>>()
        };
        let evil = findings("evil");
        assert_eq!(evil.len(), 20);
        assert!(
            evil.iter()
                .all(|finding| finding.omitted && finding.live.is_none() && finding.is_drift())
        );
        let shop = findings("shop");
        assert!(
            !shop.is_empty()
                && shop
                    .iter()
                    .all(|finding| !finding.omitted && finding.live.is_some())
        );
        let noted =
            |note: &crate::model::ReportNote| note.message.contains("the values of one release are left out");
        assert!(report.notes.iter().any(noted), "{:?}", report.notes);
    }
}

/// The cluster of the tests with a release `evil` that drifted in each of these objects.
fn cluster_with(objects: &[Value]) -> TestCluster {
    let mut cluster = cluster();
    let evil = TestRelease::new("evil", "evil");
    for object in objects {
        cluster.put(evil, object, &[set("/data/key", "y".repeat(1_000))]);
    }
    cluster.store(evil, &revision(1, "deployed", objects));
    cluster
}

#[test]
fn objects_beyond_the_limit_are_left_out_and_their_release_is_not_clean() {
    let objects: Vec<Value> = (0..100)
        .map(|number| config_map(&format!("e{number}"), "x"))
        .collect();
    let limits = ScanLimits {
        report_bytes: 30_000,
        ..ScanLimits::default()
    };
    for wave_bytes in [32 << 20, 1] {
        let limits = ScanLimits { wave_bytes, ..limits };
        let (report, _) = run(cluster_with(&objects), &with(limits));
        let (evil, others): (Vec<_>, Vec<_>) = report
            .releases
            .iter()
            .partition(|release| release.namespace == "evil");
        let [evil] = evil[..] else { panic!("{evil:?}") };
        assert_eq!((evil.verdict, evil.objects.len()), (Verdict::Unreadable, 0));
        assert!(
            evil.health[0].message.contains("its 100 objects are left out"),
            "{:?}",
            evil.health
        );
        assert!(others.iter().all(|release| release.verdict == Verdict::Drifted));
        let states = others.iter().flat_map(|release| &release.objects);
        assert!(
            !states
                .map(|object| object.state)
                .any(|state| state == ObjectState::Unknown)
        );
    }
}

#[test]
fn objects_in_sync_that_are_only_counted_are_missed_by_nobody() {
    for wave_bytes in [32 << 20, 1] {
        let listed = with(ScanLimits {
            wave_bytes,
            ..ScanLimits::default()
        });
        let counted = ScanOptions {
            in_sync: InSync::Counted,
            ..listed.clone()
        };
        let [listed, counted] = [listed, counted].map(|options| {
            let mut cluster = cluster();
            let clean = TestRelease::new("clean", "clean");
            let objects = ["a", "b"].map(|name| config_map(name, "x"));
            for object in &objects {
                cluster.put(clean, object, &[]);
            }
            cluster.store(clean, &revision(1, "deployed", &objects));
            run(cluster, &options).0
        });
        let objects = |report: &Report| -> usize {
            let releases = report.releases.iter();
            releases.map(|release| release.objects.len()).sum()
        };
        assert!(objects(&counted) < objects(&listed));
        let [listed, counted] = [listed, counted].map(|report| {
            let metrics = Metrics::of(&report, &ScanCosts::default(), 10);
            let metrics = metrics.exposition(NotificationOutcome::None).text();
            (serde_json::to_string(&report.without_in_sync()).unwrap(), metrics)
        });
        assert_eq!(counted, listed);
    }
}

#[test]
fn objects_in_sync_take_no_room_in_a_report_that_does_not_list_them() {
    let mut cluster = TestCluster::new();
    for release in RELEASES {
        let objects: Vec<Value> = (0..40)
            .map(|number| config_map(&format!("{}-{number}", release.name), "x"))
            .collect();
        for object in &objects {
            cluster.put(release, object, &[]);
        }
        cluster.store(release, &revision(1, "deployed", &objects));
    }
    let options = ScanOptions {
        in_sync: InSync::Counted,
        ..with(ScanLimits {
            wave_bytes: 1,
            report_bytes: 30_000,
            ..ScanLimits::default()
        })
    };
    let (report, _) = run(cluster, &options);
    assert_eq!(report.outcome, Outcome::Clean, "{:?}", report.releases);
    assert_eq!(report.summary.objects.in_sync, 240);
}

/// Revisions share what they say alike, so that it is held once however many of them say it.
#[test]
fn a_large_object_that_all_revisions_have_is_compared() {
    // Just more elements than a list of eight mebibytes holds, so that it takes sixteen.
    let list = vec![0; (1 << 18) + 1];
    let oven = json!({"apiVersion": "ovens.example.com/v1", "kind": "Oven", "metadata": {"name": "a"},
                      "spec": {"list": list}});
    let mut cluster = TestCluster::new();
    let release = RELEASES[0];
    for (number, status) in [(1, "superseded"), (2, "deployed"), (3, "failed")] {
        cluster.store(release, &revision(number, status, std::slice::from_ref(&oven)));
    }
    cluster.put(release, &oven, &[]);
    let (report, _) = run(cluster, &options());
    let object = &report.releases[0].objects[0];
    assert_eq!((object.state, &object.reason), (ObjectState::InSync, &None));
}

/// The objects of a release are known only when the records of its whole wave were read.
#[test]
fn a_release_whose_objects_were_not_looked_at_before_the_end_is_not_clean() {
    let mut cluster = cluster();
    cluster.stop_at_record(RELEASES[5], Stopped::Deadline);
    let report = cluster.scan_with(&options());
    assert_eq!(report.outcome, Outcome::Error);
    for (position, release) in report.releases.iter().enumerate() {
        let unread = if position == 5 { "records" } else { "objects" };
        let messages: Vec<&str> = release
            .health
            .iter()
            .map(|health| health.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [format!("the scan ended before its {unread} were read")]
        );
        assert_eq!(release.verdict, Verdict::Unreadable, "{}", release.name);
    }
    assert_eq!(report.summary.releases.clean, 0);
}

/// A release in the middle of an operation that began a minute before `NOW`: revision 1 is deployed, and revision 2 changes
/// the object `changed`, drops `dropped` and adds `added`. Somebody edited `edited`.
fn upgrading(status: &'static str) -> TestCluster {
    let release = RELEASES[3];
    let with_limit = |limit: Option<u32>| {
        let mut spec = json!({"replicas": 1, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}});
        if let Some(limit) = limit {
            spec["revisionHistoryLimit"] = json!(limit);
        }
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "limited"}, "spec": spec})
    };
    let (edited, dropped) = (config_map("edited", "blue"), config_map("dropped", "blue"));
    let (added, back) = (config_map("added", "blue"), config_map("back", "blue"));
    let mut cluster = TestCluster::new();
    cluster.store(release, &revision(1, "superseded", std::slice::from_ref(&back)));
    cluster.store(
        release,
        &revision(
            2,
            "deployed",
            &[
                config_map("changed", "blue"),
                edited.clone(),
                dropped,
                with_limit(Some(3)),
            ],
        ),
    );
    let newest = [
        config_map("changed", "red"),
        edited.clone(),
        added.clone(),
        back.clone(),
        with_limit(None),
    ];
    cluster.store(
        release,
        &TestRevision {
            time: "2026-11-20T03:13:00Z",
            description: "Preparing upgrade",
            ..revision(3, status, &newest)
        },
    );
    cluster.put(release, &newest[0], &[]);
    cluster.put(release, &edited, &[set("/data/key", "green")]);
    cluster.put(release, &added, &[]);
    cluster.put(release, &back, &[]);
    cluster.put(
        release,
        &with_limit(None),
        &[set("/spec/revisionHistoryLimit", 10)],
    );
    cluster
}

#[test]
fn what_a_running_operation_explains_is_no_drift_until_it_is_stuck() {
    for status in ["pending-upgrade", "pending-rollback"] {
        let drift = |stuck_after| {
            let options = ScanOptions {
                stuck_after,
                ..options()
            };
            let (report, _) = run(upgrading(status), &options);
            let [release] = &report.releases[..] else {
                panic!("one release is scanned")
            };
            let is_drift = |object: &&crate::model::ObjectReport| object.state.is_drift();
            let objects = release.objects.iter().filter(is_drift);
            let drift: Vec<String> = objects.map(|object| object.name.clone()).collect();
            let severities = release.health.iter().map(|health| health.severity);
            (drift, severities.max(), release.objects.clone())
        };
        let (running, worst, objects) = drift(Duration::from_mins(15));
        assert_eq!(running, ["edited"], "{status}");
        assert_eq!(worst, Some(HealthSeverity::Info), "{status}");
        let changed = objects.iter().find(|object| object.name == "changed").unwrap();
        assert_eq!(
            (changed.findings[0].severity, &changed.patch[..]),
            (Severity::Info, &[][..])
        );
        assert_eq!(changed.findings[0].from_revision, Some(3));
        let dropped = objects.iter().find(|object| object.name == "dropped").unwrap();
        assert!(dropped.reason.as_deref().unwrap().contains("deletes it"));
        let edited = objects.iter().find(|object| object.name == "edited").unwrap();
        assert_eq!(edited.patch.len(), 1);

        let (stuck, worst, _) = drift(Duration::from_secs(1));
        assert_eq!(stuck, ["changed", "dropped", "edited", "limited"], "{status}");
        assert_eq!(worst, Some(HealthSeverity::Critical), "{status}");
    }
}

/// Nothing is deployed while a release is installed or uninstalled.
#[test]
fn a_running_installation_or_removal_calls_nobody() {
    for status in ["pending-install", "uninstalling"] {
        let outcome = |stuck_after| {
            let release = RELEASES[3];
            let mut cluster = TestCluster::new();
            cluster.store(
                release,
                &TestRevision {
                    time: "2026-11-20T03:13:00Z",
                    ..revision(1, status, &[config_map("a", "blue"), config_map("b", "blue")])
                },
            );
            cluster.put(release, &config_map("a", "blue"), &[]);
            let options = ScanOptions {
                stuck_after,
                ..options()
            };
            let (report, _) = run(cluster, &options);
            let worst = report.releases[0]
                .health
                .iter()
                .map(|health| health.severity)
                .max();
            (report.outcome, worst)
        };
        let running = (Outcome::Clean, Some(HealthSeverity::Info));
        assert_eq!(outcome(Duration::from_mins(15)), running, "{status}");
        let stuck = (Outcome::Incomplete, Some(HealthSeverity::Critical));
        assert_eq!(outcome(Duration::from_secs(1)), stuck, "{status}");
    }
}

/// Every drifted finding of a report, with the reason why no key is named.
fn reasons(report: &Report) -> Vec<Option<NoKeyReason>> {
    let objects = report.releases.iter().flat_map(|release| &release.objects);
    let findings = objects.flat_map(|object| &object.findings);
    let drift = findings.filter(|finding| finding.is_drift());
    drift
        .map(|finding| finding.no_key.as_ref().map(|no_key| no_key.code))
        .collect()
}

fn asking(limits: ScanLimits) -> ScanOptions {
    ScanOptions {
        policy: Policy {
            values: AskValues::Yes,
            ..Policy::default()
        },
        ..with(limits)
    }
}

#[test]
fn keys_of_values_are_looked_for_only_where_they_were_asked_for() {
    let (plain, stages) = run(cluster(), &with(ScanLimits::default()));
    assert!(reasons(&plain).iter().all(Option::is_none));
    assert_eq!(stages.count("reading charts"), 0);
    let (asked, stages) = run(cluster(), &asking(ScanLimits::default()));
    assert_eq!(stages.count("reading charts"), 1);
    // The records of the test cluster are decoded, so that they have no charts.
    let reasons = reasons(&asked);
    assert_eq!(reasons, vec![Some(NoKeyReason::NotRecorded); RELEASES.len()]);
}

#[test]
fn what_is_asked_of_a_release_is_limited_and_told() {
    for limits in [
        ScanLimits {
            question_bytes: 1,
            ..ScanLimits::default()
        },
        ScanLimits {
            questions_bytes: 1,
            ..ScanLimits::default()
        },
    ] {
        let (asked, stages) = run(cluster(), &asking(limits));
        assert_eq!(stages.count("reading charts"), 0);
        assert_eq!(reasons(&asked), vec![Some(NoKeyReason::TooLarge); RELEASES.len()]);
    }
}

#[test]
fn a_rendering_is_held_against_what_lives() {
    let release = RELEASES[0];
    let name = format!("{}-a", release.name);
    for (value, outcome) in [
        (release.name, CheckedOutcome::Agrees),
        ("blue", CheckedOutcome::AsDeployed),
        ("green", CheckedOutcome::Becomes),
        ("", CheckedOutcome::Gone),
    ] {
        let named = if value.is_empty() { "another" } else { &*name };
        let rendered = format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {named}}}\ndata: {{key: {value:?}, more: x}}\n\
             ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}-b}}\ndata: {{key: blue}}\n",
            release.name
        );
        let mut options = asking(ScanLimits::default());
        options.rendered = Some(Arc::new(Rendered::parse(&rendered).unwrap()));
        options.selection = selection(&[release.name]);
        let (report, _) = run(cluster(), &options);
        let found = report
            .releases
            .iter()
            .find(|found| found.namespace == release.namespace);
        let check = found.unwrap().values_check.as_ref().unwrap();
        let [field] = &check.fields[..] else {
            panic!("{check:#?}")
        };
        assert_eq!((field.path.as_str(), field.outcome), ("/data/key", outcome));
        assert_eq!(
            field.becomes.as_ref().and_then(Value::as_str),
            (outcome == CheckedOutcome::Becomes).then_some("green")
        );
        let moved = |path: &str| {
            check
                .also_moves
                .iter()
                .any(|moved| moved.name == name && moved.path == path)
        };
        assert_eq!(moved("/data/more"), outcome != CheckedOutcome::Gone, "{check:#?}");
        assert!(!moved("/data/key"));
        // The other objects of the release are not rendered any more.
        assert!(check.also_moves.iter().any(|moved| moved.path == "/"));
    }
}

/// What a check says of a rendering of these objects, of which one lives with these edits.
fn checked(deployed: &Value, edits: &[Edit<'_>], rendered: &Value) -> Report {
    let release = RELEASES[0];
    let mut cluster = TestCluster::new();
    cluster.put(release, deployed, edits);
    cluster.store(release, &revision(1, "deployed", std::slice::from_ref(deployed)));
    let mut options = asking(ScanLimits::default());
    let rendered = format!("---\n{rendered}\n");
    options.rendered = Some(Arc::new(Rendered::parse(&rendered).unwrap()));
    run(cluster, &options).0
}

fn outcomes(report: &Report) -> (Vec<CheckedOutcome>, Vec<&str>) {
    let check = report.releases[0].values_check.as_ref().unwrap();
    let fields = check.fields.iter().map(|field| field.outcome).collect();
    (
        fields,
        check.also_moves.iter().map(|moved| &*moved.path).collect(),
    )
}

/// `--set env[0].value=debug` leaves nothing else of a list of the chart's.
#[test]
fn a_rendering_that_loses_the_rest_of_a_list_is_said_to_move_it() {
    let deployment = |env: Value| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
               "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
               "spec": {"containers": [{"name": "app", "image": "web:1", "env": env}]}}}})
    };
    let deployed = json!([{"name": "LEVEL", "value": "info"}, {"name": "TIMEOUT", "value": "30"}]);
    let lives = [set(
        "/spec/template/spec/containers[name=app]/env[name=LEVEL]/value",
        "debug",
    )];
    let kept = json!([{"name": "LEVEL", "value": "debug"}, {"name": "TIMEOUT", "value": "30"}]);
    let path = "/spec/template/spec/containers[name=app]/env";
    let timeout = format!("{path}[name=TIMEOUT]");
    for (rendered, moves) in [
        (kept, None),
        (json!([{"value": "debug"}]), Some(path)),
        (json!([{"name": "LEVEL", "value": "debug"}]), Some(&*timeout)),
    ] {
        let report = checked(
            &deployment(deployed.clone()),
            &lives,
            &deployment(rendered.clone()),
        );
        assert_eq!(outcomes(&report).1, Vec::from_iter(moves), "{rendered}");
    }
    // What somebody added as a whole is no more than the drift.
    let without =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "labels": {"a": "b"}}});
    let with = |data: Value| {
        let mut map = without.clone();
        map["data"] = data;
        map
    };
    for (rendered, moves) in [
        (with(json!({"level": "debug"})), vec![]),
        (with(json!({"level": "debug", "more": "x"})), vec!["/data/more"]),
    ] {
        let lives = set("/data/level", "debug").by("kubectl-edit", None, NOW);
        let report = checked(&without, &[lives], &rendered);
        assert_eq!(outcomes(&report).1, moves, "{rendered}");
    }
}

/// What an upgrade that failed wrote is asked about no key, and taken back by the next one like any drift.
#[test]
fn a_rendering_is_held_against_what_a_failed_upgrade_left() {
    let map = |a: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": a}});
    let release = RELEASES[0];
    for (rendered, outcome) in [("1", CheckedOutcome::AsDeployed), ("2", CheckedOutcome::Agrees)] {
        let mut cluster = TestCluster::new();
        cluster.put(release, &map("1"), &[set("/data/a", "2")]);
        cluster.store(release, &revision(1, "deployed", &[map("1")]));
        cluster.store(release, &revision(2, "failed", &[map("2")]));
        let mut options = asking(ScanLimits::default());
        let rendered = format!("---\n{}\n", map(rendered));
        options.rendered = Some(Arc::new(Rendered::parse(&rendered).unwrap()));
        let (report, stages) = run(cluster, &options);
        assert_eq!(outcomes(&report).0, [outcome]);
        assert_eq!(reasons(&report), [Some(NoKeyReason::HalfUpgraded)]);
        assert_eq!(stages.count("reading charts"), 0);
    }
}

/// Helm 4 stops at a field that somebody else owns, and so writes nothing of its object; where the rendering agrees with all
/// of those, it does not.
#[test]
fn an_upgrade_stops_at_an_object_only_for_what_somebody_owns() {
    let map = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": data});
    let release = RELEASES[0];
    for (rendered, expected) in [
        (
            json!({"a": "2", "b": "1"}),
            [CheckedOutcome::Agrees, CheckedOutcome::AsDeployed],
        ),
        (
            json!({"a": "1", "b": "1"}),
            [CheckedOutcome::Fails, CheckedOutcome::Fails],
        ),
        (json!({"a": "3"}), [CheckedOutcome::Fails, CheckedOutcome::Agrees]),
    ] {
        let mut cluster = TestCluster::new();
        let deployed = map(json!({"a": "1", "b": "1"}));
        cluster.store(release, &revision(1, "deployed", std::slice::from_ref(&deployed)));
        let by = |edit: Edit<'static>| edit.by("kubectl-patch", None, NOW);
        cluster.put(release, &deployed, &[by(set("/data/a", "2")), remove("/data/b")]);
        cluster.apply_on_server();
        let mut options = asking(ScanLimits::default());
        let text = format!("---\n{}\n", map(rendered.clone()));
        options.rendered = Some(Arc::new(Rendered::parse(&text).unwrap()));
        let (report, _) = run(cluster, &options);
        assert_eq!(outcomes(&report).0, expected, "{rendered}");
    }
}

#[test]
fn a_rendering_of_another_release_is_refused() {
    let service = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
               "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    };
    let report = checked(
        &service("web"),
        &[set("/spec/selector/app", "api")],
        &service("other"),
    );
    assert!(report.releases[0].values_check.is_none());
    assert_eq!(
        report
            .errors
            .iter()
            .map(|error| &*error.message)
            .collect::<Vec<_>>(),
        [
            "none of the rendered objects is one of release pay/ledger: render its chart with its name and namespace"
        ]
    );
}
