//! Releases as Helm stores them: the content of a record, and which of a release's revisions matter.
//!
//! Helm keeps one `Secret` or `ConfigMap` per revision, labelled with name, revision and status (Helm:
//! `pkg/storage/driver/secrets.go`, `newSecretsObject`), so which revisions to read is decided by metadata alone.

mod chart_files;
pub mod chart_part;
pub mod decode;
mod encoding;
mod guard;
pub mod history;
mod lenient;
pub(crate) mod limits;
mod mentions;
pub mod operations;
pub mod record;
pub mod stored;
mod templates;
pub mod variations;
mod wire;
