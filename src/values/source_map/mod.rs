//! From the text that a template renders to the objects in it, and from a field to the pieces of text under it.

mod changes;
mod decode;
mod find;
mod holes;
mod inside;
mod located;
mod source;
mod split;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;

use serde_json::Value;

use changes::Comparison;
use find::Found;
use holes::Readable;
use source::Source;

use crate::compare::path::FieldPath;
use crate::template::traced::{HOLE, Origin, Text};
use crate::yaml::Repairs;
use crate::yaml::located::{Child, Content};

pub use crate::yaml::Limits;
pub use inside::differences_inside;

/// Documents that are read of one file. The largest known chart has 150 in all its files.
const MOST_DOCUMENTS: usize = 10_000;

/// Bytes of a file's text that may be read again, with its holes in another form.
const REREAD: usize = 16 << 20;

/// Lists in lists, whose items are objects.
const MOST_LISTS: usize = 4;

/// What a template file renders, object by object.
#[derive(Debug, Default)]
pub struct SourceMap {
    /// The objects, in the order of the text.
    pub documents: Vec<Document>,
    /// How many documents could not be read, most often because a hole stands in a bad place, or are holes themselves.
    /// Objects that are not found may be in there.
    pub lost: usize,
    /// By the text of a document: which of the objects it has, and how many are lost.
    read: HashMap<Box<str>, (Range<usize>, usize)>,
}

/// A text of an object of which parts may not be known: its kind, its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Word(Option<String>);

/// An object, as far as it is known.
#[derive(Debug, Clone)]
pub struct Document {
    /// `apiVersion`.
    pub api_version: Word,
    /// `kind`.
    pub kind: Word,
    /// `metadata.namespace`.
    pub namespace: Word,
    /// `metadata.name`.
    pub name: Word,
    body: Rc<Readable>,
    root: Child,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'`.
    SingleQuoted,
    /// In `"`.
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
    /// `{}` or `[]`, or a list or a map of which nothing is known.
    Empty,
}

/// A field and the text under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Its value as the API server gets it. With a hole: a text with [`crate::template::traced::HOLE`] in it.
    pub value: Value,
    /// The pieces of its text as YAML reads it: without quotes, escapes and the indentation of a block.
    /// An empty piece is that of an empty value.
    pub pieces: Vec<LocatedPiece>,
    /// How it is written.
    pub style: Style,
    /// Whether the pieces' texts together are exactly what YAML reads.
    pub is_exact: bool,
    /// Whether a part of it is not known.
    pub has_hole: bool,
    /// Whether the same text is that of other fields too, by an alias or a merge key.
    pub is_shared: bool,
}

/// A piece of a field's text with one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedPiece {
    /// Its text as YAML reads it; a hole's is [`crate::template::traced::HOLE`].
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether the field has all of the piece that was rendered.
    pub is_whole: bool,
}

/// A field that differs between two renderings of a template.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The object's `kind`.
    pub kind: String,
    /// The object's `metadata.namespace`, if it has one.
    pub namespace: Option<String>,
    /// The object's `metadata.name`.
    pub name: String,
    /// The field; the root where the whole object comes or goes.
    pub path: FieldPath,
    /// What it was, `None` where it was not there.
    pub before: Option<Value>,
    /// What it is now, `None` where it is not there.
    pub after: Option<Value>,
}

impl Word {
    /// The text if it is known as a whole.
    pub fn known(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.contains(HOLE))
    }

    /// Whether it is not there at all.
    pub const fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it may be this text: holes stand for anything.
    pub fn fits(&self, text: &str) -> bool {
        self.0.as_deref().is_some_and(|pattern| find::fits(pattern, text))
    }
}

/// The root of a document.
const fn root(body: &Readable) -> Child {
    Child {
        node: body.tree.root(),
        is_shared: false,
    }
}

impl SourceMap {
    /// Reads the text that a template file renders. The limits are those of each document.
    pub fn of(text: &Text, limits: &Limits) -> Self {
        Self::of_changed(text, limits, &Self::default())
    }

    /// The same for a text of which another rendering was read before: documents that stayed the same are not read again,
    /// and keep the origins that they had.
    pub fn of_changed(text: &Text, limits: &Limits, before: &Self) -> Self {
        let source = Source::of(text);
        let mut map = Self::default();
        let mut repairs = Repairs::default();
        let mut reread = REREAD;
        for span in split::documents(&source.text, MOST_DOCUMENTS) {
            let text = source.text.get(span.clone()).unwrap_or_default();
            let start = map.documents.len();
            let lost = map.lost;
            if let Some((same, lost)) = before.read.get(text) {
                let same = before.documents.get(same.clone()).unwrap_or_default();
                map.documents.extend_from_slice(same);
                map.lost += lost;
            } else {
                match holes::read(&source.slice(&span), limits, &mut repairs, &mut reread) {
                    Some(body) => map.add(&Rc::new(body)),
                    None => map.lost += usize::from(!is_comment(&source, &span)),
                }
            }
            let read = (start..map.documents.len(), map.lost - lost);
            map.read.insert(text.into(), read);
        }
        map
    }

