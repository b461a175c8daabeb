//! What happened to a list or a map as a whole: one value in it changed, elements came, or elements went.

use serde_json::Value;

use super::scalar::is_alike;
use crate::compare::path::{FieldPath, Segment};

/// How deep lists and maps in lists are compared.
const MAX_DEPTH: usize = 16;

/// The only scalar that differs between two trees of one form: its path from the root, and its values.
pub(super) fn only_difference<'v>(
    deployed: &'v Value,
    live: &'v Value,
) -> Option<(FieldPath, &'v Value, &'v Value)> {
    let mut found = None;
    compare(deployed, live, &FieldPath::root(), MAX_DEPTH, &mut found)?;
    found
}

/// `None` where more than one scalar differs, or the form.
fn compare<'v>(
    deployed: &'v Value,
    live: &'v Value,
    path: &FieldPath,
    depth: usize,
    found: &mut Option<(FieldPath, &'v Value, &'v Value)>,
) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match (deployed, live) {
        (Value::Array(deployed), Value::Array(live)) if deployed.len() == live.len() => {
            for (index, (was, is)) in deployed.iter().zip(live).enumerate() {
                compare(was, is, &path.join(Segment::Index(index)), depth, found)?;
            }
            Some(())
        }
        (Value::Object(deployed), Value::Object(live)) if deployed.len() == live.len() => {
            for (name, was) in deployed {
                compare(was, live.get(name)?, &path.key(name), depth, found)?;
            }
            Some(())
        }
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => None,
        (was, is) => {
            if !is_alike(was, is) && found.replace((path.clone(), was, is)).is_some() {
                return None;
            }
            Some(())
        }
    }
}

/// The elements that came into a list in one place; `None` where something else happened too.
pub(super) fn came<'v>(deployed: &Value, live: &'v Value) -> Option<&'v [Value]> {
    let (Value::Array(deployed), Value::Array(live)) = (deployed, live) else {
        return None;
    };
    let more = live.len().checked_sub(deployed.len()).filter(|more| *more > 0)?;
    let start = same_start(deployed, live);
    let is_rest_same = pairs_are_alike(deployed.get(start..)?, live.get(start + more..)?);
    is_rest_same.then(|| live.get(start..start + more))?
}

/// The position of the only element that went from a list.
pub(super) fn went(deployed: &Value, live: &Value) -> Option<usize> {
    let (Value::Array(deployed), Value::Array(live)) = (deployed, live) else {
        return None;
    };
    if deployed.len() != live.len() + 1 {
        return None;
    }
    let start = same_start(deployed, live);
    pairs_are_alike(deployed.get(start + 1..)?, live.get(start..)?).then_some(start)
}

/// How many elements at the start are the same.
fn same_start(one: &[Value], other: &[Value]) -> usize {
    let pairs = one.iter().zip(other);
    pairs.take_while(|(one, other)| is_alike(one, other)).count()
}

/// Whether two lists of one length have the same elements.
pub(super) fn pairs_are_alike(one: &[Value], other: &[Value]) -> bool {
    one.iter().zip(other).all(|(one, other)| is_alike(one, other))
}
