//! The `driftline` program: parses the command line, sets up logging, and turns the result into an exit status.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use driftline::app::cli::Cli;
use driftline::app::{commands, exit, process, stderr};
use driftline::weight::at_once;

/// How many threads work on answers and wait for files at most, besides as many as may read or compare at once. A thread that
/// works on an answer holds what it makes of it, and what it frees stays with it: the C library gives every thread an area of
/// the memory of its own.
const BLOCKING_THREADS: usize = 2;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(stderr::report_panic));
    let cli = match Cli::typed() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(stderr::report_usage(error)),
    };
    process::install_crypto_provider();
    stderr::set_up_logging(&cli.global);
    let result = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(at_once())
        .max_blocking_threads(at_once() + BLOCKING_THREADS)
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let result = runtime.block_on(commands::run(cli, abort));
            // A thread that hangs in reading or writing is not waited for.
            runtime.shutdown_background();
            result
        });
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            stderr::say(&format!("driftline: {error:#}"));
            ExitCode::from(exit::ERROR)
        }
    }
}

/// How long the closing sentence of a run may take that did not end by itself.
const LAST_WORD: Duration = Duration::from_millis(200);

/// Ends the process, whatever is still under way: a signal asked for that.
fn abort() -> ! {
    // On a thread of its own, because it may be standard error that keeps the program.
    thread::spawn(|| stderr::say("driftline: the run was ended before everything was written and delivered"));
    thread::sleep(LAST_WORD);
    std::process::exit(exit::ERROR.into())
}
