//! Which alerts a report opens, refreshes and ends at an Alertmanager, and how they get there.

use std::collections::BTreeSet;
use std::future::pending;

use chrono::{DateTime, TimeDelta, Utc};
use driftline::model::{Fingerprint, Report, ReportError, Resolved, Since};
use driftline::notify::alertmanager::alerts::AlertPlan;
use driftline::notify::alertmanager::settings::{Alertmanager, IncompleteReleases};
use driftline::notify::digest::Digest;
use driftline::notify::settings::Transport;
use driftline::notify::{CheckStatus, Delivery, DeliveryStatus, Notice, Sinks};
use driftline::policy::shard::Shard;
use driftline::state::Occasion;
use driftline::vocabulary::{
    Ending, HealthCode, HealthSeverity, ObjectState, Outcome, ResolvedKind, SinceSource, Stopped, Verdict,
};
use serde_json::{Value, json};

use super::delivery::quick;
use super::reports::{VALUE, critical, drifted, empty, object, release, report};
use crate::support::receiver::{Receiver, Reply, refused};
use crate::support::rules::check_alertmanager;

const URL: &str = "https://alertmanager.example.com/hunter2";

/// What Alertmanager's API answers to somebody who asks how it is; its whole configuration would follow.
const STATUS: &str = r#"{"cluster":{"peers":[],"status":"disabled"},"config":{"original":"hunter2"#;

pub(crate) fn group() -> Alertmanager {
    Alertmanager::try_new([URL], Transport::HttpsOnly).unwrap()
}

/// The alerts for a report, held to Alertmanager's rules.
fn plan(report: &Report, group: &Alertmanager, kept: Option<&Value>) -> AlertPlan {
    let digest = Digest::new(report);
    let notice = Notice {
        report,
        digest: &digest,
        occasion: Occasion::Unchanged,
        kept,
    };
    let plan = AlertPlan::new(&notice, group);
    check_alertmanager(&json!(plan.alerts));
    assert!(!json!(plan.alerts).to_string().contains(VALUE));
    plan
}

/// Each alert in a few words: how long it fires from the end of the scan, its release, severity and codes.
fn said(report: &Report, plan: &AlertPlan) -> Vec<String> {
    let alerts = plan.alerts.iter().map(|alert| {
        let labels = &alert["labels"];
        let text = |name: &str| labels[name].as_str().unwrap();
        let fires = (time(&alert["endsAt"]) - report.finished_at).num_minutes();
        let state = if fires == 0 {
            "ends".to_owned()
        } else {
            format!("fires {fires} min")
        };
        format!(
            "{state}: {} {} {}",
            text("release"),
            text("severity"),
            text("codes")
        )
    });
    alerts.collect()
}

fn time(value: &Value) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(value.as_str().unwrap())
        .unwrap()
        .to_utc()
}

/// The same scan so many hours later.
fn later(mut report: Report, hours: i64) -> Report {
    report.started_at += TimeDelta::hours(hours);
    report.finished_at += TimeDelta::hours(hours);
    report
}

fn web() -> Report {
    report(vec![
        drifted("shop", "web", 1, 1),
        release("shop", "api", Verdict::Clean),
    ])
}

fn clean() -> Report {
    report(vec![
        release("shop", "web", Verdict::Clean),
        release("shop", "api", Verdict::Clean),
    ])
}

#[test]
fn each_release_that_needs_attention_is_one_alert() {
    let mut ill = release("shop", "db", Verdict::Clean);
    ill.health.push(critical(HealthCode::Stuck));
    let mut gone = drifted("shop", "web", 2, 1);
    gone.objects[1].state = ObjectState::Missing;
    gone.objects[1].findings.clear();
    let report = report(vec![
        gone,
        ill,
        release("shop", "api", Verdict::Clean),
        release("shop", "half", Verdict::Incomplete),
    ]);
    let mut group = group();
    assert_eq!(
        said(&report, &plan(&report, &group, None)),
        [
            "fires 150 min: db critical stuck",
            "fires 150 min: web warning changed,missing"
        ]
    );
    group.incomplete = IncompleteReleases::Alerted;
    group.interval = std::time::Duration::from_mins(10);
    assert_eq!(
        said(&report, &plan(&report, &group, None))[2],
        "fires 25 min: half info incomplete"
    );
}

