//! The documentation is true: README, explanations, architecture, and the example of the settings.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use driftline::explain;
use driftline::report::{Format, ReportKind};
use driftline::vocabulary::{FindingCode, HealthCode, ObjectState};
use serde_json::Value;

use crate::support::program::{Driftline, copy_tree, example};

const EXAMPLE: &str = "config/driftline.example.yaml";

fn read(file: &str) -> String {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn settings(text: &str) -> Value {
    let options = serde_saphyr::options! { emit_comments: false };
    serde_saphyr::from_str_with_options(text, options).unwrap_or_else(|error| panic!("{EXAMPLE}: {error}"))
}

#[test]
fn the_readme_has_the_message_of_every_code() {
    let findings = FindingCode::ALL.iter().map(|code| {
        let (message, severity) = (code.message(), code.default_severity());
        format!("| `{code}` | {message} | {severity} |")
    });
    let health = HealthCode::ALL
        .iter()
        .map(|code| format!("| `{code}` | {} |", code.message()));
    let states = ObjectState::ALL
        .iter()
        .map(|state| format!("| `{state}` | {} |", state.message()));
    let readme = read("README.md");
    for row in findings.chain(health).chain(states) {
        assert!(readme.lines().any(|line| line == row), "README.md lacks {row}");
    }
}

/// Every example of `driftline explain` is a line that the program printed: in a scan of the example, in the pages of
/// `docs/diagnose`, in a diagnosis of a release of the example, or in a scan of the example with ignore rules or with a release that changes meanwhile.
#[test]
fn explanations_show_what_the_program_prints() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let outputs = [
        scan(&["--snapshot", "examples/drifted-shop"]),
        diagnoses(),
        driftline(&[
            "diagnose",
            "storefront",
            "-n",
            "shop",
            "--snapshot",
            "examples/drifted-shop",
        ]),
        scan_with_ignore_rules(folder.path()),
        scan_of_a_release_that_changes(folder.path()),
    ];
    let (mut examples, mut without) = (Vec::new(), Vec::new());
    for explanation in explain::all() {
        let example = outputs.iter().find_map(|output| {
            let lines = output.lines().filter(|line| explanation.is_in(line));
            // Without the blanks that align its columns. The shortest line is the easiest to read.
            let columns = lines.map(|line| {
                let columns = line
                    .split("  ")
                    .map(str::trim)
                    .filter(|column| !column.is_empty());
                columns.collect::<Vec<_>>().join("  ")
            });
            columns.min_by_key(String::len)
        });
        match example {
            Some(example) => examples.push(example),
            None => without.push(format!("{} ({})", explanation.code, explanation.kind)),
        }
    }
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("examples", examples.join("\n"));
    });
    assert!(without.is_empty(), "no output has {}", without.join(", "));
}

/// The pages of `docs/diagnose`, which the testbed writes.
fn diagnoses() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diagnose");
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut pages: Vec<_> = files.flatten().map(|file| file.path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    pages.sort();
    let pages = pages.iter().map(fs::read_to_string);
    pages
        .map(|page| page.unwrap_or_else(|error| panic!("{folder}: {error}")))
        .collect()
}

fn scan_with_ignore_rules(folder: &Path) -> String {
    let config = folder.join("driftline.yaml");
    let rules = "ignore: [{kind: PodDisruptionBudget, namespace: shop, reason: made by the platform team}]";
    fs::write(&config, rules).unwrap_or_else(|error| panic!("{error}"));
    let config = config.to_string_lossy();
    scan(&["--snapshot", "examples/drifted-shop", "--config", &config])
}

/// A scan lists the revisions again at its end. In this copy of the example, the second list is another one.
fn scan_of_a_release_that_changes(folder: &Path) -> String {
    let copy = folder.join("snapshot");
    copy_tree(&example(), &copy);
    let index = read("examples/drifted-shop/snapshot.json");
    let mut index: Value = serde_json::from_str(&index).unwrap_or_else(|error| panic!("{error}"));
    let mut list = index["listings"][0].clone();
    // The newest revision of the first release.
    list["answer"]["given"]["revisions"][1]["status"] = "superseded".into();
    index["listings"]
        .as_array_mut()
        .into_iter()
        .for_each(|lists| lists.push(list.clone()));
    fs::write(copy.join("snapshot.json"), index.to_string()).unwrap_or_else(|error| panic!("{error}"));
    scan(&["--snapshot", &copy.to_string_lossy()])
}

