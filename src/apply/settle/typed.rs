//! Values of another type than their fields have, and nulls where a schema takes none: what the API server does not read.
//!
//! Of a built-in kind, Go's decoder refuses it (sigs.k8s.io/json). Of a custom resource the schema does, which is held to what
//! is left of the object (`schema`); only a server-side apply leaves nulls in it (apiextensions-apiserver:
//! `pkg/apiserver/schema/defaulting/prune.go`, which runs where an object is read, and not where one is applied).

use serde_json::Value;

use super::place::segment;
use super::schema::is_of_kind;
use crate::apply::unread::{ONLY_BOOLEAN, ONLY_LIST, ONLY_NUMBER, ONLY_OBJECT, ONLY_SCALAR, ONLY_TEXT};
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::manifest::desired::TYPE_AND_STATUS;
use crate::types::{Field, Shape, ValueKind};

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Another type.
    Type,
    /// A null.
    Null,
}

const NULL: &str = "the schema of the kind does not take null here, which a server-side apply sends";

/// The first place at which a manifest does not fit its types, outside of its metadata and status.
pub(super) fn first(
    misfit: Misfit,
    shape: Shape<'_>,
    object: &Value,
    work: &Work,
) -> Option<(FieldPath, &'static str)> {
    let walk = Walk { misfit, work };
    let fields = object.as_object()?.iter();
    let mut fields =
        fields.filter(|(name, _)| *name != "metadata" && !TYPE_AND_STATUS.contains(&name.as_str()));
    fields.find_map(|(name, value)| walk.field(&FieldPath::root(), shape, name, value))
}

struct Walk<'w> {
    misfit: Misfit,
    work: &'w Work,
}

impl Walk<'_> {
    fn field(
        &self,
        path: &FieldPath,
        shape: Shape<'_>,
        name: &str,
        value: &Value,
    ) -> Option<(FieldPath, &'static str)> {
        match shape.field(name) {
            Field::Declared(inner) => self.value(&path.key(name), inner, value),
            Field::Undeclared | Field::Unknown => None,
        }
    }

    fn value(&self, path: &FieldPath, shape: Shape<'_>, value: &Value) -> Option<(FieldPath, &'static str)> {
        if !self.work.affords_value(value) {
            return None;
        }
        let kind = shape.value();
        match value {
            Value::Null => {
                let is_taken = shape.is_nullable() || shape.default().is_some() || is_of_any_type(kind);
                (self.misfit == Misfit::Null && !is_taken).then(|| (path.clone(), NULL))
            }
            _ if self.misfit == Misfit::Type && !is_of_kind(kind, value) => Some((path.clone(), rule(kind))),
            Value::Object(fields) => fields
                .iter()
                .find_map(|(name, value)| self.field(path, shape, name, value)),
            Value::Array(items) => {
                let element = shape.element()?;
                let mut items = items.iter().enumerate();
                items.find_map(|(index, item)| {
                    self.value(&path.join(segment(Some(shape), index, item)), element, item)
                })
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
}

/// Whether a schema of this kind names no single type.
const fn is_of_any_type(kind: ValueKind) -> bool {
    matches!(
        kind,
        ValueKind::Any | ValueKind::IntOrString | ValueKind::Quantity
    )
}

const fn rule(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Integer | ValueKind::Number => ONLY_NUMBER,
        ValueKind::Boolean => ONLY_BOOLEAN,
        ValueKind::List => ONLY_LIST,
        ValueKind::Object | ValueKind::Map => ONLY_OBJECT,
        ValueKind::Quantity | ValueKind::IntOrString | ValueKind::Any => ONLY_SCALAR,
        ValueKind::String | ValueKind::Bytes | ValueKind::Time | ValueKind::Duration => ONLY_TEXT,
    }
}
