//! What a difference is called, how much it matters, and what of it may be shown.

mod attributed;
pub mod attribution;
pub mod dry_run;
mod next_upgrade;
pub mod object;
pub mod subject;
