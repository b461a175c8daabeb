//! A shard that was scanned more than once counts once.

use chrono::TimeDelta;

use super::{merged, named, of_shard, refused, shards};
use crate::model::{Report, ReportError};
use crate::vocabulary::{Outcome, Stopped};

/// The report of the same shard, by an earlier scan that came to no end.
fn earlier(report: &Report, minutes: i64) -> Report {
    let mut earlier = report.clone();
    earlier.started_at -= TimeDelta::minutes(minutes);
    earlier.stopped = Some(Stopped::Deadline);
    earlier.outcome = Outcome::Error;
    earlier.errors = vec![ReportError {
        scope: "scan".to_owned(),
        message: "the scan ran out of time".to_owned(),
    }];
    earlier
}

#[test]
fn the_newest_report_of_a_shard_counts_and_a_note_says_so() {
    let all = shards(4);
    let whole = merged(all.clone());
    for first in [0, 1] {
        let mut given = all.clone();
        given.insert(4 * first, earlier(&all[2], 5));
        given.insert(2, earlier(&all[2], 90));
        let mut report = merged(given);
        let [note] = std::mem::take(&mut report.notes).try_into().unwrap();
        assert_eq!(note.scope, ReportError::MERGE);
        assert_eq!(
            note.message,
            format!(
                "shard 2/4 was scanned 3 times: the scan that began last counts, at {}",
                all[2].started_at.format("%Y-%m-%d %H:%M:%S")
            )
        );
        assert_eq!(report, whole);
    }
}

#[test]
fn reports_that_are_the_same_are_one() {
    let all = shards(4);
    assert_eq!(merged(all.iter().chain(&all).cloned()), merged(all.clone()));
}

#[test]
fn a_shard_that_is_missing_is_missing_however_often_others_are_there() {
    let all = shards(4);
    let report = merged(
        [&all[0], &all[1], &all[1], &all[3]]
            .into_iter()
            .cloned()
            .chain([earlier(&all[1], 5)]),
    );
    let [error] = &report.errors[..] else {
        panic!("{:?}", report.errors)
    };
    assert!(
        error.message.starts_with("there is no report of shard 2/4"),
        "{error:?}"
    );
}

#[test]
fn a_newer_report_replaces_none_of_another_scan() {
    let all = shards(4);
    let with = |change: fn(&mut Report)| {
        let mut other = earlier(&all[2], 5);
        change(&mut other);
        refused(all.iter().cloned().chain([other])).to_string()
    };
    for (sentence, says) in [
        (
            with(|report| report.selection.namespaces = vec!["shop".to_owned()]),
            "other releases selected",
        ),
        (
            with(|report| *report = of_shard("2/8".parse().unwrap(), &report.releases)),
            "only shards of one number go together",
        ),
        (
            with(|report| "https://10.0.0.2".clone_into(&mut report.cluster.server)),
            "at https://10.0.0.2",
        ),
    ] {
        assert!(sentence.contains(says), "{sentence}");
    }
    // Nor does one of another cluster.
    let other = named(earlier(&all[2], 5), "eu");
    let report = merged(all.iter().cloned().chain([other]));
    assert_eq!(report.clusters.len(), 2);
    assert!(
        report.errors.iter().any(|error| error
            .message
            .starts_with("eu: there is no report of the shards 0/4, 1/4, 3/4")),
        "{:?}",
        report.errors
    );
}
