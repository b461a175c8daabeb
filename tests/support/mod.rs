//! What the tests of the program share.
#![allow(dead_code, reason = "neither of the two test binaries uses all of it")]

pub(crate) mod costly;
pub(crate) mod dice;
pub(crate) mod differences;
pub(crate) mod hostile;
#[cfg(target_os = "linux")]
pub(crate) mod limited;
pub(crate) mod program;
pub(crate) mod receiver;
pub(crate) mod rules;
pub(crate) mod terminal;
