//! `driftline man`: prints a manual page, or writes the pages of all commands.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::app::cli::Cli;
use crate::app::exit;
use crate::app::output::print;

/// Runs the command to its exit status.
pub(super) fn run(command: Option<&str>, dir: Option<&Path>) -> anyhow::Result<u8> {
    // Its page would be that of each command once more.
    let mut cli = Cli::command().disable_help_subcommand(true);
    if let Some(dir) = dir {
        let unwritten = || format!("the manual pages cannot be written to {}", dir.display());
        fs::create_dir_all(dir).with_context(unwritten)?;
        clap_mangen::generate_to(cli, dir).with_context(unwritten)?;
        return Ok(exit::CLEAN);
    }
    let mut page = Vec::new();
    match command {
        None => Man::new(cli).render(&mut page)?,
        Some(name) => {
            cli.build();
            let Some(command) = cli.find_subcommand(name) else {
                let known = cli.get_subcommands().map(clap::Command::get_name);
                anyhow::bail!(
                    "there is no command `{name}`; there are: {}",
                    known.collect::<Vec<_>>().join(", ")
                );
            };
            Man::new(command.clone()).render(&mut page)?;
        }
    }
    print(&page)?;
    Ok(exit::CLEAN)
}
