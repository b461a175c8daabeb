//! What a webhook gets, that it can know whose it is, and what its answers mean.

use std::fs;
use std::future::pending;
use std::process::Command;

use chrono::TimeDelta;
use driftline::model::{Fingerprint, Report, Resolved, Tracked};
use driftline::notify::digest::Digest;
use driftline::notify::settings::Transport;
use driftline::notify::webhook::message::Message;
use driftline::notify::webhook::settings::{CloudEvents, Webhook, WebhookBody};
use driftline::notify::when::SendWhen;
use driftline::notify::{CheckStatus, Delivery, DeliveryStatus, Notice, Sinks};
use driftline::state::Occasion;
use driftline::vocabulary::{ChangeStatus, Ending, HealthCode, ObjectState, ResolvedKind, Verdict};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::delivery::quick;
use super::reports::{VALUE, critical, drifted, object, release, report};
use crate::support::program::root;
use crate::support::receiver::{Received, Receiver, Reply, refused};
use crate::support::rules::check_event;

const SECRET: &str = "hunter2-hunter2-hunter2";

pub(crate) fn webhook(url: &str) -> Webhook {
    Webhook::try_new(&SecretString::from(url), Transport::AllowHttp).unwrap()
}

fn drift() -> Report {
    report(vec![
        drifted("shop", "web", 1, 2),
        release("shop", "api", Verdict::Clean),
    ])
}

/// The result without secrets.
async fn deliver(webhook: Webhook, report: &Report) -> Delivery {
    let deliveries = Sinks::new(quick()).with(webhook).deliver(report, pending()).await;
    let text = format!("{deliveries:?} {}", deliveries[0]);
    for secret in ["hunter2", "evil", VALUE] {
        assert!(!text.contains(secret), "{text}");
    }
    deliveries.into_iter().next().unwrap()
}

async fn received(change: impl FnOnce(&mut Webhook), report: &Report) -> Received {
    let server = Receiver::start([Reply::Answer(204, "")]).await;
    let mut webhook = webhook(&server.url("/hooks/hunter2"))
        .with_secret(&SecretString::from(SECRET))
        .unwrap();
    change(&mut webhook);
    let delivery = deliver(webhook, report).await;
    assert_eq!(delivery.status, DeliveryStatus::Delivered { note: None });
    server.received().pop().unwrap()
}

fn message(report: &Report, occasion: Occasion) -> Value {
    let digest = Digest::new(report);
    let notice = Notice {
        report,
        digest: &digest,
        occasion,
        kept: None,
    };
    let message = Message::of_scan(&notice, &webhook("https://example.com")).unwrap();
    let event = serde_json::from_str(&message.body).unwrap();
    check_event(&event);
    event
}

#[test]
fn an_event_says_what_is_new_what_goes_on_and_what_is_over() {
    let mut report = drift();
    let status = |status| Tracked {
        status: Some(status),
        first_seen: Some(report.started_at - TimeDelta::hours(2)),
        ..Tracked::default()
    };
    let mut gone = object("shop", "gone", 0);
    gone.state = ObjectState::Missing;
    gone.tracked = status(ChangeStatus::New);
    let mut stuck = critical(HealthCode::Stuck);
    stuck.tracked = status(ChangeStatus::Changed);
    let resolved = Resolved {
        fingerprint: Fingerprint::of(["x"]),
        kind: ResolvedKind::Finding,
        namespace: "shop".to_owned(),
        release: "api".to_owned(),
        cluster: None,
        storage: report.releases[0].storage.clone(),
        object: None,
        path: Some("/spec/replicas".to_owned()),
        code: "changed".to_owned(),
        first_seen: report.started_at - TimeDelta::days(1),
        resolved_at: report.started_at,
        how: Ending::Reverted,
        flapping: false,
    };
    let web = &mut report.releases[1];
    web.objects[0].findings[0].tracked = status(ChangeStatus::Ongoing);
    web.objects[0].findings[1].tracked = status(ChangeStatus::New);
    web.objects.push(gone);
    web.health.push(stuck);
    report.resolved.push(Resolved {
        object: None,
        kind: ResolvedKind::Health,
        path: None,
        code: VALUE.to_owned(),
        how: Ending::Over,
        ..resolved
    });
    let event = message(&report, Occasion::Changed);
    assert!(!event.to_string().contains(VALUE), "{event}");
    insta::assert_json_snapshot!("webhook_event", event);
}

#[test]
fn an_event_has_the_links_to_the_worst_release() {
    let link =
        json!({"title": "Runbook", "url": "https://wiki.example.com/{cluster}/{release}?ns={namespace}"});
    let report = drift();
    let digest = Digest::new(&report);
    assert!(message(&report, Occasion::Scan).get("links").is_none());
    let digest = digest.with_links(&report, &[serde_json::from_value(link).unwrap()]);
    let notice = Notice::without_memory(&report, &digest);
    for cloudevents in [CloudEvents::None, CloudEvents::Structured] {
        let mut webhook = webhook("https://example.com");
        webhook.cloudevents = cloudevents;
        let message = Message::of_scan(&notice, &webhook).unwrap();
        let document: Value = serde_json::from_str(&message.body).unwrap();
        let event = document.get("data").unwrap_or(&document);
        check_event(event);
        assert_eq!(
            event["links"],
            json!([{"title": "Runbook", "url": "https://wiki.example.com/prod/web?ns=shop"}])
        );
    }
}

