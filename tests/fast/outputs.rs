//! Several outputs of one scan, and reports that are read back: `-o FORMAT=FILE`, `driftline show`, `driftline compare`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::{Driftline, Ran};

fn run(arguments: &[&str]) -> Ran {
    Driftline::new(arguments).run()
}

/// A scan of the example.
fn scan(arguments: &[&str]) -> Ran {
    run(&[&["scan", "--snapshot", "examples/drifted-shop"], arguments].concat())
}

/// `-o FORMAT=FILE` for a file in a folder.
fn output(format: &str, folder: &TempDir, name: &str) -> String {
    format!("{format}={}", folder.path().join(name).display())
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The report of the example with everything in it.
fn stored(folder: &TempDir, name: &str) -> String {
    let ran = scan(&["--all", "-o", &output("json", folder, name)]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    folder.path().join(name).display().to_string()
}

#[test]
fn one_scan_writes_every_output_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (json, yaml) = (
        output("json", &folder, "drift.json"),
        output("yaml", &folder, "drift.yaml"),
    );
    let ran = scan(&["-o", "text", "-o", &json, "-o", &yaml]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""));
    assert_eq!(ran.stdout, scan(&[]).stdout);
    let report: Value = serde_json::from_str(&text(&folder.path().join("drift.json"))).unwrap();
    assert_eq!(report["outcome"], "drift");
    assert!(text(&folder.path().join("drift.yaml")).starts_with("schema: driftline.report/v1"));
    // Nothing on standard output: standard error says how the scan ended.
    let ran = scan(&["-o", &json, "-o", &yaml]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("drift: 6 of 12 releases"), "{}", ran.stderr);
}

#[test]
fn the_exit_status_does_not_depend_on_the_outputs() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["text", "json", "wide", "yaml"] {
        assert_eq!(scan(&["-o", format]).status, Some(1), "{format}");
        let to_file = output(format, &folder, format);
        assert_eq!(scan(&["-o", &to_file]).status, Some(1), "{format}");
        let clean = ["-n", "shop", "--release", "search", "-o", &to_file];
        assert_eq!(scan(&clean).status, Some(0), "{format}");
    }
}

/// A full disk, a place where nobody may write: the other outputs are whole, and the status is that of an error.
#[test]
fn an_output_that_fails_keeps_back_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let json = output("json", &folder, "drift.json");
    let ran = scan(&["-o", "yaml=/dev/full", "-o", &json, "-o", "text"]);
    assert_eq!(ran.status, Some(2));
    assert_eq!(ran.stdout, scan(&[]).stdout);
    assert!(
        ran.sentence()
            .contains("the report cannot be written to /dev/full: No space left on device"),
        "{}",
        ran.stderr
    );
    serde_json::from_str::<Value>(&text(&folder.path().join("drift.json"))).unwrap();
    // Each of several failures is told.
    let ran = scan(&["-o", "yaml=/dev/full", "-o", "json=/proc/version", "-o", "text"]);
    assert_eq!(ran.status, Some(2));
    for place in ["/dev/full", "/proc/version"] {
        assert!(ran.stderr.contains(place), "{}", ran.stderr);
    }
    assert_eq!(ran.stdout, scan(&[]).stdout);
}

/// A reader that goes away needs no more of the text; the file is for somebody else.
#[test]
fn a_closed_standard_output_keeps_back_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let json = output("json", &folder, "drift.json");
    let arguments = [
        "scan",
        "--all",
        "--snapshot",
        "examples/drifted-shop",
        "-o",
        "text",
        "-o",
        &json,
    ];
    let mut running = Driftline::new(arguments).start();
    running.hang_up_after(10);
    let ran = running.finish();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    serde_json::from_str::<Value>(&text(&folder.path().join("drift.json"))).unwrap();
}

#[test]
fn outputs_that_cannot_be_meant_are_one_sentence_each() {
    let folder = tempfile::tempdir().unwrap();
    let (file, around) = (
        output("json", &folder, "r"),
        output("yaml", &folder, "../r").replace("../r", "./r"),
    );
    let into_folder = format!("json={}", folder.path().display());
    for (arguments, said) in [
        (&["-o", "text", "-o", "json"][..], "both go to standard output"),
        (&["-o", "json=-", "-o", "text"], "both go to standard output"),
        (&["-o", &file, "-o", &around], "both be written to"),
        (&["-o", "json="], "`-o json=` names no file"),
        (
            &["-o", "json=no/such/folder/r"],
            "there is no folder no/such/folder",
        ),
        (&["-o", &into_folder], "which is a folder"),
        (&["-o", "jsn=r"], "a similar value exists: 'json'"),
        (&["-o", "xml"], "[possible values: text, json, wide, yaml"),
        (
            &["-o", &file, "--output-file", "r"],
            "--output-file r is for the one report that has no file",
        ),
    ] {
        let ran = scan(arguments);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was written"
    );
}

