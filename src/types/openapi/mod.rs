//! Facts on custom resources, read from the `OpenAPI` v3 document that the API server publishes for their group.
//!
//! The server builds it from the structural schemas of the CRDs
//! (`apiextensions-apiserver/pkg/controller/openapi/builder`, `BuildOpenAPIV3`): nested objects are written in
//! place, only metadata is a reference, and the server keeps what a manifest says, zeros too. Documents of
//! aggregated API servers come from Go types instead: objects refer to each other, and nothing tells whether a field is
//! a pointer. There, zeros count as dropped, since a missed removal is better than an invented one.

mod definition;
mod limits;
mod schema;

use std::collections::{BTreeMap, HashMap, HashSet};

use self::limits::limits_of;
use self::schema::{Additional, GroupVersionKind, OpenApiDocument, Schema};
use super::builder::Builder;
use super::table::{
    ATOMIC, Field, HAS_RULES, HAS_TRANSITION_RULES, ListFacts, NULLABLE, ObjectType, SERVER_DEFAULTED,
    STATUS_IS_DATA, TypeNode, TypeTable, ZERO_DROPPED,
};
use super::value_facts::ValueKind;
use super::{TypesError, is_zero};
use crate::weight::{self, SMALL_VALUE, TooHeavy, turn};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// How every spelling of the pattern begins that controller-gen writes for `resource.Quantity`.
const QUANTITY_PATTERN: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))";

/// No schema nests deeper: JSON that does is refused before, and references to references end here.
const MAX_DEPTH: usize = 256;

/// The most that a document may weigh as a value; as schemas it takes about as much. The documents of the known
/// operators, with dozens of definitions each, weigh less than half.
pub const MAX_DOCUMENT: usize = 64 << 20;

/// The origin of a kind's types, which decides how its schema treats explicit zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    /// A CRD: an explicit zero is kept.
    Crd,
    /// Go types behind an aggregated API server.
    Go,
}

/// Whether an object is a resource of its own in the API.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// An object of a kind, on its own or embedded in another: it has metadata, whatever its schema says.
    Resource,
    /// A part of an object.
    Part,
}

struct Reader<'d> {
    schemas: &'d BTreeMap<String, Schema>,
    builder: Builder,
    /// The types of components that were read, or are being read.
    components: HashMap<&'d str, u32>,
    object_meta: u32,
}

impl TypeTable {
    /// Facts on custom resources from an `OpenAPI` v3 document (`/openapi/v3/apis/GROUP/VERSION`) of the API server.
    pub fn from_openapi_v3(document: &[u8]) -> Result<TypeTable, TypesError> {
        read(document)
    }
}

fn read(document: &[u8]) -> Result<TypeTable, TypesError> {
    let text = str::from_utf8(document).map_err(|_| TypesError::NotText)?;
    let weight = weight::json::weigh(text);
    if weight > MAX_DOCUMENT {
        return Err(TypesError::TooHeavy(TooHeavy { limit: MAX_DOCUMENT }));
    }
    let _turn = (weight > SMALL_VALUE).then(turn);
    let document: OpenApiDocument = serde_json::from_str(text).map_err(TypesError::OpenApi)?;
    Ok(of_document(&document))
}

fn of_document(document: &OpenApiDocument) -> TypeTable {
    let mut builder = Builder::default();
    let object_meta = builtin_object_meta(&mut builder);
    let data_status = kinds_without_status(document);
    let schemas = &document.components.schemas;
    let mut reader = Reader {
        schemas,
        builder,
        components: HashMap::new(),
        object_meta,
    };
    for (name, schema) in schemas {
        // Requests such as DeleteOptions name the kinds of every group; objects have metadata.
        let is_object = schema.properties.contains_key("metadata") || schema.preserve_unknown;
        if schema.kinds.is_empty() || !is_object {
            continue;
        }
        let author = if refers_to_types(schema) {
            Author::Go
        } else {
            Author::Crd
        };
        let child = reader.component(name, schema, author, 0);
        for gvk in &schema.kinds {
            let status = if data_status.contains(gvk) {
                STATUS_IS_DATA
            } else {
                0
            };
            let limits = reader.limits(schema, author);
            let root = reader.builder.node(TypeNode {
                child,
                limits,
                flags: status | rules(schema),
                ..TypeNode::plain(ValueKind::Object)
            });
            let api_version = if gvk.group.is_empty() {
                gvk.version.clone()
            } else {
                format!("{}/{}", gvk.group, gvk.version)
            };
            reader.builder.kind(api_version, gvk.kind.clone(), root);
        }
    }
    reader.builder.finish()
}

