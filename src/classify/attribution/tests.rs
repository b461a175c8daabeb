//! Who wrote it, when, and through what → what it is called.

use serde_json::{Value, json};

use super::Autoscaler;
use crate::classify::live::LiveObject;
use crate::classify::object::judge;
use crate::classify::subject::{Role, Subject, Values};
use crate::manifest::desired::Owner;
use crate::model::{Finding, ObjectReport};
use crate::object::{Gvk, ObjectKey};
use crate::policy::Policy;
use crate::release::history::History;
use crate::release::operations::Operations;
use crate::release::stored::{Driver, Metadata, StoredRevision};
use crate::source::Lookup;
use crate::types::TypeTable;
use crate::vocabulary::{ApplyMethod, FindingCode, NextUpgrade, Severity};

/// Inside the operation of revision 2, the baseline.
const DURING: &str = "2026-11-20T03:00:10Z";
/// When Helm was not at work.
const AFTER: &str = "2026-11-20T04:00:00Z";
/// Inside the operation of revision 1, which failed.
const EARLIER: &str = "2026-11-19T03:00:10Z";

fn operations() -> Operations {
    let revision = |number: u64, status: &str, created: &str, written: &str| {
        StoredRevision::from_metadata(Metadata {
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
        let key = ObjectKey {
            gvk: Gvk::new(self.kind.0, self.kind.1),
            namespace: Some("shop".into()),
            name: "web".into(),
        };
        let mut live = self.desired.clone();
        json_patch::merge(
            &mut live,
            &json!({"metadata": {
                "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}}}),
        );
        json_patch::merge(&mut live, &self.live);
        live["metadata"]["managedFields"] = Value::Array(self.managed.clone());
        let subject = Subject {
            key: &key,
            template: None,
            owner: Owner {
                name: "web",
                namespace: "shop",
            },
            role: Role::Expected,
            expires: false,
            body: &self.desired.to_string(),
            duplicate_documents: &[],
            previous: None,
            attempted: &[],
            method: self.method,
            shape: TypeTable::builtin().kind(&key.gvk.api_version, &key.gvk.kind),
            operations: &operations(),
            autoscaler: self.autoscaler,
            values: Values::Shown,
        };
        let live = live.to_string();
        let live = LiveObject::parse(&Lookup::Found(&live));
        judge(&subject, &live, &Policy::default()).unwrap().report
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
            NextUpgrade::Conflict,
        ),
        // A person may well write while Helm waits.
        (
            vec![helm(DURING), entry("kubectl-set", "Update", "", DURING, &image())],
            FindingCode::Changed,
            Some("kubectl-set"),
            NextUpgrade::Conflict,
        ),
        (
            vec![helm(DURING)],
            FindingCode::MutatedAtAdmission,
            Some("helm"),
            NextUpgrade::Keep,
        ),
        (
            vec![helm(AFTER)],
            FindingCode::Overwritten,
            Some("helm"),
            NextUpgrade::Revert,
        ),
        // What a failed revision wrote is what it wanted, not what admission made of it.
        (
            vec![helm(EARLIER)],
            FindingCode::Changed,
            Some("helm"),
            NextUpgrade::Revert,
        ),
        // Whoever stamped the object is its Helm, by whatever name.
        (
            vec![entry("our-deployer", "Apply", "", AFTER, &everything())],
            FindingCode::Overwritten,
            Some("our-deployer"),
            NextUpgrade::Revert,
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
            (code, manager, Some(next)),
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

/// What takes a field away, or brings a list into another order, leaves no entry.
#[test]
fn whoever_leaves_no_entry_is_not_taken_for_another_helm() {
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
fn additions_matter_by_who_made_them_and_where() {
    let label = json!({"f:metadata": {"f:labels": {"f:team": {}}}});
    let paused = json!({"f:spec": {"f:paused": {}}});
    let restart = json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
        "f:kubectl.kubernetes.io/restartedAt": {}}}}}});
    for (manager, fields, code, severity) in [
        ("kubectl-label", &label, FindingCode::Added, Severity::Drift),
        ("some-operator", &label, FindingCode::Added, Severity::Info),
        ("some-operator", &paused, FindingCode::Added, Severity::Drift),
        ("Mozilla", &paused, FindingCode::Added, Severity::Drift),
        (
            "kubectl-rollout",
            &restart,
            FindingCode::Restarted,
            Severity::Info,
        ),
        ("k9s", &restart, FindingCode::Restarted, Severity::Info),
    ] {
        let mut live = json!({});
        if fields == &label {
            live["metadata"]["labels"]["team"] = json!("blue");
        } else if fields == &paused {
            live["spec"]["paused"] = json!(true);
        } else {
            live["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
                json!("now");
        }
        let case = Case {
            live,
            managed: vec![
                entry("helm", "Apply", "", DURING, &everything()),
                entry(manager, "Update", "", AFTER, fields),
            ],
            ..Case::default()
        };
        let finding = case.one();
        assert_eq!((finding.code, finding.severity), (code, severity), "{manager}");
        assert_eq!(finding.next_upgrade, Some(NextUpgrade::Keep), "{manager}");
    }
}

#[test]
fn what_status_writers_and_helm_own_beside_the_manifest_is_no_addition() {
    let mut defaults = everything();
    defaults["f:spec"]["f:paused"] = json!({});
    let status = json!({"f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}},
        "f:status": {"f:replicas": {}}});
    let report = Case {
        live: json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}},
            "spec": {"paused": true}, "status": {"replicas": 2}}),
        managed: vec![
            entry("helm", "Update", "", DURING, &defaults),
            entry("kube-controller-manager", "Update", "status", AFTER, &status),
        ],
        ..Case::default()
    }
    .judge();
    assert_eq!(report.findings, []);
}

