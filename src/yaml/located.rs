//! Documents whose nodes know where they stand in the text.
//!
//! The structure is that of [`super::parse_document`]: the same events, the same meaning of scalars, the same limits, so that
//! both read the same value from the same text. Nodes are kept once, however many aliases and merge keys refer to them.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::event::{Events, Place, ScalarEvent, YamlEvent};
use super::resolve::{Scalar, Unresolved, resolve};
use super::{Limits, MAX_DIRECTIVES, Repairs, TextPosition, YamlError, directives, quiet};
use crate::weight::Allowance;

pub use super::event::Style;

/// The tag that makes any scalar `<<` a merge key.
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

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
    let mut composer = Composer {
        events: Events::new(read, &mut repairs.reread),
        limits,
        nodes: Vec::new(),
        anchors: HashMap::new(),
        opened: 0,
        counted: 0,
        copied_bytes: 0,
        text_bytes: 0,
        allowance: Allowance::new(limits.weight),
    };
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

/// By how much the places in a text that was rewritten to be read differ from those in the given one.
struct Moves(Vec<(usize, isize)>);

impl Moves {
    /// Goes through both texts. They differ by the byte order mark, by `\r` before `\n`, by backslashes before
    /// apostrophes, and by characters that stand for a colon.
    fn between(given: &str, read: &str) -> Self {
        let mut moves = Vec::new();
        if given.len() == read.len() {
            return Self(moves);
        }
        let (mut own, mut other) = (given.char_indices(), read.char_indices().peekable());
        while let Some((from, character)) = own.next() {
            let Some(&(to, counterpart)) = other.peek() else {
                break;
            };
            if character == counterpart {
                other.next();
                continue;
            }
            if character == ':' {
                other.next();
                moves.push((
                    to + counterpart.len_utf8(),
                    shift(from + 1, to + counterpart.len_utf8()),
                ));
            } else {
                // Left out of what is read: what ends before it stays, what begins after it moves.
                let at = if from == 0 { 0 } else { to + 1 };
                moves.push((at, shift(from + character.len_utf8(), to)));
            }
        }
        Self(moves)
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The place in the given text.
    fn given(&self, read: usize) -> usize {
        let before = self.0.partition_point(|(at, _)| *at <= read);
        let shift = before
            .checked_sub(1)
            .and_then(|last| self.0.get(last))
            .map_or(0, |(_, shift)| *shift);
        read.saturating_add_signed(shift)
    }
}

/// How far a place moves.
fn shift(to: usize, from: usize) -> isize {
    isize::try_from(to).unwrap_or(isize::MAX) - isize::try_from(from).unwrap_or(isize::MAX)
}

/// What an anchor names.
enum Anchor {
    /// A node that is still being read; the number tells it from another of the same name.
    Open(usize),
    /// A complete one.
    Closed(Kept),
}

/// A complete node and what a copy of it costs.
struct Kept {
    node: NodeId,
    /// The name that a scalar is as a key.
    key: Option<Box<str>>,
    height: usize,
    steps: usize,
    bytes: usize,
}

/// An anchor whose node is still being read.
struct Pending {
    name: String,
    number: usize,
    counted_before: usize,
    bytes_before: usize,
}

/// A node that was read, where it stands, and its levels.
struct Read {
    child: Child,
    height: usize,
    at: TextPosition,
}

struct Composer<'a> {
    events: Events<'a>,
    limits: &'a Limits,
    nodes: Vec<Node>,
    anchors: HashMap<String, Anchor>,
    opened: usize,
    /// Nodes, with those that aliases copy.
    counted: usize,
    /// Bytes of text that aliases copy.
    copied_bytes: usize,
    /// Bytes of the scalars read so far.
    text_bytes: usize,
    allowance: Allowance,
}

