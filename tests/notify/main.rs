//! What notifications say, held to the receivers' documented limits, and how they are delivered, against a server
//! on loopback that misbehaves on purpose.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

mod delivery;
mod limits;
mod pagerduty;
mod reports;
mod rules;
mod sinks;
#[path = "../support/mod.rs"]
mod support;
