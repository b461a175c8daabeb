//! What a scan has read, and what therefore ended where it did not find it any more.
//!
//! What was not read this time is neither new nor resolved.

use std::collections::HashMap;

use super::entry::{self, Entry, Subject};
use super::memory::{ReleaseId, State};
use crate::model::{Fingerprint, ObjectReport, ReleaseNames, ReleaseReport, Report};
use crate::policy::selection::Selection;
use crate::report::summary::has_unread_records;
use crate::vocabulary::{Ending, HealthCode, ObjectState, Outcome, Verdict};

/// Helm's status of a release that was uninstalled with its history kept.
const UNINSTALLED: &str = "uninstalled";

/// The scopes of errors that say nothing about which releases there are.
const ABOUT_OTHER_THINGS: [&str; 5] = ["discovery", "orphans", "selection", "rights", "values"];

/// Which releases a scan would have found.
pub(super) struct Coverage<'r> {
    report: &'r Report,
    selection: Option<Selection>,
    is_same_selector: bool,
}

impl<'r> Coverage<'r> {
    /// The coverage of a report, beside what an earlier scan was about.
    pub(super) fn of(report: &'r Report, state: &State) -> Self {
        Self {
            report,
            selection: Selection::from_words(&report.selection),
            is_same_selector: state.selector == report.selection.selector,
        }
    }

    /// Whether the scan would have found a release if it were there.
    pub(super) fn has(&self, release: &ReleaseId) -> bool {
        let is_whole = self.report.stopped.is_none() && self.report.outcome != Outcome::Error;
        let selection = self.selection.as_ref();
        is_whole
            && self.is_same_selector
            && selection
                .is_some_and(|selection| selection.has_named(&release.storage.namespace, &release.name))
            && self
                .report
                .errors
                .iter()
                .all(|error| match error.scope.strip_prefix("namespace/") {
                    Some(namespace) => namespace != release.storage.namespace,
                    None => ABOUT_OTHER_THINGS.contains(&&*error.scope),
                })
    }
}

/// A release of a report, whose objects are found by their fingerprints.
pub(super) struct ReadRelease<'r> {
    release: &'r ReleaseReport,
    names: ReleaseNames<'r>,
    objects: HashMap<Fingerprint, &'r ObjectReport>,
}

impl<'r> ReadRelease<'r> {
    pub(super) fn new(release: &'r ReleaseReport, names: ReleaseNames<'r>) -> Self {
        let objects = release.objects.iter();
        let objects = objects.map(|object| (Fingerprint::of_object(names, object.names()), object));
        Self {
            release,
            names,
            objects: objects.collect(),
        }
    }

    /// How something that is no longer found ended; `None` where it is not known that it did.
    ///
    /// `revision` is the baseline with which it was found.
    pub(super) fn ending(&self, entry: &Entry, revision: Option<u64>) -> Option<Ending> {
        let release = self.release;
        let is_uninstalled = release.baseline.is_none() && release.latest.status == UNINSTALLED;
        if is_uninstalled && release.verdict != Verdict::Unreadable {
            return Some(Ending::ReleaseGone);
        }
        // While an operation runs, what it explains is no drift, and what it has not reached yet may be none.
        let is_changing = release
            .health
            .iter()
            .any(|entry| entry.code == HealthCode::InProgress);
        if is_changing || release.verdict == Verdict::Unreadable || has_unread_records(release) {
            return None;
        }
        let is_upgraded = release.baseline.as_ref().map(|baseline| baseline.revision) != revision;
        let Some(object) = entry.subject.object() else {
            return match entry.subject {
                Subject::Health => Some(Ending::Over),
                Subject::Release | Subject::Object(_) | Subject::Field { .. } => self.of_all(is_upgraded),
            };
        };
        let fingerprint = Fingerprint::of_object(self.names, entry::names(object));
        let Some(object) = self.objects.get(&fingerprint) else {
            // The chart no longer has it.
            let is_missing = entry.code == ObjectState::Missing.as_str();
            return Some(if is_missing && is_upgraded {
                Ending::Adopted
            } else {
                Ending::ObjectGone
            });
        };
        match &entry.subject {
            Subject::Field { path, .. } => of_field(entry, path, object, is_upgraded),
            Subject::Object(_) | Subject::Release | Subject::Health => {
                of_object(&entry.code, object, is_upgraded)
            }
        }
    }

    /// How all that drifted in the release ended.
    fn of_all(&self, is_upgraded: bool) -> Option<Ending> {
        let mut objects = self.release.objects.iter();
        let is_unread = objects.any(|object| object.state == ObjectState::Unknown);
        (!is_unread).then_some(since_upgrade(is_upgraded))
    }
}

/// How something ended that is in sync now.
const fn since_upgrade(is_upgraded: bool) -> Ending {
    if is_upgraded {
        Ending::Upgraded
    } else {
        Ending::Reverted
    }
}

/// How the state of an object ended, or all that drifted in it.
fn of_object(code: &str, object: &ObjectReport, is_upgraded: bool) -> Option<Ending> {
    let is_drifted = code == ObjectState::Drifted.as_str();
    match object.state {
        ObjectState::Unknown => None,
        ObjectState::Ignored => Some(Ending::Ignored),
        _ if object.ignored_by.is_some() => Some(Ending::Ignored),
        ObjectState::InSync if is_drifted => Some(since_upgrade(is_upgraded)),
        ObjectState::Missing | ObjectState::Terminating | ObjectState::Foreign | ObjectState::Leftover
            if is_drifted =>
        {
            Some(Ending::ObjectGone)
        }
        // The chart has it again.
        _ if code == ObjectState::Leftover.as_str() && is_upgraded => Some(Ending::Adopted),
        ObjectState::InSync
        | ObjectState::Drifted
        | ObjectState::Missing
        | ObjectState::Terminating
        | ObjectState::Foreign
        | ObjectState::Leftover => Some(Ending::Reverted),
    }
}

/// How the difference of a field ended.
fn of_field(entry: &Entry, path: &str, object: &ObjectReport, is_upgraded: bool) -> Option<Ending> {
    match object.state {
        ObjectState::Unknown => return None,
        ObjectState::Missing | ObjectState::Terminating | ObjectState::Foreign | ObjectState::Leftover => {
            return Some(Ending::ObjectGone);
        }
        ObjectState::InSync | ObjectState::Drifted | ObjectState::Ignored => {}
    }
    if object.ignored_by.is_some() {
        return Some(Ending::Ignored);
    }
    let mut at_path = object.findings.iter().filter(|finding| finding.path == *path);
    if let Some(finding) = at_path.next() {
        return Some(match finding.ignored_by {
            Some(_) => Ending::Ignored,
            None => Ending::Expected,
        });
    }
    // It may be one of those that are not listed.
    if !object.left_out.is_empty() {
        return None;
    }
    if !is_upgraded {
        return Some(Ending::Reverted);
    }
    let mut seen = object.seen_again.iter().filter(|seen| seen.path == *path);
    Some(match (seen.next(), entry.live) {
        (Some(seen), Some(_)) if seen.is_as_before => Ending::Adopted,
        (Some(_), Some(_)) => Ending::Reverted,
        (Some(_) | None, _) => Ending::Upgraded,
    })
}
