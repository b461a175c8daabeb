//! A snapshot answers as the cluster did, and a redacted one keeps secrets to
//! itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Cluster, HelmVersion, Release, Scan};

/// Values that are somebody's secret, wherever they are.
const PLANTED: [&str; 8] = [
    "plant-in-a-secret",
    "plant-changed-in-a-secret",
    "plant-in-a-configmap",
    "plant-changed-in-a-configmap",
    "plant-in-an-argument",
    "plant-in-a-variable",
    "plant-in-a-custom-resource",
    "plant-in-a-broken-record",
];

/// Drift of every kind in releases of both Helms, with secrets in all of it.
fn drifted(cluster: &Cluster) -> Vec<Release<'_>> {
    let [changed, argument, variable] = [PLANTED[1], PLANTED[4], PLANTED[5]];
    let mut releases = Vec::new();
    for helm in HelmVersion::ALL {
        let shop = Release::install(
            cluster,
            helm,
            "shop",
            &[
                &format!("--set=database.password={}", PLANTED[0]),
                &format!("--set=config.smtp-password={}", PLANTED[2]),
                &format!("--set=api.args={{--listen=:8080,--api-token={argument}}}"),
                &format!("--set=api.env.SHOP_API_KEY={variable}"),
            ],
        );
        shop.upgrade(&["--reuse-values"]);
        let secret = json!({"stringData": {"DB_PASSWORD": changed}}).to_string();
        let config = json!({"data": {"smtp-password": PLANTED[3], "currency": "USD"}}).to_string();
        for command in [
            vec!["patch", "secret/{r}-database", "-p", &secret],
            vec!["patch", "configmap/{r}-config", "-p", &config],
            vec![
                "set",
                "image",
                "deployment/{r}-web",
                "web=registry.example.com/shop/web:hotfix",
            ],
            vec!["delete", "service/{r}-web"],
            vec![
                "annotate",
                "--overwrite",
                "role/{r}",
                "meta.helm.sh/release-name=somebody-else",
            ],
        ] {
            shop.kubectl(&command);
        }
        releases.push(shop);

        let widgets = Release::install(cluster, helm, "custom-resources", &[]);
        let patch = json!({"spec": {"size": 9, "free": {"password": PLANTED[6]}}}).to_string();
        widgets.kubectl(&["patch", "widget/{r}", "--type=merge", "-p", &patch]);
        releases.push(widgets);

        let failed = Release::install(cluster, helm, "helm-features", &[]);
        failed.try_upgrade(&["--set=refused=true"]).failed();
        releases.push(failed);

        let broken = Release::install(cluster, helm, "empty", &[]);
        let record = json!({"stringData": {"release": PLANTED[7]}}).to_string();
        broken.kubectl(&["patch", "secret/sh.helm.release.v1.{r}.v1", "-p", &record]);
        releases.push(broken);
    }
    releases
}

fn place() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("snapshot").display().to_string();
    (dir, path)
}

