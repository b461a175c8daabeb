//! Why settings cannot be used: each error says where the mistake is and what would be right.

use std::path::{Path, PathBuf};

use crate::notify::pushgateway::settings::PushgatewaySettingsError;
use crate::notify::section::SectionError;
use crate::policy::managers::ManagerPatternError;
use crate::policy::redact::KeyPatternError;
use crate::report::Format;
use crate::report::summary::Contradiction;

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("the {what} {} cannot be read", .path.display())]
    Unreadable {
        /// The purpose of the file.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The configuration file has a mistake.
    #[error("{}{}: {problem}", .path.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: Option<u64>,
        /// The mistake, and what would be right.
        problem: String,
    },
    /// A setting of the configuration file cannot be used.
    #[error("{}{}", .path.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
    InFile {
        /// The file.
        path: PathBuf,
        /// The line, where it is known.
        line: Option<u64>,
        /// The mistake.
        source: Box<SettingsError>,
    },
    /// A redaction rule is not a pattern.
    #[error("redact.keys")]
    Redact(#[from] KeyPatternError),
    /// The name of a manager is not a pattern.
    #[error("managers")]
    Managers(#[from] ManagerPatternError),
    /// An ignore rule has nothing but a reason.
    #[error(
        "ignore rule {0} would ignore everything: give it at least one of kind, api_version, namespace, name, \
         release, labels, path, manager and code"
    )]
    EmptyIgnoreRule(usize),
    /// A path of an ignore rule counts the elements of a list that are named by their keys.
    #[error(
        "ignore rule {rule} would match nothing: `{path}` asks for a position in a list whose elements are named by {key}; write \
         [{key}=VALUE], or [*] for any element"
    )]
    CountedList {
        /// The number of the rule.
        rule: usize,
        /// The path.
        path: String,
        /// The first key of the elements.
        key: String,
    },
    /// The key of the annotation by which objects opt out has no prefix.
    #[error(
        "ignore_annotation is `{0}`, which is not the key of an annotation with a prefix, such as \
         example.com/driftline-ignore"
    )]
    IgnoreAnnotation(String),
    /// A snapshot cannot make dry runs.
    #[error(
        "a snapshot cannot confirm findings: leave out --confirm, or pass `--confirm none` where the \
         configuration file has scan.confirm"
    )]
    ConfirmSnapshot,
    /// The conditions of a failure contradict each other.
    #[error("--fail-on contradicts itself")]
    FailOn(#[from] Contradiction),
    /// Nothing tells what is new.
    #[error(
        "--fail-on new needs something to compare with: pass --baseline REPORT.json, or set `state`, where earlier scans \
         are remembered"
    )]
    NothingToCompareWith,
    /// The memory is of scans of the cluster.
    #[error(
        "--fail-on new needs a report to compare a snapshot with: pass --baseline REPORT.json; `state` remembers scans of the \
         cluster and is not used for a snapshot"
    )]
    NothingToCompareSnapshotWith,
    /// Nor of what Helm writes.
    #[error("a snapshot cannot confirm a preview, because dry runs need the API server: leave out --confirm")]
    ConfirmPreviewOfSnapshot,
    /// Helm's output says what it is about.
    #[error(
        "the manifests were rendered for release {name} in namespace {namespace}, and not for {asked} as it is named here: \
         give those of the same release, or name that one (`{name} -n {namespace}`)"
    )]
    RenderedForAnother {
        /// The namespace of the release that they were rendered for.
        namespace: String,
        /// Its name.
        name: String,
        /// The name that was given.
        asked: String,
    },
    /// Only text has a form without its details.
    #[error(
        "--summary is a form of the text report: leave out `-o {0}`, or the variable DRIFTLINE_OUTPUT; `-o wide` has one line \
         for each release"
    )]
    SummaryFormat(Format),
    /// Some of the records are not read.
    #[error(
        "--orphans compares objects with all release records, and -l reads only some of them: leave out one of the two"
    )]
    OrphansSelector,
    /// The records of one driver are not read.
    #[error(
        "--orphans compares objects with all release records, and HELM_DRIVER narrows them to one kind: unset it"
    )]
    OrphansDriver,
    /// Helm stores its records where driftline cannot read them.
    #[error(
        "HELM_DRIVER is `{0}`, and releases stored that way cannot be read; driftline reads `secret` and `configmap`"
    )]
    Driver(String),
    /// The metrics would stand in the midst of the report.
    #[error("--metrics-file needs the name of a file, and `-` is none; standard output has the report")]
    MetricsToStdout,
    /// The metrics cannot be pushed as configured.
    #[error("metrics.pushgateway")]
    Pushgateway {
        /// The line of the section.
        line: u64,
        /// The mistake, and what would be right.
        source: Box<PushgatewaySettingsError>,
    },
    /// The notifications cannot be sent as configured.
    #[error(transparent)]
    Notify(#[from] SectionError),
}

impl SettingsError {
    /// The same mistake, with the file that has it.
    pub(super) fn in_file(self, path: Option<&Path>) -> Self {
        let Some(path) = path else { return self };
        let line = match &self {
            Self::Notify(error) => error.line(),
            Self::Pushgateway { line, .. } => Some(*line),
            Self::Unreadable { .. }
            | Self::File { .. }
            | Self::InFile { .. }
            | Self::Redact(_)
            | Self::Managers(_)
            | Self::EmptyIgnoreRule(_)
            | Self::CountedList { .. }
            | Self::SummaryFormat(_)
            | Self::OrphansSelector
            | Self::OrphansDriver
            | Self::MetricsToStdout
            | Self::IgnoreAnnotation(_)
            | Self::FailOn(_)
            | Self::NothingToCompareWith
            | Self::NothingToCompareSnapshotWith
            | Self::ConfirmSnapshot
            | Self::ConfirmPreviewOfSnapshot
            | Self::RenderedForAnother { .. }
            | Self::Driver(_) => None,
        };
        Self::InFile {
            path: path.to_owned(),
            line,
            source: Box::new(self),
        }
    }
}
