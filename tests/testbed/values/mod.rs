//! Keys of values, held to real Helms: what a key is said to keep lives on after an upgrade with it, and nothing else moves
//! than was foretold.
//!
//! - `fixes.txt`: hot fixes by kubectl, each with the key that is named or the reason why none is. `fixes.rs` makes all of
//!   a section at once on one release, and gives what is printed to a real upgrade.
//! - `perturbed.rs`: values that are changed by chance; what Helm renders with them is made to live.
//! - `checked.rs`: what `--check` says, held to the upgrade that it is about.
//! - `readme.rs`: the story of the README.
//!
//! `measure` and `ask.rs` are for charts of others, and no tests.

mod checked;
mod fixes;
mod kept;
mod perturbed;
mod readme;
mod rendered;
