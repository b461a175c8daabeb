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
