//! driftline finds drift between what Helm deployed and what lives in a Kubernetes cluster.

pub mod classify;
pub mod notify;
pub mod object;
pub mod report;
