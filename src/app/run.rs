//! The commands, put together from the library's parts: what to read, who is told, what is printed.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::Utc;
use clap::CommandFactory;

use super::cli::{Cli, Color, Command, DiagnoseArgs, Global, Output, ScanArgs, SnapshotArgs};
use super::exit::{self, Delivery, FailOn};
use super::progress::Bar;
use super::settings::{self, From, Reading, ScanSettings};
use crate::cluster::{Cluster, client};
use crate::explain;
use crate::model::Report;
use crate::notify::{CheckStatus, Sinks};
use crate::report::sanitize::Medium;
use crate::report::text::{Palette, TextOptions};
use crate::report::{json, text};
use crate::scan::{Progress, scan};
use crate::snapshot::{Recorder, SnapshotSource};
use crate::vocabulary::{Outcome, Stopped};

/// Runs one command to its exit status.
pub async fn run(cli: Cli) -> anyhow::Result<u8> {
    match cli.command {
        Command::Scan(args) => scan_command(&args, &cli.global).await,
        Command::Diagnose(args) => diagnose_command(&args, &cli.global).await,
        Command::Snapshot(args) => snapshot_command(&args, &cli.global).await,
        Command::Explain { code } => explain_command(code.as_deref()),
        Command::Notify { check: _, config } => check_command(config.as_deref()).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "driftline", &mut script);
            print(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            print(&page)
        }
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

async fn scan_command(args: &ScanArgs, global: &Global) -> anyhow::Result<u8> {
    let settings = ScanSettings::resolve(args, &environment)?;
    let mut report = read(settings.reading, global).await?;
    // A snapshot has the name that it was taken with, a configuration file one for clusters: only what was asked
    // for this scan stands above that.
    if let (Some(_), Some(name)) = (&args.snapshot, &args.cluster.access.cluster_name) {
        report.cluster.name.clone_from(name);
    }
    let report = if args.all {
        report
    } else {
        report.without_in_sync()
    };
    // The report first, and neither for want of the other.
    let written = write_report(&report, args, global);
    let delivery = deliver(&settings.sinks, &report).await;
    written?;
    Ok(exit::status(
        settings.fail_on.weigh(&report),
        delivery,
        settings.exit_code_on_drift,
    ))
}

/// Scans what the settings say.
async fn read(reading: Reading, global: &Global) -> anyhow::Result<Report> {
    let stop = stop(reading.timeout)?;
    let bar = Arc::new(Bar::new(global.quiet || global.verbose > 0));
    let progress: Arc<dyn Progress> = bar.clone();
    let report = match reading.from {
        From::Cluster(options) => {
            let (cluster, stop) = connect(options, stop).await?;
            scan(Arc::new(cluster), &reading.scan, &progress, stop).await
        }
        From::Snapshot(path) => {
            let snapshot = SnapshotSource::open(&path)?;
            scan(Arc::new(snapshot), &reading.scan, &progress, stop).await
        }
    };
    bar.finish();
    Ok(report)
}

async fn diagnose_command(args: &DiagnoseArgs, global: &Global) -> anyhow::Result<u8> {
    let report = read(Reading::of_diagnosis(args, &environment)?, global).await?;
    let mut bytes = Vec::new();
    match args.output {
        Output::Json => json::render(&report, &mut bytes)?,
        Output::Text => text::diagnosis::render(
            &report,
            &text_options(global, io::stdout().is_terminal()),
            &mut bytes,
        )?,
    }
    print(&bytes)?;
    // A release that is not there is an error of the report already.
    if report.releases.is_empty() {
        return Ok(exit::TROUBLE);
    }
    let outcome = FailOn::Diagnosis.weigh(&report);
    Ok(exit::status(outcome, Delivery::NothingToDeliver, None))
}

fn text_options(global: &Global, to_terminal: bool) -> TextOptions {
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    TextOptions {
        palette: palette(global.color, to_terminal),
        medium: Medium::detect(|name| environment(name).is_some()),
        width: width.filter(|_| to_terminal),
    }
}

fn write_report(report: &Report, args: &ScanArgs, global: &Global) -> anyhow::Result<()> {
    let to_terminal = args.output_file.is_none() && io::stdout().is_terminal();
    let mut bytes = Vec::new();
    match args.output {
        Output::Json => json::render(report, &mut bytes)?,
        Output::Text => text::render(report, &text_options(global, to_terminal), &mut bytes)?,
    }
    match &args.output_file {
        Some(path) => std::fs::write(path, &bytes)
            .with_context(|| format!("the report cannot be written to {}", path.display())),
        None => print(&bytes).map(|_| ()),
    }
}

fn palette(color: Color, to_terminal: bool) -> Palette {
    if colours(color, to_terminal) {
        Palette::COLOUR
    } else {
        Palette::PLAIN
    }
}

/// Whether to use colour there.
pub fn colours(color: Color, to_terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            to_terminal
                && environment("NO_COLOR").is_none()
                && environment("TERM").is_some_and(|terminal| terminal != "dumb")
        }
    }
}