/// The variable is for all commands; a command that lacks the format prints text.
#[test]
fn the_variable_may_name_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let page = |output: &str| {
        let arguments = [
            "diagnose",
            "payments/checkout",
            "--snapshot",
            "examples/drifted-shop",
        ];
        Driftline::new(arguments).env("DRIFTLINE_OUTPUT", output).run()
    };
    let ran = page(&output("json", &folder, "d.json"));
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    serde_json::from_str::<Value>(&text(&folder.path().join("d.json"))).unwrap();
    let ran = page(&output("wide", &folder, "d.wide"));
    assert!(ran.stdout.contains("payments/checkout"), "{}", ran.stdout);
    assert!(!folder.path().join("d.wide").exists());
    // It is read as the flag is.
    assert_eq!(page("text=-").stdout, page("text").stdout);
    assert!(page("json=").sentence().contains("`-o json=` names no file"));
    let several = page("json=a.json,yaml=a.yaml");
    assert!(
        several.sentence().contains("give each output an -o of its own"),
        "{}",
        several.stderr
    );
}

#[test]
fn a_stored_report_is_shown_as_the_scan_printed_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = stored(&folder, "drift.json");
    for arguments in [&[][..], &["--all"], &["--summary"], &["-o", "wide"]] {
        let shown = run(&[&["show", &file], arguments].concat());
        assert_eq!(shown.status, Some(0), "{}", shown.stderr);
        assert_eq!(shown.stdout, scan(arguments).stdout, "{arguments:?}");
    }
    let shown = run(&["show", &file, "--all", "-o", "json"]);
    assert_eq!(shown.stdout, text(Path::new(&file)));
}

#[test]
fn a_report_comes_from_a_pipe_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = stored(&folder, "drift.json");
    let piped = Driftline::new(["show", "-", "--summary"])
        .after(&format!("cat {file} |"))
        .run();
    assert_eq!(piped.stdout, run(&["show", &file, "--summary"]).stdout);
}

#[test]
fn a_part_of_a_stored_report_is_counted_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = stored(&folder, "drift.json");
    let part =
        |arguments: &[&str]| run(&[&["show", &file, "-o", "json", "--all"], arguments].concat()).json();
    let fresh = |arguments: &[&str]| scan(&[&["-o", "json", "--all"], arguments].concat()).json();
    for arguments in [
        &["-n", "payments"][..],
        &["-n", "platform,sh*"],
        &["--release", "sto*,shop/search"],
        &["-n", "shop", "--release", "search"],
    ] {
        let (part, fresh) = (part(arguments), fresh(arguments));
        for field in ["outcome", "summary", "selection"] {
            assert_eq!(part[field], fresh[field], "{arguments:?}: {field}");
        }
        let names = |report: &Value| {
            let releases = report["releases"].as_array().unwrap().iter();
            releases
                .map(|release| release["name"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&part), names(&fresh), "{arguments:?}");
    }
    for (arguments, said) in [
        (
            ["-n", "nowhere"],
            "the report has no release in the namespace `nowhere`",
        ),
        (
            ["--release", "web,shop/search"],
            "the report has no release `web`",
        ),
    ] {
        let ran = run(&[&["show", &file], &arguments[..]].concat());
        assert_eq!(ran.status, Some(3));
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
    }
    // A report without objects in sync does not know how many a part has of them.
    let short = folder.path().join("short.json");
    fs::write(&short, scan(&["-o", "json"]).stdout).unwrap();
    let shown = run(&["show", short.to_str().unwrap(), "-n", "shop"]);
    assert!(
        shown.stdout.contains("objects in sync are not counted"),
        "{}",
        shown.stdout
    );
}

