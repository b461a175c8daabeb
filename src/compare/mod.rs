//! The comparison of live objects with the objects that Helm deployed.
//!
//! `diff` answers the two-way question "does the live object hold everything this manifest asks for?", by the
//! facts of [`crate::types`] and the `server_rules` of single fields; `three_way` asks it and then uses the previous
//! and the attempted revisions to tell how each difference came about, and which of their fields are left over
//! (`leftovers`, and `older` for revisions before the previous one); `patch` turns the answer into RFC 6902.
//! `managed_fields` reads who is said to own each field, and `additions` finds the fields that others put beside the
//! manifest. All of these ask `keyed`, `one_key` and `pairing` which elements of two lists are the same, `list_index` where
//! an element is, `asked` whether a manifest's value asks for anything, `order` whether its place in a list means something,
//! and `work` whether they may go on. All of it is
//! pure.

pub mod additions;
pub(crate) mod asked;
pub(crate) mod diff;
mod equal;
pub mod extra;
pub(crate) mod fate;
pub(crate) mod fields_v1;
pub(crate) mod keyed;
mod leftovers;
mod likest;
pub mod list_index;
pub(crate) mod lookup;
pub mod managed_fields;
pub mod older;
mod one_key;
pub(crate) mod order;
pub mod other_version;
mod pairing;
pub mod patch;
pub mod path;
pub(crate) mod path_tree;
#[cfg(test)]
mod properties;
pub mod quantity;
pub mod room;
pub mod scale;
pub(crate) mod server_rules;
pub(crate) mod shapes;
pub mod three_way;
mod trail;
pub mod work;

#[cfg(test)]
mod semantics;

#[cfg(test)]
mod zeros;
