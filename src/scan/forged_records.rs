//! Records that somebody with the rights of one namespace wrote, to learn of other namespaces or to have things done there.
//!
//! driftline reads with its own rights, which are wider than those of the writer of a record. Whatever such a record
//! names, everything that anybody sees of the report is the same bytes whether it guesses right or wrong, and whether the
//! object exists or not.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Progress, Quiet, ScanOptions, scan};
use crate::model::Report;
use crate::notify::digest::Digest;
use crate::notify::pagerduty::events::EventPlan;
use crate::notify::pagerduty::settings::{PagerDutyScope, PagerDutyService};
use crate::notify::slack::payload::message;
use crate::notify::slack::settings::SlackFormat;
use crate::policy::Policy;
use crate::policy::glob::Glob;
use crate::release::history::Depth;
use crate::release::record::{Hook, HookLocation, Info, LastRun, Release};
use crate::release::stored::Driver;
use crate::report::fixtures::at;
use crate::report::fixtures::test_cluster::{NOW, TestCluster, TestRelease, TestRevision, options, set};
use crate::report::text::TextOptions;
use crate::report::{Format, RenderOptions, ReportKind, render};
use crate::snapshot::{Recorder, SnapshotSource};
use crate::source::Record;
use crate::vocabulary::{HealthCode, ObjectState, Outcome, Verdict};

/// What only the people of `victim` may read.
const PRIVATE: &str = "cobalt-heron";

/// A record in `evil` that says what release it is of.
const CLAIMS_ANOTHER: TestRelease = TestRelease {
    namespace: "victim",
    name: "x",
    driver: Driver::Secret,
    storage: "evil",
};
const CLAIMS_ITS_OWN: TestRelease = TestRelease::new("evil", "x");
const VICTIM: TestRelease = TestRelease::new("victim", "bank");

/// Objects of the victim, each with a guess at its content: a value, a key of a map, the key of a list element, a member
/// of a set, a label.
fn guesses(guess: &str) -> Vec<Value> {
    let metadata = |name: &str| json!({"name": name, "namespace": "victim", "labels": {guess: guess}});
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("bank"), "spec": {"replicas": 2,
            "template": {"spec": {"containers": [{"name": guess, "image": guess,
                "env": [{"name": guess, "value": guess}]}]}}}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata("login"), "data": {guess: "eA=="}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("settings"), "data": {"key": guess}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bank", "namespace": "victim",
            "finalizers": [guess]}}),
        json!({"apiVersion": "widgets.example.com/v1", "kind": "Widget", "metadata": metadata("w"),
            "spec": {guess: guess}}),
    ]
}

/// The state of the victim's objects, which a writer in `evil` may not learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum World {
    Absent,
    OfTheVictim,
    /// Of a release of the victim's that has the name of the forged one.
    OfTheSameName,
    OfNobody,
    BeingDeleted,
}

const WORLDS: [World; 5] = [
    World::Absent,
    World::OfTheVictim,
    World::OfTheSameName,
    World::OfNobody,
    World::BeingDeleted,
];

fn put_victims(cluster: &mut TestCluster, world: World) {
    let (release, edit) = match world {
        World::Absent => return,
        World::OfTheVictim => (VICTIM, None),
        World::OfTheSameName => (TestRelease::new("victim", "x"), None),
        World::OfNobody => (VICTIM, Some(set("/metadata/annotations", json!({})))),
        World::BeingDeleted => (
            VICTIM,
            Some(set("/metadata/deletionTimestamp", "2026-11-18T09:12:00Z")),
        ),
    };
    let edits: Vec<_> = edit.into_iter().collect();
    for object in guesses(PRIVATE) {
        cluster.put(release, &object, &edits);
    }
}

/// Every history by which a record can name objects.
const HISTORIES: [&str; 10] = [
    "deployed",
    "dropped",
    "failed above",
    "failed below",
    "changed above",
    "pending",
    "installation failed",
    "uninstalling",
    "hooks",
    "hooks of old",
];

