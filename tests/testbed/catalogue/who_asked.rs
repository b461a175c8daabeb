//! Who asked for what lives where a manifest asks for nothing, names something several times, or came later.
//!
//! These need what a table has not: a chart with keys that a server-side apply refuses, a webhook, and objects that were
//! there before the release.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Cluster, HelmVersion, Problems, Release, Webhook, later};

/// A chart of one template.
pub(super) fn chart_of(template: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("there is room for temporary files");
    fs::create_dir(dir.path().join("templates")).expect("a temporary folder can be written to");
    let chart = "{apiVersion: v2, name: own, version: 1.0.0}\n";
    for (name, text) in [("Chart.yaml", chart), ("templates/all.yaml", template)] {
        fs::write(dir.path().join(name), text).expect("a temporary folder can be written to");
    }
    dir
}

/// Every finding as `severity code path`.
pub(super) fn lines(release: &Release<'_>) -> Vec<String> {
    let scan = release.scan_with(&["--all"], &[]);
    let findings = scan.findings();
    let lines = findings
        .iter()
        .map(|found| format!("{} {} {}", found.severity, found.code, found.path));
    lines.collect()
}

/// The predictions for a release that did not come true.
pub(super) fn disproved(release: &Release<'_>) -> Vec<String> {
    let scan = release.scan_with(&["--all"], &[]);
    let disproved = release.disproved(&scan);
    disproved.into_values().flatten().collect()
}

/// Two variables of one name, two ports of one number, and a variable that others use.
const SEVERAL: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: several}
spec:
  selector: {matchLabels: {app: several}}
  template:
    metadata: {labels: {app: several}}
    spec:
      containers:
        - name: app
          image: registry.example.com/app:1
          env:
            - {name: MODE, value: first}
            - {name: MODE, value: second}
            - {name: HOST, value: db}
            - {name: URL, value: "db://$(HOST)"}
          ports:
            - {name: one, containerPort: 9000}
            - {name: two, containerPort: 9000}
"#;

/// The API server keeps several elements of one key apart where a client applied them. A server-side apply refuses
/// them, so that no release of that method has any.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn of_several_elements_of_one_key_each_is_compared() {
    const ENV: &str = "/spec/template/spec/containers[name=app]/env";
    const PORTS: &str = "/spec/template/spec/containers[name=app]/ports[containerPort=9000,protocol=TCP]";
    const ITEMS: &str = "/spec/template/spec/containers/0";
    let patch = |op: &str, place: &str, value: &str| {
        json!([{"op": op, "path": format!("{ITEMS}/{place}"), "value": value}]).to_string()
    };
    let moved = json!([{"op": "move", "from": format!("{ITEMS}/env/3"), "path": format!("{ITEMS}/env/2")}]);
    let mut problems = Problems::default();
    for (helm, flags) in [
        (HelmVersion::V3, &[][..]),
        (HelmVersion::V4, &["--server-side=false"][..]),
    ] {
        for (class, patch, expected) in [
            ("as installed", None, vec![]),
            (
                "the first variable",
                Some(patch("replace", "env/0/value", "edited")),
                vec![format!("drift changed {ENV}[name=MODE]")],
            ),
            (
                "the last variable",
                Some(patch("replace", "env/1/value", "edited")),
                vec![format!("drift changed {ENV}[name=MODE]")],
            ),
            (
                "the first port",
                Some(patch("replace", "ports/0/name", "edited")),
                vec![format!("drift changed {PORTS}")],
            ),
            (
                // One element stands for both, of which the last counts.
                "the last port less",
                Some(patch("remove", "ports/1", "")),
                vec![format!("drift changed {PORTS}/name")],
            ),
            (
                "a variable before the one that it uses",
                Some(moved.to_string()),
                vec![format!("drift changed {ENV}")],
            ),
        ] {
            let chart = chart_of(SEVERAL);
            let folder = chart.path().display().to_string();
            let release = Release::install_from(Cluster::shared(), helm, &folder, flags);
            if let Some(patch) = patch {
                release.kubectl(&["patch", "deployment/several", "--type=json", "-p", &patch]);
            }
            let found = lines(&release);
            let mut wrong = Vec::new();
            if found != expected {
                wrong.push(format!("found {found:?}, not {expected:?}"));
            }
            wrong.extend(disproved(&release));
            problems.note(&release, class, &wrong);
        }
    }
}

/// Fills in what the chart `targets` leaves zero.
fn filled(object: &Value) -> Vec<Value> {
    let pod = &object["spec"]["template"]["spec"];
    let is_open = |field: &str| pod[field].as_str().is_none_or(str::is_empty);
    let mut patch = Vec::new();
    let mut add = |field: &str, value: Value| {
        patch.push(json!({"op": "add", "path": format!("/spec/template/spec/{field}"), "value": value}));
    };
    if is_open("priorityClassName") {
        add("priorityClassName", json!("batch"));
    }
    if is_open("serviceAccountName") {
        add("serviceAccountName", json!("restricted"));
    }
    if pod["hostAliases"].as_array().is_none_or(Vec::is_empty) {
        add(
            "hostAliases",
            json!([{"ip": "192.0.2.7", "hostnames": ["proxy"]}]),
        );
    }
    patch
}

