//! The catalogue: every way we know in which a cluster rightly or wrongly differs from what Helm deployed.

mod table;

use self::table::Table;
use crate::harness::Release;

/// The claims of the chart have got their volumes.
const BOUND: &[&str] =
    &["--for=jsonpath={.status.phase}=Bound persistentvolumeclaim -l app.kubernetes.io/managed-by=Helm"];

fn as_installed(_: &Release<'_>) {}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_people_do_is_found() {
    Table {
        chart: "targets",
        settled: BOUND,
        prepare: as_installed,
        rows: include_str!("people.txt"),
    }
    .check();
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_does_no_harm_is_no_drift() {
    Table {
        chart: "targets",
        settled: BOUND,
        prepare: as_installed,
        rows: include_str!("harmless.txt"),
    }
    .check();
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn custom_resources_are_compared_by_their_schema() {
    Table {
        chart: "targets",
        settled: &[],
        prepare: as_installed,
        rows: include_str!("custom.txt"),
    }
    .check();
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_previous_revision_tells_differences_apart() {
    Table {
        chart: "targets",
        settled: &[],
        prepare: |release| release.upgrade(&["--reuse-values"]),
        rows: include_str!("upgraded.txt"),
    }
    .check();
}
