//! The command line as its users meet it: the binary, its exit status, and what it writes where.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::program::{Driftline, Ran, example};

const COMMANDS: [&str; 13] = [
    "scan",
    "diagnose",
    "show",
    "compare",
    "snapshot",
    "explain",
    "notify",
    "completions",
    "man",
    "version",
    "rights",
    "values",
    "merge",
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
fn every_command_has_its_manual_page() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("man/man1");
    let ran = run(&["man", "--dir", dir.to_str().unwrap()]);
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "", "")
    );
    for command in COMMANDS {
        let page = run(&["man", command]);
        assert_eq!((page.status, page.stderr.as_str()), (Some(0), ""), "{command}");
        assert!(
            page.stdout.contains(&format!(".TH driftline-{command} 1")),
            "{command}: {}",
            page.stdout
        );
        let written = fs::read_to_string(dir.join(format!("driftline-{command}.1"))).unwrap();
        assert_eq!(written, page.stdout, "{command}");
    }
    assert_eq!(
        fs::read_to_string(dir.join("driftline.1")).unwrap(),
        run(&["man"]).stdout
    );
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

/// What a table has no place for is told beside it, as kubectl does.
#[test]
fn a_table_keeps_errors_apart() {
    let ran = scan(&["-o", "wide", "--release", "nowhere"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(3), ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("error  selection: ") && ran.stderr.contains("nowhere"),
        "{}",
        ran.stderr
    );
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
        (vec!["scan", "-o", "yml"], vec!["'yml'", "text, json, wide, yaml"]),
        (
            vec!["diagnose", "web", "-o", "wide"],
            vec!["'wide'", "text, json, yaml"],
        ),
        (
            vec!["scan", "--summary", "-o", "json"],
            vec!["--summary", "-o json", "-o wide"],
        ),
        (vec!["scan", "--summary", "--all"], vec!["--summary", "--all"]),
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
        (
            vec!["scan", "--config", &pattern],
            vec!["pattern.yaml:2: `[`", "in redact.keys"],
        ),
        (
            vec!["notify", "--check", "--config", &slack],
            vec![
                "slack.yaml:2: notify.slack: the url_file slack-url",
                "No such file",
            ],
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
        (vec!["explain", "nothing"], vec!["`nothing`", "driftline explain"]),
        (
            vec!["list"],
            vec!["unrecognized subcommand 'list'", "tip: `driftline scan`"],
        ),
        (vec!["history", "web"], vec!["tip: `driftline diagnose RELEASE"]),
        (vec!["rollback", "web", "3"], vec!["driftline changes nothing"]),
        (vec!["-n", "shop", "scan"], vec!["option of `driftline scan`"]),
        (vec!["scan", "--watch"], vec!["'--watch'", "CronJob"]),
        (
            vec!["scan", "--timeout", "0"],
            vec!["--timeout", "every scan has a time limit"],
        ),
        (
            vec!["scan", "--request-timeout=0s"],
            vec!["--request-timeout", "every scan has a time limit"],
        ),
        (
            vec!["man", "nothing"],
            vec!["no command `nothing`", "scan, diagnose"],
        ),
        (
            vec!["scan", "--snapshot", "examples/drifted-shop/snapshot.json"],
            vec!["is a file", "pass the folder examples/drifted-shop"],
        ),
        (
            vec!["scan", "--output-file", "no/such/folder/drift.txt"],
            vec!["no/such/folder/drift.txt", "there is no folder no/such/folder"],
        ),
        (
            vec!["scan", "--output-file", "examples"],
            vec!["examples, which is a folder"],
        ),
        (
            vec!["diagnose", "web", "--output-file", "examples"],
            vec!["examples, which is a folder"],
        ),
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
    assert_eq!(ran.status, Some(1));
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
    let whole = scan(&[]).stdout;
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    assert_eq!(fs::read_to_string(&file).unwrap(), whole);
    assert_eq!(
        scan(&["--output-file", "-"]).stdout,
        whole,
        "`-` is standard output"
    );

    let nowhere = place.path().join("no/such/folder");
    let ran = scan(&["--output-file", nowhere.to_str().unwrap()]);
    assert_eq!(ran.status, Some(2), "a report that cannot be written is an error");
    assert!(ran.stderr.contains("no/such/folder"), "{}", ran.stderr);
}

/// Where the report is not read, standard error has its end; where it is, nothing is said twice.
#[test]
fn a_job_that_fails_says_why() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("report");
    let file = file.to_str().unwrap();
    let whole = scan(&[]).stdout;
    let answer = whole.lines().last().unwrap();
    let worst: Vec<&str> = whole.lines().take_while(|line| !line.is_empty()).collect();
    let end = format!("{}\n\n{answer}", worst.join("\n"));
    let to_file = ["--output-file", file];
    for (arguments, stderr) in [
        (&[][..], ""),
        (&to_file, &end),
        (&["-o", "json"], &end),
        (&["-o", "json", to_file[0], to_file[1]], &end),
        (&["-q", "-o", "json"], ""),
        (&["-q", to_file[0], to_file[1]], ""),
    ] {
        assert_eq!(scan(arguments).stderr.trim_end(), stderr, "{arguments:?}");
    }
    // Of a clean report a pipe says nothing, and what nobody reads is told.
    let clean = ["-n", "shop", "--release", "search"];
    assert_eq!(scan(&[&clean[..], &["-o", "json"]].concat()).stderr, "");
    assert!(
        scan(&[&clean[..], &to_file].concat())
            .stderr
            .starts_with("clean: 1 release")
    );

    let diagnose = |arguments: &[&str]| {
        let fixed = [
            "diagnose",
            "checkout",
            "-n",
            "payments",
            "--snapshot",
            "examples/drifted-shop",
        ];
        run(&[&fixed[..], arguments].concat())
    };
    let page = diagnose(&[]);
    assert_eq!((page.status, page.stderr.as_str()), (Some(1), ""));
    let ran = diagnose(&to_file);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    assert_eq!(fs::read_to_string(file).unwrap(), page.stdout);
    assert!(
        ran.stderr
            .starts_with("critical  payments/checkout: failed-upgrade: revision 2 failed"),
        "{}",
        ran.stderr
    );
    assert_eq!(diagnose(&["-o", "json"]).stderr, ran.stderr);
}

/// The variable is one for all commands, and not every command has every format.
#[test]
fn one_variable_for_the_format_breaks_no_command() {
    let diagnose = [
        "diagnose",
        "checkout",
        "-n",
        "payments",
        "--snapshot",
        "examples/drifted-shop",
    ];
    for format in driftline::report::Format::ALL {
        let environment = [("DRIFTLINE_OUTPUT", format.as_str())];
        let ran = run_with(&environment, &diagnose);
        assert_eq!(ran.status, Some(1), "{format}: {}", ran.stderr);
        assert_eq!(run_with(&environment, &["explain", "drift"]).status, Some(0));
    }
    let ran = run_with(&[("DRIFTLINE_OUTPUT", "json")], &diagnose);
    assert_eq!(json(&ran.stdout)["schema"], "driftline.report/v1");
    let ran = run_with(&[("DRIFTLINE_OUTPUT", "jsn")], &diagnose);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr
            .contains("DRIFTLINE_OUTPUT: `jsn` is not one of: text, json"),
        "{}",
        ran.stderr
    );
}

