//! What a difference is called, how much it matters, and what of it may be shown.

mod attributed;
pub mod attribution;
pub mod dry_run;
mod finding;
#[cfg(test)]
pub(crate) mod fixtures;
mod next_upgrade;
pub mod object;
pub mod state;
pub mod subject;
