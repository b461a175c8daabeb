//! driftline finds drift between what Helm deployed and what lives in a Kubernetes cluster.
//!
//! ```text
//! source ─→ release, manifest ─→ compare ─→ classify ─→ report ─→ text, JSON, notifications, exit status
//! cluster,    what Helm          what        which code,   one model::Report for every reader
//! snapshot    applied            differs     whose change
//! ```
//!
//! `scan` drives it, and everything between `source` and `report` is pure. `docs/architecture.md` has the map of the
//! modules, in the order of their imports, and the invariants with the tests that hold them.
//!
//! The library is an implementation detail of the program: its items may change with any version, so its enums are
//! matched exhaustively and none is `#[non_exhaustive]`.

pub mod app;
pub mod apply;
mod backoff;
pub mod chart;
pub mod classify;
pub mod cluster;
pub mod compare;
pub mod explain;
pub mod health;
mod limited_file;
pub mod manifest;
pub mod model;
pub mod notify;
pub mod object;
pub mod policy;
pub mod preview;
pub mod release;
pub mod report;
pub mod rights;
pub mod scan;
pub mod shell;
pub mod snapshot;
pub mod source;
pub mod state;
pub mod template;
pub mod types;
pub mod values;
pub mod vocabulary;
pub mod weight;
pub mod yaml;
