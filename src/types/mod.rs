//! Facts on the types of Kubernetes objects, for a comparison that knows what the API server does to a manifest.
//!
//! A manifest and the live object rarely spell the same state alike: quantities are rewritten, zeros are dropped,
//! defaults appear, lists merge by key, undeclared fields vanish. Which of that may happen at a field depends on
//! its type, and only on it; so does what a strategic merge patch does there. This module answers those questions and
//! compares nothing itself.
//!
//! Two sources fill a [`TypeTable`]: the embedded table of the built-in kinds (`builtin.json.gz`, written by
//! `tools/typefacts` from the Go types and run through the server's own defaulting), and the `OpenAPI` v3 document
//! that an API server publishes for a group of custom resources ([`TypeTable::from_openapi_v3`]). Where Helm is about to change
//! the definition of a kind, the definition itself takes the place of that document ([`TypeTable::from_definition`]).
//! A [`Shape`] is a cursor into a table: start at [`TypeTable::kind`] and follow [`Shape::field`] and
//! [`Shape::element`] along the manifest.
//!
//! ```
//! use driftline::types::{ExplicitZero, Field, ListKind, TypeTable, ValueKind};
//!
//! let pod = TypeTable::builtin().kind("v1", "Pod").unwrap();
//! let Field::Declared(spec) = pod.field("spec") else { unreachable!() };
//! let Field::Declared(containers) = spec.field("containers") else { unreachable!() };
//! assert_eq!(containers.list(), ListKind::Map(&["name".to_owned()]));
//! let Field::Declared(tty) = containers.element().unwrap().field("tty") else { unreachable!() };
//! assert_eq!((tty.value(), tty.zero()), (ValueKind::Boolean, ExplicitZero::Dropped));
//! assert!(matches!(spec.field("containres"), Field::Undeclared));
//! ```

mod builder;
mod limits;
mod openapi;
mod packed;
mod table;
mod value_facts;

#[cfg(test)]
mod tests;

pub use limits::{Alternative, Alternatives, Bound, Limits, Number};
pub use openapi::MAX_DOCUMENT;
pub use table::{Field, Shape, TypeTable};
pub use value_facts::{ExplicitZero, ListKind, PatchStrategy, ValueKind};

use serde_json::Value;
use thiserror::Error;

use crate::weight::TooHeavy;

/// Whether a value is what Go's `omitempty` leaves out: `""`, `0`, `false`, `[]` or `{}`; or nothing at all.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Why a source of type facts could not be used.
#[derive(Debug, Error)]
pub enum TypesError {
    /// The document is not the JSON that an API server publishes.
    #[error("cannot read the OpenAPI v3 document as JSON")]
    OpenApi(#[source] serde_json::Error),
    /// The definition of a kind is not as the API server takes it.
    #[error("cannot read the definition")]
    Definition(#[source] serde_json::Error),
    /// A version of a definition is served and has no schema.
    #[error("the definition has no schema of a version that it serves")]
    NoSchema,
    /// A definition lets its objects keep fields that no schema has.
    #[error("the definition has preserveUnknownFields, by which no field is dropped")]
    NotPruned,
    /// The document is no text.
    #[error("the OpenAPI v3 document is not UTF-8")]
    NotText,
    /// The document takes more memory than any known one.
    #[error("the OpenAPI v3 document is {0}")]
    TooHeavy(#[source] TooHeavy),
    /// The embedded table does not unpack.
    #[error("cannot unpack the embedded type table")]
    Unpack(#[source] std::io::Error),
    /// The embedded table is not the JSON that `tools/typefacts` writes.
    #[error("cannot read the embedded type table as JSON")]
    Table(#[source] serde_json::Error),
    /// The embedded table refers to a part of itself that is not there.
    #[error("the embedded type table is inconsistent: {0}")]
    Inconsistent(&'static str),
}
