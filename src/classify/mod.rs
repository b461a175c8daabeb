//! What a difference is called, how much it matters, and what of it may be shown.
//!
//! The vocabulary in `code` is part of the `driftline.report/v1` contract: names are kebab-case and never change
//! their meaning.

pub mod attribution;
pub mod dry_run;
pub mod live;
mod next_upgrade;
pub mod object;
pub mod subject;
