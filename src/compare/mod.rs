//! The comparison: what the live object says other than what Helm deployed.
//!
//! `diff` answers the two-way question "does the live object hold everything this manifest asks for?", by the
//! facts of [`crate::types`]; `three_way` asks it and then uses the previous and the attempted revisions to tell
//! how each difference came about; `patch` turns the answer into RFC 6902. `managed` reads who is said to own each field, and
//! `additions` finds what others put beside it. All of it is pure.

pub mod additions;
mod diff;
mod equal;
mod keyed;
pub(crate) mod lookup;
pub mod managed_fields;
pub mod patch;
pub mod path;
#[cfg(test)]
mod properties;
pub mod quantity;
pub mod three_way;

#[cfg(test)]
mod semantics;
