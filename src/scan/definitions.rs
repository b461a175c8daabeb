//! The definitions of custom kinds that a previewed operation applies itself.
//!
//! Helm applies a `CustomResourceDefinition` before the objects of its kind, which come last among all kinds (Helm:
//! `pkg/release/util/kind_sorter.go`, `InstallOrder`). The API server then holds these objects to what the manifest says of
//! the kind, and no longer to what it publishes now. That is so whatever the live definition says: its versions are one list
//! without keys, which every apply sets as a whole (apiextensions: `pkg/apis/apiextensions/v1/types.go`, `Versions`).

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use crate::classify::transition::{DefinedVersion, Definition};
use crate::object::Gvk;
use crate::types::{Shape, TypeTable};

/// A definition that the operation applies before an object of its kind.
pub(super) struct AppliedDefinition {
    name: String,
    body: DefinitionBody,
    /// What it says of its kind, once that was asked for.
    types: OnceLock<Result<TypeTable, String>>,
}

/// Where a definition is, that the operation applies.
pub(super) enum DefinitionBody {
    /// In this document of the manifest.
    Document(Arc<str>),
    /// In several documents of it, any of which may come last.
    Several,
    /// It is a hook, which Helm creates anew before all objects; the documents of hooks are not kept.
    Hook,
}

const SEVERAL: &str = "the manifest has it in several documents";
const HOOK: &str = "it is a hook";

impl AppliedDefinition {
    /// A definition by its name.
    pub(super) fn new(name: String, body: DefinitionBody) -> Self {
        Self {
            name,
            body,
            types: OnceLock::new(),
        }
    }

    /// What it says of a version of its kind, with the facts on its type.
    pub(super) fn of_version(&self, gvk: &Gvk) -> (Definition<'_>, Option<Shape<'_>>) {
        let (version, shape) = match self.types() {
            Ok(types) => match types.kind(&gvk.api_version, &gvk.kind) {
                Some(shape) => (DefinedVersion::Served, Some(shape)),
                None => (DefinedVersion::NotServed, None),
            },
            Err(why) => (DefinedVersion::Unread(why), None),
        };
        let name = &self.name;
        (Definition { name, version }, shape)
    }

    fn types(&self) -> Result<&TypeTable, &str> {
        let types = self.types.get_or_init(|| match &self.body {
            DefinitionBody::Document(body) => {
                TypeTable::from_definition(body).map_err(|error| error.to_string())
            }
            DefinitionBody::Several => Err(SEVERAL.to_owned()),
            DefinitionBody::Hook => Err(HOOK.to_owned()),
        });
        types.as_ref().map_err(String::as_str)
    }
}
