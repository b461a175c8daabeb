//! Where output goes, and how it is laid out there: colour is for terminals, and so is a limit to the width.
//!
//! A report is rendered and written on a thread of its own, so that the deadline and signals reach the program whatever
//! its reader does. It is none of the threads that work on answers: after the deadline these may still be busy.

mod asked;
pub(super) mod file;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Seek as _, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use futures::future::join_all;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

pub use self::asked::{Output, OutputsError};
pub(super) use self::asked::{OutputParser, apart, file_as_typed, outputs, parts};
use self::file::Attempt;
use super::cli::{Color, Global};
use super::environment;
use super::pager::{Pager, Shown};
use super::stop::{Abort, Stop};
use crate::model::Report;
use crate::report::links::Links;
use crate::report::sanitize::Medium;
use crate::report::summary::FailOn;
use crate::report::text::{Detail, Extent, Palette, TextOptions};
use crate::report::{self, RenderOptions, ReportKind};

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

/// A report that is to be written: what, in which formats, and where to.
#[derive(Clone)]
pub(super) struct ReportOutput {
    /// The report.
    pub(super) report: Arc<Report>,
    /// The kind of report.
    pub(super) kind: ReportKind,
    /// The formats, each with its place, of which at most one is standard output.
    pub(super) outputs: Vec<Output>,
    /// What it points to.
    pub(super) links: Links,
    /// What makes the command fail.
    pub(super) fail_on: FailOn,
    /// How much of it is printed as text.
    pub(super) detail: Detail,
    /// How much of what is long a terminal shows. Files and pipes get all of it.
    pub(super) extent: Extent,
}

/// What became of the outputs of a report.
#[must_use = "what is to be read in a pager is not shown yet, and what failed is not told"]
#[derive(Default)]
pub(super) struct Written {
    /// What a pager is to show, in a file without a name.
    paged: Option<(Pager, File)>,
    /// What could not be written, in the order of the outputs.
    failures: Vec<anyhow::Error>,
}

impl ReportOutput {
    /// Writes the report in all of its formats, side by side: what cannot be written, or is not read, keeps back nothing
    /// else. Whatever still goes on when the time for it is over is left behind: rendering stops at its next write, and a
    /// thread that hangs in a write, because nobody reads, ends with the process.
    pub(super) async fn write(self, global: &Global, stop: &Stop) -> Written {
        // By default, a file that grows beyond the limit of the process (`ulimit -f`) kills it, and its temporary file would
        // stay. With a handler, the write fails.
        let _limit = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
        let outputs = self.outputs.iter();
        let results = join_all(outputs.map(|output| self.write_one(output, global, stop))).await;
        let mut written = Written::default();
        for result in results {
            match result {
                Ok(paged) => written.paged = paged.or(written.paged),
                Err(error) => written.failures.push(error),
            }
        }
        written
    }

    /// Writes one output, and returns what a pager is to show of it.
    async fn write_one(
        &self,
        output: &Output,
        global: &Global,
        stop: &Stop,
    ) -> anyhow::Result<Option<(Pager, File)>> {
        let destination = match &output.file {
            Some(_) => Destination::File,
            None => Destination::of(&io::stdout()),
        };
        let options = RenderOptions {
            kind: self.kind,
            links: self.links.clone(),
            text: TextOptions {
                detail: self.detail,
                fail_on: self.fail_on,
                ..text_options(global, destination, self.extent)
            },
        };
        let place = output.file.as_ref().map_or_else(
            || "to standard output".to_owned(),
            |path| format!("to {}", path.display()),
        );
        let pager = pager(global, destination);
        let attempt = Attempt::default();
        let write = {
            let (report, output, attempt) = (Arc::clone(&self.report), output.clone(), attempt.clone());
            move || write_now(&report, &output, &options, pager, &attempt)
        };
        match stop.last_step(on_a_thread(write)?).await {
            Ok(Ok(written)) => written,
            Ok(Err(_)) => anyhow::bail!("the report cannot be written {place}: rendering it failed"),
            Err(reason) => {
                attempt.abandon();
                anyhow::bail!("the report was not written {place}: {}", reason.reason())
            }
        }
    }
}

