//! Two lists merged (apimachinery: `pkg/util/strategicpatch/patch.go`, `mergeSlice`).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Purpose, is_of_objects, merged, unknown_directive};
use crate::apply::client_side::PATCH;
use crate::apply::client_side::decoded::{Identity, identity};
use crate::apply::client_side::failure::Failure;
use crate::apply::client_side::order::{
    By, element_type, normalized, require_keys, without_duplicates, without_key,
};
use crate::apply::client_side::schema::FieldRules;
use crate::compare::work::Work;

/// A merged list.
pub(super) struct MergedList {
    pub(super) list: Vec<Value>,
    /// What the original list looks like to Go after the merge, which changes it in place.
    pub(super) original: Vec<Value>,
}

/// The list after the patch.
pub(super) fn list_merged(
    original: Vec<Value>,
    patch: Vec<Value>,
    rules: FieldRules<'_>,
    purpose: Purpose,
    work: &Work,
) -> Result<MergedList, Failure> {
    if original.is_empty() && patch.is_empty() {
        return Ok(MergedList {
            list: Vec::new(),
            original,
        });
    }
    if is_of_objects(element_type(original.iter().chain(&patch))?) {
        if rules.merge_key.is_empty() {
            return Err(Failure::refused("a list without a merge key cannot be merged"));
        }
        of_objects(original, patch, rules, purpose, work)
    } else {
        let both = original.iter().chain(&patch).cloned().collect();
        let both = without_duplicates(both, work)?;
        let list = normalized(both, &patch, &original, by(rules), work)?;
        Ok(MergedList { list, original })
    }
}

