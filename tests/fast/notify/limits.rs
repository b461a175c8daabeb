//! Messages stay within the receivers' limits, whatever a report holds.

use driftline::model::{Actor, IgnoredBy, Report, ReportError};
use driftline::notify::alertmanager::alerts::AlertPlan;
use driftline::notify::alertmanager::settings::IncompleteReleases;
use driftline::notify::digest::{Digest, Level};
use driftline::notify::links::LinkTemplate;
use driftline::notify::pagerduty::events::EventPlan;
use driftline::notify::pagerduty::settings::{PagerDutyScope, PagerDutyService};
use driftline::notify::slack::bot::settings::SlackBot;
use driftline::notify::slack::payload::message;
use driftline::notify::slack::settings::SlackFormat;
use driftline::notify::webhook::message::Message;
use driftline::notify::webhook::settings::CloudEvents;
use driftline::notify::when::{SendWhen, is_worth_sending};
use driftline::notify::{Notice, Sink as _};
use driftline::vocabulary::{HealthCode, ObjectState, Outcome, Stopped, Verdict};
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::reports::{HOSTILE, VALUE, critical, drifted, empty, finding, object, release, report};
use crate::support::rules::{
    check_alertmanager, check_event, check_pagerduty, check_slack, check_slack_call,
};

const FORMATS: [SlackFormat; 3] = [SlackFormat::Blocks, SlackFormat::Attachments, SlackFormat::Text];

fn pagerduty(scope: PagerDutyScope) -> PagerDutyService {
    let mut settings = PagerDutyService::try_new(&SecretString::from("k".repeat(32))).unwrap();
    settings.scope = scope;
    settings
}

/// Every message that a report can become, checked.
fn messages(report: &Report) -> Vec<Value> {
    messages_of(report, &Digest::new(report))
}

/// The same with links of full length.
fn messages_with_links(report: &Report) -> Vec<Value> {
    let links: Vec<LinkTemplate> = (0..5).map(long_link).collect();
    messages_of(report, &Digest::new(report).with_links(report, &links))
}

fn long_link(number: usize) -> LinkTemplate {
    let url = format!("https://wiki.example.com/{{cluster}}/{{namespace}}/{{release}}?{number}=");
    let url = format!("{url}{}", "x".repeat(1_000 - url.len()));
    serde_json::from_value(json!({"title": "<!here> & `x`".repeat(4), "url": url})).unwrap()
}

fn messages_of(report: &Report, digest: &Digest) -> Vec<Value> {
    let for_programs = alerts_and_events(report, digest);
    let mut messages: Vec<_> = FORMATS.map(|format| message(digest, format)).into();
    messages.iter().for_each(check_slack);
    for scope in [PagerDutyScope::Cluster, PagerDutyScope::Release] {
        let settings = pagerduty(scope);
        let events = EventPlan::new(&Notice::without_memory(report, digest), None, &settings).events;
        assert!(events.len() <= settings.max_events);
        let events = events.iter().map(|event| event.body(&"k".repeat(32)));
        messages.extend(events.inspect(check_pagerduty));
    }
    messages.extend(for_programs);
    let bot = SlackBot::try_new(&SecretString::from("xoxb-1"), "C0123ABCD").unwrap();
    let of_bot = bot.preview(&Notice::without_memory(report, digest)).unwrap();
    messages.extend(
        of_bot
            .into_iter()
            .inspect(|message| check_slack_call("chat.postMessage", message)),
    );
    for message in &messages {
        assert!(!message.to_string().contains(VALUE), "{message}");
    }
    messages
}

/// What programs get of a report, checked.
fn alerts_and_events(report: &Report, digest: &Digest) -> Vec<Value> {
    let notice = Notice::without_memory(report, digest);
    let mut group = super::alertmanager::group();
    group.incomplete = IncompleteReleases::Alerted;
    let alerts = json!(AlertPlan::new(&notice, &group).alerts);
    check_alertmanager(&alerts);
    let mut messages = vec![alerts];
    for cloudevents in [CloudEvents::None, CloudEvents::Structured] {
        let mut webhook = super::webhook::webhook("https://example.com/hook");
        webhook.cloudevents = cloudevents;
        let message = Message::of_scan(&notice, &webhook).unwrap();
        assert!(message.body.len() <= 5 << 20);
        let message: Value = serde_json::from_str(&message.body).unwrap();
        check_event(message.get("data").unwrap_or(&message));
        messages.push(message);
    }
    for message in &messages {
        assert!(!message.to_string().contains(VALUE), "{message}");
    }
    messages
}

