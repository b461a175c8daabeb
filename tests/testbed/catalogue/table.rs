//! A table of rows as text, and the code that holds driftline to it.
//!
//! ```text
//! Deployment/image: an image set by hand
//!     $ kubectl set image {o} app=registry.example.com/app:hotfix
//!     changed {app}/image: "registry.example.com/app:1" -> "registry.example.com/app:hotfix" by kubectl-set
//! ```
//!
//! A row names an object of the chart and the class of change, says what is done to it in shell, and then all that a
//! scan must say of it: findings, a state such as `missing`, or `in sync`. Severity is drift unless a finding begins
//! with `info`. A line that holds for one Helm only begins with `helm3:` or `helm4:`, one that depends on who was
//! faster with `perhaps:`. A row without commands is about what happens by itself.
//!
//! `harness/change.rs` has what stands for names and paths; `...` stands for any value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{Change, Cluster, HelmVersion, Problems, Release, Scan};

/// One row.
#[derive(Debug)]
struct Row {
    change: Change,
    /// Lines of the verdict, with the Helm they hold for.
    verdict: Vec<Line>,
}

/// One line of a verdict.
#[derive(Debug)]
struct Line {
    text: &'static str,
    when: When,
}

/// When a line of a verdict has to be there.
#[derive(Debug, PartialEq, Eq)]
enum When {
    Always,
    /// With one Helm only.
    With(HelmVersion),
    /// It may be missing: it depends on who was faster.
    Perhaps,
}

/// A chart, what happens to it before anybody touches it, and its rows.
pub(super) struct Table {
    /// The chart; `targets` makes an object for every row.
    pub(super) chart: &'static str,
    /// Arguments of `kubectl wait` that tell when controllers are done.
    pub(super) settled: &'static [&'static str],
    /// Brings the release into the state that the rows start from.
    pub(super) prepare: fn(&Release<'_>),
    /// The text.
    pub(super) rows: &'static str,
}

impl Table {
    /// Installs the chart with both Helms, does what the rows say, and checks all of them by one scan each.
    pub(super) fn check(&self) {
        self.check_into(&mut Problems::default());
    }

    /// The same for a test of several tables.
    pub(super) fn check_into(&self, problems: &mut Problems) {
        let rows = parse(self.rows);
        for helm in HelmVersion::ALL {
            let release = self.install(helm, &rows);
            (self.prepare)(&release);
            for condition in self.settled {
                let mut args = vec!["wait", "--timeout=60s"];
                args.extend(condition.split(' '));
                release.kubectl(&args);
            }
            for row in &rows {
                problems.note(&release, row.change.title, &row.change.act(&release));
            }
            let scan = release.scan_with(&["--all"], &[]);
            for row in &rows {
                problems.note(&release, row.change.title, &row.check(&release, &scan));
            }
            problems.note(&release, "beside the rows", &beside(&release, &rows, &scan));
            for (object, disproved) in release.disproved(&scan) {
                problems.note(&release, &object, &disproved);
            }
        }
    }

    /// Installs the chart with an object for every row.
    fn install(&self, helm: HelmVersion, rows: &[Row]) -> Release<'static> {
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in rows {
            let Change { kind, name, .. } = row.change;
            let is_new = names.entry(kind).or_default().insert(name);
            assert!(is_new, "two rows are about {kind}/{name}");
        }
        let sets: Vec<String> = names
            .into_iter()
            .map(|(kind, names)| format!("--set={kind}={{{}}}", Vec::from_iter(names).join(",")))
            .collect();
        let args: Vec<&str> = sets.iter().map(String::as_str).collect();
        Release::install(Cluster::shared(), helm, self.chart, &args)
    }
}

