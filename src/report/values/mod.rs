//! What `driftline values` prints: the values that keep what lives in a release, and what they say of a rendering.
//!
//! The snippet is YAML for `-f`. Everything that nobody can or should set is in its comments, so that the file as a whole
//! can be given to Helm as it is printed.

mod check;
mod entangled;
mod entry;
mod plan;
mod remarks;
mod set_json;
mod tree;

use std::io::{self, Write};

use self::plan::Plan;
use self::remarks::Remarks;
use super::sanitize::Medium;
use crate::model::{Finding, ObjectReport, ReleaseReport, Report};

pub use self::check::render as render_check;

/// The form in which values are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValuesForm {
    /// YAML for `-f`, with comments.
    Yaml,
    /// Arguments of `helm upgrade`, quoted for a shell.
    SetJson,
}

/// What became of the drifted fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValuesCounts {
    /// How many fields drifted.
    pub fields: usize,
    /// How many of them the printed values keep.
    pub kept: usize,
    /// How many have a key whose value is hidden, or that cannot be set beside that of another field.
    pub by_hand: usize,
    /// How many without a key the next upgrade leaves as they live.
    pub stays: usize,
    /// How many no value sets.
    pub set_by_chart: usize,
    /// How many without a key the next upgrade fails at.
    pub fails: usize,
}

/// Prints the values that keep what lives in a release.
pub fn render(
    report: &Report,
    form: ValuesForm,
    medium: Medium,
    out: &mut dyn Write,
) -> io::Result<ValuesCounts> {
    let mut counts = ValuesCounts::default();
    for release in &report.releases {
        let plan = Plan::of(release);
        let mut of_release = plan.counts();
        let remarks = Remarks { release, medium };
        match form {
            ValuesForm::Yaml => {
                remarks.head(out)?;
                tree::write(&plan, &remarks, out)?;
                remarks.tail(&plan, out)?;
            }
            ValuesForm::SetJson => {
                let not_kept = set_json::write(&plan, out)?;
                of_release.kept -= not_kept;
                of_release.by_hand += not_kept;
            }
        }
        counts.add(of_release);
    }
    Ok(counts)
}

/// What the values of a report keep, without printing it.
pub fn counts(report: &Report) -> ValuesCounts {
    let mut counts = ValuesCounts::default();
    for release in &report.releases {
        counts.add(Plan::of(release).counts());
    }
    counts
}

impl ValuesCounts {
    fn add(&mut self, other: Self) {
        self.fields += other.fields;
        self.kept += other.kept;
        self.by_hand += other.by_hand;
        self.stays += other.stays;
        self.set_by_chart += other.set_by_chart;
        self.fails += other.fails;
    }
}

/// The findings of a release that are drift or say that there is nothing to keep, each with its object.
fn findings(release: &ReleaseReport) -> impl Iterator<Item = (&ObjectReport, &Finding)> {
    let objects = release.objects.iter();
    objects.flat_map(|object| {
        let findings = object.findings.iter();
        let asked = findings.filter(|finding| finding.kept_by.is_some() || finding.no_key.is_some());
        asked.map(move |finding| (object, finding))
    })
}

#[cfg(test)]
mod tests;
