//! Series of single releases: at most so many, the worst first.
//!
//! The names come from a cluster and may be anything, so that two releases can have the same labels once these are cut, and
//! one release may have records in two places. Two samples with the same labels would make the whole text
//! invalid, so what has the same labels counts as one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::age::DriftAge;
use super::exposition::{Exposition, Value, label_value};
use super::families::Family;
use crate::model::{ReleaseReport, Report};
use crate::vocabulary::{HealthSeverity, Verdict};

/// What the series of one release say.
#[derive(Debug, Clone, Copy, Default)]
struct OfRelease {
    is_drifted: bool,
    critical: usize,
    age: DriftAge,
}

impl OfRelease {
    fn add(&mut self, release: &ReleaseReport) {
        self.is_drifted |= release.verdict == Verdict::Drifted;
        let critical = release.health.iter();
        self.critical += critical
            .filter(|entry| entry.severity == HealthSeverity::Critical)
            .count();
        self.age.add(DriftAge::of(release));
    }
}

/// Adds the series of at most so many releases, and how many were left out.
pub(super) fn add(report: &Report, max: usize, exposition: &mut Exposition) {
    let mut found: BTreeMap<(String, String), OfRelease> = BTreeMap::new();
    for release in &report.releases {
        let labels = (label_value(&release.namespace), label_value(&release.name));
        found.entry(labels).or_default().add(release);
    }
    let mut chosen: Vec<_> = found.into_iter().collect();
    chosen.sort_by_key(|(_, of)| Reverse((of.critical > 0, of.is_drifted, of.age.drift)));
    let left_out = chosen.len().saturating_sub(max);
    chosen.truncate(max);
    chosen.sort_by(|(one, _), (other, _)| one.cmp(other));
    for ((namespace, name), of) in &chosen {
        add_release(exposition, [namespace, name], of, report.finished_at);
    }
    exposition.add(Family::ReleasesLeftOut, &[], left_out.into());
}

fn add_release(exposition: &mut Exposition, labels: [&str; 2], of: &OfRelease, at: DateTime<Utc>) {
    let oldest = Value::Seconds(of.age.seconds(at));
    for (family, value) in [
        (Family::ReleaseDrifted, of.is_drifted.into()),
        (Family::ReleaseDrift, of.age.drift.into()),
        (Family::ReleaseOldestDrift, oldest),
        (Family::ReleaseCritical, of.critical.into()),
    ] {
        exposition.add(family, &labels, value);
    }
}
