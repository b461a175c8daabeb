//! What GitHub and the standard ask of a log, for every report that the tests know and for some that mean harm.

use std::collections::HashSet;

use serde_json::Value;

use super::super::options;
use super::*;
use crate::model::{ChangeCounts, ComparedWith, IgnoredBy, IgnoredCount};
use crate::report::fixtures::scenes::{errors, orphans, remembered};
use crate::report::fixtures::{at, drifted, every, finding, hostile, object, release, report};
use crate::report::sources::Sources;
use crate::report::summary::FailOn;
use crate::vocabulary::{ChangeStatus, FindingCode, HealthCode, HealthSeverity, MemoryDetail, ObjectState};

fn rendered(report: &Report) -> Value {
    with_options(report, &options(FailOn::DRIFT))
}

fn with_options(report: &Report, options: &RenderOptions) -> Value {
    let mut out = Vec::new();
    render(report, options, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

fn notifications(log: &Value) -> Vec<(&str, &str, &str)> {
    let all = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array();
    let parts = |one: &'static str, two: &'static str| (one, two);
    let (id, text) = parts("/descriptor/id", "/message/text");
    all.into_iter()
        .flatten()
        .map(|note| {
            let word = |at: &str| note.pointer(at).unwrap().as_str().unwrap();
            (word("/level"), word(id), word(text))
        })
        .collect()
}

/// A drifted release with this many findings.
fn many(count: usize) -> Report {
    let findings = (0..count).map(|at| finding(FindingCode::Changed, &format!("/data/{at}"), None, None));
    let object = object("v1", "ConfigMap", "shop", "big").drifted(findings);
    report(vec![release("shop", "web").with_objects([object])])
}

#[test]
fn every_result_has_a_rule_a_place_and_a_fingerprint_of_its_own() {
    let mut reports = every();
    reports.push(("hostile", report(vec![hostile()])));
    for (name, report) in reports {
        let log = rendered(&report);
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        let mut prints = HashSet::new();
        for result in results(&log) {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(result["ruleId"], rules[index]["id"], "{name}");
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(
                uri.starts_with("helm/") && !uri.contains("..") && uri.is_ascii(),
                "{name}: {uri}"
            );
            assert_eq!(place["region"]["startLine"], 1, "{name}");
            let print = result["partialFingerprints"]["driftline/v1"].as_str().unwrap();
            assert!(prints.insert(print), "{name}: {result}");
            assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], print);
            assert!(
                result["message"]["text"].as_str().unwrap().ends_with(['.', '…']),
                "{name}: {result}"
            );
        }
    }
    assert!(results(&rendered(&drifted())).len() > 3);
    assert!(results(&rendered(&report(Vec::new()))).is_empty());
}

#[test]
fn levels_follow_the_report() {
    let service = object("v1", "Service", "shop", "web").drifted([
        finding(FindingCode::Changed, "/spec/type", None, None),
        finding(FindingCode::Autoscaled, "/spec/replicas", None, None),
    ]);
    let missing = object("v1", "Secret", "shop", "web").in_state(ObjectState::Missing);
    let release = release("shop", "web")
        .with_health(HealthCode::Stuck, HealthSeverity::Critical)
        .with_health(HealthCode::HistoryBloat, HealthSeverity::Warning)
        .with_health(HealthCode::InProgress, HealthSeverity::Info)
        .with_objects([service, missing]);
    let log = rendered(&report(vec![release]));
    let mut levels: Vec<(&str, &str)> = results(&log)
        .iter()
        .map(|result| {
            (
                result["ruleId"].as_str().unwrap(),
                result["level"].as_str().unwrap(),
            )
        })
        .collect();
    levels.sort_unstable();
    assert_eq!(
        levels,
        [
            ("finding-autoscaled", "note"),
            ("finding-changed", "warning"),
            ("health-history-bloat", "warning"),
            ("health-in-progress", "note"),
            ("health-stuck", "error"),
            ("state-missing", "warning")
        ]
    );
}

