//! A field with the pieces of text under it.

use serde_json::Value;

use super::decode::decode;
use super::holes::Readable;
use super::{Located, LocatedPiece, Style};
use crate::template::traced::{HOLE, Origin};
use crate::yaml::located::{self, Child, Content, Node};

/// Reads a scalar, or a list or a map without anything in it. `None` for others.
pub(super) fn locate(body: &Readable, child: Child) -> Option<Located> {
    let node = body.tree.node(child.node)?;
    match &node.content {
        Content::Scalar { value, text, style } => {
            let text = text.as_deref().or_else(|| value.as_str()).unwrap_or_default();
            Some(scalar(body, node, value, text, *style, child.is_shared))
        }
        Content::Sequence(items) if items.is_empty() => Some(empty(body, node, Value::Array(Vec::new()), child)),
        Content::Mapping(entries) if entries.is_empty() => {
            Some(empty(body, node, Value::Object(serde_json::Map::new()), child))
        }
        Content::Sequence(_) | Content::Mapping(_) => None,
    }
}

fn scalar(
    body: &Readable,
    node: &Node,
    value: &Value,
    text: &str,
    style: located::Style,
    is_shared: bool,
) -> Located {
    let decoded = decode(&body.source, &node.span, style, text);
    let is_exact = decoded.text() == text;
    let mut has_hole = is_unknown(body, node);
    let mut is_changed = false;
    let last = decoded.parts.len();
    let mut pieces: Vec<LocatedPiece> = Vec::with_capacity(last);
    for (part, text) in decoded.parts {
        let Some(origin) = &part.origin else {
            is_changed = true;
            continue;
        };
        has_hole |= part.is_hole;
        let is_within = node.span.start <= part.span.start && part.span.end <= node.span.end.max(part.span.start);
        let text = if part.is_hole { HOLE.to_string() } else { text };
        if text.is_empty() && !part.span.is_empty() {
            // Nothing of it but blanks that folding leaves out.
            continue;
        }
        pieces.push(LocatedPiece {
            text,
            origin: origin.clone(),
            is_whole: part.is_whole && is_within,
        });
    }
    let value = if has_hole {
        let known: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        Value::String(known)
    } else {
        value.clone()
    };
    Located {
        value,
        pieces,
        style: match style {
            located::Style::Plain => Style::Plain,
            located::Style::SingleQuoted => Style::SingleQuoted,
            located::Style::DoubleQuoted => Style::DoubleQuoted,
            located::Style::Literal => Style::Literal,
            located::Style::Folded => Style::Folded,
        },
        is_exact: is_exact && (has_hole || !is_changed),
        has_hole,
        is_shared,
    }
}

fn empty(body: &Readable, node: &Node, value: Value, child: Child) -> Located {
    let parts = body.source.under(&node.span).iter();
    let pieces: Vec<_> = parts
        .filter_map(|part| {
            let cut = part.span.start.max(node.span.start)..part.span.end.min(node.span.end);
            Some(LocatedPiece {
                is_whole: part.is_whole && cut == part.span,
                text: body.source.text.get(cut)?.to_owned(),
                origin: part.origin.clone()?,
            })
        })
        .collect();
    Located {
        value,
        pieces,
        style: Style::Empty,
        is_exact: true,
        has_hole: body.source.has_hole(&node.span),
        is_shared: child.is_shared,
    }
}

/// Whether a node is nothing and a hole that was made a comment stands there.
pub(super) fn is_unknown(body: &Readable, node: &Node) -> bool {
    if !node.span.is_empty() {
        return false;
    }
    let rest = body.source.text.get(node.span.end..).unwrap_or_default();
    let after = rest.trim_start();
    let start = body.source.text.len() - after.len();
    after.starts_with('#') && body.open.iter().any(|open| open.start == start)
}

/// The pieces as one whose text has no places of its own.
pub(super) fn as_one(located: &Located, text: &str) -> LocatedPiece {
    let keys = located.pieces.iter().fold(
        crate::template::key::Keys::None,
        |keys, piece| keys.and(&piece.origin.all_keys()),
    );
    LocatedPiece {
        text: text.to_owned(),
        origin: Origin::derived(keys),
        is_whole: false,
    }
}
