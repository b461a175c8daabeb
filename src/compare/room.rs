//! The room for the differences of one object.
//!
//! A difference takes much more memory than the few bytes of an object that cause it. So only a number of them is kept,
//! and their paths have a limited size together; the others are counted.

use std::cell::Cell;

use super::path::FieldPath;
use super::trail::Trail;

/// How many differences of one object are looked into. The others are only counted: nobody knows their writers.
const MAX_DIFFERENCES: usize = 10_000;

/// How many bytes the paths of an object's differences may take together.
///
/// A path repeats the keys of every list around its place, and a key may be a long text.
const MAX_PATH_BYTES: usize = 4 << 20;

/// The room that is left, and how many differences found none.
#[derive(Debug)]
pub struct Room {
    differences: Cell<usize>,
    bytes: Cell<usize>,
    left_out: Cell<usize>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            differences: Cell::new(MAX_DIFFERENCES),
            bytes: Cell::new(MAX_PATH_BYTES),
            left_out: Cell::new(0),
        }
    }
}

impl Room {
    /// Takes the room for a difference, and gives its path and pointer; `None` where there is no room, and it is counted.
    pub(super) fn place(&self, trail: &Trail<'_>) -> Option<(FieldPath, String)> {
        if !self.is_left() {
            self.leave_out(1);
            return None;
        }
        let (path, pointer) = (trail.path(), trail.pointer());
        self.take(path.size() + pointer.len()).then_some((path, pointer))
    }

    /// Takes the room for a difference whose path and pointer take so many bytes, or counts it.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let differences = self.differences.get().checked_sub(1);
        let bytes = self.bytes.get().checked_sub(bytes);
        if let (Some(differences), Some(bytes)) = (differences, bytes) {
            self.differences.set(differences);
            self.bytes.set(bytes);
            return true;
        }
        // The first one without room ends it, so that the order decides what is kept and not the size.
        self.differences.set(0);
        self.leave_out(1);
        false
    }

    /// How many differences found no room.
    pub const fn left_out(&self) -> usize {
        self.left_out.get()
    }

    /// Whether there is room for another difference.
    const fn is_left(&self) -> bool {
        self.differences.get() > 0
    }

    /// Counts differences that are not kept.
    pub(crate) fn leave_out(&self, count: usize) {
        self.left_out.set(self.left_out.get().saturating_add(count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_counted() {
        let room = Room::default();
        let taken = (0..MAX_DIFFERENCES + 3).filter(|_| room.take(1)).count();
        assert_eq!((taken, room.left_out()), (MAX_DIFFERENCES, 3));
        let room = Room::default();
        assert!(room.take(MAX_PATH_BYTES) && !room.take(1) && !room.take(0));
        assert_eq!(room.left_out(), 2);
        let key = "k".repeat(MAX_PATH_BYTES);
        let room = Room::default();
        assert!(room.place(&Trail::Root).is_some());
        assert!(room.place(&Trail::Key(&Trail::Root, &key)).is_none());
    }
}
