//! The metrics of a scan as its users meet them: the file, the Pushgateway, and what is shipped to go with them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use driftline::notify::CheckStatus;
use driftline::notify::pushgateway::settings::PushgatewaySettings;
use driftline::notify::pushgateway::{Others, Push, Pushgateway};
use driftline::notify::settings::{HttpSettings, Transport};
use driftline::report::metrics::CONTENT_TYPE;
use driftline::report::metrics::families::Family;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::faults::server::{Fault, Server};
use crate::faults::world::{Home, reads_only, scan_command, shop};
use crate::notify::delivery::quick;
use crate::support::program::{Driftline, Ran, root};
use crate::support::receiver::{Received, Receiver, Reply, refused};

fn read(file: &str) -> String {
    let path = root().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Scans the example with a file for metrics.
fn scan_example(path: &Path, more: &[&str]) -> Ran {
    let arguments = ["scan", "--snapshot", "examples/drifted-shop", "--metrics-file"];
    let path = path.to_str().unwrap();
    Driftline::new([&arguments[..], &[path], more].concat()).run()
}

/// The value of the only series that begins so.
fn value(text: &str, series: &str) -> Option<f64> {
    let mut lines = text.lines().filter(|line| line.starts_with(series));
    let found = lines.next()?.rsplit_once(' ')?.1.parse().ok();
    assert!(lines.next().is_none(), "{series} is not unique");
    found
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn the_file_is_whole_and_for_everybody_and_agrees_with_the_report() {
    let home = Home::new();
    let path = home.path().join("driftline.prom");
    for _ in 0..2 {
        let ran = scan_example(&path, &["-o", "json"]);
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let (report, text) = (ran.json(), fs::read_to_string(&path).unwrap());
        let summary = &report["summary"];
        let cluster = report["cluster"]["name"].as_str().unwrap();
        for (series, number) in [
            (
                format!("driftline_releases{{cluster=\"{cluster}\",verdict=\"drifted\"}}"),
                &summary["releases"]["drifted"],
            ),
            (
                format!("driftline_objects{{cluster=\"{cluster}\",state=\"in-sync\"}}"),
                &summary["objects"]["inSync"],
            ),
            (
                format!("driftline_objects{{cluster=\"{cluster}\",state=\"missing\"}}"),
                &summary["objects"]["missing"],
            ),
        ] {
            assert_eq!(value(&text, &series), number.as_f64(), "{series}");
        }
        // Expected findings of objects in sync are in no report, and are counted.
        let of_severity = |severity: &str| -> f64 {
            let ending = format!(",severity=\"{severity}\"}}");
            let lines = text
                .lines()
                .filter(|line| line.starts_with("driftline_findings{"));
            let lines = lines.filter_map(|line| line.rsplit_once(' '));
            lines
                .filter(|(series, _)| series.ends_with(&ending))
                .map(|(_, value)| value.parse::<f64>().unwrap())
                .sum()
        };
        let findings = &summary["findings"];
        let number = |key: &str| findings[key].as_f64().unwrap();
        assert!((of_severity("drift") - number("drift")).abs() < 0.1);
        assert!((of_severity("info") - number("info") - number("expected")).abs() < 0.1);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert_eq!(names(home.path()), ["driftline.prom"]);
    }
}

#[test]
fn the_environment_names_the_file_and_settings_of_the_cluster_do_not_hold_for_a_snapshot() {
    let home = Home::new();
    let (by_variable, by_file) = (home.path().join("a.prom"), home.path().join("b.prom"));
    let config = home.file(
        "config.yaml",
        &format!("metrics: {{file: {}}}\n", by_file.display()),
    );
    let arguments = ["scan", "--snapshot", "examples/drifted-shop", "--config", &config];
    let ran = Driftline::new(arguments).run();
    assert!(
        ran.stderr
            .contains("no metrics go where the configuration file says"),
        "{}",
        ran.stderr
    );
    Driftline::new(arguments)
        .env("DRIFTLINE_METRICS_FILE", &by_variable)
        .run();
    assert!(by_variable.exists() && !by_file.exists());
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_with_the_report() {
    let home = Home::new();
    let nowhere = home.path().join("no/where.prom");
    for (path, sentence) in [
        (nowhere.as_path(), "there is no folder"),
        (
            home.path(),
            "which is a folder: name a file in it that ends with .prom",
        ),
        (Path::new("-"), "needs the name of a file"),
    ] {
        let ran = scan_example(path, &[]);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    }
    // What only shows once the scan is over costs no report.
    let link = home.path().join("link.prom");
    std::os::unix::fs::symlink("gone", &link).unwrap();
    for path in [Path::new("/dev/full"), &link] {
        let ran = scan_example(path, &[]);
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        let sentence = format!("the metrics cannot be written to {}: ", path.display());
        assert!(ran.stderr.contains(&sentence), "{}", ran.stderr);
        assert!(ran.stdout.contains("drifted"), "{}", ran.stdout);
    }
}

#[test]
fn series_of_single_releases_are_bounded() {
    let home = Home::new();
    let path = home.path().join("driftline.prom");
    let count = |releases: usize| {
        let config = home.file("config.yaml", &format!("metrics: {{releases: {releases}}}\n"));
        scan_example(&path, &["--config", &config]);
        let text = fs::read_to_string(&path).unwrap();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("driftline_release_drifted{"));
        (lines.count(), value(&text, "driftline_releases_left_out{"))
    };
    assert_eq!(count(0), (0, None));
    let (one, left_out) = count(1);
    assert_eq!(one, 1);
    let (all, none) = count(200);
    assert!(
        all > 1 && left_out == Some(f64::from(u32::try_from(all - 1).unwrap())),
        "{all}"
    );
    assert_eq!(none, Some(0.0));
}

/// The arguments of a scan of a cluster that writes metrics, and the file.
fn with_file(home: &Home) -> (Vec<String>, std::path::PathBuf) {
    let path = home.path().join("driftline.prom");
    let arguments = ["--cluster-name", "prod", "--metrics-file", path.to_str().unwrap()];
    (arguments.map(str::to_owned).to_vec(), path)
}

#[test]
fn a_scan_of_a_cluster_counts_its_requests_and_stages() {
    let home = Home::new();
    let (arguments, path) = with_file(&home);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let gone = "/api/v1/namespaces/shop/configmaps/settings";
    let server = Server::start(shop().into_iter().filter(|stored| stored.path() != gone));
    let ran = scan_command(&home, &server, &arguments).run();
    reads_only(&server);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let text = fs::read_to_string(path).unwrap();
    let code = |code: &str| {
        value(
            &text,
            &format!("driftline_api_requests{{cluster=\"prod\",code=\"{code}\"}}"),
        )
    };
    let codes = ["200", "404", "other", "none"].map(|name| code(name).unwrap());
    let received = u32::try_from(server.received().len()).unwrap();
    assert!(
        (codes.iter().sum::<f64>() - f64::from(received)).abs() < 0.1,
        "{codes:?} of {received}"
    );
    assert!(codes[0] > 3.0 && codes[1] >= 1.0, "{codes:?}");
    assert!(value(&text, "driftline_api_response_bytes{").unwrap() > 1000.0);
    let compare = "driftline_scan_stage_duration_seconds{cluster=\"prod\",stage=\"compare\"}";
    assert!(value(&text, compare).unwrap() > 0.0);
    assert!(
        value(&text, "driftline_last_complete_timestamp_seconds{").is_some(),
        "drift is no gap"
    );
}

#[test]
fn a_scan_that_is_stopped_leaves_the_releases_in_the_file() {
    let home = Home::new();
    let (arguments, path) = with_file(&home);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let gone = "/api/v1/namespaces/shop/configmaps/settings";
    let drifted = || shop().into_iter().filter(|stored| stored.path() != gone);
    scan_command(&home, &Server::start(drifted()), &arguments).run();
    let before = fs::read_to_string(&path).unwrap();
    let slow = Server::start(shop()).always(
        "/api/v1/namespaces/shop/configmaps/settings",
        Fault::Slow(Duration::from_secs(30)),
    );
    let arguments = [&arguments[..], &["--timeout", "1s"]].concat();
    let ran = scan_command(&home, &slow, &arguments).run();
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    let after = fs::read_to_string(&path).unwrap();
    for same in [
        "driftline_releases{cluster=\"prod\",verdict=\"drifted\"}",
        "driftline_objects{cluster=\"prod\",state=\"missing\"}",
        "driftline_last_success_timestamp_seconds{",
        "driftline_last_complete_timestamp_seconds{",
    ] {
        assert!(value(&before, same).is_some_and(|value| value > 0.0), "{same}");
        assert_eq!(value(&before, same), value(&after, same), "{same}");
    }
    let last = "driftline_last_scan_timestamp_seconds{";
    assert!(value(&after, last) > value(&before, last));
    assert_eq!(
        value(
            &after,
            "driftline_scan_stopped{cluster=\"prod\",reason=\"deadline\"}"
        ),
        Some(1.0)
    );
    assert_eq!(
        value(
            &after,
            "driftline_scan_outcome{cluster=\"prod\",outcome=\"error\"}"
        ),
        Some(1.0)
    );
}

/// Does something beside a Pushgateway that answers so, and returns what it got.
fn beside<T>(replies: Vec<Reply>, work: impl FnOnce(&Receiver) -> T) -> (T, Vec<Received>) {
    let runtime = Runtime::new().unwrap();
    let gateway = runtime.block_on(Receiver::start(replies));
    let done = work(&gateway);
    let received = gateway.received();
    runtime.shutdown_background();
    (done, received)
}

/// Scans a cluster with a Pushgateway.
fn scan_and_push(server: &Server, url: &str, flags: &[&str]) -> Ran {
    let home = Home::new();
    let config = home.file(
        "config.yaml",
        &format!(
            "cluster: {{name: eu/prod}}\nmetrics:\n  pushgateway:\n    url: {url}\n    allow_http: true\n    username: me\n"
        ),
    );
    let ran = scan_command(&home, server, &[&["--config", &config], flags].concat())
        .env("DRIFTLINE_PUSHGATEWAY_PASSWORD", "hunter2")
        .never_says("hunter2")
        .run();
    reads_only(server);
    ran
}

#[test]
fn a_complete_scan_replaces_its_group_and_any_other_one_adds_to_it() {
    let forbidden = "/api/v1/namespaces/shop/configmaps/settings";
    for (method, status, server) in [
        ("PUT", 0, Server::start(shop())),
        (
            "POST",
            3,
            Server::start(shop()).always(forbidden, Fault::Status(403)),
        ),
    ] {
        let (ran, received) = beside(vec![Reply::Answer(200, "")], |gateway| {
            scan_and_push(&server, &gateway.url("/behind/"), &[])
        });
        assert_eq!(ran.status, Some(status), "{}", ran.stderr);
        let [pushed] = received.try_into().expect("one push");
        assert_eq!(pushed.method, method);
        assert_eq!(
            pushed.path,
            "/behind/metrics/job/driftline/cluster@base64/ZXUvcHJvZA"
        );
        assert_eq!(pushed.header("content-type"), Some(CONTENT_TYPE));
        assert_eq!(pushed.header("authorization"), Some("Basic bWU6aHVudGVyMg=="));
        let text = String::from_utf8(pushed.body).unwrap();
        assert!(
            value(
                &text,
                "driftline_last_success_timestamp_seconds{cluster=\"eu/prod\"}"
            )
            .is_some()
        );
        let complete = value(&text, "driftline_last_complete_timestamp_seconds{");
        assert_eq!(complete.is_some(), method == "PUT");
    }
}

#[test]
fn a_push_that_fails_is_an_undelivered_message() {
    let gone = Runtime::new().unwrap().block_on(refused("/"));
    let unreachable = scan_and_push(&Server::start(shop()), &gone, &[]);
    let (refused, received) = beside(vec![Reply::Answer(400, "evil hunter2")], |gateway| {
        scan_and_push(&Server::start(shop()), &gateway.url("/"), &[])
    });
    assert_eq!(received.len(), 1, "no second attempt");
    for (ran, sentence) in [
        (
            unreachable,
            "could not connect: connection refused (gave up after 3 attempts)",
        ),
        (
            refused,
            "answered 400, not as a Pushgateway does: check the address",
        ),
    ] {
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("the metrics were not pushed: 127.0.0.1:"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains(sentence) && !ran.stderr.contains("evil"),
            "{}",
            ran.stderr
        );
        assert!(ran.stdout.contains("clean: 1 release"), "{}", ran.stdout);
    }
    let (ran, received) = beside(vec![Reply::Answer(200, "")], |gateway| {
        scan_and_push(&Server::start(shop()), &gateway.url("/"), &["--no-notify"])
    });
    assert_eq!((ran.status, received.len()), (Some(0), 0), "{}", ran.stderr);
}

/// Pushes without a scan; the sentence that says why it failed.
async fn push(replies: Vec<Reply>, http: HttpSettings) -> (Result<(), String>, usize) {
    let server = Receiver::start(replies).await;
    let settings = PushgatewaySettings::try_new(&server.url(""), Transport::AllowHttp).unwrap();
    let push = Push {
        shard: None,
        cluster: "prod",
        text: "x 1\n",
        content_type: CONTENT_TYPE,
        others: Others::Removed,
    };
    let pushed = Pushgateway::new(settings, http).push(&push).await;
    (pushed.map_err(|error| error.to_string()), server.received().len())
}

#[tokio::test]
async fn what_passes_is_tried_again_and_every_failure_is_one_sentence() {
    let inconsistent = "pushed metrics are invalid or inconsistent with existing metrics: evil";
    let soon = HttpSettings {
        budget: Duration::from_millis(300),
        ..quick()
    };
    for (replies, http, want, attempts) in [
        (
            vec![Reply::Answer(503, ""), Reply::Answer(202, "")],
            quick(),
            "",
            2,
        ),
        (vec![Reply::HangUp, Reply::Answer(200, "")], quick(), "", 2),
        (
            vec![Reply::Answer(401, "evil")],
            quick(),
            "refused the request with 401: it wants another user",
            1,
        ),
        (
            vec![Reply::Answer(400, inconsistent)],
            quick(),
            "somebody else pushes metrics of the same names",
            1,
        ),
        (
            vec![Reply::Answer(413, "evil")],
            quick(),
            "lower metrics.releases",
            1,
        ),
        (
            vec![Reply::Redirect("/evil")],
            quick(),
            "a redirect, which is not followed",
            1,
        ),
        (
            vec![Reply::Answer(404, "<html>evil")],
            quick(),
            "not as a Pushgateway does",
            1,
        ),
        (
            vec![Reply::Answer(500, "evil")],
            quick(),
            "the receiver failed (500) (gave up after 3 attempts)",
            3,
        ),
        (
            vec![Reply::Slow(Duration::from_mins(1))],
            soon,
            "no answer in time",
            1,
        ),
    ] {
        let what = format!("{replies:?}");
        let (pushed, received) = push(replies, http).await;
        let error = pushed.err().unwrap_or_default();
        assert_eq!(
            (error.is_empty(), received),
            (want.is_empty(), attempts),
            "{what}: {error}"
        );
        assert!(error.contains(want) && !error.contains("evil"), "{what}: {error}");
    }
}

/// The names of metrics in a text.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("driftline_") {
        let is_part = |character: char| character.is_ascii_lowercase() || character == '_';
        let end = text[at..]
            .find(|character| !is_part(character))
            .unwrap_or(text.len() - at);
        found.insert(text[at..at + end].to_owned());
    }
    found
}

