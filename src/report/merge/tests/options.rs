//! Shards of one scan have the same options.

use super::{merged, refused};
use crate::model::{ReleaseReport, Report};
use crate::policy::shard::Shard;
use crate::report::fixtures::{finding, object, release};
use crate::vocabulary::{FindingCode, NextUpgrade, ObjectState};

/// The shards of releases that each have an object in sync.
fn with_objects_in_sync() -> Vec<Report> {
    let release = |namespace: &&str| -> ReleaseReport {
        let service = object("v1", "Service", namespace, "web").in_state(ObjectState::InSync);
        release(namespace, "web").with_objects([service])
    };
    let releases: Vec<ReleaseReport> = super::NAMESPACES.iter().map(release).collect();
    let first: Shard = "0/4".parse().unwrap();
    first
        .all()
        .map(|shard| super::of_shard(shard, &releases))
        .collect()
}

#[test]
fn shards_that_list_objects_in_sync_do_not_go_with_shards_that_leave_them_out() {
    let all = with_objects_in_sync();
    let short = |report: &Report| report.clone().without_in_sync();
    merged(all.clone());
    merged(all.iter().map(short));
    // A shard without releases goes with all.
    assert!(all[3].releases.is_empty());
    for (reports, says) in [
        (
            vec![short(&all[0]), short(&all[1]), all[2].clone(), short(&all[3])],
            "2.json and 0.json are of shards of the cluster prod, and only the first lists the objects in sync",
        ),
        (
            vec![all[0].clone(), short(&all[1]), all[2].clone(), all[3].clone()],
            "0.json and 1.json are of shards of the cluster prod, and only the first lists the objects in sync",
        ),
    ] {
        let sentence = refused(reports).to_string();
        assert!(
            sentence.starts_with(says) && sentence.ends_with("scan all shards with --all, or none"),
            "{sentence}"
        );
    }
}

/// It is listed without `--all`, too.
#[test]
fn an_object_in_sync_from_which_an_upgrade_takes_something_says_nothing_of_the_options() {
    let mut all: Vec<Report> = with_objects_in_sync()
        .into_iter()
        .map(Report::without_in_sync)
        .collect();
    let mut lost = finding(FindingCode::AlsoWritten, "/data/x", None, None);
    lost.next_upgrade = Some(NextUpgrade::Becomes);
    let mut config = object("v1", "ConfigMap", "a", "web").in_state(ObjectState::InSync);
    config.findings.push(lost);
    let shard = all.iter_mut().find(|report| !report.releases.is_empty()).unwrap();
    shard.releases[0].objects.push(config);
    merged(all);
}
