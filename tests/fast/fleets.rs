//! Shards and several clusters: what the program says of a share, and what `merge` makes of their reports.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::{Driftline, Ran};

const SHARDS: usize = 4;

fn run(arguments: &[&str]) -> Ran {
    Driftline::new(arguments).run()
}

fn scan(arguments: &[&str]) -> Ran {
    run(&[
        &[
            "scan",
            "--snapshot",
            "examples/drifted-shop",
            "-o",
            "json",
            "--orphans",
        ],
        arguments,
    ]
    .concat())
}

/// A folder with the reports of all shards.
struct Shards {
    folder: TempDir,
    statuses: Vec<Option<i32>>,
}

impl Shards {
    fn scan(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let statuses = (0..SHARDS).map(|index| {
            let shard = format!("--shard={index}/{SHARDS}");
            let ran = scan(&[&[shard.as_str()], arguments].concat());
            std::fs::write(folder.path().join(format!("{index}.json")), &ran.stdout).unwrap();
            ran.status
        });
        let statuses = statuses.collect();
        Self { folder, statuses }
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("{index}.json"))
    }

    fn merge(&self, indices: &[usize], arguments: &[&str]) -> Ran {
        let paths: Vec<String> = indices
            .iter()
            .map(|index| self.path(*index).display().to_string())
            .collect();
        let paths = paths.iter().map(String::as_str);
        run(&["merge"]
            .into_iter()
            .chain(paths)
            .chain(arguments.iter().copied())
            .collect::<Vec<_>>())
    }
}

/// A report without the times of the scan.
fn timeless(text: &str) -> String {
    let is_time = |line: &&str| line.starts_with("  \"startedAt\"") || line.starts_with("  \"finishedAt\"");
    text.split_inclusive('\n').filter(|line| !is_time(line)).collect()
}

#[test]
fn all_shards_of_the_example_are_its_report_byte_for_byte() {
    for arguments in [&[][..], &["--all"], &["--values"]] {
        let whole = scan(arguments);
        let shards = Shards::scan(arguments);
        let all = if arguments.contains(&"--all") {
            &["--all"][..]
        } else {
            &[]
        };
        let merged = shards.merge(&[2, 0, 3, 1], &[&["-o", "json"], all].concat());
        assert_eq!(
            timeless(&merged.stdout),
            timeless(&whole.stdout),
            "{arguments:?}: {}",
            merged.stderr
        );
        assert_eq!(merged.status, whole.status);
        let is_about_values = arguments.contains(&"--values");
        assert_eq!(merged.stdout.contains("\"noValues\""), is_about_values);
        // No shard has everything.
        let largest = (0..SHARDS).map(|index| releases(&shards.path(index))).max();
        assert!(largest < Some(12) && largest > Some(0), "{largest:?}");
        assert!(shards.statuses.contains(&Some(1)), "{:?}", shards.statuses);
    }
}

fn releases(path: &Path) -> usize {
    let report: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    report["releases"].as_array().unwrap().len()
}