#[test]
fn what_the_operator_ignores_is_suppressed_with_the_reason() {
    let mut ignored = finding(FindingCode::Changed, "/spec/type", None, None);
    ignored.ignored_by = Some(IgnoredBy::Rule(1));
    let mut whole = object("v1", "Secret", "shop", "web").in_state(ObjectState::Ignored);
    whole.ignored_by = Some(IgnoredBy::Annotation);
    let service = object("v1", "Service", "shop", "web").drifted([
        ignored,
        finding(FindingCode::Changed, "/spec/selector", None, None),
    ]);
    let mut report = report(vec![release("shop", "web").with_objects([service, whole])]);
    report.ignored.push(IgnoredCount {
        rule: IgnoredBy::Rule(1),
        description: "kind Service".into(),
        reason: Some("set by the mesh".into()),
        findings: 1,
        objects: 1,
        idle: None,
        idle_in_shard: None,
    });
    let log = rendered(&report);
    let suppressed = |rule: &str, index: usize| {
        let of_rule: Vec<&Value> = results(&log)
            .iter()
            .filter(|result| result["ruleId"] == rule)
            .collect();
        of_rule[index]["suppressions"].clone()
    };
    let all: Vec<Value> = (0..2).map(|index| suppressed("finding-changed", index)).collect();
    let first = all.iter().find(|one| !one.is_null()).unwrap();
    assert_eq!(first[0]["kind"], "external");
    assert_eq!(first[0]["justification"], "rule 1 (set by the mesh)");
    assert_eq!(all.iter().filter(|one| one.is_null()).count(), 1);
    assert_eq!(suppressed("state-ignored", 0)[0]["justification"], "annotation");
}

#[test]
fn what_is_new_is_said_where_the_report_knows_it() {
    let report = remembered();
    let states: HashSet<String> = results(&rendered(&report))
        .iter()
        .map(|result| result["baselineState"].as_str().unwrap_or("none").to_owned())
        .collect();
    assert!(
        states.contains("new") && states.contains("unchanged"),
        "{states:?}"
    );
    assert!(!states.contains("none"), "{states:?}");
    assert!(
        results(&rendered(&drifted()))
            .iter()
            .all(|result| result["baselineState"].is_null())
    );

    let mut compared = many(1);
    compared.compared_with = Some(ComparedWith {
        scanned_at: None,
        detail: MemoryDetail::Objects,
    });
    compared.summary.changes = Some(ChangeCounts::default());
    for (status, state) in [
        (ChangeStatus::New, "new"),
        (ChangeStatus::Changed, "updated"),
        (ChangeStatus::Ongoing, "unchanged"),
    ] {
        // Only objects are remembered: the finding is as its object is.
        compared.releases[0].objects[0].tracked.status = Some(status);
        assert_eq!(results(&rendered(&compared))[0]["baselineState"], state);
    }
}

/// GitHub would show it as an open alert.
#[test]
fn what_is_resolved_is_counted_and_no_result() {
    let report = remembered();
    assert!(!report.resolved.is_empty());
    let log = rendered(&report);
    assert!(
        results(&log)
            .iter()
            .all(|result| result["baselineState"] != "absent")
    );
    assert_eq!(log["runs"][0]["properties"]["resolved"], report.resolved.len());
}

#[test]
fn errors_notes_and_orphans_are_notifications() {
    let log = rendered(&errors());
    let said = notifications(&log);
    let errors = said
        .iter()
        .filter(|(level, id, _)| (*level, *id) == ("error", "scan-error"));
    assert!(errors.count() > 0, "{said:?}");
    let log = rendered(&orphans());
    let said = notifications(&log);
    assert!(
        said.iter()
            .any(|(level, id, _)| (*level, *id) == ("note", "scan-orphans")),
        "{said:?}"
    );
    for (name, report) in every() {
        let log = rendered(&report);
        let successful = &log["runs"][0]["invocations"][0]["executionSuccessful"];
        assert_eq!(*successful, report.stopped.is_none(), "{name}");
    }
}

#[test]
fn a_log_has_no_more_results_than_github_takes_and_says_so() {
    let limits = Limits {
        results: 50,
        shown: 20,
        ..LIMITS
    };
    let log = log(&many(51), &options(FailOn::DRIFT), limits).unwrap();
    assert_eq!(log.runs[0].results.len(), 50);
    let texts: Vec<&str> = log.runs[0].invocations[0]
        .tool_execution_notifications
        .iter()
        .map(|note| note.message.text.as_str())
        .collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts[0].starts_with("1 result left out, the least severe"),
        "{texts:?}"
    );
    assert!(
        texts[1].starts_with("GitHub shows the first 20 of 50 results"),
        "{texts:?}"
    );
    assert!(notifications(&rendered(&many(3))).is_empty());
    // A log with more is refused as a whole.
    assert_eq!((LIMITS.results, LIMITS.shown), (25_000, 5_000));
}

