//! What drifted in the same way: objects of one release, and whole releases.
//!
//! One change that somebody makes to thirty tenants is one thing to know, and a report that tells it thirty times buries
//! the thirty-first. Text and messages tell a group once, by its first member, with the names of the others. [`key`] says
//! what members of a group have in common: everything that is said of them, but for times, revision numbers, and names in
//! as far as these follow from the names of the release and its namespace. Where a reader cannot know whether two values
//! are the same, because they are hidden or cut, the members are still told together, since nothing that could be told
//! of each apart would differ; and the group [says so](is_unproven).
//!
//! The cost is one pass over the members that resemble each other in their numbers, and a hash of what is said of each.

mod key;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use chrono::{DateTime, Utc};

use self::key::{Fingerprint, Keys, ReleaseFingerprints};
use crate::model::{Finding, ObjectReport, ReleaseReport};
use crate::vocabulary::{ObjectState, Verdict};

/// From how many on members are told together.
const GROUPED: usize = 3;

/// What is said of a group whose members need not be the same in all that is hidden.
pub(crate) const UNPROVEN: &str = "hidden parts may differ";

/// How every mark begins that stands in place of something hidden.
const HIDDEN_BEGIN: &str = "(redacted";

/// What is said of a release, and therefore has to be the same for all of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// All that its part of the report has.
    Everything,
    /// Its drift alone: no health, no objects without drift, no findings of severity info or that are ignored.
    Drift,
}

impl Said {
    fn has_health(self) -> bool {
        self == Self::Everything
    }

    fn has_object(self, object: &ObjectReport) -> bool {
        match self {
            Self::Everything => true,
            Self::Drift => object.state.is_drift(),
        }
    }

    fn has_finding(self, finding: &Finding) -> bool {
        match self {
            Self::Everything => true,
            Self::Drift => finding.is_drift(),
        }
    }
}

/// Releases of which the same is said; most often a release alone.
pub(crate) struct ReleaseGroup<'r> {
    /// The release by which the group is told.
    pub(crate) first: &'r ReleaseReport,
    others: Vec<Other<'r>>,
}

/// A release of which the same is said as of the first one.
struct Other<'r> {
    release: &'r ReleaseReport,
    /// Its objects, by the position of the object of the first release that is alike.
    objects: BTreeMap<usize, &'r ObjectReport>,
}

/// Some members of a group, where all of them would be too many to read.
pub(crate) struct Excerpt<'r> {
    /// The members that are named.
    pub(crate) named: Vec<&'r ReleaseReport>,
    /// How many members are not.
    pub(crate) left_out: usize,
}

impl<'r> ReleaseGroup<'r> {
    /// A release by itself.
    pub(crate) const fn alone(release: &'r ReleaseReport) -> Self {
        Self {
            first: release,
            others: Vec::new(),
        }
    }

    /// How many releases it has.
    pub(crate) fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// All of its releases, the first one first.
    pub(crate) fn releases(&self) -> impl Iterator<Item = &'r ReleaseReport> {
        std::iter::once(self.first).chain(self.others.iter().map(|other| other.release))
    }

    /// The objects of the other releases that stand where this object of the first one does.
    pub(crate) fn counterparts(&self, position: usize) -> impl Iterator<Item = &'r ObjectReport> {
        let others = self.others.iter();
        others.filter_map(move |other| other.objects.get(&position).copied())
    }

    /// At most that many releases. Those of one namespace leave room for those of others: nobody who makes releases in one
    /// namespace can keep the names of all others out.
    pub(crate) fn excerpt(&self, limit: usize) -> Excerpt<'r> {
        let mut namespaces = BTreeSet::new();
        let (mut firsts, mut rest) = (Vec::new(), Vec::new());
        for (position, release) in self.releases().enumerate() {
            if namespaces.insert(release.storage.namespace.as_str()) {
                firsts.push((position, release));
            } else {
                rest.push((position, release));
            }
        }
        let mut named: Vec<_> = firsts.into_iter().chain(rest).take(limit).collect();
        named.sort_by_key(|(position, _)| *position);
        Excerpt {
            left_out: self.len() - named.len(),
            named: named.into_iter().map(|(_, release)| release).collect(),
        }
    }
}

