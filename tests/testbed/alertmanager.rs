//! A real Alertmanager gets what the sink sends, and tells a small receiver of it: each release once, of other trouble again,
//! and of its end.

use std::fs::{self, File};
use std::future::pending;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use driftline::app::process;
use driftline::model::Report;
use driftline::notify::alertmanager::settings::Alertmanager;
use driftline::notify::digest::Digest;
use driftline::notify::http::DeliveryClient;
use driftline::notify::section::NotifySection;
use driftline::notify::settings::{HttpSettings, Proxy, SinkContext, Transport};
use driftline::notify::{CheckStatus, DeliveryStatus, Notice, Sink as _, Sinks};
use driftline::state::Occasion;
use driftline::vocabulary::{HealthCode, ObjectState, Verdict};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use self::reports::{critical, drifted, object, release, report};
use crate::harness::testbed_binary;
use crate::support::program::root;
use crate::support::receiver::{Receiver, Reply};
use crate::support::rules::check_alertmanager;

#[path = "../fast/notify/reports.rs"]
#[allow(dead_code, reason = "the tests of limits use the rest")]
mod reports;

/// Longer than Alertmanager waits for a group to be whole, and than between two notifications of it, together.
const SETTLED: Duration = Duration::from_secs(4);

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The password of the example in Prometheus's guide to basic authentication, and its hash there.
const PASSWORD: [&str; 2] = [
    "test",
    "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay",
];

/// An Alertmanager, and the receiver of its notifications.
struct Server {
    dir: TempDir,
    port: u16,
    arguments: Vec<String>,
    process: Option<Child>,
    hook: Receiver,
}

impl Server {
    /// Starts one that groups by release, as the documentation advises, only faster.
    async fn start(arguments: &[&str]) -> Self {
        let hook = Receiver::start([Reply::Answer(200, "")]).await;
        let dir = tempfile::tempdir().unwrap();
        let config = json!({
            "route": {
                "receiver": "hook",
                "group_by": ["cluster", "namespace", "release"],
                "group_wait": "1s",
                "group_interval": "2s",
                "repeat_interval": "1h",
            },
            "receivers": [{"name": "hook", "webhook_configs": [{"url": hook.url("/"), "send_resolved": true}]}],
        });
        fs::write(dir.path().join("config.yaml"), config.to_string()).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut server = Self {
            dir,
            port,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            process: None,
            hook,
        };
        server.run();
        server
    }

