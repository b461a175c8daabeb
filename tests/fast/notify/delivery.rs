//! The delivery of messages: which failures are retried, and that errors reveal no secret.

use std::future::pending;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeZone, Utc};
use driftline::app::process;
use driftline::model::Report;
use driftline::notify::pagerduty::settings::{PagerDutyScope, PagerDutyService};
use driftline::notify::settings::{HttpSettings, Proxy, Transport};
use driftline::notify::slack::settings::{SlackFormat, SlackWebhook};
use driftline::notify::when::SendWhen;
use driftline::notify::{CheckStatus, Delivery, DeliveryStatus, Sinks};
use driftline::vocabulary::{ObjectState, Severity, Verdict};
use secrecy::SecretString;

use super::reports::{VALUE, drifted, release, report};
use crate::support::receiver::{Received, Receiver, Reply, refused};
use crate::support::rules::{check_pagerduty, check_slack};

/// The secret part of every address here.
const PATH: &str = "/services/T00/B00/hunter2";

/// PagerDuty's answer to an event that it accepts.
const SUCCESS: &str = r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

pub(crate) fn quick() -> HttpSettings {
    process::install_crypto_provider();
    HttpSettings {
        connect_timeout: Duration::from_secs(2),
        attempt_timeout: Duration::from_secs(2),
        attempts: 3,
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(300),
        budget: Duration::from_secs(5),
        proxy: Proxy::Direct,
        clock: noon,
    }
}

fn slack(url: &str) -> SlackWebhook {
    let mut settings = SlackWebhook::try_new(&SecretString::from(url), Transport::AllowHttp).unwrap();
    settings.format = SlackFormat::Blocks;
    settings
}

fn pagerduty(url: &str) -> PagerDutyService {
    let settings = PagerDutyService::try_new(&SecretString::from(KEY)).unwrap();
    settings.with_url(url, Transport::AllowHttp).unwrap()
}

fn drift() -> Report {
    report(vec![
        drifted("shop", "web", 2, 2),
        release("shop", "api", Verdict::Clean),
    ])
}

/// The reason for which nothing was delivered, after making sure that it gives nothing away.
fn reason(delivery: &Delivery) -> String {
    let text = delivery.to_string();
    for secret in ["hunter2", "T00", KEY, VALUE, "evil"] {
        assert!(
            !text.contains(secret) && !format!("{delivery:?}").contains(secret),
            "{text}"
        );
    }
    match &delivery.status {
        DeliveryStatus::Undelivered { reason } => reason.clone(),
        DeliveryStatus::Delivered { .. } | DeliveryStatus::NothingToSend => String::new(),
    }
}

/// Sends the report to a Slack server that answers so; the reason it failed, and what the server got.
async fn to_slack(http: HttpSettings, replies: impl IntoIterator<Item = Reply>) -> (String, Vec<Received>) {
    let server = Receiver::start(replies).await;
    let sinks = Sinks::new(http).with(slack(&server.url(PATH)));
    let deliveries = sinks.deliver(&drift(), pending()).await;
    (reason(&deliveries[0]), server.received())
}

async fn to_pagerduty(replies: impl IntoIterator<Item = Reply>) -> (String, Vec<Received>) {
    let server = Receiver::start(replies).await;
    let sinks = Sinks::new(quick()).with(pagerduty(&server.url("/v2/enqueue?x=hunter2")));
    let deliveries = sinks.deliver(&drift(), pending()).await;
    (reason(&deliveries[0]), server.received())
}

#[tokio::test]
async fn one_valid_message_arrives() {
    let (reason, received) = to_slack(quick(), [Reply::Answer(200, "ok")]).await;
    assert_eq!((reason.as_str(), received.len()), ("", 1));
    assert_eq!((&*received[0].method, &*received[0].path), ("POST", PATH));
    assert!(
        received[0]
            .header("content-type")
            .unwrap()
            .starts_with("application/json")
    );
    assert!(
        received[0]
            .header("user-agent")
            .unwrap()
            .starts_with("driftline/")
    );
    check_slack(&received[0].json());

    let (reason, received) = to_pagerduty([Reply::Answer(202, SUCCESS)]).await;
    assert_eq!((reason.as_str(), received.len()), ("", 1));
    check_pagerduty(&received[0].json());
    assert_eq!(received[0].json()["routing_key"], KEY);
}

