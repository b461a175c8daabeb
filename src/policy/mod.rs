//! What the operator decides: what is ignored, what is hidden, how much each code matters, and who is who among field
//! managers.

pub mod ignore;
pub mod managers;
pub mod path_pattern;
pub mod redact;
