//! The verdict on one object: its state, the code and writer of each difference, the effect of the next upgrade, and the
//! dry run that confirms them.

mod attributed;
pub mod attribution;
pub mod blocked;
pub mod dry_run;
pub mod finding;
#[cfg(test)]
pub(crate) mod fixtures;
mod helm_write;
mod known_fields;
mod listed;
pub mod live;
mod next_upgrade;
pub mod object;
pub mod question;
pub mod rendering;
pub mod state;
pub mod subject;
pub mod transition;
