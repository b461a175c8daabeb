//! The report of many releases on terminals of several widths, held against committed snapshots, and what holds for every
//! width: nothing is wider than the terminal, and nothing is lost.

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::fixtures::scenes::diagnosed;
use super::fixtures::{drifted as drifted_scene, finding, object, release, report};
use super::sanitize::{Medium, is_unsafe};
use super::summary::FailOn;
use super::text::{Detail, Extent, Palette, TextOptions};
use super::{Format, RenderOptions, ReportKind, render};
use crate::model::{Finding, ObjectReport, ReleaseReport, Report};
use crate::vocabulary::{FindingCode, HealthCode, HealthSeverity, NextUpgrade, ObjectState};

const WIDTHS: [usize; 4] = [80, 100, 140, 200];

fn text(report: &Report, width: Option<usize>, detail: Detail, format: Format) -> String {
    let options = RenderOptions {
        links: crate::report::links::Links::default(),
        kind: ReportKind::Scan,
        text: TextOptions {
            palette: Palette::PLAIN,
            medium: Medium::Terminal,
            width,
            fail_on: FailOn::DRIFT,
            extent: Extent::Short,
            detail,
        },
    };
    let mut out = Vec::new();
    render(report, format, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn full(report: &Report, width: usize) -> String {
    text(report, Some(width), Detail::Full, Format::Text)
}

fn changed(path: &str, desired: &str, live: &str, next: NextUpgrade) -> Finding {
    Finding {
        next_upgrade: Some(next),
        ..finding(
            FindingCode::Changed,
            path,
            Some(json!(desired)),
            Some(json!(live)),
        )
        .by("kubectl-edit", None, "2026-11-20T03:12:00Z")
    }
}

fn deployment(release: &ReleaseReport, findings: impl IntoIterator<Item = Finding>) -> ObjectReport {
    object("apps/v1", "Deployment", &release.namespace, &release.name).drifted(findings)
}

/// A release that drifted in these fields of its workload.
fn drifted(namespace: &str, name: &str, findings: impl IntoIterator<Item = Finding>) -> ReleaseReport {
    let release = release(namespace, name);
    let object = deployment(&release, findings);
    release.with_objects([object])
}

/// A release without one object.
fn without(namespace: &str, name: &str, api_version: &str, kind: &str) -> ReleaseReport {
    let mut missing = object(api_version, kind, namespace, name).in_state(ObjectState::Missing);
    missing.next_upgrade = Some(NextUpgrade::Revert);
    release(namespace, name).with_objects([missing])
}

/// Releases of every weight, and names and values that are long, wide, made of several characters, or from right to left.
fn crowd() -> Report {
    let image = "/spec/template/spec/containers[name=app]/image";
    let label = "/metadata/labels[\"app.kubernetes.io/version\"]";
    let argument = "/spec/template/spec/containers[name=app]/args[2]";
    let mut foreign = object("v1", "ConfigMap", "shop", "catalog").in_state(ObjectState::Foreign);
    foreign.reason = Some("not owned by this release: it belongs to no release".into());
    foreign.next_upgrade = Some(NextUpgrade::Revert);
    let mut stuck = release("pay", "ledger").with_health(HealthCode::Stuck, HealthSeverity::Critical);
    stuck.latest.revision = 8;
    stuck.latest.status = "pending-upgrade".into();
    let mut unknown = object("v1", "Secret", "mon", "graphs").in_state(ObjectState::Unknown);
    unknown.reason = Some("forbidden: not allowed to get secrets in namespace mon (RBAC)".into());
    let long = (
        format!("tenant-{}", "n".repeat(56)),
        format!("web-{}", "r".repeat(49)),
    );
    let mut releases = vec![
        stuck,
        release("pay", "wiki").with_health(HealthCode::Undecodable, HealthSeverity::Critical),
        without("shop", "api", "apps/v1", "Deployment"),
        without("shop", "front", "v1", "Service"),
        release("shop", "catalog").with_objects([foreign]),
        drifted(
            &long.0,
            &long.1,
            [changed(
                image,
                "registry.example.com/web:1.25",
                "registry.example.com/web:1.27",
                NextUpgrade::Conflict,
            )],
        ),
        drifted(
            "größe",
            "日本語のリリース",
            [
                changed(
                    image,
                    "レジストリ/ウェブ:一",
                    "レジストリ/ウェブ:二",
                    NextUpgrade::Revert,
                ),
                changed(
                    "/spec/template/spec/containers[name=app]/env[name=言語]/value",
                    "e\u{301}te\u{301}",
                    "🦀🎉",
                    NextUpgrade::Keep,
                ),
            ],
        ),
        drifted(
            "rtl",
            "שלום",
            [changed(
                argument,
                "--mode=א",
                "--mode=\u{202e}ב",
                NextUpgrade::Revert,
            )],
        ),
        release("mon", "graphs").with_objects([unknown]),
        drifted(
            "mon",
            "agent",
            [changed(
                "/spec/template/spec/volumes[name=a-rather-long-name-of-a-volume]/projected/sources/serviceAccountToken/expirationSeconds",
                "3600",
                "7200",
                NextUpgrade::Revert,
            )],
        ),
    ];
    releases.extend((0..30).map(|number| {
        let name = format!("tenant-{number:02}");
        drifted(
            &name,
            "web",
            [changed(label, "1.4.2", "1.5.0", NextUpgrade::Revert)],
        )
    }));
    releases.push(release("shop", "quiet"));
    report(releases)
}

#[test]
fn a_long_report_begins_with_the_worst_at_every_width() {
    let crowd = crowd();
    for width in WIDTHS {
        let text = full(&crowd, width);
        insta::assert_snapshot!(format!("crowd-{width}"), text);
        assert!(
            text.lines().take(12).any(|line| line.contains("pay/ledger")),
            "{text}"
        );
    }
}

#[test]
fn the_summary_has_every_release_that_is_not_clean() {
    let crowd = crowd();
    for width in [80, 140] {
        let text = text(&crowd, Some(width), Detail::Summary, Format::Text);
        insta::assert_snapshot!(format!("crowd-summary-{width}"), text);
    }
    let text = text(&crowd, None, Detail::Summary, Format::Text);
    for release in &crowd.releases {
        let name = format!("- {}/{} ", release.namespace, release.name);
        assert_eq!(text.contains(&name), release.name != "quiet", "{name}");
    }
    assert!(!text.contains("next upgrade: "), "{text}");
}

#[test]
fn the_table_has_a_line_for_each_release() {
    let crowd = crowd();
    let table = text(&crowd, None, Detail::Full, Format::Wide);
    insta::assert_snapshot!("crowd-wide", table);
    // It is not laid out for a terminal, and its columns stand below each other.
    assert_eq!(text(&crowd, Some(80), Detail::Full, Format::Wide), table);
    let verdict_at = |line: &str, word: &str| line.find(word).map(|at| line[..at].width());
    let at = verdict_at(table.lines().next().unwrap(), "VERDICT");
    for line in table.lines().filter(|line| line.contains("   drifted   ")) {
        assert_eq!(verdict_at(line, "drifted"), at, "{line}");
    }
    assert_eq!(table.lines().count(), 1 + crowd.releases.len());
}

/// In the log of a CI runner no cell hands the beginning of its line to the runner, also where the cells before it look
/// empty.
#[test]
fn no_line_of_a_table_begins_with_a_command() {
    let mut blank = release(" ", "::error::x");
    blank.chart = None;
    let report = report(vec![blank, release("::error::y", "web")]);
    let options = RenderOptions {
        links: crate::report::links::Links::default(),
        kind: ReportKind::Scan,
        text: TextOptions {
            medium: Medium::CiLog,
            ..TextOptions::PLAIN
        },
    };
    let mut out = Vec::new();
    render(&report, Format::Wide, &options, &mut out).unwrap();
    let table = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = table.lines().skip(1).collect();
    assert!(lines[0].starts_with("<none> "), "{table}");
    assert!(lines[1].starts_with("\\u{3a}:error::y "), "{table}");
}

#[test]
fn nothing_is_wider_than_the_terminal_and_nothing_is_lost() {
    let crowd = crowd();
    for width in [60].into_iter().chain(WIDTHS) {
        let text = full(&crowd, width);
        // Some words in the other report try to get out.
        for line in text.lines().chain(full(&drifted_scene(), width).lines()) {
            assert!(
                line.width() <= width || line.contains("driftline "),
                "{width}: {line}"
            );
            assert!(!line.chars().any(is_unsafe), "{width}: {line}");
        }
        let joined: String = text
            .lines()
            .map(|line| line.trim_start().to_owned() + " ")
            .collect();
        let joined = joined.replace(' ', "");
        for release in &crowd.releases[..8] {
            let name = format!("{}/{}", release.namespace, release.name);
            assert!(joined.contains(&name), "{width}: {name}");
        }
        assert!(
            joined.contains("serviceAccountToken/expirationSeconds"),
            "{width}"
        );
    }
}

/// The commands of a diagnosis are copied, so they stay on one line each; everything else is wrapped.
#[test]
fn a_diagnosis_fits_a_narrow_terminal() {
    let options = RenderOptions {
        links: crate::report::links::Links::default(),
        kind: ReportKind::Diagnosis,
        text: TextOptions {
            width: Some(80),
            ..TextOptions::PLAIN
        },
    };
    let mut out = Vec::new();
    render(&diagnosed(), Format::Text, &options, &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    insta::assert_snapshot!("diagnosis-80", page);
    for line in page.lines() {
        assert!(line.width() <= 80 || line.starts_with("  $ "), "{line}");
    }
    let (_, advice) = page.split_once("What to do, safest first\n").unwrap();
    let is_pasted = |line: &str| line.starts_with("  $ ") || line.starts_with("  # ");
    assert!(advice.lines().all(is_pasted), "{advice}");
    assert!(
        advice.lines().any(|line| line.starts_with("  #     ")),
        "{advice}"
    );
}

/// What a reader takes in at once is told once.
#[test]
fn a_short_report_has_no_overview() {
    let few = report(
        (0..5)
            .map(|number| {
                let paths = (0..20).map(|at| changed(&format!("/spec/a{at}"), "a", "b", NextUpgrade::Keep));
                drifted("shop", &format!("web-{number}"), paths)
            })
            .collect(),
    );
    assert!(full(&few, 140).starts_with("drifted  shop/web-0"));
    let short = report(
        (0..10)
            .map(|number| without("shop", &format!("web-{number}"), "v1", "Service"))
            .collect(),
    );
    assert!(full(&short, 140).starts_with("drifted  shop/web-0"));
    assert!(full(&crowd(), 140).starts_with("not in order: 40 of 41 releases"));
}

#[test]
fn what_the_next_upgrade_does_stands_out() {
    let report = report(vec![drifted(
        "shop",
        "web",
        [changed("/spec/a", "1", "2", NextUpgrade::Conflict)],
    )]);
    let options = RenderOptions {
        links: crate::report::links::Links::default(),
        kind: ReportKind::Scan,
        text: TextOptions {
            palette: Palette::COLOUR,
            ..TextOptions::PLAIN
        },
    };
    let mut out = Vec::new();
    render(&report, Format::Text, &options, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    // Bold, inverse and red; the label before it is dim.
    let outcome = "\u{1b}[2mnext upgrade: \u{1b}[0m\u{1b}[1m\u{1b}[7m\u{1b}[31mfails (conflict)\u{1b}[0m";
    assert!(text.contains(outcome), "{text:?}");
}
