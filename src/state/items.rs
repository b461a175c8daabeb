//! What a report says of one release, item by item: what is compared with what is remembered.

use std::collections::BTreeMap;

use serde_json::Value;

use super::digest::{Hash, Salt};
use super::entry::{Item, Subject};
use crate::model::{Finding, Fingerprint, Health, ObjectReport, ReleaseNames, ReleaseReport, ResolvedObject};
use crate::report::urgency::is_about_the_operation;
use crate::vocabulary::{HealthCode, HealthSeverity, MemoryDetail, ObjectState};

/// The items of a release, as a memory of this detail has them, by their fingerprints. What has the same fingerprint, such
/// as two differences at one path, is one item.
pub(super) fn of(
    release: &ReleaseReport,
    names: ReleaseNames<'_>,
    salt: &Salt,
    detail: MemoryDetail,
) -> BTreeMap<Fingerprint, Item> {
    let health = release.health.iter().filter(|entry| !is_gap(entry));
    let health = health.map(|entry| of_health(release, entry, salt));
    let objects = release.objects.iter().flat_map(|object| of_object(object, salt));
    let fields = together(health.chain(objects), names, salt);
    // Step by step, as a memory that is too large is reduced.
    let at = |items: BTreeMap<Fingerprint, Item>, detail| {
        together(items.into_values().map(|item| item.at(detail)), names, salt)
    };
    match detail {
        MemoryDetail::Fields => fields,
        MemoryDetail::Objects => at(fields, MemoryDetail::Objects),
        MemoryDetail::Releases => at(at(fields, MemoryDetail::Objects), MemoryDetail::Releases),
    }
}

/// The fingerprint by which a memory of this detail knows something: its own, that of its object or that of its release.
pub(super) fn key(
    detail: MemoryDetail,
    own: Option<Fingerprint>,
    of_object: Option<Fingerprint>,
    of_release: Option<Fingerprint>,
) -> Option<Fingerprint> {
    match detail {
        MemoryDetail::Fields => own,
        MemoryDetail::Objects => of_object,
        MemoryDetail::Releases => of_release,
    }
}

/// Items by their fingerprints, those together that have the same.
fn together(
    items: impl Iterator<Item = Item>,
    names: ReleaseNames<'_>,
    salt: &Salt,
) -> BTreeMap<Fingerprint, Item> {
    let mut all: BTreeMap<Fingerprint, (Item, Vec<Hash>)> = BTreeMap::new();
    for item in items {
        let fingerprint = item.subject.fingerprint(names, &item.code);
        let content = item.content;
        let (known, contents) = all
            .entry(fingerprint)
            .or_insert_with(|| (item.clone(), Vec::new()));
        known.matters |= item.matters;
        known.is_omitted |= item.is_omitted;
        contents.push(content);
    }
    let one = |(mut item, contents): (Item, Vec<Hash>)| {
        if contents.len() > 1 {
            (item.content, item.live) = (salt.of_all(contents), None);
        }
        item
    };
    all.into_iter().map(|(key, items)| (key, one(items))).collect()
}

/// Whether a health entry only says what was not read: the scan ended before, or nobody needs the record. What is remembered of
/// the release stays as it is.
fn is_gap(entry: &Health) -> bool {
    entry.code == HealthCode::Undecodable && entry.severity == HealthSeverity::Info
}

fn of_health(release: &ReleaseReport, entry: &Health, salt: &Salt) -> Item {
    // An operation that failed again is another failure. What holds whichever revision is the newest is the same.
    let revision = if is_about_the_operation(entry.code) {
        release.latest.revision
    } else {
        0
    };
    let parts = [
        entry.code.as_str().as_bytes(),
        entry.severity.as_str().as_bytes(),
        &revision.to_be_bytes(),
    ];
    Item {
        subject: Subject::Health,
        code: entry.code.to_string(),
        content: salt.hash(parts),
        live: None,
        matters: entry.severity > HealthSeverity::Info,
        is_omitted: false,
    }
}

fn of_object<'r>(object: &'r ObjectReport, salt: &'r Salt) -> impl Iterator<Item = Item> + 'r {
    let state = match object.state {
        ObjectState::Missing | ObjectState::Terminating | ObjectState::Foreign | ObjectState::Leftover => {
            Some(object.state)
        }
        // The findings say it, or nothing is known of the object.
        ObjectState::InSync | ObjectState::Drifted | ObjectState::Unknown | ObjectState::Ignored => None,
    };
    let state = state.map(|state| Item {
        subject: Subject::Object(names_of(object)),
        code: state.to_string(),
        content: salt.hash([state.as_str().as_bytes()]),
        live: None,
        matters: true,
        is_omitted: false,
    });
    // Of drift that is not listed, the number is all that is known.
    let left_out = (object.left_out.drift > 0).then(|| Item {
        subject: Subject::Object(names_of(object)),
        code: ObjectState::Drifted.to_string(),
        content: salt.hash([&object.left_out.drift.to_be_bytes()[..]]),
        live: None,
        matters: true,
        is_omitted: false,
    });
    let findings = object.findings.iter().filter(|finding| is_remembered(finding));
    let findings = findings.map(move |finding| of_finding(object, finding, salt));
    state.into_iter().chain(left_out).chain(findings)
}

/// Whether a finding is remembered: what the operator ignores is not, nor what every healthy cluster has.
pub(super) fn is_remembered(finding: &Finding) -> bool {
    finding.ignored_by.is_none() && !finding.is_expected()
}

fn of_finding(object: &ObjectReport, finding: &Finding, salt: &Salt) -> Item {
    let text = |value: &Option<Value>| value.as_ref().map(ToString::to_string);
    let (desired, live) = (text(&finding.desired), text(&finding.live));
    let bytes = |text: &Option<String>| match text {
        Some(text) => [b"=", text.as_bytes()].concat(),
        None => Vec::new(),
    };
    let parts = [
        finding.code.as_str().as_bytes().to_vec(),
        finding.severity.as_str().as_bytes().to_vec(),
        bytes(&desired),
        bytes(&live),
    ];
    let is_whole = !finding.redacted && !finding.shortened && !finding.omitted;
    Item {
        subject: Subject::Field {
            object: names_of(object),
            path: finding.path.clone(),
            pointer: finding.pointer.clone(),
        },
        code: finding.code.to_string(),
        content: salt.hash(parts.iter().map(Vec::as_slice)),
        live: is_whole.then(|| of_value(finding.live.as_ref(), salt)),
        matters: finding.is_drift(),
        is_omitted: finding.omitted,
    }
}

/// The hash of a live value, or of there being none.
pub(super) fn of_value(value: Option<&Value>, salt: &Salt) -> Hash {
    match value {
        Some(value) => salt.hash([&b"="[..], value.to_string().as_bytes()]),
        None => salt.hash([]),
    }
}

fn names_of(object: &ObjectReport) -> ResolvedObject {
    ResolvedObject {
        api_version: object.api_version.clone(),
        kind: object.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}
