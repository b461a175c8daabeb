//! Who holds how much of something that a scan can hold only so much of.
//!
//! When there is too much, the namespace that holds the most gives way, by its release that holds the most. So a tenant
//! with large releases, or with many, loses its own before anybody else does.

use std::collections::{BTreeMap, BTreeSet};

/// What each release holds.
pub(super) struct Ledger {
    limit: usize,
    total: usize,
    namespaces: BTreeMap<String, Holder>,
    /// The releases that gave way. They hold nothing any more.
    given_way: BTreeSet<usize>,
}

#[derive(Default)]
struct Holder {
    total: usize,
    releases: BTreeMap<usize, usize>,
}

impl Ledger {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            total: 0,
            namespaces: BTreeMap::new(),
            given_way: BTreeSet::new(),
        }
    }

    /// Whether the release at this position may hold no more.
    pub(super) fn has_given_way(&self, release: usize) -> bool {
        self.given_way.contains(&release)
    }

    /// How many releases gave way.
    pub(super) fn given_way(&self) -> usize {
        self.given_way.len()
    }

    /// Notes what the release at this position holds more than before, and returns the releases that have to give way
    /// because of it: everything that they hold has to be dropped.
    pub(super) fn add(&mut self, namespace: &str, release: usize, bytes: usize) -> Vec<usize> {
        if bytes == 0 || self.has_given_way(release) {
            return Vec::new();
        }
        if !self.namespaces.contains_key(namespace) {
            self.namespaces.insert(namespace.to_owned(), Holder::default());
        }
        if let Some(holder) = self.namespaces.get_mut(namespace) {
            holder.total += bytes;
            *holder.releases.entry(release).or_default() += bytes;
            self.total += bytes;
        }
        let mut giving_way = Vec::new();
        while self.total > self.limit {
            let Some(release) = self.give_way() else { break };
            giving_way.push(release);
        }
        giving_way
    }

    /// Notes that the release at this position holds so much less.
    pub(super) fn give_back(&mut self, namespace: &str, release: usize, bytes: usize) {
        let holder = self.namespaces.get_mut(namespace);
        if let Some(holder) = holder
            && let Some(held) = holder.releases.get_mut(&release)
        {
            let given_back = bytes.min(*held);
            *held -= given_back;
            holder.total -= given_back;
            self.total -= given_back;
        }
    }

    /// The release that gives way next.
    fn give_way(&mut self) -> Option<usize> {
        let holder = self.namespaces.values_mut().max_by_key(|holder| holder.total)?;
        let (&release, &bytes) = holder.releases.iter().max_by_key(|(_, bytes)| **bytes)?;
        holder.releases.remove(&release);
        holder.total -= bytes;
        self.total -= bytes;
        self.given_way.insert(release);
        Some(release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_release_of_the_largest_namespace_gives_way() {
        let mut ledger = Ledger::new(100);
        // The largest release of all, in a small namespace.
        assert_eq!(ledger.add("shop", 0, 30), [0; 0]);
        for release in 1..=7 {
            assert_eq!(ledger.add("evil", release, 10), [0; 0], "{release}");
        }
        assert_eq!(ledger.add("evil", 1, 5), [1]);
        assert_eq!(ledger.add("evil", 1, 1_000), [0; 0], "it holds nothing any more");
        assert!(ledger.has_given_way(1) && !ledger.has_given_way(0));
        assert_eq!(ledger.add("evil", 9, 500), [9]);
        assert_eq!(ledger.given_way(), 2);
    }

    #[test]
    fn what_is_given_back_is_room_for_others() {
        let mut ledger = Ledger::new(100);
        for release in 0..50 {
            assert_eq!(ledger.add("shop", release, 50), [0; 0], "{release}");
            ledger.give_back("shop", release, 49);
        }
        ledger.give_back("shop", 0, 1_000);
        ledger.give_back("nobody", 0, 1);
        assert_eq!(ledger.add("pay", 50, 50), [0; 0]);
        assert_eq!(ledger.add("pay", 51, 2), [50]);
    }

    #[test]
    fn a_release_that_is_too_large_by_itself_gives_way_alone() {
        let mut ledger = Ledger::new(100);
        assert_eq!(ledger.add("shop", 0, 60), [0; 0]);
        assert_eq!(ledger.add("pay", 1, 101), [1]);
        assert_eq!(ledger.add("shop", 0, 40), [0; 0]);
    }
}