impl Composer<'_> {
    /// The root of the first document, and whether another follows.
    fn document(&mut self) -> Result<Option<(NodeId, bool)>, YamlError> {
        let (YamlEvent::DocumentStart, _) = self.events.next_placed()? else {
            return Ok(None);
        };
        let root = self.next_node(1)?;
        self.events.next_placed()?;
        // What follows may be anything: it is not read.
        let has_more = !matches!(self.events.next_placed(), Ok((YamlEvent::StreamEnd, _)));
        Ok(Some((root.child.node, has_more)))
    }

    fn next_node(&mut self, depth: usize) -> Result<Read, YamlError> {
        let (event, place) = self.events.next_placed()?;
        self.node_from(event, place, depth)
    }

    fn node_from(&mut self, event: YamlEvent, place: Place, depth: usize) -> Result<Read, YamlError> {
        if depth > self.limits.depth {
            return Err(YamlError::TooDeep {
                at: place.at,
                limit: self.limits.depth,
            });
        }
        match event {
            YamlEvent::Alias(name) => self.alias(&name, place, depth),
            YamlEvent::Scalar(scalar) => self.scalar(scalar, place),
            YamlEvent::SequenceStart(anchor) => self.sequence(anchor, place, depth),
            YamlEvent::MappingStart(anchor) => self.mapping(anchor, place, depth),
            YamlEvent::DocumentStart
            | YamlEvent::DocumentEnd
            | YamlEvent::StreamEnd
            | YamlEvent::SequenceEnd
            | YamlEvent::MappingEnd => Err(YamlError::ParserFailed),
        }
    }

    fn scalar(&mut self, mut scalar: ScalarEvent, place: Place) -> Result<Read, YamlError> {
        let at = place.at;
        let pending = scalar.anchor.take().map(|name| self.open(name));
        self.count(1, at)?;
        self.allowance.text(scalar.text.len())?;
        self.text_bytes += scalar.text.len();
        let style = scalar.style;
        let written: Box<str> = scalar.text.as_str().into();
        let resolved = resolved(scalar, at)?;
        let key = pending.as_ref().and_then(|_| resolved.clone().into_key());
        let value = resolved.into_value().ok_or(YamlError::NotFinite { at })?;
        let text = (value.as_str() != Some(&*written)).then_some(written);
        let content = Content::Scalar { value, text, style };
        self.add(
            content,
            1,
            place,
            pending.map(|pending| (pending, key.map(Into::into))),
        )
    }

    fn sequence(&mut self, anchor: Option<String>, place: Place, depth: usize) -> Result<Read, YamlError> {
        let pending = anchor.map(|name| self.open(name));
        self.count(1, place.at)?;
        let mut items = Vec::new();
        let mut height = 0;
        let end = loop {
            let (event, place) = self.events.next_placed()?;
            if let YamlEvent::SequenceEnd = event {
                break place.span.end;
            }
            let item = self.node_from(event, place, depth + 1)?;
            height = height.max(item.height);
            items.push(item.child);
        };
        let span = place.span.start..end;
        self.add(
            Content::Sequence(items),
            height + 1,
            Place { span, ..place },
            pending.map(|pending| (pending, None)),
        )
    }

    fn mapping(&mut self, anchor: Option<String>, place: Place, depth: usize) -> Result<Read, YamlError> {
        let pending = anchor.map(|name| self.open(name));
        self.count(1, place.at)?;
        let mut entries = Vec::new();
        let mut height = 0;
        let end = loop {
            let (event, key) = self.events.next_placed()?;
            match event {
                YamlEvent::MappingEnd => break key.span.end,
                YamlEvent::Scalar(scalar)
                    if scalar.text == "<<"
                        && (scalar.implicit || scalar.tag.as_deref() == Some(MERGE_TAG)) =>
                {
                    height = height.max(self.merge(&mut entries, depth)?);
                }
                event => {
                    let span = key.span.clone();
                    let name = self.key(event, key, depth + 1)?;
                    let value = self.next_node(depth + 1)?;
                    height = height.max(value.height);
                    self.allowance.charge(2 * size_of::<Entry>() + name.len())?;
                    entries.push(Entry {
                        name,
                        span,
                        value: value.child,
                    });
                }
            }
        };
        let span = place.span.start..end;
        let entries = by_name(entries);
        self.add(
            Content::Mapping(entries),
            height + 1,
            Place { span, ..place },
            pending.map(|pending| (pending, None)),
        )
    }

    /// The name of an entry.
    fn key(&mut self, event: YamlEvent, place: Place, depth: usize) -> Result<Box<str>, YamlError> {
        let at = place.at;
        let anchor = match event {
            YamlEvent::Scalar(ScalarEvent {
                anchor: Some(ref anchor),
                ..
            })
            | YamlEvent::Alias(ref anchor) => anchor.clone(),
            YamlEvent::Scalar(scalar) => {
                self.count(1, at)?;
                self.text_bytes += scalar.text.len();
                let key = resolved(scalar, at)?.into_key();
                return key.map(Into::into).ok_or(YamlError::Key { at });
            }
            _ => return Err(YamlError::Key { at }),
        };
        self.node_from(event, place, depth)?;
        match self.anchors.get(&anchor) {
            Some(Anchor::Closed(Kept { key: Some(key), .. })) => Ok(key.clone()),
            _ => Err(YamlError::Key { at }),
        }
    }

    /// Adds the entries of the next node to those of a map: the last of one name counts, and of several merged maps the first.
    fn merge(&mut self, entries: &mut Vec<Entry>, depth: usize) -> Result<usize, YamlError> {
        let (event, place) = self.events.next_placed()?;
        let is_list = matches!(event, YamlEvent::SequenceStart(_));
        let read = self.node_from(event, place, depth)?;
        if !is_list {
            return self.add_merged(read.child.node, entries, read.at, read.height);
        }
        let Some(Node {
            content: Content::Sequence(items),
            ..
        }) = self.nodes.get(read.child.node)
        else {
            return Err(YamlError::ParserFailed);
        };
        for item in items.clone().into_iter().rev() {
            self.add_merged(item.node, entries, read.at, read.height)?;
        }
        Ok(read.height)
    }

    fn add_merged(
        &mut self,
        node: NodeId,
        entries: &mut Vec<Entry>,
        at: TextPosition,
        height: usize,
    ) -> Result<usize, YamlError> {
        let Some(Content::Mapping(merged)) = self.nodes.get(node).map(|node| &node.content) else {
            return Err(YamlError::Merge { at });
        };
        let names: usize = merged.iter().map(|entry| entry.name.len()).sum();
        self.allowance
            .charge(2 * size_of::<Entry>() * merged.len() + names)?;
        entries.extend(merged.iter().cloned().map(|mut entry| {
            entry.value.is_shared = true;
            entry
        }));
        Ok(height.saturating_sub(1))
    }

    fn alias(&mut self, name: &str, place: Place, depth: usize) -> Result<Read, YamlError> {
        let at = place.at;
        let kept = match self.anchors.get(name) {
            None => return Err(YamlError::UnknownAnchor { at }),
            Some(Anchor::Open(_)) => return Err(YamlError::ContainsItself { at }),
            Some(Anchor::Closed(kept)) => kept,
        };
        let &Kept {
            node,
            height,
            steps,
            bytes,
            ..
        } = kept;
        if depth - 1 + height > self.limits.depth {
            return Err(YamlError::TooDeep {
                at,
                limit: self.limits.depth,
            });
        }
        self.count(steps, at)?;
        self.text_bytes = self.text_bytes.saturating_add(bytes);
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.copied_bytes > self.limits.copied_bytes {
            return Err(YamlError::TooMuchCopied {
                at,
                limit: self.limits.copied_bytes,
            });
        }
        Ok(Read {
            child: Child {
                node,
                is_shared: true,
            },
            height,
            at,
        })
    }

    /// Keeps a complete node, and its anchor unless a node inside it took the name over.
    fn add(
        &mut self,
        content: Content,
        height: usize,
        place: Place,
        pending: Option<(Pending, Option<Box<str>>)>,
    ) -> Result<Read, YamlError> {
        let node = self.nodes.len();
        self.nodes.push(Node {
            span: place.span,
            content,
        });
        if let Some((
            Pending {
                name,
                number,
                counted_before,
                bytes_before,
            },
            key,
        )) = pending
            && matches!(self.anchors.get(&name), Some(Anchor::Open(open)) if *open == number)
        {
            let kept = Kept {
                node,
                key,
                height,
                steps: self.counted - counted_before,
                bytes: self.text_bytes - bytes_before,
            };
            self.anchors.insert(name, Anchor::Closed(kept));
        }
        Ok(Read {
            child: Child {
                node,
                is_shared: false,
            },
            height,
            at: place.at,
        })
    }

    fn open(&mut self, name: String) -> Pending {
        self.opened += 1;
        self.anchors.insert(name.clone(), Anchor::Open(self.opened));
        Pending {
            name,
            number: self.opened,
            counted_before: self.counted,
            bytes_before: self.text_bytes,
        }
    }

    /// Counts nodes, and what they take beside their texts.
    fn count(&mut self, nodes: usize, at: TextPosition) -> Result<(), YamlError> {
        self.counted = self.counted.saturating_add(nodes);
        if self.counted > self.limits.nodes {
            return Err(YamlError::TooManyNodes {
                at,
                limit: self.limits.nodes,
            });
        }
        self.allowance.charge(size_of::<Node>())?;
        Ok(())
    }
}

