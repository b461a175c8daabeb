//! Everything a scan needs, as files: taken once, scanned anywhere, compared with `diff -r`.
//!
//! A snapshot is the answers that a [`Source`](crate::source::Source) gave to one scan. [`Recorder`] stands between
//! a scan and its source and writes down every answer; [`SnapshotSource`] gives the same answers without a cluster.
//! So a snapshot holds the data that one scan read, no more: a later scan may read less of it, and an object beyond it is
//! `not recorded`, never `missing`.
//!
//! # Layout
//!
//! ```text
//! snapshot.json                                         the listings, the refusals, and the kinds that are served
//! releases/NAMESPACE/DRIVER/OBJECT.json                 a release record, decoded: no values, and of the chart its name,
//!                                                       its version, the SHA-256 of each file in crds/ and
//!                                                       the names of templates that read live objects
//! releases/NAMESPACE/DRIVER/OBJECT.chart.json           with `--with-values`, the chart and the values of a drifted
//!                                                       release, as Helm's JSON has them
//! releases/NAMESPACE/DRIVER/OBJECT.payload              a record that could not be decoded, as it was stored
//! objects/GROUP/VERSION/KIND/NAMESPACE/NAME.json        a live object
//! schemas/GROUP/VERSION.json                            an OpenAPI v3 document, without its paths
//! ```
//!
//! `NAMESPACE` is that of the records, or `_cluster` for cluster-scoped objects; `GROUP` is `core` for the core
//! group. Names may be hostile, so whatever is not a letter, a digit, `-`, or an inner `.` or `_` is written as
//! `%XX`, and long names go on in a directory below one that ends in `%`.
//!
//! `snapshot.json` is written last: a directory without it is an incomplete snapshot. It holds
//!
//! - `format`, `tool`, `cluster`, `takenAt` and `values` (`kept` or `redacted`);
//! - `listings`: the stored revisions, as often as they were listed with another outcome. A scan lists them again
//!   when it is done, to tell what changed meanwhile, and so does a scan of the snapshot; the last ones may lack
//!   superseded revisions;
//! - `kinds`: how the kinds are addressed that the scan asked for or that a recorded manifest names, as far as they
//!   are served, and the groups that did not answer;
//! - `owned`: with `--orphans`, the objects whose release had no record, by their names;
//! - `terminatingNamespaces`: those that were being deleted, of the namespaces that the rest speaks of;
//! - `surroundings`: what is around the objects of the operations that were previewed, without values;
//! - `records`, `objects` and `schemas`: the answers without a file, because something does not exist or could not be
//!   read.
//!
//! Files are for their owner alone (0600 in directories of 0700): a snapshot that keeps its values holds the
//! cluster's Secrets.
//!
//! A snapshot may also come from somebody else. Nothing outside of its folder is read, only regular files are, and each
//! within a limit; an object is believed to be what its file says only where its own metadata agrees, and an index in which
//! an entry stands twice is refused.
//!
//! # What is left out
//!
//! A snapshot holds only what a report of its scan may speak of (see [`crate::manifest::standing`]): of an object in a
//! namespace that none of its releases may speak for, and that is none of theirs, it says what it says of a missing one; of such
//! a cluster-scoped object it holds the owner.
//!
//! # Redaction
//!
//! A redacted snapshot has a token, `redacted-` and 16 hexadecimal digits, where
//! [`Redaction`](crate::policy::redact::Redaction) hides a value, a part of a text or the key of a map from reports. Equal values have equal tokens
//! throughout one snapshot, so a scan finds the same differences; the key behind the tokens is random and never
//! written, so nobody can try values against them, or match two snapshots. The rules go by names and by the look of
//! a value: a password under an innocent key of a `ConfigMap` stays. Two things are disclosed on purpose: whether a hidden
//! value is empty, and which hidden values are equal. A person who can create objects in the
//! cluster before the snapshot is taken can therefore test guesses with it.

mod disclosure;
mod folder;
mod index;
mod layout;
mod read;
mod redacted_manifest;
mod redacted_surroundings;
mod redactor;
mod release_file;
mod write;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use index::{FORMAT, SensitiveValues};
pub use read::SnapshotSource;
pub use write::{Recorder, SnapshotCounts};

/// Why a snapshot cannot be taken or opened. The sentences hold nothing of what the files hold.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SnapshotError {
    /// The target path is a file, or a directory that is not empty.
    #[error("{} is not an empty directory: a snapshot goes into a new or an empty one", .path.display())]
    NotEmpty {
        /// The path.
        path: PathBuf,
    },
    /// A part of the snapshot cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// There is no key to redact with.
    #[error("the system gives no random numbers for the redaction key")]
    NoRandomness,
    /// A file stands where the snapshot should be.
    #[error("{} is a file, and a snapshot is a folder{}", .path.display(), folder_of(.path))]
    File {
        /// The path of the file.
        path: PathBuf,
    },
    /// There is nothing at the given path.
    #[error("there is no snapshot at {}", .path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The file that is written last is not there.
    #[error(
        "incomplete snapshot: {} has no snapshot.json, so it was interrupted or is no snapshot at all",
        .path.display()
    )]
    Incomplete {
        /// The directory.
        path: PathBuf,
    },
    /// The snapshot's main file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The snapshot's main file is not what it should be.
    #[error("{} is {what} at line {line}, column {column}", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Which of the classes of JSON errors.
        what: &'static str,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// The snapshot's main file has what driftline does not write.
    #[error("{} is not what driftline writes: {problem}", .path.display())]
    Inconsistent {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The snapshot was written by a version with another format.
    #[error("{} is in {found}; this version of driftline reads {FORMAT}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: String,
    },
}

/// Which class of errors a JSON error is in: its own text quotes the input.
fn json_problem(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "malformed",
        serde_json::error::Category::Data => "not what driftline writes",
    }
}

/// The end of a sentence about a file of a snapshot in the snapshot's place.
fn folder_of(file: &Path) -> String {
    let folder = file.parent().filter(|_| file.ends_with(layout::INDEX));
    folder.map_or_else(String::new, |folder| {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        format!(": pass the folder {}", folder.display())
    })
}
