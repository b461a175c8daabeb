//! The last lines of a report on standard error, where the report itself is not read: a job that fails has to say why.
//!
//! They are told where the report goes to a file, and where it is for machines and not clean. A pipe of a clean report
//! stays quiet.

use super::cli::Global;
use super::output::{ReportOutput, medium};
use super::stderr;
use crate::report::text::{self, TextOptions};
use crate::vocabulary::Outcome;

/// The last lines of a report.
pub(super) struct Ending(Vec<String>);

impl Ending {
    /// The lines to tell of a report; none where they would say again what was read. `outcome` is that by which the exit
    /// status goes.
    pub(super) fn of(output: &ReportOutput, outcome: Outcome, global: &Global) -> Self {
        let is_told = match (&output.file, outcome) {
            (Some(_), _) => true,
            (None, Outcome::Clean) => false,
            (None, Outcome::Drift | Outcome::Incomplete | Outcome::Error) => {
                !output.format.ends_with_the_answer()
            }
        };
        let mut lines = Vec::new();
        if is_told && !global.quiet {
            let options = TextOptions {
                medium: medium(),
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
