//! The writer, the time and the subresource of a write → the code of the difference.

use serde_json::{Value, json};

use super::Autoscaler;
use crate::classify::fixtures::{judge_found, key, owned, subject};
use crate::classify::object::Judgement;
use crate::classify::subject::Subject;
use crate::compare::three_way::OfRevision;
use crate::model::{Finding, ObjectReport};
use crate::policy::Policy;
use crate::release::history::History;
use crate::release::operations::Operations;
use crate::release::stored::{Driver, RecordMetadata, StoredRevision};
use crate::vocabulary::{ApplyMethod, FindingCode, NextUpgrade, ObjectState, Severity};

mod additions;
mod left_behind;
mod other_version;
mod scale;
mod silence;
mod undone;
mod upgrades;

/// Inside the operation of revision 2, the baseline.
const DURING: &str = "2026-11-20T03:00:10Z";
/// When Helm was not at work.
const AFTER: &str = "2026-11-20T04:00:00Z";
/// Inside the operation of revision 1, which failed.
const EARLIER: &str = "2026-11-19T03:00:10Z";

fn operations() -> Operations {
    let revision = |number: u64, status: &str, created: &str, written: &str| {
        StoredRevision::from_metadata(RecordMetadata {
            driver: Driver::Secret,
            namespace: "shop",
            object: &format!("sh.helm.release.v1.web.v{number}"),
            labels: [Some("web"), Some(&number.to_string()), Some(status)],
            created: created.parse().ok(),
            written: written.parse().ok(),
            resource_version: Some("1000"),
        })
        .unwrap()
    };
    let revisions = [
        revision(1, "failed", "2026-11-19T03:00:00Z", "2026-11-19T03:00:30Z"),
        revision(2, "deployed", "2026-11-20T03:00:00Z", "2026-11-20T03:00:30Z"),
    ];
    Operations::of(&History::group(revisions)[0])
}

fn entry(manager: &str, operation: &str, subresource: &str, time: &str, fields: &Value) -> Value {
    json!({"manager": manager, "operation": operation, "subresource": subresource, "time": time,
        "fieldsType": "FieldsV1", "fieldsV1": fields})
}

/// The set of the manifest's own fields.
fn everything() -> Value {
    json!({"f:metadata": {"f:annotations": {"f:meta.helm.sh/release-name": {}, "f:meta.helm.sh/release-namespace": {}},
            "f:labels": {"f:app.kubernetes.io/managed-by": {}}},
        "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {
            ".": {}, "f:name": {}, "f:image": {}}}}}}})
}

fn image() -> Value {
    json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": {}}}}}}})
}

fn replicas() -> Value {
    json!({"f:spec": {"f:replicas": {}}})
}

/// A Deployment as Helm deploys it: two replicas of image `a`.
fn deployment() -> Value {
    json!({"spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "app", "image": "a"}]}}}})
}

struct Case {
    kind: (&'static str, &'static str),
    /// What the previous revision asked for, where it matters.
    previous: Option<Value>,
    desired: Value,
    /// Merged into the desired object.
    live: Value,
    managed: Vec<Value>,
    autoscaler: Autoscaler,
    method: ApplyMethod,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            kind: ("apps/v1", "Deployment"),
            previous: None,
            desired: deployment(),
            live: json!({}),
            managed: Vec::new(),
            autoscaler: Autoscaler::None,
            method: ApplyMethod::Ssa,
        }
    }
}

impl Case {
    fn judge(&self) -> ObjectReport {
        self.judgement().report
    }

    fn judgement(&self) -> Judgement {
        let key = key(self.kind.0, self.kind.1, "shop");
        let mut live = self.desired.clone();
        json_patch::merge(&mut live, &owned(&json!({})));
        json_patch::merge(&mut live, &self.live);
        live["metadata"]["managedFields"] = Value::Array(self.managed.clone());
        let (body, previous) = (
            self.desired.to_string(),
            self.previous.as_ref().map(Value::to_string),
        );
        let subject = Subject {
            previous: previous
                .as_deref()
                .map(|object| OfRevision { revision: 1, object }),
            method: self.method,
            operations: &operations(),
            autoscaler: self.autoscaler,
            ..subject(&key, &body)
        };
        judge_found(&subject, &live, &Policy::default())
    }

