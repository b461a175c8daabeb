//! The order of a list that is merged (apimachinery: `pkg/util/strategicpatch/patch.go`, `normalizeElementOrder`).
//!
//! The manifest's elements stand in the manifest's order, the others in the live object's, and the two are merged by the
//! latter as well as they can be.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::decoded::{GoType, Identity, Object, go_type, identity};
use super::failure::Failure;
use crate::compare::work::Work;

/// What Go's stable sort sorts as one block, by insertion.
const INSERTION_BLOCK: usize = 20;

/// Where each element of a list is found first.
pub(super) struct Positions<'v> {
    by: By<'v>,
    first: HashMap<Identity<'v>, usize>,
}

/// What identifies the elements of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By<'k> {
    /// A field of theirs.
    Key(&'k str),
    /// The elements themselves, which are no objects.
    Value,
}

impl<'k> By<'k> {
    /// The value that identifies an element; null if it has none.
    pub(super) fn value<'v>(self, element: &'v Value) -> &'v Value {
        match self {
            By::Key(key) => element.get(key).unwrap_or(&Value::Null),
            By::Value => element,
        }
    }

    /// The identity of an element.
    pub(super) fn identity<'v>(self, element: &'v Value) -> Result<Identity<'v>, Failure> {
        identity(self.value(element))
    }
}

impl<'v> Positions<'v> {
    pub(super) fn of(
        list: impl IntoIterator<Item = &'v Value>,
        by: By<'v>,
        work: &Work,
    ) -> Result<Self, Failure> {
        let mut first = HashMap::new();
        for (position, element) in list.into_iter().enumerate() {
            let value = by.value(element);
            if !work.affords_value(value) {
                return Err(Failure::spent());
            }
            first.entry(identity(value)?).or_insert(position);
        }
        Ok(Self { by, first })
    }

    /// Where an element like this is.
    pub(super) fn of_element(&self, element: &Value) -> Result<Option<usize>, Failure> {
        Ok(self.first.get(&self.by.identity(element)?).copied())
    }

    pub(super) fn has(&self, element: &Value) -> Result<bool, Failure> {
        Ok(self.of_element(element)?.is_some())
    }
}

/// Every element of these is an object that has this field (`validateMergeKeyInLists`).
pub(super) fn require_keys(list: &[Value], key: &str) -> Result<(), Failure> {
    let has_key = |element: &Value| element.as_object().is_some_and(|fields| fields.contains_key(key));
    if list.iter().all(has_key) {
        return Ok(());
    }
    Err(without_key(key))
}

/// The failure of a list of which an element cannot be found.
pub(super) fn without_key(key: &str) -> Failure {
    Failure::refused(format!(
        "Helm fails at a list that is merged by `{key}` if an element of it has none"
    ))
}

/// The type of the elements of all these lists together (`sliceElementType`).
///
/// Go panics at a null.
pub(super) fn element_type<'v>(elements: impl IntoIterator<Item = &'v Value>) -> Result<GoType, Failure> {
    let mut elements = elements.into_iter().map(go_type);
    let first = match elements.next() {
        None => {
            return Err(Failure::refused(
                "a list without elements cannot be put into an order",
            ));
        }
        Some(GoType::Nil | GoType::List) => {
            return Err(Failure::refused(
                "a list of lists or nulls is not merged, and Helm fails at it",
            ));
        }
        Some(first) => first,
    };
    if elements.all(|other| other == first) {
        return Ok(first);
    }
    Err(Failure::refused(
        "Helm fails at a list of values of several types",
    ))
}

/// The elements in the order of others; what is to be deleted stands last (`normalizeSliceOrder`).
pub(super) fn in_order(
    list: Vec<Value>,
    order: &[Value],
    by: By<'_>,
    work: &Work,
) -> Result<Vec<Value>, Failure> {
    let (list, deleted) = match by {
        By::Key(key) => {
            require_keys(&list, key)?;
            require_keys(order, key)?;
            list.into_iter().partition(|element| !is_deleted(element))
        }
        By::Value => (list, Vec::new()),
    };
    let positions = Positions::of(order, by, work)?;
    let mut placed = Vec::with_capacity(list.len());
    for element in list {
        placed.push((positions.of_element(&element)?, element));
    }
    if placed.iter().all(|(position, _)| position.is_some()) {
        placed.sort_by_key(|(position, _)| *position);
    } else {
        sort_with_strangers(&mut placed)?;
    }
    let sorted = placed.into_iter().map(|(_, element)| element);
    Ok(sorted.chain(deleted).collect())
}

