//! Facts on custom resources from their definition, before the API server has it.
//!
//! The document that the API server publishes is built from the schemas of the definition (apiextensions-apiserver:
//! `pkg/controller/openapi/builder`, `BuildOpenAPIV3`): it adds the references to metadata, the kind, and the paths that are
//! served, of which one is for a status that is kept apart. So does this.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::schema::{Components, GroupVersionKind, OpenApiDocument, Operation, PathItem, Schema};
use super::{OBJECT_META, of_document};
use crate::types::value_facts::TableOrigin;
use crate::types::{TypeTable, TypesError};
use crate::weight::{self, MAX_VALUE, SMALL_VALUE, TooHeavy, turn};

/// The parts of a `CustomResourceDefinition` (`apiextensions.k8s.io/v1`) that are read.
#[derive(Deserialize)]
struct Definition {
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    group: String,
    names: Names,
    versions: Vec<Version>,
    #[serde(default)]
    preserve_unknown_fields: Option<bool>,
}

#[derive(Deserialize)]
struct Names {
    kind: String,
}

#[derive(Deserialize)]
struct Version {
    name: String,
    #[serde(default)]
    served: bool,
    schema: Option<Validation>,
    #[serde(default)]
    subresources: Option<Subresources>,
}

#[derive(Deserialize)]
struct Validation {
    #[serde(rename = "openAPIV3Schema")]
    schema: Option<Schema>,
}

#[derive(Deserialize)]
struct Subresources {
    status: Option<serde::de::IgnoredAny>,
}

impl TypeTable {
    /// Facts on custom resources from a `CustomResourceDefinition` as JSON: those of the versions that it serves.
    pub fn from_definition(definition: &str) -> Result<TypeTable, TypesError> {
        let weight = weight::json::weigh(definition);
        if weight > MAX_VALUE {
            return Err(TypesError::TooHeavy(TooHeavy { limit: MAX_VALUE }));
        }
        let _turn = (weight > SMALL_VALUE).then(turn);
        let Definition { spec } = serde_json::from_str(definition).map_err(TypesError::Definition)?;
        if spec.preserve_unknown_fields == Some(true) {
            // Nothing is pruned then, and definitions of this kind can only be older than their API version.
            return Err(TypesError::NotPruned);
        }
        let mut schemas = BTreeMap::new();
        let mut paths = BTreeMap::new();
        for version in spec.versions.into_iter().filter(|version| version.served) {
            let kind = || GroupVersionKind {
                group: spec.group.clone(),
                version: version.name.clone(),
                kind: spec.names.kind.clone(),
            };
            let read = || PathItem {
                get: Some(Operation { kind: Some(kind()) }),
            };
            let schema = version.schema.and_then(|validation| validation.schema);
            let mut schema = schema.ok_or(TypesError::NoSchema)?;
            schema.kinds = vec![kind()];
            let metadata = Schema {
                reference: Some(format!("#/components/schemas/{OBJECT_META}")),
                ..Schema::default()
            };
            schema
                .properties
                .insert("metadata".to_owned(), Box::new(metadata));
            for name in ["apiVersion", "kind"] {
                let text = Schema {
                    json_type: Some("string".to_owned()),
                    ..Schema::default()
                };
                schema.properties.insert(name.to_owned(), Box::new(text));
            }
            paths.insert(format!("/{}/{{name}}", version.name), read());
            if version
                .subresources
                .is_some_and(|subresources| subresources.status.is_some())
            {
                paths.insert(format!("/{}/{{name}}/status", version.name), read());
            }
            schemas.insert(version.name, schema);
        }
        Ok(TypeTable {
            origin: TableOrigin::Defined,
            ..of_document(&OpenApiDocument {
                components: Components { schemas },
                paths,
            })
        })
    }
}
