//! Which key of a chart's values keeps what lives in a field.
//!
//! A chart is evaluated as it was deployed; the text of a field then says which key it shows. Set that key and evaluate
//! again: only where the field then is what lives, the key is named as verified. Where templates are not at hand, as those
//! of dependencies in a record, a key is named only for its name and value, and said to be that.

mod added;
mod answer;
mod by_name;
mod changed;
mod names;
mod removed;
mod scalar;
mod schema;
mod session;
mod solve;
pub mod source_map;
mod suggest;
mod tree;

pub use self::answer::{Answer, Asked, AskedField, Moved, Step, Suggestion};
pub use self::suggest::suggest;
