//! `driftline notify`: checks that notifications would be delivered, or prints what would be sent.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::app::cli::{Global, NotifyArgs};
use crate::app::environment;
use crate::app::exit;
use crate::app::metrics;
use crate::app::output::print;
use crate::app::scanning;
use crate::app::settings::{NotifyCheck, Reading};
use crate::app::stop::{Abort, Stop};
use crate::notify::{CheckStatus, LEFT_OUT};
use crate::report::words::count;

/// What to do where nothing is configured.
const NOTHING_CONFIGURED: &str = "no notifications are configured: pass --config with a `notify` section";

/// Runs the command to its exit status.
pub(super) async fn run(args: &NotifyArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    match &args.snapshot {
        Some(snapshot) => preview(args, snapshot, global, abort).await,
        None => check(args.config.as_deref(), abort).await,
    }
}

/// Prints what would be sent after a scan of a snapshot.
async fn preview(args: &NotifyArgs, snapshot: &Path, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let config = args.config.as_deref();
    let NotifyCheck { sinks, idle, .. } = NotifyCheck::resolve(config, &environment::variable)?;
    if sinks.is_empty() {
        anyhow::bail!(NOTHING_CONFIGURED);
    }
    let names = sinks.names();
    if let Some(unknown) = args.sinks.iter().find(|name| !names.contains(name.as_str())) {
        let known: Vec<&str> = names.into_iter().collect();
        anyhow::bail!("`{unknown}` is no receiver; there are: {}", known.join(", "));
    }
    // Beside the documents, as a scan says it: they are for programs, too.
    let left_out = sinks.left_out().map(|name| format!("{name}: {LEFT_OUT}"));
    for sentence in left_out.chain(idle) {
        tracing::warn!("{sentence}");
    }
    let reading = Reading::of_notifications(snapshot, config)?;
    let stop = Stop::after(reading.timeout, abort)?;
    let report = scanning::read(reading, global, &stop).await?;
    let mut text = Vec::new();
    for (name, documents) in sinks.preview(&report) {
        if !args.sinks.is_empty() && !args.sinks.iter().any(|wanted| wanted == name) {
            continue;
        }
        match documents {
            Ok(documents) if documents.is_empty() => writeln!(text, "{name}: nothing to send")?,
            Ok(documents) => {
                writeln!(text, "{name}: {}", count(documents.len(), "message"))?;
                for document in documents {
                    writeln!(text, "{}", serde_json::to_string_pretty(&document)?)?;
                }
            }
            Err(reason) => writeln!(text, "{name}: cannot be sent: {reason}")?,
        }
    }
    print(&text)?;
    Ok(exit::CLEAN)
}

async fn check(config: Option<&Path>, abort: Abort) -> anyhow::Result<u8> {
    let NotifyCheck {
        sinks,
        pushgateway,
        idle,
    } = NotifyCheck::resolve(config, &environment::variable)?;
    if sinks.is_empty() && pushgateway.is_none() {
        anyhow::bail!(NOTHING_CONFIGURED);
    }
    let mut lines = Vec::new();
    let mut status = exit::CLEAN;
    // Each sink has its own limit; there is no deadline besides, only signals.
    let stop = Stop::after(Duration::MAX, abort)?;
    let results = tokio::select! {
        biased;
        _ = stop.stopped() => anyhow::bail!("the check was asked to stop"),
        results = async { tokio::join!(sinks.check(), metrics::check_pushgateway(pushgateway)) } => results,
    };
    let (mut results, of_metrics) = results;
    results.extend(of_metrics);
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
    for sentence in idle {
        writeln!(lines, "warning: {sentence}")?;
    }
    print(&lines)?;
    Ok(status)
}
