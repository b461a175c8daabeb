//! A strategic merge patch laid over an object, or over another patch (apimachinery:
//! `pkg/util/strategicpatch/patch.go`, `mergeMap`).

mod lists;
mod ordered;

use std::collections::HashSet;

use serde_json::Value;

use self::lists::{list_merged, without};
use self::ordered::merge_ordered_lists;
use super::decoded::{GoType, Identity, Object, go_type, identity};
use super::failure::Failure;
use super::json_merge::discard_nulls;
use super::schema::{Strategy, rules_of_list, rules_of_object};
use super::{DELETE_FROM_LIST, ELEMENT_ORDER, PATCH, RETAIN_KEYS};
use crate::compare::work::Work;
use crate::types::Shape;

/// What the merge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Helm makes one patch of two: nulls and directives are kept.
    Combine,
    /// The API server applies a patch to an object.
    Apply,
}

/// The object after the patch.
pub(super) fn merged(
    mut original: Object,
    mut patch: Object,
    shape: Shape<'_>,
    purpose: Purpose,
    work: &Work,
) -> Result<Object, Failure> {
    if let Some(directive) = patch.remove(PATCH) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            Some(_) | None => Err(unknown_directive()),
        };
    }
    retain_keys(&mut original, &mut patch, purpose)?;
    merge_ordered_lists(&mut original, &mut patch, shape, purpose, work)?;
    if purpose == Purpose::Apply {
        require_one_result(&patch)?;
    }
    for (name, patch) in patch {
        if !work.affords_value(&patch) {
            return Err(Failure::spent());
        }
        let merge = Field {
            patch,
            shape,
            purpose,
            work,
        };
        match deletion_target(&name)? {
            Some(_) if purpose == Purpose::Combine => {
                original.insert(name, merge.patch);
            }
            Some(target) => merge
                .delete_from(&mut original, target)
                .map_err(|failure| failure.below(target))?,
            None => merge
                .into_object(&mut original, &name)
                .map_err(|failure| failure.below(&name))?,
        }
    }
    Ok(original)
}

fn unknown_directive() -> Failure {
    Failure::refused("a strategic merge patch fails at a directive that it does not know")
}

/// The field that a directive is about, as in `$setElementOrder/containers` (`extractKey`).
fn target<'n>(name: &'n str, directive: &str) -> Result<&'n str, Failure> {
    name.strip_prefix(directive)
        .and_then(|rest| rest.strip_prefix('/'))
        .ok_or_else(|| Failure::refused("a strategic merge patch fails at a directive that names no list"))
}

fn deletion_target(name: &str) -> Result<Option<&str>, Failure> {
    let is_directive = name.starts_with(DELETE_FROM_LIST);
    is_directive.then(|| target(name, DELETE_FROM_LIST)).transpose()
}

/// Go walks a patch in no order. Additions to a list and deletions from it would have one of two results, and both are
/// in a patch only where a manifest has the directives itself.
fn require_one_result(patch: &Object) -> Result<(), Failure> {
    for name in patch.keys() {
        if deletion_target(name)?.is_some_and(|target| patch.contains_key(target)) {
            return Err(Failure::Unknown(
                "the manifest has directives of a strategic merge patch whose order is left open",
            ));
        }
    }
    Ok(())
}

/// Drops the fields that a patch does not list, if it lists those to keep (`applyRetainKeysDirective`).
fn retain_keys(original: &mut Object, patch: &mut Object, purpose: Purpose) -> Result<(), Failure> {
    let Some(kept) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let refused =
        || Failure::refused("a strategic merge patch fails at a list of fields to keep that does not fit");
    match purpose {
        Purpose::Combine => {
            if original.get(RETAIN_KEYS).is_some_and(|other| *other != kept) {
                return Err(refused());
            }
            original.insert(RETAIN_KEYS.to_owned(), kept);
        }
        Purpose::Apply => {
            let kept = kept.as_array().ok_or_else(refused)?;
            let kept: HashSet<_> = kept.iter().map(identity).collect::<Result<_, _>>()?;
            let is_kept = |name: &str| kept.contains(&Identity::Text(name));
            let is_directive =
                |name: &str| name.starts_with(DELETE_FROM_LIST) || name.starts_with(ELEMENT_ORDER);
            let fits =
                |(name, value): (&String, &Value)| value.is_null() || is_directive(name) || is_kept(name);
            if !patch.iter().all(fits) {
                return Err(refused());
            }
            original.retain(|name, _| is_kept(name));
        }
    }
    Ok(())
}

/// One field of a patch.
struct Field<'a> {
    patch: Value,
    /// The facts on the object that has the field.
    shape: Shape<'a>,
    purpose: Purpose,
    work: &'a Work,
}

impl Field<'_> {
    fn into_object(mut self, original: &mut Object, name: &str) -> Result<(), Failure> {
        if self.patch.is_null() {
            original.remove(name);
            if self.purpose == Purpose::Combine {
                original.insert(name.to_owned(), Value::Null);
            }
            return Ok(());
        }
        let before = original.remove(name);
        let after = match (before, self.patch) {
            (Some(Value::Object(before)), Value::Object(patch)) => {
                let rules = rules_of_object(self.shape, name)?;
                Some(Value::Object(match rules.strategy() {
                    Strategy::Replace => patch,
                    Strategy::Usual | Strategy::Merge => {
                        merged(before, patch, rules.shape, self.purpose, self.work)?
                    }
                }))
            }
            (Some(Value::Array(before)), Value::Array(patch)) => {
                let rules = rules_of_list(self.shape, name)?;
                Some(Value::Array(match rules.strategy() {
                    Strategy::Usual | Strategy::Replace => patch,
                    Strategy::Merge => list_merged(before, patch, rules, self.purpose, self.work)?.list,
                }))
            }
            (before, patch) => {
                self.patch = patch;
                let is_same_type = before.is_some_and(|before| go_type(&before) == go_type(&self.patch));
                if self.purpose == Purpose::Apply && !is_same_type {
                    discard_nulls(&mut self.patch);
                }
                without_directives(self.patch)
            }
        };
        if let Some(after) = after {
            original.insert(name.to_owned(), after);
        }
        Ok(())
    }

    /// Deletes values from a list (`$deleteFromPrimitiveList`).
    fn delete_from(self, original: &mut Object, name: &str) -> Result<(), Failure> {
        match (original.get_mut(name), self.patch) {
            (_, Value::Null) => {
                original.remove(name);
            }
            (Some(Value::Array(list)), Value::Array(deleted)) => {
                let rules = rules_of_list(self.shape, name)?;
                let before = std::mem::take(list);
                *list = without(before, deleted, rules, self.work)?;
            }
            (Some(Value::Object(before)), Value::Object(patch)) => {
                let rules = rules_of_object(self.shape, name)?;
                let before = std::mem::take(before);
                let after = merged(before, patch, rules.shape, self.purpose, self.work)?;
                original.insert(name.to_owned(), Value::Object(after));
            }
            (Some(before), patch) if go_type(before) == go_type(&patch) => *before = patch,
            (Some(_) | None, _) => {}
        }
        Ok(())
    }
}

/// A value of a patch that becomes part of an object without being merged: what has a directive is left out
/// (`removeDirectives`).
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(PATCH) => None,
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter_map(|(name, field)| Some((name, without_directives(field)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(without_directives).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value),
    }
}

/// Whether a list is one of objects.
fn is_of_objects(element_type: GoType) -> bool {
    match element_type {
        GoType::Map => true,
        GoType::Nil | GoType::Bool | GoType::Int | GoType::Float | GoType::String | GoType::List => false,
    }
}
