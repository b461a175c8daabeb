//! `driftline man`: prints a manual page, or writes the pages of all commands.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
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
            let Some(command) = page_of(&cli, name) else {
                anyhow::bail!(
                    "there is no command `{name}`; there are: {}",
                    names(&cli).join(", ")
                );
            };
            Man::new(command.clone()).render(&mut page)?;
        }
    }
    print(&page)?;
    Ok(exit::CLEAN)
}

/// The command that a page is about: the page of `driftline preview rollback` is named `preview-rollback`, as its file is.
fn page_of<'c>(cli: &'c Command, name: &str) -> Option<&'c Command> {
    cli.find_subcommand(name).or_else(|| {
        let (outer, inner) = name.split_once('-')?;
        cli.find_subcommand(outer)?.find_subcommand(inner)
    })
}

/// The names of all pages.
fn names(cli: &Command) -> Vec<String> {
    let mut names = Vec::new();
    for command in cli.get_subcommands() {
        names.push(command.get_name().to_owned());
        let inner = command.get_subcommands().map(Command::get_name);
        names.extend(inner.map(|inner| format!("{}-{inner}", command.get_name())));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_also_one_within_another() {
        let mut cli = Cli::command().disable_help_subcommand(true);
        cli.build();
        let names = names(&cli);
        for name in ["scan", "preview", "preview-rollback", "preview-upgrade"] {
            assert!(names.iter().any(|known| known == name), "{names:?}");
        }
        for name in &names {
            let found = page_of(&cli, name).map(Command::get_name);
            assert!(found.is_some_and(|found| name.ends_with(found)), "{name}");
        }
        assert!(page_of(&cli, "preview-nothing").is_none());
    }
}
