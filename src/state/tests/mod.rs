//! The memory over several scans: what is new, what is still so, how things end, and who is told.

mod faults;
mod telling;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    Occasion, Part, PartRequest, Salt, Settle, Share, SharedRelease, State, Telling, without_memory,
};
use crate::model::{Finding, ObjectReport, ReleaseReport, Report, ReportError, Revision, Selected};
use crate::policy::shard::Shard;
use crate::report::fixtures::{at, finding, object, release, report};
use crate::report::identity::identify;
use crate::report::summary::outcome;
use crate::vocabulary::{
    ChangeStatus, Ending, FindingCode, HealthCode, HealthSeverity, MemoryDetail, ObjectState, Outcome,
    Stopped, Verdict,
};

const START: &str = "2026-11-20T03:00:00Z";

/// A scan so many hours after the first.
fn scan(hours: i64, releases: Vec<ReleaseReport>) -> Report {
    let mut report = report(releases);
    report.started_at = at(START) + TimeDelta::hours(hours);
    report.finished_at = report.started_at;
    identify(&mut report);
    report
}

fn replicas(live: u64) -> Finding {
    finding(
        FindingCode::Changed,
        "/spec/replicas",
        Some(json!(3)),
        Some(json!(live)),
    )
}

fn deployment() -> ObjectReport {
    object("apps/v1", "Deployment", "shop", "web")
}

/// The release with its Deployment, in which this drifted.
fn web(findings: impl IntoIterator<Item = Finding>) -> ReleaseReport {
    let mut object = deployment();
    object.findings.extend(findings);
    object.state = ObjectState::of(&object.findings);
    release("shop", "web").with_objects([object])
}

/// The release at another revision.
fn at_revision(number: u64, mut release: ReleaseReport) -> ReleaseReport {
    let revision = Revision {
        revision: number,
        status: "deployed".into(),
        deployed_at: None,
    };
    (release.baseline, release.latest) = (Some(revision.clone()), revision);
    release
}

fn state() -> State {
    State::fresh("prod", Salt::new([7; 16]))
}

/// Compares, and gives the statuses of all drift and the endings.
fn compare(state: &mut State, report: &mut Report) -> (Vec<ChangeStatus>, Vec<Ending>) {
    state.compare(report);
    // Every memory survives being written.
    let written = State::decode(&state.encode().unwrap()).unwrap();
    assert_eq!(*state, written);
    let objects = report.releases.iter().flat_map(|release| &release.objects);
    let findings = objects.flat_map(|object| object.findings.iter().filter(|finding| finding.is_drift()));
    (
        findings.filter_map(|finding| finding.tracked.status).collect(),
        report.resolved.iter().map(|resolved| resolved.how).collect(),
    )
}

#[test]
fn drift_is_new_then_ongoing_then_changed_then_resolved() {
    use ChangeStatus::{Changed, New, Ongoing};
    let mut state = state();
    let mut see = |hours, releases| {
        let mut report = scan(hours, releases);
        let seen = compare(&mut state, &mut report);
        (seen, report)
    };
    let ((statuses, _), first) = see(0, vec![web([replicas(5)])]);
    assert_eq!(statuses, [New]);
    assert_eq!(first.compared_with.unwrap().scanned_at, None);
    let ((statuses, _), second) = see(1, vec![web([replicas(5)])]);
    assert_eq!(statuses, [Ongoing]);
    let tracked = &second.releases[0].objects[0].findings[0].tracked;
    assert_eq!(tracked.first_seen, Some(at(START)));
    assert_eq!(second.releases[0].tracked.status, Some(Ongoing));
    let changes = second.summary.changes.unwrap();
    assert_eq!((changes.new, changes.ongoing), (0, 1));
    let ((statuses, _), third) = see(2, vec![web([replicas(6)])]);
    assert_eq!(statuses, [Changed]);
    assert_eq!(third.releases[0].objects[0].tracked.first_seen, Some(at(START)));
    let ((statuses, endings), last) = see(3, vec![web([])]);
    assert_eq!((statuses, endings), (vec![], vec![Ending::Reverted]));
    let resolved = &last.resolved[0];
    assert_eq!(resolved.path.as_deref(), Some("/spec/replicas"));
    assert_eq!(resolved.first_seen, at(START));
    let ((_, endings), _) = see(4, vec![web([])]);
    assert!(endings.is_empty(), "an end is told once");
}

