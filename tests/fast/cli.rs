//! The command line as its users meet it: the binary, its exit status, and what it writes where.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::program::{Driftline, Ran, example};

const COMMANDS: [&str; 8] = [
    "scan",
    "diagnose",
    "snapshot",
    "explain",
    "notify",
    "completions",
    "man",
    "rights",
];

/// Runs driftline with nothing in its environment but what is given.
fn run_with(environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
    Driftline::new(arguments).envs(environment).run()
}

fn run(arguments: &[&str]) -> Ran {
    run_with(&[], arguments)
}

/// A scan of the example.
fn scan(arguments: &[&str]) -> Ran {
    run(&[&["scan", "--snapshot", "examples/drifted-shop"], arguments].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// `namespace/name` of every release in a report.
fn releases(text: &str) -> Vec<String> {
    json(text)["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| {
            format!(
                "{}/{}",
                release["namespace"].as_str().unwrap(),
                release["name"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn the_help_of_every_command() {
    let mut pages = Vec::new();
    for command in [None].into_iter().chain(COMMANDS.map(Some)) {
        let arguments: Vec<&str> = command.into_iter().chain(["--help"]).collect();
        let ran = run(&arguments);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{command:?}");
        pages.push(format!("$ driftline {}\n{}", arguments.join(" "), ran.stdout));
    }
    insta::assert_snapshot!("help", pages.join("\n\n"));
}

#[test]
fn the_help_names_every_command() {
    let help = run(&["--help"]).stdout;
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
    }
    assert!(run(&["--version"]).stdout.starts_with("driftline "));
}

#[test]
fn explain_knows_every_word_it_lists() {
    let listed = run(&["explain"]);
    assert_eq!(listed.status, Some(0));
    let names: Vec<&str> = listed.stdout.lines().collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let ran = run(&["explain", name]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{name}");
        assert!(ran.stdout.starts_with(name), "{name}: {}", ran.stdout);
        assert!(ran.stdout.lines().count() > 5, "{name}: {}", ran.stdout);
    }
    let unknown = run(&["explain", "drifting"]);
    assert_eq!((unknown.status, unknown.stdout.as_str()), (Some(2), ""));
    assert!(
        unknown.stderr.contains("`drifting`") && unknown.stderr.contains("half-upgraded"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn completions_know_commands_and_flags() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = run(&["completions", shell]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in COMMANDS.iter().chain(&["exit-code-on-drift", "redact"]) {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_manual_page_is_one() {
    let page = run(&["man"]);
    assert_eq!((page.status, page.stderr.as_str()), (Some(0), ""));
    for part in [
        ".TH driftline 1",
        ".SH NAME",
        ".SH SYNOPSIS",
        ".SH OPTIONS",
        "driftline\\-scan",
    ] {
        assert!(page.stdout.contains(part), "{part}: {}", page.stdout);
    }
}

/// Arguments → what the message has to name. All of them end with status 2 and print no report.
#[test]
fn mistakes_are_named() {
    let place = tempfile::tempdir().unwrap();
    let full = place.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("notes"), "mine").unwrap();
    let newer = place.path().join("newer");
    fs::create_dir(&newer).unwrap();
    fs::write(
        newer.join("snapshot.json"),
        r#"{"format": "driftline.snapshot/v2"}"#,
    )
    .unwrap();
    let settings = place.path().join("settings.yaml");
    fs::write(&settings, "scan:\n  timeout: 10m\n  tiemout: 5m\n").unwrap();
    let pattern = place.path().join("pattern.yaml");
    fs::write(&pattern, "redact:\n  keys: ['[']\n").unwrap();
    let slack = place.path().join("slack.yaml");
    fs::write(&slack, "notify:\n  slack: {url_file: slack-url}\n").unwrap();
    let kubeconfig = place.path().join("kubeconfig");
    fs::write(
        &kubeconfig,
        "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: \
         [{name: u, user: {}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n",
    )
    .unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (pattern, slack) = (path(&pattern), path(&slack));
    let (full, newer, settings, kubeconfig) = (path(&full), path(&newer), path(&settings), path(&kubeconfig));
    let rows: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (vec![], vec!["Usage: driftline"]),
        (vec!["scam"], vec!["'scam'", "'scan'"]),
        (
            vec!["scan", "--namespaces", "x"],
            vec!["'--namespaces'", "'--namespace'"],
        ),
        (vec!["scan", "-o", "yaml"], vec!["'yaml'", "text, json"]),
        (vec!["scan", "--timeout", "soon"], vec!["'soon'", "--timeout"]),
        (
            vec!["scan", "--concurrency", "0"],
            vec!["--concurrency", "1..=64"],
        ),
        (
            vec!["scan", "--exit-code-on-drift", "256"],
            vec!["--exit-code-on-drift", "256"],
        ),
        (vec!["scan", "-v", "-q"], vec!["--verbose", "--quiet"]),
        (
            vec!["scan", "-A", "-n", "x"],
            vec!["--all-namespaces", "--namespace"],
        ),
        (
            vec!["scan", "--snapshot", "x", "--context", "y"],
            vec!["--snapshot", "--context"],
        ),
        (
            vec!["scan", "--snapshot", "x", "--kubeconfig", "y"],
            vec!["--snapshot", "--kubeconfig"],
        ),
        (
            vec!["scan", "--snapshot", "x", "-l", "a=b"],
            vec!["--snapshot", "--selector"],
        ),
        (
            vec!["scan", "--snapshot", "x", "--in-cluster"],
            vec!["--snapshot", "--in-cluster"],
        ),
        (
            vec!["scan", "--snapshot", "nowhere"],
            vec!["no snapshot at nowhere"],
        ),
        (
            vec!["scan", "--snapshot", &full],
            vec!["incomplete snapshot", "snapshot.json"],
        ),
        (
            vec!["scan", "--snapshot", &newer],
            vec!["driftline.snapshot/v2", "reads driftline.snapshot/v1"],
        ),
        (vec!["scan", "--config", &pattern], vec!["redact.keys", "`[`"]),
        (
            vec!["notify", "--check", "--config", &slack],
            vec!["url_file slack-url", "No such file"],
        ),
        (
            vec!["scan", "--config", "nowhere.yaml"],
            vec!["nowhere.yaml", "cannot be read"],
        ),
        (
            vec!["scan", "--config", &settings],
            vec!["settings.yaml:3", "tiemout", "timeout"],
        ),
        (vec!["scan", "--kubeconfig", "nowhere"], vec!["nowhere"]),
        (
            vec!["scan", "--kubeconfig", &kubeconfig, "--context", "y"],
            vec!["no context `y`", "x"],
        ),
        (vec!["snapshot"], vec!["--output <PATH>"]),
        (
            vec!["snapshot", "--kubeconfig", &kubeconfig, "-o", &full],
            vec!["is not an empty directory"],
        ),
        (vec!["notify"], vec!["--check"]),
        (
            vec!["notify", "--check"],
            vec!["no notifications are configured", "--config"],
        ),
        (vec!["completions", "tcsh"], vec!["'tcsh'", "bash"]),
        (vec!["explain", "nothing"], vec!["`nothing`"]),
    ];
    for (arguments, named) in rows {
        let ran = run(&arguments);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {}",
            ran.stderr
        );
        for word in named {
            assert!(
                ran.stderr.contains(word),
                "{arguments:?} does not name {word}: {}",
                ran.stderr
            );
        }
        // An error and its cause are printed once each.
        let mut parts: Vec<&str> = ran.stderr.trim().split(": ").collect();
        let count = parts.len();
        parts.sort_unstable();
        parts.dedup();
        assert_eq!(
            parts.len(),
            count,
            "{arguments:?} says something twice: {}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("panicked"), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(
        fs::read_dir(place.path().join("full")).unwrap().count(),
        1,
        "nothing was added to it"
    );
}

#[test]
fn json_is_all_there_is_on_standard_output() {
    let ran = scan(&["-o", "json"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""));
    let report = json(&ran.stdout);
    assert_eq!(report["schema"], "driftline.report/v1");
    assert_eq!(report["outcome"], "drift");
    assert_eq!(report["cluster"]["name"], "demo");
}

#[test]
fn a_report_can_go_to_a_file() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("drift.txt");
    let ran = scan(&["--output-file", file.to_str().unwrap()]);
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(1), "", "")
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), scan(&[]).stdout);

    let nowhere = place.path().join("no/such/folder");
    let ran = scan(&["--output-file", nowhere.to_str().unwrap()]);
    assert_eq!(ran.status, Some(2), "a report that cannot be written is an error");
    assert!(ran.stderr.contains("no/such/folder"), "{}", ran.stderr);
}

#[test]
fn the_exit_status_follows_from_the_report() {
    for (arguments, status) in [
        (&[][..], 1),
        (&["-o", "json"], 1),
        (&["--exit-code-on-drift", "0"], 0),
        (&["--exit-code-on-drift", "20"], 20),
        (&["-n", "shop", "--release", "search"], 0),
        (&["-n", "sandbox"], 3),
        // The status of drift stands for nothing else.
        (&["-n", "sandbox", "--exit-code-on-drift", "0"], 3),
        (&["--release", "nobody"], 3),
    ] {
        let ran = scan(arguments);
        assert_eq!(
            ran.status,
            Some(status),
            "{arguments:?}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
    let snapshot = example();
    let by_environment = run_with(
        &[("DRIFTLINE_EXIT_CODE_ON_DRIFT", "7")],
        &["scan", "--snapshot", snapshot.to_str().unwrap()],
    );
    assert_eq!(by_environment.status, Some(7));
}

#[test]
fn colour_is_for_those_who_ask() {
    let coloured = |environment: &[(&str, &str)], arguments: &[&str]| {
        let all = [&["scan", "--snapshot", "examples/drifted-shop"], arguments].concat();
        run_with(environment, &all).stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[("TERM", "xterm")], &[]), "a pipe is no terminal");
    assert!(coloured(&[], &["--color", "always"]));
    assert!(
        coloured(&[("NO_COLOR", "1")], &["--color", "always"]),
        "the flag was meant"
    );
    assert!(!coloured(&[("TERM", "xterm")], &["--color", "never"]));
    assert!(
        !coloured(&[], &["-o", "json", "--color", "always"]),
        "JSON has no colours"
    );
}

#[test]
fn a_reader_may_leave_early() {
    let command = Driftline::new([
        "scan",
        "--snapshot",
        "examples/drifted-shop",
        "--all",
        "-o",
        "json",
    ]);
    let mut running = command.start();
    // As `head -c 2` does: a few bytes, then nobody is there.
    let first = running.hang_up_after(2);
    let run = running.finish();
    assert_eq!((first.as_str(), run.stderr.as_str()), ("{\n", ""));
    assert_eq!(run.status, Some(1), "what was found counts all the same");
}

#[test]
fn a_scan_of_a_snapshot_can_be_narrowed() {
    let names = |arguments: &[&str]| releases(&scan(&[&["-o", "json"], arguments].concat()).stdout);
    assert_eq!(
        names(&["-n", "shop"]),
        ["shop/catalog", "shop/search", "shop/storefront"]
    );
    assert_eq!(names(&["--release", "ledger"]), ["payments/ledger"]);
    assert_eq!(
        names(&[
            "-n",
            "payments,shop",
            "--release",
            "ledger",
            "--release",
            "catalog"
        ]),
        ["payments/ledger", "shop/catalog"]
    );
    assert_eq!(names(&["-n", "shop", "--release", "ledger"]), [""; 0]);
    assert_eq!(names(&["-n", "nowhere"]), [""; 0]);
}

#[test]
fn a_snapshot_takes_the_name_that_is_given_to_its_cluster() {
    let ran = scan(&["-o", "json", "--cluster-name", "after the incident"]);
    assert_eq!(json(&ran.stdout)["cluster"]["name"], "after the incident");
}

#[test]
fn log_lines_go_to_standard_error_and_can_be_json() {
    let quiet = scan(&[]);
    let ran = scan(&["-v"]);
    assert_eq!(ran.stdout, quiet.stdout);
    assert!(ran.stderr.contains("stage"), "{}", ran.stderr);

    let ran = scan(&["-v", "--log-format", "json"]);
    let lines: Vec<Value> = ran.stderr.lines().map(json).collect();
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| line["level"] == "INFO"), "{lines:?}");
}

#[test]
fn the_example_settings_change_nothing() {
    let ran = scan(&["--config", "config/driftline.example.yaml"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""));
    assert_eq!(ran.stdout, scan(&[]).stdout);
}

/// A warning that a namespace holds no releases is only for one that does not.
#[test]
fn an_empty_namespace_is_told_from_one_without_the_release() {
    let warning = "there are no releases in namespace";
    let of = |arguments: &[&str]| scan(arguments).stderr;
    assert!(of(&["-n", "nowhere"]).contains(warning));
    assert!(!of(&["-n", "shop", "--release", "storefrnt"]).contains(warning));
    assert!(!of(&["-n", "shop"]).contains(warning));
}