/// Programs look clusters up by their names.
#[test]
fn an_event_of_a_shard_has_the_name_of_its_cluster() {
    let mut report = drift();
    let whole = message(&report, Occasion::Scan);
    report.selection.shard = Some("1/4".to_owned());
    let event = message(&report, Occasion::Scan);
    assert_eq!(
        (&event["cluster"], &event["shard"]),
        (&whole["cluster"], &json!("1/4"))
    );
    assert_eq!(whole.get("shard"), None);
}

#[test]
fn without_memory_all_that_is_wrong_is_new() {
    let event = message(&drift(), Occasion::Scan);
    assert_eq!(event["occasion"], "scan");
    assert_eq!(
        (&event["new"]["total"], &event["ongoing"]["total"]),
        (&2.into(), &0.into())
    );
}

#[test]
fn a_long_list_is_cut_and_counted() {
    let releases =
        (0..1_000).map(|number| drifted(&format!("team-{}", number % 7), &format!("app-{number}"), 2, 2));
    let event = message(&report(releases.collect()), Occasion::Scan);
    assert_eq!(event["new"]["total"], 4_000);
    assert_eq!(event["new"]["entries"].as_array().unwrap().len(), 500);
}

/// A scan has one message, and a retry is the same message.
#[tokio::test]
async fn every_attempt_has_the_same_id_and_signature() {
    let server = Receiver::start([Reply::Answer(503, ""), Reply::Answer(200, "")]).await;
    let webhook = webhook(&server.url("/"))
        .with_secret(&SecretString::from(SECRET))
        .unwrap();
    deliver(webhook, &drift()).await;
    let received = server.received();
    assert_eq!(received.len(), 2);
    for name in [
        "x-driftline-delivery",
        "x-driftline-signature-256",
        "x-driftline-event",
    ] {
        assert_eq!(received[0].header(name), received[1].header(name));
        assert!(received[0].header(name).is_some(), "{name}");
    }
    assert_eq!(received[0].body, received[1].body);
    let event = received[0].json();
    assert_eq!(received[0].header("x-driftline-delivery"), event["id"].as_str());
    let mut later = drift();
    later.finished_at += TimeDelta::hours(1);
    assert_ne!(message(&later, Occasion::Scan)["id"], event["id"]);
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let server = Receiver::start([Reply::Answer(200, "")]).await;
    deliver(webhook(&server.url("/")), &drift()).await;
    assert_eq!(server.received()[0].header("x-driftline-signature-256"), None);
}

/// The report is the contract, with the values that the operator chose to send.
#[tokio::test]
async fn a_report_is_sent_whole_where_it_is_asked_for() {
    let request = received(|webhook| webhook.body = WebhookBody::Report, &drift()).await;
    let report = request.json();
    assert_eq!(report["schema"], "driftline.report/v1");
    assert_eq!(report["releases"][1]["objects"][0]["findings"][0]["live"], VALUE);
    assert_eq!(serde_json::from_value::<Report>(report).unwrap(), drift());
}