fn put_history(cluster: &mut TestCluster, release: TestRelease, history: &str, objects: &[Value]) {
    let mut store = |number, status, objects: &[Value]| {
        cluster.store(
            release,
            &TestRevision {
                number,
                status,
                time: "2026-11-18T09:12:00Z",
                description: "",
                objects,
            },
        );
    };
    let other: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut object = object.clone();
            object["metadata"]["annotations"] = json!({"a": "b"});
            object
        })
        .collect();
    match history {
        "deployed" => store(1, "deployed", objects),
        "dropped" => {
            store(1, "superseded", objects);
            store(2, "deployed", &[]);
        }
        "failed above" => {
            store(1, "deployed", &[]);
            store(2, "failed", objects);
        }
        "failed below" => {
            store(1, "failed", objects);
            store(2, "deployed", &[]);
        }
        "changed above" => {
            store(1, "deployed", &other);
            store(2, "failed", objects);
        }
        "pending" => {
            store(1, "deployed", objects);
            store(2, "pending-upgrade", &other);
        }
        "installation failed" => store(1, "failed", objects),
        "uninstalling" => store(1, "uninstalling", objects),
        "hooks" => put_hooks(cluster, release, 1, "failed", objects),
        "hooks of old" => {
            put_hooks(cluster, release, 1, "superseded", objects);
            put_hooks(cluster, release, 2, "deployed", &[]);
        }
        other => panic!("no history {other}"),
    }
}

fn put_hooks(
    cluster: &mut TestCluster,
    release: TestRelease,
    number: u64,
    status: &'static str,
    objects: &[Value],
) {
    let hook = |object: &Value| Hook {
        name: object["metadata"]["name"].as_str().unwrap().to_owned(),
        kind: object["kind"].as_str().unwrap().to_owned(),
        events: vec!["pre-upgrade".to_owned()],
        last_run: LastRun {
            started_at: Some(at("2026-11-18T09:12:00Z")),
            completed_at: None,
            phase: "Failed".to_owned(),
        },
        manifest: object.to_string(),
        location: Some(HookLocation {
            api_version: object["apiVersion"].as_str().unwrap().to_owned(),
            namespace: object["metadata"]["namespace"].as_str().map(str::to_owned),
        }),
        ..Hook::default()
    };
    let record = Release {
        name: release.name.to_owned(),
        namespace: release.namespace.to_owned(),
        version: number,
        info: Info {
            status: status.to_owned(),
            ..Info::default()
        },
        manifest: Some(String::new()),
        hooks: Some(objects.iter().map(hook).collect()),
        ..Release::default()
    };
    let revision = TestRevision {
        number,
        status,
        time: "2026-11-18T09:12:00Z",
        description: "",
        objects: &[],
    };
    cluster.store_record(release, &revision, Record::Decoded(Box::new(record)));
}

/// Everything that anybody sees of a report.
fn everything(report: &Report) -> String {
    let mut seen = Vec::new();
    for (kind, format) in [
        (ReportKind::Scan, Format::Text),
        (ReportKind::Scan, Format::Json),
        (ReportKind::Diagnosis, Format::Text),
    ] {
        let text = TextOptions::PLAIN;
        render(report, format, &RenderOptions { kind, text }, &mut seen).unwrap();
    }
    let mut seen = String::from_utf8(seen).unwrap();
    let digest = Digest::new(report);
    for format in [SlackFormat::Blocks, SlackFormat::Attachments, SlackFormat::Text] {
        seen.push_str(&message(&digest, format).to_string());
    }
    for scope in [PagerDutyScope::Cluster, PagerDutyScope::Release] {
        let service = PagerDutyService {
            scope,
            ..PagerDutyService::try_new(&"0123456789abcdef0123456789abcdef".into()).unwrap()
        };
        for event in EventPlan::new(report, &digest, &service).events {
            seen.push_str(&event.body("key").to_string());
        }
    }
    seen
}

fn at_depth(depth: Depth) -> ScanOptions {
    ScanOptions { depth, ..options() }
}

fn trusting(namespace: &str) -> ScanOptions {
    ScanOptions {
        policy: Policy {
            trusted_storage: vec![namespace.parse::<Glob>().unwrap()],
            ..Policy::default()
        },
        ..options()
    }
}

/// The oracles of equality and of existence.
fn tells_nothing(release: TestRelease, worlds: &[World], objects: fn(&str) -> Vec<Value>) {
    for history in HISTORIES {
        for depth in [Depth::Comparison, Depth::History] {
            let told = |world: World, guess: &str| {
                let mut cluster = TestCluster::new();
                put_history(&mut cluster, release, history, &objects(guess));
                put_victims(&mut cluster, world);
                everything(&cluster.scan_with(&at_depth(depth)))
            };
            let wrong = told(World::Absent, "silver-heron");
            assert!(!wrong.contains("heron"), "{history} {depth:?}: {wrong}");
            for line in wrong.lines().filter(|line| line.contains("kubectl")) {
                assert!(!line.contains("victim"), "{history} {depth:?}: {line}");
            }
            for &world in worlds {
                assert_eq!(told(world, PRIVATE), wrong, "{history} {depth:?} {world:?}");
            }
            let of_the_victim = told(World::OfTheVictim, "silver-heron");
            assert_eq!(of_the_victim, wrong, "{history} {depth:?}");
        }
    }
}

