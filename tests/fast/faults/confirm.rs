//! Dry runs that fail: the drift stays what it was, and the report says why nobody confirmed it.

use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Fault, Server, Stored};
use super::world::{Home, config_map, each, live, release, scan, scan_command, secret, shop};
use crate::support::program::Ran;

const SETTINGS: &str = "/api/v1/namespaces/shop/configmaps/settings";

/// The shop, in which somebody changed a `ConfigMap`.
fn changed() -> Vec<Stored> {
    let mut objects = shop();
    objects[1].body["data"]["key"] = json!("red");
    objects
}

/// A server on which dry runs for the path fail with this fault.
fn failing(path: &str, fault: Fault) -> Server {
    Server::start(changed()).on(path, "dryRun", 0, usize::MAX, fault)
}

/// Scans with confirmation, and checks that only reads and dry runs were sent.
fn confirm(server: &Server, flags: &[&str]) -> Ran {
    let home = Home::new();
    let flags = [&["--confirm", "server", "-o", "json"], flags].concat();
    let run = scan_command(&home, server, &flags).run();
    for request in server.received() {
        match request.method.as_str() {
            "GET" => {}
            "PATCH" => assert!(
                request
                    .target
                    .ends_with("?dryRun=All&force=true&fieldManager=driftline"),
                "{request:?}"
            ),
            _ => panic!("{request:?}"),
        }
    }
    run
}

fn dry_runs(server: &Server) -> usize {
    let received = server.received();
    received
        .iter()
        .filter(|request| request.method == "PATCH")
        .count()
}

/// The findings of the only release that reports any: path, severity, confirmed.
fn findings(run: &Ran) -> Vec<(String, String, Option<bool>)> {
    let report = run.json();
    let objects = report["releases"][0]["objects"].as_array().unwrap();
    objects
        .iter()
        .flat_map(|object| object["findings"].as_array().unwrap())
        .map(|finding| {
            (
                finding["path"].as_str().unwrap().to_owned(),
                finding["severity"].as_str().unwrap().to_owned(),
                finding["confirmed"].as_bool(),
            )
        })
        .collect()
}

fn finding(severity: &str, confirmed: Option<bool>) -> Vec<(String, String, Option<bool>)> {
    vec![("/data/key".to_owned(), severity.to_owned(), confirmed)]
}

#[test]
fn drift_is_confirmed_by_one_dry_run_of_the_deployed_object() {
    let server = Server::start(changed());
    let run = confirm(&server, &[]);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    assert_eq!(findings(&run), finding("drift", Some(true)));
    assert_eq!(
        run.json()["confirmation"],
        json!({"confirmed": 1, "unconfirmed": 0, "unanswered": []})
    );
    let received = server.received();
    let sent: Vec<&Value> = received
        .iter()
        .filter(|request| request.method == "PATCH")
        .map(|request| &request.body)
        .collect();
    assert_eq!(
        sent,
        [
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"key": "blue"}, "metadata": {
            "name": "settings", "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}}})
        ]
    );
}

