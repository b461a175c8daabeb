//! Which alerts a report opens and closes.

use std::collections::BTreeSet;

use driftline::model::{Report, ReportError};
use driftline::notify::Notice;
use driftline::notify::digest::Digest;
use driftline::notify::pagerduty::events::{Action, AlertEvent, EventPlan};
use driftline::notify::pagerduty::settings::{PagerDutyScope, PagerDutyService, PagerDutySeverity};
use driftline::vocabulary::{HealthCode, Outcome, Stopped, Verdict};
use secrecy::SecretString;

use super::reports::{critical, drifted, empty, release, report};

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

fn action(event: &AlertEvent) -> &'static str {
    match &event.action {
        Action::Trigger { payload, .. } => match payload["severity"].as_str().unwrap() {
            "error" => "trigger error",
            "warning" => "trigger warning",
            "info" => "trigger info",
            _ => "trigger critical",
        },
        Action::Resolve => "resolve",
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
        plan(&clean(), &settings).events[0].dedup_key.clone()
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
            .dedup_key
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
        seen.extend(first.events.into_iter().skip(1).map(|event| event.dedup_key));
        report.started_at += chrono::Duration::hours(24);
    }
    assert_eq!(seen.len(), 90);
}
