//! Which test fails, and that nothing breaks the XML.

use super::super::options;
use super::*;
use crate::model::IgnoredBy;
use crate::report::fixtures::scenes::errors;
use crate::report::fixtures::{clean, every, finding, hostile, object, release, report};
use crate::vocabulary::{ChangeStatus, FindingCode, HealthSeverity};

fn document_of(report: &Report, fail_on: FailOn) -> quick_junit::Report {
    document(report, &options(fail_on), ALL_BYTES)
}

/// The word for the status of a test.
fn word(test: &TestCase) -> &'static str {
    match &test.status {
        TestCaseStatus::Success { .. } => "passed",
        TestCaseStatus::NonSuccess {
            kind: NonSuccessKind::Failure,
            ..
        } => "failure",
        TestCaseStatus::NonSuccess {
            kind: NonSuccessKind::Error,
            ..
        } => "error",
        TestCaseStatus::Skipped { .. } => "skipped",
    }
}

fn statuses(report: &Report, fail_on: FailOn) -> Vec<(String, &'static str)> {
    let document = document_of(report, fail_on);
    let suites = document
        .test_suites
        .iter()
        .filter(|suite| suite.name.as_str() != SCAN_SUITE);
    let tests = suites.flat_map(|suite| &suite.test_cases);
    tests
        .map(|test| (test.name.as_str().to_owned(), word(test)))
        .collect()
}

fn text_of(test: &TestCase) -> &str {
    match &test.status {
        TestCaseStatus::NonSuccess { description, .. } => description.as_deref().unwrap_or_default(),
        TestCaseStatus::Success { .. } | TestCaseStatus::Skipped { .. } => "",
    }
}

fn drifted_release(name: &str, findings: usize) -> ReleaseReport {
    let findings = (0..findings).map(|at| finding(FindingCode::Changed, &format!("/data/{at}"), None, None));
    release("shop", name).with_objects([object("v1", "ConfigMap", "shop", name).drifted(findings)])
}

