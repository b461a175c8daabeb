//! The report as its readers get it: one renderer per format, all of them rendered from [`crate::model::Report`].
//!
//! A format is a file of this folder, its word in [`Format`], and its arm in the match that finds its renderer. The
//! command line takes names, help and what each command accepts from here.

pub mod json;
pub mod rights;
pub mod sanitize;
pub mod summary;
pub mod text;
pub(crate) mod words;

use std::io::{self, Write};

use self::text::TextOptions;
use crate::model::Report;
use crate::vocabulary::codes;

codes! {
    /// The formats of a report.
    Format {
        Text = "text": "For people",
        Json = "json": "The contract `driftline.report/v1`",
    }
}

/// The kinds of reports: each command that prints a report has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// The releases and their drift, as `driftline scan` prints them.
    Scan,
    /// The state of one release and the commands that mend it, as `driftline diagnose` prints them.
    Diagnosis,
}

/// How a report is rendered. Each format takes from it what it knows to use.
#[derive(Debug, Clone, Copy)]
pub struct RenderOptions {
    /// The kind of report to write.
    pub kind: ReportKind,
    /// How text is laid out.
    pub text: TextOptions,
}

type Renderer = fn(&Report, &RenderOptions, &mut dyn Write) -> io::Result<()>;

impl Format {
    /// The formats of a kind of report, the default first.
    pub fn of(kind: ReportKind) -> impl Iterator<Item = Self> {
        let formats = Self::ALL.iter().copied();
        formats.filter(move |format| format.renderer(kind).is_some())
    }

    /// The function that writes a kind of report in this format; `None` where the format has no form for it.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "a format may have no form for a kind of report, though all have one today"
    )]
    fn renderer(self, kind: ReportKind) -> Option<Renderer> {
        match (self, kind) {
            (Self::Text, ReportKind::Scan) => {
                Some(|report, options, out| text::render(report, &options.text, out))
            }
            (Self::Text, ReportKind::Diagnosis) => {
                Some(|report, options, out| text::diagnosis::render(report, &options.text, out))
            }
            (Self::Json, ReportKind::Scan | ReportKind::Diagnosis) => {
                Some(|report, _, out| json::render(report, out))
            }
        }
    }
}

/// Writes a report.
pub fn render(
    report: &Report,
    format: Format,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format.renderer(options.kind) {
        Some(renderer) => renderer(report, options, out),
        None => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("the format {format} has no form for this kind of report"),
        )),
    }
}

#[cfg(test)]
mod contract;
#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod golden;