/// Diagnoses and previews are reports as well.
#[test]
fn a_stored_diagnosis_is_shown_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let json = output("json", &folder, "d.json");
    let diagnose = [
        "diagnose",
        "payments/checkout",
        "--snapshot",
        "examples/drifted-shop",
    ];
    run(&[&diagnose[..], &["-o", &json]].concat());
    let file = folder.path().join("d.json").display().to_string();
    assert_eq!(run(&["show", &file]).stdout, run(&diagnose).stdout);
    let ran = run(&["show", &file, "-o", "wide"]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.sentence()
            .contains("a diagnosis has no form as wide: it can be printed as text, json, yaml"),
        "{}",
        ran.stderr
    );
    let ran = run(&["compare", &file, &file]);
    assert!(
        ran.sentence()
            .contains("it is a diagnosis, and not the report of a scan"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_no_report_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    for (file, said) in [
        (place("empty", " \n"), "is empty"),
        (place("text", "drifted"), "not a report in JSON"),
        (place("other", "{}"), "its schema is `none`"),
        (
            folder.path().join("none").display().to_string(),
            "there is no such file",
        ),
        (folder.path().display().to_string(), "it is a folder"),
    ] {
        for arguments in [&["show", &file][..], &["compare", &file, &file]] {
            let ran = run(arguments);
            assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
            assert!(ran.sentence().contains(said), "{}", ran.stderr);
        }
    }
    let ran = run(&["compare", "-", "-"]);
    assert!(
        ran.sentence().contains("standard input has one report"),
        "{}",
        ran.stderr
    );
}

/// Changes the report that is compared with a later one.
fn earlier(file: &str, change: impl Fn(&mut Value)) {
    let mut report: Value = serde_json::from_str(&text(Path::new(file))).unwrap();
    change(&mut report);
    fs::write(file, report.to_string()).unwrap();
}

#[test]
fn comparing_says_what_is_new_what_changed_and_what_is_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (stored(&folder, "old.json"), stored(&folder, "new.json"));
    let same = run(&["compare", &old, &new, "-o", "json"]);
    assert_eq!(
        same.status,
        Some(3),
        "nothing new, and something unread: {}",
        same.stderr
    );
    let counts = |report: &Value| {
        ["new", "changed", "resolved"].map(|name| report["summary"]["changes"][name].as_u64().unwrap())
    };
    assert_eq!(counts(&same.json()), [0, 0, 0]);
    // The missing object was there, a value was another one, and something that drifted is in sync by now.
    earlier(&old, |report| {
        let objects = report["releases"].as_array_mut().unwrap().iter_mut();
        for object in objects.flat_map(|release| release["objects"].as_array_mut().unwrap()) {
            let name = object["name"].as_str().unwrap().to_owned();
            match (object["kind"].as_str().unwrap(), name.as_str()) {
                ("PodDisruptionBudget", "storefront-web") => object["state"] = "in-sync".into(),
                ("HorizontalPodAutoscaler", "storefront-web") => object["findings"][0]["live"] = 9.into(),
                _ => {}
            }
        }
    });
    earlier(&new, |report| {
        let objects = report["releases"].as_array_mut().unwrap().iter_mut();
        for object in objects.flat_map(|release| release["objects"].as_array_mut().unwrap()) {
            if object["kind"] == "Service" && object["name"] == "storefront-api" {
                object["state"] = "in-sync".into();
                object["findings"] = Value::Array(Vec::new());
            }
        }
    });
    let ran = run(&["compare", &old, &new, "-o", "json"]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(counts(&report), [1, 1, 1]);
    assert_eq!(report["resolved"][0]["how"], "reverted");
    let text = run(&["compare", &old, &new, "-n", "shop"]).stdout;
    assert!(
        text.contains("resolved") && text.contains("storefront-api"),
        "{text}"
    );
    let payments = run(&["compare", &old, &new, "-n", "payments"]);
    assert_eq!(payments.status, Some(0), "{}", payments.stdout);
    assert_eq!(
        run(&["compare", &old, &new, "--fail-on", "drift", "-n", "payments"]).status,
        Some(1)
    );
}

/// A report of a scan without `--all` lists no object in sync, and an object that it does not list is not gone.
#[test]
fn what_a_short_report_does_not_list_is_in_sync() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (stored(&folder, "old.json"), stored(&folder, "new.json"));
    earlier(&new, |report| {
        for release in report["releases"].as_array_mut().unwrap() {
            let objects = release["objects"].as_array_mut().unwrap();
            objects.retain(|object| {
                object["state"] != "in-sync"
                    && !(object["kind"] == "Service" && object["name"] == "storefront-api")
            });
        }
    });
    let report = run(&["compare", &old, &new, "-o", "json"]).json();
    let resolved = report["resolved"].as_array().unwrap();
    assert_eq!(resolved.len(), 1, "{resolved:?}");
    assert_eq!(resolved[0]["object"]["name"], "storefront-api");
    assert_eq!(resolved[0]["how"], "reverted");
}

