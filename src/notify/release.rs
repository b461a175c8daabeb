//! A release in the words of a message: which it is, and what of it drifted.
//!
//! Names, kinds, codes and field paths, never values. Releases that drifted in the same way are told together.

use std::fmt::Write as _;

use super::list::{DetailLevel, DetailLine, ListEntry};
use super::text::{NAME, PATH, clean, fit};
use crate::classify::state::MISSING_OR_NOT_OWNED;
use crate::model::{Finding, ObjectReport, ReleaseReport, Report};
use crate::report::alike::{self, ReleaseGroup, Said};
use crate::report::urgency;
use crate::report::words::{count, period};
use crate::vocabulary::{ObjectState, Verdict};

/// The most objects that a message names of one release.
const OBJECTS: usize = 5;

/// The most fields that a message names of one object.
const FIELDS: usize = 4;

/// The most releases that a message names of those that drifted in the same way.
const NAMED: usize = 5;

/// The room for their names, in bytes inside a JSON string.
const NAMES: usize = 400;

/// One release in the words of a message.
pub(crate) struct ReleaseDigest {
    /// Namespace and name.
    pub(crate) name: String,
    /// How much of it drifted.
    pub(crate) facts: String,
    /// Objects and fields, indented.
    pub(crate) details: Vec<String>,
}

impl ReleaseDigest {
    /// Puts a release into words.
    pub(crate) fn of(release: &ReleaseReport) -> Self {
        let alone = ReleaseGroup::alone(release);
        Self {
            name: release_name(release),
            facts: release_facts(release),
            details: object_lines(&alone).into_iter().map(|line| line.text).collect(),
        }
    }
}

/// Namespace and name, and where the records are if that is elsewhere.
fn release_name(release: &ReleaseReport) -> String {
    let name = format!(
        "{}/{}",
        clean(&release.namespace, NAME),
        clean(&release.name, NAME)
    );
    if release.storage.namespace == release.namespace {
        name
    } else {
        format!("{name} (recorded in {})", clean(&release.storage.namespace, NAME))
    }
}

/// How much of a release drifted, from which revision.
fn release_facts(release: &ReleaseReport) -> String {
    let mut facts = drift_facts(release);
    if let Some(baseline) = &release.baseline {
        let _ = write!(facts, ", revision {}", baseline.revision);
    }
    facts
}

/// How much of a release drifted.
fn drift_facts(release: &ReleaseReport) -> String {
    let objects = release
        .objects
        .iter()
        .filter(|object| object.state.is_drift())
        .count();
    let findings = release
        .objects
        .iter()
        .flat_map(|object| &object.findings)
        .filter(|finding| finding.is_drift())
        .count();
    let mut facts = count(objects, "object");
    if findings > 0 {
        let _ = write!(facts, ", {}", count(findings, "field"));
    }
    facts
}

/// A release in a list.
pub(super) fn entry(release: &ReleaseReport, facts: &str, details: Vec<DetailLine>) -> ListEntry {
    ListEntry {
        namespace: release.storage.namespace.clone(),
        number: 1,
        head: format!("{}: {facts}", release_name(release)),
        details,
    }
}

/// The drifted releases, the worst first, those that drifted in the same way together.
pub(crate) fn drifted(report: &Report) -> Vec<ReleaseGroup<'_>> {
    let releases = report.releases.iter();
    let mut releases: Vec<_> = releases
        .filter(|release| release.verdict == Verdict::Drifted)
        .collect();
    releases.sort_by_cached_key(|release| {
        let name = (&release.namespace, &release.name, &release.storage);
        (urgency::order(release), name)
    });
    alike::releases(releases, Said::Drift)
}

/// The entry for releases that drifted in the same way.
pub(super) fn drifted_entry(group: &ReleaseGroup<'_>) -> ListEntry {
    let release = group.first;
    let details = object_lines(group);
    if group.len() == 1 {
        return entry(release, &release_facts(release), details);
    }
    ListEntry {
        namespace: release.storage.namespace.clone(),
        number: group.len(),
        head: format!("{}: {} each", in_the_same_way(group), drift_facts(release)),
        details,
    }
}

