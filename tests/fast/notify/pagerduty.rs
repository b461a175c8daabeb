//! Which alerts a report opens and closes.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use driftline::model::{ReleaseReport, Report, ReportError};
use driftline::notify::digest::Digest;
use driftline::notify::http::DeliveryClient;
use driftline::notify::pagerduty::events::{Action, Event, EventPlan};
use driftline::notify::pagerduty::settings::{PagerDutyScope, PagerDutyService, PagerDutySeverity};
use driftline::notify::settings::Transport;
use driftline::notify::{Notice, Sink as _};
use driftline::state::Occasion;
use driftline::vocabulary::{HealthCode, Outcome, Stopped, Verdict};
use secrecy::SecretString;
use serde_json::Value;

use super::delivery::quick;
use super::reports::{critical, drifted, empty, release, report};
use crate::support::receiver::{Receiver, Reply};

/// PagerDuty's answer to an event that it accepts.
const ACCEPTED: &str = r#"{"status":"success","message":"Event processed"}"#;

fn settings(scope: PagerDutyScope) -> PagerDutyService {
    let mut settings = PagerDutyService::try_new(&SecretString::from("k".repeat(32))).unwrap();
    settings.scope = scope;
    settings
}

fn plan(report: &Report, service: &PagerDutyService) -> EventPlan {
    EventPlan::new(
        &Notice::without_memory(report, &Digest::new(report)),
        None,
        service,
    )
}

fn cluster(report: &Report) -> Option<&'static str> {
    let plan = plan(report, &settings(PagerDutyScope::Cluster));
    assert!(plan.events.len() <= 1);
    plan.events.first().map(action)
}

fn action(event: &Event) -> &'static str {
    match &event.action {
        Action::Trigger { payload, .. } => match payload["severity"].as_str().unwrap() {
            "error" => "trigger error",
            "warning" => "trigger warning",
            "info" => "trigger info",
            _ => "trigger critical",
        },
        Action::Resolve => "resolve",
        Action::Change { .. } => "change",
    }
}

fn clean() -> Report {
    report(vec![release("shop", "web", Verdict::Clean)])
}

fn changed(change: impl FnOnce(&mut Report)) -> Report {
    let mut report = clean();
    change(&mut report);
    report
}

#[test]
fn the_clusters_alert_opens_on_drift_and_closes_only_after_a_complete_clean_run() {
    let mut ill = release("shop", "web", Verdict::Clean);
    ill.health.push(critical(HealthCode::Stuck));
    let error = ReportError {
        scope: "discovery".to_owned(),
        message: "timed out".to_owned(),
    };
    let cases = [
        ("clean", clean(), Some("resolve")),
        // An answer that is none looks like this, too.
        ("empty", empty(), None),
        (
            "a record that may be another's",
            changed(|report| {
                report.releases[0]
                    .health
                    .push(critical(HealthCode::IdentityMismatch));
                report.releases[0].health[0].severity = driftline::vocabulary::HealthSeverity::Warning;
            }),
            None,
        ),
        (
            "drift",
            report(vec![drifted("shop", "web", 1, 1)]),
            Some("trigger warning"),
        ),
        ("critical", report(vec![ill]), Some("trigger critical")),
        (
            "incomplete",
            report(vec![release("shop", "web", Verdict::Incomplete)]),
            None,
        ),
        (
            "unreadable",
            report(vec![release("shop", "web", Verdict::Unreadable)]),
            None,
        ),
        (
            "outcome incomplete",
            changed(|report| report.outcome = Outcome::Incomplete),
            None,
        ),
        (
            "outcome error",
            changed(|report| report.outcome = Outcome::Error),
            None,
        ),
        (
            "deadline",
            changed(|report| report.stopped = Some(Stopped::Deadline)),
            None,
        ),
        (
            "signal",
            changed(|report| report.stopped = Some(Stopped::Signal)),
            None,
        ),
        ("errors", changed(|report| report.errors.push(error)), None),
        (
            "unknown objects",
            changed(|report| report.summary.objects.unknown = 1),
            None,
        ),
        (
            "drift, then error",
            {
                let mut report = report(vec![drifted("shop", "web", 1, 1)]);
                report.outcome = Outcome::Error;
                report
            },
            Some("trigger warning"),
        ),
    ];
    for (name, report, want) in cases {
        assert_eq!(cluster(&report), want, "{name}");
    }
}

