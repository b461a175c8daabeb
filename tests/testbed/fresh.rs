//! A release that nobody touched scans clean, whatever its chart spells oddly.
//!
//! Every chart is installed by both Helms, and upgraded once; after either there
//! is no finding that counts as drift, no object that could not be read, and
//! exactly as many objects as the manifest holds: silence must not come from
//! looking away.

use crate::harness::{Cluster, HelmVersion, Release, Scan};

/// One chart to install, and what it holds.
struct Case {
    chart: &'static str,
    /// Further arguments of `helm install` and `helm upgrade`.
    args: &'static [&'static str],
    /// How many objects the manifest of the first and of the second revision holds.
    objects: [u64; 2],
    /// What controllers still have to do: arguments of `kubectl wait`.
    settled: &'static [&'static [&'static str]],
}

/// What each Helm can install and upgrade.
const CHARTS: [Case; 10] = [
    Case {
        chart: "scalars",
        args: &[],
        objects: [16, 16],
        settled: &[],
    },
    Case {
        chart: "workloads",
        args: &[],
        objects: [16, 16],
        settled: &[EXPIRED],
    },
    Case {
        chart: "lists",
        args: &[],
        objects: [13, 13],
        settled: &[],
    },
    Case {
        chart: "networking",
        args: &[],
        objects: [11, 11],
        settled: &[],
    },
    Case {
        chart: "cluster-scoped",
        args: &[],
        objects: [14, 14],
        settled: &[BOUND, AGGREGATED],
    },
    Case {
        chart: "crds",
        args: &[],
        objects: [2, 2],
        settled: &[],
    },
    Case {
        chart: "custom-resources",
        args: &[],
        objects: [4, 4],
        settled: &[],
    },
    Case {
        chart: "helm-features",
        args: &[],
        objects: [7, 6],
        settled: &[],
    },
    Case {
        chart: "empty",
        args: &[],
        objects: [0, 1],
        settled: &[],
    },
    Case {
        chart: "shop",
        args: &[],
        objects: [13, 13],
        settled: &[],
    },
];

/// What only Helm 3 installs.
const LENIENT: [Case; 3] = [
    Case {
        chart: "scalars",
        args: &["--set=lenient=true"],
        objects: [17, 17],
        settled: &[],
    },
    Case {
        chart: "lists",
        args: &["--set=duplicates=true"],
        objects: [14, 14],
        settled: &[],
    },
    Case {
        chart: "custom-resources",
        args: &["--set=lenient=true"],
        objects: [5, 5],
        settled: &[],
    },
];

/// A Job whose time to live is zero is gone soon after it is complete.
const EXPIRED: &[&str] = &["--for=delete", "job/{r}-expiring"];
const BOUND: &[&str] = &[
    "--for=jsonpath={.status.phase}=Bound",
    "persistentvolumeclaim/{r}",
];
const AGGREGATED: &[&str] = &[
    "--for=jsonpath={.rules[0].verbs[0]}=get",
    "clusterrole/{r}-aggregated",
];

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_helm_3_installed_is_clean() {
    for case in CHARTS.iter().chain(&LENIENT) {
        fresh(HelmVersion::V3, case);
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_helm_4_installed_is_clean() {
    for case in &CHARTS {
        fresh(HelmVersion::V4, case);
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_helm_3_upgraded_is_clean() {
    for case in CHARTS.iter().chain(&LENIENT) {
        upgraded(HelmVersion::V3, case);
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_helm_4_upgraded_is_clean() {
    for case in &CHARTS {
        upgraded(HelmVersion::V4, case);
    }
}

fn fresh(helm: HelmVersion, case: &Case) {
    let release = Release::install(Cluster::shared(), helm, case.chart, case.args);
    settle(&release, case);
    assert_clean(&release, case, &release.scan(), case.objects[0]);
}

fn upgraded(helm: HelmVersion, case: &Case) {
    // Helm 4 could not upgrade everything that it could install.
    let args: Vec<&str> = case
        .args
        .iter()
        .copied()
        .chain(["--set=installOnly=false"])
        .collect();
    let release = Release::install(Cluster::shared(), helm, case.chart, &args);
    release.upgrade(&args);
    settle(&release, case);
    assert_clean(&release, case, &release.scan(), case.objects[1]);
}

fn settle(release: &Release<'_>, case: &Case) {
    for condition in case.settled {
        let mut args = vec!["wait", "--timeout=30s"];
        args.extend(*condition);
        release.kubectl(&args);
    }
}

#[track_caller]
fn assert_clean(release: &Release<'_>, case: &Case, scan: &Scan, objects: u64) {
    let what = format!("{} {:?} by {:?}", case.chart, case.args, release.helm);
    let drift: Vec<String> = scan.drift().iter().map(ToString::to_string).collect();
    assert!(drift.is_empty(), "{what} drifted:\n{}", drift.join("\n"));
    assert!(scan.states().is_empty(), "{what}: {:#}", scan.report);
    assert_eq!(scan.status, 0, "{what}: {}\n{:#}", scan.stderr, scan.report);
    assert_eq!(scan.report["outcome"], "clean", "{what}");
    assert_eq!(scan.number("summary.releases.clean"), 1, "{what}");
    assert_eq!(scan.number("summary.objects.total"), objects, "{what}");
}
