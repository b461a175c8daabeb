//! One object of a release, and its differences.

use askama::Template;
use chrono::{DateTime, Utc};

use super::budget::{Capped, FINDINGS, OBJECT_LINES, PATCH, PATH, capped};
use super::glossary::Code;
use super::news;
use super::values::{self, Shown};
use crate::model::{Finding, ObjectReport, ReleaseReport};
use crate::report::alike::{self, ReleaseGroup};
use crate::report::sanitize::escape_json;
use crate::report::text::objects::Overview;
use crate::report::text::safe::Safe;
use crate::report::text::{TextOptions, changes, fields, upgrade};
use crate::report::words::count;
use crate::vocabulary::{FindingCode, ObjectState, Severity};

/// An object as the page shows it.
#[derive(Template)]
#[template(path = "report/html/object.html", whitespace = "minimize")]
pub(super) struct ObjectView {
    id: String,
    state: &'static str,
    anchor: String,
    /// Whether its details are shown from the beginning.
    is_open: bool,
    title: Safe,
    /// The objects that differ in the same way.
    others: Capped<Safe>,
    reason: Option<Safe>,
    /// What earlier scans say of it.
    remark: Option<Safe>,
    /// The effect of the next upgrade on it.
    upgrade: Option<Safe>,
    template: Option<Safe>,
    ignored_by: Option<String>,
    differences: Option<String>,
    findings: Vec<FindingView>,
    /// What is said of the findings that are not shown.
    left_out: Option<String>,
    patch: Patch,
}

/// The patch that takes an object back to what Helm deployed.
enum Patch {
    /// There is none.
    None,
    /// It is too long.
    TooLong,
    /// As JSON, in lines that are safe in a log.
    Json(String),
}

/// A difference as the page shows it.
struct FindingView {
    /// Its anchor, where anything leads to it.
    id: Option<String>,
    code: &'static str,
    anchor: String,
    is_drift: bool,
    path: Safe,
    values: Shown,
    /// What is known of it besides, the effect of the next upgrade first.
    upgrade: Option<Safe>,
    remarks: Vec<Safe>,
}

/// Where objects are shown.
pub(super) struct Place<'r> {
    /// The position of the release in the report.
    pub(super) id: usize,
    /// The release.
    pub(super) release: &'r ReleaseReport,
    /// What its objects have in common.
    pub(super) overview: &'r Overview<'r>,
    /// When the scan began.
    pub(super) now: DateTime<Utc>,
    /// How text is shown.
    pub(super) options: &'r TextOptions,
}

impl ObjectView {
    /// The object at this position of its release, and the others that differ in the same way.
    pub(super) fn of(
        place: &Place<'_>,
        position: usize,
        object: &ObjectReport,
        others: &[&ObjectReport],
    ) -> Self {
        let options = place.options;
        let all: Vec<&ObjectReport> = std::iter::once(object).chain(others.iter().copied()).collect();
        let findings = capped(0..object.findings.len(), FINDINGS);
        let hidden = findings.left_out;
        let title = |object: &ObjectReport| options.safe(&place.overview.title(object));
        // Of a drifted object, its findings say it.
        let remark = (object.state != ObjectState::Drifted)
            .then(|| changes::remark(&object.tracked, Some(place.now)))
            .flatten();
        let mut room = OBJECT_LINES;
        let left_out = hidden + object.left_out.total();
        Self {
            id: news::object_anchor(place.id, position),
            state: object.state.as_str(),
            anchor: Code::State(object.state).anchor(),
            is_open: object.state.is_drift(),
            title: title(object),
            others: capped(others.iter().map(|object| title(object)), super::budget::ENTRIES),
            reason: object.reason.as_deref().map(|reason| options.safe(reason)),
            remark: remark.map(|remark| options.safe(&remark)),
            upgrade: upgrade::of_object(object, options).map(|line| line.said()),
            template: object.template.as_deref().map(|template| options.safe(template)),
            ignored_by: object.ignored_by.map(|by| format!("ignored by {by}")),
            differences: (!object.findings.is_empty())
                .then(|| count(object.findings.len() + object.left_out.total(), "difference")),
            findings: findings
                .shown
                .into_iter()
                .map(|at| finding(place, position, &all, at, &mut room))
                .collect(),
            left_out: (left_out > 0).then(|| left_out_sentence(left_out, hidden)),
            patch: patch(object),
        }
    }
}

