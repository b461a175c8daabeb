//! The drift of a release, as far as the way out of trouble depends on it: a rollback and an upgrade write over it.

use std::collections::BTreeMap;

use super::entry::listed;
use crate::model::{Finding, ObjectReport};
use crate::object::ObjectKey;
use crate::vocabulary::{FindingCode, NextUpgrade, ObjectState, Severity, count};

/// How many fields are remembered. A sentence names a few.
const REMEMBERED: usize = 100;

/// How long a patch may be that a person pastes into a terminal.
const MAX_PATCH: usize = 2_000;

/// The drifted fields of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    fields: Vec<DriftedField>,
    total: usize,
    /// How many objects are missing.
    missing: usize,
    /// For objects that can be set back by hand: a patch in the form of RFC 6902.
    patches: BTreeMap<ObjectKey, String>,
}

/// A field that drifted, or an object that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DriftedField {
    key: ObjectKey,
    path: Option<String>,
    writer: Option<String>,
    next_upgrade: Option<NextUpgrade>,
}

impl Drift {
    /// Notes the drift that the report of an object shows.
    pub(super) fn note(&mut self, key: &ObjectKey, report: &ObjectReport) {
        if report.state == ObjectState::Missing && report.ignored_by.is_none() {
            self.missing += 1;
            self.add(DriftedField {
                key: key.clone(),
                path: None,
                writer: None,
                next_upgrade: report.next_upgrade,
            });
        }
        for finding in report.findings.iter().filter(|finding| is_drift(finding)) {
            self.add(DriftedField {
                key: key.clone(),
                path: Some(finding.path.clone()),
                writer: finding.actor.as_ref().map(|actor| actor.manager.clone()),
                next_upgrade: finding.next_upgrade,
            });
        }
        // The values of a Secret are in no patch, and one without them would not set the object back.
        let is_whole = report
            .findings
            .iter()
            .all(|finding| !finding.redacted && !finding.omitted);
        if !report.patch.is_empty() && is_whole && self.patches.len() < REMEMBERED {
            let patch = serde_json::to_string(&report.patch).unwrap_or_default();
            if patch.len() <= MAX_PATCH {
                self.patches.insert(key.clone(), patch);
            }
        }
    }

    fn add(&mut self, field: DriftedField) {
        self.total += 1;
        if self.fields.len() < REMEMBERED {
            self.fields.push(field);
        }
    }

    /// The objects that are missing, as far as they are remembered.
    pub(super) fn missing(&self) -> impl Iterator<Item = &ObjectKey> {
        let missing = self.fields.iter().filter(|field| field.path.is_none());
        missing.map(|field| &field.key)
    }

    /// How many objects are missing.
    pub(super) const fn missing_total(&self) -> usize {
        self.missing
    }

    /// The objects with drifted fields, each once.
    pub(super) fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        let fields = self.fields.iter().enumerate();
        let first = fields.filter(|(at, field)| {
            let before = at.checked_sub(1).and_then(|before| self.fields.get(before));
            before.is_none_or(|before| before.key != field.key)
        });
        first.map(|(_, field)| &field.key)
    }

    /// The patch that sets an object back.
    pub(super) fn patch(&self, key: &ObjectKey) -> Option<&str> {
        self.patches.get(key).map(String::as_str)
    }

    /// The drifted fields of one object, in words.
    pub(super) fn of_object(&self, key: &ObjectKey) -> Option<String> {
        let fields = self.fields.iter().filter(|field| field.key == *key);
        let named: Vec<String> = fields.map(DriftedField::place).collect();
        (!named.is_empty()).then(|| listed(named.into_iter()))
    }

    /// What a write of the manifest takes back, in words; `None` where it takes nothing back that is known.
    pub(super) fn taken_back(&self) -> Option<String> {
        let mut taken = self
            .fields
            .iter()
            .filter(|field| field.is_taken_back())
            .peekable();
        taken.peek()?;
        let number = taken.clone().count();
        let more = self.total.saturating_sub(self.fields.len());
        let named = listed(taken.map(|field| format!("{} {}", field.key, field.place())));
        let unlisted = if more > 0 {
            format!(", and perhaps {} more", count(more, "drifted field"))
        } else {
            String::new()
        };
        Some(format!(
            "takes back {}: {named}{unlisted}",
            count(number, "change")
        ))
    }
}