#[test]
fn the_least_severe_is_left_out_first() {
    let mut report = many(20);
    report.releases[0] = report.releases[0]
        .clone()
        .with_health(HealthCode::Stuck, HealthSeverity::Critical);
    let log = log(
        &report,
        &options(FailOn::DRIFT),
        Limits {
            results: 20,
            ..LIMITS
        },
    )
    .unwrap();
    assert_eq!(log.runs[0].results.len(), 20);
    assert_eq!(log.runs[0].results[0].rule_id, "health-stuck");
}

#[test]
fn a_log_is_never_larger_than_github_takes() {
    let limits = Limits {
        compressed_bytes: 50_000,
        ..LIMITS
    };
    let log = log(&many(2_000), &options(FailOn::DRIFT), limits).unwrap();
    let written = log.runs[0].results.len();
    assert!((1..2_000).contains(&written), "{written}");
    let notes = &log.runs[0].invocations[0].tool_execution_notifications;
    assert!(notes.iter().any(|note| note.descriptor.id == "left-out"));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    json::write(&log, &mut encoder).unwrap();
    let compressed = encoder.finish().unwrap().len();
    // The rules, and what the compressor holds back.
    assert!(compressed < 50_000 + 100_000, "{compressed}");
}

/// `[text](1)` is a link and `{0}` a placeholder to a reader of SARIF.
#[test]
fn no_name_becomes_a_link_or_a_placeholder() {
    let mut evil = release("shop", "[x](https://evil.example)");
    evil.name.push_str(" {0} \u{202e}\u{1b}[31m</script>");
    let evil = evil.with_health(HealthCode::Stuck, HealthSeverity::Critical);
    let log = rendered(&report(vec![evil]));
    let text = results(&log)[0]["message"]["text"].as_str().unwrap();
    assert!(!text.contains("](") && text.contains("{{0}}"), "{text}");
    assert!(!text.chars().any(crate::report::sanitize::is_unsafe), "{text:?}");
}

#[test]
fn a_cluster_is_a_category_of_its_own() {
    let mut report = drifted();
    report.cluster.name = "arn:aws:eks:eu-west-1:1:cluster/prod\n".into();
    let log = rendered(&report);
    let id = log["runs"][0]["automationDetails"]["id"].as_str().unwrap();
    assert_eq!(id, "driftline/arn:aws:eks:eu-west-1:1:cluster/prod\\n/");
}

#[test]
fn templates_are_named_where_the_repository_has_them() {
    let mut sources = Sources::default();
    sources.add_chart("charts/the web", "name: web");
    sources.add_file("charts/the web/Chart.yaml".into());
    sources.add_file("charts/the web/templates/configmap.yaml".into());
    let mut options = options(FailOn::DRIFT);
    options.links.sources = Some(sources.into());
    let mut report = many(1);
    report.releases[0] = report.releases[0]
        .clone()
        .with_health(HealthCode::Stuck, HealthSeverity::Critical);
    let log = with_options(&report, &options);
    let uri = |at: usize| {
        results(&log)[at]
            .pointer("/locations/0/physicalLocation/artifactLocation/uri")
            .unwrap()
            .clone()
    };
    assert_eq!(
        [uri(0), uri(1)],
        [
            "charts/the%20web/Chart.yaml",
            "charts/the%20web/templates/configmap.yaml"
        ]
    );
    let remark = "there is no chart of any release of the report";
    assert!(!log.to_string().contains(remark));
    options.links.sources = Some(Sources::default().into());
    let log = with_options(&report, &options);
    let told = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert!(told.to_string().contains(remark), "{told}");
}

#[test]
fn times_are_those_of_the_scan() {
    let mut report = drifted();
    report.started_at = at("2026-11-20T03:14:00Z");
    report.finished_at = at("2026-11-20T03:14:02.5Z");
    let invocation = &rendered(&report)["runs"][0]["invocations"][0];
    assert_eq!(invocation["startTimeUtc"], "2026-11-20T03:14:00.000Z");
    assert_eq!(invocation["endTimeUtc"], "2026-11-20T03:14:02.500Z");
}
