//! A week of hourly scans of a cluster in which things happen: what a channel and a pager are told.
//!
//! The scans are made up, so that a week takes no time; their clock is the report's. Between two of them the memory is
//! written and read.

use std::collections::BTreeSet;

use chrono::Duration;
use driftline::model::{ReleaseReport, Report, ReportError};
use driftline::notify::Sinks;
use driftline::notify::pagerduty::settings::PagerDutyService;
use driftline::notify::settings::Transport;
use driftline::notify::slack::bot::settings::SlackBot;
use driftline::notify::slack::settings::{SlackFormat, SlackWebhook};
use driftline::report::identity::identify;
use driftline::state::{Salt, State, Telling};
use driftline::vocabulary::{HealthCode, HealthSeverity, ObjectState, Outcome, Verdict};
use secrecy::SecretString;
use serde_json::Value;

use super::bot::Slack;
use super::delivery::quick;
use super::reports::{critical, drifted, empty, finding, release, report};
use crate::support::receiver::{Received, Receiver, Reply, refused};
use crate::support::rules::{check_pagerduty, check_slack};

/// What is so at an hour of the week. Of everything else the cluster is in order.
fn cluster(hour: i64) -> Report {
    let is = |from: i64, to: i64| (from..to).contains(&hour);
    let mut releases: Vec<ReleaseReport> = Vec::new();
    let mut put = |mut release: ReleaseReport, objects: usize| {
        release.objects.truncate(objects);
        releases.push(release);
    };
    // A hot-fix at night, taken back at noon.
    put(
        if is(10, 22) {
            drifted("shop", "web", 1, 1)
        } else {
            release("shop", "web", Verdict::Clean)
        },
        1,
    );
    // An upgrade that runs for an hour, fails, and is repeated two hours later.
    let mut api = release("shop", "api", Verdict::Clean);
    if is(29, 30) {
        api.health.push(critical(HealthCode::InProgress));
        api.health[0].severity = HealthSeverity::Info;
    }
    if is(30, 33) {
        api.health.push(critical(HealthCode::FailedUpgrade));
    }
    put(api, 0);
    // A Deployment is deleted, and an hour later somebody runs the upgrade.
    let mut ledger = release("pay", "ledger", Verdict::Clean);
    if is(40, 41) {
        ledger = drifted("pay", "ledger", 1, 0);
        ledger.objects[0].state = ObjectState::Missing;
    }
    // A change that stays for four days, until an upgrade adopts it; then another one in the same release.
    if is(50, 146) {
        ledger = drifted("pay", "ledger", 1, 1);
    }
    if is(55, 146) {
        ledger.objects[0].findings.push(finding("/spec/second"));
    }
    put(ledger, 1);
    // A label that two programs write in turns.
    put(
        if is(80, 100) && hour % 2 == 0 {
            drifted("infra", "agent", 1, 1)
        } else {
            release("infra", "agent", Verdict::Clean)
        },
        1,
    );
    // A release that drifted and is then uninstalled.
    if is(0, 110) {
        put(
            if is(104, 110) {
                drifted("lab", "trial", 1, 1)
            } else {
                release("lab", "trial", Verdict::Clean)
            },
            1,
        );
    }
    // Thirty tenants, all changed by one script.
    for tenant in 0..30 {
        let namespace = format!("tenant-{tenant:02}");
        put(
            if is(120, 125) {
                drifted(&namespace, "app", 1, 1)
            } else {
                release(&namespace, "app", Verdict::Clean)
            },
            1,
        );
    }
    // What drifts while nobody can be told.
    put(
        if is(62, 70) {
            drifted("shop", "cart", 1, 1)
        } else {
            release("shop", "cart", Verdict::Clean)
        },
        1,
    );
    let mut report = report(releases);
    // One namespace cannot be read for three hours.
    if is(130, 133) {
        report.errors.push(ReportError {
            scope: "namespace/pay".to_owned(),
            message: format!("timed out after {hour} s"),
        });
        report.releases.retain(|release| release.namespace != "pay");
    }
    // The deadline passes in the midst of a scan.
    if hour == 140 {
        report.stopped = Some(driftline::vocabulary::Stopped::Deadline);
        report.outcome = Outcome::Error;
        report.releases.truncate(5);
    }
    report.started_at = empty().started_at + Duration::hours(hour);
    report.finished_at = report.started_at + Duration::seconds(3);
    identify(&mut report);
    report
}

