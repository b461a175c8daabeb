//! `--baseline`: a report whose drift is accepted, the files that are none, and what has to be known of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Driftline, Ran};

const SNAPSHOT: [&str; 3] = ["scan", "--snapshot", "examples/drifted-shop"];

fn scan(arguments: &[&str]) -> Ran {
    Driftline::new([&SNAPSHOT[..], arguments].concat()).run()
}

fn report(arguments: &[&str]) -> Value {
    serde_json::from_str(&scan(&[&["-o", "json"], arguments].concat()).stdout).unwrap()
}

/// A folder for baselines.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn baseline(&self, report: &Value) -> PathBuf {
        self.write("baseline.json", report.to_string())
    }
}

fn with_baseline(path: &Path, arguments: &[&str]) -> Ran {
    scan(&[&["--baseline", path.to_str().unwrap()], arguments].concat())
}

/// The notes about the baseline in a scan that has it.
fn notes(path: &Path, arguments: &[&str]) -> Vec<String> {
    let ran = with_baseline(path, &[&["-o", "json"], arguments].concat());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let notes = report["notes"].as_array().cloned().unwrap_or_default();
    let notes = notes.iter().filter(|note| note["scope"] == "baseline");
    let notes: Vec<String> = notes
        .map(|note| note["message"].as_str().unwrap().to_owned())
        .collect();
    for note in &notes {
        let logged = note.replace('\u{202e}', "\\u{202e}");
        assert!(ran.stderr.contains(&logged), "{note}: {}", ran.stderr);
    }
    notes
}

#[test]
fn a_report_of_the_same_cluster_is_accepted_without_a_word() {
    let folder = Folder::new();
    let path = folder.baseline(&report(&[]));
    assert_eq!(notes(&path, &[]), [""; 0]);
    let ran = with_baseline(&path, &["--summary"]);
    assert!(ran.stdout.contains("known"), "{}", ran.stdout);
    let wide = with_baseline(&path, &["-o", "wide"]).stdout;
    let header = wide.lines().next().unwrap();
    assert!(
        header.trim_end().ends_with("NEWS") && wide.contains("known"),
        "{wide}"
    );
}

