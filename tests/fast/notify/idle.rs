//! Settings of notifications that come to nothing: each is said, and none ends a scan.

use crate::faults::server::Server;
use crate::faults::world::{Home, scan_command, shop};
use crate::support::program::Driftline;

const WEBHOOK: &str = "{url_file: URL}";

/// A home with these settings, in which URL, KEY and TOKEN are files of secrets.
fn config(home: &Home, settings: &str) -> String {
    let url = home.file("url", "https://127.0.0.1:9/hunter2");
    let key = home.file("key", &"k".repeat(32));
    let token = home.file("token", "xoxb-1-hunter2");
    let settings = settings
        .replace("URL", &url)
        .replace("KEY", &key)
        .replace("TOKEN", &token);
    home.file("config.yaml", &settings)
}

/// What a scan of a clean cluster says on standard error.
fn scan(settings: &str, flags: &[&str]) -> String {
    let home = Home::new();
    let config = config(&home, settings);
    let server = Server::start(shop());
    let ran = scan_command(&home, &server, &[&["--config", &config], flags].concat())
        .never_says("hunter2")
        .run();
    // Without memory PagerDuty is told after every scan that all is well, and nothing answers here.
    let status = if settings.contains("pagerduty") { 2 } else { 0 };
    assert_eq!(ran.status, Some(status), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn what_needs_a_memory_is_named_where_there_is_none() {
    const ADVICE: &str = "set `state` in the configuration file, --state or DRIFTLINE_STATE";
    for (settings, said) in [
        (
            format!("notify: {{settle: 10m, remind: 1h, webhook: {WEBHOOK}}}"),
            "notify: `settle` and `remind` have no effect without a memory",
        ),
        (
            format!("notify: {{settle: 2 scans, webhook: {WEBHOOK}}}"),
            "notify: `settle` has no effect without a memory",
        ),
        (
            "notify: {slack: {token_file: TOKEN, channel: C0123ABCD}}".to_owned(),
            "slack: every scan posts a new message, and none is kept up to date or ticked off without a memory",
        ),
        (
            "notify: {attempts: 1, sinks: [{name: team, pagerduty: {routing_key_file: KEY, changes: true, url: \
             'https://127.0.0.1:9/v2/enqueue'}}]}"
                .to_owned(),
            "team: `changes` has no effect: no change is sent without a memory",
        ),
    ] {
        let without = scan(&settings, &[]);
        assert!(
            without.contains(said) && without.contains(ADVICE),
            "{settings}: {without}"
        );
        let state = tempfile::tempdir().unwrap();
        let place = format!("file:{}", state.path().join("state").display());
        let with = scan(&settings, &["--state", &place]);
        assert!(!with.contains("without a memory"), "{settings}: {with}");
    }
    let home = Home::new();
    let quiet = config(&home, &format!("notify: {{settle: 10m, webhook: {WEBHOOK}}}"));
    let server = Server::start(shop());
    let silent = scan_command(&home, &server, &["--config", &quiet, "--no-notify"]).run();
    assert!(!silent.stderr.contains("without a memory"), "{}", silent.stderr);
    let plain = scan(&format!("notify: {{settle: 0s, webhook: {WEBHOOK}}}"), &[]);
    assert!(!plain.contains("without a memory"), "{plain}");
}

#[test]
fn a_receiver_that_gets_nothing_is_named_by_scan_and_check() {
    let settings = format!(
        "notify:\n  attempts: 1\n  webhook: {WEBHOOK}\n  sinks: [{{name: team, webhook: {WEBHOOK}}}, {{name: other, webhook: \
         {WEBHOOK}}}]\n  routes: [{{namespaces: [shop], to: [team]}}]\n  default: [webhook]\n"
    );
    let said = scan(&settings, &[]);
    assert!(
        said.contains("other: nothing is ever sent to it, because no route names it"),
        "{said}"
    );
    assert!(!said.contains("team: nothing is ever sent"), "{said}");
    let home = Home::new();
    let ran = Driftline::new(["notify", "--check", "--config", &config(&home, &settings)])
        .never_says("hunter2")
        .run();
    assert_eq!(ran.status, Some(2), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("other: invalid: nothing is ever sent to it, because no route names it and `default` does not either; the receiver itself: "),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("team: invalid: nothing"), "{}", ran.stdout);
}

#[test]
fn a_check_warns_of_what_needs_a_memory_unless_a_variable_names_one() {
    let home = Home::new();
    let settings = format!("notify: {{attempts: 1, remind: 1h, webhook: {WEBHOOK}}}");
    let config = config(&home, &settings);
    let check = |state: &str| {
        Driftline::new(["notify", "--check", "--config", &config])
            .env("DRIFTLINE_STATE", state)
            .run()
            .stdout
    };
    let warning = "warning: notify: `remind` has no effect without a memory";
    for state in ["", "none"] {
        assert!(check(state).contains(warning), "{state}: {}", check(state));
    }
    assert!(!check("configmap:driftline").contains(warning));
}

#[test]
fn a_code_that_is_told_to_nobody_is_a_mistake_unless_the_settings_make_it_drift() {
    let home = Home::new();
    let check = |severity: &str| {
        let settings = format!(
            "severity: {{{severity}}}\nnotify:\n  attempts: 1\n  webhook: {WEBHOOK}\n  routes: [{{codes: [autoscaled, \
             changed], to: [webhook], continue: true}}]\n  default: []\n"
        );
        let config = config(&home, &settings);
        Driftline::new(["notify", "--check", "--config", &config]).run()
    };
    for (severity, code) in [
        ("", "autoscaled"),
        ("autoscaled: drift, changed: info", "changed"),
    ] {
        let ran = check(severity);
        assert_eq!(ran.status, Some(2));
        assert!(
            ran.stderr.contains(&format!(
                "the route 1 waits for `{code}`, of which nobody is ever told"
            )),
            "{}",
            ran.stderr
        );
    }
    let ran = check("autoscaled: drift");
    assert!(ran.stdout.starts_with("webhook: "), "{}", ran.stderr);
}