#[test]
fn a_record_that_claims_another_namespace_tells_nothing_of_it() {
    // Nothing is read, so that few worlds do.
    let worlds = [World::OfTheVictim, World::OfTheSameName];
    tells_nothing(CLAIMS_ANOTHER, &worlds, guesses);
    tells_nothing(CLAIMS_ANOTHER, &worlds[..1], |guess| {
        let mut objects = guesses(guess);
        for object in &mut objects {
            object["metadata"].as_object_mut().unwrap().remove("namespace");
        }
        objects
    });
}

#[test]
fn a_record_that_names_objects_in_another_namespace_tells_nothing_of_them() {
    tells_nothing(CLAIMS_ITS_OWN, &WORLDS, guesses);
}

fn revision<'a>(number: u64, status: &'static str, objects: &'a [Value]) -> TestRevision<'a> {
    TestRevision {
        number,
        status,
        time: "2026-11-18T09:12:00Z",
        description: "",
        objects,
    }
}

fn config_map(name: &str, namespace: Option<&str>, value: &str) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
        "data": {"key": value}});
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

fn state_of(report: &Report, release: &str, name: &str) -> Option<(ObjectState, String)> {
    let release = report
        .releases
        .iter()
        .find(|known| known.name == release)
        .unwrap();
    let object = release.objects.iter().find(|object| object.name == name)?;
    Some((object.state, object.reason.clone().unwrap_or_default()))
}

fn health(report: &Report, release: &str, code: HealthCode) -> Vec<String> {
    let release = report
        .releases
        .iter()
        .find(|known| known.name == release)
        .unwrap();
    let entries = release.health.iter().filter(|entry| entry.code == code);
    entries.map(|entry| entry.message.clone()).collect()
}

fn commands(report: &Report) -> Vec<String> {
    let entries = report.releases.iter().flat_map(|release| &release.health);
    entries
        .flat_map(|entry| entry.advice.iter().map(|advice| advice.command.clone()))
        .collect()
}

/// Also with an empty manifest, of which every object was compared.
#[test]
fn a_release_whose_record_claims_another_namespace_is_incomplete_and_says_what_to_do() {
    for objects in [vec![], vec![config_map("near", Some("evil"), "a")], guesses("a")] {
        let mut cluster = TestCluster::new();
        cluster.store(CLAIMS_ANOTHER, &revision(1, "deployed", &objects));
        cluster.put(CLAIMS_ITS_OWN, &config_map("near", Some("evil"), "a"), &[]);
        let report = cluster.scan_with(&options());
        assert_eq!(
            (report.outcome, report.releases[0].verdict),
            (Outcome::Incomplete, Verdict::Incomplete)
        );
        assert_eq!(
            report.releases[0].namespace, "evil",
            "where the API server says it is"
        );
        let [sentence] = &health(&report, "x", HealthCode::IdentityMismatch)[..] else {
            panic!("{:?}", report.releases[0].health)
        };
        assert!(sentence.contains("trusted_storage_namespaces"), "{sentence}");
        assert!(!everything(&report).contains("\"resolve\""));
    }
}

/// As Flux has it, with `storageNamespace` or with `targetNamespace`.
#[test]
fn a_trusted_namespace_of_records_speaks_for_the_namespace_it_names() {
    let web = TestRelease {
        namespace: "shop",
        name: "web",
        driver: Driver::Secret,
        storage: "flux-system",
    };
    let objects = [
        config_map("settings", None, "blue"),
        config_map("far", Some("kube-system"), "a"),
    ];
    let cluster = || {
        let mut cluster = TestCluster::new();
        cluster.store(web, &revision(1, "deployed", &objects));
        cluster.put(web, &objects[0], &[set("/data/key", PRIVATE)]);
        cluster.put(web, &objects[1], &[]);
        cluster
    };
    let untrusted = cluster().scan_with(&trusting("other"));
    assert_eq!(
        state_of(&untrusted, "web", "settings").unwrap().0,
        ObjectState::Unknown
    );
    assert!(!everything(&untrusted).contains(PRIVATE));
    let trusted = cluster().scan_with(&trusting("flux-*"));
    assert_eq!(trusted.releases[0].namespace, "shop");
    assert_eq!(trusted.releases[0].health, []);
    assert_eq!(
        state_of(&trusted, "web", "settings").unwrap().0,
        ObjectState::Drifted
    );
    assert_eq!(trusted.summary.objects.in_sync, 1, "of what it has elsewhere");
    assert!(everything(&trusted).contains(PRIVATE));
}