    /// What the next upgrade does to each finding.
    fn upgrades(&self) -> Vec<Option<NextUpgrade>> {
        let findings = self.judge().findings;
        findings.iter().map(|finding| finding.next_upgrade).collect()
    }

    fn one(&self) -> Finding {
        let mut findings = self.judge().findings;
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings.remove(0)
    }
}

fn with_image(image: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}})
}

#[test]
fn a_changed_value_is_called_by_its_writer_and_the_time() {
    let helm = |time| entry("helm", "Apply", "", time, &everything());
    for (managed, code, manager, next) in [
        (
            vec![helm(DURING), entry("kubectl-set", "Update", "", AFTER, &image())],
            FindingCode::Changed,
            Some("kubectl-set"),
            Some(NextUpgrade::Conflict),
        ),
        // A person may well write while Helm waits.
        (
            vec![helm(DURING), entry("kubectl-set", "Update", "", DURING, &image())],
            FindingCode::Changed,
            Some("kubectl-set"),
            Some(NextUpgrade::Conflict),
        ),
        (
            vec![helm(DURING)],
            FindingCode::MutatedAtAdmission,
            Some("helm"),
            // Helm writes its value, and admission may change it again.
            None,
        ),
        (
            vec![helm(AFTER)],
            FindingCode::Overwritten,
            Some("helm"),
            Some(NextUpgrade::Revert),
        ),
        // A failed revision wrote its own value, which admission need not have changed.
        (
            vec![helm(EARLIER)],
            FindingCode::Changed,
            Some("helm"),
            Some(NextUpgrade::Revert),
        ),
        // The manager that wrote the ownership annotation counts as Helm, by whatever name.
        (
            vec![entry("our-deployer", "Apply", "", AFTER, &everything())],
            FindingCode::Overwritten,
            Some("our-deployer"),
            Some(NextUpgrade::Revert),
        ),
    ] {
        let case = Case {
            live: with_image("x"),
            managed,
            ..Case::default()
        };
        let finding = case.one();
        let actor = finding.actor.as_ref().map(|actor| actor.manager.as_str());
        assert_eq!(
            (finding.code, actor, finding.next_upgrade),
            (code, manager, next),
            "{:?}",
            case.managed
        );
    }
}

/// Times are whole seconds; a script that writes right after Helm does so within the same one.
#[test]
fn within_the_second_in_which_helm_ended_the_resource_version_tells_who_wrote() {
    let end = "2026-11-20T03:00:30Z";
    let helm = || entry("helm", "Apply", "", end, &everything());
    let script = || entry("helm", "Update", "", end, &image());
    let status = || {
        entry(
            "kube-controller-manager",
            "Update",
            "status",
            end,
            &json!({"f:status": {}}),
        )
    };
    let before = json!({"resourceVersion": "999", "generation": 1});
    let after = json!({"resourceVersion": "1001", "generation": 1});
    let changed = json!({"resourceVersion": "1001", "generation": 2, "creationTimestamp": DURING});
    for (managed, metadata, code) in [
        (vec![helm()], &before, FindingCode::MutatedAtAdmission),
        (vec![helm()], &after, FindingCode::Overwritten),
        (vec![helm(), script()], &after, FindingCode::Overwritten),
        // The status was written later, the object may not have been.
        (vec![helm(), status()], &after, FindingCode::MutatedAtAdmission),
        (vec![helm(), status()], &changed, FindingCode::Overwritten),
    ] {
        let mut live = with_image("x");
        live["metadata"] = metadata.clone();
        let mut managed = managed;
        if managed.len() == 2 && managed[1]["manager"] == "helm" {
            // What an update takes, the applied set loses.
            managed[0]["fieldsV1"]["f:spec"] = replicas()["f:spec"].clone();
        }
        let case = Case {
            live,
            managed,
            ..Case::default()
        };
        assert_eq!(case.one().code, code, "{:?} {metadata}", case.managed);
    }
}