fn scan(arguments: &[&str]) -> String {
    driftline(&[&["scan", "--all"], arguments].concat())
}

/// What the program prints when it finds drift.
fn driftline(arguments: &[&str]) -> String {
    let run = Driftline::new(arguments).run();
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    run.stdout
}

#[test]
fn every_invariant_is_held_by_a_test_that_exists() {
    let document = read("docs/architecture.md");
    let (map, invariants) = document.split_once("## Invariants").unwrap_or_default();
    let mut invariants = invariants.split("\n- **");
    let others = [map, invariants.next().unwrap_or_default()];
    let invariants: Vec<&str> = invariants.collect();
    assert!(invariants.len() > 10, "{} invariants", invariants.len());
    for section in others.iter().chain(&invariants) {
        names_tests_that_exist("docs/architecture.md", section);
    }
}

#[test]
fn every_promise_is_held_by_a_test_that_exists() {
    let document = read("docs/security.md");
    let section = document
        .split("\n## ")
        .find(|section| section.starts_with("What is promised"));
    let promises: Vec<&str> = section.unwrap_or_default().split("\n- **").collect();
    assert!(promises.len() > 8, "{} promises", promises.len());
    for promise in promises {
        names_tests_that_exist("docs/security.md", promise);
    }
}

/// A section names the tests that hold what it says as "`test` in `file`".
fn names_tests_that_exist(document: &str, section: &str) {
    // Every second piece stands between backticks.
    let pieces: Vec<&str> = section.split('`').collect();
    let mut tests = pieces
        .windows(3)
        .filter(|pieces| pieces[1].trim() == "in")
        .peekable();
    assert!(tests.peek().is_some(), "{document} names no test here: {section}");
    for pieces in tests {
        let (test, file) = (pieces[0], pieces[2]);
        let found = read(file).contains(&format!("fn {test}("));
        assert!(found, "{document} names {test} in {file}, where it is not");
    }
}

/// A row of the tables of limits has the name of a constant or of a field, its value and its file, each between backticks.
#[test]
fn every_limit_has_the_value_that_the_documentation_names() {
    let document = read("docs/security.md");
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split('`').collect()).collect();
    assert!(rows.len() > 40, "{} limits", rows.len());
    for row in rows {
        let [_, name, _, value, _, file, ..] = row[..] else {
            panic!("docs/security.md has a row of another form: {row:?}")
        };
        let code = read(file);
        let is_named = |line: &str| {
            let is_constant =
                line.contains(&format!("const {name}: ")) && line.ends_with(&format!(" = {value};"));
            is_constant || line.trim() == format!("{name}: {value},")
        };
        assert!(
            code.lines().any(is_named),
            "docs/security.md says that {name} in {file} is {value}"
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

/// A line without the `#` that hides a setting; `#` and one blank begin an explanation.
fn hidden(line: &str) -> Option<String> {
    let at = line.len() - line.trim_start().len();
    let rest = line[at..].strip_prefix('#')?;
    let is_setting = rest.starts_with("  ") || !rest.is_empty() && !rest.starts_with(' ');
    is_setting.then(|| format!("{}{rest}", &line[..at]))
}

/// Every file with this ending below a folder.
fn files_below(folder: &Path, ending: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, ending, files);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            files.push(path.to_str().unwrap().to_owned());
        }
    }
}

/// In every file that an operator edits, taking one character away from a line turns a comment into YAML: each block of
/// lines alone and all of them together. `src/app/settings/file.rs` tests that the settings among them are right.
#[test]
fn what_is_commented_out_is_yaml_each_block_alone_and_all_together() {
    let mut files = Vec::new();
    for folder in ["config", "deploy"] {
        files_below(&crate::support::program::root().join(folder), "yaml", &mut files);
    }
    assert!(files.len() > 20, "{files:?}");
    let mut blocks = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let check = |is_shown: &dyn Fn(usize) -> bool| {
            let lines = lines.iter().enumerate().map(|(number, line)| match hidden(line) {
                Some(setting) if is_shown(number) => setting,
                Some(_) | None => (*line).to_owned(),
            });
            let text = lines.collect::<Vec<_>>().join("\n");
            let options = serde_saphyr::options! { emit_comments: false };
            serde_saphyr::from_multiple_with_options::<Value>(&text, options)
                .unwrap_or_else(|error| panic!("{file}: {error}\n{text}"));
        };
        check(&|_| false);
        check(&|_| true);
        let is_hidden = |at: usize| lines.get(at).is_some_and(|line| hidden(line).is_some());
        for first in (0..lines.len()).filter(|at| is_hidden(*at) && (*at == 0 || !is_hidden(at - 1))) {
            let end = (first..lines.len()).find(|at| !is_hidden(*at));
            let end = end.unwrap_or(lines.len());
            check(&|number| (first..end).contains(&number));
            blocks += 1;
        }
    }
    assert!(blocks > 6, "{blocks}");
}

