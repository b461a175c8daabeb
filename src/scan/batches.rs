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
    /// The most that the decoded records of a wave may come to, beside those of the wave before.
    limit: usize,
    /// No wave was read yet, so that nothing is held beside this one.
    is_first_wave: bool,
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
            is_first_wave: true,
            records: 0,
            bytes: 0,
            most: usize::MAX,
        }
    }

    /// How many releases are still to be read.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// What a record came to, on the average; `None` before any was read.
    fn each(&self) -> Option<usize> {
        self.bytes.checked_div(self.records)
    }

    /// The most that a wave may come to which has so much already: as much as two, where that is likely to be all there is.
    pub(super) fn limit(&self, held: usize) -> usize {
        let both = self.limit.saturating_mul(2);
        let left: usize = self.waiting.iter().map(|release| release.records).sum();
        let is_all = |each: usize| held.saturating_add(left.saturating_mul(each)) <= both / 4 * 3;
        if self.is_first_wave && self.each().is_some_and(is_all) {
            both
        } else {
            self.limit
        }
    }

    /// Notes that a wave is read.
    pub(super) const fn end_wave(&mut self) {
        self.is_first_wave = false;
    }

    /// Takes the releases that are likely to fit beside what a wave has already; at least one where it has nothing.
    pub(super) fn next(&mut self, held: usize) -> Vec<WaitingRelease> {
        let limit = self.limit(held);
        // What is left of a wave that is nearly full is not worth another list.
        if held > limit / 4 * 3 {
            return Vec::new();
        }
        // A margin for batches that are heavier than those before.
        let room = limit.saturating_sub(held) / 4 * 3;
        let each = self.each().unwrap_or(EXPECTED_BYTES);
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
    fn what_fits_into_two_waves_is_one() {
        for (count, is_one_wave) in [(1_000, true), (1_500, false)] {
            let mut batches = Batches::new(releases(count, 1), 12 << 20);
            let mut held = 0;
            loop {
                let batch = batches.next(held).len();
                if batch == 0 {
                    break;
                }
                held += batch * 17_000;
                batches.learn(batch, batch * 17_000);
            }
            assert_eq!(batches.len() == 0, is_one_wave, "{count}");
            assert!(
                is_one_wave || held <= 12 << 20,
                "the next wave is held beside it: {held}"
            );
        }
        let mut batches = Batches::new(releases(1_000, 1), 12 << 20);
        batches.learn(1, 17_000);
        batches.end_wave();
        assert!(batches.next(0).len() < 700, "one wave is held already");
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
