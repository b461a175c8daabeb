//! Charts evaluated so that every piece of rendered text remembers which key of the values it shows.
//!
//! `program` parses the templates of a chart once, `evaluate` and `expressions` render them with certain values, and
//! `functions` are those of Go, sprig and Helm. What is not known here becomes a hole in the text, never a guess.

pub mod ast;
mod cache;
mod emit;
pub mod evaluate;
mod expressions;
mod functions;
#[cfg(test)]
mod hostile;
pub mod key;
mod natives;
mod parse;
pub mod program;
pub mod roots;
pub mod traced;
pub mod work;
