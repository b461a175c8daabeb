//! The words for a value of another type than its field has.

pub(super) const ONLY_TEXT: &str = "the API server takes only a text here";
pub(super) const ONLY_NUMBER: &str = "the API server takes only a number here";
pub(super) const ONLY_BOOLEAN: &str = "the API server takes only true or false here";
pub(super) const ONLY_LIST: &str = "the API server takes only a list here";
pub(super) const ONLY_OBJECT: &str = "the API server takes only an object here";
pub(super) const ONLY_SCALAR: &str = "the API server takes no list and no object here";
