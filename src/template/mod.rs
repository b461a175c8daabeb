//! Charts evaluated so that every piece of rendered text remembers which key of the values it shows.

pub mod ast;
mod functions;
pub mod key;
pub mod traced;
pub mod work;
