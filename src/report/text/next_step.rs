//! The commands of driftline itself that a text report names.

use anstyle::Style;

use super::TextOptions;
use super::line::Line;
use super::safe::Safe;
use crate::model::ReleaseReport;
use crate::report::words::own_command;

/// Appends the command for everything that is known of a release.
pub(super) fn diagnose(release: &ReleaseReport, options: &TextOptions, line: &mut Line) {
    append(&["diagnose"], release, options, line);
}

/// Appends the command for the drift of a release.
pub(super) fn scan(release: &ReleaseReport, options: &TextOptions, line: &mut Line) {
    append(&["scan", "--release"], release, options, line);
}

/// Appends the command about a release that begins with these words, or why there is none.
fn append(words: &[&'static str], release: &ReleaseReport, options: &TextOptions, line: &mut Line) {
    match own_command(words, release) {
        Ok(command) => {
            line.whole(Style::new(), Safe::of(&command.to_string(), options.medium));
        }
        Err(refusal) => {
            let reason = format!("no command is printed: {refusal}");
            line.plain(Safe::of(&reason, options.medium));
        }
    }
}
