//! `driftline notify --check`: checks that notifications would be delivered.

use std::io::Write;
use std::path::Path;

use crate::app::environment;
use crate::app::exit;
use crate::app::output::print;
use crate::app::settings;
use crate::notify::CheckStatus;

/// Runs the command to its exit status.
pub(super) async fn run(config: Option<&Path>) -> anyhow::Result<u8> {
    let sinks = settings::sinks_to_check(config, &environment::variable)?;
    if sinks.is_empty() {
        anyhow::bail!("no notifications are configured: pass --config with a `notify` section");
    }
    let mut lines = Vec::new();
    let mut status = exit::CLEAN;
    for result in sinks.check().await {
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
