//! Reports that earlier scans wrote as JSON, read back from a file or from standard input.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::cli::{Global, Names, StoredArgs};
use super::ending::Ending;
use super::output::{ReportOutput, outputs};
use super::stop::{self, Stop};
use crate::limited_file;
use crate::model::{Report, ReportError};
use crate::policy::selection::Selection;
use crate::report::summary::FailOn;
use crate::report::text::{Detail, Extent};
use crate::report::{Format, ReportKind};
use crate::vocabulary::Outcome;

/// The largest report that is read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// What stands for standard input in place of a file.
pub(super) const STDIN: &str = "-";

/// Reads a report, unless the time is over before: a pipe that nobody writes to must not keep the program. The noun says what
/// the report is for.
pub(super) async fn read(noun: &str, path: &Path, stop: &Stop) -> anyhow::Result<Report> {
    let place = place_of(path);
    let path = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || -> anyhow::Result<Report> {
        let json = if path == Path::new(STDIN) {
            limited_file::read_from(io::stdin(), MAX_BYTES)
        } else {
            limited_file::read(&path, MAX_BYTES)
        };
        let json = json.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => anyhow::anyhow!("there is no such file"),
            io::ErrorKind::IsADirectory => anyhow::anyhow!("it is a folder, and no file"),
            _ => error.into(),
        })?;
        let mut report = Report::from_json(&without_log_lines(json)?)?;
        admit_losses(&mut report);
        Ok(report)
    });
    tokio::select! {
        biased;
        stopped = stop.stopped() => anyhow::bail!("{} before the {noun} was read", stop::beginning(stopped)),
        read = reading => read?.with_context(|| format!("the {noun} {place} cannot be used")),
    }
}

/// Says as an error of a report that a part of it was passed over: nobody may take what is left for the whole.
fn admit_losses(report: &mut Report) {
    if !report.is_of_other_words() {
        return;
    }
    report.errors.push(ReportError {
        scope: ReportError::REPORT.to_owned(),
        message: "another version of driftline made it, with words that this one does not know (the notes name them): what they \
                  stand for is missing here"
            .to_owned(),
    });
    if report.outcome == Outcome::Clean {
        report.outcome = Outcome::Incomplete;
    }
}

/// Where a report is, in a sentence.
pub(super) fn place_of(path: &Path) -> String {
    if path == Path::new(STDIN) {
        "on standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// A report without the lines of a log around it and in its midst, as `kubectl logs` prints it: `-o json` writes the braces of
/// the whole on lines of their own, and indents all the rest. Other JSON stays as it is.
///
/// # Errors
///
/// There are several reports.
fn without_log_lines(text: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let lines = || text.split_inclusive(|byte| *byte == b'\n');
    let is_first = |line: &[u8]| line.trim_ascii_end() == b"{";
    match lines().filter(|line| is_first(line)).count() {
        0 => return Ok(text),
        1 => {}
        several => anyhow::bail!("there are {several} reports in it: give one of them"),
    }
    let mut report = Vec::with_capacity(text.len());
    for line in lines().skip_while(|line| !is_first(line)) {
        let is_last = line.trim_ascii_end() == b"}";
        if is_last || report.is_empty() || line.starts_with(b" ") {
            report.extend_from_slice(line);
        }
        if is_last {
            return Ok(report);
        }
    }
    Ok(text)
}

/// The part of a report that is asked for.
pub(super) fn part(report: Report, args: &StoredArgs) -> Report {
    let selection = selection(args);
    if selection.is_everything() {
        report
    } else {
        report.narrowed(&selection)
    }
}

fn selection(args: &StoredArgs) -> Selection {
    fn names<T: Clone>(lists: &[Names<T>]) -> Vec<T> {
        lists.iter().flat_map(|Names(names)| names).cloned().collect()
    }
    Selection {
        namespaces: names(&args.namespaces),
        releases: names(&args.releases),
        ..Selection::default()
    }
}

/// Writes a stored report in the formats that are asked for.
pub(super) async fn write(
    report: Report,
    args: &StoredArgs,
    fail_on: FailOn,
    global: &Global,
    stop: &Stop,
) -> anyhow::Result<Arc<Report>> {
    let kind = ReportKind::of(&report);
    let outputs = outputs(args.output.outputs.clone(), None)?;
    for output in &outputs {
        if !Format::of(kind).any(|format| format == output.format) {
            let formats: Vec<&str> = Format::of(kind).map(Format::as_str).collect();
            anyhow::bail!(
                "{} has no form as {}: it can be printed as {}",
                kind.in_words(),
                output.format,
                formats.join(", ")
            );
        }
    }
    let report = Arc::new(if args.all || kind != ReportKind::Scan {
        report
    } else {
        report.without_in_sync()
    });
    let output = ReportOutput {
        report: Arc::clone(&report),
        kind,
        outputs,
        links: args.output.links(&report),
        fail_on,
        detail: match kind {
            ReportKind::Scan => Detail::asked(args.all, args.summary),
            ReportKind::Diagnosis | ReportKind::Preview => Detail::Full,
        },
        extent: Extent::asked(args.full, args.all),
    };
    let ending = Ending::of(&output, global);
    output.write(global, stop).await.show(stop).await?;
    ending.say();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_found_between_the_lines_of_a_log() {
        let report = "{\n  \"a\": [\n    1\n  ]\n}\n";
        let log = format!("2026-11-27 WARN x\n{{\"level\":\"WARN\"}}\n{report}drift: 1 release\n");
        let torn = "{\n  \"a\": [\nWARN the pager\n    1\n  ]\n}\n";
        for text in [report, &log, torn] {
            assert_eq!(without_log_lines(text.into()).unwrap(), report.as_bytes());
        }
        for text in ["{\"a\":1}", "{\n  \"a\"", "", "a\nb"] {
            assert_eq!(
                without_log_lines(text.into()).unwrap(),
                text.as_bytes(),
                "stays as it is"
            );
        }
        let two = format!("{report}WARN again\n{report}");
        let error = without_log_lines(two.into()).unwrap_err();
        assert_eq!(error.to_string(), "there are 2 reports in it: give one of them");
    }
}
