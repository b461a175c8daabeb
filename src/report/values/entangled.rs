//! Keys that cannot be set together: one of them also moves a field that another one keeps.
//!
//! Each key was tried alone. Where two meet in one field, as the parts of an image do, neither field is what lives once both
//! are set.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::entry::{Entry, Kept};
use crate::compare::path::is_at;

/// The fields that are kept, with the positions of their entries: by the kinds and names of their objects, then by their
/// paths.
type Fields<'e> = BTreeMap<(&'e str, &'e str), BTreeMap<&'e str, Vec<(usize, Kept<'e>)>>>;

/// The entries that can be set together, and the others in groups of those that move each other's fields.
pub(super) fn separate<'r>(entries: Vec<Entry<'r>>) -> (Vec<Entry<'r>>, Vec<Vec<Kept<'r>>>) {
    let mut groups: BTreeMap<usize, (bool, Vec<Entry<'r>>)> = BTreeMap::new();
    let knots = Knots::of(&entries);
    for (position, entry) in entries.into_iter().enumerate() {
        let (is_entangled, group) = groups.entry(knots.leader(position)).or_default();
        *is_entangled |= !group.is_empty() || knots.own.contains(&position);
        group.push(entry);
    }
    let (mut free, mut entangled) = (Vec::new(), Vec::new());
    for (is_entangled, mut group) in groups.into_values() {
        if is_entangled {
            entangled.push(group.into_iter().flat_map(|entry| entry.keeps).collect());
        } else {
            free.append(&mut group);
        }
    }
    (free, entangled)
}

/// Which entries hang together.
struct Knots {
    /// For each entry one before it that it hangs together with; itself where there is none.
    before: Vec<usize>,
    /// The entries that were put together from keys which move each other's fields.
    own: BTreeSet<usize>,
}

impl Knots {
    fn of(entries: &[Entry<'_>]) -> Self {
        let mut fields = Fields::new();
        let by_entry = entries.iter().enumerate();
        let all = by_entry.flat_map(|(position, entry)| entry.keeps.iter().map(move |kept| (position, kept)));
        for (position, kept) in all.clone() {
            let object = (kept.object.kind.as_str(), kept.object.name.as_str());
            let paths = fields.entry(object).or_default();
            paths
                .entry(&kept.finding.path)
                .or_default()
                .push((position, *kept));
        }
        let mut knots = Self {
            before: (0..entries.len()).collect(),
            own: BTreeSet::new(),
        };
        for (position, kept) in all {
            for moved in &kept.by.also_changes {
                let Some(paths) = fields.get(&(moved.kind.as_str(), moved.name.as_str())) else {
                    continue;
                };
                for (other, field) in overlapping(paths, &moved.path) {
                    let is_here = moved.namespace.is_none() || moved.namespace == field.object.namespace;
                    // Two that want the same are both kept by it.
                    if is_here && kept.by.assignment() != field.by.assignment() {
                        knots.tie(position, *other);
                    }
                }
            }
        }
        knots
    }

    fn tie(&mut self, one: usize, other: usize) {
        if one == other {
            self.own.insert(one);
            return;
        }
        let (one, other) = (self.leader(one), self.leader(other));
        if let Some(before) = self.before.get_mut(one.max(other)) {
            *before = one.min(other);
        }
    }

    /// The first entry that an entry hangs together with.
    fn leader(&self, of: usize) -> usize {
        let mut place = of;
        while let Some(&before) = self.before.get(place).filter(|before| **before != place) {
            place = before;
        }
        place
    }
}

/// What stands at a path, around it and below it.
fn overlapping<'p, T>(paths: &'p BTreeMap<&str, Vec<T>>, path: &'p str) -> impl Iterator<Item = &'p T> {
    let ends = path.match_indices(['/', '[']).map(|(at, _)| at);
    let around = ends.filter_map(|end| path.get(..end)).chain(["/"]);
    let around = around.filter(move |around| *around != path);
    let below = paths.range::<str, _>((Bound::Included(path), Bound::Unbounded));
    let below = below.take_while(move |(below, _)| below.starts_with(path));
    let below = below.filter(move |(below, _)| is_at(below, path));
    let around = around.filter_map(|around| paths.get(around));
    around.chain(below.map(|(_, at)| at)).flatten()
}
