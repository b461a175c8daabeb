//! From the path of a field to its node.

use serde_json::Value;

use super::Word;
use super::holes::Readable;
use super::located::is_unknown;
use crate::compare::path::Segment;
use crate::template::traced::HOLE;
use crate::yaml::located::{Child, Content, Entry, Node};

/// How far a path leads.
pub(super) enum Found {
    /// To a node.
    Node(Child),
    /// To a node that does not have the next step.
    UpTo(Child),
}

/// Goes along a path.
pub(super) fn find(body: &Readable, from: Child, path: &[Segment]) -> Found {
    let mut at = from;
    for segment in path {
        match step(body, at, segment) {
            Some(next) => {
                at = Child {
                    node: next.node,
                    is_shared: at.is_shared || next.is_shared,
                };
            }
            None => return Found::UpTo(at),
        }
    }
    Found::Node(at)
}

/// One step.
fn step(body: &Readable, at: Child, segment: &Segment) -> Option<Child> {
    match (&body.tree.node(at.node)?.content, segment) {
        (Content::Mapping(entries), Segment::Key(name)) => {
            if let Some(entry) = body.tree.entry(at.node, name)
                && !is_open_entry(body, entry)
            {
                return Some(entry.value);
            }
            let fits = |entry: &&Entry| {
                entry.name.contains(HOLE) && !is_open_entry(body, entry) && fits(&entry.name, name)
            };
            only(entries.iter().filter(fits)).map(|entry| entry.value)
        }
        (Content::Sequence(items), Segment::Index(index)) => {
            let before = items.get(..=*index)?;
            // After a hole nobody knows which element is which.
            let is_certain = !before.iter().any(|item| is_open_element(body, *item));
            is_certain.then(|| before.last().copied()).flatten()
        }
        (Content::Sequence(items), Segment::Match(keys)) => matching(body, items, keys),
        (Content::Sequence(items), Segment::Member(wanted)) => {
            let is_wanted = |item: &&Child| is_value(body, **item, wanted) == Fit::Exactly;
            let exact = items.iter().find(is_wanted);
            exact.copied().or_else(|| {
                let may_be = |item: &&Child| is_value(body, **item, wanted) == Fit::Maybe;
                only(items.iter().filter(may_be)).copied()
            })
        }
        (Content::Scalar { .. } | Content::Sequence(_) | Content::Mapping(_), _) => None,
    }
}

/// The only one.
fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// How well an element fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is another.
    No,
    /// A hole may stand for what is asked for.
    Maybe,
    /// It lacks some of the keys, and has the others.
    Partly,
    /// It has all of the keys.
    Exactly,
}

/// The element of a list with these keys. One that leaves out some of them, or has a hole in them, is it if no other fits.
fn matching(body: &Readable, items: &[Child], keys: &[(String, Value)]) -> Option<Child> {
    let mut best = Fit::Maybe;
    let mut found = Vec::new();
    for item in items {
        let fit = fit(body, *item, keys);
        if fit > best {
            best = fit;
            found.clear();
        }
        if fit == best {
            found.push(*item);
        }
    }
    only(found.into_iter())
}

fn fit(body: &Readable, item: Child, keys: &[(String, Value)]) -> Fit {
    let mut weakest = Fit::Exactly;
    let mut has_any = false;
    for (key, wanted) in keys {
        let fit = match body.tree.entry(item.node, key) {
            None => Fit::Partly,
            Some(entry) => {
                let fit = is_value(body, entry.value, wanted);
                has_any |= fit != Fit::No;
                fit
            }
        };
        weakest = weakest.min(fit);
    }
    if has_any { weakest } else { Fit::No }
}

/// Whether a scalar is a value.
fn is_value(body: &Readable, child: Child, wanted: &Value) -> Fit {
    let Some(node) = body.tree.node(child.node) else {
        return Fit::No;
    };
    let Content::Scalar { value, .. } = &node.content else {
        return Fit::No;
    };
    if is_unknown(body, node) {
        return Fit::Maybe;
    }
    let text = match value {
        Value::String(text) if text.contains(HOLE) => text,
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            return if value == wanted { Fit::Exactly } else { Fit::No };
        }
    };
    let wanted = match wanted {
        Value::String(wanted) => wanted.clone(),
        other => other.to_string(),
    };
    if fits(text, &wanted) { Fit::Maybe } else { Fit::No }
}

