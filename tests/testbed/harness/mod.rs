//! What a test needs to act on a cluster and to ask about the report.
//!
//! `cluster` owns the servers and runs the four programs against them,
//! `release` is one installed chart in a namespace of its own, `report` reads
//! the JSON that `driftline scan` prints, `change` reads tables of changes, `rehearsal` and `fate` hold its predictions
//! to real upgrades, `happened` has what an operation came to and `prediction` what a preview said of it, `problems` lets a table run to its end, `sample` says which part of a
//! long one is made, `webhook` changes objects
//! on their way into the cluster.

mod change;
mod cluster;
mod fate;
mod happened;
pub(crate) mod place;
mod prediction;
mod problems;
mod rehearsal;
mod release;
mod report;
mod sample;
mod webhook;

pub(crate) use change::Change;
pub(crate) use cluster::{Account, Cluster, HelmVersion, Outcome, binaries, chart, testbed_binary};
pub(crate) use fate::means;
pub(crate) use happened::{Fate, Happened, Records, by_name, shown};
pub(crate) use prediction::{About, Prediction, disproved_object};
pub(crate) use problems::Problems;
pub(crate) use rehearsal::{Rehearsal, Rehearsed};
pub(crate) use release::{Release, later};
pub(crate) use report::{Finding, Scan};
pub(crate) use sample::is_sampled;
pub(crate) use webhook::Webhook;
