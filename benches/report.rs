//! The cost of rendering against the size of a report. `cargo bench --bench report`.
//!
//! The aim: twice the size costs twice the time. The sizes of each row double, and the rate stays what it is. The reports
//! are those that a single hostile record can cause: objects that do not exist, objects that drifted alike and not alike,
//! findings of one object, and values whose lines are the same in another order.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use driftline::model::Report;
use driftline::report::text::TextOptions;
use driftline::report::{Format, RenderOptions, ReportKind, render};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

/// A report of one release with these objects.
fn report(objects: &[Value]) -> Report {
    report_of(&[release("web", objects)])
}

/// A drifted release with these objects.
fn release(name: &str, objects: &[Value]) -> Value {
    let revision = json!({"revision": 1, "status": "deployed"});
    json!({"namespace": "shop", "name": name, "storage": {"driver": "secret", "namespace": "shop"},
        "chart": null, "baseline": revision, "previous": null, "latest": revision, "applyMethod": null, "verdict": "drifted", "health": [], "objects": objects})
}

/// A report of these releases.
fn report_of(releases: &[Value]) -> Report {
    let counts = json!({"total": 0, "clean": 0, "drifted": 0, "incomplete": 0, "unreadable": 0, "inSync": 0, "missing": 0,
        "terminating": 0, "foreign": 0, "leftover": 0, "unknown": 0, "drift": 0, "info": 0, "ignored": 0});
    serde_json::from_value(
        json!({"schema": "driftline.report/v1", "tool": {"name": "driftline", "version": "0"},
        "cluster": {"name": "prod", "server": "https://10.0.0.1"}, "startedAt": "2026-11-20T03:14:00Z",
        "finishedAt": "2026-11-20T03:14:02Z", "outcome": "drift",
        "summary": {"releases": counts, "objects": counts, "findings": counts}, "releases": releases, "errors": []}),
    )
    .unwrap()
}

fn object(at: usize, state: &str, findings: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop", "name": format!("settings-{at}"),
        "template": null, "state": state, "findings": findings})
}

fn finding(path: &str, desired: &str, live: &str) -> Value {
    json!({"code": "changed", "severity": "drift", "path": path, "pointer": path, "desired": desired, "live": live,
        "message": "it differs"})
}

/// Writes the report to nowhere, as a reader that keeps nothing.
fn write(bencher: Bencher<'_, '_>, items: usize, format: Format, report: &Report) {
    let options = RenderOptions {
        links: driftline::report::links::Links::default(),
        kind: ReportKind::Scan,
        text: TextOptions::PLAIN,
    };
    bencher.counter(ItemsCount::new(items)).bench(|| {
        render(black_box(report), format, &options, &mut std::io::sink()).unwrap();
    });
}

const OBJECTS: [usize; 4] = [6_000, 12_000, 24_000, 48_000];
const LINES: [usize; 5] = [1_250, 2_500, 5_000, 10_000, 20_000];

#[divan::bench(args = OBJECTS, sample_count = 5)]
fn missing_objects(bencher: Bencher<'_, '_>, count: usize) {
    let objects: Vec<_> = (0..count).map(|at| object(at, "missing", &[])).collect();
    write(bencher, count, Format::Text, &report(&objects));
}

#[divan::bench(args = OBJECTS, sample_count = 5)]
fn missing_objects_as_json(bencher: Bencher<'_, '_>, count: usize) {
    let objects: Vec<_> = (0..count).map(|at| object(at, "missing", &[])).collect();
    write(bencher, count, Format::Json, &report(&objects));
}

/// Four of each sort, so that there are as many groups as there can be.
#[divan::bench(args = OBJECTS, sample_count = 5)]
fn objects_that_drifted_alike(bencher: Bencher<'_, '_>, count: usize) {
    let value = |at: usize| [finding("/data/a", "a", &(at / 4).to_string())];
    let objects: Vec<_> = (0..count).map(|at| object(at, "drifted", &value(at))).collect();
    write(bencher, count, Format::Text, &report(&objects));
}

/// Groups of four.
#[divan::bench(args = OBJECTS, sample_count = 5)]
fn releases_that_drifted_alike(bencher: Bencher<'_, '_>, count: usize) {
    let release = |at: usize| {
        let finding = finding("/data/a", "a", &(at / 4).to_string());
        release(&format!("web-{at}"), &[object(0, "drifted", &[finding])])
    };
    let releases: Vec<_> = (0..count).map(release).collect();
    write(bencher, count, Format::Text, &report_of(&releases));
}

#[divan::bench(args = OBJECTS, sample_count = 5)]
fn findings_of_one_object(bencher: Bencher<'_, '_>, count: usize) {
    let findings = (0..count).map(|at| finding(&format!("/data/key-{at}"), "a", "b"));
    let object = object(0, "drifted", &findings.collect::<Vec<_>>());
    write(bencher, count, Format::Text, &report(&[object]));
}

/// The lines of a value in another order, where each line begins like all others.
#[divan::bench(args = LINES, sample_count = 5)]
fn lines_in_another_order(bencher: Bencher<'_, '_>, count: usize) {
    let text = |step: usize| -> String {
        let lines = (0..count).map(|at| format!("{}{}\n", "x".repeat(60), at * step % count));
        lines.collect()
    };
    let object = object(0, "drifted", &[finding("/data/a", &text(1), &text(7_919))]);
    write(bencher, count, Format::Text, &report(&[object]));
}