/// What is left of a report without what went wrong elsewhere is what it is, and nothing is counted that is not there.
#[test]
fn a_part_is_judged_by_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = stored(&folder, "r.json");
    earlier(&file, |report| {
        let releases = report["releases"].as_array_mut().unwrap();
        releases.retain(|release| release["name"] == "search");
        report["summary"]["releases"] =
            serde_json::json!({"total": 1, "clean": 1, "drifted": 0, "incomplete": 0, "unreadable": 0});
        report["summary"]["objects"]["unknown"] = 0.into();
        report["errors"] = serde_json::json!([{"scope": "namespace/other", "message": "forbidden"}]);
        report["outcome"] = "incomplete".into();
    });
    let part = run(&["show", &file, "-n", "shop", "-o", "json"]).json();
    assert_eq!(
        (&part["outcome"], &part["errors"]),
        (&"clean".into(), &serde_json::json!([]))
    );
    assert_eq!(run(&["compare", &file, &file, "-n", "shop"]).status, Some(0));
    assert_eq!(run(&["compare", &file, &file]).status, Some(3));
    // All that is resolved belongs to other namespaces.
    let (old, new) = (stored(&folder, "old.json"), stored(&folder, "new.json"));
    earlier(&new, |report| {
        let releases = report["releases"].as_array_mut().unwrap();
        releases.retain(|release| release["namespace"] == "shop");
        let total = releases.len();
        report["summary"]["releases"]["total"] = total.into();
        report["outcome"] = "drift".into();
    });
    let part = run(&["compare", &old, &new, "-n", "shop", "-o", "json"]).json();
    assert_eq!(part["summary"]["changes"]["resolved"], 0);
}

/// Fingerprints are made of the name that the report has.
#[test]
fn a_cluster_of_another_name_has_the_same_drift() {
    let folder = tempfile::tempdir().unwrap();
    let file = stored(&folder, "base.json");
    let ran = scan(&["--cluster-name", "other", "--baseline", &file, "--summary"]);
    assert_eq!(ran.status, Some(3), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("all drift was known before"),
        "{}",
        ran.stdout
    );
    let renamed = folder.path().join("renamed.json");
    fs::write(
        &renamed,
        text(Path::new(&file)).replace("\"demo\"", "\"renamed\""),
    )
    .unwrap();
    let renamed = renamed.to_str().unwrap();
    for (old, new) in [(&*file, renamed), (renamed, &*file), (renamed, renamed)] {
        let ran = run(&["compare", old, new]);
        assert_eq!(ran.status, Some(3), "{}", ran.stdout);
        assert!(!ran.stdout.contains("new drift"), "{}", ran.stdout);
    }
}

#[test]
fn nothing_takes_the_place_of_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let json = output("json", &folder, "r");
    let path = folder.path().join("r").display().to_string();
    for arguments in [
        &["-o", "text", "-o", "json=/dev/stdout"][..],
        &["-o", "yaml=/proc/self/fd/1", "-o", "json"],
    ] {
        let ran = scan(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(
            ran.stderr.contains("both go to standard output"),
            "{}",
            ran.stderr
        );
    }
    let ran = scan(&["-o", &json, "--metrics-file", &path]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.sentence()
            .contains("-o json and --metrics-file would both be written to"),
        "{}",
        ran.stderr
    );
    let ran = scan(&["-o", "json=a.json,html=a.html"]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("give each output an -o of its own"),
        "{}",
        ran.stderr
    );
}

/// A later version may say something in words that this one does not know.
#[test]
fn what_a_later_version_says_is_never_taken_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (stored(&folder, "old.json"), stored(&folder, "new.json"));
    for file in [&old, &new] {
        earlier(file, |report| {
            let releases = report["releases"].as_array_mut().unwrap();
            releases.retain(|release| release["name"] == "search");
            report["summary"]["releases"] =
                serde_json::json!({"total": 1, "clean": 1, "drifted": 0, "incomplete": 0, "unreadable": 0});
            report["summary"]["objects"]["unknown"] = 0.into();
            report["outcome"] = "clean".into();
        });
    }
    assert_eq!(run(&["compare", &old, &new]).status, Some(0));
    earlier(&new, |report| {
        report["releases"][0]["verdict"] = "quarantined".into();
    });
    let ran = run(&["compare", &old, &new]);
    assert_eq!(ran.status, Some(3), "{}", ran.stdout);
    for (format, said) in [
        ("github", "another version of driftline made it"),
        ("gitlab", "another version of driftline made it"),
        ("junit", "another version of driftline made it"),
        ("sarif", "another version of driftline made it"),
        ("markdown", "another version of driftline made it"),
    ] {
        let shown = run(&["show", &new, "-o", format]).stdout;
        assert!(shown.contains(said), "{format}: {shown}");
    }
}