#[tokio::test]
async fn a_report_that_is_too_long_is_not_sent_and_the_way_out_is_named() {
    let server = Receiver::start([Reply::Answer(200, "")]).await;
    let mut webhook = webhook(&server.url("/"));
    webhook.body = WebhookBody::Report;
    let mut long = drift();
    long.releases[1].objects[0].findings[0].live = Some("x".repeat(6 << 20).into());
    let text = deliver(webhook, &long).await.to_string();
    assert!(
        text.contains("the report has 7 MiB, more than the 5 MiB of a message: `body: event` is shorter"),
        "{text}"
    );
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_cloud_event_has_the_attributes_that_it_must_have() {
    for (body, kind) in [
        (WebhookBody::Event, "driftline.event.v1"),
        (WebhookBody::Report, "driftline.report.v1"),
    ] {
        let request = received(
            |webhook| (webhook.cloudevents, webhook.body) = (CloudEvents::Structured, body),
            &drift(),
        )
        .await;
        assert_eq!(
            request.header("content-type"),
            Some("application/cloudevents+json")
        );
        let event = request.json();
        assert_eq!(
            (&event["specversion"], &event["type"]),
            (&"1.0".into(), &kind.into())
        );
        assert_eq!(event["source"], "/driftline/clusters/prod");
        assert_eq!(event["id"].as_str(), request.header("x-driftline-delivery"));
        assert_eq!(event["time"], "2026-03-01T12:01:00+00:00");
        assert_eq!(event["datacontenttype"], "application/json");
        assert!(
            event["data"]["schema"]
                .as_str()
                .unwrap()
                .starts_with("driftline.")
        );
    }
}

#[tokio::test]
async fn a_message_is_sent_when_there_is_something_to_tell_or_always() {
    let server = Receiver::start([Reply::Answer(200, "")]).await;
    let clean = report(vec![release("shop", "api", Verdict::Clean)]);
    let delivery = deliver(webhook(&server.url("/")), &clean).await;
    assert_eq!(delivery.status, DeliveryStatus::NothingToSend);
    let mut always = webhook(&server.url("/"));
    always.when = SendWhen::Always;
    let delivery = deliver(always, &clean).await;
    assert_eq!(delivery.status, DeliveryStatus::Delivered { note: None });
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn answers_are_told_in_words_of_our_own() {
    for (reply, want, attempts) in [
        (
            Reply::Answer(401, "evil"),
            "refused the message with 401: it does not accept the address or the signature",
            1,
        ),
        (Reply::Answer(404, "evil"), "nothing is at this address", 1),
        (Reply::Answer(413, "evil"), "`body: event` is the shorter one", 1),
        (Reply::Answer(400, "evil"), "refused the message with 400", 1),
        (Reply::Redirect("/evil"), "a redirect, which is not followed", 1),
        (Reply::Answer(500, "evil"), "the receiver failed (500)", 3),
        (Reply::HangUp, "the connection broke", 3),
    ] {
        let server = Receiver::start([reply.clone()]).await;
        let text = deliver(webhook(&server.url("/hunter2")), &drift())
            .await
            .to_string();
        assert!(
            text.contains("not delivered") && text.contains(want),
            "{reply:?}: {text}"
        );
        assert_eq!(server.received().len(), attempts, "{reply:?}");
    }
    let text = deliver(webhook(&refused("/hunter2").await), &drift())
        .await
        .to_string();
    assert!(text.contains("could not connect: connection refused"), "{text}");
}

#[tokio::test]
async fn a_check_sends_a_ping_that_is_marked_as_one() {
    for cloudevents in [CloudEvents::None, CloudEvents::Structured] {
        let server = Receiver::start([Reply::Answer(200, "")]).await;
        let mut webhook = webhook(&server.url("/hunter2"))
            .with_secret(&SecretString::from(SECRET))
            .unwrap();
        webhook.cloudevents = cloudevents;
        let results = Sinks::new(quick()).with(webhook).check().await;
        assert_eq!(results[0].status, CheckStatus::Valid, "{}", results[0].message);
        let ping = &server.received()[0];
        assert_eq!(ping.header("x-driftline-event"), Some("ping"));
        assert!(ping.header("x-driftline-signature-256").is_some());
        let body = ping.json();
        assert_eq!(body.get("data").unwrap_or(&body)["type"], "ping");
    }
    let server = Receiver::start([Reply::Answer(403, "evil")]).await;
    let results = Sinks::new(quick())
        .with(webhook(&server.url("/hunter2")))
        .check()
        .await;
    assert_eq!(results[0].status, CheckStatus::Invalid, "{}", results[0].message);
    assert!(!results[0].message.contains("hunter2"));
}

/// The code in the documentation accepts what is sent, and nothing else.
#[tokio::test]
async fn the_documented_code_knows_a_message_of_ours() {
    let page = fs::read_to_string(root().join("docs/notifications/webhook.md")).unwrap();
    let code = page
        .split_once("```python\n")
        .unwrap()
        .1
        .split_once("```")
        .unwrap()
        .0;
    let request = received(|_| {}, &drift()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("body"), &request.body).unwrap();
    let calls = r#"
import datetime, pathlib, sys
secret, signature, folder = sys.argv[1:]
body = (pathlib.Path(folder) / "body").read_bytes()
scanned = datetime.datetime(2026, 3, 1, 12, 1, tzinfo=datetime.timezone.utc)
minutes = datetime.timedelta(minutes=1)
receiver = Receiver(secret.encode())
refused = [
    (body + b" ", signature, scanned),
    (body, signature[:-1] + ("0" if signature[-1] != "0" else "1"), scanned),
    (body, signature.removeprefix("sha256="), scanned),
    (body, None, scanned),
    (body, signature, scanned + 60 * minutes),
]
for given in refused:
    assert receiver.accept(*given) is None, given
assert Receiver(b"another secret").accept(body, signature, scanned) is None
assert receiver.accept(body, signature, scanned + minutes)["cluster"] == "prod"
assert receiver.accept(body, signature, scanned + minutes) is None, "a message is taken once"
print("ok")
"#;
    fs::write(file("verify.py"), format!("{code}\n{calls}")).unwrap();
    let signature = request.header("x-driftline-signature-256").unwrap();
    let ran = Command::new("python3")
        .arg(file("verify.py"))
        .args([SECRET, signature])
        .arg(folder.path())
        .output()
        .expect("this test runs the documentation's code with python3");
    assert_eq!(
        (
            &*String::from_utf8_lossy(&ran.stdout),
            &*String::from_utf8_lossy(&ran.stderr)
        ),
        ("ok\n", "")
    );
}