fn hostile(name: &str) -> Report {
    let mut bad = drifted(name, name, 3, 2);
    bad.objects[0].kind = name.into();
    bad.objects[0].name = name.into();
    bad.objects[1].namespace = Some(format!("{name}x"));
    bad.objects[0].findings[0].actor = Some(Actor {
        manager: name.into(),
        operation: name.into(),
        subresource: Some(name.into()),
        time: None,
    });
    bad.objects[1].findings.push(finding(&format!("/data/{name}")));
    bad.health.push(critical(HealthCode::Stuck));
    let mut unread = release(name, &format!("{name}-unread"), Verdict::Incomplete);
    unread.storage.namespace = format!("{name}-elsewhere");
    unread.objects.push(object(name, name, 0));
    unread.objects[0].state = ObjectState::Unknown;
    let mut report = report(vec![bad, unread, release(name, "broken", Verdict::Unreadable)]);
    report.errors.push(ReportError {
        scope: name.to_owned(),
        message: name.to_owned(),
    });
    report.cluster.name = name.into();
    report.tool.version = name.into();
    report
}

#[test]
fn hostile_names_are_harmless_everywhere() {
    for name in HOSTILE {
        messages(&hostile(name));
        messages(&hostile(&name.repeat(5_000 / name.len().max(1))));
        let mut alike = hostile(name);
        alike.releases = [&alike.releases[..], &alike.releases, &alike.releases].concat();
        messages(&alike);
    }
}

#[test]
fn links_of_full_length_leave_no_message_too_long_and_are_counted() {
    for name in HOSTILE {
        messages_with_links(&hostile(&name.repeat(5_000 / name.len().max(1))));
    }
    let releases = (0..300).map(|number| {
        let mut release = drifted(
            &format!("team-{}", number % 50),
            &format!("app-{number:04}"),
            8,
            9,
        );
        release.objects[0].findings[0].live = Some(format!("{VALUE}-{number}").into());
        release
    });
    let all = messages_with_links(&report(releases.collect()));
    for message in &all[..3] {
        let text = message.to_string();
        assert!(text.contains("left out for length)"), "{text}");
        assert!(text.contains("https://wiki.example.com/prod/team-"), "{text}");
    }
}

#[test]
fn thousands_of_releases_fit_and_the_rest_is_counted() {
    let releases = (0..4_000).map(|number| {
        let (namespace, name) = (format!("team-{}", number % 50), format!("app-{number:04}"));
        let mut release = drifted(&namespace, &name, 8, 9);
        // No two drifted in the same way.
        release.objects[0].findings[0].live = Some(format!("{VALUE}-{number}").into());
        release
    });
    let all = messages(&report(releases.collect()));
    assert!(all[0].to_string().len() > 8_000, "the room is used");
    for message in &all[..4] {
        let text = message.to_string();
        assert!(text.contains("more releases, left out for length"), "{text}");
        assert!(text.contains("4000 of 4000 releases drifted"), "{text}");
    }
}

#[test]
fn emoji_and_markup_of_full_length_fit() {
    for name in ["🚀", "&", "<", "\"", "e\u{301}"] {
        let name = name.repeat(5_000);
        let releases = (0..100).map(|number| {
            let mut release = drifted(&name, &format!("{number}{name}"), 8, 9);
            release.health.push(critical(HealthCode::Undecodable));
            for object in &mut release.objects {
                object
                    .findings
                    .iter_mut()
                    .for_each(|finding| finding.path = format!("/{name}"));
            }
            release
        });
        let mut report = report(releases.collect());
        let error = |number| ReportError {
            scope: format!("namespace/{number}{name}"),
            message: name.clone(),
        };
        report.errors = (0..100).map(error).collect();
        messages(&report);
    }
}

#[test]
fn a_short_report_is_said_in_full() {
    let mut shop = drifted("shop", "web", 1, 2);
    shop.objects.push(object("shop", "gone", 0));
    shop.objects[1].state = ObjectState::Missing;
    shop.objects[0].findings[1].actor = Some(Actor {
        manager: "kubectl-edit".to_owned(),
        operation: "Update".to_owned(),
        subresource: None,
        time: Some(report(Vec::new()).started_at),
    });
    let mut unread = release("shop", "api", Verdict::Incomplete);
    unread.health.push(critical(HealthCode::Stuck));
    let report = report(vec![shop, unread, release("shop", "db", Verdict::Clean)]);
    let blocks = message(&Digest::new(&report), SlackFormat::Blocks);
    insta::assert_json_snapshot!("slack_blocks", blocks);
    insta::assert_json_snapshot!(
        "slack_attachments",
        message(&Digest::new(&report), SlackFormat::Attachments)
    );
    insta::assert_json_snapshot!("slack_text", message(&Digest::new(&report), SlackFormat::Text));
    let plan = EventPlan::new(
        &Notice::without_memory(&report, &Digest::new(&report)),
        None,
        &pagerduty(PagerDutyScope::Cluster),
    );
    insta::assert_json_snapshot!("pagerduty_trigger", plan.events[0].body(&"k".repeat(32)));
}

