//! Keys.

pub mod source_map;
