//! Reports that earlier scans wrote as JSON, read back from a file or from standard input.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::cli::{Global, Names, StoredArgs};
use super::ending::Ending;
use super::output::{ReportOutput, outputs};
use super::stop::{self, Stop};
use crate::limited_file;
use crate::model::{ReadReportError, Report, ReportError};
use crate::policy::selection::Selection;
use crate::report::summary::FailOn;
use crate::report::text::{Detail, Extent};
use crate::report::{Format, ReportKind};
use crate::vocabulary::Outcome;

/// The largest report that is read, in bytes, and the most that several come to which are read together.
pub(super) const MAX_BYTES: u64 = 256 << 20;

/// What stands for standard input in place of a file.
pub(super) const STDIN: &str = "-";

/// Reads a report, unless the time is over before: a pipe that nobody writes to must not keep the program. The noun says what
/// the report is for.
pub(super) async fn read(noun: &str, path: &Path, stop: &Stop) -> anyhow::Result<Report> {
    let text = read_text(noun, path, MAX_BYTES, stop).await?;
    let parsing = move || report_of(&without_log_lines(text)?);
    of_blocking(noun, path, stop, parsing).await
}

/// Reads the reports that a file has, one after the other: one, or those of several Pods as `kubectl logs` prints them. At most
/// so many bytes are read; the number of those that were comes with the reports.
pub(super) async fn read_all(
    noun: &str,
    path: &Path,
    max_bytes: u64,
    stop: &Stop,
) -> anyhow::Result<(Vec<Report>, u64)> {
    let text = read_text(noun, path, max_bytes, stop).await?;
    let bytes = text.len() as u64;
    let parsing = move || -> anyhow::Result<Vec<Report>> {
        let parts = reports_in(text)?;
        let many = parts.len();
        let reports = parts.into_iter().enumerate().map(|(at, part)| {
            let report = report_of(&part);
            if many == 1 {
                return report;
            }
            let place = format!("report {} of the {many} in it", at + 1);
            // What it had may be in another one, of a Pod that was tried again; nobody can tell.
            let cut_off = |error: serde_json::Error| error.is_eof();
            if report.is_err() && serde_json::from_slice::<IgnoredAny>(&part).is_err_and(cut_off) {
                anyhow::bail!("{place} is cut off: take it out, and scan again what no other report is of");
            }
            report.context(place)
        });
        reports.collect()
    };
    Ok((of_blocking(noun, path, stop, parsing).await?, bytes))
}

/// What reads or parses a file, unless the time is over before: a pipe that nobody writes to must not keep the program.
async fn of_blocking<T: Send + 'static>(
    noun: &str,
    path: &Path,
    stop: &Stop,
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::select! {
        biased;
        stopped = stop.stopped() => anyhow::bail!("{} before the {noun} was read", stop::beginning(stopped)),
        done = tokio::task::spawn_blocking(work) => {
            done?.with_context(|| format!("the {noun} {} cannot be used", place_of(path)))
        }
    }
}

async fn read_text(noun: &str, path: &Path, max_bytes: u64, stop: &Stop) -> anyhow::Result<Vec<u8>> {
    let file = path.to_owned();
    let reading = move || {
        let json = if file == Path::new(STDIN) {
            limited_file::read_from(io::stdin(), max_bytes)
        } else {
            limited_file::read(&file, max_bytes)
        };
        json.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => anyhow::anyhow!("there is no such file"),
            io::ErrorKind::IsADirectory => anyhow::anyhow!("it is a folder, and no file"),
            io::ErrorKind::FileTooLarge if max_bytes < MAX_BYTES => {
                anyhow::anyhow!("with those before it, it is larger than {} MiB", MAX_BYTES >> 20)
            }
            _ => error.into(),
        })
    };
    of_blocking(noun, path, stop, reading).await
}

fn report_of(json: &[u8]) -> anyhow::Result<Report> {
    if is_log(json) {
        return Err(ReadReportError::NotJson.into());
    }
    let mut report = Report::from_json(json)?;
    admit_losses(&mut report);
    Ok(report)
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
    let mut reports = reports_in(text)?;
    match (reports.pop(), reports.len()) {
        (Some(report), 0) => Ok(report),
        (_, others) => anyhow::bail!("there are {} reports in it: give one of them", others + 1),
    }
}

