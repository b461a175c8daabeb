//! Keys that cannot be set together: one of them also moves a field that another one keeps.
//!
//! Each key was tried alone. Where two meet in one field, as the parts of an image do, neither field is what lives once both
//! are set.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::plan::{Entry, Kept};

/// The fields that are kept: by the kinds and names of their objects, then by their paths.
type Fields<'e> = BTreeMap<(&'e str, &'e str), BTreeMap<&'e str, Vec<(usize, Option<&'e str>)>>>;

/// The entries that can be set together, and the others in groups of those that move each other's fields.
pub(super) fn separate<'r>(entries: Vec<Entry<'r>>) -> (Vec<Entry<'r>>, Vec<Vec<Kept<'r>>>) {
    let leaders = leaders(&entries);
    let mut groups: BTreeMap<usize, Vec<Entry<'r>>> = BTreeMap::new();
    for (entry, leader) in entries.into_iter().zip(leaders) {
        groups.entry(leader).or_default().push(entry);
    }
    let (mut free, mut entangled) = (Vec::new(), Vec::new());
    for mut group in groups.into_values() {
        match group.len() {
            1 => free.append(&mut group),
            _ => entangled.push(group.into_iter().flat_map(|entry| entry.keeps).collect()),
        }
    }
    (free, entangled)
}

/// For each entry the first one that it hangs together with.
fn leaders(entries: &[Entry<'_>]) -> Vec<usize> {
    let mut fields = Fields::new();
    for (position, entry) in entries.iter().enumerate() {
        for kept in &entry.keeps {
            let object = (kept.object.kind.as_str(), kept.object.name.as_str());
            let paths = fields.entry(object).or_default();
            let at = paths.entry(&kept.finding.path).or_default();
            at.push((position, kept.object.namespace.as_deref()));
        }
    }
    let mut leaders: Vec<usize> = (0..entries.len()).collect();
    for (position, entry) in entries.iter().enumerate() {
        for moved in entry.keeps.iter().flat_map(|kept| &kept.by.also_changes) {
            let Some(paths) = fields.get(&(moved.kind.as_str(), moved.name.as_str())) else {
                continue;
            };
            for (other, namespace) in overlapping(paths, &moved.path) {
                if moved.namespace.is_none() || moved.namespace.as_deref() == *namespace {
                    join(&mut leaders, position, *other);
                }
            }
        }
    }
    (0..leaders.len())
        .map(|position| leader(&leaders, position))
        .collect()
}

/// What stands at a path, around it and below it.
fn overlapping<'p, T>(paths: &'p BTreeMap<&str, Vec<T>>, path: &'p str) -> impl Iterator<Item = &'p T> {
    let ends = path.match_indices(['/', '[']).map(|(at, _)| at);
    let around = ends.filter_map(|end| path.get(..end)).chain(["/"]);
    let around = around.filter(move |around| *around != path);
    let below = paths.range::<str, _>((Bound::Included(path), Bound::Unbounded));
    let below = below.take_while(move |(below, _)| below.starts_with(path));
    let below = below.filter(move |(below, _)| {
        let rest = below.get(path.len()..).unwrap_or_default();
        path == "/" || rest.is_empty() || rest.starts_with(['/', '['])
    });
    let around = around.filter_map(|around| paths.get(around));
    around.chain(below.map(|(_, at)| at)).flatten()
}

fn leader(leaders: &[usize], of: usize) -> usize {
    let mut place = of;
    while let Some(&above) = leaders.get(place) {
        if above == place {
            break;
        }
        place = above;
    }
    place
}

fn join(leaders: &mut [usize], one: usize, other: usize) {
    let (one, other) = (leader(leaders, one), leader(leaders, other));
    if let Some(above) = leaders.get_mut(one.max(other)) {
        *above = one.min(other);
    }
}