/// Sorts as Go does where an element that is in no place counts as less than any other and any other as less than it.
fn sort_with_strangers(placed: &mut [(Option<usize>, Value)]) -> Result<(), Failure> {
    if placed.len() > INSERTION_BLOCK {
        return Err(Failure::Unknown(
            "the manifest gives an order of its own to a long list and leaves elements out of it",
        ));
    }
    for end in 1..placed.len() {
        let mut at = end;
        while at > 0 && is_less(placed[at].0, placed[at - 1].0) {
            placed.swap(at, at - 1);
            at -= 1;
        }
    }
    Ok(())
}

fn is_less(left: Option<usize>, right: Option<usize>) -> bool {
    left.zip(right).is_none_or(|(left, right)| left < right)
}

/// Whether an element is an order to delete one.
pub(super) fn is_deleted(element: &Value) -> bool {
    element
        .get("$patch")
        .is_some_and(|directive| directive == "delete")
}

/// The two lists as one (`mergeSortedSlice`): an element of the live object's own stands before the first of the patch
/// that follows it in the live object.
pub(super) fn interleaved(
    others: Vec<Value>,
    patched: Vec<Value>,
    live: &Positions<'_>,
) -> Result<Vec<Value>, Failure> {
    let mut merged = Vec::with_capacity(others.len() + patched.len());
    let mut patched = patched.into_iter().peekable();
    for other in others {
        let place = live.of_element(&other)?;
        while let Some(next) = patched.peek() {
            let is_before = match (place, live.of_element(next)?) {
                (Some(place), Some(next)) => place < next,
                (None, _) | (_, None) => false,
            };
            if is_before {
                break;
            }
            merged.extend(patched.next());
        }
        merged.push(other);
    }
    merged.extend(patched);
    Ok(merged)
}

/// The elements that are in another list, and those that are not.
pub(super) fn partitioned(
    list: Vec<Value>,
    other: &Positions<'_>,
) -> Result<(Vec<Value>, Vec<Value>), Failure> {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for element in list {
        if other.has(&element)? {
            inside.push(element);
        } else {
            outside.push(element);
        }
    }
    Ok((inside, outside))
}

/// The merged elements in their order (`normalizeElementOrder`).
pub(super) fn normalized(
    merged: Vec<Value>,
    order: &[Value],
    live: &[Value],
    by: By<'_>,
    work: &Work,
) -> Result<Vec<Value>, Failure> {
    let (patched, others) = partitioned(merged, &Positions::of(order, by, work)?)?;
    let patched = in_order(patched, order, by, work)?;
    let others = in_order(others, live, by, work)?;
    interleaved(others, patched, &Positions::of(live, by, work)?)
}

/// Objects sorted by the text of a field, as Go sorts them (`sortMapsBasedOnField`).
///
/// Go takes "not greater" for "less", so that up to twelve elements, which it sorts by insertion, stand in the opposite
/// of their order where their texts are the same. Of more it takes another way.
pub(super) fn sorted_by_key<'v>(
    list: &'v [Value],
    key: &str,
    work: &Work,
) -> Result<Vec<&'v Object>, Failure> {
    const BY_INSERTION: usize = 12;
    require_keys(list, key)?;
    let mut keyed = Vec::with_capacity(list.len());
    for fields in list.iter().rev().filter_map(Value::as_object) {
        let value = fields.get(key).unwrap_or(&Value::Null);
        if !work.affords_value(value) {
            return Err(Failure::spent());
        }
        keyed.push((super::decoded::printed(value), fields));
    }
    keyed.sort_by(|left, right| left.0.cmp(&right.0));
    let mut neighbours = keyed.windows(2);
    if keyed.len() > BY_INSERTION && neighbours.any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1) {
        return Err(Failure::Unknown(
            "several elements of a long list have the same key, and which of them Helm takes first is not known",
        ));
    }
    Ok(keyed.into_iter().map(|(_, fields)| fields).collect())
}

/// Drops values that are there already; the last one takes the place of each (`deduplicateScalars`).
pub(super) fn without_duplicates(mut list: Vec<Value>, work: &Work) -> Result<Vec<Value>, Failure> {
    let mut seen = HashSet::new();
    for value in &list {
        if !work.affords_value(value) {
            return Err(Failure::spent());
        }
        seen.insert(identity(value)?);
    }
    if seen.len() == list.len() {
        return Ok(list);
    }
    drop(seen);
    let mut first = 0;
    while first + 1 < list.len() {
        if !work.affords(list.len() - first) {
            return Err(Failure::spent());
        }
        let mut other = first + 1;
        while other < list.len() {
            if list[other] == list[first] {
                list.swap_remove(other);
            } else {
                other += 1;
            }
        }
        first += 1;
    }
    Ok(list)
}
