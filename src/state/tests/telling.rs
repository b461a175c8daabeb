//! Who is told what, and when.

use super::*;

/// Ten scans at which a receiver is up or down: what it is told at each.
fn told(telling: &Telling, scans: impl IntoIterator<Item = (Report, bool)>) -> Vec<(Occasion, usize, usize)> {
    let mut state = state();
    let mut told = Vec::new();
    for (mut report, is_up) in scans {
        state.compare(&mut report);
        let part = part(&state, &report, telling);
        let changes = part.report.summary.changes.clone().unwrap();
        told.push((part.occasion, changes.new + changes.changed, changes.resolved));
        if is_up {
            state.delivered(part.receipt, None);
        } else {
            state.undelivered(part.receipt, None);
        }
        state = State::decode(&state.encode().unwrap()).unwrap();
    }
    told
}

fn drifted(hour: i64) -> Report {
    scan(hour, vec![web([replicas(5)])])
}

fn calm(hour: i64) -> Report {
    scan(hour, vec![web([])])
}

#[test]
fn a_channel_is_told_once_and_reminded_once_a_day() {
    use Occasion::{Changed, Reminder, Unchanged};
    let told = told(&Telling::default(), (0..50).map(|hour| (drifted(hour), true)));
    for (hour, told) in told.into_iter().enumerate() {
        let expected = match hour {
            0 => (Changed, 1, 0),
            24 | 48 => (Reminder, 0, 0),
            _ => (Unchanged, 0, 0),
        };
        assert_eq!(told, expected, "hour {hour}");
    }
}

#[test]
fn the_end_is_told_once() {
    use Occasion::{Changed, Unchanged};
    let scans = [drifted(0), drifted(1), calm(2), calm(3)].map(|report| (report, true));
    assert_eq!(
        told(&Telling::default(), scans),
        [
            (Changed, 1, 0),
            (Unchanged, 0, 0),
            (Changed, 0, 1),
            (Unchanged, 0, 0)
        ]
    );
}

#[test]
fn what_was_new_while_a_receiver_was_down_is_told_when_it_is_back() {
    use Occasion::{Changed, Unchanged};
    let scans = [
        (calm(0), true),
        (drifted(1), false),
        (drifted(2), false),
        (drifted(3), false),
        (drifted(4), true),
        (drifted(5), true),
        (calm(6), false),
        (calm(7), true),
        (calm(8), true),
    ];
    assert_eq!(
        told(&Telling::default(), scans),
        [
            (Unchanged, 0, 0),
            (Changed, 1, 0),
            (Changed, 1, 0),
            (Changed, 1, 0),
            (Changed, 1, 0),
            (Unchanged, 0, 0),
            (Changed, 0, 1),
            (Changed, 0, 1),
            (Unchanged, 0, 0),
        ]
    );
}

#[test]
fn what_came_and_went_while_a_receiver_was_down_is_not_told() {
    let scans = [(drifted(0), false), (calm(1), false), (calm(2), true)];
    assert_eq!(told(&Telling::default(), scans)[2], (Occasion::Unchanged, 0, 0));
}

#[test]
fn what_settles_by_itself_is_not_told() {
    use Occasion::{Changed, Unchanged};
    for settle in [Settle::Age(hours(1)), Settle::Scans(2)] {
        let telling = Telling {
            settle,
            ..Telling::default()
        };
        let scans = [drifted(0), calm(1), drifted(2), drifted(3), drifted(4)].map(|report| (report, true));
        assert_eq!(
            told(&telling, scans),
            [
                (Unchanged, 0, 0),
                (Unchanged, 0, 0),
                (Unchanged, 0, 0),
                (Changed, 1, 0),
                (Unchanged, 0, 0),
            ],
            "{settle:?}"
        );
    }
}

#[test]
fn what_is_too_young_is_not_in_a_part_and_what_the_cluster_dates_is() {
    let telling = Telling {
        settle: Settle::Age(hours(1)),
        ..Telling::default()
    };
    let old = finding(FindingCode::Changed, "/spec/paused", None, Some(json!(true)));
    let old = old.by("kubectl-edit", None, "2026-11-19T10:00:00Z");
    let mut state = state();
    let mut report = scan(0, vec![web([replicas(5), old])]);
    state.compare(&mut report);
    let both = part(&state, &report, &telling);
    assert_eq!(both.unsettled, 1);
    let paths: Vec<_> = both.report.releases[0].objects[0]
        .findings
        .iter()
        .map(|finding| &*finding.path)
        .collect();
    assert_eq!(paths, ["/spec/paused"]);
    let mut young = scan(0, vec![web([replicas(5)])]);
    let mut state = super::state();
    state.compare(&mut young);
    let nothing = part(&state, &young, &telling);
    assert_eq!(nothing.report.releases[0].verdict, Verdict::Clean);
    assert_eq!(nothing.report.summary.releases.drifted, 0);
    assert_eq!(young.summary.releases.drifted, 1, "the report has it");
}

