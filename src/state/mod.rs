//! What scans remember from one to the next.

mod baseline;
mod compare;
mod coverage;
mod digest;
mod earlier;
mod entry;
mod format;
mod items;
mod memory;
mod occasion;
mod part;

pub use self::digest::Salt;
pub use self::earlier::Earlier;
pub use self::format::{EncodeError, FormatError, MAX_BYTES};
pub use self::memory::State;
pub use self::occasion::Occasion;
pub use self::part::{Part, PartRequest, Receipt, Settle, Share, SharedRelease, Telling, without_memory};

#[cfg(test)]
mod tests;
