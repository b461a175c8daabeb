//! What a release's stored manifest says: the text Helm sent to the cluster, as documents and objects.

pub mod split;
