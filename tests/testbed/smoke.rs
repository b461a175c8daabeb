//! The harness itself: servers that answer, and both Helms able to use them.

use crate::harness::{Cluster, HelmVersion, Release};

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn both_helms_install_the_demo_and_upgrade_it() {
    let cluster = Cluster::shared();
    for helm in HelmVersion::ALL {
        let release = Release::install(cluster, helm, "shop", &[]);
        let tag = || release.kubectl(&["get", "deployment/{r}-web", "-o=jsonpath={..containers[0].image}"]);
        assert!(tag().ends_with(":1.4.2"), "{helm:?}: {}", tag());
        release.upgrade(&[]);
        assert!(tag().ends_with(":1.5.0"), "{helm:?}: {}", tag());
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn controllers_work() {
    let cluster = Cluster::shared();
    let release = Release::install(cluster, HelmVersion::V4, "shop", &[]);
    // The Deployment's controller made a ReplicaSet, the ReplicaSet's a Pod.
    release.kubectl(&[
        "wait",
        "--for=create",
        "pod",
        "-l=app.kubernetes.io/component=web",
        "--timeout=30s",
    ]);
}

/// Logs end up in files and in a Pod's log: colour is for terminals.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn logs_are_plain_text_where_nobody_looks() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("quiet");
    let scan = cluster.driftline(&["scan", "-n", &namespace, "-v"]);
    assert!(scan.stderr.contains("stage=list"), "{}", scan.stderr);
    assert!(!scan.stderr.contains('\u{1b}'), "{:?}", scan.stderr);
    let coloured = cluster.driftline(&["scan", "-n", &namespace, "-v", "--color=always"]);
    assert!(coloured.stderr.contains('\u{1b}'), "{:?}", coloured.stderr);
}