#[test]
fn a_gate_fails_on_a_release_that_is_newly_in_a_critical_state() {
    let folder = Folder::new();
    let mut before = report(&[]);
    let path = folder.baseline(&before);
    for fail_on in ["new", "new,health", "health,new"] {
        let ran = with_baseline(&path, &["--fail-on", fail_on]);
        assert_ne!(ran.status, Some(1), "{fail_on}: {}", ran.stdout);
    }
    // Before, nothing was the matter with any release's health.
    for release in before["releases"].as_array_mut().unwrap() {
        release["health"] = json!([]);
    }
    let path = folder.baseline(&before);
    assert_ne!(with_baseline(&path, &[]).status, Some(1));
    let ran = with_baseline(&path, &["--fail-on", "new,health"]);
    let said = "in a critical state that is new or changed (exit status 1, --fail-on new,health)";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    assert_eq!(ran.status, Some(1));
    let ran = with_baseline(&path, &["--fail-on", "drift,new"]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("--fail-on contradicts itself")
            && ran.stderr.contains("leave out one of the two"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_cannot_be_meant_as_a_baseline_is_refused_in_one_sentence() {
    let folder = Folder::new();
    let whole = report(&[]);
    let changed = |field: &str, value: Value| {
        let mut report = whole.clone();
        report[field] = value;
        report.to_string()
    };
    let mut failed = whole.clone();
    (failed["outcome"], failed["stopped"]) = (json!("error"), json!("deadline"));
    let diagnosis = Driftline::new([
        "diagnose",
        "web",
        "--snapshot",
        "examples/drifted-shop",
        "-o",
        "json",
    ])
    .run();
    let name = whole["releases"][0]["name"].as_str().unwrap();
    let namespace = whole["releases"][0]["namespace"].as_str().unwrap();
    let diagnosis = if diagnosis.stdout.contains("\"detail\"") {
        diagnosis
    } else {
        let arguments = [
            "diagnose",
            name,
            "-n",
            namespace,
            "--snapshot",
            "examples/drifted-shop",
            "-o",
            "json",
        ];
        Driftline::new(arguments).run()
    };
    for (text, said) in [
        (String::new(), "it is empty"),
        ("\n".to_owned(), "it is empty"),
        (
            "schema: driftline.report/v1\n".to_owned(),
            "it is not a report in JSON",
        ),
        ("{}".to_owned(), "its schema is `none`"),
        (
            changed("schema", json!("driftline.rights/v1")),
            "`driftline.rights/v1`",
        ),
        (
            changed("outcome", json!("error")),
            "its scan was stopped before everything was read",
        ),
        (
            changed("stopped", json!("signal")),
            "its scan was stopped before everything was read",
        ),
        (
            failed.to_string(),
            "its scan was stopped before everything was read",
        ),
        (
            diagnosis.stdout,
            "it is a diagnosis, and not the report of a scan",
        ),
    ] {
        let path = folder.write("odd.json", text);
        let ran = with_baseline(&path, &[]);
        assert_eq!(ran.status, Some(2), "{said}: {}", ran.stdout);
        assert!(
            ran.stderr.contains("cannot be used") && ran.stderr.contains(said),
            "{said}: {}",
            ran.stderr
        );
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    }
    for (path, said) in [
        (folder.0.path(), "cannot be used"),
        (Path::new("/nowhere"), "cannot be used"),
    ] {
        let ran = with_baseline(path, &[]);
        assert_eq!(ran.status, Some(2));
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

#[test]
fn what_has_to_be_known_of_a_baseline_is_a_note() {
    let folder = Folder::new();
    let whole = report(&[]);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut report = whole.clone();
        change(&mut report);
        notes(&folder.baseline(&report), &[])
    };
    let one = |change: &dyn Fn(&mut Value), said: &str| {
        let notes = with(change);
        assert!(notes.iter().any(|note| note.contains(said)), "{said}: {notes:?}");
    };
    // Another name or another address alone may be the same cluster.
    assert_eq!(
        with(&|report| report["cluster"]["name"] = json!("other")),
        [""; 0]
    );
    assert_eq!(
        with(&|report| report["cluster"]["server"] = json!("https://other")),
        [""; 0]
    );
    one(
        &|report| report["cluster"] = json!({"name": "staging\u{202e}", "server": "https://staging"}),
        "releases of the same name count as the same",
    );
    one(
        &|report| report["startedAt"] = json!("2999-01-01T00:00:00Z"),
        "is of 2999-01-01 00:00, which is after this scan",
    );
    one(
        &|report| {
            let error = json!({"scope": "namespace/dark", "message": "forbidden"});
            report["errors"].as_array_mut().unwrap().push(error);
            report["releases"][0]["objects"] = json!([]);
        },
        "could not read everything",
    );
    one(
        &|report| report["releases"][0]["objects"][0]["state"] = json!("of-the-future"),
        "has words that this one does not know",
    );
}

#[test]
fn a_baseline_of_fewer_releases_says_what_is_outside_of_it() {
    let folder = Folder::new();
    let whole = report(&[]);
    let namespace = whole["releases"][0]["namespace"].as_str().unwrap();
    let path = folder.baseline(&report(&["-n", namespace]));
    let notes_of_all = notes(&path, &[]);
    let said = format!("the baseline is only of `-n {namespace}`");
    assert!(
        notes_of_all.iter().any(|note| note.starts_with(&said)),
        "{notes_of_all:?}"
    );
    // Within it there is nothing to say, and a wider baseline is as good.
    assert_eq!(notes(&path, &["-n", namespace]), [""; 0]);
    let path = folder.baseline(&report(&["--shard", "0/4"]));
    let notes_of_all = notes(&path, &[]);
    let said = "the baseline is only of `--shard 0/4`";
    assert!(
        notes_of_all.iter().any(|note| note.starts_with(said)),
        "{notes_of_all:?}"
    );
    let path = folder.baseline(&whole);
    assert_eq!(notes(&path, &["-n", namespace]), [""; 0]);
}
