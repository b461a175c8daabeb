//! Scans that remember: the shipped overlay's account between two jobs, and a week of a cluster.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::harness::{Account, Cluster, HelmVersion, Release, Scan};

const STATE: &str = "--state=configmap:driftline/driftline-state";

/// A job of the overlay: the binary with the token of its account.
fn job(cluster: &Cluster, account: &Account, release: &Release<'_>, more: &[&str]) -> Scan {
    let arguments = [
        &[
            "scan",
            "-n",
            &release.namespace,
            "-o",
            "json",
            "--kubeconfig",
            &account.kubeconfig,
        ],
        more,
    ];
    Scan::from(cluster.driftline(&arguments.concat()))
}

fn changes(scan: &Scan) -> [u64; 4] {
    ["new", "changed", "ongoing", "resolved"].map(|word| {
        let count = &scan.report["summary"]["changes"][word];
        count.as_u64().unwrap_or_else(|| panic!("{:#}", scan.report))
    })
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_overlays_account_keeps_its_memory_between_two_jobs() {
    let cluster = &Cluster::start();
    let release = Release::install(cluster, HelmVersion::V4, "shop", &[]);
    let overlay = format!("{}/deploy/overlays/cluster", env!("CARGO_MANIFEST_DIR"));
    cluster.kubectl(&["apply", "-k", &overlay]);
    let account = cluster.account("driftline", "driftline");
    crate::deploy::allowed(cluster, "list", "priorityclasses", &[]);
    let scan = |more: &[&str]| job(cluster, &account, &release, &[&[STATE], more].concat());

    assert_eq!(changes(&scan(&[])), [0, 0, 0, 0]);
    release.kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"]);
    release.kubectl(&["delete", "service/{r}-web"]);
    let first = scan(&["--fail-on=new"]);
    assert_eq!(first.status, 1);
    let [new, changed, ongoing, resolved] = changes(&first);
    assert!(
        new >= 2 && changed + ongoing + resolved == 0,
        "{:#}",
        first.report
    );
    let second = scan(&["--fail-on=new"]);
    assert_eq!((second.status, changes(&second)), (0, [0, 0, new, 0]));
    let times = [
        &second.report["comparedWith"]["scannedAt"],
        &first.report["startedAt"],
    ];
    let [before, began] = times.map(|time| time.as_str().unwrap().trim_end_matches('Z').to_owned());
    assert!(began.starts_with(&before), "{began} was remembered as {before}");

    // Applying the overlay again leaves the memory.
    cluster.kubectl(&["apply", "-k", &overlay]);
    release.kubectl(&["scale", "statefulset/{r}-api", "--replicas=6"]);
    assert_eq!(changes(&scan(&[]))[1], 1, "another value is a change");

    // An upgrade takes one change back, and adopts another one.
    release.kubectl(&["scale", "statefulset/{r}-api", "--replicas=1"]);
    release.helm("upgrade", &["--force-conflicts", "--set", "api.replicas=1"]);
    let last = scan(&[]);
    let endings: Vec<&Value> = last.report["resolved"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resolved| &resolved["how"])
        .collect();
    assert!(
        endings.contains(&&json!("reverted")),
        "{:#}",
        last.report["resolved"]
    );

    // A memory that somebody broke is one note, and the scan is a scan.
    let broken = r#"{"binaryData":{"state.json.gz":"aGVsbG8="}}"#;
    cluster.kubectl(&[
        "-n",
        "driftline",
        "patch",
        "configmap/driftline-state",
        "--type=merge",
        "-p",
        broken,
    ]);
    let after = scan(&[]);
    let note = after.report["notes"][0]["message"].as_str().unwrap();
    assert!(
        note.contains("is not a memory") && note.contains("everything counts as new"),
        "{note}"
    );
    assert_eq!(changes(&scan(&[]))[0], 0, "it was replaced");

    // Without the right it is no failure either.
    let elsewhere = job(
        cluster,
        &account,
        &release,
        &["--state=configmap:kube-system/driftline-state"],
    );
    let said = "was not written: forbidden: not allowed to create configmaps";
    assert!(elsewhere.stderr.contains(said), "{}", elsewhere.stderr);
    assert!(changes(&elsewhere)[0] > 0, "nothing is remembered there");
    check_writes(cluster);
}

/// By the API server's audit log: of all that jobs did, one object was ever written.
pub(crate) fn check_writes(cluster: &Cluster) {
    let mut writes = 0;
    for event in cluster.audit("system:serviceaccount:driftline:driftline") {
        let verb = event["verb"].as_str().unwrap();
        if !event["userAgent"].as_str().unwrap().starts_with("driftline/") || ["get", "list"].contains(&verb)
        {
            continue;
        }
        if event["responseStatus"]["code"] == 403 {
            continue;
        }
        let object = &event["objectRef"];
        let named = ["resource", "namespace", "name"].map(|field| object[field].as_str().unwrap_or_default());
        assert_eq!(
            (verb, named),
            ("patch", ["configmaps", "driftline", "driftline-state"]),
            "{event:#}"
        );
        writes += 1;
    }
    assert!(writes >= 5, "{writes}");
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn two_jobs_at_once_do_not_overwrite_each_other_unnoticed() {
    let cluster = Cluster::shared();
    let release = Release::install(cluster, HelmVersion::V3, "shop", &[]);
    release.kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"]);
    let place = format!("--state=configmap:{}/memory", release.namespace);
    let file = tempfile::tempdir().unwrap();
    let state = format!("--state=file:{}", file.path().join("state").display());
    for place in [place, state] {
        // It does not exist yet, and is made.
        assert!(changes(&release.scan_with(&[&place], &[]))[0] > 0);
        let jobs: Vec<Scan> = std::thread::scope(|scope| {
            let jobs = [0, 1].map(|_| scope.spawn(|| release.scan_with(&[&place, "-v"], &[])));
            jobs.map(|job| job.join().unwrap()).into()
        });
        for job in jobs {
            assert!(!job.stderr.contains("was not written"), "{}", job.stderr);
            assert_eq!(changes(&job)[0], 0);
        }
        assert_eq!(changes(&release.scan_with(&[&place], &[]))[0], 0);
    }
    let mode = fs::metadata(file.path().join("state")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}

/// A slip in the name must not put a memory into what a chart or a person keeps.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_configmap_of_somebody_else_is_left_alone() {
    let cluster = Cluster::shared();
    let release = Release::install(cluster, HelmVersion::V3, "shop", &[]);
    let namespace = release.namespace.as_str();
    cluster.kubectl(&[
        "-n",
        namespace,
        "create",
        "configmap",
        "notes",
        "--from-literal=a=b",
    ]);
    let place = format!("--state=configmap:{namespace}/notes");
    let scan = release.scan_with(&[&place], &[]);
    let notes = scan.report["notes"].to_string();
    assert!(
        notes.contains("it holds something else, and is left alone"),
        "{notes}"
    );
    let data = cluster.kubectl(&[
        "-n",
        namespace,
        "get",
        "configmap/notes",
        "-o",
        "jsonpath={.binaryData}{.data}",
    ]);
    assert_eq!(data, r#"{"a":"b"}"#);
}
