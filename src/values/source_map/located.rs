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
        Content::Sequence(items) if items.is_empty() => {
            Some(empty(body, node, Value::Array(Vec::new()), child))
        }
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
    // A `!!binary` value is not the text that is written.
    let is_exact = decoded.text() == text && value.as_str().is_none_or(|value| value == text);
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
        let is_within =
            node.span.start <= part.span.start && part.span.end <= node.span.end.max(part.span.start);
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

/// Whether a hole that was made a comment or a blank stands beside a scalar, so that it may be more or something else.
pub(super) fn is_unknown(body: &Readable, node: &Node) -> bool {
    if body.open.is_empty() {
        return false;
    }
    let text = body.source.text.as_str();
    let (before, after) = (
        text.get(..node.span.start).unwrap_or_default(),
        text.get(node.span.end..).unwrap_or_default(),
    );
    let start = before.trim_end_matches([' ', '\t']).len();
    let rest = if node.span.is_empty() {
        after.trim_start()
    } else {
        after.trim_start_matches([' ', '\t'])
    };
    let end = text.len() - rest.len();
    // A comment begins where the blanks end.
    let is_beside = |open: &std::ops::Range<usize>| {
        (start <= open.start && open.end <= end) || (open.start == end && rest.starts_with('#'))
    };
    let first = body.open.partition_point(|open| open.end < start);
    body.open
        .iter()
        .skip(first)
        .take_while(|open| open.start <= end)
        .any(is_beside)
}

/// The pieces as one whose text has no places of its own.
pub(super) fn as_one(located: &Located, text: &str) -> LocatedPiece {
    let keys = located
        .pieces
        .iter()
        .fold(crate::template::key::Keys::None, |keys, piece| {
            keys.and(&piece.origin.all_keys())
        });
    LocatedPiece {
        text: text.to_owned(),
        origin: Origin::derived(keys),
        is_whole: false,
    }
}
