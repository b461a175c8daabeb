//! From differences to what a report shows of them: findings and the patch, without values that must stay hidden.

use serde_json::Value;

use super::attributed::Attributed;
use super::next_upgrade::Prediction;
use super::subject::{Subject, Visibility};
use crate::compare::patch::patch_of;
use crate::compare::path::FieldPath;
use crate::compare::three_way::Change;
use crate::model::{Actor, Finding, Tracked};
use crate::object::Gvk;
use crate::policy::Policy;
use crate::policy::redact::{FieldRedaction, HIDDEN, Hidden, Redaction};
use crate::vocabulary::{FindingCode, NextUpgrade};

/// One difference as the report shows it.
pub(super) fn finding(
    subject: &Subject<'_>,
    attributed: &Attributed,
    prediction: &Prediction,
    policy: &Policy,
    redaction: &FieldRedaction<'_>,
) -> Finding {
    let change = &attributed.change;
    let mut redacted = false;
    let mut shown = |value: &Option<Value>| {
        let (value, hidden) = match (subject.values, value.as_ref()?) {
            (Visibility::Shown, value) => redaction.value(value),
            (Visibility::Hidden, _) => (HIDDEN.into(), Hidden::Partly),
        };
        redacted |= hidden == Hidden::Partly;
        Some(value)
    };
    let (previous, desired, live) = (
        shown(&change.previous),
        shown(&change.desired),
        shown(&change.live),
    );
    let becomes = match prediction {
        Prediction::Becomes(Some(value)) => shown(&Some(value.clone())),
        Prediction::Becomes(None) => Some(Value::Null),
        Prediction::Revert
        | Prediction::Keep
        | Prediction::Conflict(_)
        | Prediction::Refused(_)
        | Prediction::Unknown(_) => None,
    };
    let (next_upgrade, reason) = prediction.said();
    let severity = policy.severity(change.code);
    let actor = attributed.actor.clone();
    let actor = actor.map(|actor| shown_actor(actor, policy));
    let message = message(attributed, actor.as_ref());
    Finding {
        code: change.code,
        severity: attributed.severity.map_or(severity, |lower| severity.max(lower)),
        tracked: Tracked::default(),
        path: redaction.path(&change.path),
        pointer: redaction.pointer(&change.pointer),
        previous,
        desired,
        live,
        redacted,
        shortened: false,
        omitted: false,
        from_revision: change.from_revision,
        actor,
        ignored_by: None,
        confirmed: None,
        next_upgrade,
        next_upgrade_reason: reason.map(|reason| policy.redaction.shown_text(reason)),
        becomes,
        kept_by: None,
        no_key: None,
        message,
    }
}

/// The value at a path of an object as a report shows it; `None` where it, or a part of it, is hidden.
pub fn shown_value(
    redaction: &Redaction,
    gvk: &Gvk,
    object: &Value,
    path: &FieldPath,
    value: &Value,
) -> Option<Value> {
    let fields = redaction.fields(gvk, &[object], std::iter::once(path));
    let (shown, hidden) = fields.first()?.value(value);
    (hidden == Hidden::Nothing).then_some(shown)
}

impl Prediction {
    /// The word for it, and the reason beside the word or in its place.
    pub(super) fn said(&self) -> (Option<NextUpgrade>, Option<&str>) {
        match self {
            Self::Revert => (Some(NextUpgrade::Revert), None),
            Self::Keep => (Some(NextUpgrade::Keep), None),
            Self::Becomes(_) => (Some(NextUpgrade::Becomes), None),
            Self::Conflict(owners) => (Some(NextUpgrade::Conflict), Some(owners)),
            Self::Refused(rule) => (Some(NextUpgrade::Refused), Some(rule)),
            Self::Unknown(reason) => (None, Some(reason)),
        }
    }
}

/// A writer as the report names it: anybody can write a secret into the name of a field manager.
pub(super) fn shown_actor(actor: Actor, policy: &Policy) -> Actor {
    Actor {
        manager: policy.redaction.shown_text(&actor.manager),
        ..actor
    }
}

/// The sentence about a difference by this writer, as the report names it.
fn message(attributed: &Attributed, actor: Option<&Actor>) -> String {
    let code = attributed.change.code;
    match (code, actor, &attributed.about) {
        (FindingCode::ControllerOwned, Some(actor), Some(about)) => format!("{} {about}", actor.manager),
        (_, _, _) => attributed.note.unwrap_or_else(|| code.message()).to_owned(),
    }
}

/// The patch of an object's drift, without the values and paths that may not be shown.
pub(super) fn shown_patch<'c>(drift: impl Iterator<Item = (&'c Finding, &'c Change)>) -> Vec<Value> {
    // A path that is shown in another form than its own has a part that may not be shown.
    let shown = drift.filter(|(finding, change)| {
        !finding.redacted && !finding.shortened && !finding.omitted && finding.path == change.path.to_string()
    });
    match serde_json::to_value(patch_of(shown.map(|(_, change)| change))) {
        Ok(Value::Array(operations)) => operations,
        Ok(_) | Err(_) => Vec::new(),
    }
}
