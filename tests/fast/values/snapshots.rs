//! Keys from snapshots: those that hold charts and values, and those that do not.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::printed::values;
use super::reports::{is_valid, said};
use super::world::{NEW_SECRET, OLD_SECRET, World};

/// Takes a snapshot of the world, and returns its path.
fn taken(world: &World, name: &str, flags: &[&str]) -> String {
    let path = world.path(name);
    let ran = world.run(&[&["snapshot", "-o", &path], flags].concat());
    assert_eq!(ran.status, Some(0), "{}{}", ran.stdout, ran.stderr);
    path
}

/// The files that hold charts and values.
fn charts_in(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let is_chart = path.to_string_lossy().ends_with(".chart.json");
            usize::from(is_chart) + if path.is_dir() { charts_in(&path) } else { 0 }
        })
        .sum()
}

#[test]
fn a_snapshot_with_values_says_the_same_as_the_cluster() {
    let world = World::drifted();
    let path = taken(&world, "with", &["--with-values"]);
    assert_eq!(charts_in(Path::new(&path)), 1);
    let from_cluster = world.run(&["values", "web"]);
    let from_snapshot = world.offline(&["values", "web", "--snapshot", &path]).run();
    assert_eq!(from_snapshot.status, Some(1), "{}", from_snapshot.stderr);
    assert_eq!(values(&from_snapshot), values(&from_cluster));
    let scanned = world
        .offline(&["scan", "--values", "--snapshot", &path, "-o", "json"])
        .run()
        .json();
    is_valid(&scanned);
    let live = world.run(&["scan", "--values", "-o", "json"]).json();
    assert_eq!(said(&scanned), said(&live));
}

/// Charts and values hold whatever secrets were given: whoever takes a snapshot with them is told so.
#[test]
fn the_warning_says_that_charts_and_values_are_in_it() {
    let world = World::drifted();
    let path = world.path("with");
    let ran = world.run(&["snapshot", "-o", &path, "--with-values"]);
    assert!(
        ran.stderr.contains(
            "and of 1 drifted release the chart with the values that were given: protect it like a Secret."
        ),
        "{}",
        ran.stderr
    );
    let ran = world.run(&["snapshot", "-o", &world.path("none"), "--with-values", "--redact"]);
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(!Path::new(&world.path("none")).exists());
}

#[test]
fn a_snapshot_without_values_says_of_each_field_that_it_has_none() {
    let world = World::drifted();
    for flags in [&[][..], &["--redact"]] {
        let path = taken(&world, if flags.is_empty() { "plain" } else { "redacted" }, flags);
        assert_eq!(charts_in(Path::new(&path)), 0);
        let ran = world
            .offline(&["scan", "--values", "--snapshot", &path, "-o", "json"])
            .run();
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let said = said(&ran.json());
        assert_eq!(said.len(), 7);
        assert!(said.values().all(|said| said == "not-recorded"), "{said:?}");
        let ran = world.offline(&["values", "web", "--snapshot", &path]).run();
        assert_eq!(
            (ran.status, values(&ran)),
            (Some(1), Value::Null),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stdout.contains(
                "# Not known: the snapshot does not hold charts and values; snapshot --with-values takes one that does:\n"
            ),
            "{}",
            ran.stdout
        );
        assert_eq!(
            ran.sentence(),
            "0 of 7 drifted fields kept, 1 left by the next upgrade as they live, 6 without a known key"
        );
    }
}

/// The redacted form holds neither the password that was deployed nor the one that lives.
#[test]
fn a_redacted_snapshot_has_no_password_in_any_file() {
    fn texts(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                texts(&path, found);
            } else {
                found.push(String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
            }
        }
    }
    let world = World::drifted();
    let path = taken(&world, "redacted", &["--redact"]);
    let mut found = Vec::new();
    texts(Path::new(&path), &mut found);
    assert!(found.len() > 5);
    for secret in [NEW_SECRET, OLD_SECRET] {
        assert!(!found.iter().any(|text| text.contains(secret)), "{secret}");
    }
}
