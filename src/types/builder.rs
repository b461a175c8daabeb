//! Builds a [`TypeTable`] from pieces, as the reader of `OpenAPI` documents finds them.

use std::collections::HashMap;

use serde_json::Value;

use super::limits::Limits;
use super::table::{ListFacts, ObjectType, Shape, TypeNode, TypeTable};
use super::value_facts::{TableOrigin, ValueKind};

/// Builds a table piece by piece; equal names, keys, defaults, limits and nodes are stored once.
#[derive(Default)]
pub(super) struct Builder {
    names: Vec<String>,
    name_index: HashMap<String, u32>,
    keys: Vec<Vec<String>>,
    defaults: Vec<Value>,
    limits: Vec<Limits>,
    limit_index: HashMap<String, u32>,
    nodes: Vec<TypeNode>,
    node_index: HashMap<TypeNode, u32>,
    types: Vec<ObjectType>,
    kinds: Vec<(String, String, u32)>,
}

impl Builder {
    pub(super) fn name(&mut self, name: &str) -> u32 {
        if let Some(&known) = self.name_index.get(name) {
            return known;
        }
        let index = index_of(self.names.len());
        self.names.push(name.to_owned());
        self.name_index.insert(name.to_owned(), index);
        index
    }

    pub(super) fn node(&mut self, node: TypeNode) -> u32 {
        *self.node_index.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            index_of(self.nodes.len() - 1)
        })
    }

    /// The facts on a list that is merged by these keys.
    pub(super) fn map_list(&mut self, keys: &[String]) -> ListFacts {
        // No schema has so many; a list of which the keys are not kept is compared as a whole.
        self.keys(keys).map_or(ListFacts::Atomic, ListFacts::Map)
    }

    fn keys(&mut self, keys: &[String]) -> Option<u16> {
        let at = self.keys.iter().position(|known| known == keys);
        let index = u16::try_from(at.unwrap_or(self.keys.len())).ok()?;
        if at.is_none() {
            self.keys.push(keys.to_vec());
        }
        Some(index)
    }

    /// The code of a default, for [`TypeNode::default`].
    pub(super) fn default_value(&mut self, value: &Value) -> u32 {
        let at = self
            .defaults
            .iter()
            .position(|known| known == value)
            .unwrap_or_else(|| {
                self.defaults.push(value.clone());
                self.defaults.len() - 1
            });
        1 + index_of(at)
    }

    /// The code of what a schema demands, for [`TypeNode::limits`]: 1 where it demands nothing. Limits have no order and no
    /// hash, because of their numbers; those that read the same are the same.
    pub(super) fn limits(&mut self, limits: Limits) -> u32 {
        if self.limits.is_empty() {
            self.limits.push(Limits::default());
        }
        if limits == Limits::default() {
            return 1;
        }
        *self.limit_index.entry(format!("{limits:?}")).or_insert_with(|| {
            self.limits.push(limits);
            index_of(self.limits.len())
        })
    }

    /// Reserves a type, so that it can refer to itself while its fields are being read.
    pub(super) fn reserve(&mut self) -> u32 {
        self.types.push(ObjectType::default());
        index_of(self.types.len() - 1)
    }

    pub(super) fn define(&mut self, reserved: u32, mut object: ObjectType) {
        object
            .fields
            .sort_by(|a, b| self.names[a.0 as usize].cmp(&self.names[b.0 as usize]));
        self.types[reserved as usize] = object;
    }

    pub(super) fn kind(&mut self, api_version: String, kind: String, root: u32) {
        self.kinds.push((api_version, kind, root));
    }

    /// Copies a shape of another table, with the types below it.
    pub(super) fn import(&mut self, shape: Shape<'_>) -> u32 {
        let mut types = HashMap::new();
        self.import_known(shape, &mut types)
    }

    fn import_known(&mut self, shape: Shape<'_>, types: &mut HashMap<u32, u32>) -> u32 {
        let mut node = *shape.node;
        let keys_of = |index: u16| &shape.table.keys[usize::from(index)];
        node.list = match node.list {
            ListFacts::Map(keys) => self.map_list(keys_of(keys)),
            ListFacts::Unordered(keys) => {
                ListFacts::Unordered(keys.and_then(|keys| self.keys(keys_of(keys))))
            }
            ListFacts::Atomic | ListFacts::Set => node.list,
        };
        // Kinds whose types come from a schema are patched by JSON merge patches.
        node.patch = None;
        node.limits = 0;
        if let Some(value) = shape.default() {
            node.default = self.default_value(value);
        }
        match node.value {
            ValueKind::List | ValueKind::Map => {
                node.child = self.import_known(shape.table.shape(shape.node.child), types);
            }
            ValueKind::Object => node.child = self.import_object(shape, types),
            ValueKind::String
            | ValueKind::Integer
            | ValueKind::Number
            | ValueKind::Boolean
            | ValueKind::Quantity
            | ValueKind::IntOrString
            | ValueKind::Bytes
            | ValueKind::Time
            | ValueKind::Duration
            | ValueKind::Any => {}
        }
        self.node(node)
    }

    /// Copies the type of an object. It is reserved before its fields are read, because it may refer to itself.
    fn import_object(&mut self, shape: Shape<'_>, types: &mut HashMap<u32, u32>) -> u32 {
        let source = shape.node.child;
        if let Some(&known) = types.get(&source) {
            return known;
        }
        let reserved = self.reserve();
        types.insert(source, reserved);
        let object = &shape.table.types[source as usize];
        let mut fields = Vec::with_capacity(object.fields.len());
        for &(name, field) in &object.fields {
            let imported = self.import_known(shape.table.shape(field), types);
            fields.push((self.name(&shape.table.names[name as usize]), imported));
        }
        let imported = ObjectType {
            fields,
            open: object.open,
        };
        self.define(reserved, imported);
        reserved
    }

    pub(super) fn finish(mut self) -> TypeTable {
        self.kinds.sort();
        self.kinds.dedup_by(|a, b| (&a.0, &a.1) == (&b.0, &b.1));
        TypeTable {
            origin: TableOrigin::Published,
            names: self.names,
            keys: self.keys,
            defaults: self.defaults,
            limits: self.limits,
            nodes: self.nodes,
            types: self.types,
            kinds: self.kinds,
        }
    }
}

/// Indices are 32 bits; no schema that fits in memory has more parts than that.
fn index_of(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_which_the_same_is_demanded_share_the_limits_and_the_node() {
        let mut builder = Builder::default();
        let mut node_of = |least: Option<u64>, pattern: Option<&str>| {
            let limits = builder.limits(Limits {
                least,
                pattern: pattern.map(str::to_owned),
                ..Limits::default()
            });
            builder.node(TypeNode {
                limits,
                ..TypeNode::plain(ValueKind::String)
            })
        };
        let nodes = [
            node_of(Some(1), Some("^a$")),
            node_of(Some(2), Some("^a$")),
            node_of(None, None),
            node_of(Some(1), Some("^a$")),
            node_of(Some(1), Some("^b$")),
            node_of(None, None),
        ];
        assert_eq!(nodes, [0, 1, 2, 0, 3, 2]);
        assert_eq!(
            builder.limits.len(),
            4,
            "that of demanding nothing is one of them"
        );
    }
}
