//! The events that end a scan early: its deadline, or a signal.

use std::future::Future;
use std::time::Duration;

use anyhow::Context as _;

use crate::vocabulary::Stopped;

/// Resolves when the scan has to end: at the deadline, or on a signal.
pub(super) fn stop(timeout: Duration) -> anyhow::Result<impl Future<Output = Stopped>> {
    use tokio::signal::unix::{SignalKind, signal};
    // Registered at once: as process 1 of a container, an unhandled SIGTERM would be ignored.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    Ok(async move {
        tokio::select! {
            () = tokio::time::sleep(timeout) => Stopped::Deadline,
            _ = terminate.recv() => Stopped::Signal,
            _ = interrupt.recv() => Stopped::Signal,
        }
    })
}
