//! What a user notices when something is broken: the records, the cluster, the way to it, the settings, the receivers
//! of notifications. The program itself is run against a fake API server that fails on demand.

mod access;
mod autoscalers;
mod confirm;
mod discovery;
mod endings;
mod objects;
mod records;
mod server;
mod world;
