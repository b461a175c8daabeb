//! From differences to what a report shows of them: findings and the patch, without values that must stay hidden.

use serde_json::Value;

use super::attributed::Attributed;
use super::subject::{Subject, Visibility};
use crate::compare::patch::patch_of;
use crate::compare::three_way::Change;
use crate::model::Finding;
use crate::policy::Policy;
use crate::policy::redact::{HIDDEN, Hidden};
use crate::vocabulary::FindingCode;

/// One difference as the report shows it.
pub(super) fn finding(subject: &Subject<'_>, attributed: &Attributed, policy: &Policy) -> Finding {
    let gvk = &subject.key.gvk;
    let change = &attributed.change;
    let mut redacted = false;
    let mut shown = |value: &Option<Value>| {
        let (value, hidden) = match (subject.values, value.as_ref()?) {
            (Visibility::Shown, value) => policy.redaction.apply(gvk, &change.path, value),
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
    let severity = policy.severity(change.code);
    Finding {
        code: change.code,
        severity: attributed.severity.map_or(severity, |lower| severity.max(lower)),
        path: change.path.to_string(),
        pointer: change.pointer.clone(),
        previous,
        desired,
        live,
        redacted,
        omitted: false,
        from_revision: change.from_revision,
        actor: attributed.actor.clone(),
        ignored_by: None,
        confirmed: None,
        next_upgrade: Some(attributed.next_upgrade),
        message: message(attributed),
    }
}

fn message(attributed: &Attributed) -> String {
    let code = attributed.change.code;
    match (code, &attributed.actor, &attributed.about) {
        (FindingCode::ControllerOwned, Some(actor), Some(about)) => format!("{} {about}", actor.manager),
        (_, _, _) => code.message().to_owned(),
    }
}

/// The patch of an object's drift, without the values that may not be shown.
pub(super) fn shown_patch<'c>(drift: impl Iterator<Item = (&'c Finding, &'c Change)>) -> Vec<Value> {
    let shown = drift.filter(|(finding, _)| !finding.redacted && !finding.omitted);
    match serde_json::to_value(patch_of(shown.map(|(_, change)| change))) {
        Ok(Value::Array(operations)) => operations,
        Ok(_) | Err(_) => Vec::new(),
    }
}
