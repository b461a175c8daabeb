//! `driftline snapshot`: saves everything that a scan reads to files.

use std::sync::Arc;

use chrono::Utc;

use crate::app::cli::{Global, SnapshotArgs};
use crate::app::connect::connect;
use crate::app::environment;
use crate::app::exit;
use crate::app::scanning::scan_with_progress;
use crate::app::settings::Reading;
use crate::app::stderr;
use crate::app::stop::{Abort, Stop};
use crate::report::words::count;
use crate::snapshot::Recorder;
use crate::vocabulary::{ObjectState, Outcome};

/// Runs the command to its exit status.
pub(super) async fn run(args: &SnapshotArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let reading = Reading::of_snapshot(args, &environment::variable)?;
    let stop = Stop::after(reading.timeout, abort)?;
    let cluster = connect(reading.target, &stop).await?;
    let redaction = args.redact.then(|| reading.scan.policy.redaction.clone());
    let recorder = Arc::new(Recorder::create(
        cluster,
        &args.output,
        Utc::now(),
        redaction,
        reading.scan.policy.clone(),
    )?);
    let (report, _) = scan_with_progress(Arc::clone(&recorder), &reading.scan, &stop, global).await;
    for error in &report.errors {
        tracing::error!("{}: {}", error.scope, error.message);
    }
    if report.outcome == Outcome::Error || report.stopped.is_some() {
        anyhow::bail!(
            "the snapshot in {} is incomplete: not everything could be read",
            args.output.display()
        );
    }
    let finished = tokio::task::spawn_blocking(move || recorder.finish());
    let written = match stop.last_step(finished).await {
        Ok(finished) => finished??,
        Err(reason) => anyhow::bail!(
            "the snapshot in {} is incomplete: {}",
            args.output.display(),
            reason.reason()
        ),
    };
    stderr::say(&format!(
        "{} and {} written to {}",
        count(written.records, "release record"),
        count(written.objects, "object"),
        args.output.display()
    ));
    if args.with_values {
        stderr::say(&format!(
            "The snapshot holds the values of Secrets, and of {} the chart with the values that were given: protect it like a \
             Secret. There is no redacted form with values.",
            count(written.charts, "drifted release")
        ));
    } else if !args.redact {
        stderr::say(
            "The snapshot holds the values of Secrets: protect it like a Secret, or take it with --redact.",
        );
    }
    let objects = report.releases.iter().flat_map(|release| &release.objects);
    let mut unknown = objects.filter(|object| object.state == ObjectState::Unknown);
    if let Some(first) = unknown.next() {
        stderr::say(&format!(
            "incomplete: {} could not be read; the first is {} {}: {}",
            count(1 + unknown.count(), "object"),
            first.kind,
            first.name,
            first.reason.as_deref().unwrap_or("the reason is not known")
        ));
    }
    Ok(
        if report.summary.objects.unknown > 0 || !report.errors.is_empty() {
            exit::INCOMPLETE
        } else {
            exit::CLEAN
        },
    )
}
