//! The report as SARIF 2.1.0, the format of static analysis: GitHub shows it under code scanning.
//!
//! One result for each entry, the worst first, each at a place in a file, without which GitHub refuses the whole log.
//! What earlier scans found and this one did not is no result: GitHub does not read `baselineState`, would show it as open,
//! and closes alerts by itself that a new log does not have. The counts of the run have it. Nor does GitHub read
//! `suppressions`: what an operator ignores is in a report only where it was asked for.

mod log;
mod result;
mod rules;

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use self::log::{
    AutomationDetails, Configuration, DescriptorReference, Driver, Invocation, Log, Notification,
    ReportingDescriptor, Run, SCHEMA, SarifResult, Text, Tool, UriBase, VERSION,
};
use self::result::{ROOT, result};
use self::rules::{full_stop, sentence};
use super::entry::{self, entries};
use super::location::Locations;
use super::severity::Level;
use crate::model::Report;
use crate::report::RenderOptions;
use crate::report::json;
use crate::report::words::{count, headline};
use crate::vocabulary::Outcome;

/// How much is written.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// How many results.
    results: usize,
    /// How many of them GitHub shows.
    shown: usize,
    /// How many bytes of compressed results.
    compressed_bytes: u64,
}

/// What GitHub takes: it refuses a log with more than 25,000 results or 10 MB. What is not results is small.
const LIMITS: Limits = Limits {
    results: 25_000,
    shown: 5_000,
    compressed_bytes: 8_000_000,
};
/// How many notifications of a kind are written.
const NOTIFICATIONS: usize = 100;
/// How long the name of a cluster is in the name of a run.
const CLUSTER: usize = 200;

/// The kinds of notifications.
const SCAN_ERROR: (&str, &str) = (
    "scan-error",
    "something could not be read, or was named and does not exist",
);
const SCAN_NOTE: (&str, &str) = ("scan-note", "a remark on how the scan reached its answers");
const LEFT_OUT: (&str, &str) = ("left-out", "something of the report is not in this file");
const ORPHANS: (&str, &str) = ("scan-orphans", "objects are left of a release that has no record");
const KINDS: [(&str, &str); 4] = [SCAN_ERROR, SCAN_NOTE, LEFT_OUT, ORPHANS];

/// Writes a report as SARIF.
pub(in crate::report) fn render(
    report: &Report,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    json::write(&log(report, options, LIMITS)?, out)
}

fn log(report: &Report, options: &RenderOptions, limits: Limits) -> io::Result<Log> {
    let locations = Locations::of(options);
    let entries = entries(report);
    let mut results = Vec::new();
    let mut budget = Budget::of(limits.compressed_bytes);
    for entry in entries.iter().take(limits.results) {
        let result = result(report, entry, locations);
        if !budget.takes(&result)? {
            break;
        }
        results.push(result);
    }
    let notifications = notifications(report, locations, [entries.len(), results.len(), limits.shown]);
    Ok(Log {
        schema: SCHEMA,
        version: VERSION,
        runs: [Run {
            tool: Tool {
                driver: driver(report, options),
            },
            automation_details: AutomationDetails {
                // What stands before the last `/` is GitHub's category: the alerts of one cluster do not close those of another.
                id: format!(
                    "driftline/{}/",
                    entry::cut(&entry::safe(&report.cluster.name), CLUSTER)
                ),
            },
            invocations: [Invocation {
                execution_successful: is_successful(report),
                start_time_utc: time(report.started_at),
                end_time_utc: time(report.finished_at),
                tool_execution_notifications: notifications,
            }],
            column_kind: "unicodeCodePoints",
            original_uri_base_ids: BTreeMap::from([(
                ROOT,
                UriBase {
                    description: Text::plain("The root of the repository.".to_owned()),
                },
            )]),
            results,
            properties: counts(report),
        }],
    })
}

/// The program, with its rules.
fn driver(report: &Report, options: &RenderOptions) -> Driver {
    let version = entry::safe(&report.tool.version);
    let is_semantic = version.split('.').count() >= 3 && version.starts_with(|ch: char| ch.is_ascii_digit());
    Driver {
        name: "driftline",
        semantic_version: is_semantic.then(|| version.clone()),
        version,
        information_uri: options.links.codes.as_ref().map(|page| page.as_str().to_owned()),
        rules: rules::descriptors(options.links.codes.as_ref()),
        notifications: KINDS.iter().map(|(id, message)| kind(id, message)).collect(),
    }
}

