//! What notifications say, held to the receivers' documented limits, and how they are delivered, against a server
//! on loopback that misbehaves on purpose.

mod alertmanager;
mod bot;
pub(crate) mod delivery;
mod idle;
mod limits;
mod pagerduty;
mod preview;
mod reports;
mod sinks;
mod webhook;
mod week;