/// Releases in groups of which the same is said. Groups and their members keep the order in which the releases come; every
/// release is in one group.
pub(crate) fn releases<'r>(
    releases: impl IntoIterator<Item = &'r ReleaseReport>,
    said: Said,
) -> Vec<ReleaseGroup<'r>> {
    let releases: Vec<_> = releases.into_iter().collect();
    let numbers = |release: &&ReleaseReport| {
        // Of a release that is in order there is nothing to tell but the objects that somebody asked for.
        let is_in_order = release.verdict == Verdict::Clean && release.health.is_empty();
        // Differences that are not listed cannot be compared.
        let is_listed = release.objects.iter().all(|object| object.left_out.is_empty());
        let objects = || release.objects.iter().filter(|object| said.has_object(object));
        let findings = objects().flat_map(|object| &object.findings);
        let findings = findings.filter(|finding| said.has_finding(finding)).count();
        let health = release.health.iter().filter(|_| said.has_health()).count();
        (is_listed && !is_in_order).then_some((release.verdict, health, objects().count(), findings))
    };
    let keys = Keys::of(said);
    let groups = grouped(&releases, numbers, |release| {
        let of = keys.release(release);
        (of.release, of)
    });
    let mut others: HashMap<usize, Vec<Other<'r>>> = HashMap::new();
    let mut told = BTreeSet::new();
    for group in groups {
        let mut members = group.into_iter();
        let Some((first, of_first)) = members.next() else {
            continue;
        };
        let members: Vec<_> = members
            .map(|(position, of_other)| {
                told.insert(position);
                Other::of(&of_first, releases[position], &of_other)
            })
            .collect();
        others.insert(first, members);
    }
    let positions = (0..releases.len()).filter(|position| !told.contains(position));
    positions
        .map(|position| ReleaseGroup {
            first: releases[position],
            others: others.remove(&position).unwrap_or_default(),
        })
        .collect()
}

impl<'r> Other<'r> {
    /// Finds for each object of the first release the one of the other release that is alike. Names decide on the order of
    /// objects, and they may have another order in each release.
    fn of(
        of_first: &ReleaseFingerprints,
        release: &'r ReleaseReport,
        of_other: &ReleaseFingerprints,
    ) -> Self {
        let pairs = of_first.objects.iter().zip(&of_other.objects);
        let objects = pairs.map(|((_, first), (_, other))| (*first, &release.objects[*other]));
        Self {
            release,
            objects: objects.collect(),
        }
    }
}

/// The positions of a release's drifted objects that drifted in the same way, each group in the order of its members.
pub(super) fn objects<'r>(release: &'r ReleaseReport) -> Vec<Vec<usize>> {
    // Most objects differ in the first thing that one looks at: their findings are hashed no further.
    let first_look = |object: &'r ObjectReport| {
        let is_comparable =
            object.state == ObjectState::Drifted && object.reason.is_none() && object.left_out.is_empty();
        let first = object.findings.first().filter(|_| is_comparable)?;
        Some((object.findings.len(), first.path.as_str()))
    };
    let keys = Keys::of(Said::Everything);
    let groups = grouped(&release.objects, first_look, |object| {
        (keys.findings(release, object), ())
    });
    let positions = |group: Vec<(usize, ())>| group.into_iter().map(|(position, ())| position).collect();
    groups.into_iter().map(positions).collect()
}

/// The positions of items with the same fingerprint, with what else came of finding it, where those are enough for a group.
/// Only items that look alike at first get one; those without a first look are in no group.
fn grouped<'t, T, L: Eq + Hash, X>(
    items: &'t [T],
    first_look: impl Fn(&'t T) -> Option<L>,
    fingerprint: impl Fn(&'t T) -> (Fingerprint, X),
) -> Vec<Vec<(usize, X)>> {
    let mut similar: HashMap<L, Vec<usize>> = HashMap::new();
    for (position, item) in items.iter().enumerate() {
        if let Some(look) = first_look(item) {
            similar.entry(look).or_default().push(position);
        }
    }
    let mut alike: HashMap<Fingerprint, Vec<(usize, X)>> = HashMap::new();
    let similar = similar.into_values().filter(|group| group.len() >= GROUPED);
    for position in similar.flatten() {
        let (fingerprint, rest) = fingerprint(&items[position]);
        alike.entry(fingerprint).or_default().push((position, rest));
    }
    let mut groups: Vec<_> = alike
        .into_values()
        .filter(|group| group.len() >= GROUPED)
        .collect();
    groups.sort_unstable_by_key(|group| group.first().map(|(position, _)| *position));
    groups
}

/// Whether the differences that look like this one need not be the same: a part of them is hidden, cut or left out.
pub(crate) fn is_unproven(finding: &Finding) -> bool {
    finding.redacted || finding.shortened || finding.omitted || finding.path.contains(HIDDEN_BEGIN)
}

/// The first and the last time at which one of these differences was written.
pub(crate) fn written<'r>(
    findings: impl IntoIterator<Item = &'r Finding>,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let times = findings
        .into_iter()
        .filter_map(|finding| finding.actor.as_ref()?.time);
    times.fold(None, |span, time| {
        let (first, last) = span.unwrap_or((time, time));
        Some((first.min(time), last.max(time)))
    })
}

#[cfg(test)]
mod tests;
