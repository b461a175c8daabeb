//! Reads what a schema demands of a value.
//!
//! They are the value validations of a structural schema (apiextensions-apiserver: `pkg/apiserver/schema/structural.go`,
//! `ValueValidation`); see [`Limits`].

use super::schema::{Additional, Rule, Schema};
use crate::types::ValueKind;
use crate::types::limits::{Alternative, Alternatives, Bound, Limits, Number};

/// No schema beside another nests deeper; one that does counts as a rule that is not known.
const MAX_DEPTH: usize = 16;

/// The limits of a schema, without those of the values in it.
pub(super) fn limits_of(schema: &Schema) -> Limits {
    limits_within(schema, 0)
}

fn limits_within(schema: &Schema, depth: usize) -> Limits {
    let bound = |number: Option<f64>, is_beyond: bool| number.map(|number| Bound { number, is_beyond });
    // The API server looks at each only for values of that kind.
    let (least, most) = match schema.json_type.as_deref() {
        Some("string") => (schema.min_length, schema.max_length),
        Some("array") => (schema.min_items, schema.max_items),
        Some("object") => (schema.min_properties, schema.max_properties),
        Some(_) => (None, None),
        // A schema beside another names no type.
        None => (
            schema.min_length.or(schema.min_items).or(schema.min_properties),
            schema.max_length.or(schema.max_items).or(schema.max_properties),
        ),
    };
    let forbids_change = |rule: &&Rule| !rule.optional_old && forbids_change(&rule.rule);
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
        is_fixed: schema.rules.iter().any(|rule| forbids_change(&rule)),
        has_other_rules: schema.rules.iter().any(|rule| !forbids_change(&rule)) || is_too_deep(schema, depth),
        format: schema
            .format
            .clone()
            .filter(|format| is_format_of(schema, format)),
        is_embedded: schema.embedded,
        alternatives: alternatives_of(schema, depth),
    }
}

/// Whether the API server looks at a format (apiextensions-apiserver: `pkg/apiserver/validation/formats.go`,
/// `StripUnsupportedFormatsPostProcessorForVersion`).
fn is_format_of(schema: &Schema, format: &str) -> bool {
    match schema.json_type.as_deref() {
        // A number that may be a text names two types, and so has no format of one.
        _ if schema.int_or_string => false,
        None | Some("string") => !format.is_empty(),
        Some("integer") => matches!(format, "int32" | "int64"),
        Some("number") => matches!(format, "float" | "double"),
        Some(_) => false,
    }
}

/// The schemas beside a schema. A reference to a type of Go and the two types of a number that may be a text are none.
fn alternatives_of(schema: &Schema, depth: usize) -> Vec<Alternatives> {
    if is_too_deep(schema, depth) {
        return Vec::new();
    }
    let is_about_kinds = schema.int_or_string
        && schema
            .any_of
            .iter()
            .all(|schema| alternative_of(schema, depth).is_about_kind());
    let any_of = if is_about_kinds { &[][..] } else { &schema.any_of };
    let several = [
        (Number::All, schema.all_of.as_slice()),
        (Number::AtLeastOne, any_of),
        (Number::ExactlyOne, &schema.one_of),
        (
            Number::None,
            schema.not.as_deref().map_or(&[][..], std::slice::from_ref),
        ),
    ];
    several
        .into_iter()
        .filter(|(_, schemas)| schemas.iter().any(|schema| schema.reference.is_none()))
        .map(|(number, schemas)| Alternatives {
            number,
            schemas: schemas
                .iter()
                .map(|schema| alternative_of(schema, depth + 1))
                .collect(),
        })
        .collect()
}

/// Whether the schemas beside a schema are not read.
fn is_too_deep(schema: &Schema, depth: usize) -> bool {
    let several = [&schema.all_of, &schema.any_of, &schema.one_of];
    depth >= MAX_DEPTH && (schema.not.is_some() || several.iter().any(|schemas| !schemas.is_empty()))
}

fn alternative_of(schema: &Schema, depth: usize) -> Alternative {
    let boxed = |schema: &Schema| Box::new(alternative_of(schema, depth));
    Alternative {
        kind: schema.json_type.as_deref().and_then(ValueKind::of_json_type),
        limits: limits_within(schema, depth),
        fields: (schema.properties.iter())
            .map(|(name, field)| (name.clone(), alternative_of(field, depth)))
            .collect(),
        other_fields: match &schema.additional {
            Some(Additional::Values(values)) => Some(boxed(values)),
            Some(Additional::Allowed(_)) | None => None,
        },
        element: schema.items.as_deref().map(boxed),
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