/// Regression: what a webhook puts in place of zeros had no writer, and was drift for ever.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_a_webhook_fills_in_for_a_zero_is_no_drift() {
    let mut problems = Problems::default();
    for (helm, flags) in [
        (HelmVersion::V3, &[][..]),
        (HelmVersion::V4, &["--server-side=false"][..]),
        (HelmVersion::V4, &[][..]),
    ] {
        let cluster = Cluster::shared();
        let namespace = cluster.namespace("zeros");
        let _webhook = Webhook::register(cluster, &namespace, filled);
        let flags = [&["--set=Deployment={web}"][..], flags].concat();
        let release = Release::install_into(cluster, helm, (&namespace, "zeros"), "targets", &flags);
        for what in ["install", "upgrade", "upgrade to another image"] {
            let (scan, found) = (release.scan(), lines(&release));
            let mut wrong = Vec::new();
            if scan.status != 0 || found.iter().any(|line| line.starts_with("drift")) {
                wrong.push(format!("{flags:?} {what}: {found:?}"));
            }
            problems.note(&release, what, &wrong);
            later();
            match what {
                "install" => drop(release.upgrade_to(&["--reuse-values"]).succeeded()),
                _ => release.upgrade(&["--reuse-values"]),
            }
        }
        problems.note(&release, "the next upgrade", &disproved(&release));
        release.kubectl(&[
            "patch",
            "deployment/zeros-web",
            r#"-p={"spec":{"template":{"spec":{"priorityClassName":"high"}}}}"#,
        ]);
        let found = lines(&release);
        if !found
            .iter()
            .any(|line| line.starts_with("drift") && line.ends_with("/priorityClassName"))
        {
            problems.note(&release, "a person's value there", &[format!("{found:?}")]);
        }
    }
}

/// What was there before the release, with values of the server's choice.
const BEFORE: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: before}
spec: {selector: {app: before}, type: ClusterIP, sessionAffinity: None, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: before}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: before}
spec:
  serviceName: before
  selector: {matchLabels: {app: before}}
  template:
    metadata: {labels: {app: before}}
    spec: {containers: [{name: app, image: "registry.example.com/app:1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: before}
data: {key: value}
"#;

/// Regression: of objects that `kubectl apply` made and a release adopted, the defaults counted as additions.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_was_there_before_the_release_adopted_it_is_no_addition() {
    let mut problems = Problems::default();
    for helm in HelmVersion::ALL {
        for verb in ["create", "apply", "apply --server-side"] {
            let chart = chart_of(BEFORE);
            let cluster = Cluster::shared();
            let namespace = cluster.namespace("before");
            let release = Release {
                cluster,
                helm,
                chart: chart.path().display().to_string(),
                name: "before".to_owned(),
                namespace,
            };
            let made = release.shell(&format!("kubectl {verb} -f {}/templates/all.yaml", release.chart));
            made.succeeded();
            // The same once more, so that the time of the entry is not that of the creation.
            later();
            if verb == "apply" {
                let again = "kubectl apply --overwrite -f - <<< \"$(sed 's/key: value/key: value, more: x/' ";
                release
                    .shell(&format!("{again}{}/templates/all.yaml)\"", release.chart))
                    .succeeded();
                release
                    .shell(&format!("kubectl apply -f {}/templates/all.yaml", release.chart))
                    .succeeded();
                later();
            }
            release.helm("install", &["--take-ownership"]).succeeded();
            for what in ["install", "upgrade"] {
                let found = lines(&release);
                let added: Vec<&String> = found
                    .iter()
                    .filter(|line| !line.contains("last-applied-configuration"))
                    .collect();
                if !added.is_empty() {
                    problems.note(&release, &format!("{verb}, {what}"), &[format!("{added:?}")]);
                }
                later();
                release.upgrade_to(&[]).succeeded();
            }
            release.kubectl(&["patch", "configmap/before", r#"-p={"data":{"extra":"1"}}"#]);
            release.kubectl(&[
                "patch",
                "service/before",
                r#"-p={"spec":{"publishNotReadyAddresses":true}}"#,
            ]);
            let drift: Vec<String> = lines(&release)
                .into_iter()
                .filter(|line| line.starts_with("drift"))
                .collect();
            if drift
                != [
                    "drift added /data/extra",
                    "drift added /spec/publishNotReadyAddresses",
                ]
            {
                problems.note(&release, &format!("{verb}, by hand"), &[format!("{drift:?}")]);
            }
            problems.note(&release, verb, &disproved(&release));
        }
    }
}
