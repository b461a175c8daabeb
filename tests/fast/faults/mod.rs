//! Faults as a user notices them: in records, in the cluster, on the way to it, in the settings, at the receivers of
//! notifications. The program itself is run against a fake API server that fails on demand.

mod access;
mod autoscalers;
mod confirm;
mod confirm_preview;
mod discovery;
mod endings;
mod forged;
mod kubeconfig;
mod nonsense;
mod objects;
mod orphans;
mod records;
mod rights;
mod selection;
pub(crate) mod server;
mod stderr;
mod surroundings;
mod waves;
pub(crate) mod world;