/// The kinds whose objects are served by name, and their status is not: it is a field like all others there
/// (apiextensions-apiserver: `pkg/controller/openapi/builder`, `BuildOpenAPIV3`, and `pkg/registry/customresource`,
/// `PrepareForUpdate`).
fn kinds_without_status(document: &OpenApiDocument) -> HashSet<&GroupVersionKind> {
    let served = |ending: &str| -> HashSet<&GroupVersionKind> {
        let paths = document.paths.iter().filter(|(path, _)| path.ends_with(ending));
        paths
            .filter_map(|(_, item)| item.get.as_ref()?.kind.as_ref())
            .collect()
    };
    let with_status = served("/{name}/status");
    let mut kinds = served("/{name}");
    kinds.retain(|kind| !with_status.contains(kind));
    kinds
}

/// Metadata is a Go type everywhere, with facts that no schema holds.
fn builtin_object_meta(builder: &mut Builder) -> u32 {
    let config_map = TypeTable::builtin().kind("v1", "ConfigMap");
    match config_map.map(|kind| kind.field("metadata")) {
        Some(Field::Declared(metadata)) => builder.import(metadata),
        Some(Field::Undeclared | Field::Unknown) | None => builder.node(TypeNode::plain(ValueKind::Any)),
    }
}

fn refers_to_types(schema: &Schema) -> bool {
    let refers = schema
        .reference
        .as_deref()
        .map(component_name)
        .is_some_and(|n| n != OBJECT_META && n != LIST_META);
    refers
        || schema
            .properties
            .values()
            .any(|property| refers_to_types(property))
        || schema.all_of.iter().any(refers_to_types)
        || schema.items.as_deref().is_some_and(refers_to_types)
        || matches!(&schema.additional, Some(Additional::Values(values)) if refers_to_types(values))
}

/// The flag of a value for which its own schema has rules about several values at once, or about its change.
///
/// Rules about one plain value were kept when the value was written, whoever wrote it.
fn rules(schema: &Schema) -> u8 {
    let is_plain = matches!(
        schema.json_type.as_deref(),
        Some("string" | "integer" | "number" | "boolean")
    ) || schema.int_or_string;
    if schema.rules.iter().any(|rule| rule.rule.contains("oldSelf")) {
        HAS_RULES | HAS_TRANSITION_RULES
    } else if !is_plain && has_rules(schema) {
        HAS_RULES
    } else {
        0
    }
}

fn has_rules(schema: &Schema) -> bool {
    !(schema.rules.is_empty() && schema.one_of.is_empty() && schema.any_of.is_empty())
        || schema.not.is_some()
        || schema.max_items.is_some()
        || schema.max_properties.is_some()
        || schema.all_of.iter().any(has_rules)
}

fn component_name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

impl<'d> Reader<'d> {
    /// The type of a component, each read once.
    fn component(&mut self, name: &'d str, schema: &'d Schema, author: Author, depth: usize) -> u32 {
        if let Some(&known) = self.components.get(name) {
            return known;
        }
        let reserved = self.builder.reserve();
        self.components.insert(name, reserved);
        let rank = if schema.kinds.is_empty() {
            Rank::Part
        } else {
            Rank::Resource
        };
        let object = self.object(schema, author, rank, depth);
        self.builder.define(reserved, object);
        reserved
    }

