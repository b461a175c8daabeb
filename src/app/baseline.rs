//! The report of an earlier scan whose drift is accepted (`--baseline`).
//!
//! What cannot be meant is refused before anything is scanned: a file that is no report of a whole scan. What may be meant
//! and changes what counts as new is a note of the report, and a warning.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use super::memory;
use super::stop::Stop;
use super::stored;
use crate::model::{ReleaseReport, Report, ReportNote, Selected};
use crate::policy::selection::Selection;
use crate::report::ReportKind;
use crate::report::summary::has_unread_records;
use crate::report::words::{count, minute};
use crate::state::State;
use crate::vocabulary::Outcome;

/// The scope of notes about a baseline.
const SCOPE: &str = "baseline";

/// How many characters of a name in a baseline a note repeats.
const NAME: usize = 200;

/// A report whose drift is accepted.
pub(super) struct Baseline(Report);

/// Why a report cannot be a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// It says nothing of what was not read any more.
    #[error(
        "its scan was stopped before everything was read, so that what is missing would count as new; name the report of a \
         scan that ran to its end"
    )]
    Stopped,
    /// Releases are found again by their names, which are those of several clusters in it.
    #[error("it is of several clusters: use the report of one, as the scan of it wrote it")]
    SeveralClusters,
    /// It is about one release, and its objects are those that matter for an operation.
    #[error("it is {0}, and not the report of a scan; make one with `driftline scan -o json=FILE`")]
    OtherKind(&'static str),
}

impl Baseline {
    /// Reads a report, unless the time is over before.
    pub(super) async fn read(path: &Path, stop: &Stop) -> anyhow::Result<Self> {
        let report = stored::read("baseline", path, stop).await?;
        let place = || format!("the baseline {} cannot be used", stored::place_of(path));
        Self::of(report).with_context(place)
    }

    /// A report that was read.
    ///
    /// # Errors
    ///
    /// It cannot have been meant.
    pub(super) fn of(report: Report) -> Result<Self, Unfit> {
        match unfit(&report) {
            Some(reason) => Err(reason),
            None => Ok(Self(report)),
        }
    }

    /// Says of everything in a report whether the baseline knew it.
    pub(super) fn compare(&self, report: &mut Report) -> anyhow::Result<()> {
        let Self(baseline) = self;
        let salt = memory::salt().map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
        State::of_report(baseline, &report.cluster.name, salt).compare(report);
        let remarks: Vec<String> = remarks(baseline, report).collect();
        for message in remarks {
            tracing::warn!("{message}");
            let scope = SCOPE.to_owned();
            report.notes.push(ReportNote { scope, message });
        }
        report.notes.sort();
        Ok(())
    }
}

/// Why a report cannot have been meant as a baseline.
fn unfit(report: &Report) -> Option<Unfit> {
    match ReportKind::of(report) {
        kind @ (ReportKind::Diagnosis | ReportKind::Preview) => Some(Unfit::OtherKind(kind.in_words())),
        ReportKind::Scan if !report.clusters.is_empty() => Some(Unfit::SeveralClusters),
        ReportKind::Scan if report.outcome == Outcome::Error || report.stopped.is_some() => {
            Some(Unfit::Stopped)
        }
        ReportKind::Scan => None,
    }
}

/// What has to be known of a baseline to read what counts as new.
fn remarks(baseline: &Report, report: &Report) -> impl Iterator<Item = String> {
    let all = [
        of_another_cluster(baseline, report),
        of_other_releases(baseline, report),
        read_in_part(baseline, report),
        of_a_later_version(baseline),
        of_later(baseline, report),
    ];
    all.into_iter().flatten()
}

/// A gate between two clusters may be meant, and so may be another name for the same one.
fn of_another_cluster(baseline: &Report, report: &Report) -> Option<String> {
    let (then, now) = (&baseline.cluster, &report.cluster);
    (then.name != now.name && then.server != now.server).then(|| {
        format!(
            "the baseline is of the cluster {} ({}), and this scan is of {} ({}): releases of the same name count as the \
             same",
            short(&then.name),
            short(&then.server),
            now.name,
            now.server
        )
    })
}

/// A text of a baseline, which can come from anywhere and be of any length.
fn short(text: &str) -> String {
    text.chars().take(NAME).collect()
}

/// The baseline does not tell whether other releases were in order.
fn of_other_releases(baseline: &Report, report: &Report) -> Option<String> {
    let (then, now) = (&baseline.selection, &report.selection);
    let selection = Selection::from_words(then)?;
    let id = |release: &ReleaseReport| (release.name.clone(), release.storage.clone());
    let listed: BTreeSet<_> = baseline.releases.iter().map(id).collect();
    let is_outside = |release: &&ReleaseReport| {
        let storage = &release.storage;
        let is_read = then.drivers.is_empty() || then.drivers.contains(&storage.driver);
        // Of the records that a selector does not find it is not known which there were.
        let is_found = then.selector.is_none() || then.selector == now.selector;
        let is_covered = is_read && is_found && selection.has_named(&storage.namespace, &release.name);
        !is_covered && !listed.contains(&id(release))
    };
    let outside = report.releases.iter().filter(is_outside).count();
    (outside > 0).then(|| {
        format!(
            "the baseline is only of `{}`, and {} in this scan {} not in it: what drifted there counts as new",
            short(&in_words(then)),
            count(outside, "release"),
            if outside == 1 { "is" } else { "are" },
        )
    })
}

/// A selection by the flags that make it.
fn in_words(selected: &Selected) -> String {
    let namespaces = selected.namespaces.iter().map(|name| format!("-n {name}"));
    let releases = selected.releases.iter().map(|name| format!("--release {name}"));
    let selector = selected.selector.iter().map(|selector| format!("-l {selector}"));
    let drivers =
        (!selected.drivers.is_empty()).then(|| format!("HELM_DRIVER={}", selected.drivers.join(",")));
    let shard = selected.shard.iter().map(|shard| format!("--shard {shard}"));
    let words: Vec<String> = namespaces
        .chain(releases)
        .chain(selector)
        .chain(drivers)
        .chain(shard)
        .collect();
    words.join(" ")
}

/// Of a release that cannot be read at all nothing is to be said every time.
fn read_in_part(baseline: &Report, report: &Report) -> Option<String> {
    let (releases, objects) = (&baseline.summary.releases, &baseline.summary.objects);
    let is_unread = releases.incomplete + releases.unreadable + objects.unknown > 0
        || baseline.errors.iter().any(|error| !error.is_absence())
        || baseline.releases.iter().any(has_unread_records);
    let has_new = report
        .summary
        .changes
        .as_ref()
        .is_some_and(|changes| changes.new > 0);
    (is_unread && has_new).then(|| {
        "the scan of the baseline could not read everything: what it did not read counts as new".to_owned()
    })
}

fn of_a_later_version(baseline: &Report) -> Option<String> {
    baseline.is_of_other_words().then(|| {
        format!(
            "the baseline was made by version {} of driftline, and has words that this one does not know: what they stand \
             for counts as new",
            short(&baseline.tool.version)
        )
    })
}

fn of_later(baseline: &Report, report: &Report) -> Option<String> {
    (baseline.started_at > report.started_at).then(|| {
        format!(
            "the baseline is of {}, which is after this scan ({}): either the two are the wrong way round, or a clock is wrong",
            minute(baseline.started_at),
            minute(report.started_at)
        )
    })
}
