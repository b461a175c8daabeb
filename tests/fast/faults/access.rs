//! No way to the cluster: one sentence, in time, without credentials.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use super::server::{Fault, SECRET, Server};
use super::world::{Home, Revision, config_map, scan_json, shop};
use crate::support::program::Ran;

const SERVER: &str = "http://127.0.0.1:1";

fn refused(home: &Home, arguments: &[&str], expected: &str) -> Ran {
    let run = home.run(arguments);
    assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.sentence().contains(expected), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    assert!(run.took < Duration::from_secs(10), "{:?}", run.took);
    run
}

#[test]
fn a_wrong_kubeconfig_is_one_sentence() {
    let home = Home::new();
    let user = json!({"token": SECRET});
    let scan = |file: &str, expected: &str| {
        refused(&home, &["scan", "--kubeconfig", file], expected);
    };
    scan("/nowhere/kubeconfig", "/nowhere/kubeconfig cannot be read");
    scan(
        &home.file("yaml", "users: [hunter2\n"),
        "not a valid kubeconfig: line",
    );
    scan(&home.file("list", "- hunter2\n"), "not a valid kubeconfig");
    scan(
        &home.file("type", "clusters: hunter2\n"),
        "not a valid kubeconfig",
    );
    scan(&home.file("empty", ""), "it has no contexts");
    let current = home.kubeconfig(SERVER, &user);
    refused(
        &home,
        &["scan", "--kubeconfig", &current, "--context", "prod"],
        "it has no context `prod`; there are: fake",
    );
    let text = std::fs::read_to_string(&current).unwrap();
    scan(
        &home.file("current", &text.replace("\"current-context\":\"fake\",", "")),
        "it has no current context; pass --context, one of: fake",
    );
    scan(
        &home.file(
            "cluster",
            &text.replace("\"cluster\":\"fake\"", "\"cluster\":\"gone\""),
        ),
        "gone",
    );
    scan(
        &home.file("user", &text.replace("\"user\":\"me\"", "\"user\":\"gone\"")),
        "its context `fake` names the user `gone`, which it does not have",
    );
    scan(
        &home.file("server", &text.replace(SERVER, "not a url")),
        "kubeconfig: ",
    );
    scan(
        &home.kubeconfig(
            "https://127.0.0.1:1",
            &json!({"client-certificate": "/nowhere/tls.crt", "client-key": "/nowhere/tls.key"}),
        ),
        "/nowhere/tls.crt cannot be read: No such file",
    );
    let with_authority = text.replace(
        "\"server\":",
        "\"certificate-authority\":\"/nowhere/ca.crt\",\"server\":",
    );
    scan(&home.file("authority", &with_authority), "/nowhere/ca.crt");
    scan(
        &home.kubeconfig(
            "https://127.0.0.1:1",
            &json!({"client-certificate-data": "aHVudGVyMg==", "client-key-data": "aHVudGVyMg=="}),
        ),
        "",
    );
    scan(
        &home.kubeconfig(SERVER, &json!({"tokenFile": "/nowhere/token"})),
        "/nowhere/token",
    );
}

#[test]
fn without_any_kubeconfig_the_message_names_the_setting() {
    let home = Home::new();
    refused(&home, &["scan"], "no cluster to read");
    refused(&home, &["scan", "--context", "prod"], "");
    refused(&home, &["scan", "--in-cluster"], "in-cluster configuration");
    let command = home.command(&["scan"]);
    let run = command.env("KUBECONFIG", "/nowhere/kubeconfig").run();
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains("/nowhere/kubeconfig"), "{}", run.stderr);
}

#[test]
fn the_credentials_of_a_plugin_are_never_shown() {
    let home = Home::new();
    let plugin = |name: &str, script: &str| home.program(name, &format!("#!/bin/sh\n{script}\n"));
    let user = |command: &str| {
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command,
                        "interactiveMode": "IfAvailable", "args": ["--client-secret", SECRET]}})
    };
    let fails = plugin("fails", "echo hunter2; echo the answer was hunter2 >&2; exit 7");
    let prints = plugin(
        "prints",
        "echo '{\"status\": {\"token\": \"Hunter2Hunter2\"}}'; echo Hunter2Hunter2 is of no use >&2; exit 1",
    );
    let garbage = plugin("garbage", "echo 'token: hunter2'; echo hunter2 >&2");
    for (command, expected) in [
        (
            fails.as_str(),
            "fails` failed (exit status: 7) and said: the answer was (redacted)",
        ),
        (prints.as_str(), "and said: (redacted) is of no use"),
        (garbage.as_str(), "cannot be used"),
        (
            "/nowhere/plugin",
            "credential plugin `/nowhere/plugin` does not exist",
        ),
    ] {
        let kubeconfig = home.kubeconfig(SERVER, &user(command));
        refused(&home, &["scan", "--kubeconfig", &kubeconfig, "-vvv"], expected);
    }
}

#[test]
fn a_credential_plugin_that_hangs_ends_with_the_scan() {
    let home = Home::new();
    let path = home.program("hangs", "#!/bin/sh\nexec sleep 20\n");
    let user = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": path,
                               "interactiveMode": "Never"}});
    let kubeconfig = home.kubeconfig(SERVER, &user);
    refused(
        &home,
        &["scan", "--kubeconfig", &kubeconfig, "--timeout", "1s"],
        "credential",
    );
}

