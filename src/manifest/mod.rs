//! A release's stored manifest: the text that Helm sent to the cluster, as documents, as objects, and as the desired
//! state of each object.

pub mod desired;
pub mod parse;
pub mod rendered;
pub mod split;
pub mod standing;
