//! What is around the objects of an operation, read from a real API server; and each thing that is judged to stand in the
//! way does so when the request is sent.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use driftline::cluster::client::{Access, Options};
use driftline::object::{Gvk, ObjectKey};
use driftline::policy::redact::Redaction;
use driftline::preview::surroundings::{Obstacle, RecordWrite, Sent, SurroundingFacts, Verdict, judge};
use driftline::release::stored::Driver;
use driftline::source::surroundings::{Answer, SentVerb, Surroundings, SurroundingsQuestion};
use driftline::source::{Kinds, Source as _};
use serde_json::{Value, json};

use crate::harness::{Account, Cluster};

/// A request, and what the API server says to it; nothing where it succeeds.
struct Case {
    verb: SentVerb,
    object: Value,
    /// A part of the API server's words.
    refusal: &'static str,
}

fn case(verb: SentVerb, object: Value, refusal: &'static str) -> Case {
    Case {
        verb,
        object,
        refusal,
    }
}

/// The namespaces of one test.
struct Scene<'c> {
    cluster: &'c Cluster,
    own: String,
    dying: String,
    full: String,
    other: String,
}

impl Scene<'_> {
    /// Fills quotas, takes a node port, lets a namespace hang in its deletion, registers a webhook that nobody answers for.
    fn set_up(&self) {
        let Self {
            cluster,
            own,
            dying,
            full,
            other,
        } = self;
        cluster.apply(&json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full", "namespace": full},
            "spec": {"hard": {"secrets": "0", "services.nodeports": "1", "count/deployments.apps": "0"}}}));
        Self::wait("the quota is counted", || {
            let quota = cluster.kubectl(&["get", "resourcequota", "full", "-n", full, "-o", "json"]);
            let quota: Value = serde_json::from_str(&quota).unwrap();
            quota["status"]["used"]
                .as_object()
                .is_some_and(|used| used.len() == 3)
        });
        let service = service("holder", other, 30_911);
        cluster.apply(&service);
        cluster.apply(&json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "stays", "namespace": dying, "finalizers": ["testbed.example/stay"]}}));
        cluster.kubectl(&["delete", "namespace", dying, "--wait=false"]);
        cluster.apply(&json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": format!("dead-{own}")},
            "webhooks": [{"name": "dead.testbed.example", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 2, "failurePolicy": "Fail",
                "clientConfig": {"service": {"namespace": other, "name": "nobody"}},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": own}},
                "objectSelector": {"matchLabels": {"guarded": "yes"}},
                "rules": [{"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"],
                    "resources": ["configmaps"], "scope": "Namespaced"}]}]}));
        cluster.apply(
            &json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": format!("policy-{own}")},
            "spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": [""],
                "apiVersions": ["v1"], "resources": ["endpoints"]}]},
                "validations": [{"expression": "false"}]}}),
        );
        cluster.apply(&json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": format!("policy-{own}")},
            "spec": {"policyName": format!("policy-{own}"), "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": own}}}}}));
        // A webhook works a moment after its configuration is there.
        Self::wait("the dead webhook is asked", || {
            let guarded = config_map("probe", own, "yes");
            self.send(SentVerb::Create, &guarded).is_some()
        });
    }

    fn wait(what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !is_so() {
            assert!(Instant::now() < deadline, "{what}");
            sleep(Duration::from_millis(200));
        }
    }

    /// Sends a request as a server-side dry run; the refusal, if it is one.
    fn send(&self, verb: SentVerb, object: &Value) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), object.to_string()).unwrap();
        let path = file.path().display().to_string();
        let arguments: &[&str] = match verb {
            SentVerb::Create => &["create", "--dry-run=server", "-f", &path],
            SentVerb::Update => &[
                "apply",
                "--server-side",
                "--force-conflicts",
                "--dry-run=server",
                "-f",
                &path,
            ],
            SentVerb::Delete => &["delete", "--dry-run=server", "-f", &path],
        };
        let outcome = self.cluster.try_kubectl(arguments);
        (outcome.status != 0).then_some(outcome.stderr)
    }
}

fn config_map(name: &str, namespace: &str, guarded: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"guarded": guarded}}})
}

fn service(name: &str, namespace: &str, port: u16) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "NodePort", "selector": {"app": name}, "ports": [{"port": 80, "nodePort": port}]}})
}

