//! The table and the cursor into it.
//!
//! Tables hold flat vectors that refer to each other by index: names and equal facts are stored once, recursive
//! types (`JSONSchemaProps`) need no pointers, and a [`Shape`] is two words.

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

use super::limits::Limits;
use super::value_facts::{ExplicitZero, ListKind, PatchStrategy, TableOrigin, ValueKind};

/// Facts about the types of one API: built-in (embedded) or custom (from a schema). Data only, no I/O.
pub struct TypeTable {
    pub(super) origin: TableOrigin,
    pub(super) names: Vec<String>,
    pub(super) keys: Vec<Vec<String>>,
    pub(super) defaults: Vec<Value>,
    pub(super) limits: Vec<Limits>,
    pub(super) nodes: Vec<TypeNode>,
    /// Of each object type: its fields, sorted by name.
    pub(super) types: Vec<ObjectType>,
    /// API version, kind, root node; sorted.
    pub(super) kinds: Vec<(String, String, u32)>,
}

/// The result of looking up a field.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// The field exists (or the value is a map: then this is what its values are).
    Declared(Shape<'a>),
    /// The type does not have this field: the server prunes it.
    Undeclared,
    /// The surrounding value is free-form, or not an object at all.
    Unknown,
}

/// A cursor into a table: the facts on one value.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    pub(super) table: &'a TypeTable,
    pub(super) node: &'a TypeNode,
}

/// The facts on a value where it stands; equal ones are shared.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TypeNode {
    pub(super) value: ValueKind,
    pub(super) list: ListFacts,
    /// The type of an object, the element node of a list or map.
    pub(super) child: u32,
    /// 0 none, 1 + i `defaults[i]`.
    pub(super) default: u32,
    /// 0 the schema is not held to, or there is none; 1 + i `limits[i]`.
    pub(super) limits: u32,
    pub(super) flags: u8,
    pub(super) patch: Option<PatchStrategy>,
}

/// How the elements of a list are identified; keys are an index into those of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ListFacts {
    /// Not at all: the list is compared as a whole, and in order. Every value that is no list has this, too.
    Atomic,
    /// Compared as a whole although the order means nothing; people may identify the elements by keys.
    Unordered(Option<u16>),
    /// By value.
    Set,
    /// By keys.
    Map(u16),
}

/// One object type.
#[derive(Default)]
pub(super) struct ObjectType {
    /// Name and node, sorted by the name's text.
    pub(super) fields: Vec<(u32, u32)>,
    /// Unknown fields are kept (`x-kubernetes-preserve-unknown-fields`).
    pub(super) open: bool,
}

pub(super) const ZERO_DROPPED: u8 = 1;
pub(super) const SERVER_DEFAULTED: u8 = 2;
pub(super) const ATOMIC: u8 = 4;
pub(super) const NULLABLE: u8 = 8;
pub(super) const STATUS_IS_DATA: u8 = 16;
pub(super) const HAS_RULES: u8 = 32;
pub(super) const HAS_TRANSITION_RULES: u8 = 64;

impl TypeTable {
    /// The root shape of a kind, `None` when this table does not know it.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<Shape<'_>> {
        let at = self
            .kinds
            .binary_search_by(|(v, k, _)| (v.as_str(), k.as_str()).cmp(&(api_version, kind)))
            .ok()?;
        Some(self.shape(self.kinds[at].2))
    }

    /// Every kind that the table knows, as API version and kind, sorted.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        self.kinds
            .iter()
            .map(|(api_version, kind, _)| (api_version.as_str(), kind.as_str()))
    }

    /// The names of the fields that are lists in every type that has them.
    pub fn list_fields(&self) -> HashSet<&str> {
        let fields = || self.types.iter().flat_map(|object| &object.fields);
        let is_list = |&&(_, node): &&(u32, u32)| self.nodes[node as usize].value == ValueKind::List;
        let name = |&(name, _): &(u32, u32)| self.names[name as usize].as_str();
        let others: HashSet<&str> = fields().filter(|field| !is_list(field)).map(name).collect();
        let lists = fields().filter(is_list).map(name);
        lists.filter(|name| !others.contains(name)).collect()
    }

    pub(super) fn shape(&self, node: u32) -> Shape<'_> {
        Shape {
            table: self,
            node: &self.nodes[node as usize],
        }
    }
}

