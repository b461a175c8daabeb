//! Why a receiver is told of a scan.

/// Why a receiver is told of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Nothing is remembered: every scan that found something is told.
    Scan,
    /// Something is new, changed or resolved since the receiver was last told.
    Changed,
    /// Everything that is wrong was told before, and some time ago.
    Reminder,
    /// Everything that is wrong was told, or nothing is wrong.
    Unchanged,
}
