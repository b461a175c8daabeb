//! Documents whose nodes know where they stand in the text.
//!
//! The structure is that of [`super::parse_document`]: the same events, the same meaning of scalars, the same limits, so that
//! both read the same value from the same text. Nodes are kept once, however many aliases and merge keys refer to them.

mod composer;
mod moves;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::{Map, Value};

use composer::Composer;
use moves::Moves;

use super::event::Events;
use super::{Limits, MAX_DIRECTIVES, Repairs, YamlError, directives, quiet};

pub use super::event::Style;

/// The number of a node in its tree.
pub type NodeId = usize;

/// A document: nodes, and which of them is the whole.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    root: NodeId,
    /// Whether the text has another document after it, which Helm does not read.
    pub has_more: bool,
}

/// A value in a document.
#[derive(Debug)]
pub struct Node {
    /// Its bytes in the text, with its anchor, its tag and its quotes; for a block with its header and its last line
    /// break. Without any characters for an empty value.
    pub span: Range<usize>,
    /// What it is.
    pub content: Content,
}

/// The three kinds of node.
#[derive(Debug)]
pub enum Content {
    /// A single value.
    Scalar {
        /// Its value.
        value: Value,
        /// Its text after unquoting and folding, where the value is not that text.
        text: Option<Box<str>>,
        /// How it is written.
        style: Style,
    },
    /// A list.
    Sequence(Vec<Child>),
    /// A map: its entries, sorted by name, each name once.
    Mapping(Vec<Entry>),
}

/// A node inside another.
#[derive(Debug, Clone, Copy)]
pub struct Child {
    /// Which.
    pub node: NodeId,
    /// Whether it stands elsewhere, and an alias or a merge key brings it here.
    pub is_shared: bool,
}

/// An entry of a map.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub name: Box<str>,
    /// The bytes of its name.
    pub span: Range<usize>,
    /// Its value.
    pub value: Child,
}

impl Content {
    /// A scalar's text after unquoting and folding.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar { text: Some(text), .. } => Some(text),
            Self::Scalar {
                value: Value::String(text),
                ..
            } => Some(text),
            Self::Scalar { .. } | Self::Sequence(_) | Self::Mapping(_) => None,
        }
    }
}

impl Tree {
    /// The whole document.
    pub const fn root(&self) -> NodeId {
        self.root
    }

    /// A node. A tree has all the nodes that its nodes name.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The entry of a name.
    pub fn entry(&self, id: NodeId, name: &str) -> Option<&Entry> {
        match &self.node(id)?.content {
            Content::Mapping(entries) => {
                let at = entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
                entries.get(at)
            }
            Content::Scalar { .. } | Content::Sequence(_) => None,
        }
    }

    /// The value of a node, as [`super::parse_document`] has it. Its size is within the limits that the tree was read with.
    pub fn value(&self, id: NodeId) -> Value {
        match self.node(id).map(|node| &node.content) {
            None => Value::Null,
            Some(Content::Scalar { value, .. }) => value.clone(),
            Some(Content::Sequence(items)) => items.iter().map(|item| self.value(item.node)).collect(),
            Some(Content::Mapping(entries)) => {
                let entries = entries
                    .iter()
                    .map(|entry| (entry.name.to_string(), self.value(entry.value.node)));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads the first document of a text with the places of its nodes; `None` where the text has no document.
///
/// It is read as YAML in any case, of which JSON is a part: only an escape for half a character is JSON alone.
pub fn parse(text: &str, limits: &Limits, repairs: &mut Repairs) -> Result<Option<Tree>, YamlError> {
    let bare = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if directives(bare) > MAX_DIRECTIVES {
        return Err(YamlError::TooManyDirectives {
            limit: MAX_DIRECTIVES,
        });
    }
    let unix;
    let read = if bare.contains("\r\n") {
        unix = bare.replace("\r\n", "\n");
        unix.as_str()
    } else {
        bare
    };
    quiet::catch(|| compose(read, text, limits, repairs)).unwrap_or(Err(YamlError::ParserFailed))
}

/// Composes the text as it is read, and moves all places to the text as it was given.
fn compose(
    read: &str,
    given: &str,
    limits: &Limits,
    repairs: &mut Repairs,
) -> Result<Option<Tree>, YamlError> {
    let mut composer = Composer::new(Events::new(read, &mut repairs.reread), limits);
    let Some((root, has_more)) = composer.document()? else {
        return Ok(None);
    };
    let Composer {
        events, mut nodes, ..
    } = composer;
    let moves = Moves::between(given, events.repaired().unwrap_or(read));
    if !moves.is_empty() {
        let moved = |span: &Range<usize>| moves.given(span.start)..moves.given(span.end);
        for node in &mut nodes {
            node.span = moved(&node.span);
            if let Content::Mapping(entries) = &mut node.content {
                for entry in entries {
                    entry.span = moved(&entry.span);
                }
            }
        }
    }
    Ok(Some(Tree {
        nodes,
        root,
        has_more,
    }))
}