/// What kubectl and Helm users type without thinking.
/// Regression: an empty variable was taken for a value.
#[test]
fn an_empty_variable_counts_as_unset() {
    let example = example();
    let example = example.to_str().unwrap();
    for name in [
        "DRIFTLINE_NAMESPACES",
        "DRIFTLINE_TIMEOUT",
        "DRIFTLINE_OUTPUT",
        "DRIFTLINE_CONFIG",
        "DRIFTLINE_FAIL_ON",
        "DRIFTLINE_CONCURRENCY",
        "DRIFTLINE_EXIT_CODE_ON_DRIFT",
    ] {
        let ran = run_with(&[(name, "")], &["scan", "--snapshot", example, "-q"]);
        assert_eq!(ran.status, Some(1), "{name}: {}", ran.stderr);
    }
    let everywhere = ["scan", "-A", "--snapshot", example, "-q"];
    let ran = run_with(&[("DRIFTLINE_NAMESPACES", "shop")], &everywhere);
    assert_eq!(ran.stdout, run(&everywhere).stdout);
}

#[test]
fn habits_of_kubectl_and_helm_work() {
    let names = |arguments: &[&str]| {
        let snapshot = ["scan", "--snapshot", "examples/drifted-shop", "-ojson"];
        releases(&run(&[&snapshot[..], arguments].concat()).stdout)
    };
    assert_eq!(names(&["ledger"]), ["payments/ledger"]);
    assert_eq!(names(&["shop/search"]), ["shop/search"]);
    assert_eq!(names(&["ledger", "catalog"]), ["payments/ledger", "shop/catalog"]);
    assert_eq!(names(&["search", "-n", "shop"]), ["shop/search"]);
    let version = run(&["version"]);
    assert_eq!(
        (version.status, version.stdout),
        (Some(0), run(&["--version"]).stdout)
    );
    assert_eq!(
        run(&["completion", "bash"]).stdout,
        run(&["completions", "bash"]).stdout
    );
    for arguments in [
        ["scan", "--kube-context", "nowhere", "-A"],
        ["diagnose", "web", "--kube-context=nowhere", "-A"],
        ["diagnose", "web", "--context=nowhere", "--all-namespaces"],
    ] {
        let home = tempfile::tempdir().unwrap();
        let kube = home.path().join(".kube");
        fs::create_dir(&kube).unwrap();
        fs::write(
            kube.join("config"),
            "contexts: [{name: here, context: {cluster: c, user: u}}]",
        )
        .unwrap();
        let environment = [("HOME", home.path().to_str().unwrap())];
        let flag = ["--kubeconfig=~/.kube/config"];
        let ran = run_with(&environment, &[&arguments[..], &flag].concat());
        assert_eq!(ran.status, Some(2), "{arguments:?}");
        assert!(
            ran.stderr
                .contains("/.kube/config: it has no context `nowhere`; there are: here"),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
}

#[test]
fn the_exit_status_follows_from_the_report() {
    for (arguments, status) in [
        (&[][..], 1),
        (&["-o", "json"], 1),
        // Not everything of the example can be read, which is no drift.
        (&["--exit-code-on-drift", "0"], 3),
        (
            &["-n", "shop", "--release", "catalog", "--exit-code-on-drift", "0"],
            0,
        ),
        (
            &["-n", "shop", "--release", "catalog", "--exit-code-on-drift", "2"],
            2,
        ),
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
        "-q",
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
fn a_scan_of_a_snapshot_says_that_it_does_not_use_the_memory() {
    let state = ["--state", "file:/nowhere/state"];
    let ran = scan(&state);
    assert!(ran.stderr.contains("--state is not used"), "{}", ran.stderr);
    let ran = scan(&[&state[..], &["--fail-on", "new"]].concat());
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr
            .contains("pass --baseline REPORT.json; `state` remembers scans of the cluster"),
        "{}",
        ran.stderr
    );
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
    // Printed commands name the settings, because without them they would tell something else.
    let named = " --config=config/driftline.example.yaml";
    assert!(ran.stdout.contains(named), "{}", ran.stdout);
    assert_eq!(ran.stdout.replace(named, ""), scan(&[]).stdout);
}

/// A gate that is fed the dry run of another release would pass on it.
#[test]
fn the_dry_run_of_another_release_is_no_preview_of_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dry-run.json");
    let manifest = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: catalog-config}\n";
    let preview = |name: &str, namespace: &str, asked: &[&str]| {
        let dry_run = serde_json::json!({"name": name, "namespace": namespace, "manifest": manifest});
        fs::write(&file, dry_run.to_string()).unwrap();
        let file = file.display().to_string();
        let upgrade = ["preview", "upgrade", "-f", &file, "-o", "json"];
        let from = ["--snapshot", "examples/drifted-shop"];
        run(&[&upgrade[..], &from, asked].concat())
    };
    for (name, namespace) in [("storefront", "shop"), ("catalog", "bank")] {
        let ran = preview(name, namespace, &["catalog", "-n", "shop"]);
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        let told = format!("rendered for release {name} in namespace {namespace}, and not for catalog");
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
    let ran = preview("catalog", "shop", &["catalog"]);
    assert_eq!(releases(&ran.stdout), ["shop/catalog"]);
    // Manifests alone do not say of which release they are.
    fs::write(&file, manifest).unwrap();
    let file = file.display().to_string();
    let upgrade = ["preview", "upgrade", "-f", &file];
    let ran = run(&[&upgrade[..], &["*", "--snapshot", "examples/drifted-shop"]].concat());
    assert_eq!(ran.status, Some(2), "{}", ran.stdout);
    let told = "rendered for one release, and";
    assert!(
        ran.stdout.contains(told) || ran.stderr.contains(told),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}