/// `-n` for every release.
fn namespaces<'a>(releases: &'a [Release<'_>]) -> Vec<&'a str> {
    releases
        .iter()
        .flat_map(|release| ["-n", release.namespace.as_str()])
        .collect()
}

fn scan(cluster: &Cluster, arguments: &[&str]) -> Scan {
    Scan::from(cluster.driftline(&[&["scan", "--all", "-o", "json"], arguments].concat()))
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_snapshot_scans_as_the_cluster_does() {
    let cluster = Cluster::shared();
    let releases = drifted(cluster);
    let namespaces = namespaces(&releases);
    let live = scan(cluster, &namespaces);
    assert_eq!(live.status, 1);
    assert_eq!(live.number("summary.releases.total"), 8);
    assert_eq!(live.number("summary.releases.drifted"), 6, "{:#}", live.report);
    assert_eq!(live.number("summary.releases.unreadable"), 2, "{:#}", live.report);

    let (_dir, kept) = place();
    let told = cluster.driftline(&[&["snapshot", "-o", &kept], &namespaces[..]].concat());
    assert!(
        told.stderr.contains("protect it like a Secret"),
        "{}",
        told.stderr
    );
    assert_eq!(told.status, 0, "{}", told.stderr);
    let from_kept = scan(cluster, &[&["--snapshot", &kept], &namespaces[..]].concat());
    assert_eq!(from_kept.timeless(), live.timeless());
    assert_eq!(from_kept.status, live.status);
    check_modes(Path::new(&kept));
    // The whole of it is what was recorded, and a part of it can be looked at alone.
    assert_eq!(scan(cluster, &["--snapshot", &kept]).timeless(), live.timeless());
    let one = ["--snapshot", &kept, "-n", &releases[0].namespace];
    assert_eq!(
        scan(cluster, &one).timeless(),
        scan(cluster, &["-n", &releases[0].namespace]).timeless()
    );

    let (_dir, redacted) = place();
    let told = cluster.driftline(&[&["snapshot", "--redact", "-o", &redacted], &namespaces[..]].concat());
    assert_eq!(told.status, 0, "{}", told.stderr);
    let from_redacted = scan(cluster, &["--snapshot", &redacted]);
    assert_eq!(outline(&from_redacted), outline(&live));
    check_modes(Path::new(&redacted));
    let holds = |dir: &str| -> Vec<&str> {
        let texts: Vec<String> = files(Path::new(dir)).iter().map(|file| readable(file)).collect();
        PLANTED
            .into_iter()
            .filter(|planted| texts.iter().any(|text| text.contains(planted)))
            .collect()
    };
    // The first is a proof that the second looks in the right places.
    assert_eq!(holds(&kept), PLANTED);
    assert_eq!(holds(&redacted), [""; 0]);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_snapshot_goes_nowhere_where_something_is() {
    let cluster = Cluster::shared();
    let release = Release::install(cluster, HelmVersion::V4, "empty", &[]);
    let (dir, path) = place();
    let take = |place: &str| cluster.driftline(&["snapshot", "-o", place, "-n", &release.namespace]);
    take(&path).succeeded();
    let before = files(Path::new(&path));
    for place in [path.as_str(), &format!("{path}/snapshot.json")] {
        let refused = take(place);
        assert_eq!(refused.status, 2);
        let expected = format!(
            "driftline: {place} is not an empty directory: a snapshot goes into a new or an empty one\n"
        );
        assert_eq!(refused.stderr, expected);
    }
    assert_eq!(files(Path::new(&path)), before);
    // An empty one is as good as a new one.
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    take(&empty.display().to_string()).succeeded();
}

/// All that redaction must not change: states, codes and paths.
fn outline(scan: &Scan) -> Vec<String> {
    let mut lines = Vec::new();
    for release in scan.report["releases"].as_array().unwrap() {
        lines.push(format!("{} {}", release["name"], release["verdict"]));
        for health in release["health"].as_array().unwrap() {
            lines.push(format!("{} {}", health["code"], health["severity"]));
        }
        for object in release["objects"].as_array().unwrap() {
            lines.push(format!(
                "{}/{} {}",
                object["kind"], object["name"], object["state"]
            ));
            for finding in object["findings"].as_array().unwrap() {
                lines.push(format!(
                    "{} {} {}",
                    finding["code"], finding["severity"], finding["path"]
                ));
            }
        }
    }
    lines
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A file's text, and with it every string in it that is base64 of text.
fn readable(file: &Path) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn decoded(value: &Value, text: &mut String) {
        match value {
            Value::String(encoded) => {
                // A manifest is text of many lines, with the encoded values in it.
                for word in encoded.split([' ', '\n', '"']) {
                    let bytes = STANDARD.decode(word).unwrap_or_default();
                    text.push_str(&String::from_utf8_lossy(&bytes));
                    text.push('\n');
                }
            }
            Value::Array(items) => items.iter().for_each(|item| decoded(item, text)),
            Value::Object(fields) => fields.values().for_each(|field| decoded(field, text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut text = String::from_utf8(fs::read(file).unwrap()).unwrap();
    let json = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
    decoded(&json, &mut text);
    text
}

/// What may hold secrets is for its owner alone.
fn check_modes(dir: &Path) {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir), 0o700, "{}", dir.display());
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_modes(&path);
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}
