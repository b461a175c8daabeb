//! Findings that the API server itself is asked about.
//!
//! The comparison knows the types of Kubernetes, and not what the webhooks and the newest version of one server do to
//! an object. A dry run of the manifest's object on that server is the last word: where its outcome and the live
//! object are the same at a finding's path, there is no drift. It may only ever remove doubt: a finding that is
//! confirmed, or that the server said nothing about, stays what it was, and nothing is found that was not found before.
//!
//! The outcome is that of a server-side apply (Kubernetes: `apiserver/pkg/endpoints/handlers/patch.go`,
//! `applyPatcher`), which sets what the manifest says and leaves what it does not mention. So only findings with a
//! value in the manifest can be asked about.

use serde_json::{Value, json};

use super::subject::{Subject, Values};
use crate::compare::lookup::{pointer_to, value_at};
use crate::compare::patch::{patch_of, without_nulls};
use crate::compare::three_way::Change;
use crate::model::{Finding, ObjectReport};
use crate::source::ReadError;
use crate::types::Shape;
use crate::vocabulary::{FindingCode, ObjectState, Severity};

/// What the API server is asked about one object.
#[derive(Debug)]
pub struct Question {
    /// What would be applied.
    body: Value,
    /// The drift of the object, each difference with the position of its finding.
    drift: Vec<(usize, Change)>,
}

/// How much a question that is not answered stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// This object only.
    Object,
    /// Every object of the kind in this namespace.
    Kind,
}

impl Question {
    /// The question about an object that has drifted; `None` where there is nothing to ask.
    pub(super) fn about(
        subject: &Subject<'_>,
        desired: &Value,
        live: &Value,
        drift: Vec<(usize, Change)>,
        pruned: &[Change],
    ) -> Option<Self> {
        // What a record from another namespace asks for is not sent in driftline's name.
        if subject.values == Values::Hidden || !drift.iter().any(|(_, change)| is_askable(change)) {
            return None;
        }
        let mut body = without_nulls(desired);
        let dropped = drift
            .iter()
            .map(|(_, change)| change)
            .filter(|change| is_pruned(change));
        for change in pruned.iter().chain(dropped) {
            // Server-side apply refuses what it does not know.
            if let Some(pointer) = pointer_to(&body, &change.path, subject.shape) {
                remove(&mut body, &pointer);
            }
        }
        body["apiVersion"] = json!(subject.key.gvk.api_version);
        body["kind"] = json!(subject.key.gvk.kind);
        let metadata = body.get_mut("metadata")?.as_object_mut()?;
        metadata.insert("name".to_owned(), json!(subject.key.name));
        if let Some(namespace) = &subject.key.namespace {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        // A precondition: an object that has gone, or is another one by now, is not made anew.
        if let Some(uid) = live.pointer("/metadata/uid") {
            metadata.insert("uid".to_owned(), uid.clone());
        }
        Some(Self { body, drift })
    }

    /// What to send.
    pub fn body(&self) -> Vec<u8> {
        self.body.to_string().into_bytes()
    }

    /// Settles what the server's answer settles.
    pub fn answered(&self, answer: &[u8], shape: Option<Shape<'_>>, report: &mut ObjectReport) {
        let same = |answer: &Value, pointer| answer.pointer(pointer) == self.body.pointer(pointer);
        let answer = serde_json::from_slice::<Value>(answer)
            .ok()
            .filter(|answer| same(answer, "/metadata/name") && same(answer, "/metadata/uid"));
        let Some(answer) = answer else {
            report.add_reason("the API server's answer to the dry run cannot be read");
            return;
        };
        for (position, change) in self.drift.iter().filter(|(_, change)| is_askable(change)) {
            let Some(finding) = report.findings.get_mut(*position) else {
                continue;
            };
            // What cannot be found in what was sent, is not missed in what came back.
            if value_at(&self.body, &change.path, shape).is_none() {
                continue;
            }
            let confirmed = value_at(&answer, &change.path, shape) != change.live.as_ref();
            finding.confirmed = Some(confirmed);
            if !confirmed {
                finding.severity = Severity::Info;
                UNCONFIRMED.clone_into(&mut finding.message);
            }
        }
        let left = self
            .drift
            .iter()
            .filter(|(position, _)| report.findings.get(*position).is_some_and(Finding::is_drift));
        report.patch = patch(left.map(|(position, change)| (&report.findings[*position], change)));
        report.state = ObjectState::of(&report.findings);
    }

    /// Says of an object why its findings are not confirmed.
    pub fn unanswered(error: &ReadError, report: &mut ObjectReport) {
        report.add_reason(&format!("not confirmed: {error}"));
    }

    /// What the server will not answer either, if it does not answer this.
    pub fn concerns(error: &ReadError) -> Unanswered {
        match error {
            ReadError::Refused { .. } | ReadError::Malformed { .. } => Unanswered::Object,
            ReadError::Forbidden { .. }
            | ReadError::Unauthorized
            | ReadError::TimedOut { .. }
            | ReadError::Overloaded { .. }
            | ReadError::Unreachable { .. }
            | ReadError::GroupUnavailable { .. }
            | ReadError::NotServed { .. }
            | ReadError::NotReached
            | ReadError::NotRecorded
            | ReadError::Snapshot { .. } => Unanswered::Kind,
        }
    }
}

const UNCONFIRMED: &str = "the server makes the live value of the manifest's: no difference";

/// What the manifest has no value for, a server-side apply leaves alone. And where the operator counts something as
/// drift that is none by itself, the server's agreement is no news.
fn is_askable(change: &Change) -> bool {
    change.desired.is_some() && change.code.default_severity() == Severity::Drift
}

fn is_pruned(change: &Change) -> bool {
    change.code == FindingCode::Pruned
}

/// The patch of an object's drift, without what may not be shown.
pub(super) fn patch<'c>(drift: impl Iterator<Item = (&'c Finding, &'c Change)>) -> Vec<Value> {
    let shown = drift.filter(|(finding, _)| !finding.redacted);
    match serde_json::to_value(patch_of(shown.map(|(_, change)| change))) {
        Ok(Value::Array(operations)) => operations,
        Ok(_) | Err(_) => Vec::new(),
    }
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
    use crate::classify::attribution::Autoscaler;
    use crate::classify::live::LiveObject;
    use crate::classify::object::{Judged, judge};
    use crate::classify::subject::Role;
    use crate::compare::three_way::OfRevision;
    use crate::manifest::desired::Owner;
    use crate::object::{Gvk, ObjectKey};
    use crate::policy::Confirm;
    use crate::policy::Policy;
    use crate::release::operations::Operations;
    use crate::source::Lookup;
    use crate::types::TypeTable;
    use crate::vocabulary::ApplyMethod;