fn xml(report: &Report) -> String {
    let mut out = Vec::new();
    render(report, &options(FailOn::DRIFT), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_test_is_what_the_release_does_to_the_command() {
    let without_baseline = |name, severity| ReleaseReport {
        baseline: None,
        ..release("shop", name).with_health(HealthCode::NoBaseline, severity)
    };
    let ignored = object("v1", "Secret", "shop", "e").in_state(ObjectState::Ignored);
    // After a first install that failed there should be something to compare with; while one runs, and after an uninstall
    // that kept the history, there is not.
    let failed = without_baseline("d", HealthSeverity::Warning)
        .with_health(HealthCode::FailedInstall, HealthSeverity::Critical);
    let report = report(vec![
        drifted_release("a", 1),
        release("shop", "b").with_health(HealthCode::Stuck, HealthSeverity::Critical),
        release("shop", "c").with_health(HealthCode::Undecodable, HealthSeverity::Critical),
        failed,
        release("shop", "e").with_objects([ignored]),
        release("shop", "f"),
        without_baseline("g", HealthSeverity::Info),
    ]);
    let words = |fail_on| {
        let statuses = statuses(&report, fail_on).into_iter();
        statuses.map(|(_, word)| word).collect::<Vec<_>>()
    };
    assert_eq!(
        words(FailOn::DRIFT),
        [
            "failure", "passed", "error", "error", "skipped", "passed", "skipped"
        ]
    );
    assert_eq!(
        words(FailOn::HEALTH),
        [
            "failure", "failure", "failure", "failure", "skipped", "passed", "skipped"
        ]
    );
}

/// What is worth knowing is said, also where the command succeeds.
#[test]
fn what_does_not_count_is_the_output_of_the_test() {
    let stuck = ReleaseReport {
        baseline: None,
        ..release("shop", "b").with_health(HealthCode::Stuck, HealthSeverity::Critical)
    };
    let report = report(vec![
        release("shop", "a").with_health(HealthCode::Stuck, HealthSeverity::Critical),
        stuck,
    ]);
    let document = document_of(&report, FailOn::DRIFT);
    let tests = &document.test_suites[0].test_cases;
    assert_eq!([word(&tests[0]), word(&tests[1])], ["passed", "skipped"]);
    for test in tests {
        let said = test.system_out.as_deref().unwrap_or_default();
        assert!(said.contains("stuck"), "{said}");
    }
}

/// The exit status of a scan, by the rules of [`crate::report::summary`].
fn exit_status(report: &Report, fail_on: FailOn) -> u8 {
    if report.outcome == Outcome::Error {
        2
    } else if report.outcome == Outcome::Drift && fail_on.is_drift_failure(report)
        || fail_on.is_health_failure(report)
    {
        1
    } else if has_unread_parts(report) {
        3
    } else {
        0
    }
}

/// A report as later scans would find it: all of it known, in part not read, or without its objects.
fn variants(report: &Report) -> Vec<Report> {
    let mut known = report.clone();
    known.summary.changes = Some(crate::model::ChangeCounts::default());
    for release in &mut known.releases {
        for health in &mut release.health {
            health.tracked.status = Some(ChangeStatus::Ongoing);
        }
        for object in &mut release.objects {
            object.tracked.status = Some(ChangeStatus::Ongoing);
        }
    }
    let mut unread = known.clone();
    unread.summary.objects.unknown += 1;
    let mut shortened = unread.clone();
    for release in &mut shortened.releases {
        release.objects.clear();
    }
    let mut changed = report.clone();
    for release in &mut changed.releases {
        *release = release
            .clone()
            .with_health(HealthCode::ChangedDuringScan, HealthSeverity::Warning);
    }
    changed.summary = crate::model::Summary {
        changes: known.summary.changes.clone(),
        ..crate::model::Summary::of(&changed.releases)
    };
    changed.outcome = crate::report::summary::outcome(&changed.releases, &changed.errors, changed.stopped);
    vec![report.clone(), known, unread, shortened, changed]
}

#[test]
fn the_tests_say_what_the_exit_status_says() {
    let mut reports = every();
    let failed_install = ReleaseReport {
        baseline: None,
        ..release("shop", "web")
            .with_health(HealthCode::FailedInstall, HealthSeverity::Critical)
            .with_health(HealthCode::NoBaseline, HealthSeverity::Warning)
    };
    reports.push(("failed install", report(vec![failed_install])));
    let mut seen = std::collections::BTreeSet::new();
    for (name, report) in reports {
        for (at, report) in variants(&report).iter().enumerate() {
            for fail_on in [FailOn::DRIFT, FailOn::HEALTH, FailOn::BLOCKED, FailOn::NEW]
                .into_iter()
                .chain([FailOn::HEALTH.only_new(), FailOn::BLOCKED.only_new()])
            {
                let document = document_of(report, fail_on);
                let said = (document.failures > 0, document.errors > 0);
                let status = exit_status(report, fail_on);
                seen.insert(status);
                let is_right = match status {
                    0 => said == (false, false),
                    1 => said.0,
                    _ => said == (false, true),
                };
                assert!(is_right, "{name} {at} --fail-on {fail_on}: {status}, {said:?}");
            }
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn known_drift_is_skipped_where_only_new_drift_fails() {
    let mut report = report(vec![drifted_release("a", 1), drifted_release("b", 1)]);
    report.summary.changes = Some(crate::model::ChangeCounts::default());
    report.releases[0].objects[0].tracked.status = Some(ChangeStatus::Ongoing);
    let statuses = statuses(&report, FailOn::NEW);
    assert_eq!(
        statuses,
        [("a".to_owned(), "skipped"), ("b".to_owned(), "failure")]
    );
}

#[test]
fn a_failure_has_the_lines_of_the_text_report() {
    let document = document_of(&report(vec![drifted_release("web", 2)]), FailOn::DRIFT);
    let suite = &document.test_suites[0];
    assert_eq!(suite.name.as_str(), "shop");
    let test = &suite.test_cases[0];
    assert_eq!(test.classname.as_deref(), Some("helm.shop"));
    let said = text_of(test);
    assert!(said.starts_with("drifted  shop/web"), "{said}");
    assert!(said.contains("changed  /data/1"), "{said}");
    let TestCaseStatus::NonSuccess { message, ty, .. } = &test.status else {
        panic!()
    };
    assert_eq!(ty.as_deref(), Some("finding-changed"));
    assert_eq!(
        message.as_deref(),
        Some("drifted shop/web: changed /data/0 of ConfigMap web +1")
    );
}

#[test]
fn long_texts_are_cut_and_say_so() {
    let document = document_of(&report(vec![drifted_release("web", 10_000)]), FailOn::DRIFT);
    let text = text_of(&document.test_suites[0].test_cases[0]);
    assert!(
        text.lines().count() <= LINES + 1 && text.len() <= BYTES + 100,
        "{}",
        text.len()
    );
    assert!(text.ends_with(" more lines left out\n"), "{text}");

    let mut wide = drifted_release("web", 1);
    wide.objects[0].name = "x".repeat(1 << 20);
    let document = document_of(&report(vec![wide]), FailOn::DRIFT);
    assert!(text_of(&document.test_suites[0].test_cases[0]).len() <= BYTES + 100);
}

#[test]
fn all_texts_together_have_a_limit() {
    let releases = (0..50).map(|at| drifted_release(&format!("web-{at}"), 300));
    let report = report(releases.collect());
    let document = document(&report, &options(FailOn::DRIFT), 100_000);
    let texts: usize = document.test_suites[0]
        .test_cases
        .iter()
        .map(|test| text_of(test).len())
        .sum();
    assert!(texts <= 100_000 + 50 * 40, "{texts}");
    let last = document.test_suites[0].test_cases.last().unwrap();
    assert_eq!(word(last), "failure");
    assert!(
        text_of(last).ends_with("more lines left out\n"),
        "{}",
        text_of(last)
    );
}

#[test]
fn what_belongs_to_no_release_is_a_suite_of_its_own() {
    let report = errors();
    let document = document_of(&report, FailOn::DRIFT);
    let scan = document.test_suites.last().unwrap();
    assert_eq!(
        (scan.name.as_str(), scan.errors),
        (SCAN_SUITE, failures(&report).count())
    );
    let document = document_of(&clean(), FailOn::DRIFT);
    let scan = document.test_suites.last().unwrap();
    assert_eq!((scan.tests, scan.errors), (1, 0));
}

/// A consumer takes the first of two tests of one name only.
#[test]
fn no_two_tests_have_one_name() {
    let secret = release("shop", "web");
    let mut config_map = release("shop", "web");
    config_map.storage.driver = "configmap".into();
    let mut names = statuses(&report(vec![secret, config_map]), FailOn::DRIFT);
    names.sort();
    assert_eq!(names[0].0, "web");
    assert_eq!(names[1].0, "web (stored as configmap in shop)");
}

#[test]
fn the_counts_are_those_of_the_tests() {
    for (name, report) in every() {
        let document = document_of(&report, FailOn::DRIFT);
        let tests = || document.test_suites.iter().flat_map(|suite| &suite.test_cases);
        let of = |wanted| tests().filter(|test| word(test) == wanted).count();
        assert_eq!(
            document.tests,
            report.releases.len() + document.test_suites.last().unwrap().tests,
            "{name}"
        );
        assert_eq!(document.failures, of("failure"), "{name}");
        assert_eq!(document.errors, of("error"), "{name}");
    }
}

#[test]
fn no_text_breaks_the_document() {
    let mut evil = hostile();
    evil.name = "]]></failure><x a=\"&\0\u{1b}[31m\u{fffe}\u{ffff}\u{202e}\n".into();
    let mut ignored = drifted_release("x", 1);
    ignored.objects[0].findings[0].ignored_by = Some(IgnoredBy::Annotation);
    let report = report(vec![evil, ignored]);
    let text = xml(&report);
    assert!(
        !text
            .chars()
            .any(|ch| ch != '\n' && crate::report::sanitize::is_unsafe(ch)),
        "{text}"
    );
    assert!(!text.contains("</failure><x"), "{text}");
    assert_eq!(
        text.matches("<failure").count(),
        text.matches("</failure>").count()
    );
    assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "{text}");
    quick_junit::Report::deserialize_from_str(&text).unwrap();
}

/// The schema that Jenkins holds a file to names them.
#[test]
fn the_root_has_no_attribute_but_those_that_jenkins_knows() {
    for (name, report) in every() {
        let text = xml(&report);
        let root = text.lines().nth(1).unwrap();
        let attributes = root
            .trim_start_matches("<testsuites ")
            .trim_end_matches('>')
            .split(' ');
        let names: Vec<&str> = attributes.map(|one| one.split('=').next().unwrap()).collect();
        assert_eq!(names, ["name", "tests", "failures", "errors", "time"], "{name}");
        assert!(text.contains(" timestamp=\""), "{name}");
    }
}
