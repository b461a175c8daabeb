//! From the text that a template renders to the objects in it, and from a field to the pieces of text under it.

use serde_json::Value;

use crate::compare::path::FieldPath;
use crate::template::traced::{Origin, Text};
pub use crate::yaml::Limits;

/// What a template file renders, object by object.
#[derive(Debug, Default)]
pub struct SourceMap {
    /// The objects, in the order of the text.
    pub documents: Vec<Document>,
    /// How many documents could not be read, most often because a hole stands in a bad place, or are holes themselves.
    /// Objects that are not found may be in there.
    pub lost: usize,
}

/// A text of an object of which parts may not be known: its kind, its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word(Option<String>);

/// An object, as far as it is known.
#[derive(Debug)]
pub struct Document {
    /// `apiVersion`.
    pub api_version: Word,
    /// `kind`.
    pub kind: Word,
    /// `metadata.namespace`.
    pub namespace: Word,
    /// `metadata.name`.
    pub name: Word,
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
        None
    }

    /// Whether it is not there at all.
    pub const fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it may be this text: holes stand for anything.
    pub fn fits(&self, _text: &str) -> bool {
        false
    }
}

impl SourceMap {
    /// Reads the text that a template file renders.
    pub fn of(_text: &Text, _limits: &Limits) -> Self {
        Self::default()
    }

    /// The object of this kind and name; one whose name is partly unknown if it is the only one that fits.
    /// The namespace decides only between several.
    pub fn document(&self, _kind: &str, _namespace: Option<&str>, _name: &str) -> Option<&Document> {
        None
    }

    /// The fields that differ in another rendering of the same template, at most so many.
    ///
    /// A field whose value is not known before and after differs where the pieces differ in what is known.
    pub fn changes(&self, _after: &Self, _most: usize) -> Vec<Change> {
        Vec::new()
    }
}

impl Document {
    /// A scalar field, or a list or map that is empty.
    pub fn field(&self, _path: &FieldPath) -> Option<Located> {
        None
    }

    /// The value of any field, lists and maps too; `None` where a part of it is not known.
    pub fn value(&self, _path: &FieldPath) -> Option<Value> {
        None
    }

    /// Whether a field that is not there may yet be there, because a hole stands where it would be.
    pub fn may_have(&self, _path: &FieldPath) -> bool {
        false
    }

    /// The scalars (and empty lists and maps) in a field that is a list or a map, with their paths from that field on; at most so many.
    /// For a scalar: itself, with the root as its path.
    pub fn fields_under(&self, _path: &FieldPath, _most: usize) -> Vec<(FieldPath, Located)> {
        Vec::new()
    }

    /// The mapping that is written in the text of a field, such as a file in a `ConfigMap`, as YAML or JSON.
    pub fn embedded(&self, _entry: &FieldPath) -> Option<Self> {
        None
    }

    /// A field inside the text of a field.
    pub fn inside(&self, entry: &FieldPath, inner: &FieldPath) -> Option<Located> {
        self.embedded(entry)?.field(inner)
    }
}

/// Which fields differ between two texts that are mappings in YAML or JSON. `None` if one is not, or has several documents.
pub fn differences_inside(
    _deployed: &str,
    _live: &str,
    _limits: &Limits,
) -> Option<Vec<(FieldPath, Option<Value>, Option<Value>)>> {
    None
}