/// The reports in a text, each without the lines of a log: as `-o json` writes them, or each on a line of its own. Where none
/// begins as one does, or the only one does not end, that is the text as it is.
///
/// # Errors
///
/// Beside a report there is another one in another form: nobody may take those that were found for all.
fn reports_in(text: Vec<u8>) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut reports: Vec<Vec<u8>> = Vec::new();
    let (mut is_within, mut is_ended) = (false, true);
    let mut is_one_left = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match line.trim_ascii_end() {
            b"{" => {
                reports.push(line.to_vec());
                (is_within, is_ended) = (true, false);
            }
            end => {
                let is_last = end == b"}";
                if let Some(report) = reports.last_mut()
                    && is_within
                    && (is_last || line.starts_with(b" "))
                {
                    report.extend_from_slice(line);
                    (is_within, is_ended) = (!is_last, is_last);
                } else if names_the_contract(line) {
                    if line.starts_with(b"{") && end.ends_with(b"}") {
                        reports.push(line.to_vec());
                        (is_within, is_ended) = (false, true);
                    } else {
                        is_one_left = true;
                    }
                }
            }
        }
    }
    match reports.len() {
        0 => Ok(vec![text]),
        1 if !is_ended => Ok(vec![text]),
        _ if is_one_left => anyhow::bail!(
            "beside the first report there is another one that is not as `-o json` prints it, such as one with other text on its \
             lines: give each in a file of its own"
        ),
        _ => Ok(reports),
    }
}

/// The beginning of the name of every version of the contract.
const CONTRACT: &[u8] = b"\"driftline.report/";

/// Whether a line says of which contract a report is, as every report does once.
fn names_the_contract(line: &[u8]) -> bool {
    line.windows(CONTRACT.len()).any(|part| part == CONTRACT)
}

/// Whether a text begins with a line of the program's own log in JSON, and goes on: the report is there in another format.
fn is_log(text: &[u8]) -> bool {
    let mut lines = text.trim_ascii_start().splitn(2, |byte| *byte == b'\n');
    let (Some(first), Some(rest)) = (lines.next(), lines.next()) else {
        return false;
    };
    let first: Option<Map<String, Value>> = serde_json::from_slice(first).ok();
    first.is_some_and(|first| first.contains_key("level") && !first.contains_key("schema"))
        && !rest.trim_ascii().is_empty()
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
    fn the_reports_of_several_pods_are_found_one_by_one() {
        let report = |number: u8| format!("{{\n  \"a\": {number}\n}}\n");
        let logs = format!("WARN x\n{}drift\n{}WARN y\n", report(1), report(2));
        let found = reports_in(logs.into()).unwrap();
        assert_eq!(found, [report(1).into_bytes(), report(2).into_bytes()]);
        // One that was cut off is none, and takes nothing of the next.
        let cut = format!("{{\n  \"a\": 1,\n{}", report(2));
        let found = reports_in(cut.into()).unwrap();
        assert_eq!(found, [b"{\n  \"a\": 1,\n".to_vec(), report(2).into_bytes()]);
        assert!(report_of(&found[0]).is_err());
    }

    /// What is not found must not be missed by nobody: another cluster's drift.
    #[test]
    fn a_report_in_another_form_is_read_too_or_refused() {
        let plain =
            |number: u8| format!("{{\n  \"schema\": \"driftline.report/v1\",\n  \"a\": {number}\n}}\n");
        let line = |number: u8| format!("{{\"schema\":\"driftline.report/v1\",\"a\":{number}}}\n");
        for (text, found) in [
            (plain(1) + &line(2), vec![plain(1), line(2)]),
            (line(1) + &plain(2), vec![line(1), plain(2)]),
            (line(1) + &line(2), vec![line(1), line(2)]),
            (line(1), vec![line(1)]),
        ] {
            let reports = reports_in(text.clone().into()).unwrap();
            assert_eq!(
                reports,
                found.into_iter().map(String::into_bytes).collect::<Vec<_>>(),
                "{text}"
            );
        }
        let indented = format!("  {}", plain(2).replace('\n', "\n  "));
        let prefixed = format!("[pod/x] {}", plain(2).replace('\n', "\n[pod/x] "));
        for other in [
            indented,
            prefixed,
            format!("\u{feff}{}", plain(2)),
            format!("x{}", line(2)),
        ] {
            for text in [plain(1) + &other, format!("{other}\n{}", plain(1))] {
                let error = reports_in(text.clone().into()).unwrap_err();
                assert!(error.to_string().contains("there is another one"), "{text}");
            }
        }
    }

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
