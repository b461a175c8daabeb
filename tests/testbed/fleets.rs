//! Shards of a real cluster: together they are one scan, and each speaks only of its own.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Cluster, HelmVersion, Release, Scan, chart};

const SHARDS: usize = 4;

/// A report without the times of the scan.
fn timeless(text: &str) -> String {
    let is_time = |line: &&str| line.starts_with("  \"startedAt\"") || line.starts_with("  \"finishedAt\"");
    text.split_inclusive('\n').filter(|line| !is_time(line)).collect()
}

fn scan(cluster: &Cluster, arguments: &[&str]) -> Scan {
    Scan::from(cluster.driftline(&[&["scan", "-q", "-o", "json"], arguments].concat()))
}

/// Scans all shards, and gives the paths of their reports.
fn shards(cluster: &Cluster, folder: &TempDir, count: usize, arguments: &[&str]) -> Vec<(Scan, String)> {
    let shards = (0..count).map(|index| {
        let shard = format!("--shard={index}/{count}");
        let scan = scan(cluster, &[&[shard.as_str()], arguments].concat());
        let path = folder.path().join(format!("{index}-of-{count}.json"));
        fs::write(&path, &scan.stdout).unwrap();
        (scan, path.display().to_string())
    });
    shards.collect()
}

fn merge(cluster: &Cluster, paths: &[&str], arguments: &[&str]) -> Scan {
    Scan::from(cluster.driftline(&[&["merge", "-o", "json"], paths, arguments].concat()))
}

/// Writes a chart with one template.
fn chart_of(folder: &TempDir, name: &str, text: &str) -> String {
    let chart = folder.path().join(name);
    fs::create_dir_all(chart.join("templates")).unwrap();
    let about = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
    fs::write(chart.join("Chart.yaml"), about).unwrap();
    fs::write(chart.join("templates/all.yaml"), text).unwrap();
    chart.display().to_string()
}

/// The releases of a cluster that has all that one release may have to do with another one in another namespace.
fn entangled(cluster: &Cluster) -> Vec<Release<'_>> {
    let mut releases = Vec::new();
    for (index, chart) in [
        "shop",
        "cluster-scoped",
        "workloads",
        "networking",
        "lists",
        "scalars",
    ]
    .iter()
    .enumerate()
    {
        releases.push(Release::install(cluster, HelmVersion::ALL[index % 2], chart, &[]));
    }
    let shop = &releases[0];
    shop.upgrade(&[]);
    shop.kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"]);
    shop.kubectl(&["delete", "service/{r}-web", "--wait"]);
    // A cluster-scoped object that two releases deploy: it is the second one's.
    let folder = tempfile::tempdir().unwrap();
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: of-two-releases\nrules: []\n";
    let shared = chart_of(&folder, "shared", role);
    for _ in 0..2 {
        releases.push(Release::install_from(
            cluster,
            HelmVersion::V3,
            &shared,
            &["--take-ownership"],
        ));
    }
    // Orphans: what an uninstalled release leaves, and one whose objects another release has.
    for name in ["left", "taken"] {
        let namespace = cluster.namespace(name);
        let owner = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": name, "namespace": namespace,
                "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "gone", "meta.helm.sh/release-namespace": namespace},
            },
        });
        cluster.create(&owner);
    }
    releases
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_reports_of_all_shards_are_that_of_one_scan() {
    let cluster = &Cluster::start();
    let releases = entangled(cluster);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    let rules = json!({"ignore": [
        {"kind": "StatefulSet", "path": "/spec/replicas", "namespace": releases[0].namespace},
        {"kind": "CronJob", "name": "there-is-none"},
    ]});
    fs::write(&config, rules.to_string()).unwrap();
    let config = config.display().to_string();
    for arguments in [
        &["--all"][..],
        &["--all", "--orphans"],
        &["--all", "--config", &config],
        &["--all", "--confirm=server"],
        &[
            "--all",
            "-n",
            &releases[0].namespace,
            "-n",
            &releases[3].namespace,
            "-n",
            "missing",
        ],
        &["--all", "--values"],
    ] {
        let whole = scan(cluster, arguments);
        if !arguments.contains(&"-n") {
            let named = whole.stdout.matches("of-two-releases").count();
            assert!(named > 0, "{}", whole.stdout);
        }
        for count in [SHARDS, 7] {
            let shards = shards(cluster, &folder, count, arguments);
            let paths: Vec<&str> = shards.iter().map(|(_, path)| path.as_str()).collect();
            let merged = merge(cluster, &paths, &["--all"]);
            assert_eq!(timeless(&merged.stdout), timeless(&whole.stdout), "{arguments:?}");
            assert_eq!(merged.status, whole.status, "{arguments:?}");
            let reported: usize = shards
                .iter()
                .map(|(scan, _)| scan.report["releases"].as_array().unwrap().len())
                .sum();
            assert_eq!(reported as u64, whole.number("summary.releases.total"));
        }
    }
}

