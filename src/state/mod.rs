//! What scans remember from one to the next.

mod occasion;

pub use self::occasion::Occasion;
