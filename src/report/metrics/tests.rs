use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;
use crate::model::{ApiTraffic, ChangeCounts, Since};
use crate::report::fixtures::{at, clean, every, finding, object, release, report};
use crate::vocabulary::SinceSource;

fn costs() -> ScanCosts {
    ScanCosts {
        stages: BTreeMap::from([(ScanStage::Compare, Duration::from_millis(1250))]),
        traffic: Some(ApiTraffic {
            requests: BTreeMap::from([(AnswerCode::Ok, 31), (AnswerCode::TooManyRequests, 2)]),
            bytes: 4096,
        }),
    }
}

fn text(report: &Report, releases: usize) -> String {
    let metrics = Metrics::of(report, &costs(), releases);
    metrics.exposition(NotificationOutcome::Delivered).text()
}

/// The values by name and labels, after making sure that the text is one.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut family) = (BTreeMap::new(), "");
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap();
            assert!(seen.insert(family), "{family} stands twice");
        } else if line.starts_with('#') {
            assert_eq!(line, format!("# TYPE {family} gauge"));
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(&format!("{family}{{cluster=\"")), "{line}");
            let value: f64 = value.parse().unwrap();
            assert!(value.is_finite() && value >= 0.0, "{line}");
            assert!(
                samples.insert(name.to_owned(), value).is_none(),
                "{name} stands twice"
            );
        }
    }
    samples
}

fn drifted() -> Report {
    let mut changed = finding(FindingCode::Changed, "/spec/replicas", None, None);
    changed.tracked.first_seen = Some(at("2026-11-20T02:14:02.5Z"));
    let mut added = finding(FindingCode::Added, "/spec/x", None, None);
    added.tracked.first_seen = changed.tracked.first_seen;
    added.tracked.since = Some(Since {
        time: at("2026-11-19T03:14:02.5Z"),
        from: SinceSource::ManagedFields,
    });
    let mut web = object("apps/v1", "Deployment", "shop", "web");
    web.findings = vec![changed, added];
    web.state = ObjectState::Drifted;
    web.left_out.drift = 3;
    let mut gone = object("v1", "Service", "shop", "web");
    gone.state = ObjectState::Missing;
    report(vec![
        release("shop", "web").with_objects([web, gone]),
        release("shop", "api").with_health(HealthCode::Stuck, HealthSeverity::Critical),
        release("shop", "db"),
    ])
}

#[test]
fn a_report_is_counted_by_its_words() {
    let samples = samples(&text(&drifted(), 0));
    for (series, value) in [
        ("releases{cluster=\"prod\",verdict=\"drifted\"}", 1.0),
        ("releases{cluster=\"prod\",verdict=\"unreadable\"}", 0.0),
        ("objects{cluster=\"prod\",state=\"missing\"}", 1.0),
        (
            "findings{cluster=\"prod\",code=\"changed\",severity=\"drift\"}",
            1.0,
        ),
        (
            "findings{cluster=\"prod\",code=\"changed\",severity=\"info\"}",
            0.0,
        ),
        ("findings_unlisted{cluster=\"prod\",severity=\"drift\"}", 3.0),
        (
            "health_entries{cluster=\"prod\",code=\"stuck\",severity=\"critical\"}",
            1.0,
        ),
        // The last write is a day ago, although a scan saw it an hour ago.
        ("oldest_drift_age_seconds{cluster=\"prod\"}", 86_400.0),
        ("drift_undated{cluster=\"prod\"}", 4.0),
        ("scan_outcome{cluster=\"prod\",outcome=\"drift\"}", 1.0),
        ("scan_duration_seconds{cluster=\"prod\"}", 2.5),
        (
            "scan_stage_duration_seconds{cluster=\"prod\",stage=\"compare\"}",
            1.25,
        ),
        (
            "scan_stage_duration_seconds{cluster=\"prod\",stage=\"orphans\"}",
            0.0,
        ),
        ("api_requests{cluster=\"prod\",code=\"429\"}", 2.0),
        ("api_response_bytes{cluster=\"prod\"}", 4096.0),
        ("notification_status{cluster=\"prod\",status=\"delivered\"}", 1.0),
        (
            "notification_status{cluster=\"prod\",status=\"undelivered\"}",
            0.0,
        ),
    ] {
        let series = format!("driftline_{series}");
        assert_eq!(samples.get(&series), Some(&value), "{series}");
    }
    assert!(
        !samples
            .keys()
            .any(|series| series.contains("_changes") || series.contains("_release_"))
    );
}

/// What a clean cluster has no cause for is there with 0, and every metric has samples where all is asked for.
#[test]
fn every_metric_is_written_and_every_word_has_a_series() {
    let quiet = samples(&text(&clean(), 0));
    let of = |family: Family| {
        let beginning = format!("{}{{", family.name());
        quiet
            .keys()
            .filter(|series| series.starts_with(&beginning))
            .count()
    };
    for (family, words) in [
        (Family::Releases, Verdict::ALL.len()),
        (Family::Objects, ObjectState::ALL.len()),
        (Family::Findings, FindingCode::ALL.len() * Severity::ALL.len()),
        (
            Family::HealthEntries,
            HealthCode::ALL.len() * HealthSeverity::ALL.len(),
        ),
        (Family::StageDuration, ScanStage::ALL.len()),
        (Family::ApiRequests, AnswerCode::ALL.len()),
        (Family::Outcome, Outcome::ALL.len()),
        (Family::Stopped, Stopped::ALL.len()),
        (Family::Notifications, NotificationOutcome::ALL.len()),
    ] {
        assert_eq!(of(family), words, "{}", family.name());
    }
    let mut all = drifted();
    all.summary.changes = Some(ChangeCounts::default());
    all.orphans = Some(Vec::new());
    let all = text(&all, 10);
    for family in Family::ALL {
        assert!(
            all.contains(&format!("\n{}{{", family.name())),
            "{}",
            family.name()
        );
    }
}

