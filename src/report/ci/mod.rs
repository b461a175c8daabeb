//! The report for CI systems: what they show beside a change, in the forms that they read.
//!
//! All of them tell the same: the [`entry::Entry`]s of a report, the worst first, each with the name of its rule, its
//! severity, its place in a file and one sentence. What an operator ignores is told nowhere but in SARIF, which has a form
//! for it.

mod entry;
pub(in crate::report) mod github;
pub(in crate::report) mod gitlab;
pub(in crate::report) mod junit;
mod location;
mod rule;
pub(in crate::report) mod sarif;
mod severity;

#[cfg(test)]
use super::{RenderOptions, ReportKind, links::Links, summary::FailOn, text::TextOptions};

/// The options of a scan that fails on these conditions, with no links.
#[cfg(test)]
fn options(fail_on: FailOn) -> RenderOptions {
    RenderOptions {
        kind: ReportKind::Scan,
        links: Links::default(),
        text: TextOptions {
            fail_on,
            ..TextOptions::PLAIN
        },
    }
}
