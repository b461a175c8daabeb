//! Several reports as one: those of the shards of a cluster, or of several clusters.
//!
//! What comes out is the report of one scan of everything: with the reports of all shards, the same bytes but for times. What
//! cannot have been meant is refused, because whatever came out would look whole: shards of scans with other options, a cluster
//! that is given twice. Of several reports of one shard the newest counts. What is missing is an error of the report.

mod clusters;
mod shards;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::ReportKind;
use crate::model::{
    ChangeCounts, Confirmation, FindingCounts, ObjectCounts, ReleaseCounts, Report, Summary, Unconfirmed,
};
use crate::vocabulary::{Outcome, Stopped};

/// How many characters of a name in a report a sentence repeats.
const NAME: usize = 200;

/// The longest name of a cluster, in characters: it is repeated for each release.
const MAX_CLUSTER_NAME: usize = 253;

/// A report that is given.
#[derive(Debug, Clone)]
pub struct Given {
    /// Where it is, in a sentence.
    pub place: String,
    /// The report.
    pub report: Report,
}

/// Why reports cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is no report to put together")]
    Nothing,
    /// A report is about one release.
    #[error(
        "{place} is {kind}: reports of scans can be put together, as `driftline scan -o json` writes them"
    )]
    OtherKind {
        /// Where it is.
        place: String,
        /// What it is.
        kind: &'static str,
    },
    /// A report is of several clusters.
    #[error("{0} is of several clusters already: give the reports that it was put together from")]
    Merged(String),
    /// A report names no shard in a way that is known.
    #[error("{0} is of a shard that this version does not know")]
    UnknownShard(String),
    /// A report has a release that is in another shard, which has it, too.
    #[error(
        "{place} is of shard {shard} and has the release {release}, which is in another one: it is not as the scan wrote it"
    )]
    OfAnotherShard {
        /// Where it is.
        place: String,
        /// The shard.
        shard: String,
        /// The release.
        release: String,
    },
    /// A cluster has no name that its releases could have in front of their own.
    #[error(
        "{0} is of a cluster whose name is empty or longer than {MAX_CLUSTER_NAME} characters: several clusters are told apart by \
         their names, so give it one by --cluster-name (cluster.name) and scan again"
    )]
    ClusterName(String),
    /// Two reports are of the same cluster, and not of shards of it.
    #[error(
        "{one} and {other} are both of the cluster {cluster}: give one of them; if they are of two clusters, give each a name by \
         --cluster-name (cluster.name) and scan again"
    )]
    SameCluster {
        /// Where they are.
        one: String,
        /// Where they are.
        other: String,
        /// The cluster.
        cluster: String,
    },
    /// A report is of a shard of a cluster, and another one of all of it.
    #[error(
        "{one} is of shard {shard} of the cluster {cluster}, and {whole} of all of it, scanned without --shard or put together \
         already: give the second alone, or the reports of all shards"
    )]
    ShardOfWhole {
        /// Where the one of a shard is.
        one: String,
        /// The shard.
        shard: String,
        /// Where the other one is.
        whole: String,
        /// The cluster.
        cluster: String,
    },
    /// Two reports have the same name of the cluster and not the same address.
    #[error(
        "{one} and {other} are both of a cluster {cluster}, at {here} and at {there}: give each a name by --cluster-name \
         (cluster.name) and scan again"
    )]
    SameName {
        /// Where they are.
        one: String,
        /// Where they are.
        other: String,
        /// The name.
        cluster: String,
        /// The address in the one.
        here: String,
        /// The address in the other.
        there: String,
    },
    /// Two reports are of the same shard, and neither is the newer one.
    #[error(
        "{one} and {other} are both of shard {shard} of the cluster {cluster}, began at the same time and are not the same: give \
         one of them"
    )]
    SameShard {
        /// Where they are.
        one: String,
        /// Where they are.
        other: String,
        /// The shard.
        shard: String,
        /// The cluster.
        cluster: String,
    },
    /// Two reports of shards are not of one number of shards.
    #[error(
        "{one} is of shard {shard} of the cluster {cluster}, and {other} of shard {of_other}: only shards of one number go \
         together"
    )]
    OtherCount {
        /// Where they are.
        one: String,
        /// Where they are.
        other: String,
        /// The shard of the one.
        shard: String,
        /// The shard of the other.
        of_other: String,
        /// The cluster.
        cluster: String,
    },
    /// Two shards were scanned with other options.
    #[error(
        "{one} and {other} are of shards of the cluster {cluster} that were scanned with other {what}: scan all shards with the \
         same options and settings"
    )]
    OtherOptions {
        /// Where they are.
        one: String,
        /// Where they are.
        other: String,
        /// The cluster.
        cluster: String,
        /// What is not the same.
        what: &'static str,
    },
    /// One shard has the objects in sync, and another one does not.
    #[error(
        "{with} and {without} are of shards of the cluster {cluster}, and only the first lists the objects in sync: scan all \
         shards with --all, or none"
    )]
    InSync {
        /// Where the one is that has them.
        with: String,
        /// Where the other one is.
        without: String,
        /// The cluster.
        cluster: String,
    },
}

