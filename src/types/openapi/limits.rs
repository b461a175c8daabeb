//! Reads what a schema demands of a value.
//!
//! Of the value validations of a structural schema (apiextensions-apiserver: `pkg/apiserver/schema/structural.go`,
//! `ValueValidation`) only those are kept that are about one value; see [`Limits`].

use super::schema::Schema;
use crate::types::limits::{Bound, Limits};

/// The limits of a schema, without those of the values in it.
pub(super) fn limits_of(schema: &Schema) -> Limits {
    let bound = |number: Option<f64>, is_beyond: bool| number.map(|number| Bound { number, is_beyond });
    // The API server looks at each only for values of that kind.
    let (least, most) = match schema.json_type.as_deref() {
        Some("string") => (schema.min_length, schema.max_length),
        Some("array") => (schema.min_items, schema.max_items),
        Some("object") => (schema.min_properties, schema.max_properties),
        Some(_) | None => (None, None),
    };
    Limits {
        minimum: bound(schema.minimum, schema.exclusive_minimum),
        maximum: bound(schema.maximum, schema.exclusive_maximum),
        multiple_of: schema.multiple_of.filter(|factor| *factor > 0.0),
        least,
        most,
        pattern: schema.pattern.clone().filter(|pattern| !pattern.is_empty()),
        choices: schema.choices.clone(),
        required: schema.required.clone(),
        is_unique: schema.unique_items,
        is_fixed: schema
            .rules
            .iter()
            .any(|rule| !rule.optional_old && forbids_change(&rule.rule)),
    }
}

/// Whether a rule in CEL says that the value may not change, and nothing else.
fn forbids_change(rule: &str) -> bool {
    let sides = rule.split_once("==");
    sides.is_some_and(|(left, right)| {
        matches!(
            (left.trim(), right.trim()),
            ("self", "oldSelf") | ("oldSelf", "self")
        )
    })
}
