//! The commands of driftline itself that a text report names.

use super::TextOptions;
use super::safe::Safe;
use crate::model::ReleaseReport;
use crate::shell::{Command, Refusal, Word};

/// The command for everything that is known of a release.
pub(super) fn diagnose(release: &ReleaseReport, options: &TextOptions) -> Safe {
    shown(&["diagnose"], release, options)
}

/// The command for the drift of a release.
pub(super) fn scan(release: &ReleaseReport, options: &TextOptions) -> Safe {
    shown(&["scan", "--release"], release, options)
}

/// The command about a release that begins with these words, or why there is none.
fn shown(words: &[&'static str], release: &ReleaseReport, options: &TextOptions) -> Safe {
    match command(words, release) {
        Ok(command) => Safe::of(&command.to_string(), options.medium),
        Err(refusal) => Safe::of(&format!("no command is printed: {refusal}"), options.medium),
    }
}

fn command(words: &[&'static str], release: &ReleaseReport) -> Result<Command, Refusal> {
    let name = Word::release(&release.name)?;
    let namespace = Word::namespace(&release.storage.namespace)?;
    Command::new("driftline", words)
        .word(&name)
        .literal(&["-n"])
        .word(&namespace)
        .on(&release.cluster)
}
