//! Previews that are confirmed by dry runs, held to what the real Helms do.
//!
//! The cases of `confirmed.txt` are those at which the answer of the API server matters: what it refuses and no reader of
//! the cluster foretells, what it accepts that may fail, and what it cannot tell before.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::case::Case;
use super::method::Method;
use super::stage::Stage;
use super::{chosen, cluster, run};
use crate::harness::Prediction;

const TABLE: &str = include_str!("confirmed.txt");

/// About one method of each case, in turn.
const SAMPLED: usize = 4;

const CONFIRM: [&str; 2] = ["--confirm", "server"];

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn operations_come_to_what_dry_runs_confirmed() {
    let cases = Case::all(TABLE);
    let cluster = cluster();
    let mut problems = Vec::new();
    for (case, method) in chosen(&cases, SAMPLED) {
        match run(cluster, case, method, &CONFIRM) {
            Ok(run) => {
                let prediction = run.prediction.as_ref().expect("every case is previewed");
                let told = wrong(case, method, prediction);
                problems.extend(run.problems.into_iter().chain(told).map(|problem| {
                    format!(
                        "{} {}: {problem}\n{:#}",
                        case.name,
                        method.name(),
                        prediction.preview()
                    )
                }));
            }
            Err(error) => problems.push(format!("{} {} cannot be made: {error}", case.name, method.name())),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What dry runs did not confirm as the table says.
fn wrong(case: &Case, method: Method, prediction: &Prediction) -> Option<String> {
    let known = case.confirmed(method).expect("every case says what is confirmed");
    let confirmed = prediction.confirmation();
    (known != confirmed).then(|| format!("confirmed {confirmed}, known {known}"))
}

/// An account that reads and patches, and may not create.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn without_a_right_the_rest_is_confirmed_and_nothing_is_stored() {
    let table =
        "lacks: a new object\n    12 ConfigMap/x {}\n    2 ConfigMap/new {}\n    upgrade\n    -> works\n";
    let cases = Case::all(table);
    let [case] = &cases[..] else {
        panic!("one case");
    };
    let cluster = cluster();
    for method in [Method::Helm3, Method::Helm4Server] {
        let stage = Stage::set(cluster, case, method).unwrap();
        let namespace = &stage.namespace;
        cluster.kubectl(&["create", "serviceaccount", "patcher", "-n", namespace]);
        let metadata = json!({"name": format!("{namespace}-reader")});
        let role = |kind: &str, metadata: &Value, verbs: &[&str]| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata,
                   "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]})
        };
        let binding = |kind: &str, metadata: &Value, of: &str| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": of, "name": metadata["name"]},
                "subjects": [{"kind": "ServiceAccount", "name": "patcher", "namespace": namespace}]})
        };
        let own = json!({"name": "patcher", "namespace": namespace});
        cluster.apply(&json!({"apiVersion": "v1", "kind": "List", "items": [
            role("ClusterRole", &metadata, &["get", "list"]),
            binding("ClusterRoleBinding", &metadata, "ClusterRole"),
            role("Role", &own, &["patch"]),
            binding("RoleBinding", &own, "Role")]}));
        let account = cluster.account(namespace, "patcher");
        let user = format!("system:serviceaccount:{namespace}:patcher");
        let may = [
            "auth",
            "can-i",
            "patch",
            "configmaps",
            "-n",
            namespace,
            "--as",
            &user,
        ];
        let deadline = Instant::now() + Duration::from_secs(30);
        while cluster.try_kubectl(&may).status != 0 {
            assert!(
                Instant::now() < deadline,
                "the account has its rights within 30 s"
            );
            sleep(Duration::from_millis(100));
        }
        let before = stage.objects();
        let prediction = Prediction::of(
            &stage
                .preview(&["--confirm", "server", "--kubeconfig", &account.kubeconfig])
                .unwrap(),
        );
        let context = format!("{} {:#}", method.name(), prediction.preview());
        assert_eq!(prediction.outcome(), "works", "{context}");
        let sent = if method == Method::Helm3 { "2/3" } else { "3/4" };
        assert_eq!(prediction.confirmation(), sent, "{context}");
        assert_eq!(
            prediction.preview()["confirmation"]["unanswered"],
            json!([{"message": format!("forbidden: not allowed to create configmaps in namespace {namespace} (RBAC)"),
                    "objects": 1}]),
            "{context}"
        );
        assert_eq!(stage.objects(), before, "{context}");
        let mut dry_runs = 0;
        for event in cluster.audit(&user) {
            match event["verb"].as_str().unwrap() {
                "get" | "list" => {}
                "patch" | "create" => {
                    dry_runs += 1;
                    let uri = event["requestURI"].as_str().unwrap();
                    assert!(uri.contains("?dryRun=All&"), "{uri}");
                }
                verb => panic!("{verb}: {event:#}"),
            }
        }
        assert!(dry_runs >= 3, "{dry_runs}");
    }
}
