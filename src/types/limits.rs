//! What the schema of a custom resource demands of a value: the keywords of JSON Schema that the API server holds it to.
//!
//! They are the value validations of a structural schema (apiextensions-apiserver: `pkg/apiserver/schema/structural.go`,
//! `ValueValidation`), as far as they are about one value. What needs more than the value is not kept: `allOf`, `oneOf`,
//! `anyOf`, `not`, formats, and rules in CEL, of which the one most used is: the value may not change.

use serde_json::Value;

use super::openapi::Schema;

/// What the schema demands of a value, beside its kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// The least number.
    pub minimum: Option<Bound>,
    /// The greatest number.
    pub maximum: Option<Bound>,
    /// The number that it is a multiple of.
    pub multiple_of: Option<f64>,
    /// How many characters, elements or fields there have to be at least, whichever the value has.
    pub least: Option<u64>,
    /// How many there may be.
    pub most: Option<u64>,
    /// The form of a text, as a regular expression of Go.
    pub pattern: Option<String>,
    /// The values that are taken; all, if there are none.
    pub choices: Vec<Value>,
    /// The fields that it has to have.
    pub required: Vec<String>,
    /// Whether no two elements may be the same.
    pub is_unique: bool,
    /// Whether it may not change, as the rule `self == oldSelf` says.
    pub is_fixed: bool,
}

/// A limit to a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The number.
    pub number: f64,
    /// Whether it is beyond the limit itself.
    pub is_beyond: bool,
}

impl Limits {
    /// The limits of a schema, without those of the values in it.
    pub(super) fn of(schema: &Schema) -> Self {
        let bound = |number: Option<f64>, is_beyond: bool| number.map(|number| Bound { number, is_beyond });
        // The API server looks at each only for values of that kind.
        let (least, most) = match schema.json_type.as_deref() {
            Some("string") => (schema.min_length, schema.max_length),
            Some("array") => (schema.min_items, schema.max_items),
            Some("object") => (schema.min_properties, schema.max_properties),
            Some(_) | None => (None, None),
        };
        Self {
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