/// A shard that could not read everything goes on with its own alerts, and leaves those of other shards to them.
#[test]
fn a_shard_refreshes_only_what_is_its_own() {
    let group = group();
    let first = plan(&web(), &group, None);
    let of_shard = |has_it: bool| {
        let mut report = later(report(vec![]), 1);
        report.outcome = Outcome::Incomplete;
        let shards: Vec<Shard> = ["0/2", "1/2"].iter().map(|text| text.parse().unwrap()).collect();
        let shard = shards.iter().find(|shard| shard.has("shop") == has_it);
        report.selection.shard = shard.map(ToString::to_string);
        plan(&report, &group, first.keeps.as_ref())
    };
    assert_eq!((of_shard(true).unread, of_shard(false).unread), (1, 0));
    assert_eq!(of_shard(false).resolved, 0);
}

#[test]
fn the_alert_says_what_drifted_and_since_when() {
    let mut report = web();
    report.releases[1].tracked.since = Some(Since {
        time: report.started_at - TimeDelta::days(3),
        from: SinceSource::ManagedFields,
    });
    report.releases[1]
        .health
        .push(critical(HealthCode::FailedUpgrade));
    let mut group = group()
        .with_labels([("team".to_owned(), "payments".to_owned())].into())
        .unwrap();
    group.generator_url = Some("https://wiki.example.com/drift".to_owned());
    insta::assert_json_snapshot!("alertmanager_alerts", plan(&report, &group, None).alerts);
}

#[test]
fn a_start_that_cannot_be_is_not_believed() {
    for since in [
        web().finished_at + TimeDelta::days(1),
        DateTime::<Utc>::MIN_UTC,
        DateTime::<Utc>::MAX_UTC,
    ] {
        let mut report = web();
        let tracked = &mut report.releases[1].tracked;
        tracked.since = Some(Since {
            time: since,
            from: SinceSource::ManagedFields,
        });
        let plan = plan(&report, &group(), None);
        let start = time(&plan.alerts[0]["startsAt"]);
        assert!(
            start <= report.finished_at && start > report.finished_at - TimeDelta::days(4_000),
            "{start}"
        );
    }
}

#[test]
fn what_was_firing_ends_when_it_is_clean() {
    let first = plan(&web(), &group(), None);
    let kept = first.keeps.unwrap();
    let hour = later(clean(), 1);
    let second = plan(&hour, &group(), Some(&kept));
    assert_eq!(said(&hour, &second), ["ends: web warning changed"]);
    assert_eq!(
        second.alerts[0]["labels"], first.alerts[0]["labels"],
        "the same alert"
    );
    assert_eq!(second.alerts[0]["startsAt"], first.alerts[0]["startsAt"]);
    assert_eq!(
        second.alerts[0]["annotations"]["summary"],
        "driftline: prod: shop/web is in order again"
    );
    let third = plan(&later(clean(), 2), &group(), second.keeps.as_ref());
    assert_eq!(third.alerts, [Value::Null; 0], "it is ended once");
    // Without memory nothing is known to have been firing: it ends by itself.
    assert_eq!(plan(&hour, &group(), None).alerts, [Value::Null; 0]);
}

