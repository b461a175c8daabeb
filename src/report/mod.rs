//! The report as its readers get it: one renderer per format, all of them rendered from [`crate::model::Report`].
//!
//! A format is a file of this folder, its word in [`Format`], and its arm in the match that finds its renderer. The
//! command line takes names, help and what each command accepts from here.

pub(crate) mod alike;
mod ci;
mod html;
pub mod identity;
pub mod idle;
pub mod json;
pub mod links;
mod markdown;
pub mod merge;
pub mod metrics;
mod narrow;
mod origin;
pub mod rights;
pub mod sanitize;
pub mod sources;
pub mod summary;
pub mod text;
pub(crate) mod urgency;
pub mod values;
pub(crate) mod words;
mod yaml;

use std::io::{self, Write};

use self::links::Links;
use self::text::TextOptions;
use crate::model::Report;
use crate::vocabulary::{UnknownName, codes};

codes! {
    /// The formats of a report.
    Format {
        Text = "text": "For people",
        Json = "json": "The contract `driftline.report/v1`",
        Wide = "wide": "A table with one line for each release",
        Yaml = "yaml": "The contract `driftline.report/v1` as YAML",
        Markdown = "markdown": "For pull requests and summaries of jobs",
        Sarif = "sarif": "SARIF 2.1.0, for GitHub code scanning",
        Junit = "junit": "A test report in XML, with a test for each release",
        Gitlab = "gitlab": "GitLab Code Quality",
        Github = "github": "Annotations of a GitHub workflow",
        Html = "html": "A web page, which needs nothing but a browser",
    }
}

/// The kinds of reports: each command that prints a report has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// The releases and their drift, as `driftline scan` prints them.
    Scan,
    /// The state of one release and the commands that mend it, as `driftline diagnose` prints them.
    Diagnosis,
    /// What an operation of Helm would do, as `driftline preview` prints it.
    Preview,
}

impl ReportKind {
    /// The kind of a report, by what it has of its releases.
    pub fn of(report: &Report) -> Self {
        if report.releases.iter().any(|release| release.preview.is_some()) {
            Self::Preview
        } else if report.releases.iter().any(|release| release.detail.is_some()) {
            Self::Diagnosis
        } else {
            Self::Scan
        }
    }

    /// The kind in the words of a sentence.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Scan => "the report of a scan",
            Self::Diagnosis => "a diagnosis",
            Self::Preview => "a preview",
        }
    }
}

/// How a report is rendered. Each format takes from it what it knows to use.
#[derive(Debug, Clone)]
pub struct RenderOptions {
    /// The kind of report to write.
    pub kind: ReportKind,
    /// What it points to.
    pub links: Links,
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

    /// The format of a report where only a variable of the environment names one: that format, if this kind of report has
    /// it. The variable is one for all commands.
    pub fn by_default(kind: ReportKind, variable: &str) -> Result<Self, UnknownName> {
        let named = variable.parse::<Self>()?;
        Ok(named.renderer(kind).map_or(Self::Text, |_| named))
    }

    /// Whether the report ends with its answer in a line for people.
    pub const fn ends_with_the_answer(self) -> bool {
        match self {
            Self::Text => true,
            Self::Json
            | Self::Yaml
            | Self::Wide
            | Self::Markdown
            | Self::Sarif
            | Self::Junit
            | Self::Gitlab
            | Self::Github
            | Self::Html => false,
        }
    }

    /// Whether it says in which file that is of which it tells.
    pub const fn has_places(self) -> bool {
        match self {
            Self::Sarif | Self::Gitlab | Self::Github => true,
            Self::Text | Self::Json | Self::Wide | Self::Yaml | Self::Markdown | Self::Junit | Self::Html => {
                false
            }
        }
    }

    /// The function that writes a kind of report in this format; `None` where the format has no form for it.
    fn renderer(self, kind: ReportKind) -> Option<Renderer> {
        match (self, kind) {
            (Self::Text, ReportKind::Scan) => {
                Some(|report, options, out| text::render(report, &options.text, out))
            }
            (Self::Text, ReportKind::Diagnosis) => {
                Some(|report, options, out| text::diagnosis::render(report, &options.text, out))
            }
            (Self::Text, ReportKind::Preview) => {
                Some(|report, options, out| text::preview::render(report, &options.text, out))
            }
            (Self::Json, ReportKind::Scan | ReportKind::Diagnosis | ReportKind::Preview) => {
                Some(|report, _, out| json::render(report, out))
            }
            (Self::Wide, ReportKind::Scan) => {
                Some(|report, options, out| text::wide::render(report, &options.text, out))
            }
            (Self::Markdown, ReportKind::Scan) => Some(|report, options, out| {
                let codes = options.links.codes.as_ref();
                markdown::render(report, &options.text, markdown::LIMIT, codes, out)
            }),
            (Self::Sarif, ReportKind::Scan) => Some(ci::sarif::render),
            (Self::Junit, ReportKind::Scan) => Some(ci::junit::render),
            (Self::Gitlab, ReportKind::Scan) => Some(ci::gitlab::render),
            (Self::Github, ReportKind::Scan) => Some(ci::github::render),
            (
                Self::Wide
                | Self::Markdown
                | Self::Sarif
                | Self::Junit
                | Self::Gitlab
                | Self::Github
                | Self::Html,
                ReportKind::Diagnosis | ReportKind::Preview,
            ) => None,
            (Self::Yaml, ReportKind::Scan | ReportKind::Diagnosis | ReportKind::Preview) => {
                Some(|report, _, out| yaml::render(report, out))
            }
            (Self::Html, ReportKind::Scan) => Some(html::render),
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
#[cfg(test)]
mod screens;
