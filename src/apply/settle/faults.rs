//! What is found wrong with an object: places, and the rules that are broken there.

use std::collections::HashSet;

use super::found::Found;
use crate::compare::path::FieldPath;
use crate::compare::work::Work;

/// What is found wrong with an object.
pub(super) struct Faults<'w> {
    pub(super) work: &'w Work,
    found: Vec<(FieldPath, &'static str)>,
}

impl<'w> Faults<'w> {
    pub(super) fn new(work: &'w Work) -> Self {
        Self {
            work,
            found: Vec::new(),
        }
    }

    /// All of them, in the order of the rules.
    pub(super) fn into_found(self) -> Vec<(FieldPath, &'static str)> {
        self.found
    }

    /// Notes a rule that is broken at a place.
    pub(super) fn add(&mut self, path: FieldPath, rule: &'static str) {
        self.found.push((path, rule));
    }

    /// Holds a place to having exactly one of some fields.
    pub(super) fn one_of(&mut self, place: &Found<'_>, fields: &[&str], rule: &'static str) {
        let mut present = fields.iter().filter(|field| place.get(field).is_some());
        match (present.next(), present.next()) {
            (Some(_), None) => {}
            (None, _) => self.add(place.path.clone(), rule),
            (Some(_), Some(second)) => self.add(place.path.key(second), rule),
        }
    }

    /// Holds a place to having at most one of some fields.
    pub(super) fn not_both(&mut self, place: &Found<'_>, fields: [&str; 2], rule: &'static str) {
        if fields.iter().all(|field| place.get(field).is_some()) {
            self.add(place.path.key(fields[1]), rule);
        }
    }

    /// Holds places to being different in what a function says of them.
    pub(super) fn unique<K: std::hash::Hash + Eq>(
        &mut self,
        places: &[Found<'_>],
        key: impl Fn(&Found<'_>) -> Option<K>,
        rule: &'static str,
    ) {
        let mut seen = HashSet::new();
        for place in places {
            if !self.work.affords_value(place.value) {
                return;
            }
            if let Some(key) = key(place)
                && !seen.insert(key)
            {
                self.add(place.path.clone(), rule);
            }
        }
    }
}
