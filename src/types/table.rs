//! The table and the cursor into it.
//!
//! Tables hold flat vectors that refer to each other by index: names and equal facts are stored once, recursive
//! types (`JSONSchemaProps`) need no pointers, and a [`Shape`] is two words. The embedded table is decoded on first
//! use in about a millisecond; its format is described where it is written, in `tools/typefacts/encode.go`.

use std::fmt;
use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use super::TypesError;

static BUILTIN: &[u8] = include_bytes!("builtin.json.gz");

/// Facts about the types of one API: built-in (embedded) or custom (from a schema). Data only, no I/O.
pub struct TypeTable {
    pub(super) names: Vec<String>,
    pub(super) keys: Vec<Vec<String>>,
    pub(super) defaults: Vec<Value>,
    pub(super) nodes: Vec<Node>,
    /// Of each object type: its fields, sorted by name.
    pub(super) types: Vec<ObjectType>,
    /// API version, kind, root node; sorted.
    pub(super) kinds: Vec<(String, String, u32)>,
}

/// What a value is, finer than JSON's types where Kubernetes compares values in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// Text, compared exactly.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An amount such as `500m`, equal to every other spelling of it.
    Quantity,
    /// A number or a text, which the server keeps as given (`80` is not `"80"`).
    IntOrString,
    /// Base64 of bytes, compared decoded.
    Bytes,
    /// A moment in RFC 3339.
    Time,
    /// A Go duration such as `1h0m0s`.
    Duration,
    /// An object with declared fields.
    Object,
    /// An object whose keys are data.
    Map,
    /// A list.
    List,
    /// Nothing is known: free-form data.
    Any,
}

/// What looking up a field found.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// The field exists (or the value is a map: then this is what its values are).
    Declared(Shape<'a>),
    /// The type does not have this field: the server prunes it.
    Undeclared,
    /// The surrounding value is free-form, or not an object at all.
    Unknown,
}

/// How the elements of a list are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind<'a> {
    /// Only as a whole, and in order.
    Atomic,
    /// By value, in any order.
    Set,
    /// By these fields together.
    Map(&'a [String]),
}

/// What an explicit zero value (`""`, 0, false, `[]`, `{}`) in a manifest means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplicitZero {
    /// The same as leaving the field out: the server cannot tell the two apart (a Go field that is no pointer).
    Dropped,
    /// It is meant: a pointer field, a list element, a map's value, a field of a custom resource.
    Kept,
}

/// A cursor into a table: what is known of the value at one place.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    pub(super) table: &'a TypeTable,
    pub(super) node: &'a Node,
}

/// The facts on a value where it stands; equal ones are shared.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) value: ValueKind,
    /// The type of an object, the element node of a list or map.
    pub(super) child: u32,
    /// 0 atomic, 1 set, 2 + i map by `keys[i]`; of an unordered atomic list 2 + i says what tells its elements apart.
    pub(super) list: u32,
    pub(super) flags: u8,
    /// 0 none, 1 + i `defaults[i]`.
    pub(super) default: u32,
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
pub(super) const FILLED: u8 = 2;
pub(super) const OWNED_WHOLE: u8 = 4;
pub(super) const NULLABLE: u8 = 8;
pub(super) const UNORDERED: u8 = 16;

impl TypeTable {
    /// The embedded facts on the built-in kinds, decoded once, on first use.
    pub fn builtin() -> &'static TypeTable {
        static TABLE: LazyLock<TypeTable> = LazyLock::new(|| {
            #[expect(
                clippy::expect_used,
                reason = "the bytes are part of the program, and a test decodes them"
            )]
            TypeTable::decode(BUILTIN).expect("the embedded type table is sound")
        });
        &TABLE
    }

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

    /// Facts on custom resources from an `OpenAPI` v3 document (`/openapi/v3/apis/GROUP/VERSION`) of the API server.
    pub fn from_openapi_v3(document: &[u8]) -> Result<TypeTable, TypesError> {
        super::openapi::read(document)
    }

    pub(super) fn decode(packed: &[u8]) -> Result<TypeTable, TypesError> {
        let mut json = Vec::with_capacity(128 * 1024);
        GzDecoder::new(packed)
            .read_to_end(&mut json)
            .map_err(TypesError::Unpack)?;
        let encoded: Encoded = serde_json::from_slice(&json).map_err(TypesError::Table)?;
        encoded.into_table()
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
    /// What the value is.
    pub fn value(self) -> ValueKind {
        self.node.value
    }

    /// What stands under `name` in an object or a map.
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

    /// What the elements of a list are; `None` when the value is no list.
    pub fn element(self) -> Option<Shape<'a>> {
        (self.node.value == ValueKind::List).then(|| self.table.shape(self.node.child))
    }

    /// How a list's elements are told apart.
    pub fn list(self) -> ListKind<'a> {
        match self.node.list {
            0 => ListKind::Atomic,
            _ if self.is_unordered() => ListKind::Atomic,
            1 => ListKind::Set,
            map => ListKind::Map(&self.table.keys[map as usize - 2]),
        }
    }

    /// The order of this list means nothing, although it is atomic: the server may bring the elements into another,
    /// or takes them for alternatives.
    pub fn is_unordered(self) -> bool {
        self.has(UNORDERED)
    }

    /// The fields by which people tell the elements of an unordered list apart, nested ones with dots
    /// (`resource.name`). An element need not have all of them, and two may have the same.
    pub fn identity(self) -> &'a [String] {
        match (self.is_unordered(), self.node.list) {
            (false, _) | (true, 0 | 1) => &[],
            (true, keys) => &self.table.keys[keys as usize - 2],
        }
    }

    /// What an explicit zero value in a manifest means here.
    ///
    /// An object that is no pointer in Go is `Dropped` too: an empty one says nothing.
    pub fn zero(self) -> ExplicitZero {
        if self.has(ZERO_DROPPED) {
            ExplicitZero::Dropped
        } else {
            ExplicitZero::Kept
        }
    }

    /// The server or a controller puts a value here when the manifest has none (or a zero that is `Dropped`).
    pub fn is_server_defaulted(self) -> bool {
        self.has(FILLED)
    }

    /// The static default that the server writes, where it is known and always the same.
    pub fn default(self) -> Option<&'a Value> {
        let index = (self.node.default as usize).checked_sub(1)?;
        self.table.defaults.get(index)
    }

    /// Whether the facts are those of a kind built into Kubernetes: what the server fills in is known to the last
    /// field.
    pub fn is_builtin(self) -> bool {
        std::ptr::eq(self.table, TypeTable::builtin())
    }

    /// Managed fields name this object or map only as a whole (map type `atomic`), never the fields in it.
    pub fn is_atomic(self) -> bool {
        self.has(OWNED_WHOLE)
    }

    /// The server keeps an explicit `null` here (custom resources, `nullable: true`).
    pub fn is_nullable(self) -> bool {
        self.has(NULLABLE)
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
            .field("filled", &self.is_server_defaulted())
            .field("default", &self.default())
            .finish()
    }
}