fn key(object: &Value) -> ObjectKey {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    ObjectKey {
        gvk: Gvk::new(
            text(&object["apiVersion"]).unwrap(),
            text(&object["kind"]).unwrap(),
        ),
        namespace: text(&object["metadata"]["namespace"]),
        name: text(&object["metadata"]["name"]).unwrap(),
    }
}

/// Reads as an account.
fn read(account: &Account, question: impl FnOnce(&Kinds) -> SurroundingsQuestion) -> (Surroundings, Kinds) {
    // Another test of this process may have chosen one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = Options {
            access: Access::Kubeconfig {
                path: Some(PathBuf::from(&account.kubeconfig)),
                context: None,
            },
            name: None,
            drivers: BTreeSet::new(),
            selector: None,
            redaction: Redaction::default(),
            request_timeout: Duration::from_secs(30),
            concurrency: 8,
        };
        let cluster = driftline::cluster::Cluster::connect(options).await.unwrap();
        let kinds = cluster.kinds().await.unwrap();
        let question = question(&kinds);
        (cluster.surroundings(&question, &kinds).await, kinds)
    })
}

fn account(cluster: &Cluster, namespace: &str, name: &str) -> Account {
    cluster.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace}}));
    cluster.account(namespace, name)
}

fn question_of(cases: &[Case], record: &str, kinds: &Kinds) -> SurroundingsQuestion {
    let mut question = SurroundingsQuestion::default();
    question.add_record(record, Driver::Secret);
    for case in cases {
        question.add(case.verb, &key(&case.object), Some(&case.object), kinds);
    }
    question
}

