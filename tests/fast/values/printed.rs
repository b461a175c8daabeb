//! What `driftline values` prints: a file for `helm upgrade -f`, or arguments.

use serde_json::{Value, json};

use super::chart::{CHART_YAML, chart_archive, chart_folder};
use super::reports::{is_valid, said};
use super::world::World;
use crate::support::program::Ran;

/// The values that a file gives to Helm.
#[track_caller]
pub(super) fn values(ran: &Ran) -> Value {
    serde_saphyr::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
}

/// What keeps everything that a value keeps.
fn kept() -> Value {
    json!({
        "cache": {"replicaCount": 3},
        "env": [{"name": "REGION", "value": "north"}, {"name": "TRACE", "value": "on"}],
        "image": {"tag": "1.4.1-hotfix"},
        "resources": {"limits": {"memory": "1Gi"}},
    })
}

/// The comment that has this text, with those that follow it at once.
fn comments_from<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    let lines = text.lines().map(str::trim_start);
    lines
        .skip_while(|line| !line.contains(start))
        .take_while(|line| line.starts_with('#'))
        .collect()
}

#[test]
fn the_file_has_the_keys_and_says_of_each_what_it_keeps() {
    let world = World::drifted();
    let ran = world.run(&["values", "web"]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert_eq!(values(&ran), kept());
    assert_eq!(
        ran.sentence(),
        "4 of 7 drifted fields kept, 1 to set by hand, 1 set by the chart itself, 1 without a known key"
    );
    let text = &ran.stdout;
    assert_eq!(
        comments_from(text, "containers[name=web]/image"),
        [
            "# Deployment web-web /spec/template/spec/containers[name=web]/image: registry.example.com/shop/web:1.4.1 → \
             registry.example.com/shop/web:1.4.1-hotfix, by kubectl-edit, 2026-03-02 03:14 (claimed)",
            "# now 1.4.1 (set by you); verified; also changes 2 more fields:",
            "#   ConfigMap web-settings /data/version",
            "#   Deployment web-web /metadata/labels/version",
        ]
    );
    assert_eq!(
        comments_from(text, "web-cache /spec/replicas"),
        [
            "# Deployment web-cache /spec/replicas: 1 → 3, by kubectl-scale, 2026-03-02 03:14 (claimed)",
            "# now 1 (chart default); by name only, check first",
        ]
    );
    assert_eq!(
        comments_from(text, "their values may be secret"),
        [
            "# Set these yourself: their values may be secret, and are not printed:",
            "#   auth.password: <hidden>",
            "#     Secret web-login /data/password: (redacted), by kubectl-patch, 2026-03-02 03:14 (claimed)",
        ]
    );
    assert_eq!(
        comments_from(text, "No value sets these"),
        [
            "# No value sets these; the chart sets them itself:",
            "#   Deployment web-web /spec/revisionHistoryLimit: 5 → 9, by kubectl-edit, 2026-03-02 03:14 (claimed)",
        ]
    );
    assert!(
        comments_from(text, "JSON Schema refuses")[1].contains("ConfigMap web-settings /data/level"),
        "{text}"
    );
    // The check that the head names can be run as it is printed.
    let head = comments_from(text, "driftline values");
    assert!(head[0].contains("driftline values web -n shop"), "{head:?}");
    assert!(head[0].ends_with("--check -"), "{head:?}");
}

#[test]
fn arguments_hold_the_same_as_the_file() {
    let world = World::drifted();
    let ran = world.run(&["values", "web", "--set-json"]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let words = shlex::split(&ran.stdout.replace(" \\\n", " ")).unwrap();
    let mut set = json!({});
    for pair in words.chunks(2) {
        assert_eq!(pair[0], "--set-json");
        let (key, value) = pair[1].split_once('=').unwrap();
        let mut place = &mut set;
        for name in key.split('.') {
            place = &mut place[name];
        }
        *place = serde_json::from_str(value).unwrap();
    }
    assert_eq!(set, kept());
}

#[test]
fn the_report_is_that_of_a_scan_of_the_one_release() {
    let world = World::drifted();
    let ran = world.run(&["values", "web", "-o", "json"]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let report = ran.json();
    is_valid(&report);
    let scanned = world.run(&["scan", "--values", "-o", "json"]).json();
    assert_eq!(said(&report), said(&scanned));
}

#[test]
fn a_field_is_named_by_its_path_or_by_one_above_it() {
    let world = World::drifted();
    let template = json!({"env": kept()["env"], "image": kept()["image"], "resources": kept()["resources"]});
    let rows = [
        (&["/spec/replicas"][..], json!({"cache": {"replicaCount": 3}})),
        (&["/spec/template"], template.clone()),
        (&["/spec/template/"], template),
        (
            &[
                "/spec/replicas",
                "/spec/template/spec/containers[name=web]/resources",
            ],
            json!({"cache": {"replicaCount": 3}, "resources": kept()["resources"]}),
        ),
    ];
    for (fields, expected) in rows {
        let fields = fields.iter().flat_map(|field| ["--field", field]);
        let arguments: Vec<&str> = ["values", "web"].into_iter().chain(fields).collect();
        let ran = world.run(&arguments);
        assert_eq!(
            (ran.status, values(&ran)),
            (Some(0), expected),
            "{arguments:?} {}",
            ran.stderr
        );
    }
}

/// A record has no templates of dependencies. With the chart at hand, they are evaluated.
#[test]
fn with_the_chart_the_keys_of_its_dependencies_are_verified() {
    let world = World::drifted();
    let folder = chart_folder(world.home.path(), CHART_YAML);
    let archive = chart_archive(world.home.path());
    for chart in [folder, archive] {
        let ran = world.run(&["values", "web", "--chart", &chart]);
        assert_eq!((ran.status, values(&ran)), (Some(1), kept()), "{}", ran.stderr);
        assert!(!ran.stdout.contains("by name only"), "{}", ran.stdout);
        assert!(!ran.stderr.contains("not used"), "{}", ran.stderr);
        let report = world
            .run(&["values", "web", "--chart", &chart, "-o", "json"])
            .json();
        assert_eq!(said(&report)["web-cache /spec/replicas"]["certainty"], "verified");
    }
}

#[test]
fn of_a_release_without_drift_there_is_nothing_to_keep() {
    let world = World::new(super::world::in_sync("shop"));
    let ran = world.run(&["values", "web"]);
    assert_eq!(
        (ran.status, values(&ran)),
        (Some(0), Value::Null),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.sentence(), "nothing drifted that values could keep");
    let ran = world.run(&["values", "web", "--set-json"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), ""));
}
