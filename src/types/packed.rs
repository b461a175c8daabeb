//! The embedded table: how `tools/typefacts/encode.go` packs it, and how it becomes a [`TypeTable`].
//!
//! It is decoded on first use, in about a millisecond. Every reference is checked once here, so that lookups cannot
//! fail later.

use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use super::TypesError;
use super::table::{
    ATOMIC, ListFacts, NULLABLE, ObjectType, SERVER_DEFAULTED, TypeNode, TypeTable, ZERO_DROPPED,
};
use super::value_facts::{PatchStrategy, TableOrigin, ValueKind};

static BUILTIN: &[u8] = include_bytes!("builtin.json.gz");

/// The flags that mean the same in memory.
const KEPT_FLAGS: u32 = (ZERO_DROPPED | SERVER_DEFAULTED | ATOMIC | NULLABLE) as u32;
const UNORDERED: u32 = 16;
const PATCH_MERGE: u32 = 32;
const PATCH_REPLACE: u32 = 64;
const PATCH_RETAIN_KEYS: u32 = 128;
const PATCH_FLAGS: u32 = PATCH_MERGE | PATCH_REPLACE | PATCH_RETAIN_KEYS;

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

    pub(super) fn decode(packed: &[u8]) -> Result<TypeTable, TypesError> {
        let mut json = Vec::with_capacity(128 * 1024);
        GzDecoder::new(packed)
            .read_to_end(&mut json)
            .map_err(TypesError::Unpack)?;
        let packed: Packed = serde_json::from_slice(&json).map_err(TypesError::Table)?;
        packed.unpack().map_err(TypesError::Inconsistent)
    }
}

/// The table as `tools/typefacts/encode.go` writes it; that file explains the numbers.
#[derive(Deserialize)]
struct Packed {
    names: Vec<String>,
    keys: Vec<Vec<String>>,
    defaults: Vec<Value>,
    nodes: Vec<u32>,
    types: Vec<Vec<u32>>,
    kinds: Vec<(String, String, u32)>,
}

/// Why a table is inconsistent.
type Reason = &'static str;

impl Packed {
    fn unpack(self) -> Result<TypeTable, Reason> {
        let nodes = self.nodes()?;
        let types = self.types(&nodes)?;
        if !self.kinds.iter().all(|&(_, _, root)| is_within(root, &nodes)) {
            return Err("a kind refers to nothing");
        }
        Ok(TypeTable {
            origin: TableOrigin::BuiltIn,
            names: self.names,
            keys: self.keys,
            defaults: self.defaults,
            limits: Vec::new(),
            nodes,
            types,
            kinds: self.kinds,
        })
    }

    fn nodes(&self) -> Result<Vec<TypeNode>, Reason> {
        let (nodes, rest) = self.nodes.as_chunks::<5>();
        if !rest.is_empty() {
            return Err("a node is cut short");
        }
        let unpack = |&[value, child, list, flags, default]: &[u32; 5]| {
            let value = value_kind(value).ok_or("unknown value kind")?;
            let child_exists = match value {
                ValueKind::Object => is_within(child, &self.types),
                ValueKind::List | ValueKind::Map => is_within(child, nodes),
                ValueKind::String
                | ValueKind::Integer
                | ValueKind::Number
                | ValueKind::Boolean
                | ValueKind::Quantity
                | ValueKind::IntOrString
                | ValueKind::Bytes
                | ValueKind::Time
                | ValueKind::Duration
                | ValueKind::Any => true,
            };
            if !child_exists || default as usize > self.defaults.len() {
                return Err("a node refers to nothing");
            }
            Ok(TypeNode {
                value,
                list: self.list_facts(list, flags)?,
                child,
                default,
                limits: 0,
                flags: kept_flags(flags)?,
                patch: patch_strategy(flags)?,
            })
        };
        nodes.iter().map(unpack).collect()
    }

    fn list_facts(&self, list: u32, flags: u32) -> Result<ListFacts, Reason> {
        let keys = match list.checked_sub(2) {
            Some(index) if is_within(index, &self.keys) => {
                Some(u16::try_from(index).map_err(|_| "too many keys")?)
            }
            Some(_) => return Err("a list refers to no keys"),
            None => None,
        };
        Ok(match (flags & UNORDERED != 0, list, keys) {
            (true, _, keys) => ListFacts::Unordered(keys),
            (false, _, Some(keys)) => ListFacts::Map(keys),
            (false, 0, None) => ListFacts::Atomic,
            (false, _, None) => ListFacts::Set,
        })
    }

    fn types(&self, nodes: &[TypeNode]) -> Result<Vec<ObjectType>, Reason> {
        let unpack = |row: &Vec<u32>| {
            let (fields, rest) = row.as_chunks::<2>();
            let is_sound = |&[name, node]: &[u32; 2]| is_within(name, &self.names) && is_within(node, nodes);
            if !rest.is_empty() || !fields.iter().all(is_sound) {
                return Err("a field refers to nothing");
            }
            Ok(ObjectType {
                fields: fields.iter().map(|&[name, node]| (name, node)).collect(),
                open: false,
            })
        };
        self.types.iter().map(unpack).collect()
    }
}

fn is_within<T>(index: u32, parts: &[T]) -> bool {
    (index as usize) < parts.len()
}

fn kept_flags(flags: u32) -> Result<u8, Reason> {
    if flags & !(KEPT_FLAGS | UNORDERED | PATCH_FLAGS) != 0 {
        return Err("unknown flags");
    }
    u8::try_from(flags & KEPT_FLAGS).map_err(|_| "unknown flags")
}

fn patch_strategy(flags: u32) -> Result<Option<PatchStrategy>, Reason> {
    const MERGE_RETAIN_KEYS: u32 = PATCH_MERGE | PATCH_RETAIN_KEYS;
    Ok(match flags & PATCH_FLAGS {
        0 => None,
        PATCH_MERGE => Some(PatchStrategy::Merge),
        PATCH_REPLACE => Some(PatchStrategy::Replace),
        PATCH_RETAIN_KEYS => Some(PatchStrategy::RetainKeys),
        MERGE_RETAIN_KEYS => Some(PatchStrategy::MergeRetainKeys),
        _ => return Err("unknown patch strategy"),
    })
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