#[test]
fn since_is_the_earliest_that_is_known() {
    let mut state = state();
    let written = |time: &str| web([replicas(5).by("kubectl-edit", None, time)]);
    let mut report = scan(0, vec![written("2026-11-19T10:00:00Z")]);
    state.compare(&mut report);
    let since = |report: &Report| {
        report.releases[0].objects[0].findings[0]
            .tracked
            .since
            .unwrap()
            .time
    };
    assert_eq!(since(&report), at("2026-11-19T10:00:00Z"));
    // The manager has written something else since.
    let mut later = scan(2, vec![written("2026-11-20T04:30:00Z")]);
    state.compare(&mut later);
    assert_eq!(since(&later), at(START));
}

#[test]
fn how_something_ended() {
    let missing = || release("shop", "web").with_objects([deployment().in_state(ObjectState::Missing)]);
    let leftover = || release("shop", "web").with_objects([deployment().in_state(ObjectState::Leftover)]);
    let in_sync = || web([]);
    let gone = || release("shop", "web");
    let ignored = || {
        let mut release = web([replicas(5)]);
        release.objects[0].findings[0].ignored_by = Some(crate::model::IgnoredBy::Rule(1));
        release.objects[0].state = ObjectState::Ignored;
        release.verdict = Verdict::Clean;
        release
    };
    let expected = || {
        let mut release = web([replicas(5)]);
        release.objects[0].findings[0].severity = crate::vocabulary::Severity::Info;
        release.objects[0].state = ObjectState::InSync;
        release.verdict = Verdict::Clean;
        release
    };
    let uninstalled = || {
        let mut release = release("shop", "web").with_health(HealthCode::NoBaseline, HealthSeverity::Info);
        release.baseline = None;
        release.latest.status = "uninstalled".into();
        release
    };
    let seen_again = |is_as_before| {
        let mut release = at_revision(8, web([]));
        release.objects[0].seen_again.push(crate::model::SeenAgain {
            path: "/spec/replicas".into(),
            is_as_before,
        });
        release
    };
    let drifted = || web([replicas(5)]);
    let cases: Vec<(ReleaseReport, Vec<ReleaseReport>, Ending)> = vec![
        (drifted(), vec![in_sync()], Ending::Reverted),
        (drifted(), vec![at_revision(8, in_sync())], Ending::Upgraded),
        (drifted(), vec![seen_again(true)], Ending::Adopted),
        (drifted(), vec![seen_again(false)], Ending::Reverted),
        (drifted(), vec![gone()], Ending::ObjectGone),
        (drifted(), vec![missing()], Ending::ObjectGone),
        (drifted(), vec![ignored()], Ending::Ignored),
        (drifted(), vec![expected()], Ending::Expected),
        (drifted(), vec![], Ending::ReleaseGone),
        (drifted(), vec![uninstalled()], Ending::ReleaseGone),
        (missing(), vec![in_sync()], Ending::Reverted),
        (missing(), vec![at_revision(8, gone())], Ending::Adopted),
        (leftover(), vec![gone()], Ending::ObjectGone),
        (leftover(), vec![at_revision(8, in_sync())], Ending::Adopted),
        (
            release("shop", "web").with_health(HealthCode::FailedUpgrade, HealthSeverity::Critical),
            vec![in_sync()],
            Ending::Over,
        ),
    ];
    for (number, (before, after, how)) in cases.into_iter().enumerate() {
        let mut state = state();
        compare(&mut state, &mut scan(0, vec![before]));
        let mut report = scan(1, after);
        let (_, endings) = compare(&mut state, &mut report);
        assert_eq!(endings, [how], "case {number}");
    }
}

/// The records of all releases are listed beside those with the labels.
#[test]
fn a_release_that_a_selector_did_not_find_ends_only_where_there_is_none() {
    let other = || release("shop", "api");
    for (left_out, endings) in [
        (vec![], vec![Ending::ReleaseGone]),
        (vec![other()], vec![Ending::ReleaseGone]),
        // It has other labels now.
        (vec![web([])], vec![]),
    ] {
        let mut state = state();
        let with_labels = |hours, releases, left_out: Vec<ReleaseReport>| {
            let mut report = scan(hours, releases);
            report.selection.selector = Some("team=a".to_owned());
            let keys = left_out
                .into_iter()
                .map(|release| (release.storage, release.name));
            report.selection.left_out = Some(keys.collect());
            report
        };
        compare(&mut state, &mut with_labels(0, vec![web([replicas(5)])], vec![]));
        let ended = compare(&mut state, &mut with_labels(1, vec![], left_out)).1;
        assert_eq!(ended, endings);
    }
}