#[test]
fn an_unreachable_server_is_one_sentence_in_time() {
    let home = Home::new();
    let kubeconfig = home.kubeconfig(SERVER, &json!({"token": SECRET}));
    let run = home.run(&["scan", "--kubeconfig", &kubeconfig, "-o", "json"]);
    assert_eq!(run.status, Some(2));
    let [(_, message)] = &run.errors()[..] else {
        panic!("{}", run.stdout)
    };
    assert!(
        message.contains("cannot reach the API server at http://127.0.0.1:1: ")
            && message.contains("refused"),
        "{message}"
    );
    assert!(run.took < Duration::from_secs(8), "{:?}", run.took);
}

#[test]
fn a_server_that_accepts_and_says_nothing_costs_two_attempts() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://{}", silent.local_addr().unwrap());
        let kubeconfig = home.kubeconfig(&url, &json!({"token": SECRET}));
        let flags = [
            "scan",
            "--kubeconfig",
            &kubeconfig,
            "-o",
            "json",
            "--request-timeout",
            "1s",
        ];
        let run = home.run(&flags);
        assert_eq!(run.status, Some(2));
        assert_eq!(run.errors().len(), 1, "{}", run.stdout);
        assert!(
            run.took < Duration::from_secs(6),
            "{scheme}: {:?} {}",
            run.took,
            run.stdout
        );
    }
}

#[test]
fn a_server_of_another_protocol_is_named() {
    let server = Server::start(shop());
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url.replace("http:", "https:"), &json!({"token": SECRET}));
    let run = home.run(&[
        "scan",
        "--kubeconfig",
        &kubeconfig,
        "-o",
        "json",
        "--request-timeout",
        "1s",
    ]);
    assert_eq!(run.status, Some(2));
    assert!(run.errors()[0].1.contains("cannot be listed"), "{}", run.stdout);
}

#[test]
fn refused_credentials_are_one_sentence() {
    let run = scan_json(&Server::start(shop()).always("*", Fault::Status(401)), &[]);
    assert_eq!(run.status, Some(2));
    assert_eq!(run.errors().len(), 1);
    assert!(
        run.errors()[0].1.contains("does not accept the credentials"),
        "{:?}",
        run.errors()
    );
}

#[test]
fn a_mistake_in_the_settings_names_file_line_and_key() {
    let home = Home::new();
    for (text, expected) in [
        (
            "scan:\n  namespace: [a]\n",
            ":2: unknown field `namespace`, expected one of namespaces",
        ),
        ("scan:\n  timeout: soon\n", ":2: "),
        ("scan:\n  concurrency: many\n", ":2: "),
        (
            "notify:\n  slack:\n    url: https://hooks.slack.com/hunter2\n",
            ":3: no secret may be in this file, as `url` would be: set `url_file`",
        ),
        (
            "notify:\n  pagerduty:\n    routing_key: hunter2\n",
            ":3: no secret may be in this file, as `routing_key` would be: set `routing_key_file`",
        ),
        ("notify:\n  pagerduty: {}\n", "set `routing_key_file`"),
        (
            "notify:\n  pagerduty: {routing_key_file: /nowhere/key}\n",
            "routing_key_file /nowhere/key cannot be read",
        ),
        ("severity:\n  changd: info\n", ":2: "),
        ("scan: [\n", ":1"),
    ] {
        let config = home.file("driftline.yaml", text);
        let run = home.run(&["scan", "--config", &config]);
        assert_eq!(run.status, Some(2), "{text}");
        let sentence = run.sentence();
        assert!(sentence.contains(expected), "{sentence}");
        if expected.starts_with(':') {
            assert!(sentence.contains("driftline.yaml:"), "{sentence}");
        }
    }
    refused(
        &home,
        &["scan", "--config", "/nowhere/driftline.yaml"],
        "/nowhere/driftline.yaml cannot be read",
    );
}

/// The commands of the report, pasted, run against the cluster that was scanned.
#[test]
fn commands_name_the_cluster_as_the_command_line_did() {
    let mut stuck = Revision::new("shop", "web", &[config_map("settings", "red")]);
    (stuck.number, stuck.status) = (2, "pending-upgrade");
    let server = Server::start(shop().into_iter().chain([stuck.stored()]));
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    for command in [&["diagnose", "web"][..], &["scan"]] {
        let arguments = [command, &["--kubeconfig", &kubeconfig, "--kube-context", "fake"]].concat();
        let report = home.run(&[&arguments[..], &["-o", "json", "-q"]].concat());
        let health = &report.json()["releases"][0]["health"];
        let advice = health
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|entry| entry["advice"].as_array().unwrap());
        let commands: Vec<&str> = advice.map(|advice| advice["command"].as_str().unwrap()).collect();
        assert!(commands.len() > 3, "{commands:?}");
        for command in commands {
            let context = if command.contains("helm ") {
                "--kube-context=fake"
            } else {
                "--context=fake"
            };
            let flags = format!("{context} --kubeconfig={kubeconfig}");
            assert!(command.contains(&flags), "{command}");
        }
    }
    let arguments = ["scan", "--kubeconfig", &kubeconfig, "--context", "fake"];
    let text = home.run(&arguments).stdout;
    let next = format!("driftline diagnose web -n shop --context=fake --kubeconfig={kubeconfig}");
    assert!(text.contains(&next), "{text}");
    // Without the flags, commands find the cluster as the scan did.
    let text = home
        .command(&["diagnose", "web"])
        .env("KUBECONFIG", &kubeconfig)
        .run()
        .stdout;
    assert!(text.contains("helm history web -n shop\n"), "{text}");
}
