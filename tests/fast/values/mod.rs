//! The keys of values that keep what lives: in reports, as `driftline values` prints them, and checked against a rendering.

mod chart;
mod check;
mod mistakes;
mod printed;
mod reports;
mod snapshots;
mod world;
