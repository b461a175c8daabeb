//! How long to wait before a request is tried again.
//!
//! Pauses double and have jitter: requests that were turned away together would otherwise come back together. The pause
//! that the server asks for with `Retry-After` is the shortest one, and the jitter comes on top. Randomness is passed in,
//! so that a pause is a pure function of its arguments.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// The bounds of the pauses between the attempts of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// The longest pause after the first attempt; each further one may be twice as long.
    pub(crate) first: Duration,
    /// The longest pause of all, whatever the server asks for.
    pub(crate) longest: Duration,
}

/// Where in its spread a pause lies: a number from 0, the shortest, to 1, the longest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Jitter(f64);

impl Jitter {
    /// Draws a new, unpredictable jitter. Not for secrets.
    ///
    /// The keys of the standard library's hash maps are random and differ from one to the next, which is all that
    /// spreading needs, cannot fail and takes no further crate. tower, whose back-off kube uses, does the same
    /// (`tower::util::rng::HasherRng`).
    pub(crate) fn draw() -> Self {
        Self::of(RandomState::new().hash_one(()))
    }

    /// The jitter that a random number stands for, evenly spread.
    #[allow(clippy::cast_precision_loss, reason = "32 bits fit into an f64")]
    pub(crate) fn of(random: u64) -> Self {
        Self((random >> 32) as f64 / f64::from(u32::MAX))
    }
}

impl Backoff {
    /// How long to wait after that many attempts have failed.
    ///
    /// The second half of the doubled pause is jitter. Where the server asks for a pause, the jitter of a first attempt
    /// comes on top of it.
    pub(crate) fn pause(self, attempts: u32, retry_after: Option<Duration>, jitter: Jitter) -> Duration {
        let doublings = attempts.saturating_sub(1);
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(doublings));
        let (least, spread) = match retry_after {
            None => {
                let half = doubled.min(self.longest) / 2;
                (half, half)
            }
            Some(retry_after) => (retry_after.max(self.first / 2), self.first / 2),
        };
        let least = least.min(self.longest);
        least.saturating_add(spread.mul_f64(jitter.0)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_millis(250),
        longest: Duration::from_secs(32),
    };
    const SHORTEST: Jitter = Jitter(0.0);
    const LONGEST: Jitter = Jitter(1.0);

    #[test]
    fn pauses_double_up_to_the_longest_and_half_of_each_is_jitter() {
        let milliseconds = |attempts, jitter| BACKOFF.pause(attempts, None, jitter).as_millis();
        for (attempts, shortest, longest) in [
            (1, 125, 250),
            (2, 250, 500),
            (3, 500, 1000),
            (4, 1000, 2000),
            (8, 16_000, 32_000),
            (9, 16_000, 32_000),
            (40, 16_000, 32_000),
            (u32::MAX, 16_000, 32_000),
        ] {
            assert_eq!(milliseconds(attempts, SHORTEST), shortest, "attempt {attempts}");
            assert_eq!(milliseconds(attempts, LONGEST), longest, "attempt {attempts}");
        }
    }

    #[test]
    fn retry_after_is_the_shortest_pause() {
        let pause = |asked, jitter| {
            BACKOFF
                .pause(3, Some(Duration::from_millis(asked)), jitter)
                .as_millis()
        };
        for (asked, shortest, longest) in [
            (0, 125, 250),
            (1000, 1000, 1125),
            (31_999, 31_999, 32_000),
            (32_000, 32_000, 32_000),
            (u64::MAX, 32_000, 32_000),
        ] {
            assert_eq!(pause(asked, SHORTEST), shortest, "{asked}");
            assert_eq!(pause(asked, LONGEST), longest, "{asked}");
        }
    }

    #[test]
    fn requests_that_were_turned_away_together_come_back_one_by_one() {
        for asked in [None, Some(Duration::from_secs(1))] {
            let mut pauses: Vec<Duration> = (0..8).map(|_| BACKOFF.pause(1, asked, Jitter::draw())).collect();
            pauses.sort_unstable();
            pauses.dedup();
            assert_eq!(pauses.len(), 8, "{pauses:?}");
        }
    }

    #[test]
    fn jitter_is_evenly_spread() {
        let mut tenths = [0_u32; 10];
        for random in (0..1000_u64).map(|step| step * (u64::MAX / 1000)) {
            let tenth = (0..10)
                .rev()
                .find(|tenth| Jitter::of(random).0 * 10.0 >= f64::from(*tenth));
            tenths[usize::try_from(tenth.unwrap()).unwrap()] += 1;
        }
        assert!(
            tenths.iter().all(|count| (95..=105).contains(count)),
            "{tenths:?}"
        );
        assert_eq!((Jitter::of(0), Jitter::of(u64::MAX)), (SHORTEST, LONGEST));
    }

    proptest! {
        #[test]
        fn pauses_stay_within_their_bounds_and_grow(
            first in 0_u64..100_000,
            longest in 0_u64..100_000,
            attempts in 1_u32..100,
            asked in proptest::option::of(0_u64..200_000),
            random in any::<u64>(),
        ) {
            let milliseconds = Duration::from_millis;
            let backoff = Backoff { first: milliseconds(first), longest: milliseconds(longest) };
            let asked = asked.map(milliseconds);
            let pause = backoff.pause(attempts, asked, Jitter::of(random));
            prop_assert!(pause <= backoff.longest);
            prop_assert!(pause >= backoff.pause(attempts, asked, SHORTEST));
            prop_assert!(pause <= backoff.pause(attempts, asked, LONGEST));
            prop_assert!(asked.is_none_or(|asked| pause >= asked.min(backoff.longest)));
            prop_assert!(backoff.pause(attempts + 1, asked, Jitter::of(random)) >= pause);
        }
    }
}
