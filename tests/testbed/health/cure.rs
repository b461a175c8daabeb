//! Running what is advised.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::previewed::Previewed;
use crate::harness::{Outcome, Release, Scan};

/// The way out of a state.
pub(super) enum Cure {
    /// The commands of these diagnoses, one after the other, until nothing is left to do.
    Advice(&'static [&'static str]),
    /// The same, after which something has to hold besides.
    AdviceThat(&'static [&'static str], fn(&Release<'_>) -> Vec<String>),
    /// The same, after which there is no release.
    AdviceThatRemoves(&'static [&'static str]),
    /// What the evidence says in words, done by hand.
    Words(fn(&Release<'_>)),
    /// Nothing has to be done.
    Nothing,
    /// Nothing that is advised ends it, for this reason.
    None(&'static str),
}

/// Commands that show something for as long as one likes, wait for Pods, of which none ever runs here, or say what another
/// command would do.
const SHOWS: [&str; 4] = [
    "--watch",
    "kubectl logs",
    "--for=condition=complete",
    "driftline preview",
];

/// Waits for what another diagnosis of the page ends: a deletion, which a finalizer blocks.
const AWAITS: &str = "--for=delete";

/// What stands for the chart in an advised command.
const PLACEHOLDER: &str = "'<chart troubled>'";

impl Cure {
    pub(super) fn run(&self, release: &Release<'_>, report: &Value) -> Vec<String> {
        let problems = match self {
            Self::Nothing => return Vec::new(),
            Self::None(reason) => {
                assert!(!reason.is_empty());
                return Vec::new();
            }
            Self::Words(cure) => {
                cure(release);
                Vec::new()
            }
            Self::Advice(codes) => follow_all(release, report, codes),
            Self::AdviceThat(codes, holds) => {
                let mut problems = follow_all(release, report, codes);
                problems.extend(holds(release));
                problems
            }
            Self::AdviceThatRemoves(codes) => {
                return follow_all(release, report, codes)
                    .into_iter()
                    .chain(remains(release))
                    .collect();
            }
        };
        problems.into_iter().chain(ill(release)).collect()
    }

    /// The diagnoses whose commands end the trouble.
    pub(super) const fn advice(&self) -> &'static [&'static str] {
        match self {
            Self::Advice(codes) | Self::AdviceThat(codes, _) | Self::AdviceThatRemoves(codes) => codes,
            Self::Words(_) | Self::Nothing | Self::None(_) => &[],
        }
    }
}

/// Follows the commands of these diagnoses.
fn follow_all(release: &Release<'_>, report: &Value, codes: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().expect("there is room for temporary files");
    for code in codes {
        let problems = follow(release, &steps(report, code), &dir);
        if !problems.is_empty() {
            return problems;
        }
    }
    Vec::new()
}

/// What is left of a release that should be gone.
fn remains(release: &Release<'_>) -> Option<String> {
    let left = release.kubectl(&[
        "get",
        "secrets,configmaps,statefulsets",
        "-l",
        "app.kubernetes.io/managed-by=Helm",
        "-o=name",
    ]);
    let records = release.kubectl(&["get", "secrets", "-l", "owner=helm", "-o=name"]);
    let left = format!("{left}{records}");
    (!left.trim().is_empty()).then(|| format!("left: {left}"))
}

/// How many of the commands of a diagnosis end the trouble, each by itself.
pub(super) fn endings(report: &Value, code: &str) -> usize {
    steps(report, code).iter().filter(|step| step.is_ending()).count()
}

/// Runs everything that reads, saves and prepares, and of the commands that end the trouble only this one.
pub(super) fn run_ending(release: &Release<'_>, report: &Value, code: &str, number: usize) -> Vec<String> {
    let dir = tempfile::tempdir().expect("there is room for temporary files");
    let mut problems = Vec::new();
    let mut endings = 0;
    for step in steps(report, code) {
        let mut passed_over = SHOWS.iter().chain([&AWAITS]);
        let is_passed_over = passed_over.any(|words| step.command.contains(words));
        let is_other = step.is_ending() && {
            endings += 1;
            endings != number + 1
        };
        if is_passed_over || is_other {
            continue;
        }
        let (outcome, disproved) = run(release, &step.command, &dir);
        problems.extend(disproved);
        if outcome.status != 0 && !step.is_tried() && !step.is_conditional() {
            problems.push(format!("{}: {}{}", step.command, outcome.stdout, outcome.stderr));
        }
        if step.is_ending() {
            break;
        }
    }
    problems
}

/// Runs commands until the release is well.
fn follow(release: &Release<'_>, steps: &[Advised], dir: &TempDir) -> Vec<String> {
    let mut failed = Vec::new();
    let mut disproved = Vec::new();
    for step in steps {
        if SHOWS.iter().any(|words| step.command.contains(words)) {
            continue;
        }
        let (outcome, otherwise) = run(release, &step.command, dir);
        disproved.extend(otherwise);
        if outcome.status != 0 {
            failed.push(format!("{}: {}{}", step.command, outcome.stdout, outcome.stderr));
        }
        if step.is_ending() && outcome.status == 0 {
            return disproved;
        }
    }
    // A step that fails is no problem where another one ends the trouble; a preview that did not say so is.
    disproved.extend(failed);
    disproved
}

/// Runs a command, and says what its preview foretold otherwise.
fn run(release: &Release<'_>, command: &str, dir: &TempDir) -> (Outcome, Vec<String>) {
    let command = command
        .replace(PLACEHOLDER, &release.chart)
        .replace(" --version 0.1.0", "");
    let previewed = Previewed::of(release, &command, dir);
    let line = format!(
        "cd {}; helm() {{ {} \"$@\"; }}; {command}",
        dir.path().display(),
        release.helm.name()
    );
    let outcome = release.shell(&line);
    let disproved = match previewed {
        Some(Ok(previewed)) => previewed.disproved(release, &outcome),
        Some(Err(problem)) => vec![problem],
        None => Vec::new(),
    };
    (outcome, disproved)
}

/// An advised command.
struct Advised {
    command: String,
    why: String,
    is_destructive: bool,
}

impl Advised {
    /// Whether it is meant to end the trouble, and not to prepare that.
    fn is_ending(&self) -> bool {
        self.is_destructive && !self.why.starts_with("first, ") && !self.is_tried()
    }

    /// Whether it prepares what another command may have done already.
    fn is_tried(&self) -> bool {
        self.why.starts_with("first, because Helm fails")
            || self.why.starts_with("only if the API server refuses that")
    }

    /// Whether something has to be done before that no command does, or the page says that a part of it fails.
    fn is_conditional(&self) -> bool {
        self.why.contains("once ")
            || self.why.starts_with("with the chart")
            || self.why.contains("kubectl complains")
    }
}

fn steps(report: &Value, code: &str) -> Vec<Advised> {
    let health = report["releases"][0]["health"].as_array().into_iter().flatten();
    let entries = health.filter(|entry| entry["code"] == code);
    let advice = entries.flat_map(|entry| entry["advice"].as_array().into_iter().flatten());
    advice
        .map(|advice| Advised {
            command: advice["command"].as_str().unwrap_or_default().to_owned(),
            why: advice["why"].as_str().unwrap_or_default().to_owned(),
            is_destructive: advice["destructive"] == true,
        })
        .collect()
}

/// What is still wrong with a release that should be well. A way forward may be one that cannot be gone back.
fn ill(release: &Release<'_>) -> Option<String> {
    let after = diagnose(release, "15m");
    let latest = &after.report["releases"][0]["latest"]["status"];
    let health = after.report["releases"][0]["health"]
        .as_array()
        .into_iter()
        .flatten();
    let codes: Vec<&str> = health
        .filter(|entry| entry["severity"] != "info")
        .filter_map(|entry| entry["code"].as_str())
        .filter(|code| !code.starts_with("rollback-"))
        .collect();
    let scan = release.scan();
    (!codes.is_empty() || latest != "deployed" || scan.status != 0).then(|| {
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
