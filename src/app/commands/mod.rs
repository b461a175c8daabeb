//! The commands, put together from the library's parts: each reads, prints and returns an exit status.

mod compare;
mod diagnose;
mod explain;
mod man;
mod merge;
mod notify;
mod preview;
mod rights;
mod scan;
mod show;
mod snapshot;
mod values;

use clap::CommandFactory;

use super::cli::{Cli, Command};
use super::exit;
use super::output::print;
use super::stop::Abort;

/// Runs one command to its exit status. `abort` ends the process where a signal asks for that at once.
pub async fn run(cli: Cli, abort: Abort) -> anyhow::Result<u8> {
    match cli.command {
        Command::Scan(args) => Box::pin(scan::run(&args, &cli.global, abort)).await,
        Command::Diagnose(args) => diagnose::run(&args, &cli.global, abort).await,
        Command::Preview(command) => preview::run(&command, &cli.global, abort).await,
        Command::Values(args) => values::run(&args, &cli.global, abort).await,
        Command::Show(args) => show::run(&args, &cli.global, abort).await,
        Command::Compare(args) => compare::run(&args, &cli.global, abort).await,
        Command::Merge(args) => merge::run(&args, &cli.global, abort).await,
        Command::Snapshot(args) => snapshot::run(&args, &cli.global, abort).await,
        Command::Explain(args) => explain::run(&args, &cli.global, abort).await,
        Command::Rights(args) => rights::run(&args, &cli.global, abort).await,
        Command::Notify(args) => notify::run(&args, &cli.global, abort).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "driftline", &mut script);
            print(&script)?;
            Ok(exit::CLEAN)
        }
        Command::Man { command, dir } => man::run(command.as_deref(), dir.as_deref()),
        Command::Version => {
            print(Cli::command().render_version().as_bytes())?;
            Ok(exit::CLEAN)
        }
    }
}
