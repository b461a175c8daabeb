//! Ignore rules and the annotation, as a user of the binary sees them, on the recorded cluster of the example.

use std::fs;
use std::path::Path;

use driftline::report::json::JSON_SCHEMA;
use serde_json::{Value, json};

use crate::support::program::{Driftline, Ran, copy_tree, example};

/// Covers all drift of release `catalog`.
const CATALOG: &str = "
ignore:
  - reason: made by the platform team
    kind: ConfigMap
    name: catalog-*
  - kind: Deployment
    path: containers[name=web]/resources
  - path: /spec/replicas
    release: catalog
  - reason: no longer needed
    kind: CronJob
    path: /spec/schedule
";

fn scan(snapshot: &Path, settings: &str, arguments: &[&str]) -> Ran {
    let place = tempfile::tempdir().unwrap();
    let config = place.path().join("driftline.yaml");
    fs::write(&config, settings).unwrap();
    let (snapshot, config) = (snapshot.to_str().unwrap(), config.to_str().unwrap());
    let command = ["scan", "--snapshot", snapshot, "--config", config];
    Driftline::new([&command[..], arguments].concat()).run()
}

#[test]
fn a_release_whose_drift_is_all_ignored_is_clean() {
    let ran = scan(&example(), CATALOG, &["--release", "catalog"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    // An upgrade that fails is no drift that anybody could leave out.
    let (blocked, rest) = ran.stdout.split_once("\n\n").unwrap();
    assert!(blocked.contains("upgrade-blocked"), "{blocked}");
    assert_eq!(
        rest,
        "ignored  rule 1 (made by the platform team): 1 object\n\
         ignored  rule 2 (kind Deployment, path containers[name=web]/resources): 1 finding in 1 object\n\
         ignored  rule 3 (release catalog, path /spec/replicas): 1 finding in 1 object\n\
         clean: 1 release, 9 objects in sync; objects: 3 ignored; findings: 2 ignored; health: 1 warning (cluster demo)\n"
    );
}

#[test]
fn the_report_counts_per_rule_and_lists_on_request() {
    let quiet = scan(&example(), CATALOG, &["--release", "catalog", "-o", "json"]).json();
    assert_eq!(quiet["releases"][0]["objects"], json!([]));
    assert_eq!(quiet["outcome"], "clean");
    assert_eq!(quiet["summary"]["objects"]["ignored"], 3);
    assert_eq!(
        quiet["summary"]["findings"],
        json!({"drift": 0, "info": 0, "expected": 0, "ignored": 2})
    );
    assert_eq!(
        quiet["ignored"][0],
        json!({"rule": 1, "description": "kind ConfigMap, name catalog-*",
               "reason": "made by the platform team", "findings": 0, "objects": 1})
    );

    let all = scan(
        &example(),
        CATALOG,
        &["--release", "catalog", "-o", "json", "--all"],
    )
    .json();
    assert_eq!(all["ignored"], quiet["ignored"]);
    assert_eq!(all["summary"], quiet["summary"]);
    let objects = all["releases"][0]["objects"].as_array().unwrap();
    let of_kind = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();
    let config = of_kind("ConfigMap");
    assert_eq!(
        (&config["state"], &config["ignoredBy"]),
        (&json!("ignored"), &json!(1))
    );
    assert!(config["reason"].as_str().unwrap().starts_with("foreign: "));
    let api = of_kind("StatefulSet");
    assert_eq!((&api["state"], api.get("patch")), (&json!("ignored"), None));
    let finding = &api["findings"][0];
    assert_eq!(
        (&finding["severity"], &finding["ignoredBy"]),
        (&json!("drift"), &json!(3))
    );

    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for document in [quiet, all] {
        assert!(validator.is_valid(&document));
    }
}

#[test]
fn differences_that_no_rule_covers_are_still_drift() {
    let settings = "ignore: [{path: /spec/replicas}]";
    let ran = scan(&example(), settings, &["--release", "storefront"]);
    assert_eq!(ran.status, Some(1));
    assert!(
        !ran.stdout.contains("/spec/replicas  "),
        "the ignored field is not listed: {}",
        ran.stdout
    );
    let report = scan(&example(), settings, &["--release", "storefront", "-o", "json"]).json();
    let operations = report["releases"][0]["objects"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|object| object["patch"].as_array())
        .flatten();
    let paths: Vec<_> = operations
        .map(|operation| operation["path"].as_str().unwrap())
        .collect();
    assert!(
        !paths.is_empty() && !paths.contains(&"/spec/replicas"),
        "{paths:?}"
    );
}

#[test]
fn a_rule_for_everything_ignores_nothing_that_could_not_be_read() {
    let ran = scan(&example(), "ignore: [{name: '*'}]", &["-o", "json"]);
    let report = ran.json();
    assert_eq!((ran.status, &report["outcome"]), (Some(3), &json!("incomplete")));
    assert_eq!(report["summary"]["objects"]["unknown"], 2);
    assert_eq!(report["summary"]["findings"]["drift"], 0);
}

#[test]
fn rules_that_ignore_nothing_are_named_where_everything_was_read_that_they_cover() {
    let rules = "
ignore:
  - kind: CronJob
    release: catalog
  - path: /spec/replicas
    release: catalog
  - path: /spec
    kind: StatefulSet
    release: catalog
    code: changed
  - kind: CronJob
    path: /spec/schedule
";
    // A snapshot says whether it is of a whole cluster; the example is older than that.
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&example(), copy.path());
    let file = copy.path().join("snapshot.json");
    let mut index: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let part = scan(copy.path(), rules, &[]);
    assert_eq!(part.stderr, "");
    index["listings"][0]["answer"]["given"]["extent"] = json!("cluster");
    fs::write(&file, index.to_string()).unwrap();
    let ran = scan(copy.path(), rules, &[]);
    let [idle, shadowed] = [
        "ignore rule 1 (kind CronJob, release catalog) matched nothing",
        "ignore rule 3 (kind StatefulSet, release catalog, path /spec, code changed) ignores nothing: earlier rules take \
         everything that it matches",
    ];
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains(idle) && ran.stderr.contains(shadowed),
        "{}",
        ran.stderr
    );
    let ignored = &scan(copy.path(), rules, &["-o", "json"]).json()["ignored"];
    let reasons = ignored
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["idle"].clone());
    // A release that cannot be read may have a CronJob.
    let expected = [
        json!("matched-nothing"),
        Value::Null,
        json!("shadowed"),
        Value::Null,
    ];
    assert_eq!(reasons.collect::<Vec<_>>(), expected);
    // Rules for elsewhere are not idle.
    for narrowed in [&["--release", "catalog"][..], &["-n", "shop"]] {
        assert_eq!(scan(copy.path(), rules, narrowed).stderr, "");
    }
}