    fn object(&mut self, schema: &'d Schema, author: Author, rank: Rank, depth: usize) -> ObjectType {
        let mut fields = Vec::with_capacity(schema.properties.len());
        for (name, property) in &schema.properties {
            if rank == Rank::Resource && name == "metadata" {
                continue;
            }
            let node = self.field(property, author, depth + 1);
            fields.push((self.builder.name(name), node));
        }
        if rank == Rank::Resource {
            // Every resource has these, whether its schema says so or not.
            fields.push((self.builder.name("metadata"), self.object_meta));
            let text = self.builder.node(TypeNode {
                flags: ZERO_DROPPED,
                ..TypeNode::plain(ValueKind::String)
            });
            for name in ["apiVersion", "kind"] {
                if !schema.properties.contains_key(name) {
                    fields.push((self.builder.name(name), text));
                }
            }
        }
        let open = schema.preserve_unknown || schema.additional.is_some();
        ObjectType { fields, open }
    }

    /// A field: its value, and what its own schema adds to the one it may refer to.
    fn field(&mut self, schema: &'d Schema, author: Author, depth: usize) -> u32 {
        if Self::is_object_meta(schema) {
            return self.object_meta;
        }
        let mut node = self.value(schema, author, depth);
        if author == Author::Go {
            node.flags |= ZERO_DROPPED;
        }
        if schema.nullable {
            node.flags |= NULLABLE;
        }
        node.flags |= rules(schema);
        node.limits = self.limits(schema, author);
        if self.is_atomic(schema) {
            node.flags |= ATOMIC;
        }
        if let Some(default) = &schema.default {
            // Schemas of Go types state the zero of every field that is always written; that is no default.
            if author == Author::Crd || !is_zero(default) {
                node.flags |= SERVER_DEFAULTED;
                node.default = self.builder.default_value(default);
            }
        }
        self.builder.node(node)
    }

    /// An element or a map's value: a zero is meant wherever it comes from.
    fn entry(&mut self, schema: &'d Schema, author: Author, depth: usize) -> u32 {
        let mut node = self.value(schema, author, depth);
        node.flags |= rules(schema);
        node.limits = self.limits(schema, author);
        if self.is_atomic(schema) {
            node.flags |= ATOMIC;
        }
        self.builder.node(node)
    }

    /// The code of what the API server holds a value to. Objects of Go types are held to what their programs say.
    fn limits(&mut self, schema: &Schema, author: Author) -> u32 {
        match author {
            Author::Crd if schema.reference.is_none() => self.builder.limits(limits_of(schema)),
            Author::Crd | Author::Go => 0,
        }
    }

    /// Whether managed fields own the value as a whole. Of Go types it is the type that says so, not the field.
    fn is_atomic(&self, schema: &Schema) -> bool {
        let is_atomic = |schema: &Schema| schema.map_type.as_deref() == Some("atomic");
        let reference = schema
            .reference
            .as_ref()
            .or_else(|| schema.all_of.first()?.reference.as_ref());
        is_atomic(schema)
            || reference
                .and_then(|reference| self.schemas.get(component_name(reference)))
                .is_some_and(is_atomic)
    }

    fn is_object_meta(schema: &Schema) -> bool {
        let reference = match (&schema.reference, schema.all_of.as_slice()) {
            (Some(reference), _) => Some(reference),
            (None, [only]) => only.reference.as_ref(),
            (None, _) => None,
        };
        reference.is_some_and(|reference| component_name(reference) == OBJECT_META)
    }

    fn value(&mut self, schema: &'d Schema, author: Author, depth: usize) -> TypeNode {
        if depth > MAX_DEPTH {
            return TypeNode::plain(ValueKind::Any);
        }
        if let Some(reference) = &schema.reference {
            return self.referred(component_name(reference), depth);
        }
        if let [only] = schema.all_of.as_slice()
            && only.reference.is_some()
        {
            return self.value(only, author, depth + 1);
        }
        let is_quantity = schema
            .pattern
            .as_deref()
            .is_some_and(|pattern| pattern.starts_with(QUANTITY_PATTERN));
        if schema.int_or_string || schema.format.as_deref() == Some("int-or-string") {
            return TypeNode::plain(if is_quantity {
                ValueKind::Quantity
            } else {
                ValueKind::IntOrString
            });
        }
        match schema.json_type.as_deref() {
            Some("string") => TypeNode::plain(match schema.format.as_deref() {
                Some("byte") => ValueKind::Bytes,
                Some("date-time") => ValueKind::Time,
                Some("duration") => ValueKind::Duration,
                _ if is_quantity => ValueKind::Quantity,
                _ => ValueKind::String,
            }),
            Some("integer") => TypeNode::plain(ValueKind::Integer),
            Some("number") => TypeNode::plain(ValueKind::Number),
            Some("boolean") => TypeNode::plain(ValueKind::Boolean),
            Some("array") => self.list(schema, author, depth),
            Some("object") => self.object_or_map(schema, author, depth),
            // Only preserve-unknown-fields lets a structural schema leave the type out.
            Some(_) | None => TypeNode::plain(ValueKind::Any),
        }
    }

