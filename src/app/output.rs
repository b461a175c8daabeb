//! Where output goes, and how it is laid out there: colour is for terminals, and so is a limit to the width.
//!
//! A report is rendered and written on a thread of its own, so that the deadline and signals reach the program whatever
//! its reader does. It is none of the threads that work on answers: after the deadline these may still be busy.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use anyhow::Context as _;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::cli::{Color, Global};
use super::environment;
use super::output_file::{self, Attempt};
use super::stop::Stop;
use crate::model::Report;
use crate::report::sanitize::Medium;
use crate::report::text::{Palette, TextOptions};
use crate::report::{self, Format, RenderOptions, ReportKind};

/// The kind of place that text is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// A terminal, with a person in front of it.
    Terminal,
    /// A file or a pipe.
    File,
}

impl Destination {
    /// The kind of place that a stream is connected to.
    pub fn of(stream: &impl IsTerminal) -> Self {
        if stream.is_terminal() {
            Self::Terminal
        } else {
            Self::File
        }
    }

    /// Whether text may have colour there.
    pub fn has_colour(self, color: Color) -> bool {
        match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                self == Self::Terminal
                    && environment::variable("NO_COLOR").is_none()
                    && environment::variable("TERM").is_some_and(|terminal| terminal != "dumb")
            }
        }
    }
}

/// A report that is to be written: what, in which format, and where to.
pub(super) struct ReportOutput {
    /// The report.
    pub(super) report: Arc<Report>,
    /// The format.
    pub(super) format: Format,
    /// The kind of report.
    pub(super) kind: ReportKind,
    /// The file; standard output without one.
    pub(super) file: Option<PathBuf>,
}

impl ReportOutput {
    /// Writes the report, unless the time for it is over before. Whatever then still goes on is left behind: rendering
    /// stops at its next write, and a thread that hangs in a write, because nobody reads, ends with the process.
    pub(super) async fn write(self, global: &Global, stop: &Stop) -> anyhow::Result<()> {
        let destination = match &self.file {
            Some(_) => Destination::File,
            None => Destination::of(&io::stdout()),
        };
        let options = RenderOptions {
            kind: self.kind,
            text: text_options(global, destination),
        };
        let place = self.file.as_ref().map_or_else(
            || "to standard output".to_owned(),
            |path| format!("to {}", path.display()),
        );
        // By default, a file that grows beyond the limit of the process (`ulimit -f`) kills it, and its temporary file would
        // stay. With a handler, the write fails.
        let _limit = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
        let attempt = Attempt::default();
        let written = {
            let attempt = attempt.clone();
            let (sender, written) = oneshot::channel();
            // Nobody listens any more when the step is over.
            let write = move || drop(sender.send(self.write_now(&options, &attempt)));
            thread::Builder::new()
                .spawn(write)
                .context("no thread can be started to write the report")?;
            written
        };
        match stop.last_step(written).await {
            Ok(Ok(written)) => written,
            Ok(Err(_)) => anyhow::bail!("the report cannot be written {place}: rendering it failed"),
            Err(reason) => {
                attempt.abandon();
                anyhow::bail!("the report was not written {place}: {}", reason.reason())
            }
        }
    }

    fn write_now(&self, options: &RenderOptions, attempt: &Attempt) -> anyhow::Result<()> {
        let render = |out: &mut dyn Write| {
            let mut out = BufWriter::new(attempt.watch(out));
            report::render(&self.report, self.format, options, &mut out)?;
            out.flush()
        };
        match &self.file {
            Some(path) => output_file::write(path, attempt, render)
                .with_context(|| format!("the report cannot be written to {}", path.display())),
            None => unless_closed(render(&mut io::stdout().lock())),
        }
    }
}

/// The reader of all output. Where a CI runner reads the report, it reads standard error too.
pub(super) fn medium() -> Medium {
    Medium::detect(|name| environment::variable(name).is_some())
}

/// How a text report is laid out for its destination.
fn text_options(global: &Global, destination: Destination) -> TextOptions {
    TextOptions {
        palette: if destination.has_colour(global.color) {
            Palette::COLOUR
        } else {
            Palette::PLAIN
        },
        medium: medium(),
        width: match destination {
            Destination::Terminal => terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
            Destination::File => None,
        },
    }
}

/// How text is laid out on standard output.
pub(super) fn text_options_of_stdout(global: &Global) -> TextOptions {
    text_options(global, Destination::of(&io::stdout()))
}

/// Writes to standard output.
pub(super) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    unless_closed(out.write_all(bytes).and_then(|()| out.flush()))
}

/// The result of writing to standard output. A broken pipe is no error: the reader needs no more.
fn unless_closed(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the output")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
