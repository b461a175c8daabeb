//! Reports that go together, and reports that do not.

mod clusters;
mod commands;
mod options;
mod retried;

use chrono::TimeDelta;

use super::{Given, MergeError, merge, once};
use crate::model::{IgnoredBy, IgnoredCount, ReleaseReport, Report, ReportError, ReportNote, Summary};
use crate::policy::shard::Shard;
use crate::report::fixtures::{self, finding, object, release, report};
use crate::report::identity::identify;
use crate::report::summary::outcome;
use crate::vocabulary::{FindingCode, IdleReason, Outcome, Stopped};

/// The namespaces of the releases that are scanned.
const NAMESPACES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "shop", "pay"];

fn everything() -> Vec<ReleaseReport> {
    let drifted = |namespace: &str| {
        let changed = finding(FindingCode::Changed, "/spec/replicas", None, None);
        let object = object("apps/v1", "Deployment", namespace, "web").drifted([changed]);
        release(namespace, "web").with_objects([object])
    };
    let clean = |namespace: &str| release(namespace, "api");
    NAMESPACES
        .iter()
        .flat_map(|name| [drifted(name), clean(name)])
        .collect()
}

/// The report of one scan of these releases.
fn scanned(releases: Vec<ReleaseReport>) -> Report {
    let mut report = report(releases);
    identify(&mut report);
    report
}

/// The report of one shard of them.
fn of_shard(shard: Shard, releases: &[ReleaseReport]) -> Report {
    let releases = releases.iter().cloned();
    let mut report = scanned(
        releases
            .filter(|release| shard.has(&release.storage.namespace))
            .collect(),
    );
    report.selection.shard = Some(shard.to_string());
    report
}

fn shards(count: u16) -> Vec<Report> {
    let first: Shard = format!("0/{count}").parse().unwrap();
    first.all().map(|shard| of_shard(shard, &everything())).collect()
}

fn given(reports: impl IntoIterator<Item = Report>) -> Vec<Given> {
    let numbered = reports.into_iter().enumerate();
    let given = numbered.map(|(number, report)| Given {
        place: format!("{number}.json"),
        report,
    });
    given.collect()
}

fn merged(reports: impl IntoIterator<Item = Report>) -> Report {
    merge(given(reports)).unwrap()
}

fn refused(reports: impl IntoIterator<Item = Report>) -> MergeError {
    merge(given(reports)).unwrap_err()
}

fn named(mut report: Report, cluster: &str) -> Report {
    cluster.clone_into(&mut report.cluster.name);
    identify(&mut report);
    report
}

#[test]
fn all_shards_are_the_report_of_one_scan() {
    let whole = scanned(everything());
    for count in [1, 2, 4, 7] {
        assert_eq!(merged(shards(count)), whole, "{count}");
        // In whatever order they are given.
        assert_eq!(merged(shards(count).into_iter().rev()), whole, "{count}");
    }
    assert_eq!(merged([whole.clone()]), whole);
}

#[test]
fn a_scan_begins_with_its_first_shard_and_ends_with_its_last() {
    let mut all = shards(4);
    all[1].started_at -= TimeDelta::seconds(5);
    all[2].finished_at += TimeDelta::seconds(5);
    let report = merged(all.clone());
    assert_eq!(
        (report.started_at, report.finished_at),
        (all[1].started_at, all[2].finished_at)
    );
    assert_eq!(report.notes, []);
    all[1].started_at -= TimeDelta::hours(24);
    let [note] = merged(all).notes.try_into().unwrap();
    assert!(
        note.message
            .contains("of different times: shard 1/4 was scanned at 2026-11-19"),
        "{note:?}"
    );
}