/// An object that one release left in the namespace of another one, which deploys it now: the shard of the first has to look at
/// the records of the second.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_a_release_of_another_shard_deploys_is_not_left_over() {
    let cluster = &Cluster::start();
    let config_map = |namespace: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shared\n  namespace: {namespace}\n")
    };
    let home = cluster.namespace("owner");
    let folder = tempfile::tempdir().unwrap();
    let guarded = format!(
        "{{{{ if .Values.shared }}}}\n{}{{{{ end }}}}\n",
        config_map(&home)
    );
    let guest = chart_of(&folder, "guest", &guarded);
    let owner = chart_of(&folder, "owner", &config_map(&home));
    let release = Release::install_from(cluster, HelmVersion::V3, &guest, &["--set", "shared=true"]);
    // Helm leaves it behind, because somebody asked it to keep it; then another release takes it over.
    cluster.kubectl(&[
        "annotate",
        "configmap/shared",
        "-n",
        &home,
        "helm.sh/resource-policy=keep",
    ]);
    release.helm("upgrade", &["--set", "shared="]).succeeded();
    cluster.kubectl(&[
        "annotate",
        "configmap/shared",
        "-n",
        &home,
        "helm.sh/resource-policy-",
    ]);
    let install = ["install", "owner", &owner, "-n", &home, "--take-ownership"];
    cluster.helm(HelmVersion::V3, &install).succeeded();
    cluster.kubectl(&[
        "annotate",
        "configmap/shared",
        "-n",
        &home,
        "--overwrite",
        &format!("meta.helm.sh/release-name={}", release.name),
        &format!("meta.helm.sh/release-namespace={}", release.namespace),
    ]);
    let whole = scan(cluster, &["--all"]);
    let shards = shards(cluster, &folder, SHARDS, &["--all"]);
    let paths: Vec<&str> = shards.iter().map(|(_, path)| path.as_str()).collect();
    let merged = merge(cluster, &paths, &["--all"]);
    assert_eq!(timeless(&merged.stdout), timeless(&whole.stdout));
}