#[test]
fn an_object_opts_out_where_the_settings_allow_it() {
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&example(), copy.path());
    let file = copy
        .path()
        .join("objects/apps/v1/StatefulSet/shop/catalog-api.json");
    let mut live: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    live["metadata"]["annotations"]["example.com/driftline-ignore"] = "true".into();
    fs::write(&file, live.to_string()).unwrap();
    let arguments = ["--release", "catalog", "-o", "json"];
    let drifted = |settings| {
        let report = scan(copy.path(), settings, &arguments).json();
        report["summary"]["objects"]["drifted"].clone()
    };
    assert_eq!(drifted(""), 2);
    let allowed = "ignore_annotation: example.com/driftline-ignore";
    assert_eq!(drifted(allowed), 1);
    let ran = scan(copy.path(), allowed, &["--release", "catalog"]);
    let expected = "ignored  annotation example.com/driftline-ignore: 1 finding in 1 object\n";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
}

#[test]
fn mistakes_name_the_file_and_the_line() {
    let ran = scan(
        &example(),
        "ignore:\n  - kind: Deployment\n    path: /spec/containers[name\n",
        &[],
    );
    assert_eq!(ran.status, Some(2));
    let expected = "driftline.yaml:3: `/spec/containers[name` lacks the `]` for the `[` at character 17";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}
