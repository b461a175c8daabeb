//! The patch that Helm computes for a built-in kind (apimachinery: `pkg/util/strategicpatch/patch.go`,
//! `CreateThreeWayMergePatch`): what the new manifest says otherwise than the live object, laid over what the new
//! manifest no longer has of the old one.

mod lists;

use serde_json::Value;

use self::lists::list_difference;
use super::decoded::{GoType, Object, go_type};
use super::failure::Failure;
use super::merge::{Purpose, merged};
use super::schema::{Keeps, Strategy, rules_of_list, rules_of_object};
use super::{DELETE_FROM_LIST, ELEMENT_ORDER, PATCH, RETAIN_KEYS};
use crate::compare::work::Work;
use crate::types::Shape;

/// Which half of a patch is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    /// What changes and what is added.
    Changes,
    /// What is deleted.
    Deletions,
}

/// What is the same in all objects of one difference.
#[derive(Clone, Copy)]
struct Difference<'w> {
    half: Half,
    work: &'w Work,
}

/// The three-way patch.
pub(super) fn created(
    old: &Object,
    new: &Object,
    live: &Object,
    shape: Shape<'_>,
    work: &Work,
) -> Result<Object, Failure> {
    let difference = |half| Difference { half, work };
    let changes = difference(Half::Changes).of_objects(live, new, shape, Keeps::All)?;
    let deletions = difference(Half::Deletions).of_objects(old, new, shape, Keeps::All)?;
    merged(deletions, changes, shape, Purpose::Combine, work)
}

impl Difference<'_> {
    /// The difference between two objects (`diffMaps`).
    fn of_objects(
        &self,
        original: &Object,
        modified: &Object,
        shape: Shape<'_>,
        keeps: Keeps,
    ) -> Result<Object, Failure> {
        let mut patch = Object::new();
        for (name, modified) in modified {
            if !self.work.affords_value(modified) {
                return Err(Failure::spent());
            }
            if let Some(original) = original.get(name) {
                self.of_field(name, original, modified, shape, &mut patch)
                    .map_err(|failure| failure.below(name))?;
            } else if self.half == Half::Changes {
                patch.insert(name.clone(), modified.clone());
            }
        }
        let missing = |(name, _): &(&String, &Value)| !modified.contains_key(*name);
        if self.half == Half::Deletions {
            for (name, _) in original.iter().filter(missing) {
                patch.insert(name.clone(), Value::Null);
            }
        }
        let is_left_over = |(_, value): (&String, &Value)| !value.is_null();
        let lists = match keeps {
            Keeps::Listed => !patch.is_empty() || original.iter().filter(missing).any(is_left_over),
            Keeps::All => false,
        };
        if lists {
            let kept = modified.iter().filter(|(_, value)| !value.is_null());
            let kept: Vec<Value> = kept.map(|(name, _)| name.as_str().into()).collect();
            if !kept.is_empty() {
                patch.insert(RETAIN_KEYS.to_owned(), kept.into());
            }
        }
        Ok(patch)
    }

    /// The difference between two values of one field.
    fn of_field(
        &self,
        name: &str,
        original: &Value,
        modified: &Value,
        shape: Shape<'_>,
        patch: &mut Object,
    ) -> Result<(), Failure> {
        if name == PATCH {
            // A directive in a manifest, which Helm hands on as it is (`handleDirectiveMarker`).
            if !(original.is_string() && modified.is_string()) {
                return Err(Failure::refused(
                    "Helm fails at a patch directive that is no text",
                ));
            }
            if original != modified {
                patch.insert(name.to_owned(), modified.clone());
            }
            return Ok(());
        }
        match (original, modified) {
            (Value::Object(original), Value::Object(modified)) => {
                self.of_inner_objects(name, original, modified, shape, patch)
            }
            (Value::Array(original), Value::Array(modified)) => {
                self.of_inner_lists(name, original, modified, shape, patch)
            }
            (original, modified) => {
                let differs = go_type(original) != go_type(modified) || original != modified;
                self.replace(name, differs.then_some(modified), patch);
                Ok(())
            }
        }
    }

    /// Two objects in a field (`handleMapDiff`).
    fn of_inner_objects(
        &self,
        name: &str,
        original: &Object,
        modified: &Object,
        shape: Shape<'_>,
        patch: &mut Object,
    ) -> Result<(), Failure> {
        let rules = match rules_of_object(shape, name) {
            Ok(rules) => rules,
            Err(_) if original == modified => return Ok(()),
            Err(failure) => return Err(failure),
        };
        match rules.strategy() {
            Strategy::Replace => {
                self.replace(name, Some(&Value::Object(modified.clone())), patch);
            }
            Strategy::Usual | Strategy::Merge => {
                let inner = self.of_objects(original, modified, rules.shape, rules.keeps())?;
                if !inner.is_empty() {
                    patch.insert(name.to_owned(), Value::Object(inner));
                }
            }
        }
        Ok(())
    }

    /// Two lists in a field (`handleSliceDiff`).
    fn of_inner_lists(
        &self,
        name: &str,
        original: &[Value],
        modified: &[Value],
        shape: Shape<'_>,
        patch: &mut Object,
    ) -> Result<(), Failure> {
        let rules = match rules_of_list(shape, name) {
            Ok(rules) => rules,
            Err(_) if original == modified => return Ok(()),
            Err(failure) => return Err(failure),
        };
        match rules.strategy() {
            Strategy::Usual | Strategy::Replace => {
                let differs = original != modified;
                self.replace(name, differs.then(|| Value::from(modified)).as_ref(), patch);
            }
            Strategy::Merge => {
                let found = list_difference(self, original, modified, rules)?;
                for (name, list) in [
                    (name.to_owned(), found.patch),
                    (format!("{DELETE_FROM_LIST}/{name}"), found.deletions),
                    (format!("{ELEMENT_ORDER}/{name}"), found.order),
                ] {
                    if !list.is_empty() {
                        patch.insert(name, list.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes a value that differs.
    fn replace(&self, name: &str, modified: Option<&Value>, patch: &mut Object) {
        if let (Half::Changes, Some(modified)) = (self.half, modified) {
            patch.insert(name.to_owned(), modified.clone());
        }
    }
}

/// Whether a list has objects for its elements.
fn by_of(element_type: GoType, merge_key: &str) -> super::order::By<'_> {
    match element_type {
        GoType::Map => super::order::By::Key(merge_key),
        GoType::Nil | GoType::Bool | GoType::Int | GoType::Float | GoType::String | GoType::List => {
            super::order::By::Value
        }
    }
}