/// What is judged of each case by itself, so that none stands in the way of another.
fn judged(case: &Case, own: &str, surroundings: &Surroundings, kinds: &Kinds) -> Vec<Obstacle> {
    let key = key(&case.object);
    let sent = Sent {
        key: &key,
        verb: case.verb,
        object: Some(&case.object),
        live: None,
    };
    let obstacles = judge(&SurroundingFacts {
        taken: None,
        surroundings,
        kinds,
        record: RecordWrite {
            release: "web",
            namespace: own,
            driver: Driver::Secret,
            revision: 2,
            kept: 1,
            newest: None,
        },
        sent: &[sent],
    });
    // Other tests of this cluster have webhooks and policies, too.
    obstacles
        .into_iter()
        .filter(|obstacle| obstacle.object.as_ref() == Some(&key))
        .collect()
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_is_judged_to_stand_in_the_way_is_refused_and_nothing_else() {
    let cluster = Cluster::shared();
    let scene = Scene {
        cluster,
        own: cluster.namespace("around-own"),
        dying: cluster.namespace("around-dying"),
        full: cluster.namespace("around-full"),
        other: cluster.namespace("around-other"),
    };
    scene.set_up();
    let reader = account(cluster, &scene.other, "reader");
    cluster.kubectl(&[
        "create",
        "clusterrolebinding",
        &format!("reader-{}", scene.own),
        "--clusterrole=cluster-admin",
        &format!("--serviceaccount={}:reader", scene.other),
    ]);
    let (own, full) = (scene.own.as_str(), scene.full.as_str());
    let secret = |namespace: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}});
    let (create, update) = (SentVerb::Create, SentVerb::Update);
    let cases = [
        case(create, config_map("a", own, "no"), ""),
        case(create, config_map("a", own, "yes"), "failed calling webhook"),
        case(update, config_map("b", own, "no"), ""),
        case(create, config_map("a", &scene.dying, "yes"), "being terminated"),
        case(create, config_map("a", "around-nowhere", "yes"), "not found"),
        case(create, config_map("a", full, "yes"), ""),
        case(create, secret(own), ""),
        case(create, secret(full), "exceeded quota"),
        case(create, service("s", full, 30_912), ""),
        case(create, service("s", own, 30_911), "already allocated"),
        case(create, service("s", own, 30_913), ""),
        case(
            create,
            json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "e", "namespace": full}}),
            "",
        ),
    ];
    cluster.apply(&config_map("b", own, "no"));
    let (surroundings, kinds) = read(&reader, |kinds| question_of(&cases, own, kinds));
    for case in &cases {
        let key = key(&case.object);
        let found = judged(case, own, &surroundings, &kinds);
        let fails = found.iter().any(|obstacle| match obstacle.verdict {
            Verdict::CreateFails | Verdict::UpdateFails | Verdict::DeleteFails | Verdict::RecordRefused => {
                true
            }
            Verdict::MayFail | Verdict::Loses | Verdict::Asked | Verdict::Accepted | Verdict::Gap => false,
        });
        let refusal = scene.send(case.verb, &case.object);
        assert_eq!(fails, refusal.is_some(), "{key}: {found:#?}\n{refusal:?}");
        let refusal = refusal.unwrap_or_default();
        assert!(refusal.contains(case.refusal), "{key}: {refusal}");
    }
    // The policy is about Endpoints of the own namespace alone.
    let endpoints =
        json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "e", "namespace": own}});
    let found = judged(&case(create, endpoints, ""), own, &surroundings, &kinds);
    assert!(
        matches!(
            &found[..],
            [Obstacle {
                verdict: Verdict::MayFail,
                ..
            }]
        ),
        "{found:#?}"
    );
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn without_rights_every_part_says_why_it_was_not_read() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("around-blind");
    let blind = account(cluster, &namespace, "blind");
    let cases = [case(SentVerb::Create, service("s", &namespace, 30_921), "")];
    let (surroundings, kinds) = read(&blind, |kinds| question_of(&cases, &namespace, kinds));
    assert!(matches!(surroundings.namespaces[&namespace], Answer::Unread(_)));
    assert!(matches!(surroundings.webhooks, Answer::Unread(_)));
    assert!(matches!(surroundings.policies, Answer::Unread(_)));
    assert!(surroundings.unread_services.is_some());
    let key = key(&cases[0].object);
    let object = Some(&cases[0].object);
    let gaps = judge(&SurroundingFacts {
        taken: None,
        surroundings: &surroundings,
        kinds: &kinds,
        record: RecordWrite {
            release: "web",
            namespace: &namespace,
            driver: Driver::Secret,
            revision: 2,
            kept: 1,
            newest: None,
        },
        sent: &[Sent {
            key: &key,
            verb: SentVerb::Create,
            object,
            live: None,
        }],
    });
    assert_eq!(gaps.len(), 5, "{gaps:#?}");
    for gap in gaps {
        assert_eq!(gap.verdict, Verdict::Gap);
        assert!(gap.message.contains("(RBAC)"), "{}", gap.message);
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_goes_with_definitions_and_namespaces_is_counted() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("around-counted");
    let group = format!("{namespace}.example");
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("gears.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": "Gear", "plural": "gears"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    cluster.apply(&definition);
    cluster.kubectl(&[
        "wait",
        "--for=condition=Established",
        &format!("crd/gears.{group}"),
    ]);
    for name in ["one", "two", "three"] {
        cluster.create(&json!({"apiVersion": format!("{group}/v1"), "kind": "Gear",
            "metadata": {"name": name, "namespace": namespace}}));
    }
    let reader = account(cluster, &namespace, "reader");
    cluster.kubectl(&[
        "create",
        "clusterrolebinding",
        &format!("reader-{namespace}"),
        "--clusterrole=cluster-admin",
        &format!("--serviceaccount={namespace}:reader"),
    ]);
    let of_namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    let cases = [
        case(SentVerb::Delete, definition.clone(), ""),
        case(SentVerb::Update, definition, ""),
        case(SentVerb::Delete, of_namespace, ""),
    ];
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    cluster.apply(&claim);
    let (surroundings, _) = read(&reader, |kinds| question_of(&cases, &namespace, kinds));
    let name = format!("gears.{group}");
    let counted = surroundings.custom_objects[&name].read().unwrap();
    assert_eq!((counted.count, counted.or_more), (3, false));
    let read = surroundings.definitions[&name]
        .read()
        .and_then(Option::as_ref)
        .unwrap();
    assert_eq!(
        (&read.stored_versions[..], read.versions.len()),
        (&["v1".to_owned()][..], 1)
    );
    let contents = surroundings.contents[&namespace].read().unwrap();
    assert_eq!(
        (contents.claims.count, contents.pods.count, contents.records.count),
        (1, 0, 0)
    );
}
