//! What a release's stored manifest says: the text Helm sent to the cluster, as documents, as objects, and as the
//! state that Helm makes of them.

pub mod desired;
pub mod parse;
pub mod split;
