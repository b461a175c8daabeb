//! The last lines of a report on standard error, where the report itself is not read: a job that fails has to say why.
//!
//! They are told where the report goes to a file, and where it is for machines and not clean. A pipe of a clean report
//! stays quiet.

use super::cli::Global;
use super::exit::{self, NotificationStatus, PreviewFailure};
use super::output::{ReportOutput, medium};
use super::stderr;
use crate::report::text::{self, TextOptions};
use crate::report::{Format, ReportKind};

/// The last lines of a report.
pub(super) struct Ending(Vec<String>);

impl Ending {
    /// The lines to tell of a report; none where they would say again what was read.
    pub(super) fn of(output: &ReportOutput, global: &Global) -> Self {
        let report = &output.report;
        let nothing = NotificationStatus::NothingToDeliver;
        let status = match output.kind {
            ReportKind::Scan => exit::of_scan(report, output.fail_on, nothing, None),
            ReportKind::Diagnosis => exit::of_diagnosis(report),
            ReportKind::Preview => exit::of_preview(report, &[PreviewFailure::Any]),
        };
        // A table without rows does not say that there are no releases.
        let mut outputs = output.outputs.iter();
        let on_stdout = outputs.find(|output| output.file.is_none());
        let is_told = on_stdout.is_none_or(|output| {
            let is_empty_table = output.format == Format::Wide && report.releases.is_empty();
            !output.format.ends_with_the_answer() && (status != exit::CLEAN || is_empty_table)
        });
        let mut lines = Vec::new();
        if is_told && !global.quiet {
            let options = TextOptions {
                medium: medium(),
                fail_on: output.fail_on,
                ..TextOptions::PLAIN
            };
            // Writing to memory does not fail.
            let _ = text::ending::write(&output.report, output.kind, &options, &mut lines);
        }
        let lines = String::from_utf8_lossy(&lines);
        Self(lines.lines().map(str::to_owned).collect())
    }

    /// Writes them to standard error.
    pub(super) fn say(&self) {
        self.0.iter().for_each(|line| stderr::say(line));
    }
}