    fn list(&mut self, schema: &'d Schema, author: Author, depth: usize) -> TypeNode {
        let child = match &schema.items {
            Some(items) => self.entry(items, author, depth + 1),
            None => self.builder.node(TypeNode::plain(ValueKind::Any)),
        };
        let merges = schema
            .patch_strategy
            .as_deref()
            .is_some_and(|strategy| strategy.contains("merge"));
        let list = match (schema.list_type.as_deref(), &schema.patch_merge_key) {
            (Some("map"), _) if !schema.list_map_keys.is_empty() => {
                self.builder.map_list(&schema.list_map_keys)
            }
            (Some("set"), _) => ListFacts::Set,
            (None, Some(key)) if merges => self.builder.map_list(std::slice::from_ref(key)),
            (None, None) if merges => ListFacts::Set,
            _ => ListFacts::Atomic,
        };
        TypeNode {
            list,
            child,
            ..TypeNode::plain(ValueKind::List)
        }
    }

    fn object_or_map(&mut self, schema: &'d Schema, author: Author, depth: usize) -> TypeNode {
        let rank = if schema.embedded {
            Rank::Resource
        } else {
            Rank::Part
        };
        if schema.properties.is_empty() && rank == Rank::Part {
            match &schema.additional {
                Some(Additional::Values(values)) => {
                    let child = self.entry(values, author, depth + 1);
                    return TypeNode {
                        child,
                        ..TypeNode::plain(ValueKind::Map)
                    };
                }
                Some(Additional::Allowed(true)) => return TypeNode::plain(ValueKind::Any),
                Some(Additional::Allowed(false)) | None => {}
            }
            if schema.preserve_unknown || author == Author::Go {
                return TypeNode::plain(ValueKind::Any);
            }
        }
        let child = self.builder.reserve();
        let object = self.object(schema, author, rank, depth);
        self.builder.define(child, object);
        TypeNode {
            child,
            ..TypeNode::plain(ValueKind::Object)
        }
    }

    /// A value of another component; only Go types refer to each other.
    fn referred(&mut self, name: &'d str, depth: usize) -> TypeNode {
        const APIMACHINERY: &str = "io.k8s.apimachinery.pkg.";
        if let Some(known) = name.strip_prefix(APIMACHINERY) {
            let value = match known {
                "api.resource.Quantity" => Some(ValueKind::Quantity),
                "util.intstr.IntOrString" => Some(ValueKind::IntOrString),
                "apis.meta.v1.Time" | "apis.meta.v1.MicroTime" => Some(ValueKind::Time),
                "apis.meta.v1.Duration" => Some(ValueKind::Duration),
                "apis.meta.v1.FieldsV1" | "runtime.RawExtension" => Some(ValueKind::Any),
                _ => None,
            };
            if let Some(value) = value {
                return TypeNode::plain(value);
            }
        }
        match self.schemas.get_key_value(name) {
            Some((name, schema)) if !schema.properties.is_empty() => {
                let child = self.component(name, schema, Author::Go, depth + 1);
                TypeNode {
                    child,
                    ..TypeNode::plain(ValueKind::Object)
                }
            }
            Some((_, schema)) => self.value(schema, Author::Go, depth + 1),
            None => TypeNode::plain(ValueKind::Any),
        }
    }
}
