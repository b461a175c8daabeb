//! The commands of driftline itself that a text report names.

use super::TextOptions;
use super::safe::Safe;
use crate::model::ReleaseReport;
use crate::shell::{Command, Refusal, Word};

/// The command for everything that is known of a release.
pub(super) fn diagnose(release: &ReleaseReport, options: &TextOptions) -> Safe {
    let command = || {
        let command = Command::new("driftline", &["diagnose"]).word(&Word::release(&release.name)?);
        in_namespace(command, release)
    };
    shown(command(), options)
}

/// The command for the drift of a release.
pub(super) fn scan(release: &ReleaseReport, options: &TextOptions) -> Safe {
    let command = || {
        let command = Command::new("driftline", &["scan", "--release"]).word(&Word::release(&release.name)?);
        in_namespace(command, release)
    };
    shown(command(), options)
}

fn in_namespace(command: Command, release: &ReleaseReport) -> Result<Command, Refusal> {
    let namespace = Word::namespace(&release.storage.namespace)?;
    Ok(command.literal(&["-n"]).word(&namespace))
}

/// The command, or why there is none.
fn shown(command: Result<Command, Refusal>, options: &TextOptions) -> Safe {
    match command {
        Ok(command) => Safe::of(&command.to_string(), options.medium),
        Err(refusal) => Safe::of(&format!("no command is printed: {refusal}"), options.medium),
    }
}
