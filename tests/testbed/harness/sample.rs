//! Which part of a long table one run of the tests makes.

use std::env;

/// Whether this run makes a row by a method: one row of so many, each method in its turn. `DRIFTLINE_ALL=1` asks for all,
/// which take hours.
pub(crate) fn is_sampled(row: usize, method: usize, every: usize) -> bool {
    env::var_os("DRIFTLINE_ALL").is_some() || (row + method).is_multiple_of(every)
}
