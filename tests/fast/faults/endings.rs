//! Scans that end early, readers that go away, receivers that refuse.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::runtime::Runtime;

use super::server::{Fault, SECRET, Server};
use super::world::{Home, Revision, config_map, each, gzip, live, reads_only, scan, scan_command, shop};
use crate::support::program::{Ran, Running, copy_tree, example};
use crate::support::receiver::{Receiver, Reply};

const KEY: &str = "hunter2hunter2hunter2hunter2abcd";
const SLOW: Fault = Fault::Slow(Duration::from_secs(30));
const SETTINGS: &str = "/api/v1/namespaces/shop/configmaps/settings";

/// A fake PagerDuty.
struct Pager {
    receiver: Receiver,
    runtime: Runtime,
}

impl Pager {
    fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let runtime = Runtime::new().unwrap();
        let receiver = runtime.block_on(Receiver::start(replies));
        Self { receiver, runtime }
    }

    fn config(&self, home: &Home) -> String {
        let key = home.file("key", KEY);
        let url = self.receiver.url("/v2/enqueue?x=hunter2");
        home.file(
            "driftline.yaml",
            &format!(
                "notify:\n  attempts: 2\n  budget: 2s\n  pagerduty:\n    routing_key_file: {key}\n    url: {url}\n    \
                 allow_http: true\n"
            ),
        )
    }

    fn actions(self) -> Vec<String> {
        let received = self.receiver.received();
        self.runtime.shutdown_background();
        received
            .iter()
            .map(|event| event.json()["event_action"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn wait_for_request(server: &Server, path: &str) {
    for _ in 0..500 {
        if server.count(path) > 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("nobody asked for {path}");
}

/// Scans with a PagerDuty, and sends SIGTERM once this path was asked for.
fn terminated_at(server: &Server, path: &str) -> (Ran, Vec<String>) {
    let pager = Pager::start([Reply::Answer(202, r#"{"status":"success"}"#)]);
    let home = Home::new();
    let config = pager.config(&home);
    let flags = ["-o", "json", "--config", &config, "--request-timeout", "30s"];
    let running = scan_command(&home, server, &flags).start();
    wait_for_request(server, path);
    std::thread::sleep(Duration::from_millis(300));
    running.terminate();
    let run = running.finish();
    reads_only(server);
    assert!(run.took < Duration::from_secs(10), "{:?}", run.took);
    (run, pager.actions())
}

#[test]
fn a_clean_scan_resolves() {
    let pager = Pager::start([Reply::Answer(202, r#"{"status":"success"}"#)]);
    let home = Home::new();
    let config = pager.config(&home);
    let server = Server::start(shop());
    let run = scan_command(&home, &server, &["--config", &config]).run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(pager.actions(), ["resolve"]);
}

/// An upgrade that fails, or may fail, is nothing that happened: it sends no alert, and keeps none open.
#[test]
fn an_upgrade_that_is_blocked_sends_no_alert() {
    for (template, severity, blocked) in [
        ("{{ toYaml .Values }}", "warning", 1),
        (
            "{{ lookup \"v1\" \"ConfigMap\" \"shop\" \"settings\" }}",
            "info",
            0,
        ),
    ] {
        let pager = Pager::start(vec![Reply::Answer(202, r#"{"status":"success"}"#); 2]);
        let home = Home::new();
        let config = pager.config(&home);
        let mut settings = std::fs::read_to_string(&config).unwrap();
        settings.push_str("ignore: [{kind: ConfigMap}]\n");
        std::fs::write(&config, settings).unwrap();
        let server = Server::start(edited(template));
        let flags = ["--config", &config, "-o", "json"];
        let run = scan_command(&home, &server, &flags).run();
        let health = run.json()["releases"][0]["health"].clone();
        assert_eq!(
            (&health[0]["code"], &health[0]["severity"]),
            (&"upgrade-blocked".into(), &severity.into()),
            "{health:#}"
        );
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        let asked = [&flags[..], &["--fail-on", "blocked"]].concat();
        assert_eq!(scan_command(&home, &server, &asked).run().status, Some(blocked));
        assert_eq!(pager.actions(), ["resolve", "resolve"], "{template}");
    }
}

/// A release by server-side apply with one object, of this template, of which somebody else owns a field.
fn edited(template: &str) -> Vec<super::server::Stored> {
    let mut settings = config_map("settings", "blue");
    let mut revision = Revision::new("shop", "web", &[]);
    revision.manifest = format!("---\n# Source: app/templates/settings.yaml\n{settings}\n");
    let mut record = revision.json();
    record["apply_method"] = json!("ssa");
    record["chart"]["templates"] =
        json!([{"name": "templates/settings.yaml", "data": STANDARD.encode(template)}]);
    let payload = STANDARD.encode(gzip(record.to_string().as_bytes()));
    settings["data"]["key"] = json!("green");
    let mut object = live("shop", "web", &settings);
    let written = |manager: &str, operation: &str, fields: serde_json::Value| {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "time": "2026-03-01T12:00:00Z",
               "fieldsType": "FieldsV1", "fieldsV1": fields})
    };
    object.body["metadata"]["managedFields"] = json!([
        written(
            "helm",
            "Apply",
            json!({"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}},
            "f:annotations": {"f:meta.helm.sh/release-name": {}, "f:meta.helm.sh/release-namespace": {}}}})
        ),
        written("kubectl-edit", "Update", json!({"f:data": {"f:key": {}}})),
    ]);
    vec![revision.holding(&payload), object]
}

#[test]
fn after_a_signal_the_report_has_everything_that_was_read() {
    let server = Server::start(shop()).always(SETTINGS, SLOW);
    let (run, actions) = terminated_at(&server, SETTINGS);
    assert_eq!(run.status, Some(3), "{}", run.stderr);
    let report = run.json();
    assert_eq!(
        (&report["stopped"], &report["outcome"]),
        (&"signal".into(), &"incomplete".into())
    );
    assert_eq!(run.objects()[0].1, "unknown");
    assert!(
        run.objects()[0].2.contains("the scan ended before"),
        "{:?}",
        run.objects()
    );
    assert!(!actions.contains(&"resolve".to_owned()), "{actions:?}");
}

/// `timeout` signals its child, and then the group that the child is in.
#[test]
fn a_signal_that_arrives_twice_is_one() {
    let server = Server::start(shop()).always(SETTINGS, SLOW);
    let home = Home::new();
    let flags = ["-o", "json", "--request-timeout", "30s"];
    let running = scan_command(&home, &server, &flags).start();
    wait_for_request(&server, SETTINGS);
    running.terminate();
    std::thread::sleep(Duration::from_millis(20));
    running.terminate();
    let run = running.finish();
    assert_eq!(run.status, Some(3), "{}", run.stderr);
    assert_eq!(run.json()["outcome"], "incomplete");
}

#[test]
fn a_signal_does_not_hide_drift() {
    let mut objects = shop();
    objects.retain(|object| !object.path().ends_with("login"));
    let server = Server::start(objects).always(SETTINGS, SLOW);
    let (run, actions) = terminated_at(&server, SETTINGS);
    assert_eq!(run.status, Some(1), "{}", run.stdout);
    assert_eq!(run.json()["stopped"], "signal");
    assert_eq!(actions, ["trigger"]);
}

#[test]
fn a_signal_before_anything_was_listed_is_incomplete() {
    let server = Server::start(shop()).always("/api/v1/secrets", SLOW);
    let (run, actions) = terminated_at(&server, "/api/v1/secrets");
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    assert_eq!(run.json()["stopped"], "signal");
    assert!(!actions.contains(&"resolve".to_owned()), "{actions:?}");
}

#[test]
fn after_the_deadline_the_report_has_everything_that_was_read() {
    let server = Server::start(shop()).always(SETTINGS, SLOW);
    let run = scan(&server, &["--timeout", "3s", "-o", "json"]);
    assert_eq!(run.status, Some(2));
    assert_eq!(run.json()["stopped"], "deadline");
    assert!(run.took < Duration::from_secs(8), "{:?}", run.took);
    let text = scan(&server, &["--timeout", "3s"]);
    assert_eq!(text.status, Some(2));
    assert!(text.stdout.contains("ran out of time"), "{}", text.stdout);
}

/// Scans a release that drifted, with a receiver that says nothing for a while, and waits until it has the message.
fn delivering(home: &Home, server: &Server, pager: &Pager, flags: &[&str]) -> Running {
    let config = home.file(
        "driftline.yaml",
        &std::fs::read_to_string(pager.config(home))
            .unwrap()
            .replace("2s", "10m"),
    );
    let running = scan_command(home, server, &[&["--config", &config], flags].concat()).start();
    for _ in 0..500 {
        if !pager.receiver.received().is_empty() {
            return running;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no message was sent")
}

fn drifted() -> Vec<super::server::Stored> {
    let mut objects = shop();
    objects.retain(|object| !object.path().ends_with("login"));
    objects
}

#[test]
fn a_signal_during_delivery_ends_it_and_the_report_is_there() {
    let (home, server) = (Home::new(), Server::start(drifted()));
    let pager = Pager::start([Reply::Slow(Duration::from_mins(1))]);
    let running = delivering(&home, &server, &pager, &["-o", "json", "-q"]);
    running.terminate();
    let run = running.finish();
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    // Everything was read before: the report does not call itself stopped.
    assert_eq!(run.json()["outcome"], "drift");
    assert_eq!(run.json()["stopped"], serde_json::Value::Null);
    assert!(
        run.sentence()
            .contains("not delivered: it took too long after the deadline or a signal"),
        "{}",
        run.stderr
    );
    assert!(run.took < Duration::from_secs(20), "{:?}", run.took);
    assert_eq!(pager.actions(), ["trigger"]);
}

#[test]
fn the_deadline_covers_delivery() {
    let (home, server) = (Home::new(), Server::start(drifted()));
    let pager = Pager::start([Reply::Slow(Duration::from_mins(1))]);
    let run = delivering(&home, &server, &pager, &["--timeout", "4s"]).finish();
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(run.sentence().contains("it took too long"), "{}", run.stderr);
    assert!(run.took < Duration::from_secs(25), "{:?}", run.took);
}

#[test]
fn a_second_signal_ends_everything_at_once() {
    let (home, server) = (Home::new(), Server::start(drifted()));
    let pager = Pager::start([Reply::Slow(Duration::from_mins(1))]);
    let running = delivering(&home, &server, &pager, &[]);
    running.interrupt();
    std::thread::sleep(Duration::from_millis(300));
    running.interrupt();
    let run = running.finish();
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(
        run.sentence().contains("the run was asked to end at once"),
        "{}",
        run.stderr
    );
}

/// The JSON report of the example does not fit into a pipe.
const LONG: [&str; 6] = [
    "scan",
    "--snapshot",
    "examples/drifted-shop",
    "--all",
    "-o",
    "json",
];

#[test]
fn a_reader_that_never_reads_does_not_keep_the_program() {
    let home = Home::new();
    let run = home
        .command(&[&LONG[..], &["--timeout", "2s"]].concat())
        .start()
        .finish_unread();
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(
        run.sentence()
            .contains("the report was not written to standard output: it took too long"),
        "{}",
        run.stderr
    );
    let running = home.command(&LONG).start();
    std::thread::sleep(Duration::from_secs(1));
    running.interrupt();
    running.interrupt();
    std::thread::sleep(Duration::from_millis(300));
    running.interrupt();
    let run = running.finish_unread();
    assert_eq!(run.status, Some(2), "{}", run.stderr);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let server = Server::start(shop()).on(SETTINGS, "", 0, 1, Fault::Slow(Duration::from_millis(500)));
    for flags in [&["-o", "json"][..], &[]] {
        let home = Home::new();
        let mut running = scan_command(&home, &server, flags).start();
        running.hang_up_after(0);
        let run = running.finish();
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    }
    let home = Home::new();
    for command in [&["man"][..], &["completions", "bash"], &["explain"]] {
        let mut running = home.command(command).start();
        running.hang_up_after(0);
        let run = running.finish();
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{command:?}");
    }
}

#[test]
fn an_undelivered_notification_is_trouble_and_the_report_is_there() {
    each(
        [
            vec![Reply::Answer(400, "{\"errors\": [\"hunter2\"]}")],
            vec![Reply::Answer(503, "hunter2")],
            vec![Reply::HangUp],
            vec![Reply::CutOff(500)],
        ],
        |replies| {
            let pager = Pager::start(replies);
            let home = Home::new();
            let config = pager.config(&home);
            let mut objects = shop();
            objects.push(super::world::Revision::new("shop", "b", &[config_map("gone", "x")]).stored());
            let server = Server::start(objects);
            let run = scan_command(&home, &server, &["--config", &config]).run();
            assert_eq!(run.status, Some(2), "{}", run.stdout);
            assert!(run.stdout.contains("missing"), "{}", run.stdout);
            assert!(run.sentence().contains("pagerduty"), "{}", run.stderr);
            for shown in [SECRET, "enqueue", "http", "\u{1b}"] {
                assert!(!run.stderr.contains(shown), "{}", run.stderr);
            }
        },
    );
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_keeps_the_old_report() {
    let home = Home::new();
    let report = home.file("report", "old");
    let long = [&LONG[..], &["--output-file", &report]].concat();
    // As on a full disk, writing more than so much fails, here with EFBIG.
    let run = home.command(&long).after("ulimit -f 1").run();
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(
        run.sentence().contains("the report cannot be written to"),
        "{}",
        run.stderr
    );
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "old");
    assert_eq!(names(home.path()), ["report"]);

    let run = home.command(&long).run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
    let written = std::fs::read_to_string(&report).unwrap();
    serde_json::from_str::<serde_json::Value>(&written).unwrap();
    let mode = std::fs::metadata(&report).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(names(home.path()), ["report"]);
}

#[test]
fn a_report_goes_into_pipes_and_devices_that_are_given_on_purpose() {
    let home = Home::new();
    let short = ["scan", "--snapshot", "examples/drifted-shop"];
    let expected = home.command(&short).run().stdout;
    for path in ["/dev/stdout", "/proc/self/fd/1"] {
        let run = home
            .command(&[&short[..], &["--output-file", path]].concat())
            .run();
        assert_eq!((run.status, &run.stdout), (Some(1), &expected), "{}", run.stderr);
    }
    let run = home
        .command(&[&short[..], &["--output-file", "/dev/null"]].concat())
        .run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
    let fifo = home.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let flag = fifo.to_str().unwrap().to_owned();
    let running = home
        .command(&[&short[..], &["--output-file", &flag]].concat())
        .start();
    assert_eq!(std::fs::read_to_string(&fifo).unwrap(), expected);
    assert_eq!(running.finish().status, Some(1));
    // Nobody reads from it now.
    let flags = ["--output-file", &flag, "--timeout", "1s"];
    let run = home.command(&[&short[..], &flags].concat()).run();
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert_eq!(names(home.path()), ["pipe"]);
}

#[test]
fn a_snapshot_of_pipes_is_reported_as_such() {
    let home = Home::new();
    let copy = home.path().join("copy");
    copy_tree(&example(), &copy);
    let config_maps = copy.join("objects/core/v1/ConfigMap/payments");
    let [object, other] = ["checkout-config.json", "checkout-banner.json"].map(|name| config_maps.join(name));
    for file in [&object, &other] {
        std::fs::remove_file(file).unwrap();
    }
    let made = std::process::Command::new("mkfifo").arg(&object).status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink("/etc/passwd", &other).unwrap();
    let run = home
        .command(&["scan", "--snapshot", copy.to_str().unwrap(), "-o", "json"])
        .run();
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    for name in ["checkout-config", "checkout-banner"] {
        let objects = run.objects();
        let object = objects.iter().find(|object| object.0 == name).unwrap();
        assert_eq!(object.1, "unknown");
        assert!(object.2.ends_with(".json is not a regular file"), "{object:?}");
    }
    let index = copy.join("snapshot.json");
    std::fs::remove_file(&index).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&index).status();
    assert!(made.unwrap().success());
    let run = home
        .command(&["scan", "--snapshot", copy.to_str().unwrap()])
        .run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    assert!(run.sentence().contains("is not a regular file"), "{}", run.stderr);
}

#[test]
fn a_report_that_cannot_be_written_is_trouble() {
    let run = scan(&Server::start(shop()), &["--output-file", "/nowhere/report"]);
    assert_eq!(run.status, Some(2));
    assert!(run.sentence().contains("/nowhere/report"), "{}", run.stderr);
}

/// Whoever made the snapshot chose the name of the cluster in it, by which alerts are opened and closed.
#[test]
fn a_scan_of_a_snapshot_sends_nothing() {
    let home = Home::new();
    let pager = Pager::start([Reply::Answer(202, r#"{"status":"success"}"#)]);
    let config = pager.config(&home);
    let snapshot = example();
    let run = home.run(&[
        "scan",
        "--snapshot",
        snapshot.to_str().unwrap(),
        "--config",
        &config,
    ]);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("no notification is sent"), "{}", run.stderr);
    assert_eq!(pager.actions(), Vec::<String>::new());
}
