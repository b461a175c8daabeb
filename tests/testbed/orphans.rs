//! `scan --orphans`: objects that real uninstallations, lost records and controllers leave behind, and the advice on them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Cluster, HelmVersion, Release, Scan};

/// A chart with an object that Helm keeps, one that it does not, and a hook.
fn chart() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |file: &str, text: &str| {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Chart.yaml", "apiVersion: v2\nname: keeps\nversion: 1.0.0\n");
    let config_map = |name: &str, annotations: &Value| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": format!("{{{{ .Release.Name }}}}-{name}"), "annotations": annotations},
            "data": {"a": "b"},
        })
        .to_string()
    };
    write(
        "templates/kept.yaml",
        &config_map("kept", &json!({"helm.sh/resource-policy": "keep"})),
    );
    write("templates/plain.yaml", &config_map("plain", &json!({})));
    write(
        "templates/hook.yaml",
        &config_map("hook", &json!({"helm.sh/hook": "post-install"})),
    );
    folder
}

/// Only a scan of all namespaces knows that no other one has a record. In the end the release is gone.
fn scan(release: &Release<'_>) -> Scan {
    let arguments = [
        "scan",
        &release.name,
        "--orphans",
        "--allow-empty",
        "-q",
        "-o",
        "json",
    ];
    Scan::from(release.cluster.driftline(&arguments))
}

/// The orphans of a scan: kind and name, and whether Helm was asked to keep them.
fn orphans(scan: &Scan) -> BTreeSet<(String, bool)> {
    let releases = scan.report["orphans"]
        .as_array()
        .unwrap_or_else(|| panic!("{:#}", scan.report));
    releases
        .iter()
        .flat_map(|release| release["objects"].as_array().unwrap())
        .map(|object| {
            let text = |field: &str| object[field].as_str().unwrap();
            let name = format!("{}/{}", text("kind"), text("name"));
            (name, object["keptByPolicy"].as_bool().unwrap())
        })
        .collect()
}

fn named(release: &Release<'_>, names: &[(&str, bool)]) -> BTreeSet<(String, bool)> {
    let name = |(name, kept): &(&str, bool)| (format!("ConfigMap/{}-{name}", release.name), *kept);
    names.iter().map(name).collect()
}

