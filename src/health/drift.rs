//! The drift of a release, as far as the way out of trouble depends on it: a rollback and an upgrade write over it.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::listed;
use crate::classify::transition::{LiveOwner, ObjectPreview};
use crate::model::{Actor, Finding, ObjectReport, PreviewField};
use crate::object::ObjectKey;
use crate::vocabulary::{
    FindingCode, NextUpgrade, ObjectState, PreviewAction, PreviewEffect, Severity, count,
};

/// How many fields are remembered. A sentence names a few.
const REMEMBERED: usize = 100;

/// How long a patch may be that a person pastes into a terminal.
const MAX_PATCH: usize = 2_000;

/// The drifted fields of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    drifted: Remembered<DriftedField>,
    /// The objects that are missing.
    missing: Remembered<ObjectKey>,
    /// The fields of the deployed manifest that live with another value, drift or not: a rollback renders nothing, and so
    /// writes them whatever an upgrade would do.
    differing: Remembered<DriftedField>,
    /// What a rollback from the newest manifest to the deployed one, or to the last that was deployed, takes back, where that
    /// was simulated.
    rolled_back: Remembered<DriftedField>,
    /// The objects of which that is all.
    settled: BTreeSet<ObjectKey>,
    /// For objects that can be set back by hand: a patch in the form of RFC 6902.
    patches: BTreeMap<ObjectKey, String>,
}

/// The first of some things, and the number of all.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remembered<T> {
    first: Vec<T>,
    total: usize,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self {
            first: Vec::new(),
            total: 0,
        }
    }
}

impl<T> Remembered<T> {
    fn add(&mut self, one: T) {
        self.total += 1;
        if self.first.len() < REMEMBERED {
            self.first.push(one);
        }
    }

    /// How many there are besides the first.
    const fn more(&self) -> usize {
        self.total.saturating_sub(self.first.len())
    }
}

/// A field that drifted, or an object that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DriftedField {
    key: ObjectKey,
    path: Option<String>,
    writer: Option<String>,
    next_upgrade: Option<NextUpgrade>,
}

/// What writes over the drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// An upgrade with the same chart and values.
    Upgrade,
    /// A rollback to the deployed revision, or to the one that was deployed last.
    ToDeployed,
    /// A rollback to another revision, or to the newest one itself.
    ToAnother,
}

