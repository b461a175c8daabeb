//! Two days of a team, in short: releases in several namespaces, a gate before each deployment, hot-fixes at night, an
//! upgrade that fails and one that is killed, mistakes at the keyboard, and what remains of a release that went.
//!
//! Every step asks what a person or a job sees: the exit status, and a line or two.

use crate::harness::{Cluster, HelmVersion, Outcome, Release};

const GATE: [&str; 2] = ["--fail-on", "health"];

/// Somebody at the keyboard, or a job.
struct Team<'c> {
    cluster: &'c Cluster,
    /// A pattern of the team's namespaces.
    namespaces: String,
}

impl Team<'_> {
    /// Scans all of the team's namespaces.
    fn scan(&self, arguments: &[&str]) -> Outcome {
        self.driftline(&[&["scan", "-n", &self.namespaces], arguments].concat())
    }

    fn driftline(&self, arguments: &[&str]) -> Outcome {
        self.cluster.driftline(arguments)
    }
}

/// The gate before a deployment of one release.
fn gate(release: &Release<'_>) -> Outcome {
    let name = format!("{}/{}", release.namespace, release.name);
    release.cluster.driftline(&[&["scan", &name], &GATE[..]].concat())
}

#[track_caller]
fn says(outcome: &Outcome, status: i32, parts: &[&str]) {
    assert_eq!(
        outcome.status, status,
        "{}\n{}{}",
        outcome.command, outcome.stdout, outcome.stderr
    );
    for part in parts {
        assert!(
            outcome.stdout.contains(part),
            "{}: {part}\n{}",
            outcome.command,
            outcome.stdout
        );
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn two_days_of_a_team() {
    for helm in HelmVersion::ALL {
        two_days(helm);
    }
}

fn two_days(helm: HelmVersion) {
    let cluster = Cluster::shared();
    let prefix = format!("team-{}", helm.name());
    let install = |chart: &str, args: &[&str]| {
        let namespace = cluster.namespace(&prefix);
        Release::install_into(cluster, helm, (&namespace, &namespace), chart, args)
    };
    let shop = install("shop", &[]);
    let jobs = install("troubled", &["--set=web=true"]);
    let tenants = [(); 4].map(|()| install("shop", &[]));
    let team = Team {
        cluster,
        namespaces: format!("{prefix}-*"),
    };

    // A quiet morning.
    says(&team.scan(&GATE), 0, &["clean: 6 releases"]);
    let table = team.scan(&["-o", "wide"]);
    says(&table, 0, &["NAMESPACE", "VERDICT"]);
    assert_eq!(table.stdout.lines().count(), 7, "{}", table.stdout);

    // Mistakes never pass a gate.
    let typo = format!("{}/{}x", shop.namespace, shop.name);
    says(&team.driftline(&["scan", &typo]), 3, &["did you mean"]);
    says(
        &team.driftline(&["scan", "-n", "no-such-team-*"]),
        3,
        &["no-such-team-*"],
    );
    says(
        &team.driftline(&["scan", "-n", "no-such-team-*", "--allow-empty"]),
        0,
        &["no-such-team-*"],
    );
    assert_eq!(team.driftline(&["diagnose", &typo]).status, 3);
    assert_eq!(team.driftline(&["scan", "-n", "No Such Team"]).status, 2);

    // A hot-fix at night, and the same one in every tenant.
    shop.kubectl(&[
        "set",
        "image",
        "deployment/{r}-web",
        "web=registry.example.com/shop/web:hotfix",
    ]);
    for tenant in &tenants {
        tenant.kubectl(&["set", "env", "deployment/{r}-web", "LOG_LEVEL=debug"]);
    }
    let night = team.scan(&[]);
    says(
        &night,
        1,
        &[
            "4 releases in the same way",
            "web:hotfix",
            "kubectl-set",
            "drift: 5 of 6 releases drifted",
        ],
    );
    says(&gate(&shop), 1, &["web:hotfix"]);
    says(&gate(&jobs), 0, &["clean"]);
    // The hourly job fails only where it could not do its work.
    says(&team.scan(&["--exit-code-on-drift", "0"]), 0, &["drift: 5 of 6"]);

    // The chart takes the hot-fixes over.
    for release in tenants.iter().chain([&shop]) {
        let forced: &[&str] = match helm {
            HelmVersion::V3 => &[],
            HelmVersion::V4 => &["--force-conflicts"],
        };
        release.upgrade(forced);
    }
    for tenant in &tenants {
        tenant.kubectl(&["set", "env", "deployment/{r}-web", "LOG_LEVEL-"]);
    }
    says(&team.scan(&GATE), 0, &["clean: 6 releases"]);

    // An upgrade that fails before it changes anything leaves a release that is in sync, and no gate passes it.
    jobs.upgrade_to(&["--set=web=true,refused=true"]).failed();
    let failed = gate(&jobs);
    says(&failed, 1, &["failed-upgrade", "--fail-on health"]);
    jobs.helm_on("rollback", &["1"]).succeeded();
    says(&gate(&jobs), 0, &["clean"]);

    // What an account may not read is named, with the role that is missing.
    says(
        &team.driftline(&["rights", "-n", &shop.namespace]),
        0,
        &["allowed"],
    );

    // A release goes, and its records are all that is looked at, unless somebody asks.
    shop.helm_on("uninstall", &[]).succeeded();
    let name = format!("{}/{}", shop.namespace, shop.name);
    says(&team.driftline(&["scan", &name]), 3, &[shop.name.as_str()]);
    says(&team.scan(&["--orphans", "--summary"]), 0, &["clean: 5 releases"]);
}