#[test]
fn a_merged_report_has_every_format_and_an_exit_status() {
    let shards = Shards::scan(&[]);
    let all = [0, 1, 2, 3];
    for (format, says) in [
        ("text", "(cluster demo)"),
        ("wide", "storefront"),
        ("yaml", "schema: driftline.report/v1"),
        ("html", "<!doctype html>"),
        ("markdown", "Cluster `demo`"),
        ("sarif", "\"2.1.0\""),
        ("junit", "<testsuites"),
        ("gitlab", "\"check_name\""),
        ("github", "::error"),
    ] {
        let ran = shards.merge(&all, &["-o", format]);
        assert!(ran.stdout.contains(says), "{format}: {}", ran.stdout);
        assert_eq!(ran.status, Some(1), "{format}: {}", ran.stderr);
    }
    let ran = shards.merge(&all, &["--exit-code-on-drift=0"]);
    assert_eq!(ran.status, Some(3), "what could not be read: {}", ran.stderr);
    let ran = shards.merge(&all, &["--fail-on=new"]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("needs reports that say what is new"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_merge_that_is_not_whole_says_so() {
    let shards = Shards::scan(&[]);
    let ran = shards.merge(&[0, 1, 3], &[]);
    assert!(
        ran.stdout
            .contains("there is no report of shard 2/4 of the cluster demo"),
        "{}",
        ran.stdout
    );
    let ran = shards.merge(&[0, 9], &[]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no such file"), "{}", ran.stderr);
    // One that was cut off is not passed over: what it had may be in no other.
    let text = |index| std::fs::read_to_string(shards.path(index)).unwrap();
    let cut = text(2)
        .lines()
        .take(60)
        .fold(String::new(), |cut, line| cut + line + "\n");
    std::fs::write(shards.path(7), cut + &text(3)).unwrap();
    let ran = shards.merge(&[0, 1, 2, 7], &[]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("7.json cannot be used: report 1 of the 2 in it is cut off"),
        "{}",
        ran.stderr
    );
    let over = format!("json={}", shards.path(3).display());
    let ran = shards.merge(&[0, 1, 2, 3], &["-o", &over]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("would write over it"), "{}", ran.stderr);
    let ran = run(&["merge", "-", "-"]);
    assert!(
        ran.stderr.contains("standard input is given twice"),
        "{}",
        ran.stderr
    );
    assert_eq!(run(&["merge"]).status, Some(2));
}

/// A report can come from anywhere.
#[test]
fn reports_of_any_origin_do_no_harm() {
    let shards = Shards::scan(&[]);
    let original = std::fs::read_to_string(shards.path(1)).unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut report = serde_json::from_str(&original).unwrap();
        change(&mut report);
        std::fs::write(shards.path(1), serde_json::to_string(&report).unwrap()).unwrap();
        shards.merge(&[0, 1, 2, 3], &[])
    };
    let stopped = with(&|report| {
        report["stopped"] = "deadline".into();
        report["outcome"] = "error".into();
    });
    assert_eq!(stopped.status, Some(2), "{}", stopped.stdout);
    let older = with(&|report| report["tool"]["version"] = "0.0.1\u{1b}[31m".into());
    assert_eq!(older.status, Some(1), "{}", older.stderr);
    assert!(
        older
            .stdout
            .contains("the shards were scanned by different versions of driftline"),
        "{}",
        older.stdout
    );
    let hostile = with(&|report| report["cluster"]["name"] = "de\u{1b}[31mmo".into());
    let elsewhere = with(&|report| report["cluster"]["server"] = "https://\u{1b}]0;x\u{7}".into());
    assert_eq!(elsewhere.status, Some(2));
    for ran in [&older, &hostile, &elsewhere] {
        let printed = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!printed.contains(['\u{1b}', '\u{7}']), "{printed:?}");
    }
    let nested = |report: &mut Value| {
        let deep = (0..150).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        report["extra"] = deep;
    };
    for (change, says) in [
        (&nested as &dyn Fn(&mut Value), "recursion limit"),
        (
            &|report| report["schema"] = "driftline.report/v9".into(),
            "its schema is",
        ),
        (
            &|report| report["releases"] = Value::Array(Vec::new()),
            "not whole",
        ),
        (&|report| *report = Value::Null, "not a report in JSON"),
    ] {
        let ran = with(change);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    let file = std::fs::File::create(shards.path(1)).unwrap();
    file.set_len(256 << 20).unwrap();
    let ran = shards.merge(&[0, 1, 2, 3], &[]);
    assert!(
        ran.stderr
            .contains("with those before it, it is larger than 256 MiB"),
        "{}",
        ran.stderr
    );
}

/// `kubectl logs` prints the log of one Pod after the other.
#[test]
fn the_reports_of_all_pods_may_be_in_one_file() {
    let shards = Shards::scan(&[]);
    let logs = (0..SHARDS).map(|index| {
        let report = std::fs::read_to_string(shards.path(index)).unwrap();
        ["{\"level\":\"INFO\"}\n", &report, "drift: 3 releases\n"].concat()
    });
    let logs: String = logs.collect();
    let path = shards.folder.path().join("logs");
    std::fs::write(&path, logs).unwrap();
    let ran = run(&["merge", path.to_str().unwrap(), "-o", "json"]);
    assert_eq!(
        timeless(&ran.stdout),
        timeless(&scan(&[]).stdout),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_log_with_a_report_for_people_says_how_to_get_one_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = run(&["scan", "--snapshot", "examples/drifted-shop"]).stdout;
    for log in [
        "",
        "{\"timestamp\":\"2026-11-20T03:05:07Z\",\"level\":\"WARN\",\"message\":\"x\"}\n",
    ] {
        std::fs::write(&path, format!("{log}{text}")).unwrap();
        let ran = run(&["merge", path.to_str().unwrap()]);
        assert_eq!(ran.status, Some(2));
        assert!(
            ran.stderr
                .contains("not a report in JSON, as `-o json` or DRIFTLINE_OUTPUT=json makes it"),
            "{}",
            ran.stderr
        );
    }
}

/// The log of a Pod that was tried again is there twice, and nobody can take a part out of a pipe.
#[test]
fn a_pod_that_was_tried_again_counts_once() {
    let shards = Shards::scan(&[]);
    let whole = shards.merge(&[0, 1, 2, 3], &["-o", "json"]);
    let mut earlier: Value = serde_json::from_str(&std::fs::read_to_string(shards.path(2)).unwrap()).unwrap();
    earlier["startedAt"] = "2020-01-01T00:00:00Z".into();
    earlier["outcome"] = "error".into();
    earlier["stopped"] = "deadline".into();
    let logs = [2, 0, 1, 2, 3, 3].map(|index| std::fs::read_to_string(shards.path(index)).unwrap());
    let logs = [
        &[serde_json::to_string_pretty(&earlier).unwrap() + "\n"],
        &logs[1..],
    ]
    .concat();
    let path = shards.folder.path().join("logs");
    std::fs::write(&path, logs.concat()).unwrap();
    let ran = run(&["merge", path.to_str().unwrap(), "-o", "json"]);
    assert_eq!(ran.status, whole.status, "{}", ran.stderr);
    let mut report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let whole: Value = serde_json::from_str(&whole.stdout).unwrap();
    let notes = report["notes"].as_array_mut().unwrap();
    let is_said = |note: &Value| {
        note["message"]
            .as_str()
            .unwrap()
            .starts_with("shard 2/4 was scanned 2 times")
    };
    let said = notes.iter().position(is_said).unwrap();
    notes.remove(said);
    // The example has notes of its own.
    assert_eq!(report, whole);
}

#[test]
fn several_clusters_are_one_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for cluster in ["ap", "eu", "us"] {
        let path = folder.path().join(cluster).display().to_string();
        let ran = scan(&["--cluster-name", cluster]);
        std::fs::write(&path, ran.stdout).unwrap();
        paths.push(path);
    }
    let merge = |arguments: &[&str]| {
        let paths = paths.iter().map(String::as_str);
        run(&["merge"]
            .into_iter()
            .chain(paths)
            .chain(arguments.iter().copied())
            .collect::<Vec<_>>())
    };
    let report: Value = serde_json::from_str(&merge(&["-o", "json"]).stdout).unwrap();
    assert_eq!(report["cluster"]["name"], "ap, eu, us");
    assert_eq!(report["summary"]["releases"]["total"], 36);
    let clusters: Vec<&str> = report["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cluster| cluster["name"].as_str().unwrap())
        .collect();
    assert_eq!(clusters, ["ap", "eu", "us"]);
    for (format, says) in [
        ("text", "eu/payments/ledger"),
        ("text", " -n payments --context=ap"),
        ("github", " -n payments --context="),
        ("html", " --context=ap"),
        ("wide", "us/shop"),
        ("html", "eu/payments"),
        ("markdown", "ap/payments/ledger"),
        ("junit", "eu/payments"),
        ("sarif", "helm/us/payments/ledger"),
        ("gitlab", "helm/us/payments/ledger"),
    ] {
        let ran = merge(&["-o", format]);
        assert!(ran.stdout.contains(says), "{format}: {}", ran.stdout);
        assert_eq!(ran.status, Some(1), "{format}: {}", ran.stderr);
    }
    // Printed again, it is the same page; and what would compare it by names alone refuses it.
    let path = folder.path().join("merged.json").display().to_string();
    std::fs::write(&path, merge(&["-o", "json"]).stdout).unwrap();
    assert_eq!(run(&["show", &path]).stdout, merge(&[]).stdout);
    for arguments in [
        ["compare", &paths[0], &path],
        ["compare", &path, &paths[0]],
        ["merge", &path, &paths[0]],
    ] {
        let ran = run(&arguments);
        assert_eq!(ran.status, Some(2));
        assert!(ran.stderr.contains("of several clusters"), "{}", ran.stderr);
    }
}

#[test]
fn a_shard_is_a_setting_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    let shard = |ran: &Ran| {
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        report["selection"]["shard"].clone()
    };
    std::fs::write(&config, "scan:\n  shard: 3/4\n").unwrap();
    let config = config.display().to_string();
    let by_file = scan(&["--config", &config]);
    assert_eq!(shard(&by_file), "3/4");
    let arguments = [
        "scan",
        "--snapshot",
        "examples/drifted-shop",
        "-o",
        "json",
        "--config",
        &config,
    ];
    let by_variable = Driftline::new(arguments)
        .envs(&[("DRIFTLINE_SHARD", "1/2")])
        .run();
    assert_eq!(shard(&by_variable), "1/2");
    let by_flag = Driftline::new(arguments.into_iter().chain(["--shard=0/2"]))
        .envs(&[("DRIFTLINE_SHARD", "1/2")])
        .run();
    assert_eq!(shard(&by_flag), "0/2");
    for (text, says) in [
        ("4/4", "the last one is 3/4"),
        ("5/4", "the last one is 3/4"),
        ("$(JOB_COMPLETION_INDEX)/4", "has to be I/N"),
        ("1", "has to be I/N"),
        ("x", "has to be I/N"),
        ("1/0", "from 1 to 1000"),
        ("1/100000", "from 1 to 1000"),
    ] {
        let ran = scan(&["--shard", text]);
        assert_eq!(ran.status, Some(2));
        assert!(
            ran.stderr.contains("--shard") && ran.stderr.contains(says),
            "{}",
            ran.stderr
        );
    }
    std::fs::write(folder.path().join("config.yaml"), "scan:\n  shard: 9/4\n").unwrap();
    let ran = scan(&["--config", &config]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("the last one is 3/4") && ran.stderr.contains("scan.shard"),
        "{}",
        ran.stderr
    );
}
