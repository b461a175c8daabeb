//! Lists whose elements the API server merges: keyed lists, and sets.
//!
//! Anybody may add to them, unless they are in a value that is owned as a whole: then an element more is a change of the
//! list. Where the order of a keyed list means something, another one is a change of the list, too.

use serde_json::Value;

use super::{ComparedList, Comparison, DifferenceKind, ExtraFields, holds};
use crate::compare::keyed::{SameKeys, members_without, same_keys};
use crate::compare::one_key::{KeyedMatch, match_keyed};
use crate::compare::order::Ordered;
use crate::compare::trail::Trail;
use crate::types::Shape;

impl<'v> Comparison<'v, '_> {
    /// Compares keyed lists, in which the order mostly means nothing.
    pub(super) fn keyed(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        keys: &[String],
        desired: ComparedList<'v>,
        live: ComparedList<'v>,
        extra: ExtraFields,
    ) {
        let work = self.work;
        let element = shape.and_then(Shape::element);
        let is_held =
            |desired: &Value, live: &Value| holds(&Trail::Root, desired, Some(live), element, extra, work);
        let groups = same_keys(desired.items, live.items, keys, element, work);
        let matches: Vec<KeyedMatch> = groups
            .iter()
            .map(|group| match_keyed(group, desired.items, live.items, work, is_held))
            .collect();
        // Also where an element that is missing would stand at the wrong place if it were added.
        let is_turned = |list: &Ordered| {
            let mut end = live.items.len();
            let places = groups.iter().zip(&matches);
            let places = places.flat_map(|(group, found)| found.places(group, &mut end));
            list.is_turned(desired.items, places.collect(), work)
        };
        if Ordered::at(trail, element).is_some_and(is_turned)
            || extra == ExtraFields::Significant && holds_others(&groups, live.items.len())
        {
            self.record(trail, desired.whole, Some(live.whole), DifferenceKind::OtherValue);
            return;
        }
        for (group, found) in groups.iter().zip(matches) {
            let place = |position| Trail::Match(trail, &group.keys, position);
            // Of elements that share their keys the last one counts.
            let Some(last) = group.left.last().map(|&position| &desired.items[position]) else {
                continue;
            };
            match found {
                KeyedMatch::Missing => {
                    self.record(&place(None), last, None, DifferenceKind::OtherValue);
                }
                KeyedMatch::Last(wanted, position) => {
                    let wanted = &desired.items[wanted];
                    let found = Some(&live.items[position]);
                    self.value(&place(Some(position)), element, wanted, found, extra);
                }
                KeyedMatch::Several(several) => {
                    for (wanted, position) in several.differing {
                        let wanted = &desired.items[wanted];
                        let found = position.map(|position| &live.items[position]);
                        self.record(&place(position), wanted, found, DifferenceKind::OneOfSeveral);
                    }
                    if let Some(position) = several.extra {
                        let found = Some(&live.items[position]);
                        self.value(&place(Some(position)), element, last, found, extra);
                    }
                }
            }
        }
    }

    /// Compares sets, member by member of the desired one, or as a whole where nobody can add a member by itself.
    pub(super) fn set(
        &mut self,
        trail: &Trail<'_>,
        desired: ComparedList<'v>,
        live: ComparedList<'v>,
        extra: ExtraFields,
    ) {
        if extra == ExtraFields::Significant
            && !members_without(live.items, desired.items, self.work).is_empty()
        {
            self.record(trail, desired.whole, Some(live.whole), DifferenceKind::OtherValue);
            return;
        }
        for member in members_without(desired.items, live.items, self.work) {
            let trail = Trail::Member(trail, member, None);
            self.record(&trail, member, None, DifferenceKind::OtherValue);
        }
    }
}

/// Whether a live list of so many elements holds some whose keys the manifest's does not have.
fn holds_others(groups: &[SameKeys<'_>], live: usize) -> bool {
    let known: usize = groups.iter().map(|group| group.right.len()).sum();
    known < live
}
