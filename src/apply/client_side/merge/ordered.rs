//! Lists of which a patch tells the order (apimachinery: `pkg/util/strategicpatch/patch.go`,
//! `mergePatchIntoOriginal`).

use serde_json::Value;

use super::lists::{MergedList, list_merged};
use super::{Purpose, is_of_objects, target, without_directives};
use crate::apply::client_side::decoded::Object;
use crate::apply::client_side::failure::Failure;
use crate::apply::client_side::order::{
    By, Positions, element_type, in_order, interleaved, is_deleted, partitioned, require_keys,
};
use crate::apply::client_side::schema::{FieldRules, Strategy, rules_of_list};
use crate::apply::client_side::{ELEMENT_ORDER, PATCH};
use crate::compare::work::Work;
use crate::types::Shape;

/// Merges every list that has an order in the patch, and takes it out of the patch.
pub(super) fn merge_ordered_lists(
    original: &mut Object,
    patch: &mut Object,
    shape: Shape<'_>,
    purpose: Purpose,
    work: &Work,
) -> Result<(), Failure> {
    let directives: Vec<String> = patch
        .keys()
        .filter(|name| name.starts_with(ELEMENT_ORDER))
        .cloned()
        .collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else {
            continue;
        };
        if purpose == Purpose::Combine {
            if original.get(&directive).is_some_and(|other| *other != order) {
                return Err(unfit());
            }
            original.insert(directive.clone(), order.clone());
        }
        let Value::Array(order) = order else {
            return Err(unfit());
        };
        let name = target(&directive, ELEMENT_ORDER)?;
        let merge = Ordered {
            order,
            rules: rules_of_list(shape, name).map_err(|failure| failure.below(name))?,
            purpose,
            work,
        };
        let before = list_of(original.remove(name))?;
        let patch = list_of(patch.remove(name))?;
        let after = merge
            .merged(before, patch)
            .map_err(|failure| failure.below(name))?;
        if let Some(after) = after {
            original.insert(name.to_owned(), Value::Array(after));
        }
    }
    Ok(())
}

fn unfit() -> Failure {
    Failure::refused("a strategic merge patch fails at an order of elements that does not fit")
}

fn list_of(value: Option<Value>) -> Result<Option<Vec<Value>>, Failure> {
    match value {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err(unfit())
        }
    }
}

/// The merge of one list.
struct Ordered<'a> {
    order: Vec<Value>,
    rules: FieldRules<'a>,
    purpose: Purpose,
    work: &'a Work,
}

impl Ordered<'_> {
    fn merged(
        &self,
        original: Option<Vec<Value>>,
        patch: Option<Vec<Value>>,
    ) -> Result<Option<Vec<Value>>, Failure> {
        self.require_fit(patch.as_deref().unwrap_or_default())?;
        if original.is_none() && patch.is_none() {
            return Ok(None);
        }
        let elements = original.iter().flatten().chain(patch.iter().flatten());
        let is_of_objects = is_of_objects(element_type(elements)?);
        let found = match (original, patch) {
            (original, None) => {
                let original = original.unwrap_or_default();
                MergedList {
                    list: original.clone(),
                    original,
                }
            }
            (None, Some(patch)) => MergedList {
                list: patch.into_iter().filter_map(without_directives).collect(),
                original: Vec::new(),
            },
            (Some(original), Some(patch)) => match self.rules.strategy() {
                Strategy::Merge => list_merged(original, patch, self.rules, self.purpose, self.work)?,
                Strategy::Usual | Strategy::Replace => MergedList {
                    list: patch,
                    original,
                },
            },
        };
        let by = if is_of_objects {
            By::Key(self.rules.merge_key)
        } else {
            By::Value
        };
        self.in_order(found, by).map(Some)
    }

    /// The elements of the patch stand in the order, too, and in the same (`validatePatchWithSetOrderList`).
    fn require_fit(&self, patch: &[Value]) -> Result<(), Failure> {
        if self.order.is_empty() || patch.is_empty() {
            return Ok(());
        }
        let by = self.by();
        let mut patch = patch.iter().filter(|element| !is_deleted(element));
        let mut next = || patch.find(|element| element.get(PATCH).is_none());
        let mut wanted = next();
        for element in &self.order {
            let Some(own) = wanted else {
                return Ok(());
            };
            if let By::Key(key) = by {
                require_keys(std::slice::from_ref(own), key)?;
                require_keys(std::slice::from_ref(element), key)?;
            }
            if by.identity(own)? == by.identity(element)? {
                wanted = next();
            }
        }
        wanted.map_or(Ok(()), |_| Err(unfit()))
    }

    fn by(&self) -> By<'_> {
        if self.rules.merge_key.is_empty() {
            By::Value
        } else {
            By::Key(self.rules.merge_key)
        }
    }

    /// The elements in their order; `elements` says whether they are objects.
    fn in_order(&self, found: MergedList, elements: By<'_>) -> Result<Vec<Value>, Failure> {
        let by = self.by();
        if let By::Key(key) = by {
            require_keys(&found.list, key)?;
            require_keys(&self.order, key)?;
        }
        let (patched, others) = partitioned(found.list, &Positions::of(&self.order, by, self.work)?)?;
        let patched = in_order(patched, &self.order, elements, self.work)?;
        let others = in_order(others, &found.original, elements, self.work)?;
        interleaved(
            others,
            patched,
            &Positions::of(&found.original, elements, self.work)?,
        )
    }
}
