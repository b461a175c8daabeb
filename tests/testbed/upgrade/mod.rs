//! The predictions of a report for the next `helm upgrade`, held to a real upgrade.
//!
//! Every row gets a release of its own by a way of applying, with `DRIFTLINE_ALL=1` by every: the difference is made, a scan predicts, the real
//! Helm upgrades to the very same chart and values, and the live value is read again. Rows state the known effect, so
//! that neither driftline nor the table can be wrong alone.

mod admission;
mod blocked;
mod built_in;
mod fates;
mod lookup;
mod strategies;
mod untyped;

use std::fmt;

use serde_json::Value;

use crate::harness::{Cluster, HelmVersion, Outcome, Problems, Release, is_sampled, later};

/// A way of applying a release.
#[derive(Debug)]
struct Method {
    helm: HelmVersion,
    /// Flags of `helm install`; upgrades keep to the method that it chose.
    flags: &'static [&'static str],
    applies: Applies,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applies {
    InTheClient,
    OnTheServer,
}

/// The effect of an upgrade on a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The live value is the manifest's again.
    Reverts,
    /// The live value stays.
    Keeps,
    /// The value is this one then, as kubectl prints it.
    Becomes(&'static str),
    /// The upgrade fails because of the owner of a field, and the live value stays.
    Conflicts,
    /// The upgrade fails because of a rule of the API server, and the live value stays.
    Refused,
}

impl fmt::Display for Fate {
    /// The report's `nextUpgrade`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reverts => "revert",
            Self::Keeps => "keep",
            Self::Becomes(_) => "becomes",
            Self::Conflicts => "conflict",
            Self::Refused => "refused",
        })
    }
}

/// An action of somebody on a release.
enum Act {
    Kubectl(&'static [&'static str]),
    /// Somebody else's server-side apply.
    Apply(Value),
    /// An upgrade to other values.
    Upgrade(&'static [&'static str]),
    /// Waits until the time of a write differs from that of Helm's, in whole seconds.
    Wait,
}

/// One cell of the table, for both ways of applying. `{r}` stands for the release's name.
struct Row {
    chart: &'static str,
    acts: Vec<Act>,
    /// As `Kind/name`.
    object: &'static str,
    /// The finding's path; none where the object's state says it all.
    path: Option<&'static str>,
    /// The live value, as kubectl's `JSONPath`.
    value: &'static str,
    client: Fate,
    server: Fate,
}

const METHODS: [Method; 3] = [
    Method {
        helm: HelmVersion::V3,
        flags: &[],
        applies: Applies::InTheClient,
    },
    Method {
        helm: HelmVersion::V4,
        flags: &["--server-side=false"],
        applies: Applies::InTheClient,
    },
    Method {
        helm: HelmVersion::V4,
        flags: &[],
        applies: Applies::OnTheServer,
    },
];

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn upgrades_of_built_in_kinds_do_what_was_predicted() {
    check(built_in::rows);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn upgrades_of_other_kinds_do_what_was_predicted() {
    check(untyped::rows);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn upgrades_do_what_patch_strategies_say() {
    check(strategies::rows);
}

fn check(rows: fn() -> Vec<Row>) {
    let mut problems = Problems::default();
    for (turn, method) in METHODS.into_iter().enumerate() {
        for (position, row) in rows().into_iter().enumerate() {
            if !is_sampled(position, turn, METHODS.len()) {
                continue;
            }
            let mut flags = method.flags.to_vec();
            // Helm 4 can install what it can never upgrade: see the README of the charts.
            if row.chart == "cluster-scoped" {
                flags.push("--set=installOnly=false");
            }
            let release = Release::install(Cluster::shared(), method.helm, row.chart, &flags);
            let what = format!(
                "{:?}, {} {}",
                method.applies,
                row.object,
                row.path.unwrap_or_default()
            );
            problems.note(&release, &what, &try_row(&release, &row, method.applies));
        }
    }
}

fn try_row(release: &Release<'_>, row: &Row, applies: Applies) -> Vec<String> {
    let read = || {
        let value = format!("-o=jsonpath={}", row.value);
        release.kubectl(&["get", row.object, "--ignore-not-found", &value])
    };
    let installed = read();
    for act in &row.acts {
        match act {
            Act::Kubectl(arguments) => {
                release.kubectl(arguments);
            }
            Act::Apply(object) => {
                let object = serde_json::from_str(&release.fill(&object.to_string())).expect("still JSON");
                release.cluster.apply_as("gitops", &release.namespace, &object);
            }
            Act::Upgrade(arguments) => {
                release.upgrade_to(arguments).succeeded();
            }
            Act::Wait => later(),
        }
    }
    let drifted = read();
    // An autoscaler's choice leaves its object in sync.
    let scan = release.scan_with(&["--all"], &[]);
    let upgrade = release.upgrade_to(&[]);
    let known = match applies {
        Applies::InTheClient => row.client,
        Applies::OnTheServer => row.server,
    };

    let mut problems = Vec::new();
    if let Some(path) = row.path {
        match scan.finding(&release.fill(row.object), &release.fill(path)) {
            None => problems.push(format!("not found; drift: {:?}", scan.drift())),
            Some(finding) => {
                let predicted = finding["nextUpgrade"].as_str().unwrap_or("nothing");
                if predicted != known.to_string() {
                    problems.push(format!("predicted {predicted}, known {known}"));
                }
                problems.extend(unnamed(finding, &upgrade, known));
            }
        }
    }
    let after = read();
    let happened = match (known, upgrade.status) {
        (_, 0) if after == drifted => Some(Fate::Keeps),
        // It may be what the server chose at first, which is not what the chart says.
        (Fate::Becomes(value), 0) if after == value => Some(known),
        (_, 0) if after == installed => Some(Fate::Reverts),
        (_, 0) => None,
        _ if after != drifted => None,
        _ if is_conflict(&upgrade) => Some(Fate::Conflicts),
        _ => Some(Fate::Refused),
    };
    if happened != Some(known) {
        problems.push(format!(
            "known {known}, happened {happened:?}: {installed} -> {drifted} -> {after}\n  {}",
            upgrade.stderr
        ));
    }
    problems
}

/// The problem that Helm's error names another manager than the report does.
fn unnamed(finding: &Value, upgrade: &Outcome, known: Fate) -> Option<String> {
    let manager = finding["actor"]["manager"].as_str()?;
    let is_named = upgrade.stderr.contains(&format!("with \"{manager}\""));
    (known == Fate::Conflicts && is_conflict(upgrade) && !is_named)
        .then(|| format!("Helm does not name {manager}: {}", upgrade.stderr))
}

/// Whether the API server refused an apply because of the owners of fields.
fn is_conflict(upgrade: &Outcome) -> bool {
    upgrade.stderr.contains("conflict occurred")
}