#[tokio::test]
async fn refusals_are_final_and_only_known_words_are_quoted() {
    let cases = [
        (
            Reply::Answer(400, "invalid_blocks"),
            "refused the message with 400: Slack does not accept the layout of the message (`invalid_blocks`)",
        ),
        (
            Reply::Answer(403, "action_prohibited\n"),
            "refused the message with 403: an administrator restricts posting to this channel (`action_prohibited`)",
        ),
        (
            Reply::Answer(404, "no_service"),
            "the webhook was removed or disabled; create a new one",
        ),
        (
            Reply::Answer(410, "channel_is_archived"),
            "the webhook's channel is archived",
        ),
        (
            Reply::Answer(400, "evil hunter2"),
            "answered 400, not as an incoming webhook does",
        ),
        (
            Reply::Answer(200, "<html>evil</html>"),
            "answered 200, not as an incoming webhook does",
        ),
        (
            Reply::Redirect("/services/T00/B00/evil"),
            "answered 302, a redirect, which is not followed",
        ),
        (Reply::Endless(400), "answered 400"),
        (Reply::CutOff(404), "answered 404"),
    ];
    for (reply, want) in cases {
        let (reason, received) = to_slack(quick(), [reply.clone()]).await;
        assert!(reason.contains(want), "{reply:?}: {reason}");
        assert_eq!(received.len(), 1, "{reply:?}");
    }
}

/// A proxy that asks people to sign in answers 200, whatever the server behind it takes.
#[tokio::test]
async fn a_page_of_a_proxy_is_no_delivery_to_any_chat_server() {
    for format in [SlackFormat::Blocks, SlackFormat::Attachments, SlackFormat::Text] {
        for (reply, is_delivered) in [
            (Reply::Answer(200, "<html>Sign in</html>"), false),
            (Reply::Answer(200, "ok"), true),
        ] {
            let server = Receiver::start([reply.clone()]).await;
            let mut webhook = slack(&server.url(PATH));
            webhook.format = format;
            let deliveries = Sinks::new(quick())
                .with(webhook)
                .deliver(&drift(), pending())
                .await;
            assert_eq!(
                !deliveries[0].is_undelivered(),
                is_delivered,
                "{format:?} {reply:?}"
            );
        }
    }
}

/// What a healthy cluster does all day is nobody's message.
#[tokio::test]
async fn findings_of_severity_info_are_not_notified() {
    let mut quiet = drifted("shop", "web", 1, 1);
    quiet.verdict = Verdict::Clean;
    quiet.objects[0].state = ObjectState::InSync;
    quiet.objects[0].findings[0].severity = Severity::Info;
    let chat = Receiver::start([Reply::Answer(200, "ok")]).await;
    let pager = Receiver::start([Reply::Answer(202, SUCCESS)]).await;
    let deliveries = Sinks::new(quick())
        .with(slack(&chat.url(PATH)))
        .with(pagerduty(&pager.url("/v2/enqueue")))
        .deliver(&report(vec![quiet]), pending())
        .await;
    assert_eq!(deliveries[0].status, DeliveryStatus::NothingToSend);
    assert_eq!(chat.received().len(), 0);
    assert_eq!(pager.received()[0].json()["event_action"], "resolve");
}

#[tokio::test]
async fn temporary_failures_are_retried() {
    let ok = Reply::Answer(200, "ok");
    for failure in [
        Reply::Answer(500, "rollup_error"),
        Reply::Answer(503, ""),
        Reply::HangUp,
        Reply::Answer(429, ""),
    ] {
        let (reason, received) = to_slack(quick(), [failure.clone(), failure.clone(), ok.clone()]).await;
        assert_eq!((reason.as_str(), received.len()), ("", 3), "{failure:?}");
        assert_eq!(received[0].body, received[2].body);
    }
}

