//! Where output goes, and how it is laid out there: colour is for terminals, and so is a limit to the width.

use std::io::{self, IsTerminal, Write};

use anyhow::Context as _;

use super::cli::{Color, Global};
use super::environment;
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

/// Renders a report for its destination.
pub(super) fn render(
    report: &Report,
    format: Format,
    kind: ReportKind,
    global: &Global,
    destination: Destination,
) -> anyhow::Result<Vec<u8>> {
    let options = RenderOptions {
        kind,
        text: text_options(global, destination),
    };
    let mut bytes = Vec::new();
    report::render(report, format, &options, &mut bytes)?;
    Ok(bytes)
}

/// How a text report is laid out for its destination.
fn text_options(global: &Global, destination: Destination) -> TextOptions {
    TextOptions {
        palette: if destination.has_colour(global.color) {
            Palette::COLOUR
        } else {
            Palette::PLAIN
        },
        medium: Medium::detect(|name| environment::variable(name).is_some()),
        width: match destination {
            Destination::Terminal => terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
            Destination::File => None,
        },
    }
}

/// Writes to standard output. A broken pipe is no error: the reader needs no more.
pub(super) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the output")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