/// What is left must not look like the whole.
#[test]
fn a_shard_that_is_missing_is_an_error_of_the_report() {
    let clean = || {
        let all = shards(4).into_iter();
        all.map(|mut report| {
            report.releases.retain(|release| release.name == "api");
            report.summary = Summary::of(&report.releases);
            report.outcome = outcome(&report.releases, &[], None);
            report
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(merged(clean()).outcome, Outcome::Clean);
    let mut two = clean();
    two.remove(2);
    let report = merged(two.clone());
    assert_eq!((report.outcome, report.errors.len()), (Outcome::Incomplete, 1));
    let error = &report.errors[0];
    assert_eq!(error.scope, ReportError::MERGE);
    assert!(
        error
            .message
            .starts_with("there is no report of shard 2/4 of the cluster prod"),
        "{error:?}"
    );
    two.remove(0);
    let error = &merged(two).errors[0];
    assert!(
        error.message.contains("the shards 0/4, 2/4 of")
            && error
                .message
                .ends_with("the releases in their namespaces are missing here"),
        "{error:?}"
    );
}

#[test]
fn what_cannot_have_been_meant_is_refused_in_one_sentence() {
    let whole = || scanned(everything());
    let all = || shards(4).into_iter();
    let changed = |at: usize, change: fn(&mut Report)| {
        let mut all = shards(4);
        change(&mut all[at]);
        all
    };
    let other = all().skip(1).take(1).map(|mut report| {
        report.releases.clear();
        report
    });
    let twice = all().chain(other);
    for (error, says) in [
        (refused([]), "no report"),
        (
            refused(twice),
            "1.json and 4.json are both of shard 1/4 of the cluster prod, began at the same time and are not the same",
        ),
        (
            refused(all().take(2).chain(shards(8).into_iter().skip(5))),
            "0.json is of shard 0/4 of the cluster prod, and 2.json of shard 5/8",
        ),
        (
            refused([whole(), whole()]),
            "0.json and 1.json are both of the cluster prod: give one of them",
        ),
        (
            refused(all().chain([whole()])),
            "0.json is of shard 0/4 of the cluster prod, and 4.json of all of it, scanned without --shard or put together already",
        ),
        (
            refused([merged(all()), shards(4).remove(2)]),
            "1.json is of shard 2/4 of the cluster prod, and 0.json of all of it",
        ),
        (
            refused(changed(2, |report| {
                "https://10.0.0.2".clone_into(&mut report.cluster.server);
            })),
            "a cluster prod, at https://10.0.0.1:6443 and at https://10.0.0.2",
        ),
        (
            refused(changed(1, |report| {
                report.selection.namespaces = vec!["shop".to_owned()];
            })),
            "0.json and 1.json are of shards of the cluster prod that were scanned with other releases selected",
        ),
        (
            refused(changed(3, |report| report.ignored = vec![rule(1, "kind: Job")])),
            "scanned with other ignore rules",
        ),
        (
            refused(changed(0, |report| {
                report.selection.shard = Some("half".to_owned());
            })),
            "0.json is of a shard that this version does not know",
        ),
        (
            refused(changed(2, |report| {
                report.releases.push(release("shop", "twice"));
                report.releases.push(release("pay", "twice"));
            })),
            "which is in another one: it is not as the scan wrote it",
        ),
        (
            refused([whole(), named(whole(), " ")]),
            "1.json is of a cluster whose name is empty or longer than 253 characters",
        ),
        (
            refused([whole(), named(whole(), &"x".repeat(1 << 20))]),
            "1.json is of a cluster whose name is empty",
        ),
        (refused([diagnosed()]), "0.json is a diagnosis"),
        (
            refused([merged([whole(), named(whole(), "eu")])]),
            "0.json is of several clusters already",
        ),
    ] {
        let sentence = error.to_string();
        assert!(sentence.contains(says), "{sentence}");
        assert!(sentence.len() < 1_000, "{sentence}");
    }
}

#[test]
fn a_shard_that_was_stopped_says_so() {
    let mut all = shards(4);
    all[3].stopped = Some(Stopped::Deadline);
    all[3].outcome = Outcome::Error;
    let error = |message: &str| ReportError {
        scope: "scan".to_owned(),
        message: message.to_owned(),
    };
    all[3].errors = vec![error("the scan ran out of time")];
    let report = merged(all);
    assert_eq!(
        (report.outcome, report.stopped),
        (Outcome::Error, Some(Stopped::Deadline))
    );
    assert_eq!(report.errors, [error("the scan ran out of time (shard 3/4)")]);
}

#[test]
fn what_all_shards_say_is_said_once() {
    assert_eq!(once(vec![vec![1, 2, 2], vec![2, 3], vec![]]), [1, 2, 2, 3]);
    let note = ReportNote {
        scope: "example.com/v1".to_owned(),
        message: "its objects are compared by generic rules".to_owned(),
    };
    let mut all = shards(4);
    for report in &mut all {
        report.notes = vec![note.clone()];
    }
    assert_eq!(merged(all).notes, [note]);
}

fn rule(number: usize, description: &str) -> IgnoredCount {
    IgnoredCount {
        rule: IgnoredBy::Rule(number),
        description: description.to_owned(),
        reason: None,
        findings: 0,
        objects: 0,
        idle: None,
        idle_in_shard: Some(IdleReason::MatchedNothing),
    }
}

#[test]
fn a_rule_is_idle_where_it_is_in_every_shard() {
    use IdleReason::{MatchedNothing, Shadowed};
    for (reasons, findings, expected) in [
        ([Some(MatchedNothing); 4], 0, Some(MatchedNothing)),
        (
            [Some(MatchedNothing), Some(Shadowed), None, None],
            0,
            Some(Shadowed),
        ),
        (
            [
                Some(MatchedNothing),
                None,
                Some(MatchedNothing),
                Some(MatchedNothing),
            ],
            0,
            None,
        ),
        ([Some(MatchedNothing); 4], 2, None),
    ] {
        let mut all = shards(4);
        for (report, idle_in_shard) in all.iter_mut().zip(reasons) {
            report.ignored = vec![IgnoredCount {
                idle_in_shard,
                ..rule(1, "kind: Job")
            }];
        }
        all[2].ignored[0].findings = findings;
        let ignored = merged(all.clone()).ignored;
        assert_eq!(
            (ignored[0].idle, ignored[0].idle_in_shard, ignored[0].findings),
            (expected, None, findings)
        );
        all.remove(0);
        assert_eq!(merged(all).ignored[0].idle, None, "nobody knows");
    }
}

/// Counts in a report may be anything.
#[test]
fn counts_that_mean_harm_end_nothing() {
    let mut all = shards(2);
    for report in &mut all {
        report.summary.releases.total = usize::MAX;
        report.summary.objects.in_sync = usize::MAX;
        report.summary.findings.drift = usize::MAX;
    }
    assert_eq!(merged(all).summary.objects.in_sync, usize::MAX);
}

fn diagnosed() -> Report {
    let mut every = fixtures::every().into_iter();
    every.find(|(name, _)| *name == "diagnosed").unwrap().1
}