impl Row {
    /// The problems of the verdict on this row.
    fn check(&self, release: &Release<'_>, scan: &Scan) -> Vec<String> {
        let (kind, name) = (self.change.kind, self.change.full_name(release));
        let object = scan
            .objects()
            .find(|object| object["kind"] == kind && object["name"] == *name);
        let Some(object) = object else {
            return vec![format!("{kind}/{name} is not in the report")];
        };
        let wanted: Vec<(&When, String)> = self
            .verdict
            .iter()
            .filter(|line| match line.when {
                When::Always | When::Perhaps => true,
                When::With(helm) => helm == release.helm,
            })
            .map(|line| (&line.when, self.change.fill(release, line.text)))
            .collect();
        let found = verdict(object);
        let missed = wanted
            .iter()
            .filter(|(when, line)| **when != When::Perhaps && !found.iter().any(|found| says(line, found)));
        let reported = found
            .iter()
            .filter(|found| !wanted.iter().any(|(_, line)| says(line, found)));
        missed
            .map(|(_, line)| format!("missed:   {line}"))
            .chain(reported.map(|line| format!("reported: {line}")))
            .collect()
    }
}

/// Whether a line of a verdict is the expected one, which may leave a value open.
fn says(wanted: &str, found: &str) -> bool {
    match wanted.split_once("...") {
        Some((start, end)) => found.starts_with(start) && found.ends_with(end),
        None => wanted == found,
    }
}

/// Objects of the chart that are nobody's row must be left alone.
fn beside(release: &Release<'_>, rows: &[Row], scan: &Scan) -> Vec<String> {
    let named: BTreeSet<(&str, String)> = rows
        .iter()
        .map(|row| (row.change.kind, row.change.full_name(release)))
        .collect();
    scan.objects()
        .filter(|object| {
            let kind = object["kind"].as_str().unwrap_or_default();
            let name = object["name"].as_str().unwrap_or_default();
            !named.contains(&(kind, name.to_owned()))
        })
        .flat_map(|object| {
            let is_noise = |line: &String| line != "in sync" && !line.starts_with("info ");
            verdict(object)
                .into_iter()
                .filter(is_noise)
                .map(move |line| format!("reported: {}/{} {line}", object["kind"], object["name"]))
        })
        .collect()
}

/// A report's verdict on one object, in the words of the table.
fn verdict(object: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match object["state"].as_str().unwrap_or_default() {
        "in-sync" | "drifted" => {}
        state => lines.push(state.to_owned()),
    }
    lines.extend(object["findings"].as_array().into_iter().flatten().map(line));
    if lines.is_empty() {
        lines.push("in sync".to_owned());
    }
    lines
}

fn line(finding: &Value) -> String {
    let text = |key: &str| finding[key].as_str().unwrap_or_default();
    let value = |key: &str| match &finding[key] {
        Value::Null => "none".to_owned(),
        value => value.to_string(),
    };
    let mut words = Vec::new();
    if text("severity") != "drift" {
        words.push(text("severity").to_owned());
    }
    words.push(text("code").to_owned());
    if !text("path").is_empty() {
        words.push(format!(
            "{}: {} -> {}",
            text("path"),
            value("desired"),
            value("live")
        ));
    }
    let actor = &finding["actor"];
    if let Some(manager) = actor["manager"].as_str() {
        words.push(format!("by {manager}"));
    }
    if let Some(subresource) = actor["subresource"].as_str() {
        words.push(format!("({subresource})"));
    }
    words.join(" ")
}

/// Reads a table.
fn parse(text: &'static str) -> Vec<Row> {
    let rows = Change::all(text).into_iter().map(|change| {
        assert!(
            !change.lines.is_empty(),
            "no verdict on {}/{}",
            change.kind,
            change.name
        );
        Row {
            verdict: change.lines.iter().map(|line| Line::of(line)).collect(),
            change,
        }
    });
    rows.collect()
}

impl Line {
    fn of(line: &'static str) -> Self {
        let (when, text) = match line.split_once(": ") {
            Some(("helm3", text)) => (When::With(HelmVersion::V3), text),
            Some(("helm4", text)) => (When::With(HelmVersion::V4), text),
            Some(("perhaps", text)) => (When::Perhaps, text),
            Some(_) | None => (When::Always, line),
        };
        Self { text, when }
    }
}