#[test]
fn what_was_not_read_is_neither_new_nor_resolved() {
    let unread_object = || release("shop", "web").with_objects([deployment().in_state(ObjectState::Unknown)]);
    let undecodable = || release("shop", "web").with_health(HealthCode::Undecodable, HealthSeverity::Warning);
    let changed = || web([]).with_health(HealthCode::ChangedDuringScan, HealthSeverity::Info);
    let running = || web([]).with_health(HealthCode::InProgress, HealthSeverity::Info);
    let unlisted = || {
        let mut release = web([]);
        release.objects[0].left_out.drift = 3;
        release.objects[0].state = ObjectState::Drifted;
        release
    };
    let other = || release("shop", "api");
    let with = |report: Report, change: &dyn Fn(&mut Report)| {
        let mut report = report;
        change(&mut report);
        report.outcome = outcome(&report.releases, &report.errors, report.stopped);
        report
    };
    let error = |scope: &str| {
        let scope = scope.to_owned();
        move |report: &mut Report| {
            report.errors.push(ReportError {
                scope: scope.clone(),
                message: String::new(),
            });
        }
    };
    let selected = |namespaces: &[&str], releases: &[&str], selector: Option<&str>| {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let selection = Selected {
            namespaces: words(namespaces),
            releases: words(releases),
            selector: selector.map(str::to_owned),
            shard: None,
            drivers: Vec::new(),
            left_out: None,
        };
        move |report: &mut Report| report.selection = selection.clone()
    };
    let reports = [
        scan(1, vec![unread_object()]),
        scan(1, vec![undecodable()]),
        scan(1, vec![changed()]),
        scan(1, vec![running()]),
        scan(1, vec![unlisted()]),
        with(scan(1, vec![]), &error("storage")),
        with(scan(1, vec![]), &error("namespace/shop")),
        with(scan(1, vec![]), &|report| report.stopped = Some(Stopped::Signal)),
        with(scan(1, vec![]), &|report| {
            report.stopped = Some(Stopped::Deadline);
        }),
        with(scan(1, vec![]), &selected(&["pay"], &[], None)),
        with(scan(1, vec![other()]), &selected(&[], &["api"], None)),
        with(scan(1, vec![other()]), &selected(&[], &[], Some("team=a"))),
    ];
    for (number, mut report) in reports.into_iter().enumerate() {
        let mut state = state();
        compare(&mut state, &mut scan(0, vec![web([replicas(5)])]));
        let (_, endings) = compare(&mut state, &mut report);
        assert!(endings.is_empty(), "report {number}: {endings:?}");
        let (statuses, _) = compare(&mut state, &mut scan(2, vec![web([replicas(5)])]));
        assert_eq!(statuses, [ChangeStatus::Ongoing], "report {number}");
    }
}

/// A release of another shard is not gone, also where the number of shards changes; and after a month nobody waits for it.
#[test]
fn a_shard_ends_only_what_is_its_own() {
    let shard = |report: Report, shard: Shard| {
        let mut report = report;
        report.selection.shard = Some(shard.to_string());
        report
    };
    let own = |count: u16| {
        let first: Shard = format!("0/{count}").parse().unwrap();
        first.all().find(|shard| shard.has("shop")).unwrap()
    };
    let other = |count: u16| own(count).all().find(|shard| !shard.has("shop")).unwrap();
    let mut state = state();
    compare(&mut state, &mut shard(scan(0, vec![web([replicas(5)])]), own(4)));
    for (hours, elsewhere) in [(1, other(4)), (2, other(2)), (3, other(7))] {
        let mut report = shard(scan(hours, vec![]), elsewhere);
        assert_eq!(compare(&mut state, &mut report).1, [], "{elsewhere}");
    }
    let mut forgotten = state.clone();
    let mut report = shard(scan(4, vec![]), own(2));
    assert_eq!(compare(&mut state, &mut report).1, [Ending::ReleaseGone]);
    compare(&mut forgotten, &mut shard(scan(24 * 31, vec![]), other(4)));
    let mut report = shard(scan(24 * 31 + 1, vec![]), own(4));
    assert_eq!(compare(&mut forgotten, &mut report).1, []);
}

#[test]
fn what_was_selected_and_is_gone_is_gone() {
    let mut first = scan(0, vec![web([replicas(5)])]);
    let mut second = scan(1, vec![release("shop", "api")]);
    for report in [&mut first, &mut second] {
        report.selection.namespaces = vec!["sho*".to_owned()];
    }
    let mut state = state();
    compare(&mut state, &mut first);
    assert_eq!(compare(&mut state, &mut second).1, [Ending::ReleaseGone]);
}