#[test]
fn a_stranger_in_helms_name_is_noted_once_and_only_when_nothing_else_tells_of_it() {
    let stranger = entry("helm", "Update", "", AFTER, &image());
    let managed = vec![entry("helm", "Apply", "", DURING, &everything()), stranger];
    let agreeing = Case {
        managed: managed.clone(),
        ..Case::default()
    };
    let finding = agreeing.one();
    assert_eq!(
        (finding.code, finding.severity, finding.path.as_str()),
        (FindingCode::AlsoWritten, Severity::Info, "/")
    );
    let differing = Case {
        managed,
        live: with_image("x"),
        ..Case::default()
    };
    assert_eq!(differing.one().code, FindingCode::Overwritten);
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
    for (asked, manager, code) in [
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
            desired: webhook(asked),
            live: webhook(json!("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCm5ldw==")),
            managed: vec![entry(manager, "Update", "", AFTER, &owned)],
            ..Case::default()
        };
        assert_eq!(case.one().code, code, "{:?} {manager}", case.desired);
    }
}

#[test]
fn claims_grow_by_programs_and_by_people() {
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

/// Regression: claims that were installed before the cluster had a default class drifted when it got one.
#[test]
fn a_claim_that_waits_for_a_class_gets_the_default_one() {
    let owned = json!({"f:spec": {"f:storageClassName": {}}});
    for (manager, code) in [
        ("kube-controller-manager", FindingCode::ControllerOwned),
        ("kubectl-edit", FindingCode::Added),
    ] {
        let case = Case {
            kind: ("v1", "PersistentVolumeClaim"),
            desired: json!({"spec": {"accessModes": ["ReadWriteOnce"]}}),
            live: json!({"spec": {"storageClassName": "fast"}}),
            managed: vec![entry(manager, "Update", "", AFTER, &owned)],
            ..Case::default()
        };
        assert_eq!(case.one().code, code, "{manager}");
    }
}

#[test]
fn a_selector_label_that_somebody_added_is_found_in_what_is_owned_whole() {
    let service = |selector: Value| json!({"spec": {"selector": selector}});
    let case = Case {
        kind: ("v1", "Service"),
        desired: service(json!({"app": "web"})),
        live: service(json!({"app": "web", "track": "canary"})),
        managed: vec![entry(
            "kubectl-edit",
            "Update",
            "",
            AFTER,
            &json!({"f:spec": {"f:selector": {}}}),
        )],
        ..Case::default()
    };
    let finding = case.one();
    assert_eq!(
        (finding.code, finding.path.as_str(), finding.next_upgrade),
        (
            FindingCode::Added,
            "/spec/selector/track",
            Some(NextUpgrade::Conflict)
        )
    );
}

/// Restoring port 80 beside port 81 of the same name fails: `spec.ports[1].name: Duplicate value`.
#[test]
fn a_port_whose_number_somebody_edited_fails_the_upgrade() {
    let service = |port: u16| json!({"spec": {"ports": [{"name": "http", "port": port, "protocol": "TCP"}]}});
    let owned = json!({"f:spec": {"f:ports": {"k:{\"port\":81,\"protocol\":\"TCP\"}": {
        ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}}}}});
    let report = Case {
        kind: ("v1", "Service"),
        desired: service(80),
        live: service(81),
        managed: vec![entry("kubectl-edit", "Update", "", AFTER, &owned)],
        ..Case::default()
    }
    .judge();
    let told: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.code, finding.next_upgrade))
        .collect();
    assert_eq!(
        told,
        [
            (FindingCode::Removed, Some(NextUpgrade::Conflict)),
            (FindingCode::Added, Some(NextUpgrade::Keep))
        ]
    );
}