#[test]
fn an_object_elsewhere_that_helm_made_is_compared_and_its_values_are_hidden() {
    let far = config_map("far", Some("kube-system"), "blue");
    let report = |exists: bool, edit: &str| {
        let mut cluster = TestCluster::new();
        cluster.store(
            CLAIMS_ITS_OWN,
            &revision(1, "deployed", std::slice::from_ref(&far)),
        );
        if exists {
            cluster.put(CLAIMS_ITS_OWN, &far, &[set("/data/key", edit)]);
        }
        cluster.scan_with(&options())
    };
    let state = |report: &Report| state_of(report, "x", "far").map(|(state, _)| state);
    let drifted = report(true, PRIVATE);
    assert_eq!(state(&drifted), Some(ObjectState::Drifted));
    assert!(!everything(&drifted).contains(PRIVATE));
    assert_eq!(report(true, "blue").summary.objects.in_sync, 1);
    let missing = report(false, "");
    assert_eq!(
        state_of(&missing, "x", "far"),
        Some((
            ObjectState::Missing,
            "missing or not owned by this release".to_owned()
        ))
    );
    assert_eq!(
        missing.outcome,
        Outcome::Drift,
        "charts have objects in kube-system"
    );
}

/// Two releases that fight over a definition are a trouble that has to be told; the content of the object is not.
#[test]
fn of_a_cluster_scoped_object_of_another_release_only_the_owner_is_told() {
    let namespace = |label: &str| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared", "labels": {label: label},
            "finalizers": [label]}})
    };
    for history in HISTORIES {
        for depth in [Depth::Comparison, Depth::History] {
            let told = |guess: &str| {
                let mut cluster = TestCluster::new();
                put_history(&mut cluster, CLAIMS_ITS_OWN, history, &[namespace(guess)]);
                let by = set("/data", "x").by(PRIVATE, None, "2026-11-18T09:12:00Z");
                let deleted = set("/metadata/deletionTimestamp", "2026-11-17T09:12:00Z");
                cluster.put(VICTIM, &namespace(PRIVATE), &[by, deleted]);
                cluster.scan_with(&at_depth(depth))
            };
            let report = told(PRIVATE);
            let seen = everything(&report);
            assert!(
                !seen.contains(PRIVATE) && !seen.contains("2026-11-17"),
                "{history}: {seen}"
            );
            assert_eq!(seen, everything(&told("silver-heron")), "{history}");
            for command in commands(&report) {
                let is_helm_s = command.starts_with("helm rollback") || command.starts_with("helm uninstall");
                assert!(!command.contains("shared") && !is_helm_s, "{history}: {command}");
            }
            if history == "deployed" {
                let (state, reason) = state_of(&report, "x", "shared").unwrap();
                let owner = "not owned by this release: it belongs to release victim/bank";
                assert_eq!((state, reason.as_str()), (ObjectState::Foreign, owner));
            }
        }
    }
}

/// Helm deletes and overwrites whatever the manifest of a record names.
#[test]
fn no_command_has_helm_write_objects_that_are_not_the_release_s() {
    let report = |objects: &[Value]| {
        let mut cluster = TestCluster::new();
        cluster.store(CLAIMS_ITS_OWN, &revision(1, "failed", objects));
        put_victims(&mut cluster, World::OfTheVictim);
        cluster.scan_with(&options())
    };
    let is_destructive = |report: &Report| {
        let mut advice = report.releases[0].health.iter().flat_map(|entry| &entry.advice);
        advice.any(|advice| advice.destructive)
    };
    let forged = report(&guesses("a"));
    assert!(!is_destructive(&forged), "{:?}", commands(&forged));
    let evidence = forged.releases[0].health.iter().flat_map(|entry| &entry.evidence);
    let reasons: Vec<_> = evidence.filter(|line| line.contains("are left out")).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(is_destructive(&report(&[config_map("near", None, "a")])));
}

