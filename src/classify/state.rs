//! The state of an object as a whole: missing, foreign, terminating, left over; known without a comparison of values.

use serde_json::Value;

use super::subject::{Role, Subject};
use crate::compare::managed_fields::Live;
use crate::manifest::parse::is_kept;
use crate::manifest::standing::{Place, Standing};
use crate::model::{FindingCounts, ObjectReport, Tracked};
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
    /// It may not be told that the object exists.
    Absent,
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
    let standing = Standing::of(&live.object, subject.key, subject.owner);
    let deleted = deleted(&live.object);
    match (subject.role, standing) {
        (_, Standing::Unproven) => StateVerdict::Absent,
        (Role::Expected, Standing::Another(owner)) => {
            let whose = format!("release {}/{}", owner.namespace, owner.name);
            report(
                ObjectState::Foreign,
                Some(foreign(subject, live, &whose, managers)),
            )
        }
        (Role::Expected, Standing::Nobody) => report(
            ObjectState::Foreign,
            Some(foreign(subject, live, NO_RELEASE, managers)),
        ),
        (Role::Expected, Standing::Ours) => match deleted {
            Some(since) => report(ObjectState::Terminating, Some(terminating(&live.object, since))),
            None => StateVerdict::Compare,
        },
        (Role::Leftover, Standing::Ours) if deleted.is_none() && !is_kept(&live.object) => {
            report(ObjectState::Leftover, None)
        }
        (Role::Leftover, Standing::Ours | Standing::Another(_) | Standing::Nobody) => StateVerdict::Nothing,
    }
}

/// The report of an object that does not exist; `None` where nobody expects it to. In another namespace it may as well be
/// one that is not the release's: see [`crate::manifest::standing`].
pub(super) fn absent(subject: &Subject<'_>) -> Option<ObjectReport> {
    let place = Place::of(subject.key, subject.owner);
    let report = |state, reason| Some(empty_report(subject.key, subject.template, state, reason));
    let or_not_owned = match place {
        Place::Own | Place::Cluster => "",
        Place::Other => ", or not owned by this release",
    };
    match subject.role {
        Role::Leftover => None,
        Role::Expected if subject.expires => {
            let reason =
                format!("removed by its ttlSecondsAfterFinished, as a finished Job is{or_not_owned}");
            report(ObjectState::InSync, Some(reason))
        }
        Role::Expected => {
            let reason = (place == Place::Other).then(|| MISSING_OR_NOT_OWNED.to_owned());
            report(ObjectState::Missing, reason)
        }
    }
}

/// The reason beside an object that is missing in another namespace than the release's.
pub const MISSING_OR_NOT_OWNED: &str = "missing or not owned by this release";

/// Why an object is foreign. Of a cluster-scoped one only the owner is told.
fn foreign(subject: &Subject<'_>, live: &Live<'_>, whose: &str, managers: &Managers) -> String {
    let writer = match Place::of(subject.key, subject.owner) {
        Place::Own => last_writer(live, managers),
        Place::Other | Place::Cluster => None,
    };
    let writer = writer.map_or_else(String::new, |writer| {
        format!("; last written by {writer} (claimed)")
    });
    format!("{NOT_OWNED}{whose}{writer}")
}

/// How the reason of a foreign object begins.
const NOT_OWNED: &str = "not owned by this release: it belongs to ";

/// What stands in place of an owner.
const NO_RELEASE: &str = "no release";

/// Whether a reason says that an object is nobody's.
pub fn is_nobodys(reason: &str) -> bool {
    reason
        .strip_prefix(NOT_OWNED)
        .is_some_and(|whose| whose.starts_with(NO_RELEASE))
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
/// Helm does not touch an object that it no longer names, and what it writes to one that is being deleted goes with it. What
/// it does to an object that is missing or foreign depends on more than the state.
const fn next_upgrade(state: ObjectState) -> Option<NextUpgrade> {
    match state {
        ObjectState::Terminating | ObjectState::Leftover => Some(NextUpgrade::Keep),
        ObjectState::InSync
        | ObjectState::Drifted
        | ObjectState::Missing
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
        tracked: Tracked::default(),
        reason: reason.map(|reason| redaction.shown_text(&reason)),
        next_upgrade: next_upgrade(state),
        next_upgrade_reason: None,
        ignored_by: None,
        findings: Vec::new(),
        left_out: FindingCounts::default(),
        patch: Vec::new(),
        seen_again: Vec::new(),
        shadowed_rules: Vec::new(),
    }
}
