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
            format!(
                ", and of {} more it is not said here",
                count(more, "drifted field")
            )
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
            (Some(path), Some(writer)) => format!("{path} (by {writer})"),
            (Some(path), None) => path.clone(),
            (None, _) => "(deleted)".to_owned(),
        }
    }
}

/// Whether a finding is somebody's change, and none that a failed operation of Helm explains.
fn is_drift(finding: &Finding) -> bool {
    finding.severity == Severity::Drift
        && finding.ignored_by.is_none()
        && finding.code != FindingCode::HalfUpgraded
}
