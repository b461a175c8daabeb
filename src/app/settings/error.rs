//! Why settings cannot be used: each error says where the mistake is and what would be right.

use std::path::PathBuf;

use crate::notify::section::SectionError;
use crate::policy::managers::ManagerPatternError;
use crate::policy::redact::KeyPatternError;

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
    /// The notifications cannot be sent as configured.
    #[error(transparent)]
    Notify(#[from] SectionError),
}
