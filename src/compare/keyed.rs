//! Which elements of two lists are one and the same where neither the order nor a merge key says so.
//!
//! Lists that managed fields own as a whole may be unordered all the same ([`crate::types::Shape::is_unordered`]).
//! A change in one of their elements has to be told of that element, wherever it went.

use serde_json::Value;

use super::equal::scalars;
use super::lookup::nested;

/// Beyond that many elements without a twin at their own position the search would be slow; position decides then.
const MAX_STRAYS: usize = 256;

/// Whether a wanted and a live element go together.
type Criterion<'a> = &'a dyn Fn(&Value, &Value) -> bool;

/// For each wanted element the position of its counterpart in a live list of the same length, no position twice.
///
/// An element goes with one that `holds` all of it, else with one of the same `identity`, else with what is left,
/// in order.
pub(super) fn pair(
    desired: &[Value],
    live: &[Value],
    identity: &[String],
    holds: impl Fn(&Value, &Value) -> bool,
) -> Vec<usize> {
    let mut strays: Vec<usize> = (0..desired.len().min(live.len()))
        .filter(|&position| !holds(&desired[position], &live[position]))
        .collect();
    let mut partners: Vec<usize> = (0..desired.len()).collect();
    if strays.len() > MAX_STRAYS {
        return partners;
    }
    let mut free = strays.clone();
    let is_twin = |wanted: &Value, found: &Value| !identify(identity, wanted, found).is_empty();
    let criteria: [Criterion<'_>; 3] = [&holds, &is_twin, &|_, _| true];
    for fits in criteria {
        strays.retain(|&stray| {
            let Some(at) = free
                .iter()
                .position(|&position| fits(&desired[stray], &live[position]))
            else {
                return true;
            };
            partners[stray] = free.remove(at);
            false
        });
    }
    partners
}

/// The fields that tell what element both are, with their values; empty when they are not known to be the same.
pub(super) fn identify(identity: &[String], wanted: &Value, found: &Value) -> Vec<(String, Value)> {
    let same: Option<Vec<Option<(String, Value)>>> = identity
        .iter()
        .map(|key| match (nested(wanted, key), nested(found, key)) {
            (None, None) => Some(None),
            (Some(wanted), Some(found)) if scalars(None, wanted, found) => {
                Some(Some((key.clone(), wanted.clone())))
            }
            _ => None,
        })
        .collect();
    same.unwrap_or_default().into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pairs(desired: &Value, live: &Value) -> Vec<usize> {
        let (desired, live) = (desired.as_array().unwrap(), live.as_array().unwrap());
        pair(desired, live, &["of.name".to_owned()], |left, right| {
            left == right
        })
    }

    #[test]
    fn equal_elements_go_together_then_those_of_one_name_then_the_rest() {
        let item = |name: &str, value: u8| json!({"of": {"name": name}, "value": value});
        let asked = json!([item("a", 1), item("b", 1), item("c", 1), item("d", 1)]);
        for (live, expected) in [
            (asked.clone(), [0, 1, 2, 3]),
            (
                json!([item("d", 1), item("c", 1), item("b", 1), item("a", 1)]),
                [3, 2, 1, 0],
            ),
            (
                json!([item("b", 2), item("a", 1), item("x", 1), item("c", 2)]),
                [1, 0, 3, 2],
            ),
        ] {
            assert_eq!(pairs(&asked, &live), expected, "{live}");
        }
        assert_eq!(pairs(&json!(["a", "a", "b"]), &json!(["b", "a", "a"])), [2, 1, 0]);
    }
}