/// Severity and codes are labels, and labels are the identity of an alert.
#[test]
fn an_alert_with_other_codes_takes_the_place_of_the_old_one() {
    let first = plan(&web(), &group(), None);
    let mut worse = later(web(), 1);
    let mut gone = object("shop", "gone", 0);
    gone.state = ObjectState::Missing;
    worse.releases[1].objects.push(gone);
    let second = plan(&worse, &group(), first.keeps.as_ref());
    assert_eq!(
        said(&worse, &second),
        [
            "fires 150 min: web warning changed,missing",
            "ends: web warning changed"
        ]
    );
    assert_eq!(
        second.alerts[0]["startsAt"], first.alerts[0]["startsAt"],
        "still the same trouble"
    );
    assert_eq!((second.firing, second.resolved), (1, 1));
    // The same again is refreshed, and nothing ends.
    let third = plan(&later(worse, 1), &group(), second.keeps.as_ref());
    assert_eq!((third.firing, third.resolved), (1, 0));
}

#[test]
fn labels_of_the_operator_are_part_of_what_ends() {
    let team = |team: &str| {
        group()
            .with_labels([("team".to_owned(), team.to_owned())].into())
            .unwrap()
    };
    let first = plan(&web(), &team("a"), None);
    let hour = later(web(), 1);
    let second = plan(&hour, &team("b"), first.keeps.as_ref());
    let teams: Vec<&Value> = second
        .alerts
        .iter()
        .map(|alert| &alert["labels"]["team"])
        .collect();
    assert_eq!(teams, ["b", "a"]);
    assert_eq!((second.firing, second.resolved), (1, 1));
}

#[test]
fn an_uninstalled_release_is_over_and_one_that_was_not_asked_for_is_not() {
    let kept = plan(&web(), &group(), None).keeps.unwrap();
    let mut gone = later(report(vec![release("shop", "api", Verdict::Clean)]), 1);
    let without = plan(&gone, &group(), Some(&kept));
    assert_eq!(
        without.alerts,
        [Value::Null; 0],
        "it ends by itself, or is found again"
    );
    let again = plan(&later(clean(), 2), &group(), without.keeps.as_ref());
    assert_eq!(again.resolved, 1, "it is still known");
    gone.resolved.push(Resolved {
        fingerprint: Fingerprint::of(["x"]),
        kind: ResolvedKind::Finding,
        namespace: "shop".to_owned(),
        release: "web".to_owned(),
        cluster: None,
        storage: release("shop", "web", Verdict::Clean).storage,
        object: None,
        path: None,
        code: "changed".to_owned(),
        first_seen: gone.started_at,
        resolved_at: gone.started_at,
        how: Ending::ReleaseGone,
        flapping: false,
    });
    let ended = plan(&gone, &group(), Some(&kept));
    assert_eq!(said(&gone, &ended), ["ends: web warning changed"]);
    gone.resolved[0].how = Ending::Reverted;
    assert_eq!(plan(&gone, &group(), Some(&kept)).resolved, 0);
}

/// An answer that is none must never end an alert, and neither may the time in which there is no answer.
#[test]
fn what_could_not_be_read_goes_on_firing_for_a_day() {
    let kept = plan(&web(), &group(), None).keeps.unwrap();
    let with = |code, severity| {
        let mut doubtful = clean();
        doubtful.releases[1].health.push(critical(code));
        doubtful.releases[1].health[0].severity = severity;
        doubtful
    };
    let mut unread = clean();
    unread.releases[1].objects.push(object("shop", "web", 0));
    unread.releases[1].objects[0].state = ObjectState::Unknown;
    let mut no_baseline = clean();
    no_baseline.releases[1].baseline = None;
    let changed = |change: fn(&mut Report)| {
        let mut report = clean();
        change(&mut report);
        report
    };
    let mut failed = empty();
    failed.outcome = Outcome::Error;
    let mut forbidden = report(vec![release("zoo", "api", Verdict::Clean)]);
    forbidden.errors.push(ReportError {
        scope: "namespace/shop".to_owned(),
        message: "forbidden".to_owned(),
    });
    for (why, report) in [
        ("an unread object", unread),
        ("no baseline", no_baseline),
        ("an operation", with(HealthCode::InProgress, HealthSeverity::Info)),
        (
            "a change meanwhile",
            with(HealthCode::ChangedDuringScan, HealthSeverity::Info),
        ),
        (
            "the deadline",
            changed(|report| report.stopped = Some(Stopped::Deadline)),
        ),
        ("an error", changed(|report| report.outcome = Outcome::Error)),
        (
            "incomplete",
            changed(|report| report.releases[1].verdict = Verdict::Incomplete),
        ),
        ("a scan without an answer", failed),
        ("a namespace that cannot be listed", forbidden),
    ] {
        let hour = later(report.clone(), 1);
        let second = plan(&hour, &group(), Some(&kept));
        assert_eq!(
            said(&hour, &second),
            ["fires 150 min: web warning changed"],
            "{why}"
        );
        assert_eq!((second.unread, second.resolved), (1, 0), "{why}");
        assert_eq!(
            second.alerts[0]["annotations"]["summary"],
            "driftline: prod: shop/web was so at 2026-03-01 12:01 UTC, and could not be read since",
            "{why}"
        );
        let still = plan(&later(report.clone(), 24), &group(), second.keeps.as_ref());
        assert_eq!(still.unread, 1, "{why}");
        let over = plan(&later(report, 25), &group(), still.keeps.as_ref());
        assert_eq!(over.alerts, [Value::Null; 0], "{why}");
    }
}

