//! A scan of a real cluster tells Slack and PagerDuty, both played by a server
//! on loopback that keeps what it receives.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::harness::{Cluster, HelmVersion, Release, Scan};
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::rules::{check_pagerduty, check_slack};

const IMAGE: &str = "registry.example.com/shop/web";

/// Both sinks, and the configuration that names them.
pub(crate) struct Sinks {
    runtime: Runtime,
    slack: Receiver,
    pagerduty: Receiver,
    dir: TempDir,
}

impl Sinks {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let (slack, pagerduty) = runtime.block_on(async {
            (
                Receiver::start([Reply::Answer(200, "ok")]).await,
                Receiver::start([Reply::Answer(202, r#"{"status":"success"}"#)]).await,
            )
        });
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name).display().to_string();
        fs::write(file("slack-url"), slack.url("/services/T/B/secret-path")).unwrap();
        fs::write(file("routing-key"), "k".repeat(32)).unwrap();
        let config = json!({"notify": {
            "slack": {"url_file": file("slack-url"), "allow_http": true},
            "pagerduty": {
                "routing_key_file": file("routing-key"),
                "url": pagerduty.url("/v2/enqueue"),
                "allow_http": true,
            },
        }});
        fs::write(file("config.yaml"), config.to_string()).unwrap();
        Self {
            runtime,
            slack,
            pagerduty,
            dir,
        }
    }

    /// Sets a section of the configuration.
    pub(crate) fn set(&self, section: &str, value: &Value) {
        let config = self.dir.path().join("config.yaml");
        let text = fs::read_to_string(&config).unwrap();
        let mut settings: Value = serde_json::from_str(&text).unwrap();
        settings[section] = value.clone();
        fs::write(&config, settings.to_string()).unwrap();
    }

    /// Scans a release's namespace and returns what arrived: at Slack, at PagerDuty.
    pub(crate) fn scan(&self, release: &Release<'_>, more: &[&str]) -> (Scan, Vec<Value>, Vec<Value>) {
        let before = [&self.slack, &self.pagerduty].map(|sink| sink.received().len());
        let config = self.dir.path().join("config.yaml").display().to_string();
        let scan = release.scan_with(&[&["--config", &config], more].concat(), &[]);
        let [slack, pagerduty] =
            [(&self.slack, before[0]), (&self.pagerduty, before[1])].map(|(sink, old)| {
                let received = sink.received().split_off(old);
                received.iter().map(Received::json).collect::<Vec<_>>()
            });
        slack.iter().for_each(check_slack);
        pagerduty.iter().for_each(check_pagerduty);
        (scan, slack, pagerduty)
    }
}

impl Drop for Sinks {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn drift_opens_an_alert_and_a_repair_closes_it() {
    let cluster = Cluster::shared();
    let sinks = Sinks::start();
    for helm in HelmVersion::ALL {
        let release = Release::install(cluster, helm, "shop", &[]);
        let (scan, slack, pagerduty) = sinks.scan(&release, &[]);
        assert_eq!(scan.status, 0, "{}", scan.stderr);
        assert_eq!(slack, [Value::Null; 0], "nothing to say");
        // It needs no memory: resolving what is not open does nothing.
        let [resolve] = pagerduty.try_into().expect("one event");
        assert_eq!(resolve["event_action"], "resolve");
        let key = &resolve["dedup_key"];

        release.kubectl(&[
            "set",
            "image",
            "deployment/{r}-web",
            &format!("web={IMAGE}:hotfix"),
        ]);
        release.kubectl(&[
            "patch",
            "secret/{r}-database",
            r#"-p={"stringData":{"DB_PASSWORD":"tr0ub4dor-and-3"}}"#,
        ]);
        for _hour in 0..2 {
            let (scan, slack, pagerduty) = sinks.scan(&release, &[]);
            assert_eq!(scan.status, 1, "{}", scan.stderr);
            let [message] = slack.try_into().expect("one message");
            let [event] = pagerduty.try_into().expect("one event");
            assert_eq!(event["event_action"], "trigger");
            assert_eq!(&event["dedup_key"], key, "the same alert every time");
            for said in [message.to_string(), event.to_string()] {
                for named in [
                    release.name.as_str(),
                    &format!("{}-database", release.name),
                    "/spec/template/spec/containers[name=web]/image",
                    "/data/DB_PASSWORD",
                ] {
                    assert!(said.contains(named), "{named} is not in {said}");
                }
                for value in [
                    IMAGE,
                    "hotfix",
                    "1.4.2",
                    "tr0ub4dor",
                    "correct-horse",
                    "dHIwdWI0ZG9y",
                ] {
                    assert!(!said.contains(value), "{value} is in {said}");
                }
            }
        }

        // Who may read records and Secrets only sees that the Secret drifted;
        // closing the alert is not theirs.
        release.kubectl(&["create", "serviceaccount", "half-blind"]);
        release.kubectl(&[
            "create",
            "role",
            "half-blind",
            "--verb=get,list",
            "--resource=secrets",
        ]);
        release.kubectl(&[
            "create",
            "rolebinding",
            "half-blind",
            "--role=half-blind",
            "--serviceaccount={r}:half-blind",
        ]);
        let account = cluster.account(&release.namespace, "half-blind");

        repair(&release);
        let as_account = ["--kubeconfig", account.kubeconfig.as_str()];
        let (scan, slack, pagerduty) = sinks.scan(&release, &as_account);
        assert_eq!(scan.status, 3, "{:#}", scan.report);
        assert!(scan.number("summary.objects.unknown") > 0);
        let [message] = slack.try_into().expect("one message");
        assert!(message.to_string().contains(&release.name), "{message}");
        assert!(
            pagerduty.iter().all(|event| event["event_action"] != "resolve"),
            "{pagerduty:?}"
        );

        let (scan, slack, pagerduty) = sinks.scan(&release, &[]);
        assert_eq!(scan.status, 0, "{:#}", scan.report);
        assert_eq!(slack, [Value::Null; 0]);
        let [resolve] = pagerduty.try_into().expect("one event");
        assert_eq!(resolve["event_action"], "resolve");
        assert_eq!(&resolve["dedup_key"], key);
    }
}

/// Helm 3 writes back what its manifest says. Helm 4 would refuse, because
/// kubectl owns the fields now; there, who changed them changes them back.
fn repair(release: &Release<'_>) {
    match release.helm {
        HelmVersion::V3 => {
            let chart = &release.chart;
            let upgrade = ["upgrade", &release.name, chart, "--namespace", &release.namespace];
            release.cluster.helm(release.helm, &upgrade).succeeded();
        }
        HelmVersion::V4 => {
            release.kubectl(&[
                "set",
                "image",
                "deployment/{r}-web",
                &format!("web={IMAGE}:1.4.2"),
            ]);
            release.kubectl(&[
                "patch",
                "secret/{r}-database",
                r#"-p={"stringData":{"DB_PASSWORD":"correct-horse-battery-staple"}}"#,
            ]);
        }
    }
}

/// A sink that does not take the message is trouble, and the report is there all the same.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_undelivered_message_is_trouble() {
    let release = Release::install(Cluster::shared(), HelmVersion::V4, "shop", &[]);
    release.kubectl(&["delete", "service/{r}-web"]);
    let sinks = Sinks::start();
    let gone = sinks
        .runtime
        .block_on(crate::support::receiver::refused("/services/T/B/secret-path"));
    fs::write(sinks.dir.path().join("slack-url"), gone).unwrap();
    let config = sinks.dir.path().join("config.yaml");
    let text = fs::read_to_string(&config).unwrap();
    let mut settings: Value = serde_json::from_str(&text).unwrap();
    settings["notify"]["attempts"] = json!(1);
    fs::write(&config, settings.to_string()).unwrap();

    let (scan, _, pagerduty) = sinks.scan(&release, &[]);
    assert_eq!(scan.status, 2);
    assert_eq!(scan.report["outcome"], "drift");
    assert_eq!(pagerduty.len(), 1, "the other sink still gets its own");
    assert!(scan.stderr.contains("slack"), "{}", scan.stderr);
    assert!(!scan.stderr.contains("secret-path"), "{}", scan.stderr);
}
