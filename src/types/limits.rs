//! What the schema of a custom resource demands of a value: the keywords of JSON Schema that the API server holds it to.
//!
//! They are the value validations of a structural schema (apiextensions-apiserver: `pkg/apiserver/schema/structural.go`,
//! `ValueValidation`), as far as they are about one value. What needs more than the value is not kept: `allOf`, `oneOf`,
//! `anyOf`, `not`, formats, and rules in CEL, of which the one most used is: the value may not change.

use serde_json::Value;

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
