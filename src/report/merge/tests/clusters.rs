//! Several clusters as one report.

use super::{everything, merged, named, rule, scanned, shards};
use crate::model::{IgnoredBy, IgnoredCount, Report};

#[test]
fn clusters_are_told_apart_by_their_names() {
    let report = merged([
        named(scanned(everything()), "us"),
        named(scanned(everything()), "eu"),
    ]);
    assert_eq!(report.cluster.name, "eu, us");
    let clusters: Vec<(&str, usize)> = report
        .clusters
        .iter()
        .map(|cluster| (cluster.name.as_str(), cluster.releases.total))
        .collect();
    assert_eq!(clusters, [("eu", 16), ("us", 16)]);
    assert_eq!((report.releases.len(), report.summary.releases.drifted), (32, 16));
    assert_eq!(report.releases[0].full_name(), "eu/a/api");
    let fingerprints: std::collections::BTreeSet<_> = report
        .releases
        .iter()
        .map(|release| release.tracked.fingerprint.unwrap().to_string())
        .collect();
    assert_eq!(fingerprints.len(), 32);
    // The same deployments in both: perhaps somebody scanned one cluster by two names.
    let [note] = &report.notes[..] else {
        panic!("{:?}", report.notes)
    };
    assert!(
        note.message
            .contains("eu and us have 16 releases of the same revision"),
        "{note:?}"
    );
    // It is a report, and stays the same when it is read.
    let json = serde_json::to_vec(&report).unwrap();
    assert_eq!(Report::from_json(&json).unwrap(), report);
}

#[test]
fn shards_of_several_clusters_go_together() {
    let of = |cluster: &'static str| shards(4).into_iter().map(move |report| named(report, cluster));
    let whole = ["eu", "us"].map(|cluster| named(scanned(everything()), cluster));
    assert_eq!(merged(of("us").chain(of("eu"))), merged(whole));
    let report = merged(of("us").chain(of("eu").skip(1)));
    assert!(
        report.errors[0]
            .message
            .starts_with("eu: there is no report of shard 0/4"),
        "{:?}",
        report.errors
    );
}

#[test]
fn ignore_rules_of_several_clusters_get_numbers_of_their_own() {
    let with = |cluster: &str, rules: Vec<IgnoredCount>| {
        let mut report = named(scanned(everything()), cluster);
        report.ignored = rules;
        let mut objects = report
            .releases
            .iter_mut()
            .flat_map(|release| &mut release.objects);
        objects.next().unwrap().findings[0].ignored_by = Some(IgnoredBy::Rule(1));
        report
    };
    let eu = with("eu", vec![rule(1, "kind: Job"), rule(2, "kind: Service")]);
    let us = with("us", vec![rule(1, "kind: Service"), rule(2, "kind: Secret")]);
    let report = merged([eu, us]);
    let rules: Vec<String> = report
        .ignored
        .iter()
        .map(|count| format!("{} {}", count.rule, count.description))
        .collect();
    assert_eq!(
        rules,
        ["rule 1 kind: Job", "rule 2 kind: Service", "rule 3 kind: Secret"]
    );
    let ignored = report.releases.iter().flat_map(|release| &release.objects);
    let ignored = ignored.flat_map(|object| &object.findings);
    let ignored: Vec<_> = ignored.filter_map(|finding| finding.ignored_by).collect();
    assert_eq!(ignored, [IgnoredBy::Rule(1), IgnoredBy::Rule(2)]);
}