    /// Adds the objects of a document.
    fn add(&mut self, body: &Rc<Readable>) {
        let root = root(body);
        match body.tree.node(root.node).map(|node| &node.content) {
            Some(Content::Mapping(_)) => {
                self.lost += usize::from(!self.add_objects(body, root, None, 0));
            }
            Some(Content::Scalar {
                value: Value::Null, ..
            }) if body.source.holes().is_empty() => {}
            Some(Content::Scalar { .. } | Content::Sequence(_)) | None => self.lost += 1,
        }
    }

    /// Adds an object, or those of a list, and whether all could be added. The items of a list of a kind need not say theirs.
    fn add_objects(
        &mut self,
        body: &Rc<Readable>,
        at: Child,
        implied: Option<(&str, &str)>,
        depth: usize,
    ) -> bool {
        let mut document = Document::at(Rc::clone(body), at);
        if let (Some((api_version, kind)), true) = (
            implied,
            document.kind.is_absent() && document.api_version.is_absent(),
        ) {
            document.api_version = Word(Some(api_version.to_owned()));
            document.kind = Word(Some(kind.to_owned()));
        }
        let items = match body.tree.entry(at.node, "items").map(|entry| entry.value) {
            Some(items) if !document.kind.is_absent() && !document.api_version.is_absent() => {
                body.tree.node(items.node).map(|node| &node.content)
            }
            Some(_) | None => None,
        };
        let Some(Content::Sequence(items)) = items else {
            let has_room = self.documents.len() < MOST_DOCUMENTS;
            if has_room {
                self.documents.push(document);
            }
            return has_room;
        };
        if depth == MOST_LISTS {
            return false;
        }
        let (api_version, kind) = (
            document.api_version.0.unwrap_or_default(),
            document.kind.0.unwrap_or_default(),
        );
        let implied = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
        let mut is_complete = true;
        for item in items {
            let is_map = matches!(
                body.tree.node(item.node).map(|node| &node.content),
                Some(Content::Mapping(_))
            );
            let implied = implied.map(|kind| (api_version.as_str(), kind));
            is_complete &= is_map && self.add_objects(body, *item, implied, depth + 1);
        }
        is_complete
    }

    /// The object of this kind and name; one whose name is partly unknown if it is the only one that fits.
    /// The namespace decides only between several.
    pub fn document(&self, kind: &str, namespace: Option<&str>, name: &str) -> Option<&Document> {
        let is_named =
            |document: &&Document| document.kind.known() == Some(kind) && document.name.known() == Some(name);
        let may_be = |document: &&Document| {
            document.kind.fits(kind) && document.name.fits(name) && !is_named(document)
        };
        let among = |found: Vec<&'_ Document>| -> Option<Option<usize>> {
            match found.as_slice() {
                [] => None,
                [_] => Some(Some(0)),
                several => {
                    let is_there = |document: &&Document| match (&document.namespace, namespace) {
                        (own, Some(namespace)) => own.known() == Some(namespace),
                        (own, None) => own.is_absent(),
                    };
                    let mut there = several
                        .iter()
                        .enumerate()
                        .filter(|(_, document)| is_there(document));
                    let first = there.next();
                    Some(first.filter(|_| there.next().is_none()).map(|(index, _)| index))
                }
            }
        };
        let named: Vec<&Document> = self.documents.iter().filter(is_named).collect();
        if let Some(only) = among(named.clone()) {
            return named.get(only?).copied();
        }
        let fitting: Vec<&Document> = self.documents.iter().filter(may_be).collect();
        let only = among(fitting.clone())??;
        fitting.get(only).copied()
    }

    /// The fields that differ in another rendering of the same template, at most so many.
    ///
    /// Holes are the same in both. An object whose name changes goes, and another comes.
    pub fn changes(&self, after: &Self, most: usize) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut others: Vec<Option<&Document>> = after.documents.iter().map(Some).collect();
        let mut by_identity: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (index, document) in after.documents.iter().enumerate() {
            by_identity
                .entry(document.identity())
                .or_default()
                .push_back(index);
        }
        for own in &self.documents {
            let index = by_identity.get_mut(&own.identity()).and_then(VecDeque::pop_front);
            let other = index
                .and_then(|index| others.get_mut(index))
                .and_then(Option::take);
            let left = most.saturating_sub(changes.len());
            let found = match other {
                Some(other) => own.differences(other, left),
                None => vec![(FieldPath::root(), Some(own.all()), None)],
            };
            changes.extend(found.into_iter().take(left).map(|found| own.change(found)));
        }
        for new in others.into_iter().flatten() {
            if changes.len() < most {
                changes.push(new.change((FieldPath::root(), None, Some(new.all()))));
            }
        }
        changes
    }
}

