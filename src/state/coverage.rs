//! What a scan has read, and what therefore ended where it did not find it any more.
//!
//! What was not read this time is neither new nor resolved.

use std::collections::HashMap;

use super::entry::{self, Entry, Subject};
use super::memory::ReleaseId;
use crate::model::{Fingerprint, ObjectReport, ReleaseNames, ReleaseReport, Report, ReportError};
use crate::policy::selection::Selection;
use crate::report::summary::has_unread_records;
use crate::report::urgency::is_about_the_operation;
use crate::vocabulary::{Ending, HealthCode, ObjectState, Outcome, Verdict};

/// Helm's status of a release that was uninstalled with its history kept.
const UNINSTALLED: &str = "uninstalled";

/// The scopes of errors after which it is not known which releases there are. One about a single namespace is
/// `namespace/NAME`.
const ABOUT_RELEASES: [&str; 4] = ["storage", "releases", "scan", ReportError::MERGE];

/// Which releases a scan would have found.
pub(super) struct Coverage<'r> {
    report: &'r Report,
    selection: Option<Selection>,
}

impl<'r> Coverage<'r> {
    /// The coverage of a report.
    pub(super) fn of(report: &'r Report) -> Self {
        Self {
            report,
            selection: Selection::from_words(&report.selection),
        }
    }

    /// Whether a release is another shard's, which remembers it from its own scans on.
    pub(super) fn is_of_another_shard(&self, id: &ReleaseId) -> bool {
        let selection = self.selection.as_ref();
        selection.is_some_and(|selection| !selection.is_in_shard(&id.storage.namespace))
    }

    /// Whether the scan would have found a release if it were there.
    pub(super) fn has(&self, id: &ReleaseId) -> bool {
        let selected = &self.report.selection;
        let is_whole = self.report.stopped.is_none() && self.report.outcome != Outcome::Error;
        let storage = &id.storage;
        let is_driver_read = selected.drivers.is_empty() || selected.drivers.contains(&storage.driver);
        // A release that a selector does not find may have other labels now, unless it is known which it leaves out.
        let is_found_by_name = match (&selected.selector, &selected.left_out) {
            (None, _) => true,
            (Some(_), Some(left_out)) => !left_out.contains(&(storage.clone(), id.name.clone())),
            (Some(_), None) => false,
        };
        let selection = self.selection.as_ref();
        is_whole
            && is_driver_read
            && is_found_by_name
            && selection.is_some_and(|selection| selection.has_named(&storage.namespace, &id.name))
            && self.report.errors.iter().all(|error| match error.namespace() {
                Some(namespace) => namespace != storage.namespace,
                None => !ABOUT_RELEASES.contains(&&*error.scope),
            })
    }
}

/// Whether only a part of a release was read.
pub(super) fn is_partly_read(release: &ReleaseReport) -> bool {
    let mut objects = release.objects.iter();
    has_unread_records(release)
        || release.has_unread_leftovers
        || objects.any(|object| object.state == ObjectState::Unknown || !object.left_out.is_empty())
}

/// A release of a report, whose objects are found by their fingerprints.
pub(super) struct ReadRelease<'r> {
    release: &'r ReleaseReport,
    names: ReleaseNames<'r>,
    is_partly_read: bool,
    /// Whether the report lists objects in sync: a stored one may not.
    lists_in_sync: bool,
    objects: HashMap<Fingerprint, &'r ObjectReport>,
}

impl<'r> ReadRelease<'r> {
    pub(super) fn new(release: &'r ReleaseReport, names: ReleaseNames<'r>, lists_in_sync: bool) -> Self {
        let objects = release.objects.iter();
        let objects = objects.map(|object| (Fingerprint::of_object(names, object.names()), object));
        Self {
            release,
            names,
            is_partly_read: is_partly_read(release),
            lists_in_sync,
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
                // What rests on objects may be as it was where not all of them were read.
                Subject::Health if self.is_partly_read && !is_of_operation(&entry.code) => None,
                Subject::Health => Some(Ending::Over),
                Subject::Release | Subject::Object(_) | Subject::Field { .. } => self.of_all(is_upgraded),
            };
        };
        let fingerprint = Fingerprint::of_object(self.names, entry::names(object));
        let Some(object) = self.objects.get(&fingerprint) else {
            // Objects of other revisions that could not be read are not in a report.
            if self.release.has_unread_leftovers {
                return None;
            }
            // The chart no longer has it, or it is in sync and not listed.
            let is_missing = entry.code == ObjectState::Missing.as_str();
            let is_leftover = entry.code == ObjectState::Leftover.as_str();
            return Some(if is_missing && is_upgraded {
                Ending::Adopted
            } else if self.lists_in_sync || is_leftover {
                Ending::ObjectGone
            } else {
                since_upgrade(is_upgraded)
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
        let is_unread =
            objects.any(|object| object.state == ObjectState::Unknown || !object.left_out.is_empty());
        (!is_unread).then_some(since_upgrade(is_upgraded))
    }
}

/// Whether a code is about the newest operation of Helm, which the records alone tell.
fn is_of_operation(code: &str) -> bool {
    code.parse().is_ok_and(is_about_the_operation) && code != HealthCode::HalfUpgraded.as_str()
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
        _ if is_drifted && !object.left_out.is_empty() => None,
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
