//! From events to a JSON value: anchors, aliases, merge keys, duplicate keys, and the limits.
//!
//! Mirrors `parser` and `decoder` in `decode.go` of go.yaml.in/yaml/v2 2.4.3. go-yaml builds a tree of nodes and
//! decodes it afterwards; here the value grows while the events arrive, which gives the same result because an
//! alias can only name an anchor that stands before it, and decoding a node does not depend on where it stands.
//! There is one difference: go-yaml forgets a value that a later duplicate key replaces before it looks for keys and
//! numbers JSON cannot hold, so it accepts `{a: .nan, a: 1}` and this module does not.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::event::{Events, ScalarEvent, YamlEvent};
use super::resolve::{Scalar, Unresolved, resolve};
use super::{Limits, TextPosition, YamlError};
use crate::weight::Allowance;

/// What an anchor takes besides its node and its name.
const ANCHOR: usize = 256;

/// The tag that makes any scalar `<<` a merge key.
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

/// Decodes the first document among the events; no document at all is null.
pub(super) fn compose(events: Events<'_>, limits: &Limits) -> Result<Value, YamlError> {
    let mut composer = Composer {
        events,
        limits,
        anchors: HashMap::new(),
        opened: 0,
        decoded: 0,
        from_aliases: 0,
        nodes: 0,
        copied_bytes: 0,
        allowance: Allowance::new(limits.weight),
    };
    let (first, at) = composer.events.next()?;
    let YamlEvent::DocumentStart = first else {
        return Ok(Value::Null);
    };
    composer.count(at)?;
    let root = composer.node(1)?;
    let value = root.into_value()?;
    // The document's end is read because go-yaml insists on it: text after the root node is an error.
    composer.events.next()?;
    Ok(value)
}

/// A decoded node, as an anchor or a parent node holds it.
#[derive(Clone)]
struct DecodedNode {
    content: Content,
    /// Levels of nesting, one for a scalar.
    height: usize,
    at: TextPosition,
}

/// The three kinds of node. Scalars keep their type because a key is written differently from a value.
#[derive(Clone)]
enum Content {
    Scalar(Scalar),
    Sequence(Vec<Value>),
    Mapping(Map<String, Value>),
}

impl DecodedNode {
    fn into_value(self) -> Result<Value, YamlError> {
        match self.content {
            Content::Scalar(scalar) => scalar.into_value().ok_or(YamlError::NotFinite { at: self.at }),
            Content::Sequence(items) => Ok(Value::Array(items)),
            Content::Mapping(entries) => Ok(Value::Object(entries)),
        }
    }

    fn into_key(self) -> Result<String, YamlError> {
        match self.content {
            Content::Scalar(scalar) => scalar.into_key().ok_or(YamlError::Key { at: self.at }),
            Content::Sequence(_) | Content::Mapping(_) => Err(YamlError::Key { at: self.at }),
        }
    }
}

/// The state of an anchor's name.
enum Anchor {
    /// The node is still being read; the number distinguishes it from another of the same name.
    Open(usize),
    /// The node is complete.
    Closed(Rc<Kept>),
}

/// A complete node that aliases may copy.
struct Kept {
    node: DecodedNode,
    /// How many decoding steps the node took.
    steps: usize,
    /// The text in the node.
    bytes: usize,
    /// The memory that the node takes.
    weight: usize,
}

/// An anchor whose node is still being read.
struct PendingAnchor {
    name: String,
    number: usize,
    decoded_before: usize,
    charged_before: usize,
}

/// A key of a mapping.
enum Key {
    Merge,
    Name(String),
}

struct Composer<'a> {
    events: Events<'a>,
    limits: &'a Limits,
    anchors: HashMap<String, Anchor>,
    opened: usize,
    /// go-yaml's `decodeCount`.
    decoded: usize,
    /// go-yaml's `aliasCount`.
    from_aliases: usize,
    /// Nodes held, copies for anchors and aliases included.
    nodes: usize,
    /// Text copied for anchors and aliases.
    copied_bytes: usize,
    /// The memory that is left for the value and the copies.
    allowance: Allowance,
}

