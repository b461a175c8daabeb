//! The page of `driftline preview`.

use std::io::{self, Write};

use super::line::Line;
use super::{TextOptions, TextWriter};
use crate::model::Report;

/// Writes the page of every release in a report.
pub(in crate::report) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = TextWriter { options, out };
    for release in &report.releases {
        writer.answer_of_preview(release)?;
    }
    for error in &report.errors {
        writer.error(error)?;
    }
    let _ = Line::default();
    Ok(())
}
