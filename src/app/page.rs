//! How commands about one release print their page: they read what it is about, and write the report of their kind.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::cli::Global;
use super::ending::Ending;
use super::environment;
use super::output::{Output, ReportOutput, file_as_typed, outputs, parts};
use super::scanning::read;
use super::settings::Reading;
use super::stop::{Abort, Stop};
use crate::model::Report;
use crate::report::links::Links;
use crate::report::summary::FailOn;
use crate::report::text::{Detail, Extent};
use crate::report::{Format, ReportKind};

/// The variable of the environment that names the format of every command's reports.
const OUTPUT: &str = "DRIFTLINE_OUTPUT";

/// A page to print.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The kind of its report.
    pub(super) kind: ReportKind,
    /// The outputs that the command line names.
    pub(super) outputs: &'a [Output],
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
        let asked = if self.outputs.is_empty() {
            vec![by_default(self.kind)?]
        } else {
            self.outputs.to_vec()
        };
        let outputs = outputs(asked, self.file)?;
        let stop = Stop::after(reading.timeout, abort)?;
        let report = Arc::new(read(reading, global, &stop).await?);
        let output = ReportOutput {
            report: Arc::clone(&report),
            kind: self.kind,
            outputs,
            links: Links::default(),
            fail_on: FailOn::DRIFT,
            detail: Detail::Full,
            extent: Extent::Short,
        };
        let ending = Ending::of(&output, global);
        output.write(global, &stop).await.show(&stop).await?;
        ending.say();
        Ok(report)
    }
}

/// The output of a command that names none: what a variable of the environment names, if this kind of report has it.
fn by_default(kind: ReportKind) -> anyhow::Result<Output> {
    let Some(named) = environment::variable(OUTPUT) else {
        return Ok(Output::to_stdout(Format::Text));
    };
    let (name, file) = parts(OsStr::new(&named));
    let name = name.to_string_lossy();
    let format = Format::by_default(kind, &name).context(OUTPUT)?;
    // Else it is the file of another format than the one that is written.
    let file = file.filter(|_| format.as_str() == name);
    let file = file_as_typed(format, file).context(OUTPUT)?;
    Ok(Output { format, file })
}
