//! Finds drift between what Helm deployed and what lives in a Kubernetes cluster.

pub mod manifest;
pub mod yaml;
