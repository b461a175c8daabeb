//! The catalogue: every way we know in which a cluster rightly or wrongly differs from what Helm deployed, each held
//! to the verdict that is right, with Helm 3 and Helm 4.
//!
//! - `untouched.rs`: parsing, scalars, nulls and zeros, defaults, lists, and what controllers do to charts that nobody
//!   touched. Each chart of `tests/charts` is a collection of classes; its comments name them.
//! - `people.txt`: what people do, which must be found, by kind.
//! - `harmless.txt`: what people, programs and controllers do, which is no drift.
//! - `custom.txt`: the same for custom resources.
//! - `odd.txt`: changes to objects that are spelt oddly.
//! - `upgraded.txt`: changes after an upgrade.
//! - `revisions.rs`: upgrades and installs that fail, and what they leave behind.
//! - `left_behind.rs`: what an upgrade could not remove, some upgrades later.
//! - `who_asked.rs`: elements of one key, what a webhook fills in, and what was there before the release.
//!
//! Adding a row is adding a few lines to one of the texts: the chart `targets` makes an object for each row.
//!
//! There are no rows for changes that need nodes (sidecars injected into running Pods, a kubelet's writes, volumes that
//! are really resized) or an old server (kinds removed by now, `autoscaling/v2beta1`, a server that reorders metrics),
//! and none for objects that driftline does not compare: hooks, `crds/` folders, objects that no revision of a release
//! names, and the volume claims made from a `StatefulSet`'s templates. Unreadable objects and servers that fail belong
//! to `tests/fast/faults`, other storage to `storage.rs`, ignore rules to `tests/fast/ignore.rs`.

mod left_behind;
mod revisions;
mod table;
mod untouched;
mod who_asked;

use self::table::Table;
use crate::harness::{Problems, Release, later};

/// The volume claims of the chart are bound.
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

/// Every section of the text is about another chart.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn changes_are_found_in_what_is_spelt_oddly() {
    let mut problems = Problems::default();
    for section in include_str!("odd.txt").split("\n[").skip(1) {
        let (chart, rows) = section
            .split_once(']')
            .expect("a section begins with a chart's name");
        Table {
            chart,
            settled: &[],
            prepare: as_installed,
            rows,
        }
        .check_into(&mut problems);
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_previous_revision_tells_differences_apart() {
    Table {
        chart: "targets",
        settled: &[],
        prepare: |release| {
            release.upgrade(&["--reuse-values"]);
            // Only a write after the second in which the upgrade ended was certainly made after it.
            later();
        },
        rows: include_str!("upgraded.txt"),
    }
    .check();
}
