//! A release that nobody touched scans clean, whatever its chart spells oddly.
//!
//! Every chart is installed by both Helms, and upgraded once; after either there
//! is no finding that counts as drift, no object that could not be read, and
//! exactly as many objects as the manifest holds: silence must not come from
//! looking away. The release is then upgraded to what it has already, which fails
//! where its health says `upgrade-blocked`, and nowhere else.

use crate::harness::{Cluster, HelmVersion, Problems, Release, Scan};

/// The revision that a chart is scanned in.
#[derive(Clone, Copy)]
enum Revision {
    First,
    Second,
}

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
const CHARTS: [Case; 14] = [
    Case {
        chart: "scalars",
        args: &[],
        objects: [16, 16],
        settled: &[],
    },
    Case {
        chart: "workloads",
        args: &[],
        objects: [17, 17],
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
        chart: "backups",
        args: &[],
        objects: [3, 3],
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
        chart: "strategies",
        args: &[],
        objects: [4, 4],
        settled: &[],
    },
    Case {
        chart: "shop",
        args: &[],
        objects: [13, 13],
        settled: &[],
    },
    Case {
        chart: "values-app",
        args: &[],
        objects: [9, 9],
        settled: &[],
    },
    Case {
        chart: "values-parts",
        args: &[],
        objects: [2, 2],
        settled: &[],
    },
];

/// What only Helm 3 installs.
const LENIENT: [Case; 4] = [
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
    Case {
        chart: "backups",
        args: &["--set=lenient=true"],
        objects: [3, 3],
        settled: &[],
    },
];

/// What only Helm 4 installs.
const APPLIED: [Case; 1] = [Case {
    chart: "helm-features",
    args: &["--set=twice=true"],
    objects: [8, 7],
    settled: &[],
}];

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
    check_cases(HelmVersion::V3, CHARTS.iter().chain(&LENIENT), Revision::First);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_helm_4_installed_is_clean() {
    check_cases(HelmVersion::V4, CHARTS.iter().chain(&APPLIED), Revision::First);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_helm_3_upgraded_is_clean() {
    check_cases(HelmVersion::V3, CHARTS.iter().chain(&LENIENT), Revision::Second);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_helm_4_upgraded_is_clean() {
    check_cases(HelmVersion::V4, CHARTS.iter().chain(&APPLIED), Revision::Second);
}

fn check_cases<'c>(helm: HelmVersion, cases: impl Iterator<Item = &'c Case>, revision: Revision) {
    let mut problems = Problems::default();
    for case in cases {
        let mut args = case.args.to_vec();
        // Helm 4 cannot upgrade everything that it can install.
        if matches!(revision, Revision::Second) {
            args.push("--set=installOnly=false");
        }
        let release = Release::install(Cluster::shared(), helm, case.chart, &args);
        let objects = match revision {
            Revision::First => case.objects[0],
            Revision::Second => {
                release.upgrade(&args);
                case.objects[1]
            }
        };
        for condition in case.settled {
            let mut args = vec!["wait", "--timeout=30s"];
            args.extend(*condition);
            release.kubectl(&args);
        }
        let scan = release.scan();
        let mut found = check(&scan, objects);
        let upgrade = match revision {
            Revision::First => release.upgrade_to(&args),
            Revision::Second => release.try_upgrade(&args),
        };
        if scan.says_blocked() != (upgrade.status != 0) {
            found.push(format!(
                "upgrade-blocked: {}, and the upgrade: exit status {}\n{}",
                scan.says_blocked(),
                upgrade.status,
                upgrade.stderr
            ));
        }
        problems.note(&release, &format!("with {:?}", case.args), &found);
    }
}

fn check(scan: &Scan, objects: u64) -> Vec<String> {
    let mut problems: Vec<String> = scan.drift().iter().map(ToString::to_string).collect();
    problems.extend(scan.states());
    if scan.status != 0 || scan.report["outcome"] != "clean" {
        let errors = &scan.report["errors"];
        problems.push(format!(
            "exit status {}, {}\n{errors}",
            scan.status, scan.report["outcome"]
        ));
    }
    if scan.number("summary.releases.clean") != 1 {
        problems.push(format!("releases: {}", scan.report["summary"]["releases"]));
    }
    if scan.number("summary.objects.total") != objects {
        problems.push(format!(
            "{objects} objects expected: {}",
            scan.report["summary"]["objects"]
        ));
    }
    problems
}
