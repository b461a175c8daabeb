//! The tests that need no cluster: the program and what it ships, as its users meet them. One binary, which links once.
//!
//! `tests/testbed` is the other one: the real API server and the real Helm.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod apply;
mod architecture;
mod baseline;
mod cli;
mod commands;
mod deploy;
mod docs;
mod explain;
mod faults;
mod fleets;
mod fuzz;
mod golden;
#[cfg(target_os = "linux")]
mod hostile;
mod ignore;
mod may_fail;
mod metrics;
mod notify;
mod outputs;
mod pager;
mod pipelines;
mod redaction;
#[path = "../support/mod.rs"]
mod support;
mod values;
mod work;
mod yaml_oracle;