impl Composer<'_> {
    /// Reads the node that comes next, `depth` levels down.
    fn node(&mut self, depth: usize) -> Result<DecodedNode, YamlError> {
        let (event, at) = self.events.next()?;
        self.node_from(event, at, depth)
    }

    /// Completes the node that begins with the event.
    fn node_from(
        &mut self,
        event: YamlEvent,
        at: TextPosition,
        depth: usize,
    ) -> Result<DecodedNode, YamlError> {
        if depth > self.limits.depth {
            return Err(YamlError::TooDeep {
                at,
                limit: self.limits.depth,
            });
        }
        match event {
            YamlEvent::Alias(name) => self.alias(&name, at, depth),
            YamlEvent::Scalar(scalar) => self.scalar(scalar, at),
            YamlEvent::SequenceStart(anchor) => self.sequence(anchor, at, depth),
            YamlEvent::MappingStart(anchor) => self.mapping(anchor, at, depth),
            YamlEvent::DocumentStart
            | YamlEvent::DocumentEnd
            | YamlEvent::StreamEnd
            | YamlEvent::SequenceEnd
            | YamlEvent::MappingEnd => Err(YamlError::ParserFailed),
        }
    }

    fn scalar(&mut self, mut scalar: ScalarEvent, at: TextPosition) -> Result<DecodedNode, YamlError> {
        let pending = scalar.anchor.take().map(|name| self.open(name));
        self.count(at)?;
        self.allowance.text(scalar.text.len())?;
        let content = resolve(scalar)
            .map(Content::Scalar)
            .map_err(|reason| match reason {
                Unresolved::Tag => YamlError::Tag { at },
                Unresolved::Base64 => YamlError::Base64 { at },
            })?;
        self.close(
            pending,
            DecodedNode {
                content,
                height: 1,
                at,
            },
        )
    }

    fn sequence(
        &mut self,
        anchor: Option<String>,
        at: TextPosition,
        depth: usize,
    ) -> Result<DecodedNode, YamlError> {
        let pending = anchor.map(|name| self.open(name));
        self.count(at)?;
        let mut items = Vec::new();
        let mut height = 0;
        loop {
            let (event, at) = self.events.next()?;
            if let YamlEvent::SequenceEnd = event {
                break;
            }
            let item = self.node_from(event, at, depth + 1)?;
            height = height.max(item.height);
            self.allowance.element(items.len())?;
            items.push(item.into_value()?);
        }
        self.close(
            pending,
            DecodedNode {
                content: Content::Sequence(items),
                height: height + 1,
                at,
            },
        )
    }

    fn mapping(
        &mut self,
        anchor: Option<String>,
        at: TextPosition,
        depth: usize,
    ) -> Result<DecodedNode, YamlError> {
        let pending = anchor.map(|name| self.open(name));
        self.count(at)?;
        let mut entries = Map::new();
        let mut height = 0;
        loop {
            let (event, at) = self.events.next()?;
            if let YamlEvent::MappingEnd = event {
                break;
            }
            match self.key(event, at, depth + 1)? {
                Key::Merge => height = height.max(self.merge(&mut entries, depth)?),
                Key::Name(key) => {
                    let value = self.node(depth + 1)?;
                    height = height.max(value.height);
                    // The key's text was charged as a scalar.
                    self.allowance.entry(entries.len(), 0)?;
                    entries.insert(key, value.into_value()?);
                }
            }
        }
        self.close(
            pending,
            DecodedNode {
                content: Content::Mapping(entries),
                height: height + 1,
                at,
            },
        )
    }

    /// go-yaml's `isMerge`: the value of a merge key does not count as a decoding step, only what is merged does.
    fn key(&mut self, event: YamlEvent, at: TextPosition, depth: usize) -> Result<Key, YamlError> {
        if let YamlEvent::Scalar(scalar) = &event
            && scalar.text == "<<"
            && (scalar.implicit || scalar.tag.as_deref() == Some(MERGE_TAG))
        {
            return Ok(Key::Merge);
        }
        self.node_from(event, at, depth)?.into_key().map(Key::Name)
    }

    /// Merges the next node into a mapping and returns the height of its values.
    ///
    /// go-yaml's `decoder.merge` writes at once, so a merge overrides the keys before it and is overridden by those
    /// after it; of several merged mappings the first one wins.
    fn merge(&mut self, entries: &mut Map<String, Value>, depth: usize) -> Result<usize, YamlError> {
        let (event, at) = self.events.next()?;
        let YamlEvent::SequenceStart(anchor) = event else {
            let node = self.node_from(event, at, depth)?;
            return insert_merged(node, entries);
        };
        let pending = anchor.map(|name| self.open(name));
        let mut merged = Vec::new();
        loop {
            let (event, at) = self.events.next()?;
            if let YamlEvent::SequenceEnd = event {
                break;
            }
            merged.push(self.node_from(event, at, depth)?);
        }
        if let Some(pending) = pending {
            let items = merged
                .iter()
                .cloned()
                .map(DecodedNode::into_value)
                .collect::<Result<_, _>>()?;
            let height = merged.iter().map(|node| node.height).max().unwrap_or(0) + 1;
            self.close(
                Some(pending),
                DecodedNode {
                    content: Content::Sequence(items),
                    height,
                    at,
                },
            )?;
        }
        let mut height = 0;
        for node in merged.into_iter().rev() {
            height = height.max(insert_merged(node, entries)?);
        }
        Ok(height)
    }

    /// Copies the node of an anchor, after checking the copy against the limits.
    fn alias(&mut self, name: &str, at: TextPosition, depth: usize) -> Result<DecodedNode, YamlError> {
        let kept = match self.anchors.get(name) {
            None => return Err(YamlError::UnknownAnchor { at }),
            Some(Anchor::Open(_)) => return Err(YamlError::ContainsItself { at }),
            Some(Anchor::Closed(kept)) => Rc::clone(kept),
        };
        if depth - 1 + kept.node.height > self.limits.depth {
            return Err(YamlError::TooDeep {
                at,
                limit: self.limits.depth,
            });
        }
        self.count(at)?;
        self.decoded += kept.steps;
        self.from_aliases += kept.steps;
        self.check_alias_ratio(at)?;
        self.charge_copy(kept.steps, kept.bytes, at)?;
        self.allowance.charge(kept.weight)?;
        Ok(DecodedNode {
            at,
            ..kept.node.clone()
        })
    }

    /// Registers a name at the start of its node, so that a node that contains itself is noticed.
    fn open(&mut self, name: String) -> PendingAnchor {
        self.opened += 1;
        self.anchors.insert(name.clone(), Anchor::Open(self.opened));
        PendingAnchor {
            name,
            number: self.opened,
            decoded_before: self.decoded,
            charged_before: self.allowance.charged(),
        }
    }

    /// Keeps a copy of a complete node under its name, unless a node inside it took the name over.
    fn close(&mut self, pending: Option<PendingAnchor>, node: DecodedNode) -> Result<DecodedNode, YamlError> {
        let Some(PendingAnchor {
            name,
            number,
            decoded_before,
            charged_before,
        }) = pending
        else {
            return Ok(node);
        };
        if !matches!(self.anchors.get(&name), Some(Anchor::Open(open)) if *open == number) {
            return Ok(node);
        }
        let steps = self.decoded - decoded_before;
        let weight = self.allowance.charged() - charged_before;
        self.allowance.charge(weight + anchor_weight(&name))?;
        let bytes = match &node.content {
            Content::Scalar(scalar) => scalar.bytes(),
            Content::Sequence(items) => items.iter().map(text_bytes).sum(),
            Content::Mapping(entries) => entry_bytes(entries),
        };
        self.charge_copy(steps, bytes, node.at)?;
        let kept = Kept {
            node: node.clone(),
            steps,
            bytes,
            weight,
        };
        self.anchors.insert(name, Anchor::Closed(Rc::new(kept)));
        Ok(node)
    }

    /// Counts one decoding step.
    fn count(&mut self, at: TextPosition) -> Result<(), YamlError> {
        self.decoded += 1;
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(YamlError::TooManyNodes {
                at,
                limit: self.limits.nodes,
            });
        }
        self.check_alias_ratio(at)
    }

    /// Charges the copy of a node against the limits before it is made.
    fn charge_copy(&mut self, nodes: usize, bytes: usize, at: TextPosition) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.nodes > self.limits.nodes {
            return Err(YamlError::TooManyNodes {
                at,
                limit: self.limits.nodes,
            });
        }
        if self.copied_bytes > self.limits.copied_bytes {
            return Err(YamlError::TooMuchCopied {
                at,
                limit: self.limits.copied_bytes,
            });
        }
        Ok(())
    }

    /// go-yaml's guard in `decoder.unmarshal`. Within one alias the ratio only grows, so that asking once after
    /// each alias and each other step finds what asking at every step inside the alias finds.
    #[expect(clippy::cast_precision_loss, reason = "the counts stay far below 2^52")]
    fn check_alias_ratio(&self, at: TextPosition) -> Result<(), YamlError> {
        if self.from_aliases > 100
            && self.decoded > 1000
            && self.from_aliases as f64 / self.decoded as f64 > allowed_alias_ratio(self.decoded)
        {
            return Err(YamlError::ExcessiveAliasing { at });
        }
        Ok(())
    }
}

/// go-yaml's `allowedAliasRatio`: 99 % up to 400,000 steps, falling to 10 % at 4,000,000.
#[expect(clippy::cast_precision_loss, reason = "the counts stay far below 2^52")]
fn allowed_alias_ratio(decoded: usize) -> f64 {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    match decoded {
        ..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * ((decoded - LOW) as f64 / (HIGH - LOW) as f64),
    }
}

/// The memory of an anchor's entry in the table of anchors, beside its node.
const fn anchor_weight(name: &str) -> usize {
    ANCHOR + name.len()
}

/// Writes a mapping's entries over those of another.
fn insert_merged(node: DecodedNode, entries: &mut Map<String, Value>) -> Result<usize, YamlError> {
    let Content::Mapping(merged) = node.content else {
        return Err(YamlError::Merge { at: node.at });
    };
    entries.extend(merged);
    Ok(node.height - 1)
}

/// The text in a value.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(entries) => entry_bytes(entries),
    }
}

/// The text in a mapping, keys included.
fn entry_bytes(entries: &Map<String, Value>) -> usize {
    entries
        .iter()
        .map(|(key, value)| key.len() + text_bytes(value))
        .sum()
}