/// The number and the names of the releases of a group.
pub(crate) fn in_the_same_way(group: &ReleaseGroup<'_>) -> String {
    let excerpt = group.excerpt(NAMED);
    let names: Vec<_> = excerpt.named.into_iter().map(release_name).collect();
    let mut names = fit(&names.join(", "), NAMES);
    if excerpt.left_out > 0 {
        let _ = write!(names, " and {} more", excerpt.left_out);
    }
    format!("{} in the same way ({names})", count(group.len(), "release"))
}

/// The drifted objects and fields of a release, which are those of all releases of its group.
fn object_lines(group: &ReleaseGroup<'_>) -> Vec<DetailLine> {
    let release = group.first;
    let mut objects: Vec<_> = release
        .objects
        .iter()
        .enumerate()
        .filter(|(_, object)| object.state.is_drift())
        .collect();
    objects.sort_by_key(|(_, object)| (&object.kind, &object.namespace, &object.name, &object.api_version));
    let mut lines = Vec::new();
    for (position, object) in objects.iter().take(OBJECTS) {
        lines.push(DetailLine {
            shown_from: DetailLevel::Objects,
            text: object_line(release, object),
        });
        let mut findings: Vec<_> = drift(object).enumerate().collect();
        findings.sort_by_key(|(_, finding)| (&finding.path, finding.code));
        for (at, finding) in findings.iter().take(FIELDS) {
            let alike = group.counterparts(*position);
            let alike = alike.filter_map(|object| drift(object).nth(*at));
            let text = format!("    {}", field(finding, &alike.collect::<Vec<_>>()));
            lines.push(DetailLine {
                shown_from: DetailLevel::Fields,
                text,
            });
        }
        if let Some(more) = findings.len().checked_sub(FIELDS).filter(|more| *more > 0) {
            let text = format!("    and {}", count(more, "more field"));
            lines.push(DetailLine {
                shown_from: DetailLevel::Fields,
                text,
            });
        }
    }
    if let Some(more) = objects.len().checked_sub(OBJECTS).filter(|more| *more > 0) {
        lines.push(DetailLine {
            shown_from: DetailLevel::Objects,
            text: format!("  and {}", count(more, "more object")),
        });
    }
    lines
}

/// The findings of an object that a message tells.
fn drift(object: &ObjectReport) -> impl Iterator<Item = &Finding> {
    object.findings.iter().filter(|finding| finding.is_drift())
}

/// A difference, and the field manager that claims to have written it and those that are alike. Field managers are not
/// authenticated.
fn field(finding: &Finding, alike: &[&Finding]) -> String {
    let mut text = format!("{} {}", finding.code, clean(&finding.path, PATH));
    if let Some(actor) = &finding.actor {
        let _ = write!(text, ", claimed by {}", clean(&actor.manager, NAME));
        let all = std::iter::once(finding).chain(alike.iter().copied());
        if let Some((first, last)) = alike::written(all) {
            let _ = write!(text, ", {} UTC", period(first, last));
        }
    }
    if !alike.is_empty() && alike::is_unproven(finding) {
        let _ = write!(text, ", {}", alike::UNPROVEN);
    }
    text
}

/// An object and its state.
fn object_line(release: &ReleaseReport, object: &ObjectReport) -> String {
    let place = match &object.namespace {
        Some(namespace) if *namespace != release.namespace => format!("{}/", clean(namespace, NAME)),
        Some(_) | None => String::new(),
    };
    format!(
        "  {} {place}{}: {}",
        clean(&object.kind, NAME),
        clean(&object.name, NAME),
        state(object)
    )
}

/// The state of an object in the words of the report, which decides what may be told of it.
fn state(object: &ObjectReport) -> &'static str {
    match object.state {
        ObjectState::Missing if object.reason.as_deref() == Some(MISSING_OR_NOT_OWNED) => {
            MISSING_OR_NOT_OWNED
        }
        ObjectState::Foreign => "foreign, not owned by this release",
        ObjectState::InSync
        | ObjectState::Drifted
        | ObjectState::Missing
        | ObjectState::Terminating
        | ObjectState::Leftover
        | ObjectState::Unknown
        | ObjectState::Ignored => object.state.as_str(),
    }
}