async fn deliver(sinks: &Sinks, report: &Report) -> Delivery {
    if sinks.is_empty() {
        return Delivery::NothingToDeliver;
    }
    let mut delivery = Delivery::Delivered;
    for result in sinks.deliver(report).await {
        if result.is_undelivered() {
            tracing::error!("{result}");
            delivery = Delivery::Undelivered;
        } else {
            tracing::info!("{result}");
        }
    }
    delivery
}

async fn snapshot_command(args: &SnapshotArgs, global: &Global) -> anyhow::Result<u8> {
    let reading = Reading::of_snapshot(args, &environment)?;
    let From::Cluster(options) = reading.from else {
        anyhow::bail!("a snapshot is taken of a cluster")
    };
    let stop = stop(reading.timeout)?;
    let (cluster, stop) = connect(options, stop).await?;
    let redaction = args.redact.then(|| reading.scan.policy.redaction.clone());
    let recorder = Arc::new(Recorder::create(cluster, &args.output, Utc::now(), redaction)?);
    let bar = Arc::new(Bar::new(global.quiet || global.verbose > 0));
    let progress: Arc<dyn Progress> = bar.clone();
    let report = scan(Arc::clone(&recorder), &reading.scan, &progress, stop).await;
    bar.finish();
    for error in &report.errors {
        tracing::error!("{}: {}", error.scope, error.message);
    }
    if report.outcome == Outcome::Error || report.stopped.is_some() {
        anyhow::bail!(
            "the snapshot in {} is incomplete: not everything could be read",
            args.output.display()
        );
    }
    let written = recorder.finish()?;
    let mut told = format!(
        "{} release records and {} objects written to {}\n",
        written.records,
        written.objects,
        args.output.display()
    );
    if !args.redact {
        told.push_str("It holds the values of Secrets: keep it like one, or take it with --redact.\n");
    }
    io::stderr().write_all(told.as_bytes()).ok();
    Ok(
        if report.summary.objects.unknown > 0 || !report.errors.is_empty() {
            exit::INCOMPLETE
        } else {
            exit::CLEAN
        },
    )
}

fn explain_command(code: Option<&str>) -> anyhow::Result<u8> {
    let told = if let Some(code) = code {
        let found = explain::explain(code)?;
        found
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    } else {
        let names: Vec<&str> = explain::names().collect();
        format!("{}\n", names.join("\n"))
    };
    print(told.as_bytes())
}

async fn check_command(config: Option<&Path>) -> anyhow::Result<u8> {
    let sinks = settings::sinks_to_check(config, &environment)?;
    if sinks.is_empty() {
        anyhow::bail!("no notifications are configured: pass --config with a `notify` section");
    }
    let mut told = Vec::new();
    let mut status = exit::CLEAN;
    for result in sinks.check().await {
        let word = match result.status {
            CheckStatus::Valid => "ok",
            CheckStatus::Unclear => "unclear",
            CheckStatus::Invalid => {
                status = exit::TROUBLE;
                "invalid"
            }
        };
        writeln!(told, "{}: {word}: {}", result.sink, result.message)?;
    }
    print(&told)?;
    Ok(status)
}

/// Connects, unless the scan has to end before. Credential plugins may ask a person, who may not be there.
async fn connect<S: Future<Output = Stopped>>(
    options: client::Options,
    stop: S,
) -> anyhow::Result<(Cluster, Pin<Box<S>>)> {
    let mut stop = Box::pin(stop);
    tokio::select! {
        biased;
        stopped = &mut stop => anyhow::bail!(
            "{} before the cluster's credentials were there; a credential plugin of the kubeconfig may hang",
            match stopped {
                Stopped::Deadline => "the scan ran out of time",
                Stopped::Signal => "the scan was asked to stop",
            }
        ),
        cluster = Cluster::connect(options) => Ok((cluster?, stop)),
    }
}

/// Writes to standard output. A reader that has gone away has seen enough.
fn print(bytes: &[u8]) -> anyhow::Result<u8> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the output")
        }
        Ok(()) | Err(_) => Ok(exit::CLEAN),
    }
}

/// Resolves when the scan has to end: out of time, or asked to.
fn stop(timeout: Duration) -> anyhow::Result<impl Future<Output = Stopped>> {
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