impl Node {
    /// A value that nothing more is known of; zeros are meant.
    pub(super) fn plain(value: ValueKind) -> Node {
        Node {
            value,
            child: 0,
            list: 0,
            flags: 0,
            default: 0,
        }
    }
}

/// The embedded table as `tools/typefacts/encode.go` writes it.
#[derive(Deserialize)]
struct Encoded {
    names: Vec<String>,
    keys: Vec<Vec<String>>,
    defaults: Vec<Value>,
    nodes: Vec<u32>,
    types: Vec<Vec<u32>>,
    kinds: Vec<(String, String, u32)>,
}

impl Encoded {
    /// Every reference is checked once here, so that lookups cannot fail later.
    fn into_table(self) -> Result<TypeTable, TypesError> {
        let (nodes, rest) = self.nodes.as_chunks::<5>();
        if !rest.is_empty() {
            return Err(TypesError::Inconsistent("a node is cut short"));
        }
        let within = |index: u32, length: usize| (index as usize) < length;
        let nodes = nodes
            .iter()
            .map(|&[value, child, list, flags, default]| {
                let value = value_kind(value).ok_or(TypesError::Inconsistent("unknown value kind"))?;
                let child_exists = match value {
                    ValueKind::Object => within(child, self.types.len()),
                    ValueKind::List | ValueKind::Map => within(child, nodes.len()),
                    _ => true,
                };
                if !child_exists
                    || list as usize >= 2 + self.keys.len()
                    || default as usize > self.defaults.len()
                {
                    return Err(TypesError::Inconsistent("a node refers to nothing"));
                }
                let flags = u8::try_from(flags).map_err(|_| TypesError::Inconsistent("unknown flags"))?;
                Ok(Node {
                    value,
                    child,
                    list,
                    flags,
                    default,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let types = self
            .types
            .iter()
            .map(|row| {
                let (fields, rest) = row.as_chunks::<2>();
                let sound =
                    |&[name, node]: &[u32; 2]| within(name, self.names.len()) && within(node, nodes.len());
                if !rest.is_empty() || !fields.iter().all(sound) {
                    return Err(TypesError::Inconsistent("a field refers to nothing"));
                }
                Ok(ObjectType {
                    fields: fields.iter().map(|&[name, node]| (name, node)).collect(),
                    open: false,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if !self.kinds.iter().all(|kind| within(kind.2, nodes.len())) {
            return Err(TypesError::Inconsistent("a kind refers to nothing"));
        }
        Ok(TypeTable {
            names: self.names,
            keys: self.keys,
            defaults: self.defaults,
            nodes,
            types,
            kinds: self.kinds,
        })
    }
}

/// The numbers of `valueKind` in `tools/typefacts/shapes.go`; micro-times are times.
fn value_kind(code: u32) -> Option<ValueKind> {
    Some(match code {
        0 => ValueKind::Any,
        1 => ValueKind::String,
        2 => ValueKind::Integer,
        3 => ValueKind::Number,
        4 => ValueKind::Boolean,
        5 => ValueKind::Quantity,
        6 => ValueKind::IntOrString,
        7 => ValueKind::Bytes,
        8 | 9 => ValueKind::Time,
        10 => ValueKind::Duration,
        11 => ValueKind::Object,
        12 => ValueKind::Map,
        13 => ValueKind::List,
        _ => return None,
    })
}