/// A variable of the environment that the sources name is in the README's table.
#[test]
fn the_readme_lists_every_variable_of_the_environment() {
    let readme = read("README.md");
    let table = readme.split_once("| environment variable |").unwrap().1;
    let table = table.split_once("\n\n").unwrap().0;
    let mut sources = Vec::new();
    files_below(&crate::support::program::root().join("src"), "rs", &mut sources);
    let is_part = |character: char| character.is_ascii_uppercase() || character == '_';
    let mut found = std::collections::BTreeSet::new();
    for source in sources {
        let text = fs::read_to_string(source).unwrap();
        for quoted in text.split('"').filter(|text| text.chars().all(is_part)) {
            if quoted.starts_with("DRIFTLINE_") {
                found.insert(quoted.to_owned());
            }
        }
    }
    assert!(found.len() > 10, "{found:?}");
    let known = [
        "KUBECONFIG",
        "HELM_DRIVER",
        "NO_COLOR",
        "HTTPS_PROXY",
        "GITLAB_CI",
    ]
    .map(str::to_owned);
    for name in found.iter().chain(&known) {
        assert!(table.contains(&format!("`{name}`")), "README.md lacks {name}");
    }
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
    let printed = driftline(&command);
    assert_is_shortened(&shown, &printed);
}

/// The command lines of the README are understood: all of them as far as their help, and against the recorded cluster those
/// that can be asked of one.
#[test]
fn the_program_takes_the_command_lines_of_the_readme() {
    let lines = command_lines(&read("README.md"));
    assert!(lines.len() > 25, "{lines:#?}");
    let mut answered = 0;
    for words in &lines {
        let line = words.join(" ");
        let help = [&words[..], &["--help".to_owned()]].concat();
        let ran = Driftline::new(help).run();
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{line}");
        let asks_a_cluster = ["--context", "--confirm", "-l", "--snapshot", "--baseline"];
        let is_of_a_snapshot = match &words[0][..] {
            "scan" | "diagnose" => true,
            "preview" => words[1] == "rollback",
            _ => false,
        };
        if !is_of_a_snapshot || words.iter().any(|word| asks_a_cluster.contains(&word.as_str())) {
            continue;
        }
        let snapshot = ["--snapshot", "examples/drifted-shop"].map(str::to_owned);
        let ran = Driftline::new([&words[..], &snapshot].concat()).run();
        // Not every name of the README is in the example, which gives 3.
        assert!(matches!(ran.status, Some(0 | 1 | 3)), "{line}: {}", ran.stderr);
        assert!(!ran.stdout.is_empty(), "{line}");
        answered += 1;
    }
    assert!(answered > 12, "{answered} of {lines:#?}");
}

/// The arguments of each command line of driftline in the shell blocks of a document.
fn command_lines(document: &str) -> Vec<Vec<String>> {
    let blocks = document.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    let lines = lines.filter_map(|line| {
        let line = line.split(" #").next()?.split(" > ").next()?;
        let of_driftline = line.rsplit("| ").next()?.strip_prefix("driftline ")?;
        shlex::split(of_driftline)
    });
    lines.collect()
}

/// The same of the preview that it shows.
#[test]
fn the_readme_shows_a_preview_as_it_is_printed() {
    let readme = read("README.md");
    let (command, rest) = readme
        .split_once("<!-- example preview: ")
        .and_then(|(_, rest)| rest.split_once(" -->\n```text\n"))
        .unwrap_or_default();
    let shown: Vec<&str> = rest.split_once("```").unwrap_or_default().0.lines().collect();
    let printed = driftline(&command.split(' ').collect::<Vec<_>>());
    assert!(shown.len() > 10, "{shown:?}");
    assert_is_shortened(&shown, &printed);
}

