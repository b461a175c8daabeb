//! `driftline values`: names the keys of the chart's values that keep what lives in a release, and says what a rendering
//! with other values makes of its drift.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::app::cli::{Global, ValuesArgs, ValuesFormat};
use crate::app::environment;
use crate::app::exit;
use crate::app::output::{medium, print};
use crate::app::rendered::rendered;
use crate::app::scanning::read;
use crate::app::settings::Reading;
use crate::app::stderr;
use crate::app::stop::{Abort, Stop};
use crate::chart::{self, Chart};
use crate::compare::path::is_at;
use crate::model::{Finding, ReleaseReport, Report, ReportError, Summary, Unlisted};
use crate::report::json;
use crate::report::values::{self, ValuesCounts, ValuesForm};
use crate::report::words::count;
use crate::vocabulary::Outcome;

/// Runs the command to its exit status.
pub(super) async fn run(args: &ValuesArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let chart = args.chart.as_deref().map(chart_at).transpose()?;
    let rendered = args.check.as_deref().map(rendered).transpose()?;
    let given = chart
        .as_ref()
        .map(|chart| (chart.name().to_owned(), chart.version().to_owned()));
    let reading = Reading::of_values(args, chart, rendered, &environment::variable)?;
    let stop = Stop::after(reading.timeout, abort)?;
    let mut report = read(reading, global, &stop).await?;
    if let [_, _, ..] = &report.releases[..] {
        let names = report.releases.iter();
        let names: Vec<String> = names
            .map(|release| format!("{}/{}", release.storage.namespace, release.name))
            .collect();
        anyhow::bail!(
            "the values of one release are printed at a time, and {} fit the name: {}; say which with -n NAMESPACE",
            names.len(),
            names.join(", ")
        );
    }
    if let Some(error) = report
        .errors
        .iter()
        .find(|error| error.scope == ReportError::RENDERED)
    {
        anyhow::bail!("{}", error.message);
    }
    if let Some(given) = &given {
        must_be_of(given, &report)?;
    }
    report = report.without_in_sync();
    let not_found = keep_fields(&mut report, &args.fields);
    let mut out = Vec::new();
    let counts = match (args.output, &args.check) {
        (ValuesFormat::Json, _) => {
            out.extend(
                json::to_text(&report)
                    .context("the report cannot be written")?
                    .into_bytes(),
            );
            values::counts(&report)
        }
        (ValuesFormat::Yaml, Some(_)) => {
            values::render_check(&report, medium(), &mut out)?;
            values::counts(&report)
        }
        (ValuesFormat::Yaml, None) => {
            let form = if args.set_json {
                ValuesForm::SetJson
            } else {
                ValuesForm::Yaml
            };
            values::render(&report, form, medium(), &mut out)?
        }
    };
    print(&out)?;
    let is_any_found = args.fields.is_empty() || not_found.len() < args.fields.len();
    if is_any_found && !global.quiet {
        tell(&report, counts, args);
    }
    for sentence in &not_found {
        stderr::say(sentence);
    }
    Ok(match &not_found[..] {
        [] => exit::of_values(&report, counts, args.check.is_some()),
        [_, ..] => exit::INCOMPLETE,
    })
}

/// The chart in a folder or an archive.
fn chart_at(path: &Path) -> anyhow::Result<Chart> {
    chart::load(path).with_context(|| format!("the chart in {} cannot be used", path.display()))
}

/// A chart of another name or version says nothing of the release.
fn must_be_of((name, version): &(String, String), report: &Report) -> anyhow::Result<()> {
    let release = report.releases.first();
    match release.and_then(|release| Some((release, release.chart.as_ref()?))) {
        Some((release, chart)) if (&chart.name, &chart.version) != (name, version) => anyhow::bail!(
            "the chart of --chart is {name} {version}, and release {} has {} {}: give that one, or leave the option out",
            release.name,
            chart.name,
            chart.version
        ),
        Some(_) | None => Ok(()),
    }
}

