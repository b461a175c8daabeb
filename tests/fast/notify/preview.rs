//! `driftline notify --preview`: what would be sent to whom, of the recorded cluster.

use std::fs;

use serde_json::Value;

use crate::support::program::{Driftline, root};
use crate::support::rules::check_slack;

const SNAPSHOT: &str = "examples/drifted-shop";

fn settings(routes: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    fs::write(file("url"), "https://hooks.slack.com/services/T/B/hunter2").unwrap();
    fs::write(file("key"), "k".repeat(32)).unwrap();
    let config = file("driftline.yaml");
    let text = format!(
        "notify:\n  slack: {{url_file: {url}}}\n  pagerduty: {{routing_key_file: {key}}}\n  sinks:\n    - name: team\n      \
         slack: {{url_file: {url}}}\n{routes}",
        url = file("url"),
        key = file("key"),
    );
    fs::write(&config, text).unwrap();
    (dir, config)
}

fn preview(config: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let arguments = ["notify", "--preview", "--snapshot", SNAPSHOT, "--config", config];
    let arguments = [&arguments[..], more].concat();
    let ran = Driftline::new(arguments.into_iter().map(str::to_owned)).run();
    (ran.status, ran.stdout, ran.stderr)
}

#[test]
fn a_preview_prints_what_each_receiver_would_get_and_sends_nothing() {
    let (_dir, config) = settings(
        "  routes:\n    - {namespaces: [nowhere], to: [team]}\n  links:\n    - {title: Runbook, url: \"https://wiki.example.com/{release}\"}\n",
    );
    let (status, printed, _) = preview(&config, &[]);
    assert_eq!(status, Some(0));
    assert!(
        printed.contains("slack: 1 message\n") && printed.contains("pagerduty: 1 message\n"),
        "{printed}"
    );
    assert!(printed.contains("team: nothing to send\n"), "{printed}");
    assert!(
        !printed.contains("hunter2") && !printed.contains("kkkk"),
        "{printed}"
    );
    let (_, printed, _) = preview(&config, &["--sink", "slack"]);
    let message: Value = serde_json::from_str(printed.strip_prefix("slack: 1 message\n").unwrap()).unwrap();
    check_slack(&message);
    assert!(message.to_string().contains("Next: "), "{message}");
    // The links lead to the worst release, in the alert, too.
    let link = "https://wiki.example.com/";
    assert!(message.to_string().contains(link), "{message}");
    let (_, printed, _) = preview(&config, &["--sink", "pagerduty"]);
    assert!(
        printed.contains("\"href\": \"https://wiki.example.com/"),
        "{printed}"
    );
    assert!(root().join(SNAPSHOT).is_dir());
}

#[test]
fn a_preview_of_a_bot_has_the_message_and_its_thread() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    fs::write(file("token"), "xoxb-1-hunter2\n").unwrap();
    let text = format!(
        "notify:\n  slack: {{token_file: {}, channel: C0123ABCD}}\n",
        file("token")
    );
    fs::write(file("driftline.yaml"), text).unwrap();
    let (status, printed, said) = preview(&file("driftline.yaml"), &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(printed.starts_with("slack: 2 messages\n"), "{printed}");
    assert!(printed.contains("\"thread_ts\": "), "{printed}");
    assert!(
        !printed.contains("hunter2") && !said.contains("hunter2"),
        "{printed}"
    );
}

