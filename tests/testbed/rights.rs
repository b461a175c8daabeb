//! `driftline rights`: the role that it prints is what a scan lacks, no less.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Account, Cluster, HelmVersion, Release, Scan};

/// An account without any right, in a namespace of its own.
fn account(cluster: &Cluster, name: &str) -> (String, Account) {
    let namespace = cluster.namespace("scans");
    cluster.apply(&json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace},
    }));
    let account = cluster.account(&namespace, name);
    (namespace, account)
}

/// Runs `driftline rights` as an account, until its status is the expected one: the authorizer reads roles from a cache.
fn rights(cluster: &Cluster, account: &Account, flags: &[&str], status: i32) -> String {
    let arguments = [&["rights", "--kubeconfig", &account.kubeconfig], flags].concat();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let outcome = cluster.driftline(&arguments);
        if outcome.status == status {
            return outcome.stdout;
        }
        assert!(Instant::now() < deadline, "{}{}", outcome.stdout, outcome.stderr);
        sleep(Duration::from_millis(200));
    }
}

/// Applies what was printed, as an administrator.
fn grant(cluster: &Cluster, roles: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), roles).unwrap();
    cluster.kubectl(&["apply", "-f", &file.path().display().to_string()]);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_printed_roles_make_the_scan_of_a_namespace_complete() {
    let cluster = Cluster::shared();
    let release = Release::install(cluster, HelmVersion::V4, "custom-resources", &[]);
    Release::install_into(
        cluster,
        HelmVersion::V3,
        (&release.namespace, &format!("{}-b", release.name)),
        "cluster-scoped",
        &[],
    );
    let (namespace, account) = account(cluster, "narrow");
    let place = ["-n", release.namespace.as_str()];

    // Without records nobody knows the kinds: the first role is for the records.
    let first = rights(cluster, &account, &[&place[..], &["-o", "role"]].concat(), 3);
    assert!(first.contains("secrets") && !first.contains("widgets"), "{first}");
    grant(cluster, &first);
    let deadline = Instant::now() + Duration::from_secs(30);
    let second = loop {
        let roles = rights(cluster, &account, &[&place[..], &["-o", "role"]].concat(), 3);
        if roles.contains("widgets") {
            break roles;
        }
        assert!(Instant::now() < deadline, "{roles}");
        sleep(Duration::from_millis(200));
    };

    // Before the second one is granted, the report says where to get it.
    let scan = || {
        let arguments = [
            &["scan", "--all", "-o", "json", "--kubeconfig", &account.kubeconfig],
            &place[..],
        ]
        .concat();
        Scan::from(cluster.driftline(&arguments))
    };
    let incomplete = scan();
    assert_eq!(incomplete.status, 3, "{:#}", incomplete.report);
    let notes = incomplete.report["notes"].to_string();
    let command = format!("driftline rights -n {} -o role", release.namespace);
    assert!(notes.contains(&command), "{notes}");

    // An administrator can ask for the account, and is told the same.
    let name = format!("{namespace}/narrow");
    let as_admin = [&["rights", "-o", "role", "--service-account", &name], &place[..]].concat();
    let outcome = cluster.driftline(&as_admin);
    assert_eq!((outcome.status, outcome.stdout), (3, second.clone()));

    grant(cluster, &second);
    let table = rights(cluster, &account, &place, 0);
    assert!(table.contains("allowed: "), "{table}");
    let as_admin = [&["scan", "--all", "-o", "json"], &place[..]].concat();
    let (ours, admins) = (scan(), Scan::from(cluster.driftline(&as_admin)));
    assert_eq!(ours.timeless(), admins.timeless());
    assert_eq!(ours.number("summary.objects.unknown"), 0, "{:#}", ours.report);
    assert_eq!(ours.number("summary.releases.total"), 2);
    // What was granted reads, and does nothing else.
    for verb in ["create", "update", "delete", "watch"] {
        let can = [
            "auth",
            "can-i",
            verb,
            "secrets",
            "--kubeconfig",
            &account.kubeconfig,
        ];
        let answer = cluster.try_kubectl(&[&can[..], &place[..]].concat());
        assert_eq!(answer.status, 1, "{verb}");
    }
}

/// For the whole cluster: in a cluster of its own, in which no other test installs further kinds.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_printed_cluster_role_makes_the_scan_of_the_cluster_complete() {
    let cluster = &Cluster::start();
    for (index, chart) in ["shop", "custom-resources", "cluster-scoped"].iter().enumerate() {
        Release::install(cluster, HelmVersion::ALL[index % 2], chart, &[]);
    }
    let (_, account) = account(cluster, "wide");
    // The first role reads records, and then it is known which kinds the second one has to read.
    let flags = ["-o", "role", "--orphans"];
    let arguments = [&["rights", "--kubeconfig", &account.kubeconfig], &flags[..]].concat();
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let outcome = cluster.driftline(&arguments);
        if outcome.status == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{}{}", outcome.stdout, outcome.stderr);
        grant(cluster, &outcome.stdout);
        sleep(Duration::from_millis(500));
    }
    let scan = |more: &[&str]| {
        let arguments = [&["scan", "--all", "--orphans", "-o", "json"], more].concat();
        Scan::from(cluster.driftline(&arguments))
    };
    let (ours, admins) = (scan(&["--kubeconfig", &account.kubeconfig]), scan(&[]));
    assert_eq!(ours.timeless(), admins.timeless());
    assert_eq!(ours.number("summary.objects.unknown"), 0, "{:#}", ours.report);
    // Nobody is told that anything could not be looked for.
    assert_eq!(ours.report["notes"], serde_json::Value::Null, "{:#}", ours.report);
    assert_eq!(ours.report["orphans"], json!([]));
}
