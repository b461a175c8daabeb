//! A week of hourly jobs in a cluster in which things happen: all that Slack, PagerDuty and a webhook are told.
//!
//! The cluster is real, and so are its hot-fixes, upgrades and failures. Only the clock of the scans is not: each of them
//! takes place an hour after the one before (`clock.c`), so that reminders and whatever else waits for hours come when they
//! would.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Account, Cluster, HelmVersion, Release, Scan};
use crate::memory::check_writes;
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::rules::{check_event, check_pagerduty, check_slack};

const NAMESPACES: [&str; 2] = ["shop", "pay"];
const JOB: &str = "system:serviceaccount:driftline:driftline";

/// The receivers, and the settings of the job that tells them.
struct Receivers {
    slack: Receiver,
    /// Takes Slack's place while it is broken.
    broken: Receiver,
    pagerduty: Receiver,
    webhook: Receiver,
    dir: TempDir,
}

impl Receivers {
    async fn start() -> Self {
        let receivers = Self {
            slack: Receiver::start([Reply::Answer(200, "ok")]).await,
            broken: Receiver::start([Reply::Answer(500, "")]).await,
            pagerduty: Receiver::start([Reply::Answer(202, r#"{"status":"success"}"#)]).await,
            webhook: Receiver::start([Reply::Answer(200, "")]).await,
            dir: tempfile::tempdir().unwrap(),
        };
        receivers.set_slack(&receivers.slack);
        receivers.write("pagerduty-key", &"k".repeat(32));
        receivers.write("webhook-url", &receivers.webhook.url("/hook"));
        let config = json!({
            "scan": {"exit_code_on_drift": 0},
            "state": {"configmap": "driftline/driftline-state"},
            "notify": {
                "attempts": 1,
                "slack": {"url_file": receivers.file("slack-url"), "format": "blocks", "allow_http": true},
                "pagerduty": {
                    "routing_key_file": receivers.file("pagerduty-key"),
                    "url": receivers.pagerduty.url("/v2/enqueue"),
                    "allow_http": true,
                },
                "webhook": {"url_file": receivers.file("webhook-url"), "allow_http": true},
            },
        });
        receivers.write("config.yaml", &config.to_string());
        receivers
    }

    fn set_slack(&self, receiver: &Receiver) {
        self.write("slack-url", &receiver.url("/services/T/B/X"));
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }
}

/// The cluster at work.
struct Week<'c> {
    cluster: &'c Cluster,
    receivers: Receivers,
    account: Account,
    clock: String,
    /// Of Helm 3.
    store: Release<'c>,
    trial: Release<'c>,
    /// Of Helm 4.
    api: Release<'c>,
    ledger: Release<'c>,
}

impl<'c> Week<'c> {
    async fn begin(cluster: &'c Cluster) -> Self {
        cluster.kubectl(&["apply", "-k", &shipped("overlays/namespaced")]);
        for namespace in NAMESPACES {
            cluster.kubectl(&["create", "namespace", namespace]);
            grant(cluster, namespace);
        }
        let receivers = Receivers::start().await;
        let clock = receivers.file("clock.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testbed/clock.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o", &clock, source])
            .status();
        assert!(built.unwrap().success(), "{source} compiles");
        let web = ["--set", "web=true"];
        let install =
            |helm, place, chart, args: &[&str]| Release::install_into(cluster, helm, place, chart, args);
        Self {
            account: cluster.account("driftline", "driftline"),
            store: install(HelmVersion::V3, ("shop", "store"), "shop", &[]),
            api: install(HelmVersion::V4, ("shop", "api"), "troubled", &web),
            trial: install(HelmVersion::V3, ("shop", "trial"), "troubled", &web),
            ledger: install(HelmVersion::V4, ("pay", "ledger"), "troubled", &web),
            cluster,
            receivers,
            clock,
        }
    }

    /// What happens before the scan of an hour. At every other hour nobody does anything.
    fn happens(&self, hour: u32) {
        let Self {
            store,
            api,
            trial,
            ledger,
            ..
        } = self;
        match hour {
            // A hot-fix at night, another one on top of it, and the next upgrade takes both back.
            10 => drop(store.kubectl(&["set", "image", "deployment/{r}-web", "web=example.com/web:fix"])),
            14 => {
                store.kubectl(&["set", "image", "deployment/{r}-web", "web=example.com/web:fix-2"]);
                store.kubectl(&["set", "resources", "deployment/{r}-web", "--limits=memory=1Gi"]);
            }
            20 => drop(store.upgrade_to(&[]).succeeded()),
            // An upgrade fails, and the next one does not.
            30 => drop(
                api.upgrade_to(&["--set", "web=true,message=two,refused=true"])
                    .failed(),
            ),
            32 => drop(api.upgrade_to(&["--set", "web=true,message=two"]).succeeded()),
            // Somebody deletes a Deployment, and the upgrade brings it back.
            40 => drop(ledger.kubectl(&["delete", "deployment/{r}-web"])),
            41 => drop(ledger.upgrade_to(&["--set", "web=true"]).succeeded()),
            // A hot-fix stays for four days.
            50 => {
                ledger.kubectl(&[
                    "set",
                    "image",
                    "deployment/{r}-web",
                    "web=registry.example.com/web:two",
                ]);
            }
            // For two hours the job may not read its namespace.
            60 => {
                ledger.kubectl(&["delete", "rolebinding/driftline"]);
                let wait = format!("while kubectl auth can-i list secrets --as={JOB}; do sleep 0.1; done");
                ledger.shell(&wait).succeeded();
            }
            62 => grant(self.cluster, "pay"),
            // Slack is broken for three hours; in the first one something happens.
            70 => {
                self.receivers.set_slack(&self.receivers.broken);
                api.kubectl(&["set", "env", "statefulset/{r}-db", "DEBUG=1"]);
            }
            73 => self.receivers.set_slack(&self.receivers.slack),
            76 => drop(api.kubectl(&["set", "env", "statefulset/{r}-db", "DEBUG-"])),
            // An upgrade is killed, and rolled back two hours later.
            84 => {
                let upgrade = ["--set", "web.maxReplicas=9", "--wait"];
                let until = "--for=jsonpath={.spec.maxReplicas}=9 horizontalpodautoscaler/{r}-web";
                store.kill_helm("upgrade", &upgrade, until);
            }
            86 => drop(store.helm_on("rollback", &["2"]).succeeded()),
            // An autoscaler at work is no news, nor is a restart (hour 120).
            90 => {
                store.kubectl(&[
                    "patch",
                    "deployment/{r}-web",
                    "--subresource=scale",
                    "--field-manager=kube-controller-manager",
                    "--type=merge",
                    r#"-p={"spec":{"replicas":5}}"#,
                ]);
            }
            // A release drifts and is then uninstalled; another one is new.
            100 => drop(trial.kubectl(&["scale", "statefulset/{r}-db", "--replicas=1"])),
            104 => drop(trial.helm_on("uninstall", &[]).succeeded()),
            110 => {
                Release::install_into(
                    self.cluster,
                    HelmVersion::V4,
                    ("pay", "invoices"),
                    "troubled",
                    &[],
                );
            }
            120 => drop(store.kubectl(&["rollout", "restart", "statefulset/{r}-api"])),
            // The values take the hot-fix over.
            146 => drop(ledger.upgrade_to(&["--set", "web=true,message=two"]).succeeded()),
            // With Helm 4 the field is kubectl's, too, and no rollback passes until an upgrade takes it away from kubectl.
            150 => {
                let upgrade = ["--set", "web=true,message=three", "--force-conflicts"];
                ledger.upgrade_to(&upgrade).succeeded();
            }
            _ => {}
        }
    }

    /// The job of an hour.
    fn scan(&self, hour: u32) -> Scan {
        let config = self.receivers.file("config.yaml");
        let job = ["scan", "-n", "shop,pay", "-o", "json", "--config", &config];
        let job = [&job[..], &["--kubeconfig", &self.account.kubeconfig]].concat();
        let hour = hour.to_string();
        let clock = [("LD_PRELOAD", self.clock.as_str()), ("HOURS_LATER", &hour)];
        Scan::from(self.cluster.driftline_with(&job, &clock))
    }
}

fn shipped(place: &str) -> String {
    format!("{}/deploy/{place}", env!("CARGO_MANIFEST_DIR"))
}

/// Lets the job read a namespace.
fn grant(cluster: &Cluster, namespace: &str) {
    cluster.kubectl(&["apply", "-k", &shipped("rbac/namespace"), "-n", namespace]);
    crate::deploy::allowed(cluster, "list", "secrets", &["-n", namespace]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs the testbed: tests/testbed/build"]
async fn a_week_of_a_cluster_takes_few_messages_and_forgets_nothing() {
    let cluster = &Cluster::start();
    let week = Week::begin(cluster).await;
    let mut slack = Told::new(&week.receivers.slack, check_slack, headline);
    let mut pagerduty = Told::new(&week.receivers.pagerduty, check_pagerduty, alert);
    let mut webhook = Told::new(&week.receivers.webhook, check_event, changes);
    for hour in 0..168 {
        week.happens(hour);
        let scan = week.scan(hour);
        let status = match hour {
            60..62 => 3,
            70..73 => 2,
            _ => 0,
        };
        assert_eq!(scan.status, status, "{hour}: {}{:#}", scan.stderr, scan.report);
        slack.listen(hour);
        pagerduty.listen(hour);
        webhook.listen(hour);
    }
    // Nobody remembers whether a resolve closed anything, so that each calm scan sends one.
    let is_resolve = |line: &str| line.ends_with("  resolve");
    pagerduty
        .lines
        .dedup_by(|line, before| is_resolve(line) && is_resolve(before));
    insta::assert_snapshot!("week_slack", slack.lines.join("\n"));
    insta::assert_snapshot!("week_pagerduty", pagerduty.lines.join("\n"));
    insta::assert_snapshot!("week_webhook", webhook.lines.join("\n"));
    assert!(slack.lines.len() < 20, "{} messages", slack.lines.len());
    assert_eq!(week.receivers.broken.received().len(), 3);
    check_incidents(&week.receivers.webhook);
    check_writes(cluster);
}

/// What a receiver was told, a few lines for each message.
struct Told<'r> {
    receiver: &'r Receiver,
    heard: usize,
    check: fn(&Value),
    short: fn(&Value) -> Vec<String>,
    lines: Vec<String>,
}

impl<'r> Told<'r> {
    fn new(receiver: &'r Receiver, check: fn(&Value), short: fn(&Value) -> Vec<String>) -> Self {
        Self {
            receiver,
            heard: 0,
            check,
            short,
            lines: Vec::new(),
        }
    }

    fn listen(&mut self, hour: u32) {
        let messages = self.receiver.received();
        for message in messages[self.heard..].iter().map(Received::json) {
            (self.check)(&message);
            let lines = (self.short)(&message).into_iter();
            self.lines.extend(lines.map(|line| format!("{hour:>3}  {line}")));
        }
        self.heard = messages.len();
    }
}

fn headline(message: &Value) -> Vec<String> {
    vec![text(&message["blocks"][0]["text"]["text"])]
}

/// An alert that is open or closed.
fn alert(event: &Value) -> Vec<String> {
    let payload = &event["payload"];
    let [action, severity, summary] =
        [&event["event_action"], &payload["severity"], &payload["summary"]].map(text);
    vec![format!("{action} {severity} {summary}").trim_end().to_owned()]
}

fn changes(event: &Value) -> Vec<String> {
    let entries = ["new", "changed", "resolved"].into_iter().flat_map(|list| {
        let entries = event[list]["entries"].as_array().unwrap().iter();
        entries.map(move |entry| {
            let object = &entry["object"];
            let named = [
                &entry["how"],
                &entry["code"],
                &entry["release"],
                &object["kind"],
                &object["name"],
                &entry["path"],
            ];
            let named = named.map(text);
            let named: Vec<_> = named
                .iter()
                .filter(|name| !name.is_empty())
                .map(String::as_str)
                .collect();
            format!("{list}: {}", named.join(" "))
        })
    });
    let entries: Vec<_> = entries.collect();
    if entries.is_empty() {
        vec![text(&event["occasion"])]
    } else {
        entries
    }
}

/// Everything is told once as new and once as resolved, in this order.
fn check_incidents(webhook: &Receiver) {
    let mut open: BTreeMap<String, Value> = BTreeMap::new();
    for event in webhook.received().iter().map(Received::json) {
        for entry in event["new"]["entries"].as_array().unwrap() {
            let known = open.insert(text(&entry["fingerprint"]), entry.clone());
            assert_eq!(known, None, "told twice");
        }
        for entry in event["resolved"]["entries"].as_array().unwrap() {
            let known = open.remove(&text(&entry["fingerprint"]));
            assert!(known.is_some(), "{entry:#} was not new before");
        }
    }
    assert_eq!(open, BTreeMap::new(), "did not end");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
