//! The work that one object may cause.
//!
//! Manifests and live objects are written by people who may mean harm, and some questions about two lists can only be
//! answered by comparing everything with everything. So each loop over their values counts its steps, in proportion to
//! the values and the text that it touches. Steps are counted, not timed: the same object costs the same everywhere.
//!
//! An object has an allowance by its size, which no honest object comes near. What it takes beyond that comes from the
//! reserve of its release, so that the objects of one release cannot multiply, and so that an object within its
//! allowance is compared whatever stands beside it. When both are used up, all loops end early, and what they found is
//! not shown: [`Work::is_spent`] says so, and the object is reported as unknown.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The steps of an object of any size.
///
/// The smallest objects of real charts take some hundred.
const ALLOWANCE: u64 = 50_000;

/// The steps for each byte of an object's live JSON and of its bodies in the revisions that it is compared with.
///
/// The charts of the testbed and the corpus of the benchmarks take less than one on average, and less than two at most
/// (`the_work_of_honest_objects_stays_far_below_their_allowance`).
const ALLOWANCE_PER_BYTE: u64 = 40;

/// The steps that the objects of one release together may take beyond their allowances: about a second.
pub const RESERVE: u64 = 20_000_000;

/// How much of a text is one step: comparing, hashing and copying text is fast.
const TEXT_BYTES_PER_STEP: usize = 64;

/// How many steps an object takes from the reserve of its release at a time.
const PORTION: u64 = 10_000;

/// The steps that the objects of one release may take together beyond their allowances.
#[derive(Debug)]
pub struct Reserve(AtomicU64);

impl Default for Reserve {
    fn default() -> Self {
        Self(AtomicU64::new(RESERVE))
    }
}

impl Reserve {
    /// Takes this many steps, or as many as are left.
    fn take(&self, steps: u64) -> u64 {
        let before = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(steps))
            })
            .unwrap_or(0);
        before.min(steps)
    }

    /// Gives back steps that were taken and not used.
    fn give_back(&self, steps: u64) {
        self.0.fetch_add(steps, Ordering::Relaxed);
    }
}

/// The steps that the comparison of one object has taken and may still take.
#[derive(Debug)]
pub struct Work {
    allowance: u64,
    left: Cell<u64>,
    taken: Cell<u64>,
    is_spent: Cell<bool>,
    reserve: Option<Arc<Reserve>>,
}

impl Work {
    /// The work of an object of this size, in a release with this reserve.
    pub fn of_object(bytes: usize, reserve: &Arc<Reserve>) -> Self {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut work = Self::of_steps(ALLOWANCE.saturating_add(bytes.saturating_mul(ALLOWANCE_PER_BYTE)));
        work.reserve = Some(Arc::clone(reserve));
        work
    }

    /// Work of so many steps, without a reserve.
    pub const fn of_steps(steps: u64) -> Self {
        Self {
            allowance: steps,
            left: Cell::new(steps),
            taken: Cell::new(0),
            is_spent: Cell::new(false),
            reserve: None,
        }
    }

    /// Takes so many steps. From the first steps that are not left, nothing is affordable any more.
    #[must_use = "a loop that goes on after this is not limited"]
    pub fn affords(&self, steps: usize) -> bool {
        if self.is_spent.get() {
            return false;
        }
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        if self.left.get() < steps {
            self.draw(steps - self.left.get());
        }
        match self.left.get().checked_sub(steps) {
            Some(left) => {
                self.left.set(left);
                self.taken.set(self.taken.get().saturating_add(steps));
                true
            }
            None => {
                self.is_spent.set(true);
                false
            }
        }
    }

    /// Takes the steps for a value by itself, which are more for a long text.
    #[must_use = "a loop that goes on after this is not limited"]
    pub fn affords_value(&self, value: &serde_json::Value) -> bool {
        self.affords(1 + value.as_str().map_or(0, text_steps))
    }

    /// Whether steps were needed that were not left, so that nothing that was found is complete.
    pub const fn is_spent(&self) -> bool {
        self.is_spent.get()
    }

    /// How many steps were taken.
    pub const fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// The reason for not knowing an object whose work is spent.
    pub fn reason(&self) -> String {
        format!(
            "too costly to compare: it takes more than the {} steps that its size allows, and than what was left of the {RESERVE} \
             steps that its release may take beyond that",
            self.allowance
        )
    }

    /// Takes at least so many steps from the reserve, as far as there are any.
    fn draw(&self, steps: u64) {
        if let Some(reserve) = &self.reserve {
            let drawn = reserve.take(steps.max(PORTION));
            self.left.set(self.left.get().saturating_add(drawn));
        }
    }
}

/// What an object drew from the reserve of its release and did not need goes back.
impl Drop for Work {
    fn drop(&mut self) {
        if let Some(reserve) = &self.reserve {
            let drawn = self.taken.get().saturating_add(self.left.get()) - self.allowance;
            reserve.give_back(self.left.get().min(drawn));
        }
    }
}

/// The steps for a text.
pub(super) const fn text_steps(text: &str) -> usize {
    text.len() / TEXT_BYTES_PER_STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_left_is_not_afforded_and_nothing_after_it() {
        let work = Work::of_steps(10);
        assert!(work.affords(4) && work.affords(6) && !work.is_spent());
        assert!(!work.affords(1) && work.is_spent());
        assert!(!work.affords(0), "the loops end early");
        assert_eq!(work.taken(), 10);
        let work = Work::of_steps(10);
        assert!(!work.affords(11) && !work.affords(1));
    }

    #[test]
    fn the_objects_of_a_release_share_a_reserve_beyond_their_allowances() {
        let reserve = Arc::new(Reserve::default());
        let allowance = usize::try_from(ALLOWANCE + 10 * ALLOWANCE_PER_BYTE).unwrap();
        let greedy = Work::of_object(10, &reserve);
        while greedy.affords(1_000) {}
        assert!(greedy.taken() > RESERVE);
        // An object within its allowance does not need the reserve.
        let modest = Work::of_object(10, &reserve);
        assert!(modest.affords(allowance) && !modest.affords(1));
        assert!(
            modest
                .reason()
                .starts_with("too costly to compare: it takes more than the 50400 steps")
        );
    }

    #[test]
    fn what_an_object_drew_and_did_not_need_is_left_for_the_others() {
        let reserve = Arc::new(Reserve::default());
        for _ in 0..3 {
            let work = Work::of_object(0, &reserve);
            assert!(work.affords(usize::try_from(ALLOWANCE).unwrap() + 5));
        }
        assert_eq!(reserve.take(u64::MAX), RESERVE - 15);
    }
}
