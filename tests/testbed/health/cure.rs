//! Running what is advised.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Outcome, Release, Scan};

/// The way out of a state.
pub(super) enum Cure {
    /// The commands of these diagnoses, one after the other, until nothing is left to do.
    Advice(&'static [&'static str]),
    /// What the evidence says in words, done by hand.
    Words(fn(&Release<'_>)),
    /// Nothing has to be done.
    Nothing,
    /// Nothing that is advised ends it, for this reason.
    None(&'static str),
}

/// Commands that show something for as long as one likes, or wait for Pods, of which none ever runs here.
const SHOWS: [&str; 3] = ["--watch", "kubectl logs", "--for=condition=complete"];

/// What stands for the chart in an advised command.
const PLACEHOLDER: &str = "'<chart troubled>'";

impl Cure {
    pub(super) fn run(&self, release: &Release<'_>, report: &Value) -> Vec<String> {
        match self {
            Self::Nothing => return Vec::new(),
            Self::None(reason) => {
                assert!(!reason.is_empty());
                return Vec::new();
            }
            Self::Words(cure) => {
                cure(release);
                return ill(release).into_iter().collect();
            }
            Self::Advice(codes) => {
                let dir = tempfile::tempdir().expect("there is room for temporary files");
                for code in *codes {
                    let problems = follow(release, &steps(report, code), &dir);
                    if !problems.is_empty() {
                        return problems;
                    }
                }
            }
        }
        ill(release).into_iter().collect()
    }
}

/// Runs commands until the release is well.
fn follow(release: &Release<'_>, steps: &[(String, bool)], dir: &TempDir) -> Vec<String> {
    let mut failed = Vec::new();
    for (command, destructive) in steps {
        if SHOWS.iter().any(|words| command.contains(words)) {
            continue;
        }
        let outcome = run(release, command, dir);
        if outcome.status != 0 {
            failed.push(format!("{command}: {}{}", outcome.stdout, outcome.stderr));
        }
        if *destructive && outcome.status == 0 {
            return Vec::new();
        }
    }
    // What only reads need not change anything.
    if steps.iter().any(|(_, destructive)| *destructive) || !failed.is_empty() {
        failed
    } else {
        Vec::new()
    }
}

fn run(release: &Release<'_>, command: &str, dir: &TempDir) -> Outcome {
    let command = command
        .replace(PLACEHOLDER, &release.chart)
        .replace(" --version 0.1.0", "");
    let line = format!(
        "cd {}; helm() {{ {} \"$@\"; }}; {command}",
        dir.path().display(),
        release.helm.name()
    );
    release.shell(&line)
}

fn steps(report: &Value, code: &str) -> Vec<(String, bool)> {
    let health = report["releases"][0]["health"].as_array().into_iter().flatten();
    let entries = health.filter(|entry| entry["code"] == code);
    let advice = entries.flat_map(|entry| entry["advice"].as_array().into_iter().flatten());
    advice
        .map(|advice| {
            let command = advice["command"].as_str().unwrap_or_default().to_owned();
            (command, advice["destructive"] == true)
        })
        .collect()
}

/// What is still wrong with a release that should be well.
fn ill(release: &Release<'_>) -> Option<String> {
    let after = diagnose(release, "15m");
    let latest = &after.report["releases"][0]["latest"]["status"];
    let codes = codes(&after.report);
    let scan = release.scan();
    (after.status != 0 || latest != "deployed" || scan.status != 0).then(|| {
        format!(
            "after the cure: {latest}, {codes:?}, status {}, scan {}: {:?} {:?}",
            after.status,
            scan.status,
            scan.states(),
            scan.drift().iter().map(ToString::to_string).collect::<Vec<_>>()
        )
    })
}

/// Reads a release as `driftline diagnose` does.
pub(super) fn diagnose(release: &Release<'_>, stuck_after: &str) -> Scan {
    let (config, _dir) = config(stuck_after);
    Scan::from(release.cluster.driftline(&[
        "diagnose",
        &release.name,
        "-n",
        &release.namespace,
        "-o",
        "json",
        "--config",
        &config,
    ]))
}

/// Settings by which an operation is stuck at a certain age.
pub(super) fn config(stuck_after: &str) -> (String, TempDir) {
    let dir = tempfile::tempdir().expect("there is room for temporary files");
    let path = dir.path().join("driftline.yaml");
    fs::write(&path, format!("scan: {{stuck_after: {stuck_after}}}\n")).expect("the settings can be written");
    (path.display().to_string(), dir)
}

/// The codes of a diagnosis, in the order of the page.
pub(super) fn codes(report: &Value) -> Vec<String> {
    let health = report["releases"][0]["health"].as_array().into_iter().flatten();
    health
        .map(|entry| entry["code"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// How much each diagnosis matters.
pub(super) fn severities(report: &Value) -> impl Iterator<Item = &str> {
    let health = report["releases"][0]["health"].as_array().into_iter().flatten();
    health.filter_map(|entry| entry["severity"].as_str())
}
