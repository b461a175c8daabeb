//! Prints what each scene costs, as the rows of a table. `tests/fast/hostile/measure` runs it.

use std::io::Write as _;
use std::time::Duration;

use super::scene::{Format, Promise, about_the_honest, about_the_hostile, scan_without};
use super::{objects, scenes, snapshots};
use crate::support::limited::{Limits, Measured};

/// Far beyond what is promised, so that the table says what would have been needed.
const MEASURED: Limits = Limits {
    memory: 4 << 30,
    seconds: 120,
    wall: Duration::from_mins(4),
};

#[test]
#[ignore = "prints a table: tests/fast/hostile/measure"]
fn measure() {
    let wanted = std::env::var("DRIFTLINE_SCENES").unwrap_or_default();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.split(',').any(|part| name.contains(part));
    let without = scan_without(MEASURED);
    assert_eq!(without.status, Some(1), "{}", without.stderr);
    say("| input | CPU s | peak MiB | wall s | exit | other releases | what is told |");
    say("|---|---:|---:|---:|---|---|---|");
    row("nothing hostile", &without, "as ever");
    let with_values = scenes().into_iter().find(|scene| !scene.flags.is_empty());
    let with_values = with_values.map(|scene| scene.scan_without(MEASURED));
    for scene in scenes().into_iter().filter(|scene| is_wanted(scene.name)) {
        let measured = scene.scan(Format::Json, MEASURED);
        let without = match &with_values {
            Some(with_values) if !scene.flags.is_empty() => with_values,
            _ => &without,
        };
        let others = match scene.promise {
            Promise::NeverClean => "",
            _ if about_the_honest(&measured.report) == about_the_honest(&without.report) => "as without",
            _ => "OTHERWISE",
        };
        row(&format!("`{}`: {}", scene.name, scene.about), &measured, others);
    }
    for scene in objects::scenes()
        .into_iter()
        .filter(|scene| is_wanted(scene.name))
    {
        row(
            &format!("`{}`, report as text", scene.name),
            &scene.scan(Format::Text, MEASURED),
            "",
        );
    }
    for scene in snapshots::scenes()
        .into_iter()
        .filter(|scene| is_wanted(scene.name))
    {
        row(
            &format!("snapshot `{}`: {}", scene.name, scene.about),
            &scene.scan(MEASURED),
            "",
        );
    }
}

fn row(input: &str, measured: &Measured, others: &str) {
    say(&format!(
        "| {input} | {:.1} | {} | {:.1} | {} | {others} | {} |",
        measured.cpu.as_secs_f64(),
        measured.peak_bytes >> 20,
        measured.wall.as_secs_f64(),
        ending(measured),
        told(measured),
    ));
}

fn ending(measured: &Measured) -> String {
    match (measured.status, measured.signal) {
        (Some(status), _) => status.to_string(),
        (None, Some(6)) => "aborted: memory".to_owned(),
        (None, Some(9)) => "endless".to_owned(),
        (None, Some(24)) => "killed: CPU time".to_owned(),
        (None, signal) => format!("signal {signal:?}"),
    }
}

/// The first sentence about the hostile part: an error, a code of health, or the states of objects.
fn told(measured: &Measured) -> String {
    let report = &measured.report;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let hostile = about_the_hostile(report);
    let health = hostile.iter().find_map(|release| release["health"].get(0));
    let object = || {
        let mut objects = hostile
            .iter()
            .flat_map(|release| release["objects"].as_array().into_iter().flatten());
        objects.find(|object| object["state"] != "in-sync")
    };
    let reason = || {
        let objects = hostile
            .iter()
            .flat_map(|release| release["objects"].as_array().into_iter().flatten());
        let mut findings = objects.flat_map(|object| object["findings"].as_array().into_iter().flatten());
        findings.find_map(|finding| Some(text(finding.get("noValues")?.get("code")?)))
    };
    let told = if let Some(error) = report["errors"].get(0) {
        format!("error: {}", text(&error["message"]))
    } else if let Some(health) = health {
        format!("{}: {}", text(&health["code"]), text(&health["message"]))
    } else if let Some(reason) = reason() {
        format!("no key: {reason}")
    } else if let Some(object) = object() {
        let findings = object["findings"].as_array().map_or(0, Vec::len);
        format!(
            "{}: {} {findings} findings",
            text(&object["state"]),
            text(&object["reason"])
        )
    } else if report.is_null() {
        measured.stderr.lines().last().unwrap_or_default().to_owned()
    } else {
        format!("outcome {}", text(&report["outcome"]))
    };
    let short: String = told.chars().filter(|char| *char != '|').take(140).collect();
    format!("{short} ({} kB of report)", measured.stdout_bytes / 1_000)
}

fn say(line: &str) {
    // Past the capture of the test's output, as far as the reader is there.
    let _ = writeln!(std::io::stdout(), "{line}");
}
