//! What a strategic merge patch knows of a field: the tags of the Go type (apimachinery:
//! `pkg/util/strategicpatch/meta.go` and `third_party/forked/golang/json/fields.go`, `LookupPatchMetadataForStruct`).

use super::failure::Failure;
use crate::types::{Field, PatchStrategy, Shape, ValueKind};

/// The facts on one field of an object.
#[derive(Clone, Copy)]
pub(super) struct FieldRules<'a> {
    /// The facts on the field's value; of a list, those on its elements.
    pub(super) shape: Shape<'a>,
    strategy: Option<PatchStrategy>,
    /// The field by which the elements of a list that is merged are found; empty where there is none.
    pub(super) merge_key: &'a str,
}

/// How a patch changes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    /// It merges objects and replaces lists.
    Usual,
    /// It merges lists.
    Merge,
    /// It replaces objects.
    Replace,
}

/// Whether a patch of an object lists the fields that it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    Listed,
    All,
}

impl FieldRules<'_> {
    /// The strategy without what it says of the fields that are kept (`extractRetainKeysPatchStrategy`).
    pub(super) fn strategy(&self) -> Strategy {
        match self.strategy {
            None | Some(PatchStrategy::RetainKeys) => Strategy::Usual,
            Some(PatchStrategy::Merge | PatchStrategy::MergeRetainKeys) => Strategy::Merge,
            Some(PatchStrategy::Replace) => Strategy::Replace,
        }
    }

    /// The other half of the strategy.
    pub(super) fn keeps(&self) -> Keeps {
        match self.strategy {
            None | Some(PatchStrategy::Merge | PatchStrategy::Replace) => Keeps::All,
            Some(PatchStrategy::RetainKeys | PatchStrategy::MergeRetainKeys) => Keeps::Listed,
        }
    }
}

/// The rules of a field that is an object.
pub(super) fn rules_of_object<'a>(owner: Shape<'a>, name: &str) -> Result<FieldRules<'a>, Failure> {
    let shape = field(owner, name).ok_or_else(unknown_field)?;
    Ok(FieldRules {
        shape,
        strategy: shape.patch_strategy(),
        merge_key: shape.patch_merge_key().unwrap_or_default(),
    })
}

/// The rules of a field that is a list.
pub(super) fn rules_of_list<'a>(owner: Shape<'a>, name: &str) -> Result<FieldRules<'a>, Failure> {
    let rules = rules_of_object(owner, name)?;
    let shape = match rules.shape.value() {
        ValueKind::List => rules.shape.element().ok_or_else(unknown_field)?,
        // Text to JSON, a list of numbers to Go.
        ValueKind::Bytes => rules.shape,
        ValueKind::String
        | ValueKind::Integer
        | ValueKind::Number
        | ValueKind::Boolean
        | ValueKind::Quantity
        | ValueKind::IntOrString
        | ValueKind::Time
        | ValueKind::Duration
        | ValueKind::Object
        | ValueKind::Map
        | ValueKind::Any => return Err(unknown_field()),
    };
    Ok(FieldRules { shape, ..rules })
}

/// The facts on a field of a Go struct. Its name matches in any case if none matches exactly.
///
/// The values of Go maps have no rules, and neither has what is free-form.
fn field<'a>(owner: Shape<'a>, name: &str) -> Option<Shape<'a>> {
    if owner.value() != ValueKind::Object {
        return None;
    }
    match owner.field(name) {
        Field::Declared(shape) => Some(shape),
        Field::Undeclared | Field::Unknown => owner
            .fields()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, shape)| shape),
    }
}

fn unknown_field() -> Failure {
    Failure::refused("a strategic merge patch fails at a field that the type does not have")
}
