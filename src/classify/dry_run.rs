//! Server-side dry runs that confirm findings.
//!
//! The comparison knows the types of Kubernetes, and not what the webhooks and the newest version of one server do to
//! an object. A dry run of the manifest's object on that server decides: if its outcome and the live object are the
//! same at a finding's path, there is no drift. A dry run only ever takes findings back: one that it confirms, or says
//! nothing about, stays as it was, and it adds none.
//!
//! The outcome is that of a server-side apply (Kubernetes: `apiserver/pkg/endpoints/handlers/patch.go`,
//! `applyPatcher`), which sets the fields that the manifest has and leaves all others alone. So a dry run confirms only
//! findings with a value in the manifest.

use serde_json::{Value, json};

use super::finding::shown_patch;
use super::subject::Subject;
use crate::compare::list_index::ListIndexes;
use crate::compare::lookup::{pointer_to, value_at};
use crate::compare::patch::without_nulls;
use crate::compare::three_way::Change;
use crate::compare::work::Work;
use crate::model::{Finding, ObjectReport};
use crate::object::ObjectKey;
use crate::source::{ApplyOptions, DryRun, DryRunWrite, OwnedFields, ReadError, UnknownFields};
use crate::types::Shape;
use crate::vocabulary::{FindingCode, NextUpgrade, ObjectState, Severity};
use crate::weight;

/// A dry run that confirms the drift of one object.
#[derive(Debug)]
pub struct DryRunCheck {
    /// The object that the dry run applies.
    body: Value,
    /// The drift of the object, each difference with the position of its finding.
    drift: Vec<(usize, Change)>,
    /// How many further differences were only counted, because there are too many.
    unread: usize,
}

/// The dry runs that fail for the same reason as one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureScope {
    /// This object's only.
    Object,
    /// Those of every object of the kind in this namespace.
    Kind,
}

