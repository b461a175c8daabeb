//! The real thing: driftline against a real API server and controller manager,
//! with releases that real Helm 3 and Helm 4 made.
//!
//! These tests are ignored by default because they need binaries that take
//! minutes to build once:
//!
//! ```text
//! tests/testbed/build
//! cargo test --test testbed -- --ignored
//! ```
//!
//! All tests of one run share one cluster and stay apart by namespace; charts
//! name their cluster-scoped objects after the release for the same reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says why and stops; clippy sees tests in functions marked as such only"
)]

mod alertmanager;
mod apply;
mod attribution;
mod catalogue;
mod confirm;
mod deploy;
mod fleets;
mod gitops;
mod harness;
mod health;
#[cfg(target_os = "linux")]
mod hostile;
mod memory;
mod metrics;
mod notify;
mod orphans;
mod preview;
mod rights;
mod running;
mod smoke;
mod snapshot;
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod surroundings;
mod team;
mod upgrade;
mod values;
#[cfg(target_os = "linux")]
mod week;
