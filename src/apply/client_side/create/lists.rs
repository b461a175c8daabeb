//! The difference between two lists that are merged (apimachinery: `pkg/util/strategicpatch/patch.go`, `diffLists`).
//!
//! Elements are found by the text of their merge key, one by one in the order of these texts: of several elements with
//! one key the last ones are a pair, and what is left over on one side counts as added or deleted.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Difference, Half, by_of};
use crate::apply::client_side::PATCH;
use crate::apply::client_side::decoded::{GoType, Object, identity, printed};
use crate::apply::client_side::failure::Failure;
use crate::apply::client_side::order::{By, element_type, in_order, sorted_by_key, without_duplicates};
use crate::apply::client_side::schema::FieldRules;
use crate::compare::work::Work;

/// The parts of a patch that are about one list.
#[derive(Default)]
pub(super) struct ListDifference {
    /// The elements that differ, and of objects those to be deleted.
    pub(super) patch: Vec<Value>,
    /// The elements to be deleted that are no objects.
    pub(super) deletions: Vec<Value>,
    /// The order of the elements in the manifest.
    pub(super) order: Vec<Value>,
}

/// The difference between two lists.
pub(super) fn list_difference(
    difference: &Difference<'_>,
    original: &[Value],
    modified: &[Value],
    rules: FieldRules<'_>,
) -> Result<ListDifference, Failure> {
    if original.is_empty() {
        let added = match difference.half {
            Half::Changes => modified.to_vec(),
            Half::Deletions => Vec::new(),
        };
        return Ok(ListDifference {
            patch: added,
            ..ListDifference::default()
        });
    }
    let by = by_of(element_type(original.iter().chain(modified))?, rules.merge_key);
    match by {
        By::Key(key) => of_objects(difference, original, modified, key, rules),
        By::Value => of_scalars(difference, original, modified),
    }
}

fn of_objects(
    difference: &Difference<'_>,
    original: &[Value],
    modified: &[Value],
    key: &str,
    rules: FieldRules<'_>,
) -> Result<ListDifference, Failure> {
    let work = difference.work;
    let (changed, deleted) = object_changes(difference, original, modified, key, rules)?;
    let mut patch = in_order(changed, modified, By::Key(key), work)?;
    let is_same_order = is_same_order(original, modified, key)?;
    patch.extend(deleted);
    let has_order = match difference.half {
        Half::Changes => !patch.is_empty() || !is_same_order,
        Half::Deletions => !patch.is_empty(),
    };
    let order = if has_order {
        let key_only = |element: &Value| Value::Object(Object::from_iter([key_field(element, key)]));
        modified.iter().map(key_only).collect()
    } else {
        Vec::new()
    };
    Ok(ListDifference {
        patch,
        order,
        deletions: Vec::new(),
    })
}

fn key_field(element: &Value, key: &str) -> (String, Value) {
    (key.to_owned(), By::Key(key).value(element).clone())
}

/// Whether two lists have the same keys in the same order (`isOrderSame`).
fn is_same_order(original: &[Value], modified: &[Value], key: &str) -> Result<bool, Failure> {
    if original.len() != modified.len() {
        return Ok(false);
    }
    for (original, modified) in original.iter().zip(modified) {
        let by = By::Key(key);
        if identity(by.value(original))? != identity(by.value(modified))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What changes and what is deleted (`diffListsOfMaps`).
fn object_changes(
    difference: &Difference<'_>,
    original: &[Value],
    modified: &[Value],
    key: &str,
    rules: FieldRules<'_>,
) -> Result<(Vec<Value>, Vec<Value>), Failure> {
    let original = sorted_by_key(original, key, difference.work)?;
    let modified = sorted_by_key(modified, key, difference.work)?;
    let (mut original, mut modified) = (original.into_iter().peekable(), modified.into_iter().peekable());
    let (mut changed, mut deleted) = (Vec::new(), Vec::new());
    let text = |fields: &Object| fields.get(key).map(printed).unwrap_or_default().into_owned();
    loop {
        let order = match (original.peek(), modified.peek()) {
            (None, None) => return Ok((changed, deleted)),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(original), Some(modified)) => text(original).cmp(&text(modified)),
        };
        let before = if order == Ordering::Greater {
            None
        } else {
            original.next()
        };
        let after = if order == Ordering::Less {
            None
        } else {
            modified.next()
        };
        match (before, after) {
            (Some(before), Some(after)) => {
                let mut inner = difference.of_objects(before, after, rules.shape, rules.keeps())?;
                if !inner.is_empty() {
                    inner.extend(after.get(key).map(|value| (key.to_owned(), value.clone())));
                    changed.push(Value::Object(inner));
                }
            }
            (Some(before), None) => {
                if difference.half == Half::Deletions {
                    let value = before.get(key).cloned().unwrap_or_default();
                    deleted.push(serde_json::json!({key: value, PATCH: "delete"}));
                }
            }
            (None, after) => {
                if difference.half == Half::Changes {
                    changed.extend(after.map(|after| Value::Object(after.clone())));
                }
            }
        }
    }
}

/// The difference between two lists of values that are no objects (`diffListsOfScalars`).
fn of_scalars(
    difference: &Difference<'_>,
    original: &[Value],
    modified: &[Value],
) -> Result<ListDifference, Failure> {
    let work = difference.work;
    let sorted_original = sorted(original, work)?;
    let sorted_modified = sorted(modified, work)?;
    let (mut before, mut after) = (
        sorted_original.iter().peekable(),
        sorted_modified.iter().peekable(),
    );
    let (mut added, mut deleted) = (Vec::new(), Vec::new());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => break,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(before), Some(after)) => printed(before).cmp(&printed(after)),
        };
        match order {
            Ordering::Less => deleted.extend(before.next().cloned()),
            Ordering::Greater => added.extend(after.next().cloned()),
            Ordering::Equal => {
                before.next();
                after.next();
            }
        }
    }
    let deleted = without_duplicates(deleted, work)?;
    Ok(match difference.half {
        Half::Changes => ListDifference {
            patch: in_order(added, modified, By::Value, work)?,
            // Go has sorted the original list when it compares, so that a manifest in another order always has its order in the patch.
            order: if sorted_original == modified {
                Vec::new()
            } else {
                modified.to_vec()
            },
            deletions: Vec::new(),
        },
        Half::Deletions => ListDifference {
            order: if deleted.is_empty() {
                Vec::new()
            } else {
                modified.to_vec()
            },
            patch: Vec::new(),
            deletions: deleted,
        },
    })
}

/// The values sorted by their texts.
fn sorted(list: &[Value], work: &Work) -> Result<Vec<Value>, Failure> {
    let mut sorted = Vec::with_capacity(list.len());
    for value in list {
        if !work.affords_value(value) {
            return Err(Failure::spent());
        }
        sorted.push(value.clone());
    }
    sorted.sort_by(|left, right| printed(left).cmp(&printed(right)));
    Ok(sorted)
}