/// A release that drifts in other ways and was not read as a whole keeps both alerts: what is gone may only be unread.
#[test]
fn a_release_in_doubt_keeps_its_old_alert_beside_the_new_one() {
    let kept = plan(&web(), &group(), None).keeps.unwrap();
    let mut doubtful = later(web(), 1);
    doubtful.releases[1].objects[0].state = ObjectState::Unknown;
    doubtful.releases[1].objects[0].findings.clear();
    doubtful.releases[1].objects.push(object("shop", "gone", 0));
    doubtful.releases[1].objects[1].state = ObjectState::Leftover;
    let second = plan(&doubtful, &group(), Some(&kept));
    assert_eq!(
        said(&doubtful, &second),
        [
            "fires 150 min: web warning leftover",
            "fires 150 min: web warning changed"
        ]
    );
}

#[test]
fn a_memory_that_means_harm_ends_nothing_of_others() {
    let mut kept = plan(&web(), &group(), None).keeps.unwrap();
    kept["labels"] = json!({"alertname": "KubeAPIDown", "cluster": "other"});
    let hour = later(clean(), 1);
    assert_eq!(plan(&hour, &group(), Some(&kept)).alerts, [Value::Null; 0]);
    for hostile in [
        json!(null),
        json!("x"),
        json!({"version": 1}),
        json!({"version": 1, "alerts": {"0": 1}}),
        json!({"version": 1, "alerts": vec![json!([[[]]]); 5_000]}),
    ] {
        assert_eq!(plan(&hour, &group(), Some(&hostile)).alerts, [Value::Null; 0]);
        assert_eq!(plan(&web(), &group(), Some(&hostile)).firing, 1);
    }
}

