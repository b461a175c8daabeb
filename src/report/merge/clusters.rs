//! The reports of several clusters as one.
//!
//! Each release says which cluster it is in, and each sentence about a cluster begins with its name. Ignore rules are those of the
//! operators of each cluster: rules that say the same are one, and the others get numbers of their own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::shards::{compared_with, tool};
use super::{confirmation, short, stopped, summary, worst};
use crate::model::{
    Advice, Cluster, IgnoredBy, IgnoredCount, MergedCluster, ReleaseReport, Report, ReportError, ReportNote,
    Selected, Storage,
};
use crate::report::words::count;
use crate::shell::{ClusterFlags, Refusal, on_cluster};

/// What tells one deployment of a release from all others, but for the cluster.
type Deployment<'r> = (&'r Storage, &'r str, u64, DateTime<Utc>);

/// Puts the reports of clusters together, whose names are not the same.
pub(super) fn merge(mut reports: Vec<Report>) -> Option<Report> {
    let mut notes = overlaps(&reports);
    let mut rules = Rules::default();
    for report in &mut reports {
        rules.take_over(report);
        name_cluster(report);
    }
    let all = || reports.iter();
    let first = all().next()?;
    let is_one_selection = all().all(|report| report.selection == first.selection);
    if !is_one_selection {
        notes.push(ReportNote {
            scope: ReportError::MERGE.to_owned(),
            message:
                "the clusters were not scanned for the same releases: see the selection in the report of each"
                    .to_owned(),
        });
    }
    notes.extend(all().flat_map(|report| report.notes.clone()));
    let joined = |text: fn(&Cluster) -> &str| {
        let texts: Vec<&str> = all().map(|report| text(&report.cluster)).collect();
        texts.join(", ")
    };
    let mut merged = Report {
        schema: first.schema.clone(),
        tool: tool(all()),
        cluster: Cluster {
            name: joined(|cluster| &cluster.name),
            server: joined(|cluster| &cluster.server),
        },
        clusters: all().map(cluster).collect(),
        started_at: all().map(|report| report.started_at).min()?,
        finished_at: all().map(|report| report.finished_at).max()?,
        outcome: worst(all().map(|report| report.outcome)),
        stopped: stopped(all().map(|report| report.stopped)),
        summary: summary(all().map(|report| &report.summary)),
        selection: if is_one_selection {
            first.selection.clone()
        } else {
            Selected::default()
        },
        compared_with: compared_with(all().map(|report| report.compared_with.as_ref())),
        ignored: rules.counts,
        confirmation: confirmation(all().map(|report| report.confirmation.clone())),
        releases: Vec::new(),
        orphans: None,
        resolved: Vec::new(),
        errors: all().flat_map(|report| report.errors.clone()).collect(),
        notes,
    };
    for report in reports {
        merged.releases.extend(report.releases);
        merged.resolved.extend(report.resolved);
        if let Some(orphans) = report.orphans {
            merged.orphans.get_or_insert_default().extend(orphans);
        }
    }
    merged.sort();
    Some(merged)
}

/// What is left of a report beside its releases.
fn cluster(report: &Report) -> MergedCluster {
    MergedCluster {
        name: report.cluster.name.clone(),
        server: report.cluster.server.clone(),
        started_at: report.started_at,
        finished_at: report.finished_at,
        releases: report.summary.releases.clone(),
    }
}

/// Writes the name of the cluster into everything that is of one.
fn name_cluster(report: &mut Report) {
    let cluster = &report.cluster.name;
    let flags = ClusterFlags::named(cluster);
    for release in &mut report.releases {
        release.of_cluster = Some(cluster.clone());
        for health in &mut release.health {
            address(&mut health.advice, &mut health.evidence, &flags);
        }
    }
    for resolved in &mut report.resolved {
        resolved.cluster = Some(cluster.clone());
    }
    for orphan in report.orphans.iter_mut().flatten() {
        orphan.cluster = Some(cluster.clone());
        address(&mut orphan.advice, &mut orphan.evidence, &flags);
    }
    let errors = report.errors.iter_mut().map(|error| &mut error.message);
    let notes = report.notes.iter_mut().map(|note| &mut note.message);
    for message in errors.chain(notes) {
        *message = format!("{cluster}: {message}");
    }
}

