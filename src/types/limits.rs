//! What the schema of a custom resource demands of a value: the keywords of JSON Schema that the API server holds it to.
//!
//! They are the value validations of a structural schema (apiextensions-apiserver: `pkg/apiserver/schema/structural.go`,
//! `ValueValidation`). Of rules in CEL only the one most used is kept: the value may not change.

use serde_json::Value;

use super::value_facts::ValueKind;

/// What the schema demands of a value, beside its kind.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a keyword")]
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
    /// The format of a text or a number, by its name.
    pub format: Option<String>,
    /// The values that are taken; all, if there are none.
    pub choices: Vec<Value>,
    /// The fields that it has to have.
    pub required: Vec<String>,
    /// Whether no two elements may be the same.
    pub is_unique: bool,
    /// Whether it may not change, as the rule `self == oldSelf` says.
    pub is_fixed: bool,
    /// Whether there are other rules in CEL.
    pub has_other_rules: bool,
    /// Whether it is an object of a kind of its own, which has to say what it is.
    pub is_embedded: bool,
    /// Further schemas that the value is held to together.
    pub alternatives: Vec<Alternatives>,
}

/// Schemas of which a value has to fit a certain number: `allOf`, `anyOf`, `oneOf`, `not`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternatives {
    /// How many.
    pub number: Number,
    /// The schemas.
    pub schemas: Vec<Alternative>,
}

/// How many of several schemas a value has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// `allOf`.
    All,
    /// `anyOf`.
    AtLeastOne,
    /// `oneOf`.
    ExactlyOne,
    /// `not`, which has one schema.
    None,
}

/// A schema beside that of the field, as far as it demands something. It names no type but where a number or a text is meant
/// (apiextensions-apiserver: `pkg/apiserver/schema/validation.go`, `validateNestedValueValidation`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alternative {
    /// The kind of value that it is about.
    pub kind: Option<ValueKind>,
    /// What it demands of the value itself.
    pub limits: Limits,
    /// What it demands of fields.
    pub fields: Vec<(String, Alternative)>,
    /// What it demands of all other fields.
    pub other_fields: Option<Box<Alternative>>,
    /// What it demands of each element.
    pub element: Option<Box<Alternative>>,
}

impl Alternative {
    /// Whether it says of what kind the value is, and nothing else.
    pub(super) fn is_about_kind(&self) -> bool {
        self.kind.is_some()
            && *self
                == Self {
                    kind: self.kind,
                    ..Self::default()
                }
    }

    /// The schema of a field.
    pub fn field(&self, name: &str) -> Option<&Self> {
        let named = self.fields.iter().find(|(field, _)| field == name);
        named.map(|(_, field)| field).or(self.other_fields.as_deref())
    }
}

/// A limit to a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The number.
    pub number: f64,
    /// Whether it is beyond the limit itself.
    pub is_beyond: bool,
}