/// A write that removes a field, or reorders a list, leaves no entry.
#[test]
fn a_writer_that_leaves_no_entry_is_not_taken_for_another_helm() {
    let helm = |fields: &Value| entry("helm", "Apply", "", "2026-11-20T03:00:30Z", fields);
    let mut live = with_image("x");
    live["metadata"] = json!({"resourceVersion": "1001", "generation": 2, "creationTimestamp": DURING});
    live["spec"]["template"]["spec"]["containers"] = json!([]);
    let case = Case {
        live,
        managed: vec![helm(&replicas())],
        ..Case::default()
    };
    let codes: Vec<FindingCode> = case.judge().findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [FindingCode::Removed]);
}

/// Regression: an autoscaler that raised an open replica count, which leaves no trace, made a Deployment whose
/// installation had ended within the second look written by another Helm.
#[test]
fn an_autoscaler_that_scales_without_a_trace_is_nobody_in_helms_name() {
    let end = "2026-11-20T03:00:30Z";
    let mut desired = deployment();
    desired["spec"]["replicas"] = Value::Null;
    let mut applied = everything();
    json_patch::merge(&mut applied, &json!({"f:spec": {"f:replicas": null}}));
    let status = entry(
        "kube-controller-manager",
        "Update",
        "status",
        AFTER,
        &json!({"f:status": {}}),
    );
    for managed in [
        vec![entry("helm", "Apply", "", end, &applied), status],
        vec![entry("helm", "Apply", "", end, &applied)],
    ] {
        let case = Case {
            desired: desired.clone(),
            live: json!({"spec": {"replicas": 3},
                "metadata": {"resourceVersion": "1001", "generation": 2, "creationTimestamp": DURING}}),
            managed,
            autoscaler: Autoscaler::Targets,
            ..Case::default()
        };
        assert_eq!(case.judge().findings, []);
        // And what admission changed is not called overwritten for it.
        let mut live = with_image("x");
        json_patch::merge(&mut live, &case.live);
        let mutated = Case { live, ..case };
        assert_eq!(mutated.one().code, FindingCode::MutatedAtAdmission);
    }
}

#[test]
fn replica_counts_are_an_autoscalers_only_where_one_is() {
    let scaled = |manager, subresource| {
        vec![
            entry("helm", "Apply", "", DURING, &everything()),
            entry(manager, "Update", subresource, AFTER, &replicas()),
        ]
    };
    for (managed, autoscaler, code) in [
        (
            scaled("kube-controller-manager", "scale"),
            Autoscaler::Targets,
            FindingCode::Autoscaled,
        ),
        (
            scaled("kube-controller-manager", "scale"),
            Autoscaler::Unknown,
            FindingCode::Autoscaled,
        ),
        (
            scaled("kube-controller-manager", "scale"),
            Autoscaler::None,
            FindingCode::Changed,
        ),
        (
            scaled("kube-controller-manager", ""),
            Autoscaler::Targets,
            FindingCode::Changed,
        ),
        (
            scaled("kubectl", "scale"),
            Autoscaler::Targets,
            FindingCode::Changed,
        ),
    ] {
        let case = Case {
            live: json!({"spec": {"replicas": 5}}),
            managed,
            autoscaler,
            ..Case::default()
        };
        assert_eq!(case.one().code, code, "{:?} {autoscaler:?}", case.managed);
    }
}

#[test]
fn a_field_that_helm_still_owns_was_dropped_by_the_server_and_not_by_a_person() {
    let mut owned = everything();
    owned["f:spec"]["f:paused"] = json!({});
    let mut desired = deployment();
    desired["spec"]["paused"] = json!(true);
    for (fields, code) in [
        (owned, FindingCode::MutatedAtAdmission),
        (everything(), FindingCode::Removed),
    ] {
        let case = Case {
            desired: desired.clone(),
            live: json!({"spec": {"paused": null}}),
            managed: vec![entry("helm", "Apply", "", DURING, &fields)],
            ..Case::default()
        };
        let finding = case.one();
        assert_eq!((finding.code, finding.path.as_str()), (code, "/spec/paused"));
    }
}

