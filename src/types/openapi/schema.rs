//! The parts of an `OpenAPI` v3 document that are read, as the API server writes them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct OpenApiDocument {
    pub(super) components: Components,
    #[serde(default)]
    pub(super) paths: BTreeMap<String, PathItem>,
}

/// What can be asked at a path; every resource and every subresource that holds an object can be read.
#[derive(Deserialize, Default)]
pub(super) struct PathItem {
    pub(super) get: Option<Operation>,
}

#[derive(Deserialize)]
pub(super) struct Operation {
    #[serde(rename = "x-kubernetes-group-version-kind")]
    pub(super) kind: Option<GroupVersionKind>,
}

#[derive(Deserialize)]
pub(super) struct Components {
    pub(super) schemas: BTreeMap<String, Schema>,
}

#[derive(Deserialize, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the format has them")]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    #[serde(rename = "type")]
    pub(super) json_type: Option<String>,
    pub(super) format: Option<String>,
    pub(super) pattern: Option<String>,
    #[serde(default)]
    pub(super) nullable: bool,
    pub(super) default: Option<Value>,
    #[serde(default)]
    pub(super) properties: BTreeMap<String, Box<Schema>>,
    pub(super) items: Option<Box<Schema>>,
    #[serde(rename = "additionalProperties")]
    pub(super) additional: Option<Additional>,
    #[serde(rename = "allOf", default)]
    pub(super) all_of: Vec<Schema>,
    #[serde(rename = "oneOf", default)]
    pub(super) one_of: Vec<Schema>,
    #[serde(rename = "anyOf", default)]
    pub(super) any_of: Vec<Schema>,
    pub(super) not: Option<Box<Schema>>,
    #[serde(default, deserialize_with = "number")]
    pub(super) minimum: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    pub(super) maximum: Option<f64>,
    #[serde(rename = "exclusiveMinimum", default)]
    pub(super) exclusive_minimum: bool,
    #[serde(rename = "exclusiveMaximum", default)]
    pub(super) exclusive_maximum: bool,
    #[serde(rename = "multipleOf", default, deserialize_with = "number")]
    pub(super) multiple_of: Option<f64>,
    #[serde(rename = "minLength", default, deserialize_with = "count")]
    pub(super) min_length: Option<u64>,
    #[serde(rename = "maxLength", default, deserialize_with = "count")]
    pub(super) max_length: Option<u64>,
    #[serde(rename = "minItems", default, deserialize_with = "count")]
    pub(super) min_items: Option<u64>,
    #[serde(rename = "maxItems", default, deserialize_with = "count")]
    pub(super) max_items: Option<u64>,
    #[serde(rename = "minProperties", default, deserialize_with = "count")]
    pub(super) min_properties: Option<u64>,
    #[serde(rename = "maxProperties", default, deserialize_with = "count")]
    pub(super) max_properties: Option<u64>,
    #[serde(rename = "uniqueItems", default)]
    pub(super) unique_items: bool,
    #[serde(rename = "enum", default)]
    pub(super) choices: Vec<Value>,
    #[serde(default)]
    pub(super) required: Vec<String>,
    #[serde(rename = "x-kubernetes-validations", default)]
    pub(super) rules: Vec<Rule>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields", default)]
    pub(super) preserve_unknown: bool,
    #[serde(rename = "x-kubernetes-int-or-string", default)]
    pub(super) int_or_string: bool,
    #[serde(rename = "x-kubernetes-embedded-resource", default)]
    pub(super) embedded: bool,
    #[serde(rename = "x-kubernetes-list-type")]
    pub(super) list_type: Option<String>,
    #[serde(rename = "x-kubernetes-list-map-keys", default)]
    pub(super) list_map_keys: Vec<String>,
    #[serde(rename = "x-kubernetes-map-type")]
    pub(super) map_type: Option<String>,
    #[serde(rename = "x-kubernetes-patch-strategy")]
    pub(super) patch_strategy: Option<String>,
    #[serde(rename = "x-kubernetes-patch-merge-key")]
    pub(super) patch_merge_key: Option<String>,
    #[serde(rename = "x-kubernetes-group-version-kind", default)]
    pub(super) kinds: Vec<GroupVersionKind>,
}

/// A rule in CEL.
#[derive(Deserialize)]
pub(super) struct Rule {
    #[serde(default)]
    pub(super) rule: String,
    /// Whether it runs where there is no value yet.
    #[serde(rename = "optionalOldSelf", default)]
    pub(super) optional_old: bool,
}

/// A number of whatever spelling; anything else is none.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Value::deserialize(deserializer).map(|number| number.as_f64())
}

/// A count; anything else is none.
fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Value::deserialize(deserializer).map(|count| count.as_u64())
}

#[derive(Deserialize, PartialEq, Eq, Hash)]
pub(super) struct GroupVersionKind {
    #[serde(default)]
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
}

/// The value of `additionalProperties`: a schema, or whether there may be any.
pub(super) enum Additional {
    Allowed(bool),
    Values(Box<Schema>),
}

impl<'de> Deserialize<'de> for Additional {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Additional;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a schema or a boolean")
            }
            fn visit_bool<E>(self, allowed: bool) -> Result<Additional, E> {
                Ok(Additional::Allowed(allowed))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Additional, A::Error> {
                Schema::deserialize(MapAccessDeserializer::new(map)).map(|s| Additional::Values(Box::new(s)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