#[test]
fn a_live_value_that_a_dry_run_gives_is_no_drift() {
    let body = changed()[1].body.to_string();
    let server = failing(SETTINGS, Fault::Body(body));
    let run = confirm(&server, &["--all"]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    assert_eq!(findings(&run), finding("info", Some(false)));
    let report = run.json();
    assert_eq!(report["releases"][0]["verdict"], "clean");
    assert_eq!(report["summary"]["objects"]["inSync"], 3, "{}", report["summary"]);
    assert_eq!(report["summary"]["findings"]["drift"], 0);
    assert!(!run.stdout.contains("\"patch\""), "{}", run.stdout);
}

#[test]
fn a_dry_run_that_fails_leaves_the_drift_and_says_why() {
    let webhook = r#"{"kind":"Status","message":"admission webhook \"hunter2\" does not support dry run","reason":"BadRequest"}"#;
    let typed =
        r#"{"kind":"Status","message":"failed to create typed patch object: .data.hunter2: not declared"}"#;
    let denied =
        r#"{"kind":"Status","message":"admission webhook \"a\" denied the request: hunter2","code":403}"#;
    let policy =
        r#"{"kind":"Status","message":"ValidatingAdmissionPolicy 'a' denied request: hunter2","code":403}"#;
    let other = config_map("another", "blue").to_string();
    let rows = [
        (Fault::Status(500), "not confirmed: the API server answered 500"),
        (Fault::Status(422), "not confirmed: the API server answered 422"),
        (Fault::Status(409), "not confirmed: the API server answered 409"),
        (Fault::Status(404), "not confirmed: the API server answered 404"),
        (
            Fault::Answer(400, "application/json", webhook),
            "answered 400 (an admission webhook does not support dry runs)",
        ),
        (
            Fault::Answer(500, "application/json", typed),
            "answered 500 (the manifest's object does not fit the type)",
        ),
        (
            Fault::Answer(403, "application/json", denied),
            "answered 403 (an admission webhook denies it)",
        ),
        (
            Fault::Answer(403, "application/json", policy),
            "answered 403 (an admission policy denies it)",
        ),
        (Fault::Body("[]".to_owned()), "cannot be read"),
        (Fault::Body("{".to_owned()), "cannot be read"),
        (Fault::Body(other), "cannot be read"),
    ];
    each(rows, |(fault, expected)| {
        let row = format!("{fault:?}");
        let server = failing(SETTINGS, fault);
        let run = confirm(&server, &[]);
        assert_eq!(run.status, Some(1), "{row}");
        assert_eq!(findings(&run), finding("drift", None), "{row}");
        let (_, state, reason) = &run.objects()[0];
        assert_eq!(state, "drifted", "{row}");
        assert!(reason.contains(expected), "{row}: {reason}");
        assert_eq!(dry_runs(&server), 1, "{row}: none of these passes by itself");
    });
}

#[test]
fn a_failure_of_a_whole_kind_is_reported_once_and_not_tried_for_every_object() {
    let rows = [
        (
            Fault::Status(403),
            "forbidden: not allowed to patch configmaps in namespace shop (RBAC)",
            1,
        ),
        (
            Fault::Slow(Duration::from_mins(1)),
            "dry runs of v1/ConfigMap in namespace shop: timed out after 1 s",
            2,
        ),
        (
            Fault::TooMany(0),
            "dry runs of v1/ConfigMap in namespace shop: the API server is overloaded: it answered 429 to 5 attempts",
            5,
        ),
    ];
    each(rows, |(fault, expected, attempts)| {
        let row = format!("{fault:?}");
        let objects: Vec<Value> = (0..6)
            .map(|index| config_map(&format!("c{index}"), "blue"))
            .collect();
        let mut stored = release("shop", "web", &objects);
        for object in &mut stored[1..] {
            object.body["data"]["key"] = json!("red");
        }
        let server = Server::start(stored).on(
            "/api/v1/namespaces/shop/configmaps/*",
            "dryRun",
            0,
            usize::MAX,
            fault,
        );
        let run = confirm(&server, &["--concurrency", "1", "--request-timeout", "700ms"]);
        assert_eq!(run.status, Some(1), "{row}");
        assert_eq!(run.json()["summary"]["findings"]["drift"], 6, "{row}");
        assert_eq!(
            run.json()["confirmation"],
            json!({"confirmed": 0, "unconfirmed": 0, "unanswered": [{"message": expected, "objects": 6}]}),
            "{row}"
        );
        assert_eq!(dry_runs(&server), attempts, "{row}");
        assert!(run.errors().is_empty(), "{row}: everything was read");
    });
}

#[test]
fn a_scan_that_runs_out_of_time_while_asking_has_its_drift() {
    let server = failing(SETTINGS, Fault::Slow(Duration::from_mins(1)));
    let run = confirm(&server, &["--timeout", "2s"]);
    assert_eq!(run.status, Some(2));
    assert_eq!(findings(&run), finding("drift", None));
    assert!(run.took < Duration::from_secs(8), "{:?}", run.took);
}

#[test]
fn secrets_are_asked_about_and_never_shown() {
    let mut objects = release("shop", "web", &[secret("login")]);
    objects[1].body["data"]["password"] = json!("b3RoZXI=");
    let server = Server::start(objects);
    let run = confirm(&server, &["-vvv"]);
    assert_eq!(
        findings(&run),
        [("/data/password".to_owned(), "drift".to_owned(), Some(true))]
    );
    assert!(!run.stdout.contains("b3RoZXI"), "{}", run.stdout);
}

#[test]
fn only_drifted_objects_are_asked_about() {
    let mut objects = shop();
    objects.remove(1);
    // A record that claims another namespace may be forged: nothing of it is read or sent.
    let mut claimed = config_map("claimed", "blue");
    claimed["metadata"]["namespace"] = json!("vault");
    let mut forged = super::world::Revision::new("shop", "bank", &[claimed.clone()]);
    let mut stored = forged.stored();
    forged.namespace = "vault".to_owned();
    stored.body["data"] = forged.stored().body["data"].clone();
    claimed["data"]["key"] = json!("red");
    objects.extend([stored, live("vault", "bank", &claimed)]);
    let server = Server::start(objects);
    let run = confirm(&server, &[]);
    assert_eq!(run.status, Some(1));
    let states: Vec<String> = run.objects().into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(states, ["unknown", "missing"], "{}", run.stdout);
    assert_eq!(dry_runs(&server), 0);
    // And nobody at all without the flag.
    let server = Server::start(changed());
    assert_eq!(scan(&server, &[]).status, Some(1));
}

#[test]
fn a_snapshot_cannot_confirm() {
    let home = Home::new();
    let run = home.run(&["scan", "--snapshot", "x", "--confirm", "server"]);
    assert_eq!(run.status, Some(2));
    assert!(
        run.sentence().contains("a snapshot cannot confirm findings"),
        "{}",
        run.stderr
    );
}