#[test]
fn certificates_that_a_chart_leaves_to_others_are_expected() {
    let webhook = |bundle: Value| {
        let mut webhook = json!({"name": "a.example.com", "clientConfig": {"url": "https://a.example.com"}});
        if !bundle.is_null() {
            webhook["clientConfig"]["caBundle"] = bundle;
        }
        json!({ "webhooks": [webhook] })
    };
    // `-----BEGIN CERTIFICATE-----`, and a line break as charts put it.
    let (certificate, placeholder) = ("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", "Cg==");
    let owned =
        json!({"f:webhooks": {"k:{\"name\":\"a.example.com\"}": {"f:clientConfig": {"f:caBundle": {}}}}});
    for (bundle, manager, code) in [
        (Value::Null, "kubectl-patch", FindingCode::ControllerOwned),
        (json!(placeholder), "kubectl-patch", FindingCode::ControllerOwned),
        (json!(certificate), "kubectl-patch", FindingCode::Changed),
        (
            json!(certificate),
            "cert-manager-cainjector",
            FindingCode::ControllerOwned,
        ),
    ] {
        let case = Case {
            kind: (
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
            ),
            desired: webhook(bundle),
            live: webhook(json!("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCm5ldw==")),
            managed: vec![entry(manager, "Update", "", AFTER, &owned)],
            ..Case::default()
        };
        assert_eq!(case.one().code, code, "{:?} {manager}", case.desired);
    }
}

#[test]
fn volume_claims_grow_by_programs_and_by_people() {
    let claim = |size: &str| json!({"spec": {"resources": {"requests": {"storage": size}}}});
    let owned = json!({"f:spec": {"f:resources": {"f:requests": {"f:storage": {}}}}});
    for (manager, size, code) in [
        ("pvc-autoresizer", "2Gi", FindingCode::Resized),
        ("kubectl-edit", "2Gi", FindingCode::Changed),
        ("pvc-autoresizer", "512Mi", FindingCode::Changed),
    ] {
        let case = Case {
            kind: ("v1", "PersistentVolumeClaim"),
            desired: claim("1Gi"),
            live: claim(size),
            managed: vec![entry(manager, "Update", "", AFTER, &owned)],
            ..Case::default()
        };
        assert_eq!(case.one().code, code, "{manager} {size}");
    }
}

/// The owner of an atomic value removed the part that is missing, and a server-side apply of it conflicts with the
/// owner.
#[test]
fn a_missing_part_of_an_atomic_value_was_removed_by_its_owner() {
    let case = Case {
        kind: ("v1", "Service"),
        desired: json!({"spec": {"selector": {"app": "web", "track": "stable"}}}),
        live: json!({"spec": {"selector": {"track": null}}}),
        managed: vec![
            entry("helm", "Apply", "", DURING, &json!({"f:spec": {"f:type": {}}})),
            entry(
                "kubectl-edit",
                "Update",
                "",
                AFTER,
                &json!({"f:spec": {"f:selector": {}}}),
            ),
        ],
        ..Case::default()
    };
    let finding = case.one();
    assert_eq!(
        (finding.code, finding.path.as_str(), finding.next_upgrade),
        (
            FindingCode::Removed,
            "/spec/selector/track",
            Some(NextUpgrade::Conflict)
        )
    );
    assert_eq!(
        finding.actor.map(|actor| actor.manager).as_deref(),
        Some("kubectl-edit")
    );
}

#[test]
fn without_managed_fields_values_are_compared_and_the_report_says_so() {
    let report = Case {
        live: with_image("x"),
        ..Case::default()
    }
    .judge();
    assert_eq!(report.findings[0].code, FindingCode::Changed);
    assert_eq!(report.findings[0].actor, None);
    assert!(report.reason.unwrap_or_default().contains("no managed fields"));
}
