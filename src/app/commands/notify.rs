//! `driftline notify --check`: checks that notifications would be delivered.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::app::environment;
use crate::app::exit;
use crate::app::output::print;
use crate::app::settings;
use crate::app::stop::{Abort, Stop};
use crate::notify::CheckStatus;

/// Runs the command to its exit status.
pub(super) async fn run(config: Option<&Path>, abort: Abort) -> anyhow::Result<u8> {
    let sinks = settings::sinks_to_check(config, &environment::variable)?;
    if sinks.is_empty() {
        anyhow::bail!("no notifications are configured: pass --config with a `notify` section");
    }
    let mut lines = Vec::new();
    let mut status = exit::CLEAN;
    // Each sink has its own limit; there is no deadline besides, only signals.
    let stop = Stop::after(Duration::MAX, abort)?;
    let results = tokio::select! {
        biased;
        _ = stop.stopped() => anyhow::bail!("the check was asked to stop"),
        results = sinks.check() => results,
    };
    for result in results {
        let word = match result.status {
            CheckStatus::Valid => "ok",
            CheckStatus::Unclear => "unclear",
            CheckStatus::Invalid => {
                status = exit::ERROR;
                "invalid"
            }
        };
        writeln!(lines, "{}: {word}: {}", result.sink, result.message)?;
    }
    print(&lines)?;
    Ok(status)
}
