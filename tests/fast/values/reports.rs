//! Keys in reports: of `scan --values`, of `diagnose`, and of stored reports.

use std::collections::BTreeMap;

use driftline::report::json::JSON_SCHEMA;
use serde_json::{Value, json};

use super::world::World;

/// What each finding says of the values: its object and path, and `values` or `noValues`.
pub(super) fn said(report: &Value) -> BTreeMap<String, Value> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut said = BTreeMap::new();
    for object in list(report, "releases")
        .iter()
        .flat_map(|release| list(release, "objects"))
    {
        for finding in list(&object, "findings") {
            let place = format!(
                "{} {}",
                object["name"].as_str().unwrap(),
                finding["path"].as_str().unwrap()
            );
            let values = match &finding["noValues"]["code"] {
                Value::Null => finding["values"].clone(),
                code => code.clone(),
            };
            said.insert(place, values);
        }
    }
    said
}

/// The report follows its schema.
#[track_caller]
pub(super) fn is_valid(report: &Value) {
    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(report)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The lines of a text about keys.
fn lines_to_keep(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim_start);
    lines
        .filter_map(|line| line.strip_prefix("to keep it: "))
        .collect()
}

const TO_KEEP: [&str; 4] = [
    "cache.replicaCount=3 (by name only, check first)",
    "env=[{\"name\":\"REGION\",\"value\":\"north\"},{\"name\":\"TRACE\",\"value\":\"on\"}] (verified)",
    "image.tag=1.4.1-hotfix (verified; also changes 2 more fields)",
    "resources.limits.memory=1Gi (verified)",
];

#[test]
fn a_scan_with_values_names_the_key_of_each_drifted_field_or_why_there_is_none() {
    let world = World::drifted();
    let ran = world.run(&["scan", "--values", "-o", "json"]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let report = ran.json();
    is_valid(&report);
    let container = "web-web /spec/template/spec/containers[name=web]";
    let region = json!({"name": "REGION", "value": "north"});
    let moved = |kind: &str, name: &str, path: &str| json!({"kind": kind, "namespace": null, "name": name, "path": path});
    let expected = [
        ("web-settings /data/level".to_owned(), json!("refused-by-schema")),
        (
            "web-cache /spec/replicas".to_owned(),
            json!({"key": "cache.replicaCount", "value": 3, "current": 1, "origin": "chart-default", "certainty": "by-name"}),
        ),
        (
            "web-web /spec/revisionHistoryLimit".to_owned(),
            json!("set-by-chart"),
        ),
        (
            format!("{container}/env[name=TRACE]"),
            json!({"key": "env", "value": [region, {"name": "TRACE", "value": "on"}], "current": [region],
                   "origin": "chart-default", "certainty": "verified"}),
        ),
        (
            format!("{container}/image"),
            json!({"key": "image.tag", "value": "1.4.1-hotfix", "current": "1.4.1", "origin": "set-by-user",
                   "certainty": "verified", "alsoChanges": [
                       moved("ConfigMap", "web-settings", "/data/version"),
                       moved("Deployment", "web-web", "/metadata/labels/version")]}),
        ),
        (
            format!("{container}/resources/limits/memory"),
            json!({"key": "resources.limits.memory", "value": "1Gi", "current": "256Mi", "origin": "chart-default",
                   "certainty": "verified"}),
        ),
        (
            "web-login /data/password".to_owned(),
            json!({"key": "auth.password", "origin": "chart-default", "certainty": "verified", "redacted": true}),
        ),
    ];
    assert_eq!(said(&report), BTreeMap::from(expected));

    let text = world.run(&["scan", "--values"]);
    assert_eq!(text.status, Some(1), "{}", text.stderr);
    let lines = lines_to_keep(&text.stdout);
    let (hidden, shown): (Vec<&str>, Vec<&str>) = lines
        .into_iter()
        .partition(|line| line.starts_with("auth.password"));
    assert_eq!(shown, TO_KEEP);
    assert_eq!(hidden, ["auth.password=<hidden> (verified)"]);
}

#[test]
fn a_scan_that_nobody_asked_for_values_reads_no_chart_and_names_no_key() {
    let world = World::drifted();
    let ran = world.run(&["scan", "-o", "json"]);
    let said = said(&ran.json());
    assert_eq!(said.len(), 7);
    assert!(said.values().all(Value::is_null), "{said:?}");
    assert!(lines_to_keep(&world.run(&["scan"]).stdout).is_empty());
}

#[test]
fn a_diagnosis_names_the_keys_without_being_asked() {
    let world = World::drifted();
    let ran = world.run(&["diagnose", "web"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("\nValues that keep the drift\n"),
        "{}",
        ran.stdout
    );
    let lines = lines_to_keep(&ran.stdout);
    for line in TO_KEEP {
        assert!(lines.contains(&line), "{line}: {}", ran.stdout);
    }
    assert!(
        ran.stdout
            .contains("As a file for helm upgrade -f: driftline values web -n shop"),
        "{}",
        ran.stdout
    );
    let ran = world.run(&["diagnose", "web", "-o", "json"]);
    is_valid(&ran.json());
}

#[test]
fn a_stored_report_shows_the_keys_that_were_found() {
    let world = World::drifted();
    let report = world.path("report.json");
    let ran = world.run(&["scan", "--values", "-o", &format!("json={report}"), "-o", "text"]);
    let shown = world.offline(&["show", &report]).run();
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    assert_eq!(lines_to_keep(&shown.stdout), lines_to_keep(&ran.stdout));
    assert_eq!(lines_to_keep(&shown.stdout).len(), TO_KEEP.len() + 1);
}