/// A strategic merge knows ports by their numbers: it writes the protocol back into the same port.
#[test]
fn a_protocol_that_somebody_edited_is_put_back_by_a_strategic_merge() {
    let service =
        |protocol: &str| json!({"spec": {"ports": [{"name": "dns", "port": 53, "protocol": protocol}]}});
    let owned = json!({"f:spec": {"f:ports": {"k:{\"port\":53,\"protocol\":\"UDP\"}": {
        ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}}}}});
    for (method, expected) in [
        (ApplyMethod::Csa, [NextUpgrade::Revert, NextUpgrade::Revert]),
        (ApplyMethod::Ssa, [NextUpgrade::Conflict, NextUpgrade::Keep]),
    ] {
        let case = Case {
            kind: ("v1", "Service"),
            desired: service("TCP"),
            live: service("UDP"),
            managed: vec![entry("kubectl-edit", "Update", "", AFTER, &owned)],
            method,
            ..Case::default()
        };
        assert_eq!(case.upgrades(), expected.map(Some), "{method}");
    }
}

/// `spec.template.spec.containers[0].ports[1].name: Duplicate value`.
#[test]
fn a_containers_port_whose_number_somebody_edited_fails_the_upgrade() {
    let deployment = |port: u16| {
        json!({"spec": {"template": {"spec": {"containers": [
            {"name": "app", "image": "a", "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}]}]}}}})
    };
    let owned = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:ports": {
        "k:{\"containerPort\":81,\"protocol\":\"TCP\"}": {
            ".": {}, "f:name": {}, "f:containerPort": {}, "f:protocol": {}}}}}}}}});
    for method in [ApplyMethod::Csa, ApplyMethod::Ssa] {
        let case = Case {
            desired: deployment(80),
            live: deployment(81),
            managed: vec![entry("kubectl-edit", "Update", "", AFTER, &owned)],
            method,
            ..Case::default()
        };
        let expected = [NextUpgrade::Conflict, NextUpgrade::Keep];
        assert_eq!(case.upgrades(), expected.map(Some), "{method}");
    }
}

