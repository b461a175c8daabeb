//! Go's `text/template` to a tree, as `text/template/parse` reads it.
//!
//! Names of functions are not checked. Errors say the line and what is wrong, and hold nothing of the template.

pub(super) mod letters;
mod lexer;
mod literal;
mod parser;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use super::ast::{Defines, Node, Parsed};
use super::work::{Fault, Work};

/// Parses a file of templates.
///
/// Of two templates of one name, the second replaces the first if that is empty; a file with two that are not is refused.
pub(super) fn parse(text: &str, work: &mut Work) -> Result<Parsed, Fault> {
    work.bytes(text.len())?;
    let tokens = lexer::words(text, work)?;
    parser::Parser::new(&tokens).file(work)
}

/// Whether a template holds nothing but white space, so that it replaces no other (`text/template/parse`, `IsEmptyTree`).
pub(super) fn is_empty(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(text) => text.trim().is_empty(),
        Node::Action(_)
        | Node::Template { .. }
        | Node::If(_)
        | Node::With(_)
        | Node::Range(_)
        | Node::Break
        | Node::Continue => false,
    })
}

/// A syntax error.
fn failed(what: &'static str, line: usize) -> Fault {
    Fault::Failed(format!("{what} in line {line}"))
}

/// Adds a definition, of which the last one wins unless it is empty (Go: `text/template/template.go`, `associate`).
pub(super) fn add_define(defines: &mut Defines, name: Rc<str>, nodes: Rc<[Node]>) {
    if is_empty(&nodes) && defines.get(&name).is_some_and(|former| !is_empty(former)) {
        return;
    }
    defines.insert(name, nodes);
}