/// The type and value of a scalar.
fn resolved(scalar: ScalarEvent, at: TextPosition) -> Result<Scalar, YamlError> {
    resolve(scalar).map_err(|reason| match reason {
        Unresolved::Tag => YamlError::Tag { at },
        Unresolved::Base64 => YamlError::Base64 { at },
    })
}

/// Sorts entries; of those with one name the last counts.
fn by_name(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    entries.dedup_by(|later, kept| {
        let is_same = later.name == kept.name;
        if is_same {
            std::mem::swap(later, kept);
        }
        is_same
    });
    entries
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse_document;
    use super::*;

    fn tree(text: &str) -> Tree {
        parse(text, &Limits::default(), &mut Repairs::default())
            .unwrap()
            .unwrap()
    }

    /// The text of the scalar at these names and positions.
    fn at<'t>(text: &'t str, steps: &[&str]) -> &'t str {
        let tree = tree(text);
        let mut id = tree.root();
        for step in steps {
            id = match &tree.node(id).unwrap().content {
                Content::Sequence(items) => items[step.parse::<usize>().unwrap()].node,
                Content::Scalar { .. } | Content::Mapping(_) => tree.entry(id, step).unwrap().value.node,
            };
        }
        &text[tree.node(id).unwrap().span.clone()]
    }

    #[test]
    fn nodes_know_where_they_stand() {
        let text = "é: [\"ü\", 'x' ]\nb:\n  - |-\n    é\n    2\n  - &a !!str 3 # c\n  - *a\nc:\nd: ''\n";
        assert_eq!(at(text, &["é", "0"]), "\"ü\"");
        assert_eq!(at(text, &["é"]), "[\"ü\", 'x' ]");
        assert_eq!(at(text, &["b", "0"]), "|-\n    é\n    2\n");
        assert_eq!(at(text, &["b", "1"]), "&a !!str 3");
        assert_eq!(at(text, &["b", "2"]), "&a !!str 3");
        assert_eq!(at(text, &["c"]), "");
        assert_eq!(at(text, &["d"]), "''");
    }

    #[test]
    fn places_are_those_of_the_given_text_where_it_had_to_be_rewritten() {
        let text = "\u{FEFF}a: \"it\\'s\"\r\nb: {c:, d: x}\r\ne: \"y\\'\"\r\nf: z";
        assert_eq!(at(text, &["a"]), "\"it\\'s\"");
        assert_eq!(at(text, &["b", "d"]), "x");
        assert_eq!(at(text, &["e"]), "\"y\\'\"");
        assert_eq!(at(text, &["f"]), "z");
    }

    #[test]
    fn what_an_alias_brings_is_marked() {
        let tree = tree("a: &a {x: 1, z: 2}\nb:\n  <<: *a\n  z: 3\nc: *a\n");
        let shared = |id, name| tree.entry(id, name).unwrap().value;
        let b = shared(tree.root(), "b");
        assert!(!b.is_shared && shared(b.node, "x").is_shared && !shared(b.node, "z").is_shared);
        assert!(shared(tree.root(), "c").is_shared);
    }

    proptest! {
        #[test]
        fn the_value_is_that_of_the_document(
            text in "(a|b|- |: |\n|\n  |&a |\\*a|<<: |'|\"|\\\\'|\\[|\\]|\\{|\\}|, |\\||>|0x1|~|é|:|\r\n|!!str |1.0|\\? ){0,25}"
        ) {
            let read = parse(&text, &Limits::default(), &mut Repairs::default());
            let read = read.map(|tree| tree.map_or(Value::Null, |tree| tree.value(tree.root())));
            match parse_document(&text, &Limits::default()) {
                Ok(value) => prop_assert_eq!(read.unwrap(), value),
                Err(_) => prop_assert!(read.is_err()),
            }
        }
    }
}
