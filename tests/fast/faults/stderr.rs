//! Standard error: texts from the command line, the environment, settings, kubeconfigs and the cluster do no harm there.

use serde_json::{Value, json};

use super::server::{Fault, Server};
use super::world::{Home, scan_command, shop};
use crate::support::program::{Driftline, Ran};

/// A text that recolours, reorders, hides, begins a line and commands runners.
const HOSTILE: &str =
    "x\u{1b}[2J\u{9b}31m\u{202e}\u{200b}\u{2028}\r\n::error::pwned\n##[error]pwned\n##vso[task.x]y\u{7f}";

/// Runs in a CI runner, and checks that nothing on standard error could act there or on a terminal.
fn harmless(command: Driftline) -> Ran {
    let run = command.env("GITHUB_ACTIONS", "true").run();
    assert_ne!(run.stderr, "");
    for line in run.stderr.lines() {
        let is_bad = |ch: char| {
            ch.is_control()
                || matches!(ch, '\u{202a}'..='\u{202e}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}')
        };
        assert!(!line.contains(is_bad), "{line:?}");
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{line:?}");
    }
    assert!(!run.stderr.contains('\r'), "{:?}", run.stderr);
    run
}

#[test]
fn mistakes_on_the_command_line_and_in_the_environment_are_harmless() {
    let home = Home::new();
    for arguments in [
        &[HOSTILE][..],
        &["scan", HOSTILE],
        &["scan", "--timeout", HOSTILE],
        &["scan", "-n", HOSTILE],
        &["scan", "--release", HOSTILE],
        &["scan", "--release", &format!("[{HOSTILE}")],
        &["diagnose", HOSTILE],
        &["scan", "--exit-code-on-drift", HOSTILE],
        &["scan", "-o", HOSTILE],
        &["scan", "--fail-on", HOSTILE],
        &["scan", "--concurrency", HOSTILE],
        &["scan", &format!("--{HOSTILE}")],
        &["diagnose", &format!("--{HOSTILE}")],
        &["scan", &format!("--timeout={HOSTILE}")],
        &["completions", HOSTILE],
        &["diagnose", "a", HOSTILE, "b"],
        &["explain", HOSTILE],
        &["scan", "--config", HOSTILE],
        &["scan", "--kubeconfig", HOSTILE],
        &["scan", "--snapshot", HOSTILE],
        &[
            "scan",
            "--snapshot",
            "examples/drifted-shop",
            "--output-file",
            &format!("/nowhere/{HOSTILE}"),
        ],
    ] {
        let run = harmless(home.command(arguments));
        assert_eq!(run.status, Some(2), "{arguments:?} {}", run.stderr);
        assert!(run.stderr.contains("\\u{1b}[2J"), "{arguments:?} {}", run.stderr);
    }
    for variable in [
        "DRIFTLINE_TIMEOUT",
        "DRIFTLINE_OUTPUT",
        "DRIFTLINE_CONCURRENCY",
        "HELM_DRIVER",
        "DRIFTLINE_CONFIG",
    ] {
        let run = harmless(home.command(&["scan"]).env(variable, HOSTILE));
        assert_eq!(run.status, Some(2), "{variable} {}", run.stderr);
    }
    // clap's own layout is kept.
    let run = harmless(home.command(&["scan", "--fail-on", HOSTILE]));
    assert!(
        run.stderr.lines().count() > 3 && run.stderr.starts_with("error: "),
        "{}",
        run.stderr
    );
}

#[test]
fn names_in_kubeconfigs_and_settings_are_harmless() {
    let home = Home::new();
    let text = std::fs::read_to_string(home.kubeconfig("http://127.0.0.1:1", &json!({}))).unwrap();
    let hostile = serde_json::to_string(HOSTILE).unwrap();
    for (from, to) in [
        (
            "\"name\":\"fake\",\"context\"",
            format!("\"name\":{hostile},\"context\""),
        ),
        ("\"user\":\"me\"", format!("\"user\":{hostile}")),
        ("\"cluster\":\"fake\"", format!("\"cluster\":{hostile}")),
        ("\"name\":\"me\"", format!("\"name\":{hostile}")),
    ] {
        assert!(text.contains(from) || from.contains("context"), "{text}");
        let kubeconfig = home.file("changed", &text.replace(from, &to));
        let run = harmless(home.command(&["scan", "--kubeconfig", &kubeconfig, "--context", "fake2"]));
        assert_eq!(run.status, Some(2));
    }
    let plain = home.file("plain", &text);
    let run = harmless(home.command(&["scan", "--kubeconfig", &plain, "--context", HOSTILE]));
    assert!(run.sentence().contains("it has no context"), "{}", run.stderr);
    for settings in [
        format!("{hostile}: 1\n"),
        format!("scan: {{timeout: {hostile}}}\n"),
        format!("scan: {{confirm: {hostile}}}\n"),
        format!("severity: {{{hostile}: info}}\n"),
        format!("ignore_annotation: {hostile}\n"),
        format!("ignore: [{{path: {hostile}}}]\n"),
        format!("redact: {{keys: [{hostile}]}}\n"),
        format!("notify: {{slack: {{url_file: {hostile}}}}}\n"),
    ] {
        let config = home.file("driftline.yaml", &settings);
        let run = harmless(home.command(&["scan", "--config", &config]));
        assert_eq!(run.status, Some(2), "{settings}{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{settings}{}", run.stderr);
    }
}

#[test]
fn log_lines_are_harmless_and_one_line_each() {
    let (home, server) = (Home::new(), Server::start(shop()));
    // YAML takes only printable characters as they are.
    let escaped = HOSTILE.chars().map(|ch| format!("\\u{:04x}", u32::from(ch)));
    let name = escaped.collect::<Vec<_>>().concat();
    let config = home.file("driftline.yaml", &format!("ignore: [{{name: \"{name}\"}}]\n"));
    let flags = ["--config", &config, "--log-format"];
    let run = harmless(scan_command(&home, &server, &[&flags[..], &["text"]].concat()));
    assert!(
        run.sentence().contains("WARN ignore rule 1 (name x\\x1b[2J"),
        "{}",
        run.stderr
    );
    let run = harmless(scan_command(&home, &server, &[&flags[..], &["json"]].concat()));
    let line: Value = serde_json::from_str(run.sentence()).unwrap();
    let message = line["fields"]["message"].as_str().unwrap();
    assert!(message.starts_with("ignore rule 1 (name x"), "{message}");

    let answer = Fault::Answer(
        403,
        "{\"message\": \"\\u001b[2J\\n::error::x\"}",
        "application/json",
    );
    let server = Server::start(shop()).always("*", answer);
    for format in ["text", "json"] {
        harmless(scan_command(
            &home,
            &server,
            &["-vvv", "-n", "shop", "--log-format", format],
        ));
    }
}