/// Whether a document has comments only.
fn is_comment(source: &Source, span: &Range<usize>) -> bool {
    let text = source.text.get(span.clone()).unwrap_or_default();
    text.lines().all(|line| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with('#')
    })
}

impl Document {
    /// The whole document.
    fn of(body: Rc<Readable>) -> Self {
        let root = root(&body);
        Self::at(body, root)
    }

    /// An object in a document.
    fn at(body: Rc<Readable>, root: Child) -> Self {
        Self {
            api_version: Word::at(&body, root, &["apiVersion"]),
            kind: Word::at(&body, root, &["kind"]),
            namespace: Word::at(&body, root, &["metadata", "namespace"]),
            name: Word::at(&body, root, &["metadata", "name"]),
            body,
            root,
        }
    }

    fn identity(&self) -> [&Word; 4] {
        [&self.api_version, &self.kind, &self.namespace, &self.name]
    }

    /// The whole object.
    fn all(&self) -> Value {
        self.body.tree.value(self.root.node)
    }

    fn find(&self, path: &FieldPath) -> Option<Child> {
        match find::find(&self.body, self.root, path.segments()) {
            Found::Node(child) => Some(child),
            Found::UpTo(_) => None,
        }
    }

    /// Whether a path leads to a field or into it, by whatever keys the two name the elements of lists. What an alias brings is
    /// at no place of its own.
    pub fn leads_into(&self, path: &FieldPath, field: &FieldPath) -> bool {
        let own = |child: &Child| !child.is_shared;
        let Some(field) = self.find(field).filter(own) else {
            return false;
        };
        let segments = path.segments();
        (0..=segments.len()).any(|end| match find::find(&self.body, self.root, &segments[..end]) {
            Found::Node(child) => own(&child) && child.node == field.node,
            Found::UpTo(_) => false,
        })
    }

    /// A scalar field, or a list or map that is empty.
    pub fn field(&self, path: &FieldPath) -> Option<Located> {
        located::locate(&self.body, self.find(path)?)
    }

    /// The value of any field, lists and maps too; `None` where a part of it is not known.
    pub fn value(&self, path: &FieldPath) -> Option<Value> {
        let child = self.find(path)?;
        if find::has_unknown(&self.body, child) {
            return None;
        }
        Some(self.body.tree.value(child.node))
    }

    /// Whether a field that is not there may yet be there, because a hole stands where it would be.
    pub fn may_have(&self, path: &FieldPath) -> bool {
        match find::find(&self.body, self.root, path.segments()) {
            Found::Node(_) => false,
            Found::UpTo(child) => find::is_open(&self.body, child, child.node == self.body.tree.root()),
        }
    }

    /// The scalars (and empty lists and maps) in a field that is a list or a map, with their paths from that field on; at most so many.
    /// For a scalar: itself, with the root as its path.
    pub fn fields_under(&self, path: &FieldPath, most: usize) -> Vec<(FieldPath, Located)> {
        let Some(child) = self.find(path) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let list = path.keys().next_back().unwrap_or_default();
        changes::leaves(&self.body, child, list, &FieldPath::root(), most, &mut found);
        let located = |(path, child)| Some((path, located::locate(&self.body, child)?));
        found.into_iter().filter_map(located).collect()
    }

    /// The mapping that is written in the text of a field, such as a file in a `ConfigMap`, as YAML or JSON.
    pub fn embedded(&self, entry: &FieldPath) -> Option<Self> {
        inside::embedded(&self.field(entry)?, &Limits::default())
    }

    /// A field inside the text of a field.
    pub fn inside(&self, entry: &FieldPath, inner: &FieldPath) -> Option<Located> {
        self.embedded(entry)?.field(inner)
    }

    /// The fields that differ from those of another, at most so many.
    fn differences(&self, other: &Self, most: usize) -> Vec<changes::Difference> {
        if Rc::ptr_eq(&self.body, &other.body) && self.root.node == other.root.node {
            return Vec::new();
        }
        if self.body.source.text == other.body.source.text && self.root.node == other.root.node {
            return Vec::new();
        }
        let mut comparison = Comparison {
            before: &self.body,
            after: &other.body,
            most,
            found: Vec::new(),
        };
        comparison.nodes(&FieldPath::root(), self.root, other.root);
        comparison.found
    }

    fn change(&self, (path, before, after): changes::Difference) -> Change {
        Change {
            kind: self.kind.0.clone().unwrap_or_default(),
            namespace: self.namespace.0.clone(),
            name: self.name.0.clone().unwrap_or_default(),
            path,
            before,
            after,
        }
    }
}

#[cfg(test)]
mod tests;