#[test]
fn every_scene_gives_a_valid_text_and_the_same_one_twice() {
    for (name, report) in every() {
        let text = text(&report, 200);
        assert!(!samples(&text).is_empty(), "{name}");
        assert_eq!(text, self::text(&report, 200), "{name}");
    }
}

#[test]
fn the_worst_releases_have_series_and_the_others_are_counted() {
    let samples = samples(&text(&drifted(), 2));
    let of = |series: &str| samples.get(&format!("driftline_{series}")).copied();
    let web = "{cluster=\"prod\",namespace=\"shop\",release=\"web\"}";
    assert_eq!(of(&format!("release_drifted{web}")), Some(1.0));
    assert_eq!(of(&format!("release_drift{web}")), Some(6.0));
    assert_eq!(
        of(&format!("release_oldest_drift_age_seconds{web}")),
        Some(86_400.0)
    );
    let api = "{cluster=\"prod\",namespace=\"shop\",release=\"api\"}";
    assert_eq!(of(&format!("release_critical{api}")), Some(1.0));
    assert_eq!(of(&format!("release_drifted{api}")), Some(0.0));
    let db = "{cluster=\"prod\",namespace=\"shop\",release=\"db\"}";
    assert_eq!(of(&format!("release_drifted{db}")), None);
    assert_eq!(of("releases_left_out{cluster=\"prod\"}"), Some(1.0));
}

#[test]
fn hostile_names_cannot_make_the_text_invalid() {
    let long = "x".repeat(1 << 20);
    let names = [
        "\u{202e}gpj",
        "a\"} 1\n# HELP",
        "\\",
        &format!("{long}1"),
        &format!("{long}2"),
        "a",
    ];
    let mut releases: Vec<_> = names.iter().map(|name| release("shop", name)).collect();
    // One release, with records in Secrets and in ConfigMaps.
    releases.push(release("shop", "a"));
    let mut hostile = report(releases);
    hostile.cluster.name = "\u{1b}[2J\"\n".into();
    let text = text(&hostile, 200);
    let samples = samples(&text);
    let drifted = samples
        .keys()
        .filter(|series| series.starts_with("driftline_release_drifted{"));
    assert_eq!(drifted.count(), 5);
    assert!(text.len() < 64 << 10, "{}", text.len());
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'));
}

/// What an alert waits for is neither resolved nor raised by a run that did not come to its end.
#[test]
fn a_run_that_ended_early_leaves_what_was_known_of_the_cluster() {
    let before = samples(&text(&drifted(), 2));
    let mut stopped = report(vec![release("shop", "db")]);
    stopped.stopped = Some(Stopped::Signal);
    stopped.outcome = Outcome::Incomplete;
    stopped.finished_at = at("2026-11-20T04:14:02Z");
    let mut exposition = Metrics::of(&stopped, &costs(), 2).exposition(NotificationOutcome::None);
    exposition.keep_from(&text(&drifted(), 2));
    let after = samples(&exposition.text());
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    let changed: BTreeSet<&str> = before
        .iter()
        .filter(|(series, value)| after[*series].to_bits() != value.to_bits())
        .map(|(series, _)| series.split('{').next().unwrap())
        .collect();
    assert_eq!(
        changed.into_iter().collect::<Vec<_>>(),
        [
            "driftline_last_scan_timestamp_seconds",
            "driftline_notification_status",
            "driftline_scan_duration_seconds",
            "driftline_scan_outcome",
            "driftline_scan_stopped",
        ]
    );
    for family in Family::ALL {
        let is_in = stopped_has(&stopped, *family);
        let may_be = family.about() == families::About::Run
            && !matches!(family, Family::LastSuccess | Family::LastComplete);
        assert_eq!(is_in, may_be, "{}", family.name());
    }
}

fn stopped_has(report: &Report, family: Family) -> bool {
    text(report, 2).contains(&format!("\n{}{{", family.name()))
}

#[test]
fn only_a_scan_that_read_everything_is_complete() {
    let mut report = drifted();
    assert_eq!(RunEnd::of(&report), RunEnd::Complete, "drift is no gap");
    report.summary.objects.unknown = 1;
    assert_eq!(RunEnd::of(&report), RunEnd::Incomplete);
    let samples = samples(&text(&report, 0));
    assert!(samples.contains_key("driftline_last_success_timestamp_seconds{cluster=\"prod\"}"));
    assert!(!samples.contains_key("driftline_last_complete_timestamp_seconds{cluster=\"prod\"}"));
    report.outcome = Outcome::Error;
    assert_eq!(RunEnd::of(&report), RunEnd::Early);
}