#[test]
fn mistakes_of_a_preview_are_named() {
    let (_dir, config) = settings("");
    let (status, _, said) = preview(&config, &["--sink", "slck"]);
    assert_eq!(status, Some(2));
    assert!(
        said.contains("`slck` is no receiver; there are: pagerduty, slack, team"),
        "{said}"
    );
    for arguments in [
        vec!["notify", "--preview"],
        vec!["notify", "--check", "--sink", "slack"],
    ] {
        let ran = Driftline::new(arguments.iter().map(|word| (*word).to_owned())).run();
        assert_eq!(ran.status, Some(2), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_release_that_goes_to_others_is_not_called_unread_to_the_default_receiver() {
    let without = settings("");
    let (_, printed, _) = preview(&without.1, &["--sink", "slack"]);
    assert!(
        printed.contains("sandbox/preview-42: not fully compared: no revision is deployed"),
        "{printed}"
    );
    for goes_on in ["", ", continue: true"] {
        let (_dir, config) = settings(&format!(
            "  routes: [{{severity: critical, to: [pagerduty]{goes_on}}}]\n  default: [slack]\n"
        ));
        let (status, printed, said) = preview(&config, &["--sink", "slack"]);
        assert_eq!(status, Some(0), "{said}");
        assert!(printed.contains("shop/storefront"), "{printed}");
        for of_others in ["preview-42", "sandbox/wiki", "something of it was not read"] {
            assert!(!printed.contains(of_others), "{goes_on}: {of_others}: {printed}");
        }
        let (_, printed, _) = preview(&config, &["--sink", "pagerduty"]);
        assert!(printed.contains("preview-42"), "{printed}");
        let resolve = "\"event_action\": \"resolve\"";
        assert!(!printed.contains(resolve), "{printed}");
    }
}

#[test]
fn a_preview_without_any_receiver_says_what_to_do_as_a_check_does() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty = empty.path().to_str().unwrap();
    for config in [&[][..], &["--config", empty]] {
        let run = |command: &[&str]| {
            let ran = Driftline::new([&["notify"], command, config].concat()).run();
            (ran.status, ran.stdout, ran.stderr)
        };
        let previewed = run(&["--preview", "--snapshot", SNAPSHOT]);
        assert_eq!(previewed, run(&["--check"]));
        assert_eq!(previewed.0, Some(2));
        assert!(
            previewed
                .2
                .contains("no notifications are configured: pass --config with a `notify` section"),
            "{}",
            previewed.2
        );
    }
}

#[test]
fn a_preview_warns_of_what_comes_to_nothing_as_a_scan_does() {
    let (_dir, config) = settings(
        "  remind: 1h\n  settle: 10m\n  routes: [{namespaces: [shop], to: [slack]}]\n  default: [pagerduty]\n",
    );
    let changes = fs::read_to_string(&config)
        .unwrap()
        .replace("  pagerduty: {", "  pagerduty: {changes: true, ");
    fs::write(&config, &changes).unwrap();
    let (status, printed, said) = preview(&config, &[]);
    assert_eq!(status, Some(0), "{said}");
    for warning in [
        "team: nothing is ever sent to it, because no route names it and `default` does not either",
        "notify: `settle` and `remind` have no effect without a memory of earlier scans: set `state`",
        "pagerduty: `changes` has no effect: no change is sent without a memory",
    ] {
        assert!(said.contains(warning), "{warning}: {said}");
    }
    assert!(
        printed.starts_with("slack: ") && !printed.contains("no effect"),
        "{printed}"
    );
    fs::write(&config, format!("state: {{configmap: memory}}\n{changes}")).unwrap();
    let (_, _, said) = preview(&config, &[]);
    assert!(!said.contains("without a memory"), "{said}");
}

#[test]
fn a_secret_in_the_settings_is_refused_with_the_place_where_it_belongs() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("driftline.yaml");
    fs::write(
        &config,
        "notify:\n  slack:\n    url: https://hooks.slack.com/services/T/B/hunter2\n",
    )
    .unwrap();
    let (status, _, said) = preview(config.to_str().unwrap(), &[]);
    assert_eq!(status, Some(2));
    assert!(
        said.contains(
            "driftline.yaml:3: no secret may be in this file, as `url` would be: set `url_file` to the file that holds it, or, \
             for a receiver without a name, DRIFTLINE_SLACK_URL in the environment, in notify.slack.url"
        ),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn the_example_of_the_readme_is_complete_and_says_what_it_does() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let section = readme
        .split("\n### ")
        .find(|section| section.starts_with("Notifications\n"));
    let example = section.and_then(|section| section.split("```yaml\n").nth(1)?.split("```").next());
    let example = example.expect("the section has an example in YAML");
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().display().to_string();
    fs::write(
        dir.path().join("slack-url"),
        "https://hooks.slack.com/services/T/B/hunter2",
    )
    .unwrap();
    fs::write(dir.path().join("pagerduty-key"), "k".repeat(32)).unwrap();
    let config = format!("{place}/driftline.yaml");
    fs::write(&config, example.replace("/etc/driftline", &place)).unwrap();
    let (status, printed, said) = preview(&config, &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(!said.contains("warning"), "{said}");
    assert!(
        printed.contains("slack: 1 message\n") && printed.contains("pagerduty: 1 message\n"),
        "{printed}"
    );
    for key in ["settle:", "remind:", "routes:", "default:"] {
        assert!(example.contains(key), "{key}");
    }
    // A release in a critical state goes to both, and one that only drifted does not go to the pager.
    let (_, of_slack, _) = preview(&config, &["--sink", "slack"]);
    let (_, of_pager, _) = preview(&config, &["--sink", "pagerduty"]);
    assert!(
        of_slack.contains("payments/ledger") && of_slack.contains("shop/storefront"),
        "{of_slack}"
    );
    assert!(
        of_pager.contains("payments/ledger") && !of_pager.contains("shop/storefront"),
        "{of_pager}"
    );
}