/// A probe has one handler and a variable one source; a volume of another kind takes the place of the first.
#[test]
fn an_alternative_that_somebody_chose_fails_the_upgrade_or_goes() {
    let pod = |container: Value, volume: Value| {
        let mut app = json!({"name": "app", "image": "a"});
        json_patch::merge(&mut app, &container);
        let mut files = json!({"name": "files"});
        json_patch::merge(&mut files, &volume);
        json!({"spec": {"template": {"spec": {"containers": [app], "volumes": [files]}}}})
    };
    let probe = |probe: Value| pod(json!({"livenessProbe": probe}), json!({}));
    let volume = |volume: Value| pod(json!({}), volume);
    let held = |fields: Value| json!({"f:spec": {"f:template": {"f:spec": fields}}});
    let (keep, revert, conflict) = (NextUpgrade::Keep, NextUpgrade::Revert, NextUpgrade::Conflict);
    for (desired, live, fields, csa, ssa) in [
        (
            probe(json!({"tcpSocket": {"port": 80}})),
            probe(json!({"httpGet": {"port": 80}})),
            json!({"f:containers": {"k:{\"name\":\"app\"}": {"f:livenessProbe": {"f:httpGet": {
                ".": {}, "f:port": {}}}}}}),
            [conflict, keep],
            [conflict, keep],
        ),
        (
            volume(json!({"secret": {"secretName": "s"}})),
            volume(json!({"hostPath": {"path": "/"}})),
            json!({"f:volumes": {"k:{\"name\":\"files\"}": {"f:hostPath": {".": {}, "f:path": {}}}}}),
            [revert, revert],
            [conflict, keep],
        ),
    ] {
        for (method, expected) in [(ApplyMethod::Csa, csa), (ApplyMethod::Ssa, ssa)] {
            let case = Case {
                desired: desired.clone(),
                live: live.clone(),
                managed: vec![entry("kubectl-edit", "Update", "", AFTER, &held(fields.clone()))],
                method,
                ..Case::default()
            };
            assert_eq!(case.upgrades(), expected.map(Some), "{method}");
        }
    }
}

/// Its patch strategy is `replace`.
#[test]
fn a_budgets_selector_is_put_back_as_a_whole() {
    let budget = |labels: Value| json!({"spec": {"selector": {"matchLabels": labels}}});
    for (method, expected) in [
        (ApplyMethod::Csa, NextUpgrade::Revert),
        (ApplyMethod::Ssa, NextUpgrade::Conflict),
    ] {
        let case = Case {
            kind: ("policy/v1", "PodDisruptionBudget"),
            desired: budget(json!({"app": "web"})),
            live: budget(json!({"app": "web", "track": "canary"})),
            managed: vec![entry(
                "kubectl-edit",
                "Update",
                "",
                AFTER,
                &json!({"f:spec": {"f:selector": {}}}),
            )],
            method,
            ..Case::default()
        };
        assert_eq!(case.one().next_upgrade, Some(expected), "{method}");
    }
}

/// Who owns an atomic value took away what it lacks, and stands in the way of getting it back.
#[test]
fn what_goes_missing_in_an_atomic_value_was_removed_by_its_owner() {
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

/// Helm's set of the map is left empty, which is not to own what others put into it.
#[test]
fn keys_in_place_of_all_of_the_charts_are_found() {
    let case = Case {
        kind: ("v1", "ConfigMap"),
        desired: json!({"data": {"own": "1"}}),
        live: json!({"data": {"own": null, "other": "1"}}),
        managed: vec![
            entry("helm", "Update", "", DURING, &json!({"f:data": {}})),
            entry(
                "kubectl-edit",
                "Update",
                "",
                AFTER,
                &json!({"f:data": {"f:other": {}}}),
            ),
        ],
        method: ApplyMethod::Csa,
        ..Case::default()
    };
    let report = case.judge();
    let told: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.code, finding.path.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (FindingCode::Removed, "/data/own"),
            (FindingCode::Added, "/data/other")
        ]
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