/// Puts reports together.
///
/// # Errors
///
/// They do not go together.
pub fn merge(given: Vec<Given>) -> Result<Report, MergeError> {
    let mut by_cluster: BTreeMap<String, Vec<Given>> = BTreeMap::new();
    for one in given {
        match ReportKind::of(&one.report) {
            ReportKind::Scan if !one.report.clusters.is_empty() => return Err(MergeError::Merged(one.place)),
            ReportKind::Scan => {}
            kind @ (ReportKind::Diagnosis | ReportKind::Preview) => {
                return Err(MergeError::OtherKind {
                    place: one.place,
                    kind: kind.in_words(),
                });
            }
        }
        let cluster = one.report.cluster.name.clone();
        by_cluster.entry(cluster).or_default().push(one);
    }
    let is_unnamed = |one: &&Given| {
        let name = one.report.cluster.name.trim();
        !(1..=MAX_CLUSTER_NAME).contains(&name.chars().count())
    };
    if by_cluster.len() > 1
        && let Some(unnamed) = by_cluster.values().flatten().find(is_unnamed)
    {
        return Err(MergeError::ClusterName(unnamed.place.clone()));
    }
    let of_clusters = by_cluster.into_values().map(shards::merge);
    let mut reports: Vec<Report> = of_clusters.collect::<Result<_, _>>()?;
    match (reports.pop(), reports.is_empty()) {
        (None, _) => Err(MergeError::Nothing),
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            reports.push(last);
            clusters::merge(reports).ok_or(MergeError::Nothing)
        }
    }
}

/// A name or an address of a report, which can come from anywhere and be of any length.
fn short(text: &str) -> String {
    text.chars().take(NAME).collect()
}

/// The answer of several scans together: an error before drift, drift before incomplete, incomplete before clean.
fn worst(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Error => 3,
        Outcome::Drift => 2,
        Outcome::Incomplete => 1,
        Outcome::Clean => 0,
    };
    outcomes.max_by_key(rank).unwrap_or(Outcome::Error)
}

/// Why several scans ended early, if any did: what is an error before what is none.
fn stopped(reasons: impl Iterator<Item = Option<Stopped>>) -> Option<Stopped> {
    reasons.flatten().max_by_key(|reason| match reason {
        Stopped::Deadline => 1,
        Stopped::Signal => 0,
    })
}

/// Every entry as often as the list has it that has it most often: what several scans say of the same is said once.
fn once<T: Ord + Clone>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut most: BTreeMap<T, usize> = BTreeMap::new();
    for list in lists {
        let mut counts: BTreeMap<T, usize> = BTreeMap::new();
        for entry in list {
            *counts.entry(entry).or_default() += 1;
        }
        for (entry, count) in counts {
            let known = most.entry(entry).or_default();
            *known = count.max(*known);
        }
    }
    let entries = most.into_iter();
    entries
        .flat_map(|(entry, count)| std::iter::repeat_n(entry, count))
        .collect()
}

/// The counts of several reports. What they count may be anything.
fn summary<'s>(all: impl Iterator<Item = &'s Summary> + Clone) -> Summary {
    let mut sum = Summary::default();
    for one in all.clone() {
        sum.releases = releases(&sum.releases, &one.releases);
        sum.objects = objects(&sum.objects, &one.objects);
        sum.findings = findings(&sum.findings, &one.findings);
    }
    let changes: Option<Vec<&ChangeCounts>> = all.map(|one| one.changes.as_ref()).collect();
    sum.changes = changes.map(|all| {
        all.into_iter()
            .fold(ChangeCounts::default(), |sum, one| changed(&sum, one))
    });
    sum
}

fn releases(one: &ReleaseCounts, other: &ReleaseCounts) -> ReleaseCounts {
    ReleaseCounts {
        total: one.total.saturating_add(other.total),
        clean: one.clean.saturating_add(other.clean),
        drifted: one.drifted.saturating_add(other.drifted),
        incomplete: one.incomplete.saturating_add(other.incomplete),
        unreadable: one.unreadable.saturating_add(other.unreadable),
    }
}

fn objects(one: &ObjectCounts, other: &ObjectCounts) -> ObjectCounts {
    ObjectCounts {
        total: one.total.saturating_add(other.total),
        in_sync: one.in_sync.saturating_add(other.in_sync),
        drifted: one.drifted.saturating_add(other.drifted),
        missing: one.missing.saturating_add(other.missing),
        terminating: one.terminating.saturating_add(other.terminating),
        foreign: one.foreign.saturating_add(other.foreign),
        leftover: one.leftover.saturating_add(other.leftover),
        unknown: one.unknown.saturating_add(other.unknown),
        ignored: one.ignored.saturating_add(other.ignored),
    }
}

fn findings(one: &FindingCounts, other: &FindingCounts) -> FindingCounts {
    FindingCounts {
        drift: one.drift.saturating_add(other.drift),
        info: one.info.saturating_add(other.info),
        expected: one.expected.saturating_add(other.expected),
        ignored: one.ignored.saturating_add(other.ignored),
    }
}

fn changed(one: &ChangeCounts, other: &ChangeCounts) -> ChangeCounts {
    ChangeCounts {
        new: one.new.saturating_add(other.new),
        changed: one.changed.saturating_add(other.changed),
        ongoing: one.ongoing.saturating_add(other.ongoing),
        resolved: one.resolved.saturating_add(other.resolved),
        flapping: one.flapping.saturating_add(other.flapping),
    }
}

/// The API server's answers in several reports; `None` where none was asked for any.
fn confirmation(all: impl Iterator<Item = Option<Confirmation>>) -> Option<Confirmation> {
    let mut asked = all.flatten().peekable();
    asked.peek()?;
    let (mut confirmed, mut unconfirmed) = (0_usize, 0_usize);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for one in asked {
        confirmed = confirmed.saturating_add(one.confirmed);
        unconfirmed = unconfirmed.saturating_add(one.unconfirmed);
        for Unconfirmed { message, objects } in one.unanswered {
            let known = reasons.entry(message).or_default();
            *known = known.saturating_add(objects);
        }
    }
    Some(Confirmation {
        confirmed,
        unconfirmed,
        unanswered: Unconfirmed::of(reasons),
    })
}
