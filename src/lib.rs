//! driftline finds drift between what Helm deployed and what lives in a Kubernetes cluster.
//!
//! The modules follow the data:
//!
//! ```text
//! source ── cluster (kube) or snapshot (files): the only places that read anything
//!   │
//! release ─ records: which revisions matter, and what they say
//!   │        └ yaml, manifest: the objects that Helm applied, as Helm understood them
//! types ─── what the API server does to a value of each type
//!   │
//! compare ─ previous, desired, attempted and live: what differs, and how it came about
//!   │
//! classify ─ what a difference is called, how much it matters, what must not be shown
//!   │
//! health ── what state a release is really in, and the safest way out
//!   │
//! report ── one value, one renderer per format ── notify: Slack and PagerDuty ── exit: the status code
//! ```
//!
//! `scan` drives them, everything between `source` and `report` is pure, and `run` puts the commands together from
//! what `cli` and `settings` say.

pub mod app;
mod backoff;
pub mod classify;
pub mod cluster;
pub mod compare;
pub mod explain;
pub mod health;
pub mod manifest;
pub mod model;
pub mod notify;
pub mod object;
pub mod policy;
pub mod release;
pub mod report;
pub mod scan;
pub mod snapshot;
pub mod source;
pub mod types;
pub mod vocabulary;
pub mod yaml;