#[test]
fn severities_follow_the_settings() {
    let mut settings = settings(PagerDutyScope::Cluster);
    settings.severities.drift = PagerDutySeverity::Critical;
    settings.severities.incomplete = Some(PagerDutySeverity::Info);
    settings.severities.critical_health = None;
    let one = |report: &Report| plan(report, &settings).events.first().map(action);
    assert_eq!(
        one(&report(vec![drifted("shop", "web", 1, 1)])),
        Some("trigger critical")
    );
    assert_eq!(
        one(&report(vec![release("shop", "web", Verdict::Incomplete)])),
        Some("trigger info")
    );
    let mut ill = release("shop", "web", Verdict::Clean);
    ill.health.push(critical(HealthCode::Stuck));
    assert_eq!(one(&report(vec![ill])), Some("resolve"));
}

#[test]
fn a_narrower_scan_has_an_alert_of_its_own() {
    let key = |selection: &[&str]| {
        let mut settings = settings(PagerDutyScope::Cluster);
        settings.selection = selection.iter().map(|&text| text.to_owned()).collect();
        plan(&clean(), &settings).events[0].key.clone()
    };
    let keys: BTreeSet<_> = [
        &[][..],
        &["namespace=shop"],
        &["namespace=shop", "release=web"],
        &["namespace=shoprelease=web"],
    ]
    .map(key)
    .into();
    assert_eq!(keys.len(), 4);
}

#[test]
fn each_release_opens_and_closes_its_own_alert() {
    let mut changed = release("shop", "changed", Verdict::Clean);
    changed.health.push(critical(HealthCode::ChangedDuringScan));
    changed.health[0].severity = driftline::vocabulary::HealthSeverity::Info;
    let mut first = release("shop", "first-install", Verdict::Clean);
    first.baseline = None;
    let mut doubtful = release("shop", "mismatch", Verdict::Clean);
    doubtful.health.push(critical(HealthCode::IdentityMismatch));
    doubtful.health[0].severity = driftline::vocabulary::HealthSeverity::Warning;
    // Whether its drift is mended is known when the operation has ended.
    let mut running = release("shop", "running", Verdict::Clean);
    running.health.push(critical(HealthCode::InProgress));
    running.health[0].severity = driftline::vocabulary::HealthSeverity::Info;
    let releases = vec![
        running,
        doubtful,
        drifted("shop", "web", 1, 1),
        release("shop", "api", Verdict::Clean),
        release("shop", "half", Verdict::Incomplete),
        release("shop", "broken", Verdict::Unreadable),
        changed,
        first,
    ];
    let mut report = report(releases);
    report.outcome = Outcome::Drift;
    let by_release = settings(PagerDutyScope::Release);
    let actions = |report: &Report| {
        plan(report, &by_release)
            .events
            .iter()
            .map(action)
            .collect::<Vec<_>>()
    };
    assert_eq!(actions(&report), ["trigger warning", "resolve"]);
    report.stopped = Some(Stopped::Signal);
    assert_eq!(actions(&report), ["trigger warning"]);
    report.stopped = None;
    report.outcome = Outcome::Error;
    assert_eq!(actions(&report), ["trigger warning"]);
}

#[test]
fn a_release_is_where_its_records_are() {
    let by_release = settings(PagerDutyScope::Release);
    let key = |change: fn(&mut driftline::model::ReleaseReport)| {
        let mut release = drifted("shop", "web", 1, 1);
        change(&mut release);
        plan(&report(vec![release]), &by_release)
            .events
            .pop()
            .unwrap()
            .key
    };
    let usual = key(|_| {});
    assert_eq!(key(|release| release.namespace = "elsewhere".to_owned()), usual);
    assert_ne!(
        key(|release| release.storage.namespace = "elsewhere".to_owned()),
        usual
    );
    assert_ne!(
        key(|release| release.storage.driver = "configmap".to_owned()),
        usual
    );
    assert_ne!(key(|release| release.name = "api".to_owned()), usual);
}