/// Renders a report to its place, or to a file for a pager.
fn write_now(
    report: &Report,
    output: &Output,
    options: &RenderOptions,
    pager: Option<Pager>,
    attempt: &Attempt,
) -> anyhow::Result<Option<(Pager, File)>> {
    let render = |out: &mut dyn Write| {
        let mut out = BufWriter::new(attempt.watch(out));
        report::render(report, output.format, options, &mut out)?;
        out.flush()
    };
    if let Some(path) = &output.file {
        file::write(path, attempt, render)
            .with_context(|| format!("the report cannot be written to {}", path.display()))?;
        return Ok(None);
    }
    match pager.map(|pager| (pager, in_a_file(render))) {
        Some((pager, Ok(file))) => Ok(Some((pager, file))),
        // A full disk, or no folder for temporary files: the terminal needs neither.
        Some((_, Err(_))) | None => unless_closed(render(&mut io::stdout().lock())).map(|()| None),
    }
}

impl Written {
    /// Shows what is to be read in a pager, and waits until the person has read it. A pager that fails is none.
    ///
    /// # Errors
    ///
    /// Something could not be written or shown. Of several such errors the last is returned, and the others are logged.
    pub(super) async fn show(mut self, stop: &Stop) -> anyhow::Result<()> {
        if let Some((pager, file)) = self.paged {
            self.failures.extend(page(pager, file, stop).await.err());
        }
        let last = self.failures.pop();
        for error in self.failures {
            tracing::error!("{error:#}");
        }
        last.map_or(Ok(()), Err)
    }
}

/// Shows a file in a pager.
async fn page(pager: Pager, mut file: File, stop: &Stop) -> anyhow::Result<()> {
    match pager.show(&mut file, stop).await {
        Shown::Read => return Ok(()),
        Shown::Ended => anyhow::bail!("the run was asked to end while its output was read"),
        Shown::Failed => {}
    }
    let print = move || {
        file.rewind().context("the output cannot be printed")?;
        unless_closed(io::copy(&mut file, &mut io::stdout().lock()).map(drop))
    };
    match stop.last_step(on_a_thread(print)?).await {
        Ok(printed) => printed.context("the output cannot be printed")?,
        Err(reason) => anyhow::bail!("the output was not printed: {}", reason.reason()),
    }
}

/// Does something on a thread of its own, and hands over what comes of it.
fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<oneshot::Receiver<T>> {
    let (sender, done) = oneshot::channel();
    // Nobody listens any more when the step is over.
    thread::Builder::new()
        .spawn(move || drop(sender.send(work())))
        .context("no thread can be started to write the output")?;
    Ok(done)
}

/// Writes to a file without a name, which only this process and those that it starts can read.
fn in_a_file(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    write(&mut file)?;
    Ok(file)
}

/// Prints a text that nothing has to be read for, on a terminal in a pager.
pub(super) async fn show(text: &str, global: &Global, abort: Abort) -> anyhow::Result<()> {
    let Some(pager) = pager(global, Destination::of(&io::stdout())) else {
        return print(text.as_bytes());
    };
    let Ok(file) = in_a_file(|file| file.write_all(text.as_bytes())) else {
        return print(text.as_bytes());
    };
    let stop = Stop::after(Duration::MAX, abort)?;
    page(pager, file, &stop).await
}

/// The pager for output to this place; `None` where it goes there as it is.
fn pager(global: &Global, destination: Destination) -> Option<Pager> {
    match (destination, medium()) {
        (Destination::Terminal, Medium::Terminal) if !global.no_pager => {
            Pager::choose(environment::variable_or_empty)
        }
        (Destination::Terminal | Destination::File, Medium::Terminal | Medium::CiLog) => None,
    }
}

/// The reader of all output. Where a CI runner reads the report, it reads standard error too.
pub(super) fn medium() -> Medium {
    Medium::detect(|name| environment::variable(name).is_some())
}

/// How a text report is laid out for its destination.
fn text_options(global: &Global, destination: Destination, on_terminal: Extent) -> TextOptions {
    let medium = medium();
    TextOptions {
        palette: if destination.has_colour(global.color) {
            Palette::COLOUR
        } else {
            Palette::PLAIN
        },
        medium,
        width: match destination {
            Destination::Terminal => terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
            Destination::File => None,
        },
        fail_on: FailOn::DRIFT,
        extent: match (destination, medium) {
            (Destination::Terminal, Medium::Terminal) => on_terminal,
            // Nobody can ask for the rest of a log, and a runner may well have its jobs write to a terminal.
            (Destination::Terminal, Medium::CiLog) | (Destination::File, _) => Extent::Whole,
        },
        detail: Detail::Full,
    }
}

/// How text is laid out on standard output.
pub(super) fn text_options_of_stdout(global: &Global) -> TextOptions {
    text_options(global, Destination::of(&io::stdout()), Extent::Short)
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
