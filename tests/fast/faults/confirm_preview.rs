//! Previews that are confirmed by dry runs: what is sent, and what each answer of the API server comes to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::server::{Fault, Received, SECRET, Server, Stored};
use super::world::{Home, config_map, cron_tab, each, release, secret};
use crate::support::program::Ran;

const SETTINGS: &str = "/api/v1/namespaces/shop/configmaps/settings";
const NIGHTLY: &str = "/apis/stable.example.com/v1/namespaces/shop/crontabs/nightly";
const LOGIN: &str = "/api/v1/namespaces/shop/secrets/login";
const CONFIG_MAPS: &str = "/api/v1/namespaces/shop/configmaps";

fn deployed() -> Vec<Stored> {
    release(
        "shop",
        "web",
        &[
            secret("login"),
            config_map("settings", "blue"),
            cron_tab("nightly"),
        ],
    )
}

/// A server with these objects, in a namespace that takes new ones.
fn server() -> Server {
    let metadata = json!({"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop"}});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    Server::start(deployed()).always("/api/v1/namespaces/shop", Fault::Body(namespace.to_string()))
}

/// The manifests of an upgrade that changes the Secret and the `ConfigMap`, and brings another one.
fn manifests() -> String {
    let mut login = secret("login");
    login["data"]["user"] = json!(STANDARD.encode("somebody"));
    let objects = [
        login,
        config_map("settings", "green"),
        config_map("fresh", "new"),
        cron_tab("nightly"),
    ];
    objects.map(|object| format!("---\n{object}\n")).concat()
}

/// Previews the upgrade, and checks that nothing was sent but reads and dry runs.
fn preview(server: &Server, flags: &[&str], variables: &[(&str, &str)]) -> Ran {
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    let file = home.file("manifests.yaml", &manifests());
    let mut arguments = vec![
        "preview", "upgrade", "web", "-n", "shop", "-f", &file, "-o", "json",
    ];
    arguments.extend(["--kubeconfig", &kubeconfig, "--request-timeout", "2s"]);
    arguments.extend(flags);
    let mut command = home.command(&arguments);
    for (name, value) in variables {
        command = command.env(name, value);
    }
    let run = command.run();
    for request in server.received() {
        if request.method != "GET" {
            assert!(request.target.contains("?dryRun=All&"), "{request:?}");
        }
    }
    run
}

fn confirmed(server: &Server) -> Ran {
    preview(server, &["--confirm", "server"], &[])
}

fn told(run: &Ran) -> Value {
    run.json()["releases"][0]["preview"].clone()
}

fn sent(server: &Server) -> Vec<Received> {
    let received = server.received().into_iter();
    received.filter(|request| request.method != "GET").collect()
}

#[test]
fn what_helm_sends_is_sent_as_a_dry_run() {
    let server = server();
    let run = confirmed(&server);
    let preview = told(&run);
    assert_eq!(
        preview["confirmation"],
        json!({"writes": 4, "confirmed": 4, "unconfirmed": 0, "unanswered": []}),
        "{preview:#}"
    );
    assert_eq!((run.status, &preview["outcome"]), (Some(0), &json!("works")));
    let mut sent: Vec<(String, String, Value)> = sent(&server)
        .into_iter()
        .map(|request| (request.method, request.target, request.body))
        .collect();
    sent.sort_by(|one, other| one.1.cmp(&other.1));
    let query = "?dryRun=All&fieldManager=helm";
    let stamps = json!({"labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}});
    let mut metadata = json!({"name": "fresh", "namespace": "shop"});
    json_patch::merge(&mut metadata, &stamps);
    let fresh =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"key": "new"}, "metadata": metadata});
    let rows = [
        (
            "PATCH",
            format!("{SETTINGS}{query}"),
            json!({"data": {"key": "green"}}),
        ),
        ("POST", format!("{CONFIG_MAPS}{query}"), fresh),
        (
            "PATCH",
            format!("{LOGIN}{query}"),
            json!({"data": {"user": STANDARD.encode("somebody")}}),
        ),
        // The manifest of the record has no stamps, and the patch of a custom resource does not look at what lives.
        ("PATCH", format!("{NIGHTLY}{query}"), json!({"metadata": stamps})),
    ];
    let rows = rows.map(|(method, target, body)| (method.to_owned(), target, body));
    assert_eq!(sent, rows);
}

/// The settings of scans are those of an account that reads; and nobody but who asks for them gets dry runs.
#[test]
fn only_the_flag_asks_for_dry_runs() {
    let home = Home::new();
    let config = home.file("config.yaml", "scan: {confirm: server}\n");
    let server = server();
    let run = preview(
        &server,
        &["--config", &config],
        &[("DRIFTLINE_CONFIRM", "server")],
    );
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(told(&run)["confirmation"].is_null());
    assert_eq!(sent(&server).len(), 0);
}