#[test]
fn what_flaps_is_told_as_that_and_then_no_more_until_it_is_calm() {
    let scans = (0..12).map(|hour| (if hour % 2 == 0 { drifted(hour) } else { calm(hour) }, true));
    let calm_days = [12, 20, 35, 40].map(|hour| (calm(hour), true));
    let told = told(&Telling::default(), scans.chain(calm_days));
    let worth: Vec<usize> = (0..told.len())
        .filter(|at| told[*at].0 == Occasion::Changed)
        .collect();
    // Twice as usual, once as flapping, and its end after a day of calm.
    assert_eq!(worth, [0, 1, 2, 3, 4, 14]);
}

#[test]
fn what_could_not_be_read_is_told_when_it_begins_and_when_it_ends() {
    use Occasion::{Changed, Unchanged};
    let unread = |hour| {
        let mut report = scan(hour, vec![web([])]);
        report.errors.push(ReportError {
            scope: "namespace/pay".to_owned(),
            message: format!("attempt {hour}"),
        });
        report
    };
    let scans = [calm(0), unread(1), unread(2), calm(3), calm(4)].map(|report| (report, true));
    let occasions: Vec<_> = told(&Telling::default(), scans)
        .into_iter()
        .map(|told| told.0)
        .collect();
    assert_eq!(occasions, [Unchanged, Changed, Unchanged, Changed, Unchanged]);
}

#[test]
fn each_receiver_is_told_for_itself() {
    let mut state = state();
    let mut report = drifted(0);
    state.compare(&mut report);
    let telling = Telling::default();
    let slack = part(&state, &report, &telling);
    state.delivered(slack.receipt, Some(json!({"ts": "1"})));
    let request = PartRequest {
        sink: "pagerduty",
        report: &report,
        releases: report.releases.iter().map(SharedRelease::whole).collect(),
        errors: Vec::new(),
    };
    assert_eq!(state.part(&request, &telling).occasion, Occasion::Changed);
    let again = part(&state, &report, &telling);
    assert_eq!(
        (again.occasion, again.kept),
        (Occasion::Unchanged, Some(json!({"ts": "1"})))
    );
}

#[test]
fn what_was_not_read_since_is_told_when_it_is_read_again() {
    use Occasion::{Changed, Unchanged};
    let unread = |hour| {
        let object = deployment().in_state(ObjectState::Unknown);
        let mut report = scan(hour, vec![release("shop", "web").with_objects([object])]);
        // As though that had been told before: only what drifted counts here.
        report.releases[0].verdict = Verdict::Clean;
        report.releases[0].health.push(crate::health::remark(
            HealthCode::InProgress,
            HealthSeverity::Info,
            String::new(),
        ));
        report
    };
    // The receiver is down when the drift is found, and back while it cannot be read.
    let scans = [
        (drifted(0), false),
        (unread(1), true),
        (drifted(2), true),
        (drifted(3), true),
    ];
    assert_eq!(
        told(&Telling::default(), scans),
        [
            (Changed, 1, 0),
            (Unchanged, 0, 0),
            (Changed, 1, 0),
            (Unchanged, 0, 0)
        ]
    );
}

#[test]
fn nothing_is_all_in_order_while_something_known_was_not_read() {
    let mut state = state();
    let mut report = drifted(0);
    state.compare(&mut report);
    let first = part(&state, &report, &Telling::default());
    assert_eq!(first.not_read, 0);
    state.delivered(first.receipt, None);
    let mut running = scan(
        1,
        vec![web([]).with_health(HealthCode::InProgress, HealthSeverity::Info)],
    );
    state.compare(&mut running);
    assert_eq!(part(&state, &running, &Telling::default()).not_read, 1);
}

#[test]
fn another_receiver_does_not_inherit_what_a_forgotten_one_was_told() {
    let mut state = state();
    let telling = Telling::default();
    let mut report = drifted(0);
    state.compare(&mut report);
    for sink in ["slack", "pager"] {
        let request = PartRequest {
            sink,
            report: &report,
            releases: report.releases.iter().map(SharedRelease::whole).collect(),
            errors: Vec::new(),
        };
        let receipt = state.part(&request, &telling).receipt;
        state.delivered(receipt, None);
    }
    // Slack alone is told for more than a month.
    for day in 1..=32 {
        let mut report = drifted(day * 24);
        state.compare(&mut report);
        let receipt = part(&state, &report, &telling).receipt;
        state.delivered(receipt, None);
    }
    let mut report = drifted(33 * 24);
    state.compare(&mut report);
    let request = PartRequest {
        sink: "webhook",
        report: &report,
        releases: report.releases.iter().map(SharedRelease::whole).collect(),
        errors: Vec::new(),
    };
    assert_eq!(state.part(&request, &telling).occasion, Occasion::Changed);
}