impl fmt::Debug for TypeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypeTable")
            .field("kinds", &self.kinds.len())
            .field("types", &self.types.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Shape<'a> {
    /// The kind of the value.
    pub fn value(self) -> ValueKind {
        self.node.value
    }

    /// The facts on the value under `name` in an object or a map.
    pub fn field(self, name: &str) -> Field<'a> {
        match self.node.value {
            ValueKind::Object => {
                let object = &self.table.types[self.node.child as usize];
                let names = &self.table.names;
                match object
                    .fields
                    .binary_search_by(|&(n, _)| names[n as usize].as_str().cmp(name))
                {
                    Ok(at) => Field::Declared(self.table.shape(object.fields[at].1)),
                    Err(_) if object.open => Field::Unknown,
                    Err(_) => Field::Undeclared,
                }
            }
            ValueKind::Map => Field::Declared(self.table.shape(self.node.child)),
            ValueKind::String
            | ValueKind::Integer
            | ValueKind::Number
            | ValueKind::Boolean
            | ValueKind::Quantity
            | ValueKind::IntOrString
            | ValueKind::Bytes
            | ValueKind::Time
            | ValueKind::Duration
            | ValueKind::List
            | ValueKind::Any => Field::Unknown,
        }
    }

    /// The declared fields of an object, by name; none for anything else.
    pub fn fields(self) -> impl Iterator<Item = (&'a str, Shape<'a>)> {
        let object =
            (self.node.value == ValueKind::Object).then(|| &self.table.types[self.node.child as usize]);
        let fields = object.into_iter().flat_map(|object| &object.fields);
        fields.map(move |&(name, node)| (self.table.names[name as usize].as_str(), self.table.shape(node)))
    }

    /// The facts on the elements of a list; `None` when the value is no list.
    pub fn element(self) -> Option<Shape<'a>> {
        (self.node.value == ValueKind::List).then(|| self.table.shape(self.node.child))
    }

    /// How the elements of a list are identified.
    pub fn list(self) -> ListKind<'a> {
        match self.node.list {
            ListFacts::Atomic | ListFacts::Unordered(_) => ListKind::Atomic,
            ListFacts::Set => ListKind::Set,
            ListFacts::Map(keys) => ListKind::Map(self.keys(keys)),
        }
    }

    /// Whether the order of this list means nothing, although it is atomic: the server may bring the elements into another,
    /// or takes them for alternatives.
    pub fn is_unordered(self) -> bool {
        matches!(self.node.list, ListFacts::Unordered(_))
    }

    /// The fields by which people identify the elements of an unordered list, nested ones with dots
    /// (`resource.name`). An element need not have all of them, and two may have the same.
    pub fn identity(self) -> &'a [String] {
        match self.node.list {
            ListFacts::Unordered(Some(keys)) => self.keys(keys),
            ListFacts::Atomic | ListFacts::Unordered(None) | ListFacts::Set | ListFacts::Map(_) => &[],
        }
    }

    /// How a strategic merge patch changes this value, where its Go type has a patch strategy.
    ///
    /// `None` for custom resources: they have no strategic merge patch.
    pub fn patch_strategy(self) -> Option<PatchStrategy> {
        self.node.patch
    }

    /// The field by which a strategic merge patch identifies the elements of this list.
    ///
    /// It may be coarser than the keys of [`Shape::list`]: a Service's ports are merged by `port` alone, whatever
    /// their protocol.
    pub fn patch_merge_key(self) -> Option<&'a str> {
        let (Some(PatchStrategy::Merge | PatchStrategy::MergeRetainKeys), ListFacts::Map(keys)) =
            (self.node.patch, self.node.list)
        else {
            return None;
        };
        // The first of the keys: `tools/typefacts/patch.go` refuses types of which that is not true.
        self.keys(keys).first().map(String::as_str)
    }

    /// The meaning of an explicit zero value for this field in a manifest.
    ///
    /// An object that is no pointer in Go is `Dropped` too: an empty one says nothing.
    pub fn zero(self) -> ExplicitZero {
        if self.has(ZERO_DROPPED) {
            ExplicitZero::Dropped
        } else {
            ExplicitZero::Kept
        }
    }

    /// Whether the server or a controller puts a value here when the manifest has none (or a zero that is `Dropped`).
    pub fn is_server_defaulted(self) -> bool {
        self.has(SERVER_DEFAULTED)
    }

    /// The static default that the server writes, where it is known and always the same.
    pub fn default(self) -> Option<&'a Value> {
        let index = (self.node.default as usize).checked_sub(1)?;
        self.table.defaults.get(index)
    }

    /// What the schema of a custom resource demands of the value; `None` where no schema tells what the API server takes.
    pub fn limits(self) -> Option<&'a Limits> {
        let index = (self.node.limits as usize).checked_sub(1)?;
        self.table.limits.get(index)
    }

    /// Whether the facts are those of a kind built into Kubernetes: every field that the server fills in is known.
    pub fn is_builtin(self) -> bool {
        self.table.origin == TableOrigin::BuiltIn
    }

    /// Whether the facts are from a definition that the API server does not have yet: what lives tells nothing of them.
    pub fn is_to_come(self) -> bool {
        self.table.origin == TableOrigin::Defined
    }

    /// Whether managed fields name this object or map only as a whole (map type `atomic`), never the fields in it.
    pub fn is_atomic(self) -> bool {
        self.has(ATOMIC)
    }

    /// Whether the server keeps an explicit `null` here (custom resources, `nullable: true`).
    pub fn is_nullable(self) -> bool {
        self.has(NULLABLE)
    }

    /// Whether the status of this kind is written like any other field: a custom resource without the subresource
    /// `status`.
    pub fn status_is_data(self) -> bool {
        self.has(STATUS_IS_DATA)
    }

    /// Whether the schema of a custom resource has rules for this value that are about several values at once, or about
    /// its change.
    pub fn has_rules(self) -> bool {
        self.has(HAS_RULES)
    }

    /// Whether some of these rules are about its change.
    pub fn has_transition_rules(self) -> bool {
        self.has(HAS_TRANSITION_RULES)
    }

    fn keys(self, index: u16) -> &'a [String] {
        &self.table.keys[usize::from(index)]
    }

    fn has(self, flag: u8) -> bool {
        self.node.flags & flag != 0
    }
}

impl fmt::Debug for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shape")
            .field("value", &self.value())
            .field("list", &self.list())
            .field("zero", &self.zero())
            .field("server_defaulted", &self.is_server_defaulted())
            .field("default", &self.default())
            .finish()
    }
}

impl TypeNode {
    /// A value of which only the kind is known; an explicit zero is kept.
    pub(super) fn plain(value: ValueKind) -> TypeNode {
        TypeNode {
            value,
            list: ListFacts::Atomic,
            child: 0,
            default: 0,
            limits: 0,
            flags: 0,
            patch: None,
        }
    }
}