/// Names the cluster in each command. Where one cannot, there is none: what saves a copy first may be missing then.
fn address(all: &mut Vec<Advice>, evidence: &mut Vec<String>, cluster: &ClusterFlags) {
    let addressed = std::mem::take(all).into_iter().map(|advice| {
        let command = on_cluster(&advice.command, cluster)?;
        Ok(Advice { command, ..advice })
    });
    match addressed.collect::<Result<_, Refusal>>() {
        Ok(addressed) => *all = addressed,
        Err(refusal) => evidence.push(format!("no command is printed: {refusal}")),
    }
}

/// The ignore rules of all clusters.
#[derive(Default)]
struct Rules {
    counts: Vec<IgnoredCount>,
    /// The places of rules by what they say.
    known: BTreeMap<(String, Option<String>), usize>,
    /// The place of the annotation.
    annotation: Option<usize>,
}

impl Rules {
    /// Adds the rules of a report, and gives what they ignore their new numbers.
    fn take_over(&mut self, report: &mut Report) {
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        for count in std::mem::take(&mut report.ignored) {
            let next = self.counts.len();
            let place = match count.rule {
                IgnoredBy::Annotation => *self.annotation.get_or_insert(next),
                IgnoredBy::Rule(_) => {
                    let says = (count.description.clone(), count.reason.clone());
                    *self.known.entry(says).or_insert(next)
                }
            };
            if let IgnoredBy::Rule(number) = count.rule {
                numbers.insert(number, place + 1);
            }
            match self.counts.get_mut(place) {
                Some(sum) => {
                    sum.findings = sum.findings.saturating_add(count.findings);
                    sum.objects = sum.objects.saturating_add(count.objects);
                    // It is of no use only where it is of none in any cluster.
                    sum.idle = sum.idle.filter(|idle| Some(*idle) == count.idle);
                }
                None => self.counts.push(IgnoredCount {
                    rule: match count.rule {
                        IgnoredBy::Rule(_) => IgnoredBy::Rule(place + 1),
                        IgnoredBy::Annotation => IgnoredBy::Annotation,
                    },
                    ..count
                }),
            }
        }
        let renumber = |by: &mut Option<IgnoredBy>| {
            if let Some(IgnoredBy::Rule(number)) = by
                && let Some(new) = numbers.get(number)
            {
                *number = *new;
            }
        };
        for object in report
            .releases
            .iter_mut()
            .flat_map(|release| &mut release.objects)
        {
            renumber(&mut object.ignored_by);
            object
                .findings
                .iter_mut()
                .for_each(|finding| renumber(&mut finding.ignored_by));
        }
    }
}

/// A note on each pair of clusters in which the same deployments are: whoever scanned one cluster by two names would count it
/// twice. Addresses tell nothing, because inside of clusters all are the same.
fn overlaps(reports: &[Report]) -> Vec<ReportNote> {
    let mut seen: BTreeMap<Deployment<'_>, usize> = BTreeMap::new();
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (at, report) in reports.iter().enumerate() {
        let own: BTreeSet<Deployment<'_>> = report.releases.iter().filter_map(deployment).collect();
        for deployment in own {
            match seen.get(&deployment) {
                Some(first) => *shared.entry((*first, at)).or_default() += 1,
                None => {
                    seen.insert(deployment, at);
                }
            }
        }
    }
    let name = |at: usize| {
        reports
            .get(at)
            .map_or_else(String::new, |report| short(&report.cluster.name))
    };
    let notes = shared.into_iter().map(|((one, other), number)| ReportNote {
        scope: ReportError::MERGE.to_owned(),
        message: format!(
            "the clusters {} and {} have {} of the same revision that was deployed at the same moment: if they are one cluster, \
             its releases count twice",
            name(one),
            name(other),
            count(number, "release")
        ),
    });
    notes.collect()
}

fn deployment(release: &ReleaseReport) -> Option<Deployment<'_>> {
    let at = release.latest.deployed_at?;
    Some((&release.storage, &release.name, release.latest.revision, at))
}
