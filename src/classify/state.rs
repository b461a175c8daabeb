//! The state of an object as a whole: missing, foreign, terminating, left over; known without a comparison of values.

use serde_json::Value;

use super::subject::{Role, Subject};
use crate::compare::managed_fields::Live;
use crate::manifest::desired::Ownership;
use crate::manifest::parse::is_kept;
use crate::model::ObjectReport;
use crate::object::{Gvk, ObjectKey};
use crate::policy::managers::{ManagerKind, Managers};
use crate::policy::redact::Redaction;
use crate::vocabulary::{NextUpgrade, ObjectState};

/// The verdict on an object that exists, before its values are compared.
pub(super) enum StateVerdict {
    /// Its state is the whole report.
    Report(Box<ObjectReport>),
    /// There is nothing to report.
    Nothing,
    /// It is this release's, and its values decide.
    Compare,
}

/// Judges an object by its owner, its deletion and the revision that it is expected from.
pub(super) fn verdict_by_state(subject: &Subject<'_>, live: &Live<'_>, managers: &Managers) -> StateVerdict {
    let report = |state, reason: Option<String>| {
        StateVerdict::Report(Box::new(empty_report(
            subject.key,
            subject.template,
            state,
            reason,
        )))
    };
    let ownership = Ownership::of(&live.object, subject.owner);
    let is_ours = ownership == Ownership::Ours;
    let deleted = deleted(&live.object);
    match subject.role {
        Role::Expected if !is_ours => report(
            ObjectState::Foreign,
            Some(foreign(subject, live, ownership, managers)),
        ),
        Role::Expected => match deleted {
            Some(since) => report(ObjectState::Terminating, Some(terminating(&live.object, since))),
            None => StateVerdict::Compare,
        },
        Role::Leftover if is_ours && deleted.is_none() && !is_kept(&live.object) => {
            report(ObjectState::Leftover, None)
        }
        Role::Leftover => StateVerdict::Nothing,
    }
}

/// Why an object is foreign.
fn foreign(subject: &Subject<'_>, live: &Live<'_>, ownership: Ownership<'_>, managers: &Managers) -> String {
    // The report says no more about an object in another namespace: a release record can name any object.
    let is_visible = subject
        .key
        .namespace
        .as_deref()
        .is_none_or(|namespace| namespace == subject.owner.namespace);
    let writer = || {
        let writer = last_writer(live, managers);
        writer.map_or_else(String::new, |writer| {
            format!("; last written by {writer} (claimed)")
        })
    };
    match ownership {
        Ownership::Another(owner) if is_visible => {
            format!(
                "not owned by this release: it belongs to release {}/{}{}",
                owner.namespace,
                owner.name,
                writer()
            )
        }
        Ownership::Nobody if is_visible => {
            format!("not owned by this release: it belongs to no release{}", writer())
        }
        Ownership::Another(_) | Ownership::Nobody | Ownership::Ours => "not owned by this release".to_owned(),
    }
}

/// The name and time of the last write to the object itself by Helm or a person: controllers write all the time.
fn last_writer(live: &Live<'_>, managers: &Managers) -> Option<String> {
    let entry = live
        .managed
        .iter()
        .filter(|entry| {
            entry.subresource.is_empty()
                && match managers.kind_of(&entry.manager) {
                    ManagerKind::Helm | ManagerKind::Person => true,
                    ManagerKind::Program => false,
                }
        })
        .max_by_key(|entry| entry.time)?;
    let time = entry.time.map_or_else(String::new, |time| {
        format!(" at {}", time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    });
    Some(format!("{}{time}", entry.manager))
}

/// When the object was deleted, if it is being deleted.
fn deleted(live: &Value) -> Option<&str> {
    live.pointer("/metadata/deletionTimestamp")?.as_str()
}

/// Why an object is terminating.
fn terminating(live: &Value, since: &str) -> String {
    let finalizers: Vec<&str> = live
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .map(|finalizers| finalizers.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if finalizers.is_empty() {
        format!("deleted at {since}, still terminating")
    } else {
        format!(
            "deleted at {since}, waiting for its finalizers: {}",
            finalizers.join(", ")
        )
    }
}

/// What the next upgrade does to an object in a state of its own.
///
/// Helm creates an object that is missing, and touches neither an object that it no longer names nor one that is being
/// deleted. What it does to a foreign object depends on the owners of its fields.
const fn next_upgrade(state: ObjectState) -> Option<NextUpgrade> {
    match state {
        ObjectState::Missing => Some(NextUpgrade::Revert),
        ObjectState::Terminating | ObjectState::Leftover => Some(NextUpgrade::Keep),
        ObjectState::InSync
        | ObjectState::Drifted
        | ObjectState::Foreign
        | ObjectState::Unknown
        | ObjectState::Ignored => None,
    }
}

/// The report of an object without findings.
pub fn empty_report(
    key: &ObjectKey,
    template: Option<&str>,
    state: ObjectState,
    reason: Option<String>,
) -> ObjectReport {
    let ObjectKey {
        gvk: Gvk { api_version, kind },
        namespace,
        name,
    } = key.clone();
    let redaction = Redaction::default();
    ObjectReport {
        api_version,
        kind,
        namespace,
        name,
        // Whoever writes a record or an object chooses the words of both.
        template: template.map(|template| redaction.shown_text(template)),
        state,
        reason: reason.map(|reason| redaction.shown_text(&reason)),
        next_upgrade: next_upgrade(state),
        ignored_by: None,
        findings: Vec::new(),
        patch: Vec::new(),
    }
}
