//! Records that somebody with the rights of one namespace wrote, to learn of other namespaces or to have things done there.
//!
//! driftline reads with its own rights, which are wider than those of the writer of a record. Whatever such a record
//! names, everything that anybody sees of the report is the same bytes whether it guesses right or wrong, and whether the
//! object exists or not.

mod oracles;
mod rules;

use serde_json::{Value, json};

use super::ScanOptions;
use crate::model::Report;
use crate::notify::Notice;
use crate::notify::digest::Digest;
use crate::notify::pagerduty::events::EventPlan;
use crate::notify::pagerduty::settings::{PagerDutyScope, PagerDutyService};
use crate::notify::slack::payload::message;
use crate::notify::slack::settings::SlackFormat;
use crate::release::history::Depth;
use crate::release::record::{ChartMeta, Hook, HookLocation, Info, LastRun, Release};
use crate::release::stored::Driver;
use crate::report::fixtures::at;
use crate::report::fixtures::test_cluster::{
    TestCluster, TestRelease, TestRevision, options, selection, set,
};
use crate::report::text::TextOptions;
use crate::report::{Format, RenderOptions, ReportKind, render};
use crate::source::Record;
use crate::vocabulary::ObjectState;

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
        chart: Some(ChartMeta::default()),
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
        render(
            report,
            format,
            &RenderOptions {
                links: crate::report::links::Links::default(),
                kind,
                text,
            },
            &mut seen,
        )
        .unwrap();
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
        for event in EventPlan::new(&Notice::without_memory(report, &digest), None, &service).events {
            seen.push_str(&event.body("key").to_string());
        }
    }
    seen
}

fn at_depth(depth: Depth) -> ScanOptions {
    ScanOptions { depth, ..options() }
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

fn commands(report: &Report) -> Vec<String> {
    let entries = report.releases.iter().flat_map(|release| &release.health);
    entries
        .flat_map(|entry| entry.advice.iter().map(|advice| advice.command.clone()))
        .collect()
}