#[test]
fn an_object_that_another_release_deploys_is_not_left_over() {
    const WEB: TestRelease = TestRelease::new("shop", "web");
    const API: TestRelease = TestRelease::new("shop", "api");
    let moved = config_map("moved", None, "a");
    let old = config_map("old", None, "a");
    for depth in [Depth::Comparison, Depth::History] {
        let mut cluster = TestCluster::new();
        let dropped = [moved.clone(), old.clone()];
        cluster.store(WEB, &revision(1, "superseded", &dropped));
        cluster.store(WEB, &revision(2, "deployed", &[]));
        cluster.store(API, &revision(1, "deployed", std::slice::from_ref(&moved)));
        // A forged record that names what others left behind hides nothing.
        cluster.store(
            CLAIMS_ITS_OWN,
            &revision(1, "deployed", &[config_map("old", Some("shop"), "a")]),
        );
        cluster.put(WEB, &moved, &[]);
        cluster.put(WEB, &old, &[]);
        let report = cluster.scan_with(&at_depth(depth));
        assert_eq!(state_of(&report, "web", "moved"), None);
        assert_eq!(state_of(&report, "web", "old").unwrap().0, ObjectState::Leftover);
        let [told] = &health(&report, "web", HealthCode::OwnershipConflict)[..] else {
            panic!("{:?}", report.releases)
        };
        assert!(
            told.contains("ConfigMap shop/moved") && told.contains("shop/api"),
            "{told}"
        );
        let deleted: Vec<_> = commands(&report)
            .into_iter()
            .filter(|command| command.contains("kubectl delete"))
            .collect();
        assert_eq!(deleted, ["kubectl delete configmap old -n shop"]);
    }
}

/// A diagnosis reads one release, so it cannot know who else deploys the object.
#[test]
fn where_not_all_releases_were_read_a_leftover_may_be_another_one_s() {
    let old = config_map("old", None, "a");
    let evidence = |releases: &[&str]| {
        let mut cluster = TestCluster::new();
        cluster.store(
            CLAIMS_ITS_OWN,
            &revision(1, "superseded", std::slice::from_ref(&old)),
        );
        cluster.store(CLAIMS_ITS_OWN, &revision(2, "deployed", &[]));
        cluster.put(CLAIMS_ITS_OWN, &old, &[]);
        let options = ScanOptions {
            releases: releases.iter().map(|&name| name.to_owned()).collect(),
            ..options()
        };
        cluster.scan_with(&options).releases[0].health[0].evidence.clone()
    };
    assert_eq!(evidence(&[]), Vec::<String>::new());
    assert!(evidence(&["x"])[0].starts_with("not all releases were read"));
}

/// A scan that is recorded, and a scan of what was recorded: their reports, and all that was written.
fn recorded(cluster: TestCluster, options: &ScanOptions) -> (Report, Report, String) {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("snapshot");
    let recorder = Recorder::create(cluster, &place, at(NOW), None, options.policy.clone());
    let recorder = Arc::new(recorder.unwrap());
    let progress: Arc<dyn Progress> = Arc::new(Quiet);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let timeless = |mut report: Report| {
        (report.started_at, report.finished_at) = (at(NOW), at(NOW));
        report
    };
    let never = std::future::pending;
    let direct = runtime.block_on(scan(Arc::clone(&recorder), options, &progress, never()));
    recorder.finish().unwrap();
    let source = Arc::new(SnapshotSource::open(&place).unwrap());
    let replayed = runtime.block_on(scan(source, options, &progress, never()));
    (timeless(direct), timeless(replayed), text_of(&place))
}

/// The text of all files below a directory.
fn text_of(directory: &Path) -> String {
    let entries = std::fs::read_dir(directory).unwrap();
    let texts = entries.map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text_of(&path)
        } else {
            std::fs::read_to_string(&path).unwrap()
        }
    });
    texts.collect()
}

/// A snapshot is passed on: what a report may not tell is not in it.
#[test]
fn a_snapshot_holds_nothing_that_a_report_may_not_tell() {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared",
        "labels": {PRIVATE: "x"}}});
    for release in [CLAIMS_ANOTHER, CLAIMS_ITS_OWN] {
        for history in HISTORIES {
            let mut objects = guesses("silver-heron");
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared"}}));
            let mut cluster = TestCluster::new();
            put_history(&mut cluster, release, history, &objects);
            put_victims(&mut cluster, World::OfTheVictim);
            cluster.put(VICTIM, &namespace, &[]);
            let (direct, replayed, files) = recorded(cluster, &options());
            assert!(!files.contains(PRIVATE), "{history}: {files}");
            assert_eq!(everything(&direct), everything(&replayed), "{history}");
        }
    }
}