    /// Starts the program. It ends when its standard input does, so with this process, however that ends.
    fn run(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join("log"))
            .unwrap();
        let script = r#"program=$1; shift; "$program" "$@" & pid=$!; read -r _; kill -TERM $pid; wait $pid"#;
        let child = Command::new("bash")
            .args(["-c", script, "alertmanager"])
            .arg(testbed_binary("alertmanager"))
            .arg(format!(
                "--config.file={}",
                self.dir.path().join("config.yaml").display()
            ))
            .arg(format!(
                "--storage.path={}",
                self.dir.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg("--cluster.listen-address=")
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(child);
    }

    /// Ends the program, which then writes down what it notified, and waits for it.
    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            process.wait().unwrap();
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn sink(&self) -> Alertmanager {
        Alertmanager::try_new([self.url().as_str()], Transport::AllowHttp).unwrap()
    }

    /// Waits until the sink's own check says that it is there.
    async fn ready(&self) {
        let start = Instant::now();
        let client = client();
        loop {
            let result = self.sink().check(&client).await;
            if result.status == CheckStatus::Valid {
                return;
            }
            let log = || fs::read_to_string(self.dir.path().join("log")).unwrap();
            assert!(start.elapsed() < PATIENCE, "{}: {}", result.message, log());
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Delivers a report. What the sink wants to remember.
    async fn deliver(&self, report: &Report, kept: Option<&Value>) -> Option<Value> {
        let digest = Digest::new(report);
        let notice = Notice {
            report,
            digest: &digest,
            occasion: Occasion::Unchanged,
            kept,
        };
        let delivery = self.sink().deliver(&client(), &notice).await;
        assert!(
            matches!(delivery.status, DeliveryStatus::Delivered { .. }),
            "{delivery}"
        );
        delivery.keeps
    }

    /// The notifications that came since so many, once no more come: the release, and each of its alerts.
    async fn told(&self, since: usize) -> Vec<(String, Vec<String>)> {
        sleep(SETTLED).await;
        let notifications = self.hook.received().split_off(since);
        let mut told: Vec<_> = notifications
            .iter()
            .map(|notification| said(&notification.json()))
            .collect();
        told.sort();
        told
    }

    fn amtool(&self, arguments: &[&str]) -> String {
        let url = format!("--alertmanager.url={}", self.url());
        amtool(&[&[url.as_str()], arguments].concat())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn said(notification: &Value) -> (String, Vec<String>) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let alerts = notification["alerts"].as_array().unwrap();
    let mut alerts: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let labels = &alert["labels"];
            format!(
                "{}: {} {}",
                text(&alert["status"]),
                text(&labels["severity"]),
                text(&labels["codes"])
            )
        })
        .collect();
    alerts.sort();
    (text(&notification["groupLabels"]["release"]), alerts)
}

fn told(release: &str, alerts: &[&str]) -> (String, Vec<String>) {
    (
        release.to_owned(),
        alerts.iter().map(|&alert| alert.to_owned()).collect(),
    )
}

fn amtool(arguments: &[&str]) -> String {
    let ran = Command::new(testbed_binary("amtool"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "amtool {arguments:?}: {}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8(ran.stdout).unwrap()
}

fn client() -> DeliveryClient {
    process::install_crypto_provider();
    DeliveryClient::new(HttpSettings {
        attempts: 1,
        proxy: Proxy::Direct,
        ..HttpSettings::default()
    })
}

/// A scan that ends now.
fn now(mut report: Report) -> Report {
    report.finished_at = Utc::now();
    report.started_at = report.finished_at - TimeDelta::seconds(5);
    report
}

/// One release drifted, one is stuck, one is in order.
fn trouble() -> Report {
    let mut stuck = release("shop", "db", Verdict::Clean);
    stuck.health.push(critical(HealthCode::Stuck));
    now(report(vec![
        drifted("shop", "web", 1, 2),
        stuck,
        release("shop", "api", Verdict::Clean),
    ]))
}

fn calm() -> Report {
    let names = ["api", "db", "web"];
    now(report(
        names.map(|name| release("shop", name, Verdict::Clean)).into(),
    ))
}

#[tokio::test]
#[ignore = "needs the testbed: tests/testbed/build"]
async fn each_release_is_told_once_and_its_end_too() {
    let mut server = Server::start(&[]).await;
    server.ready().await;
    let kept = server.deliver(&trouble(), None).await;
    assert_eq!(
        server.told(0).await,
        [
            told("db", &["firing: critical stuck"]),
            told("web", &["firing: warning changed"])
        ],
        "one notification for each group"
    );

    // The next scans find the same, and a restart does not make it news: alerts are gone with it, notifications are not.
    let kept = server.deliver(&trouble(), kept.as_ref()).await;
    server.stop();
    server.run();
    server.ready().await;
    let kept = server.deliver(&trouble(), kept.as_ref()).await;
    assert_eq!(server.told(2).await, []);

    // Other codes are another alert. Its group is told once, of both.
    let mut worse = trouble();
    let mut gone = object("shop", "gone", 0);
    gone.state = ObjectState::Missing;
    let web = worse
        .releases
        .iter_mut()
        .find(|release| release.name == "web")
        .unwrap();
    web.objects.push(gone);
    let kept = server.deliver(&worse, kept.as_ref()).await;
    assert_eq!(
        server.told(2).await,
        [told(
            "web",
            &["firing: warning changed,missing", "resolved: warning changed"]
        )]
    );

    // What this scan could not read goes on firing.
    let mut unread = calm();
    for release in &mut unread.releases {
        release.verdict = Verdict::Incomplete;
    }
    let kept = server.deliver(&unread, kept.as_ref()).await;
    assert_eq!(server.told(3).await, []);

    server.deliver(&calm(), kept.as_ref()).await;
    assert_eq!(
        server.told(3).await,
        [
            told("db", &["resolved: critical stuck"]),
            told("web", &["resolved: warning changed,missing"])
        ]
    );
    let alerts: Vec<Value> = serde_json::from_str(&server.amtool(&["alert", "-o", "json"])).unwrap();
    assert_eq!(alerts.len(), 0);
}

#[tokio::test]
#[ignore = "needs the testbed: tests/testbed/build"]
async fn a_silenced_release_is_not_told_and_others_are() {
    let server = Server::start(&[]).await;
    server.ready().await;
    let silence = [
        "silence",
        "add",
        "alertname=DriftlineRelease",
        "namespace=shop",
        "release=web",
        "--duration=3d",
        "--comment=known",
        "--author=test",
    ];
    server.amtool(&silence);
    server.deliver(&trouble(), None).await;
    assert_eq!(server.told(0).await, [told("db", &["firing: critical stuck"])]);
}

/// Without memory, or when nobody scans any more, an alert ends two and a half intervals after the last scan.
#[tokio::test]
#[ignore = "needs the testbed: tests/testbed/build"]
async fn what_no_scan_finds_again_ends_by_itself() {
    let server = Server::start(&[]).await;
    server.ready().await;
    let mut old = report(vec![drifted("shop", "web", 1, 1)]);
    old.finished_at = Utc::now() - TimeDelta::minutes(150) + TimeDelta::seconds(6);
    old.started_at = old.finished_at;
    server.deliver(&old, None).await;
    assert_eq!(server.told(0).await, [told("web", &["firing: warning changed"])]);
    sleep(SETTLED).await;
    assert_eq!(
        server.told(1).await,
        [told("web", &["resolved: warning changed"])]
    );
}

/// A thousand releases arrive, and hostile names are labels like any other.
#[tokio::test]
#[ignore = "needs the testbed: tests/testbed/build"]
async fn alerts_of_any_number_and_name_are_accepted() {
    let server = Server::start(&[]).await;
    server.ready().await;
    let mut releases: Vec<_> = (0..995)
        .map(|number| drifted(&format!("team-{}", number % 9), &format!("app-{number:03}"), 9, 9))
        .collect();
    releases.extend(
        reports::HOSTILE
            .iter()
            .take(5)
            .map(|name| drifted(name, name, 1, 1)),
    );
    server.deliver(&now(report(releases)), None).await;
    let alerts: Vec<Value> = serde_json::from_str(&server.amtool(&["alert", "-o", "json"])).unwrap();
    assert_eq!(alerts.len(), 1_000);
    assert!(!json!(alerts).to_string().contains(reports::VALUE));
    for alert in &alerts {
        let sent = ["labels", "annotations", "startsAt", "endsAt"].map(|name| (name, &alert[name]));
        check_alertmanager(&json!([Value::from_iter(
            sent.map(|(name, value)| (name, value.clone()))
        )]));
    }
}

/// The address begins with https, its certificate is one that no public authority vouches for, and it wants a password.
#[tokio::test]
#[ignore = "needs the testbed: tests/testbed/build"]
async fn a_private_authority_and_a_password_are_enough() {
    let dir = tempfile::tempdir().unwrap();
    let web = web_config(dir.path());
    let mut server = Server::start(&[&format!("--web.config.file={}", web.display())]).await;
    let url = format!("https://127.0.0.1:{}", server.port);
    let section = |password: &str, ca_file: &str| {
        fs::write(dir.path().join("password"), format!("{password}\n")).unwrap();
        let mut section = json!({"attempts": 1, "alertmanager": {
            "urls": [url],
            "username": "admin",
            "password_file": dir.path().join("password"),
        }});
        if !ca_file.is_empty() {
            section["alertmanager"]["ca_file"] = json!(dir.path().join(ca_file));
        }
        sinks(&section)
    };
    let start = Instant::now();
    loop {
        let result = section(PASSWORD[0], "ca.pem").check().await.remove(0);
        if result.status == CheckStatus::Valid {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{}", result.message);
        sleep(Duration::from_millis(100)).await;
    }
    let delivered = section(PASSWORD[0], "ca.pem")
        .deliver(&trouble(), pending())
        .await;
    assert_eq!(
        delivered[0].to_string(),
        "alertmanager: delivered: 2 alerts firing, 0 resolved"
    );
    let wrong = section("hunter2", "ca.pem").deliver(&trouble(), pending()).await;
    let text = wrong[0].to_string();
    assert!(
        text.contains("with 401: it wants credentials that are right"),
        "{text}"
    );
    let unknown = section(PASSWORD[0], "").deliver(&trouble(), pending()).await;
    let text = unknown[0].to_string();
    assert!(
        text.contains("could not connect: invalid peer certificate"),
        "{text}"
    );
    server.stop();
}

/// The sinks of a `notify` section.
fn sinks(section: &Value) -> Sinks {
    process::install_crypto_provider();
    let section: NotifySection = serde_saphyr::from_str(&section.to_string()).unwrap();
    let context = SinkContext {
        environment: None,
        selection: &[],
    };
    section.resolve(&context).unwrap()
}

/// An authority, a certificate of it for loopback, and the file that has Alertmanager show it and ask for a password.
fn web_config(dir: &Path) -> PathBuf {
    let file = |name: &str| dir.join(name);
    let openssl = |arguments: &str| {
        let made = Command::new("openssl")
            .current_dir(dir)
            .args(arguments.split_whitespace())
            .output()
            .expect("the testbed has openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    fs::write(
        file("extensions"),
        "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n",
    )
    .unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!(
        "req -x509 {key} -days 2 -subj /CN=authority -keyout ca-key.pem -out ca.pem"
    ));
    openssl(&format!(
        "req -new {key} -subj /CN=testbed -keyout key.pem -out request.pem"
    ));
    openssl(
        "x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile extensions \
         -out cert.pem",
    );
    let config = json!({
        "tls_server_config": {"cert_file": file("cert.pem"), "key_file": file("key.pem")},
        "basic_auth_users": {"admin": PASSWORD[1]},
    });
    fs::write(file("web.yaml"), config.to_string()).unwrap();
    file("web.yaml")
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_documented_configuration_routes_as_it_says() {
    let page = fs::read_to_string(root().join("docs/notifications/alertmanager.md")).unwrap();
    let blocks = page
        .split("```yaml\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap());
    let config = blocks.into_iter().find(|block| block.starts_with("route:"));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(config.unwrap().as_bytes()).unwrap();
    let path = file.path().display().to_string();
    amtool(&["check-config", &path]);
    let receiver = |labels: &[&str]| {
        let config = format!("--config.file={path}");
        let test = ["config", "routes", "test", config.as_str()];
        amtool(&[&test[..], labels].concat()).trim().to_owned()
    };
    let release = ["alertname=DriftlineRelease", "namespace=shop", "release=web"];
    let of = |severity, codes| receiver(&[&release[..], &[severity, codes]].concat());
    assert_eq!(of("severity=critical", r#"codes="changed,stuck""#), "on-call");
    assert_eq!(
        of("severity=warning", r#"codes="changed,missing""#),
        "platform-chat"
    );
    assert_eq!(receiver(&["alertname=KubeAPIDown"]), "nobody");
}
