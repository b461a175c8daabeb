//! Whether an object fits its Go type.
//!
//! Helm makes a strategic merge patch only of an object that it can convert to the type; of any other it makes the patch
//! of a custom resource, whatever the kind (Helm: `pkg/kube/converter.go`, `convertWithMapper`; apimachinery:
//! `pkg/runtime/converter.go`, `fromUnstructured`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde_json::Value;

use super::failure::Failure;
use crate::compare::quantity::Quantity;
use crate::compare::work::Work;
use crate::types::{Field, Shape, ValueKind};

/// Whether a decoded value fits its type. What the type does not have is passed over.
pub(super) fn fits(value: &Value, shape: Shape<'_>, work: &Work) -> Result<bool, Failure> {
    if !work.affords_value(value) {
        return Err(Failure::spent());
    }
    if value.is_null() {
        return Ok(true);
    }
    Ok(match shape.value() {
        ValueKind::Any => true,
        ValueKind::String => value.is_string(),
        ValueKind::Boolean => value.is_boolean(),
        ValueKind::Number => value.is_number(),
        ValueKind::Integer => value.is_i64() || value.as_f64().is_some_and(|number| number.trunc() == number),
        ValueKind::Quantity => is_quantity(value),
        ValueKind::IntOrString => {
            let small = |number| i32::try_from(number).is_ok();
            value.is_string() || value.as_i64().is_some_and(small)
        }
        ValueKind::Bytes => value
            .as_str()
            .is_some_and(|text| STANDARD.decode(without_line_ends(text)).is_ok()),
        ValueKind::Time => {
            let is_time = |text| DateTime::parse_from_rfc3339(text).is_ok();
            value.as_str().is_some_and(is_time)
        }
        ValueKind::Duration => value.is_string(),
        ValueKind::Object => return object_fits(value, shape, work),
        ValueKind::Map => {
            let Value::Object(fields) = value else {
                return Ok(false);
            };
            return all_fit(
                fields
                    .iter()
                    .filter_map(|(name, value)| Some((value, declared(shape, name)?))),
                work,
            );
        }
        ValueKind::List => {
            let (Value::Array(items), Some(element)) = (value, shape.element()) else {
                return Ok(false);
            };
            return all_fit(items.iter().map(|item| (item, element)), work);
        }
    })
}

fn object_fits(value: &Value, shape: Shape<'_>, work: &Work) -> Result<bool, Failure> {
    let Value::Object(fields) = value else {
        return Ok(stands_for_schema(value, shape));
    };
    let declared = fields
        .iter()
        .filter_map(|(name, value)| Some((value, declared(shape, name)?)));
    all_fit(declared, work)
}

/// In a schema, `true` or a list may stand where the table has the facts on one schema (apiextensions:
/// `JSONSchemaPropsOrBool`, `JSONSchemaPropsOrArray`).
fn stands_for_schema(value: &Value, shape: Shape<'_>) -> bool {
    (value.is_boolean() || value.is_array()) && declared(shape, "$ref").is_some()
}

fn declared<'a>(shape: Shape<'a>, name: &str) -> Option<Shape<'a>> {
    match shape.field(name) {
        Field::Declared(shape) => Some(shape),
        Field::Undeclared | Field::Unknown => None,
    }
}

fn all_fit<'v>(values: impl Iterator<Item = (&'v Value, Shape<'v>)>, work: &Work) -> Result<bool, Failure> {
    for (value, shape) in values {
        if !fits(value, shape, work)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_quantity(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => Quantity::parse(text.trim()).is_some(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Go passes over the ends of lines in base64.
fn without_line_ends(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}
