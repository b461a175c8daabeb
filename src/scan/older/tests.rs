use serde_json::{Value, json};

use crate::model::{Finding, ObjectReport, Report};
use crate::policy::Policy;
use crate::report::fixtures::test_cluster::{TestCluster, TestRelease, TestRevision, options};
use crate::scan::{ScanLimits, ScanOptions};
use crate::vocabulary::{FindingCode, ObjectState};

const WEB: TestRelease = TestRelease::new("shop", "web");

fn secret(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": data})
}

/// Revisions of one Secret with these data, the last of them deployed, and the data that lives.
fn cluster(revisions: &[Value], live: &Value) -> TestCluster {
    let mut cluster = TestCluster::new();
    for (number, data) in (1..).zip(revisions) {
        let is_last = usize::try_from(number) == Ok(revisions.len());
        let objects = [secret(data)];
        cluster.store(
            WEB,
            &TestRevision {
                number,
                status: if is_last { "deployed" } else { "superseded" },
                time: "2026-11-18T09:12:00Z",
                description: "Upgrade complete",
                objects: &objects,
            },
        );
    }
    cluster.put(WEB, &secret(live), &[]);
    cluster
}

fn object(report: &Report) -> &ObjectReport {
    &report.releases[0].objects[0]
}

fn found(report: &Report) -> Vec<(FindingCode, &str, Option<u64>)> {
    let found = |finding: &'_ Finding| (finding.code, finding.from_revision);
    let findings = object(report).findings.iter();
    findings
        .map(|finding| {
            let (code, revision) = found(finding);
            (code, finding.path.as_str(), revision)
        })
        .collect()
}

/// Regression: a key that revision 2 dropped and that stayed was told while revision 1 was the previous one, and forgotten
/// by the next upgrade.
#[test]
fn what_an_old_revision_left_behind_is_told_however_many_upgrades_came_after_it() {
    let with = json!({"token": "c2VjcmV0", "user": "YQ=="});
    let without = json!({"user": "YQ=="});
    for upgrades in 1..6 {
        let mut revisions = vec![with.clone()];
        revisions.extend(vec![without.clone(); upgrades]);
        let report = cluster(&revisions, &with).scan(Policy::default());
        assert_eq!(
            found(&report),
            [(FindingCode::Lingering, "/data/token", Some(1))],
            "{upgrades}"
        );
        assert_eq!(object(&report).state, ObjectState::Drifted, "{upgrades}");
    }
}

/// Another value than the one that Helm put there is not Helm's.
#[test]
fn a_key_with_another_value_is_not_from_the_old_revision() {
    let without = json!({"user": "YQ=="});
    let revisions = [json!({"token": "c2VjcmV0"}), without.clone(), without];
    let report = cluster(&revisions, &json!({"token": "b3RoZXI=", "user": "YQ=="})).scan(Policy::default());
    assert_eq!(found(&report), []);
}

/// A release without a trace of older revisions causes no request for them.
#[test]
fn older_revisions_are_not_read_for_an_object_that_needs_none() {
    let data = json!({"user": "YQ=="});
    let clean = cluster(&[json!({"token": "c2VjcmV0"}), data.clone(), data.clone()], &data);
    let read = clean.records_read();
    assert_eq!(found(&clean.scan(Policy::default())), []);
    let read = read.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(read, 2, "the baseline and the revision before it");
}

#[test]
fn what_could_not_be_read_of_older_revisions_is_a_reason_on_the_object() {
    let with = json!({"token": "c2VjcmV0", "user": "YQ=="});
    let without = json!({"user": "YQ=="});
    let mut revisions = vec![with.clone()];
    revisions.extend(vec![without.clone(); 13]);
    let report = cluster(&revisions, &with).scan(Policy::default());
    assert_eq!(
        object(&report).reason.as_deref(),
        Some(
            "2 older revisions were not read, because there are too many, and may have left behind what no other \
             revision explains"
        )
    );
    let narrow = ScanOptions {
        limits: ScanLimits {
            older_bytes: 1,
            ..ScanLimits::default()
        },
        ..options()
    };
    let report = cluster(&[with.clone(), without.clone(), without], &with).scan_with(&narrow);
    let reason = object(&report).reason.clone().unwrap();
    assert!(
        reason.starts_with("its older revisions are too large to be read"),
        "{reason}"
    );
}
