//! The `driftline` program: parses the command line, sets up logging, and turns the result into an exit status.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use driftline::app::cli::{Cli, Global, LogFormat};
use driftline::app::output::Destination;
use driftline::app::{commands, exit, process};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

fn main() -> ExitCode {
    let cli = Cli::parse();
    process::install_crypto_provider();
    log_to_stderr(&cli.global);
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let result = runtime.block_on(commands::run(cli, abort));
            // A credential plugin that hangs is not waited for.
            runtime.shutdown_background();
            result
        });
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // When standard error is gone too, there is no place left for the message.
            let _ = writeln!(std::io::stderr(), "driftline: {error:#}");
            ExitCode::from(exit::ERROR)
        }
    }
}

/// Ends the process, whatever is still under way: a signal asked for that.
fn abort() -> ! {
    std::process::exit(exit::ERROR.into())
}

/// kube's client is silenced: on an answer that does not parse it logs the whole body, secrets included.
fn log_to_stderr(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "driftline=error",
        (false, 0) => "driftline=warn",
        (false, 1) => "driftline=info",
        (false, 2) => "driftline=debug",
        (false, _) => "driftline=trace,hyper_util=debug",
    };
    let filter = EnvFilter::new(format!("off,{level}"));
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(Destination::of(&std::io::stderr()).has_colour(global.color));
    match global.log_format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_target(false).init(),
    }
}