impl DriftedField {
    fn is_taken_back(&self) -> bool {
        match self.next_upgrade {
            Some(NextUpgrade::Revert | NextUpgrade::Becomes | NextUpgrade::Conflict) => true,
            Some(NextUpgrade::Keep | NextUpgrade::Refused) | None => false,
        }
    }

    /// The place within its object, and who wrote there.
    fn place(&self) -> String {
        match (&self.path, &self.writer) {
            (Some(path), Some(writer)) => format!("{path} from {writer}"),
            (Some(path), None) => path.clone(),
            (None, _) => "that was deleted".to_owned(),
        }
    }
}

/// Whether a finding is somebody's change, and none that a failed operation of Helm explains.
fn is_drift(finding: &Finding) -> bool {
    finding.severity == Severity::Drift
        && finding.ignored_by.is_none()
        && finding.code != FindingCode::HalfUpgraded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::state::empty_report;
    use crate::model::Actor;
    use crate::object::Gvk;
    use serde_json::json;

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: Some("shop".into()),
            name: name.into(),
        }
    }

    fn finding(path: &str, next: Option<NextUpgrade>, code: FindingCode) -> Finding {
        Finding {
            next_upgrade: next,
            actor: Some(Actor {
                manager: "kubectl-edit".into(),
                operation: "Update".into(),
                subresource: None,
                time: None,
            }),
            ..crate::report::fixtures::finding(code, path, Some(json!("a")), Some(json!("b")))
        }
    }

    #[test]
    fn only_what_the_next_write_takes_back_is_told() {
        let mut drift = Drift::default();
        let settings = key("settings");
        let mut report = empty_report(&settings, None, ObjectState::Drifted, None);
        report.findings = vec![
            finding("/data/a", Some(NextUpgrade::Revert), FindingCode::Changed),
            finding("/data/b", Some(NextUpgrade::Keep), FindingCode::Added),
            finding("/data/c", Some(NextUpgrade::Revert), FindingCode::HalfUpgraded),
        ];
        drift.note(&settings, &report);
        assert_eq!(
            drift.taken_back().as_deref(),
            Some("takes back 1 change: ConfigMap shop/settings /data/a from kubectl-edit")
        );
        assert_eq!(
            drift.of_object(&settings).as_deref(),
            Some("/data/a from kubectl-edit and /data/b from kubectl-edit")
        );
        let gone = key("gone");
        let mut missing = empty_report(&gone, None, ObjectState::Missing, None);
        missing.next_upgrade = Some(NextUpgrade::Revert);
        drift.note(&gone, &missing);
        let told = drift.taken_back().unwrap();
        assert!(
            told.ends_with("and ConfigMap shop/gone that was deleted"),
            "{told}"
        );
        assert_eq!(drift.keys().count(), 2);
    }

    /// A patch without a value that may not be shown would set the object to something else.
    #[test]
    fn an_object_with_hidden_values_has_no_patch() {
        for (redacted, has_patch) in [(false, true), (true, false)] {
            let mut drift = Drift::default();
            let settings = key("settings");
            let mut report = empty_report(&settings, None, ObjectState::Drifted, None);
            report.findings = vec![Finding {
                redacted,
                ..finding("/data/a", None, FindingCode::Changed)
            }];
            report.patch = vec![json!({"op": "replace", "path": "/data/a", "value": "a"})];
            drift.note(&settings, &report);
            assert_eq!(drift.patch(&settings).is_some(), has_patch);
        }
    }
}