#[test]
fn too_many_drifted_releases_are_in_the_clusters_alert() {
    let mut settings = settings(PagerDutyScope::Release);
    settings.max_events = 101;
    let releases = (0..250).map(|number| drifted("shop", &format!("app-{number:03}"), 1, 1));
    let clean = (0..50).map(|number| release("zoo", &format!("app-{number:03}"), Verdict::Clean));
    let plan = plan(&report(releases.chain(clean).collect()), &settings);
    assert_eq!(
        (plan.events.len(), plan.triggers_left_out, plan.resolves_left_out),
        (101, 150, 50)
    );
    let Action::Trigger { payload, .. } = &plan.events[0].action else {
        panic!("the cluster's alert comes first")
    };
    assert!(
        payload["summary"]
            .as_str()
            .unwrap()
            .contains("250 of 300 releases drifted")
    );
}

#[test]
fn resolves_without_room_get_their_turn() {
    let mut settings = settings(PagerDutyScope::Release);
    settings.max_events = 31;
    let releases: Vec<_> = (0..90)
        .map(|number| release("shop", &format!("app-{number:03}"), Verdict::Clean))
        .collect();
    let mut report = report(releases);
    let mut seen = BTreeSet::new();
    for _ in 0..48 {
        let first = plan(&report, &settings);
        assert_eq!((first.events.len(), first.resolves_left_out), (31, 60));
        assert_eq!(first, plan(&report, &settings));
        seen.extend(first.events.into_iter().skip(1).map(|event| event.key));
        report.started_at += chrono::Duration::hours(24);
    }
    assert_eq!(seen.len(), 90);
}

/// A release whose baseline was deployed then.
fn deployed(name: &str, revision: u64, time: DateTime<Utc>) -> ReleaseReport {
    let mut release = release("shop", name, Verdict::Clean);
    let baseline = release.baseline.as_mut().unwrap();
    (baseline.revision, baseline.deployed_at) = (revision, Some(time));
    release
}

#[tokio::test]
async fn a_deployment_is_one_change_event_however_the_clocks_stand() {
    let server = Receiver::start(vec![Reply::Answer(202, ACCEPTED); 8]).await;
    let service = settings(PagerDutyScope::Cluster);
    let url = server.url("/v2/enqueue");
    let service = service.with_url(&url, Transport::AllowHttp).unwrap();
    let service = service.with_changes(Transport::AllowHttp).unwrap();
    let http = DeliveryClient::new(quick());
    let hour = |number: i64| report(Vec::new()).started_at + TimeDelta::hours(number);
    let minute = |number: i64| hour(0) + TimeDelta::minutes(number);
    let web = |revision: u64, at: i64| deployed("web", revision, minute(at));
    let mut kept = None;
    let mut sent = Vec::new();
    for (number, releases) in [
        // What was deployed before anything is remembered is no news.
        (0, vec![web(7, -5)]),
        (1, vec![web(7, -5), deployed("api", 1, minute(30))]),
        // Ahead by three minutes, and once more by the clock of another machine that is behind.
        (2, vec![web(8, 123), deployed("api", 1, minute(30))]),
        (3, vec![web(8, 123), deployed("api", 2, minute(117))]),
        (4, vec![web(8, 123), deployed("api", 2, minute(117))]),
    ] {
        let mut report = report(releases);
        report.started_at = hour(number);
        let digest = Digest::new(&report);
        let notice = Notice {
            occasion: Occasion::Unchanged,
            kept: kept.as_ref(),
            ..Notice::without_memory(&report, &digest)
        };
        let before = server.received().len();
        let delivery = service.deliver(&http, &notice).await;
        assert!(!delivery.is_undelivered(), "{delivery}");
        kept = delivery.keeps;
        let changes = server.received().into_iter().skip(before);
        let changes = changes.filter(|request| request.path == "/v2/change/enqueue");
        let changes = changes.map(|request| {
            let body = request.json();
            check_change(&body);
            body["payload"]["summary"].as_str().unwrap().to_owned()
        });
        sent.push(changes.collect::<Vec<_>>());
    }
    assert_eq!(
        sent,
        [
            vec![],
            vec!["prod: shop/api: revision 1 was deployed"],
            vec!["prod: shop/web: revision 8 was deployed"],
            vec!["prod: shop/api: revision 2 was deployed"],
            vec![],
        ]
    );
}

