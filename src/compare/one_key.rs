//! The matching of elements that share their keys in two keyed lists.
//!
//! The API server keeps several elements with the same keys apart where a manifest is created with them, and some writes
//! keep only the last. What stands for what is told by their values.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde_json::Value;

use super::keyed::{SameKeys, steps_of};
use super::work::Work;

/// How desired elements that share their keys are found in the live list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyedMatch {
    /// No live element has these keys.
    Missing,
    /// One element stands for all of them, by the positions of the last desired one and of this one: of elements with
    /// the same keys the last one counts.
    Last(usize, usize),
    /// The server kept several elements with these keys apart (`ports` with one number and two names).
    Several(Several),
}

impl KeyedMatch {
    /// The positions of each desired element of a group and of its live counterpart. One that is missing would be put
    /// at the end, the next of which is given.
    pub(super) fn places(&self, group: &SameKeys<'_>, end: &mut usize) -> Vec<(usize, usize)> {
        let mut put = |wanted: usize| {
            *end += 1;
            (wanted, *end)
        };
        match self {
            Self::Missing => group.left.last().map(|&wanted| put(wanted)).into_iter().collect(),
            Self::Last(wanted, position) => vec![(*wanted, *position)],
            Self::Several(several) => {
                let differing = several.differing.iter();
                let differing = differing.map(|&(wanted, position)| match position {
                    Some(position) => (wanted, position),
                    None => put(wanted),
                });
                several.held.iter().copied().chain(differing).collect()
            }
        }
    }
}

/// Desired and live elements with the same keys, each put together with another one at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Several {
    /// The positions of a desired element and of the live one that holds it.
    pub(super) held: Vec<(usize, usize)>,
    /// The positions of a desired element that no live one holds, and of one that is there in its place.
    pub(super) differing: Vec<(usize, Option<usize>)>,
    /// The position of the last live one that holds no desired one. Managed fields cannot name one of two elements with
    /// the same keys, so that the comparison reports it.
    pub(super) extra: Option<usize>,
}

/// Finds desired elements that share their keys in the live list. `holds` says whether a live element has everything
/// that a desired one asks for.
pub(super) fn match_keyed(
    group: &SameKeys<'_>,
    desired: &[Value],
    live: &[Value],
    work: &Work,
    holds: impl Fn(&Value, &Value) -> bool,
) -> KeyedMatch {
    let Some(&counting) = group.left.last() else {
        return KeyedMatch::Missing;
    };
    match group.right[..] {
        [] => KeyedMatch::Missing,
        [only] => KeyedMatch::Last(counting, only),
        [.., last] => {
            let several = put_together(group, desired, live, work, &holds);
            match several {
                // One was asked for and is not among them: it was changed, and others were put beside it.
                Some(several) if several.held.is_empty() && group.left.len() == 1 => {
                    KeyedMatch::Last(counting, last)
                }
                Some(several) => KeyedMatch::Several(several),
                None => KeyedMatch::Last(counting, last),
            }
        }
    }
}