impl Drift {
    /// Notes the drift that the report of an object shows.
    pub(super) fn note(&mut self, key: &ObjectKey, report: &ObjectReport) {
        if report.state == ObjectState::Missing && report.ignored_by.is_none() {
            self.missing.add(key.clone());
            let deleted = DriftedField {
                key: key.clone(),
                path: None,
                writer: None,
                next_upgrade: report.next_upgrade,
            };
            self.differing.add(deleted.clone());
            self.drifted.add(deleted);
        }
        let differing = report.findings.iter().filter(|finding| is_set_back(finding));
        for field in differing.map(|finding| DriftedField::of(key, finding)) {
            self.differing.add(field);
        }
        for finding in report.findings.iter().filter(|finding| is_drift(finding)) {
            self.drifted.add(DriftedField::of(key, finding));
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

    /// Notes what a rollback to the deployed revision does to an object.
    pub(crate) fn note_rollback(&mut self, preview: &ObjectPreview) {
        // Of an object of others only the owner is told, which other entries do.
        let is_ours = preview
            .live
            .as_ref()
            .is_some_and(|live| live.owner == LiveOwner::Ours);
        let fields = preview
            .fields
            .iter()
            .filter(|field| is_ours && is_taken_back(field));
        for field in fields {
            self.rolled_back.add(DriftedField {
                key: preview.key.clone(),
                path: Some(field.path.clone()),
                writer: writer(field.actor.as_ref()),
                next_upgrade: None,
            });
        }
        match preview.action {
            PreviewAction::Change | PreviewAction::None => {
                if is_ours {
                    self.rolled_back.total += preview.left_out;
                }
                self.settled.insert(preview.key.clone());
            }
            // What is created anew, or written by force, has more than these fields.
            PreviewAction::Create
            | PreviewAction::Delete
            | PreviewAction::Keep
            | PreviewAction::Fail
            | PreviewAction::NotReached
            | PreviewAction::Unknown => {}
        }
    }

    /// The objects that are missing, as far as they are remembered.
    pub(super) fn missing(&self) -> impl Iterator<Item = &ObjectKey> {
        self.missing.first.iter()
    }

    /// How many more are missing.
    pub(super) const fn more_missing(&self) -> usize {
        self.missing.more()
    }

    /// The objects with drifted fields, each once.
    pub(super) fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        let fields = self.drifted.first.iter().enumerate();
        let first = fields.filter(|(at, field)| {
            let before = at
                .checked_sub(1)
                .and_then(|before| self.drifted.first.get(before));
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
        let fields = self.drifted.first.iter().filter(|field| field.key == *key);
        let named: Vec<String> = fields.map(DriftedField::place).collect();
        (!named.is_empty()).then(|| listed(named.into_iter()))
    }

    /// What a write takes back, and how many fields more may be among that.
    fn taken_by(&self, write: Write) -> (Vec<&DriftedField>, usize) {
        match write {
            Write::Upgrade => {
                let taken = self.drifted.first.iter();
                let taken = taken.filter(|field| field.is_taken_back());
                (taken.collect(), self.drifted.more())
            }
            Write::ToAnother => (self.differing.first.iter().collect(), self.differing.more()),
            Write::ToDeployed => {
                let mut taken: Vec<&DriftedField> = self.rolled_back.first.iter().collect();
                let known: BTreeSet<(&ObjectKey, &Option<String>)> =
                    taken.iter().map(|field| (&field.key, &field.path)).collect();
                let others = self.differing.first.iter().filter(|field| {
                    !self.settled.contains(&field.key) && !known.contains(&(&field.key, &field.path))
                });
                taken.extend(others);
                let unlisted = if self.settled.is_empty() {
                    self.differing.more()
                } else {
                    0
                };
                (taken, self.rolled_back.more() + unlisted)
            }
        }
    }

    /// What a write takes back, in words; `None` where it takes nothing back that is known.
    pub(super) fn taken_back(&self, write: Write) -> Option<String> {
        let (taken, more) = self.taken_by(write);
        taken.first()?;
        let number = taken.len();
        let named = listed(
            taken
                .into_iter()
                .map(|field| format!("{} {}", field.key, field.place())),
        );
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

    /// The objects that exist and of which a write takes something back.
    pub(super) fn written_over(&self, write: Write) -> Vec<&ObjectKey> {
        let (taken, _) = self.taken_by(write);
        let live = taken.into_iter().filter(|field| field.path.is_some());
        live.map(|field| &field.key).collect()
    }
}

fn writer(actor: Option<&Actor>) -> Option<String> {
    actor.map(|actor| actor.manager.clone())
}

impl DriftedField {
    fn of(key: &ObjectKey, finding: &Finding) -> Self {
        Self {
            key: key.clone(),
            path: Some(finding.path.clone()),
            writer: writer(finding.actor.as_ref()),
            next_upgrade: finding.next_upgrade,
        }
    }

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

/// Whether a rollback writes over what a finding shows: the manifest sets the field, and nothing but Helm's own write or the
/// API server gave it the other value.
fn is_set_back(finding: &Finding) -> bool {
    let is_set = finding.desired.is_some() || finding.omitted;
    let is_written = match finding.next_upgrade {
        Some(NextUpgrade::Revert | NextUpgrade::Becomes | NextUpgrade::Conflict) => true,
        Some(NextUpgrade::Keep) | None => is_set,
        Some(NextUpgrade::Refused) => false,
    };
    let is_lasting = match finding.code {
        FindingCode::HalfUpgraded
        | FindingCode::Pruned
        | FindingCode::MutatedAtAdmission
        | FindingCode::AlsoWritten => true,
        FindingCode::Changed
        | FindingCode::NotApplied
        | FindingCode::Undone
        | FindingCode::Removed
        | FindingCode::Lingering
        | FindingCode::Added
        | FindingCode::Overwritten
        | FindingCode::Autoscaled
        | FindingCode::Restarted
        | FindingCode::Resized
        | FindingCode::ControllerOwned => false,
    };
    is_written && !is_lasting && finding.confirmed != Some(false)
}

/// Whether a rollback takes a field back, if need be by force.
const fn is_taken_back(field: &PreviewField) -> bool {
    match field.effect {
        PreviewEffect::TakeBack => true,
        PreviewEffect::Fail => field.actor.is_some(),
        PreviewEffect::Change | PreviewEffect::Survive | PreviewEffect::Differ | PreviewEffect::Unknown => {
            false
        }
    }
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
            drift.taken_back(Write::Upgrade).as_deref(),
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
        let told = drift.taken_back(Write::Upgrade).unwrap();
        assert!(
            told.ends_with("and ConfigMap shop/gone that was deleted"),
            "{told}"
        );
        assert_eq!(drift.keys().count(), 2);
    }

    /// A rollback renders nothing, and so takes back what is not known of an upgrade, and what an autoscaler set.
    #[test]
    fn a_rollback_takes_back_what_is_not_known_of_an_upgrade() {
        let mut drift = Drift::default();
        let cart = key("cart");
        let mut report = empty_report(&cart, None, ObjectState::Drifted, None);
        let replicas = Finding {
            severity: Severity::Info,
            ..finding("/spec/replicas", None, FindingCode::Autoscaled)
        };
        report.findings = vec![
            finding("/data/password", None, FindingCode::Changed),
            finding("/spec/size", Some(NextUpgrade::Keep), FindingCode::Changed),
            replicas,
            finding("/data/other", None, FindingCode::HalfUpgraded),
            finding("/spec/selector", Some(NextUpgrade::Refused), FindingCode::Changed),
        ];
        drift.note(&cart, &report);
        assert_eq!(drift.taken_back(Write::Upgrade), None);
        let told = drift.taken_back(Write::ToAnother);
        assert_eq!(drift.taken_back(Write::ToDeployed), told);
        let told = told.unwrap();
        assert!(told.starts_with("takes back 3 changes: "), "{told}");
        assert_eq!(drift.written_over(Write::ToDeployed), [&cart; 3]);
    }

    /// What the simulation says of an object it says of all its fields, but for one that Helm writes by force.
    #[test]
    fn a_simulated_rollback_tells_what_it_takes_back() {
        let taken = |effect, path: &str| {
            let field = crate::preview::fixtures::field(path, effect, Some(json!(6)), Some(json!(2)));
            crate::preview::fixtures::written(field, "hpa", None)
        };
        let mut drift = Drift::default();
        for name in ["widget", "forced"] {
            let key = key(name);
            let mut report = empty_report(&key, None, ObjectState::Drifted, None);
            report.findings = vec![finding("/spec/a", Some(NextUpgrade::Keep), FindingCode::Changed)];
            drift.note(&key, &report);
        }
        let mut preview = ObjectPreview::new(&key("widget"), crate::classify::transition::InManifests::Both);
        preview.action = PreviewAction::Change;
        preview.live = Some(crate::classify::transition::LiveFacts::default());
        preview.fields = vec![
            taken(PreviewEffect::TakeBack, "/spec/b"),
            taken(PreviewEffect::Change, "/spec/c"),
        ];
        drift.note_rollback(&preview);
        preview.key = key("forced");
        preview.action = PreviewAction::Fail;
        preview.fields = vec![taken(PreviewEffect::Fail, "/spec/d")];
        drift.note_rollback(&preview);
        assert_eq!(
            drift.taken_back(Write::ToDeployed).as_deref(),
            Some(
                "takes back 3 changes: ConfigMap shop/widget /spec/b from hpa, ConfigMap shop/forced /spec/d from hpa and \
                 ConfigMap shop/forced /spec/a from kubectl-edit"
            )
        );
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
