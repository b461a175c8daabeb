//! Scans that end early, readers that go away, receivers that refuse.

use std::time::Duration;

use tokio::runtime::Runtime;

use super::server::{Fault, SECRET, Server};
use super::world::{Home, config_map, each, reads_only, scan, scan_command, shop};
use crate::support::program::Ran;
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
    let pager = Pager::start([Reply::Answer(202, "{}")]);
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
    let pager = Pager::start([Reply::Answer(202, "{}")]);
    let home = Home::new();
    let config = pager.config(&home);
    let server = Server::start(shop());
    let run = scan_command(&home, &server, &["--config", &config]).run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(pager.actions(), ["resolve"]);
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

#[test]
fn a_report_that_cannot_be_written_is_trouble() {
    let run = scan(&Server::start(shop()), &["--output-file", "/nowhere/report"]);
    assert_eq!(run.status, Some(2));
    assert!(run.sentence().contains("/nowhere/report"), "{}", run.stderr);
}