/// Tenants of one chart, all of which somebody changed in the same way.
fn tenants(count: usize) -> Vec<driftline::model::ReleaseReport> {
    let tenant = |number| {
        let mut tenant = drifted(&format!("tenant-{number:02}"), "app", 1, 1);
        tenant.objects[0].findings[0].actor = Some(Actor {
            manager: "kubectl-edit".to_owned(),
            operation: "Update".to_owned(),
            subresource: None,
            time: Some(empty().started_at + chrono::Duration::minutes(number)),
        });
        tenant
    };
    (1..).take(count).map(tenant).collect()
}

#[test]
fn releases_that_drifted_in_the_same_way_are_one_entry() {
    let group = "30 releases in the same way (tenant-01/app, tenant-02/app, tenant-03/app, tenant-04/app, \
                 tenant-05/app and 25 more): 1 object, 1 field each";
    let mut releases = tenants(31);
    releases[30].objects[0].findings[0].live = Some("another".into());
    for message in &messages(&report(releases.clone()))[..4] {
        let text = message.to_string();
        assert!(text.contains(group), "{text}");
        // Besides the group, the headline names the first of them.
        let elsewhere = text.matches("tenant-01/app and 29 alike").count();
        assert_eq!(
            text.matches(group).count() + elsewhere,
            text.matches("tenant-01/app").count(),
            "{text}"
        );
        assert!(text.contains("tenant-31/app: 1 object, 1 field"), "{text}");
        assert!(
            text.contains("by kubectl-edit (claimed), 2026-03-01 12:01 to 12:30 UTC"),
            "{text}"
        );
    }
    let report = report(releases);
    let plan = EventPlan::new(
        &Notice::without_memory(&report, &Digest::new(&report)),
        None,
        &pagerduty(PagerDutyScope::Release),
    );
    let bodies: Vec<_> = plan
        .events
        .iter()
        .map(|event| event.body(&"k".repeat(32)))
        .collect();
    let (bodies, cluster): (Vec<_>, Vec<_>) = bodies
        .into_iter()
        .partition(|body| body["event_action"] == "trigger");
    assert_eq!(
        (bodies.len(), cluster.len()),
        (31, 1),
        "each release keeps its own alert"
    );
    assert_eq!(
        bodies[6]["payload"]["summary"],
        "driftline: prod: tenant-07/app drifted in the same way as 29 other releases: 1 object, 1 field"
    );
    assert_eq!(
        bodies[6]["payload"]["custom_details"]["drifted in the same way"],
        "30 releases in the same way (tenant-01/app, tenant-02/app, tenant-03/app, tenant-04/app, tenant-05/app and \
         25 more)"
    );
    assert_eq!(
        bodies[30]["payload"]["summary"],
        "driftline: prod: tenant-31/app drifted: changed /spec/field-000 in Deployment app-000 of tenant-31/app"
    );
}

/// Whoever may write records in one namespace can name a thousand releases there like one that matters.
#[test]
fn a_crowded_namespace_does_not_push_the_names_of_others_out_of_a_group() {
    let mut releases = tenants(2);
    for number in 0..1_000 {
        let mut fake = releases[0].clone();
        fake.name = format!("fake-{number:04}");
        (fake.namespace, fake.storage.namespace) = ("crowd".to_owned(), "crowd".to_owned());
        fake.objects[0].namespace = Some("crowd".to_owned());
        fake.objects[0].name = format!("fake-{number:04}-000");
        releases.push(fake);
    }
    let text = message(&Digest::new(&report(releases)), SlackFormat::Text)["text"].to_string();
    assert!(
        text.contains("tenant-01/app, tenant-02/app and 997 more"),
        "{text}"
    );
}

/// What may be told of an object is decided where the report is made.
#[test]
fn the_state_of_an_object_is_told_in_the_words_of_the_report() {
    for (state, reason, words) in [
        (ObjectState::Missing, None, "web-000: missing"),
        (
            ObjectState::Missing,
            Some("missing or not owned by this release"),
            "web-000: missing or not owned by this release",
        ),
        (
            ObjectState::Foreign,
            Some("not owned by this release: it belongs to s3cr3t-value"),
            "web-000: foreign, not owned by this release",
        ),
        (ObjectState::Leftover, None, "web-000: leftover"),
    ] {
        let mut release = drifted("shop", "web", 1, 0);
        release.objects[0].state = state;
        release.objects[0].reason = reason.map(str::to_owned);
        let digest = Digest::new(&report(vec![release]));
        let text = message(&digest, SlackFormat::Text)["text"].clone();
        let text = text.as_str().unwrap();
        assert!(
            text.lines().any(|line| line == format!("  Deployment {words}")),
            "{text}"
        );
    }
}

