//! A release that has an alert of its own, in the words that every receiver of alerts gets.

use std::collections::BTreeMap;

use super::digest::{Digest, worst_in_words};
use super::release::ReleaseDigest;
use crate::model::{ReleaseReport, Storage};
use crate::report::alike::ReleaseGroup;
use crate::report::words::{self, count, critical_codes};
use crate::vocabulary::{HealthCode, Verdict};

/// The groups of a report by what tells their releases from all others.
pub(super) type Groups<'r> = BTreeMap<(&'r Storage, &'r str), &'r ReleaseGroup<'r>>;

/// A release that has an alert of its own.
pub(super) struct AlertedRelease<'r> {
    /// The release.
    pub(super) release: &'r ReleaseReport,
    /// The releases that drifted in the same way, itself among them, if it drifted.
    group: Option<&'r ReleaseGroup<'r>>,
}

impl<'r> AlertedRelease<'r> {
    /// The groups of drifted releases, to be found by release.
    pub(super) fn by_release(groups: &'r [ReleaseGroup<'r>]) -> Groups<'r> {
        let releases = groups
            .iter()
            .flat_map(|group| group.releases().map(move |release| (identity(release), group)));
        releases.collect()
    }

    /// A release and its group.
    pub(super) fn new(release: &'r ReleaseReport, groups: &Groups<'r>) -> Self {
        Self {
            release,
            group: groups.get(&identity(release)).copied(),
        }
    }

    /// The group, if others drifted in the same way.
    pub(super) fn others(&self) -> Option<&'r ReleaseGroup<'r>> {
        self.group.filter(|group| group.len() > 1)
    }

    /// The critical codes of its health, sorted.
    pub(super) fn critical(&self) -> Vec<&'static str> {
        let codes = critical_codes(self.release);
        codes.into_iter().map(HealthCode::as_str).collect()
    }

    /// The cluster, the release, and what is wrong with it, in one line.
    pub(super) fn summary(&self, digest: &Digest, about: &ReleaseDigest) -> String {
        let what = match self.release.verdict {
            Verdict::Drifted => {
                let others = self.others().map_or(0, |group| group.len() - 1);
                match others {
                    0 => format!("drifted: {}", worst_in_words(self.release)),
                    others => format!(
                        "drifted in the same way as {}: {}",
                        count(others, "other release"),
                        about.facts
                    ),
                }
            }
            Verdict::Clean => format!(
                "is {}: {}",
                words::verdict(self.release),
                self.critical().join(", ")
            ),
            Verdict::Incomplete => self.unread("could not be fully read"),
            Verdict::Unreadable => self.unread("has a record that cannot be read"),
        };
        format!("driftline: {}: {} {what}", digest.cluster, about.name)
    }
}

impl AlertedRelease<'_> {
    /// What could not be read, behind what is known to be critical: an alert may be about that alone.
    fn unread(&self, what: &str) -> String {
        let critical = self.critical();
        if critical.is_empty() {
            what.to_owned()
        } else {
            format!("is critical: {}; it {what}", critical.join(", "))
        }
    }
}

/// What tells a release from all others of a report.
fn identity(release: &ReleaseReport) -> (&Storage, &str) {
    (&release.storage, &release.name)
}