#[tokio::test]
async fn a_week_makes_few_messages_and_forgets_none() {
    let slack = Receiver::start([Reply::Answer(200, "ok")]).await;
    let pagerduty = Receiver::start([Reply::Answer(202, r#"{"status":"success"}"#)]).await;
    let nobody = refused("/services/T/B/X").await;
    let sinks = |slack: &str| {
        let mut webhook = SlackWebhook::try_new(&SecretString::from(slack), Transport::AllowHttp).unwrap();
        webhook.format = SlackFormat::Blocks;
        let service = PagerDutyService::try_new(&SecretString::from("k".repeat(32))).unwrap();
        let service = service
            .with_url(&pagerduty.url("/v2/enqueue"), Transport::AllowHttp)
            .unwrap();
        let mut http = quick();
        http.attempts = 1;
        Sinks::new(http).with(webhook).with(service)
    };
    let (up, down) = (sinks(&slack.url("/services/T/B/X")), sinks(&nobody));
    let telling = Telling::default();
    let mut state = State::fresh("prod", Salt::new([3; 16]));
    let mut told_at = Vec::new();
    for hour in 0..168 {
        let mut report = cluster(hour);
        state.compare(&mut report);
        state.fit().unwrap();
        let sinks = if (60..64).contains(&hour) { &down } else { &up };
        let before = slack.received().len();
        let parts = sinks.parts(&report, Some((&state, &telling)));
        let deliveries = sinks.deliver_parts(&parts, std::future::pending()).await;
        for (part, delivery) in parts.into_iter().zip(deliveries) {
            if delivery.is_undelivered() {
                state.undelivered(part.receipt, delivery.keeps);
            } else {
                state.delivered(part.receipt, delivery.keeps);
            }
        }
        if slack.received().len() > before {
            told_at.push(hour);
        }
        state = State::decode(&state.encode().unwrap()).unwrap();
    }
    let messages: Vec<Value> = slack.received().iter().map(Received::json).collect();
    messages.iter().for_each(check_slack);
    let headlines: Vec<String> = told_at
        .iter()
        .zip(&messages)
        .map(|(hour, message)| {
            let text = message["blocks"][0]["text"]["text"].as_str().unwrap();
            format!("{hour:>3}  {text}")
        })
        .collect();
    insta::assert_snapshot!("week_slack", headlines.join("\n"));
    assert!(messages.len() <= 25, "{}", messages.len());
    let different: BTreeSet<String> = messages.iter().map(Value::to_string).collect();
    assert_eq!(different.len(), messages.len(), "no message twice");
    let told = |word: &str| {
        messages
            .iter()
            .filter(|message| message.to_string().contains(word))
            .count()
    };
    for word in [
        "shop/web",
        "failed-upgrade",
        "shop/cart",
        "lab/trial",
        "30 releases in the same way",
        "keeps coming and going",
    ] {
        assert!(told(word) > 0, "{word} was not told");
    }
    let events: Vec<Value> = pagerduty.received().iter().map(Received::json).collect();
    events.iter().for_each(check_pagerduty);
    let events: Vec<String> = events
        .iter()
        .map(|event| {
            let summary = event["payload"]["summary"].as_str().unwrap_or_default();
            let severity = event["payload"]["severity"].as_str().unwrap_or_default();
            format!("{} {severity} {summary}", event["event_action"].as_str().unwrap())
        })
        .collect();
    insta::assert_snapshot!("week_pagerduty", events.join("\n"));
}

/// The same week in a channel of a bot: what stands in the channel, and what is changed there.
#[tokio::test]
async fn a_bot_makes_fewer_messages_of_the_same_week() {
    let slack = Slack::start().await;
    let nobody = refused("/api/").await;
    let sinks = |bot: SlackBot| {
        let mut http = quick();
        http.attempts = 1;
        Sinks::new(http).with(bot)
    };
    let down = slack.bot().with_api(&nobody, Transport::AllowHttp).unwrap();
    let (up, down) = (sinks(slack.bot()), sinks(down));
    let telling = Telling::default();
    let mut state = State::fresh("prod", Salt::new([3; 16]));
    let mut lines = Vec::new();
    for hour in 0..168 {
        let mut report = cluster(hour);
        state.compare(&mut report);
        state.fit().unwrap();
        let sinks = if (60..64).contains(&hour) { &down } else { &up };
        let before = slack.calls().len();
        let part = sinks.parts(&report, Some((&state, &telling))).remove(0);
        let delivery = sinks
            .deliver_parts(std::slice::from_ref(&part), std::future::pending())
            .await;
        let delivery = delivery.into_iter().next().unwrap();
        if delivery.is_undelivered() {
            state.undelivered(part.receipt, delivery.keeps);
        } else {
            state.delivered(part.receipt, delivery.keeps);
        }
        let calls = slack.calls().split_off(before);
        lines.extend(calls.into_iter().map(|call| format!("{hour:>3} {call}")));
        state = State::decode(&state.encode().unwrap()).unwrap();
    }
    insta::assert_snapshot!("week_slack_bot", lines.join("\n"));
    let seen = |line: &&String| [" +  ", " >+ "].contains(&&line[3..7]);
    let in_channel = lines.iter().filter(seen).count();
    assert!(in_channel < 20, "{in_channel} messages in the channel");
    let resolved = lines.iter().filter(|line| line.contains("Resolved: "));
    let opened = lines
        .iter()
        .filter(|line| line[3..].starts_with(" >  prod: ") && !line.contains("resolved in"));
    assert_eq!(resolved.count(), opened.count(), "every thread is ticked off");
}

/// The message about what is new beside what is known, as its readers get it.
#[test]
fn a_message_about_news() {
    let mut state = State::fresh("prod", Salt::new([3; 16]));
    let telling = Telling::default();
    let mut last = None;
    let sinks = Sinks::new(quick()).with(
        SlackWebhook::try_new(
            &SecretString::from("https://hooks.slack.com/services/T/B/X"),
            Transport::HttpsOnly,
        )
        .unwrap(),
    );
    for hour in [49, 51, 56, 105, 111, 121] {
        let mut report = cluster(hour);
        state.compare(&mut report);
        let part = sinks.parts(&report, Some((&state, &telling))).remove(0);
        last = Some(part.report.clone());
        if hour < 111 {
            state.delivered(part.receipt, None);
        }
    }
    let digest = driftline::notify::digest::Digest::new(&last.unwrap());
    let text = driftline::notify::slack::payload::message(&digest, SlackFormat::Text);
    insta::assert_snapshot!("news_text", text["text"].as_str().unwrap());
}

/// A warning is no drift and nothing critical, and not all is in order while there is one.
#[test]
fn all_is_not_in_order_while_there_is_a_warning() {
    let mut state = State::fresh("prod", Salt::new([3; 16]));
    let sinks = Sinks::new(quick()).with(
        SlackWebhook::try_new(
            &SecretString::from("https://hooks.slack.com/services/T/B/X"),
            Transport::HttpsOnly,
        )
        .unwrap(),
    );
    let mut told = Vec::new();
    for (hour, is_blocked, fields) in [(0, true, 0), (1, true, 1), (2, true, 0), (3, false, 0)] {
        let mut web = match fields {
            0 => release("shop", "web", Verdict::Clean),
            _ => drifted("shop", "web", 1, fields),
        };
        if is_blocked {
            web.health.push(critical(HealthCode::UpgradeBlocked));
            web.health[0].severity = HealthSeverity::Warning;
        }
        let mut report = report(vec![web]);
        report.started_at = empty().started_at + Duration::hours(hour);
        identify(&mut report);
        state.compare(&mut report);
        let part = sinks
            .parts(&report, Some((&state, &Telling::default())))
            .remove(0);
        told.push(driftline::notify::digest::Digest::new(&part.report).headline);
        state.delivered(part.receipt, None);
    }
    let expected = [
        "prod: upgrade-blocked of shop/web",
        "prod: changed /spec/field-000 in Deployment web-000 of shop/web",
        "prod: partly resolved in shop/web; 1 release still not in order",
        "prod: resolved in shop/web; all is in order",
    ];
    assert_eq!(told, expected);
}
