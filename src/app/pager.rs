//! The program that shows long output on a terminal page by page, as git has it.
//!
//! Which one it is follows git's `git_pager` (`pager.c`), with our own variable in place of git's: `DRIFTLINE_PAGER`, then
//! `PAGER`, then `less`; `cat` and nothing mean none. So do a log of a CI runner and a terminal that cannot move its cursor.
//! Unlike git, driftline hands over a whole report in a file, and not through a pipe: a person may read for longer than a
//! scan may take, and a pager that ends early, or never begins, leaves the report to be printed as it is.

use std::fs::File;
use std::io::{self, Seek as _};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::stop::Stop;

/// What `less` does where the person has set nothing: it ends when all fits the screen (`F`), shows colours (`R`) and leaves
/// the report on the screen (`X`). git has the same.
const LESS: &str = "FRX";
/// The same for `lv`.
const LV: &str = "-c";

/// A program that shows text page by page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pager {
    /// `less`, where nobody asked for another one. It may be missing.
    Less,
    /// A command of the person's own, for a shell.
    Command(String),
}

/// How a pager ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// It showed what it was given, as far as the person wanted to read.
    Read,
    /// It could not be started, or it failed.
    Failed,
    /// The run was asked to end.
    Ended,
}

impl Pager {
    /// The pager that the environment asks for; `None` where there is to be none.
    pub(super) fn choose(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        variable("TERM").filter(|terminal| !terminal.is_empty() && terminal != "dumb")?;
        match variable("DRIFTLINE_PAGER").or_else(|| variable("PAGER")) {
            None => Some(Self::Less),
            Some(command) if matches!(command.trim(), "" | "cat") => None,
            Some(command) => Some(Self::Command(command)),
        }
    }

    /// Shows a file and waits until the person has read enough. What the pager says of itself is the person's business.
    pub(super) async fn show(&self, file: &mut File, stop: &Stop) -> Shown {
        let reading = stop.reading();
        let mut pager = match self.start(file) {
            Ok(pager) => pager,
            Err(error) => {
                tracing::debug!("the pager cannot be started: {error}");
                return Shown::Failed;
            }
        };
        let ended = tokio::select! {
            biased;
            status = pager.wait() => status,
            () = stop.at_once() => {
                terminate(&mut pager).await;
                return Shown::Ended;
            }
        };
        drop(reading);
        match ended {
            Ok(status) if status.success() => Shown::Read,
            Ok(_) | Err(_) => Shown::Failed,
        }
    }

    fn start(&self, file: &mut File) -> io::Result<Child> {
        file.rewind()?;
        let mut command = match self {
            Self::Less => Command::new("less"),
            Self::Command(text) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", text]);
                shell
            }
        };
        for (variable, value) in [("LESS", LESS), ("LV", LV)] {
            if std::env::var_os(variable).is_none() {
                command.env(variable, value);
            }
        }
        command.stdin(Stdio::from(file.try_clone()?)).spawn()
    }
}

/// Asks a pager to put the terminal back into its state and to end.
async fn terminate(pager: &mut Child) {
    let id = pager.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id.and_then(Pid::from_raw) {
        let _ = kill_process(id, Signal::TERM);
        let _ = pager.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)]) -> Option<Pager> {
        Pager::choose(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_chooses_as_it_does_for_git() {
        let command = |text: &str| Some(Pager::Command(text.to_owned()));
        let term = ("TERM", "xterm");
        for (variables, expected) in [
            (&[term][..], Some(Pager::Less)),
            (&[term, ("PAGER", "more")], command("more")),
            (
                &[term, ("PAGER", "more"), ("DRIFTLINE_PAGER", "less -S")],
                command("less -S"),
            ),
            (&[term, ("PAGER", "cat")], None),
            (&[term, ("PAGER", "")], None),
            (&[term, ("PAGER", "more"), ("DRIFTLINE_PAGER", "")], None),
            (&[term, ("PAGER", "more"), ("DRIFTLINE_PAGER", " cat ")], None),
            (&[("TERM", "dumb"), ("PAGER", "more")], None),
            (&[("TERM", "")], None),
            (&[], None),
        ] {
            assert_eq!(chosen(variables), expected, "{variables:?}");
        }
    }
}
