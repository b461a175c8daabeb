//! The connection of a command to its cluster.

use super::stop::{self, Stop};
use crate::cluster::{Cluster, client};

/// Connects, unless the scan has to end before that: a credential plugin may wait for input that never comes.
pub(super) async fn connect(options: client::Options, stop: &Stop) -> anyhow::Result<Cluster> {
    tokio::select! {
        biased;
        stopped = stop.stopped() => anyhow::bail!(
            "{} before the cluster's credentials were available; a credential plugin of the kubeconfig may hang",
            stop::beginning(stopped)
        ),
        cluster = Cluster::connect(options) => Ok(cluster?),
    }
}