/// The only advised command that begins like this.
fn advised(scan: &Scan, beginning: &str) -> String {
    let advice = scan.report["orphans"][0]["advice"].as_array().unwrap();
    let mut commands = advice.iter().map(|advice| advice["command"].as_str().unwrap());
    let command = commands.find(|command| command.starts_with(beginning) && !command.contains("dry-run"));
    command.unwrap_or_else(|| panic!("{advice:#?}")).to_owned()
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_an_uninstallation_keeps_is_an_orphan_until_it_is_adopted() {
    let (cluster, chart) = (Cluster::shared(), chart());
    let chart = chart.path().display().to_string();
    for helm in HelmVersion::ALL {
        let release = Release::install_from(cluster, helm, &chart, &[]);
        let scanned = scan(&release);
        assert_eq!((orphans(&scanned), scanned.status), (BTreeSet::new(), 0));

        release.helm_on("uninstall", &[]).succeeded();
        let left = scan(&release);
        assert_eq!(orphans(&left), named(&release, &[("kept", true)]));
        assert_eq!((left.status, left.report["outcome"].clone()), (0, json!("clean")));
        let found = &left.report["orphans"][0];
        assert_eq!(
            (&found["name"], &found["namespace"], &found["records"]),
            (&json!(release.name), &json!(release.namespace), &json!("none"))
        );
        assert!(found["objects"][0]["createdAt"].is_string(), "{found:#}");

        // Helm takes them over without being forced to: their metadata names the release.
        let adopt = advised(&left, "helm install");
        assert_eq!(
            adopt,
            format!("helm install {} '<chart>' -n {}", release.name, release.namespace)
        );
        release.helm("install", &[]).succeeded();
        let adopted = scan(&release);
        assert_eq!(
            (orphans(&adopted), adopted.status),
            (BTreeSet::new(), 0),
            "{:#}",
            adopted.report
        );
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn without_its_records_a_release_is_all_orphans_and_its_hooks_are_none() {
    let (cluster, chart) = (Cluster::shared(), chart());
    let chart = chart.path().display().to_string();
    for helm in HelmVersion::ALL {
        let release = Release::install_from(cluster, helm, &chart, &[]);
        release.kubectl(&["delete", "secret", "-l", "owner=helm,name={r}"]);
        let lost = scan(&release);
        assert_eq!(
            orphans(&lost),
            named(&release, &[("kept", true), ("plain", false)])
        );

        // The commands that save and delete do what they say.
        let delete = format!("kubectl delete configmap {}-plain", release.name);
        let all = Scan::from(cluster.driftline(&["scan", "--orphans", "-q", "-o", "json"]));
        let mut all = all.report["orphans"].as_array().unwrap().iter();
        let of_this = all
            .find(|orphaned| orphaned["name"] == json!(release.name))
            .unwrap();
        let advice = of_this["advice"].as_array().unwrap().iter();
        let mut commands = advice.map(|advice| advice["command"].as_str().unwrap());
        let command = commands.find(|command| command.starts_with(&delete)).unwrap();
        release.shell(command).succeeded();
        assert_eq!(orphans(&scan(&release)), named(&release, &[("kept", true)]));
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_uninstalled_release_whose_history_was_kept_comes_back_by_a_rollback() {
    let (cluster, chart) = (Cluster::shared(), chart());
    let chart = chart.path().display().to_string();
    for helm in HelmVersion::ALL {
        let release = Release::install_from(cluster, helm, &chart, &[]);
        release.helm_on("uninstall", &["--keep-history"]).succeeded();
        let ended = scan(&release);
        assert_eq!(orphans(&ended), named(&release, &[("kept", true)]));
        assert_eq!(ended.report["orphans"][0]["records"], "uninstalled");
        let revive = advised(&ended, "helm rollback");
        assert_eq!(
            revive,
            format!("helm rollback {} 1 -n {}", release.name, release.namespace)
        );
        release.helm_on("rollback", &["1"]).succeeded();
        let back = scan(&release);
        assert_eq!(
            (orphans(&back), back.status),
            (BTreeSet::new(), 0),
            "{:#}",
            back.report
        );
    }
}

/// Controllers copy labels and annotations to what they make: of all that, only the release's own objects are orphans.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_controllers_made_for_a_release_is_no_orphan_of_it() {
    let cluster = Cluster::shared();
    let release = Release::install(cluster, HelmVersion::V4, "shop", &[]);
    // The controller of Deployments has made its ReplicaSet by then.
    release.kubectl(&[
        "wait",
        "--for=jsonpath={.status.observedGeneration}=1",
        "--timeout=60s",
        "deployment/{r}-web",
    ]);
    let everything = release.scan_with(&["--all"], &[]);
    let expected: BTreeSet<String> = everything
        .objects()
        .map(|object| {
            let text = |field: &str| object[field].as_str().unwrap();
            format!("{}/{}", text("kind"), text("name"))
        })
        .collect();
    release.kubectl(&["delete", "secret", "-l", "owner=helm,name={r}"]);
    let found: BTreeSet<String> = orphans(&scan(&release))
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(found, expected);
}

/// Flux keeps records elsewhere (`storageNamespace`).
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn objects_of_a_record_in_another_namespace_are_no_orphans() {
    let (cluster, chart) = (&Cluster::start(), chart());
    let chart = chart.path().display().to_string();
    let release = Release::install_from(cluster, HelmVersion::V4, &chart, &[]);
    let storage = cluster.namespace("storage");
    let record = release.kubectl(&["get", "secret", "sh.helm.release.v1.{r}.v1", "-o", "json"]);
    let mut record: Value = serde_json::from_str(&record).unwrap();
    let labels = record["metadata"]["labels"].clone();
    record["metadata"] = json!({"name": record["metadata"]["name"], "namespace": storage, "labels": labels});
    cluster.apply(&record);
    release.kubectl(&["delete", "secret", "sh.helm.release.v1.{r}.v1"]);
    let scan = |settings: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), settings).unwrap();
        let config = file.path().display().to_string();
        Scan::from(cluster.driftline(&["scan", "--orphans", "-o", "json", "--config", &config]))
    };
    let unproven = scan("");
    assert_eq!(orphans(&unproven), BTreeSet::new());
    let notes = unproven.report["notes"].to_string();
    assert!(notes.contains("trusted_storage_namespaces"), "{notes}");
    let trusted = scan(&format!("trusted_storage_namespaces: [{storage}]\n"));
    assert_eq!(orphans(&trusted), BTreeSet::new());
    assert_eq!(
        (trusted.report["notes"].clone(), trusted.status),
        (Value::Null, 0)
    );
}

/// A namespace goes, and the records in it go first: what is left waits for a finalizer that nobody removes.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_namespace_that_is_being_deleted_is_told_with_what_keeps_it() {
    let (cluster, chart) = (Cluster::shared(), chart());
    let chart = chart.path().display().to_string();
    let release = Release::install_from(cluster, HelmVersion::V4, &chart, &[]);
    let finalizer = r#"-p={"metadata":{"finalizers":["example.com/never"]}}"#;
    release.kubectl(&["patch", "configmap", "{r}-plain", "--type=merge", finalizer]);
    cluster.kubectl(&["delete", "namespace", &release.namespace, "--wait=false"]);
    let blocked = "--for=condition=NamespaceFinalizersRemaining";
    cluster.kubectl(&["wait", blocked, "--timeout=60s", "namespace", &release.namespace]);

    let scanned = scan(&release);
    assert_eq!(orphans(&scanned), named(&release, &[("plain", false)]));
    let notes = scanned.report["notes"].as_array().unwrap();
    let scope = format!("namespace/{}", release.namespace);
    let note = notes.iter().find(|note| note["scope"] == scope.as_str()).unwrap();
    let message = note["message"].as_str().unwrap();
    for part in [
        "is being deleted since",
        "NamespaceFinalizersRemaining",
        "example.com/never",
    ] {
        assert!(message.contains(part), "{message}");
    }
    release.kubectl(&[
        "patch",
        "configmap",
        "{r}-plain",
        "--type=merge",
        r#"-p={"metadata":{"finalizers":null}}"#,
    ]);
}
