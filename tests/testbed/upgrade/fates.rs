//! A table of changes as text, and what the next upgrade makes of each.
//!
//! ```text
//! Deployment/null-replicas: replicas that are null, beside an autoscaler
//!     $ kubectl autoscale {o} --min=4 --max=6
//!     /spec/replicas -> becomes 1 | becomes 1 | conflict
//! ```
//!
//! A row names an object of the chart `fates` and the change, says what is done in shell, and then what an upgrade to the
//! same chart does at each place: in the report's words, with Helm 3, with Helm 4 in the client, and with Helm 4 on the
//! server; one word where all three agree, and two where it depends only on where the merge is made. The object is
//! upgraded alone. A fate that begins with `perhaps` is one that the report may leave open, if it says why; it may never
//! say another. One that begins with `only` is of a place that the report does not name. A dash stands where the method
//! cannot install the object. Where the value stays there may be no finding at all: health tells of an upgrade that fails.

use serde_json::Value;

use super::{Applies, METHODS};
use crate::harness::{Change, Cluster, Problems, Rehearsal, Rehearsed, Release, Scan, is_sampled};

const TABLE: &str = include_str!("fates.txt");

/// A run makes half of the rows by each method.
const SAMPLED: usize = 2;

struct Row {
    change: Change,
    /// Paths, and their fates by method.
    places: Vec<(&'static str, [&'static str; 3])>,
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn upgrades_make_of_every_change_what_was_predicted() {
    let mut problems = Problems::default();
    let rows = parse(TABLE);
    for (position, method) in METHODS.iter().enumerate() {
        let mut flags = method.flags.to_vec();
        if method.applies == Applies::InTheClient {
            flags.push("--set=duplicates=true");
        }
        let release = Release::install(Cluster::shared(), method.helm, "fates", &flags);
        let rows = rows.iter().enumerate();
        let rows = rows.filter(|(row, _)| is_sampled(*row, position, SAMPLED));
        let rows: Vec<&Row> = rows
            .map(|(_, row)| row)
            .filter(|row| row.is_of(position))
            .collect();
        for row in &rows {
            problems.note(&release, row.change.title, &row.change.act(&release));
        }
        let scan = release.scan_with(&["--all"], &[]);
        let mut rehearsal = Rehearsal::of(&release, &scan).expect("it was installed");
        for row in &rows {
            let object = format!("{}/{}", row.change.kind, row.change.full_name(&release));
            let found = row.check(&release, &scan, &rehearsal.upgrade(&object), position);
            problems.note(&release, &format!("{:?} {object}", method.applies), &found);
        }
    }
}

impl Row {
    /// Whether a method can install its object.
    fn is_of(&self, method: usize) -> bool {
        self.places.iter().all(|(_, fates)| fates[method] != "-")
    }

    fn check(&self, release: &Release<'_>, scan: &Scan, rehearsed: &Rehearsed, method: usize) -> Vec<String> {
        let mut problems = rehearsed.disproved();
        for (path, fates) in &self.places {
            let path = self.change.fill(release, path);
            problems.extend(place(scan, rehearsed, &path, fates[method]));
        }
        problems
    }
}

/// What is wrong at one place: the table, or the prediction.
fn place(scan: &Scan, rehearsed: &Rehearsed, path: &str, fate: &str) -> Vec<String> {
    let (fate, is_open) = match fate.strip_prefix("perhaps ") {
        Some(fate) => (fate, true),
        None => (fate, false),
    };
    let (fate, is_told) = match fate.strip_prefix("only ") {
        Some(fate) => (fate, false),
        None => (fate, true),
    };
    let mut problems = Vec::new();
    let happened = rehearsed.fate(path);
    // What is not written stays where the upgrade fails, too; Helm names what it would write over.
    let stays =
        fate == "keep" && matches!(happened.as_str(), "conflict" | "refused") && !rehearsed.names(path);
    if happened != fate && !stays {
        problems.push(format!("{path}: known {fate}, happened {happened}"));
    }
    let finding = scan.finding(&rehearsed.object, path);
    let Some(finding) = finding else {
        if is_told && !matches!(fate, "keep" | "conflict" | "refused") {
            problems.push(format!(
                "{path}: no finding; there are {:?}",
                scan.paths(&rehearsed.object)
            ));
        }
        return problems;
    };
    let predicted = finding["nextUpgrade"].as_str().unwrap_or("nothing");
    let word = fate.split(' ').next().unwrap_or_default();
    let may_be_open =
        is_open && finding["nextUpgrade"].is_null() && is_sentence(&finding["nextUpgradeReason"]);
    if predicted != word && !may_be_open {
        problems.push(format!("{path}: predicted {predicted}, known {fate}"));
    }
    problems
}

fn is_sentence(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// Reads the table.
fn parse(text: &'static str) -> Vec<Row> {
    let rows = Change::all(text).into_iter().map(|change| Row {
        places: change.lines.iter().map(|line| fates(line)).collect(),
        change,
    });
    rows.collect()
}

/// A place, and its fates by method.
fn fates(line: &'static str) -> (&'static str, [&'static str; 3]) {
    let (path, fates) = line.split_once(" -> ").expect("a place has fates");
    let fates: Vec<&str> = fates.split(" | ").collect();
    let fates = match *fates.as_slice() {
        [all] => [all; 3],
        [client, server] => [client, client, server],
        [old, client, server] => [old, client, server],
        _ => panic!("one, two or three fates, not {line}"),
    };
    (path, fates)
}
