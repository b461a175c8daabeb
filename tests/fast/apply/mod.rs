//! Holds `src/apply` to apimachinery's own code, which `tests/testbed/tools/oracle` asks what a write makes of an object.
//!
//! A sample of writes with their answers is checked in; `tests/data/apply/regenerate` and `regenerate_server_side` ask
//! about thousands of others, and write the samples anew.

mod costly;
mod generate;
mod server_side;
mod settle;
mod strategic;
