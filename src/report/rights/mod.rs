//! The rights that a scan needs, as `driftline rights` prints them.

mod role;

use std::io::{self, Write};

pub use self::role::{NoRole, roles};
use super::json;
use super::sanitize::{Medium, sanitize};
use super::text::{self, TextOptions};
use super::yaml;
use crate::model::rights::RightsReport;
use crate::vocabulary::codes;

codes! {
    /// The formats of the rights that a scan needs.
    RightsFormat {
        Text = "text": "A table for people",
        Json = "json": "The contract `driftline.rights/v1`",
        Yaml = "yaml": "The same as YAML",
        Role = "role": "The roles and bindings that are missing, as YAML for kubectl apply",
    }
}

/// Why rights cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum RightsError {
    /// They cannot be written.
    #[error("the rights cannot be written")]
    Write(#[from] io::Error),
    /// No role can be made of them.
    #[error(transparent)]
    Role(#[from] NoRole),
}

/// Writes the rights.
pub fn render(
    report: &RightsReport,
    format: RightsFormat,
    options: &TextOptions,
    out: &mut dyn Write,
) -> Result<(), RightsError> {
    match format {
        RightsFormat::Text => Ok(text::rights::render(report, options, out)?),
        RightsFormat::Json => Ok(json::write(report, out)?),
        RightsFormat::Yaml => Ok(yaml::write(report, out)?),
        RightsFormat::Role => Ok(write_lines(&roles(report)?, options.medium, out)?),
    }
}

/// Writes a document whose lines hold nothing that a terminal or a CI runner would act on.
fn write_lines(document: &str, medium: Medium, out: &mut dyn Write) -> io::Result<()> {
    document
        .lines()
        .try_for_each(|line| writeln!(out, "{}", sanitize(line, medium)))
}
