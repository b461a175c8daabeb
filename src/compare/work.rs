//! The work that one object may cause.
//!
//! Manifests and live objects are written by people who may mean harm, and some questions about two lists can only be
//! answered by comparing everything with everything. So each loop over their values counts its steps, in proportion to
//! the values and the text that it touches. Steps are counted, not timed: the same object costs the same everywhere.
//!
//! An object has an allowance by its size, which no honest object comes near. What it takes beyond that comes from the
//! reserve of its release, so that a costly object leaves the allowances of those beside it alone. All objects of a
//! release together have a limit that does not depend on their sizes. When there are no more steps, all loops end early,
//! and what they found is not shown: [`Work::is_spent`] says so, and the object is reported as unknown.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

/// The steps of an object of any size.
const ALLOWANCE: u64 = 50_000;

/// The steps for each byte of an object's live JSON and of its bodies in the revisions that it is compared with.
///
/// The objects of real charts take less than one
/// (`honest_objects_stay_far_below_their_allowance` in `tests/fast/work.rs`).
const ALLOWANCE_PER_BYTE: u64 = 20;

/// The steps that the objects of one release together may take beyond their allowances.
const RESERVE: u64 = 20_000_000;

/// The steps that the objects of one release may take together: some seconds.
///
/// The largest releases of public charts, of five megabytes of manifests, take less than a twentieth.
const STEPS_OF_RELEASE: u64 = 150_000_000;

/// How much of a text is one step: comparing, hashing and copying text is fast.
const TEXT_BYTES_PER_STEP: usize = 64;

/// How many steps an object takes from its release at a time.
const PORTION: u64 = 10_000;

/// The steps that are left for the objects of one release.
#[derive(Debug)]
pub struct ReleaseWork {
    /// For all of them together.
    total: AtomicU64,
    /// Beyond their allowances.
    reserve: AtomicU64,
}

impl Default for ReleaseWork {
    fn default() -> Self {
        Self::of_steps(STEPS_OF_RELEASE, RESERVE)
    }
}

impl ReleaseWork {
    /// So many steps for all objects together, and so many of these beyond their allowances.
    pub const fn of_steps(total: u64, reserve: u64) -> Self {
        Self {
            total: AtomicU64::new(total),
            reserve: AtomicU64::new(reserve),
        }
    }
}

/// Takes this many steps from those that are left, or all that are left.
fn take(left: &AtomicU64, steps: u64) -> u64 {
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        Some(left.saturating_sub(steps))
    });
    taken.unwrap_or(0).min(steps)
}

/// The steps that the comparison of one object has taken and may still take.
#[derive(Debug)]
pub struct Work {
    allowance: u64,
    /// What is left of the allowance and not in `left` yet.
    allowed: Cell<u64>,
    /// What is left of the steps that were drawn.
    left: Cell<u64>,
    taken: Cell<u64>,
    is_spent: Cell<bool>,
    release: Option<Arc<ReleaseWork>>,
}

impl Work {
    /// The work of an object of this size, in a release with these steps left.
    pub fn of_object(bytes: usize, release: &Arc<ReleaseWork>) -> Self {
        let mut work = Self::of_steps(allowance(bytes));
        work.release = Some(Arc::clone(release));
        work
    }

    /// Work of so many steps, in no release.
    pub const fn of_steps(steps: u64) -> Self {
        Self {
            allowance: steps,
            allowed: Cell::new(steps),
            left: Cell::new(0),
            taken: Cell::new(0),
            is_spent: Cell::new(false),
            release: None,
        }
    }

    /// As much work as this object was given, for another question about it: the answer to this one does not suffer from it.
    #[must_use]
    pub fn apart(&self) -> Self {
        let mut work = Self::of_steps(self.allowance);
        work.release.clone_from(&self.release);
        work
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
        let left = self.left.get().checked_sub(steps);
        if let Some(left) = left {
            self.left.set(left);
            self.taken.set(self.taken.get().saturating_add(steps));
        } else {
            self.is_spent.set(true);
        }
        left.is_some()
    }

    /// Takes the steps for a value by itself, which are more for a long text.
    #[must_use = "a loop that goes on after this is not limited"]
    pub fn affords_value(&self, value: &Value) -> bool {
        self.affords(value_steps(value))
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
            "too costly to compare: it takes more than the {} steps that its size allows, or than its release has left",
            self.allowance
        )
    }

    /// Takes at least so many steps from the allowance, and what that lacks from the reserve, as far as there are any.
    fn draw(&self, steps: u64) {
        let wanted = steps.max(PORTION);
        let allowed = self.allowed.get().min(wanted);
        self.allowed.set(self.allowed.get() - allowed);
        let drawn = self.release.as_ref().map_or(allowed, |release| {
            // An object needs the reserve only for steps that it is about to take.
            let lacking = steps.saturating_sub(allowed);
            let reserved = if lacking > 0 {
                take(&release.reserve, lacking.max(PORTION))
            } else {
                0
            };
            take(&release.total, allowed + reserved)
        });
        self.left.set(self.left.get().saturating_add(drawn));
    }
}

/// What an object drew and did not take goes back to its release.
impl Drop for Work {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            let left = self.left.get();
            release.total.fetch_add(left, Ordering::Relaxed);
            let drawn = self.taken.get() + left + self.allowed.get();
            let reserved = drawn.saturating_sub(self.allowance);
            release.reserve.fetch_add(left.min(reserved), Ordering::Relaxed);
        }
    }
}

/// The steps that an object of this size may take.
fn allowance(bytes: usize) -> u64 {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    ALLOWANCE.saturating_add(bytes.saturating_mul(ALLOWANCE_PER_BYTE))
}

/// The steps for a text.
pub(crate) const fn text_steps(text: &str) -> usize {
    text.len() / TEXT_BYTES_PER_STEP
}

/// The steps for a value by itself, without the values in it.
pub(super) fn value_steps(value: &Value) -> usize {
    1 + value.as_str().map_or(0, text_steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes steps until there are no more, and says how many there were.
    fn exhaust(work: &Work) -> u64 {
        while work.affords(100) {}
        work.taken()
    }

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
    fn a_costly_object_leaves_the_allowances_of_the_others_alone() {
        let release = Arc::new(ReleaseWork::of_steps(1_000_000, 30_000));
        assert_eq!(exhaust(&Work::of_object(10, &release)), allowance(10) + 30_000);
        let modest = Work::of_object(10, &release);
        assert_eq!(exhaust(&modest), allowance(10));
        assert!(
            modest.reason().starts_with(
                "too costly to compare: it takes more than the 50200 steps that its size allows"
            )
        );
    }

    #[test]
    fn the_objects_of_a_release_have_a_limit_together() {
        let release = Arc::new(ReleaseWork::of_steps(120_000, 1_000));
        let taken: Vec<u64> = (0..4).map(|_| exhaust(&Work::of_object(0, &release))).collect();
        assert_eq!(taken, [51_000, 50_000, 19_000, 0]);
    }

    #[test]
    fn what_an_object_drew_and_did_not_take_is_left_for_the_others() {
        let release = Arc::new(ReleaseWork::of_steps(1_000_000, 20_000));
        for _ in 0..3 {
            assert!(Work::of_object(0, &release).affords(5));
            let work = Work::of_object(0, &release);
            for _ in 0..10_001 {
                assert!(work.affords(5));
            }
        }
        assert_eq!(take(&release.reserve, u64::MAX), 20_000 - 15);
        assert_eq!(take(&release.total, u64::MAX), 1_000_000 - 3 * (50_005 + 5));
    }
}