fn kind(id: &str, message: &str) -> ReportingDescriptor {
    ReportingDescriptor {
        id: id.to_owned(),
        name: rules::pascal_case(id),
        short_description: Text::plain(sentence(message)),
        full_description: Text::plain(sentence(message)),
        // GitHub asks for it.
        help: Some(Text::plain(sentence(message))),
        help_uri: None,
        default_configuration: Configuration { level: "note" },
        properties: None,
    }
}

/// Whether the scan ran to its end. What it found, and what it may not read, is another question.
const fn is_successful(report: &Report) -> bool {
    match report.outcome {
        Outcome::Clean | Outcome::Drift | Outcome::Incomplete => report.stopped.is_none(),
        Outcome::Error => false,
    }
}

/// The standard's word for a severity.
const fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// Text as the standard wants it in a message: braces are doubled, because `{0}` is a placeholder there, and what looks
/// like a link is broken.
fn message(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The counts of the report, and how many entries of earlier scans are resolved.
fn counts(report: &Report) -> Value {
    json!({
        "cluster": entry::safe(&report.cluster.name),
        "outcome": report.outcome,
        "headline": headline(report),
        "summary": report.summary,
        "resolved": report.resolved.len(),
    })
}

/// The remarks on the run: what could not be read, what is left out, and the notes. The numbers are those of all entries, of
/// the results, and of the results that GitHub shows.
fn notifications(
    report: &Report,
    locations: Locations<'_>,
    [all, written, shown]: [usize; 3],
) -> Vec<Notification> {
    let mut notifications = Vec::new();
    let mut add =
        |level: &'static str, kind: (&'static str, &str), texts: &mut dyn Iterator<Item = String>| {
            let index = KINDS.iter().position(|known| *known == kind).unwrap_or_default();
            let notification = |text: &str| Notification {
                descriptor: DescriptorReference { id: kind.0, index },
                level,
                message: Text::plain(message(&full_stop(text))),
            };
            notifications.extend((&mut *texts).take(NOTIFICATIONS).map(|text| notification(&text)));
            let more = texts.count();
            if more > 0 {
                notifications.push(notification(&format!(
                    "{} of this kind",
                    count(more, "more notification")
                )));
            }
        };
    add("error", SCAN_ERROR, &mut entry::failures(report));
    let left_out = [
        (all > written).then(|| {
            format!(
                "{} left out, the least severe ones, because GitHub takes no more",
                count(all - written, "result")
            )
        }),
        (written > shown).then(|| format!("GitHub shows the first {shown} of {}", count(written, "result"))),
    ];
    add("warning", LEFT_OUT, &mut left_out.into_iter().flatten());
    add(
        "warning",
        SCAN_NOTE,
        &mut locations.remarks(&report.releases).into_iter(),
    );
    let notes = report.notes.iter();
    add(
        "note",
        SCAN_NOTE,
        &mut notes.map(|note| entry::safe(&format!("{}: {}", note.scope, note.message))),
    );
    let orphans = report.orphans.iter().flatten().map(|orphan| {
        let objects = count(orphan.objects.len(), "object");
        entry::safe(&format!(
            "{}: {}; {objects} left",
            orphan.full_name(),
            orphan.records.message()
        ))
    });
    add("note", ORPHANS, &mut { orphans });
    notifications
}

/// How much of a log may still be written, as it is compressed.
struct Budget {
    encoder: GzEncoder<Counter>,
    bytes: u64,
}

/// Counts bytes and keeps none.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Budget {
    fn of(bytes: u64) -> Self {
        Self {
            encoder: GzEncoder::new(Counter(0), Compression::fast()),
            bytes,
        }
    }

    /// Whether there is room for a result, which is taken then.
    fn takes(&mut self, result: &SarifResult) -> io::Result<bool> {
        serde_json::to_writer(&mut self.encoder, result)?;
        Ok(self.encoder.get_ref().0 < self.bytes)
    }
}

#[cfg(test)]
mod tests;