#[test]
fn ignored_differences_are_not_mentioned() {
    let mut shop = drifted("shop", "web", 2, 2);
    shop.objects[0].findings[1].ignored_by = Some(IgnoredBy::Rule(1));
    shop.objects[1].state = ObjectState::Ignored;
    for finding in &mut shop.objects[1].findings {
        finding.ignored_by = Some(IgnoredBy::Annotation);
    }
    let text = messages(&report(vec![shop]))
        .iter()
        .map(Value::to_string)
        .collect::<String>();
    assert!(text.contains("field-000") && text.contains("web-000"), "{text}");
    assert!(!text.contains("field-001") && !text.contains("web-001"), "{text}");
}

#[test]
fn these_reports_call_for_a_message() {
    let with = |outcome, stopped| {
        let mut report = empty();
        (report.outcome, report.stopped) = (outcome, stopped);
        report
    };
    let mut ill = release("shop", "web", Verdict::Clean);
    ill.health.push(critical(HealthCode::Stuck));
    let cases = [
        (with(Outcome::Clean, None), Level::Clean, "no releases found"),
        (
            report(vec![release("a", "b", Verdict::Clean)]),
            Level::Clean,
            "1 release, 0 objects in sync",
        ),
        (
            report(vec![drifted("a", "b", 1, 1)]),
            Level::Alarm,
            "1 of 1 release drifted",
        ),
        (
            report(vec![ill]),
            Level::Critical,
            "1 release, 0 objects in sync; 1 in a critical state",
        ),
        (
            report(vec![release("a", "b", Verdict::Unreadable)]),
            Level::Incomplete,
            "no drift seen, but 1 of 1 release could not be fully compared",
        ),
        (
            with(Outcome::Incomplete, None),
            Level::Incomplete,
            "not everything could be read",
        ),
        (
            with(Outcome::Error, None),
            Level::Alarm,
            "the scan did not finish",
        ),
        (
            with(Outcome::Error, Some(Stopped::Deadline)),
            Level::Alarm,
            "the scan did not finish (stopped at the deadline)",
        ),
    ];
    for (report, level, headline) in cases {
        let digest = Digest::new(&report);
        assert_eq!(digest.level, level);
        // The worst release stands behind it, where there is one.
        let said = digest.headline.split("; the worst: ").next();
        assert_eq!(said, Some(&*format!("prod: {headline}")));
        let notice = Notice::without_memory(&report, &digest);
        assert_eq!(is_worth_sending(&notice, SendWhen::Drift), level != Level::Clean);
        assert!(is_worth_sending(&notice, SendWhen::Always));
        messages(&report);
    }
}

#[test]
fn the_same_report_is_the_same_message() {
    let mut report = hostile("web");
    let first = messages(&report);
    assert_eq!(messages(&report), first);
    report.releases.reverse();
    report
        .releases
        .iter_mut()
        .for_each(|release| release.objects.reverse());
    let digest = Digest::new(&report);
    assert_eq!(message(&digest, SlackFormat::Blocks), first[0]);
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z-]{1,20}",
        proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        "[<!@#&>`\u{200b}channel]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_report_breaks_a_rule(
        names in proptest::collection::vec((any_name(), any_name(), any_name(), 0_usize..9, 0_usize..9), 0..60),
        verdicts in proptest::collection::vec(proptest::sample::select(Verdict::ALL.to_vec()), 60),
        errors in proptest::collection::vec((any_name(), any_name()), 0..20),
        cluster in any_name(),
        outcome in proptest::option::of(proptest::sample::select(Outcome::ALL.to_vec())),
    ) {
        let releases = names.iter().zip(verdicts).map(|((namespace, name, path, objects, fields), verdict)| {
            let mut release = drifted(namespace, name, *objects, *fields);
            release.verdict = verdict;
            for object in &mut release.objects {
                object.findings.iter_mut().for_each(|finding| finding.path.push_str(path));
            }
            release
        });
        let mut report = report(releases.collect());
        report.cluster.name = cluster;
        report.outcome = outcome.unwrap_or(report.outcome);
        report.errors = errors.into_iter().map(|(scope, message)| ReportError { scope, message }).collect();
        messages(&report);
    }
}
