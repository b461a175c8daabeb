//! Which releases are read next: as many as are likely to fit.
//!
//! What a record decodes to is known only afterwards. So a batch of releases is chosen by the mean of the records so far;
//! where it turns out too large, what did not fit is put back and read again. Releases come in the order of the list, by
//! namespace, so that a batch has few namespaces.

use std::collections::VecDeque;

/// What a record is expected to decode to before any was read. Charts of a dozen objects come to 10 KiB.
const EXPECTED_BYTES: usize = 16 << 10;

/// The releases that are still to be read.
pub(super) struct Batches {
    waiting: VecDeque<WaitingRelease>,
    /// The most that decoded records may come to.
    limit: usize,
    /// The records that were decoded, and what they came to.
    records: usize,
    bytes: usize,
    /// The most releases that the next batch has.
    most: usize,
}

/// A release that is to be read: its position, and how many records it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WaitingRelease {
    pub(super) position: usize,
    pub(super) records: usize,
}

impl Batches {
    pub(super) fn new(waiting: impl IntoIterator<Item = WaitingRelease>, limit: usize) -> Self {
        Self {
            waiting: waiting.into_iter().collect(),
            limit,
            records: 0,
            bytes: 0,
            most: usize::MAX,
        }
    }

    /// How many releases are still to be read.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes the releases that are likely to fit beside what a wave has already; at least one where it has nothing.
    pub(super) fn next(&mut self, held: usize) -> Vec<WaitingRelease> {
        // What is left of a wave that is nearly full is not worth another list.
        if held > self.limit / 4 * 3 {
            return Vec::new();
        }
        // A margin for batches that are heavier than those before.
        let room = self.limit.saturating_sub(held) / 4 * 3;
        let each = self.bytes.checked_div(self.records).unwrap_or(EXPECTED_BYTES);
        let mut left = room / each.max(1);
        let mut batch = Vec::new();
        while batch.len() < self.most
            && let Some(release) = self.waiting.front().copied()
            && (release.records <= left || (batch.is_empty() && held == 0))
        {
            left = left.saturating_sub(release.records);
            batch.push(release);
            self.waiting.pop_front();
        }
        batch
    }

    /// Notes what records came to.
    pub(super) fn learn(&mut self, records: usize, bytes: usize) {
        self.records += records;
        self.bytes += bytes;
        self.most = usize::MAX;
    }

    /// Puts releases back that did not fit, in their order. Where nothing of a batch fitted, the next one is smaller: a
    /// single release always fits, or is refused.
    pub(super) fn put_back(&mut self, batch: usize, releases: &[WaitingRelease]) {
        for release in releases.iter().rev() {
            self.waiting.push_front(*release);
        }
        if releases.len() == batch {
            self.most = (batch / 2).max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(count: usize, records: usize) -> impl Iterator<Item = WaitingRelease> {
        (0..count).map(move |position| WaitingRelease { position, records })
    }

    #[test]
    fn a_small_cluster_is_one_batch() {
        let mut batches = Batches::new(releases(700, 2), 32 << 20);
        assert_eq!(batches.next(0).len(), 700);
        assert_eq!(batches.len(), 0);
    }

    #[test]
    fn batches_follow_what_records_come_to() {
        let mut batches = Batches::new(releases(10_000, 1), 32 << 20);
        let first = batches.next(0).len();
        batches.learn(first, first << 10);
        // There is room for more in the same wave, and each record is a sixteenth of what was expected.
        assert!(batches.next(first << 10).len() > 5 * first, "{first}");
        let mut batches = Batches::new(releases(10_000, 1), 32 << 20);
        let first = batches.next(0).len();
        batches.learn(64, 32 << 20);
        assert!(batches.next(0).len() < 64, "{first}");
    }

    #[test]
    fn a_release_that_is_larger_than_any_room_is_a_batch_of_its_own() {
        let mut batches = Batches::new(releases(3, 50), 1 << 10);
        batches.learn(1, 1 << 20);
        assert_eq!(batches.next(0).len(), 1);
        assert_eq!(batches.next(1).len(), 0, "the wave has something to compare");
        assert_eq!(batches.next(0).len(), 1);
    }

    #[test]
    fn a_batch_of_which_nothing_fitted_is_halved_until_it_is_one_release() {
        let mut batches = Batches::new(releases(8, 1), 32 << 20);
        let mut sizes = Vec::new();
        for _ in 0..5 {
            let batch = batches.next(0);
            sizes.push(batch.len());
            batches.put_back(batch.len(), &batch);
        }
        assert_eq!(sizes, [8, 4, 2, 1, 1]);
        assert_eq!(batches.next(0)[0].position, 0, "the order stays");
    }
}