#[test]
fn the_documentation_has_a_row_for_every_metric() {
    let rows: Vec<String> = Family::ALL
        .iter()
        .map(|family| {
            let labels = family.labels().iter().map(|label| format!("`{label}`"));
            let labels = labels.collect::<Vec<_>>().join(", ");
            format!(
                "| `{}` | {} | {labels} | {} |",
                family.name(),
                family.unit(),
                family.help()
            )
        })
        .collect();
    let document = read("docs/metrics.md");
    let written: Vec<&str> = document
        .lines()
        .filter(|line| line.starts_with("| `driftline_"))
        .collect();
    assert_eq!(written, rows, "the table of docs/metrics.md");
}

#[test]
fn rules_dashboard_and_documentation_name_metrics_that_exist() {
    let known: BTreeSet<String> = Family::ALL
        .iter()
        .map(|family| family.name().to_owned())
        .collect();
    for file in [
        "deploy/monitoring/rules.yaml",
        "deploy/monitoring/rules_test.yaml",
        "deploy/monitoring/prometheusrule.yaml",
        "deploy/monitoring/dashboard.json",
        "docs/metrics.md",
    ] {
        let named = metrics_in(&read(file));
        assert!(named.len() > 5, "{file}: {named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
    let shown = metrics_in(&read("deploy/monitoring/dashboard.json"));
    for family in [
        Family::Releases,
        Family::OldestDrift,
        Family::HealthEntries,
        Family::StageDuration,
    ] {
        assert!(
            shown.contains(family.name()),
            "the dashboard lacks {}",
            family.name()
        );
    }
}

/// The labels and words that rules and dashboard select by are those that scans write.
#[test]
fn rules_and_dashboard_select_by_words_that_exist() {
    let home = Home::new();
    let path = home.path().join("driftline.prom");
    scan_example(&path, &[]);
    let text = fs::read_to_string(&path).unwrap();
    for file in ["deploy/monitoring/rules.yaml", "deploy/monitoring/dashboard.json"] {
        let plain = read(file).replace("\\\"", "\"");
        let mut selected = 0;
        for label in ["verdict", "state", "status", "outcome", "severity", "reason"] {
            for (at, matched) in plain.match_indices(&format!("{label}=")) {
                let rest = &plain[at + matched.len()..];
                let Some(word) = rest
                    .trim_start_matches('~')
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next())
                else {
                    continue;
                };
                for word in word.split('|') {
                    selected += 1;
                    let is_written = text.contains(&format!("{label}=\"{word}\"")) || word == "new";
                    assert!(is_written, "{file}: {label}={word}");
                }
            }
        }
        assert!(selected >= 5, "{file}: {selected}");
    }
}

#[test]
fn both_forms_of_the_rules_are_the_same() {
    let parse = |file: &str| -> Value { serde_saphyr::from_str(&read(file)).unwrap() };
    let rules = parse("deploy/monitoring/rules.yaml");
    let resource = parse("deploy/monitoring/prometheusrule.yaml");
    assert_eq!(resource["spec"], rules);
    assert_eq!(resource["kind"], "PrometheusRule");
    let alerts = rules["groups"][0]["rules"].as_array().unwrap();
    assert!(alerts.len() >= 8);
    let tested = read("deploy/monitoring/rules_test.yaml");
    for alert in alerts {
        let name = alert["alert"].as_str().unwrap();
        assert!(alert["labels"]["severity"].is_string(), "{name}");
        for annotation in ["summary", "description"] {
            assert!(alert["annotations"][annotation].is_string(), "{name}");
        }
        assert!(tested.contains(name), "nothing tests {name}");
    }
}

/// The beginning of what a Pushgateway answers to the question for its status.
const STATUS: &str = r#"{"status":"success","data":{"build_information":{"version":"1.11.0"},"flags":{}"#;

#[tokio::test]
async fn a_check_asks_a_pushgateway_for_its_status_and_pushes_nothing() {
    for (reply, status, said) in [
        (
            Reply::Answer(200, STATUS),
            CheckStatus::Valid,
            "no metric was pushed",
        ),
        (
            Reply::Answer(200, "<html>evil</html>"),
            CheckStatus::Invalid,
            "answered 200, not as a Pushgateway does",
        ),
        (
            Reply::Answer(200, "{}"),
            CheckStatus::Invalid,
            "not as a Pushgateway does",
        ),
        (
            Reply::Answer(401, "evil"),
            CheckStatus::Invalid,
            "it wants another user and password, or another token",
        ),
        (
            Reply::Answer(404, "evil"),
            CheckStatus::Unclear,
            "shows with the first scan",
        ),
        (Reply::Redirect("/evil"), CheckStatus::Invalid, "is not followed"),
        (
            Reply::Endless(200),
            CheckStatus::Invalid,
            "not as a Pushgateway does",
        ),
        (Reply::HangUp, CheckStatus::Invalid, "the connection broke"),
        (
            Reply::Answer(503, "evil"),
            CheckStatus::Invalid,
            "gave up after 3 attempts",
        ),
    ] {
        let server = Receiver::start([reply.clone()]).await;
        let settings = PushgatewaySettings::try_new(&server.url("/behind/"), Transport::AllowHttp).unwrap();
        let result = Pushgateway::new(settings, quick()).check().await;
        assert_eq!(result.status, status, "{reply:?}: {result:?}");
        assert!(
            result.message.contains(said) && !result.message.contains("evil"),
            "{reply:?}: {result:?}"
        );
        assert_eq!(result.sink, "metrics.pushgateway");
        for request in server.received() {
            assert_eq!(
                (&*request.method, &*request.path),
                ("GET", "/behind/api/v1/status")
            );
        }
    }
}

#[test]
fn notify_check_tries_the_pushgateway_with_its_credentials() {
    let home = Home::new();
    let check = |url: &str| {
        let config = home.file(
            "config.yaml",
            &format!("metrics:\n  pushgateway: {{url: {url}, allow_http: true, username: me}}\n"),
        );
        Driftline::new(["notify", "--check", "--config", &config])
            .env("DRIFTLINE_PUSHGATEWAY_PASSWORD", "hunter2")
            .never_says("hunter2")
            .run()
    };
    let (ran, received) = beside(vec![Reply::Answer(200, STATUS)], |gateway| {
        check(&gateway.url("/"))
    });
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("metrics.pushgateway: ok: ") && ran.stdout.contains("with these credentials"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        received[0].header("authorization"),
        Some("Basic bWU6aHVudGVyMg==")
    );
    let (ran, _) = beside(vec![Reply::Answer(403, "")], |gateway| check(&gateway.url("/")));
    assert_eq!(ran.status, Some(2), "{}", ran.stdout);
    assert!(
        ran.stdout.starts_with("metrics.pushgateway: invalid: "),
        "{}",
        ran.stdout
    );
}