/// What a shard does not scan is neither new nor gone for it, also when the number of shards changes.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_shard_resolves_only_what_is_its_own() {
    let cluster = &Cluster::start();
    let releases: Vec<Release<'_>> = (0..4)
        .map(|index| Release::install_from(cluster, HelmVersion::ALL[index % 2], &chart("shop"), &[]))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let state = |index: usize| {
        format!(
            "--state=file:{}",
            folder.path().join(format!("state-{index}")).display()
        )
    };
    let scan_all = |count: usize| -> Vec<Scan> {
        let shards = (0..count).map(|index| {
            let shard = format!("--shard={index}/{count}");
            scan(cluster, &[&shard, &state(index)])
        });
        shards.collect()
    };
    let resolved = |scans: &[Scan]| -> Vec<String> {
        let resolved = scans
            .iter()
            .flat_map(|scan| scan.report["resolved"].as_array().cloned().unwrap_or_default());
        resolved
            .map(|entry| entry["namespace"].as_str().unwrap().to_owned())
            .collect()
    };
    for release in &releases {
        release.kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"]);
    }
    let new = |scans: &[Scan]| -> u64 { scans.iter().map(|scan| scan.number("summary.changes.new")).sum() };
    let whole = format!("--state=file:{}", folder.path().join("whole").display());
    let all = scan(cluster, &[&whole]).number("summary.changes.new");
    assert!(
        all >= 4,
        "each release has something new, and there is only {all}"
    );
    assert_eq!(new(&scan_all(2)), all);
    let again = scan_all(2);
    assert_eq!((new(&again), resolved(&again)), (0, Vec::new()));
    // With another number, releases move. Whoever has them now may call them new; nobody calls them gone.
    let more = scan_all(4);
    assert_eq!(resolved(&more), Vec::<String>::new());
    assert!(new(&more) <= all);
    releases[0].kubectl(&["scale", "statefulset/{r}-api", "--replicas=3"]);
    releases[1].helm_on("uninstall", &[]).succeeded();
    let after = scan_all(4);
    let mut namespaces = resolved(&after);
    namespaces.sort();
    namespaces.dedup();
    let mut expected = vec![releases[0].namespace.clone(), releases[1].namespace.clone()];
    expected.sort();
    assert_eq!(namespaces, expected);
    let less = scan_all(2);
    assert!(
        !resolved(&less).contains(&releases[2].namespace),
        "{:#?}",
        less[0].report
    );
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn several_clusters_are_one_report() {
    let clusters = [Cluster::start(), Cluster::start(), Cluster::start()];
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (cluster, name) in clusters.iter().zip(["ap", "eu", "us"]) {
        let release = Release::install_into(cluster, HelmVersion::V4, ("default", "web"), "shop", &[]);
        if name == "eu" {
            release.kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"]);
        }
        let path = folder.path().join(name);
        fs::write(&path, scan(cluster, &["--cluster-name", name]).stdout).unwrap();
        paths.push(path.display().to_string());
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let merged = merge(&clusters[0], &paths, &[]);
    assert_eq!(merged.status, 1);
    let verdicts: Vec<(&Value, &Value)> = merged.report["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| (&release["cluster"], &release["verdict"]))
        .collect();
    assert_eq!(
        verdicts,
        [
            (&json!("ap"), &json!("clean")),
            (&json!("eu"), &json!("drifted")),
            (&json!("us"), &json!("clean"))
        ]
    );
    assert_eq!(merged.report["notes"], Value::Null, "{:#}", merged.report);
    let page = clusters[0].driftline(&[&["merge", "-o", "html"], &paths[..]].concat());
    let page = page.stdout;
    for name in ["ap", "eu", "us"] {
        assert!(page.contains(&format!("{name}/default")), "{name}: {page}");
    }
}

/// Kubernetes makes a Pod for each shard, which has its number, and the account may write the memories of the shards alone.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_sharded_overlay_has_a_pod_for_each_shard() {
    let cluster = &Cluster::start();
    let overlay = format!("{}/deploy/overlays/sharded", env!("CARGO_MANIFEST_DIR"));
    cluster.kubectl(&["apply", "-k", &overlay]);
    let job = [
        "create",
        "job",
        "sharded",
        "--from=cronjob/driftline",
        "-n",
        "driftline",
    ];
    cluster.kubectl(&job);
    let pods = || -> Vec<Value> {
        let label = "batch.kubernetes.io/job-name=sharded";
        let list = cluster.kubectl(&["get", "pods", "-n", "driftline", "-l", label, "-o", "json"]);
        let list: Value = serde_json::from_str(&list).unwrap();
        list["items"].as_array().unwrap().clone()
    };
    let deadline = Instant::now() + Duration::from_mins(1);
    while pods().len() < SHARDS {
        assert!(Instant::now() < deadline, "{:#?}", pods());
        sleep(Duration::from_millis(200));
    }
    let mut indices: Vec<String> = pods()
        .iter()
        .map(|pod| {
            let container = &pod["spec"]["containers"][0];
            let mut names = container["env"]
                .as_array()
                .unwrap()
                .iter()
                .map(|env| &env["name"]);
            assert!(names.any(|name| name == "JOB_COMPLETION_INDEX"), "{container:#}");
            let arguments = container["args"].as_array().unwrap();
            assert!(
                arguments.contains(&json!("--shard=$(JOB_COMPLETION_INDEX)/4")),
                "{container:#}"
            );
            let index = &pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"];
            index.as_str().unwrap().to_owned()
        })
        .collect();
    indices.sort();
    assert_eq!(indices, ["0", "1", "2", "3"]);
    let may_patch = |name: &str| {
        let object = format!("configmap/{name}");
        let account = "--as=system:serviceaccount:driftline:driftline";
        let asked = cluster.try_kubectl(&["auth", "can-i", "patch", &object, "-n", "driftline", account]);
        asked.status == 0
    };
    let may: Vec<bool> = [
        "driftline-state-0",
        "driftline-state-3",
        "driftline-state-4",
        "driftline-state",
    ]
    .map(may_patch)
    .to_vec();
    assert_eq!(may, [true, true, false, false]);
}