/// Its alerts stay open: that its drift is too young does not mean that it has none.
#[test]
fn a_release_with_something_too_young_is_not_in_order() {
    let telling = Telling {
        settle: Settle::Scans(2),
        ..Telling::default()
    };
    let mut state = state();
    let mut report = drifted(0);
    state.compare(&mut report);
    let part = part(&state, &report, &telling);
    assert_eq!((part.unsettled, part.not_read), (1, 0));
    assert!(part.report.releases[0].has_unsettled);
}

#[test]
fn what_comes_and_goes_between_scans_is_told_once_although_it_never_settles() {
    let telling = Telling {
        settle: Settle::Scans(2),
        ..Telling::default()
    };
    let mut state = state();
    let mut occasions = Vec::new();
    for hour in 0..10 {
        let mut report = if hour % 2 == 0 {
            drifted(hour)
        } else {
            scan(hour, vec![web([])])
        };
        state.compare(&mut report);
        let part = part(&state, &report, &telling);
        occasions.push(part.occasion);
        state.delivered(part.receipt, None);
    }
    let told = occasions
        .iter()
        .filter(|occasion| **occasion == Occasion::Changed);
    assert_eq!(told.count(), 1, "{occasions:?}");
}

/// A receiver that is told of bad conditions only hears that they are over, and of nothing else.
#[test]
fn a_release_that_is_no_longer_for_a_receiver_is_in_order_for_it() {
    let mut state = state();
    let mut report = drifted(0);
    state.compare(&mut report);
    let request = PartRequest {
        sink: "pager",
        report: &report,
        releases: vec![SharedRelease {
            release: &report.releases[0],
            share: Share::Over,
        }],
        errors: Vec::new(),
    };
    let part = state.part(&request, &Telling::default());
    assert_eq!(part.occasion, Occasion::Unchanged);
    let release = &part.report.releases[0];
    assert_eq!((release.verdict, release.objects.len()), (Verdict::Clean, 0));
}

#[test]
fn a_narrower_scan_does_not_say_that_everything_could_be_read_again() {
    use Occasion::{Changed, Unchanged};
    let mut state = state();
    let mut failed = scan(0, vec![]);
    failed.errors.push(ReportError {
        scope: "storage".to_owned(),
        message: "no connection".to_owned(),
    });
    let narrow = |mut report: Report| {
        report.selection.namespaces = vec!["shop".to_owned()];
        report
    };
    let reports = [failed, narrow(scan(1, vec![web([])])), scan(2, vec![web([])])];
    let mut said = Vec::new();
    for mut report in reports {
        state.compare(&mut report);
        let part = part(&state, &report, &Telling::default());
        said.push((part.occasion, part.is_read_again));
        state.delivered(part.receipt, None);
    }
    assert_eq!(said, [(Changed, false), (Unchanged, false), (Changed, true)]);
}

/// A gate accepts it, and nobody needs to be told of it at each run.
#[test]
fn what_a_baseline_knows_is_no_reason_for_a_message() {
    use Occasion::{Changed, Unchanged};
    let mut baseline = drifted(0);
    state().compare(&mut baseline);
    let told = |mut report: Report| {
        State::of_report(&baseline, "prod", Salt::new([1; 16])).compare(&mut report);
        let releases: Vec<_> = report.releases.iter().map(SharedRelease::whole).collect();
        // As for a receiver to which routes send one of several releases.
        let parts = [releases.clone(), releases[..1].to_vec()].map(|releases| {
            without_memory(&PartRequest {
                sink: "slack",
                report: &report,
                releases,
                errors: report.errors.iter().collect(),
            })
        });
        parts.map(|part| part.occasion)
    };
    let other = || release("zoo", "api");
    assert_eq!(told(scan(1, vec![web([replicas(5)]), other()])), [Unchanged; 2]);
    assert_eq!(told(scan(1, vec![web([replicas(7)]), other()])), [Changed; 2]);
    let mut failed = scan(1, vec![web([replicas(5)]), other()]);
    failed.outcome = Outcome::Error;
    assert_eq!(told(failed)[0], Changed);
}
