//! The connection of a command to its cluster.

use std::future::Future;
use std::pin::Pin;

use crate::cluster::{Cluster, client};
use crate::vocabulary::Stopped;

/// Connects, unless the scan has to end before that: a credential plugin may wait for input that never comes.
pub(super) async fn connect<S: Future<Output = Stopped>>(
    options: client::Options,
    stop: S,
) -> anyhow::Result<(Cluster, Pin<Box<S>>)> {
    let mut stop = Box::pin(stop);
    tokio::select! {
        biased;
        stopped = &mut stop => anyhow::bail!(
            "{} before the cluster's credentials were available; a credential plugin of the kubeconfig may hang",
            match stopped {
                Stopped::Deadline => "the scan ran out of time",
                Stopped::Signal => "the scan was asked to stop",
            }
        ),
        cluster = Cluster::connect(options) => Ok((cluster?, stop)),
    }
}