/// What is said of differences that are not shown: the JSON report has those that the page leaves out, and no report has
/// those that the scan left out.
fn left_out_sentence(left_out: usize, by_the_page: usize) -> String {
    let more = count(left_out, "more difference");
    if by_the_page == 0 {
        format!("{more} of this object, too many to list")
    } else {
        format!("{more} of this object, left out of this page; the JSON report has {by_the_page} of them")
    }
}

/// The difference at this position of objects that differ in the same way, of which the first one has a position, too.
fn finding(
    place: &Place<'_>,
    position: usize,
    objects: &[&ObjectReport],
    at: usize,
    room: &mut usize,
) -> FindingView {
    let finding = &objects[0].findings[at];
    let findings: Vec<&Finding> = objects
        .iter()
        .filter_map(|object| object.findings.get(at))
        .collect();
    let options = place.options;
    let values = values::of(finding, room, options);
    let mut remarks: Vec<Safe> = Vec::new();
    let known = changes::remark(&finding.tracked, Some(place.now));
    remarks.extend(known.map(|text| options.safe(&text)));
    if let Some(by) = finding.ignored_by {
        remarks.push(options.safe(&format!("ignored by {by}")));
    }
    remarks.extend(fields::origin(
        &ReleaseGroup::alone(place.release),
        finding,
        options,
    ));
    let actor = finding.actor.as_ref();
    remarks
        .extend(actor.map(|actor| options.safe(&format!("by {}", fields::actor(actor, &findings, options)))));
    if findings.len() > 1 && alike::is_unproven(finding) {
        remarks.push(Safe::from(alike::UNPROVEN));
    }
    let (has_lines, is_cut) = match &values {
        Shown::Instead(_) => (false, false),
        Shown::Lines(_) => (true, false),
        Shown::Sides(sides) => (false, sides.is_cut),
    };
    if finding.redacted && has_lines {
        remarks.push(Safe::from("parts redacted"));
    }
    if finding.shortened || is_cut {
        remarks.push(Safe::from("long value, shown in part"));
    }
    remarks.extend(fields::to_keep(finding, options));
    remarks.extend(finding.confirmed.map(|confirmed| {
        Safe::from(if confirmed {
            "confirmed (server dry run)"
        } else {
            "not drift (server dry run)"
        })
    }));
    // The API server drops the field at every write, so the next upgrade changes nothing.
    let next = upgrade::of_field(finding, options).filter(|_| finding.code != FindingCode::Pruned);
    FindingView {
        id: news::finding_anchor(place.id, position, at, &finding.tracked),
        code: finding.code.as_str(),
        anchor: Code::Finding(finding.code).anchor(),
        is_drift: finding.severity == Severity::Drift,
        path: Safe::of(&finding.path, options.medium).cut_front(PATH),
        values,
        upgrade: next.map(|line| line.said()),
        remarks,
    }
}

/// The patch of an object. A parser reads the same from it as from the JSON report.
fn patch(object: &ObjectReport) -> Patch {
    if object.patch.is_empty() {
        return Patch::None;
    }
    match serde_json::to_string_pretty(&object.patch) {
        Ok(json) if json.len() <= PATCH => {
            let lines: Vec<_> = json.lines().map(escape_json).collect();
            Patch::Json(lines.join("\n"))
        }
        Ok(_) | Err(_) => Patch::TooLong,
    }
}
