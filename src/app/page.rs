//! How commands about one release print their page: they read what it is about, and write the report of their kind.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::cli::Global;
use super::ending::Ending;
use super::environment;
use super::output::{ReportOutput, file_of};
use super::scanning::read;
use super::settings::Reading;
use super::stop::{Abort, Stop};
use crate::model::Report;
use crate::report::summary::FailOn;
use crate::report::text::{Detail, Extent};
use crate::report::{Format, ReportKind};

/// The variable of the environment that names the format of every command's reports.
const OUTPUT: &str = "DRIFTLINE_OUTPUT";

/// A page to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    /// The kind of its report.
    pub(super) kind: ReportKind,
    /// The format that the command line names.
    pub(super) format: Option<Format>,
    /// The file that the command line names.
    pub(super) file: Option<&'a Path>,
}

impl Page<'_> {
    /// Reads what the page is about and prints it, and returns the report, on which the exit status depends.
    pub(super) async fn print(
        self,
        reading: Reading,
        global: &Global,
        abort: Abort,
    ) -> anyhow::Result<Arc<Report>> {
        let file = file_of(self.file)?;
        let format = match self.format {
            Some(format) => format,
            None => {
                Format::by_default(self.kind, environment::variable(OUTPUT).as_deref()).context(OUTPUT)?
            }
        };
        let stop = Stop::after(reading.timeout, abort)?;
        let report = Arc::new(read(reading, global, &stop).await?);
        let output = ReportOutput {
            report: Arc::clone(&report),
            format,
            kind: self.kind,
            fail_on: FailOn::Drift,
            detail: Detail::Full,
            file,
            extent: Extent::Short,
        };
        let ending = Ending::of(&output, global);
        output.write(global, &stop).await?.show(&stop).await?;
        ending.say();
        Ok(report)
    }
}
