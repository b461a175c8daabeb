//! What the scenes promise, shown under the memory limit of the shipped `CronJob`.
//!
//! A limit that is too small ends the program as the kernel ends a container, so that a scan that holds too much fails
//! here and not only on a cluster. The quick scenes run with every run of the tests; `measure --check` runs all of them
//! against a release build.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::scene::{Format, Promise, Scene, about_the_honest, about_the_hostile};
use super::snapshots::{self, Mailed};
use super::{objects, scenes};
use crate::support::limited::{Limits, MOST_RESIDENT, Measured, SHIPPED};

/// The most that any scene may take. Both times only end a program that works or waits for ever: the costliest scene takes
/// half a minute of a processor.
const LIMITS: Limits = Limits {
    memory: SHIPPED,
    seconds: 240,
    wall: Duration::from_mins(5),
};

/// A snapshot takes no time; a program that opens a pipe waits for ever.
const LIMITS_OF_MAILED: Limits = Limits {
    wall: Duration::from_mins(1),
    ..LIMITS
};

/// Scenes that take little time even when nothing is optimised: a kind of each.
const QUICK: [&str; 20] = [
    "hooks-12-kb",
    "hooks-of-names",
    "chart-files",
    "events",
    "wide-map",
    "long-texts",
    "deep-json",
    "says-nothing",
    "forged",
    "role-rules-256",
    "records-empty",
    "records-status",
    "records-same-token",
    "object-empty",
    "object-huge",
    "values-recurse",
    "values-tpl",
    "values-names",
    "values-schemas",
    "values-1000-fields",
];

#[test]
fn quick_scenes_keep_their_promises_under_the_shipped_limit() {
    let scenes: Vec<Scene> = scenes()
        .into_iter()
        .filter(|scene| QUICK.contains(&scene.name))
        .collect();
    assert_eq!(scenes.len(), QUICK.len());
    check_all(&scenes);
}

#[test]
#[ignore = "needs a release build: tests/fast/hostile/measure --check"]
fn every_scene_keeps_its_promise_under_the_shipped_limit() {
    check_all(&sample(scenes()));
}

/// The scenes that this run has: with `DRIFTLINE_SAMPLE=1/3` every third one, from the second on. Runs that count on have all
/// of them in turn.
fn sample(scenes: Vec<Scene>) -> Vec<Scene> {
    let Ok(sample) = std::env::var("DRIFTLINE_SAMPLE") else {
        return scenes;
    };
    let (turn, of) = sample.split_once('/').unwrap();
    let (turn, of): (usize, usize) = (turn.parse().unwrap(), of.parse().unwrap());
    let all = scenes.len();
    let sample: Vec<Scene> = scenes.into_iter().skip(turn % of).step_by(of).collect();
    assert!(sample.len() * of + of > all, "{} of {all}", sample.len());
    sample
}

/// The text report has work of its own: the differences between long texts, columns of many rows.
#[test]
#[ignore = "needs a release build: tests/fast/hostile/measure --check"]
fn every_text_report_is_written_under_the_shipped_limit() {
    let scenes = sample(objects::scenes());
    let problems = scenes.iter().flat_map(|scene| {
        let measured = scene.scan(Format::Text, LIMITS);
        let problems = [broken_limits(&measured), wrong_status(&measured)].concat();
        problems
            .into_iter()
            .map(|problem| format!("{} as text: {problem}", scene.name))
    });
    none(&problems.collect::<Vec<_>>());
}

#[test]
fn a_mailed_snapshot_harms_nothing_but_the_file_it_replaces() {
    let without = snapshots::scan_without(LIMITS_OF_MAILED);
    assert_eq!(without.status, Some(1), "{}", without.stderr);
    let mailed = snapshots::scenes();
    let problems = mailed.iter().flat_map(|mailed| {
        let problems = check_mailed(*mailed, &without);
        problems
            .into_iter()
            .map(|problem| format!("{}: {problem}", mailed.name))
    });
    none(&problems.collect::<Vec<_>>());
}