/// What is shown is printed, in the same order and up to the last line; lines of `…` stand for what is left out.
fn assert_is_shortened(shown: &[&str], printed: &str) {
    let mut rest = printed.lines();
    for line in shown.iter().filter(|line| line.trim() != "…") {
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

/// The page of all words is what the program makes; with `INSTA_UPDATE=always` it is written anew.
#[test]
fn the_page_of_codes_is_what_the_program_prints() {
    let mut page = Vec::new();
    explain::pages::page(explain::pages::PageFormat::Markdown, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let file = crate::support::program::root().join("docs/codes/README.md");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&file, &page).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    let differs = page.lines().zip(written.lines()).find(|(new, old)| new != old);
    assert_eq!(differs, None, "docs/codes/README.md is not current");
    assert_eq!(
        page.lines().count(),
        written.lines().count(),
        "docs/codes/README.md is not current"
    );
}

/// Links of the documents to the page of all words lead to a word.
#[test]
fn links_to_codes_lead_to_one() {
    let page = read("docs/codes/README.md");
    let mut links = 0;
    for document in ["README.md", "docs/report.md"] {
        let document = read(document);
        for link in document.split("codes/README.md#").skip(1) {
            let anchor = link.split(')').next().unwrap_or_default();
            assert!(page.contains(&format!("<a id=\"{anchor}\">")), "{anchor}");
            links += 1;
        }
    }
    assert!(links > 5, "{links}");
}

/// The report that `docs/report.md` shows is the example of the schema.
#[test]
fn the_report_that_is_shown_is_the_example_of_the_schema() {
    let document = read("docs/report.md");
    let shown = document.split_once("```json\n").unwrap().1;
    let shown: Value = serde_json::from_str(shown.split_once("```").unwrap().0).unwrap();
    let schema: Value = serde_json::from_str(&read("src/report/schema.json")).unwrap();
    assert_eq!(shown, schema["examples"][0]);
}

/// The formats of the report of a scan, with the files that `docs/examples` has of each.
const EXAMPLES: [(&str, &str); 10] = [
    ("html", "report.html"),
    ("text", "report.txt"),
    ("wide", "report.wide.txt"),
    ("yaml", "report.yaml"),
    ("markdown", "report.md"),
    ("sarif", "report.sarif"),
    ("junit", "report.junit.xml"),
    ("gitlab", "report.gitlab.json"),
    ("github", "report.github.txt"),
    ("json", "report.json"),
];

/// The report of the example in every format is what the program prints; with `INSTA_UPDATE=always` it is written anew.
#[test]
fn the_examples_of_every_format_are_current() {
    let formats = Format::of(ReportKind::Scan).map(Format::as_str);
    let shown = EXAMPLES.iter().map(|(format, _)| *format);
    assert_eq!(
        formats.collect::<BTreeSet<_>>(),
        shown.collect::<BTreeSet<_>>(),
        "a format has no example"
    );
    let folder = crate::support::program::root().join("docs/examples");
    let is_update = std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always");
    let report = folder.join("report.json");
    // The scan has its own times, and its ages follow from them: those of the examples are fixed.
    let mut fresh = driftline(&["scan", "--snapshot", "examples/drifted-shop", "-o", "json"]);
    for field in ["startedAt", "finishedAt"] {
        let (before, rest) = fresh.split_once(&format!("\"{field}\": \"")).unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        fresh = format!("{before}\"{field}\": \"2026-11-20T06:00:00Z\"{after}");
    }
    if is_update {
        fs::write(&report, &fresh).unwrap();
    }
    let mut differing = Vec::new();
    if fs::read_to_string(&report).unwrap_or_default() != fresh {
        differing.push("report.json");
    }
    for (format, file) in EXAMPLES {
        let printed = Driftline::new(["show", "docs/examples/report.json", "-o", format]).run();
        assert_eq!(printed.status, Some(0), "{}", printed.stderr);
        let printed = printed.stdout;
        let file_path = folder.join(file);
        if is_update {
            fs::write(&file_path, &printed).unwrap();
        }
        if fs::read_to_string(&file_path).unwrap_or_default() != printed {
            differing.push(file);
        }
    }
    assert!(
        differing.is_empty(),
        "docs/examples is not current: {differing:?}"
    );
}
