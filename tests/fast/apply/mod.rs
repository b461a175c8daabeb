//! Holds `src/apply` to apimachinery's own code, which `tests/testbed/tools/oracle` asks what a write makes of an object.
//!
//! A sample of writes with their answers is checked in; `tests/data/apply/regenerate` asks about thousands of others,
//! and writes the sample anew.

mod generate;
mod server_side;
mod strategic;