/// Fails with everything that was wrong, so that one run tells all of it.
#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[track_caller]
fn check_all(scenes: &[Scene]) {
    let mut without: BTreeMap<&[&str], Measured> = BTreeMap::new();
    for scene in scenes {
        let without = without
            .entry(scene.flags)
            .or_insert_with(|| scene.scan_without(LIMITS));
        assert_eq!(without.status, Some(1), "{}", without.stderr);
    }
    let problems = scenes.iter().flat_map(|scene| {
        let problems = check(*scene, &without[scene.flags]);
        problems
            .into_iter()
            .map(|problem| format!("{}: {problem}", scene.name))
    });
    none(&problems.collect::<Vec<_>>());
}

fn check(scene: Scene, without: &Measured) -> Vec<String> {
    let measured = scene.scan(Format::Json, LIMITS);
    let mut problems = [broken_limits(&measured), wrong_status(&measured)].concat();
    let report = &measured.report;
    let others_differ = about_the_honest(report) != about_the_honest(&without.report);
    let hostile = about_the_hostile(report);
    let is_clean = |release: &&Value| release["verdict"] == "clean";
    let is_untold = |release: &&Value| is_clean(release) && release["health"][0].is_null();
    let is_silent = match scene.promise {
        Promise::OthersAsWithout => hostile.iter().all(is_untold),
        Promise::NoneClean => hostile.iter().any(is_clean),
        Promise::Answered => !hostile.iter().copied().all(is_answered),
        Promise::Harmless => false,
        Promise::NeverClean => true,
    };
    if others_differ && scene.promise != Promise::NeverClean {
        problems.push("the other releases are reported otherwise than without it".to_owned());
    }
    let is_strict = matches!(scene.promise, Promise::NoneClean | Promise::Answered);
    if is_silent && (is_strict || !is_incomplete(&measured)) {
        problems.push("nothing is told about it".to_owned());
    }
    problems
}

/// Whether a release is drifted, and each of its drifted fields has a key or the reason why none is named.
fn is_answered(release: &Value) -> bool {
    let objects = release["objects"].as_array().into_iter().flatten();
    let mut findings = objects.flat_map(|object| object["findings"].as_array().into_iter().flatten());
    release["verdict"] == "drifted"
        && findings.all(|finding| !finding["values"].is_null() || !finding["noValues"].is_null())
}

fn check_mailed(mailed: Mailed, without: &Measured) -> Vec<String> {
    let measured = mailed.scan(LIMITS_OF_MAILED);
    let mut problems = [broken_limits(&measured), wrong_status(&measured)].concat();
    if mailed.file == snapshots::INDEX {
        if measured.status != Some(2) {
            problems.push(format!("an index that is none ends with {:?}", measured.status));
        }
        return problems;
    }
    if !is_incomplete(&measured) {
        problems.push("nothing is told about it".to_owned());
    }
    let (now, before) = (
        snapshots::states(&measured.report),
        snapshots::states(&without.report),
    );
    let others_differ = before
        .iter()
        .any(|state| !now.contains(state) && !mailed.concerns(state));
    if others_differ {
        problems.push("other objects are reported otherwise than without it".to_owned());
    }
    problems
}

/// The limits that a run broke.
fn broken_limits(measured: &Measured) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(signal) = measured.signal {
        problems.push(format!(
            "signal {signal} ended the scan: {}",
            measured.stderr.lines().next().unwrap_or_default()
        ));
    }
    if measured.peak_bytes > MOST_RESIDENT {
        problems.push(format!("{} MiB were resident", measured.peak_bytes >> 20));
    }
    if measured.stderr.contains("panicked") {
        problems.push(format!("it panicked: {}", measured.stderr));
    }
    problems
}

/// Somebody's drift, an error or a part that could not be read: none of the scenes is clean.
fn wrong_status(measured: &Measured) -> Vec<String> {
    match measured.status {
        Some(1..=3) | None => Vec::new(),
        Some(status) => vec![format!("the exit status is {status}")],
    }
}

/// Whether the scan says that something could not be read.
fn is_incomplete(measured: &Measured) -> bool {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let report = &measured.report;
    let releases = list(report, "releases");
    let mut objects = releases.iter().flat_map(|release| list(release, "objects"));
    let mut health = releases.iter().flat_map(|release| list(release, "health"));
    // A scan that could not begin has no report, and one sentence.
    (report.is_null() && measured.status == Some(2) && !measured.stderr.is_empty())
        || !list(report, "errors").is_empty()
        || !list(report, "notes").is_empty()
        || objects.any(|object| object["state"] == "unknown")
        || health.any(|entry| entry["code"] == "undecodable")
}
