//! What is new or changed since the scan that a report is compared with, with links to where the page tells it.

use super::budget::{Capped, PATH, capped};
use crate::model::{ReleaseReport, Report, Tracked};
use crate::report::text::objects::Overview;
use crate::report::text::safe::Safe;
use crate::report::text::{Detail, TextOptions, overview};
use crate::report::urgency::{self, Weight};
use crate::report::words::news;
use crate::vocabulary::{ChangeStatus, HealthSeverity, ObjectState};

/// How many entries stand above the releases.
const ENTRIES: usize = 20;

/// One thing that is new or changed.
pub(super) struct News {
    /// Whether it is new or changed.
    pub(super) status: &'static str,
    /// The code of the health entry or the finding, or the state of the object.
    pub(super) code: &'static str,
    /// Whether it is a critical state of its release.
    pub(super) is_critical: bool,
    /// The anchor of what tells it.
    pub(super) anchor: String,
    /// The release.
    pub(super) release: Safe,
    /// The object, where it is about one.
    pub(super) object: Option<Safe>,
    /// The path of the field, where it is about one.
    pub(super) path: Option<Safe>,
}

/// Where something is in the report, by positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Health(usize),
    Object(usize),
    Finding(usize, usize),
}

/// The anchor of a release, which has this position in the report.
pub(super) fn release_anchor(release: usize) -> String {
    format!("release-{release}")
}

/// The anchor of an object, by its position in its release.
pub(super) fn object_anchor(release: usize, object: usize) -> String {
    format!("release-{release}-object-{object}")
}

/// The anchor of a health entry that is new or changed; nothing leads to others.
pub(super) fn health_anchor(release: usize, entry: usize, tracked: &Tracked) -> Option<String> {
    is_news(tracked).then(|| format!("release-{release}-health-{entry}"))
}

/// The anchor of a finding that is new or changed; nothing leads to others.
pub(super) fn finding_anchor(
    release: usize,
    object: usize,
    finding: usize,
    tracked: &Tracked,
) -> Option<String> {
    is_news(tracked).then(|| format!("release-{release}-object-{object}-finding-{finding}"))
}

fn is_news(tracked: &Tracked) -> bool {
    match tracked.status {
        Some(ChangeStatus::New | ChangeStatus::Changed) => true,
        Some(ChangeStatus::Ongoing) | None => false,
    }
}

/// What is new or changed, the worst first. These are the things that the counts of the report count.
pub(super) fn of(report: &Report, options: &TextOptions) -> Capped<News> {
    let mut found: Vec<(Weight, usize, Place)> = Vec::new();
    for (id, release) in report.releases.iter().enumerate() {
        found.extend(places(release).map(|(weight, place)| (weight, id, place)));
    }
    found.sort_unstable();
    let told = found.into_iter().filter_map(|(weight, id, place)| {
        let release = report.releases.get(id)?;
        Some((weight, id, release, place))
    });
    let listed = capped(told, ENTRIES);
    let entries = listed.shown.into_iter();
    Capped {
        shown: entries
            .filter_map(|(weight, id, release, place)| entry(weight, id, release, place, options))
            .collect(),
        left_out: listed.left_out,
    }
}

/// The places of a release that are new or changed, and how much each matters.
fn places(release: &ReleaseReport) -> impl Iterator<Item = (Weight, Place)> + '_ {
    let health = release.health.iter().enumerate();
    let health = health.filter_map(|(at, entry)| {
        let weight = match entry.severity {
            HealthSeverity::Critical => Weight::Critical,
            HealthSeverity::Warning => Weight::Warning,
            HealthSeverity::Info => return None,
        };
        is_news(&entry.tracked).then_some((weight, Place::Health(at)))
    });
    let objects = release.objects.iter().enumerate();
    let objects = objects.flat_map(|(at, object)| {
        // Of a drifted object, its findings say it.
        let is_told = object.state != ObjectState::Drifted && is_news(&object.tracked);
        let whole = is_told.then(|| (urgency::of_object(object), Place::Object(at)));
        let findings = object.findings.iter().enumerate();
        let findings = findings.filter(|(_, finding)| finding.is_drift() && is_news(&finding.tracked));
        whole.into_iter().chain(
            findings.map(move |(index, finding)| (urgency::of_finding(finding), Place::Finding(at, index))),
        )
    });
    health.chain(objects)
}

fn entry(
    weight: Weight,
    id: usize,
    release: &ReleaseReport,
    place: Place,
    options: &TextOptions,
) -> Option<News> {
    let told = match place {
        Place::Health(at) => Told::Health(release.health.get(at)?),
        Place::Object(at) => Told::Object(release.objects.get(at)?, None),
        Place::Finding(at, index) => {
            let object = release.objects.get(at)?;
            Told::Object(object, Some(object.findings.get(index)?))
        }
    };
    let (code, tracked) = match told {
        Told::Health(entry) => (entry.code.as_str(), &entry.tracked),
        Told::Object(object, None) => (object.state.as_str(), &object.tracked),
        Told::Object(_, Some(finding)) => (finding.code.as_str(), &finding.tracked),
    };
    let (object, path) = match told {
        Told::Health(_) => (None, None),
        Told::Object(object, finding) => (
            Some(options.safe(&overview::title(release, object))),
            finding.map(|finding| Safe::of(&finding.path, options.medium).cut_front(PATH)),
        ),
    };
    Some(News {
        status: news(tracked)?,
        code,
        is_critical: weight == Weight::Critical,
        anchor: anchor(id, release, place, tracked, options),
        release: options.safe(&release.full_name()),
        object,
        path,
    })
}

/// A health entry, or an object and one of its findings.
#[derive(Clone, Copy)]
enum Told<'r> {
    Health(&'r crate::model::Health),
    Object(&'r crate::model::ObjectReport, Option<&'r crate::model::Finding>),
}

/// The anchor of the nearest thing that the page has about a place.
fn anchor(
    id: usize,
    release: &ReleaseReport,
    place: Place,
    tracked: &Tracked,
    options: &TextOptions,
) -> String {
    if options.detail == Detail::Summary {
        return release_anchor(id);
    }
    // Objects that differ in the same way are told by the first of them.
    let first = |object: usize| {
        let groups = Overview::of(release).alike;
        let group = groups.into_iter().find(|group| group.contains(&object));
        group.and_then(|group| group.first().copied()).unwrap_or(object)
    };
    let exact = match place {
        Place::Health(at) if at < super::budget::ENTRIES => health_anchor(id, at, tracked),
        Place::Health(_) => None,
        Place::Object(at) => Some(object_anchor(id, first(at))),
        Place::Finding(at, index) => {
            let told_by = first(at);
            // The page has the status of the object that tells the group.
            let told = release.objects.get(told_by);
            let told = told.and_then(|object| object.findings.get(index));
            let finding = told
                .filter(|_| index < super::budget::FINDINGS)
                .and_then(|finding| finding_anchor(id, told_by, index, &finding.tracked));
            Some(finding.unwrap_or_else(|| object_anchor(id, told_by)))
        }
    };
    exact.unwrap_or_else(|| release_anchor(id))
}