/// Releases move where the number of shards changes: the shard that has one now does not know that its alert is open.
#[tokio::test]
async fn a_shard_closes_what_other_shards_opened_once_it_is_its_own() {
    let server = Receiver::start(vec![Reply::Answer(202, ACCEPTED); 8]).await;
    let url = server.url("/v2/enqueue");
    let http = DeliveryClient::new(quick());
    let mut kept = None;
    let mut sent = Vec::new();
    for (shard, scope, clean, selection) in [
        (None, PagerDutyScope::Release, false, &[][..]),
        // The first scan of the shard asks PagerDuty to close what is in order, whoever opened it; the next one knows.
        (Some("1/2"), PagerDutyScope::Release, true, &["shard=1"]),
        (Some("1/2"), PagerDutyScope::Release, true, &["shard=1"]),
        (Some("1/4"), PagerDutyScope::Release, true, &["shard=1"]),
    ] {
        let mut service = settings(scope).with_url(&url, Transport::AllowHttp).unwrap();
        service.selection = selection.iter().map(|part| (*part).to_owned()).collect();
        let mut report = report(if clean {
            vec![release("shop", "web", Verdict::Clean)]
        } else {
            vec![drifted("shop", "web", 1, 1)]
        });
        report.selection.shard = shard.map(str::to_owned);
        let digest = Digest::new(&report);
        let notice = Notice {
            occasion: Occasion::Unchanged,
            kept: kept.as_ref(),
            ..Notice::without_memory(&report, &digest)
        };
        let before = server.received().len();
        let delivery = service.deliver(&http, &notice).await;
        assert!(!delivery.is_undelivered(), "{delivery}");
        kept = delivery.keeps;
        let of_release = server.received().into_iter().skip(before).map(|request| {
            let body = request.json();
            body["event_action"].as_str().unwrap().to_owned()
        });
        sent.push(of_release.collect::<Vec<_>>().join(" "));
    }
    assert_eq!(
        sent,
        ["resolve trigger", "resolve resolve", "", "resolve resolve"]
    );
}

/// The alert of a whole cluster has no scan any more that would close it, once there are shards.
#[tokio::test]
async fn the_first_scan_of_a_shard_closes_the_alert_of_the_whole_cluster() {
    let server = Receiver::start(vec![Reply::Answer(202, ACCEPTED); 8]).await;
    let url = server.url("/v2/enqueue");
    let http = DeliveryClient::new(quick());
    let mut kept = None;
    for (shard, selection) in [(None, &[][..]), (Some("0/2"), &["shard=0"])] {
        let mut service = settings(PagerDutyScope::Cluster)
            .with_url(&url, Transport::AllowHttp)
            .unwrap();
        service.selection = selection.iter().map(|part| (*part).to_owned()).collect();
        let mut report = report(vec![drifted("shop", "web", 1, 1)]);
        report.selection.shard = shard.map(str::to_owned);
        let digest = Digest::new(&report);
        let notice = Notice {
            occasion: Occasion::Unchanged,
            kept: kept.as_ref(),
            ..Notice::without_memory(&report, &digest)
        };
        kept = service.deliver(&http, &notice).await.keeps;
    }
    let events: Vec<(String, String)> = server
        .received()
        .into_iter()
        .map(|request| {
            let body = request.json();
            let text = |name: &str| body[name].as_str().unwrap().to_owned();
            (text("event_action"), text("dedup_key"))
        })
        .collect();
    let [(_, whole), (opened, of_shard), (closed, closed_key)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((opened.as_str(), closed.as_str()), ("trigger", "resolve"));
    assert!(closed_key == whole && of_shard != whole, "{events:?}");
}

/// The limits of [change events](https://developer.pagerduty.com/docs/send-change-event).
fn check_change(body: &Value) {
    let payload = &body["payload"];
    assert_eq!(body["routing_key"].as_str().unwrap().len(), 32);
    assert!(payload["summary"].as_str().unwrap().chars().count() <= 1_024);
    DateTime::parse_from_rfc3339(payload["timestamp"].as_str().unwrap()).unwrap();
    assert!(body.get("event_action").is_none() && body.get("dedup_key").is_none());
    assert!(body.to_string().len() <= 512 << 10);
}

#[test]
fn change_events_need_an_address_beside_that_of_the_alerts() {
    let service = settings(PagerDutyScope::Cluster);
    let url = "https://events.example.com/alerts";
    let service = service.with_url(url, Transport::HttpsOnly).unwrap();
    let error = service
        .with_changes(Transport::HttpsOnly)
        .unwrap_err()
        .to_string();
    assert!(error.contains("must end with /v2/enqueue"), "{error}");
}
