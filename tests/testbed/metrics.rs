//! A scan's metrics, and the rules and the dashboard that go with them, as a real Prometheus takes them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::harness::{Cluster, HelmVersion, Release, binaries};
use crate::support::program::root;
use crate::support::receiver::{Receiver, Reply};

/// A program of Prometheus.
fn program(name: &str) -> PathBuf {
    let path = binaries().join(name);
    assert!(
        path.is_file(),
        "there is no {}: run tests/testbed/build",
        path.display()
    );
    path
}

/// Runs promtool, which has to be satisfied, and returns what it prints.
fn promtool(args: &[&str], stdin: &str) -> String {
    let mut child = Command::new(program("promtool"))
        .args(args)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool");
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let complained = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "promtool {args:?}: {said}{complained}");
    assert!(!complained.contains("should"), "promtool {args:?}: {complained}");
    said
}

/// Prometheus, with its files in a folder. It ends when dropped.
struct Prometheus {
    child: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// Starts one that scrapes a target every second and evaluates the rules of `deploy/monitoring`.
    fn start(target: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = root().join("deploy/monitoring/rules.yaml");
        let settings = json!({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [rules],
            "scrape_configs": [{
                "job_name": "pushgateway", "honor_labels": true, "static_configs": [{"targets": [target]}],
            }],
        });
        let config = folder.path().join("prometheus.yml");
        fs::write(&config, settings.to_string()).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(program("prometheus"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={free}"))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus");
        Self {
            child,
            url: format!("http://{free}"),
            folder,
        }
    }

    /// The answer to a query: one element for each series.
    fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let ran = Command::new(program("promtool"))
            .args(["query", "instant", "-o", "json", &self.url, expression])
            .output()
            .expect("promtool");
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
        }
        let answer: Value = serde_json::from_slice(&ran.stdout).map_err(|error| error.to_string())?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Waits until a query has an answer.
    fn wait_for(&self, expression: &str) -> Vec<Value> {
        for _ in 0..120 {
            if let Ok(answer) = self.query(expression)
                && !answer.is_empty()
            {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("no answer to {expression}: {log}")
    }
}

/// The queries of the dashboard, for all clusters.
fn dashboard_queries() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("deploy/monitoring/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets
        .map(|target| target["expr"].as_str().unwrap().replace("$cluster", ".*"))
        .collect()
}

/// The metrics of a scan of a release that drifted, and the name of the release.
fn scanned(folder: &Path) -> (String, String) {
    let cluster = Cluster::shared();
    let release = Release::install(cluster, HelmVersion::V4, "shop", &[]);
    release.kubectl(&["scale", "deployment/{r}-web", "--replicas=7"]);
    let file = folder.join("driftline.prom");
    let config = folder.join("config.yaml");
    fs::write(&config, "metrics: {releases: 10}\ncluster: {name: testbed}\n").unwrap();
    let paths = [&config, &file].map(|path| path.to_str().unwrap().to_owned());
    let scan = release.scan_with(&["--config", &paths[0], "--metrics-file", &paths[1]], &[]);
    assert_eq!(scan.status, 1, "{}", scan.stderr);
    (fs::read_to_string(file).unwrap(), release.name.clone())
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn promtool_accepts_the_rules_and_they_fire_when_they_should() {
    promtool(&["check", "rules", "deploy/monitoring/rules.yaml"], "");
    let said = promtool(&["test", "rules", "deploy/monitoring/rules_test.yaml"], "");
    assert!(said.contains("SUCCESS"), "{said}");
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn prometheus_takes_the_metrics_of_a_scan_and_answers_every_query() {
    let folder = tempfile::tempdir().unwrap();
    let (text, release) = scanned(folder.path());
    promtool(&["check", "metrics"], &text);

    // The reply has to live as long as the server, which is as long as the process.
    let body: &'static str = Box::leak(text.into_boxed_str());
    let runtime = Runtime::new().unwrap();
    let media_type = "Content-Type: text/plain; version=0.0.4; charset=utf-8";
    let target = runtime.block_on(Receiver::start([Reply::WithHeader(200, media_type, body)]));
    let prometheus = Prometheus::start(target.url("").trim_start_matches("http://"));

    let drifted = format!("driftline_release_drifted{{release=\"{release}\"}} == 1");
    let found = prometheus.wait_for(&drifted);
    assert_eq!(found[0]["metric"]["cluster"], "testbed");
    let up = prometheus.wait_for("up");
    assert_eq!(up[0]["value"][1], "1");
    let mut answered = 0;
    let queries = dashboard_queries();
    for query in &queries {
        let answer = prometheus
            .query(query)
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        answered += usize::from(!answer.is_empty());
    }
    // Nothing is remembered here, no release is in a critical state, and none need have a warning.
    assert!(answered + 3 >= queries.len(), "{answered} of {queries:?}");
    prometheus.wait_for("prometheus_rule_group_last_duration_seconds or up");
    for alert in [
        "DriftlineSilent",
        "DriftlineAbsent",
        "DriftlineScanIncomplete",
        "HelmReleaseCritical",
    ] {
        // Before the first scrape the metrics are absent.
        prometheus.wait_for(&format!("absent(ALERTS{{alertname=\"{alert}\"}})"));
    }
    runtime.shutdown_background();
}
