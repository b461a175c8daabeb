//! How many records are decoded at once.
//!
//! A record that is decoded takes up to fifteen megabytes for a moment: its JSON, its manifest, and the value of one
//! document. Answers arrive on as many threads as there may be requests, and more threads than processors decode no
//! faster.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The places for those who decode.
pub(super) struct Decoders {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place, until it is dropped.
pub(super) struct Decoder<'d>(&'d Decoders);

impl Decoders {
    /// So many places.
    pub(super) const fn new(places: usize) -> Self {
        Self {
            free: Mutex::new(places),
            freed: Condvar::new(),
        }
    }

    /// Waits for a place. Whoever has one must not ask for another.
    pub(super) fn wait(&self) -> Decoder<'_> {
        let free = self.free();
        let mut free = self
            .freed
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Decoder(self)
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Decoder<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn no_more_decode_at_once_than_there_are_places() {
        let decoders = Decoders::new(2);
        let (now, most, all) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _decoder = decoders.wait();
                    let here = now.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(here, Ordering::SeqCst);
                    thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                    all.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(all.load(Ordering::SeqCst), 8);
    }
}
