//! Tells people and services what a scan found.

pub mod digest;
pub mod list;
mod text;