    /// What is asked of a Deployment whose previous revision had a history limit.
    fn judged(body: &Value, live: &Value, rules: Policy) -> Judged {
        let key = ObjectKey {
            gvk: Gvk::new("apps/v1", "Deployment"),
            namespace: Some("shop".into()),
            name: "web".into(),
        };
        let previous = json!({"spec": {"revisionHistoryLimit": 3}}).to_string();
        let subject = Subject {
            key: &key,
            template: None,
            owner: Owner {
                name: "web",
                namespace: "shop",
            },
            role: Role::Expected,
            expires: false,
            body: &body.to_string(),
            duplicate_documents: &[],
            previous: Some(OfRevision {
                revision: 6,
                object: &previous,
            }),
            attempted: &[],
            method: ApplyMethod::Csa,
            shape: shape(),
            operations: &Operations::default(),
            autoscaler: Autoscaler::None,
            values: Values::Shown,
        };
        let rules = Policy {
            confirm: Confirm::Server,
            ..rules
        };
        judge(
            &subject,
            &LiveObject::parse(&Lookup::Found(&live.to_string())),
            &rules,
        )
        .unwrap()
    }

    fn shape() -> Option<Shape<'static>> {
        TypeTable::builtin().kind("apps/v1", "Deployment")
    }

    fn with_image(image: &str, more: &Value) -> Value {
        let mut object = json!({
            "metadata": {"name": "web", "uid": "1", "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
        });
        json_patch::merge(&mut object, more);
        object
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
        let mut sent: Value = serde_json::from_slice(&judged.question.unwrap().body()).unwrap();
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
        let Judged { mut report, question } = judged(&body, &live, Policy::default());
        assert_eq!(report.findings.len(), 4);
        let answer = with_image(
            "z",
            &json!({"spec": {"replicas": 3, "paused": true, "revisionHistoryLimit": 3}}),
        );
        question
            .unwrap()
            .answered(answer.to_string().as_bytes(), shape(), &mut report);
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

    #[test]
    fn an_answer_about_another_object_settles_nothing() {
        let live = with_image("z", &json!({}));
        let Judged { report, question } = judged(&with_image("a", &json!({})), &live, Policy::default());
        for (other, name) in [("2", "web"), ("1", "api")] {
            let mut report = report.clone();
            let answer = with_image("z", &json!({"metadata": {"uid": other, "name": name}}));
            question
                .as_ref()
                .unwrap()
                .answered(answer.to_string().as_bytes(), shape(), &mut report);
            assert_eq!(answers(&report), [("image", Severity::Drift, None)]);
            assert!(report.reason.unwrap().contains("cannot be read"));
        }
    }

    #[test]
    fn what_the_operator_alone_counts_as_drift_is_not_asked_about() {
        let rules = Policy {
            severity: vec![(FindingCode::Pruned, Severity::Drift)],
            ..Policy::default()
        };
        let body = with_image("a", &json!({"spec": {"replicaz": 1}}));
        let judged = judged(&body, &with_image("a", &json!({})), rules);
        assert_eq!(judged.report.state, ObjectState::Drifted);
        assert!(judged.question.is_none());
    }
}