#[test]
fn two_releases_of_one_name_are_two_alerts() {
    let mut elsewhere = drifted("shop", "web", 1, 1);
    elsewhere.storage.namespace = "flux-system".to_owned();
    let mut other_driver = drifted("shop", "web", 1, 1);
    other_driver.storage.driver = "configmap".to_owned();
    let report = report(vec![drifted("shop", "web", 1, 1), elsewhere, other_driver]);
    let plan = plan(&report, &group(), None);
    let labels: BTreeSet<String> = plan
        .alerts
        .iter()
        .map(|alert| alert["labels"].to_string())
        .collect();
    assert_eq!(labels.len(), 3);
    let storage = |alert: &Value| {
        alert["labels"]
            .get("storage")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let storages: BTreeSet<_> = plan.alerts.iter().map(storage).collect();
    let expected = [None, Some("configmap/shop"), Some("secret/flux-system")];
    assert_eq!(storages, expected.map(|text| text.map(str::to_owned)).into());
}

#[test]
fn thousands_of_alerts_have_a_limit_that_is_fair_and_told() {
    let crowd = (0..3_000).map(|number| drifted("crowd", &format!("fake-{number:04}"), 1, 1));
    let report = report(crowd.chain([drifted("shop", "web", 1, 1)]).collect());
    let first = plan(&report, &group(), None);
    assert_eq!((first.alerts.len(), first.left_out), (1_000, 2_001));
    assert!(
        first
            .alerts
            .iter()
            .any(|alert| alert["labels"]["release"] == "web")
    );
    let second = plan(&later(report, 1), &group(), first.keeps.as_ref());
    assert_eq!(
        (second.firing, second.unread, second.resolved),
        (1_000, 0, 0),
        "the same ones"
    );
}

/// Delivers a report; the result without secrets.
async fn deliver(group: Alertmanager, report: &Report) -> Delivery {
    let deliveries = Sinks::new(quick()).with(group).deliver(report, pending()).await;
    let text = format!("{deliveries:?} {}", deliveries[0]);
    for secret in ["hunter2", "evil", VALUE] {
        assert!(!text.contains(secret), "{text}");
    }
    deliveries.into_iter().next().unwrap()
}

async fn answered(reply: Reply) -> (String, usize) {
    let server = Receiver::start([reply]).await;
    let group = Alertmanager::try_new([server.url("/hunter2/").as_str()], Transport::AllowHttp).unwrap();
    let delivery = deliver(group, &web()).await;
    (delivery.to_string(), server.received().len())
}

#[tokio::test]
async fn alerts_are_posted_below_the_path_of_the_address() {
    let server = Receiver::start([Reply::Answer(200, "")]).await;
    let group = Alertmanager::try_new([server.url("/am/").as_str()], Transport::AllowHttp).unwrap();
    let delivery = deliver(group, &web()).await;
    assert_eq!(
        delivery.to_string(),
        "alertmanager: delivered: 1 alert firing, 0 resolved"
    );
    let received = server.received();
    assert_eq!(
        (&*received[0].method, &*received[0].path),
        ("POST", "/am/api/v2/alerts")
    );
    assert!(
        received[0]
            .header("content-type")
            .unwrap()
            .starts_with("application/json")
    );
    check_alertmanager(&received[0].json());
    assert_eq!(delivery.keeps.unwrap()["alerts"][0]["name"], "web");
}

#[tokio::test]
async fn a_clean_scan_without_memory_sends_nothing() {
    let server = Receiver::start([Reply::Answer(200, "")]).await;
    let group = Alertmanager::try_new([server.url("").as_str()], Transport::AllowHttp).unwrap();
    let delivery = deliver(group, &clean()).await;
    assert_eq!(
        (delivery.status, delivery.keeps),
        (DeliveryStatus::NothingToSend, None)
    );
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn answers_are_told_in_words_of_our_own() {
    let invalid = r#""invalid label set: invalid name \"hunter2\"""#;
    for (reply, want) in [
        (
            Reply::Answer(400, invalid),
            "refused the request with 400: a label is not valid",
        ),
        (Reply::Answer(400, "evil"), "refused the request with 400"),
        (
            Reply::Answer(401, "evil"),
            "refused the request with 401: it wants credentials that are right",
        ),
        (Reply::Answer(403, "evil"), "these credentials may not do this"),
        (
            Reply::Answer(404, "evil"),
            "there is no API v2 of an Alertmanager at this address",
        ),
        (Reply::Answer(413, "evil"), "takes no requests of 256 KiB"),
        (
            Reply::Answer(200, "<html>evil</html>"),
            "answered 200, not as Alertmanager does",
        ),
        (
            Reply::Redirect("/evil"),
            "answered 302, a redirect, which is not followed",
        ),
    ] {
        let (text, requests) = answered(reply.clone()).await;
        assert!(
            text.contains("not delivered") && text.contains(want),
            "{reply:?}: {text}"
        );
        assert_eq!(requests, 1, "{reply:?}");
    }
    for (reply, want) in [
        (Reply::Answer(500, "evil"), "the receiver failed (500)"),
        (Reply::HangUp, "the connection broke before an answer came"),
        (
            Reply::Slow(std::time::Duration::from_secs(30)),
            "no answer in time",
        ),
    ] {
        let (text, requests) = answered(reply.clone()).await;
        assert!(text.contains(want), "{reply:?}: {text}");
        assert!(requests >= 2, "{reply:?}");
    }
}

/// A refused request does not keep the others from being sent: a name in it may be the reason.
#[tokio::test]
async fn alerts_come_in_requests_of_a_hundred() {
    let releases = (0..250).map(|number| drifted("shop", &format!("app-{number:03}"), 1, 1));
    let report = report(releases.collect());
    let server = Receiver::start([
        Reply::Answer(200, ""),
        Reply::Answer(400, "evil"),
        Reply::Answer(200, ""),
    ])
    .await;
    let group = Alertmanager::try_new([server.url("").as_str()], Transport::AllowHttp).unwrap();
    let delivery = deliver(group, &report).await;
    let sizes: Vec<usize> = server
        .received()
        .iter()
        .map(|request| request.json().as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    let text = delivery.to_string();
    assert!(
        text.contains("2 of 3 requests were accepted; the first failure: "),
        "{text}"
    );
    assert_eq!(delivery.keeps, None, "what was kept stays");
}

#[tokio::test]
async fn one_member_of_a_group_is_enough_and_the_others_are_named() {
    let good = Receiver::start([Reply::Answer(200, "")]).await;
    let also = Receiver::start([Reply::Answer(200, "")]).await;
    let down = refused("").await;
    let urls = [down.clone(), good.url(""), also.url("")];
    let group = Alertmanager::try_new(urls.iter().map(String::as_str), Transport::AllowHttp).unwrap();
    let delivery = deliver(group.clone(), &web()).await;
    let text = delivery.to_string();
    assert!(
        text.starts_with(
            "alertmanager: delivered: 1 alert firing, 0 resolved; warning, not to every address: 127.0.0.1:"
        ),
        "{text}"
    );
    assert!(text.contains("could not connect: connection refused"), "{text}");
    assert_eq!((good.received().len(), also.received().len()), (1, 1));
    assert!(delivery.keeps.is_some());
    let alone = Alertmanager::try_new([down.as_str()], Transport::AllowHttp).unwrap();
    assert!(deliver(alone, &web()).await.is_undelivered());
}

#[tokio::test]
async fn a_check_asks_each_member_and_sends_no_alert() {
    for (reply, want) in [
        (Reply::Answer(200, STATUS), CheckStatus::Valid),
        (Reply::Answer(200, "<html>hunter2</html>"), CheckStatus::Invalid),
        (Reply::Answer(401, "hunter2"), CheckStatus::Invalid),
        (Reply::HangUp, CheckStatus::Invalid),
    ] {
        let server = Receiver::start([reply.clone()]).await;
        let group = Alertmanager::try_new([server.url("/am").as_str()], Transport::AllowHttp).unwrap();
        let results = Sinks::new(quick()).with(group).check().await;
        assert_eq!(results[0].status, want, "{reply:?}: {}", results[0].message);
        assert!(!results[0].message.contains("hunter2"), "{}", results[0].message);
        let asked = &server.received()[0];
        assert_eq!((&*asked.method, &*asked.path), ("GET", "/am/api/v2/status"));
    }
    let good = Receiver::start([Reply::Answer(200, STATUS)]).await;
    let urls = [good.url(""), refused("").await];
    let group = Alertmanager::try_new(urls.iter().map(String::as_str), Transport::AllowHttp).unwrap();
    let results = Sinks::new(quick()).with(group).check().await;
    assert_eq!(results[0].status, CheckStatus::Unclear, "{}", results[0].message);
}
