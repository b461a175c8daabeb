//! The pipelines of `docs/ci` run: every step, with the recorded cluster in place of a real one, and with stand-ins for Docker and
//! GitHub's command line, which write down what they are asked for.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::{root, write_program};

/// Scans the recorded cluster, whatever kubeconfig is named. The release of the example that is in order plays the one that a
/// gate is about.
const DRIFTLINE: &str = r#"#!/bin/bash
words=()
while [[ $# -gt 0 ]]; do
    case $1 in
    --kubeconfig) shift ;;
    shop/web) words+=(shop/search) ;;
    *) words+=("$1") ;;
    esac
    shift
done
exec "$PROGRAM" "${words[@]}" --snapshot "$SNAPSHOT"
"#;

/// Runs the program in place of the image that is named behind the options of `docker run`.
const DOCKER: &str = r#"#!/bin/bash
while [[ $1 != "$IMAGE" ]]; do shift; done
shift
exec driftline "$@"
"#;

/// Knows of no issue, and writes down what it is asked for.
const GH: &str = r#"#!/bin/bash
printf '%s\n' "$*" >>"$CALLS"
"#;

struct Runner(TempDir);

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, script) in [("driftline", DRIFTLINE), ("docker", DOCKER), ("gh", GH)] {
            write_program(folder.path().join(name), script);
        }
        for file in ["output", "summary", "calls"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Runs one step as a runner does, with what earlier steps left.
    fn step(&self, script: &str, environment: &Value) -> Output {
        let mut command = Command::new("bash");
        command
            .args(["-eo", "pipefail", "-c", script])
            .current_dir(self.0.path())
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", self.0.path().display()),
            )
            .env("PROGRAM", env!("CARGO_BIN_EXE_driftline"))
            .env("SNAPSHOT", root().join("examples/drifted-shop"))
            .env("RUNNER_TEMP", self.0.path())
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("CALLS", self.path("calls"))
            .env("IMAGE", "image")
            .envs([
                ("GITHUB_SERVER_URL", "https://github.example.com"),
                ("GITHUB_REPOSITORY", "shop/charts"),
                ("GITHUB_RUN_ID", "1"),
                ("DRIFTLINE_KUBECONFIG", "kubeconfig"),
            ]);
        for (name, value) in environment.as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            let known = self.text("output");
            let status = known.lines().find_map(|line| line.strip_prefix("status="));
            let value = if value.contains("outputs.status") {
                status.unwrap_or_default()
            } else {
                value
            };
            command.env(name, value);
        }
        command.output().unwrap()
    }
}

fn pipeline(file: &str) -> Value {
    let path = root().join("docs/ci").join(file);
    let text = fs::read_to_string(&path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs the steps of a workflow of GitHub that are scripts, and returns the statuses.
fn workflow(file: &str, runner: &Runner) -> Vec<i32> {
    let document = pipeline(file);
    let jobs = document["jobs"].as_object().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
    let scripts = steps.filter_map(|step| Some((step["run"].as_str()?, &step["env"])));
    scripts
        .map(|(script, environment)| {
            let ran = runner.step(script, environment);
            let said = String::from_utf8_lossy(&ran.stderr);
            let status = ran.status.code().unwrap();
            // 2 is a mistake in what was typed, and 126 and 127 are those of a shell that finds no program.
            assert!(!matches!(status, 2 | 126 | 127), "{file}: {script}\n{said}");
            status
        })
        .collect()
}

#[test]
fn a_gate_passes_a_release_in_order_and_has_a_summary() {
    let runner = Runner::new();
    assert!(
        workflow("github-gate.yml", &runner)
            .iter()
            .all(|status| *status == 0)
    );
    assert!(
        runner.text("summary").contains("clean"),
        "{}",
        runner.text("summary")
    );
}

#[test]
fn code_scanning_has_a_file_to_upload_and_a_summary() {
    let runner = Runner::new();
    workflow("github-code-scanning.yml", &runner);
    let files = fs::read_dir(runner.0.path()).unwrap().flatten();
    let sarif = files.map(|file| file.path()).find(|path| is_sarif(path));
    let sarif: Value = serde_json::from_str(&fs::read_to_string(sarif.unwrap()).unwrap()).unwrap();
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty());
    assert!(runner.text("summary").contains("6 of 12 releases drifted"));
}

fn is_sarif(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sarif")
}

#[test]
fn a_schedule_opens_an_issue_where_there_is_drift() {
    let runner = Runner::new();
    workflow("github-issue.yml", &runner);
    let calls = runner.text("calls");
    assert!(calls.contains("issue create"), "{calls}");
    assert!(runner.text("body.md").contains("shop/charts/actions/runs/1"));
}

#[test]
fn gitlab_gets_its_reports() {
    let runner = Runner::new();
    let document = pipeline("gitlab-ci.yml");
    let jobs = document.as_object().unwrap().values();
    let scripts = jobs.filter_map(|job| job["script"].as_array()).flatten();
    for script in scripts.filter_map(Value::as_str) {
        let ran = runner.step(script, &Value::Null);
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(matches!(ran.status.code(), Some(0 | 1 | 3)), "{script}\n{said}");
    }
    let reports = document
        .as_object()
        .unwrap()
        .values()
        .filter_map(|job| job["artifacts"]["reports"].as_object());
    let files: Vec<&str> = reports
        .flat_map(|reports| reports.values().filter_map(Value::as_str))
        .collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        assert!(!runner.text(file).is_empty(), "{file}");
    }
}