/// A false end closes the alert of a release that is still drifted.
#[test]
fn a_release_that_a_selector_does_not_find_any_more_may_have_other_labels() {
    let select = |mut report: Report| {
        report.selection.selector = Some("team=a".to_owned());
        report
    };
    let mut state = state();
    compare(&mut state, &mut select(scan(0, vec![web([replicas(5)])])));
    let api = release("shop", "api");
    assert_eq!(compare(&mut state, &mut select(scan(1, vec![api]))).1, []);
}

#[test]
fn a_narrower_scan_ends_nothing_however_often_it_runs() {
    let all = || scan(0, vec![web([replicas(5)])]);
    let narrow: [fn(&mut Report); 3] = [
        |report| report.selection.selector = Some("team=b".to_owned()),
        |report| report.selection.namespaces = vec!["pay".to_owned()],
        |report| report.selection.drivers = vec!["configmap".to_owned()],
    ];
    for (number, narrow) in narrow.into_iter().enumerate() {
        let mut state = state();
        compare(&mut state, &mut all());
        for hour in 1..4 {
            let mut report = scan(hour, vec![]);
            narrow(&mut report);
            assert!(
                compare(&mut state, &mut report).1.is_empty(),
                "{number}, hour {hour}"
            );
        }
        let (statuses, _) = compare(&mut state, &mut scan(4, vec![web([replicas(5)])]));
        assert_eq!(statuses, [ChangeStatus::Ongoing], "{number}");
    }
}

#[test]
fn what_rests_on_objects_does_not_end_where_they_were_not_read() {
    let leftover = || {
        let object = deployment().in_state(ObjectState::Leftover);
        let release = release("shop", "web").with_objects([object]);
        release.with_health(HealthCode::LeftoverObjects, HealthSeverity::Warning)
    };
    let unread = || {
        let mut release = release("shop", "web");
        release.has_unread_leftovers = true;
        release
    };
    let mut state = state();
    compare(&mut state, &mut scan(0, vec![leftover()]));
    assert!(compare(&mut state, &mut scan(1, vec![unread()])).1.is_empty());
    let (_, endings) = compare(&mut state, &mut scan(2, vec![release("shop", "web")]));
    assert_eq!(endings, [Ending::Over, Ending::ObjectGone]);
}

#[test]
fn drift_that_is_only_counted_has_a_status() {
    let counted = |drift| {
        let mut release = web([]);
        release.objects[0].left_out.drift = drift;
        release.objects[0].state = ObjectState::Drifted;
        release.verdict = Verdict::Drifted;
        release
    };
    let mut state = state();
    let statuses: Vec<_> = [(0, 5), (1, 5), (2, 6)]
        .into_iter()
        .map(|(hour, drift)| {
            let mut report = scan(hour, vec![counted(drift)]);
            state.compare(&mut report);
            report.releases[0].objects[0].tracked.status.unwrap()
        })
        .collect();
    assert_eq!(
        statuses,
        [ChangeStatus::New, ChangeStatus::Ongoing, ChangeStatus::Changed]
    );
}

#[test]
fn values_that_were_left_out_for_their_size_are_no_change() {
    let mut omitted = replicas(5);
    omitted.omit_values();
    let mut state = state();
    compare(&mut state, &mut scan(0, vec![web([replicas(5)])]));
    let (statuses, _) = compare(&mut state, &mut scan(1, vec![web([omitted])]));
    assert_eq!(statuses, [ChangeStatus::Ongoing]);
    let (statuses, _) = compare(&mut state, &mut scan(2, vec![web([replicas(5)])]));
    assert_eq!(statuses, [ChangeStatus::Ongoing]);
}

/// A report leaves out values of what it finds first where there are many, and the next one may be shorter.
#[test]
fn values_that_are_shown_for_the_first_time_are_no_change() {
    let mut omitted = replicas(5);
    omitted.omit_values();
    let mut state = state();
    compare(&mut state, &mut scan(0, vec![web([omitted])]));
    let (statuses, _) = compare(&mut state, &mut scan(1, vec![web([replicas(5)])]));
    assert_eq!(statuses, [ChangeStatus::Ongoing]);
    let (statuses, _) = compare(&mut state, &mut scan(2, vec![web([replicas(7)])]));
    assert_eq!(statuses, [ChangeStatus::Changed]);
}

#[test]
fn a_cluster_that_is_called_otherwise_keeps_its_memory() {
    let mut state = state();
    compare(&mut state, &mut scan(0, vec![web([replicas(5)])]));
    let mut state = state.renamed("prod-eu");
    let mut report = scan(1, vec![web([replicas(5)])]);
    report.cluster.name = "prod-eu".into();
    identify(&mut report);
    assert_eq!(compare(&mut state, &mut report).0, [ChangeStatus::Ongoing]);
}