#[tokio::test]
async fn the_error_names_the_failure_of_the_last_attempt() {
    let cases = [
        (
            Reply::Answer(500, "evil"),
            "the receiver failed (500) (gave up after 3 attempts)",
        ),
        (
            Reply::Answer(429, "evil"),
            "answered 429, too many requests (gave up after 3 attempts)",
        ),
        (Reply::HangUp, "the connection broke before an answer came"),
        (Reply::Endless(502), "the receiver failed (502)"),
    ];
    for (reply, want) in cases {
        let (reason, received) = to_slack(quick(), [reply.clone()]).await;
        assert!(reason.contains(want), "{reply:?}: {reason}");
        assert_eq!(received.len(), 3, "{reply:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_sent_for_twice() {
    let (reason, received) = to_slack(quick(), [Reply::CutOff(200)]).await;
    assert_eq!((reason.as_str(), received.len()), ("", 1));
}

#[tokio::test]
async fn a_closed_port_is_named_with_host_and_cause() {
    let url = refused(PATH).await;
    let deliveries = Sinks::new(quick())
        .with(slack(&url))
        .deliver(&drift(), pending())
        .await;
    let reason = reason(&deliveries[0]);
    assert!(
        reason.contains("127.0.0.1:") && reason.contains("could not connect: connection refused"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_named_as_such() {
    let server = Receiver::start([Reply::Answer(200, "ok")]).await;
    let url = server.url(PATH).replace("http://", "https://");
    let deliveries = Sinks::new(quick())
        .with(slack(&url))
        .deliver(&drift(), pending())
        .await;
    let reason = reason(&deliveries[0]);
    assert!(
        reason.contains("could not connect: received corrupt message"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_named_as_such() {
    let http = HttpSettings {
        attempts: 1,
        ..quick()
    };
    let url = "http://receiver.invalid/services/T00/B00/hunter2";
    let deliveries = Sinks::new(http)
        .with(slack(url))
        .deliver(&drift(), pending())
        .await;
    let reason = reason(&deliveries[0]);
    // Where there is no resolver at all, it may be the time that runs out.
    assert!(
        reason.contains("its name does not resolve") || reason.contains("no answer in time"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_slow_receiver_costs_no_more_than_the_budget() {
    let http = HttpSettings {
        attempt_timeout: Duration::from_millis(150),
        budget: Duration::from_millis(400),
        attempts: 50,
        ..quick()
    };
    let start = Instant::now();
    let (reason, received) = to_slack(http, [Reply::Slow(Duration::from_secs(30))]).await;
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(
        reason.contains("no answer in time") && reason.contains("out of time"),
        "{reason}"
    );
    assert!((2..=4).contains(&received.len()), "{}", received.len());
}

#[tokio::test]
async fn retry_after_is_honoured_and_capped() {
    let ok = Reply::Answer(200, "ok");
    // An hour is asked for, the longest pause is 0.3 s; the date is one second after the test's noon.
    for header in ["Retry-After: 3600", "Retry-After: Sun, 01 Mar 2026 12:00:01 GMT"] {
        let start = Instant::now();
        let (reason, received) = to_slack(
            quick(),
            [Reply::WithHeader(429, header, "rate_limited"), ok.clone()],
        )
        .await;
        assert_eq!((reason.as_str(), received.len()), ("", 2));
        assert!(
            (Duration::from_millis(300)..Duration::from_secs(3)).contains(&start.elapsed()),
            "{header}"
        );
    }
    let http = HttpSettings {
        budget: Duration::from_millis(200),
        ..quick()
    };
    let start = Instant::now();
    let (reason, received) = to_slack(http, [Reply::WithHeader(429, "Retry-After: 3600", ""), ok]).await;
    assert!(
        reason.contains("429") && reason.contains("out of time"),
        "{reason}"
    );
    assert_eq!(received.len(), 1);
    assert!(
        start.elapsed() < Duration::from_millis(200),
        "no use in waiting for what will not be tried"
    );
}

#[tokio::test]
async fn one_failing_sink_hides_no_other() {
    let good = Receiver::start([Reply::Answer(200, "ok")]).await;
    let pager = Receiver::start([Reply::Answer(202, SUCCESS)]).await;
    let mut second = slack(&good.url(PATH));
    second.name = "slack-platform".to_owned();
    let sinks = Sinks::new(quick())
        .with(slack(&refused(PATH).await))
        .with(second)
        .with(pagerduty(&pager.url("/v2/enqueue")));
    let deliveries = sinks.deliver(&drift(), pending()).await;
    let undelivered: Vec<_> = deliveries
        .iter()
        .map(|delivery| (&*delivery.sink, delivery.is_undelivered()))
        .collect();
    assert_eq!(
        undelivered,
        [("slack", true), ("slack-platform", false), ("pagerduty", false)]
    );
    assert_eq!((good.received().len(), pager.received().len()), (1, 1));
}

#[tokio::test]
async fn a_clean_scan_sends_a_message_only_with_always() {
    let clean = report(vec![release("shop", "api", Verdict::Clean)]);
    let chat = Receiver::start([Reply::Answer(200, "ok")]).await;
    let mut always = slack(&chat.url("/services/always"));
    always.when = SendWhen::Always;
    let deliveries = Sinks::new(quick())
        .with(slack(&chat.url(PATH)))
        .with(always)
        .deliver(&clean, pending())
        .await;
    assert_eq!(deliveries[0].status, DeliveryStatus::NothingToSend);
    assert_eq!(deliveries[1].status, DeliveryStatus::Delivered { note: None });
    assert_eq!(
        chat.received()
            .iter()
            .map(|request| &*request.path)
            .collect::<Vec<_>>(),
        ["/services/always"]
    );
}

#[tokio::test]
async fn pagerduty_accepts_with_202_and_success_only() {
    let invalid =
        r#"{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}"#;
    let cases = [
        (
            Reply::Answer(400, invalid),
            "refused the event with 400: Invalid routing key",
            1,
        ),
        (
            Reply::Answer(
                400,
                r#"{"errors":["0123456789abcdef0123456789abcdef is evil","'summary'\u202e is too long"]}"#,
            ),
            "refused the event with 400: it says \"'summary' is too long\"",
            1,
        ),
        (Reply::Answer(403, "evil"), "refused the event with 403", 1),
        (
            Reply::Answer(200, "evil"),
            "answered 200, not as PagerDuty does (202, with the status `success`): check the address",
            1,
        ),
        (
            Reply::Answer(202, "<html>evil</html>"),
            "answered 202, not as PagerDuty does",
            1,
        ),
        (Reply::Answer(202, ""), "answered 202, not as PagerDuty does", 1),
        (
            Reply::Answer(202, r#"{"status":"invalid event"}"#),
            "answered 202, not as PagerDuty does",
            1,
        ),
        (Reply::CutOff(202), "answered 202, not as PagerDuty does", 1),
        (Reply::Redirect("/evil"), "a redirect, which is not followed", 1),
        (Reply::Answer(500, "evil"), "the receiver failed (500)", 3),
        (
            Reply::WithHeader(429, "Retry-After: 0", "evil"),
            "answered 429",
            3,
        ),
    ];
    for (reply, want, requests) in cases {
        let (reason, received) = to_pagerduty([reply.clone()]).await;
        assert!(reason.contains(want), "{reply:?}: {reason}");
        assert_eq!(received.len(), requests, "{reply:?}");
    }
}

#[tokio::test]
async fn a_refused_event_does_not_keep_the_others_back() {
    let server = Receiver::start([
        Reply::Answer(202, SUCCESS),
        Reply::Answer(400, r#"{"message":"Event object is invalid"}"#),
        Reply::Answer(202, SUCCESS),
    ])
    .await;
    let mut settings = pagerduty(&server.url("/v2/enqueue"));
    settings.scope = PagerDutyScope::Release;
    let deliveries = Sinks::new(quick())
        .with(settings.clone())
        .deliver(&drift(), pending())
        .await;
    // The cluster's resolve, the drifted release's trigger, the clean one's resolve.
    assert_eq!(server.received().len(), 3);
    server
        .received()
        .iter()
        .for_each(|request| check_pagerduty(&request.json()));
    let reason = reason(&deliveries[0]);
    assert!(
        reason.starts_with("2 of 3 events were accepted; the first failure:"),
        "{reason}"
    );

    let server = Receiver::start([Reply::Answer(400, r#"{"errors":["Invalid routing key"]}"#)]).await;
    let settings = settings
        .with_url(&server.url("/v2/enqueue"), Transport::AllowHttp)
        .unwrap();
    Sinks::new(quick())
        .with(settings)
        .deliver(&drift(), pending())
        .await;
    assert_eq!(server.received().len(), 1, "a bad key is bad for all");
}

#[tokio::test]
async fn left_out_events_are_counted() {
    let server = Receiver::start([Reply::Answer(202, SUCCESS)]).await;
    let mut settings = pagerduty(&server.url("/v2/enqueue"));
    settings.scope = PagerDutyScope::Release;
    settings.max_events = 3;
    let releases = (0..10).map(|number| drifted("shop", &format!("app-{number}"), 1, 1));
    let deliveries = Sinks::new(quick())
        .with(settings)
        .deliver(&report(releases.collect()), pending())
        .await;
    assert_eq!(
        deliveries[0].to_string(),
        "pagerduty: delivered: 3 triggers and 0 resolves sent; left out to stay below PagerDuty's rate limit: \
         8 triggers and 0 resolves"
    );
}

#[tokio::test]
async fn many_events_are_paced() {
    let server = Receiver::start([Reply::Answer(202, SUCCESS)]).await;
    let mut settings = pagerduty(&server.url("/v2/enqueue"));
    settings.scope = PagerDutyScope::Release;
    settings.pace = Duration::from_millis(30);
    let releases = (0..120).map(|number| release("shop", &format!("app-{number}"), Verdict::Clean));
    let http = HttpSettings {
        budget: Duration::from_millis(2_500),
        ..quick()
    };
    let start = Instant::now();
    let deliveries = Sinks::new(http)
        .with(settings)
        .deliver(&report(releases.collect()), pending())
        .await;
    assert_eq!(reason(&deliveries[0]), "");
    assert_eq!(server.received().len(), 121);
    assert!(start.elapsed() >= Duration::from_millis(3_600));
}

#[tokio::test]
async fn checks_post_nothing_that_people_see() {
    let mattermost = r#"{"id":"web.incoming_webhook.text.app_error","message":"hunter2","status_code":400}"#;
    let cases = [
        (Reply::Answer(400, "no_text"), CheckStatus::Valid),
        (
            Reply::Answer(400, "missing_text_or_fallback_or_attachments"),
            CheckStatus::Valid,
        ),
        (Reply::Answer(400, mattermost), CheckStatus::Valid),
        (Reply::Answer(400, "hunter2"), CheckStatus::Unclear),
        (Reply::Answer(200, "ok"), CheckStatus::Unclear),
        (Reply::Answer(404, "no_service"), CheckStatus::Invalid),
        (Reply::Answer(403, "invalid_token"), CheckStatus::Invalid),
        (Reply::Redirect("/login"), CheckStatus::Invalid),
        (Reply::HangUp, CheckStatus::Invalid),
    ];
    for (reply, want) in cases {
        let server = Receiver::start([reply.clone()]).await;
        let results = Sinks::new(quick()).with(slack(&server.url(PATH))).check().await;
        assert_eq!(results[0].status, want, "{reply:?}: {}", results[0].message);
        assert!(!results[0].message.contains("hunter2"), "{}", results[0].message);
        assert_eq!(server.received()[0].body, br#"{"text":""}"#);
    }
    for (reply, want) in [
        (Reply::Answer(202, SUCCESS), CheckStatus::Valid),
        (
            Reply::Answer(400, r#"{"errors":["Invalid routing key"]}"#),
            CheckStatus::Invalid,
        ),
        (Reply::Answer(200, "<html>"), CheckStatus::Invalid),
    ] {
        let server = Receiver::start([reply]).await;
        let results = Sinks::new(quick())
            .with(pagerduty(&server.url("/v2/enqueue")))
            .check()
            .await;
        assert_eq!(results[0].status, want, "{}", results[0].message);
        let event = server.received()[0].json();
        check_pagerduty(&event);
        assert_eq!(event["event_action"], "resolve");
    }
}