#[test]
fn an_answer_decides_only_where_it_is_about_the_object() {
    let message = |status: u16, reason: &str, message: &str| {
        let body = json!({"kind": "Status", "code": status, "reason": reason, "message": message});
        Fault::Answer(
            status,
            "application/json",
            Box::leak(body.to_string().into_boxed_str()),
        )
    };
    let rows = [
        (
            message(
                422,
                "Invalid",
                "ConfigMap \"settings\" is invalid: data: Invalid value: \"hunter2\": is too long",
            ),
            "failed",
            "rule",
            "ConfigMap shop/settings: the API server refuses it in a dry run: ConfigMap \"settings\" is invalid: data: Invalid \
             value: …: is too long",
        ),
        (
            message(
                403,
                "Forbidden",
                "configmaps \"settings\" is forbidden: exceeded quota: q, requested: x=1",
            ),
            "failed",
            "quota",
            "exceeded quota: q",
        ),
        (
            message(400, "", "admission webhook \"a\" denied the request: no blue"),
            "failed",
            "admission",
            "denied the request: no blue",
        ),
        (
            message(
                500,
                "InternalError",
                "failed calling webhook \"a\": no route to host",
            ),
            "unknown",
            "admission",
            "failed calling webhook",
        ),
        (
            message(
                400,
                "BadRequest",
                "admission webhook \"a\" does not support dry run",
            ),
            "works",
            "",
            "an admission webhook does not support dry runs",
        ),
        (
            message(
                403,
                "Forbidden",
                "configmaps \"settings\" is forbidden: User \"me\" cannot patch resource \"configmaps\" in API group \"\"",
            ),
            "works",
            "",
            "forbidden: not allowed to patch configmaps in namespace shop (RBAC)",
        ),
        (
            message(
                403,
                "Forbidden",
                "configmaps \"settings\" is forbidden: user \"me\" is attempting to grant RBAC permissions",
            ),
            "works",
            "",
            "refuses it to the account that asks",
        ),
        (
            message(409, "Conflict", "the object has been modified"),
            "works",
            "",
            "answered 409",
        ),
        (Fault::Status(500), "works", "", "answered 500"),
        (Fault::Body("{}".to_owned()), "works", "", "cannot be read"),
        (
            Fault::Slow(Duration::from_mins(1)),
            "works",
            "",
            "timed out after 2 s",
        ),
    ];
    each(rows, |(fault, outcome, cause, words)| {
        let row = format!("{fault:?}");
        let server = server().on(SETTINGS, "dryRun", 0, usize::MAX, fault);
        let run = confirmed(&server);
        let preview = told(&run);
        assert_eq!(preview["outcome"], outcome, "{row}: {preview:#}");
        let status = match outcome {
            "works" => 0,
            "unknown" => 3,
            _ => 1,
        };
        assert_eq!(run.status, Some(status), "{row}");
        let confirmation = &preview["confirmation"];
        if cause.is_empty() {
            let reason = confirmation["unanswered"][0]["message"]
                .as_str()
                .unwrap_or_default();
            assert!(reason.contains(words), "{row}: {preview:#}");
        } else {
            let first = &preview["causes"][0];
            assert_eq!(first["code"], cause, "{row}: {preview:#}");
            let message = preview["message"].as_str().unwrap_or_default();
            assert!(message.contains(words), "{row}: {message}");
        }
        let settings = preview["objects"].as_array().unwrap().iter();
        let settings = settings
            .clone()
            .find(|object| object["name"] == "settings")
            .unwrap();
        let expected = if outcome == "failed" {
            json!(false)
        } else {
            Value::Null
        };
        assert_eq!(settings["confirmed"], expected, "{row}");
        assert_eq!(settings["action"] == "fail", outcome == "failed", "{row}");
    });
}

/// A webhook may quote what it was shown. The program under test never says the secret.
#[test]
fn a_refusal_shows_no_value_that_is_hidden() {
    let denied = r#"{"kind":"Status","code":403,"message":"admission webhook \"a\" denied the request: aHVudGVyMg== is hunter2"}"#;
    let server = server().on(
        LOGIN,
        "dryRun",
        0,
        usize::MAX,
        Fault::Answer(403, "application/json", denied),
    );
    let run = confirmed(&server);
    let message = told(&run)["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("it answers 403 (an admission webhook denies it)"),
        "{message}"
    );
    assert_eq!(run.status, Some(1));
}

#[test]
fn a_snapshot_cannot_confirm_a_preview() {
    let home = Home::new();
    let arguments = [
        "preview",
        "rollback",
        "web",
        "-n",
        "shop",
        "--snapshot",
        "x",
        "--confirm",
        "server",
    ];
    let run = home.run(&arguments);
    assert_eq!(run.status, Some(2));
    assert!(
        run.sentence().contains("a snapshot cannot confirm a preview"),
        "{}",
        run.stderr
    );
}