/// Puts elements that share their keys together: those that are equal, then those that one holds at the same place,
/// then those that one holds anywhere. What is left differs, in order. `None` without the work for it.
fn put_together(
    group: &SameKeys<'_>,
    desired: &[Value],
    live: &[Value],
    work: &Work,
    holds: &impl Fn(&Value, &Value) -> bool,
) -> Option<Several> {
    let sizes = group.left.iter().map(|&position| steps_of(&desired[position]));
    let live_sizes = group.right.iter().map(|&position| steps_of(&live[position]));
    if !work.affords(sizes.chain(live_sizes).sum()) {
        return None;
    }
    let mut several = Several::default();
    let mut free: BTreeSet<usize> = group.right.iter().copied().collect();
    let mut equals: HashMap<&Value, VecDeque<usize>> = HashMap::new();
    for &position in &group.right {
        equals.entry(&live[position]).or_default().push_back(position);
    }
    let mut rest = Vec::new();
    for (place, &wanted) in group.left.iter().enumerate() {
        let equal = equals.get_mut(&desired[wanted]).and_then(VecDeque::pop_front);
        match equal {
            Some(position) => {
                free.remove(&position);
                several.held.push((wanted, position));
            }
            None => rest.push((place, wanted)),
        }
    }
    let mut unheld = Vec::new();
    for (place, wanted) in rest {
        let holds = |position: &usize| work.affords(1) && holds(&desired[wanted], &live[*position]);
        let held = (group.right.get(place).copied())
            .filter(|position| free.contains(position) && holds(position))
            .or_else(|| free.iter().copied().find(holds));
        match held {
            Some(position) => {
                free.remove(&position);
                several.held.push((wanted, position));
            }
            None => unheld.push(wanted),
        }
    }
    let mut places = free.into_iter();
    several.differing = unheld.into_iter().map(|wanted| (wanted, places.next())).collect();
    // An element that was asked for and is there once more is no other one.
    let is_asked_for = |position: usize| {
        group.left.iter().any(|&wanted| {
            work.affords(1) && (desired[wanted] == live[position] || holds(&desired[wanted], &live[position]))
        })
    };
    several.extra = places.rev().find(|&position| !is_asked_for(position));
    Some(several)
}

#[cfg(test)]
mod tests {
    use super::super::keyed::same_keys;
    use super::*;
    use serde_json::json;

    /// Desired and live elements of one key → how they match. Equal texts hold each other.
    #[test]
    fn elements_that_share_their_keys_are_matched_by_their_values() {
        use KeyedMatch::{Last, Missing};
        type Pairs = &'static [(usize, usize)];
        type Differing = &'static [(usize, Option<usize>)];
        let several = |held: Pairs, differing: Differing, extra| {
            KeyedMatch::Several(Several {
                held: held.to_vec(),
                differing: differing.to_vec(),
                extra,
            })
        };
        let element = |value: &&str| json!({"name": "A", "value": value});
        let keys = ["name".to_owned()];
        let work = Work::of_steps(10_000);
        for (desired, live, expected) in [
            (&["1"][..], &[][..], Missing),
            (&["1"], &["1"], Last(0, 0)),
            (&["1"], &["2"], Last(0, 0)),
            (&["1", "2"], &["1"], Last(1, 0)),
            (&["1"], &["2", "3"], Last(0, 1)),
            (
                &["1", "2"],
                &["1", "3"],
                several(&[(0, 0)], &[(1, Some(1))], None),
            ),
            (
                &["1", "2"],
                &["3", "2"],
                several(&[(1, 1)], &[(0, Some(0))], None),
            ),
            (
                &["1", "2", "3"],
                &["3", "1"],
                several(&[(0, 1), (2, 0)], &[(1, None)], None),
            ),
            (
                &["1", "2"],
                &["3", "4", "5"],
                several(&[], &[(0, Some(0)), (1, Some(1))], Some(2)),
            ),
            (&["1", "2"], &["2", "1"], several(&[(0, 1), (1, 0)], &[], None)),
            (&["1"], &["1", "2"], several(&[(0, 0)], &[], Some(1))),
            (&["1"], &["2", "3", "1"], several(&[(0, 2)], &[], Some(1))),
            (&["1"], &["1", "1"], several(&[(0, 0)], &[], None)),
            (
                &["1", "1"],
                &["1", "2"],
                several(&[(0, 0)], &[(1, Some(1))], None),
            ),
        ] {
            let desired: Vec<Value> = desired.iter().map(element).collect();
            let live: Vec<Value> = live.iter().map(element).collect();
            let groups = same_keys(&desired, &live, &keys, None, &work);
            assert_eq!(groups.len(), 1);
            let found = match_keyed(&groups[0], &desired, &live, &work, |desired, live| {
                desired == live
            });
            assert_eq!(found, expected, "{desired:?} {live:?}");
        }
    }
}