/// Says on standard error what became of the fields, which a file of values does not say by itself.
fn tell(report: &Report, counts: ValuesCounts, args: &ValuesArgs) {
    for error in &report.errors {
        stderr::say(&format!("{}: {}", error.scope, error.message));
    }
    if args.check.is_some() || report.releases.is_empty() {
        return;
    }
    let ValuesCounts {
        fields,
        kept,
        by_hand,
        stays,
        set_by_chart,
        fails,
    } = counts;
    let rest = [
        (by_hand, "to set by hand"),
        (stays, "left by the next upgrade as they live"),
        (set_by_chart, "set by the chart itself"),
        (fails, "without a key, at which the next upgrade fails"),
        (
            fields.saturating_sub(kept + by_hand + stays + set_by_chart + fails),
            "without a known key",
        ),
    ];
    let rest: Vec<String> = (rest.into_iter().filter(|(number, _)| *number > 0))
        .map(|(number, what)| format!(", {number} {what}"))
        .collect();
    stderr::say(&match fields {
        0 => match report.releases.iter().map(ReleaseReport::not_compared).sum() {
            0 => "nothing drifted that values could keep".to_owned(),
            some => format!(
                "no drift was found that values could keep, and {} could not be compared",
                count(some, "object")
            ),
        },
        _ => format!(
            "{kept} of {} kept{}",
            count(fields, "drifted field"),
            rest.concat()
        ),
    });
}

/// How many drifted fields are named to whoever named none of them.
const DRIFTED: usize = 5;

/// Keeps the findings at these paths and below them, or all where no path is named; a sentence for each path that has none.
fn keep_fields(report: &mut Report, paths: &[String]) -> Vec<String> {
    if paths.is_empty() {
        return Vec::new();
    }
    let objects = report.releases.iter().flat_map(|release| &release.objects);
    let findings = objects.flat_map(|object| &object.findings);
    let found: Vec<&Finding> = findings.collect();
    let drifted: Vec<&str> = (found.iter().filter(|finding| finding.is_drift()))
        .map(|finding| finding.path.as_str())
        .collect();
    let not_found = paths
        .iter()
        .filter(|path| !found.iter().any(|finding| is_at(&finding.path, path)));
    let not_found = not_found.map(|path| no_field(path, &drifted)).collect();
    let is_named = |field: &str| paths.iter().any(|path| is_at(field, path));
    for release in &mut report.releases {
        for object in &mut release.objects {
            object.findings.retain(|finding| is_named(&finding.path));
            let pointers: Vec<&str> = object.findings.iter().map(|finding| &*finding.pointer).collect();
            object.patch.retain(|operation| {
                let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
                pointers.iter().any(|pointer| is_at(path, pointer))
            });
        }
        release.objects.retain(|object| !object.findings.is_empty());
        release.unlisted = Unlisted::default();
        if let Some(check) = &mut release.values_check {
            check.fields.retain(|field| is_named(&field.path));
        }
    }
    report.summary = Summary {
        changes: report.summary.changes.take(),
        ..Summary::of(&report.releases)
    };
    if report.errors.iter().any(ReportError::is_absence) || report.outcome == Outcome::Error {
        return Vec::new();
    }
    not_found
}

/// What is said to whoever names a field that did not drift.
fn no_field(path: &str, drifted: &[&str]) -> String {
    let more = match drifted.len().saturating_sub(DRIFTED) {
        0 => String::new(),
        more => format!(" and {}", count(more, "more field")),
    };
    let mut drifted = drifted.to_vec();
    let last = |path: &str| {
        path.rsplit(['/', ']'])
            .find(|step| !step.is_empty())
            .unwrap_or_default()
            .to_lowercase()
    };
    let asked = last(path);
    // Those that end alike come first.
    drifted.sort_by_key(|field| !last(field).starts_with(&asked) && !asked.starts_with(&last(field)));
    let rest = match drifted.get(..DRIFTED).unwrap_or(&drifted) {
        [] => "nothing drifted".to_owned(),
        drifted => format!("drifted are {}{more}", drifted.join(", ")),
    };
    format!("no drifted field has the path {path} or is below it; {rest}")
}
