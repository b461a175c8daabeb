//! Nodes of the events of a document.

use std::collections::HashMap;

use super::super::event::{Events, Place, ScalarEvent, YamlEvent};
use super::super::resolve::{Scalar, Unresolved, resolve};
use super::super::{Limits, TextPosition, YamlError};
use super::{Child, Content, Entry, Node, NodeId};
use crate::weight::Allowance;

/// The tag that makes any scalar `<<` a merge key.
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

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

pub(super) struct Composer<'a> {
    pub(super) events: Events<'a>,
    limits: &'a Limits,
    pub(super) nodes: Vec<Node>,
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

impl<'a> Composer<'a> {
    pub(super) fn new(events: Events<'a>, limits: &'a Limits) -> Self {
        Self {
            events,
            limits,
            nodes: Vec::new(),
            anchors: HashMap::new(),
            opened: 0,
            counted: 0,
            copied_bytes: 0,
            text_bytes: 0,
            allowance: Allowance::new(limits.weight),
        }
    }
}

impl Composer<'_> {
    /// The root of the first document, and whether another follows.
    pub(super) fn document(&mut self) -> Result<Option<(NodeId, bool)>, YamlError> {
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
