//! What a scan of `examples/drifted-shop` says, held against committed goldens, and what has to hold for it.
//!
//! The example is a snapshot of a real cluster (`examples/regenerate`); here the binary reads it as a user would.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use driftline::model::{Report, ReportNote};
use driftline::report::json::JSON_SCHEMA;
use driftline::vocabulary::{FindingCode, HealthCode, ObjectState, Severity, Verdict};
use serde_json::Value;

use crate::support::program::{Driftline, copy_tree, example};

/// Health that the example cannot have: it says something about the scan and not about the cluster.
const NOT_IN_A_STILL_PICTURE: [HealthCode; 1] = [HealthCode::ChangedDuringScan];

/// The example is scanned without rules; `ignore.rs` scans it with some.
const NOT_WITHOUT_RULES: [ObjectState; 1] = [ObjectState::Ignored];

/// A scan of a snapshot, which has to find drift.
fn scan(snapshot: &Path, arguments: &[&str]) -> String {
    let snapshot = snapshot.to_str().unwrap();
    let run = Driftline::new([&["scan", "-q", "--snapshot", snapshot], arguments].concat()).run();
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    assert_eq!(run.stderr, "");
    run.stdout
}

fn report(snapshot: &Path, arguments: &[&str]) -> Value {
    let text = scan(snapshot, &[&["-o", "json"], arguments].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn typed(snapshot: &Path, arguments: &[&str]) -> Report {
    let text = scan(snapshot, &[&["-o", "json"], arguments].concat());
    Report::from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The report without what differs from run to run, and from version to version.
fn comparable(text: &str) -> String {
    let comparable_line = |line: &str| {
        ["startedAt", "finishedAt", "version"]
            .iter()
            .find(|name| {
                let depth = if **name == "version" { 4 } else { 2 };
                line.strip_prefix(&" ".repeat(depth))
                    .is_some_and(|rest| rest.starts_with(&format!("\"{name}\": ")))
            })
            .map_or_else(|| line.to_owned(), |name| format!("  \"{name}\": …"))
    };
    text.lines().map(comparable_line).collect::<Vec<_>>().join("\n")
}

#[test]
fn as_text() {
    insta::assert_snapshot!("text", scan(&example(), &[]));
}

#[test]
fn as_text_with_what_is_in_sync() {
    insta::assert_snapshot!("text-all", scan(&example(), &["--all"]));
}

#[test]
fn as_json() {
    insta::assert_snapshot!("json", comparable(&scan(&example(), &["-o", "json"])));
}

#[test]
fn as_json_with_what_is_in_sync() {
    insta::assert_snapshot!(
        "json-all",
        comparable(&scan(&example(), &["-o", "json", "--all"]))
    );
}

#[test]
fn the_document_follows_the_schema() {
    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    for arguments in [&[][..], &["--all"]] {
        let document = report(&example(), arguments);
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn yaml_is_the_same_document() {
    let parse = |text: &str| -> Value {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let [yaml, mut json] = [
        parse(&scan(&example(), &["-o", "yaml", "--all"])),
        report(&example(), &["--all"]),
    ];
    for moment in ["startedAt", "finishedAt"] {
        json[moment] = yaml[moment].clone();
    }
    assert_eq!(yaml, json);
}

#[test]
fn a_table_has_a_line_for_each_release_and_nothing_else() {
    let table = scan(&example(), &["-o", "wide"]);
    insta::assert_snapshot!("wide", table);
    assert_eq!(table.lines().count(), 1 + typed(&example(), &[]).releases.len());
}

#[test]
fn a_summary_has_a_line_for_each_release_that_is_not_clean() {
    insta::assert_snapshot!("summary", scan(&example(), &["--summary"]));
}

#[test]
fn two_scans_say_the_same() {
    for arguments in [&[][..], &["--all"], &["-o", "json"], &["-o", "json", "--all"]] {
        let [first, second] = [(); 2].map(|()| comparable(&scan(&example(), arguments)));
        assert_eq!(first, second, "{arguments:?}");
    }
}

/// A new word of the report needs a place in the example: see `examples/regenerate`.
#[test]
fn every_word_of_the_report_occurs() {
    let report = typed(&example(), &["--all"]);
    let objects = || report.releases.iter().flat_map(|release| &release.objects);
    let codes: BTreeSet<FindingCode> = objects()
        .flat_map(|object| &object.findings)
        .map(|finding| finding.code)
        .collect();
    let states: BTreeSet<ObjectState> = objects()
        .map(|object| object.state)
        .chain(NOT_WITHOUT_RULES)
        .collect();
    let verdicts: BTreeSet<Verdict> = report.releases.iter().map(|release| release.verdict).collect();
    let health: BTreeSet<HealthCode> = report
        .releases
        .iter()
        .flat_map(|release| &release.health)
        .map(|health| health.code)
        .chain(NOT_IN_A_STILL_PICTURE)
        .chain(diagnosed())
        .collect();
    assert_eq!(codes, FindingCode::ALL.iter().copied().collect(), "finding codes");
    assert_eq!(states, ObjectState::ALL.iter().copied().collect(), "states");
    assert_eq!(verdicts, Verdict::ALL.iter().copied().collect(), "verdicts");
    assert_eq!(health, HealthCode::ALL.iter().copied().collect(), "health codes");
}

/// What the pages in `docs/diagnose` say of releases in trouble, and what the page of a release of the example does.
fn diagnosed() -> Vec<HealthCode> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnose");
    let pages = fs::read_dir(pages).unwrap().map(|page| page.unwrap().path());
    let texts = pages
        .map(|page| fs::read_to_string(page).unwrap())
        .collect::<String>();
    let snapshot = example().display().to_string();
    let storefront = Driftline::new(["diagnose", "storefront", "-n", "shop", "--snapshot", &snapshot]).run();
    let texts = texts + &storefront.stdout;
    let severities = ["  critical  ", "  warning  ", "  info  "];
    let entry = |line: &str| {
        let rest = severities
            .iter()
            .find_map(|severity| line.strip_prefix(severity))?;
        rest.split_once(':')?.0.parse().ok()
    };
    texts.lines().filter_map(entry).collect()
}

#[test]
fn no_secret_is_shown() {
    let index = fs::read_to_string(example().join("snapshot.json")).unwrap_or_default();
    assert!(
        index.contains("\"values\": \"kept\""),
        "else there is nothing to hide"
    );
    for arguments in [&["--all"][..], &["-o", "json", "--all"]] {
        let text = scan(&example(), arguments);
        // In clear and in base64.
        for secret in [
            "dummy-password",
            "dummy-token",
            "correct-horse",
            "ZHVtbXkt",
            "Y29ycmVjdC1ob3Jz",
        ] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// Applies the patch of every drifted object to the recorded one: what is left is what the patches leave out.
#[test]
fn patches_put_back_what_was_deployed() {
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&example(), copy.path());
    let before = typed(&example(), &[]);
    let drifted = |report: &Report| -> Vec<_> {
        let objects = report.releases.iter().flat_map(|release| release.objects.clone());
        objects
            .filter(|object| object.state == ObjectState::Drifted)
            .collect()
    };
    let mut patched = 0;
    for object in drifted(&before) {
        let (group, version) = object
            .api_version
            .split_once('/')
            .unwrap_or(("core", &object.api_version));
        let path = copy.path().join(format!(
            "objects/{group}/{version}/{}/{}/{}.json",
            object.kind,
            object.namespace.as_deref().unwrap_or("_cluster"),
            object.name
        ));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut live: Value = serde_json::from_str(&text).unwrap();
        let operations: json_patch::Patch = serde_json::from_value(Value::Array(object.patch.clone()))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        json_patch::patch(&mut live, &operations)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        fs::write(&path, live.to_string()).unwrap();
        patched += operations.0.len();
    }
    assert!(patched > 30, "{patched} operations");
    for object in drifted(&typed(copy.path(), &[])) {
        for finding in object.findings {
            assert!(
                finding.redacted || finding.severity == Severity::Info,
                "{} {}: {finding:?}",
                object.kind,
                object.name
            );
        }
    }
}

/// Coarser answers are no silent ones, in a replay neither; and they are no trouble.
#[test]
fn a_group_without_a_schema_is_noted() {
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&example(), copy.path());
    // The missing right of the example is another remark.
    let notes = |report: &Report| -> Vec<ReportNote> {
        let notes = report.notes.iter().filter(|note| note.scope != "rights");
        notes.cloned().collect()
    };
    assert_eq!(notes(&typed(copy.path(), &[])), []);
    fs::remove_file(copy.path().join("schemas/backup.example.com/v1.json")).unwrap();
    let index = copy.path().join("snapshot.json");
    let entry = r#""schemas": [{"apiVersion": "backup.example.com/v1", "outcome": "not-published"}]"#;
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace(r#""schemas": []"#, entry)).unwrap();
    let report = typed(copy.path(), &[]);
    let [note] = &notes(&report)[..] else {
        panic!("{:?}", report.notes)
    };
    assert_eq!(note.scope, "backup.example.com/v1");
    assert_eq!(
        note.message,
        "its objects are compared by generic rules: the API server publishes no schema of them"
    );
    assert!(
        scan(copy.path(), &[])
            .contains("note  backup.example.com/v1: its objects are compared by generic rules")
    );
}