/// Whether a text with holes may be another.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(HOLE);
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether an entry stands for entries that are not known.
pub(super) fn is_open_entry(body: &Readable, entry: &Entry) -> bool {
    entry.name.contains(HOLE)
        && entry
            .name
            .chars()
            .all(|character| matches!(character, HOLE | ' '))
        && body
            .tree
            .node(entry.value.node)
            .is_some_and(|node| node.span.is_empty())
}

/// Whether an element stands for elements that are not known.
pub(super) fn is_open_element(body: &Readable, item: Child) -> bool {
    let span = body.tree.node(item.node).map(|node| &node.span);
    span.is_some_and(|span| {
        let after = body.open.partition_point(|open| open.end < span.end);
        let open = body.open.get(after);
        open.is_some_and(|open| open.start <= span.start && span.end <= open.end && !span.is_empty())
    })
}

/// Whether a hole stands right in a node, so that there may be more in it than is known.
pub(super) fn is_open(body: &Readable, at: Child, is_root: bool) -> bool {
    let Some(node) = body.tree.node(at.node) else {
        return false;
    };
    let (is_open, children): (bool, Vec<Child>) = match &node.content {
        Content::Scalar { .. } => return is_unknown(body, node) || body.source.has_hole(&node.span),
        Content::Sequence(items) => (
            items.iter().any(|item| is_open_element(body, *item)),
            items.clone(),
        ),
        Content::Mapping(entries) => (
            entries.iter().any(|entry| is_open_entry(body, entry)),
            entries.iter().map(|entry| entry.value).collect(),
        ),
    };
    is_open || has_comment(body, node, &children, is_root)
}

/// Whether a part of a node is not known.
pub(super) fn has_unknown(body: &Readable, at: Child) -> bool {
    let Some(node) = body.tree.node(at.node) else {
        return false;
    };
    match &node.content {
        Content::Scalar { .. } => is_unknown(body, node) || body.source.has_hole(&node.span),
        Content::Sequence(items) => {
            is_open(body, at, false) || items.iter().any(|item| has_unknown(body, *item))
        }
        Content::Mapping(entries) => {
            let is_unknown = |entry: &Entry| entry.name.contains(HOLE) || has_unknown(body, entry.value);
            is_open(body, at, false) || entries.iter().any(is_unknown)
        }
    }
}

/// Whether a hole that became a comment or a blank stands in a node and not in one inside it.
///
/// A block reaches to whatever comes next, so that a comment behind it may be of the node around it: its column tells.
fn has_comment(body: &Readable, node: &Node, children: &[Child], is_root: bool) -> bool {
    let column = |at: usize| {
        let before = body.source.text.get(..at).unwrap_or_default();
        at - before.rfind('\n').map_or(0, |line| line + 1)
    };
    let own = column(node.span.start);
    // A comment before the first entry stands before the node.
    let before = body.source.text.get(..node.span.start).unwrap_or_default();
    let start = if is_root {
        0
    } else {
        before.rfind(':').unwrap_or(node.span.start)
    };
    let within = |open: &&std::ops::Range<usize>| start <= open.start && open.end <= node.span.end;
    body.open.iter().filter(within).any(|open| {
        let at = column(open.start);
        let is_of_child = children
            .iter()
            .filter_map(|child| body.tree.node(child.node))
            .any(|child| {
                child.span.start <= open.start && open.end <= child.span.end && at >= column(child.span.start)
            });
        !is_of_child && (is_root || at >= own)
    })
}

impl Word {
    /// A text of an object.
    pub(super) fn at(body: &Readable, root: Child, path: &[&str]) -> Self {
        let mut at = root;
        for name in path {
            match body.tree.entry(at.node, name) {
                Some(entry) => at = entry.value,
                None => {
                    return Self(is_open(body, at, at.node == body.tree.root()).then(|| HOLE.to_string()));
                }
            }
        }
        let node = body.tree.node(at.node);
        Self(node.and_then(|node| match &node.content {
            Content::Scalar { value, .. } => match value {
                Value::String(text) => Some(text.clone()),
                Value::Null => is_unknown(body, node).then(|| HOLE.to_string()),
                other => Some(other.to_string()),
            },
            Content::Sequence(_) | Content::Mapping(_) => None,
        }))
    }
}