#[test]
fn an_operation_that_failed_again_is_a_change_and_a_standing_remark_is_none() {
    let failed = |revision| {
        let mut release = release("shop", "web")
            .with_health(HealthCode::FailedUpgrade, HealthSeverity::Critical)
            .with_health(HealthCode::HistoryBloat, HealthSeverity::Warning);
        release.latest.revision = revision;
        release
    };
    let mut state = state();
    state.compare(&mut scan(0, vec![failed(8)]));
    let mut report = scan(1, vec![failed(9)]);
    state.compare(&mut report);
    let statuses: Vec<_> = report.releases[0]
        .health
        .iter()
        .map(|entry| entry.tracked.status.unwrap())
        .collect();
    assert_eq!(statuses, [ChangeStatus::Changed, ChangeStatus::Ongoing]);
}

/// Whoever is told that a release is undecodable looks for a broken record, and there is none.
#[test]
fn a_scan_that_ended_early_says_nothing_new_of_what_it_did_not_reach() {
    let failed = || release("shop", "web").with_health(HealthCode::FailedUpgrade, HealthSeverity::Critical);
    let not_reached = || release("shop", "web").with_health(HealthCode::Undecodable, HealthSeverity::Info);
    let mut state = state();
    state.compare(&mut scan(0, vec![failed()]));
    let mut stopped = scan(1, vec![not_reached()]);
    stopped.stopped = Some(Stopped::Deadline);
    state.compare(&mut stopped);
    let mut whole = scan(2, vec![failed()]);
    state.compare(&mut whole);
    for report in [&stopped, &whole] {
        let changes = report.summary.changes.as_ref().unwrap();
        assert_eq!(
            (changes.new, changes.changed, changes.resolved),
            (0, 0, 0),
            "{changes:?}"
        );
    }
    assert_eq!(
        whole.releases[0].health[0].tracked.status,
        Some(ChangeStatus::Ongoing)
    );
}

#[test]
fn what_comes_and_goes_is_flapping() {
    let mut state = state();
    let mut flapping = Vec::new();
    for hour in 0..6 {
        let findings = (hour % 2 == 0).then(|| replicas(5));
        let mut report = scan(hour, vec![web(findings)]);
        state.compare(&mut report);
        flapping.push(report.releases[0].tracked.flapping || report.resolved.iter().any(|end| end.flapping));
    }
    assert_eq!(flapping, [false, false, false, false, true, true]);
    // A week later it is an ordinary change again.
    let mut report = scan(24 * 9, vec![web([replicas(5)])]);
    state.compare(&mut report);
    assert!(!report.releases[0].tracked.flapping);
}

#[test]
fn a_report_is_a_baseline_whatever_the_cluster_was_called() {
    let mut before = scan(0, vec![web([replicas(5)])]);
    before.cluster.name = "kind-ci".into();
    let api = release("shop", "api").with_objects([deployment().in_state(ObjectState::Missing)]);
    let mut after = scan(1, vec![api, web([replicas(5)])]);
    let mut state = State::of_report(&before, "prod", Salt::new([1; 16]));
    state.compare(&mut after);
    let statuses = after
        .releases
        .iter()
        .map(|release| release.objects[0].tracked.status.unwrap());
    assert_eq!(
        statuses.collect::<Vec<_>>(),
        [ChangeStatus::New, ChangeStatus::Ongoing]
    );
}

#[test]
fn what_a_baseline_knows_is_as_old_as_it_says() {
    let paused = || finding(FindingCode::Changed, "/spec/paused", None, Some(json!(true)));
    let mut earlier = state();
    compare(&mut earlier, &mut scan(0, vec![web([replicas(5)])]));
    let mut baseline = scan(2, vec![web([replicas(5), paused()])]);
    earlier.compare(&mut baseline);
    let mut after = scan(3, vec![web([replicas(5), paused()])]);
    State::of_report(&baseline, "prod", Salt::new([1; 16])).compare(&mut after);
    let findings = after.releases[0].objects[0].findings.iter();
    let first_seen: Vec<_> = findings
        .map(|finding| finding.tracked.first_seen.unwrap())
        .collect();
    assert_eq!(first_seen, [at(START) + TimeDelta::hours(2), at(START)]);
}

/// The part of a report for one receiver.
fn part(state: &State, report: &Report, telling: &Telling) -> Part {
    let request = PartRequest {
        sink: "slack",
        report,
        releases: report.releases.iter().map(SharedRelease::whole).collect(),
        errors: report.errors.iter().collect(),
    };
    state.part(&request, telling)
}

fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

fn time(report: &Report) -> DateTime<Utc> {
    report.started_at
}
