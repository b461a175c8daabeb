//! The README and the example of the settings name what the program knows, no less.

use std::fs;

use driftline::vocabulary::{FindingCode, HealthCode, ObjectState};
use serde_json::Value;

use crate::support::program::Driftline;

const EXAMPLE: &str = "config/driftline.example.yaml";

fn read(file: &str) -> String {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn settings(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{EXAMPLE}: {error}"))
}

#[test]
fn the_readme_has_every_word_of_the_report() {
    let readme = read("README.md");
    let names = FindingCode::ALL
        .iter()
        .map(|code| code.as_str())
        .chain(HealthCode::ALL.iter().map(|code| code.as_str()))
        .chain(ObjectState::ALL.iter().map(|state| state.as_str()))
        // What is in sync needs no explanation.
        .filter(|name| *name != ObjectState::InSync.as_str());
    let tables: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    for name in names {
        let cell = format!("`{name}`");
        assert!(
            tables.iter().any(|row| row.contains(&cell)),
            "README.md explains no {cell}"
        );
    }
    for code in FindingCode::ALL {
        let row = tables
            .iter()
            .find(|row| row.starts_with(&format!("| `{code}` |")));
        let counts_as = format!("| {} |", code.default_severity());
        assert!(
            row.is_some_and(|row| row.ends_with(&counts_as)),
            "{code}: {row:?}"
        );
    }
}

#[test]
fn the_example_settings_have_every_default_severity() {
    let settings = settings(&read(EXAMPLE));
    let severity = settings["severity"].as_object().cloned().unwrap_or_default();
    assert_eq!(severity.len(), FindingCode::ALL.len());
    for code in FindingCode::ALL {
        assert_eq!(
            severity.get(code.as_str()).and_then(Value::as_str),
            Some(code.default_severity().as_str()),
            "{code}"
        );
    }
}

/// `#` and a blank begin an explanation; any other `#` hides a setting, which has to be valid as well.
#[test]
fn the_example_settings_are_yaml_with_and_without_what_is_commented_out() {
    let text = read(EXAMPLE);
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') || rest.starts_with("  ") => rest,
            _ => line,
        })
        .collect();
    let all = settings(&uncommented.join("\n"));
    assert!(all["notify"]["slack"]["url_file"].is_string());
    assert!(all["notify"]["pagerduty"]["routing_key_file"].is_string());
    assert!(all["cluster"]["name"].is_string());
    assert!(all["ignore"][0]["path"].is_array() && all["ignore"][1]["kind"].is_string());
    assert!(all["ignore_annotation"].is_string());
    assert!(settings(&text)["notify"].is_null());
}

/// The README shows the beginning of what its first command prints; lines of `…` stand for what it leaves out.
#[test]
fn the_readme_shows_what_its_first_command_prints() {
    let readme = read("README.md");
    let shown: Vec<&str> = readme
        .split_once("<!-- example output -->\n```text\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .map(|(block, _)| block.lines().collect())
        .unwrap_or_default();
    let command = readme
        .split_once("<!-- first-command -->\n```sh\n")
        .and_then(|(_, rest)| rest.lines().next())
        .and_then(|line| line.split_once(" -- "))
        .map(|(_, arguments)| arguments.split(' ').collect::<Vec<_>>())
        .unwrap_or_default();
    let run = Driftline::new(command).run();
    assert_eq!(run.status, Some(1));
    let printed = run.stdout;
    let mut rest = printed.lines();
    for line in shown.iter().filter(|line| line.trim() != "…") {
        // In the same order.
        assert!(
            rest.any(|candidate| candidate == *line),
            "README.md shows: {line}"
        );
    }
    assert_eq!(
        shown.last(),
        printed.lines().last().as_ref(),
        "the answer comes last"
    );
}
