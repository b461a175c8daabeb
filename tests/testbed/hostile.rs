//! A tenant who means harm, in a real cluster: the scan of the shipped `CronJob`, under its memory limit, reports every
//! other release as without the hostile records.
//!
//! `tests/fast/hostile` has many more inputs, which a fake API server serves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::Write as _;
use std::time::Duration;

use crate::harness::{Account, Cluster, HelmVersion, Release};
use crate::support::hostile::{
    long_text, many_namespaces, one_deployment, with_chart_files, with_hooks, with_manifest,
};
use crate::support::limited::{Limits, MOST_RESIDENT, Measured, SHIPPED, run};

const EVIL: &str = "evil";

/// The limits of the shipped `CronJob`, and more time on a processor than any scan needs.
const LIMITS: Limits = Limits {
    memory: SHIPPED,
    seconds: 300,
    wall: Duration::from_mins(20),
};

/// In a cluster of its own: nothing that other tests make may come between two scans of all namespaces.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_hostile_tenant_changes_nothing_for_the_others() {
    let cluster = &Cluster::start();
    let mut releases = Vec::new();
    for (index, chart) in ["shop", "workloads", "networking", "lists"].iter().enumerate() {
        releases.push(Release::install(cluster, HelmVersion::ALL[index % 2], chart, &[]));
    }
    releases[0].kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"]);
    releases[0].kubectl(&["delete", "service/{r}-web", "--wait"]);
    let overlay = format!("{}/deploy/overlays/cluster", env!("CARGO_MANIFEST_DIR"));
    cluster.kubectl(&["apply", "-k", &overlay]);
    let account = cluster.account("driftline", "driftline");

    let without = scan(&account);
    // The shipped settings have status 0 for drift.
    assert_eq!(without.status, Some(0), "{}", without.stderr);
    assert_eq!(without.report["outcome"], "drift");

    cluster.kubectl(&["create", "namespace", EVIL]);
    cluster.create(&deployment());
    let texts = texts(&releases[0]);
    for (number, text) in texts.iter().enumerate() {
        cluster.create(&record(&format!("e{number}"), text));
    }
    let with = scan(&account);
    assert_eq!(with.signal, None, "{}", with.stderr);
    assert!(
        with.peak_bytes <= MOST_RESIDENT,
        "{} MiB were resident",
        with.peak_bytes >> 20
    );
    assert_eq!(others(&with), others(&without));
    // Some of the hostile records cannot be read, which the status for drift does not hide.
    assert_eq!(with.status, Some(3), "{}", with.stderr);
    let hostile = hostile(&with);
    assert_eq!(hostile.len(), texts.len());
    for release in hostile {
        // Hooks and charts that are read within the limits are nothing to tell about.
        let is_read = release["name"] == "e1" || release["name"] == "e2";
        let is_told = release["verdict"] != "clean" || release["health"][0].is_object();
        assert!(is_read || is_told, "{release:#}");
        assert!(
            release["name"] != "e0" || release["verdict"] != "clean",
            "a record that says nothing is not clean"
        );
    }
}

/// The records of the hostile tenant, as JSON.
fn texts(victim: &Release<'_>) -> Vec<String> {
    let name = |number: usize| format!("e{number}");
    let forged = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": format!("{}-api", victim.name), "namespace": victim.namespace}});
    vec![
        "{}".to_owned(),
        with_hooks(EVIL, &name(1), "{}", 4_000_000),
        with_chart_files(EVIL, &name(2), 2_000_000),
        with_manifest(EVIL, &name(3), &many_namespaces(20_000)),
        with_manifest(EVIL, &name(4), &long_text()),
        with_manifest(EVIL, &name(5), &long_text()),
        with_manifest(EVIL, &name(6), &long_text()),
        with_manifest(EVIL, &name(7), &one_deployment("many", 9_900)),
        with_manifest(EVIL, &name(8), &one_deployment("many", 9_900)),
        with_manifest(&victim.namespace, &victim.name, &forged.to_string()),
    ]
}

/// A Deployment of 3,000 variables, which one of the records names again and again.
fn deployment() -> Value {
    let env: Value = (0..3_000)
        .map(|at| json!({"name": format!("V{at}"), "value": "a value of some length"}))
        .collect();
    let labels = json!({"app": "many"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "many", "namespace": EVIL, "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "e7", "meta.helm.sh/release-namespace": EVIL}},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": "registry.example.com/app:1", "env": env}]}}}})
}

/// The Secret that holds a record.
fn record(name: &str, text: &str) -> Value {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let payload = STANDARD.encode(encoder.finish().unwrap());
    let labels = json!({"owner": "helm", "name": name, "version": "1", "status": "deployed"});
    json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {"name": format!("sh.helm.release.v1.{name}.v1"), "namespace": EVIL, "labels": labels},
        "stringData": {"release": payload}})
}

/// Scans everything as the shipped `CronJob` does.
fn scan(account: &Account) -> Measured {
    let settings = format!("{}/deploy/base/config.yaml", env!("CARGO_MANIFEST_DIR"));
    let home = tempfile::tempdir().unwrap();
    let arguments = [
        "scan",
        "--kubeconfig",
        &account.kubeconfig,
        "--config",
        &settings,
        // What one scan remembers is new to the other.
        "--state=none",
        "--log-format=json",
        "--all",
        "-o",
        "json",
    ];
    run(&[("HOME", OsStr::new(home.path()))], &arguments, LIMITS)
}

/// The releases whose records lie elsewhere.
fn others(scan: &Measured) -> Vec<Value> {
    let mut releases = scan.report["releases"].as_array().cloned().unwrap_or_default();
    releases.retain(|release| release["storage"]["namespace"] != EVIL);
    releases
}

/// The releases whose records lie in the hostile namespace, whatever they claim.
fn hostile(scan: &Measured) -> Vec<Value> {
    let mut releases = scan.report["releases"].as_array().cloned().unwrap_or_default();
    releases.retain(|release| release["storage"]["namespace"] == EVIL);
    releases
}
