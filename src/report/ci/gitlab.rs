//! The report as a Code Quality report of GitLab: a JSON array of what is wrong, which a merge request shows.
//!
//! GitLab shows one of several entries with the same fingerprint, so that each has its own.

use std::io::{self, Write};

use serde::Serialize;

use super::entry::{entries, failures};
use super::location::{LINE, Location, Locations};
use super::severity::Level;
use crate::model::{Fingerprint, Report};
use crate::report::RenderOptions;
use crate::report::json;
use crate::report::words::count;

/// How many entries are written: more than anybody reads in a merge request.
const ENTRIES: usize = 5_000;
/// How many entries say what could not be read.
const FAILURES: usize = 100;

/// One entry, by GitLab's names.
#[derive(Debug, Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: IssueLocation,
}

#[derive(Debug, Serialize)]
struct IssueLocation {
    path: String,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
}

/// Writes a report for GitLab.
pub(in crate::report) fn render(
    report: &Report,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    json::write(&issues(report, options), out)
}

fn issues(report: &Report, options: &RenderOptions) -> Vec<Issue> {
    let locations = Locations::of(options);
    let entries = entries(report);
    let told = || entries.iter().filter(|entry| entry.ignored_by().is_none());
    let cluster = &*report.cluster.name;
    let mut issues: Vec<Issue> = failures(report)
        .take(FAILURES)
        .enumerate()
        .map(|(at, failure)| Issue {
            description: failure,
            check_name: "scan-error".to_owned(),
            fingerprint: Fingerprint::of(["scan-error", cluster, &at.to_string()]).to_string(),
            severity: severity(Level::Warning),
            location: place(Location::of_scan()),
        })
        .collect();
    issues.extend(told().take(ENTRIES).map(|entry| Issue {
        description: entry.sentence(),
        check_name: entry.rule().to_string(),
        fingerprint: entry.fingerprint.to_string(),
        severity: severity(entry.level),
        location: place(entry.location(locations)),
    }));
    let left_out = told().count().saturating_sub(ENTRIES) + failures(report).count().saturating_sub(FAILURES);
    if left_out > 0 {
        issues.push(Issue {
            description: format!(
                "{} left out, the least severe ones",
                count(left_out, "more entry")
            ),
            check_name: "left-out".to_owned(),
            fingerprint: Fingerprint::of(["left-out", cluster]).to_string(),
            severity: severity(Level::Note),
            location: place(Location::of_scan()),
        });
    }
    issues
}

/// GitLab's word for a severity.
const fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "critical",
        Level::Warning => "major",
        Level::Note => "info",
    }
}

fn place(location: Location) -> IssueLocation {
    IssueLocation {
        path: location.path,
        lines: Lines { begin: LINE },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::super::options;
    use super::*;
    use crate::report::fixtures::{drifted, every, finding, hostile, object, release, report};
    use crate::report::summary::FailOn;
    use crate::vocabulary::{FindingCode, HealthCode, HealthSeverity};

    fn rendered(report: &Report) -> Vec<Value> {
        let mut out = Vec::new();
        render(report, &options(FailOn::DRIFT), &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn every_entry_has_what_gitlab_asks_for() {
        let mut reports = every();
        reports.push(("hostile", report(vec![hostile()])));
        for (name, report) in reports {
            let issues = rendered(&report);
            let mut prints = HashSet::new();
            for issue in &issues {
                assert!(
                    prints.insert(issue["fingerprint"].as_str().unwrap().to_owned()),
                    "{name}: {issue}"
                );
                assert!(!issue["description"].as_str().unwrap().is_empty(), "{name}");
                assert!(!issue["check_name"].as_str().unwrap().is_empty(), "{name}");
                let severity = issue["severity"].as_str().unwrap();
                assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
                let path = issue["location"]["path"].as_str().unwrap();
                assert!(path.starts_with("helm") && !path.contains(".."), "{path}");
                assert_eq!(issue["location"]["lines"]["begin"], 1);
            }
        }
        assert!(!rendered(&drifted()).is_empty());
        assert!(rendered(&report(Vec::new())).is_empty());
    }

    #[test]
    fn severities_follow_the_report() {
        let release = release("shop", "web")
            .with_health(HealthCode::Stuck, HealthSeverity::Critical)
            .with_objects([object("v1", "Service", "shop", "web").drifted([
                finding(FindingCode::Changed, "/spec/type", None, None),
                finding(FindingCode::Autoscaled, "/spec/replicas", None, None),
            ])]);
        let said: Vec<(Value, Value)> = rendered(&report(vec![release]))
            .into_iter()
            .map(|issue| (issue["check_name"].clone(), issue["severity"].clone()))
            .collect();
        assert_eq!(
            said,
            [
                ("health-stuck".into(), "critical".into()),
                ("finding-changed".into(), "major".into()),
                ("finding-autoscaled".into(), "info".into())
            ]
        );
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let findings =
            (0..=ENTRIES).map(|at| finding(FindingCode::Changed, &format!("/data/{at}"), None, None));
        let object = object("v1", "ConfigMap", "shop", "big").drifted(findings);
        let issues = rendered(&report(vec![release("shop", "web").with_objects([object])]));
        assert_eq!(issues.len(), ENTRIES + 1);
        let last = issues.last().unwrap();
        assert_eq!(
            last["description"],
            "1 more entry left out, the least severe ones"
        );
    }
}