impl DryRunCheck {
    /// The check of an object that has drifted; `None` where a dry run would confirm nothing.
    pub(super) fn of(
        subject: &Subject<'_>,
        desired: &Value,
        live: &Value,
        drift: Vec<(usize, Change)>,
        pruned: &[Change],
        unread: usize,
    ) -> Option<Self> {
        // Only what is provably the release's comes here, so that nothing of a forged record is sent in driftline's name.
        if !drift.iter().any(|(_, change)| is_askable(change)) {
            return None;
        }
        let mut body = without_nulls(desired);
        let dropped = drift
            .iter()
            .map(|(_, change)| change)
            .filter(|change| is_pruned(change));
        // Server-side apply refuses fields that the type does not have. They are fields of objects, so that to remove one
        // moves no other.
        let work = Work::of_steps(u64::MAX);
        let pointers: Vec<String> = {
            let lists = ListIndexes::new(&work);
            let places = pruned.iter().chain(dropped);
            places
                .filter_map(|change| pointer_to(&body, &change.path, subject.shape, &lists))
                .collect()
        };
        for pointer in pointers {
            remove(&mut body, &pointer);
        }
        body["apiVersion"] = json!(subject.key.gvk.api_version);
        body["kind"] = json!(subject.key.gvk.kind);
        let metadata = body.get_mut("metadata")?.as_object_mut()?;
        metadata.insert("name".to_owned(), json!(subject.key.name));
        if let Some(namespace) = &subject.key.namespace {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        // A precondition: an object that was deleted, or replaced by another one, is not created again.
        if let Some(uid) = live.pointer("/metadata/uid") {
            metadata.insert("uid".to_owned(), uid.clone());
        }
        Some(Self { body, drift, unread })
    }

    /// The dry run itself.
    pub fn dry_run(&self) -> DryRun {
        DryRun {
            write: DryRunWrite::Apply(ApplyOptions {
                owned: OwnedFields::TakeOver,
                unknown: UnknownFields::ByDefault,
            }),
            manager: MANAGER.to_owned(),
            body: self.body.to_string().into_bytes(),
        }
    }

    /// Notes in the report which findings the server's answer confirms and which it takes back.
    pub fn apply_answer(&self, answer: &[u8], shape: Option<Shape<'_>>, report: &mut ObjectReport) {
        let same = |answer: &Value, pointer| answer.pointer(pointer) == self.body.pointer(pointer);
        let answer = weight::json::value_of_bytes(answer)
            .ok()
            .filter(|answer| same(answer, "/metadata/name") && same(answer, "/metadata/uid"));
        let Some(answer) = answer else {
            report.add_reason("the API server's answer to the dry run cannot be read");
            return;
        };
        let work = Work::of_steps(u64::MAX);
        let lists = ListIndexes::new(&work);
        for (position, change) in self.drift.iter().filter(|(_, change)| is_askable(change)) {
            let Some(finding) = report.findings.get_mut(*position) else {
                continue;
            };
            // The answer says nothing about a value that was not sent.
            if value_at(&self.body, &change.path, shape, &lists).is_none() {
                continue;
            }
            let confirmed = value_at(&answer, &change.path, shape, &lists) != change.live.as_ref();
            finding.confirmed = Some(confirmed);
            if !confirmed {
                finding.severity = Severity::Info;
                UNCONFIRMED.clone_into(&mut finding.message);
                // To write the manifest's value leaves what lives.
                if finding.next_upgrade == Some(NextUpgrade::Revert) {
                    finding.next_upgrade = Some(NextUpgrade::Keep);
                }
            }
        }
        let left = self
            .drift
            .iter()
            .filter(|(position, _)| report.findings.get(*position).is_some_and(Finding::is_drift));
        report.patch = shown_patch(left.map(|(position, change)| (&report.findings[*position], change)));
        let state = report.state_by_findings();
        // Nobody knows whether the differences that were only counted are drift.
        let is_known = self.unread == 0 || state == ObjectState::Drifted;
        report.state = if is_known { state } else { ObjectState::Unknown };
    }

    /// Notes in the report why the findings of an object are not confirmed.
    pub fn note_failure(error: &ReadError, report: &mut ObjectReport) {
        report.add_reason(&format!("not confirmed: {error}"));
    }

    /// Which other dry runs would fail with the same error.
    pub fn failure_scope(error: &ReadError) -> FailureScope {
        match error {
            ReadError::Refused { .. } | ReadError::Malformed { .. } => FailureScope::Object,
            ReadError::Forbidden { .. }
            | ReadError::Unauthorized
            | ReadError::TimedOut { .. }
            | ReadError::Overloaded { .. }
            | ReadError::Unreachable { .. }
            | ReadError::GroupUnavailable { .. }
            | ReadError::NotServed { .. }
            | ReadError::NotTrusted { .. }
            | ReadError::BudgetSpent { .. }
            | ReadError::NotReached
            | ReadError::NotRecorded
            | ReadError::Snapshot { .. } => FailureScope::Kind,
        }
    }
}

/// A failure that concerns a whole kind, in one sentence.
pub fn kind_sentence(key: &ObjectKey, error: &ReadError) -> String {
    if let ReadError::Forbidden { .. } = error {
        return error.to_string();
    }
    match &key.namespace {
        Some(namespace) => format!("dry runs of {} in namespace {namespace}: {error}", key.gvk),
        None => format!("dry runs of {}: {error}", key.gvk),
    }
}

/// The field manager of dry runs that confirm findings: whoever reads audit logs finds them by it.
const MANAGER: &str = "driftline";

/// The message of a finding that the dry run takes back.
const UNCONFIRMED: &str = "a server-side dry run of the manifest gives the live value: no drift";

/// Whether a dry run can confirm a difference. A server-side apply leaves a field alone for which the manifest has no
/// value; and if only the operator counts a code as drift, the server is known to agree with the live value.
fn is_askable(change: &Change) -> bool {
    change.desired.is_some() && change.code.default_severity() == Severity::Drift
}

fn is_pruned(change: &Change) -> bool {
    change.code == FindingCode::Pruned
}

/// Removes the field that a pointer leads to.
fn remove(body: &mut Value, pointer: &str) {
    let Some((parent, token)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(fields)) = body.pointer_mut(parent) {
        fields.remove(&token.replace("~1", "/").replace("~0", "~"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::fixtures::{judge_found, key, owned, subject};
    use crate::classify::object::Judgement;
    use crate::classify::subject::Visibility;
    use crate::compare::three_way::OfRevision;
    use crate::policy::{Confirm, Policy};
    use crate::types::TypeTable;

    /// What is asked of a Deployment whose previous revision had a history limit.
    fn judged(body: &Value, live: &Value, policy: Policy) -> Judgement {
        let key = key("apps/v1", "Deployment", "shop");
        let previous = json!({"spec": {"revisionHistoryLimit": 3}}).to_string();
        let body = body.to_string();
        let subject = Subject {
            previous: Some(OfRevision {
                revision: 6,
                object: &previous,
            }),
            ..subject(&key, &body)
        };
        let policy = Policy {
            confirm: Confirm::Server,
            ..policy
        };
        judge_found(&subject, live, &policy)
    }

    fn shape() -> Option<Shape<'static>> {
        TypeTable::builtin().kind("apps/v1", "Deployment")
    }

    fn with_image(image: &str, more: &Value) -> Value {
        let mut object = owned(&json!({
            "metadata": {"name": "web", "uid": "1"},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
        }));
        json_patch::merge(&mut object, more);
        object
    }

    /// Whether an object's values may be shown has no part in whether its drift is real.
    #[test]
    fn an_object_whose_values_are_hidden_is_confirmed_like_any_other() {
        let key = key("apps/v1", "Deployment", "shop");
        let body = with_image("a", &json!({})).to_string();
        let subject = Subject {
            values: Visibility::Hidden,
            ..subject(&key, &body)
        };
        let policy = Policy {
            confirm: Confirm::Server,
            ..Policy::default()
        };
        let Judgement {
            mut report, check, ..
        } = judge_found(&subject, &with_image("z", &json!({})), &policy);
        assert_eq!(answers(&report), [("image", Severity::Drift, None)]);
        let answer = with_image("z", &json!({})).to_string();
        check
            .unwrap()
            .apply_answer(answer.as_bytes(), shape(), &mut report);
        assert_eq!(answers(&report), [("image", Severity::Info, Some(false))]);
        let text = serde_json::to_string(&report.findings).unwrap();
        assert!(!text.contains("\"z\""), "{text}");
    }

    /// Last key, severity and answer of each finding.
    fn answers(report: &ObjectReport) -> Vec<(&str, Severity, Option<bool>)> {
        let findings = report.findings.iter();
        findings
            .map(|finding| {
                let key = finding.path.rsplit('/').next().unwrap_or_default();
                (key, finding.severity, finding.confirmed)
            })
            .collect()
    }

    #[test]
    fn what_is_sent_is_the_manifests_object_without_what_no_server_takes() {
        let body = json!({"metadata": {"creationTimestamp": null}, "status": {},
                          "spec": {"paused": null, "replicaz": 1, "template": {"spec": {
                              "containers": [{"name": "app", "image": "a", "imagee": "b"}]}}}});
        let judged = judged(&body, &with_image("z", &json!({})), Policy::default());
        let mut sent: Value = serde_json::from_slice(&judged.check.unwrap().dry_run().body).unwrap();
        assert_eq!(
            sent["metadata"]["uid"], "1",
            "never another object, never a new one"
        );
        assert_eq!(sent["spec"], with_image("a", &json!({}))["spec"]);
        sent["metadata"].take();
        sent["spec"].take();
        assert_eq!(
            sent,
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": null, "spec": null})
        );
    }

    #[test]
    fn each_finding_gets_its_own_answer() {
        let body = with_image("a", &json!({"spec": {"replicas": 3, "paused": true}}));
        let live = with_image("z", &json!({"spec": {"replicas": 5, "revisionHistoryLimit": 3}}));
        let Judgement {
            mut report, check, ..
        } = judged(&body, &live, Policy::default());
        assert_eq!(report.findings.len(), 4);
        let answer = with_image(
            "z",
            &json!({"spec": {"replicas": 3, "paused": true, "revisionHistoryLimit": 3}}),
        );
        check
            .unwrap()
            .apply_answer(answer.to_string().as_bytes(), shape(), &mut report);
        let mut answers = answers(&report);
        answers.sort_by_key(|(key, ..)| *key);
        assert_eq!(
            answers,
            [
                ("image", Severity::Info, Some(false)),
                ("paused", Severity::Drift, Some(true)),
                ("replicas", Severity::Drift, Some(true)),
                ("revisionHistoryLimit", Severity::Drift, None),
            ],
            "an apply leaves alone what the manifest does not mention"
        );
        assert_eq!(report.state, ObjectState::Drifted);
        assert_eq!(report.patch.len(), 3, "{:?}", report.patch);
    }

    /// Regression: an object was in sync when the server took all of its drift back, although not all of its differences
    /// had been looked into.
    #[test]
    fn an_object_with_differences_that_were_only_counted_is_never_in_sync() {
        let long = "k".repeat(5 << 20);
        let selector = |labels: Value| json!({"spec": {"template": {"spec": {"nodeSelector": labels}}}});
        let body = with_image("a", &selector(json!({"disk": "ssd", long: "v"})));
        let live = with_image("z", &selector(json!({"disk": "ssd"})));
        let Judgement {
            mut report, check, ..
        } = judged(&body, &live, Policy::default());
        assert_eq!(answers(&report), [("image", Severity::Drift, None)]);
        assert_eq!(report.state, ObjectState::Drifted);
        check
            .unwrap()
            .apply_answer(live.to_string().as_bytes(), shape(), &mut report);
        assert_eq!(answers(&report), [("image", Severity::Info, Some(false))]);
        assert_eq!(report.state, ObjectState::Unknown);
        let reason = report.reason.unwrap();
        assert!(
            reason.contains("1 further difference was only counted"),
            "{reason}"
        );
    }

    #[test]
    fn an_answer_about_another_object_settles_nothing() {
        let live = with_image("z", &json!({}));
        let Judgement { report, check, .. } = judged(&with_image("a", &json!({})), &live, Policy::default());
        for (other, name) in [("2", "web"), ("1", "api")] {
            let mut report = report.clone();
            let answer = with_image("z", &json!({"metadata": {"uid": other, "name": name}}));
            check
                .as_ref()
                .unwrap()
                .apply_answer(answer.to_string().as_bytes(), shape(), &mut report);
            assert_eq!(answers(&report), [("image", Severity::Drift, None)]);
            assert!(report.reason.unwrap().contains("cannot be read"));
        }
    }

    #[test]
    fn what_the_operator_alone_counts_as_drift_is_not_asked_about() {
        let policy = Policy {
            severity: vec![(FindingCode::Pruned, Severity::Drift)],
            ..Policy::default()
        };
        let body = with_image("a", &json!({"spec": {"replicaz": 1}}));
        let judged = judged(&body, &with_image("a", &json!({})), policy);
        assert_eq!(judged.report.state, ObjectState::Drifted);
        assert!(judged.check.is_none());
    }
}