fn by(rules: FieldRules<'_>) -> By<'_> {
    if rules.merge_key.is_empty() {
        By::Value
    } else {
        By::Key(rules.merge_key)
    }
}

/// A list without these values (`deleteFromSlice`); what has objects is merged as ever.
pub(super) fn without(
    list: Vec<Value>,
    deleted: Vec<Value>,
    rules: FieldRules<'_>,
    work: &Work,
) -> Result<Vec<Value>, Failure> {
    if list.is_empty() && deleted.is_empty() {
        return Ok(list);
    }
    if is_of_objects(element_type(list.iter().chain(&deleted))?) {
        return Ok(list_merged(list, deleted, rules, Purpose::Apply, work)?.list);
    }
    let mut gone = HashSet::new();
    for value in &deleted {
        if !work.affords_value(value) {
            return Err(Failure::spent());
        }
        gone.insert(identity(value)?);
    }
    let mut kept = Vec::with_capacity(list.len());
    for value in list {
        if !work.affords_value(&value) {
            return Err(Failure::spent());
        }
        if !gone.contains(&identity(&value)?) {
            kept.push(value);
        }
    }
    Ok(kept)
}

fn of_objects(
    original: Vec<Value>,
    patch: Vec<Value>,
    rules: FieldRules<'_>,
    purpose: Purpose,
    work: &Work,
) -> Result<MergedList, Failure> {
    let by = By::Key(rules.merge_key);
    let Prepared {
        kept,
        patch,
        stale,
        is_replaced,
    } = follow_directives(original, patch, rules.merge_key, work)?;
    let keys = |list: &[Value]| -> Vec<Value> { list.iter().map(|element| only_key(element, by)).collect() };
    let order = keys(&kept);
    let merged = merge_elements(kept, &patch, rules, purpose, work)?;
    // Elements after the kept ones are written over what is left of the deleted ones.
    let mut seen = stale;
    if !is_replaced {
        for (place, element) in seen.iter_mut().zip(keys(&merged)) {
            *place = element;
        }
    }
    require_keys(&merged, rules.merge_key)?;
    let list = normalized(merged, &patch, &order, by, work)?;
    Ok(MergedList { list, original: seen })
}

/// An object with nothing but its key; without it, it stays without.
fn only_key(element: &Value, by: By<'_>) -> Value {
    let By::Key(key) = by else {
        return element.clone();
    };
    element
        .get(key)
        .map_or_else(|| serde_json::json!({}), |value| serde_json::json!({key: value}))
}

/// Two lists after the directives in the patch were followed.
struct Prepared {
    /// What is left of the original.
    kept: Vec<Value>,
    /// The patch without directives.
    patch: Vec<Value>,
    /// The keys in the original list as Go leaves it: deleting moves the elements behind to the front, and what was at
    /// the end stays there as well.
    stale: Vec<Value>,
    /// Whether the patch takes the place of the original.
    is_replaced: bool,
}

/// Follows `$patch` in elements of the patch (`mergeSliceWithSpecialElements`).
fn follow_directives(
    original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
    work: &Work,
) -> Result<Prepared, Failure> {
    let by = By::Key(key);
    let mut places: HashMap<Identity<'_>, Vec<usize>> = HashMap::new();
    let has_deletions = patch.iter().any(|element| element.get(PATCH).is_some());
    if has_deletions {
        for (place, element) in original.iter().enumerate() {
            if let Some(value) = element.get(key) {
                if !work.affords_value(value) {
                    return Err(Failure::spent());
                }
                places.entry(identity(value)?).or_default().push(place);
            }
        }
    }
    let mut is_deleted = vec![false; original.len()];
    let mut tail: Vec<Value> = Vec::new();
    let mut last = original.len();
    let mut is_replaced = false;
    for element in &patch {
        if !work.affords(1) {
            return Err(Failure::spent());
        }
        let Some(directive) = element.get(PATCH) else {
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let value = element.get(key).ok_or_else(|| without_key(key))?;
                for place in places.remove(&identity(value)?).unwrap_or_default() {
                    while last > 0 && is_deleted[last - 1] {
                        last -= 1;
                    }
                    tail.extend(last.checked_sub(1).map(|last| only_key(&original[last], by)));
                    is_deleted[place] = true;
                }
            }
            Some("replace") => is_replaced = true,
            Some(_) | None => return Err(unknown_directive()),
        }
    }
    let kept = original.into_iter().zip(is_deleted);
    let kept = kept.filter_map(|(element, is_deleted)| (!is_deleted).then_some(element));
    let mut kept: Vec<Value> = kept.collect();
    let stale: Vec<Value> = kept
        .iter()
        .map(|element| only_key(element, by))
        .chain(tail.into_iter().rev())
        .collect();
    let plain = patch.into_iter().filter(|element| element.get(PATCH).is_none());
    let mut plain: Vec<Value> = plain.collect();
    if is_replaced {
        (kept, plain) = (plain, Vec::new());
    }
    Ok(Prepared {
        kept,
        patch: plain,
        stale,
        is_replaced,
    })
}

/// Merges each element of the patch into the first one with its key, or adds it (`mergeSliceWithoutSpecialElements`).
fn merge_elements(
    mut list: Vec<Value>,
    patch: &[Value],
    rules: FieldRules<'_>,
    purpose: Purpose,
    work: &Work,
) -> Result<Vec<Value>, Failure> {
    require_keys(patch, rules.merge_key)?;
    // The keys do not change, and the list grows at its end.
    let keys: Vec<Value> = list
        .iter()
        .map(|element| element.get(rules.merge_key).cloned().unwrap_or_default())
        .collect();
    let mut first: HashMap<Identity<'_>, usize> = HashMap::new();
    for (place, key) in keys.iter().enumerate() {
        if list[place].get(rules.merge_key).is_some() && !patch.is_empty() {
            if !work.affords_value(key) {
                return Err(Failure::spent());
            }
            first.entry(identity(key)?).or_insert(place);
        }
    }
    for element in patch {
        let key = By::Key(rules.merge_key).identity(element)?;
        if !work.affords(1) {
            return Err(Failure::spent());
        }
        let Some(&place) = first.get(&key) else {
            first.insert(key, list.len());
            list.push(element.clone());
            continue;
        };
        if let (Value::Object(before), Value::Object(patch)) = (list[place].take(), element) {
            let after = merged(before, patch.clone(), rules.shape, purpose, work)?;
            list[place] = Value::Object(after);
        }
    }
    Ok(list)
}
